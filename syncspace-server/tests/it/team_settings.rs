//! One list of facts about what a team settles, checked on the embedded store and on MySQL.

use serde_json::{Value, json};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::EDIT_WITHIN_S_MAX;
use syncspace_protocol::messages::Message;
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::scheduled::ScheduledState;
use syncspace_protocol::sync::{Change, ChangesQuery};
use syncspace_protocol::teams::{Invite, Joining, Team, TeamRole, TeamSettings};
use syncspace_protocol::{ChannelId, Seq, StreamId, TeamId};
use syncspace_server::service::{Actor, LeaseTimes, Made, ServiceError, later};

use crate::place::{Place, Rig, body, on_both_stores, refused};

on_both_stores! {
    a_new_team_has_the_usual_settings_and_every_change_is_in_its_stream,
    odd_settings_and_other_peoples_are_refused,
    how_one_joins_is_settled_beside_who_finds_the_team,
    who_makes_channels_is_settled_for_both_kinds,
    who_invites_sees_and_revokes_the_own_invites,
    who_names_everybody_is_settled_for_every_way_to_write,
    own_messages_are_edited_for_as_long_as_the_team_says,
}

/// Alice's team that anyone finds, with Bob as a member and a channel of both.
struct Scene {
    rig: Rig,
    alice: Actor,
    bob: Actor,
    team: TeamId,
    channel: ChannelId,
}

impl Scene {
    async fn on(place: Place) -> Self {
        let rig = place.open_rig().await;
        let (alice, bob) = (rig.register_actor("alice").await, rig.register_actor("bob").await);
        let team = body(json!({ "name": "eng", "is_public": true }));
        let team = rig.service.create_team(&alice, team).await.expect("a team").team.id;
        rig.service.join_team(&bob, team).await.expect("joins");
        let general = body(json!({ "kind": "public", "name": "general" }));
        let channel = rig.service.create_channel(&alice, team, general).await.expect("a channel").channel.id;
        rig.service.join_channel(&bob, channel).await.expect("joins");
        Self { rig, alice, bob, team, channel }
    }

    async fn try_settle(&self, actor: &Actor, settings: Value) -> Result<Team, ServiceError> {
        self.rig.service.edit_team(actor, self.team, body(json!({ "settings": settings }))).await
    }

    async fn settle(&self, settings: Value) -> Team {
        self.try_settle(&self.alice, settings).await.expect("settles")
    }

    async fn put(&self, user: &Actor, role: TeamRole) {
        let put = body(json!({ "role": role }));
        self.rig.service.put_team_member(&self.alice, self.team, user.user_id, put).await.expect("puts");
    }

    async fn make(&self, actor: &Actor, name: &str, kind: &str) -> Result<ChannelId, ServiceError> {
        let channel = body(json!({ "kind": kind, "name": name }));
        self.rig.service.create_channel(actor, self.team, channel).await.map(|channel| channel.channel.id)
    }

    async fn invite(&self, actor: &Actor, role: &str) -> Result<Invite, ServiceError> {
        self.rig.service.create_invite(actor, self.team, body(json!({ "role": role }))).await
    }

    async fn invites(&self, actor: &Actor) -> Result<Vec<u64>, ServiceError> {
        let page = self.rig.service.invites(actor, self.team, &PageQuery::default()).await?;
        Ok(page.items.into_iter().map(|invite| invite.id.get()).collect())
    }

    async fn say_as(&self, actor: &Actor, channel: ChannelId, message: Value) -> Result<Message, ServiceError> {
        self.rig.service.send_message(actor, channel, body(message)).await.map(|(message, _)| message)
    }

    async fn say(&self, content: &str) -> Result<Message, ServiceError> {
        self.say_as(&self.bob, self.channel, json!({ "content": content })).await
    }

    async fn edit(&self, seq: Seq, content: &str) -> Result<Message, ServiceError> {
        self.rig.service.edit_message(&self.bob, self.channel, seq, body(json!({ "content": content }))).await
    }

