//! How commands end: the one mapping from what went wrong to an exit code, and what to do next.

use std::fmt;
use std::io;

use syncspace_client::ClientError;
use syncspace_protocol::ErrorCode;

/// Exit codes, as the help of the program itself tells them.
pub(crate) const EXIT_CODES_HELP: &str = "Exit codes:
    0  done
    1  failed
    2  the command line or a value in it is wrong
    3  cancelled at a question
    4  not logged in, or user name or password is wrong
    5  forbidden
    6  not found, or not visible to you
    7  conflict with what is there
    8  too many requests
    9  the server cannot be reached, or is busy
  130  interrupted by Ctrl+C

Environment:
  SYNCSPACE_SERVER     as --server
  SYNCSPACE_TEAM       as --team
  SYNCSPACE_STATE_DIR  directory of the credentials file
  SYNCSPACE_LOG        what to log on standard error, such as debug
  NO_COLOR             never use colour

Examples:
  syncspace login --server http://127.0.0.1:7420 --username alice
  syncspace team create eng
  syncspace channel create eng/general
  syncspace message send eng/general 'Hello'
  syncspace message tail eng/general --follow";

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Failed = 1,
    Usage = 2,
    Cancelled = 3,
    NotLoggedIn = 4,
    Forbidden = 5,
    NotFound = 6,
    Conflict = 7,
    RateLimited = 8,
    Unavailable = 9,
    Interrupted = 130,
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum CliError {
    /// The server or the way to it said no, while doing what `during` says.
    Client { during: Option<String>, hint: Option<String>, source: Box<ClientError> },
    /// The command line or a value in it is wrong.
    Usage(String),
    /// The person said no.
    Cancelled,
    /// There is no session for the server, or for any.
    NotLoggedIn(String),
    /// The person may not do that.
    Forbidden(String),
    /// There is no such thing.
    NotFound(String),
    /// What is there contradicts what is asked.
    Conflict(String),
    /// The server does not serve.
    Unavailable(String),
    /// Something on this machine failed.
    Local { what: String, source: io::Error },
    /// The person pressed Ctrl+C.
    Interrupted,
    /// Nobody reads standard output any more: end without a word.
    OutputClosed,
}

/// What every command gives.
pub(crate) type Outcome<T = ()> = Result<T, CliError>;

impl From<ClientError> for CliError {
    fn from(source: ClientError) -> Self {
        Self::Client { during: None, hint: None, source: Box::new(source) }
    }
}

/// Says what a client's error happened to.
pub(crate) trait During<T> {
    /// Puts `what` before the error: "cannot delete team eng".
    fn during(self, what: impl FnOnce() -> String) -> Outcome<T>;
}

impl<T> During<T> for Result<T, ClientError> {
    fn during(self, what: impl FnOnce() -> String) -> Outcome<T> {
        self.map_err(|source| CliError::Client { during: Some(what()), hint: None, source: Box::new(source) })
    }
}

/// Says what to do next where the code alone does not tell.
pub(crate) trait Hint {
    /// Puts a hint below the error where the server, or the way to it, gave it for such a reason.
    fn hint_where(self, is_it: impl FnOnce(&ClientError) -> bool, words: impl FnOnce() -> String) -> Self;
}

impl<T> Hint for Outcome<T> {
    fn hint_where(mut self, is_it: impl FnOnce(&ClientError) -> bool, words: impl FnOnce() -> String) -> Self {
        if let Err(CliError::Client { hint, source, .. }) = &mut self
            && is_it(source)
        {
            *hint = Some(words());
        }
        self
    }
}

/// Tells whether what was typed to show who one is was wrong: a password, or a code.
pub(crate) fn is_wrong_secret(error: &ClientError) -> bool {
    error.code() == Some(ErrorCode::InvalidCredentials)
}

impl CliError {
    /// Gives the exit code; none for an end that is no failure.
    pub(crate) fn exit(&self) -> Option<Exit> {
        match self {
            Self::Client { source, .. } => Some(of_client(source)),
            Self::Usage(_) => Some(Exit::Usage),
            Self::Cancelled => Some(Exit::Cancelled),
            Self::NotLoggedIn(_) => Some(Exit::NotLoggedIn),
            Self::Forbidden(_) => Some(Exit::Forbidden),
            Self::NotFound(_) => Some(Exit::NotFound),
            Self::Conflict(_) => Some(Exit::Conflict),
            Self::Unavailable(_) => Some(Exit::Unavailable),
            Self::Local { .. } => Some(Exit::Failed),
            Self::Interrupted => Some(Exit::Interrupted),
            Self::OutputClosed => None,
        }
    }

