//! The channels of an import, as operations on the team's stream: made out of everybody's sight, and shown at the end.

use syncspace_protocol::archive::ArchiveChannel;
use syncspace_protocol::channels::{Channel, ChannelKind, ChannelRole, Posting};
use syncspace_protocol::imports::ImportedChannel;
use syncspace_protocol::limits::{DEFAULT_CHANNELS_MAX, NAME_CHARS_MAX, TOPIC_CHARS_MAX};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ChannelId, ChannelName, MemberId, StreamId, TeamId, UserId};

use super::access::Stopped;
use super::behind::Follower;
use super::channel_changes::{NewArrival, Plan, audience, enter_all};
use super::fields::clean_field;
use super::import_messages::Names;
use super::import_people::{numbered, permitted};
use super::imports::{Asked, shown};
use super::secrets::hash_token;
use super::team_changes::Refused;
use super::{ServiceError, parse};
use crate::log::{Audience, Effect, LogTx, Operation};
use crate::permissions::Permit;
use crate::store::exports::find_channel;
use crate::store::imports::{self, Item, ItemKind, NewPerson, Stage};
use crate::store::{IdBlocks, Queries, StoreError, channels, imported};

/// Channels of an import that is taken back, of one commit.
const CHANNELS_PER_DROP: u32 = 100;

/// A channel of an archive, with the people whom it names.
struct NewChannel {
    line: ArchiveChannel,
    people: Vec<UserId>,
    created_by: UserId,
}

/// Makes the channels of an archive, out of everybody's sight.
pub(super) struct ImportChannels {
    asked: Asked,
    channels: Vec<NewChannel>,
    ids: Vec<ChannelId>,
}

impl ImportChannels {
    pub(super) fn new(
        asked: Asked,
        channels: Vec<ArchiveChannel>,
        names: &Names<UserId>,
    ) -> Result<Self, ServiceError> {
        let mut resolved = Vec::with_capacity(channels.len());
        for line in channels {
            resolved.push(NewChannel::parse(asked, line, names)?);
        }
        Ok(Self { asked, channels: resolved, ids: Vec::new() })
    }
}

impl NewChannel {
    fn parse(asked: Asked, mut line: ArchiveChannel, names: &Names<UserId>) -> Result<Self, ServiceError> {
        line.description = parse::description(line.description.as_deref())?;
        line.topic = clean_field("topic", line.topic.as_deref(), TOPIC_CHARS_MAX)?;
        let people = line.people.iter().map(|name| names.find(name)).collect::<Result<Vec<_>, _>>()?;
        let created_by = line.created_by.as_ref().map(|name| names.find(name)).transpose()?;
        Ok(Self { people, created_by: created_by.unwrap_or(asked.actor.user_id), line })
    }

    fn plan(&self) -> Plan {
        match self.line.name.clone() {
            Some(name) => Plan::Named { kind: self.line.kind, name, description: self.line.description.clone() },
            None => Plan::of_people(&self.people),
        }
    }
}

impl Operation for ImportChannels {
    type Output = Vec<ImportedChannel>;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Team(self.asked.team)]
    }

    async fn prepare(&mut self, ids: &IdBlocks) -> Result<(), StoreError> {
        self.ids = ids.next_many(self.channels.len()).await?;
        Ok(())
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Vec<ImportedChannel>, Refused> {
        let (permit, import) = permitted(tx, self.asked).await?;
        let hashes: Vec<_> = self.channels.iter().map(|channel| hash_token(&channel.line.key)).collect();
        let mut known = imports::find_items(tx.db, import.id, ItemKind::Channel, &hashes).await?;
        let mut made = Vec::with_capacity(self.channels.len());
        for ((channel, hash), &id) in self.channels.iter().zip(hashes).zip(&self.ids) {
            let item = match known.get(&hash) {
                Some(item) => *item,
                None => {
                    let item = self.make(tx, channel, id, &permit).await?;
                    imports::put_item(tx.db, import.id, (ItemKind::Channel, &hash), item).await?;
                    known.insert(hash, item);
                    item
                }
            };
            made.push(told(tx, &channel.line.key, item).await?);
        }
        Ok(made)
    }
}

