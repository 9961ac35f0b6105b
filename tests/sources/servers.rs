//! Database servers on loopback, each in a folder of its own, stopped when the last test is done.

use crate::support::skip;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// The password of every server's user `tester`. It has what a URL must encode.
pub const PASSWORD: &str = "s3cret/@word";
const ENCODED: &str = "s3cret%2F%40word";

/// A server of the tests that run at the same time.
fn shared<T>(known: &Mutex<Weak<T>>, start: impl FnOnce() -> Option<T>) -> Option<Arc<T>> {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = known.upgrade() {
        return Some(server);
    }
    let server = Arc::new(start()?);
    *known = Arc::downgrade(&server);
    Some(server)
}

fn missing(what: &str) {
    assert!(std::env::var_os("CI").is_none(), "{what} is missing, and CI skips nothing");
    skip(&format!("{what} is not installed"));
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.starts_with(b"0")
}

fn succeed(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

/// A PostgreSQL server.
pub struct Postgres {
    programs: PathBuf,
    folder: tempfile::TempDir,
    /// Its port.
    pub port: u16,
}

impl Postgres {
    /// The server, started by whoever comes first.
    pub fn shared() -> Option<Arc<Self>> {
        static KNOWN: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        shared(&KNOWN, || Self::start(|_| String::new()))
    }

    /// A server of its own, with the options that `prepare` gives for its folder.
    pub fn start(prepare: impl FnOnce(&Path) -> String) -> Option<Self> {
        let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path().join("bin"))
            .filter(|programs| programs.join("initdb").is_file())
            .collect();
        found.sort();
        let Some(programs) = found.pop() else {
            missing("PostgreSQL's server");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("snaplake-postgres-").tempdir().unwrap();
        let path = folder.path().to_owned();
        std::fs::write(path.join("password"), PASSWORD).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let more = prepare(&path);
        if is_root() {
            succeed(Command::new("chown").args(["-R", "postgres"]).arg(&path));
        }
        let server = Self { programs, folder, port: free_port() };
        succeed(
            server
                .program("initdb")
                .args(["--username=tester", "--auth=scram-sha-256", "--encoding=UTF8"])
                .args(["--locale=C.UTF-8", "--no-sync", "--pgdata"])
                .arg(path.join("data"))
                .arg(format!("--pwfile={}", path.join("password").display())),
        );
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c fsync=off {more}",
            server.port,
            path.display()
        );
        // Its output goes to a file: a pipe would stay open as long as the server lives.
        let mut start = server.program("pg_ctl");
        start.args(["start", "--wait", "--options", &options, "--pgdata"]).arg(path.join("data"));
        start.arg("--log").arg(path.join("log")).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(start.stdin(Stdio::null()).status().unwrap().success(), "{start:?}");
        Some(server)
    }

    /// One of its programs, under a user that it lets be its own.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path());
        command
    }

    /// A new database with what `sql` makes; gives its URL.
    pub fn database(&self, name: &str, options: &str, sql: &str) -> String {
        self.run("postgres", &format!("CREATE DATABASE {name} {options}"));
        self.run(name, sql);
        format!("postgres://tester:{ENCODED}@127.0.0.1:{}/{name}", self.port)
    }

    /// Runs SQL; gives what psql prints.
    pub fn run(&self, database: &str, sql: &str) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), sql).unwrap();
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set", "ON_ERROR_STOP=1", "--host=127.0.0.1", "--username=tester"])
            .arg(format!("--port={}", self.port))
            .arg(format!("--dbname={database}"))
            .arg("--file")
            .arg(file.path())
            .env("PGPASSWORD", PASSWORD);
        succeed(&mut psql)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = self.program("pg_ctl");
        stop.args(["stop", "--mode=immediate", "--pgdata"]).arg(self.folder.path().join("data"));
        let _ = stop.stdin(Stdio::null()).output();
    }
}

