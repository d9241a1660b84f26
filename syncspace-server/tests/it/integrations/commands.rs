//! Commands: who manages them, who runs them, and what comes of the answers.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use syncspace_protocol::UserId;
use syncspace_protocol::commands::{CommandAnswer, EditCommand, MadeCommand};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::page::PageQuery;
use syncspace_server::service::{Actor, ServiceError};

use crate::counts::Room;
use crate::place::{Place, body, on_both_stores, refused};
use crate::target::{Behaviour, Target};

on_both_stores! {
    commands_are_managed_by_few_and_seen_by_all,
    a_command_asks_as_slack_does,
    an_answer_is_for_one_or_for_all,
    a_target_that_fails_is_told_to_who_asked,
    a_switched_off_bot_has_no_commands,
}

impl Room {
    async fn command_by(&self, actor: &Actor, bot: UserId, url: &str) -> Result<MadeCommand, ServiceError> {
        let new = body(json!({"name": "deploy", "bot_id": bot, "url": url, "usage_hint": "[service]"}));
        self.rig.service.create_command(actor, self.team, new).await
    }

    async fn run(&self, actor: &Actor, text: &str) -> Result<CommandAnswer, ServiceError> {
        let run = body(json!({"name": "deploy", "text": text}));
        self.rig.service.run_command(actor, self.channel, run).await
    }
}

async fn commands_are_managed_by_few_and_seen_by_all(place: Place) {
    let room = Room::open(place).await;
    let service = &room.rig.service;
    let bot = room.bot("ci").await.user.id;
    let url = "https://example.org/deploy";
    refused(room.command_by(&room.bob, bot, url).await, ErrorCode::Forbidden);
    refused(room.command_by(&room.alice, room.bob.user_id, url).await, ErrorCode::NotFound);
    refused(room.command_by(&room.alice, bot, "file:///etc/passwd").await, ErrorCode::InvalidField);
    let made = room.command_by(&room.alice, bot, url).await.expect("makes a command").command;
    refused(room.command_by(&room.alice, bot, url).await, ErrorCode::NameTaken);
    let list = async |who: &Actor| {
        service.commands(who, room.team, &PageQuery::default()).await.expect("lists").items.remove(0)
    };
    assert_eq!(list(&room.alice).await, made);
    assert_eq!(list(&room.bob).await.url, None, "where it leads is a matter of those who manage it");
    let edit = EditCommand { url: Some("https://example.org/new".to_owned()), ..EditCommand::default() };
    refused(service.edit_command(&room.bob, (room.team, made.id), edit.clone()).await, ErrorCode::Forbidden);
    let edited = service.edit_command(&room.alice, (room.team, made.id), edit).await.expect("edits");
    assert_eq!((edited.url.as_deref(), edited.usage_hint), (Some("https://example.org/new"), made.usage_hint));
    refused(service.delete_command(&room.bob, room.team, made.id).await, ErrorCode::Forbidden);
    service.delete_command(&room.alice, room.team, made.id).await.expect("deletes");
    refused(service.delete_command(&room.alice, room.team, made.id).await, ErrorCode::NotFound);
}