    async fn append(&self, seq: Seq, offset: u64, content: &str) -> Result<u64, ServiceError> {
        let part = body(json!({ "offset": offset, "content": content }));
        self.rig.service.append_message(&self.bob, self.channel, seq, part).await.map(|appended| appended.length)
    }
}

async fn a_new_team_has_the_usual_settings_and_every_change_is_in_its_stream(place: Place) {
    let scene = Scene::on(place).await;
    let before = scene.rig.service.team(&scene.bob, scene.team).await.expect("a team").team;
    assert_eq!(before.settings, TeamSettings::default());
    let changed = scene.settle(json!({ "invite": "member", "edit_within_s": 60, "joining": "request" })).await;
    let expected = TeamSettings {
        invite: TeamRole::Member,
        edit_within_s: Some(60),
        joining: Joining::Request,
        ..TeamSettings::default()
    };
    assert_eq!((changed.settings, changed.rev > before.rev), (expected, true));
    let query = ChangesQuery { after: before.rev, limit: Some(200) };
    let changes = scene.rig.service.changes(&scene.bob, StreamId::Team(scene.team), query).await.expect("changes");
    let teams: Vec<_> = changes.items.iter().filter(|change| matches!(change, Change::Team { .. })).collect();
    assert_eq!(teams, [&Change::Team { team: changed.clone() }]);
    let back = scene.settle(json!({ "invite": "admin", "edit_within_s": null, "joining": "open" })).await;
    assert_eq!(back.settings, TeamSettings::default());
    assert_eq!(scene.rig.service.team(&scene.bob, scene.team).await.expect("a team").team, back);
}

async fn odd_settings_and_other_peoples_are_refused(place: Place) {
    let scene = Scene::on(place).await;
    for (settings, field) in [
        (json!({ "create_public_channels": "guest" }), "settings.create_public_channels"),
        (json!({ "create_private_channels": "guest" }), "settings.create_private_channels"),
        (json!({ "invite": "guest" }), "settings.invite"),
        (json!({ "edit_within_s": EDIT_WITHIN_S_MAX + 1 }), "settings.edit_within_s"),
    ] {
        let detail = refused(scene.try_settle(&scene.alice, settings.clone()).await, ErrorCode::InvalidField);
        assert_eq!(detail.field.as_deref(), Some(field), "{settings}");
    }
    refused(scene.try_settle(&scene.bob, json!({ "joining": "invite" })).await, ErrorCode::Forbidden);
    let carol = scene.rig.register_actor("carol").await;
    refused(scene.try_settle(&carol, json!({ "joining": "invite" })).await, ErrorCode::Forbidden);
    let team = scene.rig.service.team(&scene.alice, scene.team).await.expect("a team").team;
    assert_eq!(team.settings, TeamSettings::default());
}

async fn how_one_joins_is_settled_beside_who_finds_the_team(place: Place) {
    let scene = Scene::on(place).await;
    let service = &scene.rig.service;
    let invite = scene.invite(&scene.alice, "member").await.expect("an invite").code.expect("a code");
    let carol = scene.rig.register_actor("carol").await;
    for (joining, says) in [("request", "ask first"), ("invite", "add or invite you")] {
        scene.settle(json!({ "joining": joining })).await;
        assert!(service.team(&carol, scene.team).await.is_ok(), "it is found all the same");
        let refusal = refused(service.join_team(&carol, scene.team).await, ErrorCode::Forbidden);
        assert!(refusal.message.contains(says), "{joining}: {}", refusal.message);
    }
    service.use_invite(&carol, &invite).await.expect("an invite is good whatever is settled");
    service.leave_team(&carol, scene.team).await.expect("leaves");
    scene.put(&carol, TeamRole::Guest).await;
    service.leave_team(&carol, scene.team).await.expect("leaves");
    let root = scene.rig.admin().await;
    service.join_team(&root, scene.team).await.expect("who administers the server joins");
    scene.settle(json!({ "joining": "open" })).await;
    service.join_team(&carol, scene.team).await.expect("joins");
    service.leave_team(&carol, scene.team).await.expect("leaves");
    let hidden = body(json!({ "is_public": false }));
    service.edit_team(&scene.alice, scene.team, hidden).await.expect("edits");
    refused(service.join_team(&carol, scene.team).await, ErrorCode::NotFound);
}

