//! Facts about what administrators see and do, on the embedded store and on MySQL.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};
use syncspace_protocol::audit::{AuditAction, AuditEntry, AuditQuery};
use syncspace_protocol::auth::{RegistrationMode, ResetPassword};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::server::{PasswordReset, StatisticsDay};
use syncspace_protocol::sync::{Change, ChangesQuery};
use syncspace_protocol::{ChannelId, Rev, StreamId, TeamId};
use syncspace_server::service::{Actor, BATCH_ROWS_MAX, Batch, BrokenOff, JobKind, LeaseTimes, ServiceError, later};
use syncspace_server::store::{Queries as _, Sql, channels, params, search};

use crate::place::{PASSWORD, Place, Rig, body, on_both_stores, origin, refused, register_body};

on_both_stores! {
    what_is_done_in_a_team_stands_in_its_audit_log,
    the_audit_log_is_read_page_by_page_and_filtered,
    what_happens_in_a_private_channel_is_told_its_members,
    logins_and_failed_ones_stand_in_the_audit_log,
    what_administrators_do_to_accounts_stands_in_the_audit_log,
    what_is_done_to_integrations_stands_in_the_audit_log,
    exports_and_imports_stand_in_the_audit_log,
    what_is_refused_is_in_no_audit_log,
    the_audit_log_is_kept_as_long_as_the_operator_says,
    a_code_sets_a_new_password_once,
    a_code_ends_with_its_time_with_another_one_and_with_a_new_password,
    who_may_register_is_settled_while_the_server_runs,
    accounts_are_filtered,
    statistics_count_and_keep_the_ends_of_days,
    nothing_is_left_of_a_deleted_channel_but_its_tombstone,
    nothing_is_left_of_a_deleted_team_but_its_tombstone,
    what_was_indexed_while_a_channel_went_goes_too,
    a_large_channel_goes_in_parts,
}

const NEW_PASSWORD: &str = "another horse";
const DAY_MS: i64 = 24 * 3600 * 1_000;

/// Alice's team with Bob in it.
pub(crate) struct Scene {
    pub(crate) rig: Rig,
    pub(crate) alice: Actor,
    pub(crate) bob: Actor,
    pub(crate) team: TeamId,
}

impl Scene {
    pub(crate) async fn on(place: Place) -> Self {
        let rig = place.open_rig().await;
        let (alice, bob) = (rig.register_actor("alice").await, rig.register_actor("bob").await);
        let team = body(json!({ "name": "eng", "is_public": true }));
        let team = rig.service.create_team(&alice, team).await.expect("a team").team.id;
        rig.service.join_team(&bob, team).await.expect("joins");
        Self { rig, alice, bob, team }
    }

    pub(crate) async fn channel(&self, kind: &str, name: &str) -> ChannelId {
        let channel = body(json!({ "kind": kind, "name": name }));
        self.rig.service.create_channel(&self.alice, self.team, channel).await.expect("a channel").channel.id
    }

    pub(crate) async fn audit(&self, actor: &Actor, query: Value) -> Result<Vec<AuditEntry>, ServiceError> {
        Ok(self.rig.service.team_audit(actor, self.team, &body(query)).await?.items)
    }
}

/// Gives what a line says, in one line.
fn told(entry: &AuditEntry) -> String {
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "-".to_owned());
    let details = entry.details.iter().filter(|(name, _)| !name.ends_with("_id") && *name != "expires_at");
    let details: Vec<_> = details.map(|(name, value)| format!(" {name}={value}")).collect();
    format!(
        "{} {} {} #{}{}",
        name(&entry.actor_name),
        entry.action,
        name(&entry.user_name),
        name(&entry.channel_name),
        details.concat()
    )
}

