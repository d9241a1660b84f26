//! What is kept of one person, handed over: to the person itself, or to who administers the server and is asked for it.
//!
//! What the person's own devices may read is read through the same doors, in the person's place; what it wrote is found in
//! every channel that it was ever in, also where it may read no more.

use std::sync::Arc;

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::page::{CursorQuery, PageQuery};
use syncspace_protocol::person::{PersonEnd, PersonLine};
use syncspace_protocol::teams::MyTeam;
use syncspace_protocol::{Seq, TeamId, UserId};

use super::audit::Line;
use super::exports::{ArchiveBytes, Lines, Right, Stop, Taker, stream};
use super::users::require_admin;
use super::{Actor, Service, ServiceError};
use crate::store::users::find_user;
use crate::store::{erasures, exports};

/// Most items of one page.
const PAGE_ITEMS: u32 = 200;

impl Service {
    /// Gives what is kept of the actor.
    pub async fn export_me(self: &Arc<Self>, actor: &Actor) -> Result<ArchiveBytes, ServiceError> {
        self.note_export(actor, actor.user_id).await?;
        self.export_person(*actor, (actor, Right::Own)).await
    }

    /// Gives what is kept of a person, to who administers the server.
    pub async fn export_user(self: &Arc<Self>, actor: &Actor, user: UserId) -> Result<ArchiveBytes, ServiceError> {
        require_admin(actor)?;
        let mut db = &self.store;
        if find_user(&mut db, user).await?.is_none() || erasures::is_erased(&mut db, user).await? {
            return Err(ServiceError::not_found("user"));
        }
        self.note_export(actor, user).await?;
        // In the person's place: what its own devices may read, and with no right of the administrator's.
        self.export_person(Actor { user_id: user, is_admin: false, ..*actor }, (actor, Right::Admin)).await
    }

    async fn note_export(&self, actor: &Actor, user: UserId) -> Result<(), ServiceError> {
        let line = Line::by(actor, AuditAction::UserExported).to(user);
        Ok(line.write(&mut &self.store, self.clock.now()).await?)
    }

    async fn export_person(
        self: &Arc<Self>,
        person: Actor,
        (taker, right): (&Actor, Right),
    ) -> Result<ArchiveBytes, ServiceError> {
        let transfer = self.transfers.begin(person.user_id)?;
        let service = Arc::clone(self);
        let taker = Taker { service: Arc::clone(self), user: taker.user_id, session: taker.session_id, right };
        Ok(stream(transfer, taker, move |mut lines| async move {
            let outcome = PersonExport { service, person, messages: 0 }.write(&mut lines).await;
            (lines, outcome)
        }))
    }
}

struct PersonExport {
    service: Arc<Service>,
    person: Actor,
    messages: u64,
}

impl PersonExport {
    async fn write(mut self, lines: &mut Lines) -> Result<(), Stop> {
        let (service, person) = (Arc::clone(&self.service), self.person);
        lines.push(&PersonLine::Profile(Box::new(service.me(&person).await?)))?;
        lines.push(&PersonLine::Preferences(Box::new(service.preferences(&person).await?)))?;
        lines.push(&PersonLine::Keywords(service.keywords(&person).await?))?;
        let mut cursor = None;
        loop {
            let page = service.sessions(&person, &page_query(cursor)).await?;
            page.items.into_iter().try_for_each(|session| lines.push(&PersonLine::Session(session)))?;
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let mut cursor = None;
        loop {
            let page = service.teams(&person, &page_query(cursor)).await?;
            for team in page.items.into_iter().filter(|team| team.membership.is_some()) {
                self.write_team(lines, team).await?;
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        self.write_channels(lines).await?;
        lines.push(&PersonLine::End(PersonEnd { messages: self.messages }))?;
        lines.flush().await
    }

    async fn write_team(&self, lines: &mut Lines, team: MyTeam) -> Result<(), Stop> {
        let id = team.team.id;
        lines.push(&PersonLine::Team(Box::new(team)))?;
        match self.write_own(lines, id).await {
            // Left, or deleted, since it was listed: nothing of it is the person's own any more.
            Err(Stop::Failed(ServiceError::Refused(refusal)))
                if matches!(refusal.code, ErrorCode::NotFound | ErrorCode::Forbidden) => {}
            outcome => outcome?,
        }
        lines.flush().await
    }

    /// Writes what the person keeps in a team.
    async fn write_own(&self, lines: &mut Lines, team: TeamId) -> Result<(), Stop> {
        let (service, person) = (&self.service, &self.person);
        let mut cursor = None;
        loop {
            let page = service.drafts(person, team, &cursor_query(cursor)).await?;
            page.items.into_iter().try_for_each(|draft| lines.push(&PersonLine::Draft(draft)))?;
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        loop {
            let page = service.scheduled(person, team, &page_query(cursor)).await?;
            page.items.into_iter().try_for_each(|item| lines.push(&PersonLine::Scheduled(Box::new(item))))?;
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        loop {
            let page = service.reminders(person, team, &page_query(cursor)).await?;
            page.items.into_iter().try_for_each(|item| lines.push(&PersonLine::Reminder(Box::new(item))))?;
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        loop {
            let page = service.saved_messages(person, team, &cursor_query(cursor)).await?;
            page.items.into_iter().try_for_each(|item| lines.push(&PersonLine::Saved(Box::new(item))))?;
            cursor = page.next;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// Writes what the person said and reacted with.
    async fn write_channels(&mut self, lines: &mut Lines) -> Result<(), Stop> {
        let mut db = &self.service.store;
        let user = self.person.user_id;
        for channel in exports::list_channels_of(&mut db, user).await? {
            let mut after = String::new();
            loop {
                let page = exports::list_sent(&mut db, (channel, user), &after, PAGE_ITEMS).await?;
                let Some(last) = page.last() else { break };
                after = last.client_id.as_str().to_owned();
                for message in page {
                    self.messages += 1;
                    lines.push(&PersonLine::Message(Box::new(message)))?;
                }
                lines.flush().await?;
            }
            let mut after = Seq::ZERO;
            loop {
                let page = exports::list_reacted(&mut db, (channel, user), after, PAGE_ITEMS).await?;
                let Some(last) = page.last() else { break };
                after = last.seq;
                page.into_iter().try_for_each(|reaction| lines.push(&PersonLine::Reaction(reaction)))?;
                lines.flush().await?;
            }
        }
        Ok(())
    }
}

fn page_query(cursor: Option<String>) -> PageQuery {
    PageQuery { cursor, limit: Some(PAGE_ITEMS), ..PageQuery::default() }
}

fn cursor_query(cursor: Option<String>) -> CursorQuery {
    CursorQuery { cursor, limit: Some(PAGE_ITEMS) }
}
