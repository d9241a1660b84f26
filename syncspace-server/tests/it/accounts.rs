//! One list of facts about accounts, sessions and tokens, checked on the embedded store and on MySQL.

use secrecy::ExposeSecret as _;
use syncspace_protocol::auth::{ChangePassword, Register, RegistrationMode, Secret};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::page::{PageQuery, PeopleQuery};
use syncspace_protocol::status::PresenceStatus;
use syncspace_protocol::teams::{CreateInvite, TeamRole};
use syncspace_protocol::users::{CreateUser, EditProfile, EditUser, User};
use syncspace_protocol::{Patch, Time};
use syncspace_server::blobs::{BlobPlace, Blobs};
use syncspace_server::realtime::Realtime;
use syncspace_server::service::{
    Actor, Device, Service, ServiceParts, Settings, StartError, TokenKeys, later, load_epoch, tokens,
};

use crate::place::{PASSWORD, Place, SECRET, body, login_body, on_both_stores, origin, refused, register_body};

on_both_stores! {
    whoever_registers_is_logged_in,
    usernames_and_addresses_are_unique_in_any_case,
    of_many_registering_one_name_at_once_one_gets_it,
    wrong_names_and_wrong_passwords_are_answered_alike,
    registration_is_open_closed_or_by_invite,
    an_invite_lets_in_as_many_as_it_says_and_into_its_team,
    the_bootstrap_token_makes_one_administrator,
    of_two_bootstraps_at_once_one_wins,
    whoever_has_the_database_can_make_an_administrator,
    a_refresh_gives_new_tokens_of_the_same_session,
    a_lost_answer_is_not_a_theft,
    an_old_refresh_token_ends_the_session,
    refreshes_at_once_give_the_same_successor,
    what_is_no_refresh_token_of_ours_is_unauthenticated_and_ends_nothing,
    an_unused_session_ends_after_its_life,
    logging_out_ends_only_the_asking_session,
    people_see_and_end_their_own_sessions_only,
    a_new_password_ends_the_other_sessions,
    a_socket_ticket_works_once_and_for_30_seconds,
    profiles_are_cleaned_and_addresses_are_private,
    people_are_listed_found_and_paged,
    only_administrators_look_after_accounts,
    an_account_switched_off_is_out_at_once_and_can_come_back,
    the_last_active_administrator_stays,
    of_two_administrators_switching_each_other_off_one_stays,
    a_password_is_hashed_again_when_the_cost_changed,
    a_database_refuses_a_foreign_signing_secret,
}

async fn whoever_registers_is_logged_in(place: Place) {
    let rig = place.open_rig().await;
    let tokens = rig.register("Alice").await;
    assert_eq!(tokens.user.username.as_str(), "Alice");
    assert!(!tokens.user.is_admin);
    assert_eq!(tokens.expires_in_s, 1_800);
    let actor = rig.actor(&tokens).await;
    assert_eq!((actor.user_id, actor.session_id), (tokens.user.id, tokens.session_id));
    let me = rig.service.me(&actor).await.expect("me");
    assert_eq!(me, User { presence: PresenceStatus::Offline, is_online: Some(false), ..tokens.user });
}

async fn usernames_and_addresses_are_unique_in_any_case(place: Place) {
    let rig = place.open_rig().await;
    let email = |username: &str, email: &str| -> Register {
        body(serde_json::json!({"username": username, "password": PASSWORD, "email": email}))
    };
    rig.service.register(&origin(), email("alice", "a@example.org")).await.expect("registers");
    let taken = refused(rig.service.register(&origin(), register_body("ALICE")).await, ErrorCode::NameTaken);
    assert_eq!(taken.field.as_deref(), Some("username"));
    let taken = refused(rig.service.register(&origin(), email("bob", "A@Example.org")).await, ErrorCode::NameTaken);
    assert_eq!(taken.field.as_deref(), Some("email"));
    rig.login("A@EXAMPLE.ORG", PASSWORD).await.expect("logs in by address");
    rig.register("bob").await;
}