impl ImportChannels {
    async fn make(
        &self,
        tx: &mut LogTx<'_>,
        new: &NewChannel,
        id: ChannelId,
        permit: &Permit,
    ) -> Result<Item, Refused> {
        let team = self.asked.team;
        let plan = match new.plan() {
            Plan::Named { kind, name, description } => {
                Plan::Named { kind, name: free_name(tx.db, team, &name).await?, description }
            }
            between @ Plan::Between(_) => between,
        };
        if let Some(other) = channels::find_by_key(tx.db, team, &plan.key()).await? {
            return Ok(Item { object_id: other.get(), stage: Some(Stage::Foreign) });
        }
        tx.create_stream(StreamId::Channel(id), team, permit).await?;
        let taken = tx.next_rev(StreamId::Team(team), permit)?;
        let line = &new.line;
        let name = match &plan {
            Plan::Named { name, .. } => Some(name.clone()),
            Plan::Between(_) => None,
        };
        let channel = Channel {
            id,
            team_id: team,
            // Private and without anybody in it: nobody sees it.
            kind: ChannelKind::Private,
            name,
            description: line.description.clone(),
            topic: line.topic.clone(),
            posting: if line.name.is_some() { line.posting } else { Posting::Everyone },
            is_default: line.is_default && line.kind == ChannelKind::Public,
            retention_days: line.retention_days,
            is_private: true,
            people: Vec::new(),
            created_by: new.created_by,
            created_at: line.created_at,
            updated_at: line.created_at,
            archived_at: line.archived_at.filter(|_| line.name.is_some()),
            rev: taken.rev,
        };
        channels::insert(tx.db, &channel, &plan.key()).await?;
        if channel.name.is_some() {
            channels::update(tx.db, &channel).await?;
        }
        let people = new.people.iter().map(|&user| NewPerson { channel: id, user, role: ChannelRole::Member });
        imports::put_people(tx.db, self.asked.import, &people.collect::<Vec<_>>()).await?;
        tx.announce_to(audience(&channel), taken, EventBody::ChannelUpdated { channel }, Vec::new())?;
        Ok(Item { object_id: id.get(), stage: Some(Stage::Hidden(plan.kind())) })
    }
}

/// Gives the name of a channel, with a number behind it where it is taken.
pub(super) async fn free_name(
    db: &mut impl Queries,
    team: TeamId,
    wanted: &ChannelName,
) -> Result<ChannelName, Stopped> {
    for number in 1_u32.. {
        let name = numbered(wanted.as_str(), number, NAME_CHARS_MAX);
        let name: ChannelName = name.parse().map_err(|error| {
            let sentence = format!("{}: {error}", shown(wanted.as_str()));
            Stopped::Refused(ServiceError::invalid_field("lines", sentence))
        })?;
        if channels::find_by_key(db, team, &name.key()).await?.is_none() {
            return Ok(name);
        }
    }
    Err(Stopped::Refused(ServiceError::fault("every name is taken")))
}

/// Tells how far a channel has come.
async fn told(tx: &mut LogTx<'_>, key: &str, item: Item) -> Result<ImportedChannel, Refused> {
    let id =
        ChannelId::try_from(item.object_id).map_err(|_| StoreError::Corrupt { column: 1, expected: "a channel id" })?;
    let found = find_channel(tx.db, id).await?;
    Ok(ImportedChannel {
        key: key.to_owned(),
        channel_id: id,
        last_number: found.as_ref().map_or(0, |(_, head)| head.last_seq.get()),
        name: found.and_then(|(channel, _)| channel.name),
        is_foreign: item.stage == Some(Stage::Foreign),
    })
}

/// Shows a channel of an import to those who may find it.
pub(super) struct OpenChannel {
    pub(super) asked: Asked,
    pub(super) channel: ChannelId,
    pub(super) kind: ChannelKind,
}

