//! The checked configuration: flag over environment over file over default, unknown keys refused by name.

mod keys;
mod layers;

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use etcetera::BaseStrategy;
use secrecy::SecretString;
use syncspace_protocol::auth::RegistrationMode;
use url::Url;

use crate::blobs::BlobPlace;
use crate::mail::{Mailer, Sender, SmtpUrl};
use crate::outbound::Allowed;
use crate::service::{DAY_S, Settings};
use crate::store::DatabaseUrl;

pub use keys::{Key, VARIABLE_PREFIX};
pub use layers::{Given, Layers, Source};

/// Address where nothing else is configured; only this machine reaches it.
const LISTEN_DEFAULT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 7420);
/// Shortest signing secret: as long as the hash it feeds (RFC 7518, section 3.2).
const JWT_SECRET_BYTES_MIN: usize = 32;
/// Largest limit that can be set; beyond it, 0 is meant.
const RATE_MAX: u32 = 1_000_000;
/// Unit in which lengths of files are set.
const MIB: u64 = 1024 * 1024;

/// Everything an operator can set, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the data is.
    pub database: DatabaseUrl,
    /// The Redis that joins several instances.
    pub redis: Option<SecretString>,
    /// Directory of everything the server writes.
    pub data_dir: PathBuf,
    /// Secrets of access tokens: the first one signs, all are believed. None lets the embedded store make one.
    pub jwt_secrets: Vec<SecretString>,
    /// Settings of accounts and sessions.
    pub settings: Settings,
    /// What is logged, and how.
    pub log: LogConfig,
    /// How much one address or person may ask.
    pub rates: Rates,
    /// Where uploaded files are kept.
    pub file_storage: BlobPlace,
    /// How mail is sent; none sends no mail.
    pub mail: Option<Mail>,
    /// Origins of web pages that may call the server, as browsers send them.
    pub cors_origins: Vec<String>,
    /// Longest graceful shutdown.
    pub shutdown_deadline: Duration,
}

/// How mail is sent.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The server that sends it.
    pub server: SmtpUrl,
    /// Who it is from.
    pub sender: Sender,
    /// Where people reach this server.
    pub public_url: Url,
    /// Certificates that may vouch for the mail server, where the system's do not.
    pub ca_file: Option<PathBuf>,
}

impl Mail {
    /// Makes what sends it.
    pub fn mailer(&self) -> Result<Mailer, crate::mail::MailerError> {
        Mailer::new(self.server.clone(), self.sender.clone(), self.public_url.clone(), self.ca_file.as_deref())
    }
}

/// What is logged, and how.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// Form of a line.
    pub format: LogFormat,
    /// Directives of tracing's filter, checked when logging starts.
    pub filter: String,
}

/// Form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors.
    Json,
}

/// How much one address or person may ask; 0 lifts a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Logins and registrations from one address in a minute.
    pub login_attempts_per_minute: u32,
    /// Requests of one person in a second.
    pub requests_per_second: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self { login_attempts_per_minute: 20, requests_per_second: 50 }
    }
}

/// Why there is no configuration to start with: names the key, where it was given, and what would fit.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The configuration file cannot be read.
    #[error("cannot read the configuration file {}", path.display())]
    FileUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The configuration file is no TOML.
    #[error("the configuration file {} is not TOML", path.display())]
    FileMalformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: toml::de::Error,
    },
    /// The file has a key that means nothing.
    #[error("{}: `{name}` is not a setting; `syncspace-server --help` lists them", path.display())]
    UnknownKey {
        /// The key.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// The environment has a variable with our prefix that means nothing.
    #[error("the environment variable {name} is not a setting; `syncspace-server --help` lists them")]
    UnknownVariable {
        /// The variable.
        name: String,
    },
    /// A value is outside its rules.
    #[error("{place}: {problem}")]
    Value {
        /// Where it was given.
        place: Source,
        /// What would fit.
        problem: String,
    },
    /// A setting is of no use without another one.
    #[error("{place}: needs {} too: {}", missing.name(), missing.meaning())]
    Incomplete {
        /// Where it was given.
        place: Source,
        /// What is missing.
        missing: Key,
    },
    /// No home directory to put the data into.
    #[error("cannot tell where to keep data: set --data-dir or SYNCSPACE_DATA_DIR")]
    NoDataDir,
    /// Several instances must sign with one secret.
    #[error(
        "a MySQL store needs a signing secret that is the same on every instance: set SYNCSPACE_JWT_SECRET or jwt_secret \
         in the configuration file to at least {JWT_SECRET_BYTES_MIN} random bytes (`openssl rand -base64 48` makes one)"
    )]
    NoJwtSecret,
}

