//! Bots: accounts of programs, each of one team, looked after by those who manage it.

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::bots::{Bot, CreateBot, EditBot};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::{BOTS_PER_TEAM_MAX, FULL_NAME_CHARS_MAX};
use syncspace_protocol::page::{Page, PageQuery};
use syncspace_protocol::teams::TeamRole;
use syncspace_protocol::tokens::{AccessToken, CreateToken, MadeToken, Scope};
use syncspace_protocol::users::{EditProfile, Person};
use syncspace_protocol::{IdempotencyKey, MemberId, SessionId, StreamId, TeamId, UserId, Username};

use super::account_changes::{AccountChange, Powers};
use super::audit::Line;
use super::fields::clean_field;
use super::idempotency::{Made, Makes, OnceOutcome, made_id};
use super::paging::Window;
use super::parse::slice;
use super::team_changes::{Refused, enter_team, new_member, prepared};
use super::users::username_taken;
use super::{Actor, Service, ServiceError, access};
use crate::log::{Abort, LogTx, Operation};
use crate::permissions::TeamAction;
use crate::store::user_settings::UserSettings;
use crate::store::users::{UserRow, find_user_by_username, insert_user};
use crate::store::{IdBlocks, Queries, StoreError, bots};

/// Stands where others have the hash of a password: no password has it.
const NO_PASSWORD: &str = "";

impl Service {
    /// Lists the bots of a team, by id.
    pub async fn bots(&self, actor: &Actor, team: TeamId, query: &PageQuery) -> Result<Page<Bot>, ServiceError> {
        let window = Window::parse(query)?;
        let mut db = &self.store;
        access::on_team(&mut db, actor, team, TeamAction::ManageIntegrations).await?;
        let found = bots::list(&mut db, team, &slice(window, query)).await?;
        Ok(window.page(found, |bot| bot.user.id.get()))
    }

    /// Makes a bot, which is a member of the team; the same request under the same key gives the same bot back.
    pub async fn create_bot_once(
        &self,
        actor: &Actor,
        key: Option<&IdempotencyKey>,
        team: TeamId,
        body: CreateBot,
    ) -> Result<Made<Bot>, ServiceError> {
        let request = self.keyed(actor, key, ("create_bot", team.get()), &body)?;
        if let Some(id) = self.find_made(request.as_ref()).await? {
            return self.bot(actor, team, made_id(id)?).await.map(Made::Repeat);
        }
        let full_name = clean_field("full_name", body.full_name.as_deref(), FULL_NAME_CHARS_MAX)?;
        let make = MakeBot { actor: *actor, team, ids: None, username: body.username, full_name };
        match self.commit_once(request, make).await? {
            OnceOutcome::Made(bot) => Ok(Made::New(bot)),
            OnceOutcome::MadeBefore(id) => self.bot(actor, team, made_id(id)?).await.map(Made::Repeat),
        }
    }

    /// Makes a bot.
    pub async fn create_bot(&self, actor: &Actor, team: TeamId, body: CreateBot) -> Result<Bot, ServiceError> {
        self.create_bot_once(actor, None, team, body).await.map(Made::into_inner)
    }

    /// Gives a bot another name, or switches it on or off.
    pub async fn edit_bot(
        &self,
        actor: &Actor,
        (team, bot): (TeamId, UserId),
        edit: EditBot,
    ) -> Result<Bot, ServiceError> {
        self.bot(actor, team, bot).await?;
        let profile = EditProfile { full_name: edit.full_name, ..EditProfile::default() };
        let powers = Powers { is_active: edit.is_active, is_admin: None };
        self.change_account(AccountChange::check(bot, profile, powers)?.of_bot(actor, team)).await?;
        self.bot(actor, team, bot).await
    }

    /// Lists the tokens of a bot that hold.
    pub async fn bot_tokens(
        &self,
        actor: &Actor,
        (team, bot): (TeamId, UserId),
        query: &PageQuery,
    ) -> Result<Page<AccessToken>, ServiceError> {
        self.bot(actor, team, bot).await?;
        self.tokens_of(bot, query).await
    }

