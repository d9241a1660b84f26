//! The messages of an import as they come: checked like those that people send, and with the ids that their names stand for.

use std::collections::{HashMap, HashSet};

use sha2::{Digest as _, Sha256};
use syncspace_protocol::archive::ArchiveMessage;
use syncspace_protocol::limits::REACTION_USERS_SHOWN_MAX;
use syncspace_protocol::messages::{Code, MessageType, Pin};
use syncspace_protocol::reactions::{Emoji, Reaction, Reactions};
use syncspace_protocol::{FileId, Time, UserId, Username};

use super::imports::{name_hash, shown};
use super::secrets::{hash_token, hex};
use super::{ServiceError, parse};

/// What names of an archive stand for here, by the hash of each.
pub(super) struct Names<T>(pub(super) HashMap<String, T>);

impl Names<UserId> {
    pub(super) fn find(&self, name: &Username) -> Result<UserId, ServiceError> {
        self.0.get(&name_hash(name)).copied().ok_or_else(|| {
            let sentence = format!("the user {} has no line before this one", shown(name.as_str()));
            ServiceError::invalid_field("lines", sentence)
        })
    }
}

/// Names everybody of whom a message tells.
pub(super) fn people_of(message: &ArchiveMessage) -> impl Iterator<Item = &Username> {
    let reactions = message.reactions.iter().map(|reaction| &reaction.user);
    let pin = message.pinned.iter().map(|pin| &pin.user);
    std::iter::once(&message.sender).chain(&message.forwarded_from).chain(pin).chain(reactions)
}

/// Gives the keys of the files that a message carries.
pub(super) fn files_of(message: &ArchiveMessage) -> impl Iterator<Item = String> {
    (0_u32..).zip(&message.files).map(|(place, _)| file_key(&message.channel, message.number, place))
}

/// Gives by what a file is known that comes ahead of its message.
pub(super) fn file_key(channel: &str, number: u64, place: u32) -> String {
    hash_token(&format!("{number}/{place}/{channel}"))
}

/// A message that was checked, with what its names stand for.
pub(super) struct Parsed {
    pub(super) number: u64,
    pub(super) sender: UserId,
    pub(super) content: String,
    pub(super) message_type: MessageType,
    pub(super) code: Option<Code>,
    pub(super) parent: Option<u64>,
    pub(super) forwarded_from: Option<UserId>,
    pub(super) created_at: Time,
    pub(super) edited_at: Option<Time>,
    pub(super) deleted_at: Option<Time>,
    pub(super) pinned: Option<Pin>,
    pub(super) reactions: Vec<(Emoji, UserId, Time)>,
    pub(super) files: Vec<FileId>,
    pub(super) digest: String,
}

/// Checks messages of one channel.
pub(super) fn parse(
    messages: &[ArchiveMessage],
    names: &Names<UserId>,
    files: &Names<FileId>,
) -> Result<Vec<Parsed>, ServiceError> {
    let named = |message: &ArchiveMessage, error: ServiceError| match error {
        ServiceError::Refused(refusal) => {
            let place = format!("message {} of {}: {}", message.number, shown(&message.channel), refusal.message);
            ServiceError::invalid_field("lines", place)
        }
        other => other,
    };
    messages.iter().map(|message| Parsed::of(message, names, files).map_err(|error| named(message, error))).collect()
}

impl Parsed {
    fn of(message: &ArchiveMessage, names: &Names<UserId>, files: &Names<FileId>) -> Result<Self, ServiceError> {
        let content = parse::message_content_or_none(&message.content)?;
        let (message_type, code) = kind_of(message)?;
        let carried = files_of(message).map(|key| files.0.get(&key).copied());
        let carried: Option<Vec<_>> = carried.collect();
        let pinned = message
            .pinned
            .as_ref()
            .map(|pin| Ok::<_, ServiceError>(Pin { user_id: names.find(&pin.user)?, pinned_at: pin.at }));
        Ok(Self {
            number: message.number,
            sender: names.find(&message.sender)?,
            content,
            message_type,
            code,
            parent: message.parent,
            forwarded_from: message.forwarded_from.as_ref().map(|name| names.find(name)).transpose()?,
            created_at: message.created_at,
            edited_at: message.edited_at,
            deleted_at: message.deleted_at,
            pinned: pinned.transpose()?,
            reactions: reactions_of(message, names)?,
            files: carried.ok_or_else(|| refused("a file of it has not been sent ahead"))?,
            digest: digest_of(message)?,
        })
    }
}

fn refused(why: &str) -> ServiceError {
    ServiceError::invalid_field("lines", why.to_owned())
}

/// Gives the type as it is kept: what carries files is a file.
fn kind_of(message: &ArchiveMessage) -> Result<(MessageType, Option<Code>), ServiceError> {
    match message.message_type {
        MessageType::System => Ok((MessageType::System, None)),
        MessageType::File if message.deleted_at.is_some() => Ok((MessageType::File, None)),
        MessageType::Text | MessageType::File => {
            parse::message_kind(MessageType::Text, message.code.clone(), !message.files.is_empty())
        }
        kind => parse::message_kind(kind, message.code.clone(), !message.files.is_empty()),
    }
}

fn reactions_of(message: &ArchiveMessage, names: &Names<UserId>) -> Result<Vec<(Emoji, UserId, Time)>, ServiceError> {
    let mut seen = HashSet::new();
    let mut reactions = Vec::with_capacity(message.reactions.len());
    for reaction in &message.reactions {
        let emoji = reaction.emoji.canonical();
        let emoji = emoji.ok_or_else(|| refused(&format!("there is no emoji {}", shown(reaction.emoji.as_str()))))?;
        let user = names.find(&reaction.user)?;
        // Two people of the archive may be one here.
        if seen.insert((emoji.clone(), user)) {
            reactions.push((emoji, user, reaction.at));
        }
    }
    Ok(reactions)
}

/// Names a line: the same archive gives the same, another one another.
fn digest_of(message: &ArchiveMessage) -> Result<String, ServiceError> {
    let text = serde_json::to_vec(message).map_err(ServiceError::fault)?;
    Ok(hex(&Sha256::digest(text)[..16]))
}

/// Gives what a message shows of its reactions.
pub(super) fn shown_reactions(all: &[(Emoji, UserId, Time)]) -> Reactions {
    let mut shown = Reactions::default();
    for (emoji, user, _) in all {
        let mut held = shown.find(emoji).cloned().unwrap_or(Reaction { emoji: emoji.clone(), count: 0, users: vec![] });
        held.count = held.count.saturating_add(1);
        if held.users.len() < REACTION_USERS_SHOWN_MAX {
            held.users.push(*user);
        }
        shown.put(held);
    }
    shown
}
