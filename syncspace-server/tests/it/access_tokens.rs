//! Facts about access tokens for programs, on the embedded store and on MySQL.

use serde_json::json;
use syncspace_protocol::auth::ChangePassword;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::ACCESS_TOKENS_MAX;
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::tokens::{AccessToken, CreateToken, MadeToken, Scope, TOKEN_PREFIX};
use syncspace_protocol::{SessionId, Time};
use syncspace_server::service::{Actor, Grant, ServiceError, Settings, later};
use syncspace_server::store::{Queries as _, Sql, params};

use crate::place::{PASSWORD, Place, Rig, body, on_both_stores, refused};

on_both_stores! {
    a_token_acts_as_its_person_within_its_scopes,
    a_token_is_named_has_a_scope_and_ends_as_the_server_says,
    a_token_ends_by_its_time_by_revocation_and_with_its_account,
    tokens_belong_to_their_person_and_are_no_devices,
    a_token_is_stored_as_its_hash,
    tokens_are_bounded,
    its_use_is_noted_once_a_minute,
}

const DAY_MS: i64 = 24 * 3_600 * 1_000;

impl Rig {
    fn in_days(&self, days: i64) -> Time {
        later(self.clock.now(), days * DAY_MS)
    }

    async fn token_by(&self, actor: &Actor, scopes: &[Scope]) -> Result<MadeToken, ServiceError> {
        let scopes = scopes.iter().copied().collect();
        let new = CreateToken { name: "deploy".to_owned(), scopes, expires_at: Some(self.in_days(30)) };
        self.service.create_token(actor, new).await
    }

    async fn token(&self, actor: &Actor, scopes: &[Scope]) -> MadeToken {
        self.token_by(actor, scopes).await.expect("makes a token")
    }

    async fn tokens(&self, actor: &Actor) -> Vec<AccessToken> {
        self.service.access_tokens(actor, &PageQuery::default()).await.expect("lists").items
    }
}

async fn a_token_acts_as_its_person_within_its_scopes(place: Place) {
    let rig = place.open_rig().await;
    let root = rig.admin().await;
    let made = rig.token(&root, &[Scope::Read]).await;
    assert!(made.token.0.starts_with(TOKEN_PREFIX) && made.token.0.len() > 40);
    let actor = rig.service.authenticate(&made.token.0).await.expect("authenticates");
    assert_eq!((actor.user_id, actor.session_id), (root.user_id, made.info.id));
    assert_eq!(actor.grant, Grant::Token([Scope::Read].into_iter().collect()));
    assert!(!actor.is_admin, "the powers of an administrator come with their scope only");
    let admin = rig.token(&root, &[Scope::Admin]).await;
    for _ in 0..2 {
        assert!(rig.service.authenticate(&admin.token.0).await.expect("authenticates").is_admin);
    }
    for wrong in ["", "x", "of the right length, and still none of ours"] {
        let token = format!("{TOKEN_PREFIX}{wrong}");
        refused(rig.service.authenticate(&token).await, ErrorCode::Unauthenticated);
    }
}

async fn a_token_is_named_has_a_scope_and_ends_as_the_server_says(place: Place) {
    let rig = place.open_rig().await;
    let alice = rig.register_actor("alice").await;
    let check = async |rig: &Rig, new: serde_json::Value, field: &str| {
        let outcome = rig.service.create_token(&alice, body(new)).await;
        assert_eq!(refused(outcome, ErrorCode::InvalidField).field.as_deref(), Some(field));
    };
    let end = rig.in_days(1);
    check(&rig, json!({"name": "\u{1b}[2J", "scopes": ["read"], "expires_at": end}), "name").await;
    check(&rig, json!({"name": "x".repeat(101), "scopes": ["read"], "expires_at": end}), "name").await;
    check(&rig, json!({"name": "x", "scopes": [], "expires_at": end}), "scopes").await;
    check(&rig, json!({"name": "x", "scopes": ["read"], "expires_at": rig.clock.now()}), "expires_at").await;
    check(&rig, json!({"name": "x", "scopes": ["read"], "expires_at": rig.in_days(366)}), "expires_at").await;
    check(&rig, json!({"name": "x", "scopes": ["read"], "expires_at": null}), "expires_at").await;
    let new = json!({"name": "x", "scopes": ["read"], "expires_at": rig.in_days(365)});
    rig.service.create_token(&alice, body(new)).await.expect("as long as it may last");

    let rig = rig.again_with(Settings { token_life_days_max: 0, bcrypt_cost: 4, ..Settings::default() }).await;
    let forever = json!({"name": "x", "scopes": ["read"], "expires_at": null});
    let made = rig.service.create_token(&alice, body(forever)).await.expect("may last for ever");
    assert_eq!(made.info.expires_at, None);
    rig.clock.advance_ms(100 * 365 * DAY_MS);
    rig.service.authenticate(&made.token.0).await.expect("still holds");
    assert_eq!(rig.tokens(&alice).await.len(), 1);
}

