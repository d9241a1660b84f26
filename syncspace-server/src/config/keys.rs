//! Every setting of the server, once: its name, meaning and default feed the flags, the help text and `config show`.

/// One setting. Written `snake_case` in the file, `--kebab-case` as a flag, `SYNCSPACE_UPPER_CASE` in the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// Address to listen on.
    Listen,
    /// Where the data is.
    Database,
    /// The Redis that joins several instances.
    Redis,
    /// Directory of everything the server writes.
    DataDir,
    /// Who may make an account.
    Registration,
    /// Secret that signs access tokens.
    JwtSecret,
    /// Form of log lines.
    LogFormat,
    /// Which log lines are written.
    LogFilter,
    /// Work factor of password hashes.
    BcryptCost,
    /// Life of an access token.
    AccessTokenLifeS,
    /// Life of an unused session.
    SessionLifeS,
    /// Longest life of an access token of a program.
    TokenLifeDaysMax,
    /// Private hosts and networks that hooks may reach.
    HookTargetsAllowed,
    /// Login attempts from one address.
    LoginAttemptsPerMinute,
    /// Requests of one person.
    RequestsPerSecond,
    /// Where uploaded files are kept.
    FileStorage,
    /// Longest file that may be uploaded.
    FileMibMax,
    /// Most files kept of one person.
    PersonMibMax,
    /// How long the audit log is kept.
    AuditDays,
    /// Where people reach the server.
    PublicUrl,
    /// The server that sends mail.
    SmtpUrl,
    /// Who mail is from.
    SmtpFrom,
    /// Whose certificate the mail server may have.
    SmtpCaFile,
    /// Web pages that may call the server.
    CorsOrigins,
    /// Longest graceful shutdown.
    ShutdownDeadlineMs,
}

impl Key {
    /// Every setting, in the order in which they are shown.
    pub const ALL: &[Self] = &[
        Self::Listen,
        Self::Database,
        Self::Redis,
        Self::DataDir,
        Self::Registration,
        Self::JwtSecret,
        Self::LogFormat,
        Self::LogFilter,
        Self::BcryptCost,
        Self::AccessTokenLifeS,
        Self::SessionLifeS,
        Self::TokenLifeDaysMax,
        Self::HookTargetsAllowed,
        Self::LoginAttemptsPerMinute,
        Self::RequestsPerSecond,
        Self::FileStorage,
        Self::FileMibMax,
        Self::PersonMibMax,
        Self::AuditDays,
        Self::PublicUrl,
        Self::SmtpUrl,
        Self::SmtpFrom,
        Self::SmtpCaFile,
        Self::CorsOrigins,
        Self::ShutdownDeadlineMs,
    ];

