//! Closed words (roles, kinds) as columns hold them: the same text as on the wire.

use syncspace_protocol::channels::{ChannelKind, ChannelRole, Posting};
use syncspace_protocol::erasure::ErasureStage;
use syncspace_protocol::hooks::{DeliveryState, HookKind};
use syncspace_protocol::imports::MatchBy;
use syncspace_protocol::join_requests::JoinRequestState;
use syncspace_protocol::messages::MessageType;
use syncspace_protocol::personal::NotifyLevel;
use syncspace_protocol::reminders::ReminderState;
use syncspace_protocol::scheduled::ScheduledState;
use syncspace_protocol::status::ChosenPresence;
use syncspace_protocol::teams::{MailState, TeamRole};

use super::mails::MailKind;
use super::{FromValue, Value};

macro_rules! words {
    ($($kind:ident { $($variant:ident = $word:literal),* } $what:literal;)*) => {$(
        impl From<$kind> for Value {
            fn from(word: $kind) -> Self {
                match word {
                    $($kind::$variant => Self::from($word),)*
                }
            }
        }

        impl FromValue for $kind {
            fn from_value(value: &Value) -> Result<Self, &'static str> {
                match String::from_value(value)?.as_str() {
                    $($word => Ok(Self::$variant),)*
                    _ => Err($what),
                }
            }
        }
    )*};
}

words! {
    TeamRole { Guest = "guest", Member = "member", Admin = "admin", Owner = "owner" } "a team role";
    ChannelRole { Member = "member", Admin = "admin" } "a channel role";
    ChannelKind { Public = "public", Private = "private", Direct = "direct", Group = "group" } "a kind of channel";
    MessageType { Text = "text", Code = "code", File = "file", System = "system", Unknown = "unknown" } "a message type";
    MatchBy { Nothing = "nothing", Email = "email", Username = "username" } "how people are matched";
    NotifyLevel { All = "all", Mentions = "mentions", None = "none" } "a level of notification";
    ChosenPresence { Online = "online", Away = "away", Dnd = "dnd", Invisible = "invisible" } "a chosen presence";
    Posting { Everyone = "everyone", Admins = "admins" } "a posting policy";
    ScheduledState {
        Waiting = "waiting", Sent = "sent", Failed = "failed", Cancelled = "cancelled", Unknown = "unknown"
    } "a state of a scheduled message";
    JoinRequestState {
        Open = "open", Accepted = "accepted", Declined = "declined", Withdrawn = "withdrawn", Unknown = "unknown"
    } "a state of a join request";
    ErasureStage {
        Messages = "messages", Rest = "rest", Files = "files", Done = "done", Unknown = "unknown"
    } "a stage of an erasure";
    HookKind { Incoming = "incoming", Outgoing = "outgoing", Unknown = "unknown" } "a kind of hook";
    DeliveryState { Waiting = "waiting", Done = "done", Failed = "failed", Unknown = "unknown" } "a state of a delivery";
    MailState { Waiting = "waiting", Sent = "sent", Failed = "failed", Unknown = "unknown" } "a state of a mail";
    MailKind { Invite = "invite", Verify = "verify", Reset = "reset", HandOver = "hand_over", Moved = "moved" } "a kind of mail";
    ReminderState { Waiting = "waiting", Due = "due", Done = "done", Unknown = "unknown" } "a state of a reminder";
}
