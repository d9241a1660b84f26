//! Exports of Slack: people, channels of all kinds, and a file of JSON for each day of each channel.
//!
//! One day of one channel is in memory at a time, and of each channel the times at which threads began. An export has no bytes
//! of files, only where they were; their names stay in the text, and how many there were is told.

mod model;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use syncspace_protocol::archive::{
    ARCHIVE_VERSION, ArchiveChannel, ArchiveHead, ArchiveLine, ArchiveMember, ArchiveMessage, ArchivePin,
    ArchiveReaction, ArchiveUser, key_of_people,
};
use syncspace_protocol::channels::{ChannelKind, ChannelRole, Posting};
use syncspace_protocol::limits::{
    ARCHIVE_REACTIONS_MAX, DESCRIPTION_CHARS_MAX, FULL_NAME_CHARS_MAX, GROUP_MEMBERS_MAX, MESSAGE_BYTES_MAX,
    REACTIONS_PER_MESSAGE_MAX, TOPIC_CHARS_MAX,
};
use syncspace_protocol::messages::MessageType;
use syncspace_protocol::mrkdwn::blocks::{attachment_text, blocks_text};
use syncspace_protocol::mrkdwn::{Directory, to_markdown};
use syncspace_protocol::reactions::Emoji;
use syncspace_protocol::teams::TeamRole;
use syncspace_protocol::text::{clean_line, clean_text};
use syncspace_protocol::{ChannelName, Email, Time, Username};

use super::entries::Entries;
use super::names::Names;
use super::{ImportError, Item, Notes, Out};
use model::{Channel, Message, User};

/// Lists of channels: the file, and of what kind they are.
const LISTS: [(&str, ChannelKind); 4] = [
    ("channels.json", ChannelKind::Public),
    ("groups.json", ChannelKind::Private),
    ("dms.json", ChannelKind::Direct),
    ("mpims.json", ChannelKind::Group),
];

/// The program of Slack itself, which no export marks as one.
const SLACKBOT: &str = "USLACKBOT";

/// Messages of these subtypes say what everybody sees anyway: who came and went, what a channel is called.
const EVENTS: [&str; 14] = [
    "channel_join",
    "channel_leave",
    "channel_topic",
    "channel_purpose",
    "channel_name",
    "channel_archive",
    "channel_unarchive",
    "channel_convert_to_private",
    "group_join",
    "group_leave",
    "group_topic",
    "group_purpose",
    "bot_add",
    "bot_remove",
];

/// Reads an export.
pub(super) fn read(path: &Path, out: Out<'_>, notes: &mut Notes) -> Result<(), ImportError> {
    let shown = path.display().to_string();
    let within = |error: ImportError| error.within(&shown);
    let mut entries = Entries::open(path)?;
    if !entries.has("users.json") || !LISTS.iter().any(|(list, _)| entries.has(list)) {
        return Err(ImportError::new(shown, "it is no export of Slack: it has no users.json, or no list of channels"));
    }
    let mut export = Export {
        people: Names::default(),
        channels: Names::default(),
        known: HashSet::new(),
        present: HashSet::new(),
        notes,
    };
    out(Item::line(ArchiveLine::Version(ArchiveHead { version: ARCHIVE_VERSION, has_private: true })))?;
    let users: Vec<User> = entries.list("users.json").map_err(within)?;
    export.give_people(users, out)?;
    let mut lists = Vec::new();
    for (list, kind) in LISTS {
        if entries.has(list) {
            let channels: Vec<Channel> = entries.list(list).map_err(within)?;
            lists.extend(channels.into_iter().map(|channel| (channel, kind)));
        }
    }
    // All names first: a message may call any channel.
    for (channel, kind) in &lists {
        if let (ChannelKind::Public | ChannelKind::Private, Some(name)) = (kind, &channel.name) {
            export.channels.give(&channel.id, name, export.notes);
        }
    }
    let mut days = days_of(&entries);
    for (channel, kind) in lists {
        export.give_channel(&mut entries, &mut days, (channel, kind), out).map_err(within)?;
    }
    for _ in days.keys() {
        export.notes.leave_out("folders of messages that no list of channels names");
    }
    Ok(())
}