async fn of_many_registering_one_name_at_once_one_gets_it(place: Place) {
    let rig = place.open_rig().await;
    let origin = origin();
    let tries = (0..8).map(|_| rig.service.register(&origin, register_body("alice")));
    let outcomes = futures_util::future::join_all(tries).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for outcome in outcomes.into_iter().filter(Result::is_err) {
        refused(outcome, ErrorCode::NameTaken);
    }
}

async fn wrong_names_and_wrong_passwords_are_answered_alike(place: Place) {
    let rig = place.open_rig().await;
    rig.register("alice").await;
    let wrong_password = refused(rig.login("alice", "wrong password").await, ErrorCode::InvalidCredentials);
    let wrong_name = refused(rig.login("nobody", PASSWORD).await, ErrorCode::InvalidCredentials);
    assert_eq!(wrong_password, wrong_name);
    rig.login("aLiCe", PASSWORD).await.expect("logs in");
}

async fn registration_is_open_closed_or_by_invite(place: Place) {
    place.service(RegistrationMode::Open, &[SECRET]).await.0.prepare().await.expect("starts");
    for (mode, code) in [
        (RegistrationMode::Open, None),
        (RegistrationMode::Invite, Some(ErrorCode::RegistrationClosed)),
        (RegistrationMode::Closed, Some(ErrorCode::RegistrationClosed)),
    ] {
        let (service, _) = place.service(mode, &[SECRET]).await;
        assert_eq!(service.server_info().await.expect("info").registration, mode);
        let outcome = service.register(&origin(), register_body(&format!("{mode:?}"))).await;
        assert_eq!(outcome.err().map(|error| error.code()), code, "{mode:?}");
    }
}

async fn an_invite_lets_in_as_many_as_it_says_and_into_its_team(place: Place) {
    let rig = place.rig(RegistrationMode::Invite).await;
    let root = rig.admin().await;
    let team = body(serde_json::json!({"name": "eng"}));
    let team = rig.service.create_team(&root, team).await.expect("a team").team.id;
    let create = CreateInvite { uses_max: 2, role: TeamRole::Guest, ..CreateInvite::default() };
    let code = rig.service.create_invite(&root, team, create).await.expect("an invite").code.expect("a code");
    let with = |name: &str, code: &str| Register { invite_code: Some(code.to_owned()), ..register_body(name) };

    refused(rig.service.register(&origin(), with("alice", "guess")).await, ErrorCode::NotFound);
    let alice = rig.service.register(&origin(), with("alice", &code)).await.expect("registers");
    let mine = rig.service.team(&rig.actor(&alice).await, team).await.expect("the team");
    assert_eq!(mine.membership.expect("a membership").role, TeamRole::Guest);

    let origin = origin();
    let (bob, carol) = tokio::join!(
        rig.service.register(&origin, with("bob", &code)),
        rig.service.register(&origin, with("carol", &code))
    );
    assert_ne!(bob.is_ok(), carol.is_ok(), "one use was left");
    refused(bob.and(carol), ErrorCode::NotFound);
    let people = rig.service.users(&root, &PeopleQuery::default()).await.expect("people");
    assert_eq!(people.items.len(), 3, "whoever was not admitted has no account");
}

async fn the_bootstrap_token_makes_one_administrator(place: Place) {
    let rig = place.rig(RegistrationMode::Closed).await;
    let file = rig.place.folder.path().join("bootstrap-token");
    let token = rig.admin_token.as_ref().expect("a token").expose_secret();
    assert_eq!(std::fs::read_to_string(&file).expect("a file").trim(), token);
    assert!(rig.service.server_info().await.expect("info").needs_first_admin);
    assert!(rig.service.prepare().await.expect("starts again").is_none(), "it is shown once");

    let with = |name: &str, token: &str| Register { bootstrap_token: Some(token.to_owned()), ..register_body(name) };
    refused(rig.service.register(&origin(), with("eve", "guess")).await, ErrorCode::RegistrationClosed);
    let root = rig.service.register(&origin(), with("root", token)).await.expect("registers");
    assert!(root.user.is_admin);
    assert!(!file.exists());
    assert!(!rig.service.server_info().await.expect("info").needs_first_admin);
    refused(rig.service.register(&origin(), with("eve", token)).await, ErrorCode::RegistrationClosed);
    assert!(rig.service.prepare().await.expect("starts again").is_none());
}

