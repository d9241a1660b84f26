//! Frames of the WebSocket: what a client asks, what the server answers, what happens meanwhile.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::auth::Secret;
use crate::channels::{Channel, ChannelMember, ChannelMembership, MarkRead, ReadMarker};
use crate::error::ErrorDetail;
use crate::groups::UserGroup;
use crate::join_requests::JoinRequest;
use crate::mentions::Mentions;
use crate::messages::{AppendMessage, Appended, EditMessage, Message, MessageType, Pin, SendMessage, ThreadState};
use crate::personal::{ChannelPreferences, Draft, MyChannelOrder, SavedMark, ThreadMembership, UserMute};
use crate::preferences::Preferences;
use crate::reactions::{Emoji, MyReactions, Reaction};
use crate::reminders::Reminder;
use crate::scheduled::Scheduled;
use crate::server::Banner;
use crate::status::Presence;
use crate::sync::{Changes, ResumeStatus};
use crate::teams::{MyTeam, Team, TeamMember};
use crate::users::User;
use crate::{ChannelId, Epoch, GroupId, MessageId, Rev, Seq, SessionId, StreamId, TeamId, Time, UserId};

/// A frame from the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// The client's number for the frame; the reply carries it as `re`.
    pub id: u64,
    /// What is asked.
    #[serde(flatten)]
    pub op: Op,
}

/// What a client asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Op {
    /// Names the person, where the upgrade request carried no token. The first frame, within 10 seconds.
    Auth {
        /// An access token.
        token: Secret,
    },
    /// Asks for a sign of life; answered with an empty `ok`.
    Ping,
    /// Names the newest rev of each stream that the client has, on a socket opened with `?resume=1`.
    Resume {
        /// Newest rev by stream, at most 1,000; more go in further frames.
        streams: BTreeMap<StreamId, Rev>,
        /// The epoch these numbers belong to.
        epoch: Epoch,
        /// Whether more such frames follow. After the last, streams that were not named are live.
        #[serde(default)]
        more: bool,
    },
    /// Sends a message.
    Send {
        /// Where to.
        channel_id: ChannelId,
        /// What.
        #[serde(flatten)]
        message: SendMessage,
    },
    /// Changes the text of a message.
    Edit {
        /// The channel.
        channel_id: ChannelId,
        /// The message's place in it.
        seq: Seq,
        /// The new text.
        #[serde(flatten)]
        edit: EditMessage,
    },
    /// Appends to a message of one's own.
    Append {
        /// The channel.
        channel_id: ChannelId,
        /// The message's place in it.
        seq: Seq,
        /// What, and where it goes.
        #[serde(flatten)]
        append: AppendMessage,
    },
    /// Deletes a message.
    Delete {
        /// The channel.
        channel_id: ChannelId,
        /// The message's place in it.
        seq: Seq,
    },
    /// Reacts to a message.
    React {
        /// The channel.
        channel_id: ChannelId,
        /// The message's place in it.
        seq: Seq,
        /// With what.
        emoji: Emoji,
    },
    /// Takes a reaction back.
    Unreact {
        /// The channel.
        channel_id: ChannelId,
        /// The message's place in it.
        seq: Seq,
        /// Which one.
        emoji: Emoji,
    },
    /// Says that the person is typing; to be repeated every 3 seconds while it is so.
    Typing {
        /// Where.
        channel_id: ChannelId,
        /// In which thread.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent_seq: Option<Seq>,
    },
    /// Moves the read marker.
    Read {
        /// The channel.
        channel_id: ChannelId,
        /// Where to, and how.
        #[serde(flatten)]
        mark: MarkRead,
    },
    /// Names the people whose presence the client shows, at most 200; replaces the list before.
    Watch {
        /// The people.
        users: Vec<UserId>,
    },
}

impl Op {
    /// Every name of an operation.
    pub const NAMES: &[&str] =
        &["auth", "ping", "resume", "send", "edit", "append", "delete", "react", "unreact", "typing", "read", "watch"];
}

/// A frame from the server: the answer to one request, or something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "a frame is taken apart at once; none are kept in numbers")]
pub enum ServerFrame {
    /// The answer to a request.
    Reply(Reply),
    /// Something that happened.
    Event(Event),
}