impl Config {
    /// Gives the configuration of an embedded store in `data_dir`, everything else by default.
    #[must_use]
    pub fn embedded(data_dir: &Path) -> Self {
        Self {
            listen: LISTEN_DEFAULT,
            database: embedded_database(data_dir),
            redis: None,
            data_dir: data_dir.to_owned(),
            jwt_secrets: Vec::new(),
            settings: Settings { registration: RegistrationMode::Open, ..Settings::default() },
            log: LogConfig { format: LogFormat::Text, filter: "info".to_owned() },
            rates: Rates::default(),
            file_storage: local_files(data_dir),
            mail: None,
            cors_origins: Vec::new(),
            shutdown_deadline: Duration::from_secs(10),
        }
    }

    /// Checks the given values and fills in the defaults.
    pub fn check(layers: &Layers) -> Result<Self, ConfigError> {
        let data_dir = match value(layers, Key::DataDir, parse_path)? {
            Some(path) => path,
            None => default_data_dir()?,
        };
        let default = Self::embedded(&data_dir);
        let listen = value(layers, Key::Listen, parse_listen)?.unwrap_or(default.listen);
        let database = value(layers, Key::Database, parse_shown)?.unwrap_or(default.database);
        let is_embedded = matches!(database, DatabaseUrl::Sqlite(_));
        let jwt_secrets = value(layers, Key::JwtSecret, parse_secrets)?.unwrap_or_default();
        if jwt_secrets.is_empty() && !is_embedded {
            return Err(ConfigError::NoJwtSecret);
        }
        let registration = match value(layers, Key::Registration, parse_registration)? {
            Some(mode) => mode,
            None if is_embedded && listen.ip().is_loopback() => RegistrationMode::Open,
            None => RegistrationMode::Invite,
        };
        Ok(Self {
            listen,
            database,
            redis: value(layers, Key::Redis, parse_redis)?,
            data_dir,
            jwt_secrets,
            settings: check_settings(layers, Settings { registration, ..default.settings })?,
            log: LogConfig {
                format: value(layers, Key::LogFormat, parse_log_format)?.unwrap_or(default.log.format),
                filter: value(layers, Key::LogFilter, parse_log_filter)?.unwrap_or(default.log.filter),
            },
            rates: check_rates(layers, default.rates)?,
            file_storage: value(layers, Key::FileStorage, |text| parse_storage(text, &default.file_storage))?
                .unwrap_or_else(|| default.file_storage.clone()),
            mail: check_mail(layers)?,
            cors_origins: value(layers, Key::CorsOrigins, parse_origins)?.unwrap_or_default(),
            shutdown_deadline: value(layers, Key::ShutdownDeadlineMs, |text| parse_number(text, 0, 600_000))?
                .map_or(default.shutdown_deadline, |ms| Duration::from_millis(u64::from(ms))),
        })
    }

    /// Tells whether the data lies in a file of this machine.
    #[must_use]
    pub const fn is_embedded(&self) -> bool {
        matches!(self.database, DatabaseUrl::Sqlite(_))
    }
}

fn check_settings(layers: &Layers, default: Settings) -> Result<Settings, ConfigError> {
    Ok(Settings {
        registration: default.registration,
        bcrypt_cost: number(layers, Key::BcryptCost, 4, 31)?.unwrap_or(default.bcrypt_cost),
        access_token_life_s: number(layers, Key::AccessTokenLifeS, 10, 86_400)?.unwrap_or(default.access_token_life_s),
        session_life_s: number(layers, Key::SessionLifeS, 60, 31_536_000)?.unwrap_or(default.session_life_s),
        token_life_days_max: number(layers, Key::TokenLifeDaysMax, 0, 3_650)?.unwrap_or(default.token_life_days_max),
        hook_targets_allowed: value(layers, Key::HookTargetsAllowed, parse_targets)?.unwrap_or_default(),
        file_bytes_max: number(layers, Key::FileMibMax, 0, 1_000_000)?.map_or(default.file_bytes_max, mib),
        person_bytes_max: number(layers, Key::PersonMibMax, 0, 1_000_000_000)?.map_or(default.person_bytes_max, mib),
        audit_life_s: number(layers, Key::AuditDays, 1, 36_500)?.map_or(default.audit_life_s, |days| days * DAY_S),
    })
}

