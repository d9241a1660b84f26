//! Operations on channels: in the team's stream, and in the streams of those who come and go.

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::channels::{
    Channel, ChannelKind, ChannelMember, ChannelRole, EditChannel, MarkRead, MoveMarker, MyChannel, Posting, ReadMarker,
};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::{DEFAULT_CHANNELS_MAX, TOPIC_CHARS_MAX};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ChannelId, ChannelName, MemberId, Seq, StreamId, TeamId, UserId};

use super::access::ChannelAccess;
use super::audit::Line;
use super::channels::{load_mine, read_of, with_counts};
use super::fields::clean_patch;
use super::idempotency::Makes;
use super::retention::check_days;
use super::team_changes::{Refused, name_taken, prepared};
use super::{Actor, ServiceError, access, parse};
use crate::log::{Abort, Audience, Effect, LogTx, Operation, Taken};
use crate::permissions::{ChannelAction, Permit, TeamAction};
use crate::store::channel_members::NewMembership;
use crate::store::teams::MemberRow;
use crate::store::{IdBlocks, StoreError, channel_members, channels, heads, teams, threads};

/// What a new channel is to be.
#[derive(Debug, Clone)]
pub(super) enum Plan {
    Named {
        kind: ChannelKind,
        name: ChannelName,
        description: Option<String>,
    },
    /// The people, the actor included, sorted.
    Between(Vec<UserId>),
}

impl Plan {
    pub(super) fn between(actor: UserId, others: &[UserId]) -> Self {
        Self::of_people(&[others, &[actor]].concat())
    }

    /// Plans the channel of exactly these people.
    pub(super) fn of_people(people: &[UserId]) -> Self {
        let mut people = people.to_vec();
        people.sort_unstable();
        people.dedup();
        Self::Between(people)
    }

    /// Gives who is in the channel from the start.
    pub(super) fn people(&self, actor: UserId) -> Vec<UserId> {
        match self {
            Self::Named { .. } => vec![actor],
            Self::Between(people) => people.clone(),
        }
    }

    /// Gives what is unique in the team; `@` cannot stand in a name.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Named { name, .. } => name.key(),
            Self::Between(people) => people.iter().map(|user| format!("@{user}")).collect(),
        }
    }

    pub(super) fn kind(&self) -> ChannelKind {
        match self {
            Self::Named { kind, .. } => *kind,
            Self::Between(people) if people.len() > 2 => ChannelKind::Group,
            Self::Between(_) => ChannelKind::Direct,
        }
    }
}

/// Makes a channel, or opens the direct one that exists.
pub(super) struct MakeChannel {
    pub(super) actor: Actor,
    pub(super) id: Option<ChannelId>,
    pub(super) team: TeamId,
    pub(super) plan: Plan,
    pub(super) members: Vec<(UserId, MemberId)>,
}

impl Operation for MakeChannel {
    type Output = MyChannel;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        let members = self.members.iter().map(|&(_, member)| StreamId::Member(member));
        std::iter::once(StreamId::Team(self.team)).chain(members).collect()
    }

    async fn prepare(&mut self, ids: &IdBlocks) -> Result<(), StoreError> {
        self.id = Some(ids.next().await?);
        Ok(())
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<MyChannel, Refused> {
        let action = match self.plan {
            Plan::Named { kind: ChannelKind::Public, .. } => TeamAction::CreatePublicChannel,
            Plan::Named { .. } => TeamAction::CreatePrivateChannel,
            Plan::Between(_) => TeamAction::OpenDirect,
        };
        let (permit, _) = access::on_team(tx.db, &self.actor, self.team, action).await?;
        for &(user, _) in &self.members {
            if teams::find_member(tx.db, self.team, user).await?.is_none() {
                return Err(Abort::Refused(ServiceError::not_found("member of this team")));
            }
        }
        let id = match (channels::find_by_key(tx.db, self.team, &self.plan.key()).await?, &self.plan) {
            (Some(_), Plan::Named { name, .. }) => return Err(Abort::Refused(name_taken("channel", name.as_str()))),
            (Some(id), Plan::Between(_)) => id,
            (None, _) => self.make(tx, &permit).await?,
        };
        // Everybody is written before anybody is told: a direct channel is shown by its people.
        let mut entered = Vec::new();
        for &(user, member) in &self.members {
            if channel_members::find(tx.db, id, user).await?.is_none() {
                let arrival = self.arrival(id, user, member);
                entered.push(arrival.write(tx, Seq::ZERO, &permit).await?);
            }
        }
        for entered in entered {
            entered.tell(tx).await?;
        }
        Ok(load_mine(tx.db, self.actor.user_id, id).await?)
    }
}