async fn what_is_done_in_a_team_stands_in_its_audit_log(place: Place) {
    let scene = Scene::on(place).await;
    let (service, team, bob) = (&scene.rig.service, scene.team, scene.bob.user_id);
    let alice = &scene.alice;
    let general = scene.channel("public", "general").await;
    service.edit_team(alice, team, body(json!({ "description": "we" }))).await.expect("edits");
    service.put_team_member(alice, team, bob, body(json!({ "role": "admin" }))).await.expect("puts");
    service.put_channel_member(alice, general, bob, body(json!({ "role": "member" }))).await.expect("puts");
    service.put_channel_member(alice, general, bob, body(json!({ "role": "admin" }))).await.expect("puts");
    service.remove_channel_member(alice, general, bob).await.expect("removes");
    service.join_channel(&scene.bob, general).await.expect("joins");
    let (said, _) =
        service.send_message(&scene.bob, general, body(json!({ "content": "secret" }))).await.expect("sends");
    service.delete_message(alice, general, said.seq).await.expect("deletes");
    let edit = body(json!({ "topic": "now", "is_archived": true }));
    service.edit_channel(alice, general, edit).await.expect("archives");
    let invite = service.create_invite(alice, team, body(json!({ "role": "guest" }))).await.expect("an invite");
    service.revoke_invite(alice, team, invite.id).await.expect("revokes");
    let group = body(json!({ "name": "ops", "user_ids": [] }));
    let group = service.create_group(alice, team, group).await.expect("a group");
    service.add_group_member(alice, (team, group.id), bob).await.expect("adds");
    service.delete_group(alice, team, group.id).await.expect("deletes");
    service.remove_team_member(alice, team, bob).await.expect("removes");
    service.ban(alice, team, bob).await.expect("bans");
    service.lift_ban(alice, team, bob).await.expect("lifts");
    service.put_team_member(alice, team, bob, body(json!({ "role": "member" }))).await.expect("puts");
    service.transfer_team(alice, team, bob).await.expect("hands over");
    let mut lines: Vec<_> = scene.audit(alice, json!({})).await.expect("lists").iter().map(told).collect();
    // All at one moment of the test's clock: in no order among them.
    lines.sort();
    let mut expected = [
        "alice team.created - #-",
        "bob member.joined bob #- role=\"member\"",
        "alice channel.created - #general",
        "alice team.edited - #- fields=[\"description\"]",
        "alice member.role_changed bob #- former_role=\"member\" role=\"admin\"",
        "alice channel.member_added bob #general role=\"member\"",
        "alice channel.member_role_changed bob #general former_role=\"member\" role=\"admin\"",
        "alice channel.member_removed bob #general",
        "alice message.deleted bob #general seq=1",
        "alice channel.edited - #general fields=[\"is_archived\",\"topic\"]",
        "alice invite.created - #- role=\"guest\" uses_max=1",
        "alice invite.revoked - #-",
        "alice group.created - #- name=\"ops\"",
        "alice group.edited bob #- change=\"added\" name=\"ops\"",
        "alice group.deleted - #- name=\"ops\"",
        "alice member.removed bob #- former_role=\"admin\"",
        "alice member.banned bob #-",
        "alice member.ban_lifted bob #-",
        "alice member.added bob #- role=\"member\"",
        "alice team.transferred bob #-",
    ];
    expected.sort_unstable();
    assert_eq!(lines, expected);
}

async fn the_audit_log_is_read_page_by_page_and_filtered(place: Place) {
    let scene = Scene::on(place).await;
    let (service, clock, alice) = (&scene.rig.service, &scene.rig.clock, &scene.alice);
    let mut times = Vec::new();
    for name in ["one", "two", "three", "four", "five"] {
        clock.advance_ms(1_000);
        times.push(clock.now());
        scene.channel("public", name).await;
    }
    let names = |entries: &[AuditEntry]| -> Vec<String> {
        entries.iter().map(|entry| entry.channel_name.clone().unwrap_or_default()).collect()
    };
    let (mut read, mut cursor) = (Vec::new(), None);
    loop {
        let query = AuditQuery { cursor, limit: Some(2), action: Some("channel".to_owned()), ..AuditQuery::default() };
        let page = service.team_audit(alice, scene.team, &query).await.expect("a page");
        assert!(page.items.len() <= 2);
        read.extend(names(&page.items));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(read, ["five", "four", "three", "two", "one"], "the newest first, each once");
    let some = json!({ "since": times[1], "until": times[3] });
    assert_eq!(names(&scene.audit(alice, some).await.expect("some")), ["three", "two"]);
    let joined = scene.audit(alice, json!({ "action": "member.joined" })).await.expect("one");
    assert_eq!(joined.iter().map(|entry| entry.user_id).collect::<Vec<_>>(), [Some(scene.bob.user_id)]);
    assert_eq!(scene.audit(alice, json!({ "actor_id": scene.bob.user_id })).await.expect("one"), joined);
    assert_eq!(scene.audit(alice, json!({ "user_id": scene.bob.user_id })).await.expect("one"), joined);
    for odd in ["members", "member.", "", "unknown"] {
        let detail = refused(scene.audit(alice, json!({ "action": odd })).await, ErrorCode::InvalidField);
        assert_eq!(detail.field.as_deref(), Some("action"), "{odd}");
    }
}

async fn what_happens_in_a_private_channel_is_told_its_members(place: Place) {
    let scene = Scene::on(place).await;
    let service = &scene.rig.service;
    let root = scene.rig.admin().await;
    scene.channel("private", "plans").await;
    let admin = body(json!({ "role": "admin" }));
    service.put_team_member(&scene.alice, scene.team, scene.bob.user_id, admin).await.expect("puts");
    let query = || json!({ "action": "channel" });
    let of_alice = scene.audit(&scene.alice, query()).await.expect("lists");
    assert_eq!(of_alice.iter().map(told).collect::<Vec<_>>(), ["alice channel.created - #plans"]);
    for other in [&scene.bob, &root] {
        assert_eq!(scene.audit(other, query()).await.expect("lists"), [], "it does not exist for them");
    }
    let of_server = service.audit(&root, &body(query())).await.expect("lists").items;
    assert_eq!(of_server.iter().map(told).collect::<Vec<_>>(), ["alice channel.created - #-"], "without its name");
}

async fn logins_and_failed_ones_stand_in_the_audit_log(place: Place) {
    let rig = place.open_rig().await;
    let root = rig.admin().await;
    let alice = rig.register_actor("alice").await;
    for (username, password) in [("alice", "wrong"), ("nobody", PASSWORD)] {
        refused(rig.login(username, password).await, ErrorCode::InvalidCredentials);
    }
    let again = rig.login("alice", PASSWORD).await.expect("logs in");
    let change = body(json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD }));
    rig.service.change_password(&rig.actor(&again).await, change).await.expect("changes");
    rig.service.logout(&rig.actor(&again).await).await.expect("logs out");
    let lines = rig.service.audit(&root, &AuditQuery::default()).await.expect("lists").items;
    let mut told: Vec<_> = lines.iter().map(|line| (told(line), line.address.as_deref())).collect();
    told.sort();
    let here = Some("127.0.0.1");
    let mut expected = [
        ("root account.registered root #- is_admin=true".to_owned(), here),
        ("alice account.registered alice #-".to_owned(), here),
        ("- account.login_failed alice #-".to_owned(), here),
        // What was typed is nowhere: it may have been a password.
        ("- account.login_failed - #-".to_owned(), here),
        ("alice account.logged_in alice #- device_name=\"test/1\"".to_owned(), here),
        ("alice account.password_changed alice #-".to_owned(), None),
        ("alice session.ended - #-".to_owned(), None),
    ];
    expected.sort();
    assert_eq!(told, expected);
    refused(rig.service.authenticate("x").await, ErrorCode::Unauthenticated);
    refused(rig.service.audit(&alice, &AuditQuery::default()).await, ErrorCode::Forbidden);
}

