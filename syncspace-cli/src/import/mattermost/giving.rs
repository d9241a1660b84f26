//! The second reading of an export: people, channels, and posts in the order in which they were written.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom};
use std::rc::Rc;

use syncspace_protocol::archive::{
    ArchiveChannel, ArchiveFile, ArchiveLine, ArchiveMember, ArchiveMessage, ArchivePin, ArchiveReaction, ArchiveUser,
    key_of_people,
};
use syncspace_protocol::channels::{ChannelKind, Posting};
use syncspace_protocol::limits::{
    ARCHIVE_REACTIONS_MAX, DESCRIPTION_CHARS_MAX, FILES_PER_MESSAGE_MAX, FULL_NAME_CHARS_MAX, GROUP_MEMBERS_MAX,
    REACTIONS_PER_MESSAGE_MAX, TOPIC_CHARS_MAX,
};
use syncspace_protocol::messages::MessageType;
use syncspace_protocol::mrkdwn::blocks::attachment_text;
use syncspace_protocol::reactions::Emoji;
use syncspace_protocol::teams::TeamRole;
use syncspace_protocol::text::{clean_line, clean_text};
use syncspace_protocol::{ChannelName, Email, Time, Username};

use super::model::{Bot, Line, Membership, Post, User};
use super::{Found, Place};
use crate::import::bounds::{FILE_BYTES_MAX, LINES_HELD_BYTES_MAX};
use crate::import::entries::Entries;
use crate::import::large::add_line;
use crate::import::names::Names;
use crate::import::slack::{one_line, parts};
use crate::import::{Carried, ImportError, Item, LargeFiles, Notes, Out};

/// Lines that are read by their places. The last ones are held: replies to one post are often written one after the other.
pub(super) struct Lines {
    file: BufReader<File>,
    shown: String,
    /// Posts by where their lines begin, with the bytes that each takes.
    held: HashMap<u64, (Rc<Post>, usize)>,
    /// Where the lines begin, the oldest first.
    order: VecDeque<u64>,
    held_bytes: usize,
}

impl Lines {
    pub(super) fn new(file: BufReader<File>, shown: &str) -> Self {
        Self { file, shown: shown.to_owned(), held: HashMap::new(), order: VecDeque::new(), held_bytes: 0 }
    }

    fn post(&mut self, place: Place) -> Result<Rc<Post>, ImportError> {
        if let Some((post, _)) = self.held.get(&place.offset) {
            return Ok(Rc::clone(post));
        }
        let at = |why: String| ImportError::new(format!("{}, line {}", self.shown, place.line), why);
        let mut text = String::new();
        self.file.seek(SeekFrom::Start(place.offset)).map_err(|error| at(error.to_string()))?;
        self.file.read_line(&mut text).map_err(|error| at(error.to_string()))?;
        let (line, bytes) = Line::read(&text).map_err(|error| at(error.to_string()))?;
        let post = line.post.or(line.direct_post).ok_or_else(|| at("the file changed while it was read".to_owned()))?;
        let post = Rc::new(post);
        self.hold(place.offset, Rc::clone(&post), bytes);
        Ok(post)
    }

    /// Holds a line, and lets the oldest go that have no room beside it.
    fn hold(&mut self, offset: u64, post: Rc<Post>, bytes: usize) {
        self.held_bytes += bytes;
        while self.held_bytes > LINES_HELD_BYTES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.held_bytes -= self.held.remove(&oldest).map_or(0, |(_, bytes)| bytes);
        }
        self.order.push_back(offset);
        self.held.insert(offset, (post, bytes));
    }
}

/// Where attachments are, and what becomes of those that are too large.
pub(super) struct Attached {
    pub(super) entries: Option<Entries>,
    pub(super) large: LargeFiles,
}

/// What became of an attachment.
enum Attachment {
    /// It goes with its message.
    Taken(ArchiveFile, Carried),
    /// It is left out, and the message says this.
    LeftOut(String),
    /// The archive does not have it.
    Missing,
}

/// The second reading.
pub(super) struct Giving<'a> {
    pub(super) people: Names<Username>,
    pub(super) known: HashSet<String>,
    /// Usernames of programs.
    pub(super) bots: HashSet<String>,
    /// Names of the team's channels, by the names that they had.
    pub(super) channels: Names<ChannelName>,
    pub(super) lines: Lines,
    pub(super) attached: Attached,
    pub(super) notes: &'a mut Notes,
}