impl Makes for MakeChannel {
    fn made_id(channel: &MyChannel) -> u64 {
        channel.channel.id.get()
    }
}

impl MakeChannel {
    async fn make(&self, tx: &mut LogTx<'_>, permit: &Permit) -> Result<ChannelId, Refused> {
        let id = prepared(self.id)?;
        let kind = self.plan.kind();
        let (name, description) = match &self.plan {
            Plan::Named { name, description, .. } => (Some(name.clone()), description.clone()),
            Plan::Between(_) => (None, None),
        };
        tx.create_stream(StreamId::Channel(id), self.team, permit).await?;
        let taken = tx.next_rev(StreamId::Team(self.team), permit)?;
        let channel = Channel {
            id,
            team_id: self.team,
            kind,
            name,
            description,
            topic: None,
            posting: Posting::Everyone,
            is_default: false,
            retention_days: None,
            is_private: kind != ChannelKind::Public,
            people: Vec::new(),
            created_by: self.actor.user_id,
            created_at: tx.now,
            updated_at: tx.now,
            archived_at: None,
            rev: taken.rev,
        };
        channels::insert(tx.db, &channel, &self.plan.key()).await?;
        if channel.name.is_some() {
            let line = Line::by(&self.actor, AuditAction::ChannelCreated).in_team(self.team).in_channel(id);
            line.write(tx.db, tx.now).await?;
        }
        // A private channel's members learn of it by their own streams: nobody is in it yet.
        tx.announce_to(audience(&channel), taken, EventBody::ChannelUpdated { channel: channel.clone() }, Vec::new())?;
        Ok(id)
    }

    fn arrival(&self, channel: ChannelId, user: UserId, member: MemberId) -> Arrival {
        let is_maker = user == self.actor.user_id;
        let is_named = matches!(self.plan, Plan::Named { .. });
        let role = if is_maker && is_named { ChannelRole::Admin } else { ChannelRole::Member };
        Arrival { team: self.team, channel, user, member, role }
    }
}

/// Lets a newcomer of a team into the channels that are meant for newcomers. The person's own stream is locked or new.
pub(super) async fn enter_defaults(
    tx: &mut LogTx<'_>,
    team: TeamId,
    user: UserId,
    member: &MemberRow,
    permit: &Permit,
) -> Result<(), Refused> {
    let (member, role) = (member.member_id, ChannelRole::Member);
    let mut entered = Vec::new();
    for (channel, last_seq) in channels::list_defaults(tx.db, team).await? {
        entered.push(Arrival { team, channel, user, member, role }.number(tx, last_seq, permit)?);
    }
    let Some(first) = entered.first().map(|entered| entered.membership.channel) else { return Ok(()) };
    write_arrivals(tx, user, &entered).await?;
    let ids: Vec<_> = entered.iter().map(|entered| entered.membership.channel).collect();
    let rows = channels::load(tx.db, &ids, user).await?;
    let me = load_member(tx, first, user).await?;
    for found in with_counts(tx.db, user, rows).await? {
        let Some(entered) = entered.iter().find(|entered| entered.membership.channel == found.channel.id) else {
            continue;
        };
        let NewMembership { channel, rev, .. } = entered.membership;
        // Its sockets are told of the team, and look at everything they follow: no effect has to say it again.
        entered.announce(tx, found, ChannelMember { channel_id: channel, rev, ..me.clone() }, Vec::new())?;
    }
    Ok(())
}