async fn of_two_bootstraps_at_once_one_wins(place: Place) {
    let rig = place.rig(RegistrationMode::Closed).await;
    let token = rig.admin_token.as_ref().expect("a token").expose_secret();
    let with = |name: &str| Register { bootstrap_token: Some(token.to_owned()), ..register_body(name) };
    let origin = origin();
    let (one, other) =
        tokio::join!(rig.service.register(&origin, with("one")), rig.service.register(&origin, with("other")));
    assert_ne!(one.is_ok(), other.is_ok());
    let winner = one.or(other).expect("one won");
    let people = rig.service.users(&rig.actor(&winner).await, &PeopleQuery::default()).await.expect("people");
    assert_eq!(people.items.len(), 1, "the loser left nothing");
}

async fn whoever_has_the_database_can_make_an_administrator(place: Place) {
    let rig = place.rig(RegistrationMode::Closed).await;
    let make = |name: &str| {
        rig.service.create_first_admin(name.parse().expect("a name"), PASSWORD.parse().expect("a password"))
    };
    assert!(make("root").await.expect("made").is_admin);
    assert!(!rig.place.folder.path().join("bootstrap-token").exists());
    assert!(make("second").await.expect("made").is_admin);
    refused(make("root").await, ErrorCode::NameTaken);
    rig.login("root", PASSWORD).await.expect("logs in");
}

async fn a_refresh_gives_new_tokens_of_the_same_session(place: Place) {
    let rig = place.open_rig().await;
    let first = rig.register("alice").await;
    rig.clock.advance_ms(1_900_000);
    refused(rig.service.authenticate(&first.access_token.0).await, ErrorCode::TokenExpired);
    let second = rig.refresh(&first.refresh_token).await.expect("refreshes");
    assert_eq!(second.session_id, first.session_id);
    assert_ne!(second.refresh_token, first.refresh_token);
    rig.actor(&second).await;
}

async fn a_lost_answer_is_not_a_theft(place: Place) {
    let rig = place.open_rig().await;
    let first = rig.register("alice").await;
    let second = rig.refresh(&first.refresh_token).await.expect("refreshes");
    rig.clock.advance_ms(60_000);
    let again = rig.refresh(&first.refresh_token).await.expect("repeats");
    assert_eq!(again.refresh_token, second.refresh_token);
    rig.refresh(&second.refresh_token).await.expect("goes on");
}

async fn an_old_refresh_token_ends_the_session(place: Place) {
    let rig = place.open_rig().await;
    let first = rig.register("alice").await;
    let second = rig.refresh(&first.refresh_token).await.expect("refreshes");
    rig.clock.advance_ms(60_001);
    refused(rig.refresh(&first.refresh_token).await, ErrorCode::SessionEnded);
    refused(rig.refresh(&second.refresh_token).await, ErrorCode::SessionEnded);
    refused(rig.service.authenticate(&second.access_token.0).await, ErrorCode::SessionEnded);

    let first = rig.login("alice", PASSWORD).await.expect("logs in");
    let second = rig.refresh(&first.refresh_token).await.expect("refreshes");
    rig.refresh(&second.refresh_token).await.expect("refreshes");
    refused(rig.refresh(&first.refresh_token).await, ErrorCode::SessionEnded);
}

async fn refreshes_at_once_give_the_same_successor(place: Place) {
    let rig = place.open_rig().await;
    let first = rig.register("alice").await;
    let tries = (0..8).map(|_| rig.refresh(&first.refresh_token));
    let outcomes = futures_util::future::join_all(tries).await;
    let mut successors: Vec<_> =
        outcomes.into_iter().map(|outcome| outcome.expect("refreshes").refresh_token.0).collect();
    successors.dedup();
    assert_eq!(successors.len(), 1);
}

