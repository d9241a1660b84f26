//! What was typed, as clap reads it: one file per noun. What it means is in [`crate::commands`].

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod bot;
pub(crate) mod channel;
pub(crate) mod command;
pub(crate) mod dnd;
pub(crate) mod draft;
pub(crate) mod file;
pub(crate) mod group;
pub(crate) mod hook;
pub(crate) mod import;
pub(crate) mod keyword;
pub(crate) mod member;
pub(crate) mod message;
pub(crate) mod preferences;
pub(crate) mod remind;
pub(crate) mod schedule;
pub(crate) mod search;
pub(crate) mod server;
pub(crate) mod shell;
pub(crate) mod status;
pub(crate) mod team;
pub(crate) mod thread;
pub(crate) mod token;
pub(crate) mod user;
pub(crate) mod values;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::exit::EXIT_CODES_HELP;

/// Talk in SyncSpace and manage its users, teams, channels and messages from scripts.
#[derive(Debug, Parser)]
#[command(name = "syncspace", version, after_help = EXIT_CODES_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Address of the server; the one last logged in to where absent.
    #[arg(long, global = true, env = "SYNCSPACE_SERVER", hide_env_values = true, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Team that a bare `#channel` or `@user` belongs to; your only one where absent.
    #[arg(long, global = true, env = "SYNCSPACE_TEAM", hide_env_values = true, value_name = "TEAM")]
    pub(crate) team: Option<String>,
    /// Form of the data on standard output.
    ///
    /// json: one object, or one array for a list, never cut short. jsonl: one object per line. csv: a header, then one
    /// line per item. `message tail -f` and `message send --lines` write json as jsonl. Commands that make or change
    /// something print it in these three forms, and one sentence on standard error in a table.
    #[arg(long, short = 'o', global = true, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    pub(crate) output: Format,
    /// Say nothing but errors on standard error.
    #[arg(long, short = 'q', global = true)]
    pub(crate) quiet: bool,
    /// Never ask: fail where an answer is needed.
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
    /// Answer every confirmation with yes.
    #[arg(long, short = 'y', global = true)]
    pub(crate) yes: bool,
    /// Check names and say what would change, but change nothing.
    #[arg(long, global = true)]
    pub(crate) dry_run: bool,
    /// Whether to use colour on a terminal; `NO_COLOR` turns it off too.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
}

/// Form of the data on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns for people.
    Table,
    /// One JSON value.
    Json,
    /// One JSON object per line.
    Jsonl,
    /// Comma-separated values with a header.
    Csv,
}

/// Whether to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// Where standard output is a terminal.
    Auto,
    /// Never.
    Never,
}

/// Everything `syncspace` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Login(account::Login),
    Register(account::Register),
    Logout(account::Logout),
    Whoami(account::Whoami),
    /// How a server is, and what is settled for all of it.
    #[command(subcommand)]
    Server(server::Server),
    /// Logged-in devices of your account.
    #[command(subcommand)]
    Session(account::Session),
    /// Access tokens for programs that act as you.
    #[command(subcommand)]
    Token(token::Token),
    /// Your e-mail address.
    #[command(subcommand)]
    Account(account::Account),
    /// Your password.
    #[command(subcommand)]
    Password(account::Password),
    /// People.
    #[command(subcommand)]
    User(user::User),
    /// What you say of yourself, and what presence you show.
    #[command(subcommand)]
    Status(status::Status),
    /// Of what you are notified, on all devices.
    #[command(subcommand)]
    Preferences(preferences::Preferences),
    /// When you are not to be disturbed: others see it, and your devices keep quiet.
    #[command(subcommand)]
    Dnd(dnd::Dnd),
    /// Teams and their invites.
    #[command(subcommand)]
    Team(team::Team),
    /// User groups of a team: people who are mentioned by one name.
    #[command(subcommand)]
    Group(group::Group),
    /// Channels of a team.
    #[command(subcommand)]
    Channel(channel::Channel),
    /// Who is in a team or channel.
    #[command(subcommand)]
    Member(member::Member),
    /// Messages of a channel.
    #[command(subcommand)]
    Message(message::Message),
    /// Files that messages carry.
    #[command(subcommand)]
    File(file::File),
    Search(search::Search),
    /// Threads that you follow.
    #[command(subcommand)]
    Thread(thread::Thread),
    /// Words and phrases by which you want to be called.
    #[command(subcommand)]
    Keyword(keyword::Keyword),
    /// What you have typed and not sent, kept for all your devices.
    #[command(subcommand)]
    Draft(draft::Draft),
    /// Your messages that are to be sent later.
    #[command(subcommand)]
    Schedule(schedule::Schedule),
    /// Messages that you want to be reminded of.
    #[command(subcommand)]
    Remind(remind::Remind),
    /// What was done to the server, its accounts and its teams.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Fill a team with the history of another program, or of another server.
    #[command(subcommand)]
    Import(import::Import),
    /// Bots of a team: accounts of programs.
    #[command(subcommand)]
    Bot(bot::Bot),
    /// Hooks of a team: addresses that programs post to, and that are told of messages.
    #[command(subcommand)]
    Hook(hook::Hook),
    /// Commands of a team, which people type with a slash.
    #[command(subcommand, name = "command")]
    Slash(command::Command),
    Completion(shell::Completion),
    Man(shell::Man),
}

/// Which part of a list is wanted.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only those whose name contains this text.
    #[arg(long, value_name = "TEXT")]
    pub(crate) query: Option<String>,
    /// At most this many; all of them where absent.
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
}

/// Which part of what a team has is wanted.
#[derive(Debug, Args)]
pub(crate) struct TeamListArgs {
    /// Name or id of the team; --team or your only one where absent.
    #[arg(value_name = "TEAM")]
    pub(crate) target: Option<String>,
    #[command(flatten)]
    pub(crate) part: ListArgs,
}

/// How much of a list without names is wanted.
#[derive(Debug, Args)]
pub(crate) struct ListLimit {
    /// At most this many; all of them where absent.
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
}
