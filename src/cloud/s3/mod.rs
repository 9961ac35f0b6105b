//! Amazon S3: buckets and objects, kept as files in the cloud's folder.

mod access_logs;
mod api;
mod disk;
mod front;
mod listing;
mod multipart;
mod settings;
mod store;

pub(crate) use access_logs::deliver;
pub(crate) use disk::{Buckets, prepare};
pub(crate) use front::{S3, fail, operation, slow_down};
pub(crate) use store::Store;
