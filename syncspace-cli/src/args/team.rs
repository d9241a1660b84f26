//! `team …`

use clap::{Args, Subcommand};
use syncspace_protocol::limits::{INVITE_LIFE_S_MAX, INVITE_USES_MAX};
use syncspace_protocol::{Email, InviteId, TeamName};

use super::values::{HowToJoin, Kept, Role, kept, seconds, yes_no};
use super::{ListArgs, ListLimit};

/// `team …`
#[derive(Debug, Subcommand)]
pub(crate) enum Team {
    /// List your teams and the public ones.
    #[command(after_help = "Examples:
  syncspace team list
  syncspace team list --output jsonl | jq -r .name")]
    List(ListArgs),
    /// Show one team, and what you are in it.
    #[command(after_help = "Examples:
  syncspace team show eng")]
    Show {
        /// Name or id of the team.
        team: String,
    },
    /// Make a team; you become its owner.
    #[command(after_help = "Examples:
  syncspace team create eng --description 'Engineering' --public
  id=$(syncspace team create eng --output json | jq .id)")]
    Create {
        /// Its name, unique on the server.
        name: TeamName,
        /// What it is for.
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Let anyone on the server find and join it; `team settings --joining` has them ask or be invited instead.
        #[arg(long)]
        public: bool,
    },
    /// Change a team.
    #[command(after_help = "Examples:
  syncspace team edit eng --name engineering
  syncspace team edit eng --description '' --public no")]
    Edit(Edit),
    /// Show a team by a picture: a PNG, JPEG, GIF or WebP file of up to 1 MiB, which anyone may see.
    #[command(after_help = "Examples:
  syncspace team avatar eng logo.png")]
    Avatar {
        /// Name or id of the team.
        team: String,
        /// The picture.
        file: std::path::PathBuf,
    },
    /// Delete a team with all its channels and messages.
    #[command(after_help = "Examples:
  syncspace team delete eng
  syncspace team delete eng --yes")]
    Delete {
        /// Name or id of the team.
        team: String,
    },
    /// Write everything that is public in a team into a file, one JSON object per line; for its owners.
    ///
    /// `import syncspace` reads it, on this server or another one.
    #[command(after_help = "Examples:
  syncspace team export eng --out eng.jsonl --files eng.files
  syncspace team export eng --out - | jq -r 'select(.type == \"message\") | .content'
  syncspace team export eng --out eng.jsonl --include-private   # who administers the server")]
    Export(Export),
    /// Join a public team that lets people in by themselves.
    #[command(after_help = "Examples:
  syncspace team join eng")]
    Join {
        /// Name or id of the team.
        team: String,
    },
    /// Ask to come into a team that takes people in on request; asking again changes your message.
    #[command(after_help = "Examples:
  syncspace team request eng --message 'I take over the builds'
  syncspace team request eng --withdraw")]
    Request {
        /// Name or id of the team.
        team: String,
        /// A line for those who decide.
        #[arg(long, value_name = "TEXT")]
        message: Option<String>,
        /// Take your request back.
        #[arg(long, conflicts_with = "message")]
        withdraw: bool,
    },
    /// List who asks to come into a team; without a team, what you asked yourself.
    #[command(after_help = "Examples:
  syncspace team requests eng
  syncspace team requests
  syncspace team requests eng --output jsonl | jq -r .username")]
    Requests {
        /// Name or id of the team.
        #[arg(value_name = "TEAM")]
        target: Option<String>,
        #[command(flatten)]
        part: ListLimit,
    },
    /// Take a person in who asked.
    #[command(after_help = "Examples:
  syncspace team accept eng @carol")]
    Accept {
        /// Name or id of the team.
        team: String,
        /// `@bob`, `bob` or an id.
        user: String,
    },
    /// Say no to a person who asked; the person may ask again after a day.
    #[command(after_help = "Examples:
  syncspace team decline eng @carol")]
    Decline {
        /// Name or id of the team.
        team: String,
        /// `@bob`, `bob` or an id.
        user: String,
    },
    /// Leave a team.
    #[command(after_help = "Examples:
  syncspace team leave eng --yes")]
    Leave {
        /// Name or id of the team.
        team: String,
    },
    /// Hand your ownership of a team to another member; you become an admin.
    #[command(after_help = "Examples:
  syncspace team transfer eng @bob
  syncspace team transfer eng @bob --yes")]
    Transfer {
        /// Name or id of the team.
        team: String,
        /// `@bob`, `bob` or an id.
        user: String,
    },
    /// Keep a person out of a team, and remove one who is in it.
    #[command(after_help = "Examples:
  syncspace team ban eng @mallory")]
    Ban {
        /// Name or id of the team.
        team: String,
        /// `@bob`, `bob` or an id.
        user: String,
    },
    /// Let a person in again who was kept out.
    #[command(after_help = "Examples:
  syncspace team unban eng @mallory")]
    Unban {
        /// Name or id of the team.
        team: String,
        /// `@bob`, `bob` or an id.
        user: String,
    },
    /// List who is kept out of a team.
    #[command(after_help = "Examples:
  syncspace team bans eng")]
    Bans {
        /// Name or id of the team.
        team: String,
        #[command(flatten)]
        part: ListArgs,
    },
    /// List or choose the public channels that newcomers of a team come into by themselves.
    #[command(after_help = "Examples:
  syncspace team default-channels eng
  syncspace team default-channels eng --add general --add random --remove old")]
    DefaultChannels {
        /// Name or id of the team.
        team: String,
        /// Name of a channel that newcomers are to come into; may be given several times.
        #[arg(long, value_name = "CHANNEL")]
        add: Vec<String>,
        /// Name of a channel that they are to come into no longer; may be given several times.
        #[arg(long, value_name = "CHANNEL")]
        remove: Vec<String>,
    },
    /// Show or change who may do what in a team, and how one comes into it.
    ///
    /// Where a role is set, it is the least one that may.
    #[command(after_help = "Examples:
  syncspace team settings eng
  syncspace team settings eng --joining request --invite member
  syncspace team settings eng --create-public admin --create-private admin --mention-all admin
  syncspace team settings eng --edit-within 15m
  syncspace team settings eng --edit-within never   # or always")]
    Settings(Settings),
    /// Show how long messages are kept in channels that do not say it themselves, or settle it (its admins).
    ///
    /// Without a time it shows what holds, and what is old enough to go. With one it shows what would go, and asks; what goes
    /// is gone for everybody, within the hour.
    #[command(after_help = "Examples:
  syncspace team retention eng
  syncspace team retention eng 90d --dry-run
  syncspace team retention eng forever
  syncspace team retention eng inherited   # as long as the server says")]
    Retention {
        /// Name or id of the team.
        team: String,
        /// For how long: like 90d, forever, or inherited for as long as the server says.
        #[arg(value_name = "TIME", value_parser = kept)]
        keep: Option<Kept>,
    },
    /// Invites to a team.
    #[command(subcommand)]
    Invite(Invite),
}

