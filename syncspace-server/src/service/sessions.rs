//! The devices a person is logged in on: listing and ending them, and tickets that open sockets.

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::auth::{ChangePassword, Secret, Session, SocketTicket};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::page::{Page, PageQuery};
use syncspace_protocol::{SessionId, UserId};

use super::audit::Line;
use super::auth::session_ended;
use super::paging::Window;
use super::retry::retrying;
use super::revocations::sessions_ended;
use super::secrets::{hash_token, random_token};
use super::tokens::not_valid;
use super::{Actor, Device, Service, ServiceError, Verdict, later};
use crate::realtime::HeldSession;
use crate::store::password_resets;
use crate::store::sessions::{
    SessionRow, Standing, TakenTicket, end_logins_but, end_session, find_standing, insert_ticket, list_live_sessions,
    take_ticket,
};
use crate::store::users::{find_user, replace_password};

/// Life of a socket ticket, in seconds.
const TICKET_LIFE_S: u32 = 30;

impl Service {
    /// Ends the asking session.
    pub async fn logout(&self, actor: &Actor) -> Result<(), ServiceError> {
        let line = Line::by(actor, AuditAction::SessionEnded);
        self.revoke_session(actor.session_id, actor.user_id, &line).await.map(drop)
    }

    /// Lists the asking person's live sessions.
    pub async fn sessions(&self, actor: &Actor, query: &PageQuery) -> Result<Page<Session>, ServiceError> {
        let (window, now) = (Window::parse(query)?, self.clock.now());
        let rows =
            list_live_sessions(&mut &self.store, actor.user_id, now, window.after_id, window.rows_wanted()).await?;
        let sessions = rows.into_iter().map(|row| view(row, actor)).collect();
        Ok(window.page(sessions, |session| session.id.get()))
    }

    /// Ends one of the asking person's sessions; its sockets close everywhere.
    pub async fn end_session(&self, actor: &Actor, id: SessionId) -> Result<(), ServiceError> {
        let line = Line::by(actor, AuditAction::SessionEnded).with("ended_session_id", id);
        let is_ended = self.revoke_session(id, actor.user_id, &line).await?;
        if is_ended { Ok(()) } else { Err(ServiceError::not_found("session")) }
    }

    /// Ends a session of a person everywhere; gives false where there is none that is not over.
    pub(super) async fn revoke_session(&self, id: SessionId, user: UserId, line: &Line) -> Result<bool, ServiceError> {
        retrying(|| async {
            let (mut tx, now) = (self.store.begin().await?, self.clock.now());
            let is_ended = end_session(&mut tx, id, user, now).await?;
            if is_ended {
                line.clone().write(&mut tx, now).await?;
            }
            let effects = if is_ended { sessions_ended(&[id]) } else { Vec::new() };
            self.commit_revoking(tx, effects).await?;
            Ok(is_ended)
        })
        .await
    }

    /// Changes the asking person's password and ends every other session.
    pub async fn change_password(&self, actor: &Actor, change: ChangePassword) -> Result<(), ServiceError> {
        let user = find_user(&mut &self.store, actor.user_id).await?.ok_or_else(session_ended)?;
        let verdict = self.passwords.verify(&change.current_password.0, Some(&user.hashed_password)).await?;
        if verdict == Verdict::Wrong {
            return Err(ServiceError::refused(ErrorCode::InvalidCredentials, "the current password is wrong"));
        }
        let hashed = self.passwords.hash(change.new_password.expose()).await?;
        retrying(|| self.replace_password(actor, &user.hashed_password, &hashed)).await
    }

    async fn replace_password(&self, actor: &Actor, before: &str, after: &str) -> Result<(), ServiceError> {
        let (mut tx, now) = (self.store.begin().await?, self.clock.now());
        if !replace_password(&mut tx, actor.user_id, before, after).await? {
            return Err(ServiceError::refused(
                ErrorCode::Conflict,
                "the password was changed by someone else meanwhile",
            ));
        }
        password_resets::remove_of(&mut tx, actor.user_id).await?;
        let ended = end_logins_but(&mut tx, actor.user_id, actor.session_id, now).await?;
        Line::by(actor, AuditAction::AccountPasswordChanged).to(actor.user_id).write(&mut tx, now).await?;
        self.commit_revoking(tx, sessions_ended(&ended)).await
    }

    /// Makes a ticket that opens one socket for the asking session.
    pub async fn socket_ticket(&self, actor: &Actor) -> Result<SocketTicket, ServiceError> {
        let (ticket, now) = (random_token()?, self.clock.now());
        let expires_at = later(now, i64::from(TICKET_LIFE_S) * 1_000);
        let row = TakenTicket { session_id: actor.session_id, user_id: actor.user_id, expires_at };
        insert_ticket(&mut &self.store, &hash_token(&ticket), &row).await?;
        Ok(SocketTicket { ticket: Secret(ticket), expires_in_s: TICKET_LIFE_S.into() })
    }

    /// Tells whose device comes with a socket ticket, which is used up by that. Whether its session holds is not looked up.
    pub async fn device_of_ticket(&self, ticket: &str) -> Result<Device, ServiceError> {
        let now = self.clock.now();
        let taken = take_ticket(&mut &self.store, &hash_token(ticket)).await?;
        let taken = taken.filter(|taken| taken.expires_at > now).ok_or_else(not_valid)?;
        Ok(Device { user_id: taken.user_id, session_id: taken.session_id })
    }

    /// Looks whether a person's session still holds, and what rights the person has now.
    pub(crate) async fn stand(&self, user_id: UserId, session_id: SessionId) -> Result<Actor, ServiceError> {
        let now = self.clock.now();
        let held = self.realtime.held_session(session_id);
        if let Some(held) = held.filter(|held| held.user == user_id && held.expires_at > now) {
            return Ok(Actor::of(Device { user_id, session_id }, held.is_admin, held.grant));
        }
        let as_of = self.realtime.session_ends();
        let standing = find_standing(&mut &self.store, session_id, user_id).await?;
        let standing = standing.filter(|standing| standing.is_good(now)).ok_or_else(session_ended)?;
        let Standing { is_admin, grant, expires_at, .. } = standing;
        let held = HeldSession { user: user_id, is_admin, grant, expires_at };
        self.realtime.hold_session(session_id, held, as_of);
        Ok(Actor::of(Device { user_id, session_id }, is_admin, grant))
    }
}

fn view(row: SessionRow, actor: &Actor) -> Session {
    Session {
        id: row.id,
        device_name: row.device_name,
        is_current: row.id == actor.session_id,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        expires_at: row.expires_at,
    }
}