/// A frame with `re` is a reply, any other an event. Decided by hand: trying one after the other would lose the error
/// that says what is wrong, and would take an event of the future that has a field `ok` for a reply.
impl<'de> Deserialize<'de> for ServerFrame {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let frame = serde_json::Map::<String, serde_json::Value>::deserialize(deserializer)?;
        let is_reply = frame.contains_key("re");
        let frame = serde_json::Value::Object(frame);
        if is_reply {
            Reply::deserialize(frame).map(Self::Reply).map_err(D::Error::custom)
        } else {
            Event::deserialize(frame).map(Self::Event).map_err(D::Error::custom)
        }
    }
}

/// The answer to a request: `{"re":7,"ok":{…}}` or `{"re":7,"error":{…}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reply {
    /// Number of the request; null where the frame had none that could be read.
    // `deserialize_with` makes the field required: by itself an absent `Option` is read as null.
    #[serde(deserialize_with = "Option::deserialize")]
    pub re: Option<u64>,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is done, and committed where it changed anything.
    Ok(Ack),
    /// It is not done.
    Error(ErrorDetail),
}

/// What a done request gives back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Ack {
    /// `send`: the committed message, or the one that this `client_id` named before.
    Sent(SentAck),
    /// `read`: the marker.
    Marker(ReadMarker),
    /// `resume`: what becomes of each named stream.
    Resume {
        /// By stream.
        streams: BTreeMap<StreamId, ResumeStatus>,
    },
    /// `watch`: presence now; changes follow as events.
    Presence {
        /// Of each named person who may be seen.
        users: Vec<Presence>,
    },
    /// `append`: where the text ends now.
    Appended(Appended),
    /// `edit`, `delete`, `react`, `unreact`: the rev of the change; where nothing changed, the newest one of the message.
    Changed {
        /// In the channel's stream.
        rev: Rev,
    },
    /// Everything else.
    Done {},
}

/// Where a sent message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SentAck {
    /// The message's id.
    pub message_id: MessageId,
    /// Its place in the channel.
    pub seq: Seq,
    /// Its rev when it was sent.
    pub rev: Rev,
    /// When it was sent.
    pub created_at: Time,
    /// Whether it stood there already: the same `client_id` was sent before.
    pub is_repeat: bool,
}

/// Something that happened. Events of a stream carry its next rev and arrive in that order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// The stream; absent on what concerns the connection or the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamId>,
    /// The stream's number of the change; absent on what is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<Rev>,
    /// What happened.
    #[serde(flatten)]
    pub body: EventBody,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "ev")]
