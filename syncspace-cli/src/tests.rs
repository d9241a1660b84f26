//! Facts about the whole command tree.

use clap::{Command, CommandFactory, Parser};

use crate::args::Cli;

/// Calls `check` with every command that does something, and its path.
fn each_leaf(command: &Command, path: &str, check: &mut impl FnMut(&Command, &str)) {
    let path = format!("{path} {}", command.get_name());
    if command.get_subcommands().next().is_none() {
        check(command, path.trim());
    }
    for below in command.get_subcommands() {
        each_leaf(below, &path, check);
    }
}

#[test]
fn the_command_tree_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_says_what_it_does_and_shows_an_example() {
    let mut leaves = 0;
    each_leaf(&Cli::command(), "", &mut |command, path| {
        leaves += 1;
        assert!(command.get_about().is_some(), "{path} has no about");
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.starts_with("Examples:\n"), "{path} has no examples");
        assert!(
            help.contains(&format!("{path} ")) || help.contains(&format!("{path}\n")) || help.ends_with(path),
            "no example of {path} shows it:\n{help}"
        );
    });
    assert!(leaves > 40, "the tree has {leaves} commands");
}

#[test]
fn every_example_is_a_command_that_parses() {
    each_leaf(&Cli::command(), "", &mut |command, path| {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        for example in help.lines().skip(1) {
            for words in commands_in(example) {
                let parsed = Cli::try_parse_from(&words);
                assert!(parsed.is_ok(), "{path}: {words:?}: {}", parsed.expect_err("an error"));
            }
        }
    });
}

/// Gives the words of each `syncspace …` in a line of shell.
fn commands_in(line: &str) -> Vec<Vec<String>> {
    let line = line.split("   #").next().unwrap_or_default();
    let mut last: Option<usize> = None;
    // The name stands in a command, too: it begins one only where nothing else does.
    let begins = |at: usize, last: Option<usize>| last.is_none_or(|last| line[last..at].contains(['|', ';', '(', '&']));
    let starts = line.match_indices("syncspace ").map(|(at, _)| at).filter(|&at| {
        let is_start = begins(at, last);
        last = if is_start { Some(at) } else { last };
        is_start
    });
    let is_word = |at: usize| line[..at].chars().next_back().is_none_or(|c| matches!(c, ' ' | '('));
    starts.filter(|&at| is_word(at)).map(|at| words(&line[at..])).collect()
}

/// Splits shell into words, up to the end of the first command; knows single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut is_quoted = false;
    for c in line.chars() {
        match c {
            '\'' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            '|' | ';' | ')' | '<' | '>' if !is_quoted => break,
            ' ' if !is_quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[test]
fn no_flag_takes_a_secret() {
    each_leaf(&Cli::command(), "", &mut |command, path| {
        for flag in command.get_arguments() {
            let name = flag.get_id().as_str();
            let is_secret = ["password", "token", "secret"].iter().any(|word| name.contains(word));
            let takes_it = flag.get_action().takes_values() && !name.ends_with("_file");
            assert!(!(is_secret && takes_it), "{path} takes a secret on the command line: {name}");
        }
    });
}

#[test]
fn an_edit_that_changes_nothing_is_refused() {
    for words in [&["user", "edit", "@bob"][..], &["team", "edit", "eng"], &["channel", "edit", "eng/general"]] {
        let line = std::iter::once("syncspace").chain(words.iter().copied());
        assert!(Cli::try_parse_from(line).is_err(), "{words:?}");
    }
}
