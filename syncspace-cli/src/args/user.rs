//! `user …`

use clap::{Args, Subcommand};
use syncspace_protocol::{Time, Username};

use super::ListArgs;
use super::account::PasswordArgs;
use super::values::yes_no;

/// `user …`
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// List the people who share a team with you; as an administrator, everybody.
    ///
    /// --query finds them by the beginnings of words in their names; with one of the filters of administrators, by any part of
    /// username or e-mail address.
    #[command(after_help = "Examples:
  syncspace user list
  syncspace user list --query 'al smi'
  syncspace user list --query smith --output csv
  syncspace user list --active no
  syncspace user list --unclaimed yes
  syncspace user list --active yes --unseen-since 2026-08-01T00:00")]
    List(List),
    /// Show one person.
    #[command(after_help = "Examples:
  syncspace user show @alice
  syncspace user show 7 --output json")]
    Show {
        /// `@alice`, `alice` or an id.
        user: String,
    },
    /// Make an account (administrators).
    ///
    /// The first password is asked for at the terminal, or comes by --password-stdin or --password-file.
    #[command(after_help = "Examples:
  syncspace user create bob --full-name 'Bob Smith' --email bob@example.org
  pwgen -s 20 1 | tee bob.secret | syncspace user create bob --password-stdin")]
    Create(Create),
    /// Change a person's profile; your own, or anybody's as an administrator.
    #[command(after_help = "Examples:
  syncspace user edit @bob --full-name 'Bob Smith'
  syncspace user edit @bob --email ''
  syncspace user edit @alice --time-zone Europe/Berlin
  syncspace user edit @bob --admin yes
  syncspace user edit @bob --active yes")]
    Edit(Edit),
    /// Write what the server keeps of you into a file, one JSON object per line; of anybody as an administrator.
    #[command(after_help = "Examples:
  syncspace user export --out me.jsonl
  syncspace user export @bob --out bob.jsonl
  syncspace user export --out - | jq -r 'select(.type == \"message\") | .data.content'")]
    Export {
        /// `@alice`, `alice` or an id; you where absent.
        user: Option<String>,
        /// The file that is written; `-` for standard output.
        #[arg(long, value_name = "FILE")]
        out: std::path::PathBuf,
        /// Overwrite what is there.
        #[arg(long)]
        force: bool,
    },
    /// Keep quiet about what a person writes in a team, on all your devices; it is delivered and counted as ever.
    #[command(after_help = "Examples:
  syncspace user mute @bob --team eng")]
    Mute {
        /// `@alice`, `alice` or an id.
        user: String,
    },
    /// Keep quiet about a person no longer.
    #[command(after_help = "Examples:
  syncspace user unmute @bob --team eng")]
    Unmute {
        /// `@alice`, `alice` or an id.
        user: String,
    },
    /// List whom you have muted in a team.
    #[command(after_help = "Examples:
  syncspace user muted --team eng")]
    Muted(ListArgs),
    /// Show yourself by a picture: a PNG, JPEG, GIF or WebP file of up to 1 MiB, which anyone may see.
    #[command(after_help = "Examples:
  syncspace user avatar me.png
  syncspace user edit @alice --avatar-url ''   # no picture")]
    Avatar {
        /// The picture.
        file: std::path::PathBuf,
    },
    /// Make a code by which a person sets a new password, once (administrators). Codes made before end by that.
    ///
    /// Hand it over by a way that only the person reads. `syncspace password reset` and the chat's login page take it.
    #[command(after_help = "Examples:
  syncspace user reset-password @bob
  syncspace user reset-password @bob --for 1h --output json | jq -r .code")]
    ResetPassword {
        /// `@alice`, `alice` or an id.
        user: String,
        /// How long it holds, like 30m or 12h; a day where absent.
        #[arg(long = "for", value_name = "TIME", value_parser = super::values::seconds)]
        for_s: Option<u32>,
    },
    /// Hand imported accounts to their people (administrators): switched on, with a code for the first password.
    ///
    /// Without names those of the team --team whose people have set no password yet. The server mails the code where it sends
    /// mail and the account has an address; other codes are printed: give each to its person alone, who takes it to `syncspace
    /// password reset` or the chat's login page. Once more makes new codes.
    #[command(after_help = "Examples:
  syncspace user hand-over --team eng --dry-run
  syncspace user hand-over --team eng --yes --output csv > codes.csv
  syncspace user hand-over @bob @carol --for 2d")]
    HandOver {
        /// `@alice`, `alice` or ids.
        users: Vec<String>,
        /// How long the codes hold, like 12h or 2d; a week where absent.
        #[arg(long = "for", value_name = "TIME", value_parser = super::values::seconds)]
        for_s: Option<u32>,
    },
    /// Switch an account off (administrators): its sessions end, its messages stay.
    ///
    /// It can be neither your own nor the last administrator's.
    #[command(after_help = "Examples:
  syncspace user deactivate @bob
  syncspace user deactivate @bob --yes")]
    Deactivate {
        /// `@alice`, `alice` or an id.
        user: String,
    },
    /// Switch an account on again (administrators), with the password that it had.
    ///
    /// One that was imported has none: `syncspace user hand-over` gives it to its person.
    #[command(after_help = "Examples:
  syncspace user reactivate @bob")]
    Reactivate {
        /// `@alice`, `alice` or an id.
        user: String,
    },
    /// Erase a person's data (administrators): the account loses its name at once, what the person wrote goes after it.
    ///
    /// Shows what would go, and asks for the username before it does anything; nothing undoes it. Text of others stays, also
    /// where it names the person. Teams that nobody else owns come first: make somebody else an owner, or delete them.
    #[command(after_help = "Examples:
  syncspace user erase @bob --dry-run
  syncspace user erase @bob
  syncspace user erase @bob --yes --output json")]
    Erase {
        /// `@alice`, `alice` or an id.
        user: String,
    },
    /// List who was erased or is being erased, and how far that is (administrators).
    #[command(after_help = "Examples:
  syncspace user erasures
  syncspace user erasures --output jsonl | jq -r 'select(.finished_at == null) | .user_id'")]
    Erasures(ListArgs),
}