async fn who_makes_channels_is_settled_for_both_kinds(place: Place) {
    let scene = Scene::on(place).await;
    let own = scene.make(&scene.bob, "bobs", "public").await.expect("a member makes channels as usual");
    scene.settle(json!({ "create_public_channels": "admin" })).await;
    let refusal = refused(scene.make(&scene.bob, "more", "public").await, ErrorCode::Forbidden);
    assert!(refusal.message.contains("only admins and owners"), "{}", refusal.message);
    scene.make(&scene.bob, "plans", "private").await.expect("private ones are another matter");
    scene.settle(json!({ "create_private_channels": "owner" })).await;
    refused(scene.make(&scene.bob, "more", "private").await, ErrorCode::Forbidden);
    // Nor by way of a public one that one manages.
    let hide = || body(json!({ "is_private": true }));
    refused(scene.rig.service.edit_channel(&scene.bob, own, hide()).await, ErrorCode::Forbidden);
    scene.put(&scene.bob, TeamRole::Admin).await;
    scene.make(&scene.bob, "more", "public").await.expect("an admin now");
    let refusal = refused(scene.make(&scene.bob, "most", "private").await, ErrorCode::Forbidden);
    assert!(refusal.message.contains("only owners"), "{}", refusal.message);
    scene.rig.service.edit_channel(&scene.alice, own, hide()).await.expect("the owner hides it");
    let direct = body(json!({ "kind": "direct", "user_id": scene.alice.user_id }));
    scene.rig.service.create_channel(&scene.bob, scene.team, direct).await.expect("people write to each other");
}

async fn who_invites_sees_and_revokes_the_own_invites(place: Place) {
    let scene = Scene::on(place).await;
    let service = &scene.rig.service;
    refused(scene.invite(&scene.bob, "member").await, ErrorCode::Forbidden);
    refused(scene.invites(&scene.bob).await, ErrorCode::Forbidden);
    scene.settle(json!({ "invite": "member" })).await;
    let alices = scene.invite(&scene.alice, "admin").await.expect("an owner invites admins").id;
    let bobs = scene.invite(&scene.bob, "member").await.expect("an invite");
    scene.invite(&scene.bob, "guest").await.expect("an invite");
    refused(scene.invite(&scene.bob, "admin").await, ErrorCode::Forbidden);
    assert_eq!(scene.invites(&scene.bob).await.expect("a list").len(), 2, "the own ones alone");
    assert_eq!(scene.invites(&scene.alice).await.expect("a list").len(), 3);
    refused(service.revoke_invite(&scene.bob, scene.team, alices).await, ErrorCode::NotFound);
    let carol = scene.rig.register_actor("carol").await;
    service.use_invite(&carol, &bobs.code.expect("a code")).await.expect("comes in");
    service.revoke_invite(&scene.bob, scene.team, bobs.id).await.expect("revokes");
    scene.put(&carol, TeamRole::Guest).await;
    refused(scene.invite(&carol, "guest").await, ErrorCode::Forbidden);
    scene.settle(json!({ "invite": "owner" })).await;
    refused(scene.invite(&scene.bob, "member").await, ErrorCode::Forbidden);
    scene.put(&scene.bob, TeamRole::Admin).await;
    refused(scene.invite(&scene.bob, "member").await, ErrorCode::Forbidden);
    assert_eq!(scene.invites(&scene.bob).await.expect("who manages the team sees all").len(), 2);
}