async fn what_is_no_refresh_token_of_ours_is_unauthenticated_and_ends_nothing(place: Place) {
    let rig = place.open_rig().await;
    let tokens = rig.register("alice").await;
    let genuine = &tokens.refresh_token.0;
    for forged in [String::new(), "x".to_owned(), format!("{genuine}x"), genuine.replacen(".1.", ".2.", 1)] {
        refused(rig.refresh(&Secret(forged)).await, ErrorCode::Unauthenticated);
    }
    rig.refresh(&tokens.refresh_token).await.expect("refreshes");
}

async fn an_unused_session_ends_after_its_life(place: Place) {
    let rig = place.open_rig().await;
    let tokens = rig.register("alice").await;
    rig.clock.advance_ms(30 * 24 * 3_600 * 1_000);
    refused(rig.refresh(&tokens.refresh_token).await, ErrorCode::SessionEnded);
}

async fn logging_out_ends_only_the_asking_session(place: Place) {
    let rig = place.open_rig().await;
    let (here, there) = (rig.register("alice").await, rig.login("alice", PASSWORD).await.expect("logs in"));
    rig.service.logout(&rig.actor(&here).await).await.expect("logs out");
    refused(rig.service.authenticate(&here.access_token.0).await, ErrorCode::SessionEnded);
    refused(rig.refresh(&here.refresh_token).await, ErrorCode::SessionEnded);
    rig.actor(&there).await;
}

async fn people_see_and_end_their_own_sessions_only(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob) = (rig.register_actor("alice").await, rig.register_actor("bob").await);
    let second = rig.login("alice", PASSWORD).await.expect("logs in");
    let page = rig.service.sessions(&alice, &PageQuery::default()).await.expect("sessions");
    let seen: Vec<_> = page.items.iter().map(|session| (session.id, session.is_current)).collect();
    assert_eq!(seen, [(alice.session_id, true), (second.session_id, false)]);
    assert_eq!(page.items[0].device_name.as_deref(), Some("test/1"));
    refused(rig.service.end_session(&bob, second.session_id).await, ErrorCode::NotFound);
    rig.service.end_session(&alice, second.session_id).await.expect("ends");
    refused(rig.service.end_session(&alice, second.session_id).await, ErrorCode::NotFound);
    refused(rig.service.authenticate(&second.access_token.0).await, ErrorCode::SessionEnded);
}

async fn a_new_password_ends_the_other_sessions(place: Place) {
    let rig = place.open_rig().await;
    let (here, there) = (rig.register("alice").await, rig.login("alice", PASSWORD).await.expect("logs in"));
    let actor = rig.actor(&here).await;
    let change = |current: &str| ChangePassword {
        current_password: Secret(current.to_owned()),
        new_password: "battery staple".parse().expect("a password"),
    };
    refused(rig.service.change_password(&actor, change("wrong")).await, ErrorCode::InvalidCredentials);
    rig.service.change_password(&actor, change(PASSWORD)).await.expect("changes");
    rig.actor(&here).await;
    refused(rig.service.authenticate(&there.access_token.0).await, ErrorCode::SessionEnded);
    refused(rig.login("alice", PASSWORD).await, ErrorCode::InvalidCredentials);
    rig.login("alice", "battery staple").await.expect("logs in");
}

async fn a_socket_ticket_works_once_and_for_30_seconds(place: Place) {
    let rig = place.open_rig().await;
    let actor = rig.register_actor("alice").await;
    let ticket = rig.service.socket_ticket(&actor).await.expect("a ticket").ticket.0;
    let device = Device { user_id: actor.user_id, session_id: actor.session_id };
    assert_eq!(rig.service.device_of_ticket(&ticket).await.expect("a device"), device);
    refused(rig.service.device_of_ticket(&ticket).await, ErrorCode::Unauthenticated);
    let ticket = rig.service.socket_ticket(&actor).await.expect("a ticket").ticket.0;
    rig.clock.advance_ms(30_000);
    refused(rig.service.device_of_ticket(&ticket).await, ErrorCode::Unauthenticated);
}

