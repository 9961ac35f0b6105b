//! The rules of what surrounds a run.

use super::Rule;

pub(in crate::config) static MOMENT: Rule = Rule {
    noun: "moment",
    what: "write `start`, `success` or `failure`",
    source: "https://docs.aws.amazon.com/sns/latest/api/API_Publish.html",
    first: "a-z",
    rest: "a-z",
    last: "a-z",
    min: 1,
    max: 16,
    also: |value| match value {
        "start" | "success" | "failure" => Ok(()),
        _ => Err("is no moment of a run".into()),
    },
};

/// Names that every shell can set.
pub(in crate::config) static VARIABLE: Rule = Rule {
    noun: "environment variable",
    what: "write the variable's name, not what it holds: capital letters, digits and underscores, \
           not starting with a digit",
    source: "https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html",
    first: "A-Z_",
    rest: "A-Z0-9_",
    last: "A-Z0-9_",
    min: 1,
    max: 128,
    also: |_| Ok(()),
};

pub(in crate::config) static TOPIC_ARN: Rule = Rule {
    noun: "topic",
    what: "write the ARN of a standard topic: `arn:aws:sns:<region>:<account>:<name>`",
    source: "https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html",
    first: "a",
    rest: "a-zA-Z0-9:_-",
    last: "a-zA-Z0-9_-",
    min: 20,
    max: 320,
    also: |_| Ok(()),
};
