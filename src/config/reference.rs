//! The grammar as a page, `docs/configuration.md`.

use super::grammar::{Absent, FILE, Key, PIPELINE, Section, Shape};
use super::rules::Rule;
use std::fmt::Write as _;

const HEAD: &str = "\
# snaplake.toml

<!-- Written by `snaplake schema --page`; a test fails when it is out of date. -->

One file says what the pipeline is; everything else is read off it. `snaplake schema` prints its JSON
Schema, with which editors complete and check it. Keys that are not listed here are errors. Every
error in a file is shown at once, with its place and what to write instead.

Views in files of their own, and a rehearsal's SQLite file, are named relative to the configuration
file.
";

const SEVERAL: &str = "
## Several pipelines

`[[pipelines]]` makes several pipelines of one file. Each takes every key of this page; what it leaves
out, it takes from outside. `name`, `lake.bucket`, `catalog.database` and `athena.workgroup` must
differ, because each pipeline makes its own. A bucket that exists may be the same, with a `lake.prefix` for each.

```toml
account = \"123456789012\"
region = \"ap-northeast-1\"

[[pipelines]]
name = \"shop\"
source = { engine = \"aurora-mysql\", cluster = \"shop-prod\", database = \"shop\" }
lake = { bucket = \"example-shop-lake\" }

[[pipelines]]
name = \"crm\"
source = { engine = \"postgres\", instance = \"crm-prod\", database = \"crm\" }
lake = { bucket = \"example-crm-lake\" }
```
";

/// The reference page of `snaplake.toml`, in Markdown.
#[must_use]
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    let plain: Vec<&Key> = PIPELINE.keys().filter(|key| section(key).is_none()).collect();
    page.push_str("\n## At the top\n\n");
    rows(&mut page, &plain);
    for key in FILE.keys() {
        let Some(below) = section(key).filter(|_| key.name != "pipelines") else { continue };
        let many = matches!(key.shape, Shape::Tables(_));
        let title = if many { format!("[[{}]]", key.name) } else { format!("[{}]", key.name) };
        let _ = write!(page, "\n## `{title}`\n\n{}\n\n", key.doc);
        for group in below.one_of {
            let names: Vec<String> = group.iter().map(|name| format!("`{name}`")).collect();
            let _ = write!(page, "Exactly one of {} is given.\n\n", names.join(" and "));
        }
        rows(&mut page, &below.keys().collect::<Vec<_>>());
    }
    page.push_str(SEVERAL);
    page
}

fn section(key: &Key) -> Option<&'static Section> {
    match key.shape {
        Shape::Table(below) | Shape::Tables(below) => Some(below),
        _ => None,
    }
}

fn rows(page: &mut String, keys: &[&Key]) {
    page.push_str("| key | value | when left out | meaning |\n|---|---|---|---|\n");
    for key in keys {
        let absent = match key.absent {
            Absent::Refused => "an error".to_owned(),
            Absent::Fine => String::new(),
            Absent::Text(text) => format!("`\"{text}\"`"),
            Absent::Number(number) => format!("`{number}`"),
            Absent::False => "`false`".to_owned(),
            Absent::Derived(words) => words.to_owned(),
        };
        let _ = writeln!(
            page,
            "| `{}` | {} | {absent} | {} For example `{}`. |",
            key.name,
            value(key),
            key.doc,
            key.example
        );
    }
}

fn value(key: &Key) -> String {
    let listed = |words: &[&str]| {
        words.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(", ")
    };
    match key.shape {
        Shape::Text(rule) => rule_of(rule),
        Shape::Choice { words, or: None } => listed(words),
        Shape::Choice { words, or: Some(_) } => format!("{} or an ARN", listed(words)),
        Shape::Number { min, max } => format!("a number from {min} to {max}"),
        Shape::Switch => "`true` or `false`".to_owned(),
        Shape::Texts(rule) => format!("a list; each: {}", rule_of(rule)),
        Shape::Map { key, value, max } => {
            format!("a table of up to {max}; {}; {}", rule_of(key), rule_of(value))
        }
        Shape::Table(_) | Shape::Tables(_) => String::new(),
    }
}

fn rule_of(rule: &Rule) -> String {
    format!("{} ([source]({}))", rule.what, rule.source)
}