async fn profiles_are_cleaned_and_addresses_are_private(place: Place) {
    let rig = place.open_rig().await;
    let (alice, bob) = (rig.register_actor("alice").await, rig.register_actor("bob").await);
    let edit: EditProfile = body(serde_json::json!({
        "full_name": " Alice\u{1b}[31m A. ", "email": "a@example.org", "avatar_url": "https://example.org/a.png"
    }));
    rig.clock.advance_ms(1_000);
    let edited = rig.service.edit_me(&alice, edit).await.expect("edits");
    assert_eq!(edited.full_name.as_deref(), Some("Alice A."));
    assert!(edited.updated_at > edited.created_at);
    assert_eq!(rig.service.me(&alice).await.expect("me"), edited);
    let team = rig.service.create_team(&alice, body(serde_json::json!({"name": "eng", "is_public": true}))).await;
    rig.service.join_team(&bob, team.expect("a team").team.id).await.expect("joins");
    assert_eq!(rig.service.user(&bob, alice.user_id).await.expect("a person").email, None);
    let too_long = EditProfile { full_name: Patch::Set("x".repeat(101)), ..EditProfile::default() };
    assert_eq!(
        refused(rig.service.edit_me(&alice, too_long).await, ErrorCode::InvalidField).field.as_deref(),
        Some("full_name")
    );
    let clear = EditProfile { email: Patch::Clear, ..EditProfile::default() };
    assert_eq!(rig.service.edit_me(&alice, clear).await.expect("edits").email, None);
}

async fn people_are_listed_found_and_paged(place: Place) {
    let rig = place.open_rig().await;
    let alice = rig.register_actor("alice").await;
    for name in ["bob", "Bobby", "carol"] {
        rig.register(name).await;
    }
    let root = rig.admin().await;
    let edit: EditProfile = body(serde_json::json!({"full_name": "Alice Bobson"}));
    rig.service.edit_me(&alice, edit).await.expect("edits");
    let list = async |json: serde_json::Value| {
        let page = rig.service.users(&root, &body(json)).await.expect("a page");
        let names: Vec<_> = page.items.iter().map(|user| user.username.as_str().to_owned()).collect();
        (names.join(" "), page.next)
    };
    assert_eq!(list(serde_json::json!({})).await, ("alice bob Bobby carol root".to_owned(), None));
    assert_eq!(list(serde_json::json!({"q": "BOB"})).await, ("bob Bobby alice".to_owned(), None));
    assert_eq!(list(serde_json::json!({"name": "BOBBY"})).await, ("Bobby".to_owned(), None));
    let (names, next) = list(serde_json::json!({"q": "bob", "limit": 2})).await;
    assert_eq!(names, "bob Bobby");
    assert_eq!(list(serde_json::json!({"q": "bob", "cursor": next})).await, ("alice".to_owned(), None));
}

async fn only_administrators_look_after_accounts(place: Place) {
    let rig = place.open_rig().await;
    let (root, alice) = (rig.admin().await, rig.register_actor("alice").await);
    let create = |name: &str| -> CreateUser { body(serde_json::json!({"username": name, "password": PASSWORD})) };
    refused(rig.service.create_user(&alice, create("bob")).await, ErrorCode::Forbidden);
    refused(rig.service.deactivate_user(&alice, root.user_id).await, ErrorCode::Forbidden);
    rig.service.create_user(&root, create("bob")).await.expect("makes");
    refused(rig.service.create_user(&root, create("BOB")).await, ErrorCode::NameTaken);
    rig.login("bob", PASSWORD).await.expect("logs in");
}

async fn an_account_switched_off_is_out_at_once_and_can_come_back(place: Place) {
    let rig = place.open_rig().await;
    let (root, alice) = (rig.admin().await, rig.register("alice").await);
    rig.service.deactivate_user(&root, alice.user.id).await.expect("switches off");
    refused(rig.service.authenticate(&alice.access_token.0).await, ErrorCode::SessionEnded);
    refused(rig.refresh(&alice.refresh_token).await, ErrorCode::SessionEnded);
    let off = refused(rig.login("alice", PASSWORD).await, ErrorCode::Forbidden);
    assert!(off.message.contains("administrator"), "it says whom to ask: {}", off.message);
    refused(rig.login("alice", "wrong password").await, ErrorCode::InvalidCredentials);
    let on = EditUser { is_active: Some(true), ..EditUser::default() };
    assert!(rig.service.edit_user(&root, alice.user.id, on).await.expect("switches on").is_active);
    rig.login("alice", PASSWORD).await.expect("logs in");
    refused(rig.refresh(&alice.refresh_token).await, ErrorCode::SessionEnded);
}

