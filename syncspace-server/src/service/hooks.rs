//! Hooks: made, changed and deleted by those who manage the team, and posts to incoming ones.

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::auth::Secret;
use syncspace_protocol::channels::ChannelKind;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::hooks::{CreateHook, EditHook, Hook, HookKind, MadeHook};
use syncspace_protocol::limits::{
    HOOK_NAME_CHARS_MAX, HOOK_URL_CHARS_MAX, HOOKS_PER_TEAM_MAX, TRIGGER_WORD_CHARS_MAX, TRIGGER_WORDS_MAX,
};
use syncspace_protocol::messages::SendMessage;
use syncspace_protocol::names::fold_key;
use syncspace_protocol::page::{Page, PageQuery};
use syncspace_protocol::{ChannelId, HookId, Patch, SessionId, TeamId, UserId};

use super::audit::Line;
use super::fields::clean_field;
use super::paging::Window;
use super::parse::slice;
use super::retry::retrying;
use super::secrets::{hash_token, random_token};
use super::slack::SlackPost;
use super::{Actor, Device, Grant, Service, ServiceError, access};
use crate::log::Effect;
use crate::permissions::TeamAction;
use crate::realtime::HeldDoor;
use crate::store::hooks::HookRow;
use crate::store::{Queries, bots, channel_members, channels, deliveries, hooks};

/// Where programs post to, before the token.
const HOOK_PATH: &str = "/api/v1/hooks/";

impl Service {
    /// Lists the hooks of a team, by id.
    pub async fn hooks(&self, actor: &Actor, team: TeamId, query: &PageQuery) -> Result<Page<Hook>, ServiceError> {
        let window = Window::parse(query)?;
        let mut db = &self.store;
        access::on_team(&mut db, actor, team, TeamAction::ManageIntegrations).await?;
        let found = hooks::list(&mut db, team, &slice(window, query)).await?;
        Ok(window.page(found, |hook| hook.id.get()))
    }

    /// Gives one hook.
    pub async fn hook(&self, actor: &Actor, team: TeamId, hook: HookId) -> Result<Hook, ServiceError> {
        let mut db = &self.store;
        access::on_team(&mut db, actor, team, TeamAction::ManageIntegrations).await?;
        hooks::find(&mut db, team, hook).await?.ok_or_else(|| ServiceError::not_found("hook"))
    }

    /// Makes a hook; its path or secret is in this answer and nowhere else.
    pub async fn create_hook(&self, actor: &Actor, team: TeamId, body: CreateHook) -> Result<MadeHook, ServiceError> {
        let now = self.clock.now();
        let mut hook = Hook {
            id: self.ids.next().await?,
            team_id: team,
            kind: HookKind::Incoming,
            name: String::new(),
            bot_id: actor.user_id,
            channel_id: None,
            may_choose_channel: false,
            url: None,
            trigger_words: Vec::new(),
            created_by: actor.user_id,
            created_at: now,
            updated_at: now,
        };
        match body {
            CreateHook::Incoming { name, bot_id, channel_id, may_choose_channel } => {
                hook = Hook { name, bot_id, channel_id: Some(channel_id), may_choose_channel, ..hook };
            }
            CreateHook::Outgoing { name, bot_id, channel_id, trigger_words, url } => {
                let kind = HookKind::Outgoing;
                hook = Hook { kind, name, bot_id, channel_id, trigger_words, url: Some(url), ..hook };
            }
        }
        let hook = check(hook)?;
        self.refuse_private(hook.url.as_deref())?;
        let secret = random_token()?;
        let (path, signs) = match hook.kind {
            HookKind::Incoming => (Some(Secret(format!("{HOOK_PATH}{secret}"))), None),
            HookKind::Outgoing | HookKind::Unknown => (None, Some(Secret(secret.clone()))),
        };
        let token_hash = path.is_some().then(|| hash_token(&secret));
        let row = HookRow { hook, token_hash, secret: signs.as_ref().map(|secret| secret.0.clone()) };
        retrying(|| self.insert_hook(actor, &row)).await?;
        Ok(MadeHook { hook: row.hook, path, secret: signs })
    }

    async fn insert_hook(&self, actor: &Actor, row: &HookRow) -> Result<(), ServiceError> {
        let mut tx = self.store.begin().await?;
        access::on_team(&mut tx, actor, row.hook.team_id, TeamAction::ManageIntegrations).await?;
        if hooks::count(&mut tx, row.hook.team_id).await? >= HOOKS_PER_TEAM_MAX {
            let sentence = format!("a team has at most {HOOKS_PER_TEAM_MAX} hooks; delete one that is not used");
            return Err(ServiceError::refused(ErrorCode::Conflict, sentence));
        }
        check_bot(&mut tx, &row.hook).await?;
        hooks::insert(&mut tx, row).await?;
        line_of(actor, AuditAction::HookCreated, &row.hook).write(&mut tx, row.hook.created_at).await?;
        Ok(tx.commit().await?)
    }