/// Somebody who comes into a channel, and whose own stream is locked.
pub(super) struct NewArrival {
    pub(super) user: UserId,
    pub(super) member: MemberId,
    pub(super) role: ChannelRole,
}

/// Lets people into a channel who are not in it, with everything up to a place as read.
pub(super) async fn enter_all(
    tx: &mut LogTx<'_>,
    (team, channel): (TeamId, ChannelId),
    people: &[NewArrival],
    read_up_to: Seq,
    permit: &Permit,
) -> Result<(), Refused> {
    // Everybody is written before anybody is told: a direct channel is shown by its people.
    let mut entered = Vec::new();
    for &NewArrival { user, member, role } in people {
        let is_in = channel_members::find(tx.db, channel, user).await?.is_some();
        if !is_in && tx.head(StreamId::Member(member)).is_some() {
            entered.push(Arrival { team, channel, user, member, role }.write(tx, read_up_to, permit).await?);
        }
    }
    for entered in entered {
        entered.tell(tx).await?;
    }
    Ok(())
}

/// Writes memberships of one person, with the threads of each channel read as far as the channel.
async fn write_arrivals(tx: &mut LogTx<'_>, user: UserId, entered: &[Entered]) -> Result<(), Refused> {
    let memberships: Vec<_> = entered.iter().map(|entered| entered.membership).collect();
    channel_members::put(tx.db, &memberships).await?;
    // Of whoever was here before. They take no revs: a device that learns of the arrival reads them again.
    let read: Vec<_> = memberships.iter().map(|new| (new.channel, new.last_read_seq)).collect();
    threads::advance_all(tx.db, user, &read).await?;
    Ok(())
}

/// Somebody who comes into a channel.
struct Arrival {
    team: TeamId,
    channel: ChannelId,
    user: UserId,
    member: MemberId,
    role: ChannelRole,
}

/// An arrival with the numbers that it took.
struct Entered {
    membership: NewMembership,
    /// In the person's own stream.
    mine: Taken,
    /// In the team's stream.
    shared: Taken,
}

impl Arrival {
    /// Takes the numbers of a membership with everything up to a place as read.
    fn number(&self, tx: &mut LogTx<'_>, read_up_to: Seq, permit: &Permit) -> Result<Entered, Refused> {
        let mine = tx.next_rev(StreamId::Member(self.member), permit)?;
        let shared = tx.next_rev(StreamId::Team(self.team), permit)?;
        let membership = NewMembership {
            channel: self.channel,
            team: self.team,
            user: self.user,
            member: self.member,
            role: self.role,
            joined_at: tx.now,
            last_read_seq: read_up_to,
            rev: shared.rev,
            my_rev: mine.rev,
        };
        Ok(Entered { membership, mine, shared })
    }

    /// Writes the membership.
    async fn write(&self, tx: &mut LogTx<'_>, read_up_to: Seq, permit: &Permit) -> Result<Entered, Refused> {
        let entered = self.number(tx, read_up_to, permit)?;
        write_arrivals(tx, self.user, std::slice::from_ref(&entered)).await?;
        Ok(entered)
    }
}

impl Entered {
    /// Announces it to whoever was in the team before.
    async fn tell(&self, tx: &mut LogTx<'_>) -> Result<(), Refused> {
        let NewMembership { user: user_id, channel: channel_id, team: team_id, .. } = self.membership;
        let found = load_mine(tx.db, user_id, channel_id).await?;
        let member = load_member(tx, channel_id, user_id).await?;
        let joined = Effect::ChannelJoined { user_id, channel_id, team_id, at: found.head.last_rev };
        self.announce(tx, found, member, vec![joined])
    }

