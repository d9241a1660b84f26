//! Facts about bots, hooks and commands, on the embedded store and on MySQL.

mod commands;
mod outgoing;

use std::time::Duration;

use serde_json::{Value, json};
use syncspace_protocol::bots::{Bot, EditBot};
use syncspace_protocol::channels::CreateChannel;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::hooks::{CreateHook, EditHook, Hook, MadeHook};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::teams::{PutTeamMember, TeamRole};
use syncspace_protocol::tokens::CreateToken;
use syncspace_protocol::users::EditUser;
use syncspace_protocol::{ChannelId, HookId, UserId};
use syncspace_server::realtime::HeldDoor;
use syncspace_server::service::{Actor, LeaseTimes, ServiceError, Settings, SlackPost, Turn, later};

use crate::counts::Room;
use crate::place::{Place, body, login_body, on_both_stores, origin, refused};

on_both_stores! {
    a_bot_is_a_member_of_one_team_and_logs_in_by_token_only,
    a_bot_never_administers_the_server,
    bots_and_hooks_belong_to_those_who_manage_the_team,
    a_switched_off_bot_is_out_and_its_hooks_are_closed,
    a_post_is_a_message_of_the_bot,
    a_post_names_a_channel_only_where_the_hook_may_choose,
    a_hook_ends_at_once_where_it_was_known,
    a_post_costs_what_a_send_costs,
}

const DAY_MS: i64 = 24 * 3_600 * 1_000;

impl Room {
    /// Opens a room whose server lets hooks reach this machine.
    pub(crate) async fn open_to_targets(place: Place) -> Self {
        let room = Self::open(place).await;
        let allowed = vec!["127.0.0.1".parse().expect("a target")];
        let settings = Settings { bcrypt_cost: 4, hook_targets_allowed: allowed, ..Settings::default() };
        Self { rig: room.rig.again_with(settings).await, ..room }
    }

    pub(crate) async fn bot(&self, name: &str) -> Bot {
        self.rig.service.create_bot(&self.alice, self.team, body(json!({"username": name}))).await.expect("a bot")
    }

    /// Makes a bot that is in the channel.
    pub(crate) async fn bot_inside(&self, name: &str) -> UserId {
        let bot = self.bot(name).await.user.id;
        self.let_in(bot, self.channel).await;
        bot
    }

    pub(crate) async fn let_in(&self, user: UserId, channel: ChannelId) {
        let role = body(json!({"role": "member"}));
        self.rig.service.put_channel_member(&self.alice, channel, user, role).await.expect("adds");
    }

    /// Gives who acts by a new token of a bot.
    pub(crate) async fn acting(&self, bot: UserId) -> Actor {
        let end = later(self.rig.clock.now(), DAY_MS);
        let new: CreateToken = body(json!({"name": "x", "scopes": ["read", "write", "manage"], "expires_at": end}));
        let made = self.rig.service.create_bot_token(&self.alice, (self.team, bot), new).await.expect("a token");
        self.rig.service.authenticate(&made.token.0).await.expect("authenticates")
    }

    pub(crate) async fn hook_by(&self, actor: &Actor, hook: Value) -> Result<MadeHook, ServiceError> {
        let hook: CreateHook = body(hook);
        self.rig.service.create_hook(actor, self.team, hook).await
    }

    /// Makes an incoming hook of a bot that is in the channel, and gives it with its token.
    async fn incoming(&self, bot: UserId, may_choose: bool) -> (Hook, String) {
        let hook = json!({
            "kind": "incoming", "name": "ci", "bot_id": bot, "channel_id": self.channel, "may_choose_channel": may_choose,
        });
        let made = self.hook_by(&self.alice, hook).await.expect("makes a hook");
        let path = made.path.expect("a path").0;
        (made.hook, path.rsplit('/').next().expect("a token").to_owned())
    }

    async fn door(&self, token: &str) -> Option<HeldDoor> {
        self.rig.service.door_of(token, || Ok(())).await.expect("asks")
    }