async fn what_administrators_do_to_accounts_stands_in_the_audit_log(place: Place) {
    let rig = place.open_rig().await;
    let root = rig.admin().await;
    let new = body(json!({ "username": "carol", "password": PASSWORD, "is_admin": true }));
    let carol = rig.service.create_user(&root, new).await.expect("makes").id;
    let edit = |json: Value| rig.service.edit_user(&root, carol, body(json));
    edit(json!({ "full_name": "Carol" })).await.expect("edits");
    edit(json!({ "is_admin": false, "is_active": true })).await.expect("edits");
    edit(json!({ "is_admin": true })).await.expect("edits");
    rig.service.deactivate_user(&root, carol).await.expect("switches off");
    rig.service.deactivate_user(&root, carol).await.expect("is off");
    edit(json!({ "is_active": true })).await.expect("switches on");
    rig.service.create_password_reset(&root, carol, body(json!({}))).await.expect("a code");
    let lines = rig.service.audit(&root, &body(json!({ "action": "user" }))).await.expect("lists").items;
    let mut told: Vec<_> = lines.iter().map(told).collect();
    told.sort();
    assert_eq!(
        told,
        [
            "root user.admin_granted carol #-",
            "root user.admin_revoked carol #-",
            "root user.created carol #- is_admin=true",
            "root user.deactivated carol #-",
            "root user.edited carol #-",
            "root user.reactivated carol #-",
            "root user.reset_link_made carol #-",
        ],
        "what changes nothing is not told"
    );
}