async fn who_names_everybody_is_settled_for_every_way_to_write(place: Place) {
    let scene = Scene::on(place).await;
    let service = &scene.rig.service;
    let before = scene.say("@channel hello").await.expect("as usual");
    let sent = json!({ "content": "@here too", "client_id": "c-1" });
    scene.say_as(&scene.bob, scene.channel, sent.clone()).await.expect("as usual");
    let later_on = json!({
        "channel_id": scene.channel, "content": "@all lunch", "send_at": later(scene.rig.clock.now(), 60_000),
    });
    let planned = service.schedule_message_once(&scene.bob, None, scene.team, body(later_on)).await;
    let planned = planned.map(Made::into_inner).expect("schedules").id;
    scene.settle(json!({ "mention_all": "admin" })).await;
    for content in ["@channel hello", "now @all", "@here?"] {
        let refusal = refused(scene.say(content).await, ErrorCode::Forbidden);
        assert!(refusal.message.contains("into backticks"), "{}", refusal.message);
    }
    scene.say("`@channel` is how to write it").await.expect("code names nobody");
    let again = scene.say_as(&scene.bob, scene.channel, sent).await.expect("what was sent is answered as it was");
    assert_eq!(again.content, "@here too");
    scene.edit(before.seq, "@channel hello again").await.expect("what was said may be said better");
    refused(scene.edit(before.seq, "@channel and @here").await, ErrorCode::Forbidden);
    let plain = scene.say("hello @chan").await.expect("says");
    refused(scene.edit(plain.seq, "hello @channel").await, ErrorCode::Forbidden);
    refused(scene.append(plain.seq, 11, "nel").await, ErrorCode::Forbidden);
    assert_eq!(scene.append(plain.seq, 11, "ce").await.expect("appends"), 13);
    // Who manages the channel, or the team, names everybody; in direct channels everybody does.
    let own = scene.make(&scene.bob, "bobs", "public").await.expect("a channel");
    scene.say_as(&scene.bob, own, json!({ "content": "@channel mine" })).await.expect("says");
    let direct = body(json!({ "kind": "direct", "user_id": scene.alice.user_id }));
    let direct = service.create_channel(&scene.bob, scene.team, direct).await.expect("a channel").channel.id;
    scene.say_as(&scene.bob, direct, json!({ "content": "@all two of us" })).await.expect("says");
    scene.say_as(&scene.alice, scene.channel, json!({ "content": "@channel hear" })).await.expect("says");
    scene.rig.clock.advance_ms(60_000);
    let times = std::time::Duration::from_millis;
    let turn = service.wait_for_turn(LeaseTimes { term: times(1_000), renewal: times(200), look: times(20) }).await;
    service.do_due(&turn.expect("a turn")).await.expect("looks");
    let failed = service.scheduled_message(&scene.bob, scene.team, planned).await.expect("one's own");
    assert_eq!(failed.state, ScheduledState::Failed);
    assert!(failed.failure.as_ref().is_some_and(|why| why.contains("into backticks")), "{failed:?}");
}

async fn own_messages_are_edited_for_as_long_as_the_team_says(place: Place) {
    let scene = Scene::on(place).await;
    let old = scene.say("one").await.expect("says");
    scene.rig.clock.advance_ms(3_600_000);
    scene.edit(old.seq, "two").await.expect("for ever, as usual");
    scene.settle(json!({ "edit_within_s": 60 })).await;
    let refusal = refused(scene.edit(old.seq, "three").await, ErrorCode::Forbidden);
    assert!(refusal.message.contains("60 seconds"), "{}", refusal.message);
    let new = scene.say("four").await.expect("says");
    scene.rig.clock.advance_ms(59_999);
    scene.edit(new.seq, "five").await.expect("in time");
    scene.rig.clock.advance_ms(1);
    refused(scene.edit(new.seq, "six").await, ErrorCode::Forbidden);
    scene.settle(json!({ "edit_within_s": 0 })).await;
    let growing = scene.say("built").await.expect("says");
    let refusal = refused(scene.edit(growing.seq, "not built").await, ErrorCode::Forbidden);
    assert!(refusal.message.contains("not edited in this team"), "{}", refusal.message);
    assert_eq!(scene.append(growing.seq, 5, " it").await.expect("appending is no edit"), 8);
    scene.rig.service.delete_message(&scene.bob, scene.channel, old.seq).await.expect("taking back neither");
    scene.settle(json!({ "edit_within_s": null })).await;
    scene.edit(new.seq, "six").await.expect("for ever again");
}