    /// Announces it: to the person first, so that its sockets follow before they are told more.
    fn announce(
        &self,
        tx: &mut LogTx<'_>,
        found: MyChannel,
        member: ChannelMember,
        effects: Vec<Effect>,
    ) -> Result<(), Refused> {
        let membership = found.membership.ok_or_else(|| Abort::Refused(ServiceError::not_found("member")))?;
        let audience = audience(&found.channel);
        let body = EventBody::MyChannelJoined { channel: found.channel, membership };
        tx.announce_to(Audience::Everyone, self.mine, body, effects)?;
        tx.announce_to(audience, self.shared, EventBody::ChannelMemberUpdated { member }, Vec::new())?;
        Ok(())
    }
}

/// Names what a change of a channel's rules holds until its commit: the team that tells of it, and the channel's log, so that
/// no message comes after it that was allowed before.
fn locked(team: TeamId, channel: ChannelId) -> Vec<StreamId> {
    vec![StreamId::Team(team), StreamId::Channel(channel)]
}

/// Changes what a channel says of itself.
pub(super) struct ChangeChannel {
    pub(super) actor: Actor,
    pub(super) team: TeamId,
    pub(super) channel: ChannelId,
    pub(super) edit: EditChannel,
}

impl Operation for ChangeChannel {
    type Output = Channel;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        locked(self.team, self.channel)
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Channel, Refused> {
        let found = access::load_channel(tx.db, &self.actor, self.channel).await?;
        let permit = self.check(found)?;
        let row = channels::find(tx.db, self.channel, self.actor.user_id).await?;
        let before = row.ok_or_else(|| Abort::Refused(ServiceError::not_found("channel")))?.channel;
        let mut channel = self.edited(tx, before.clone()).await?;
        let hides = !before.is_private && channel.is_private;
        if hides {
            self.hide(tx, &permit).await?;
        }
        let taken = tx.next_rev(StreamId::Team(self.team), &permit)?;
        channel.rev = taken.rev;
        channels::update(tx.db, &channel).await?;
        let body = EventBody::ChannelUpdated { channel: channel.clone() };
        let is_newly_archived = before.archived_at.is_none() && channel.archived_at.is_some();
        let archived = is_newly_archived.then_some(Effect::ChannelArchived { channel_id: self.channel });
        tx.announce_to(audience(&channel), taken, body, archived.into_iter().collect())?;
        let line = self.line(AuditAction::ChannelEdited).with_fields(&self.edit);
        line.with_patch("retention_days", &self.edit.retention_days).write(tx.db, tx.now).await?;
        Ok(channel)
    }
}

impl ChangeChannel {
    fn line(&self, action: AuditAction) -> Line {
        Line::by(&self.actor, action).in_team(self.team).in_channel(self.channel)
    }

    /// Asks for each thing that the edit does.
    fn check(&self, mut found: ChannelAccess) -> Result<Permit, Refused> {
        let mut permit = None;
        if let Some(is_archived) = self.edit.is_archived {
            permit = Some(access::permit_channel(&found, ChannelAction::Archive)?);
            // What comes with the restoring is done to a restored channel.
            found.facts.is_archived &= is_archived;
        }
        if !self.edit.topic.is_keep() {
            permit = Some(access::permit_channel(&found, ChannelAction::SetTopic)?);
        }
        if self.edit.is_private.is_some() {
            permit = Some(access::permit_channel(&found, ChannelAction::Hide)?);
        }
        if !self.edit.retention_days.is_keep() {
            permit = Some(access::permit_channel(&found, ChannelAction::SetRetention)?);
        }
        if self.edit.is_default.is_some() {
            permit = Some(access::permit_channel(&found, ChannelAction::SetDefault)?);
        }
        let is_rest = self.edit.name.is_some() || !self.edit.description.is_keep() || self.edit.posting.is_some();
        match permit {
            Some(permit) if !is_rest => Ok(permit),
            _ => Ok(access::permit_channel(&found, ChannelAction::Edit)?),
        }
    }

