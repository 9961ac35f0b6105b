//! Why a source cannot be used.

/// Why a source cannot be used. None of these holds a password.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The URL is none, or of an engine that cannot be read here.
    #[error("`{url}` is no source: {why}")]
    Url {
        /// What may be shown of it.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The URL asks for an encrypted connection of a kind that is not to be had.
    #[error("`{url}` asks for TLS that is not to be had: {why}")]
    Tls {
        /// What may be shown of it.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The server does not speak TLS, or is not whom the URL asks for.
    #[error("cannot open `{url}` by TLS: {message}")]
    Handshake {
        /// What may be shown of it.
        url: String,
        /// What the library says.
        message: String,
    },
    /// The server is of another family than the engine.
    #[error("the source is a {found} server, which cannot stand for the engine `{engine}`")]
    Mismatch {
        /// What the server is.
        found: &'static str,
        /// The engine's name in RDS.
        engine: &'static str,
    },
    /// The file is missing or is no file.
    #[error("`{}` cannot be opened: {why}", .path.escape_debug())]
    Missing {
        /// As given.
        path: String,
        /// What the system says.
        why: String,
    },
    /// The file is not an SQLite database.
    #[error("`{}` is not an SQLite database", .path.escape_debug())]
    NotADatabase {
        /// As given.
        path: String,
    },
    /// There are no tables.
    #[error("the database `{}` has no tables", .database.escape_debug())]
    Empty {
        /// The file, or what may be shown of the URL.
        database: String,
    },
    /// The table does not exist.
    #[error("the source has no table `{}`{}", .table.escape_debug(), there_are(.tables))]
    NoSuchTable {
        /// As asked for.
        table: String,
        /// Those that exist.
        tables: Vec<String>,
    },
    /// The engine has no such type: SQLite, which stands in for it, takes any.
    #[error(
        "`{}.{}` is declared as `{}`, which is no type of {engine}",
        .table.escape_debug(), .column.escape_debug(), .declared.escape_debug()
    )]
    UnknownType {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The type, as declared.
        declared: String,
        /// The engine's name.
        engine: &'static str,
    },
    /// A value that a column of the declared type could not hold in the engine, or that the exported
    /// type cannot hold.
    #[error(
        "row {row} of `{}` has {found} in `{}`, which is no `{}`: {why}",
        .table.escape_debug(), .column.escape_debug(), .declared.escape_debug()
    )]
    Value {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The type, as declared.
        declared: String,
        /// From 1, in the order of reading.
        row: u64,
        /// The value, shortened and escaped.
        found: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The server does not let anybody in, or not this user.
    #[error("cannot open `{url}`: {message}")]
    Refused {
        /// What may be shown of the URL.
        url: String,
        /// What the server says.
        message: String,
    },
    /// The server cannot be reached, or went away.
    #[error("cannot reach `{url}`: {message}")]
    Unreachable {
        /// What may be shown of the URL.
        url: String,
        /// What the system says.
        message: String,
    },
    /// The server does not answer a query.
    #[error("cannot read {what} of the source: {message}")]
    Query {
        /// A table's name, or what else was asked for.
        what: String,
        /// What the server says.
        message: String,
    },
    /// The file cannot be read.
    #[error("cannot read the source: {0}")]
    Database(#[from] rusqlite::Error),
    /// A batch of rows cannot be put together.
    #[error("cannot hold the source's rows: {0}")]
    Arrow(#[from] datafusion::arrow::error::ArrowError),
}

impl SourceError {
    /// Whether the user named or made the wrong thing, rather than the disk or the network failing.
    #[must_use]
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::Database(_) | Self::Arrow(_) | Self::Unreachable { .. })
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Url { .. } => {
                "a source is `sqlite:FILE`, `postgres://USER@HOST/DATABASE` or \
                 `mysql://USER@HOST/DATABASE`; characters other than letters, digits and `-._~` in \
                 user and password are percent-encoded"
            }
            Self::Tls { .. } => {
                "PostgreSQL takes `sslmode` and `sslrootcert` as libpq means them; for what is not to \
                 be had, read a server on this machine or behind a tunnel that encrypts (`ssh -L`)"
            }
            Self::Handshake { .. } => {
                "`sslrootcert=FILE` names the authorities to trust, such as RDS's \
                 `global-bundle.pem`; `sslmode=require` encrypts without asking who the server is, \
                 `sslmode=disable` does neither"
            }
            Self::Mismatch { .. } => {
                "name a server of the engine that `[source] engine` names, or correct the engine"
            }
            Self::Refused { .. } => {
                "check user, password and database; a password may come from PGPASSWORD or \
                 MYSQL_PWD instead of the URL"
            }
            Self::Unreachable { .. } => "check host and port, and that the server runs",
            Self::Query { .. } => "the user of the URL must be allowed to read the tables",
            _ => "name a database that exists and has tables, and tables that it has",
        }
    }
}

/// What a server says, as it may reach a terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let (plain, escaped) =
                if c.is_control() { (None, Some(c.escape_debug())) } else { (Some(c), None) };
            plain.into_iter().chain(escaped.into_iter().flatten())
        })
        .collect()
}

/// `; it has a, b`, for the help of an error.
fn there_are(tables: &[String]) -> String {
    let shown: Vec<String> =
        tables.iter().take(12).map(|name| format!("`{}`", name.escape_debug())).collect();
    let more = if tables.len() > shown.len() { ", …" } else { "" };
    if shown.is_empty() { String::new() } else { format!("; it has {}{more}", shown.join(", ")) }
}