/// Gives the files of days by their folders.
fn days_of(entries: &Entries) -> BTreeMap<String, Vec<String>> {
    let mut days: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in entries.names() {
        if let Some((folder, day)) = name.split_once('/')
            && day.ends_with(".json")
            && !day.contains('/')
        {
            days.entry(folder.to_owned()).or_default().push(name.to_owned());
        }
    }
    days
}

/// An export that is being read.
struct Export<'a> {
    people: Names<Username>,
    channels: Names<ChannelName>,
    /// Ids that had a line.
    known: HashSet<String>,
    /// Of those, the ids of people who are in the workspace; others are known for what they wrote.
    present: HashSet<String>,
    notes: &'a mut Notes,
}

impl Directory for Export<'_> {
    fn user(&self, id: &str) -> Option<String> {
        self.people.find(id).map(ToString::to_string)
    }

    fn channel(&self, id: &str) -> Option<String> {
        self.channels.find(id).map(ToString::to_string)
    }
}

impl Export<'_> {
    fn give_people(&mut self, users: Vec<User>, out: Out<'_>) -> Result<(), ImportError> {
        for user in users {
            if user.id.is_empty() || !self.known.insert(user.id.clone()) {
                continue;
            }
            let Some(username) = self.people.give(&user.id, &user.name, self.notes) else { continue };
            let role = role_of(&user);
            if role.is_some() {
                self.present.insert(user.id.clone());
            }
            let full_name = user.profile.real_name.or(user.real_name);
            let line = ArchiveUser {
                username,
                email: user.profile.email.and_then(|email| email.parse::<Email>().ok()),
                full_name: full_name.and_then(|name| one_line(&name, FULL_NAME_CHARS_MAX)),
                role,
            };
            out(Item::line(ArchiveLine::User(line)))?;
        }
        Ok(())
    }

    /// Gives the name of somebody who may have none yet: a bot, or a person of another workspace.
    fn name(&mut self, id: &str, wanted: &str, out: Out<'_>) -> Result<Username, ImportError> {
        let missing = || ImportError::new("", format!("no name can be made for {id:?}"));
        let username = self.people.give(id, wanted, self.notes).ok_or_else(missing)?;
        if self.known.insert(id.to_owned()) {
            let full_name = one_line(wanted, FULL_NAME_CHARS_MAX);
            let line = ArchiveUser { username: username.clone(), email: None, full_name, role: None };
            out(Item::line(ArchiveLine::User(line)))?;
        }
        Ok(username)
    }

    fn give_channel(
        &mut self,
        entries: &mut Entries,
        days: &mut BTreeMap<String, Vec<String>>,
        (channel, kind): (Channel, ChannelKind),
        out: Out<'_>,
    ) -> Result<(), ImportError> {
        let Some((line, folder)) = self.channel_line(&channel, kind, out)? else { return Ok(()) };
        let key = line.key.clone();
        let is_named = line.name.is_some();
        out(Item::line(ArchiveLine::Channel(line)))?;
        if is_named {
            let mut seen = HashSet::new();
            for id in &channel.members {
                if !self.present.contains(id) || !seen.insert(id.as_str()) {
                    continue;
                }
                let user = self.name(id, id, out)?;
                let member = ArchiveMember { channel: key.clone(), user, role: ChannelRole::Member };
                out(Item::line(ArchiveLine::Member(member)))?;
            }
        }
        let mut log = Log { key, number: 0, roots: HashMap::new(), pins: HashMap::new() };
        for pin in channel.pins {
            log.pins.insert(pin.id, (pin.user, pin.created));
        }
        for name in days.remove(&folder).unwrap_or_default() {
            let mut messages: Vec<Message> = entries.list(&name)?;
            messages.sort_by_key(|message| stamp(&message.ts));
            for message in messages {
                self.give_message(&mut log, message, out).map_err(|error| error.within(&format!("entry {name}")))?;
            }
        }
        Ok(())
    }

    /// Makes the line of a channel, with the folder of its days.
    fn channel_line(
        &mut self,
        channel: &Channel,
        kind: ChannelKind,
        out: Out<'_>,
    ) -> Result<Option<(ArchiveChannel, String)>, ImportError> {
        let created_at = time_of_seconds(channel.created).unwrap_or_else(epoch);
        let is_named = matches!(kind, ChannelKind::Public | ChannelKind::Private);
        let (key, name, people) = if is_named {
            let Some(name) = self.channels.find(&channel.id).cloned() else {
                self.notes.leave_out("channels without a name");
                return Ok(None);
            };
            (name.to_string(), Some(name), Vec::new())
        } else {
            let mut people = Vec::new();
            for id in &channel.members {
                let user = self.name(id, id, out)?;
                if !people.contains(&user) {
                    people.push(user);
                }
            }
            if people.is_empty() || people.len() > GROUP_MEMBERS_MAX {
                self.notes.leave_out("conversations of nobody, or of more than ten people");
                return Ok(None);
            }
            (key_of_people(&people), None, people)
        };
        let folder = match kind {
            ChannelKind::Direct => channel.id.clone(),
            _ => channel.name.clone().unwrap_or_else(|| channel.id.clone()),
        };
        let created_by = channel.creator.clone().filter(|id| !id.is_empty());
        let created_by = created_by.map(|id| self.name(&id, &id, out)).transpose()?;
        let description = clean_text(&channel.purpose.value).trim().chars().take(DESCRIPTION_CHARS_MAX).collect();
        let line = ArchiveChannel {
            key,
            kind: if is_named { kind } else { kind_of_people(people.len()) },
            name,
            people,
            description: Some(description).filter(|text: &String| !text.is_empty()),
            topic: one_line(&to_markdown(&channel.topic.value, self), TOPIC_CHARS_MAX),
            posting: Posting::Everyone,
            retention_days: None,
            is_default: kind == ChannelKind::Public && channel.is_general,
            created_by,
            created_at,
            archived_at: channel.is_archived.then_some(created_at),
        };
        Ok(Some((line, folder)))
    }

    fn give_message(&mut self, log: &mut Log, message: Message, out: Out<'_>) -> Result<(), ImportError> {
        let subtype = message.subtype.as_deref().unwrap_or_default();
        if message.kind != "message" || EVENTS.contains(&subtype) || subtype == "tombstone" {
            self.notes.leave_out("messages of the system, such as joins");
            return Ok(());
        }
        let at = |why: &str| ImportError::new(format!("message {}", clean_line(&message.ts)), why);
        let created_at = time(&message.ts).ok_or_else(|| at("its ts is no time"))?;
        let sender = self.sender(&message, out)?;
        let content = self.content(&message);
        if content.is_empty() {
            self.notes.leave_out("messages without a text");
            return Ok(());
        }
        let reactions = self.reactions(&message, created_at, out)?;
        let pinned = match log.pins.remove(&message.ts) {
            Some((user, created)) => {
                let user = user.map_or_else(|| Ok(sender.clone()), |id| self.name(&id, &id, out))?;
                Some(ArchivePin { user, at: time_of_seconds(created).unwrap_or(created_at) })
            }
            None => None,
        };
        let parent =
            message.thread_ts.as_ref().filter(|root| **root != message.ts).and_then(|root| log.roots.get(root));
        let parent = parent.copied();
        if message.thread_ts.is_some() && parent.is_none() {
            log.roots.insert(message.ts.clone(), log.number + 1);
        }
        let edited_at = message.edited.as_ref().and_then(|edited| time(&edited.ts));
        // Slack's messages may be longer than ours: what is left goes on in the next one.
        let mut first = Some((reactions, pinned));
        for part in parts(&content) {
            log.number += 1;
            let (reactions, pinned) = first.take().unwrap_or_default();
            let line = ArchiveMessage {
                channel: log.key.clone(),
                number: log.number,
                sender: sender.clone(),
                content: part.to_owned(),
                message_type: MessageType::Text,
                code: None,
                parent,
                forwarded_from: None,
                created_at,
                edited_at,
                deleted_at: None,
                pinned,
                reactions,
                files: Vec::new(),
            };
            out(Item::message(line, Vec::new()))?;
        }
        Ok(())
    }

    fn sender(&mut self, message: &Message, out: Out<'_>) -> Result<Username, ImportError> {
        if let Some(id) = message.user.as_deref().filter(|id| !id.is_empty()) {
            let person = message.user_profile.as_ref();
            let person = person.and_then(|profile| profile.name.as_deref().or(profile.real_name.as_deref()));
            let program = message.bot_profile.as_ref().map(|profile| profile.name.as_str());
            let called = person.or(program).filter(|name| !name.is_empty()).unwrap_or(id);
            return self.name(id, if id == SLACKBOT { "slackbot" } else { called }, out);
        }
        let profile = message.bot_profile.as_ref().map(|profile| profile.name.as_str());
        let called = message.username.as_deref().or(profile).filter(|name| !name.is_empty());
        match (message.bot_id.as_deref(), called) {
            (Some(id), called) => self.name(&format!("bot {id}"), called.unwrap_or(id), out),
            (None, Some(called)) => self.name(&format!("bot {called}"), called, out),
            (None, None) => self.name("nobody", "unknown", out),
        }
    }

    /// Gives the text of a message, with what its attachments say and the names of its files.
    fn content(&mut self, message: &Message) -> String {
        let mut parts = vec![self.text(message)];
        let is_said = !parts[0].trim().is_empty();
        let mut attachments = message.attachments.value();
        for attachment in attachments.as_array_mut().into_iter().flatten() {
            // What is there for those who show no attachments says it once more.
            if let (true, Some(attachment)) = (is_said, attachment.as_object_mut()) {
                attachment.remove("fallback");
            }
            let blocks = blocks_text(attachment["blocks"].as_array().into_iter().flatten(), self);
            parts.push(attachment_text(attachment, blocks, |text| to_markdown(text, self)));
        }
        for file in &message.files {
            if file.mode.as_deref() == Some("tombstone") {
                parts.push("(a file that was deleted)".to_owned());
                continue;
            }
            self.notes.leave_out("files, of which an export has only the names");
            let name = file.name.as_ref().or(file.title.as_ref()).unwrap_or(&file.id);
            parts.push(format!("(file: {})", clean_line(name)));
        }
        parts.retain(|part| !part.trim().is_empty());
        clean_text(&parts.join("\n")).trim().to_owned()
    }

    /// Gives what a message says itself.
    ///
    /// As at Slack, the text beside the blocks of a program is what notifications say. What people write is one block of rich
    /// text, and the text says the same.
    fn text(&self, message: &Message) -> String {
        let blocks = message.blocks.value();
        let blocks = blocks.as_array().map_or(&[][..], Vec::as_slice);
        let is_written = blocks.iter().all(|block| block["type"] == "rich_text");
        let text = || Some(to_markdown(&message.text, self)).filter(|text| !text.trim().is_empty());
        let shown = || Some(blocks_text(blocks, self)).filter(|text| !text.trim().is_empty());
        let found = if is_written { text().or_else(shown) } else { shown().or_else(text) };
        found.unwrap_or_default()
    }

    fn reactions(&mut self, message: &Message, at: Time, out: Out<'_>) -> Result<Vec<ArchiveReaction>, ImportError> {
        let mut reactions = Vec::new();
        let mut emojis = HashSet::new();
        for reaction in &message.reactions {
            let Some(emoji) = emoji(&reaction.name)
                .filter(|emoji| emojis.contains(emoji) || emojis.len() < REACTIONS_PER_MESSAGE_MAX)
            else {
                self.notes.leave_out("reactions with emoji of their own");
                continue;
            };
            let is_new = emojis.insert(emoji.clone());
            let mut seen = HashSet::new();
            for id in reaction.users.iter().filter(|id| seen.insert(id.as_str())) {
                let user = self.name(id, id, out)?;
                let is_twice =
                    !is_new && reactions.iter().any(|held: &ArchiveReaction| held.emoji == emoji && held.user == user);
                if reactions.len() < ARCHIVE_REACTIONS_MAX && !is_twice {
                    reactions.push(ArchiveReaction { emoji: emoji.clone(), user, at });
                }
            }
        }
        Ok(reactions)
    }
}

