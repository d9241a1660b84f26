//! What comes into the state, and what the state asks of the world outside.

use super::accounts::{Ask, Remembered};
use super::look::Rgb;
use super::notify::{NoticePlace, Told};
use crate::config::Loaded;
use crossterm::event::{KeyEvent, MouseEvent};
use syncspace_protocol::auth::{MailPasswordReset, Register, ResetPassword, Secret, ServerInfo};
use syncspace_protocol::channels::{CreateChannel, MarkRead, MyChannel, ReadMarker};
use syncspace_protocol::files::FileInfo;
use syncspace_protocol::keywords::Keywords;
use syncspace_protocol::messages::{MessagePage, SendMessage, Thread};
use syncspace_protocol::personal::{Draft, MutedUser, MyThread, ThreadMembership};
use syncspace_protocol::socket::{Event as StreamEvent, Hello, SentAck};
use syncspace_protocol::teams::{CreateInvite, CreateTeam, Invite, MyTeam, TeamMember};
use syncspace_protocol::users::User;
use syncspace_protocol::{ChannelId, ClientId, Epoch, ErrorCode, FileId, Rev, Seq, StreamId, TeamId, Time, UserId};

use super::arriving::Wanted;
use super::composer::DraftKey;
use super::kept::{Keep, KeptHit, KeptLog, Snapshot};
use super::kept_query::KeptQuery;
use super::timeline::Part;

use super::bodies::{CodeJob, CodeKey};
use super::deed::{Deed, Outcome};
use super::markdown::Colours;
use super::paths::Named;
use super::pictures::{Fetched, ImageJob};

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
    /// The terminal is ours again, after others had it.
    Retaken {
        columns: u16,
        rows: u16,
    },
    Focus {
        is_focused: bool,
    },
    Mouse(MouseEvent),
    /// The configuration was changed: what it says now, or why it cannot be read.
    Config(Result<Box<Loaded>, String>),
    /// The terminal told what colour is behind its text.
    Behind(Rgb),
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
    /// So much of a file is uploaded, in hundredths.
    Uploading {
        client_id: ClientId,
        /// Its place among the files of its message.
        at: usize,
        percent: u64,
    },
    Uploaded {
        client_id: ClientId,
        at: usize,
        answer: Answer<FileInfo>,
    },
    /// A file is kept on this machine, at that place.
    Saved {
        name: String,
        /// What came of those that were asked for with it, before it.
        before: SavedBefore,
        answer: Result<String, String>,
    },
    /// A picture of a file; none where it is not on this machine, and nobody else could be asked.
    Picture {
        file: FileId,
        answer: Answer<Option<Fetched>>,
    },
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
    ChannelEntered {
        wanted: Wanted,
        answer: Answer<MyChannel>,
    },
    Messages {
        channel_id: ChannelId,
        before: Option<Seq>,
        answer: Answer<MessagePage>,
    },
    Part {
        channel_id: ChannelId,
        part: Part,
        answer: Answer<MessagePage>,
    },
    Thread {
        channel_id: ChannelId,
        root: Seq,
        answer: Answer<Thread>,
    },
    /// Replies of a thread that were asked for.
    ThreadPart {
        channel_id: ChannelId,
        root: Seq,
        part: Part,
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
        /// The text that was sent.
        content: String,
        answer: Answer<()>,
    },
    /// The server has a draft, or did not take it.
    DraftShared {
        key: DraftKey,
        answer: Answer<Draft>,
    },
    /// All drafts of the person in a team.
    Drafts {
        team_id: TeamId,
        answer: Answer<Vec<Draft>>,
    },
    /// What is kept on disk for an account; nothing where it cannot be used.
    CacheOpened {
        user_id: UserId,
        answer: Result<Box<Snapshot>, String>,
    },
    /// Messages on their way are on disk, or could not be written there.
    Kept {
        client_ids: Vec<ClientId>,
        answer: Result<(), String>,
    },
    /// What a search of the cache found.
    KeptHits {
        /// The one that was asked with it.
        number: u64,
        answer: Result<Vec<KeptHit>, String>,
    },
    /// What is kept of a channel's log, the newest part or what stands before a place.
    KeptLog {
        channel_id: ChannelId,
        before: Option<Seq>,
        log: Option<Box<KeptLog>>,
    },
    /// What is kept of a gap in a channel's log.
    KeptPart {
        channel_id: ChannelId,
        part: Part,
        log: Option<Box<KeptLog>>,
    },
    Deleted(Answer<()>),
    Left(Answer<()>),
    Invite(Answer<Invite>),
    /// The server can mail invites to a team.
    InviteByMail(TeamId),
    ResetMailed(Answer<()>),
    User(Answer<User>),
    /// Who is muted and which threads are followed in a team.
    Standings {
        team_id: TeamId,
        answer: Answer<(Vec<MutedUser>, Vec<MyThread>)>,
    },
    /// How the person stands to a thread, and the rev of its channel that says so.
    Standing {
        channel_id: ChannelId,
        root: Seq,
        answer: Answer<(Option<ThreadMembership>, Rev)>,
    },
    /// The person's keywords.
    Keywords(Answer<Keywords>),
    /// What came of a deed.
    Done {
        deed: Box<Deed>,
        answer: Answer<Outcome>,
    },
    /// News of this machine.
    Here(Here),
}

