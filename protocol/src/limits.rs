//! Every bound of the wire, by name. Lengths in characters are Unicode scalar values.

/// Longest username, in characters (all of them ASCII).
pub const USERNAME_CHARS_MAX: usize = 50;
/// Longest e-mail address, in characters.
pub const EMAIL_CHARS_MAX: usize = 100;
/// Longest full name of a person, in characters.
pub const FULL_NAME_CHARS_MAX: usize = 100;
/// Longest text of a person's custom status, in characters.
pub const STATUS_CHARS_MAX: usize = 100;
/// Longest time after which a custom status or a pause of notifications is over, in seconds: a leap year.
pub const STATUS_LIFE_S_MAX: u32 = 366 * 24 * 3600;
/// Longest name of a time zone, in characters (all of them ASCII).
pub const TIME_ZONE_CHARS_MAX: usize = 64;
/// Shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Longest password, in characters. It is hashed whole, never cut at bcrypt's 72 bytes.
pub const PASSWORD_CHARS_MAX: usize = 256;
/// Longest name of a team or channel, in characters, as written and as folded key.
pub const NAME_CHARS_MAX: usize = 100;
/// Most words of a person's names by which the person is found, the first ones.
pub const NAME_WORDS_MAX: usize = 50;
/// Most beginnings of words in one query for people.
pub const PEOPLE_TERMS_MAX: usize = 5;
/// Longest description of a team or channel, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 1_000;
/// Longest topic of a channel, in characters, on one line.
pub const TOPIC_CHARS_MAX: usize = 250;
/// Most channels of a team that newcomers come into by themselves.
pub const DEFAULT_CHANNELS_MAX: u64 = 20;
/// Most user groups of one team.
pub const GROUPS_PER_TEAM_MAX: u64 = 200;
/// Most people in one user group.
pub const GROUP_USERS_MAX: usize = 200;
/// Longest time after its sending that a team may let a message be edited, in seconds: a leap year.
pub const EDIT_WITHIN_S_MAX: u32 = 366 * 24 * 3600;
/// Longest message to a request to come into a team, in characters, on one line.
pub const JOIN_REQUEST_CHARS_MAX: usize = 500;
/// Most open requests of one person to come into teams.
pub const JOIN_REQUESTS_OF_PERSON_MAX: u64 = 20;
/// Most open requests to come into one team.
pub const JOIN_REQUESTS_OF_TEAM_MAX: u64 = 1_000;
/// How long somebody waits who was declined before asking the same team again, in seconds: a day.
pub const JOIN_REQUEST_PAUSE_S: u32 = 24 * 3600;
/// Longest address of an avatar or file, in characters.
pub const URL_CHARS_MAX: usize = 500;
/// Longest name of a device, in characters.
pub const DEVICE_NAME_CHARS_MAX: usize = 100;
/// Most bots of one team, those that are switched off among them.
pub const BOTS_PER_TEAM_MAX: u64 = 200;
/// Most hooks of one team.
pub const HOOKS_PER_TEAM_MAX: u64 = 200;
/// Longest name of a hook, in characters.
pub const HOOK_NAME_CHARS_MAX: usize = 100;
/// Longest address of the target of a hook or command, in characters.
pub const HOOK_URL_CHARS_MAX: usize = 1_000;
/// Most trigger words of one hook.
pub const TRIGGER_WORDS_MAX: usize = 20;
/// Longest trigger word, in characters.
pub const TRIGGER_WORD_CHARS_MAX: usize = 50;
/// Longest reason why a delivery failed, in characters.
pub const DELIVERY_ERROR_CHARS_MAX: usize = 500;
/// Most commands of one team.
pub const COMMANDS_PER_TEAM_MAX: u64 = 100;
/// Longest name of a command, in characters (all of them ASCII).
pub const SLASH_NAME_CHARS_MAX: usize = 32;
/// Longest description of a command, in characters.
pub const COMMAND_DESCRIPTION_CHARS_MAX: usize = 250;
/// Longest hint to what may follow a command, in characters.
pub const COMMAND_HINT_CHARS_MAX: usize = 100;
/// Longest name of an access token, in characters.
pub const TOKEN_NAME_CHARS_MAX: usize = 100;
/// Most access tokens of one account that have not ended.
pub const ACCESS_TOKENS_MAX: u64 = 50;
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
/// Longest JSON body of a request with lines of an archive, in bytes.
pub const IMPORT_BODY_BYTES_MAX: usize = 1024 * 1024;
/// Most lines of an archive in one request.
pub const IMPORT_LINES_MAX: usize = 1_000;
/// Longest name of where an import comes from, in characters, on one line.
pub const IMPORT_SOURCE_CHARS_MAX: usize = 50;
/// Longest key of a channel in an archive, in characters.
pub const ARCHIVE_KEY_CHARS_MAX: usize = 600;
/// Longest line of an archive, in bytes.
pub const ARCHIVE_LINE_BYTES_MAX: usize = 900 * 1024;
/// Most reactions to one message in an archive, the first ones.
pub const ARCHIVE_REACTIONS_MAX: usize = 5_000;
/// Items in a page when the request names no limit.
pub const PAGE_ITEMS_DEFAULT: u32 = 50;
/// Most items in one page.
pub const PAGE_ITEMS_MAX: u32 = 200;
/// Most different names in one message that are looked up as mentions; those after them name nobody.
pub const MENTIONED_NAMES_MAX: usize = 50;
/// Most different user groups in one message that mention their people; those after them mention nobody.
pub const MENTIONED_GROUPS_MAX: usize = 5;
/// Counts of unread messages and of mentions stop here and mean "this many or more".
pub const UNREAD_COUNT_MAX: u32 = 1_000;
/// Most users one socket may watch for presence.
pub const WATCHED_USERS_MAX: usize = 200;
/// Most people in a group direct channel, the creator included.
pub const GROUP_MEMBERS_MAX: usize = 10;
/// Most streams in one `resume` frame; a client with more sends several.
pub const RESUME_STREAMS_MAX: usize = 1_000;
/// Longest text of a banner, in characters.
pub const BANNER_CHARS_MAX: usize = 200;
/// Shortest life of a code that sets a new password, in seconds.
pub const PASSWORD_RESET_LIFE_S_MIN: u32 = 60;
/// Longest life of a code that sets a new password, in seconds.
pub const PASSWORD_RESET_LIFE_S_MAX: u32 = 7 * 24 * 3600;
/// How long a code for a new password that was mailed holds, in seconds: an hour.
pub const MAILED_RESET_LIFE_S: u32 = 3600;
/// Shortest time between two mailed codes for a new password of one account, in seconds.
pub const MAILED_RESET_PAUSE_S: u32 = 120;
/// How long a code that verifies an e-mail address holds, in seconds: a day.
pub const EMAIL_CODE_LIFE_S: u32 = 24 * 3600;
/// Most codes that verify an address for one account in as long as one holds.
pub const EMAIL_CODES_MAX: u32 = 10;
/// Most invites that one person has mailed in a day.
pub const INVITE_MAILS_PER_DAY_MAX: u32 = 200;
/// Longest reason why a mail was given up, in characters.
pub const MAIL_ERROR_CHARS_MAX: usize = 200;
/// Most days of statistics in one answer.
pub const STATISTICS_DAYS_MAX: u32 = 90;
/// Longest invite code or bootstrap token, in characters.
pub const TOKEN_CHARS_MAX: usize = 256;
/// Most people one invite may admit.
pub const INVITE_USES_MAX: u32 = 10_000;
/// Longest life of an invite, in seconds: 30 days.
pub const INVITE_LIFE_S_MAX: u32 = 30 * 24 * 3600;
/// Longest short name of an emoji, in characters (all of them ASCII).
pub const EMOJI_CHARS_MAX: usize = 64;
/// Most different emoji that people react with to one message.
pub const REACTIONS_PER_MESSAGE_MAX: usize = 30;
/// Most people that a message names for each emoji; the list of reactions has them all.
pub const REACTION_USERS_SHOWN_MAX: usize = 5;
/// Most former texts that are kept of one message: the first one, and the newest of those after it.
pub const MESSAGE_VERSIONS_MAX: usize = 50;
/// Most pinned messages of one channel.
pub const PINS_PER_CHANNEL_MAX: u32 = 100;
/// Longest name of a programming language, in characters (all of them ASCII).
pub const LANGUAGE_CHARS_MAX: usize = 32;
/// Longest file name or title of a piece of code, in characters.
pub const FILE_NAME_CHARS_MAX: usize = 100;
/// Most files that one message carries.
pub const FILES_PER_MESSAGE_MAX: usize = 10;
/// Longest name of an uploaded file, in bytes of UTF-8: what file systems take.
pub const UPLOAD_NAME_BYTES_MAX: usize = 255;
/// Most files of one person that no message carries yet.
pub const FILES_WAITING_MAX: u64 = 100;
/// Least bytes that a request must bring of an upload in parts to be kept, but for the last ones.
pub const UPLOAD_PART_BYTES_MIN: u64 = 1024 * 1024;
/// How long an uploaded file waits for its message, in seconds: a day.
pub const FILE_WAITS_S: u32 = 24 * 3600;
/// Longest life of a link to a file, in seconds.
pub const FILE_LINK_LIFE_S: u32 = 60;
/// Longest picture of a person or team, in bytes.
pub const AVATAR_BYTES_MAX: u64 = 1024 * 1024;
/// Shortest time between two parts appended to one message, in milliseconds.
pub const APPEND_PAUSE_MS: u64 = 1_000;
/// Longest query of a search, in characters.
pub const SEARCH_QUERY_CHARS_MAX: usize = 500;
/// Most words, phrases and filters in one query of a search.
pub const SEARCH_TERMS_MAX: usize = 20;
/// Hits in a page of a search when the request names no limit.
pub const SEARCH_HITS_DEFAULT: u32 = 20;
/// Most hits in one page of a search.
pub const SEARCH_HITS_MAX: u32 = 50;
/// Most hits that a search by relevance compares, the newest ones.
pub const SEARCH_RANKED_MAX: usize = 500;
/// Longest word that a search tells apart, in characters; longer ones are known by as many.
pub const WORD_CHARS_MAX: usize = 64;
/// Longest word with signs in it that a search knows as a whole, in characters.
pub const EXACT_WORD_CHARS_MAX: usize = 200;
/// Most different words of one message that are in the index, the first ones.
pub const INDEX_WORDS_MAX: usize = 2_000;
/// Most channels in one `PUT /teams/{id}/channel_order`.
pub const ORDERED_CHANNELS_MAX: usize = 500;
/// Most people shown as participants of a thread.
pub const THREAD_PARTICIPANTS_MAX: u32 = 50;
/// Most newest replies of a thread in which its participants are looked for.
pub const PARTICIPANT_REPLIES_MAX: u32 = 1_000;
/// Most messages that one person saves in one team, of those that it may still read.
pub const SAVED_MESSAGES_MAX: u32 = 5_000;
/// Most keywords of one person.
pub const KEYWORDS_MAX: usize = 20;
/// Longest keyword, in characters.
pub const KEYWORD_CHARS_MAX: usize = 50;
/// Most drafts that one person keeps in one team.
pub const DRAFTS_MAX: u32 = 500;
/// Most messages of one person in one team that wait for their time, or could not be sent.
pub const SCHEDULED_MESSAGES_MAX: u32 = 100;
/// Most reminders of one person in one team that wait for their time, or are due.
pub const REMINDERS_MAX: u32 = 500;
/// Longest note to a reminder, in characters, on one line.
pub const REMINDER_NOTE_CHARS_MAX: usize = 500;
/// Longest time ahead that a message may be scheduled or a reminder may come, in seconds: a leap year.
pub const AHEAD_S_MAX: u32 = 366 * 24 * 3600;
/// Longest time for which retention can keep messages, in days: a hundred years, and shorter than for ever.
pub const RETENTION_DAYS_MAX: u32 = 36_500;
/// Longest reason why a scheduled message could not be sent, in characters.
pub const SCHEDULE_FAILURE_CHARS_MAX: usize = 500;