/// What is known of a channel while its days are read.
struct Log {
    key: String,
    number: u64,
    /// Numbers of messages that began threads, by their times.
    roots: HashMap<String, u64>,
    /// Who pinned a message, and when, by the time of it.
    pins: HashMap<String, (Option<String>, i64)>,
}

/// Gives what somebody is to be in the team: whoever was deactivated, and programs, are not in it.
fn role_of(user: &User) -> Option<TeamRole> {
    if user.deleted || user.is_bot || user.id == SLACKBOT {
        return None;
    }
    Some(match (user.is_owner, user.is_admin, user.is_restricted) {
        (true, _, _) => TeamRole::Owner,
        (_, true, _) => TeamRole::Admin,
        (_, _, true) => TeamRole::Guest,
        _ => TeamRole::Member,
    })
}

/// Gives an emoji by Slack's name for it, without a tone of skin.
fn emoji(name: &str) -> Option<Emoji> {
    let name = name.split("::").next().unwrap_or_default();
    let known = |name: &str| name.parse::<Emoji>().ok().and_then(|emoji| emoji.canonical());
    let ours = match name {
        "simple_smile" => "slightly_smiling_face",
        _ => name.strip_prefix("flag-").unwrap_or(name),
    };
    known(name).or_else(|| known(ours)).or_else(|| known(&ours.replace('-', "_")))
}