    /// Makes a token for a bot; the token itself is in this answer and nowhere else.
    pub async fn create_bot_token(
        &self,
        actor: &Actor,
        (team, bot): (TeamId, UserId),
        body: CreateToken,
    ) -> Result<MadeToken, ServiceError> {
        let new = self.check_token(body)?;
        let bot = self.bot(actor, team, bot).await?;
        if new.scopes.has(Scope::Admin) {
            let sentence = "a bot belongs to a team, and never administers the server: leave the scope `admin` out";
            return Err(ServiceError::invalid_field("scopes", sentence));
        }
        if !bot.user.is_active {
            return Err(ServiceError::refused(ErrorCode::Conflict, "this bot is switched off; switch it on first"));
        }
        let line = Line::by(actor, AuditAction::TokenCreated).in_team(team).to(bot.user.id);
        self.make_token(bot.user.id, new, line).await
    }

    /// Ends a token of a bot; its sockets close everywhere.
    pub async fn revoke_bot_token(
        &self,
        actor: &Actor,
        (team, bot): (TeamId, UserId),
        token: SessionId,
    ) -> Result<(), ServiceError> {
        let bot = self.bot(actor, team, bot).await?;
        let line = Line::by(actor, AuditAction::TokenRevoked).in_team(team).to(bot.user.id);
        self.revoke_token_of(bot.user.id, token, line).await
    }

    /// Finds a bot for somebody who manages its team.
    async fn bot(&self, actor: &Actor, team: TeamId, bot: UserId) -> Result<Bot, ServiceError> {
        let mut db = &self.store;
        access::on_team(&mut db, actor, team, TeamAction::ManageIntegrations).await?;
        bots::find(&mut db, team, bot).await?.ok_or_else(|| ServiceError::not_found("bot"))
    }
}

/// Refuses a bot where only people go.
pub(super) async fn refuse_bot(db: &mut impl Queries, user: UserId, sentence: &'static str) -> Result<(), Refused> {
    match bots::find_team(db, user).await? {
        Some(_) => Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence))),
        None => Ok(()),
    }
}

/// Keeps a bot out of teams that are not its own.
pub(super) async fn refuse_stray_bot(db: &mut impl Queries, team: TeamId, user: UserId) -> Result<(), Refused> {
    match bots::find_team(db, user).await? {
        Some(own) if own != team => {
            let sentence = "a bot belongs to one team; make another bot for this one";
            Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)))
        }
        _ => Ok(()),
    }
}

/// Makes the account of a bot, and puts it into its team.
struct MakeBot {
    actor: Actor,
    team: TeamId,
    ids: Option<(UserId, MemberId)>,
    username: Username,
    full_name: Option<String>,
}

impl Operation for MakeBot {
    type Output = Bot;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Team(self.team)]
    }

    async fn prepare(&mut self, ids: &IdBlocks) -> Result<(), StoreError> {
        self.ids = Some((ids.next().await?, ids.next().await?));
        Ok(())
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Bot, Refused> {
        let (permit, _) = access::on_team(tx.db, &self.actor, self.team, TeamAction::ManageIntegrations).await?;
        if bots::count(tx.db, self.team).await? >= BOTS_PER_TEAM_MAX {
            let sentence = format!("a team has at most {BOTS_PER_TEAM_MAX} bots");
            return Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)));
        }
        if find_user_by_username(tx.db, &self.username.key()).await?.is_some() {
            return Err(Abort::Refused(username_taken()));
        }
        let (id, member_id) = prepared(self.ids)?;
        let account = self.account(id, tx.now);
        insert_user(tx.db, &account).await?;
        bots::insert(tx.db, (self.team, id), self.actor.user_id, tx.now).await?;
        Line::by(&self.actor, AuditAction::BotCreated).in_team(self.team).to(id).write(tx.db, tx.now).await?;
        let row = new_member(tx, self.team, (member_id, TeamRole::Member), &permit).await?;
        enter_team(tx, (self.team, id), &row, None, &permit).await?;
        let UserRow { username, full_name, avatar_url, is_active, is_bot, .. } = account;
        let user = Person { id, username, full_name, avatar_url, is_active, is_bot };
        Ok(Bot { user, team_id: self.team, created_by: self.actor.user_id, created_at: tx.now })
    }
}

impl MakeBot {
    fn account(&self, id: UserId, now: syncspace_protocol::Time) -> UserRow {
        UserRow {
            id,
            username: self.username.clone(),
            email: None,
            email_verified_at: None,
            email_pending: None,
            hashed_password: NO_PASSWORD.to_owned(),
            full_name: self.full_name.clone(),
            avatar_url: None,
            is_active: true,
            is_admin: false,
            is_bot: true,
            last_seen: None,
            created_at: now,
            updated_at: now,
            settings: UserSettings::default(),
        }
    }
}

impl Makes for MakeBot {
    fn made_id(bot: &Bot) -> u64 {
        bot.user.id.get()
    }
}
