//! The keys of what Lake Formation governs.

use super::{Absent, Key, Section, Shape};
use crate::config::rules;

/// The key of a pipeline.
pub(super) static KEYS: [Key; 1] = [Key {
    name: "lake_formation",
    shape: Shape::Table(&LAKE_FORMATION),
    absent: Absent::Fine,
    doc: "What Lake Formation governs, where the account uses it.",
    example: "",
}];

static LAKE_FORMATION: Section = Section {
    doc: "What Lake Formation governs, where the account uses it.",
    keys: &[&[
        Key {
            name: "enabled",
            shape: Shape::Switch,
            absent: Absent::False,
            doc: "Whether Lake Formation governs the Glue databases. Terraform then grants the roles \
                  there what they need, and whoever applies it must be an administrator of the data \
                  lake.",
            example: "true",
        },
        Key {
            name: "location",
            shape: Shape::Choice {
                words: &["unregistered", "registered"],
                or: Some(&rules::ROLE_ARN),
            },
            absent: Absent::Text("unregistered"),
            doc: "Whether the folder of the exports is registered with Lake Formation: it is not, it \
                  is already, or Terraform registers it with the role of this ARN, which must be \
                  allowed to read the folder and to use the key.",
            example: "\"arn:aws:iam::123456789012:role/lake-formation\"",
        },
    ]],
    one_of: &[],
};