#[expect(clippy::large_enum_variant, reason = "most events are new messages; the others are taken apart at once")]
pub enum EventBody {
    /// The first frame on every socket.
    #[serde(rename = "hello")]
    Hello(Box<Hello>),
    /// What was missed of a stream that is behind.
    #[serde(rename = "changes")]
    Changes {
        /// What changed and may be seen, ordered by rev.
        items: Vec<crate::sync::Change>,
        /// It holds everything above this rev, up to the event's own. Whoever holds less has missed something before it.
        after: Rev,
        /// The stream's newest rev when the page was read.
        head_rev: Rev,
        /// How far the person has read; on the last page of a channel that the person is in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        read: Option<ReadMarker>,
        /// With what the person reacted, of the messages among the items that this person reacted to.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        my_reactions: Vec<MyReactions>,
    },
    /// The client's state of a stream cannot be continued: read it again. It is live from `rev`.
    #[serde(rename = "stream.reload")]
    StreamReload {},
    /// The client may no longer see a stream: purge what is cached of it.
    #[serde(rename = "stream.gone")]
    StreamGone {},
    /// A change that this receiver may not see.
    #[serde(rename = "void")]
    Void {},
    /// A message was sent. Stream `c`.
    #[serde(rename = "message.created")]
    MessageCreated {
        /// The message.
        message: Message,
        /// The root of its thread, where it is a reply.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<ThreadState>,
    },
    /// The text of a message was changed. Stream `c`.
    #[serde(rename = "message.updated")]
    MessageUpdated {
        /// Place of the message.
        seq: Seq,
        /// Who wrote it.
        sender_id: UserId,
        /// Place of the root of its thread, where it is a reply.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent_seq: Option<Seq>,
        /// The new text.
        content: String,
        /// When it was changed.
        edited_at: Time,
        /// Whom it names now.
        #[serde(default, skip_serializing_if = "Mentions::is_empty")]
        mentions: Mentions,
        /// Whom it named before.
        #[serde(default, skip_serializing_if = "Mentions::is_empty")]
        former_mentions: Mentions,
    },
    /// Something was appended to a message. Stream `c`.
    #[serde(rename = "message.appended")]
    MessageAppended {
        /// Place of the message.
        seq: Seq,
        /// Who wrote it.
        sender_id: UserId,
        /// Place of the root of its thread, where it is a reply.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent_seq: Option<Seq>,
        /// Length of the text before, in bytes.
        offset: u64,
        /// What came behind it; empty where nothing fitted and the text goes on elsewhere.
        appended: String,
        /// When.
        updated_at: Time,
        /// Whom the message names now.
        #[serde(default, skip_serializing_if = "Mentions::is_empty")]
        mentions: Mentions,
        /// Whom it named before.
        #[serde(default, skip_serializing_if = "Mentions::is_empty")]
        former_mentions: Mentions,
        /// Place of the reply in which the text goes on; its own event follows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        continued_seq: Option<Seq>,
    },
    /// A message was deleted. Stream `c`.
    #[serde(rename = "message.deleted")]
    MessageDeleted {
        /// Place of the message.
        seq: Seq,
        /// Who wrote it.
        sender_id: UserId,
        /// What kind of message it was.
        message_type: MessageType,
        /// Who deleted it.
        deleted_by: UserId,
        /// When.
        deleted_at: Time,
        /// Whom it named.
        #[serde(default, skip_serializing_if = "Mentions::is_empty")]
        former_mentions: Mentions,
        /// The root of its thread; present exactly where it was a reply.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<ThreadState>,
    },
    /// Somebody reacted to a message. Stream `c`.
    #[serde(rename = "reaction.added")]
    ReactionAdded {
        /// Place of the message.
        seq: Seq,
        /// Who.
        user_id: UserId,
        /// The reactions with this emoji as they are now.
        reaction: Reaction,
        /// When.
        updated_at: Time,
    },
    /// Somebody took a reaction back. Stream `c`.
    #[serde(rename = "reaction.removed")]
    ReactionRemoved {
        /// Place of the message.
        seq: Seq,
        /// Who.
        user_id: UserId,
        /// The reactions with this emoji as they are now; a count of 0 where it was the last one.
        reaction: Reaction,
        /// When.
        updated_at: Time,
    },
    /// A message was pinned to the channel. Stream `c`.
    #[serde(rename = "message.pinned")]
    MessagePinned {
        /// Place of the message.
        seq: Seq,
        /// Who did it, and when.
        pin: Pin,
    },
    /// A message is no longer pinned. Stream `c`.
    #[serde(rename = "message.unpinned")]
    MessageUnpinned {
        /// Place of the message.
        seq: Seq,
        /// Who did it.
        user_id: UserId,
        /// When.
        updated_at: Time,
    },
    /// Messages up to a place are no longer kept: forget them, with threads that begin there. Stream `c`.
    #[serde(rename = "channel.floor_raised")]
    FloorRaised {
        /// The place.
        floor_seq: Seq,
    },
    /// What everybody on the server sees was changed; outside streams. `hello` says it too.
    #[serde(rename = "server.banner")]
    ServerBanner {
        /// As it is now; null for nothing.
        // As with `re`: an absent one is a fault, not a banner that went.
        #[serde(deserialize_with = "Option::deserialize")]
        banner: Option<Banner>,
    },
    /// Somebody is typing. Stream `c`, not kept.
    #[serde(rename = "typing")]
    Typing {
        /// Who.
        user_id: UserId,
        /// In which thread.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent_seq: Option<Seq>,
    },
    /// The team was changed. Stream `t`.
    #[serde(rename = "team.updated")]
    TeamUpdated {
        /// As it is now.
        team: Team,
    },
    /// The team was deleted. Stream `t`.
    #[serde(rename = "team.deleted")]
    TeamDeleted {
        /// The team.
        team_id: TeamId,
    },
    /// A person came into the team, or the role or the person's profile changed. Stream `t`. Where it is oneself, and one
    /// became a guest or is no longer one, public channels went out of sight or came into it: read the team's lists again.
    /// Likewise the list of join requests where one came to manage members; who does so no longer forgets it.
    #[serde(rename = "team.member_updated")]
    TeamMemberUpdated {
        /// As it is now.
        member: TeamMember,
    },
    /// A person left the team or was removed. Stream `t`.
    #[serde(rename = "team.member_removed")]
    TeamMemberRemoved {
        /// The person.
        user_id: UserId,
    },
    /// A user group was made, renamed, or people came into it or left it. Stream `t`.
    #[serde(rename = "group.updated")]
    GroupUpdated {
        /// As it is now.
        group: UserGroup,
    },
    /// A user group was deleted. Stream `t`.
    #[serde(rename = "group.deleted")]
    GroupDeleted {
        /// The group.
        group_id: GroupId,
    },
    /// Somebody asked to come into the team, or that was decided or taken back. Stream `t`, for those who manage members.
    #[serde(rename = "team.join_request")]
    TeamJoinRequest {
        /// As it is now.
        request: JoinRequest,
    },
    /// A channel was made or changed. Stream `t`.
    #[serde(rename = "channel.updated")]
    ChannelUpdated {
        /// As it is now.
        channel: Channel,
    },
    /// A channel was deleted. Stream `t`.
    #[serde(rename = "channel.deleted")]
    ChannelDeleted {
        /// The channel.
        channel_id: ChannelId,
    },
    /// A public channel became private. Stream `t`. Whoever is not in it forgets it; members are told what it is now by the
    /// event that follows.
    #[serde(rename = "channel.hidden")]
    ChannelHidden {
        /// The channel.
        channel_id: ChannelId,
    },
    /// A person came into a channel, or the role there changed. Stream `t`.
    #[serde(rename = "channel.member_updated")]
    ChannelMemberUpdated {
        /// As it is now.
        member: ChannelMember,
    },
    /// A person left a channel or was removed. Stream `t`.
    #[serde(rename = "channel.member_removed")]
    ChannelMemberRemoved {
        /// The channel.
        channel_id: ChannelId,
        /// The person.
        user_id: UserId,
    },
    /// I came into a channel. Stream `m`. Its log, my threads in it, and of a private one its members, are to be read: events
    /// about them went past me as voids.
    #[serde(rename = "me.channel_joined")]
    MyChannelJoined {
        /// The channel.
        channel: Channel,
        /// What I am in it.
        membership: ChannelMembership,
    },
    /// I left a channel or was removed. Stream `m`.
    #[serde(rename = "me.channel_left")]
    MyChannelLeft {
        /// The channel.
        channel_id: ChannelId,
    },
    /// My read marker moved. Stream `m`.
    #[serde(rename = "me.read")]
    MyRead {
        /// The channel.
        channel_id: ChannelId,
        /// Where it stands.
        read: ReadMarker,
    },
    /// Messages of others have one of my keywords, or no longer. Stream `m`. Those that name me anyway are none of them.
    #[serde(rename = "me.keyword_mentions")]
    MyKeywordMentions {
        /// The channel.
        channel_id: ChannelId,
        /// Places of messages that count as mentions of me from now on.
        added: Vec<Seq>,
        /// Places of messages that did so until now.
        removed: Vec<Seq>,
        /// My marker, with the counts as they are by that.
        read: ReadMarker,
    },
    /// I want a channel in another way. Stream `m`.
    #[serde(rename = "me.channel_preferences")]
    MyChannelPreferences {
        /// The channel.
        channel_id: ChannelId,
        /// How I want it now.
        preferences: ChannelPreferences,
    },
    /// I put my channels into another order. Stream `m`.
    #[serde(rename = "me.channel_order")]
    MyChannelOrder {
        /// As it is now.
        order: MyChannelOrder,
    },
    /// I muted a person, or do so no longer. Stream `m`.
    #[serde(rename = "me.user_mute")]
    MyUserMute {
        /// Whether it is so now.
        mute: UserMute,
    },
    /// I follow, mute or have read a thread in another way. Stream `m`.
    #[serde(rename = "me.thread")]
    MyThread {
        /// How I stand to it now.
        thread: ThreadMembership,
    },
    /// I saved a message, or do so no longer. Stream `m`. A deleted one is gone from the list by its deletion.
    #[serde(rename = "me.saved")]
    MySaved {
        /// Whether it is so now.
        saved: SavedMark,
    },
    /// A draft of mine was changed, or is gone. Stream `m`.
    #[serde(rename = "me.draft")]
    MyDraft {
        /// As it is now.
        draft: Draft,
    },
    /// A message that I schedule was written, changed, sent, cancelled, or could not be sent. Stream `m`.
    #[serde(rename = "me.scheduled")]
    MyScheduled {
        /// As it is now.
        scheduled: Scheduled,
    },
    /// A reminder of mine was made, changed, came due, or is done. Stream `m`. Where it came due devices say so, once.
    #[serde(rename = "me.reminder")]
    MyReminder {
        /// As it is now.
        reminder: Reminder,
    },
    /// My open requests to come into teams are these now. One that is gone was decided or taken back: my list of requests
    /// says which.
    #[serde(rename = "me.join_requests")]
    MyJoinRequests {
        /// The teams, by id.
        team_ids: Vec<TeamId>,
    },
    /// I came into a team.
    #[serde(rename = "me.team_joined")]
    MyTeamJoined {
        /// The team, with its revs.
        team: HelloTeam,
    },
    /// I left a team, was removed, or it was deleted.
    #[serde(rename = "me.team_left")]
    MyTeamLeft {
        /// The team.
        team_id: TeamId,
    },
    /// My account was changed: my profile, my status, what I chose. What ends by the clock, a status and hours, ends unsaid.
    #[serde(rename = "me.account")]
    MyAccount {
        /// As it is now.
        user: Box<User>,
        /// What I want for the whole account.
        preferences: Box<Preferences>,
    },
    /// Presence of watched people changed, or what they say of themselves.
    #[serde(rename = "presence.changed")]
    PresenceChanged {
        /// Those who changed.
        users: Vec<Presence>,
    },
    /// The server is about to close the socket.
    #[serde(rename = "closing")]
    Closing {
        /// Why.
        reason: CloseReason,
        /// When to connect again, in milliseconds; absent where it makes no sense.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reconnect_after_ms: Option<u64>,
    },
    /// An event of a newer server: a client takes its rev and ignores the rest.
    #[serde(other)]
    Unknown,
}