impl Giving<'_> {
    /// Gives the line of a person, and what the person is in the channels of the team.
    ///
    /// Whoever was deactivated, and programs, are not in the team.
    pub(super) fn give_user(&mut self, user: &User, team: &str, out: Out<'_>) -> Result<Vec<Membership>, ImportError> {
        let is_gone = user.delete_at.is_some_and(|at| at > 0) || self.bots.contains(&user.username);
        let membership = user.teams.iter().flatten().find(|membership| membership.name == team && !is_gone);
        let has_role = |roles: &str, role: &str| roles.split_whitespace().any(|held| held == role);
        let role = membership.map(|membership| match () {
            () if has_role(&user.roles, "system_guest") || has_role(&membership.roles, "team_guest") => TeamRole::Guest,
            () if has_role(&membership.roles, "team_admin") => TeamRole::Admin,
            () => TeamRole::Member,
        });
        let full_name = format!("{} {}", user.first_name, user.last_name);
        let full_name =
            one_line(&full_name, FULL_NAME_CHARS_MAX).or_else(|| one_line(&user.nickname, FULL_NAME_CHARS_MAX));
        let Some(username) = self.people.give(&user.username, &user.username, self.notes) else {
            return Ok(Vec::new());
        };
        if self.known.insert(user.username.clone()) {
            let email = user.email.parse::<Email>().ok();
            out(Item::line(ArchiveLine::User(ArchiveUser { username, email, full_name, role })))?;
        }
        let channels = membership.and_then(|membership| membership.channels.as_ref());
        Ok(channels
            .into_iter()
            .flatten()
            .map(|channel| Membership { name: channel.name.clone(), roles: channel.roles.clone(), channels: None })
            .collect())
    }

    /// Gives the line of a program, unless it had one as a user.
    pub(super) fn give_bot(&mut self, bot: &Bot, out: Out<'_>) -> Result<(), ImportError> {
        let Some(username) = self.people.give(&bot.username, &bot.username, self.notes) else { return Ok(()) };
        if self.known.insert(bot.username.clone()) {
            let full_name = one_line(&bot.display_name, FULL_NAME_CHARS_MAX);
            out(Item::line(ArchiveLine::User(ArchiveUser { username, email: None, full_name, role: None })))?;
        }
        Ok(())
    }

    fn name(&mut self, username: &str, out: Out<'_>) -> Result<Username, ImportError> {
        let missing = || ImportError::new("", format!("no name can be made for {username:?}"));
        let name = self.people.give(username, username, self.notes).ok_or_else(missing)?;
        if self.known.insert(username.to_owned()) {
            let line = ArchiveUser { username: name.clone(), email: None, full_name: None, role: None };
            out(Item::line(ArchiveLine::User(line)))?;
        }
        Ok(name)
    }

    pub(super) fn give_channel(&mut self, found: &Found, places: &[Place], out: Out<'_>) -> Result<(), ImportError> {
        let first = places.first().and_then(|place| time(place.at));
        let created_at = first.or_else(|| Time::from_unix_ms(1).ok());
        let created_at = created_at.ok_or_else(|| ImportError::new("", "a channel has no time"))?;
        let (key, name, people) = if found.kind.is_some() {
            let Some(name) = self.channels.find(&found.name).cloned() else { return Ok(()) };
            (name.to_string(), Some(name), Vec::new())
        } else {
            let mut people = Vec::new();
            for person in &found.people {
                let name = self.name(person, out)?;
                if !people.contains(&name) {
                    people.push(name);
                }
            }
            if people.is_empty() || people.len() > GROUP_MEMBERS_MAX {
                self.notes.leave_out("conversations of nobody, or of more than ten people");
                return Ok(());
            }
            (key_of_people(&people), None, people)
        };
        let description: String = clean_text(&found.purpose).trim().chars().take(DESCRIPTION_CHARS_MAX).collect();
        let kind = found.kind.unwrap_or(if people.len() > 2 { ChannelKind::Group } else { ChannelKind::Direct });
        let is_named = name.is_some();
        out(Item::line(ArchiveLine::Channel(ArchiveChannel {
            key: key.clone(),
            kind,
            retention_days: None,
            is_default: is_named && found.name == "town-square",
            name,
            people,
            description: Some(description).filter(|text| !text.is_empty()),
            topic: one_line(&found.header, TOPIC_CHARS_MAX),
            posting: Posting::Everyone,
            created_by: None,
            created_at,
            archived_at: time(found.deleted_at).filter(|_| found.deleted_at > 0),
        })))?;
        for (person, role) in found.members.iter().filter(|_| is_named) {
            let user = self.name(person, out)?;
            out(Item::line(ArchiveLine::Member(ArchiveMember { channel: key.clone(), user, role: *role })))?;
        }
        self.give_posts(&key, places, out)
    }

    fn give_posts(&mut self, key: &str, places: &[Place], out: Out<'_>) -> Result<(), ImportError> {
        let mut number = 0;
        let mut roots: BTreeMap<u64, u64> = BTreeMap::new();
        for &place in places {
            let post = self.lines.post(place)?;
            let reply = usize::try_from(place.reply).unwrap_or(usize::MAX).checked_sub(1);
            let said = match reply {
                None => &*post,
                Some(reply) => match post.replies.iter().flatten().nth(reply) {
                    Some(reply) => reply,
                    None => continue,
                },
            };
            let at = format!("{}, line {}", self.lines.shown, place.line);
            let parent = reply.and_then(|_| roots.get(&place.offset)).copied();
            let before = number;
            self.give_post(key, said, (parent, place.at), &mut number, out).map_err(|error| error.within(&at))?;
            if reply.is_none() && number > before && post.replies.iter().flatten().next().is_some() {
                roots.insert(place.offset, before + 1);
            }
        }
        Ok(())
    }

    fn give_post(
        &mut self,
        key: &str,
        post: &Post,
        (parent, at): (Option<u64>, i64),
        number: &mut u64,
        out: Out<'_>,
    ) -> Result<(), ImportError> {
        if post.kind.as_ref().is_some_and(|kind| kind.starts_with("system_")) {
            self.notes.leave_out("messages of the system, such as joins");
            return Ok(());
        }
        let created_at = time(at).ok_or_else(|| ImportError::new("", "its create_at is no time"))?;
        let (mut files, mut carried) = (Vec::new(), Vec::new());
        let mut content = called(&content(post), &self.channels);
        for attachment in post.attachments.iter().flatten() {
            match self.attached.take(&attachment.path, self.notes)? {
                Attachment::Taken(file, bytes) if files.len() < FILES_PER_MESSAGE_MAX => {
                    files.push(file);
                    carried.push(bytes);
                }
                Attachment::LeftOut(said) => add_line(&mut content, &said),
                _ => self.notes.leave_out("files that are not in the archive, or more than ten of one message"),
            }
        }
        if content.is_empty() && files.is_empty() {
            self.notes.leave_out("messages without a text");
            return Ok(());
        }
        let sender = self.name(&post.user, out)?;
        let reactions = self.reactions(post, created_at, out)?;
        let pinned = post.is_pinned.unwrap_or_default().then(|| ArchivePin { user: sender.clone(), at: created_at });
        let edited_at = post.edit_at.filter(|&at| at > 0).and_then(time);
        let mut first = Some((reactions, pinned, files, carried));
        let texts: Vec<&str> = if content.is_empty() { vec![""] } else { parts(&content).collect() };
        for text in texts {
            *number += 1;
            let (reactions, pinned, files, carried) = first.take().unwrap_or_default();
            let line = ArchiveMessage {
                channel: key.to_owned(),
                number: *number,
                sender: sender.clone(),
                content: text.to_owned(),
                message_type: MessageType::Text,
                code: None,
                parent,
                forwarded_from: None,
                created_at,
                edited_at,
                deleted_at: None,
                pinned,
                reactions,
                files,
            };
            out(Item::message(line, carried))?;
        }
        Ok(())
    }

    fn reactions(&mut self, post: &Post, at: Time, out: Out<'_>) -> Result<Vec<ArchiveReaction>, ImportError> {
        let (mut emojis, mut seen, mut reactions) = (HashSet::new(), HashSet::new(), Vec::new());
        for reaction in post.reactions.iter().flatten() {
            let emoji = reaction.emoji_name.parse::<Emoji>().ok().and_then(|emoji| emoji.canonical());
            let fits = |emoji: &Emoji| emojis.contains(emoji) || emojis.len() < REACTIONS_PER_MESSAGE_MAX;
            let Some(emoji) = emoji.filter(fits).filter(|_| reactions.len() < ARCHIVE_REACTIONS_MAX) else {
                self.notes.leave_out("reactions with emoji of their own");
                continue;
            };
            emojis.insert(emoji.clone());
            let user = self.name(&reaction.user, out)?;
            if seen.insert((emoji.clone(), user.clone())) {
                let at = time(reaction.create_at).filter(|_| reaction.create_at > 0).unwrap_or(at);
                reactions.push(ArchiveReaction { emoji, user, at });
            }
        }
        Ok(reactions)
    }
}

