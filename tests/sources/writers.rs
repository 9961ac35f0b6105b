//! Exports of databases that are being written to: every connection sees one moment.

use crate::export::{assert_same, export, open, python, script};
use crate::servers::{MariaDb, Postgres};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const ACCOUNTS: u32 = 3000;

/// Sums of all accounts and transfers, as pyarrow reads them, must be those of one moment.
fn judge(engine: &str, url: &str, write: impl Fn(u32) + Send + Sync) {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut done = 0;
            while !stop.load(Ordering::Relaxed) {
                write(done);
                done += 1;
            }
            done
        });
        // Whatever fails here must not leave the writer running.
        let judged = std::panic::catch_unwind(|| {
            for round in 0..2 {
                std::thread::sleep(std::time::Duration::from_millis(300));
                let source = open(url, engine);
                std::thread::sleep(std::time::Duration::from_millis(300));
                let _ = std::fs::remove_dir_all(folder.path().join("exports"));
                export(folder.path(), engine, url, Some(Arc::clone(&source))).unwrap();
                script(&python, folder.path(), &["accounts.py", engine]);
                // The comparison with the source is made long after the export began.
                assert_same(folder.path(), engine, &source);
                assert!(round < 2);
            }
        });
        stop.store(true, Ordering::Relaxed);
        let written = writer.join().unwrap();
        judged.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        assert!(written > 20, "the writer wrote only {written} times");
    });
}

#[test]
fn postgresql_is_exported_as_of_one_moment() {
    let Some(server) = Postgres::shared() else { return };
    // Few rows on many pages, so that a table is read in several slices.
    let url = server.database(
        "accounts",
        "",
        &format!(
            "CREATE TABLE accounts (id int PRIMARY KEY, balance bigint, filler text)
                 WITH (fillfactor = 10);
             ALTER TABLE accounts ALTER filler SET STORAGE PLAIN;
             INSERT INTO accounts SELECT n, 100, repeat('x', 7000)
                 FROM generate_series(1, {ACCOUNTS} * 3) n;
             CREATE TABLE transfers (n int, amount bigint);
             CREATE TABLE receipts (n int, amount bigint);"
        ),
    );
    let write = |done: u32| {
        let (from, to) = (done * 7919 % ACCOUNTS + 1, done * 104_729 % ACCOUNTS + ACCOUNTS);
        let mut sql = String::new();
        for n in 0..20 {
            sql.push_str(&format!(
                "BEGIN; UPDATE accounts SET balance = balance - {n} WHERE id = {from};
                 UPDATE accounts SET balance = balance + {n} WHERE id = {to};
                 INSERT INTO transfers VALUES ({done}, {n});
                 INSERT INTO receipts VALUES ({done}, {n}); COMMIT;\n"
            ));
        }
        server.run("accounts", &sql);
    };
    judge("postgres", &url, write);
}

#[test]
fn mariadb_is_exported_as_of_one_moment() {
    use mysql::prelude::Queryable as _;
    let Some(server) = MariaDb::shared() else { return };
    let url = server.database(
        "accounts",
        &"CREATE TABLE accounts (id int PRIMARY KEY, balance bigint, filler text);
             INSERT INTO accounts SELECT seq, 100, 'x' FROM mysql_seq;\n"
        .replace("mysql_seq", "(WITH RECURSIVE n (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < 900) SELECT seq FROM n) s")
            .replace(";\n             ", ";\n"),
    );
    let mut connection = server.connect("accounts");
    for sql in [
        "CREATE TABLE transfers (n int, amount bigint)",
        "CREATE TABLE receipts (n int, amount bigint)",
    ] {
        connection.query_drop(sql).unwrap();
    }
    let connection = std::sync::Mutex::new(connection);
    let write = |done: u32| {
        let mut connection = connection.lock().unwrap();
        for n in 0..20 {
            let (from, to) = (done * 7919 % 450 + 1, done * 104_729 % 450 + 450);
            connection.query_drop("BEGIN").unwrap();
            connection
                .query_drop(format!(
                    "UPDATE accounts SET balance = balance - {n} WHERE id = {from}"
                ))
                .unwrap();
            connection
                .query_drop(format!("UPDATE accounts SET balance = balance + {n} WHERE id = {to}"))
                .unwrap();
            connection.query_drop(format!("INSERT INTO transfers VALUES ({done}, {n})")).unwrap();
            connection.query_drop(format!("INSERT INTO receipts VALUES ({done}, {n})")).unwrap();
            connection.query_drop("COMMIT").unwrap();
        }
    };
    judge("mariadb", &url, write);
}