    /// Gives the channel as it is to be.
    async fn edited(&self, tx: &mut LogTx<'_>, mut channel: Channel) -> Result<Channel, Refused> {
        let edit = self.edit.clone();
        if let Some(name) = edit.name {
            match channels::find_by_key(tx.db, self.team, &name.key()).await? {
                Some(id) if id != self.channel => {
                    return Err(Abort::Refused(name_taken("channel", name.as_str())));
                }
                _ => channel.name = Some(name),
            }
        }
        channel.description =
            parse::description(edit.description.apply(channel.description).as_deref()).map_err(Abort::Refused)?;
        let topic = clean_patch("topic", &edit.topic, TOPIC_CHARS_MAX).map_err(Abort::Refused)?;
        channel.topic = topic.apply(channel.topic);
        channel.posting = edit.posting.unwrap_or(channel.posting);
        channel.retention_days = edit.retention_days.apply(channel.retention_days);
        check_days("retention_days", channel.retention_days).map_err(Abort::Refused)?;
        if let Some(is_default) = edit.is_default {
            if is_default && !channel.is_default {
                self.refuse_more_defaults(tx, &channel).await?;
            }
            channel.is_default = is_default;
        }
        match edit.is_private {
            Some(true) => {
                (channel.kind, channel.is_private, channel.is_default) = (ChannelKind::Private, true, false);
            }
            Some(false) if channel.is_private => return Err(Abort::Refused(stays_private())),
            Some(false) | None => {}
        }
        channel.archived_at = match edit.is_archived {
            None => channel.archived_at,
            Some(false) => None,
            Some(true) => channel.archived_at.or(Some(tx.now)),
        };
        channel.updated_at = tx.now;
        Ok(channel)
    }

    async fn refuse_more_defaults(&self, tx: &mut LogTx<'_>, channel: &Channel) -> Result<(), Refused> {
        if channel.is_private {
            let sentence = "newcomers come into public channels only; add them to a private one yourself";
            return Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)));
        }
        if channels::count_defaults(tx.db, self.team).await? >= DEFAULT_CHANNELS_MAX {
            let sentence =
                format!("newcomers come into at most {DEFAULT_CHANNELS_MAX} channels; take another one off first");
            return Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)));
        }
        Ok(())
    }

    /// Takes the channel out of the sight of those who are not in it. Nobody follows its log without being in it, and every
    /// reading asks again: beside this event there is nothing to take away.
    async fn hide(&self, tx: &mut LogTx<'_>, permit: &Permit) -> Result<(), Refused> {
        let hidden = tx.next_rev(StreamId::Team(self.team), permit)?;
        channels::hide(tx.db, self.channel, hidden.rev).await?;
        let body = EventBody::ChannelHidden { channel_id: self.channel };
        Ok(tx.announce_to(Audience::PublicChannel(self.channel), hidden, body, Vec::new())?)
    }
}

fn stays_private() -> ServiceError {
    let sentence =
        "a private channel stays private: what was written in it was meant for its members; make a new public one";
    ServiceError::refused(ErrorCode::Conflict, sentence)
}

/// Leaves a tombstone of a channel.
pub(super) struct DeleteChannel {
    pub(super) actor: Actor,
    pub(super) team: TeamId,
    pub(super) channel: ChannelId,
}

impl Operation for DeleteChannel {
    type Output = ();
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        locked(self.team, self.channel)
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<(), Refused> {
        let (permit, found) = access::on_channel(tx.db, &self.actor, self.channel, ChannelAction::Delete).await?;
        let taken = tx.next_rev(StreamId::Team(self.team), &permit)?;
        channels::delete(tx.db, self.channel, tx.now, taken.rev).await?;
        let audience = match found.facts.kind {
            ChannelKind::Public => Audience::PublicChannel(self.channel),
            _ => Audience::PrivateChannel(self.channel),
        };
        let body = EventBody::ChannelDeleted { channel_id: self.channel };
        tx.announce_to(audience, taken, body, vec![Effect::ChannelDeleted { channel_id: self.channel }])?;
        let line = Line::by(&self.actor, AuditAction::ChannelDeleted).in_team(self.team).in_channel(self.channel);
        Ok(line.write(tx.db, tx.now).await?)
    }
}

