//! `channel …`

use clap::{Args, Subcommand, ValueEnum};
use syncspace_protocol::personal::NotifyLevel;
use syncspace_protocol::{ChannelName, Patch, Seq};

use super::ListArgs;
use super::values::{Kept, WhoPosts, kept};

/// `channel …`
#[derive(Debug, Subcommand)]
pub(crate) enum Channel {
    /// List the channels of a team that you may see.
    #[command(after_help = "Examples:
  syncspace channel list eng
  syncspace channel list eng --mine --output jsonl | jq -r .name")]
    List {
        /// Name or id of the team; --team or your only one where absent.
        #[arg(value_name = "TEAM")]
        target: Option<String>,
        /// Only those you are in.
        #[arg(long)]
        mine: bool,
        #[command(flatten)]
        part: ListArgs,
    },
    /// Show one channel, and what you are in it.
    #[command(after_help = "Examples:
  syncspace channel show eng/general")]
    Show(Target),
    /// Make a channel; you become its admin.
    #[command(after_help = "Examples:
  syncspace channel create eng/general --description 'Anything goes'
  syncspace channel create eng/secret --private")]
    Create {
        /// Team and name, like `eng/general`; `#general` with --team.
        channel: String,
        /// What it is for.
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Let only those who are added see it.
        #[arg(long)]
        private: bool,
    },
    /// Change a channel.
    #[command(after_help = "Examples:
  syncspace channel edit eng/general --name lounge
  syncspace channel edit eng/general --description ''")]
    Edit(Edit),
    /// Delete a channel with all its messages.
    #[command(after_help = "Examples:
  syncspace channel delete eng/general
  syncspace channel delete eng/general --yes")]
    Delete(Target),
    /// Say what a channel is about right now, on one line.
    #[command(after_help = "Examples:
  syncspace channel topic eng/general 'Release on Friday'
  syncspace channel topic eng/general ''")]
    Topic {
        /// `eng/general`, or `#general` with --team.
        channel: String,
        /// The topic, up to 250 characters; '' clears it.
        topic: String,
    },
    /// Say who posts in a channel: everyone in it, or only its admins and the team's.
    #[command(after_help = "Examples:
  syncspace channel posting eng/announcements admins
  syncspace channel posting eng/announcements everyone")]
    Posting {
        /// `eng/general`, or `#general` with --team.
        channel: String,
        /// Who may post.
        #[arg(value_enum)]
        who: WhoPosts,
    },
    /// Show how long the messages of a channel are kept, or settle it (the team's admins).
    ///
    /// Without a time it shows what holds, and what is old enough to go. With one it shows what would go, and asks; what goes
    /// is gone for everybody, within the hour. The channel goes before its team, the team before the server.
    #[command(after_help = "Examples:
  syncspace channel retention eng/general
  syncspace channel retention eng/general 90d --dry-run
  syncspace channel retention eng/general 90d --yes
  syncspace channel retention eng/general inherited   # as long as the team says")]
    Retention {
        /// `eng/general`, or `#general` with --team.
        channel: String,
        /// For how long: like 7d, forever, or inherited for as long as the team says.
        #[arg(value_name = "TIME", value_parser = kept)]
        keep: Option<Kept>,
    },
    /// Make a public channel private. There is no way back.
    #[command(after_help = "Examples:
  syncspace channel convert eng/plans
  syncspace channel convert eng/plans --yes")]
    Convert(Target),
    /// Archive a channel: it stays readable and takes no more messages.
    #[command(after_help = "Examples:
  syncspace channel archive eng/old-project")]
    Archive(Target),
    /// Take a channel back from the archive.
    #[command(after_help = "Examples:
  syncspace channel restore eng/old-project")]
    Restore(Target),
    /// Join a public channel.
    #[command(after_help = "Examples:
  syncspace channel join eng/general")]
    Join(Target),
    /// Leave a channel.
    #[command(after_help = "Examples:
  syncspace channel leave eng/general")]
    Leave(Target),
    /// Mark a channel as read, on all your devices.
    #[command(after_help = "Examples:
  syncspace channel read eng/general
  syncspace channel read eng/general --up-to 41")]
    Read {
        /// `eng/general`, or `#general` with --team.
        channel: String,
        /// Place of the last message that you have read; the newest where absent. Never moves back.
        #[arg(long, value_name = "SEQ")]
        up_to: Option<Seq>,
    },
    /// Mark a channel as unread, on all your devices.
    #[command(after_help = "Examples:
  syncspace channel unread eng/general
  syncspace channel unread eng/general --from 38")]
    Unread {
        /// `eng/general`, or `#general` with --team.
        channel: String,
        /// Place of the first message that is to be unread; the newest where absent.
        #[arg(long, value_name = "SEQ")]
        from: Option<Seq>,
    },
    /// Keep quiet about a channel, on all your devices; its messages stay unread and countable.
    #[command(after_help = "Examples:
  syncspace channel mute eng/general")]
    Mute(Target),
    /// Keep quiet about a channel no longer.
    #[command(after_help = "Examples:
  syncspace channel unmute eng/general")]
    Unmute(Target),
    /// Show a channel above the others.
    #[command(after_help = "Examples:
  syncspace channel favourite eng/general")]
    Favourite(Target),
    /// Show a channel above the others no longer.
    #[command(after_help = "Examples:
  syncspace channel unfavourite eng/general")]
    Unfavourite(Target),
    /// Leave a direct channel out of your lists until something in it is unread.
    #[command(after_help = "Examples:
  syncspace channel hide @bob --team eng")]
    Hide(Target),
    /// Take a hidden direct channel back into your lists.
    #[command(after_help = "Examples:
  syncspace channel unhide @bob --team eng")]
    Unhide(Target),
    /// Choose of what in a channel you are notified.
    #[command(after_help = "Examples:
  syncspace channel notify eng/general mentions
  syncspace channel notify eng/general usual")]
    Notify {
        /// `eng/general`, or `#general` or `@bob` with --team.
        channel: String,
        /// Every message, mentions alone, nothing, or the usual: everything in direct channels, mentions elsewhere.
        #[arg(value_enum)]
        level: Level,
    },
    /// Put your channels of a team into an order; those you do not name come after, by name. Without any, list the order.
    #[command(after_help = "Examples:
  syncspace channel order --team eng
  syncspace channel order eng/general eng/random
  syncspace channel order general random --team eng")]
    Order {
        /// The channels, first to last, all of one team.
        #[arg(value_name = "CHANNEL")]
        channels: Vec<String>,
    },
    /// Give the direct channel of you and one or more people, made where there is none yet.
    #[command(after_help = "Examples:
  syncspace channel direct @bob --team eng
  syncspace channel direct @bob @carol")]
    Direct {
        /// `@bob`, `bob` or an id; yourself for notes.
        #[arg(required = true, value_name = "USER")]
        users: Vec<String>,
    },
}

/// Names one channel.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// `eng/general`, or `#general` with --team.
    pub(crate) channel: String,
}

/// `channel edit`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true).args(["name", "description"]))]
pub(crate) struct Edit {
    /// `eng/general`, or `#general` with --team.
    pub(crate) channel: String,
    /// New name.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<ChannelName>,
    /// What it is for; '' clears it.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
}

/// Of what one is notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// Every message.
    All,
    /// Messages that name you.
    Mentions,
    /// Nothing.
    None,
    /// Every message of a direct channel, and mentions elsewhere.
    Usual,
}

impl Level {
    /// Gives the change of the preference.
    pub(crate) const fn patch(self) -> Patch<NotifyLevel> {
        match self {
            Self::All => Patch::Set(NotifyLevel::All),
            Self::Mentions => Patch::Set(NotifyLevel::Mentions),
            Self::None => Patch::Set(NotifyLevel::None),
            Self::Usual => Patch::Clear,
        }
    }
}
