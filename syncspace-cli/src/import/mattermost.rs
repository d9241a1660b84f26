//! Bulk exports of Mattermost: lines of JSON, alone or in a zip file with the attachments.
//!
//! Posts stand in them in no order of time. A first look notes where each is, in 32 bytes; then they are read once more, channel
//! by channel and in the order in which they were written. Only the lines that were read last are held.

mod giving;
mod model;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

use syncspace_protocol::archive::{ARCHIVE_VERSION, ArchiveHead, ArchiveLine};
use syncspace_protocol::channels::{ChannelKind, ChannelRole};

use super::bounds::{FOREIGN_LINE_BYTES_MAX, LINES_ENTRY_BYTES_MAX, LOOK_BYTES_MAX};
use super::entries::Entries;
use super::lines::next_line;
use super::names::Names;
use super::{Carried, ImportError, Item, LargeFiles, Notes, Out, at_path};
use giving::{Attached, Giving, Lines};
use model::{Bot, Line, Post, User};

/// Lines that belong to a team or name some: what they are depends on which one is wanted.
const IN_TEAMS: [&str; 5] = ["channel", "user", "post", "direct_channel", "direct_post"];

/// The version of the format that is read.
const VERSION: u32 = 1;

/// Reads an export.
pub(super) fn read(
    (path, team): (&Path, Option<&str>),
    large: LargeFiles,
    out: Out<'_>,
    notes: &mut Notes,
) -> Result<(), ImportError> {
    let mut shown = path.display().to_string();
    let mut magic = [0; 2];
    let mut file = File::open(path).map_err(at_path(path))?;
    let is_zip = file.read(&mut magic).map_err(at_path(path))? == 2 && magic == *b"PK";
    let (entries, lines) = if is_zip {
        let mut entries = Entries::open(path)?;
        let name = entries.names().find(|name| name.ends_with(".jsonl") && !name.contains('/')).map(str::to_owned);
        let missing = || ImportError::new(&shown, "there are no lines of JSON at the top of the zip file");
        let name = name.ok_or_else(missing)?;
        let (lines, _, _) = entries.take_out(&name, LINES_ENTRY_BYTES_MAX)?;
        shown = format!("{shown}, entry {name}");
        (Some(entries), lines)
    } else {
        (None, Carried::Kept(path.to_owned()))
    };
    let mut export = Export::look(lines.as_ref(), &shown, team, notes)?;
    export.give_all((lines.as_ref(), &shown), Attached { entries, large }, out)
}

/// Where a post or a reply stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    channel: u32,
    at: i64,
    /// Where its line begins.
    offset: u64,
    /// 0 for the post itself, else which reply it is.
    reply: u32,
    line: u32,
}

/// A channel that was found.
#[derive(Debug, Default)]
struct Found {
    kind: Option<ChannelKind>,
    name: String,
    people: Vec<String>,
    header: String,
    purpose: String,
    deleted_at: i64,
    members: Vec<(String, ChannelRole)>,
}

/// What a first look found out.
struct Export<'a> {
    team: String,
    users: Vec<User>,
    bots: Vec<Bot>,
    channels: Vec<Found>,
    /// Channels by what posts call them.
    by_key: HashMap<String, u32>,
    places: Vec<Place>,
    /// What people and channels take, in bytes.
    held: usize,
    notes: &'a mut Notes,
}

