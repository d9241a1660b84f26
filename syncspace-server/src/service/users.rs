//! People: what others see of them, profiles, and the accounts that administrators look after.

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::{FULL_NAME_CHARS_MAX, PEOPLE_TERMS_MAX};
use syncspace_protocol::name_words::beginnings_in;
use syncspace_protocol::names::fold_key;
use syncspace_protocol::page::{Page, PageQuery, PeopleQuery};
use syncspace_protocol::server::AccountQuery;
use syncspace_protocol::status::{CustomStatus, PresenceStatus};
use syncspace_protocol::users::{CreateUser, EditProfile, EditUser, User};
use syncspace_protocol::{IdempotencyKey, Time, UserId};

use super::account_changes::{AccountChange, Powers};
use super::audit::Line;
use super::auth::session_ended;
use super::email_addresses::EmailCode;
use super::fields::clean_field;
use super::idempotency::{Claim, KeyedRequest, Made, made_id};
use super::paging::Window;
use super::retry::retrying;
use super::{Actor, Refusal, Service, ServiceError, presence};
use crate::store::StoreError;
use crate::store::people::{self, AccountFilter, Acquaintance, After};
use crate::store::user_settings::{Looks, UserSettings};
use crate::store::users::{UserRow, find_user, find_user_by_username, insert_user};

impl Service {
    /// Gives the asking person's account.
    pub async fn me(&self, actor: &Actor) -> Result<User, ServiceError> {
        let user = find_user(&mut &self.store, actor.user_id).await?.ok_or_else(session_ended)?;
        self.with_presence(actor, user).await
    }

    /// Edits the asking person's profile.
    pub async fn edit_me(&self, actor: &Actor, edit: EditProfile) -> Result<User, ServiceError> {
        let change = AccountChange::check(actor.user_id, edit, Powers::default())?;
        let user = self.change_account(self.with_email_code(change)?).await?;
        self.with_presence(actor, user).await
    }

    /// Gives an account as `actor` sees it, presence included.
    pub(super) async fn with_presence(&self, actor: &Actor, user: UserRow) -> Result<User, ServiceError> {
        let mut users = self.with_presences(actor, vec![user]).await?;
        Ok(users.swap_remove(0))
    }

    async fn with_presences(&self, actor: &Actor, users: Vec<UserRow>) -> Result<Vec<User>, ServiceError> {
        let ids: Vec<_> = users.iter().map(|user| user.id).collect();
        let (attendance, now) = (self.realtime.attendance(&ids).await, self.clock.now());
        let view = |user: UserRow| {
            let looks = Looks { user_id: user.id, is_active: user.is_active, settings: user.settings.clone() };
            let seen = presence::see(&looks, &attendance, now);
            let status = seen.to(actor.user_id).status;
            User { presence: status, is_online: status.is_online(), ..view_for(actor, &user, now) }
        };
        Ok(users.into_iter().map(view).collect())
    }

    /// Gives an account, with its e-mail address for the person and for administrators.
    ///
    /// For others than administrators only one of somebody who is or was in a team of theirs: those are the people whose messages
    /// they may have before their eyes, and a look at each message would say nothing more. Of who left it is not told whether
    /// the person is there.
    pub async fn user(&self, actor: &Actor, id: UserId) -> Result<User, ServiceError> {
        let missing = || ServiceError::not_found("user");
        let acquaintance = self.acquaintance(actor, id).await?;
        if acquaintance == Acquaintance::Stranger {
            return Err(missing());
        }
        let user = find_user(&mut &self.store, id).await?.ok_or_else(missing)?;
        let user = self.with_presence(actor, user).await?;
        Ok(if acquaintance == Acquaintance::Colleague { user } else { from_afar(user) })
    }

    async fn acquaintance(&self, actor: &Actor, id: UserId) -> Result<Acquaintance, ServiceError> {
        if actor.is_admin {
            return Ok(Acquaintance::Colleague);
        }
        Ok(people::acquaintance(&mut &self.store, actor.user_id, id).await?)
    }

