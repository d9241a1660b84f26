//! Logins, saved and refreshed.

use syncspace_client::{ClientError, ConnectOptions, CredentialStore, Update};
use syncspace_protocol::ErrorCode;
use syncspace_protocol::auth::{Login, Secret};
use syncspace_protocol::page::PageQuery;

use crate::world::{World, connected, next, team_and_channel};

fn login(name: &str, password: &str) -> Login {
    Login { username: name.to_owned(), password: Secret(password.to_owned()), device_name: None }
}

#[tokio::test]
async fn a_login_serves_the_next_program_until_it_is_ended() {
    let world = World::start().await;
    let alice = world.register("alice").await;
    assert!(alice.server_info().await.is_ok());
    alice.ready().await.expect("a server that is ready");

    let next_program = world.client("alice");
    assert_eq!(next_program.me().await.expect("an account").username.as_str(), "alice");
    let saved = next_program.credentials().expect("saved credentials");
    assert_eq!(saved.username.as_str(), "alice");
    next_program.logout().await.expect("logged out");
    assert!(next_program.credentials().is_none());
    let store = CredentialStore::at(world.credentials("alice"));
    assert!(store.servers().expect("readable").is_empty());

    let error = alice.me().await.expect_err("the session was ended");
    assert!(error.is_logged_out(), "{error:?}");
    let error = alice.login(login("alice", "wrong horse battery")).await.expect_err("a wrong password");
    assert_eq!(error.code(), Some(ErrorCode::InvalidCredentials));
    alice.login(login("alice", "correct horse battery")).await.expect("logged in");
    assert!(alice.me().await.is_ok());
}

#[tokio::test]
async fn programs_that_refresh_at_once_do_not_log_each_other_out() {
    let world = World::start().await;
    let first = world.register("alice").await;
    for round in 0..5 {
        world.edit_credentials("alice", |saved| saved["access_token_until"] = "2000-01-01T00:00:00.000Z".into());
        let programs: Vec<_> = (0..6).map(|_| world.client("alice")).collect();
        let asked = programs.into_iter().map(|program| tokio::spawn(async move { program.me().await }));
        for asked in asked.collect::<Vec<_>>() {
            asked.await.expect("an answer").unwrap_or_else(|error| panic!("round {round}: {error:?}"));
        }
    }
    // The first one still holds the tokens of the beginning, and finds the newest ones in the file.
    first.me().await.expect("logged in");
    assert_eq!(first.sessions(PageQuery::default()).await.expect("sessions").items.len(), 1);
}

#[tokio::test]
async fn a_token_that_the_server_refuses_is_refreshed_once() {
    let world = World::start().await;
    world.register("alice").await;
    world.edit_credentials("alice", |saved| saved["access_token"] = "not.a.token".into());
    let alice = world.client("alice");
    alice.me().await.expect("refreshed");

    world.edit_credentials("alice", |saved| {
        saved["access_token"] = "not.a.token".into();
        saved["refresh_token"] = "neither".into();
    });
    let stranger = world.client("alice");
    let error = stranger.me().await.expect_err("no valid token");
    assert!(error.is_logged_out(), "{error:?}");
    assert!(matches!(stranger.me().await, Err(ClientError::NotLoggedIn { .. })));
}

#[tokio::test]
async fn the_end_of_a_session_ends_its_connection() {
    let world = World::start().await;
    let alice = world.register("alice").await;
    let (_connection, mut updates) = alice.connect(ConnectOptions::default());
    let hello = connected(&mut updates).await;

    let other_device = world.client("elsewhere");
    other_device.login(login("alice", "correct horse battery")).await.expect("logged in");
    other_device.end_session(hello.session_id).await.expect("ended");
    loop {
        match next(&mut updates).await {
            Update::LoggedOut { .. } => break,
            Update::Event(_) | Update::Disconnected { .. } | Update::Connecting { .. } => {}
            update => panic!("{update:?}"),
        }
    }
    assert!(updates.recv().await.is_none());
}

#[tokio::test]
async fn names_and_ids_are_resolved() {
    let world = World::start().await;
    let alice = world.register("alice").await;
    let (team, channel) = team_and_channel(&alice, &[]).await;
    let (team_id, channel_id) = (team.team.id, channel.channel.id);
    for text in ["eng", "ENG", &team_id.to_string()] {
        assert_eq!(alice.resolve_team(text).await.expect(text).team.id, team_id);
    }
    for text in ["eng/talk", "eng/#Talk", "#talk", "talk", &channel_id.to_string(), &format!("eng/{channel_id}")] {
        assert_eq!(alice.resolve_channel(text).await.expect(text).channel.id, channel_id);
    }
    let me = alice.me().await.expect("an account").id;
    for text in ["alice", "@Alice", &me.to_string()] {
        assert_eq!(alice.resolve_user(text).await.expect(text).id, me);
    }
    for outcome in [
        alice.resolve_team("nope").await.map(drop),
        alice.resolve_channel("eng/nope").await.map(drop),
        alice.resolve_channel("nope/talk").await.map(drop),
        alice.resolve_user("@nope").await.map(drop),
        alice.resolve_team("999").await.map(drop),
    ] {
        assert_eq!(outcome.expect_err("unknown").code(), Some(ErrorCode::NotFound));
    }
    let error = alice.resolve_team("0").await.expect_err("no id");
    assert_eq!(error.code(), Some(ErrorCode::InvalidField));
    assert!(alice.all_teams().await.expect("teams").iter().any(|found| found.team.id == team_id));
    assert!(alice.all_channels(team_id).await.expect("channels").iter().any(|found| found.channel.id == channel_id));
}