/// `team export`
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Name or id of the team.
    #[arg(value_name = "TEAM")]
    pub(crate) target: String,
    /// The file that is written; `-` for standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: std::path::PathBuf,
    /// A folder for the files that messages carry, each named by its checksum; they are left out where absent.
    #[arg(long, value_name = "DIR")]
    pub(crate) files: Option<std::path::PathBuf>,
    /// With private, direct and group channels, and e-mail addresses; only for who administers the server.
    #[arg(long)]
    pub(crate) include_private: bool,
    /// Overwrite what is there.
    #[arg(long)]
    pub(crate) force: bool,
}

/// `team edit`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true)
    .args(["name", "description", "avatar_url", "public"]))]
pub(crate) struct Edit {
    /// Name or id of the team.
    #[arg(value_name = "TEAM")]
    pub(crate) target: String,
    /// New name.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<TeamName>,
    /// What it is for; '' clears it.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// Address of a picture; '' clears it.
    #[arg(long, value_name = "URL")]
    pub(crate) avatar_url: Option<String>,
    /// Whether anyone on the server may find it; how they come in, `team settings --joining` says.
    #[arg(long, value_name = "YES|NO", hide_possible_values = true, value_parser = yes_no())]
    pub(crate) public: Option<bool>,
}

/// `team settings`
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// Name or id of the team.
    #[arg(value_name = "TEAM")]
    pub(crate) target: String,
    /// Who makes public channels; at least a member.
    #[arg(long, value_enum, value_name = "ROLE")]
    pub(crate) create_public: Option<Role>,
    /// Who makes private channels, and makes public ones private; at least a member.
    #[arg(long, value_enum, value_name = "ROLE")]
    pub(crate) create_private: Option<Role>,
    /// Who makes invites; at least a member.
    #[arg(long, value_enum, value_name = "ROLE")]
    pub(crate) invite: Option<Role>,
    /// Who may use @channel, @all and @here; whoever manages a channel may in it.
    #[arg(long, value_enum, value_name = "ROLE")]
    pub(crate) mention_all: Option<Role>,
    /// How long own messages may be edited: like 15m, never or always.
    #[arg(long, value_name = "TIME", value_parser = edit_within)]
    pub(crate) edit_within: Option<EditWithin>,
    /// How one who finds the team comes into it.
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) joining: Option<HowToJoin>,
}

