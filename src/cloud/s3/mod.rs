//! Amazon S3: buckets and objects, kept as files in the cloud's folder.

mod disk;
mod store;

pub(crate) use disk::{Buckets, prepare};
pub(crate) use store::Store;