    async fn post(&self, token: &str, payload: &Value) -> Result<(), ServiceError> {
        let post = SlackPost::read(payload.to_string().as_bytes(), false).expect("a post");
        let door = self.door(token).await.expect("a hook");
        self.rig.service.post_to_door(&door, post).await
    }

    pub(crate) async fn turn(&self) -> Turn {
        let times = LeaseTimes {
            term: Duration::from_secs(600),
            renewal: Duration::from_secs(60),
            look: Duration::from_millis(10),
        };
        self.rig.service.wait_for_turn(times).await.expect("a turn")
    }
}

async fn a_bot_is_a_member_of_one_team_and_logs_in_by_token_only(place: Place) {
    let room = Room::open(place).await;
    let service = &room.rig.service;
    let bot = room.bot("ci").await;
    assert!(bot.user.is_bot && bot.user.is_active);
    let outcome = service.create_bot(&room.alice, room.team, body(json!({"username": "CI"}))).await;
    refused(outcome, ErrorCode::NameTaken);
    let members = service.team_members(&room.bob, room.team, &PageQuery::default()).await.expect("lists").items;
    let shown = members.iter().find(|member| member.user.id == bot.user.id).expect("a member");
    assert!(shown.user.is_bot && shown.role == TeamRole::Member);
    assert!(members.iter().all(|member| member.user.is_bot == (member.user.id == bot.user.id)));
    for password in ["", "anything at all"] {
        refused(service.login(&origin(), login_body("ci", password)).await, ErrorCode::InvalidCredentials);
    }
    let acting = room.acting(bot.user.id).await;
    let me = service.me(&acting).await.expect("me");
    assert!(me.is_bot && me.id == bot.user.id);
    // It comes into no other team, by whichever door, and makes none.
    let other = service.create_team(&room.bob, body(json!({"name": "ops", "is_public": true}))).await.expect("a team");
    let member = PutTeamMember { role: TeamRole::Member };
    refused(service.put_team_member(&room.bob, other.team.id, bot.user.id, member).await, ErrorCode::Conflict);
    refused(service.join_team(&acting, other.team.id).await, ErrorCode::Conflict);
    refused(service.create_team(&acting, body(json!({"name": "mine"}))).await, ErrorCode::Conflict);
    // It speaks where it was let in.
    refused(
        room.rig.service.send_message(&acting, room.channel, body(json!({"content": "x"}))).await,
        ErrorCode::Forbidden,
    );
    room.let_in(bot.user.id, room.channel).await;
    assert_eq!(room.say(&acting, "built").await.sender_id, bot.user.id);
}

async fn a_bot_never_administers_the_server(place: Place) {
    let room = Room::open(place).await;
    let root = room.rig.admin().await;
    let bot = room.bot("ci").await.user.id;
    let edit: EditUser = body(json!({"is_admin": true}));
    refused(room.rig.service.edit_user(&root, bot, edit).await, ErrorCode::Conflict);
    let renamed: EditUser = body(json!({"full_name": "Builds"}));
    assert!(room.rig.service.edit_user(&root, bot, renamed).await.expect("edits").is_bot);
}

