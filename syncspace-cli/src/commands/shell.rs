//! `completion` and `man`, made from the command tree itself.

use std::io;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::generate;
use clap_mangen::Man;

use crate::args::{Cli, shell as args};
use crate::context::Context;
use crate::exit::{CliError, Outcome};

pub(super) fn completion(context: &Context, args: &args::Completion) -> Outcome {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "syncspace", &mut script);
    context.out.raw(&script)
}

pub(super) fn man(context: &Context, args: args::Man) -> Outcome {
    let mut command = Cli::command();
    command.build();
    let Some(dir) = args.dir else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page).map_err(|error| local("cannot write the manual page", error))?;
        return context.out.raw(&page);
    };
    if context.only_plans(|| format!("write manual pages into {}", dir.display()))? {
        return Ok(());
    }
    let failed = |error| local(&format!("cannot write into {}", dir.display()), error);
    std::fs::create_dir_all(&dir).map_err(failed)?;
    let pages = write_pages(command, &dir).map_err(failed)?;
    context.out.say(&format!("{pages} manual pages written into {}", dir.display()));
    Ok(())
}

/// Writes the page of a command and those of everything below it.
fn write_pages(command: clap::Command, dir: &Path) -> io::Result<usize> {
    let mut pages = 1;
    for below in command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help") {
        pages += write_pages(below.clone(), dir)?;
    }
    Man::new(command).generate_to(dir)?;
    Ok(pages)
}

fn local(what: &str, source: io::Error) -> CliError {
    CliError::Local { what: what.to_owned(), source }
}