impl<'a> Export<'a> {
    fn look(path: &Path, shown: &str, team: Option<&str>, notes: &'a mut Notes) -> Result<Self, ImportError> {
        let mut export = Self {
            team: String::new(),
            users: Vec::new(),
            bots: Vec::new(),
            channels: Vec::new(),
            by_key: HashMap::new(),
            places: Vec::new(),
            held: 0,
            notes,
        };
        let mut teams = Vec::new();
        let mut reader = BufReader::new(File::open(path).map_err(at_path(path))?);
        let (mut number, mut offset) = (0, 0);
        while let Some(text) = next_line(&mut reader, FOREIGN_LINE_BYTES_MAX, shown, number)? {
            number += 1;
            let place = || format!("{shown}, line {number}");
            let begins = offset;
            offset += text.len() as u64;
            if text.trim().is_empty() {
                continue;
            }
            // Some programs put a mark before UTF-8.
            let text = text.trim_start_matches('\u{feff}');
            let (mut line, bytes) = Line::read(text).map_err(|error| ImportError::new(place(), error))?;
            if number == 1 && line.version != Some(VERSION) {
                return Err(ImportError::new(place(), "it is no bulk export of version 1 of Mattermost"));
            }
            // All teams come before the first line of something in one; roles and emoji may stand between them.
            match line.kind.as_str() {
                "team" => teams.extend(line.team.take().map(|team| team.name)),
                kind if export.team.is_empty() && IN_TEAMS.contains(&kind) => {
                    export.team = choose(&teams, team).ok_or_else(|| ImportError::new(shown, which(&teams, team)))?;
                }
                _ => {}
            }
            let noted = export.note(line, bytes, (begins, u32::try_from(number).unwrap_or(u32::MAX)));
            noted.and_then(|()| export.refuse_size()).map_err(|error| error.within(&place()))?;
        }
        if export.team.is_empty() {
            export.team = choose(&teams, team).ok_or_else(|| ImportError::new(shown, which(&teams, team)))?;
        }
        export.places.sort_unstable();
        Ok(export)
    }

    /// Refuses an export of which more would be held than there is to be room for.
    fn refuse_size(&self) -> Result<(), ImportError> {
        if self.held + self.places.len() * size_of::<Place>() <= LOOK_BYTES_MAX {
            return Ok(());
        }
        let gib = LOOK_BYTES_MAX >> 30;
        let why = format!("up to here, what has to be held of people, channels and posts is more than {gib} GiB");
        Err(ImportError::new("", why))
    }

    /// Notes what a line says, which takes so many bytes.
    fn note(&mut self, line: Line, bytes: usize, (offset, number): (u64, u32)) -> Result<(), ImportError> {
        if !matches!(line.kind.as_str(), "post" | "direct_post") {
            self.held += bytes;
        }
        match line.kind.as_str() {
            "channel" => {
                let Some(channel) = line.channel.filter(|channel| channel.team == self.team) else { return Ok(()) };
                let kind = if channel.kind == "P" { ChannelKind::Private } else { ChannelKind::Public };
                let index = self.channel(channel.name.clone());
                let found = &mut self.channels[index as usize];
                found.kind = Some(kind);
                (found.name, found.header, found.purpose) = (channel.name, channel.header, channel.purpose);
                found.deleted_at = channel.deleted_at;
            }
            "user" => self.users.extend(line.user),
            "bot" => self.bots.extend(line.bot),
            "direct_channel" => {
                let Some(channel) = line.direct_channel else { return Ok(()) };
                let index = self.channel(people_key(&channel.members));
                let found = &mut self.channels[index as usize];
                (found.people, found.header) = (channel.members, channel.header);
            }
            "post" => {
                let Some(post) = line.post.filter(|post| post.team == self.team) else { return Ok(()) };
                let key = post.channel.clone();
                self.note_post(&post, key, (offset, number))?;
            }
            "direct_post" => {
                let Some(post) = line.direct_post else { return Ok(()) };
                let key = people_key(&post.channel_members);
                self.note_post(&post, key, (offset, number))?;
            }
            "version" | "team" => {}
            _ => self.notes.leave_out("lines of other types, such as roles and emoji"),
        }
        Ok(())
    }

    fn note_post(&mut self, post: &Post, key: String, (offset, line): (u64, u32)) -> Result<(), ImportError> {
        let Some(&channel) = self.by_key.get(&key) else {
            return Err(ImportError::new("", format!("the channel {key:?} has no line before this one")));
        };
        self.places.push(Place { channel, at: post.create_at, offset, reply: 0, line });
        for (reply, place) in post.replies.iter().flatten().zip(1..) {
            // A reply is never before what it answers.
            let at = reply.create_at.max(post.create_at);
            self.places.push(Place { channel, at, offset, reply: place, line });
        }
        Ok(())
    }