    /// Finds a person by its username, whoever it is: names are no secret, because registering refuses one that is taken.
    async fn find_named(&self, actor: &Actor, name: &str) -> Result<Page<User>, ServiceError> {
        let mut items = Vec::new();
        if let Some(user) = find_user_by_username(&mut &self.store, &fold_key(name)).await? {
            let acquaintance = self.acquaintance(actor, user.id).await?;
            let user = self.with_presence(actor, user).await?;
            items.push(if acquaintance == Acquaintance::Colleague { user } else { from_afar(user) });
        }
        Ok(Page { items, next: None })
    }

    /// Lists accounts by id, or those whose names the query finds by the words that it finds.
    pub async fn users(&self, actor: &Actor, query: &PeopleQuery) -> Result<Page<User>, ServiceError> {
        if let Some(name) = &query.name {
            return self.find_named(actor, name).await;
        }
        let page = self.find_people(actor, query).await?;
        Ok(Page { items: self.with_presences(actor, page.items).await?, next: page.next })
    }

    /// Lists accounts by id, seen last when they were connected or a login or token of theirs was used; for administrators.
    pub async fn accounts(&self, actor: &Actor, query: &AccountQuery) -> Result<Page<User>, ServiceError> {
        require_admin(actor)?;
        let page = PageQuery { cursor: query.cursor.clone(), limit: query.limit, ..PageQuery::default() };
        let window = Window::parse(&page)?;
        let filter = AccountFilter {
            contains: query.query.as_deref().map(fold_key).filter(|part| !part.is_empty()),
            is_active: query.is_active,
            is_admin: query.is_admin,
            is_unclaimed: query.is_unclaimed,
            seen_since: query.seen_since,
            unseen_since: query.unseen_since,
        };
        let statement = people::list_accounts_statement(&filter, window.after_id, window.rows_wanted());
        let mut page = window.page(people::list(&mut &self.store, statement).await?, |user| user.id.get());
        let ids: Vec<_> = page.items.iter().map(|user| user.id).collect();
        let used = people::last_used(&mut &self.store, &ids).await?;
        for user in &mut page.items {
            user.last_seen = user.last_seen.max(used.get(&user.id).copied());
        }
        Ok(Page { items: self.with_presences(actor, page.items).await?, next: page.next })
    }

    async fn find_people(&self, actor: &Actor, query: &PeopleQuery) -> Result<Page<UserRow>, ServiceError> {
        let limit = Window::limit(query.limit)?;
        let beginnings = query.q.as_deref().map(beginnings_in).unwrap_or_default();
        if beginnings.len() > PEOPLE_TERMS_MAX {
            let sentence = format!("a query for people has at most {PEOPLE_TERMS_MAX} words");
            return Err(ServiceError::invalid_field("q", sentence));
        }
        if !beginnings.is_empty() {
            return self.search_people(actor, &beginnings, query.cursor.as_deref(), limit).await;
        }
        let window =
            Window::parse(&PageQuery { cursor: query.cursor.clone(), limit: query.limit, ..PageQuery::default() })?;
        let statement = match actor.is_admin {
            true => people::list_all_statement(window.after_id, window.rows_wanted()),
            false => people::list_visible_statement(actor.user_id, window.after_id, window.rows_wanted()),
        };
        Ok(window.page(people::list(&mut &self.store, statement).await?, |user| user.id.get()))
    }