/// Why the server closes a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The server stops or restarts.
    Draining,
    /// The session was ended, or the account switched off.
    SessionEnded,
    /// No valid token came in time.
    Unauthenticated,
    /// The client did not read what it was sent.
    TooSlow,
    /// The client broke the protocol.
    Protocol,
    /// A reason of a newer server.
    #[serde(other)]
    Unknown,
}

/// The first frame on every socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hello {
    /// Version of the protocol.
    pub protocol: u32,
    /// Names the history that every rev and seq belongs to.
    pub epoch: Epoch,
    /// The session this socket belongs to.
    pub session_id: SessionId,
    /// Name of the connection in the server's log.
    pub connection_id: String,
    /// The server's clock.
    pub server_time: Time,
    /// The server pings this often, in milliseconds; nothing for three times as long means a dead connection.
    pub heartbeat_ms: u64,
    /// Bounds that this server applies.
    pub limits: Limits,
    /// The person.
    pub user: User,
    /// What the person wants for the whole account.
    pub preferences: Preferences,
    /// What everybody on the server sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub banner: Option<Banner>,
    /// The person's teams.
    pub teams: Vec<HelloTeam>,
    /// Teams that the person asked to come into, and that have not decided, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub join_requests: Vec<TeamId>,
}

/// Bounds that a server applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Longest content of one message, in bytes.
    pub message_bytes_max: usize,
    /// Longest frame to the server, in bytes.
    pub frame_bytes_max: usize,
    /// Most people watched for presence.
    pub watched_users_max: usize,
}

/// A team of the person, with the revs from which its events follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HelloTeam {
    /// The team, and what the person is in it.
    #[serde(flatten)]
    pub team: MyTeam,
    /// Newest rev of the team's stream.
    pub team_rev: Rev,
    /// Newest rev of the person's own stream in the team.
    pub member_rev: Rev,
}

impl Event {
    /// Makes an event that belongs to no stream.
    #[must_use]
    pub const fn outside_streams(body: EventBody) -> Self {
        Self { stream: None, rev: None, body }
    }

    /// Makes a page of missed changes into an event.
    #[must_use]
    pub fn from_changes(page: Changes) -> Self {
        Self {
            stream: Some(page.stream),
            rev: Some(page.rev),
            body: EventBody::Changes {
                items: page.items,
                after: page.after,
                head_rev: page.head_rev,
                read: page.read,
                my_reactions: page.my_reactions,
            },
        }
    }
}
