//! Questions to the person, and secrets that come some other way than the command line.

use std::fs;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::Path;

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

use syncspace_protocol::limits::MESSAGE_BYTES_MAX;

use crate::exit::{CliError, Outcome};

/// Longest secret or line that is read, in bytes: more is a mistake.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Runs a question on a thread where it may block, so that Ctrl+C is still heard.
pub(crate) async fn blocking<T: Send + 'static>(ask: impl FnOnce() -> Outcome<T> + Send + 'static) -> Outcome<T> {
    match tokio::task::spawn_blocking(ask).await {
        Ok(answer) => answer,
        Err(error) => Err(local("cannot ask", error.into())),
    }
}

/// Tells whether there is a person to ask.
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Tells whether standard input is a terminal.
pub(crate) fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Tells whether standard output is a terminal.
pub(crate) fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Reads standard input to its end as the text of one message, without the newlines at its end.
pub(crate) fn message_from_stdin() -> Outcome<String> {
    let most = u64::try_from(MESSAGE_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(most + 2).read_to_end(&mut bytes);
    read.map_err(|error| local("cannot read standard input", error))?;
    let text = String::from_utf8(bytes).map_err(|_| CliError::Usage("standard input is not UTF-8 text".to_owned()))?;
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return Err(CliError::Usage("standard input is empty: there is nothing to send".to_owned()));
    }
    if text.len() > MESSAGE_BYTES_MAX {
        return Err(CliError::Usage(format!("the text is longer than the {MESSAGE_BYTES_MAX} bytes of a message")));
    }
    Ok(text.to_owned())
}

/// Asks for one line.
pub(crate) fn line(question: &str) -> Outcome<String> {
    write_prompt(question)?;
    let mut answer = String::new();
    let bytes = io::stdin().lock().read_line(&mut answer).map_err(|error| local("cannot read the answer", error))?;
    if bytes == 0 { Err(CliError::Cancelled) } else { Ok(answer.trim().to_owned()) }
}

/// Asks for a yes; anything else is a no.
pub(crate) fn yes(question: &str) -> Outcome<bool> {
    let answer = line(&format!("{question} [y/N] "))?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

/// Asks for a password without showing it.
pub(crate) fn password(question: &str) -> Outcome<String> {
    let answer = {
        // Hidden before the question is seen: whoever answers at once is not shown either.
        let _raw = RawMode::enter()?;
        write_prompt(question)?;
        read_hidden()
    };
    write_prompt("\n")?;
    answer
}

/// Reads the first line of standard input.
pub(crate) fn first_line_of_stdin() -> Outcome<String> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .take(SECRET_BYTES_MAX)
        .read_line(&mut text)
        .map_err(|error| local("cannot read standard input", error))?;
    let line = text.trim_end_matches(['\n', '\r']);
    if line.is_empty() { Err(CliError::Usage("standard input is empty".to_owned())) } else { Ok(line.to_owned()) }
}

/// Reads a file that holds one secret, without the newline at its end.
pub(crate) fn secret_file(path: &Path) -> Outcome<String> {
    let what = || format!("cannot read {}", path.display());
    let mut text = String::new();
    fs::File::open(path)
        .and_then(|file| file.take(SECRET_BYTES_MAX).read_to_string(&mut text))
        .map_err(|source| CliError::Local { what: what(), source })?;
    let secret = text.trim_end_matches(['\n', '\r']);
    if secret.is_empty() { Err(CliError::Usage(format!("{} is empty", path.display()))) } else { Ok(secret.to_owned()) }
}

fn write_prompt(text: &str) -> Outcome {
    let mut out = io::stderr().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| local("cannot ask", error))
}

fn local(what: &str, source: io::Error) -> CliError {
    CliError::Local { what: what.to_owned(), source }
}

fn read_hidden() -> Outcome<String> {
    let mut typed = String::new();
    loop {
        let Event::Key(key) = read().map_err(|error| local("cannot read the terminal", error))? else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => return Ok(typed),
            KeyCode::Char('c') if control => return Err(CliError::Interrupted),
            KeyCode::Char('d') if control && typed.is_empty() => return Err(CliError::Cancelled),
            KeyCode::Char('u') if control => typed.clear(),
            KeyCode::Char('j' | 'm') if control => return Ok(typed),
            KeyCode::Char(c) if !control => typed.push(c),
            KeyCode::Backspace => {
                typed.pop();
            }
            _ => {}
        }
    }
}

/// The terminal without echo; as it was again when this goes away.
struct RawMode;

impl RawMode {
    fn enter() -> Outcome<Self> {
        enable_raw_mode().map(|()| Self).map_err(|error| local("cannot hide what is typed", error))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // Nothing can be done where the terminal is gone.
        drop(disable_raw_mode());
    }
}