impl Operation for OpenChannel {
    type Output = ();
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Team(self.asked.team), StreamId::Channel(self.channel)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<(), Refused> {
        let (permit, import) = permitted(tx, self.asked).await?;
        let stage = imports::find_stage(tx.db, import.id, self.channel).await?;
        let found = find_channel(tx.db, self.channel).await?;
        let head = tx.head(StreamId::Channel(self.channel));
        let (Some(Stage::Hidden(_)), Some((mut channel, _)), Some(head)) = (stage, found, head) else {
            // Shown before, or deleted.
            return Ok(imports::set_stage(tx.db, import.id, self.channel, Stage::Entering).await?);
        };
        let taken = tx.next_rev(StreamId::Team(self.asked.team), &permit)?;
        if channel.is_default && channels::count_defaults(tx.db, self.asked.team).await? >= DEFAULT_CHANNELS_MAX {
            channel.is_default = false;
            channels::update(tx.db, &channel).await?;
        }
        imports::reveal(tx.db, self.channel, self.kind, taken.rev).await?;
        imports::set_stage(tx.db, import.id, self.channel, Stage::Entering).await?;
        // History calls nobody and rings nowhere; only the search is to know it.
        for follower in Follower::ALL.into_iter().filter(|follower| *follower != Follower::Search) {
            imported::pass_over(tx.db, follower.mark(), self.channel, (head.last_rev, head.last_seq)).await?;
        }
        (channel.kind, channel.is_private) = (self.kind, self.kind != ChannelKind::Public);
        channel.rev = taken.rev;
        Ok(tx.announce_to(audience(&channel), taken, EventBody::ChannelUpdated { channel }, Vec::new())?)
    }
}

/// Lets people into a channel of an import that is shown; all of its history is read.
pub(super) struct EnterPeople {
    pub(super) asked: Asked,
    pub(super) channel: ChannelId,
    pub(super) people: Vec<(NewPerson, Option<MemberId>)>,
    /// Whether nobody comes after them.
    pub(super) is_last: bool,
}

impl Operation for EnterPeople {
    type Output = ();
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        let members = self.people.iter().filter_map(|(_, member)| Some(StreamId::Member((*member)?)));
        [StreamId::Team(self.asked.team), StreamId::Channel(self.channel)].into_iter().chain(members).collect()
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<(), Refused> {
        let (permit, import) = permitted(tx, self.asked).await?;
        if let Some(head) = tx.head(StreamId::Channel(self.channel)) {
            let present = self.people.iter().filter_map(|(person, member)| {
                Some(NewArrival { user: person.user, member: (*member)?, role: person.role })
            });
            let present: Vec<_> = present.collect();
            enter_all(tx, (self.asked.team, self.channel), &present, head.last_seq, &permit).await?;
        }
        let people: Vec<_> = self.people.iter().map(|(person, _)| *person).collect();
        imports::remove_people(tx.db, import.id, &people).await?;
        if self.is_last {
            imports::set_stage(tx.db, import.id, self.channel, Stage::Done).await?;
        }
        Ok(())
    }
}

/// Takes some channels of an import away that nobody has seen; tells whether there may be more.
pub(super) struct DropChannels {
    pub(super) asked: Asked,
}

impl Operation for DropChannels {
    type Output = bool;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Team(self.asked.team)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<bool, Refused> {
        let (permit, import) = permitted(tx, self.asked).await?;
        let some = imports::list_unfinished(tx.db, import.id, CHANNELS_PER_DROP).await?;
        for &(channel_id, stage) in &some {
            if matches!(stage, Stage::Hidden(_)) {
                let taken = tx.next_rev(StreamId::Team(self.asked.team), &permit)?;
                channels::delete(tx.db, channel_id, tx.now, taken.rev).await?;
                let effects = vec![Effect::ChannelDeleted { channel_id }];
                let audience = Audience::PrivateChannel(channel_id);
                tx.announce_to(audience, taken, EventBody::ChannelDeleted { channel_id }, effects)?;
            }
            imports::set_stage(tx.db, import.id, channel_id, Stage::Done).await?;
        }
        Ok(!some.is_empty())
    }
}
