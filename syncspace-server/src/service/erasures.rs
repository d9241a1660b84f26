//! The end of one person's data: what would go, and the moment from which the account has no name.
//!
//! In one transaction the account is emptied and switched off and leaves its teams; what the person wrote goes after it, see
//! [`super::erasure_work`]. [`crate::store::personal_data`] says what becomes of each column. What stays: the text of others,
//! also where it names the person, and what was made for a team: its channels, groups, names and topics.

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::erasure::{Erasure, ErasurePlan, OwnedTeam};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::page::{Page, PageQuery};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{MemberId, StreamId, TeamId, Time, UserId, Username};

use super::audit::Line;
use super::idempotency::Made;
use super::paging::Window;
use super::parse::slice;
use super::retry::retrying;
use super::team_changes::{MOVED_RETRY_MS, Refused, load_member, take_out};
use super::users::{refuse_duplicate, require_admin};
use super::{Actor, Service, ServiceError};
use crate::log::{Abort, Audience, Effect, LogTx, Operation};
use crate::permissions;
use crate::store::sessions::end_all;
use crate::store::users::{UserRow, find_user, find_user_by_username, lock_active_admins, lock_user};
use crate::store::{Queries, StoreError, Tx, bots, erasures, imports, teams};

/// How often it is tried anew because the person came into a team or left one.
const TRIES_MAX: u32 = 5;

/// Most teams that a refusal names.
const TEAMS_NAMED_MAX: usize = 5;

impl Service {
    /// Counts what the erasure of a person would take; for administrators.
    ///
    /// Fails as the erasure would, but where the person owns teams alone: those are named.
    pub async fn erasure_plan(&self, actor: &Actor, user: UserId) -> Result<ErasurePlan, ServiceError> {
        require_admin(actor)?;
        let mut db = &self.store;
        let user = find_user(&mut db, user).await?.ok_or_else(|| ServiceError::not_found("user"))?;
        refuse_account(&mut db, actor, &user).await.map_err(refuse_failed)?;
        if erasures::is_erased(&mut db, user.id).await? {
            return Err(already_erased());
        }
        refuse_importing(&mut db, user.id).await.map_err(refuse_failed)?;
        Ok(erasures::plan(&mut db, &user).await?)
    }

    /// Erases a person, which goes on after the answer; for administrators. Once more gives how far it has come.
    ///
    /// Fails with `conflict` for oneself, for bots, where the person owns teams alone, and while an import that knows the person
    /// is not finished.
    pub async fn erase_user(&self, actor: &Actor, user: UserId) -> Result<Made<Erasure>, ServiceError> {
        require_admin(actor)?;
        let erase = Erase { actor: *actor, user };
        for _ in 0..TRIES_MAX {
            match self.try_erase(erase).await? {
                Begun::Now(erasure) => {
                    self.realtime.announce_account(user);
                    return Ok(Made::New(erasure));
                }
                Begun::Before(erasure) => return Ok(Made::Repeat(erasure)),
                Begun::Moved => {}
            }
        }
        Err(ServiceError::Busy { retry_after_ms: MOVED_RETRY_MS })
    }

    /// Lists who was erased or is being erased, by account; for administrators.
    pub async fn erasures(&self, actor: &Actor, query: &PageQuery) -> Result<Page<Erasure>, ServiceError> {
        require_admin(actor)?;
        let window = Window::parse(query)?;
        let found = erasures::list(&mut &self.store, &slice(window, query)).await?;
        Ok(window.page(found, |erasure| erasure.user_id.get()))
    }

    async fn try_erase(&self, erase: Erase) -> Result<Begun, ServiceError> {
        let memberships = memberships(&mut &self.store, erase.user).await?;
        if memberships.is_empty() {
            return retrying(|| self.erase_stranger(erase)).await;
        }
        self.log.commit(EraseAccount { erase, memberships }).await
    }

    /// Empties an account that is in no team: no stream tells of it.
    async fn erase_stranger(&self, erase: Erase) -> Result<Begun, ServiceError> {
        let mut tx = self.store.begin().await?;
        let begun = erase.begin(&mut tx, &[], self.clock.now()).await.map_err(refuse_failed)?;
        match begun {
            Begun::Now(_) => self.commit_revoking(tx, vec![erase.revoked()]).await?,
            Begun::Before(_) | Begun::Moved => tx.rollback().await,
        }
        Ok(begun)
    }
}

fn refuse_failed(abort: Refused) -> ServiceError {
    match abort {
        Abort::Refused(error) => error,
        Abort::Failed(error) => error.into(),
    }
}

/// Gives the person's teams, each with what names the person's own stream in it.
async fn memberships(db: &mut impl Queries, user: UserId) -> Result<Vec<(TeamId, MemberId)>, StoreError> {
    let mut found = Vec::new();
    for team in teams::list_ids_of(db, user).await? {
        if let Some(row) = teams::find_member_row(db, team, user).await? {
            found.push((team, row.member_id));
        }
    }
    Ok(found)
}

/// Refuses accounts that are never erased this way.
async fn refuse_account(db: &mut impl Queries, actor: &Actor, user: &UserRow) -> Result<(), Refused> {
    let sentence = if user.id == actor.user_id {
        "this is your own account; another administrator can erase it"
    } else if user.is_bot || bots::find_team(db, user.id).await?.is_some() {
        "a bot is nobody's person: those who manage its team switch it off, and it ends with its team"
    } else {
        return Ok(());
    };
    Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)))
}

