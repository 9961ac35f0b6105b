//! Connections, and the moment that their transactions share.

use crate::cloud::source::error::printable;
use crate::cloud::source::url::asks_for_tls;
use crate::cloud::source::{SourceAddress, SourceError, shown};
use mysql::prelude::Queryable as _;
use mysql::{Conn, Error, Opts, OptsBuilder};
use std::time::Duration;

/// Where to connect, and what may be shown of it.
pub(super) struct Target {
    options: Opts,
    shown: String,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Everything that values depend on, and that would end a long query. The rows wait while they are
/// encoded: a server gives up after a minute otherwise.
const SESSION: [&str; 6] = [
    "SET NAMES utf8mb4",
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION sql_mode = ''",
    "SET SESSION net_write_timeout = 3600",
    "SET SESSION wait_timeout = 86400",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
];
const SNAPSHOT: &str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

impl Target {
    pub(super) fn parse(url: &SourceAddress, database: &str) -> Result<Self, SourceError> {
        let shown = shown(url.reveal());
        if asks_for_tls(url.reveal()) {
            let why = "connections to MySQL's family do not speak it here";
            return Err(SourceError::Tls { url: shown, why });
        }
        // What the library says of a bad URL could be a piece of a password.
        let options = Opts::from_url(url.reveal()).map_err(|_| SourceError::Url {
            url: shown.clone(),
            why: "MySQL's URLs are not written so, or it has a parameter that is not known",
        })?;
        let password = match options.get_pass() {
            Some(password) => Some(password.to_owned()),
            None => std::env::var("MYSQL_PWD").ok(),
        };
        let name = options.get_db_name().filter(|name| !name.is_empty()).unwrap_or(database);
        let name = name.to_owned();
        let options = OptsBuilder::from_opts(options)
            .pass(password)
            .db_name(Some(name))
            // Through the host that was named, not through a socket that the server names.
            .prefer_socket(false)
            .tcp_connect_timeout(Some(Duration::from_secs(10)));
        Ok(Self { options: options.into(), shown })
    }

    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    pub(super) fn connect(&self) -> Result<Conn, SourceError> {
        let failed = |error: Error| {
            let (url, message) = (self.shown.clone(), message(&error));
            match error {
                // Too many connections, or the server is stopping.
                Error::MySqlError(error) if !matches!(error.code, 1040 | 1053 | 1203) => {
                    SourceError::Refused { url, message }
                }
                _ => SourceError::Unreachable { url, message },
            }
        };
        let mut connection = Conn::new(self.options.clone()).map_err(failed)?;
        for statement in SESSION {
            connection.query_drop(statement).map_err(failed)?;
        }
        Ok(connection)
    }
}

/// Begins `count` transactions while nobody can write. Where the user may not lock, or somebody's
/// long statement does not let us for some seconds, it is one transaction alone.
pub(super) fn at_one_moment(
    target: &Target,
    mut first: Conn,
    count: usize,
    notes: &mut Vec<String>,
) -> Result<Vec<Conn>, SourceError> {
    let failed = |error: Error| query_error("a snapshot", &error);
    let mut others = Vec::new();
    for _ in 0..count {
        others.push(target.connect()?);
    }
    // Statements that write wait behind this one: it may not wait for long itself.
    let locked = first
        .query_drop("SET SESSION lock_wait_timeout = 3")
        .and_then(|()| first.query_drop("FLUSH TABLES WITH READ LOCK"));
    if let Err(error) = locked {
        notes.push(format!(
            "the source was read by one connection alone, for FLUSH TABLES WITH READ LOCK failed: {}",
            message(&error)
        ));
        first.query_drop(SNAPSHOT).map_err(failed)?;
        return Ok(vec![first]);
    }
    let begun = others.iter_mut().try_for_each(|connection| connection.query_drop(SNAPSHOT));
    let unlocked = first.query_drop("UNLOCK TABLES");
    begun.and(unlocked).map_err(failed)?;
    Ok(others)
}

pub(super) fn query_error(what: &str, error: &Error) -> SourceError {
    let what = if what.starts_with("the ") || what.starts_with("a ") {
        what.to_owned()
    } else {
        format!("`{}`", what.escape_debug())
    };
    SourceError::Query { what, message: message(error) }
}

/// What the server says, or else what the system says.
fn message(error: &Error) -> String {
    match error {
        Error::MySqlError(error) => printable(&error.message),
        Error::IoError(error) => error.to_string(),
        other => other.to_string(),
    }
}
