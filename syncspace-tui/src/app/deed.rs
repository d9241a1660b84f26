//! What a person has done to messages and channels at the server beside sending, and what comes of it.

use syncspace_protocol::auth::Secret;
use syncspace_protocol::channels::{EditChannel, MarkRead};
use syncspace_protocol::commands::{CommandAnswer, RunCommand, SlashCommand};
use syncspace_protocol::files::FileEntry;
use syncspace_protocol::groups::UserGroup;
use syncspace_protocol::messages::{Message, MessagePlace, MessageVersion};
use syncspace_protocol::personal::{EditChannelPreferences, MyThread, SavedMark, SavedMessage, ThreadMembership};
use syncspace_protocol::preferences::EditPreferences;
use syncspace_protocol::reactions::{Emoji, Reacted};
use syncspace_protocol::reminders::CreateReminder;
use syncspace_protocol::scheduled::{EditScheduled, ScheduleMessage, Scheduled};
use syncspace_protocol::search::{SearchPage, SearchParams};
use syncspace_protocol::status::EditStatus;
use syncspace_protocol::users::User;
use syncspace_protocol::{ChannelId, ClientId, Email, Page, ScheduledId, TeamId, Time, UserId};

use super::composer::DraftKey;

/// Something to be asked of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    React {
        place: MessagePlace,
        emoji: Emoji,
        is_on: bool,
    },
    Pin {
        place: MessagePlace,
        is_on: bool,
    },
    Save {
        place: MessagePlace,
        is_on: bool,
    },
    ListSaved(TeamId),
    Remind {
        team_id: TeamId,
        reminder: CreateReminder,
    },
    Forward {
        place: MessagePlace,
        to: ChannelId,
        client_id: ClientId,
    },
    /// Everybody who reacted to a message.
    WhoReacted(MessagePlace),
    /// The texts that a message had before.
    History(MessagePlace),
    /// The draft goes once the message is taken.
    Schedule {
        team_id: TeamId,
        message: ScheduleMessage,
        draft: DraftKey,
        /// What stands in the draft for it.
        typed: String,
        /// Files of this machine that go up before it.
        paths: Vec<String>,
    },
    EditChannel {
        channel_id: ChannelId,
        edit: EditChannel,
    },
    /// Takes somebody into a channel.
    AddPerson {
        channel_id: ChannelId,
        user_id: UserId,
    },
    PreferChannel {
        channel_id: ChannelId,
        edit: EditChannelPreferences,
    },
    SetStatus(EditStatus),
    /// Gives the account an e-mail address; none takes it away.
    EditEmail(Option<Email>),
    /// Has another code mailed to the address that is not confirmed.
    SendEmailCode,
    VerifyEmail(Secret),
    Prefer(EditPreferences),
    ListGroups(TeamId),
    /// What the team's own commands are.
    ListCommands(TeamId),
    /// Runs a command of the team.
    RunCommand {
        channel_id: ChannelId,
        run: RunCommand,
    },
    /// Looks for messages, for the request of that number.
    Search {
        number: u64,
        params: SearchParams,
    },
    /// Reads a page of a list, for the request of that number.
    ReadList {
        number: u64,
        team_id: TeamId,
        list: ListOf,
        cursor: Option<String>,
    },
    EditScheduled {
        team_id: TeamId,
        id: ScheduledId,
        edit: EditScheduled,
    },
    CancelScheduled {
        team_id: TeamId,
        id: ScheduledId,
    },
    SendScheduled {
        team_id: TeamId,
        id: ScheduledId,
    },
    ReadThread {
        place: MessagePlace,
        mark: MarkRead,
    },
    UnfollowThread(MessagePlace),
}

/// A list of what is one's own in a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListOf {
    Threads,
    Saved,
    Scheduled,
    Files,
}

/// What came of it.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    Message(Box<Message>),
    Saved(SavedMark),
    SavedList(Vec<SavedMark>),
    Due(Time),
    Reacted(Vec<Reacted>),
    Versions(Vec<MessageVersion>),
    Groups(Vec<UserGroup>),
    Commands(Vec<SlashCommand>),
    Answered(CommandAnswer),
    Hits(Box<SearchPage>),
    Threads(Page<MyThread>),
    SavedPage(Page<SavedMessage>),
    ScheduledPage(Page<Scheduled>),
    Files(Page<FileEntry>),
    Scheduled(Box<Scheduled>),
    Thread(ThreadMembership),
    /// The own account.
    Own(Box<User>),
    Done,
}
