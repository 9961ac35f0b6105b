//! The run against the cloud, without the rehearsal around it: resuming, racing, rolling back.

mod command;
mod publishing;
mod resumed;
mod smooth;
mod stage;
