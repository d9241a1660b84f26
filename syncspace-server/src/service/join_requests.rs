//! Requests to come into a team: who asks, who decides, and what becomes of it.

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::join_requests::{AskToJoin, JoinRequest, JoinRequestState, MyJoinRequest};
use syncspace_protocol::limits::{
    JOIN_REQUEST_CHARS_MAX, JOIN_REQUEST_PAUSE_S, JOIN_REQUESTS_OF_PERSON_MAX, JOIN_REQUESTS_OF_TEAM_MAX,
};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::teams::TeamMember;
use syncspace_protocol::{Page, Rev, StreamId, TeamId, Time, UserId};

use super::audit::Line;
use super::fields::clean_field;
use super::paging::{TimeWindow, Window};
use super::parse::slice;
use super::team_changes::{Entry, Refused, refuse_banned};
use super::{Actor, Service, ServiceError, access, later};
use crate::log::{Abort, Audience, Effect, LogTx, Operation};
use crate::permissions::{Permit, TeamAction};
use crate::store::{StoreError, join_requests, users};

impl Service {
    /// Asks to come into a team that takes people in on request; asking again changes what is written to it.
    pub async fn ask_to_join(&self, actor: &Actor, team: TeamId, body: AskToJoin) -> Result<JoinRequest, ServiceError> {
        let message = clean_field("message", body.message.as_deref(), JOIN_REQUEST_CHARS_MAX)?;
        self.log.commit(Ask { actor: *actor, team, message }).await
    }

    /// Takes the actor's open request back.
    pub async fn withdraw_join_request(&self, actor: &Actor, team: TeamId) -> Result<(), ServiceError> {
        let end = End { actor: *actor, team, user: actor.user_id, state: JoinRequestState::Withdrawn };
        self.log.commit(end).await
    }

    /// Lists the actor's own requests, those that were decided too, by team.
    pub async fn my_join_requests(
        &self,
        actor: &Actor,
        query: &PageQuery,
    ) -> Result<Page<MyJoinRequest>, ServiceError> {
        let window = Window::parse(query)?;
        let found = join_requests::list_of(&mut &self.store, actor.user_id, &slice(window, query)).await?;
        Ok(window.page(found, |request| request.team.id.get()))
    }

    /// Lists the open requests of a team, the oldest first.
    pub async fn join_requests(
        &self,
        actor: &Actor,
        team: TeamId,
        query: &PageQuery,
    ) -> Result<Page<JoinRequest>, ServiceError> {
        let window = TimeWindow::parse(query)?;
        let mut db = &self.store;
        access::on_team(&mut db, actor, team, TeamAction::ManageRequests).await?;
        let found = join_requests::list_open(&mut db, team, &window.slice()).await?;
        Ok(window.page(found, |request| (request.created_at, request.user_id.get())))
    }

    /// Takes a person in who asked.
    pub async fn accept_join_request(
        &self,
        actor: &Actor,
        team: TeamId,
        user: UserId,
    ) -> Result<TeamMember, ServiceError> {
        self.put_member(actor, team, user, Entry::Requested).await
    }

    /// Says no to a person who asked.
    pub async fn decline_join_request(&self, actor: &Actor, team: TeamId, user: UserId) -> Result<(), ServiceError> {
        self.log.commit(End { actor: *actor, team, user, state: JoinRequestState::Declined }).await
    }
}

/// Asks to come into a team.
struct Ask {
    actor: Actor,
    team: TeamId,
    message: Option<String>,
}

impl Operation for Ask {
    type Output = JoinRequest;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Team(self.team)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<JoinRequest, Refused> {
        let user_id = self.actor.user_id;
        let (permit, _) = access::on_team(tx.db, &self.actor, self.team, TeamAction::Ask).await?;
        refuse_banned(tx, self.team, user_id).await?;
        let before = join_requests::find(tx.db, self.team, user_id).await?;
        let open = before.as_ref().filter(|request| request.state == JoinRequestState::Open);
        if let Some(open) = open.filter(|open| open.message == self.message) {
            return Ok(open.clone());
        }
        let created_at = match open {
            Some(open) => open.created_at,
            None => {
                self.refuse_early(before.as_ref(), tx.now).map_err(Abort::Refused)?;
                self.refuse_many(tx).await?;
                tx.now
            }
        };
        let user = users::find_user(tx.db, user_id).await?;
        let user = user.ok_or_else(|| Abort::Refused(ServiceError::not_found("user")))?;
        let mut request = JoinRequest {
            team_id: self.team,
            user_id,
            username: user.username,
            message: self.message.clone(),
            state: JoinRequestState::Open,
            created_at,
            decided_by: None,
            decided_at: None,
            rev: Rev::ZERO,
        };
        write(tx, &mut request, &permit).await?;
        Ok(request)
    }
}

