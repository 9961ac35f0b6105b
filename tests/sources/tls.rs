//! TLS to a PostgreSQL server whose certificate an authority of the test's own has signed.

use crate::export::{assert_same, export, open};
use crate::servers::{PASSWORD, Postgres};
use crate::support::skip;
use std::path::Path;
use std::process::Command;

/// Makes an authority, a certificate of it for `localhost` alone, and an authority that nobody knows;
/// gives the server's options. Who comes without TLS is not let in.
fn certificates(folder: &Path) -> String {
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        command.current_dir(folder).args(arguments.split(' '));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let key = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
    openssl(&format!("{key} -subj /CN=authority -keyout ca.key -out ca.pem"));
    openssl(&format!("{key} -subj /CN=stranger -keyout other.key -out other.pem"));
    openssl(&format!(
        "{key} -subj /CN=server -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE \
         -CA ca.pem -CAkey ca.key -keyout server.key -out server.pem"
    ));
    std::fs::write(folder.join("hba"), "hostssl all all 127.0.0.1/32 scram-sha-256\n").unwrap();
    let at = folder.display();
    format!(
        "-c ssl=on -c ssl_cert_file={at}/server.pem -c ssl_key_file={at}/server.key -c hba_file={at}/hba"
    )
}

#[test]
fn postgresql_is_read_by_tls_as_far_as_it_is_trusted() {
    if Command::new("openssl").arg("version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "openssl is missing, and CI skips nothing");
        return skip("openssl is not installed");
    }
    let mut folder = None;
    let prepare = |path: &Path| {
        folder = Some(path.to_owned());
        certificates(path)
    };
    let Some(server) = Postgres::start(prepare) else { return };
    let at = folder.unwrap().display().to_string();
    let url =
        server.database("secret", "", "CREATE TABLE t (x int); INSERT INTO t VALUES (1), (2)");
    let named = url.replace("127.0.0.1", "localhost");

    for url in [
        // Without a word on it, as psql.
        url.clone(),
        format!("{url}?sslmode=prefer"),
        // Nobody comes in without, which is what `allow` tries first.
        format!("{url}?sslmode=allow"),
        format!("{url}?sslmode=require"),
        format!("{url}?sslmode=verify-ca&sslrootcert={at}/ca.pem"),
        format!("{named}?sslrootcert={at}/ca.pem&sslmode=verify-full"),
    ] {
        let target = tempfile::tempdir().unwrap();
        let source = open(&url, "postgres");
        let outcome = export(target.path(), "postgres", &url, Some(source.clone())).unwrap();
        assert_eq!(outcome.tables[0].written.rows, 2);
        assert_same(target.path(), "postgres", &source);
    }

    let unknown = "invalid peer certificate: UnknownIssuer";
    for (url, why) in [
        (format!("{url}?sslmode=disable"), "no encryption"),
        (format!("{url}?sslmode=verify-full&sslrootcert={at}/ca.pem"), "not valid for name"),
        (format!("{named}?sslmode=verify-full&sslrootcert={at}/other.pem"), unknown),
        (format!("{url}?sslmode=verify-ca&sslrootcert={at}/other.pem"), unknown),
        (format!("{url}?sslmode=require&sslrootcert={at}/other.pem"), unknown),
        (format!("{url}?sslmode=require&sslrootcert=system"), "wants `sslmode=verify-full`"),
    ] {
        let target = tempfile::tempdir().unwrap();
        let error = export(target.path(), "postgres", &url, None).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(said.contains(why), "{why}: {said}");
        assert!(!said.contains(PASSWORD) && !said.contains("s3cret"), "{said}");
    }

    // A server whose TLS is too old to speak: only those who insist are kept out.
    let hba = format!("{at}/hba");
    std::fs::write(&hba, "host all all 127.0.0.1/32 scram-sha-256\n").unwrap();
    let old = "ALTER SYSTEM SET ssl_min_protocol_version = 'TLSv1'; \
               ALTER SYSTEM SET ssl_max_protocol_version = 'TLSv1.1'; SELECT pg_reload_conf();";
    server.run("postgres", old);
    let shown = "SHOW ssl_max_protocol_version";
    let begun = std::time::Instant::now();
    while server.run("postgres", shown).trim() != "TLSv1.1" {
        assert!(begun.elapsed().as_secs() < 20, "the server does not heed its settings");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    for mode in ["prefer", "allow"] {
        let source = open(&format!("{url}?sslmode={mode}"), "postgres");
        let target = tempfile::tempdir().unwrap();
        let outcome = export(target.path(), "postgres", &url, Some(source)).unwrap();
        assert_eq!(outcome.tables[0].written.rows, 2, "{mode}");
    }
    let target = tempfile::tempdir().unwrap();
    let insisting = format!("{url}?sslmode=require");
    let error = format!("{:?}", export(target.path(), "postgres", &insisting, None).unwrap_err());
    assert!(error.contains("Handshake"), "{error}");
}