    fn channel(&mut self, key: String) -> u32 {
        let next = u32::try_from(self.channels.len()).unwrap_or(u32::MAX);
        let index = *self.by_key.entry(key).or_insert(next);
        if index == next {
            self.channels.push(Found::default());
        }
        index
    }

    fn give_all(&mut self, (path, shown): (&Path, &str), attached: Attached, out: Out<'_>) -> Result<(), ImportError> {
        out(Item::line(ArchiveLine::Version(ArchiveHead { version: ARCHIVE_VERSION, has_private: true })))?;
        let file = BufReader::new(File::open(path).map_err(at_path(path))?);
        let mut giving = Giving {
            people: Names::default(),
            known: HashSet::new(),
            bots: self.bots.iter().map(|bot| bot.username.clone()).collect(),
            channels: Names::default(),
            lines: Lines::new(file, shown),
            attached,
            notes: &mut *self.notes,
        };
        for user in std::mem::take(&mut self.users) {
            let teams = giving.give_user(&user, &self.team, out)?;
            for channel in teams {
                if let Some(&index) = self.by_key.get(&channel.name) {
                    let is_admin = channel.roles.split_whitespace().any(|role| role == "channel_admin");
                    let role = if is_admin { ChannelRole::Admin } else { ChannelRole::Member };
                    self.channels[index as usize].members.push((user.username.clone(), role));
                }
            }
        }
        for bot in std::mem::take(&mut self.bots) {
            giving.give_bot(&bot, out)?;
        }
        // All names first: a post may call any channel.
        for found in self.channels.iter().filter(|found| found.kind.is_some()) {
            giving.channels.give(&found.name, &found.name, giving.notes);
        }
        let mut rest = self.places.as_slice();
        for (index, found) in (0_u32..).zip(&self.channels) {
            let count = rest.iter().take_while(|place| place.channel == index).count();
            let (places, after) = rest.split_at(count);
            rest = after;
            giving.give_channel(found, places, out)?;
        }
        Ok(())
    }
}

/// Chooses the team that is imported: the named one, or the only one.
fn choose(teams: &[String], wanted: Option<&str>) -> Option<String> {
    match (wanted, teams) {
        (Some(wanted), teams) => teams.iter().find(|name| *name == wanted).cloned(),
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
    }
}

/// Says why no team was chosen.
fn which(teams: &[String], wanted: Option<&str>) -> String {
    let names = teams.join(", ");
    match (wanted, teams) {
        (_, []) => "it has no team before its channels and people".to_owned(),
        (Some(wanted), _) => format!("it has no team {wanted:?}; its teams are: {names}"),
        (None, _) => format!("it has {} teams: {names}; name one with --from-team", teams.len()),
    }
}

fn people_key(people: &[String]) -> String {
    let mut people: Vec<&str> = people.iter().map(String::as_str).collect();
    people.sort_unstable();
    format!("@{}", people.join("@"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_look_holds_no_more_than_there_is_room_for() {
        let mut notes = Notes::default();
        let place = Place { channel: 0, at: 0, offset: 0, reply: 0, line: 1 };
        let mut export = Export {
            team: "old".to_owned(),
            users: Vec::new(),
            bots: Vec::new(),
            channels: Vec::new(),
            by_key: HashMap::new(),
            places: vec![place; 2],
            held: LOOK_BYTES_MAX - 2 * size_of::<Place>() - 300,
            notes: &mut notes,
        };
        export.refuse_size().expect("fits");
        let post = Line { kind: "post".to_owned(), ..Line::default() };
        export.note(post, 1_000, (0, 2)).expect("is of another team");
        export.refuse_size().expect("posts are read again, and not held");
        let user = Line { kind: "user".to_owned(), ..Line::default() };
        export.note(user, 301, (0, 3)).expect("is noted");
        let why = export.refuse_size().expect_err("is too much").to_string();
        assert!(why.contains("more than 2 GiB"), "{why}");
    }
}
