//! The people and user groups of an import, as operations on the team's stream.

use std::collections::HashSet;

use syncspace_protocol::archive::{ArchiveGroup, ArchiveUser};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::groups::UserGroup;
use syncspace_protocol::imports::{Import, MatchBy, RenamedUser};
use syncspace_protocol::limits::{FULL_NAME_CHARS_MAX, GROUPS_PER_TEAM_MAX, USERNAME_CHARS_MAX};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::teams::TeamRole;
use syncspace_protocol::{GroupId, MemberId, StreamId, TeamId, UserId, Username};

use super::fields::clean_field;
use super::import_messages::Names;
use super::imports::{Asked, load_open, name_hash, shown};
use super::team_changes::{Refused, new_member, write_member};
use super::{ServiceError, access};
use crate::log::{Abort, Audience, Effect, LogTx, Operation};
use crate::permissions::{Permit, TeamAction};
use crate::store::imports::{self, Item, ItemKind};
use crate::store::teams::MemberRow;
use crate::store::user_settings::UserSettings;
use crate::store::users::{NO_PASSWORD, UserRow, find_user_by_email, find_user_by_username, insert_user, lock_user};
use crate::store::{IdBlocks, Queries, StoreError, bans, erasures, groups, teams};

/// Asks whether an actor may go on with an import.
pub(super) async fn permitted(tx: &mut LogTx<'_>, asked: Asked) -> Result<(Permit, Import), Refused> {
    let (permit, _) = access::on_team(tx.db, &asked.actor, asked.team, TeamAction::Import).await?;
    Ok((permit, load_open(tx.db, asked).await?))
}

/// Finds or makes the accounts of people, and puts them into the team.
pub(super) struct ImportPeople {
    asked: Asked,
    users: Vec<ArchiveUser>,
    ids: Vec<(UserId, MemberId)>,
}

impl ImportPeople {
    pub(super) fn new(asked: Asked, mut users: Vec<ArchiveUser>) -> Result<Self, ServiceError> {
        for user in &mut users {
            user.full_name = clean_field("full_name", user.full_name.as_deref(), FULL_NAME_CHARS_MAX)?;
        }
        Ok(Self { asked, users, ids: Vec::new() })
    }
}

impl Operation for ImportPeople {
    type Output = Vec<RenamedUser>;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Team(self.asked.team)]
    }

    async fn prepare(&mut self, ids: &IdBlocks) -> Result<(), StoreError> {
        let users = ids.next_many(self.users.len()).await?;
        let members = ids.next_many(self.users.len()).await?;
        self.ids = users.into_iter().zip(members).collect();
        Ok(())
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Vec<RenamedUser>, Refused> {
        let (permit, import) = permitted(tx, self.asked).await?;
        let hashes: Vec<_> = self.users.iter().map(|user| name_hash(&user.username)).collect();
        let known = imports::find_items(tx.db, import.id, ItemKind::User, &hashes).await?;
        let mut known: HashSet<String> = known.into_keys().collect();
        let mut renamed = Vec::new();
        for ((user, hash), &(id, member)) in self.users.iter().zip(hashes).zip(&self.ids) {
            if !known.insert(hash.clone()) {
                continue;
            }
            let (id, now) = match hold_account(tx, import.match_by, user).await? {
                Some(account) => (account.id, account.username),
                None => (id, make_account(tx, id, user).await?),
            };
            imports::put_item(tx.db, import.id, (ItemKind::User, &hash), Item { object_id: id.get(), stage: None })
                .await?;
            match user.role {
                Some(role) => put_into_team(tx, (self.asked.team, id), (member, role), &permit).await?,
                None => note_former(tx, (self.asked.team, id), member, &permit).await?,
            }
            if now != user.username {
                renamed.push(RenamedUser { username: user.username.to_string(), now: now.to_string() });
            }
        }
        Ok(renamed)
    }
}

/// Finds somebody's account and keeps it from being erased: an erasure comes before and took the name, or finds the import.
async fn hold_account(tx: &mut LogTx<'_>, by: MatchBy, user: &ArchiveUser) -> Result<Option<UserRow>, StoreError> {
    let Some(account) = find_account(tx.db, by, user).await? else { return Ok(None) };
    let is_there = lock_user(tx.db, account.id).await? && !erasures::is_erased(tx.db, account.id).await?;
    Ok(Some(account).filter(|_| is_there))
}

/// Finds somebody's account.
pub(super) async fn find_account(
    db: &mut impl Queries,
    by: MatchBy,
    user: &ArchiveUser,
) -> Result<Option<UserRow>, StoreError> {
    match (by, &user.email) {
        (MatchBy::Email, Some(email)) => find_user_by_email(db, &email.key()).await,
        (MatchBy::Username, _) => find_user_by_username(db, &user.username.key()).await,
        (MatchBy::Email | MatchBy::Nothing, _) => Ok(None),
    }
}

/// Makes an account that nobody can use until an administrator switches it on and gives it a password.
async fn make_account(tx: &mut LogTx<'_>, id: UserId, user: &ArchiveUser) -> Result<Username, Refused> {
    let email = match &user.email {
        Some(email) if find_user_by_email(tx.db, &email.key()).await?.is_some() => None,
        email => email.clone(),
    };
    let username = free_username(tx.db, &user.username).await?;
    let account = UserRow {
        id,
        username: username.clone(),
        email,
        email_verified_at: None,
        email_pending: None,
        hashed_password: NO_PASSWORD.to_owned(),
        full_name: user.full_name.clone(),
        avatar_url: None,
        is_active: false,
        is_admin: false,
        is_bot: false,
        last_seen: None,
        created_at: tx.now,
        updated_at: tx.now,
        settings: UserSettings::default(),
    };
    insert_user(tx.db, &account).await?;
    Ok(username)
}