const fn kind_of_people(count: usize) -> ChannelKind {
    if count > 2 { ChannelKind::Group } else { ChannelKind::Direct }
}

/// Gives a text on one line, of at most so many characters; none where nothing is left.
pub(super) fn one_line(text: &str, chars_max: usize) -> Option<String> {
    let line: String = clean_line(text).trim().chars().take(chars_max).collect();
    Some(line).filter(|line| !line.trim().is_empty())
}

/// Cuts a text into parts that fit into messages, at the ends of lines where there are some.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if rest.len() <= MESSAGE_BYTES_MAX {
            return Some(std::mem::take(&mut rest));
        }
        let end = rest.floor_char_boundary(MESSAGE_BYTES_MAX);
        let end = rest[..end].rfind('\n').filter(|&end| end > 0).unwrap_or(end);
        let (part, after) = rest.split_at(end);
        rest = after.trim_start_matches('\n');
        Some(part)
    })
}

/// Gives what orders messages: seconds and what is below, as numbers.
fn stamp(ts: &str) -> (i64, u32) {
    let (seconds, rest) = ts.split_once('.').unwrap_or((ts, "0"));
    (seconds.parse().unwrap_or_default(), rest.parse().unwrap_or_default())
}

/// Reads a time like `1712345678.000100`: seconds since 1970, and a number that keeps messages of one second apart.
fn time(ts: &str) -> Option<Time> {
    let (seconds, rest) = ts.split_once('.').unwrap_or((ts, "0"));
    let seconds: i64 = seconds.parse().ok()?;
    let micros: i64 = format!("{rest:0<6}").get(..6)?.parse().ok()?;
    let time = Time::from_unix_ms(seconds.checked_mul(1_000)?.checked_add(micros / 1_000)?).ok()?;
    (time.unix_ms() >= 0).then_some(time)
}

