//! What was typed, carried out: one file per noun.

mod account;
mod audit;
mod bot;
mod channel;
mod channel_preferences;
mod command;
mod dnd;
mod draft;
mod export;
mod file;
mod group;
mod hand_over;
mod hook;
mod import;
mod import_check;
mod keyword;
mod lists;
mod member;
mod message;
mod message_append;
mod message_links;
mod message_marks;
mod message_send;
mod message_tail;
mod preferences;
mod remind;
mod resolve;
mod retention;
mod schedule;
mod search;
mod server;
pub(crate) mod shell;
mod status;
mod team;
mod team_requests;
mod thread;
mod token;
mod user;

use crate::args::Command;
use crate::context::Context;
use crate::exit::Outcome;

/// Carries out one command.
pub(crate) async fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Login(args) => account::login(context, args).await,
        Command::Register(args) => account::register(context, args).await,
        Command::Logout(_) => account::logout(context).await,
        Command::Whoami(_) => account::whoami(context).await,
        Command::Server(args) => server::run(context, args).await,
        Command::Session(args) => account::session(context, args).await,
        Command::Token(args) => token::run(context, args).await,
        Command::Account(args) => account::account(context, args).await,
        Command::Password(args) => account::password(context, args).await,
        Command::User(args) => user::run(context, args).await,
        Command::Status(args) => status::run(context, args).await,
        Command::Preferences(args) => preferences::run(context, args).await,
        Command::Dnd(args) => dnd::run(context, args).await,
        Command::Team(args) => team::run(context, args).await,
        Command::Group(args) => group::run(context, args).await,
        Command::Channel(args) => channel::run(context, args).await,
        Command::Member(args) => member::run(context, args).await,
        Command::Message(args) => message::run(context, args).await,
        Command::File(args) => file::run(context, args).await,
        Command::Search(args) => search::run(context, args).await,
        Command::Thread(args) => thread::run(context, args).await,
        Command::Keyword(args) => keyword::run(context, args).await,
        Command::Draft(args) => draft::run(context, args).await,
        Command::Schedule(args) => schedule::run(context, args).await,
        Command::Remind(args) => remind::run(context, args).await,
        Command::Audit(args) => audit::run(context, args).await,
        Command::Import(args) => import::run(context, args).await,
        Command::Bot(args) => bot::run(context, args).await,
        Command::Hook(args) => hook::run(context, args).await,
        Command::Slash(args) => command::run(context, args).await,
        Command::Completion(args) => shell::completion(context, &args),
        Command::Man(args) => shell::man(context, args),
    }
}