async fn a_token_ends_by_its_time_by_revocation_and_with_its_account(place: Place) {
    let rig = place.open_rig().await;
    let (root, alice) = (rig.admin().await, rig.register_actor("alice").await);
    let [old, revoked] = [rig.token(&alice, &[Scope::Read]).await, rig.token(&alice, &[Scope::Read]).await];
    rig.service.authenticate(&revoked.token.0).await.expect("authenticates");
    rig.service.revoke_token(&alice, revoked.info.id).await.expect("revokes");
    refused(rig.service.authenticate(&revoked.token.0).await, ErrorCode::SessionEnded);
    refused(rig.service.revoke_token(&alice, revoked.info.id).await, ErrorCode::NotFound);
    rig.clock.advance_ms(30 * DAY_MS - 1);
    rig.service.authenticate(&old.token.0).await.expect("holds to the end");
    rig.clock.advance_ms(1);
    refused(rig.service.authenticate(&old.token.0).await, ErrorCode::SessionEnded);
    assert_eq!(rig.tokens(&alice).await, []);
    let last = rig.token(&alice, &[Scope::Read]).await;
    rig.service.authenticate(&last.token.0).await.expect("authenticates");
    rig.service.deactivate_user(&root, alice.user_id).await.expect("switches off");
    refused(rig.service.authenticate(&last.token.0).await, ErrorCode::SessionEnded);
}

async fn tokens_belong_to_their_person_and_are_no_devices(place: Place) {
    let rig = place.open_rig().await;
    let tokens = rig.register("alice").await;
    let (alice, bob) = (rig.actor(&tokens).await, rig.register_actor("bob").await);
    let made = rig.token(&alice, &[Scope::Write, Scope::Read]).await;
    refused(rig.service.revoke_token(&bob, made.info.id).await, ErrorCode::NotFound);
    refused(rig.service.revoke_token(&alice, alice.session_id).await, ErrorCode::NotFound);
    refused(rig.service.end_session(&alice, made.info.id).await, ErrorCode::NotFound);
    assert_eq!(rig.tokens(&alice).await, std::slice::from_ref(&made.info));
    assert_eq!(rig.tokens(&bob).await, []);
    let devices = rig.service.sessions(&alice, &PageQuery::default()).await.expect("lists").items;
    assert_eq!(devices.iter().map(|session| session.id).collect::<Vec<SessionId>>(), [tokens.session_id]);
    // A new password logs devices out; what runs by itself goes on.
    let new = ChangePassword { current_password: body(json!(PASSWORD)), new_password: body(json!("another horse")) };
    rig.service.change_password(&alice, new).await.expect("changes");
    rig.service.authenticate(&made.token.0).await.expect("goes on");
}

async fn a_token_is_stored_as_its_hash(place: Place) {
    let rig = place.open_rig().await;
    let alice = rig.register_actor("alice").await;
    let made = rig.token(&alice, &[Scope::Read]).await;
    let store = rig.place.store().await;
    const FIND: Sql = Sql::both("SELECT COUNT(*) FROM sessions WHERE token_hash LIKE ? OR seed LIKE ?");
    let secret = made.token.0.trim_start_matches(TOKEN_PREFIX);
    let rows = (&store).query(&FIND, params![format!("%{secret}%"), format!("%{secret}%")]).await.expect("reads");
    assert_eq!(rows[0].reader().take::<u64>().expect("a count"), 0);
    const COUNT: Sql = Sql::both("SELECT COUNT(*) FROM sessions WHERE id = ? AND token_hash IS NOT NULL");
    let rows = (&store).query(&COUNT, params![made.info.id]).await.expect("reads");
    assert_eq!(rows[0].reader().take::<u64>().expect("a count"), 1);
    assert!(!format!("{made:?}").contains(secret), "debug output hides it");
}

async fn tokens_are_bounded(place: Place) {
    let rig = place.open_rig().await;
    let alice = rig.register_actor("alice").await;
    let mut made = Vec::new();
    for _ in 0..ACCESS_TOKENS_MAX {
        made.push(rig.token(&alice, &[Scope::Read]).await);
    }
    refused(rig.token_by(&alice, &[Scope::Read]).await, ErrorCode::Conflict);
    rig.service.revoke_token(&alice, made[0].info.id).await.expect("revokes");
    rig.token(&alice, &[Scope::Read]).await;
}

async fn its_use_is_noted_once_a_minute(place: Place) {
    let rig = place.open_rig().await;
    let alice = rig.register_actor("alice").await;
    let made = rig.token(&alice, &[Scope::Read]).await;
    let last_used = async || rig.tokens(&alice).await[0].last_used_at;
    assert_eq!(last_used().await, None);
    rig.clock.advance_ms(1_000);
    let first = rig.clock.now();
    for _ in 0..3 {
        rig.service.authenticate(&made.token.0).await.expect("authenticates");
        assert_eq!(last_used().await, Some(first));
        rig.clock.advance_ms(20_000);
    }
    rig.service.authenticate(&made.token.0).await.expect("authenticates");
    assert_eq!(last_used().await, Some(later(first, 60_000)));
}
