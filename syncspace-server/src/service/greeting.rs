//! What a connecting device is told and follows, and what it follows later when that may have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use syncspace_protocol::preferences::Preferences;
use syncspace_protocol::socket::HelloTeam;
use syncspace_protocol::status::PresenceStatus;
use syncspace_protocol::tokens::Scope;
use syncspace_protocol::users::User;
use syncspace_protocol::{Rev, SessionId, StreamId, TeamId, UserId};
use tokio::sync::SemaphorePermit;

use super::access_tokens::lacks;
use super::auth::session_ended;
use super::users::with_settings;
use super::{Actor, Service, ServiceError, presence};
use crate::grant::{Grant, Needs};
use crate::realtime::Connection;
use crate::store::arrivals::Arrival;
use crate::store::sessions::Standing;

/// Devices that are greeted at the same time. When everybody comes back at once the others wait without being a burden to
/// those who talk, and still so many share a statement that a hundred devices cost less than one each.
pub(super) const GREETED_AT_ONCE: usize = 256;

/// A checked token: whose device this is. Whether its session still holds is looked up with what it follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// The person.
    pub user_id: UserId,
    /// The device.
    pub session_id: SessionId,
}

/// Whom a connection was opened for, and what is there for that person.
pub(crate) struct Greeting {
    /// Who asks on this connection.
    pub(crate) actor: Actor,
    /// When its token ends; none for a login.
    pub(crate) ends_in: Option<Duration>,
    /// The person, as seen by itself.
    pub(crate) user: User,
    /// What the person wants for the whole account.
    pub(crate) preferences: Preferences,
    /// Teams that the person asked to come into, and that have not decided.
    pub(crate) requested: BTreeSet<TeamId>,
    /// What the connection follows.
    pub(crate) followed: Followed,
}

/// What a new or changed connection follows.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    /// Teams that came to it, with the revs from which their events follow.
    pub(crate) joined: Vec<HelloTeam>,
    /// Teams it is no longer in.
    pub(crate) left: Vec<TeamId>,
    /// Streams that came to it, and the revs up to which their state is known.
    pub(crate) added: BTreeMap<StreamId, Rev>,
}

/// What came to a connection and could not be told yet, because the database was away in between.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    added: Vec<StreamId>,
    left: Vec<TeamId>,
}