/// `user list`
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) part: ListArgs,
    /// Only accounts that are switched on, or off (administrators).
    #[arg(long, value_name = "YES|NO", hide_possible_values = true, value_parser = yes_no())]
    pub(crate) active: Option<bool>,
    /// Only those who administer the server, or the others (administrators).
    #[arg(long, value_name = "YES|NO", hide_possible_values = true, value_parser = yes_no())]
    pub(crate) admin: Option<bool>,
    /// Only imported accounts whose people have set no password yet, or the others (administrators).
    #[arg(long, value_name = "YES|NO", hide_possible_values = true, value_parser = yes_no())]
    pub(crate) unclaimed: Option<bool>,
    /// Only people who were there then or later (administrators).
    #[arg(long, value_name = "TIME", value_parser = super::values::time)]
    pub(crate) seen_since: Option<Time>,
    /// Only people who were not there since then (administrators).
    #[arg(long, value_name = "TIME", value_parser = super::values::time)]
    pub(crate) unseen_since: Option<Time>,
}

impl List {
    /// Tells whether an administrator's filter is wanted.
    pub(crate) const fn is_of_accounts(&self) -> bool {
        self.active.is_some()
            || self.admin.is_some()
            || self.unclaimed.is_some()
            || self.seen_since.is_some()
            || self.unseen_since.is_some()
    }
}

/// `user create`
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Name to log in with and to be mentioned by.
    pub(crate) username: Username,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    /// E-mail address.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<syncspace_protocol::Email>,
    /// Name as people write it.
    #[arg(long, value_name = "NAME")]
    pub(crate) full_name: Option<String>,
    /// Make the account an administrator of the server.
    #[arg(long)]
    pub(crate) admin: bool,
}

/// `user edit`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true)
    .args(["full_name", "email", "avatar_url", "time_zone", "active", "admin"]))]
pub(crate) struct Edit {
    /// `@alice`, `alice` or an id.
    pub(crate) user: String,
    /// Name as people write it; '' clears it.
    #[arg(long, value_name = "NAME")]
    pub(crate) full_name: Option<String>,
    /// E-mail address; '' clears it.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<String>,
    /// Address of a picture; '' clears it.
    #[arg(long, value_name = "URL")]
    pub(crate) avatar_url: Option<String>,
    /// Time zone by its IANA name, like Europe/Berlin; '' clears it.
    #[arg(long, value_name = "ZONE")]
    pub(crate) time_zone: Option<String>,
    /// Switch the account on or off (administrators).
    #[arg(long, value_name = "YES|NO", hide_possible_values = true, value_parser = yes_no())]
    pub(crate) active: Option<bool>,
    /// Make the person an administrator of the server, or no longer one (administrators).
    #[arg(long, value_name = "YES|NO", hide_possible_values = true, value_parser = yes_no())]
    pub(crate) admin: Option<bool>,
}