async fn what_is_done_to_integrations_stands_in_the_audit_log(place: Place) {
    let scene = Scene::on(place).await;
    let (service, alice, team) = (&scene.rig.service, &scene.alice, scene.team);
    let general = scene.channel("public", "general").await;
    let bot = service.create_bot(alice, team, body(json!({ "username": "robo" }))).await.expect("a bot").user.id;
    let put = body(json!({ "role": "member" }));
    service.put_channel_member(alice, general, bot, put).await.expect("in the channel");
    let in_an_hour = later(scene.rig.clock.now(), 3_600_000);
    let wanted = || body(json!({ "name": "ci", "scopes": ["read"], "expires_at": in_an_hour }));
    let token = service.create_bot_token(alice, (team, bot), wanted()).await.expect("a token");
    service.revoke_bot_token(alice, (team, bot), token.info.id).await.expect("revokes");
    let hook = json!({ "kind": "incoming", "name": "ci", "bot_id": bot, "channel_id": general });
    let hook = service.create_hook(alice, team, body(hook)).await.expect("a hook").hook.id;
    service.edit_hook(alice, (team, hook), body(json!({ "name": "builds" }))).await.expect("edits");
    service.delete_hook(alice, team, hook).await.expect("deletes");
    let command = json!({ "name": "deploy", "bot_id": bot, "url": "https://example.org" });
    let command = service.create_command(alice, team, body(command)).await.expect("a command").command.id;
    service.edit_command(alice, (team, command), body(json!({ "description": "x" }))).await.expect("edits");
    service.delete_command(alice, team, command).await.expect("deletes");
    service.edit_bot(alice, (team, bot), body(json!({ "full_name": "Robo" }))).await.expect("edits");
    service.edit_bot(alice, (team, bot), body(json!({ "is_active": false }))).await.expect("switches off");
    let lines = scene.audit(alice, json!({ "user_id": bot })).await.expect("lists");
    let mut lines: Vec<_> = lines.iter().map(told).filter(|line| !line.contains(" channel.")).collect();
    lines.sort();
    let expected = [
        "alice bot.created robo #-",
        "alice bot.deactivated robo #-",
        "alice bot.edited robo #-",
        "alice command.created robo #- name=\"deploy\"",
        "alice command.deleted robo #- name=\"deploy\"",
        "alice command.edited robo #- name=\"deploy\"",
        "alice hook.created robo #general kind=\"incoming\" name=\"ci\"",
        "alice hook.deleted robo #general kind=\"incoming\" name=\"builds\"",
        "alice hook.edited robo #general kind=\"incoming\" name=\"builds\"",
        "alice token.created robo #- scopes=[\"read\"]",
        "alice token.revoked robo #-",
    ];
    assert_eq!(lines, expected);
    let own = service.create_token(&scene.bob, wanted()).await.expect("a token");
    service.revoke_token(&scene.bob, own.info.id).await.expect("revokes");
    let root = scene.rig.admin().await;
    let query = body(json!({ "action": "token", "actor_id": scene.bob.user_id }));
    let lines = service.audit(&root, &query).await.expect("lists").items;
    let mut lines: Vec<_> = lines.iter().map(told).collect();
    lines.sort();
    assert_eq!(lines, ["bob token.created - #- scopes=[\"read\"]", "bob token.revoked - #-"]);
    refused(service.create_password_reset(&root, bot, body(json!({}))).await, ErrorCode::Conflict);
}

async fn exports_and_imports_stand_in_the_audit_log(place: Place) {
    let Scene { rig, alice, bob, team } = Scene::on(place).await;
    let root = rig.admin().await;
    let service = std::sync::Arc::new(rig.service);
    drop(service.export_team(&alice, team, body(json!({}))).await.expect("exports"));
    drop(service.export_me(&bob).await.expect("exports"));
    drop(service.export_user(&root, bob.user_id).await.expect("exports"));
    let start = json!({ "source": "slack", "fingerprint": "0".repeat(64) });
    service.start_import(&root, team, body(start.clone())).await.expect("begins");
    service.start_import(&root, team, body(start)).await.expect("is the same");
    let mut lines = Vec::new();
    for action in ["team.exported", "user.exported", "team.imported"] {
        let found = service.audit(&root, &body(json!({ "action": action }))).await.expect("lists").items;
        lines.extend(found.iter().map(told));
    }
    lines.sort();
    let expected = [
        "alice team.exported - #- include_private=false",
        "bob user.exported bob #-",
        "root team.imported - #-",
        "root user.exported bob #-",
    ];
    assert_eq!(lines, expected);
}

async fn what_is_refused_is_in_no_audit_log(place: Place) {
    let scene = Scene::on(place).await;
    let before = scene.audit(&scene.alice, json!({})).await.expect("lists");
    let service = &scene.rig.service;
    refused(service.delete_team(&scene.bob, scene.team).await, ErrorCode::Forbidden);
    let owner = body(json!({ "role": "owner" }));
    refused(service.put_team_member(&scene.bob, scene.team, scene.bob.user_id, owner).await, ErrorCode::Forbidden);
    refused(service.remove_team_member(&scene.alice, scene.team, scene.alice.user_id).await, ErrorCode::LastOwner);
    assert_eq!(scene.audit(&scene.alice, json!({})).await.expect("lists"), before);
    refused(scene.audit(&scene.bob, json!({})).await, ErrorCode::Forbidden);
}

async fn the_audit_log_is_kept_as_long_as_the_operator_says(place: Place) {
    let rig = place.open_rig().await;
    let root = rig.admin().await;
    rig.clock.advance_ms(364 * DAY_MS);
    rig.service.edit_server_settings(&root, body(json!({}))).await.expect("settles");
    let turn = rig.service.wait_for_turn(times()).await.expect("a turn");
    let lines = async |expected: &[AuditAction]| {
        rig.service.run_batch(&turn, JobKind::Audit).await.expect("purges");
        let found = rig.service.audit(&root, &AuditQuery::default()).await.expect("lists").items;
        assert_eq!(found.iter().map(|line| line.action).collect::<Vec<_>>(), expected);
    };
    lines(&[AuditAction::ServerSettingsEdited, AuditAction::AccountRegistered]).await;
    rig.clock.advance_ms(DAY_MS + 1);
    lines(&[AuditAction::ServerSettingsEdited]).await;
}

pub(crate) fn times() -> LeaseTimes {
    let s = std::time::Duration::from_secs;
    LeaseTimes { term: s(30), renewal: s(10), look: s(1) }
}

fn reset(code: &PasswordReset) -> ResetPassword {
    body(json!({ "code": code.code, "new_password": NEW_PASSWORD, "device_name": "new laptop" }))
}

