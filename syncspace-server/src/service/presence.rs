//! How people look to others: whether they are connected, and what they chose to show. Tells those who watch them.

use std::collections::{BTreeMap, BTreeSet};

use syncspace_protocol::limits::WATCHED_USERS_MAX;
use syncspace_protocol::status::{ChosenPresence, Presence, PresenceStatus};
use syncspace_protocol::{Time, UserId};
use tracing::warn;

use super::{Actor, Service, ServiceError};
use crate::realtime::carrier::Attendance;
use crate::realtime::{Connection, Seen};
use crate::store::StoreError;
use crate::store::people;
use crate::store::user_settings::{self, Looks, UserSettings};
use crate::store::users;

impl Service {
    /// Tells whether these people are there, and what they say of themselves; those whom the actor does not see are left out.
    pub async fn presence(&self, actor: &Actor, users: &[UserId]) -> Result<Vec<Presence>, ServiceError> {
        let people = self.see_people(actor, users).await?;
        Ok(people.iter().map(|seen| seen.to(actor.user_id)).collect())
    }

    /// Looks at people for somebody who watches them.
    pub(crate) async fn see_people(&self, actor: &Actor, users: &[UserId]) -> Result<Vec<Seen>, ServiceError> {
        if users.len() > WATCHED_USERS_MAX {
            let sentence = format!("at most {WATCHED_USERS_MAX} people at a time");
            return Err(ServiceError::invalid_field("users", sentence));
        }
        let attendance = self.realtime.attendance(users).await;
        let looks = match actor.is_admin {
            true => user_settings::list_looks(&mut &self.store, users).await?,
            false => people::list_visible_looks(&mut &self.store, actor.user_id, users).await?,
        };
        let now = self.clock.now();
        Ok(looks.iter().map(|looks| see(looks, &attendance, now)).collect())
    }

    /// Has a connection show some people no longer, where its person sees them no longer, or where that cannot be found out.
    pub(crate) async fn watch_again(&self, actor: &Actor, connection: &Connection, doubted: &[UserId]) {
        if doubted.is_empty() || actor.is_admin {
            return;
        }
        let visible = people::list_visible_looks(&mut &self.store, actor.user_id, doubted).await;
        let visible = visible.unwrap_or_else(|error| {
            let error = &error as &dyn std::error::Error;
            warn!(error, people = doubted.len(), "a connection shows people no longer until it asks again");
            Vec::new()
        });
        let visible: BTreeSet<_> = visible.into_iter().map(|looks| looks.user_id).collect();
        let gone = doubted.iter().copied().filter(|user| !visible.contains(user)).collect();
        self.realtime.watch_no_longer(connection, &gone);
    }

    async fn look_at(&self, users: &[UserId], attendance: &Attendance) -> Result<Vec<Seen>, StoreError> {
        let looks = user_settings::list_looks(&mut &self.store, users).await?;
        let now = self.clock.now();
        Ok(looks.iter().map(|looks| see(looks, attendance, now)).collect())
    }

    /// Gathers and tells once; gives whose accounts are to show it.
    pub(super) async fn settle_presence(&self, look_at_all: bool) -> Vec<UserId> {
        let moved = self.realtime.publish_moved().await;
        let (suspects, attendance) = self.realtime.take_suspects(look_at_all, self.clock.now()).await;
        if !suspects.is_empty() {
            match self.look_at(&suspects, &attendance).await {
                Ok(people) => self.realtime.tell_presence(&people),
                Err(error) => {
                    warn!(error = &error as &dyn std::error::Error, "presence was not looked at; tried again soon");
                    self.realtime.suspect(&suspects);
                }
            }
        }
        let written = self.write_moved(&moved).await;
        written.unwrap_or_else(|error| {
            warn!(error = &error as &dyn std::error::Error, "last activity was not written");
            Vec::new()
        })
    }

    /// Writes that people came or went, but for those of whom nobody is to know.
    async fn write_moved(&self, moved: &[(UserId, Option<u32>)]) -> Result<Vec<UserId>, StoreError> {
        if moved.is_empty() {
            return Ok(Vec::new());
        }
        let sockets: BTreeMap<_, _> = moved.iter().copied().collect();
        let ids: Vec<_> = sockets.keys().copied().collect();
        let attendance = self.realtime.attendance(&ids).await;
        let looks = user_settings::list_looks(&mut &self.store, &ids).await?;
        let visible = looks.iter().filter(|looks| looks.settings.presence != ChosenPresence::Invisible);
        let written: Vec<_> = visible
            .map(|looks| {
                let is_here = sockets.get(&looks.user_id).is_some_and(Option::is_some);
                (looks.user_id, attendance.status(looks.user_id).is_online().unwrap_or(is_here))
            })
            .collect();
        users::put_activity(&mut &self.store, &written, self.clock.now()).await?;
        Ok(written.into_iter().map(|(user, _)| user).collect())
    }
}

/// Makes of what a person chose, and of who is connected, how the person looks.
pub(super) fn see(looks: &Looks, attendance: &Attendance, now: Time) -> Seen {
    let Looks { user_id, is_active, ref settings } = *looks;
    let connected = attendance.status(user_id);
    let own_status = own_status(connected, settings, now);
    let is_hidden = settings.presence == ChosenPresence::Invisible || !is_active;
    let status = if is_hidden { attendance.of_the_absent() } else { own_status };
    let custom_status = settings.custom_status.clone().filter(|status| is_active && status.is_current(now));
    let end = custom_status.as_ref().and_then(|status| status.expires_at);
    let turn = settings.preferences.next_turn(now, &settings.zone());
    let until = end.into_iter().chain(turn).min();
    Seen { shown: Presence { user_id, status, custom_status }, own_status, connected, until }
}

/// Tells a person whether it is there, from whether a device is connected.
pub(super) fn own_status(connected: PresenceStatus, settings: &UserSettings, now: Time) -> PresenceStatus {
    if connected != PresenceStatus::Online {
        return connected;
    }
    let is_quiet = || settings.preferences.is_quiet(now, &settings.zone());
    match settings.presence {
        ChosenPresence::Invisible => PresenceStatus::Invisible,
        ChosenPresence::Dnd => PresenceStatus::Dnd,
        ChosenPresence::Online | ChosenPresence::Away if is_quiet() => PresenceStatus::Dnd,
        ChosenPresence::Away => PresenceStatus::Away,
        ChosenPresence::Online => PresenceStatus::Online,
    }
}
