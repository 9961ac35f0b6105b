//! A small project: a configuration, a database of two tables, generated policies.

use crate::support::snaplake;
use std::path::{Path, PathBuf};
use std::process::Output;

/// The configuration of the small project; `mode` is the catalog's.
pub fn config(mode: &str) -> String {
    format!(
        r#"
name = "tiny"
account = "123456789012"
region = "eu-central-1"

[source]
engine = "mysql"
instance = "tiny-production"
snapshot = "latest-automated"
database = "tiny"

[lake]
bucket = "tiny-lake-123456789012"

[catalog]
database = "tiny"
mode = "{mode}"

[[views]]
name = "paid"
sql = "SELECT o.id, c.name, CAST(o.total AS decimal(12,2)) AS total FROM orders o JOIN customers c ON o.customer_id = c.id WHERE o.paid_at IS NOT NULL"

[rehearsal]
source = "sqlite:tiny.db"
"#
    )
}

const DATABASE: &str = "
CREATE TABLE customers (id INT NOT NULL, name VARCHAR(40), born_on DATE, note TEXT);
INSERT INTO customers VALUES (1, '陽菜', '1990-02-28', NULL), (2, 'O''Brien \"x\"', NULL, ''),
  (3, 'Zoë', '2001-12-31', 'line
break');
CREATE TABLE orders (id BIGINT NOT NULL, customer_id INT, total DECIMAL(10,2), paid_at DATETIME);
INSERT INTO orders VALUES (10, 1, 12.50, '2024-01-01 10:00:00'), (11, 1, -3.05, NULL),
  (12, 2, 99999999.99, '2024-02-29 23:59:59'), (13, 3, NULL, '2025-06-01 00:00:00');
";

/// A folder with the small project, its policies generated.
pub struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// The small project with the catalog in `mode`.
    pub fn new(mode: &str) -> Self {
        Self::generated(&config(mode))
    }

    /// A project with this configuration, its policies generated.
    pub fn generated(config: &str) -> Self {
        let project = Self::bare(config);
        let generated = project.run(&["generate"]);
        assert!(generated.status.success(), "{}", String::from_utf8_lossy(&generated.stderr));
        project
    }

    /// A project with this configuration and nothing generated.
    pub fn bare(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("snaplake.toml"), config).unwrap();
        let database = rusqlite::Connection::open(folder.path().join("tiny.db")).unwrap();
        database.execute_batch(DATABASE).unwrap();
        Self { folder }
    }

    /// The project's folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs snaplake in the folder.
    pub fn run(&self, arguments: &[&str]) -> Output {
        snaplake(self.path()).args(arguments).output().unwrap()
    }

    /// The policy files, those for owners of what exists already included.
    pub fn policies(&self) -> Vec<PathBuf> {
        let folder = self.path().join("terraform/policies");
        let mut files: Vec<_> =
            std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        let owner = std::fs::read_dir(folder.join("owner"));
        files.extend(owner.into_iter().flatten().map(|entry| entry.unwrap().path()));
        files.retain(|file| file.extension().is_some_and(|ending| ending == "json"));
        files.sort();
        files
    }
}

/// What a command wrote, for messages of failing tests.
pub fn told(output: &Output) -> String {
    format!(
        "{}\n--- stdout\n{}\n--- stderr\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