/// A MariaDB server.
pub struct MariaDb {
    server: Child,
    /// Its port.
    pub port: u16,
    _folder: tempfile::TempDir,
}

impl MariaDb {
    /// The server, started by whoever comes first.
    pub fn shared() -> Option<Arc<Self>> {
        static KNOWN: Mutex<Weak<MariaDb>> = Mutex::new(Weak::new());
        shared(&KNOWN, Self::start)
    }

    fn start() -> Option<Self> {
        let (server, tables) = (Path::new("/usr/sbin/mariadbd"), Path::new("/usr/share/mysql"));
        if !server.is_file() || !tables.join("mysql_system_tables.sql").is_file() {
            missing("MariaDB's server (Debian's mariadb-server-core)");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("snaplake-mariadb-").tempdir().unwrap();
        let path = folder.path();
        let data = format!("--datadir={}", path.join("data").display());
        let user = is_root().then_some("--user=root");
        // What mariadb-install-db does, which comes with another package.
        let mut sql = "CREATE DATABASE mysql;\nUSE mysql;\n".to_owned();
        for file in ["system_tables", "performance_tables", "system_tables_data"] {
            sql += &std::fs::read_to_string(tables.join(format!("mysql_{file}.sql"))).unwrap();
        }
        std::fs::create_dir(path.join("data")).unwrap();
        std::fs::write(path.join("bootstrap.sql"), sql).unwrap();
        let mut bootstrap = Command::new(server);
        bootstrap.args(["--no-defaults", "--bootstrap", "--silent-startup", &data]).args(user);
        bootstrap.stdin(std::fs::File::open(path.join("bootstrap.sql")).unwrap());
        let made = bootstrap.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let grant = format!(
            "CREATE USER tester IDENTIFIED BY '{PASSWORD}';\nGRANT ALL ON *.* TO tester \
             WITH GRANT OPTION;\n"
        );
        std::fs::write(path.join("init.sql"), grant).unwrap();
        let log = std::fs::File::create(path.join("log")).unwrap();
        let port = free_port();
        let server = Command::new(server)
            .args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-log-bin", &data])
            .args(["--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve"])
            .arg(format!("--port={port}"))
            .arg(format!("--init-file={}", path.join("init.sql").display()))
            .arg(format!("--socket={}", path.join("socket").display()))
            .arg(format!("--pid-file={}", path.join("pid").display()))
            .args(user)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut server = Self { server, port, _folder: folder };
        let begun = Instant::now();
        loop {
            match mysql::Conn::new(server.options("mysql")) {
                Ok(_) => return Some(server),
                Err(error) => {
                    let ended = server.server.try_wait().unwrap();
                    assert!(ended.is_none(), "mariadbd ended: {error}");
                    assert!(begun.elapsed() < Duration::from_secs(60), "{error}");
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        }
    }

    /// A new database with what `sql` makes, statements ended by `;` at the end of a line; gives its
    /// URL.
    pub fn database(&self, name: &str, sql: &str) -> String {
        let mut connection = self.connect("mysql");
        use mysql::prelude::Queryable as _;
        connection.query_drop(format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")).unwrap();
        let mut connection = self.connect(name);
        for statement in sql.split(";\n").filter(|statement| !statement.trim().is_empty()) {
            let done = connection.query_drop(statement);
            assert!(done.is_ok(), "{done:?}: {statement}");
        }
        format!("mysql://tester:{ENCODED}@127.0.0.1:{}/{name}", self.port)
    }

    /// A connection of the user `tester`.
    pub fn connect(&self, database: &str) -> mysql::Conn {
        mysql::Conn::new(self.options(database)).unwrap()
    }

    fn options(&self, database: &str) -> mysql::OptsBuilder {
        mysql::OptsBuilder::new()
            .ip_or_hostname(Some("127.0.0.1"))
            .tcp_port(self.port)
            .user(Some("tester"))
            .pass(Some(PASSWORD))
            .db_name(Some(database))
            .prefer_socket(false)
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