    /// Changes a hook.
    pub async fn edit_hook(
        &self,
        actor: &Actor,
        (team, hook): (TeamId, HookId),
        edit: EditHook,
    ) -> Result<Hook, ServiceError> {
        retrying(|| self.write_hook(actor, (team, hook), &edit)).await
    }

    async fn write_hook(
        &self,
        actor: &Actor,
        (team, hook): (TeamId, HookId),
        edit: &EditHook,
    ) -> Result<Hook, ServiceError> {
        let mut tx = self.store.begin().await?;
        access::on_team(&mut tx, actor, team, TeamAction::ManageIntegrations).await?;
        let found = hooks::find(&mut tx, team, hook).await?.ok_or_else(|| ServiceError::not_found("hook"))?;
        let edit = edit.clone();
        if found.kind == HookKind::Incoming && edit.channel_id == Patch::Clear {
            return Err(ServiceError::invalid_field("channel_id", "an incoming hook writes into one channel: name it"));
        }
        self.refuse_private(edit.url.as_deref())?;
        let url = edit.url.or(found.url.clone());
        let changed = check(Hook {
            name: edit.name.unwrap_or(found.name.clone()),
            channel_id: edit.channel_id.apply(found.channel_id),
            may_choose_channel: edit.may_choose_channel.unwrap_or(found.may_choose_channel),
            trigger_words: edit.trigger_words.unwrap_or(found.trigger_words.clone()),
            url: url.filter(|_| found.kind == HookKind::Outgoing),
            updated_at: self.clock.now(),
            ..found
        })?;
        check_bot(&mut tx, &changed).await?;
        hooks::update(&mut tx, &changed).await?;
        line_of(actor, AuditAction::HookEdited, &changed).write(&mut tx, changed.updated_at).await?;
        self.commit_revoking(tx, changed_hook(&changed)).await?;
        Ok(changed)
    }

    /// Deletes a hook: it takes no posts from now on, and is told nothing more.
    pub async fn delete_hook(&self, actor: &Actor, team: TeamId, hook: HookId) -> Result<(), ServiceError> {
        retrying(|| async {
            let mut tx = self.store.begin().await?;
            access::on_team(&mut tx, actor, team, TeamAction::ManageIntegrations).await?;
            let found = hooks::find(&mut tx, team, hook).await?.ok_or_else(|| ServiceError::not_found("hook"))?;
            hooks::delete(&mut tx, hook).await?;
            deliveries::give_up_all(&mut tx, hook, self.clock.now()).await?;
            line_of(actor, AuditAction::HookDeleted, &found).write(&mut tx, self.clock.now()).await?;
            self.commit_revoking(tx, changed_hook(&found)).await
        })
        .await
    }

    /// Finds where posts with this token go; asks the database only where nothing is known of it, and only if it may.
    pub async fn door_of(
        &self,
        token: &str,
        may_ask: impl FnOnce() -> Result<(), ServiceError>,
    ) -> Result<Option<HeldDoor>, ServiceError> {
        let hash = hash_token(token);
        if let Some(door) = self.realtime.held_door(&hash) {
            return Ok(Some(door));
        }
        may_ask()?;
        let as_of = self.realtime.session_ends();
        let found = hooks::find_door(&mut &self.store, &hash).await?;
        let Some((hook, team, bot, channel, may_choose)) = found else { return Ok(None) };
        let door = HeldDoor { hook, team, bot, channel, may_choose };
        self.realtime.hold_door(hash, door, as_of);
        Ok(Some(door))
    }

    /// Posts what came to an incoming hook, as its bot.
    pub async fn post_to_door(&self, door: &HeldDoor, post: SlackPost) -> Result<(), ServiceError> {
        let channel = match &post.channel {
            Some(named) => self.channel_of(door, named).await?,
            None => door.channel,
        };
        let message = SendMessage { content: post.text, ..SendMessage::default() };
        self.send_message(&bot_of(door.hook, door.bot)?, channel, message).await.map(drop)
    }

    /// Finds the channel that a post names, by its name or id; only a hook that may choose goes elsewhere.
    async fn channel_of(&self, door: &HeldDoor, named: &str) -> Result<ChannelId, ServiceError> {
        let no_channel = || ServiceError::not_found("channel");
        let name = named.trim_start_matches('#');
        let found = match name.parse() {
            Ok(id) => id,
            Err(_) => {
                let found = channels::find_by_key(&mut &self.store, door.team, &fold_key(name)).await?;
                found.ok_or_else(no_channel)?
            }
        };
        if found == door.channel {
            return Ok(found);
        }
        if !door.may_choose {
            let sentence = "this hook writes into its own channel only; leave `channel` out, or let it choose channels";
            return Err(ServiceError::refused(ErrorCode::Forbidden, sentence));
        }
        Ok(found)
    }
}