/// How long own messages may be edited, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EditWithin {
    /// Without end.
    Always,
    /// For so many seconds; 0 for not at all.
    Seconds(u32),
}

fn edit_within(text: &str) -> Result<EditWithin, String> {
    match text {
        "always" => Ok(EditWithin::Always),
        "never" => Ok(EditWithin::Seconds(0)),
        length => seconds(length).map(EditWithin::Seconds).map_err(|error| format!("{error}; or never, or always")),
    }
}

/// `team invite …`
#[derive(Debug, Subcommand)]
pub(crate) enum Invite {
    /// Make an invite; its code is shown this once, or mailed to the addresses that you name.
    #[command(after_help = "Examples:
  syncspace team invite create eng --uses 10 --expires 3d
  syncspace team invite create eng --email bob@example.org --email carol@example.org
  code=$(syncspace team invite create eng --output json | jq -r .code)")]
    Create {
        /// Name or id of the team.
        team: String,
        /// Role of whoever uses it.
        #[arg(long, value_enum, default_value_t = Role::Member)]
        role: Role,
        /// How many people it admits.
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(INVITE_USES_MAX)))]
        uses: u32,
        /// Its life, up to 30d.
        #[arg(long, value_name = "TIME", default_value = "7d", value_parser = life)]
        expires: u32,
        /// Mail it to this address, which alone may use it; given several times, each address gets an invite of its own. Where
        /// the server sends no mail, give each code to its person.
        #[arg(long, value_name = "ADDRESS")]
        email: Vec<Email>,
        /// Mail nothing: show the codes instead.
        #[arg(long, requires = "email")]
        no_mail: bool,
    },
    /// List the invites of a team, without their codes.
    #[command(after_help = "Examples:
  syncspace team invite list eng")]
    List {
        /// Name or id of the team.
        team: String,
        #[command(flatten)]
        part: ListLimit,
    },
    /// End an invite: its code admits nobody any more.
    #[command(after_help = "Examples:
  syncspace team invite revoke eng 3")]
    Revoke {
        /// Name or id of the team.
        team: String,
        /// Number of the invite, from `team invite list`.
        invite: InviteId,
    },
    /// Join a team by an invite's code.
    #[command(after_help = "Examples:
  syncspace team invite use k3Jx…
  syncspace team invite use - < code.txt")]
    Use {
        /// The code; `-` reads it from standard input.
        #[arg(allow_hyphen_values = true)]
        code: String,
    },
}

fn life(text: &str) -> Result<u32, String> {
    let life_s = seconds(text)?;
    if life_s > INVITE_LIFE_S_MAX { Err("an invite lives at most 30d".to_owned()) } else { Ok(life_s) }
}