    async fn search_people(
        &self,
        actor: &Actor,
        beginnings: &[String],
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<UserRow>, ServiceError> {
        let after = cursor.map(parse_place).transpose()?;
        let asker = (!actor.is_admin).then_some(actor.user_id);
        let statement = people::search_statement(asker, beginnings, after.as_ref(), limit + 1);
        let mut found = people::search(&mut &self.store, statement).await?;
        let has_more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found.last().filter(|_| has_more).map(|(user, word)| format!("{user}.{word}"));
        let ids: Vec<_> = found.into_iter().map(|(user, _)| user).collect();
        let mut users = people::load(&mut &self.store, &ids).await?;
        users.sort_by_key(|user| ids.iter().position(|id| *id == user.id));
        Ok(Page { items: users, next })
    }

    /// Makes an account for somebody; for administrators.
    pub async fn create_user(&self, actor: &Actor, create: CreateUser) -> Result<User, ServiceError> {
        self.create_user_once(actor, None, create).await.map(Made::into_inner)
    }

    /// Makes an account for somebody; the same request under the same key gives the same account back.
    pub async fn create_user_once(
        &self,
        actor: &Actor,
        key: Option<&IdempotencyKey>,
        create: CreateUser,
    ) -> Result<Made<User>, ServiceError> {
        require_admin(actor)?;
        let request = self.keyed(actor, key, ("create_user", 0), &create)?;
        if let Some(id) = self.find_made(request.as_ref()).await? {
            return self.user(actor, made_id(id)?).await.map(Made::Repeat);
        }
        let full_name = clean_field("full_name", create.full_name.as_deref(), FULL_NAME_CHARS_MAX)?;
        let now = self.clock.now();
        let user = UserRow {
            id: self.ids.next().await?,
            username: create.username,
            email: create.email,
            email_verified_at: None,
            email_pending: None,
            hashed_password: self.passwords.hash(create.password.expose()).await?,
            full_name,
            avatar_url: None,
            is_active: true,
            is_admin: create.is_admin,
            is_bot: false,
            last_seen: None,
            created_at: now,
            updated_at: now,
            settings: UserSettings::default(),
        };
        let code = match &user.email {
            Some(email) => self.new_email_code(user.id, email)?,
            None => None,
        };
        match retrying(|| self.insert_user_once(actor, request.as_ref(), (&user, code.as_ref()))).await? {
            Claim::Granted if code.is_some() => {
                self.ring_for_mail();
                self.with_presence(actor, user).await.map(Made::New)
            }
            Claim::Granted => self.with_presence(actor, user).await.map(Made::New),
            Claim::Made(id) => self.user(actor, made_id(id)?).await.map(Made::Repeat),
        }
    }

    async fn insert_user_once(
        &self,
        actor: &Actor,
        request: Option<&KeyedRequest>,
        (user, code): (&UserRow, Option<&EmailCode>),
    ) -> Result<Claim, ServiceError> {
        let mut tx = self.store.begin().await?;
        if let Some(request) = request {
            if let Claim::Made(id) = request.claim::<ServiceError>(&mut tx, user.created_at).await? {
                return Ok(Claim::Made(id));
            }
            request.settle(&mut tx, user.id.get()).await?;
        }
        insert_user(&mut tx, user).await.map_err(refuse_duplicate)?;
        if let Some(code) = code {
            code.write(&mut tx, user.created_at).await?;
        }
        let line = Line::by(actor, AuditAction::UserCreated).to(user.id);
        let line = if user.is_admin { line.with("is_admin", true) } else { line };
        line.write(&mut tx, user.created_at).await?;
        tx.commit().await?;
        Ok(Claim::Granted)
    }

    /// Edits an account, its powers included; for administrators. Switching it off ends its sessions.
    ///
    /// Fails with `conflict` where no active administrator would be left, and for switching one's own off.
    pub async fn edit_user(&self, actor: &Actor, id: UserId, edit: EditUser) -> Result<User, ServiceError> {
        require_admin(actor)?;
        let powers = Powers { is_active: edit.is_active, is_admin: edit.is_admin };
        if actor.user_id == id && powers.is_active == Some(false) {
            let message = "this is your own account; another administrator can switch it off";
            return Err(ServiceError::refused(ErrorCode::Conflict, message));
        }
        let change = AccountChange::check(id, edit.profile, powers)?.by(actor);
        let user = self.change_account(self.with_email_code(change)?).await?;
        self.with_presence(actor, user).await
    }

    /// Switches an account off; for administrators. What the person wrote stays.
    pub async fn deactivate_user(&self, actor: &Actor, id: UserId) -> Result<(), ServiceError> {
        let edit = EditUser { is_active: Some(false), ..EditUser::default() };
        self.edit_user(actor, id, edit).await.map(drop)
    }
}

/// Refuses who does not administer the server.
pub(super) fn require_admin(actor: &Actor) -> Result<(), ServiceError> {
    let message = "only administrators of this server may do that";
    if actor.is_admin { Ok(()) } else { Err(ServiceError::refused(ErrorCode::Forbidden, message)) }
}

/// Gives an account as those see it who share no team with its person: who it is, and not where or how.
fn from_afar(user: User) -> User {
    let (presence, is_online, last_seen) = (PresenceStatus::Unknown, None, None);
    User { presence, is_online, last_seen, custom_status: None, time_zone: None, ..user }
}

/// Reads the `next` of a page of found people: the last one, and the word by which it was found.
fn parse_place(cursor: &str) -> Result<After, ServiceError> {
    let place = cursor.split_once('.').and_then(|(id, word)| Some((word.to_owned(), id.parse().ok()?)));
    place.ok_or_else(|| ServiceError::invalid_field("cursor", "a cursor is the `next` of the page before"))
}

/// Gives an account as `actor` sees it, without its presence.
fn view_for(actor: &Actor, user: &UserRow, now: Time) -> User {
    let is_own = actor.user_id == user.id;
    let sees_address = is_own || actor.is_admin;
    let view = own_view(user, now);
    User {
        email: view.email.filter(|_| sees_address),
        email_verified_at: view.email_verified_at.filter(|_| sees_address),
        email_pending: view.email_pending.filter(|_| sees_address),
        chosen_presence: view.chosen_presence.filter(|_| is_own),
        ..view
    }
}

/// Gives an account as its owner sees it, without its presence.
pub(super) fn own_view(user: &UserRow, now: Time) -> User {
    let view = User {
        id: user.id,
        username: user.username.clone(),
        full_name: user.full_name.clone(),
        email: user.email.clone(),
        email_verified_at: user.email_verified_at,
        email_pending: user.email_pending.clone(),
        avatar_url: user.avatar_url.clone(),
        time_zone: None,
        custom_status: None,
        chosen_presence: None,
        is_active: user.is_active,
        is_admin: user.is_admin,
        is_bot: user.is_bot,
        presence: PresenceStatus::Unknown,
        is_online: None,
        last_seen: user.last_seen,
        created_at: user.created_at,
        updated_at: user.updated_at,
    };
    with_settings(view, user.settings.clone(), now)
}

/// Adds to an account what its owner chose, as the owner sees it.
pub(super) fn with_settings(user: User, settings: UserSettings, now: Time) -> User {
    let is_current = |status: &CustomStatus| user.is_active && status.is_current(now);
    User {
        time_zone: settings.time_zone,
        custom_status: settings.custom_status.filter(is_current),
        chosen_presence: Some(settings.presence),
        ..user
    }
}

/// Refuses names that somebody else has, where that is why the store failed.
pub(super) fn refuse_duplicate(error: StoreError) -> ServiceError {
    duplicate(&error).unwrap_or_else(|| error.into())
}

/// Gives the refusal of a name that somebody took at the same moment, where that is why the store failed.
pub(super) fn duplicate(error: &StoreError) -> Option<ServiceError> {
    if error.is_duplicate_of("users_username_key") {
        Some(username_taken())
    } else if error.is_duplicate_of("users_email_key") {
        Some(email_taken())
    } else {
        None
    }
}

pub(super) fn username_taken() -> ServiceError {
    taken("username", "somebody has this username already; choose another one")
}

pub(super) fn email_taken() -> ServiceError {
    taken("email", "an account with this e-mail address exists already")
}

/// Refuses an address that an imported account has.
pub(super) fn email_imported() -> ServiceError {
    let message = "an account with this e-mail address was imported and waits for its person; ask an administrator to hand it over";
    taken("email", message)
}

fn taken(field: &'static str, message: &'static str) -> ServiceError {
    let code = ErrorCode::NameTaken;
    ServiceError::Refused(Refusal { code, message: message.into(), field: Some(field), retry_after_ms: None })
}