/// Something that this machine did, or found out.
#[derive(Debug, Clone)]
pub(crate) enum Here {
    /// A program of the machine has taken what was to be copied.
    Copied { by: &'static str },
    /// No program could open an address.
    NotOpened { url: String },
    /// What the file holds that an editor was opened with; why there was none where there is none.
    Edited {
        /// The draft it was; none for a message that was only read.
        draft: Option<DraftKey>,
        text: Result<String, String>,
    },
    /// The first choice of paths that are all files; none where there is none.
    Files { asked: FilesAsked, found: Option<Vec<String>> },
    /// What lies in a folder; nothing where it cannot be read.
    Folder { path: String, entries: Vec<FolderEntry> },
    /// What the words of some code are.
    Coloured { key: CodeKey, colours: Colours },
}

/// Names of files that were to be saved, by what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SavedBefore {
    pub(crate) saved: Vec<String>,
    pub(crate) failed: Vec<String>,
}

/// Why it is asked whether paths are files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FilesAsked {
    /// A command is to send them.
    Command { key: DraftKey, typed: String },
    /// A draft is to send them then, and stays until the server has the message.
    Later { key: DraftKey, typed: String, named: Named, send_at: Time },
    /// They were pasted into a draft.
    Pasted { key: DraftKey, text: String },
}

/// Something in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FolderEntry {
    /// Folders come first.
    pub(crate) is_file: bool,
    pub(crate) name: String,
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
    /// Something of the other accounts; it is done where they are held, and goes no further.
    Account(Ask),
    /// Write down which accounts are to come up at the next start.
    Remember(Vec<Remembered>),
    /// Forget an account that is shown no more.
    CloseAccount,
    /// End a session that nobody needs; what is kept of the account stays.
    EndSession,
    /// Give the terminal to the shell until it lets the program go on.
    Suspend,
    /// Draw everything anew, whatever the terminal shows.
    Repaint,
    /// Tell the person of something, outside the chat.
    Tell(Told),
    /// Run a program of the person, with this on its standard input.
    RunHook {
        program: Vec<String>,
        input: String,
    },
    /// Read who is muted and which threads are followed in a team.
    LoadStandings(TeamId),
    /// Read the person's keywords.
    LoadKeywords,
    /// Take back what the person was told, where the terminal can.
    Withdraw(NoticePlace),
    /// Asks how the person stands to a thread.
    LoadStanding {
        channel_id: ChannelId,
        root: Seq,
    },
    /// Take the mouse, or leave it to the terminal.
    UseMouse(bool),
    FindServer {
        address: String,
    },
    LogIn {
        username: String,
        password: Secret,
    },
    Register(Box<Register>),
    ResetPassword(Box<ResetPassword>),
    MailReset(MailPasswordReset),
    LogOut,
    /// Connects; streams that are followed from before are of this history.
    Connect {
        epoch: Option<Epoch>,
    },
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
    /// Makes an invite, or asks how, where the server sends mail.
    Invite(TeamId),
    CreateInvite {
        team_id: TeamId,
        body: Box<CreateInvite>,
    },
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
    /// Reads a part of a channel's log from the server, to close a gap or to show a place.
    LoadPart {
        channel_id: ChannelId,
        part: Part,
    },
    /// Reads a thread: its root and its newest replies.
    LoadThread {
        channel_id: ChannelId,
        root: Seq,
    },
    /// Reads replies of a thread to close a gap.
    LoadThreadPart {
        channel_id: ChannelId,
        root: Seq,
        part: Part,
    },
    LoadUser(UserId),
    /// Gives a draft to the other devices; an empty one is gone.
    ShareDraft {
        key: DraftKey,
        content: String,
        expected_rev: Rev,
    },
    LoadDrafts(TeamId),
    /// Opens what is kept of an account.
    OpenCache(UserId),
    /// Ends the work with what is kept; it stays on disk.
    CloseCache,
    Keep(Vec<Keep>),
    /// Looks for words in what is cached, without a network; [`Net::KeptHits`] answers with the same number.
    SearchKept {
        number: u64,
        query: KeptQuery,
    },
    /// Reads what is kept of a channel's log, the newest part or what stands before a place.
    LoadKept {
        channel_id: ChannelId,
        before: Option<Seq>,
    },
    /// Reads what is kept of a gap in a channel's log.
    LoadKeptPart {
        channel_id: ChannelId,
        part: Part,
    },
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
    /// Has something done at the server.
    Do(Box<Deed>),
    /// Hands a clean text to the clipboard.
    Copy {
        text: String,
    },
    /// Opens an address by a program of this machine.
    Open(String),
    /// Gives the terminal to an editor with a text.
    Editor {
        text: String,
        draft: Option<DraftKey>,
    },
    /// Has the words of some code told apart.
    Colour(CodeJob),
    /// Upload a file for a message that waits for it.
    Upload {
        channel_id: ChannelId,
        client_id: ClientId,
        /// Its place among the files of its message.
        at: usize,
        path: String,
    },
    /// Find out which of several choices of paths are files, the first one that all are.
    FindFiles {
        asked: FilesAsked,
        choices: Vec<Vec<String>>,
    },
    /// Read what lies in a folder.
    ListFolder(String),
    /// Keep files of a message on this machine, in a folder or where downloads go.
    SaveFiles {
        files: Vec<FileInfo>,
        folder: Option<String>,
    },
    /// Fetch a file that is a picture, and make it small: from the disk, or from the server where that is connected.
    LoadPicture {
        file: FileInfo,
        is_online: bool,
    },
    /// Have the terminal hold, show or forget an image.
    Image(ImageJob),
}