async fn the_last_active_administrator_stays(place: Place) {
    let rig = place.open_rig().await;
    let (root, alice) = (rig.admin().await, rig.register_actor("alice").await);
    let demote = || EditUser { is_admin: Some(false), ..EditUser::default() };
    refused(rig.service.edit_user(&root, root.user_id, demote()).await, ErrorCode::Conflict);
    refused(rig.service.deactivate_user(&root, root.user_id).await, ErrorCode::Conflict);
    let promote = EditUser { is_admin: Some(true), ..EditUser::default() };
    rig.service.edit_user(&root, alice.user_id, promote).await.expect("promotes");
    let own = refused(rig.service.deactivate_user(&root, root.user_id).await, ErrorCode::Conflict);
    assert!(own.message.contains("your own account"), "also where it is not the last: {}", own.message);
    let off = EditUser { is_active: Some(false), ..EditUser::default() };
    refused(rig.service.edit_user(&root, root.user_id, off).await, ErrorCode::Conflict);
    rig.service.edit_user(&root, root.user_id, demote()).await.expect("demotes");
    refused(rig.service.edit_user(&root, alice.user_id, demote()).await, ErrorCode::Conflict);
}

async fn of_two_administrators_switching_each_other_off_one_stays(place: Place) {
    let rig = place.open_rig().await;
    let (root, alice) = (rig.admin().await, rig.register_actor("alice").await);
    let promote = EditUser { is_admin: Some(true), ..EditUser::default() };
    rig.service.edit_user(&root, alice.user_id, promote).await.expect("promotes");
    let alice = Actor { is_admin: true, ..alice };
    let (one, other) = tokio::join!(
        rig.service.deactivate_user(&root, alice.user_id),
        rig.service.deactivate_user(&alice, root.user_id),
    );
    assert_ne!(one.is_ok(), other.is_ok());
    refused(one.and(other), ErrorCode::Conflict);
}

async fn a_password_is_hashed_again_when_the_cost_changed(place: Place) {
    let rig = place.open_rig().await;
    rig.register("alice").await;
    let settings = Settings { bcrypt_cost: 5, ..Settings::default() };
    let store = rig.place.store().await;
    let parts = ServiceParts {
        epoch: load_epoch(&store).await.expect("an epoch"),
        realtime: Realtime::alone(),
        blobs: Blobs::open(&BlobPlace::Folder(rig.place.folder.path().join("files"))).expect("a folder"),
        mailer: None,
        store,
        clock: rig.clock.clone(),
        token_keys: TokenKeys::new(&[SECRET.into()], settings.access_token_life_s).expect("a secret"),
        settings,
        data_dir: None,
    };
    let dearer = Service::new(parts);
    for _ in 0..2 {
        dearer.login(&origin(), login_body("alice", PASSWORD)).await.expect("logs in");
    }
    rig.login("alice", PASSWORD).await.expect("logs in");
}

async fn a_database_refuses_a_foreign_signing_secret(place: Place) {
    let (old, new) = ("the old secret, of 32 bytes or so", "the new secret, of 32 bytes or so");
    let start =
        async |secrets: &[&str]| place.service(RegistrationMode::Open, secrets).await.0.prepare().await.map(drop);
    start(&[old]).await.expect("the first start");
    assert!(matches!(start(&[new]).await, Err(StartError::ForeignKey)));
    start(&[new, old]).await.expect("a change of secrets");
    start(&[new]).await.expect("the change is done");
    assert!(matches!(start(&[old]).await, Err(StartError::ForeignKey)));
}

#[test]
fn the_made_secret_signs() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = tokens::load_or_create_secret(folder.path()).expect("a secret");
    TokenKeys::new(&[secret], 60).expect("long enough");
    let now: Time = "2026-11-22T17:26:21.500Z".parse().expect("a time");
    assert!(later(now, 1) > now);
}