/// Refuses a person in whose name an import still writes: what would come after the erasure would stay, and the import, whose
/// last message is not what it sent any more, could not go on.
async fn refuse_importing(db: &mut impl Queries, user: UserId) -> Result<(), Refused> {
    let Some((import, name)) = imports::find_open_of(db, user).await? else { return Ok(()) };
    let sentence = format!(
        "import {import} into {name} knows this person and is not finished: finish it, by giving its command again, or cancel it"
    );
    Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)))
}

/// Says that an account has no person any more.
pub(super) fn already_erased() -> ServiceError {
    let sentence = "this account was erased and is nobody's; a person who comes back gets a new one";
    ServiceError::refused(ErrorCode::Conflict, sentence)
}

fn owns_alone(teams: &[OwnedTeam]) -> ServiceError {
    let named: Vec<_> = teams.iter().take(TEAMS_NAMED_MAX).map(|team| team.name.as_str()).collect();
    let more = teams.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let names = named.join(", ");
    let sentence = format!("nobody else owns {names}{more}: make somebody else an owner first, or delete the team");
    ServiceError::refused(ErrorCode::Conflict, sentence)
}

/// What came of the wish to erase somebody.
pub(super) enum Begun {
    /// The account is emptied.
    Now(Erasure),
    /// It was before.
    Before(Erasure),
    /// Nothing was done: the person came into a team or left one.
    Moved,
}

/// Who is to be erased, and who wants it.
#[derive(Debug, Clone, Copy)]
struct Erase {
    actor: Actor,
    user: UserId,
}

impl Erase {
    const fn revoked(&self) -> Effect {
        Effect::UserDeactivated { user_id: self.user }
    }

    /// Empties the account where every rule says yes. It is still in its teams then.
    async fn begin(&self, tx: &mut Tx, teams: &[(TeamId, MemberId)], now: Time) -> Result<Begun, Refused> {
        // Administrators first, as wherever one may be weakened: see the change of an account.
        let admins = lock_active_admins(tx).await?;
        let missing = || Abort::Refused(ServiceError::not_found("user"));
        if !lock_user(tx, self.user).await? {
            return Err(missing());
        }
        if let Some(erasure) = erasures::find(tx, self.user).await? {
            return Ok(Begun::Before(erasure));
        }
        let user = find_user(tx, self.user).await?.ok_or_else(missing)?;
        refuse_account(tx, &self.actor, &user).await?;
        if admins == [user.id] {
            let sentence = "this is the last active administrator of the server; make another one first";
            return Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)));
        }
        if memberships(tx, self.user).await? != teams {
            return Ok(Begun::Moved);
        }
        let owned = erasures::list_owned_alone(tx, self.user).await?;
        if !owned.is_empty() {
            return Err(Abort::Refused(owns_alone(&owned)));
        }
        refuse_importing(tx, self.user).await?;
        let name = free_name(tx, self.user).await?;
        let emptied = erasures::empty_account(tx, &user, &name, now).await;
        emptied.map_err(|error| Abort::Refused(refuse_duplicate(error)))?;
        end_all(tx, self.user, now).await?;
        erasures::insert(tx, self.user, self.actor.user_id, now).await?;
        Line::by(&self.actor, AuditAction::UserErased).to(self.user).write(tx, now).await?;
        Ok(Begun::Now(erasures::find(tx, self.user).await?.ok_or_else(missing)?))
    }
}

/// Finds a name for an account that is to have none; somebody else may call itself so.
pub(super) async fn free_name(db: &mut impl Queries, user: UserId) -> Result<Username, StoreError> {
    for number in 1_u32.. {
        let text = if number == 1 { format!("erased-{user}") } else { format!("erased-{user}-{number}") };
        let Ok(name) = text.parse::<Username>() else { break };
        if find_user_by_username(db, &name.key()).await?.is_none_or(|found| found.id == user) {
            return Ok(name);
        }
    }
    Err(StoreError::Other { during: "name an erased account".into(), source: "every name is taken".into() })
}

/// Empties an account and takes it out of all its teams.
struct EraseAccount {
    erase: Erase,
    memberships: Vec<(TeamId, MemberId)>,
}

impl Operation for EraseAccount {
    type Output = Begun;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        let teams = self.memberships.iter().map(|&(team, _)| StreamId::Team(team));
        teams.chain(self.memberships.iter().map(|&(_, member)| StreamId::Member(member))).collect()
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Begun, Refused> {
        let Erase { actor, user } = self.erase;
        let begun = self.erase.begin(tx.db, &self.memberships, tx.now).await?;
        let Begun::Now(_) = begun else { return Ok(begun) };
        let permit = permissions::erased();
        let mut effects = vec![self.erase.revoked()];
        for &(team, member_id) in &self.memberships {
            // What the account is called now first: whoever shows it beside old lines learns of it.
            let taken = tx.next_rev(StreamId::Team(team), &permit)?;
            teams::touch_member(tx.db, team, user, taken.rev).await?;
            let member = load_member(tx, team, user).await?;
            let line = Line::by(&actor, AuditAction::MemberRemoved).in_team(team).to(user);
            line.with("former_role", member.role).write(tx.db, tx.now).await?;
            let body = EventBody::TeamMemberUpdated { member };
            tx.announce_to(Audience::Everyone, taken, body, std::mem::take(&mut effects))?;
            take_out(tx, (team, user, member_id), &permit).await?;
        }
        Ok(begun)
    }
}