async fn a_code_sets_a_new_password_once(place: Place) {
    let rig = place.open_rig().await;
    let root = rig.admin().await;
    let alice = rig.register_actor("alice").await;
    let code = rig.service.create_password_reset(&root, alice.user_id, body(json!({}))).await.expect("a code");
    let tokens = rig.service.reset_password(&origin(), reset(&code)).await.expect("sets");
    assert_eq!(tokens.user.id, alice.user_id);
    let now = rig.actor(&tokens).await;
    let sessions = rig.service.sessions(&now, &body(json!({}))).await.expect("lists").items;
    assert_eq!(sessions.iter().map(|session| session.id).collect::<Vec<_>>(), [tokens.session_id], "the others ended");
    refused(rig.login("alice", PASSWORD).await, ErrorCode::InvalidCredentials);
    rig.login("alice", NEW_PASSWORD).await.expect("the new password holds");
    refused(rig.service.reset_password(&origin(), reset(&code)).await, ErrorCode::InvalidCredentials);
    let lines = rig.service.audit(&root, &body(json!({ "action": "account.password_reset" }))).await.expect("lists");
    assert_eq!(lines.items.iter().map(|line| line.user_id).collect::<Vec<_>>(), [Some(alice.user_id)]);
    refused(rig.service.create_password_reset(&now, alice.user_id, body(json!({}))).await, ErrorCode::Forbidden);
}

async fn a_code_ends_with_its_time_with_another_one_and_with_a_new_password(place: Place) {
    let rig = place.open_rig().await;
    let root = rig.admin().await;
    let alice = rig.register_actor("alice").await;
    let make = || rig.service.create_password_reset(&root, alice.user_id, body(json!({ "expires_in_s": 60 })));
    let try_code = async |code: &PasswordReset| rig.service.reset_password(&origin(), reset(code)).await;
    let late = make().await.expect("a code");
    rig.clock.advance_ms(60_000);
    refused(try_code(&late).await, ErrorCode::InvalidCredentials);
    let (first, _second) = (make().await.expect("a code"), make().await.expect("a code"));
    refused(try_code(&first).await, ErrorCode::InvalidCredentials);
    let before = make().await.expect("a code");
    let change = body(json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD }));
    rig.service.change_password(&alice, change).await.expect("changes");
    refused(try_code(&before).await, ErrorCode::InvalidCredentials);
    let kept = make().await.expect("a code");
    rig.service.deactivate_user(&root, alice.user_id).await.expect("switches off");
    refused(try_code(&kept).await, ErrorCode::Forbidden);
    let on = body(json!({ "is_active": true }));
    rig.service.edit_user(&root, alice.user_id, on).await.expect("switches on");
    try_code(&kept).await.expect("it was not used up");
    for life_s in [59, 7 * 24 * 3_600 + 1] {
        let create = body(json!({ "expires_in_s": life_s }));
        let detail =
            refused(rig.service.create_password_reset(&root, alice.user_id, create).await, ErrorCode::InvalidField);
        assert_eq!(detail.field.as_deref(), Some("expires_in_s"));
    }
    let nobody = 999.try_into().expect("an id");
    refused(rig.service.create_password_reset(&root, nobody, body(json!({}))).await, ErrorCode::NotFound);
}

async fn who_may_register_is_settled_while_the_server_runs(place: Place) {
    let rig = place.rig(RegistrationMode::Closed).await;
    let root = rig.admin().await;
    let register = |name: &str| {
        let wanted = register_body(name);
        async { rig.service.register(&origin(), wanted).await }
    };
    refused(register("alice").await, ErrorCode::RegistrationClosed);
    let settle = |json: Value| rig.service.edit_server_settings(&root, body(json));
    settle(json!({ "registration": "open" })).await.expect("settles");
    assert_eq!(rig.service.server_info().await.expect("info").registration, RegistrationMode::Open);
    let alice = rig.actor(&register("alice").await.expect("registers")).await;
    settle(json!({ "banner": { "text": "hi", "level": "info" } })).await.expect("settles");
    register("bob").await.expect("another field stays");
    settle(json!({ "registration": null })).await.expect("settles");
    refused(register("carol").await, ErrorCode::RegistrationClosed);
    refused(rig.service.server_settings(&alice).await, ErrorCode::Forbidden);
    let settings = rig.service.server_settings(&root).await.expect("settings");
    assert_eq!(settings.banner.map(|banner| banner.text).as_deref(), Some("hi"));
}

