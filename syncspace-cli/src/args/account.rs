//! `login`, `register`, `logout`, `whoami`, `server`, `session`, `account`, `password`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use syncspace_protocol::{Email, SessionId, Username};

/// Where a password comes from, where it is not typed at the prompt.
#[derive(Debug, Args)]
pub(crate) struct PasswordArgs {
    /// Read the password from standard input, up to the end of its first line.
    #[arg(long, conflicts_with = "password_file")]
    pub(crate) password_stdin: bool,
    /// Read the password from this file, without the newline at its end.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

/// Log in to a server and keep the session for the commands that follow.
///
/// The password is asked for at the terminal, or comes by --password-stdin or --password-file; it is never part of the
/// command line. The session is kept in a file that only you can read.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  syncspace login --server http://127.0.0.1:7420 --username alice
  pass show chat | syncspace login --username alice --password-stdin")]
pub(crate) struct Login {
    /// User name or e-mail address; asked for where absent.
    #[arg(long, short = 'u', value_name = "NAME")]
    pub(crate) username: Option<String>,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    /// Name of this device in `session list`.
    #[arg(long, value_name = "NAME")]
    pub(crate) device_name: Option<String>,
}

/// Make an account on a server and log in with it.
///
/// Where the server takes nobody without an invite, give --invite-code. The first administrator gives the bootstrap
/// token that the server printed when it started for the first time.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  syncspace register --server http://127.0.0.1:7420 --username alice
  syncspace register -u root --bootstrap-token-file /var/lib/syncspace/bootstrap-token
  syncspace register -u bob --invite-code k3Jx… --password-file bob.secret")]
pub(crate) struct Register {
    /// Name to log in with and to be mentioned by; asked for where absent.
    #[arg(long, short = 'u', value_name = "NAME")]
    pub(crate) username: Option<Username>,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    /// E-mail address.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<Email>,
    /// Name as people write it.
    #[arg(long, value_name = "NAME")]
    pub(crate) full_name: Option<String>,
    /// File with the server's bootstrap token: makes the first account an administrator.
    #[arg(long, value_name = "FILE")]
    pub(crate) bootstrap_token_file: Option<PathBuf>,
    /// Code of an invite to a team; `-` reads it from standard input.
    #[arg(long, value_name = "CODE", allow_hyphen_values = true)]
    pub(crate) invite_code: Option<String>,
    /// Name of this device in `session list`.
    #[arg(long, value_name = "NAME")]
    pub(crate) device_name: Option<String>,
}

/// End this session, here and on the server.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  syncspace logout
  syncspace logout --server https://chat.example.org")]
pub(crate) struct Logout {}

/// Show who you are logged in as, and where.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  syncspace whoami
  syncspace whoami --output json | jq -r .username")]
pub(crate) struct Whoami {}

/// `session …`
#[derive(Debug, Subcommand)]
pub(crate) enum Session {
    /// List the devices that are logged in with your account.
    #[command(after_help = "Examples:
  syncspace session list")]
    List(super::ListLimit),
    /// End a session: its device has to log in again.
    #[command(after_help = "Examples:
  syncspace session end 12")]
    End {
        /// Number of the session, from `session list`.
        session: SessionId,
    },
}

/// `account …`
#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// Confirm your e-mail address by the code that was mailed to it.
    #[command(after_help = "Examples:
  syncspace account verify k3Jx…
  syncspace account verify - < code.txt")]
    Verify {
        /// The code; `-` reads it from standard input.
        #[arg(allow_hyphen_values = true)]
        code: String,
    },
    /// Have another code mailed to your address that is not confirmed yet.
    #[command(after_help = "Examples:
  syncspace account send-code")]
    SendCode,
    /// Give your account another e-mail address; where the server sends mail, it counts once it is confirmed.
    #[command(after_help = "Examples:
  syncspace account email alice@example.org
  syncspace account email ''")]
    Email {
        /// The address; empty takes it away.
        address: String,
    },
}

/// `password …`
#[derive(Debug, Subcommand)]
pub(crate) enum Password {
    /// Change your password; every other session of your account ends.
    #[command(after_help = "Examples:
  syncspace password change
  printf '%s\\n%s\\n' \"$OLD\" \"$NEW\" | syncspace password change --password-stdin")]
    Change {
        /// Read the present password from the first line of standard input, the new one from the second.
        #[arg(long, conflicts_with_all = ["current_password_file", "new_password_file"])]
        password_stdin: bool,
        /// File with the present password.
        #[arg(long, value_name = "FILE", requires = "new_password_file")]
        current_password_file: Option<PathBuf>,
        /// File with the new password.
        #[arg(long, value_name = "FILE", requires = "current_password_file")]
        new_password_file: Option<PathBuf>,
    },
    /// Have a code for a new password mailed to your address, for `password reset`.
    ///
    /// The server does not say whether there is such an account. Where it sends no mail, an administrator of it makes the code.
    #[command(after_help = "Examples:
  syncspace password forgot --server https://chat.example.org alice")]
    Forgot {
        /// User name or e-mail address; asked for where absent.
        username: Option<String>,
    },
    /// Set a new password by the code that was mailed to you, or that an administrator gave you, and log in; all your sessions
    /// end.
    #[command(after_help = "Examples:
  syncspace password reset --server https://chat.example.org
  printf '%s\\n%s\\n' \"$CODE\" \"$NEW\" | syncspace password reset --stdin")]
    Reset {
        /// Read the code from the first line of standard input, the new password from the second.
        #[arg(long)]
        stdin: bool,
    },
}