/// By which door a person comes into a channel.
#[derive(Debug, Clone, Copy)]
pub(super) enum Admission {
    /// Somebody who may adds the person, or gives one who is in it this role.
    Added(ChannelRole),
    /// The person joins a public channel.
    Joined,
}

/// Puts a person into a channel, or changes the role.
pub(super) struct Enter {
    pub(super) actor: Actor,
    pub(super) team: TeamId,
    pub(super) channel: ChannelId,
    pub(super) user: UserId,
    pub(super) member: MemberId,
    pub(super) admission: Admission,
}

impl Operation for Enter {
    type Output = ChannelMember;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Team(self.team), StreamId::Member(self.member)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<ChannelMember, Refused> {
        let found = access::load_channel(tx.db, &self.actor, self.channel).await?;
        let present = channel_members::find(tx.db, self.channel, self.user).await?;
        let role = match (self.admission, &present) {
            (Admission::Joined, Some(member)) => member.role,
            (Admission::Joined, None) => ChannelRole::Member,
            (Admission::Added(role), _) => role,
        };
        let action = match (self.admission, &present) {
            (Admission::Joined, _) => ChannelAction::Join,
            (Admission::Added(ChannelRole::Member), None) => ChannelAction::AddMember,
            (Admission::Added(_), _) => ChannelAction::ManageMembers,
        };
        let permit = access::permit_channel(&found, action)?;
        if let Some(member) = present {
            return self.change_role(tx, member, role, &permit).await;
        }
        if teams::find_member(tx.db, self.team, self.user).await?.is_none() {
            return Err(Abort::Refused(ServiceError::not_found("member of this team")));
        }
        let stream = StreamId::Channel(self.channel);
        let head = heads::load(tx.db, &[stream]).await?.remove(&stream);
        let read_up_to = head.map_or(Seq::ZERO, |head| head.last_seq);
        if matches!(self.admission, Admission::Added(_)) {
            self.line(AuditAction::ChannelMemberAdded).with("role", role).write(tx.db, tx.now).await?;
        }
        let arrival = Arrival { team: self.team, channel: self.channel, user: self.user, member: self.member, role };
        arrival.write(tx, read_up_to, &permit).await?.tell(tx).await?;
        load_member(tx, self.channel, self.user).await
    }
}

impl Enter {
    fn line(&self, action: AuditAction) -> Line {
        Line::by(&self.actor, action).in_team(self.team).in_channel(self.channel).to(self.user)
    }

    async fn change_role(
        &self,
        tx: &mut LogTx<'_>,
        member: ChannelMember,
        role: ChannelRole,
        permit: &Permit,
    ) -> Result<ChannelMember, Refused> {
        if member.role == role {
            return Ok(member);
        }
        let line = self.line(AuditAction::ChannelMemberRoleChanged).with("role", role);
        line.with("former_role", member.role).write(tx.db, tx.now).await?;
        let taken = tx.next_rev(StreamId::Team(self.team), permit)?;
        channel_members::set_role(tx.db, self.channel, self.user, role, taken.rev).await?;
        let member = load_member(tx, self.channel, self.user).await?;
        let found = load_mine(tx.db, self.user, self.channel).await?;
        let body = EventBody::ChannelMemberUpdated { member: member.clone() };
        tx.announce_to(audience(&found.channel), taken, body, Vec::new())?;
        Ok(member)
    }
}

/// Takes a person out of a channel.
pub(super) struct Leave {
    pub(super) actor: Actor,
    pub(super) team: TeamId,
    pub(super) channel: ChannelId,
    pub(super) user: UserId,
    pub(super) member: MemberId,
}