impl Attached {
    /// Takes an attachment out of the zip file.
    fn take(&mut self, path: &str, notes: &mut Notes) -> Result<Attachment, ImportError> {
        let Some(entries) = &mut self.entries else { return Ok(Attachment::Missing) };
        let below = format!("data/{path}");
        let found = [below.as_str(), path].into_iter().find_map(|name| Some((name, entries.size(name)?)));
        let Some((entry, size)) = found else { return Ok(Attachment::Missing) };
        let name = clean_line(entry.rsplit('/').next().unwrap_or_default()).into_owned();
        let judged = self.large.judge(&name, size, notes);
        if let Some(said) = judged.map_err(|error| error.within(&format!("entry {entry}")))? {
            return Ok(Attachment::LeftOut(said));
        }
        let (bytes, size_bytes, sha256) = entries.take_out(entry, FILE_BYTES_MAX)?;
        Ok(Attachment::Taken(ArchiveFile { name, size_bytes, sha256 }, bytes))
    }
}

/// Gives the text of a post, with what its attachments of Slack's kind say; their texts are Markdown here.
fn content(post: &Post) -> String {
    let props = post.props.value();
    let attachments = props["attachments"].as_array().map_or(&[][..], Vec::as_slice);
    let said = attachments.iter().map(|attachment| attachment_text(attachment, String::new(), str::to_owned));
    let mut parts: Vec<String> = std::iter::once(post.message.clone()).chain(said).collect();
    parts.retain(|part| !part.trim().is_empty());
    clean_text(&parts.join("\n")).trim().to_owned()
}