    /// Gives the name as the configuration file has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Database => "database",
            Self::Redis => "redis",
            Self::DataDir => "data_dir",
            Self::Registration => "registration",
            Self::JwtSecret => "jwt_secret",
            Self::LogFormat => "log_format",
            Self::LogFilter => "log_filter",
            Self::BcryptCost => "bcrypt_cost",
            Self::AccessTokenLifeS => "access_token_life_s",
            Self::SessionLifeS => "session_life_s",
            Self::TokenLifeDaysMax => "token_life_days_max",
            Self::HookTargetsAllowed => "hook_targets_allowed",
            Self::LoginAttemptsPerMinute => "login_attempts_per_minute",
            Self::RequestsPerSecond => "requests_per_second",
            Self::FileStorage => "file_storage",
            Self::FileMibMax => "file_mib_max",
            Self::PersonMibMax => "person_mib_max",
            Self::AuditDays => "audit_days",
            Self::PublicUrl => "public_url",
            Self::SmtpUrl => "smtp_url",
            Self::SmtpFrom => "smtp_from",
            Self::SmtpCaFile => "smtp_ca_file",
            Self::CorsOrigins => "cors_origins",
            Self::ShutdownDeadlineMs => "shutdown_deadline_ms",
        }
    }

    /// Gives meaning, default and range in one sentence or two.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Listen => "Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:7420]",
            Self::Database => {
                "Where the data is: sqlite:PATH or mysql://USER:PASSWORD@HOST/NAME [default: sqlite:DATA_DIR/syncspace.db]"
            }
            Self::Redis => "Redis that joins several instances: redis://HOST [default: none, one instance]",
            Self::DataDir => {
                "Directory of everything the server writes [default: $STATE_DIRECTORY under systemd, else \
                 $XDG_DATA_HOME/syncspace]"
            }
            Self::Registration => {
                "Who may make an account: open, invite or closed [default: open for the embedded store on a loopback \
                 address, else invite]"
            }
            Self::JwtSecret => {
                "Secret that signs access tokens, at least 32 bytes; the same on every instance; former ones after it, with \
                 commas, are still believed [default: made once in DATA_DIR for the embedded store; needed with MySQL]"
            }
            Self::LogFormat => "Form of log lines: text or json [default: text]",
            Self::LogFilter => {
                "Which log lines are written, as tracing directives: info,syncspace_server=debug [default: info]"
            }
            Self::BcryptCost => "Work factor of password hashes, 4 to 31; each step doubles the time [default: 12]",
            Self::AccessTokenLifeS => "Life of an access token in seconds, 10 to 86400 [default: 1800]",
            Self::SessionLifeS => "Life of an unused session in seconds, 60 to 31536000 [default: 2592000]",
            Self::TokenLifeDaysMax => {
                "Longest life of an access token made for a program in days, 0 to 3650; 0 sets no bound, and lets one last for \
                 ever [default: 365]"
            }
            Self::HookTargetsAllowed => {
                "Hosts, addresses and networks that hooks and commands may reach though they are private: 10.1.0.0/16 \
                 [default: none, only the open net]"
            }
            Self::LoginAttemptsPerMinute => {
                "Logins and registrations from one address in a minute, 0 to 1000000; 0 lifts the limit [default: 20]"
            }
            Self::RequestsPerSecond => {
                "Requests of one person in a second, 0 to 1000000; twice as many at once; a socket takes as many besides, and \
                 20 messages for each; 0 lifts the limit [default: 50]"
            }
            Self::FileStorage => {
                "Where uploaded files are kept: local, in DATA_DIR/files, or s3://BUCKET/PREFIX, with AWS_ENDPOINT, AWS_REGION, \
                 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment [default: local]"
            }
            Self::FileMibMax => "Longest file that may be uploaded in MiB, 0 to 1000000; 0 takes none [default: 50]",
            Self::PersonMibMax => {
                "Most MiB of files that are kept of one person, 0 to 1000000000; 0 sets no bound [default: 10240]"
            }
            Self::AuditDays => "How long the audit log is kept in days, 1 to 36500 [default: 365]",
            Self::PublicUrl => {
                "Where people reach the server, for the mails that name it: https://chat.example.org [default: none; needed \
                 with smtp_url]"
            }
            Self::SmtpUrl => {
                "Server that sends mail, with STARTTLS: smtp://USER:PASSWORD@HOST:587, or encrypted from the first byte: \
                 smtps://USER:PASSWORD@HOST:465; in the clear only to this machine, or with ?tls=none behind it; the same on \
                 every instance [default: none, no mail is sent]"
            }
            Self::SmtpFrom => "Who mail is from: SyncSpace <chat@example.org> [default: none; needed with smtp_url]",
            Self::SmtpCaFile => {
                "File with the certificates, in PEM, that may vouch for the mail server [default: those of the system]"
            }
            Self::CorsOrigins => {
                "Web pages that may call the server, as origins: https://chat.example.org [default: none]"
            }
            Self::ShutdownDeadlineMs => {
                "Longest graceful shutdown in milliseconds, 0 to 600000; what runs then is cut off [default: 10000]"
            }
        }
    }

    /// Tells whether the value must not be seen by other people of the machine: such a setting has no flag.
    #[must_use]
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::JwtSecret | Self::SmtpUrl)
    }

    /// Gives the name of the flag, without the dashes.
    #[must_use]
    pub const fn flag(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Database => "database",
            Self::Redis => "redis",
            Self::DataDir => "data-dir",
            Self::Registration => "registration",
            Self::JwtSecret => "jwt-secret",
            Self::LogFormat => "log-format",
            Self::LogFilter => "log-filter",
            Self::BcryptCost => "bcrypt-cost",
            Self::AccessTokenLifeS => "access-token-life-s",
            Self::SessionLifeS => "session-life-s",
            Self::TokenLifeDaysMax => "token-life-days-max",
            Self::HookTargetsAllowed => "hook-targets-allowed",
            Self::LoginAttemptsPerMinute => "login-attempts-per-minute",
            Self::RequestsPerSecond => "requests-per-second",
            Self::FileStorage => "file-storage",
            Self::FileMibMax => "file-mib-max",
            Self::PersonMibMax => "person-mib-max",
            Self::AuditDays => "audit-days",
            Self::PublicUrl => "public-url",
            Self::SmtpUrl => "smtp-url",
            Self::SmtpFrom => "smtp-from",
            Self::SmtpCaFile => "smtp-ca-file",
            Self::CorsOrigins => "cors-origins",
            Self::ShutdownDeadlineMs => "shutdown-deadline-ms",
        }
    }

    /// Gives the name of the environment variable.
    #[must_use]
    pub fn variable(self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.name().to_ascii_uppercase())
    }

    /// Finds a setting by its name in the file.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.name() == name)
    }
}

/// What the names of all environment variables begin with.
pub const VARIABLE_PREFIX: &str = "SYNCSPACE_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_by_its_name_and_says_its_default() {
        for &key in Key::ALL {
            assert_eq!(Key::find(key.name()), Some(key));
            assert_eq!(key.flag(), key.name().replace('_', "-"));
            assert!(key.meaning().contains("[default: "), "{}", key.name());
        }
        assert_eq!(Key::find("Listen"), None);
    }

    fn document(path: &str) -> String {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        std::fs::read_to_string(root.join(path)).expect("a document of this repository")
    }

    #[test]
    fn the_readme_has_the_row_of_every_key() {
        let readme = document("README.md");
        for &key in Key::ALL {
            let (meaning, default) = key.meaning().split_once(" [default: ").expect("a default");
            let row = format!("| `{}` | {meaning} | {} |", key.name(), default.trim_end_matches(']'));
            assert!(readme.contains(&row), "README.md lacks this row:\n{row}");
        }
    }

    #[test]
    fn the_sample_configuration_has_every_key_and_no_other() {
        let sample = document("deploy/syncspace.toml");
        let lines = sample.lines().filter_map(|line| line.trim_start_matches('#').split_once(" = "));
        let named: std::collections::BTreeSet<&str> =
            lines.map(|(name, _)| name).filter(|name| !name.contains(' ')).collect();
        let known = Key::ALL.iter().map(|key| key.name()).collect();
        assert_eq!(named, known);
    }
}