async fn accounts_are_filtered(place: Place) {
    let rig = place.open_rig().await;
    let root = rig.admin().await;
    for name in ["alice", "bob", "bert"] {
        rig.register(name).await;
    }
    let edit = body(json!({ "email": "Rob@example.org" }));
    let bert = rig.login("bert", PASSWORD).await.expect("logs in");
    rig.service.edit_me(&rig.actor(&bert).await, edit).await.expect("edits");
    let bob = rig.login("bob", PASSWORD).await.expect("logs in").user.id;
    rig.service.deactivate_user(&root, bob).await.expect("switches off");
    let found = async |query: Value| {
        let page = rig.service.accounts(&root, &body(query)).await.expect("lists");
        page.items.iter().map(|user| user.username.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found(json!({})).await, ["root", "alice", "bob", "bert"]);
    assert_eq!(found(json!({ "is_active": false })).await, ["bob"]);
    assert_eq!(found(json!({ "is_admin": true, "is_active": true })).await, ["root"]);
    assert_eq!(found(json!({ "query": "OB" })).await, ["bob", "bert"], "also by the e-mail address");
    assert_eq!(found(json!({ "query": "%" })).await, Vec::<String>::new());
    let begin = rig.clock.now();
    assert_eq!(found(json!({ "seen_since": begin })).await, ["root", "alice", "bob", "bert"], "by their logins");
    assert_eq!(found(json!({ "unseen_since": begin })).await, Vec::<String>::new());
    rig.clock.advance_ms(DAY_MS);
    let now = rig.clock.now();
    assert_eq!(found(json!({ "unseen_since": now })).await, ["root", "alice", "bob", "bert"]);
    rig.register("carol").await;
    rig.login("alice", PASSWORD).await.expect("logs in");
    assert_eq!(found(json!({ "seen_since": now })).await, ["alice", "carol"]);
    assert_eq!(found(json!({ "unseen_since": now })).await, ["root", "bob", "bert"], "carol came later");
    let page = rig.service.accounts(&root, &body(json!({ "query": "alice" }))).await.expect("lists");
    assert_eq!(page.items[0].last_seen, Some(now));
    let page = rig.service.accounts(&root, &body(json!({ "limit": 3 }))).await.expect("lists");
    assert_eq!(found(json!({ "limit": 3, "cursor": page.next })).await, ["bert", "carol"]);
}

async fn statistics_count_and_keep_the_ends_of_days(place: Place) {
    let scene = Scene::on(place).await;
    let rig = &scene.rig;
    let root = rig.admin().await;
    let general = scene.channel("public", "general").await;
    for content in ["one", "two"] {
        rig.service.send_message(&scene.alice, general, body(json!({ "content": content }))).await.expect("sends");
    }
    let turn = rig.service.wait_for_turn(times()).await.expect("a turn");
    let keep = || rig.service.run_batch(&turn, JobKind::Statistics);
    let first = rig.service.statistics(&root).await.expect("statistics");
    let expected = StatisticsDay {
        day: "2026-11-22".to_owned(),
        people_day: 3,
        people_week: 3,
        users: 3,
        teams: 1,
        channels: 1,
        messages: 2,
        files: 0,
        file_bytes: 0,
    };
    assert_eq!(first.now, expected, "nobody is connected in this test, all have logged in");
    assert_eq!(first.days, []);
    keep().await.expect("keeps");
    assert_eq!(rig.service.statistics(&root).await.expect("statistics").days, [], "the day is not over");
    rig.service.send_message(&scene.alice, general, body(json!({ "content": "three" }))).await.expect("sends");
    keep().await.expect("keeps");
    rig.clock.advance_ms(DAY_MS);
    let next = rig.service.statistics(&root).await.expect("statistics");
    assert_eq!(next.now.day, "2026-11-23");
    assert_eq!(next.days, [StatisticsDay { messages: 3, ..expected }], "as it was at the day's end");
    refused(rig.service.statistics(&scene.alice).await, ErrorCode::Forbidden);
}

/// Tables that hold what people wrote or kept in channels.
pub(crate) const KEPT_IN_CHANNELS: [&str; 13] = [
    "messages",
    "message_mentions",
    "message_reactions",
    "message_versions",
    "message_pins",
    "message_search",
    "drafts",
    "scheduled_messages",
    "reminders",
    "saved_messages",
    "thread_members",
    "channel_preferences",
    "files",
];

/// Counts what each table has of a channel; of files those that are to stay.
pub(crate) async fn kept(rig: &Rig, channel: ChannelId) -> Vec<(&'static str, i64)> {
    let store = rig.place.store().await;
    let mut counts = Vec::new();
    for table in KEPT_IN_CHANNELS {
        let only = if table == "files" { " AND state <> 'gone'" } else { "" };
        let sql = Sql::built(format!("SELECT COUNT(*) FROM {table} WHERE channel_id = ?{only}"));
        let row = (&store).query_first(&sql, params![channel]).await.expect("counts").expect("a row");
        counts.push((table, row.reader().take().expect("a number")));
    }
    counts
}

/// Leaves something in every table.
pub(crate) async fn fill(scene: &Scene, channel: ChannelId) {
    let (service, alice, bob, team) = (&scene.rig.service, &scene.alice, &scene.bob, scene.team);
    service.join_channel(bob, channel).await.expect("joins");
    let mut bytes = stream::iter([Ok::<_, BrokenOff>(Bytes::from_static(b"bytes"))]);
    let file = service.upload_once(alice, None, channel, body(json!({ "name": "a.txt" })), None, &mut bytes).await;
    let file = file.expect("uploads").into_inner().id;
    let say = async |json: Value| service.send_message(alice, channel, body(json)).await.expect("sends").0;
    let said = say(json!({ "content": "hello @bob", "files": [file] })).await;
    let reply = say(json!({ "content": "more", "parent_message_id": said.id })).await;
    service.edit_message(alice, channel, reply.seq, body(json!({ "content": "less" }))).await.expect("edits");
    service.react(bob, channel, said.seq, &"tada".parse().expect("an emoji")).await.expect("reacts");
    service.pin(bob, channel, said.seq).await.expect("pins");
    service.save_message(bob, channel, said.seq, true).await.expect("saves");
    service.put_draft(bob, channel, body(json!({})), body(json!({ "content": "perhaps" }))).await.expect("a draft");
    let later = later(scene.rig.clock.now(), 3_600_000);
    let scheduled = body(json!({ "channel_id": channel, "content": "later", "send_at": later }));
    service.schedule_message_once(bob, None, team, scheduled).await.expect("schedules");
    let reminder = body(json!({ "channel_id": channel, "seq": said.seq, "remind_at": later, "note": "think" }));
    service.remind_once(bob, None, team, reminder).await.expect("a reminder");
    let wanted = body(json!({ "is_muted": true }));
    service.edit_channel_preferences(bob, channel, wanted).await.expect("mutes");
    service.catch_up().await.expect("indexes");
    for (table, rows) in kept(&scene.rig, channel).await {
        assert!(rows > 0, "nothing in {table}: nothing is tried");
    }
}

/// Does the job until nothing is left to do; gives how many batches it took.
async fn remove_deleted(rig: &Rig) -> usize {
    let turn = rig.service.wait_for_turn(times()).await.expect("a turn");
    let mut batches = 1;
    while let Batch::More(_) = rig.service.run_batch(&turn, JobKind::Deleted).await.expect("removes") {
        batches += 1;
    }
    turn.give_back().await;
    batches
}

async fn nothing_is_left_of_a_deleted_channel_but_its_tombstone(place: Place) {
    let scene = Scene::on(place).await;
    let (doomed, other) = (scene.channel("public", "doomed").await, scene.channel("public", "other").await);
    fill(&scene, doomed).await;
    fill(&scene, other).await;
    let (before, of_other) = (kept(&scene.rig, doomed).await, kept(&scene.rig, other).await);
    scene.rig.service.delete_channel(&scene.alice, doomed).await.expect("deletes");
    remove_deleted(&scene.rig).await;
    assert_eq!(kept(&scene.rig, doomed).await, before, "what is on its way arrives first");
    scene.rig.clock.advance_ms(10 * 60 * 1_000 + 1);
    remove_deleted(&scene.rig).await;
    assert_eq!(kept(&scene.rig, doomed).await, KEPT_IN_CHANNELS.map(|table| (table, 0)));
    assert_eq!(kept(&scene.rig, other).await, of_other);
    assert_eq!(remove_deleted(&scene.rig).await, 1, "nothing is left to do");
    let stream = StreamId::Team(scene.team);
    let query = ChangesQuery { after: Rev::ZERO, limit: None };
    let changes = scene.rig.service.changes(&scene.alice, stream, query).await.expect("changes").items;
    let gone = |change: &&Change| matches!(change, Change::ChannelGone { channel_id, .. } if *channel_id == doomed);
    assert_eq!(changes.iter().filter(gone).count(), 1, "whoever was away still learns of it");
}

async fn nothing_is_left_of_a_deleted_team_but_its_tombstone(place: Place) {
    let scene = Scene::on(place).await;
    let service = &scene.rig.service;
    let channel = scene.channel("public", "general").await;
    fill(&scene, channel).await;
    service.create_invite(&scene.alice, scene.team, body(json!({ "role": "guest" }))).await.expect("an invite");
    let group = body(json!({ "name": "ops", "user_ids": [scene.bob.user_id] }));
    service.create_group(&scene.alice, scene.team, group).await.expect("a group");
    let bot = service.create_bot(&scene.alice, scene.team, body(json!({ "username": "robo" }))).await;
    let bot = bot.expect("a bot").user.id;
    let member = body(json!({ "role": "member" }));
    service.put_channel_member(&scene.alice, channel, bot, member).await.expect("in the channel");
    let hook = json!({ "kind": "incoming", "name": "ci", "bot_id": bot, "channel_id": channel });
    service.create_hook(&scene.alice, scene.team, body(hook)).await.expect("a hook");
    let command = json!({ "name": "deploy", "bot_id": bot, "url": "https://example.org" });
    service.create_command(&scene.alice, scene.team, body(command)).await.expect("a command");
    let end = later(scene.rig.clock.now(), DAY_MS);
    let token = body(json!({ "name": "ci", "scopes": ["read"], "expires_at": end }));
    let token = service.create_bot_token(&scene.alice, (scene.team, bot), token).await.expect("a token");
    let root = scene.rig.admin().await;
    let start = json!({ "source": "test", "fingerprint": "a".repeat(64), "match_by": "username" });
    let import = service.start_import(&root, scene.team, body(start)).await.expect("begins").into_inner();
    let lines = json!({ "lines": [{ "type": "user", "username": "alice", "role": "member" }] });
    service.import_lines(&root, scene.team, import.id, body(lines)).await.expect("imports");
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
    let mut picture = stream::iter([Ok::<_, BrokenOff>(Bytes::from_static(png))]);
    let team = service.set_team_picture(&scene.alice, scene.team, None, &mut picture).await.expect("shows");
    let picture = team.avatar_url.expect("an address").rsplit('/').next().expect("a name").to_owned();
    service.open_picture(&picture).await.map(drop).expect("opens");
    service.delete_team(&scene.alice, scene.team).await.expect("deletes");
    scene.rig.clock.advance_ms(10 * 60 * 1_000 + 1);
    remove_deleted(&scene.rig).await;
    assert_eq!(kept(&scene.rig, channel).await, KEPT_IN_CHANNELS.map(|table| (table, 0)));
    let store = scene.rig.place.store().await;
    for (table, rows) in [
        ("team_invites", 0),
        ("user_groups", 0),
        ("user_group_members", 0),
        ("hooks", 0),
        ("commands", 0),
        ("bots", 0),
        ("imports", 0),
        ("import_items", 0),
        ("teams", 1),
    ] {
        let sql = Sql::built(format!("SELECT COUNT(*) FROM {table}"));
        let row = (&store).query_first(&sql, params![]).await.expect("counts").expect("a row");
        assert_eq!(row.reader().take::<i64>().expect("a number"), rows, "{table}");
    }
    refused(service.open_picture(&picture).await.map(drop), ErrorCode::NotFound);
    refused(service.authenticate(&token.token.0).await, ErrorCode::Unauthenticated);
    service.register(&origin(), register_body("robo")).await.expect("the bot's name is free");
}

async fn what_was_indexed_while_a_channel_went_goes_too(place: Place) {
    let scene = Scene::on(place).await;
    let (doomed, other) = (scene.channel("public", "doomed").await, scene.channel("public", "other").await);
    let store = scene.rig.place.store().await;
    let row = |channel, message: u64| search::IndexRow {
        team: scene.team,
        key: search::Key { created_at: scene.rig.clock.now(), message: message.try_into().expect("an id") },
        channel,
        seq: 1.try_into().expect("a place"),
        sender: scene.alice.user_id,
        traits: 0,
        tokens: "secret".to_owned(),
    };
    let mut tx = store.begin().await.expect("begins");
    search::replace(&mut tx, store.dialect(), &[], &[row(doomed, 1_000), row(other, 1_001)]).await.expect("indexes");
    tx.commit().await.expect("commits");
    scene.rig.service.delete_channel(&scene.alice, doomed).await.expect("deletes");
    assert_eq!(channels::lock_removed(&mut &store, &[doomed, other]).await.expect("looks"), BTreeSet::new());
    scene.rig.clock.advance_ms(10 * 60 * 1_000 + 1);
    remove_deleted(&scene.rig).await;
    let indexed = async |channel| kept(&scene.rig, channel).await[5];
    assert_eq!((indexed(doomed).await, indexed(other).await), (("message_search", 0), ("message_search", 1)));
    let removed = channels::lock_removed(&mut &store, &[doomed, other]).await.expect("looks");
    assert_eq!(removed, BTreeSet::from([doomed]), "the index takes in no more of it");
}

async fn a_large_channel_goes_in_parts(place: Place) {
    let scene = Scene::on(place).await;
    let channel = scene.channel("public", "large").await;
    let store = scene.rig.place.store().await;
    let mut tx = store.begin().await.expect("begins");
    for seq in 1..=BATCH_ROWS_MAX + 1 {
        let insert = Sql::both(
            "INSERT INTO messages (channel_id, seq, id, team_id, sender_id, content, message_type, client_id, \
             client_digest, created_at, updated_at, reply_count, is_edited, rev) VALUES \
             (?,?,?,?,1,'x','text',?,'','2026-01-01 00:00:00.000','2026-01-01 00:00:00.000',0,0,?)",
        );
        let id = i64::from(seq) + 1_000_000;
        tx.execute(&insert, params![channel, seq, id, scene.team, seq.to_string(), seq]).await.expect("inserts");
    }
    tx.commit().await.expect("commits");
    scene.rig.service.delete_channel(&scene.alice, channel).await.expect("deletes");
    scene.rig.clock.advance_ms(10 * 60 * 1_000 + 1);
    // A whole part, a short one, and a look that finds nothing.
    assert_eq!(remove_deleted(&scene.rig).await, 3);
    assert_eq!(kept(&scene.rig, channel).await[0], ("messages", 0));
}
