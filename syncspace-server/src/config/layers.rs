//! Where values come from: flag over environment over file over default. Here they are still text.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::ConfigError;
use super::keys::{Key, VARIABLE_PREFIX};

/// Where one value was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// On the command line.
    Flag(Key),
    /// In the environment.
    Variable(Key),
    /// In the configuration file.
    File(Key, PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(key) => write!(f, "--{}", key.flag()),
            Self::Variable(key) => f.write_str(&key.variable()),
            Self::File(key, path) => write!(f, "{} in {}", key.name(), path.display()),
        }
    }
}

/// One value as it was given, and where. Its debug form would show secrets, so it has none.
#[derive(Clone)]
pub struct Given {
    /// The text; the items of a list are joined by commas.
    pub text: String,
    /// Where it was given.
    pub source: Source,
}

/// The values of all layers, the strongest one of each key.
#[derive(Clone, Default)]
pub struct Layers {
    given: BTreeMap<Key, Given>,
}

impl Layers {
    /// Gives the strongest value of a key.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&Given> {
        self.given.get(&key)
    }

    /// Adds a value unless a stronger layer gave one: layers are added from the strongest to the weakest.
    fn add(&mut self, key: Key, text: String, source: Source) {
        self.given.entry(key).or_insert(Given { text, source });
    }

    /// Adds the flags of the command line.
    pub fn add_flags(&mut self, flags: impl IntoIterator<Item = (Key, String)>) {
        for (key, text) in flags {
            self.add(key, text, Source::Flag(key));
        }
    }

    /// Adds what the environment says. Variables of our clients share the prefix and are left to them.
    pub fn add_environment(
        &mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        for (name, text) in variables {
            let Some(rest) = name.strip_prefix(VARIABLE_PREFIX) else { continue };
            match Key::find(&rest.to_ascii_lowercase()) {
                Some(key) if !text.is_empty() => self.add(key, text, Source::Variable(key)),
                Some(_) => {}
                None if is_foreign(rest) => {}
                None => return Err(ConfigError::UnknownVariable { name }),
            }
        }
        Ok(())
    }

    /// Adds what a configuration file says.
    pub fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::FileUnreadable { path: path.to_owned(), source })?;
        self.add_toml(path, &text)
    }

    fn add_toml(&mut self, path: &Path, text: &str) -> Result<(), ConfigError> {
        let table: toml::Table =
            text.parse().map_err(|source| ConfigError::FileMalformed { path: path.to_owned(), source })?;
        for (name, value) in table {
            let Some(key) = Key::find(&name) else {
                return Err(ConfigError::UnknownKey { name, path: path.to_owned() });
            };
            let source = Source::File(key, path.to_owned());
            let Some(text) = plain_text(&value) else {
                return Err(ConfigError::Value {
                    place: source,
                    problem: "must be text, a number or a list of texts".to_owned(),
                });
            };
            self.add(key, text, source);
        }
        Ok(())
    }
}

/// Variables with our prefix that other programs of the project read, from the same shell.
fn is_foreign(rest: &str) -> bool {
    const NAMES: &[&str] =
        &["CONFIG", "SERVER", "TEAM", "USERNAME", "PASSWORD", "TOKEN", "PROFILE", "LOG", "STATE_DIR", "CACHE_DIR"];
    const PREFIXES: &[&str] = &["TUI_", "CLI_", "TEST_", "BENCH_", "CLIENT_"];
    NAMES.contains(&rest) || PREFIXES.iter().any(|prefix| rest.starts_with(prefix))
}

fn plain_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Array(items) => {
            items.iter().map(toml::Value::as_str).collect::<Option<Vec<_>>>().map(|items| items.join(","))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Result<Layers, ConfigError> {
        let mut layers = Layers::default();
        layers.add_toml(Path::new("server.toml"), text).map(|()| layers)
    }

    #[test]
    fn the_stronger_layer_wins() {
        let mut layers = Layers::default();
        layers.add_flags([(Key::Listen, "a".to_owned())]);
        let environment = [("SYNCSPACE_LISTEN", "b"), ("SYNCSPACE_REDIS", "c"), ("PATH", "d")];
        layers.add_environment(environment.map(|(name, text)| (name.to_owned(), text.to_owned()))).expect("all known");
        layers.add_toml(Path::new("f"), "listen = 'e'\nredis = 'f'\nbcrypt_cost = 7").expect("all known");
        let text = |key| layers.get(key).map(|given| given.text.as_str());
        assert_eq!(text(Key::Listen), Some("a"));
        assert_eq!(text(Key::Redis), Some("c"));
        assert_eq!(text(Key::BcryptCost), Some("7"));
        assert_eq!(text(Key::Database), None);
        assert_eq!(layers.get(Key::Redis).map(|given| given.source.to_string()).as_deref(), Some("SYNCSPACE_REDIS"));
    }

    #[test]
    fn unknown_keys_are_named() {
        let error = file("lissten = 'x'").err().expect("refused").to_string();
        assert!(error.contains("lissten") && error.contains("server.toml"), "{error}");
        let mut layers = Layers::default();
        let variable = ("SYNCSPACE_DATABSE".to_owned(), "x".to_owned());
        let error = layers.add_environment([variable]).expect_err("refused").to_string();
        assert!(error.contains("SYNCSPACE_DATABSE"), "{error}");
    }

    #[test]
    fn variables_of_the_clients_are_not_ours() {
        let mut layers = Layers::default();
        let variables = ["SYNCSPACE_SERVER", "SYNCSPACE_TUI_THEME"].map(|name| (name.to_owned(), "x".to_owned()));
        assert!(layers.add_environment(variables).is_ok());
    }

    #[test]
    fn a_list_is_joined_and_a_table_is_refused() {
        let layers = file("cors_origins = ['https://a', 'https://b']").expect("fits");
        assert_eq!(layers.get(Key::CorsOrigins).map(|given| given.text.as_str()), Some("https://a,https://b"));
        assert!(file("[listen]\nport = 1").is_err());
    }
}