async fn a_command_asks_as_slack_does(place: Place) {
    let room = Room::open_to_targets(place).await;
    let mut target = Target::start(Behaviour::Answer(200, String::new())).await;
    let bot = room.bot_inside("ci").await;
    let made = room.command_by(&room.alice, bot, &target.url("/deploy")).await.expect("makes a command");
    refused(room.run(&room.carol, "x").await, ErrorCode::Forbidden);
    let acting = room.acting(bot).await;
    let loops = refused(room.run(&acting, "x").await, ErrorCode::Forbidden);
    assert!(loops.message.contains("never stop"), "{}", loops.message);
    refused(
        room.rig.service.run_command(&room.bob, room.channel, body(json!({"name": "nothing"}))).await,
        ErrorCode::NotFound,
    );
    assert!(!target.has_more(), "whoever may not write there asks nobody");
    let answer = room.run(&room.bob, " web & db ").await.expect("runs");
    assert_eq!(answer, CommandAnswer { text: String::new(), seq: None });
    let received = target.next().await;
    assert_eq!(received.headers["content-type"], "application/x-www-form-urlencoded");
    let fields: BTreeMap<String, String> = url::form_urlencoded::parse(received.body.as_bytes()).into_owned().collect();
    let expected = [
        ("team_id", room.team.to_string()),
        ("team_domain", "eng".to_owned()),
        ("channel_id", room.channel.to_string()),
        ("channel_name", "general".to_owned()),
        ("user_id", room.bob.user_id.to_string()),
        ("user_name", "bob_".to_owned()),
        ("command", "/deploy".to_owned()),
        ("text", "web & db".to_owned()),
    ];
    assert_eq!(fields, expected.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
    assert_eq!(received.headers["x-slack-signature"], received.headers["x-syncspace-signature"]);
    assert!(received.headers["x-slack-signature"].starts_with("v0="));
    assert!(!received.body.contains(&made.secret.0));
}

async fn an_answer_is_for_one_or_for_all(place: Place) {
    let room = Room::open_to_targets(place).await;
    let target = Target::start(Behaviour::Answer(200, "*plain* text\u{1b}[31m".to_owned())).await;
    let bot = room.bot("ci").await.user.id;
    room.command_by(&room.alice, bot, &target.url("/")).await.expect("makes a command");
    let answer = room.run(&room.bob, "").await.expect("runs");
    assert_eq!((answer.text.as_str(), answer.seq), ("*plain* text", None));
    let for_all: Value = json!({"response_type": "in_channel", "text": "*out*"});
    target.behave(Behaviour::Answer(200, for_all.to_string())).await;
    let answer = room.run(&room.bob, "").await.expect("runs");
    assert!(answer.seq.is_none() && answer.text.starts_with("**out**") && answer.text.contains("Only you see this"));
    room.let_in(bot, room.channel).await;
    let answer = room.run(&room.bob, "").await.expect("runs");
    assert_eq!((answer.text.as_str(), answer.seq.map(|seq| seq.get())), ("", Some(1)));
    let page = room.rig.service.messages(&room.bob, room.channel, body(json!({}))).await.expect("reads");
    assert_eq!((page.items[0].sender_id, page.items[0].content.as_str()), (bot, "**out**"));
}

async fn a_target_that_fails_is_told_to_who_asked(place: Place) {
    let room = Room::open_to_targets(place).await;
    let target = Target::start(Behaviour::Silence).await;
    let bot = room.bot_inside("ci").await;
    room.command_by(&room.alice, bot, &target.url("/")).await.expect("makes a command");
    for (behaviour, part) in [
        (Behaviour::Answer(500, String::new()), "status 500"),
        (Behaviour::Redirect(307, "http://10.0.0.1/".to_owned()), "private network"),
        (Behaviour::Flood(70_000), "longer than"),
        (Behaviour::Silence, "within 3 s"),
    ] {
        target.behave(behaviour).await;
        let failed = refused(room.run(&room.bob, "").await, ErrorCode::TargetFailed);
        assert!(failed.message.contains(part) && failed.message.contains("/deploy"), "{}", failed.message);
    }
}

async fn a_switched_off_bot_has_no_commands(place: Place) {
    let room = Room::open_to_targets(place).await;
    let target = Target::start(Behaviour::Answer(200, "ok".to_owned())).await;
    let bot = room.bot_inside("ci").await;
    room.command_by(&room.alice, bot, &target.url("/")).await.expect("makes a command");
    assert_eq!(room.run(&room.bob, "").await.expect("runs").text, "ok");
    for (is_active, answers) in [(false, false), (true, true)] {
        let edit = body(json!({"is_active": is_active}));
        room.rig.service.edit_bot(&room.alice, (room.team, bot), edit).await.expect("switches");
        let ran = room.run(&room.bob, "").await;
        match answers {
            true => assert_eq!(ran.expect("runs").text, "ok"),
            false => drop(refused(ran, ErrorCode::NotFound)),
        }
    }
}
