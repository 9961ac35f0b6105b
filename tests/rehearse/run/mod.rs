//! The run against the cloud, without the rehearsal around it: resuming, racing, rolling back.

mod bad_day;
mod checks;
mod command;
mod doctor;
mod history;
mod journal;
mod notify;
mod publishing;
mod resumed;
mod smooth;
mod stage;
mod typed;
mod way_back;