impl Operation for Leave {
    type Output = ();
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        let mut streams = locked(self.team, self.channel);
        streams.push(StreamId::Member(self.member));
        streams
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<(), Refused> {
        let action = if self.user == self.actor.user_id { ChannelAction::Leave } else { ChannelAction::ManageMembers };
        let (permit, found) = access::on_channel(tx.db, &self.actor, self.channel, action).await?;
        if channel_members::find(tx.db, self.channel, self.user).await?.is_none() {
            return Err(Abort::Refused(ServiceError::not_found("member of this channel")));
        }
        if self.user != self.actor.user_id {
            let line = Line::by(&self.actor, AuditAction::ChannelMemberRemoved).in_team(self.team);
            line.in_channel(self.channel).to(self.user).write(tx.db, tx.now).await?;
        }
        let mine = tx.next_rev(StreamId::Member(self.member), &permit)?;
        let shared = tx.next_rev(StreamId::Team(self.team), &permit)?;
        channel_members::remove(tx.db, self.channel, self.user, tx.now, shared.rev, mine.rev).await?;
        let (user_id, channel_id) = (self.user, self.channel);
        let left = Effect::ChannelLeft { user_id, channel_id };
        tx.announce_to(Audience::Everyone, mine, EventBody::MyChannelLeft { channel_id }, vec![left])?;
        let audience = match found.facts.kind {
            ChannelKind::Public => Audience::PublicChannel(channel_id),
            _ => Audience::PrivateChannel(channel_id),
        };
        tx.announce_to(audience, shared, EventBody::ChannelMemberRemoved { channel_id, user_id }, Vec::new())?;
        Ok(())
    }
}

/// Moves a read marker.
pub(super) struct MoveRead {
    pub(super) actor: Actor,
    pub(super) channel: ChannelId,
    pub(super) member: MemberId,
    pub(super) mark: MarkRead,
}

impl Operation for MoveRead {
    type Output = ReadMarker;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Member(self.member)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<ReadMarker, Refused> {
        let (permit, _) = access::on_channel(tx.db, &self.actor, self.channel, ChannelAction::Follow).await?;
        let user = self.actor.user_id;
        let row = channel_members::find_marker(tx.db, self.channel, user).await?;
        let mut row = row.ok_or_else(|| Abort::Refused(ServiceError::not_found("channel")))?;
        let wanted = self.mark.seq.min(row.head.last_seq);
        let is_moving = match self.mark.mode {
            // Made before the marker was set, and only late: what was marked unread stays so.
            MoveMarker::Advance if self.mark.known_rev.is_some_and(|known| known < row.set_rev) => false,
            MoveMarker::Advance => wanted > row.membership.last_read_seq,
            // Also where it stands already: from now on older advances change nothing.
            MoveMarker::Set => true,
        };
        let taken = if is_moving { Some(tx.next_rev(StreamId::Member(self.member), &permit)?) } else { None };
        if let Some(taken) = taken {
            (row.membership.last_read_seq, row.membership.my_rev) = (wanted, taken.rev);
            if self.mark.mode == MoveMarker::Set {
                row.set_rev = taken.rev;
            }
            channel_members::update_marker(tx.db, self.channel, user, &row).await?;
        }
        let read = read_of(tx.db, self.channel, user, &row).await?;
        if let Some(taken) = taken {
            tx.announce(taken, EventBody::MyRead { channel_id: self.channel, read })?;
        }
        Ok(read)
    }
}

/// Tells who among the team's followers sees what concerns a channel.
pub(super) fn audience(channel: &Channel) -> Audience {
    match channel.kind {
        ChannelKind::Public => Audience::PublicChannel(channel.id),
        ChannelKind::Private | ChannelKind::Direct | ChannelKind::Group => Audience::PrivateChannel(channel.id),
    }
}

async fn load_member(tx: &mut LogTx<'_>, channel: ChannelId, user: UserId) -> Result<ChannelMember, Refused> {
    let found = channel_members::find(tx.db, channel, user).await?;
    found.ok_or_else(|| Abort::Refused(ServiceError::refused(ErrorCode::NotFound, "there is no such member")))
}