/// Gives a username, with a number behind it where it is taken.
pub(super) async fn free_username(db: &mut impl Queries, wanted: &Username) -> Result<Username, access::Stopped> {
    for number in 1_u32.. {
        let name = numbered(wanted.as_str(), number, USERNAME_CHARS_MAX);
        let name: Username = name.parse().map_err(|error| {
            let sentence = format!("{}: {error}", shown(wanted.as_str()));
            access::Stopped::Refused(ServiceError::invalid_field("lines", sentence))
        })?;
        if find_user_by_username(db, &name.key()).await?.is_none() {
            return Ok(name);
        }
    }
    Err(access::Stopped::Refused(ServiceError::fault("every name is taken")))
}

/// Gives a name, or with a number behind it where that is not the first, cut to a length.
pub(super) fn numbered(name: &str, number: u32, chars_max: usize) -> String {
    if number == 1 {
        return name.to_owned();
    }
    let end = format!("-{number}");
    let kept: String = name.chars().take(chars_max.saturating_sub(end.len())).collect();
    kept + &end
}

/// Puts somebody into the team who is not in it; who is banned from it stays outside.
async fn put_into_team(
    tx: &mut LogTx<'_>,
    (team, user): (TeamId, UserId),
    (member, role): (MemberId, TeamRole),
    permit: &Permit,
) -> Result<(), Refused> {
    // A change of the profile comes before it, and is read here, or after it, and finds the team.
    lock_user(tx.db, user).await?;
    let before = teams::find_member_row(tx.db, team, user).await?;
    if before.is_some_and(|row| row.is_present) || bans::find(tx.db, team, user).await?.is_some() {
        return Ok(());
    }
    let row = match before {
        Some(row) => MemberRow { role, joined_at: tx.now, ..row },
        None => new_member(tx, team, (member, role), permit).await?,
    };
    let joined = Effect::TeamJoined { user_id: user, team_id: team };
    write_member(tx, (team, user), &row, joined, permit).await.map(drop)
}

/// Notes somebody as having left the team who was never in it: its people see whose messages they read.
async fn note_former(
    tx: &mut LogTx<'_>,
    (team, user): (TeamId, UserId),
    member: MemberId,
    permit: &Permit,
) -> Result<(), Refused> {
    if teams::find_member_row(tx.db, team, user).await?.is_some() {
        return Ok(());
    }
    let row = new_member(tx, team, (member, TeamRole::Guest), permit).await?;
    let taken = tx.next_rev(StreamId::Team(team), permit)?;
    teams::put_member(tx.db, team, user, &row, taken.rev).await?;
    teams::remove_member(tx.db, team, user, tx.now, taken.rev).await?;
    let body = EventBody::TeamMemberRemoved { user_id: user };
    Ok(tx.announce_to(Audience::Everyone, taken, body, Vec::new())?)
}

/// Makes the user groups that the team does not have.
pub(super) struct ImportGroups {
    asked: Asked,
    groups: Vec<(ArchiveGroup, Vec<UserId>)>,
    ids: Vec<GroupId>,
}

impl ImportGroups {
    pub(super) fn new(asked: Asked, groups: Vec<ArchiveGroup>, names: &Names<UserId>) -> Result<Self, ServiceError> {
        let mut resolved = Vec::with_capacity(groups.len());
        for group in groups {
            let people = group.users.iter().map(|name| names.find(name));
            let mut people = people.collect::<Result<Vec<_>, _>>()?;
            people.sort_unstable();
            people.dedup();
            resolved.push((group, people));
        }
        Ok(Self { asked, groups: resolved, ids: Vec::new() })
    }
}

impl Operation for ImportGroups {
    type Output = ();
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Team(self.asked.team)]
    }

    async fn prepare(&mut self, ids: &IdBlocks) -> Result<(), StoreError> {
        self.ids = ids.next_many(self.groups.len()).await?;
        Ok(())
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<(), Refused> {
        let (permit, _) = permitted(tx, self.asked).await?;
        let team = self.asked.team;
        let (mut new, mut keys) = (Vec::new(), HashSet::new());
        for ((group, people), &id) in self.groups.iter().zip(&self.ids) {
            let key = group.name.key();
            if groups::find_by_key(tx.db, team, &key).await?.is_none() && keys.insert(key) {
                new.push((group, people, id));
            }
        }
        // Before the first is written: a refusal leaves nothing.
        if groups::count(tx.db, team).await? + new.len() as u64 > GROUPS_PER_TEAM_MAX {
            let sentence = format!("a team has at most {GROUPS_PER_TEAM_MAX} groups; delete some that are not used");
            return Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)));
        }
        for (group, people, id) in new {
            let taken = tx.next_rev(StreamId::Team(team), &permit)?;
            let group = UserGroup {
                id,
                team_id: team,
                name: group.name.clone(),
                user_ids: teams::list_present(tx.db, team, people).await?,
                created_by: self.asked.actor.user_id,
                created_at: tx.now,
                updated_at: tx.now,
                rev: taken.rev,
            };
            groups::insert(tx.db, &group).await?;
            tx.announce(taken, EventBody::GroupUpdated { group })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_name_gets_a_number_and_still_fits() {
        assert_eq!(numbered("alice", 1, 50), "alice");
        assert_eq!(numbered("alice", 2, 50), "alice-2");
        let long = numbered(&"x".repeat(50), 12, 50);
        assert_eq!((long.len(), long.ends_with("-12")), (50, true));
    }
}