impl Service {
    /// Waits for the turn to be greeted, in order of asking; to be held until `hello` is under way.
    pub(crate) async fn door(&self) -> Result<SemaphorePermit<'_>, ServiceError> {
        self.doors.acquire().await.map_err(ServiceError::fault)
    }

    /// Looks up whose a connection is and what it may follow now: two statements, and one where every stream is known here.
    ///
    /// The connection must be attached before: an end of its session that comes later is heard, an earlier one found here.
    /// New streams are tracked, not yet followed.
    pub(crate) async fn greet(
        &self,
        device: Device,
        connection: &Connection,
        owed: &mut Owed,
    ) -> Result<Greeting, ServiceError> {
        let (arrival, unopened) = loop {
            let as_of = connection.moves();
            let arrival = self.arrival(device).await?;
            let teams: Vec<_> = arrival.teams.iter().map(|(team, ..)| team.clone()).collect();
            let channels: Vec<_> = arrival.channels.iter().map(|&(team, channel)| (channel, team)).collect();
            let reconciled = self.realtime.reconcile(connection, &teams, &channels, arrival.user.is_admin, as_of).await;
            // What was read while somebody came or went may say the opposite of what holds: read it again.
            if let Some(reconciled) = reconciled {
                owed.added.extend(reconciled.added);
                owed.left.extend(reconciled.left);
                break (arrival, reconciled.unopened);
            }
        };
        let followed = self.follow_up(&arrival, connection, unopened, owed).await?;
        let Standing { is_admin, grant, expires_at, .. } = arrival.standing;
        let actor = Actor::of(device, is_admin, grant);
        let left_ms = expires_at.unix_ms().saturating_sub(self.clock.now().unix_ms());
        // A login is prolonged while it is used; a token ends when it says.
        let ends_in = (grant != Grant::Login).then(|| Duration::from_millis(left_ms.try_into().unwrap_or(0)));
        let preferences = arrival.settings.preferences.clone();
        let requested = arrival.requested.clone();
        Ok(Greeting { actor, ends_in, user: self.own_account(arrival), preferences, requested, followed })
    }

    /// Gives the account of a person who is online, by the very connection that is greeted.
    fn own_account(&self, arrival: Arrival) -> User {
        let now = self.clock.now();
        let presence = presence::own_status(PresenceStatus::Online, &arrival.settings, now);
        let user = with_settings(arrival.user, arrival.settings, now);
        User { presence, is_online: presence.is_online(), ..user }
    }

    /// Loads who a device's person is and what it is in, unless its session is over.
    async fn arrival(&self, device: Device) -> Result<Arrival, ServiceError> {
        let found = self.arrivals.ask(vec![device.session_id]).await?.remove(&device.session_id);
        let is_good =
            |arrival: &Arrival| arrival.user.id == device.user_id && arrival.standing.is_good(self.clock.now());
        let found = found.filter(is_good).ok_or_else(session_ended)?;
        found.standing.grant.check(Needs::Scope(Scope::Read)).map_err(lacks)?;
        Ok(found)
    }

    /// Finds from which rev on each new stream goes on; what is owed is then paid.
    async fn follow_up(
        &self,
        arrival: &Arrival,
        connection: &Connection,
        unopened: Vec<StreamId>,
        owed: &mut Owed,
    ) -> Result<Followed, ServiceError> {
        let is_closed = |stream: &StreamId| self.realtime.delivered(*stream).is_none();
        let mut unread: Vec<_> = owed.added.iter().copied().filter(is_closed).collect();
        unread.extend(unopened);
        unread.sort_unstable();
        unread.dedup();
        // After the streams are tracked, so that nothing falls between.
        for (stream, head) in self.heads.ask(unread).await? {
            self.realtime.open(stream, head.last_rev);
        }
        let streams = std::mem::take(&mut owed.added).into_iter().filter(|&stream| connection.holds(stream));
        let mut added: BTreeMap<_, _> =
            streams.filter_map(|stream| Some((stream, self.realtime.delivered(stream)?))).collect();
        // A team's rows are as old as these numbers, which came with them; a stream that is further by now is behind.
        let mut joined = Vec::new();
        for (team, team_rev, member_rev) in &arrival.teams {
            let stream = StreamId::Team(team.team.id);
            let member = team.membership.map(|mine| StreamId::Member(mine.member_id));
            if let Some(known) = added.get_mut(&stream) {
                *known = *team_rev;
                joined.push(HelloTeam { team: team.clone(), team_rev: *team_rev, member_rev: *member_rev });
            }
            if let Some(known) = member.and_then(|stream| added.get_mut(&stream)) {
                *known = *member_rev;
            }
        }
        self.look_again_if_beyond(connection, &added);
        Ok(Followed { joined, left: std::mem::take(&mut owed.left), added })
    }

    /// Has a connection's streams looked at again where a team's or person's own stream went on since these numbers.
    ///
    /// Somebody may have come or gone by what this connection did not hear.
    pub(crate) fn look_again_if_beyond(&self, connection: &Connection, known: &BTreeMap<StreamId, Rev>) {
        let is_own = |stream: StreamId| !matches!(stream, StreamId::Channel(_));
        if known.iter().any(|(&stream, &rev)| is_own(stream) && self.realtime.is_beyond(stream, rev)) {
            connection.ask_refresh();
        }
    }

    /// Reads the newest revs of streams which a client claims to be further than anything heard here.
    pub(crate) async fn newest_revs(&self, streams: Vec<StreamId>) -> Result<BTreeMap<StreamId, Rev>, ServiceError> {
        let heads = self.heads.ask(streams).await?;
        for (&stream, head) in &heads {
            self.realtime.confirm(stream, head.last_rev);
        }
        Ok(heads.into_iter().map(|(stream, head)| (stream, head.last_rev)).collect())
    }
}
