//! The run against the cloud, without the rehearsal around it: resuming, racing, rolling back.

mod resumed;
mod smooth;
mod stage;
