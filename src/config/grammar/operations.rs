//! The keys of what surrounds a run.

use super::{Absent, Key, Section, Shape};
use crate::config::rules;

/// The keys of a pipeline that say how it is run.
pub(super) static KEYS: [Key; 3] = [
    Key {
        name: "run",
        shape: Shape::Table(&RUN),
        absent: Absent::Fine,
        doc: "How a run goes.",
        example: "",
    },
    Key {
        name: "cost",
        shape: Shape::Table(&COST),
        absent: Absent::Fine,
        doc: "What `snaplake cost` reckons with.",
        example: "",
    },
    Key {
        name: "notify",
        shape: Shape::Table(&NOTIFY),
        absent: Absent::Fine,
        doc: "Who is told of a run's start and end.",
        example: "",
    },
];

static RUN: Section = Section {
    doc: "How a run goes.",
    keys: &[&[Key {
        name: "journal",
        shape: Shape::Choice { words: &["folder", "bucket"], or: None },
        absent: Absent::Text("folder"),
        doc: "Where runs write what they have done: `.snaplake/runs` beside the configuration, or \
              `journal/` in the lake's bucket, where another machine can resume a run.",
        example: "\"bucket\"",
    }]],
    one_of: &[],
};

static COST: Section = Section {
    doc: "What `snaplake cost` reckons with.",
    keys: &[&[
        Key {
            name: "runs_per_month",
            shape: Shape::Number { min: 1, max: 3000 },
            absent: Absent::Number(30),
            doc: "How often the pipeline runs in a month.",
            example: "60",
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

static NOTIFY: Section = Section {
    doc: "Who is told of a run's start and end. A message that cannot be sent is a warning; it never \
          fails a run.",
    keys: &[&[
        Key {
            name: "on",
            shape: Shape::Texts(&rules::MOMENT),
            absent: Absent::Derived("`[\"success\", \"failure\"]`"),
            doc: "When: `start`, `success`, `failure`.",
            example: "[\"failure\"]",
        },
        Key {
            name: "slack_webhook_env",
            shape: Shape::Text(&rules::VARIABLE),
            absent: Absent::Fine,
            doc: "The environment variable that holds the URL of a Slack webhook. The URL is a \
                  secret and has no place in this file.",
            example: "\"SLACK_WEBHOOK_URL\"",
        },
        Key {
            name: "slack_webhook_file",
            shape: Shape::Text(&rules::FILE),
            absent: Absent::Fine,
            doc: "The file that holds the URL of a Slack webhook, relative to the configuration file.",
            example: "\"/run/secrets/slack\"",
        },
        Key {
            name: "sns_topic",
            shape: Shape::Text(&rules::TOPIC_ARN),
            absent: Absent::Fine,
            doc: "The ARN of an SNS topic. The runner gets `sns:Publish` on it.",
            example: "\"arn:aws:sns:ap-northeast-1:123456789012:data-platform\"",
        },
        Key {
            name: "sns_key",
            shape: Shape::Text(&rules::KEY_ARN),
            absent: Absent::Fine,
            doc: "The ARN of the KMS key that the topic is encrypted with, when it is. The runner gets \
                  the use of it; the key's policy must let the account's policies decide.",
            example: "\"arn:aws:kms:ap-northeast-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\"",
        },
    ]],
    one_of: &[],
};
