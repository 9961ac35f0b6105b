//! A connection with a runtime of its own, so that it can be used from any thread that may block.

use super::tls::{Connector, Tls};
use crate::cloud::source::error::printable;
use crate::cloud::source::{SourceAddress, SourceError, shown};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error};

/// Where to connect, and what may be shown of it.
pub(super) struct Target {
    config: Config,
    tls: Connector,
    /// Whether TLS is tried where a server does not take a connection without.
    allowed: bool,
    shown: String,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Target({})", self.shown)
    }
}

impl Target {
    pub(super) fn parse(url: &SourceAddress, database: &str) -> Result<Self, SourceError> {
        let shown = shown(url.reveal());
        let tls = Tls::parse(url.reveal())?;
        // What the library says of a bad URL could be a piece of a password.
        let mut config: Config = tls.url.parse().map_err(|_| SourceError::Url {
            url: shown.clone(),
            why: "PostgreSQL's URLs are not written so",
        })?;
        config.ssl_mode(tls.mode);
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
        {
            config.password(password);
        }
        if config.get_dbname().is_none() {
            config.dbname(database);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(10));
        }
        if config.get_application_name().is_none() {
            config.application_name("snaplake");
        }
        Ok(Self { config, tls: tls.connector, allowed: tls.allowed, shown })
    }

    /// The other way to connect when the first failed: `prefer` means "first try an SSL connection; if that
    /// fails, try a non-SSL connection", and `allow` the reverse
    /// (<https://www.postgresql.org/docs/current/libpq-ssl.html>).
    fn second(&self, error: &Error) -> Option<Config> {
        let mode = match self.config.get_ssl_mode() {
            SslMode::Prefer if message(error).starts_with(HANDSHAKE) => SslMode::Disable,
            SslMode::Disable if self.allowed && error.as_db_error().is_some() => SslMode::Require,
            _ => return None,
        };
        let mut config = self.config.clone();
        config.ssl_mode(mode);
        Some(config)
    }

    pub(super) fn shown(&self) -> &str {
        &self.shown
    }
}

/// Everything that values' texts depend on, and that would end a long query or a long transaction.
/// One connection reads one part: more processes on the server would only get in each other's way.
const SESSION: &str = "SET search_path = ''; SET datestyle = 'ISO, MDY'; \
    SET intervalstyle = 'postgres'; SET timezone = 'UTC'; SET extra_float_digits = 1; \
    SET bytea_output = 'hex'; SET xmloption = 'content'; SET row_security = off; SET jit = off; \
    SET statement_timeout = 0; SET lock_timeout = '30s'; \
    SET idle_in_transaction_session_timeout = 0; SET max_parallel_workers_per_gather = 0";

/// How the library's message begins when TLS did not come about.
const HANDSHAKE: &str = "error performing TLS handshake";

pub(super) struct Connection {
    runtime: Option<Runtime>,
    client: Client,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection")
    }
}

impl Drop for Connection {
    /// A runtime may not be waited for where blocking is not allowed; this one has nothing to finish.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Connection {
    pub(super) fn open(target: &Target) -> Result<Self, SourceError> {
        let unreachable = |message| SourceError::Unreachable { url: target.shown.clone(), message };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| unreachable(error.to_string()))?;
        let connected = runtime.block_on(async {
            let (client, connection) = match target.config.connect(target.tls.clone()).await {
                Ok(connected) => connected,
                Err(first) => match target.second(&first) {
                    None => return Err(first),
                    // What a server says of a user tells more than that it has no TLS.
                    Some(second) => match second.connect(target.tls.clone()).await {
                        Err(second) if second.as_db_error().is_none() => return Err(first),
                        connected => connected?,
                    },
                },
            };
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "the connection to the source ended");
                }
            });
            client.batch_execute(SESSION).await?;
            // Such a server checks no text: neither may it on the way out, for then it says only
            // that some value is wrong.
            let encoding = client.query_one("SHOW server_encoding", &[]).await?;
            if encoding.try_get::<_, String>(0)? == "SQL_ASCII" {
                client.batch_execute("SET client_encoding = 'SQL_ASCII'").await?;
            }
            Ok::<_, Error>(client)
        });
        match connected {
            Ok(client) => Ok(Self { runtime: Some(runtime), client }),
            Err(error) => {
                let message = message(&error);
                let refused = error.as_db_error().is_some_and(|db| {
                    *db.code() != SqlState::TOO_MANY_CONNECTIONS
                        && *db.code() != SqlState::CANNOT_CONNECT_NOW
                }) || message.contains("password missing")
                    || message.contains("user missing");
                runtime.shutdown_background();
                Err(if message.starts_with(HANDSHAKE) {
                    SourceError::Handshake { url: target.shown.clone(), message }
                } else if refused {
                    SourceError::Refused { url: target.shown.clone(), message }
                } else {
                    unreachable(message)
                })
            }
        }
    }

    pub(super) fn block_on<T>(&self, work: impl AsyncFnOnce(&Client) -> T) -> T {
        match &self.runtime {
            Some(runtime) => runtime.block_on(work(&self.client)),
            // Only a connection that is being dropped has none.
            None => futures::executor::block_on(work(&self.client)),
        }
    }

    pub(super) fn run<T>(
        &self,
        what: &str,
        work: impl AsyncFnOnce(&Client) -> Result<T, Error>,
    ) -> Result<T, SourceError> {
        self.block_on(work).map_err(|error| query_error(what, &error))
    }
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
    if let Some(db) = error.as_db_error() {
        return printable(db.message());
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
