//! Whom a text names: the names in it become people who are in the channel.
//!
//! A group becomes the people who are in it at that moment: they stand in the message and have rows like everybody who is
//! named. A flag for the group, counted by range against who is in it now, would cost one row less for each person, and
//! change the numbers of the past whenever somebody comes into a group or leaves it: on each device when it hears of that,
//! in another stream than the channel's, so at no two at once. Groups are bounded, and so is what one message writes.

use std::collections::{BTreeMap, BTreeSet};

use syncspace_protocol::mentions::MentionedNames;
use syncspace_protocol::messages::{Message, MessageType};
use syncspace_protocol::{ChannelId, Mentions, TeamId};

use super::access::{ChannelAccess, Stopped, permit_channel};
use crate::permissions::ChannelAction;
use crate::store::{Queries, StoreError, mentions};

/// Finds the names in a text. Code names nobody, and a copy names nobody anew: whom its source named was told by that.
pub(super) fn names_in(content: &str, message_type: MessageType, is_copy: bool) -> MentionedNames {
    if message_type == MessageType::Code || is_copy { MentionedNames::default() } else { MentionedNames::find(content) }
}

/// Refuses a text that names everybody, or everybody who is online, where its author may not do so.
///
/// What it was allowed to say before stays: `former` is what the text named until now.
pub(super) fn check_all(found: &ChannelAccess, names: &MentionedNames, former: &Mentions) -> Result<(), Stopped> {
    let is_new = (names.channel && !former.channel) || (names.here && !former.here);
    if is_new {
        permit_channel(found, ChannelAction::MentionAll)?;
    }
    Ok(())
}

/// Makes mentions of the names in texts, in their order, with one look-up of people and one of groups for all of them; none
/// where nobody is named.
///
/// Who is not in the channel is not named, whoever else the name may belong to. A person goes before a group of that name.
pub(super) async fn resolve(
    db: &mut impl Queries,
    texts: &[(ChannelId, &MentionedNames)],
) -> Result<Vec<Mentions>, StoreError> {
    let naming = || texts.iter().filter(|(_, names)| !names.names.is_empty());
    let channels: BTreeSet<ChannelId> = naming().map(|&(channel, _)| channel).collect();
    let keys: BTreeSet<&str> = naming().flat_map(|(_, names)| names.keys()).collect();
    let channels: Vec<_> = channels.into_iter().collect();
    let keys: Vec<_> = keys.into_iter().collect();
    let members = mentions::find_members(db, &channels, &keys).await?;
    let member = |channel: ChannelId| {
        let members = &members;
        move |key: &str| members.get(&(channel, key.to_owned())).copied()
    };
    let keys: BTreeSet<&str> = naming().flat_map(|&(channel, names)| names.keys_of_groups(member(channel))).collect();
    let keys: Vec<_> = keys.into_iter().collect();
    // As a rule every name is somebody's, and nothing is asked here.
    let groups = if keys.is_empty() { BTreeMap::new() } else { mentions::find_groups(db, &channels, &keys).await? };
    let resolved = texts
        .iter()
        .map(|&(channel, names)| names.resolve(member(channel), |key| groups.get(&(channel, key.to_owned()))));
    Ok(resolved.collect())
}

/// Writes what new messages of a team name, to be counted.
pub(super) async fn note(db: &mut impl Queries, team: TeamId, messages: &[&Message]) -> Result<(), StoreError> {
    mentions::insert(db, team, messages).await
}

/// Writes what a changed message names now, in place of what it named before.
pub(super) async fn note_again(
    db: &mut impl Queries,
    team: TeamId,
    message: &Message,
    former: &Mentions,
) -> Result<(), StoreError> {
    if message.mentions == *former {
        return Ok(());
    }
    if !former.is_empty() {
        mentions::remove(db, message.channel_id, message.seq).await?;
    }
    mentions::insert(db, team, &[message]).await
}
