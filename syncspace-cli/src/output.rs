//! The one place that prints: data on standard output, talk on standard error.

mod cell;
mod plain;
mod render;

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use syncspace_protocol::text::clean_text;

pub(crate) use cell::{Cell, Column, local_time};
pub(crate) use plain::{plain, plain_with};

use crate::args::{Color, Format, GlobalArgs};
use crate::exit::{CliError, Outcome};

/// A thing that commands show: as JSON by itself, as a row by its cells.
pub(crate) trait Record: Serialize {
    /// What several of it are called: "teams".
    const PLURAL: &'static str;
    /// Names of its cells.
    const COLUMNS: &'static [Column];

    /// Gives the cells in the order of the columns.
    fn cells(&self) -> Vec<Cell>;

    /// Gives it as a line of running text, where it is part of a log and a table would not do.
    fn line(&self) -> Option<String> {
        None
    }
}

/// Gives a number with what is counted: `1 message`, `2 messages`.
pub(crate) fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// What stands before and behind words that are to be seen at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Emphasis {
    pub(crate) begin: &'static str,
    pub(crate) end: &'static str,
}

/// Prints data and talk in the form that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    format: Format,
    quiet: bool,
    is_terminal: bool,
    colour: bool,
}

impl Output {
    /// Reads the global flags and what standard output is.
    pub(crate) fn new(global: &GlobalArgs) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour = is_terminal && global.color == Color::Auto && !no_color;
        Self { format: global.output, quiet: global.quiet, is_terminal, colour }
    }

    /// Prints one thing.
    pub(crate) fn record<T: Record>(&self, record: &T) -> Outcome {
        let text = match self.format {
            Format::Table => self.details(record),
            Format::Json => render::json_pretty(record)?,
            Format::Jsonl => render::json_line(record)?,
            Format::Csv => self.csv_header::<T>() + &self.csv_row(record),
        };
        write_out(&text)
    }

    /// Tells that a thing was made or changed: people get the sentence, programs the thing too.
    pub(crate) fn done<T: Record>(&self, sentence: &str, record: &T) -> Outcome {
        self.say(sentence);
        if self.is_table() { Ok(()) } else { self.record(record) }
    }

    /// Prints one entry of a log: as its line for people, as one thing for programs.
    pub(crate) fn entry<T: Record>(&self, record: &T) -> Outcome {
        match record.line() {
            Some(line) if self.is_table() => write_out(&(line + "\n")),
            _ => self.record(record),
        }
    }

    /// Prints several things.
    pub(crate) fn list<T: Record>(&self, records: &[T]) -> Outcome {
        let text = match self.format {
            Format::Table if records.is_empty() => {
                self.say(&format!("no {}", T::PLURAL));
                return Ok(());
            }
            Format::Table => self.table(records),
            Format::Json => render::json_pretty(records)?,
            Format::Jsonl => records.iter().map(render::json_line).collect::<Outcome<String>>()?,
            Format::Csv => {
                self.csv_header::<T>() + &records.iter().map(|record| self.csv_row(record)).collect::<String>()
            }
        };
        write_out(&text)
    }

    /// Starts a list whose end is not known yet: each item is printed as it comes, JSON one object per line.
    pub(crate) fn stream<T: Record>(&self) -> Outcome<Stream<'_>> {
        if self.format == Format::Csv {
            write_out(&self.csv_header::<T>())?;
        }
        Ok(Stream { output: self })
    }

    /// Prints text that is the data itself, such as a completion script.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Outcome {
        let mut out = io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush()).map_err(closed)
    }

    /// Says what was done, unless --quiet.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            talk(&clean_text(text));
        }
    }

    /// Says what went wrong.
    pub(crate) fn error(text: &str) {
        talk(&format!("error: {}", clean_text(text)));
    }

    /// Says what to do next.
    pub(crate) fn hint(text: &str) {
        talk(&format!("hint: {}", clean_text(text)));
    }

    /// Gives what marks words in a line; nothing where colour is not wanted.
    pub(crate) const fn emphasis(&self) -> Emphasis {
        if self.colour { render::EMPHASIS } else { Emphasis { begin: "", end: "" } }
    }

    /// Tells whether a progress bar would be seen and wanted.
    pub(crate) fn wants_progress(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Tells whether data goes out as a table for people.
    pub(crate) fn is_table(&self) -> bool {
        self.format == Format::Table
    }

    fn table<T: Record>(&self, records: &[T]) -> String {
        let lines: Option<String> = records.iter().map(|record| record.line().map(|line| line + "\n")).collect();
        if let Some(lines) = lines {
            return lines;
        }
        let width = self.is_terminal.then(terminal_width);
        render::table(records, width, self.colour)
    }

    fn details<T: Record>(&self, record: &T) -> String {
        render::details(record, self.colour)
    }

    fn csv_header<T: Record>(&self) -> String {
        render::csv_line(T::COLUMNS.iter().map(|column| column.name.to_owned()))
    }

    fn csv_row<T: Record>(&self, record: &T) -> String {
        let cell_text = |cell: Cell| {
            let text = cell.for_machines();
            if self.is_terminal { clean_text(&text).into_owned() } else { text }
        };
        render::csv_line(record.cells().into_iter().map(cell_text))
    }
}

/// A list whose end is not known yet.
pub(crate) struct Stream<'a> {
    output: &'a Output,
}

impl Stream<'_> {
    /// Prints the next item.
    pub(crate) fn push<T: Record>(&self, record: &T) -> Outcome {
        let text = match self.output.format {
            Format::Table => {
                record.line().map_or_else(|| self.output.table(std::slice::from_ref(record)), |line| line + "\n")
            }
            Format::Json | Format::Jsonl => render::json_line(record)?,
            Format::Csv => self.output.csv_row(record),
        };
        write_out(&text)
    }
}

fn write_out(text: &str) -> Outcome {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(closed)
}

fn talk(line: &str) {
    // Not eprintln: it panics where standard error is a closed pipe, and nobody is left to tell.
    drop(writeln!(io::stderr().lock(), "{line}"));
}

fn closed(error: io::Error) -> CliError {
    if error.kind() == io::ErrorKind::BrokenPipe {
        CliError::OutputClosed
    } else {
        CliError::Local { what: "cannot write to standard output".to_owned(), source: error }
    }
}

fn terminal_width() -> u16 {
    const FALLBACK: u16 = 80;
    // A terminal that has not been told its size says 0.
    crossterm::terminal::size().ok().map(|(columns, _)| columns).filter(|&columns| columns > 0).unwrap_or(FALLBACK)
}