async fn bots_and_hooks_belong_to_those_who_manage_the_team(place: Place) {
    let room = Room::open(place).await;
    let stranger = room.rig.register_actor("stranger").await;
    let service = &room.rig.service;
    let bot = room.bot("ci").await;
    let place = (room.team, bot.user.id);
    let token: CreateToken =
        body(json!({"name": "x", "scopes": ["read"], "expires_at": later(room.rig.clock.now(), DAY_MS)}));
    let hook = json!({"kind": "incoming", "name": "ci", "bot_id": bot.user.id, "channel_id": room.channel});
    for (who, code) in [(&room.bob, ErrorCode::Forbidden), (&stranger, ErrorCode::NotFound)] {
        refused(service.bots(who, room.team, &PageQuery::default()).await, code);
        refused(service.create_bot(who, room.team, body(json!({"username": "other"}))).await, code);
        refused(service.edit_bot(who, place, EditBot::default()).await, code);
        refused(service.create_bot_token(who, place, token.clone()).await, code);
        refused(service.hooks(who, room.team, &PageQuery::default()).await, code);
        refused(room.hook_by(who, hook.clone()).await, code);
    }
    // A person is no bot; a bot must be in the channel; the powers of the server are for nobody's bot.
    refused(service.create_bot_token(&room.alice, (room.team, room.bob.user_id), token).await, ErrorCode::NotFound);
    let admin = json!({"name": "x", "scopes": ["admin"], "expires_at": later(room.rig.clock.now(), DAY_MS)});
    let scopes = refused(service.create_bot_token(&room.alice, place, body(admin)).await, ErrorCode::InvalidField);
    assert_eq!(scopes.field.as_deref(), Some("scopes"));
    let outside = refused(room.hook_by(&room.alice, hook.clone()).await, ErrorCode::NotFound);
    assert_eq!(outside.field.as_deref(), Some("channel_id"));
    room.let_in(bot.user.id, room.channel).await;
    let made = room.hook_by(&room.alice, hook).await.expect("makes a hook");
    assert_eq!(service.hook(&room.alice, room.team, made.hook.id).await.expect("a hook"), made.hook);
    for url in ["", "x", "ftp://example.org", "http://", "https://user:pw@example.org/"] {
        let outgoing = json!({"kind": "outgoing", "name": "x", "bot_id": bot.user.id, "url": url});
        let odd = refused(room.hook_by(&room.alice, outgoing).await, ErrorCode::InvalidField);
        assert_eq!(odd.field.as_deref(), Some("url"), "{url}");
    }
    let two_words = json!({
        "kind": "outgoing", "name": "x", "bot_id": bot.user.id, "url": "https://example.org", "trigger_words": ["a b"],
    });
    refused(room.hook_by(&room.alice, two_words).await, ErrorCode::InvalidField);
    let renamed = EditHook { name: Some("builds".to_owned()), ..EditHook::default() };
    refused(service.edit_hook(&room.bob, (room.team, made.hook.id), renamed.clone()).await, ErrorCode::Forbidden);
    let renamed = service.edit_hook(&room.alice, (room.team, made.hook.id), renamed).await.expect("renames");
    assert_eq!(renamed.name, "builds");
    let unknown = HookId::try_from(made.hook.id.get() + 1).expect("an id");
    refused(service.delete_hook(&room.alice, room.team, unknown).await, ErrorCode::NotFound);
    service.delete_hook(&room.alice, room.team, made.hook.id).await.expect("deletes");
    assert_eq!(service.hooks(&room.alice, room.team, &PageQuery::default()).await.expect("lists").items, []);
}

async fn a_switched_off_bot_is_out_and_its_hooks_are_closed(place: Place) {
    let room = Room::open(place).await;
    let service = &room.rig.service;
    let bot = room.bot_inside("ci").await;
    let (_, token) = room.incoming(bot, false).await;
    room.post(&token, &json!({"text": "before"})).await.expect("posts");
    let end = later(room.rig.clock.now(), DAY_MS);
    let new: CreateToken = body(json!({"name": "x", "scopes": ["read"], "expires_at": end}));
    let made = service.create_bot_token(&room.alice, (room.team, bot), new.clone()).await.expect("a token");
    service.authenticate(&made.token.0).await.expect("authenticates");
    let off = EditBot { is_active: Some(false), ..EditBot::default() };
    assert!(!service.edit_bot(&room.alice, (room.team, bot), off).await.expect("switches off").user.is_active);
    refused(service.authenticate(&made.token.0).await, ErrorCode::SessionEnded);
    assert_eq!(room.door(&token).await, None);
    refused(service.create_bot_token(&room.alice, (room.team, bot), new).await, ErrorCode::Conflict);
    let on = EditBot { is_active: Some(true), full_name: syncspace_protocol::Patch::Set("Builds".to_owned()) };
    let on = service.edit_bot(&room.alice, (room.team, bot), on).await.expect("switches on");
    assert_eq!((on.user.is_active, on.user.full_name.as_deref()), (true, Some("Builds")));
    room.post(&token, &json!({"text": "after"})).await.expect("posts");
}