/// Writes `~town-square` as `#town-square`, where there is a channel of that name.
fn called(text: &str, channels: &Names<ChannelName>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('~') {
        out.push_str(before);
        let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))).unwrap_or(after.len());
        let (word, behind) = after.split_at(end);
        let begins = !out.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '~' | '/' | '`'));
        match channels.find(word).filter(|_| begins && !behind.starts_with('~')) {
            Some(name) => {
                out.push('#');
                out.push_str(name.as_str());
                rest = behind;
            }
            None => {
                out.push('~');
                rest = after;
            }
        }
    }
    out + rest
}

fn time(ms: i64) -> Option<Time> {
    Time::from_unix_ms(ms).ok().filter(|time| time.unix_ms() >= 0)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn channels_are_called_as_they_are_here() {
        let (mut channels, mut notes) = (Names::<ChannelName>::default(), Notes::default());
        for name in ["town-square", "x/y"] {
            channels.give(name, name, &mut notes);
        }
        for (text, expected) in [
            ("see ~town-square, (~town-square)", "see #town-square, (#town-square)"),
            ("~town-square", "#town-square"),
            ("~nowhere ~ ~~town-square~~ ~town-square~", "~nowhere ~ ~~town-square~~ ~town-square~"),
            ("/home/~town-square a~town-square `~town-square`", "/home/~town-square a~town-square `~town-square`"),
        ] {
            assert_eq!(called(text, &channels), expected, "{text}");
        }
    }

    #[test]
    fn lines_are_held_as_long_as_there_is_room_for_them() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let long = format!("{{\"type\":\"post\",\"post\":{{\"replies\":[{}{{}}]}}}}\n", "{},".repeat(99_999));
        let mut places = Vec::new();
        for line in 0..3_u32 {
            let offset = u64::from(line) * long.len() as u64;
            places.push(Place { channel: 0, at: 0, offset, reply: 0, line: line + 1 });
            file.write_all(long.as_bytes()).expect("writes");
        }
        let mut lines = Lines::new(BufReader::new(file.reopen().expect("opens")), "x.jsonl");
        let first = lines.post(places[0]).expect("a post");
        assert_eq!(first.replies.as_ref().map(Vec::len), Some(100_000));
        lines.post(places[1]).expect("a post");
        assert!(Rc::ptr_eq(&first, &lines.post(places[0]).expect("a post")), "it is held");
        lines.post(places[2]).expect("a post");
        assert!(lines.held_bytes <= LINES_HELD_BYTES_MAX && lines.held.len() == 2, "{}", lines.held_bytes);
        assert!(!Rc::ptr_eq(&first, &lines.post(places[0]).expect("a post")), "it had to go, and was read again");
        // One that has no room by itself is held alone.
        lines.hold(7, first, LINES_HELD_BYTES_MAX + 1);
        assert_eq!((lines.held.len(), lines.order.len()), (1, 1));
    }
}