/// Takes what mail needs: nothing of it, or all.
fn check_mail(layers: &Layers) -> Result<Option<Mail>, ConfigError> {
    let server = value(layers, Key::SmtpUrl, str::parse::<SmtpUrl>)?;
    let sender = value(layers, Key::SmtpFrom, str::parse::<Sender>)?;
    let public_url = value(layers, Key::PublicUrl, parse_public_url)?;
    let ca_file = value(layers, Key::SmtpCaFile, parse_path)?;
    let Some(server) = server else { return Ok(None) };
    let needed = |missing| {
        let place = layers.get(Key::SmtpUrl).map_or(Source::Flag(Key::SmtpUrl), |given| given.source.clone());
        ConfigError::Incomplete { place, missing }
    };
    let sender = sender.ok_or_else(|| needed(Key::SmtpFrom))?;
    let public_url = public_url.ok_or_else(|| needed(Key::PublicUrl))?;
    Ok(Some(Mail { server, sender, public_url, ca_file }))
}

fn parse_public_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let is_plain = |url: &Url| url.username().is_empty() && url.query().is_none() && url.fragment().is_none();
    url.filter(is_plain).ok_or_else(|| format!("must be an address like https://chat.example.org, not `{text}`"))
}

fn parse_targets(text: &str) -> Result<Vec<Allowed>, String> {
    text.split(',').map(str::trim).filter(|target| !target.is_empty()).map(str::parse).collect()
}

fn check_rates(layers: &Layers, default: Rates) -> Result<Rates, ConfigError> {
    Ok(Rates {
        login_attempts_per_minute: number(layers, Key::LoginAttemptsPerMinute, 0, RATE_MAX)?
            .unwrap_or(default.login_attempts_per_minute),
        requests_per_second: number(layers, Key::RequestsPerSecond, 0, RATE_MAX)?
            .unwrap_or(default.requests_per_second),
    })
}

fn value<T>(
    layers: &Layers,
    key: Key,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, ConfigError> {
    let Some(given) = layers.get(key) else { return Ok(None) };
    parse(given.text.trim()).map(Some).map_err(|problem| ConfigError::Value { place: given.source.clone(), problem })
}

fn number(layers: &Layers, key: Key, min: u32, max: u32) -> Result<Option<u32>, ConfigError> {
    value(layers, key, |text| parse_number(text, min, max))
}

fn parse_number(text: &str, min: u32, max: u32) -> Result<u32, String> {
    let problem = || format!("must be a whole number from {min} to {max}, not `{text}`");
    text.parse().ok().filter(|number| (min..=max).contains(number)).ok_or_else(problem)
}

fn mib(count: u32) -> u64 {
    u64::from(count) * MIB
}

fn local_files(data_dir: &Path) -> BlobPlace {
    BlobPlace::Folder(data_dir.join("files"))
}

fn parse_storage(text: &str, local: &BlobPlace) -> Result<BlobPlace, String> {
    if text == "local" {
        return Ok(local.clone());
    }
    let place = text.strip_prefix("s3://").map(|place| place.split_once('/').unwrap_or((place, "")));
    let is_name = |name: &str| {
        (3..=63).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    match place {
        Some((name, prefix)) if is_name(name) => {
            Ok(BlobPlace::Bucket { name: name.to_owned(), prefix: prefix.trim_matches('/').to_owned() })
        }
        _ => Err(format!("must be local or a bucket like s3://syncspace/files, not `{text}`")),
    }
}

fn parse_shown<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let text = text.replacen("localhost:", "127.0.0.1:", 1);
    text.parse().map_err(|_| format!("must be an address and a port like {LISTEN_DEFAULT} or [::]:7420, not `{text}`"))
}

fn parse_path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(PathBuf::from(text)) }
}

fn parse_registration(text: &str) -> Result<RegistrationMode, String> {
    match text {
        "open" => Ok(RegistrationMode::Open),
        "invite" => Ok(RegistrationMode::Invite),
        "closed" => Ok(RegistrationMode::Closed),
        _ => Err(format!("must be open, invite or closed, not `{text}`")),
    }
}

/// Never repeats the value: it would end in a log.
fn parse_secrets(text: &str) -> Result<Vec<SecretString>, String> {
    let parse = |secret: &str| {
        if secret.len() < JWT_SECRET_BYTES_MIN {
            return Err(format!("a secret must have at least {JWT_SECRET_BYTES_MIN} bytes, and has {}", secret.len()));
        }
        Ok(SecretString::from(secret))
    };
    text.split(',').map(str::trim).map(parse).collect()
}

/// Never repeats the value: it may hold a password.
fn parse_redis(text: &str) -> Result<SecretString, String> {
    let fits = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "redis" | "rediss") && url.has_host());
    if fits { Ok(SecretString::from(text)) } else { Err("must be an address like redis://127.0.0.1:6379".to_owned()) }
}

