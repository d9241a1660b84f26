//! Every bound of the wire, by name. Lengths in characters are Unicode scalar values.

/// Longest username, in characters (all of them ASCII).
pub const USERNAME_CHARS_MAX: usize = 50;
/// Longest e-mail address, in characters.
pub const EMAIL_CHARS_MAX: usize = 100;
/// Longest full name of a person, in characters.
pub const FULL_NAME_CHARS_MAX: usize = 100;
/// Shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Longest password, in characters. It is hashed whole, never cut at bcrypt's 72 bytes.
pub const PASSWORD_CHARS_MAX: usize = 256;
/// Longest name of a team or channel, in characters, as written and as folded key.
pub const NAME_CHARS_MAX: usize = 100;
/// Longest description of a team or channel, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 1_000;
/// Longest address of an avatar or file, in characters.
pub const URL_CHARS_MAX: usize = 500;
/// Longest name of a device, in characters.
pub const DEVICE_NAME_CHARS_MAX: usize = 100;
/// Longest content of one message, in bytes of UTF-8.
pub const MESSAGE_BYTES_MAX: usize = 16_000;
/// Longest `client_id`, in characters (all of them visible ASCII).
pub const CLIENT_ID_CHARS_MAX: usize = 64;
/// Longest idempotency key, in characters (all of them visible ASCII).
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// How long a server remembers an idempotency key, in seconds: a day.
pub const IDEMPOTENCY_KEY_LIFE_S: u32 = 24 * 3600;
/// Longest frame or message a client may send on the socket, in bytes.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;
/// Longest JSON body of a REST request, in bytes.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Items in a page when the request names no limit.
pub const PAGE_ITEMS_DEFAULT: u32 = 50;
/// Most items in one page.
pub const PAGE_ITEMS_MAX: u32 = 200;
/// Most different names in one message that are looked up as mentions; those after them name nobody.
pub const MENTIONED_NAMES_MAX: usize = 50;
/// Counts of unread messages and of mentions stop here and mean "this many or more".
pub const UNREAD_COUNT_MAX: u32 = 1_000;
/// Most users one socket may watch for presence.
pub const WATCHED_USERS_MAX: usize = 200;
/// Most people in a group direct channel, the creator included.
pub const GROUP_MEMBERS_MAX: usize = 10;
/// Most streams in one `resume` frame; a client with more sends several.
pub const RESUME_STREAMS_MAX: usize = 1_000;
/// Longest invite code or bootstrap token, in characters.
pub const TOKEN_CHARS_MAX: usize = 256;
/// Most people one invite may admit.
pub const INVITE_USES_MAX: u32 = 10_000;
/// Longest life of an invite, in seconds: 30 days.
pub const INVITE_LIFE_S_MAX: u32 = 30 * 24 * 3600;
/// Most messages of one person in one team that wait for their time, or could not be sent.
pub const SCHEDULED_MESSAGES_MAX: u32 = 100;
/// Longest time ahead that a message may be scheduled, in seconds: a leap year.
pub const SCHEDULE_AHEAD_S_MAX: u32 = 366 * 24 * 3600;
/// Longest reason why a scheduled message could not be sent, in characters.
pub const SCHEDULE_FAILURE_CHARS_MAX: usize = 500;