    /// Says what to do next, where that is known.
    pub(crate) fn hint(&self, server: Option<&str>, has_token: bool) -> Option<String> {
        let Self::Client { source, hint, .. } = self else { return None };
        if let Some(hint) = hint {
            return Some(hint.clone());
        }
        if let Some(wait) = source.retry_after() {
            return Some(format!("try again in {} s", wait.as_secs().max(1)));
        }
        match source.as_ref() {
            ClientError::Unreachable { .. } | ClientError::TimedOut => {
                Some("check the address, and that the server runs".to_owned())
            }
            ClientError::NotLoggedIn { server } => Some(login_hint(Some(&server.to_string()))),
            _ if has_token && source.is_logged_out() => Some(TOKEN_HINT.to_owned()),
            _ => hint_for(source.code()?, server),
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client { during: Some(during), source, .. } => write!(f, "{during}: {}", chain(source)),
            Self::Client { during: None, source, .. } => f.write_str(&chain(source)),
            Self::Usage(text)
            | Self::NotLoggedIn(text)
            | Self::Forbidden(text)
            | Self::NotFound(text)
            | Self::Conflict(text)
            | Self::Unavailable(text) => f.write_str(text),
            Self::Cancelled => f.write_str("cancelled; nothing was changed"),
            Self::Local { what, source } => write!(f, "{what}: {source}"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::OutputClosed => f.write_str("standard output was closed"),
        }
    }
}

/// What to do where the token in the environment is worth nothing.
const TOKEN_HINT: &str = "make another one with `syncspace token create`, and put it into SYNCSPACE_TOKEN";

/// Says how to log in.
pub(crate) fn login_hint(server: Option<&str>) -> String {
    format!("run `syncspace login --server {}`", server.unwrap_or("URL"))
}

fn of_client(error: &ClientError) -> Exit {
    match error {
        ClientError::Unreachable { .. } | ClientError::TimedOut => Exit::Unavailable,
        ClientError::NotLoggedIn { .. } => Exit::NotLoggedIn,
        ClientError::Address(_) => Exit::Usage,
        _ => error.code().map_or(Exit::Failed, of_code),
    }
}

/// Gives the exit code of a server's refusal.
const fn of_code(code: ErrorCode) -> Exit {
    match code {
        ErrorCode::InvalidField | ErrorCode::TooLarge => Exit::Usage,
        ErrorCode::Unauthenticated
        | ErrorCode::TokenExpired
        | ErrorCode::InvalidCredentials
        | ErrorCode::SessionEnded => Exit::NotLoggedIn,
        ErrorCode::Forbidden | ErrorCode::RegistrationClosed => Exit::Forbidden,
        ErrorCode::NotFound => Exit::NotFound,
        ErrorCode::NameTaken
        | ErrorCode::ClientIdReused
        | ErrorCode::KeyReused
        | ErrorCode::LastOwner
        | ErrorCode::Archived
        | ErrorCode::Conflict => Exit::Conflict,
        ErrorCode::RateLimited => Exit::RateLimited,
        ErrorCode::Busy | ErrorCode::Unavailable => Exit::Unavailable,
        ErrorCode::InvalidBody
        | ErrorCode::UnknownOp
        | ErrorCode::MethodNotAllowed
        | ErrorCode::ReloadRequired
        | ErrorCode::RangeNotSatisfiable
        | ErrorCode::UnsupportedMediaType
        | ErrorCode::TargetFailed
        | ErrorCode::Internal
        | ErrorCode::Unknown => Exit::Failed,
    }
}

fn hint_for(code: ErrorCode, server: Option<&str>) -> Option<String> {
    let hint = match code {
        ErrorCode::Unauthenticated | ErrorCode::TokenExpired | ErrorCode::SessionEnded => {
            return Some(login_hint(server));
        }
        ErrorCode::LastOwner => "make somebody else owner first: `syncspace member edit TEAM @USER --role owner`",
        ErrorCode::Archived => "restore it first: `syncspace channel restore TEAM/CHANNEL`",
        _ => return None,
    };
    Some(hint.to_owned())
}

/// Writes an error and what is at the root of it in one line; what lies between repeats the two.
fn chain(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut root = error.source();
    while let Some(below) = root.and_then(std::error::Error::source) {
        root = Some(below);
    }
    match root.map(ToString::to_string) {
        Some(root) if !text.contains(&root) => format!("{text}: {root}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exit code by error code: what scripts rely on. A new error code fails here until it has its place.
    #[test]
    fn every_error_code_has_its_exit_code() {
        let expected = |code: ErrorCode| match code.http_status() {
            _ if matches!(code, ErrorCode::InvalidField | ErrorCode::TooLarge) => 2,
            401 => 4,
            403 => 5,
            404 => 6,
            409 => 7,
            429 => 8,
            503 => 9,
            _ => 1,
        };
        for &code in ErrorCode::ALL {
            assert_eq!(of_code(code) as u8, expected(code), "{code:?}");
        }
    }

    #[test]
    fn every_exit_code_is_in_the_help() {
        let all = [
            Exit::Failed,
            Exit::Usage,
            Exit::Cancelled,
            Exit::NotLoggedIn,
            Exit::Forbidden,
            Exit::NotFound,
            Exit::Conflict,
            Exit::RateLimited,
            Exit::Unavailable,
            Exit::Interrupted,
        ];
        for exit in all {
            let line = format!("\n{:>5}  ", exit as u8);
            assert!(EXIT_CODES_HELP.contains(&line), "{exit:?}");
        }
    }

    #[test]
    fn only_a_closed_output_is_no_failure() {
        assert_eq!(CliError::OutputClosed.exit(), None);
        assert_eq!(CliError::Cancelled.exit(), Some(Exit::Cancelled));
        assert_eq!(CliError::Interrupted.exit(), Some(Exit::Interrupted));
    }
}
