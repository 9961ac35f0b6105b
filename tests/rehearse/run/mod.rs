//! The run against the cloud, without the rehearsal around it: resuming, racing, rolling back.

mod checks;
mod command;
mod history;
mod publishing;
mod resumed;
mod smooth;
mod stage;
mod typed;
mod way_back;
