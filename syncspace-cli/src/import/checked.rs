//! The check before anything is sent: each line by itself, and that each names only what stands before it.

use std::collections::{HashMap, HashSet};

use syncspace_protocol::Username;
use syncspace_protocol::archive::{ArchiveChannel, ArchiveLine, ArchiveMessage, ArchiveTeam};

use super::{ImportError, Item};

/// What was seen of an archive so far.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    users: HashSet<String>,
    /// The number of the last message of each channel.
    channels: HashMap<String, u64>,
    /// What the team said of itself where it comes from.
    pub(crate) team: Option<ArchiveTeam>,
    /// Lines of its people and channels, without what channels say of themselves.
    pub(crate) lines: Vec<ArchiveLine>,
    pub(crate) messages: u64,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

impl Checked {
    pub(crate) fn users(&self) -> u64 {
        self.users.len() as u64
    }

    pub(crate) fn channels(&self) -> u64 {
        self.channels.len() as u64
    }

    /// Gives how many messages a channel has, by its key.
    pub(crate) fn messages_of(&self, key: &str) -> u64 {
        self.channels.get(key).copied().unwrap_or_default()
    }

    /// Takes the next line, or says what is wrong with it.
    pub(crate) fn take(&mut self, item: &Item) -> Result<(), ImportError> {
        item.line.check().map_err(|error| ImportError::new("", error))?;
        match &item.line {
            ArchiveLine::User(user) => {
                if self.users.insert(user.username.key()) {
                    self.lines.push(item.line.clone());
                }
            }
            ArchiveLine::Group(group) => self.need_all(group.users.iter())?,
            ArchiveLine::Channel(channel) => {
                self.need_all(channel.people.iter().chain(&channel.created_by))?;
                if self.channels.insert(channel.key.clone(), 0).is_none() {
                    let bare = ArchiveChannel { description: None, topic: None, ..channel.clone() };
                    self.lines.push(ArchiveLine::Channel(bare));
                }
            }
            ArchiveLine::Member(member) => {
                self.need_all(std::iter::once(&member.user))?;
                self.need_channel(&member.channel)?;
            }
            ArchiveLine::Message(message) => self.take_message(message)?,
            ArchiveLine::Team(team) => self.team = Some(team.clone()),
            ArchiveLine::Version(_) | ArchiveLine::End(_) => {}
        }
        Ok(())
    }

    fn take_message(&mut self, message: &ArchiveMessage) -> Result<(), ImportError> {
        let reactions = message.reactions.iter().map(|reaction| &reaction.user);
        let pin = message.pinned.iter().map(|pin| &pin.user);
        self.need_all(std::iter::once(&message.sender).chain(&message.forwarded_from).chain(pin).chain(reactions))?;
        let last = self.need_channel(&message.channel)?;
        if message.number != last + 1 {
            let why = format!("message {} comes behind message {last}: they are numbered without gaps", message.number);
            return Err(ImportError::new("", why));
        }
        self.channels.insert(message.channel.clone(), message.number);
        self.messages += 1;
        self.files += message.files.len() as u64;
        self.bytes += message.files.iter().map(|file| file.size_bytes).sum::<u64>();
        Ok(())
    }

    fn need_all<'a>(&self, names: impl Iterator<Item = &'a Username>) -> Result<(), ImportError> {
        for name in names {
            if !self.users.contains(&name.key()) {
                return Err(ImportError::new("", format!("the user {name} has no line before this one")));
            }
        }
        Ok(())
    }

    fn need_channel(&self, key: &str) -> Result<u64, ImportError> {
        let missing = || ImportError::new("", format!("the channel {key:?} has no line before this one"));
        self.channels.get(key).copied().ok_or_else(missing)
    }
}
