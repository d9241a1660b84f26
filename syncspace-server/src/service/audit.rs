//! The audit log: what was done to the server, its accounts and its teams. A line is written with the change it tells of, in
//! the same transaction: there is none without the other.

use serde::Serialize;
use serde_json::{Map, Value};
use syncspace_protocol::audit::{AuditAction, AuditEntry, AuditQuery};
use syncspace_protocol::{AuditId, ChannelId, Page, Patch, TeamId, Time, UserId};

use super::paging::{Window, odd_cursor, read_cursor, truncate};
use super::{Actor, Origin, Service, ServiceError, access};
use crate::permissions::TeamAction;
use crate::store::audit::{self, Actions, Filter, NewEntry};
use crate::store::{Queries, StoreError};

/// Largest random part of a line's name, which only tells lines of one millisecond apart.
const ID_MAX: u64 = (1 << 53) - 1;

/// A line that is about to be written.
#[derive(Debug, Clone)]
pub(super) struct Line {
    action: AuditAction,
    actor: Option<Actor>,
    address: Option<String>,
    team: Option<TeamId>,
    channel: Option<ChannelId>,
    user: Option<UserId>,
    details: Map<String, Value>,
}

impl Line {
    /// Begins a line about something that somebody did.
    pub(super) fn by(actor: &Actor, action: AuditAction) -> Self {
        Self { actor: Some(*actor), ..Self::by_server(action) }
    }

    /// Begins a line about something that the server did, or its command line.
    pub(super) fn by_server(action: AuditAction) -> Self {
        Self { action, actor: None, address: None, team: None, channel: None, user: None, details: Map::new() }
    }

    /// Says from where it was done.
    pub(super) fn from(self, origin: &Origin) -> Self {
        Self { address: Some(origin.address.to_string()), ..self }
    }

    /// Says in which team, or to which.
    pub(super) fn in_team(self, team: TeamId) -> Self {
        Self { team: Some(team), ..self }
    }

    /// Says in which channel, or to which.
    pub(super) fn in_channel(self, channel: ChannelId) -> Self {
        Self { channel: Some(channel), ..self }
    }

    /// Says to whom, where that is known.
    pub(super) fn to(self, user: impl Into<Option<UserId>>) -> Self {
        Self { user: user.into(), ..self }
    }

    /// Says something more. Never what people wrote in messages, never a secret.
    pub(super) fn with(mut self, name: &str, value: impl Serialize) -> Self {
        // What has no JSON form is none of the ids, numbers and words that are said here.
        self.details.insert(name.to_owned(), serde_json::to_value(value).unwrap_or_default());
        self
    }

    /// Says something more where there is something.
    pub(super) fn with_some(self, name: &str, value: Option<impl Serialize>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Says to what an edit sets something, where it does.
    pub(super) fn with_patch(self, name: &str, patch: &Patch<impl Serialize>) -> Self {
        match patch {
            Patch::Keep => self,
            Patch::Clear => self.with(name, Value::Null),
            Patch::Set(value) => self.with(name, value),
        }
    }

    /// Says which fields an edit names.
    pub(super) fn with_fields(mut self, edit: &impl Serialize) -> Self {
        if let Ok(Value::Object(fields)) = serde_json::to_value(edit) {
            let names = fields.into_iter().map(|(name, _)| Value::String(name)).collect();
            self.details.insert("fields".to_owned(), Value::Array(names));
        }
        self
    }

    /// Writes it.
    pub(super) async fn write(self, db: &mut impl Queries, now: Time) -> Result<(), StoreError> {
        let id = AuditId::try_from(fastrand::u64(1..=ID_MAX));
        let id = id.map_err(|source| StoreError::Other { during: "name a line".into(), source: source.into() })?;
        let entry = NewEntry {
            id,
            at: now,
            action: self.action,
            actor: self.actor.map(|actor| actor.user_id),
            session: self.actor.map(|actor| actor.session_id),
            address: self.address,
            team: self.team,
            channel: self.channel,
            user: self.user,
            details: Value::Object(self.details).to_string(),
        };
        audit::insert(db, &entry).await
    }
}

impl Service {
    /// Lists what was done on the whole server, the newest first; for administrators.
    pub async fn audit(&self, actor: &Actor, query: &AuditQuery) -> Result<Page<AuditEntry>, ServiceError> {
        super::users::require_admin(actor)?;
        self.list_audit(actor, filter_of(query)?, query).await
    }

    /// Lists what was done in a team, the newest first; for those who manage it.
    pub async fn team_audit(
        &self,
        actor: &Actor,
        team: TeamId,
        query: &AuditQuery,
    ) -> Result<Page<AuditEntry>, ServiceError> {
        access::on_team(&mut &self.store, actor, team, TeamAction::ReadAudit).await?;
        self.list_audit(actor, Filter { team: Some(team), ..filter_of(query)? }, query).await
    }

    async fn list_audit(
        &self,
        actor: &Actor,
        filter: Filter,
        query: &AuditQuery,
    ) -> Result<Page<AuditEntry>, ServiceError> {
        let limit = Window::limit(query.limit)?;
        let before = query.cursor.as_deref().map(|cursor| read_cursor(cursor).ok_or_else(odd_cursor)).transpose()?;
        let mut items = audit::list(&mut &self.store, actor.user_id, &filter, before, limit + 1).await?;
        let has_more = truncate(&mut items, limit);
        let last = items.last().filter(|_| has_more);
        let next = last.map(|entry| format!("{}.{}", entry.at.unix_ms(), entry.id));
        Ok(Page { items, next })
    }
}

fn filter_of(query: &AuditQuery) -> Result<Filter, ServiceError> {
    Ok(Filter {
        team: None,
        actions: query.action.as_deref().map(actions_of).transpose()?,
        actor: query.actor_id,
        user: query.user_id,
        since: query.since,
        until: query.until,
    })
}

/// Reads an action, or the word before the dot of several.
fn actions_of(text: &str) -> Result<Actions, ServiceError> {
    if let Ok(action) = text.parse() {
        return Ok(Actions::One(action));
    }
    let mut words = AuditAction::ALL.iter().filter_map(|action| action.as_str().split_once('.')).map(|(word, _)| word);
    words.find(|word| *word == text).map(Actions::Of).ok_or_else(|| {
        let mut kinds: Vec<&str> =
            AuditAction::ALL.iter().filter_map(|action| action.as_str().split('.').next()).collect();
        kinds.dedup();
        let kinds = kinds.join(", ");
        let sentence = format!("action is one like member.removed, or all of one kind, like member: there are {kinds}");
        ServiceError::invalid_field("action", sentence)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_found_by_name_and_by_kind() {
        assert_eq!(actions_of("member.removed").expect("one"), Actions::One(AuditAction::MemberRemoved));
        assert_eq!(actions_of("member").expect("a kind"), Actions::Of("member"));
        for odd in ["", "member.", "members", "member.x", "unknown", "Member"] {
            assert!(actions_of(odd).is_err(), "{odd}");
        }
    }
}
