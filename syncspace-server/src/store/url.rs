//! Where the data is: `sqlite:PATH` or `mysql://USER:PASSWORD@HOST/DATABASE`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use url::Url;

/// The address of a database. Its display and debug forms hide the password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// The embedded store in this file.
    Sqlite(PathBuf),
    /// A MySQL or MariaDB server, with the name of the database as path.
    Mysql(Url),
}

/// Text that names no database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a database is given as sqlite:PATH or mysql://USER:PASSWORD@HOST:PORT/DATABASE; {0}")]
pub struct DatabaseUrlError(&'static str);

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path {
                "" => Err(DatabaseUrlError("the path is missing")),
                ":memory:" => Err(DatabaseUrlError("the embedded store needs a file")),
                _ => Ok(Self::Sqlite(PathBuf::from(path))),
            };
        }
        if !text.starts_with("mysql:") {
            return Err(DatabaseUrlError("this starts with neither"));
        }
        let url: Url = text.parse().map_err(|_| DatabaseUrlError("this is no URL"))?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(DatabaseUrlError("the host is missing"));
        }
        if url.path().trim_start_matches('/').is_empty() {
            return Err(DatabaseUrlError("the name of the database is missing"));
        }
        Ok(Self::Mysql(url))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Mysql(url) => {
                let mut shown = url.clone();
                if shown.password().is_some() {
                    // Only fails for URLs without a host, which parsing refuses.
                    let _ = shown.set_password(Some("hidden"));
                }
                shown.fmt(f)
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_are_read() {
        for (text, path) in [("sqlite:a.db", "a.db"), ("sqlite:///var/a.db", "/var/a.db"), ("sqlite:/b", "/b")] {
            assert_eq!(text.parse(), Ok(DatabaseUrl::Sqlite(PathBuf::from(path))), "{text}");
        }
        assert!(matches!("mysql://u:p@h:3306/d".parse(), Ok(DatabaseUrl::Mysql(_))));
    }

    #[test]
    fn what_names_no_database_is_refused() {
        for text in ["", "sqlite:", "sqlite::memory:", "mysql://", "mysql://h", "mysql://h/", "postgres://h/d", "a.db"]
        {
            assert!(text.parse::<DatabaseUrl>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_password_is_hidden() {
        let url: DatabaseUrl = "mysql://u:secret@h/d".parse().expect("a URL");
        assert_eq!(url.to_string(), "mysql://u:hidden@h/d");
        assert!(!format!("{url:?}").contains("secret"));
    }
}