async fn a_post_is_a_message_of_the_bot(place: Place) {
    let room = Room::open(place).await;
    let bot = room.bot_inside("ci").await;
    let (_, token) = room.incoming(bot, false).await;
    assert_eq!(room.door("not the token").await, None);
    room.post(&token, &json!({"text": "*v1.2* for <@U1|bob_> & <!channel>"})).await.expect("posts");
    let page = room.rig.service.messages(&room.bob, room.channel, body(json!({}))).await.expect("reads");
    let message = page.items.last().expect("a message");
    assert_eq!((message.sender_id, message.content.as_str()), (bot, "**v1.2** for @bob_ & @channel"));
    assert!(message.mentions.users.contains(&room.bob.user_id) && message.mentions.channel, "{:?}", message.mentions);
    assert_eq!(room.counts(&room.bob).await, (1, 1));
}

async fn a_post_names_a_channel_only_where_the_hook_may_choose(place: Place) {
    let room = Room::open(place).await;
    let service = &room.rig.service;
    let new: CreateChannel = body(json!({"kind": "private", "name": "Deploys"}));
    let other = service.create_channel(&room.alice, room.team, new).await.expect("a channel").channel.id;
    let bot = room.bot_inside("ci").await;
    let (hook, token) = room.incoming(bot, false).await;
    let to = |channel: &str| json!({"text": "x", "channel": channel});
    // Its own channel may be named.
    room.post(&token, &to("#General")).await.expect("posts");
    room.post(&token, &to(&room.channel.to_string())).await.expect("posts");
    refused(room.post(&token, &to("#deploys")).await, ErrorCode::Forbidden);
    refused(room.post(&token, &to("#nowhere")).await, ErrorCode::NotFound);
    let choose = EditHook { may_choose_channel: Some(true), ..EditHook::default() };
    service.edit_hook(&room.alice, (room.team, hook.id), choose).await.expect("lets it choose");
    // Where the bot is not, there is no channel for it.
    refused(room.post(&token, &to("#deploys")).await, ErrorCode::NotFound);
    refused(room.post(&token, &to("@bob_")).await, ErrorCode::NotFound);
    room.let_in(bot, other).await;
    room.post(&token, &to("#deploys")).await.expect("posts");
    room.post(&token, &to("deploys")).await.expect("posts");
    let page = service.messages(&room.alice, other, body(json!({}))).await.expect("reads");
    assert_eq!(page.items.len(), 2);
}

async fn a_hook_ends_at_once_where_it_was_known(place: Place) {
    let room = Room::open(place).await;
    let service = &room.rig.service;
    let bot = room.bot_inside("ci").await;
    let (hook, token) = room.incoming(bot, false).await;
    room.post(&token, &json!({"text": "x"})).await.expect("posts");
    service.delete_hook(&room.alice, room.team, hook.id).await.expect("deletes");
    assert_eq!(room.door(&token).await, None);
    let (_, token) = room.incoming(bot, false).await;
    room.post(&token, &json!({"text": "x"})).await.expect("posts");
    service.delete_team(&room.alice, room.team).await.expect("deletes");
    assert_eq!(room.door(&token).await, None);
}

async fn a_post_costs_what_a_send_costs(place: Place) {
    let room = Room::open(place).await;
    let service = &room.rig.service;
    let bot = room.bot_inside("ci").await;
    let (_, token) = room.incoming(bot, false).await;
    room.post(&token, &json!({"text": "first"})).await.expect("posts");
    let acting = room.acting(bot).await;
    let cost = async |posts: bool| {
        let before = service.statement_counts();
        if posts {
            room.post(&token, &json!({"text": "x"})).await.expect("posts");
        } else {
            room.say(&acting, "x").await;
        }
        let after = service.statement_counts();
        (after.reads - before.reads, after.changes - before.changes, after.transactions - before.transactions)
    };
    // Where nobody confirmed for a while that all ended rights were heard, the hook is looked up, by one read.
    let (send, post) = (cost(false).await, cost(true).await);
    assert!(post.0 <= send.0 + 1 && post.1 == send.1 && post.2 == send.2, "a send costs {send:?}, a post {post:?}");
}
