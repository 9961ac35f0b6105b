//! The keys of what surrounds a run.

use super::{Absent, Key, Section, Shape};
use crate::config::rules;

/// The keys of a pipeline that say how it is run.
pub(super) static KEYS: [Key; 1] = [Key {
    name: "cost",
    shape: Shape::Table(&COST),
    absent: Absent::Fine,
    doc: "What `snaplake cost` reckons with.",
    example: "",
}];

static COST: Section = Section {
    doc: "What `snaplake cost` reckons with.",
    keys: &[&[
        Key {
            name: "runs_per_month",
            shape: Shape::Number { min: 1, max: 3000 },
            absent: Absent::Number(30),
            doc: "How often the pipeline runs in a month.",
            example: "30",
        },
        Key {
            name: "prices",
            shape: Shape::Text(&rules::FILE),
            absent: Absent::Derived("the prices that snaplake ships, of us-east-1"),
            doc: "A TOML or JSON file with prices of your own, relative to the configuration file; \
                  what it leaves out is as shipped. `snaplake cost --show-prices` writes one.",
            example: "\"prices.toml\"",
        },
    ]],
    one_of: &[],
};