fn parse_log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("must be text or json, not `{text}`")),
    }
}

fn parse_log_filter(text: &str) -> Result<String, String> {
    let checked = tracing_subscriber::EnvFilter::builder().parse(text);
    checked.map(|_| text.to_owned()).map_err(|error| format!("is no log filter: {error}"))
}

fn parse_origins(text: &str) -> Result<Vec<String>, String> {
    let origins = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
    origins.map(parse_origin).collect()
}

fn parse_origin(text: &str) -> Result<String, String> {
    let origin = Url::parse(text).map(|url| url.origin().ascii_serialization());
    match origin {
        Ok(origin) if origin == text.trim_end_matches('/') && origin != "null" => Ok(origin),
        _ => Err(format!("`{text}` is no origin; one looks like https://chat.example.org")),
    }
}

fn embedded_database(data_dir: &Path) -> DatabaseUrl {
    DatabaseUrl::Sqlite(data_dir.join("syncspace.db"))
}

/// Gives systemd's directory where it names one, else the person's own.
fn default_data_dir() -> Result<PathBuf, ConfigError> {
    if let Some(directories) = std::env::var_os("STATE_DIRECTORY")
        && let Some(first) = std::env::split_paths(&directories).next()
        && first.is_absolute()
    {
        return Ok(first);
    }
    let strategy = etcetera::choose_base_strategy().map_err(|_| ConfigError::NoDataDir)?;
    Ok(strategy.data_dir().join("syncspace"))
}

/// Gives every setting as `config show` prints it: TOML lines, secrets hidden, each with where it comes from.
#[must_use]
pub fn describe(config: &Config, layers: &Layers) -> String {
    let mut lines = String::new();
    for &key in Key::ALL {
        let from = layers.get(key).map_or_else(|| "default".to_owned(), |given| given.source.to_string());
        let shown = shown_value(config, key).unwrap_or_else(|| "# none".to_owned());
        let line = match shown.strip_prefix("# ") {
            Some(nothing) => format!("# {} = {nothing}", key.name()),
            None => format!("{} = {shown}", key.name()),
        };
        lines.push_str(&format!("{line:<60} # {from}\n"));
    }
    lines
}

fn shown_value(config: &Config, key: Key) -> Option<String> {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    Some(match key {
        Key::Listen => quoted(&config.listen.to_string()),
        Key::Database => quoted(&config.database.to_string()),
        Key::Redis => quoted(&hide_password(secrecy::ExposeSecret::expose_secret(config.redis.as_ref()?))),
        Key::DataDir => quoted(&config.data_dir.display().to_string()),
        Key::Registration => quoted(registration_name(config.settings.registration)),
        Key::JwtSecret => config.jwt_secrets.first().map(|_| quoted("(hidden)"))?,
        Key::LogFormat => quoted(if config.log.format == LogFormat::Json { "json" } else { "text" }),
        Key::LogFilter => quoted(&config.log.filter),
        Key::BcryptCost => config.settings.bcrypt_cost.to_string(),
        Key::AccessTokenLifeS => config.settings.access_token_life_s.to_string(),
        Key::SessionLifeS => config.settings.session_life_s.to_string(),
        Key::TokenLifeDaysMax => config.settings.token_life_days_max.to_string(),
        Key::HookTargetsAllowed => {
            let listed: Vec<String> = config.settings.hook_targets_allowed.iter().map(ToString::to_string).collect();
            toml::Value::from(listed).to_string()
        }
        Key::LoginAttemptsPerMinute => config.rates.login_attempts_per_minute.to_string(),
        Key::RequestsPerSecond => config.rates.requests_per_second.to_string(),
        Key::FileStorage => match &config.file_storage {
            BlobPlace::Folder(_) => quoted("local"),
            bucket @ BlobPlace::Bucket { .. } => quoted(&bucket.to_string()),
        },
        Key::FileMibMax => (config.settings.file_bytes_max / MIB).to_string(),
        Key::PersonMibMax => (config.settings.person_bytes_max / MIB).to_string(),
        Key::AuditDays => (config.settings.audit_life_s / DAY_S).to_string(),
        Key::PublicUrl => quoted(config.mail.as_ref()?.public_url.as_str().trim_end_matches('/')),
        Key::SmtpUrl => quoted(&config.mail.as_ref()?.server.to_string()),
        Key::SmtpFrom => quoted(&config.mail.as_ref()?.sender.to_string()),
        Key::SmtpCaFile => quoted(&config.mail.as_ref()?.ca_file.as_ref()?.display().to_string()),
        Key::CorsOrigins => toml::Value::from(config.cors_origins.clone()).to_string(),
        Key::ShutdownDeadlineMs => config.shutdown_deadline.as_millis().to_string(),
    })
}