impl Ask {
    /// Who was told no asks again after a while, not at once.
    fn refuse_early(&self, before: Option<&JoinRequest>, now: Time) -> Result<(), ServiceError> {
        let declined = before.filter(|request| request.state == JoinRequestState::Declined);
        let pause_ms = i64::from(JOIN_REQUEST_PAUSE_S) * 1_000;
        match declined.and_then(|request| request.decided_at).map(|declined_at| later(declined_at, pause_ms)) {
            Some(again_at) if again_at > now => {
                let sentence = format!("your last request was declined; you may ask this team again after {again_at}");
                Err(ServiceError::refused(ErrorCode::Conflict, sentence))
            }
            _ => Ok(()),
        }
    }

    async fn refuse_many(&self, tx: &mut LogTx<'_>) -> Result<(), Refused> {
        let conflict = |sentence| Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence));
        if join_requests::count_open_of(tx.db, self.actor.user_id).await? >= JOIN_REQUESTS_OF_PERSON_MAX {
            return Err(conflict("you have asked many teams that have not decided yet; take a request back first"));
        }
        if join_requests::count_open(tx.db, self.team).await? >= JOIN_REQUESTS_OF_TEAM_MAX {
            return Err(conflict("this team has many requests to decide first; ask again later"));
        }
        Ok(())
    }
}

/// Ends an open request without letting the person in.
struct End {
    actor: Actor,
    team: TeamId,
    user: UserId,
    state: JoinRequestState,
}

impl Operation for End {
    type Output = ();
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Team(self.team)]
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<(), Refused> {
        let is_own = self.state == JoinRequestState::Withdrawn;
        let action = if is_own { TeamAction::View } else { TeamAction::ManageRequests };
        let (permit, _) = access::on_team(tx.db, &self.actor, self.team, action).await?;
        let decided_by = (!is_own).then_some(self.actor.user_id);
        if !close(tx, (self.team, self.user), (self.state, decided_by), &permit).await? {
            return Err(none_open());
        }
        if !is_own {
            let line = Line::by(&self.actor, AuditAction::MemberDeclined).in_team(self.team).to(self.user);
            line.write(tx.db, tx.now).await?;
        }
        Ok(())
    }
}

/// Ends the open request of a person, where there is one; tells whether there was.
pub(super) async fn close(
    tx: &mut LogTx<'_>,
    (team, user): (TeamId, UserId),
    (state, decided_by): (JoinRequestState, Option<UserId>),
    permit: &Permit,
) -> Result<bool, Refused> {
    let Some(request) = find_open(tx, team, user).await? else { return Ok(false) };
    let mut request = JoinRequest { state, decided_by, decided_at: Some(tx.now), ..request };
    write(tx, &mut request, permit).await?;
    Ok(true)
}

/// Ends the request of a person that is erased, and what it says; tells those who manage members.
pub(super) async fn forget(tx: &mut LogTx<'_>, (team, user): (TeamId, UserId), permit: &Permit) -> Result<(), Refused> {
    let Some(request) = join_requests::find(tx.db, team, user).await? else { return Ok(()) };
    let is_open = request.state == JoinRequestState::Open;
    if !is_open && request.message.is_none() {
        return Ok(());
    }
    let state = if is_open { JoinRequestState::Withdrawn } else { request.state };
    let decided_at = request.decided_at.or(Some(tx.now));
    write(tx, &mut JoinRequest { state, decided_at, message: None, ..request }, permit).await
}

/// Has the devices of everybody look who asks to come into a team: it went out of their sight, or came into it.
pub(super) async fn looks_of_askers(tx: &mut LogTx<'_>, team: TeamId) -> Result<Vec<Effect>, StoreError> {
    let askers = join_requests::list_askers(tx.db, team).await?;
    Ok(askers.into_iter().map(|user_id| Effect::JoinRequestsChanged { user_id }).collect())
}

/// Finds the open request of a person.
pub(super) async fn find_open(tx: &mut LogTx<'_>, team: TeamId, user: UserId) -> Result<Option<JoinRequest>, Refused> {
    let found = join_requests::find(tx.db, team, user).await?;
    Ok(found.filter(|request| request.state == JoinRequestState::Open))
}

/// Says that there is nothing to decide.
pub(super) fn none_open() -> Refused {
    Abort::Refused(ServiceError::not_found("open join request"))
}

/// Writes a request with its new number; tells those who manage members, and has the person's devices look.
async fn write(tx: &mut LogTx<'_>, request: &mut JoinRequest, permit: &Permit) -> Result<(), Refused> {
    let taken = tx.next_rev(StreamId::Team(request.team_id), permit)?;
    request.rev = taken.rev;
    join_requests::put(tx.db, request).await?;
    let body = EventBody::TeamJoinRequest { request: request.clone() };
    let changed = Effect::JoinRequestsChanged { user_id: request.user_id };
    tx.announce_to(Audience::Managers, taken, body, vec![changed])?;
    Ok(())
}