fn time_of_seconds(seconds: i64) -> Option<Time> {
    Time::from_unix_ms(seconds.checked_mul(1_000)?).ok().filter(|time| time.unix_ms() > 0)
}

fn epoch() -> Time {
    Time::from_unix_ms(0).expect("1970 is in every calendar")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_with_a_number_behind() {
        assert_eq!(time("1712345678.123456").expect("a time").to_string(), "2024-04-05T19:34:38.123Z");
        assert_eq!(time("1712345678").expect("a time").to_string(), "2024-04-05T19:34:38.000Z");
        for odd in ["", "x", "-5.0", "99999999999999999999.0", "1.x"] {
            assert_eq!(time(odd), None, "{odd}");
        }
    }

    #[test]
    fn emoji_go_by_slacks_names() {
        for (slacks, ours) in [
            ("+1::skin-tone-2", "thumbsup"),
            ("flag-de", "de"),
            ("man-shrugging", "man_shrugging"),
            ("simple_smile", "slightly_smiling_face"),
        ] {
            let expected = ours.parse::<Emoji>().expect(ours).canonical().expect(ours);
            assert_eq!(emoji(slacks), Some(expected), "{slacks}");
        }
        assert_eq!(emoji("partyparrot"), None);
    }

    #[test]
    fn long_texts_become_several_messages_and_nothing_is_lost() {
        let text = format!("{}\n{}", "a".repeat(15_990), "é".repeat(10_000));
        let cut: Vec<&str> = parts(&text).collect();
        assert!(cut.iter().all(|part| part.len() <= MESSAGE_BYTES_MAX && !part.is_empty()), "{}", cut.len());
        assert_eq!(cut.concat(), text.replace('\n', ""));
    }
}