const fn registration_name(mode: RegistrationMode) -> &'static str {
    match mode {
        RegistrationMode::Open => "open",
        RegistrationMode::Invite => "invite",
        RegistrationMode::Closed => "closed",
    }
}

/// Gives an address without its password.
fn hide_password(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else { return "(hidden)".to_owned() };
    if url.password().is_some() && url.set_password(Some("hidden")).is_err() {
        return "(hidden)".to_owned();
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(flags: &[(Key, &str)]) -> Result<Config, ConfigError> {
        let mut layers = Layers::default();
        layers.add_flags([(Key::DataDir, "/data".to_owned())]);
        layers.add_flags(flags.iter().map(|&(key, text)| (key, text.to_owned())));
        Config::check(&layers)
    }

    #[test]
    fn nothing_given_is_an_embedded_store_on_loopback_open_to_all() {
        let config = check(&[]).expect("the defaults fit");
        assert_eq!(config.listen.to_string(), "127.0.0.1:7420");
        assert!(matches!(&config.database, DatabaseUrl::Sqlite(path) if path == Path::new("/data/syncspace.db")));
        assert_eq!(config.settings.registration, RegistrationMode::Open);
    }

    #[test]
    fn others_can_reach_it_only_by_invite() {
        let config = check(&[(Key::Listen, "0.0.0.0:80")]).expect("fits");
        assert_eq!(config.settings.registration, RegistrationMode::Invite);
        let secret = "0123456789012345678901234567890123456789";
        let mysql = (Key::Database, "mysql://root@127.0.0.1/syncspace");
        let config = check(&[mysql, (Key::JwtSecret, secret)]).expect("fits");
        assert_eq!(config.settings.registration, RegistrationMode::Invite);
    }

    #[test]
    fn mysql_without_a_signing_secret_is_refused() {
        let error = check(&[(Key::Database, "mysql://root@127.0.0.1/syncspace")]).expect_err("refused");
        assert!(matches!(error, ConfigError::NoJwtSecret), "{error}");
    }

    #[test]
    fn wrong_values_are_named_with_what_would_fit() {
        for (key, text, part) in [
            (Key::Listen, "7420", "127.0.0.1:7420"),
            (Key::BcryptCost, "32", "4 to 31"),
            (Key::BcryptCost, "x", "`x`"),
            (Key::Registration, "all", "open, invite or closed"),
            (Key::LogFormat, "xml", "text or json"),
            (Key::LogFilter, "a=b=c", "log filter"),
            (Key::Redis, "localhost", "redis://"),
            (Key::CorsOrigins, "https://a.example/path", "origin"),
            (Key::FileStorage, "gs://x", "s3://"),
            (Key::FileStorage, "s3://x", "s3://"),
            (Key::FileMibMax, "50MB", "1000000"),
            (Key::SmtpUrl, "mail.example.org", "smtp://USER"),
            (Key::SmtpUrl, "smtp://mail.example.org", "smtp_from"),
            (Key::SmtpFrom, "chat", "chat@example.org"),
            (Key::PublicUrl, "chat.example.org", "https://"),
            (Key::DataDir, "", "empty"),
            (Key::JwtSecret, "short", "32 bytes"),
        ] {
            let error = check_alone(key, text).expect_err(text).to_string();
            assert!(error.contains(part) && error.contains(key.flag()), "{error}");
        }
    }

    fn check_alone(key: Key, text: &str) -> Result<Config, ConfigError> {
        let mut layers = Layers::default();
        layers.add_flags([(key, text.to_owned()), (Key::DataDir, "/data".to_owned())]);
        Config::check(&layers)
    }

    #[test]
    fn secrets_are_never_shown() {
        let secret = "0123456789012345678901234567890123456789";
        let flags = [
            (Key::JwtSecret, secret),
            (Key::Database, "mysql://root:hush@127.0.0.1/syncspace"),
            (Key::Redis, "redis://:hush@127.0.0.1"),
            (Key::SmtpUrl, "smtp://chat:hush@mail.example.org"),
            (Key::SmtpFrom, "SyncSpace <chat@example.org>"),
            (Key::PublicUrl, "https://chat.example.org"),
        ];
        let config = check(&flags).expect("fits");
        let mut layers = Layers::default();
        layers.add_flags(flags.map(|(key, text)| (key, text.to_owned())));
        for text in [describe(&config, &layers), format!("{config:?}")] {
            assert!(!text.contains("hush") && !text.contains(secret), "{text}");
        }
    }
}
