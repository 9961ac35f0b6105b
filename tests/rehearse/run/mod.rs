//! The run against the cloud, without the rehearsal around it: resuming, racing, rolling back.

mod bad_day;
mod checks;
mod command;
mod doctor;
mod durable;
mod faults;
mod half_way;
mod history;
mod journal;
mod kept;
mod late;
mod many;
mod network;
mod notify;
mod publishing;
mod readers;
mod refused;
mod resumed;
mod smooth;
mod stage;
mod staging;
mod typed;
mod waiting;
mod way_back;
