//! What comes into the state, and what the state asks of the world outside.

use crossterm::event::{KeyEvent, MouseEvent};
use syncspace_protocol::auth::{Register, Secret, ServerInfo};
use syncspace_protocol::channels::{CreateChannel, MarkRead, MyChannel, ReadMarker};
use syncspace_protocol::messages::{MessagePage, SendMessage, Thread};
use syncspace_protocol::socket::{Event as StreamEvent, Hello, SentAck};
use syncspace_protocol::teams::{CreateTeam, Invite, MyTeam, TeamMember};
use syncspace_protocol::users::User;
use syncspace_protocol::{ChannelId, ClientId, ErrorCode, Rev, Seq, StreamId, TeamId, UserId};

/// Why something asked of the server was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: Option<ErrorCode>,
    /// A sentence for the person.
    pub(crate) message: String,
    /// The field that was wrong.
    pub(crate) field: Option<String>,
    /// Whether the same may succeed later.
    pub(crate) is_transient: bool,
    pub(crate) retry_after_ms: Option<u64>,
}

/// What came of something asked of the server.
pub(crate) type Answer<T> = Result<T, Failure>;

/// Something that happened.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Key(KeyEvent),
    Paste(String),
    Resize {
        columns: u16,
        rows: u16,
    },
    Focus {
        is_focused: bool,
    },
    Mouse(MouseEvent),
    /// The time that the state asked for has come.
    Tick,
    Net(Box<Net>),
}

/// Something that the server, or the way to it, gave.
#[derive(Debug, Clone)]
pub(crate) enum Net {
    Server(Answer<ServerInfo>),
    LoggedIn(Answer<User>),
    Connecting {
        attempt: u32,
    },
    Connected(Box<Hello>),
    Disconnected {
        reason: String,
        /// When it is tried again by itself.
        retry_in_ms: u64,
    },
    /// News of the server that `--local` started.
    LocalServer(LocalServer),
    /// The session is over: log in again.
    SessionOver {
        reason: String,
    },
    Stream(StreamEvent),
    Team {
        team_id: TeamId,
        answer: Answer<TeamContents>,
    },
    JoinableTeams(Answer<Vec<MyTeam>>),
    TeamEntered(Answer<MyTeam>),
    ChannelEntered(Answer<MyChannel>),
    Messages {
        channel_id: ChannelId,
        before: Option<Seq>,
        answer: Answer<MessagePage>,
    },
    Thread {
        channel_id: ChannelId,
        root: Seq,
        answer: Answer<Thread>,
    },
    Sent {
        client_id: ClientId,
        answer: Answer<SentAck>,
    },
    Marked {
        channel_id: ChannelId,
        /// The place that was asked for.
        seq: Seq,
        answer: Answer<ReadMarker>,
    },
    /// The marker of a channel of which something was missed.
    Counted {
        channel_id: ChannelId,
        answer: Answer<ReadMarker>,
    },
    Edited {
        channel_id: ChannelId,
        seq: Seq,
        answer: Answer<()>,
    },
    Deleted(Answer<()>),
    Left(Answer<()>),
    Invite(Answer<Invite>),
    User(Answer<User>),
}

/// How the server that `--local` started is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LocalServer {
    /// It runs, as far as anybody knows.
    Back,
    /// It died and is being started again.
    Starting,
    /// It died too often to be started again.
    GivenUp,
}

/// What a team holds, as read at one time.
#[derive(Debug, Clone, Default)]
pub(crate) struct TeamContents {
    pub(crate) channels: Vec<MyChannel>,
    pub(crate) members: Vec<TeamMember>,
}

/// Something to be done outside the state.
#[derive(Debug, Clone)]
pub(crate) enum Effect {
    Quit,
    /// Draw everything anew, whatever the terminal shows.
    Repaint,
    FindServer {
        address: String,
    },
    LogIn {
        username: String,
        password: Secret,
    },
    Register(Box<Register>),
    LogOut,
    Connect,
    ReconnectNow,
    /// Start the local server again if it is gone.
    ReviveLocal,
    LoadTeam(TeamId),
    FindTeams,
    CreateTeam(CreateTeam),
    JoinTeam(TeamId),
    UseInvite {
        code: String,
    },
    CreateInvite(TeamId),
    CreateChannel {
        team_id: TeamId,
        body: CreateChannel,
    },
    JoinChannel(ChannelId),
    LeaveChannel(ChannelId),
    LoadMessages {
        channel_id: ChannelId,
        before: Option<Seq>,
    },
    LoadThread {
        channel_id: ChannelId,
        root: Seq,
    },
    LoadUser(UserId),
    Send {
        channel_id: ChannelId,
        client_id: ClientId,
        body: SendMessage,
    },
    Edit {
        channel_id: ChannelId,
        seq: Seq,
        content: String,
    },
    Delete {
        channel_id: ChannelId,
        seq: Seq,
    },
    Typing {
        channel_id: ChannelId,
        parent_seq: Option<Seq>,
    },
    MarkRead {
        channel_id: ChannelId,
        mark: MarkRead,
    },
    /// Asks how far a channel is read, and what is left.
    LoadMarker(ChannelId),
    Watch(Vec<UserId>),
    Follow {
        stream: StreamId,
        rev: Rev,
    },
    Unfollow(StreamId),
}
