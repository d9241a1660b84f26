//! The words SyncSpace's server and clients speak: pure data, no I/O, no async, no clock.
//!
//! # Glossary
//!
//! One word per concept, the same in code, on the wire and in the documentation.
//!
//! | word | meaning |
//! | --- | --- |
//! | team | people who share channels; has owners, admins, members and guests |
//! | channel | a log of messages inside one team: public, private, direct (two people) or group |
//! | member | one person in one team, or in one channel |
//! | message | one entry of a channel's log |
//! | thread | a message (the root) and its replies |
//! | seq | the place of a message in its channel: 1, 2, 3 … without gaps, in commit order |
//! | stream | what a client follows: `c3` a channel, `t1` a team, `m7` one person in one team |
//! | rev | the number of a committed change in its stream; every change takes the next one |
//! | head | the last seq and the last rev of a stream |
//! | floor | the last seq or rev that is no longer kept |
//! | retention | how long messages are kept: for the server, a team or a channel |
//! | epoch | the name of a store's history; numbers from another epoch mean nothing |
//! | `client_id` | the sender's own name for a message; sending it again gives the same message back |
//! | session | one logged-in device |
//! | scope | a part of what a person may do, as an access token names it |
//! | marker | the seq up to which a person has read a channel |
//! | unread | messages after the marker that are top level, not from the system, not deleted, not mine |
//! | reaction | an emoji under a message, one per person and emoji |
//! | mention | a name in a message: `@alice`, `@channel` for everybody in it, `@here` for those who are online |
//! | presence | whether a person is there: online, away, dnd (do not disturb), offline; invisible only to oneself |
//! | custom status | what a person says of itself: a text, an emoji, until when |
//! | keyword | a word or phrase by which a person wants to be called |
//! | user group | people of a team who are mentioned by one name: `@oncall` |
//! | live / behind | a stream whose events arrive as they happen / whose missed changes are still to come |
//! | file | bytes that somebody uploaded into a channel, for a message to carry |
//! | part / exact | how search takes a text apart: runs of letters and digits / words with signs in them, like `C++` |
//! | bot | the account of a program, in one team |
//! | hook | an address that programs post messages to (incoming), or that is told of messages (outgoing) |
//! | delivery | one message that an outgoing hook is told of |
//! | command | a word that people type behind a slash, and a program that answers |
//! | hit | a message that a search found |
//! | banner | a line that everybody on the server sees |
//! | audit log | what was done to the server, its accounts and its teams: by whom, when |
//! | erasure | the end of one person's data: the account loses its name at once, what the person wrote goes after it |
//! | archive | a team as lines of JSON, to be moved out and in |
//! | import | the filling of a team from an archive, under the archive's fingerprint |
//! | void | a change that its receiver may not see: the rev without content |

pub mod archive;
pub mod audit;
pub mod auth;
pub mod bots;
pub mod channels;
pub mod commands;
pub mod erasure;
pub mod error;
pub mod files;
pub mod groups;
pub mod hooks;
pub mod ids;
pub mod imports;
pub mod join_requests;
pub mod keywords;
pub mod limits;
pub mod links;
pub mod mentions;
pub mod messages;
pub mod mrkdwn;
pub mod name_words;
pub mod names;
pub mod notify;
pub mod page;
pub mod patch;
pub mod person;
pub mod personal;
pub mod preferences;
pub mod reactions;
pub mod reminders;
pub mod retention;
pub mod scheduled;
pub mod search;
pub mod server;
pub mod socket;
pub mod status;
pub mod sync;
pub mod teams;
pub mod text;
pub mod time;
pub mod tokens;
pub mod users;
pub mod zones;

pub use error::{ErrorBody, ErrorCode, ErrorDetail};
pub use ids::{
    AuditId, ChannelId, ClientId, CommandId, DeliveryId, Epoch, FileId, GroupId, HookId, IDEMPOTENCY_KEY_HEADER,
    IdempotencyKey, ImportId, InviteId, MemberId, MessageId, ReminderId, Rev, ScheduledId, Seq, SessionId, StreamId,
    TeamId, UserId,
};
pub use mentions::Mentions;
pub use names::{ChannelName, Email, GroupName, Keyword, Password, TeamName, Username};
pub use page::Page;
pub use patch::Patch;
pub use time::Time;
pub use zones::TimeZoneName;

/// Version of the socket protocol, sent in `hello`.
pub const PROTOCOL_VERSION: u32 = 1;