/// Gives what the audit log says of a hook.
fn line_of(actor: &Actor, action: AuditAction, hook: &Hook) -> Line {
    let line = Line::by(actor, action).in_team(hook.team_id).to(hook.bot_id).with("hook_id", hook.id);
    let line = line.with("kind", hook.kind).with("name", &hook.name);
    match hook.channel_id {
        Some(channel) => line.in_channel(channel),
        None => line,
    }
}

/// Acts as the bot of a hook. The session is none that exists: nothing that a hook does belongs to a device.
pub(super) fn bot_of(hook: HookId, bot: UserId) -> Result<Actor, ServiceError> {
    let session_id = SessionId::try_from(hook.get()).map_err(ServiceError::fault)?;
    Ok(Actor::of(Device { user_id: bot, session_id }, false, Grant::Login))
}

/// Has every instance forget what it keeps of a hook: it looks the bot up again.
fn changed_hook(hook: &Hook) -> Vec<Effect> {
    vec![Effect::RightsChanged { user_id: hook.bot_id }]
}

impl Service {
    /// Refuses a target that stands as an address in its URL and may not be reached. Of a name that is seen when it is resolved.
    pub(super) fn refuse_private(&self, url: Option<&str>) -> Result<(), ServiceError> {
        let url = url.and_then(|url| url::Url::parse(url).ok());
        if !url.is_some_and(|url| self.outbound.refuses(&url)) {
            return Ok(());
        }
        let sentence = "this address is in a private network, which this server reaches only where its operator allows it: \
                        hook_targets_allowed";
        Err(ServiceError::invalid_field("url", sentence))
    }
}

/// Cleans and checks the fields of a hook.
fn check(hook: Hook) -> Result<Hook, ServiceError> {
    let name = clean_field("name", Some(&hook.name), HOOK_NAME_CHARS_MAX)?;
    let name = name.ok_or_else(|| ServiceError::invalid_field("name", "say what the hook is for"))?;
    let url = hook.url.as_deref().map(|url| check_url("url", url)).transpose()?;
    let trigger_words = check_words(&hook.trigger_words)?;
    Ok(Hook { name, url, trigger_words, ..hook })
}

/// Checks the address of a target. Whether it is one that may be reached is seen when it is resolved.
pub(super) fn check_url(field: &'static str, url: &str) -> Result<String, ServiceError> {
    let sentence = "an address is written like https://example.org/hook, without a user name";
    let odd = || ServiceError::invalid_field(field, sentence);
    let parsed = url::Url::parse(url.trim()).map_err(|_| odd())?;
    let is_web = matches!(parsed.scheme(), "http" | "https") && parsed.has_host();
    let is_bare = parsed.username().is_empty() && parsed.password().is_none();
    if !is_web || !is_bare || parsed.as_str().chars().count() > HOOK_URL_CHARS_MAX {
        return Err(odd());
    }
    Ok(parsed.into())
}

fn check_words(words: &[String]) -> Result<Vec<String>, ServiceError> {
    let refused = |sentence: String| ServiceError::invalid_field("trigger_words", sentence);
    if words.len() > TRIGGER_WORDS_MAX {
        return Err(refused(format!("a hook has at most {TRIGGER_WORDS_MAX} trigger words")));
    }
    let mut clean = Vec::with_capacity(words.len());
    for word in words {
        let word = clean_field("trigger_words", Some(word), TRIGGER_WORD_CHARS_MAX)?;
        let word = word.filter(|word| !word.contains(char::is_whitespace));
        clean.push(word.ok_or_else(|| refused("a trigger word is one word, without blanks".to_owned()))?);
    }
    clean.dedup();
    Ok(clean)
}

/// Checks that the bot of a hook is there, and in the channel of the hook.
async fn check_bot(db: &mut impl Queries, hook: &Hook) -> Result<(), ServiceError> {
    let bot = bots::find(db, hook.team_id, hook.bot_id).await?.filter(|bot| bot.user.is_active);
    bot.ok_or_else(|| {
        let sentence = "this is no active bot of the team; make one first, or switch it on";
        ServiceError::not_found_by("bot_id", sentence)
    })?;
    let Some(channel) = hook.channel_id else { return Ok(()) };
    let is_of_team = channels::find(db, channel, hook.bot_id).await?.is_some_and(|row| {
        row.channel.team_id == hook.team_id && matches!(row.channel.kind, ChannelKind::Public | ChannelKind::Private)
    });
    if is_of_team && channel_members::find(db, channel, hook.bot_id).await?.is_some() {
        return Ok(());
    }
    Err(ServiceError::not_found_by("channel_id", "the bot is in no such channel; add it to the channel first"))
}
