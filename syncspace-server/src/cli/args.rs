//! What was typed: the flags come from the table of settings, so that the help text knows all of them.

use std::path::PathBuf;

use clap::builder::PathBufValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command as Clap, value_parser};
use syncspace_protocol::{Email, Username};
use syncspace_server::config::{Key, VARIABLE_PREFIX};

/// Under this the help lists the flags of all settings, apart from what a command has of its own.
const SETTINGS: &str = "Settings of the server";

/// The command line.
pub(crate) struct Args {
    pub(crate) config_file: Option<PathBuf>,
    pub(crate) settings: Vec<(Key, String)>,
    pub(crate) command: Command,
}

/// What is to be done.
pub(crate) enum Command {
    Serve,
    ConfigCheck,
    ConfigShow,
    Migrate,
    MigrationStatus,
    AdminCreate(AdminCreate),
    MailTest(Email),
}

/// Whom to make an administrator.
pub(crate) struct AdminCreate {
    pub(crate) username: Username,
    pub(crate) password_file: Option<PathBuf>,
}

impl Args {
    /// Reads the command line; ends the process where it asks for help or cannot be read.
    pub(crate) fn parse() -> Self {
        Self::from_matches(&clap_command().get_matches())
    }

    fn from_matches(matches: &ArgMatches) -> Self {
        let deepest = deepest(matches);
        let settings = Key::ALL.iter().copied().filter(|key| !key.is_secret());
        Self {
            config_file: deepest.get_one::<PathBuf>("config").cloned(),
            settings: settings.filter_map(|key| Some((key, deepest.get_one::<String>(key.name())?.clone()))).collect(),
            command: command(matches),
        }
    }
}

/// Gives the matches of the innermost subcommand: global flags reach down to it, wherever they were typed.
fn deepest(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, inner)| deepest(inner))
}

fn command(matches: &ArgMatches) -> Command {
    let Some((name, inner)) = matches.subcommand() else { return Command::Serve };
    match (name, inner.subcommand()) {
        ("config", Some(("show", _))) => Command::ConfigShow,
        ("config", _) => Command::ConfigCheck,
        ("migrate", _) if inner.get_flag("status") => Command::MigrationStatus,
        ("migrate", _) => Command::Migrate,
        ("mail", Some((_, test))) => {
            Command::MailTest(test.get_one::<Email>("address").cloned().expect("clap asks for it"))
        }
        (_, Some((_, create))) => Command::AdminCreate(AdminCreate {
            username: create.get_one::<Username>("username").cloned().expect("clap asks for it"),
            password_file: create.get_one::<PathBuf>("password-file").cloned(),
        }),
        (_, None) => Command::Serve,
    }
}

fn clap_command() -> Clap {
    Clap::new("syncspace-server")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Serves SyncSpace: team chat for the terminal. Without a command it starts the server.")
        .after_help(format!(
            "Every setting can also be given as {VARIABLE_PREFIX}NAME in the environment, or in the configuration file; \
             the secret ones (jwt_secret, smtp_url) only there. A flag wins over the environment, that over the file."
        ))
        .arg(config_arg())
        .args(Key::ALL.iter().copied().filter(|key| !key.is_secret()).map(setting_arg))
        .subcommand(
            Clap::new("config")
                .about("Checks or shows the configuration")
                .subcommand_required(true)
                .subcommand(Clap::new("check").about("Checks the configuration and says what is wrong with it"))
                .subcommand(Clap::new("show").about("Shows every setting, and where it comes from; secrets are hidden")),
        )
        .subcommand(
            Clap::new("migrate").about("Brings the database up to date; the server does the same at its start").arg(
                Arg::new("status").long("status").action(ArgAction::SetTrue).help("Only say what is to be done"),
            ),
        )
        .subcommand(
            Clap::new("admin")
                .about("Manages administrators, without a running server")
                .subcommand_required(true)
                .subcommand(admin_create()),
        )
        .subcommand(
            Clap::new("mail")
                .about("Tries whether mail is sent, without a running server")
                .subcommand_required(true)
                .subcommand(mail_test()),
        )
}

fn config_arg() -> Arg {
    Arg::new("config")
        .long("config")
        .value_name("FILE")
        .global(true)
        .env("SYNCSPACE_CONFIG")
        .value_parser(PathBufValueParser::new())
        .help("Configuration file, in TOML")
}

fn setting_arg(key: Key) -> Arg {
    Arg::new(key.name()).long(key.flag()).value_name("VALUE").global(true).help_heading(SETTINGS).help(key.meaning())
}

fn admin_create() -> Clap {
    let username = Arg::new("username")
        .long("username")
        .value_name("NAME")
        .required(true)
        .value_parser(value_parser!(Username))
        .help("Name of the new account");
    let password_file = Arg::new("password-file")
        .long("password-file")
        .value_name("FILE")
        .value_parser(PathBufValueParser::new())
        .help("File with the password in its first line; without it, the password is asked for, or read from a pipe");
    Clap::new("create").about("Makes an account that administers the server").arg(username).arg(password_file)
}

fn mail_test() -> Clap {
    let address = Arg::new("address")
        .value_name("ADDRESS")
        .required(true)
        .value_parser(value_parser!(Email))
        .help("Where the mail goes: to yourself, best");
    Clap::new("test").about("Sends a mail at once, and says what the mail server said").arg(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        let words = line.split(' ').filter(|word| !word.is_empty());
        clap_command().try_get_matches_from(words).map(|matches| Args::from_matches(&matches))
    }

    #[test]
    fn the_command_is_well_formed() {
        clap_command().debug_assert();
    }

    #[test]
    fn the_help_of_a_command_begins_with_its_own_flags() {
        let help = clap_command().try_get_matches_from(["x", "admin", "create", "--help"]).expect_err("the help");
        let help = help.to_string();
        let (own, settings) = help.split_once(SETTINGS).expect("both");
        assert!(own.contains("--username") && own.contains("--password-file") && !own.contains("--listen"), "{own}");
        assert!(settings.contains("--listen") && !settings.contains("--username"), "{settings}");
    }

    #[test]
    fn settings_are_read_before_and_after_a_command() {
        for line in ["x --listen a migrate --status", "x migrate --status --listen a"] {
            let args = parse(line).expect("fits");
            assert!(matches!(args.command, Command::MigrationStatus));
            assert_eq!(args.settings, [(Key::Listen, "a".to_owned())]);
        }
        assert!(matches!(parse("x").expect("fits").command, Command::Serve));
    }

    #[test]
    fn a_test_mail_needs_an_address() {
        let args = parse("x mail test bob@example.org").expect("fits");
        assert!(matches!(args.command, Command::MailTest(address) if address.as_str() == "bob@example.org"));
        assert!(parse("x mail test").is_err() && parse("x mail test bob").is_err() && parse("x mail").is_err());
    }

    #[test]
    fn secrets_have_no_flag() {
        assert!(parse("x --smtp-url y").is_err());
        assert!(parse("x --jwt-secret y").is_err());
        assert!(parse("x admin create --username root1 --password y").is_err());
    }
}
