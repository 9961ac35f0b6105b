//! What a user is told when a source cannot be used: clearly, and never with the password.

use crate::servers::{MariaDb, PASSWORD, Postgres};
use crate::support::snaplake;
use std::path::Path;

fn project(folder: &Path, engine: &str) {
    let config = format!(
        r#"
name = "shop"
account = "123456789012"
region = "eu-central-1"

[source]
engine = "{engine}"
instance = "shop-production"
snapshot = "latest-automated"
database = "shop"

[lake]
bucket = "shop-lake-123456789012"

[catalog]
database = "shop"
"#
    );
    std::fs::write(folder.join("snaplake.toml"), config).unwrap();
    assert!(snaplake(folder).arg("generate").output().unwrap().status.success());
}

/// Rehearses from each URL; what is said must hold the words, and the exit code be the one given.
fn told(engine: &str, cases: &[(String, i32, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    project(folder.path(), engine);
    for (url, code, words) in cases {
        let output = snaplake(folder.path())
            .args(["rehearse", "--source", url])
            .env("RUST_LOG", "trace")
            .env_remove("PGPASSWORD")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).replace("\n  │ ", " ");
        let all = format!("{said}{}", String::from_utf8_lossy(&output.stdout));
        assert_eq!(output.status.code(), Some(*code), "{words}: {said}");
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words), "`{words}` is not in: {flat}");
        for secret in [PASSWORD, "s3cret", "wr0ng"] {
            assert!(!all.contains(secret), "{secret} is shown: {all}");
        }
    }
}

#[test]
fn postgresql_refuses_clearly() {
    let Some(server) = Postgres::shared() else { return };
    let url = server.database("empty", "", "CREATE VIEW v AS SELECT 1");
    let at = format!("127.0.0.1:{}", server.port);
    told(
        "postgres",
        &[
            (url.clone(), 2, "has no tables"),
            (format!("postgres://tester:wr0ng@{at}/empty"), 2, "password authentication failed"),
            (format!("postgres://tester@{at}/empty"), 2, "password missing"),
            (url.replace("/empty", "/nowhere"), 2, "database \"nowhere\" does not exist"),
            (url.replace(&at, "127.0.0.1:1"), 3, "cannot reach `postgres://127.0.0.1:1/empty`"),
            (format!("{url}?sslmode=require"), 2, "server does not support TLS"),
            (format!("{url}?sslkey=mine.pem"), 2, "only `sslmode` and `sslrootcert`"),
            (format!("postgres://tester:s3cret@{at}:x/empty"), 2, "is no source"),
            (url.replace("postgres:", "mysql:"), 2, "MySQL or MariaDB server, which cannot stand"),
        ],
    );
}

#[test]
fn mariadb_refuses_clearly() {
    let Some(server) = MariaDb::shared() else { return };
    let url = server.database("empty", "");
    let at = format!("127.0.0.1:{}", server.port);
    told(
        "mysql",
        &[
            (url.clone(), 2, "has no tables"),
            (format!("mysql://tester:wr0ng@{at}/empty"), 2, "Access denied"),
            (url.replace("/empty", "/nowhere"), 2, "Unknown database"),
            (url.replace(&at, "127.0.0.1:1"), 3, "cannot reach `mysql://127.0.0.1:1/empty`"),
            (format!("{url}?ssl-mode=REQUIRED"), 2, "asks for TLS"),
            (format!("{url}?require_ssl=true"), 2, "asks for TLS"),
            (url.replace("mysql:", "postgres:"), 2, "PostgreSQL server, which cannot stand"),
        ],
    );
}
