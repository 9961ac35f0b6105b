//! Where a source is, without ever showing its password.

use super::SourceError;
use super::engine::{Engine, Family};
use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;

/// A source's URL as it was given. Printed and debugged it has no password.
#[derive(Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
pub struct SourceAddress(String);

impl SourceAddress {
    /// The URL, password and all: for [`SourceUrl::parse`] alone.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for SourceAddress {
    fn from(url: T) -> Self {
        Self(url.into())
    }
}

impl fmt::Display for SourceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0))
    }
}

impl fmt::Debug for SourceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceAddress({})", shown(&self.0))
    }
}

/// What may be shown of a URL: of a server's all but user, password and parameters. Where an `@`
/// stands after a `?`, nobody can say which of them is part of a password, and nothing is shown.
#[must_use]
pub fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once(':') else {
        return "a source without a scheme".to_owned();
    };
    let scheme: String = scheme.escape_debug().collect();
    if scheme == "sqlite" {
        return url.escape_debug().collect();
    }
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let known = matches!(scheme.as_str(), "postgres" | "postgresql" | "mysql" | "mariadb");
    if !known || parameters.contains('@') {
        return format!("{scheme}:…");
    }
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    format!("{scheme}://{}", place.escape_debug())
}

/// A URL by its engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceUrl {
    /// `sqlite:PATH`, relative paths as the process sees them.
    Sqlite(PathBuf),
    /// `postgres:` or `postgresql:`, as libpq takes it.
    PostgreSql(SourceAddress),
    /// `mysql:` or `mariadb:`; the address has the scheme `mysql`.
    MySql(SourceAddress),
}

impl SourceUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`SourceError::Url`] for anything but `sqlite:PATH`, `postgres://…` and `mysql://…`.
    pub fn parse(url: &str) -> Result<Self, SourceError> {
        let bad = |why| SourceError::Url { url: shown(url), why };
        let Some((scheme, rest)) = url.split_once(':') else {
            return Err(bad("it has no scheme"));
        };
        let server = || match rest.strip_prefix("//") {
            Some(rest) if !rest.is_empty() => Ok(()),
            _ => Err(bad("it names no host; write `//user@host/database` after the scheme")),
        };
        match scheme {
            // `sqlite:///a/b` and `sqlite:a/b` are both in use.
            "sqlite" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.is_empty() || path.starts_with(':') {
                    return Err(bad("it names no file"));
                }
                if path.contains(['\0', '?', '#']) {
                    return Err(bad("a path here has no `?`, `#` or NUL"));
                }
                Ok(Self::Sqlite(PathBuf::from(path)))
            }
            "postgres" | "postgresql" => {
                server()?;
                Ok(Self::PostgreSql(url.into()))
            }
            "mysql" | "mariadb" => {
                server()?;
                Ok(Self::MySql(format!("mysql:{rest}").into()))
            }
            _ => Err(bad("the scheme is unknown")),
        }
    }

    /// Whether what is behind the URL can stand for `engine`.
    ///
    /// # Errors
    /// [`SourceError::Mismatch`] for a server of another family; SQLite stands for any.
    pub fn suits(&self, engine: Engine) -> Result<(), SourceError> {
        let found = match self {
            Self::Sqlite(_) => return Ok(()),
            Self::PostgreSql(_) => Family::PostgreSql,
            Self::MySql(_) => Family::MySql,
        };
        if found == engine.family() {
            return Ok(());
        }
        let found = if found == Family::MySql { "MySQL or MariaDB" } else { "PostgreSQL" };
        Err(SourceError::Mismatch { found, engine: engine.name() })
    }
}

/// The parameters of a URL that ask for TLS, which connections to MySQL's family do not speak: asked
/// for, it is refused, never left out.
pub(super) fn asks_for_tls(url: &str) -> bool {
    let Some((_, parameters)) = url.split_once('?') else { return false };
    parameters.split('&').any(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, "true"));
        let name = name.to_ascii_lowercase().replace(['-', '_'], "");
        let value = value.to_ascii_lowercase();
        let off = matches!(value.as_str(), "disable" | "disabled" | "false" | "0" | "off");
        // libpq's `allow` and `prefer`, and MySQL's `preferred`, take a plain connection.
        let either = matches!(value.as_str(), "allow" | "prefer" | "preferred");
        (name.contains("ssl") || name.contains("tls") || name == "channelbinding")
            && !off
            && !either
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_never_shown() {
        for (url, expected) in [
            (
                "postgres://u:secret@db.example:5432/shop?sslmode=disable",
                "postgres://db.example:5432/shop",
            ),
            ("postgres://u:se@cret@db/shop", "postgres://db/shop"),
            ("mysql://u:sec/ret@db/shop", "mysql://db/shop"),
            ("mysql://u:sec?ret@db/shop", "mysql:…"),
            ("postgres://db/shop?password=secret", "postgres://db/shop"),
            ("postgres://db/shop?password=sec@ret", "postgres:…"),
            ("oracle://u:secret@db", "oracle:…"),
            ("sqlite:shop.db", "sqlite:shop.db"),
            ("secret", "a source without a scheme"),
        ] {
            assert_eq!(shown(url), expected);
            let address = SourceAddress::from(url);
            assert!(!format!("{address} {address:?}").contains("secret"), "{address:?}");
            if let Err(error) = SourceUrl::parse(url) {
                assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
            }
        }
    }

    #[test]
    fn servers_suit_their_own_engines() {
        let suits = |url: &str, engine| SourceUrl::parse(url).unwrap().suits(engine).is_ok();
        assert!(suits("postgresql://db/shop", Engine::AuroraPostgreSql));
        assert!(!suits("postgres://db/shop", Engine::AuroraMySql));
        assert!(suits("mariadb://db/shop", Engine::MySql));
        assert!(!suits("mysql://db/shop", Engine::PostgreSql));
        assert!(suits("sqlite:a", Engine::PostgreSql));
        assert!(SourceUrl::parse("postgres:shop").is_err());
    }

    #[test]
    fn tls_is_noticed_when_it_is_asked_for() {
        for url in [
            "mysql://h/d?a=b&ssl-mode=VERIFY_CA",
            "mysql://h/d?ssl-mode=REQUIRED",
            "mysql://h/d?require_ssl=true",
            "mysql://h/d?tls",
        ] {
            assert!(asks_for_tls(url), "{url}");
        }
        for url in
            ["mysql://h/d", "mysql://h/d?ssl-mode=PREFERRED", "mysql://h/d?ssl-mode=DISABLED"]
        {
            assert!(!asks_for_tls(url), "{url}");
        }
    }
}
