//! Projects of every kind that a configuration can describe, generated into folders of their own.

use crate::support::{repository, snaplake};
use std::path::{Path, PathBuf};

/// A generated project, deleted when the test ends.
pub struct Project {
    _folder: tempfile::TempDir,
    /// The generated root module.
    pub root: PathBuf,
}

impl Project {
    /// Generates into the same folder from another configuration of one pipeline, and deletes the
    /// files that are said to be no longer generated, which is left to the user.
    pub fn generate(&self, config: &str) {
        let folder = self.root.parent().expect("a folder");
        for line in generate(folder, config).lines() {
            if let Some((_, file)) = line.split_once("left where it is: ") {
                std::fs::remove_file(folder.join(file)).expect("the file goes");
            }
        }
    }
}

/// Generates in a folder, and gives what is said beside the result.
fn generate(folder: &Path, config: &str) -> String {
    std::fs::write(folder.join("snaplake.toml"), config).expect("the configuration is written");
    let output = snaplake(folder).arg("generate").output().expect("snaplake runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

/// Generates the project of a configuration.
pub fn generated(config: &str) -> Project {
    let folder = tempfile::tempdir().expect("a temporary folder");
    generate(folder.path(), config);
    // Of several pipelines, one stands for all.
    let root = folder.path().join("terraform");
    let root = if root.join("main.tf").exists() { root } else { root.join("app-staging") };
    Project { _folder: folder, root }
}

/// The files of a tree that end so, sorted.
pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("an entry").path();
            let hidden = path.file_name().is_some_and(|name| name == ".terraform");
            if path.is_dir() && !hidden {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A configuration of each kind: every example, and what no example shows.
pub fn kinds() -> Vec<(&'static str, String)> {
    let mut kinds: Vec<_> = EXAMPLES.iter().map(|name| (*name, example(name))).collect();
    let boundary = "permissions_boundary = \"arn:aws:iam::123456789012:policy/boundary\"\n\
                    confused_deputy_conditions = true\n";
    let key = "arn:aws:kms:ap-northeast-1:123456789012:key/11111111-2222-3333-4444-555555555555";
    kinds.push(("bounded", config(boundary, key, "crawler", "create", "cluster = \"shop-prod\"")));
    kinds.push(("awkward", awkward()));
    kinds
}

/// The examples, by folder.
pub const EXAMPLES: &[&str] = &[
    "snapshot-to-athena",
    "crawler",
    "cross-account-lake",
    "existing-resources",
    "lake-formation",
    "nightly-aggregates",
    "other-partition",
    "several-environments",
];

/// The configuration of an example.
pub fn example(name: &str) -> String {
    std::fs::read_to_string(repository().join("examples").join(name).join("snaplake.toml"))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The configuration that most tests change something of.
pub fn direct() -> String {
    config("", "create", "direct", "latest-automated", "cluster = \"shop-prod\"")
}

fn config(iam: &str, key: &str, mode: &str, snapshot: &str, source: &str) -> String {
    format!(
        r#"
name = "shop"
account = "123456789012"
region = "ap-northeast-1"

[source]
engine = "aurora-mysql"
{source}
snapshot = "{snapshot}"
database = "shop"
tables = ["shop.orders", "shop.customers"]

[lake]
bucket = "example-shop-lake"
prefix = "exports/shop"
key = "{key}"

[catalog]
database = "shop"
mode = "{mode}"

[athena]
workgroup = "shop"
scan_limit = "10 GB"

[tags]
owner = "data"

[iam]
{iam}path = "/team/data/"
"#
    )
}

/// Values at the edge of what AWS takes, wherever the configuration takes free text.
fn awkward() -> String {
    config("", "create", "direct", "latest-automated", "instance = \"shop-prod\"")
        .replace(
            "owner = \"data\"",
            "owner = \"値段 = 5 / 7 @ a_b\"\n\"with space\" = \"\"\n\"a:b/c\" = \"x = y\"",
        )
        .replace("aurora-mysql", "postgres")
        .replace("shop.orders", "public.orders")
        .replace("shop.customers", "public.customers")
        .replace("example-shop-lake", &format!("{}lake", "a".repeat(54)))
}
