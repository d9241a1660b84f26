//! Benchmarks of the server and of the terminal client, each beside the limit that a bare program sets; `make bench` runs them all.
//!
//! One program, because every program that is linked as the releases are costs a minute to build.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod client;
mod fanout;
mod files;
mod hooks;
mod import;
mod memory;
mod newest_page;
mod resume;
mod revocation;
mod rooms;
mod search;
mod sends;
mod start;
mod storm;

use clap::{Parser, Subcommand};

// As in the server: a bare program must not lose to it by its allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the server and the client beside what a bare program needs for the same.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Time from the start to the first answer.
    Start(start::Arguments),
    /// Durable sends per second.
    Sends(sends::Arguments),
    /// Time until a right that was taken away ends everywhere.
    Revocation(revocation::Arguments),
    /// Coming back after an absence.
    Resume(resume::Arguments),
    /// Everybody coming back at once.
    Storm(storm::Arguments),
    /// Newest page of a channel among many messages.
    NewestPage(newest_page::Arguments),
    /// Searches among many messages.
    Search(search::Arguments),
    /// A large file on its way up and down.
    Files(files::Arguments),
    /// A program's message by an incoming hook.
    Hooks(hooks::Arguments),
    /// A team's history on its way in.
    Import(import::Arguments),
    /// Memory of an idle connection.
    Memory(memory::Arguments),
    /// Processor time of a delivery.
    Fanout(fanout::Arguments),
    /// Latency of many small channels at once.
    Rooms(rooms::Arguments),
    /// Times, memory and bytes of the terminal client.
    Client(client::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().what {
        What::Start(arguments) => start::run(arguments),
        What::Sends(arguments) => sends::run(arguments),
        What::Revocation(arguments) => revocation::run(arguments),
        What::Resume(arguments) => resume::run(arguments),
        What::Storm(arguments) => storm::run(arguments),
        What::NewestPage(arguments) => newest_page::run(arguments),
        What::Search(arguments) => search::run(arguments),
        What::Files(arguments) => files::run(arguments),
        What::Hooks(arguments) => hooks::run(arguments),
        What::Import(arguments) => import::run(arguments),
        What::Memory(arguments) => memory::run(arguments),
        What::Fanout(arguments) => fanout::run(arguments),
        What::Rooms(arguments) => rooms::run(arguments),
        What::Client(arguments) => client::run(arguments),
    }
}
