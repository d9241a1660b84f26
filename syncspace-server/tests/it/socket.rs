//! The socket as any client sees it: real servers in this process, asked over TCP.

mod banner;
mod conditions;
mod delivery;
mod peer;
mod repeats;
mod resume;
mod resumption;
mod revocation;
mod statuses;
mod tokens;
mod work;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use syncspace_protocol::messages::SendMessage;
use syncspace_protocol::teams::{PutTeamMember, TeamRole};
use syncspace_protocol::{ChannelId, TeamId};
use syncspace_server::config::Rates;

use self::peer::{Instance, Peer, Person, people};
use crate::place::body;

/// Two people in one team, with one public channel both are in.
struct Chat {
    alice: Person,
    bob: Person,
    team: TeamId,
    channel: ChannelId,
}

impl Chat {
    async fn on(instance: &Instance) -> Self {
        let [alice, bob] = people(instance, ["alice", "bob"]).await;
        let service = instance.service();
        let team = service.create_team(&alice.actor, body(json!({"name": "eng"}))).await.expect("a team").team.id;
        let role = PutTeamMember { role: TeamRole::Member };
        service.put_team_member(&alice.actor, team, bob.actor.user_id, role).await.expect("adds");
        let general = body(json!({"kind": "public", "name": "general"}));
        let channel = service.create_channel(&alice.actor, team, general).await.expect("a channel").channel.id;
        service.join_channel(&bob.actor, channel).await.expect("joins");
        Self { alice, bob, team, channel }
    }

    async fn say(&self, instance: &Instance, who: &Person, content: &str) {
        instance.service().send_message(&who.actor, self.channel, text(content)).await.expect("sends");
    }

    fn stream(&self) -> String {
        format!("c{}", self.channel)
    }
}

fn text(content: &str) -> SendMessage {
    SendMessage { content: content.to_owned(), ..SendMessage::default() }
}

#[tokio::test]
async fn hello_comes_first_and_names_the_teams() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let mut alice = Peer::connect(&instance, "/ws", Some(&chat.alice.token)).await;
    let hello = alice.next().await;
    assert_eq!((hello["ev"].as_str(), hello["protocol"].as_u64()), (Some("hello"), Some(1)), "{hello}");
    assert_eq!(hello["user"]["username"], "alice");
    assert_eq!(hello["teams"][0]["name"], "eng");
    assert_eq!(hello["teams"][0]["membership"]["role"], "owner");
    assert!(hello["teams"][0]["team_rev"].as_u64() > Some(0), "{hello}");
    assert!(hello["epoch"].as_str().is_some_and(|epoch| !epoch.is_empty()), "{hello}");
}

#[tokio::test]
async fn a_message_reaches_everybody_in_the_channel_once_with_its_rev() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let mut alice = Peer::live(&instance, &chat.alice).await;
    let mut bob = Peer::live(&instance, &chat.bob).await;
    let send = json!({"id": 7, "op": "send", "channel_id": chat.channel, "content": "hi", "client_id": "one"});
    alice.send(&send).await;
    let ack = alice.reply(7).await;
    assert_eq!((ack["ok"]["seq"].as_u64(), ack["ok"]["is_repeat"].as_bool()), (Some(1), Some(false)), "{ack}");
    for peer in [&mut alice, &mut bob] {
        let event = peer.event("message.created").await;
        assert_eq!(event["stream"], chat.stream());
        assert_eq!(event["rev"], 1);
        assert_eq!((&event["message"]["content"], &event["message"]["client_id"]), (&json!("hi"), &json!("one")));
    }
    alice.send(&send).await;
    assert_eq!(alice.reply(7).await["ok"]["is_repeat"], true);
    bob.send(&json!({"id": 1, "op": "read", "channel_id": chat.channel, "seq": 1})).await;
    assert_eq!(bob.reply(1).await["ok"]["unread_count"], 0);
    assert_eq!(bob.event("me.read").await["read"]["last_read_seq"], 1);
    bob.nothing_more().await;
}

#[tokio::test]
async fn typing_and_presence_reach_the_others() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let mut alice = Peer::live(&instance, &chat.alice).await;
    alice.send(&json!({"id": 1, "op": "watch", "users": [chat.bob.actor.user_id]})).await;
    assert_eq!(alice.reply(1).await["ok"]["users"][0]["status"], "offline");
    let mut bob = Peer::live(&instance, &chat.bob).await;
    assert_eq!(alice.event("presence.changed").await["users"][0]["status"], "online");
    bob.send(&json!({"id": 1, "op": "typing", "channel_id": chat.channel})).await;
    bob.reply(1).await;
    let typing = alice.event("typing").await;
    assert_eq!((&typing["user_id"], &typing["rev"]), (&json!(chat.bob.actor.user_id), &Value::Null));
    bob.send(&json!({"id": 2, "op": "typing", "channel_id": chat.channel})).await;
    assert_eq!(bob.reply(2).await["ok"], json!({}));
    chat.say(&instance, &chat.bob, "said").await;
    assert_eq!(alice.message().await, "said");
    assert!(!alice.has("typing"), "more often than once a second it is not passed on");
    let direct = body(json!({"kind": "direct", "user_id": chat.alice.actor.user_id}));
    let direct =
        instance.service().create_channel(&chat.bob.actor, chat.team, direct).await.expect("a channel").channel.id;
    // A socket that has sent what was missed follows before it answers the next request.
    instance.service().send_message(&chat.bob.actor, direct, text("psst")).await.expect("sends");
    assert_eq!(alice.message().await, "psst");
    alice.send(&json!({"id": 4, "op": "ping"})).await;
    alice.reply(4).await;
    bob.send(&json!({"id": 3, "op": "typing", "channel_id": direct})).await;
    assert_eq!(alice.event("typing").await["stream"], format!("c{direct}"), "each channel has its own second");
    drop(bob);
    assert_eq!(alice.event("presence.changed").await["users"][0]["status"], "offline");
}

#[tokio::test]
async fn malformed_frames_are_answered_and_the_connection_lives() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let mut alice = Peer::live(&instance, &chat.alice).await;
    for (frame, code) in [
        ("not json", "invalid_body"),
        ("{\"id\":1}", "invalid_body"),
        ("{\"id\":1,\"op\":\"dance\"}", "unknown_op"),
        ("{\"id\":1,\"op\":\"send\",\"channel_id\":\"x\",\"content\":\"\"}", "invalid_field"),
        ("{\"id\":1,\"op\":\"send\",\"channel_id\":999,\"content\":\"hi\"}", "not_found"),
        ("{\"id\":1,\"op\":\"send\",\"channel_id\":1,\"content\":\"  \"}", "invalid_field"),
        ("{\"id\":1,\"op\":\"resume\",\"streams\":{},\"epoch\":\"x\"}", "conflict"),
    ] {
        alice.send_text(frame).await;
        let reply = alice.next().await;
        assert_eq!(reply["error"]["code"], code, "{frame}: {reply}");
        assert!(reply["error"]["message"].as_str().is_some_and(|text| text.len() > 10), "{reply}");
    }
    alice.send_binary(b"\x00").await;
    assert_eq!(alice.next().await["error"]["code"], "invalid_body");
    alice.send(&json!({"id": 9, "op": "ping"})).await;
    assert_eq!(alice.reply(9).await["ok"], json!({}));
}

#[tokio::test]
async fn frames_that_break_the_protocol_end_the_connection_and_nothing_else() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let mut alice = Peer::live(&instance, &chat.alice).await;
    let mut bob = Peer::live(&instance, &chat.bob).await;
    alice.send_text(&"x".repeat(70_000)).await;
    assert_eq!(alice.closing().await, "protocol");
    let mut again = Peer::live(&instance, &chat.alice).await;
    again.send_raw(&[0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe]).await;
    assert_eq!(again.closing().await, "protocol");
    chat.say(&instance, &chat.alice, "still here").await;
    assert_eq!(bob.event("message.created").await["message"]["content"], "still here");
}

#[tokio::test]
async fn nobody_gets_in_without_a_valid_token() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let mut forged = Peer::connect(&instance, "/ws", Some("forged")).await;
    assert_eq!(forged.next().await["error"]["code"], "unauthenticated");
    assert_eq!(forged.closing().await, "unauthenticated");
    let mut late = Peer::connect(&instance, "/ws", None).await;
    late.send(&json!({"id": 1, "op": "ping"})).await;
    assert_eq!(late.reply(1).await["error"]["code"], "unauthenticated");
    late.send(&json!({"id": 2, "op": "auth", "token": chat.alice.token})).await;
    assert_eq!(late.reply(2).await["ok"], json!({}));
    assert_eq!(late.event("hello").await["user"]["username"], "alice");
    let ticket = instance.service().socket_ticket(&chat.bob.actor).await.expect("a ticket").ticket.0;
    let path = format!("/ws?token={ticket}");
    assert_eq!(Peer::connect(&instance, &path, None).await.next().await["ev"], "hello");
    assert_eq!(Peer::connect(&instance, &path, None).await.next().await["error"]["code"], "unauthenticated");
}

#[tokio::test]
async fn a_session_that_ends_closes_its_sockets_and_no_others() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let mut alice = Peer::live(&instance, &chat.alice).await;
    let mut bob = Peer::live(&instance, &chat.bob).await;
    instance.service().logout(&chat.alice.actor).await.expect("logs out");
    assert_eq!(alice.closing().await, "session_ended");
    bob.send(&json!({"id": 1, "op": "ping"})).await;
    bob.reply(1).await;
}

#[tokio::test]
async fn whoever_gets_other_rights_connects_again() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let admin = instance.administrator().await;
    let mut bob = Peer::live(&instance, &chat.bob).await;
    let promote = body(json!({"is_admin": true}));
    instance.service().edit_user(&admin, chat.bob.actor.user_id, promote).await.expect("promotes");
    assert_eq!(bob.closing().await, "draining");
    let hello = Peer::connect(&instance, "/ws", Some(&chat.bob.token)).await.next().await;
    assert_eq!(hello["user"]["is_admin"], true);
}

#[tokio::test]
async fn whoever_is_removed_hears_nothing_more() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let mut bob = Peer::live(&instance, &chat.bob).await;
    let service = instance.service();
    service.remove_channel_member(&chat.alice.actor, chat.channel, chat.bob.actor.user_id).await.expect("removes");
    assert_eq!(bob.event("me.channel_left").await["channel_id"], json!(chat.channel));
    chat.say(&instance, &chat.alice, "without bob").await;
    service.join_channel(&chat.bob.actor, chat.channel).await.expect("comes back");
    let joined = bob.event("me.channel_joined").await;
    assert_eq!(joined["membership"]["read"]["unread_count"], 0);
    chat.say(&instance, &chat.alice, "with bob").await;
    assert_eq!(bob.message().await, "with bob");
    service.remove_team_member(&chat.alice.actor, chat.team, chat.bob.actor.user_id).await.expect("removes");
    assert_eq!(bob.event("me.team_left").await["team_id"], json!(chat.team));
    chat.say(&instance, &chat.alice, "bob is gone").await;
    bob.nothing_more().await;
}

#[tokio::test]
async fn whoever_comes_into_a_team_follows_it_at_once() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let [carol] = people(&instance, ["carol"]).await;
    let mut socket = Peer::live(&instance, &carol).await;
    let service = instance.service();
    let role = PutTeamMember { role: TeamRole::Member };
    service.put_team_member(&chat.alice.actor, chat.team, carol.actor.user_id, role).await.expect("adds");
    assert_eq!(socket.event("me.team_joined").await["team"]["name"], "eng");
    service.join_channel(&carol.actor, chat.channel).await.expect("joins");
    socket.event("me.channel_joined").await;
    chat.say(&instance, &chat.alice, "welcome").await;
    assert_eq!(socket.message().await, "welcome");
}

#[tokio::test]
async fn whoever_asks_to_come_in_and_who_decides_are_told_on_every_instance() {
    let cluster = Instance::cluster().await;
    let [one, two] = &cluster.instances;
    let chat = Chat::on(one).await;
    let [carol] = people(one, ["carol"]).await;
    let on_request = body(json!({"is_public": true, "settings": {"joining": "request"}}));
    one.service().edit_team(&chat.alice.actor, chat.team, on_request).await.expect("edits");
    let mut alice = Peer::live(one, &chat.alice).await;
    let mut bob = Peer::live(one, &chat.bob).await;
    // Nobody of the team is on her instance.
    let mut carols = Peer::live(two, &carol).await;
    let ask = || one.service().ask_to_join(&carol.actor, chat.team, body(json!({})));
    ask().await.expect("asks");
    assert_eq!(carols.event("me.join_requests").await["team_ids"], json!([chat.team]));
    let asked = alice.event("team.join_request").await["request"].clone();
    assert_eq!((&asked["username"], &asked["state"]), (&json!("carol"), &json!("open")));
    assert_eq!(bob.event("void").await["stream"], format!("t{}", chat.team));
    assert!(!bob.has("team.join_request"));
    let mut later = Peer::connect(two, "/ws", Some(&carol.token)).await;
    assert_eq!(later.next().await["join_requests"], json!([chat.team]), "hello says it whole");
    one.service().withdraw_join_request(&carol.actor, chat.team).await.expect("takes it back");
    assert_eq!(carols.event("me.join_requests").await["team_ids"], json!([]));
    assert_eq!(alice.event("team.join_request").await["request"]["state"], "withdrawn");
    // Who comes to manage members hears of the next one, and who does so no longer does not.
    let put = |role| PutTeamMember { role };
    let service = one.service();
    service
        .put_team_member(&chat.alice.actor, chat.team, chat.bob.actor.user_id, put(TeamRole::Admin))
        .await
        .expect("up");
    ask().await.expect("asks");
    assert_eq!(bob.event("team.join_request").await["request"]["state"], "open");
    let put = put(TeamRole::Member);
    service.put_team_member(&chat.alice.actor, chat.team, chat.bob.actor.user_id, put).await.expect("down");
    service.accept_join_request(&chat.alice.actor, chat.team, carol.actor.user_id).await.expect("takes in");
    assert_eq!(carols.event("me.team_joined").await["team"]["name"], "eng");
    alice.until(|frame| frame["request"]["state"] == "accepted").await;
    bob.until(|frame| frame["member"]["user"]["username"] == "carol").await;
    // What was committed before the sign of life comes before it.
    bob.send(&json!({"id": 1, "op": "ping"})).await;
    bob.reply(1).await;
    assert!(!bob.has("team.join_request"));
}

#[tokio::test]
async fn a_direct_channel_is_announced_with_all_its_people() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let mut alice = Peer::live(&instance, &chat.alice).await;
    let mut bob = Peer::live(&instance, &chat.bob).await;
    let direct = body(json!({"kind": "direct", "user_id": chat.bob.actor.user_id}));
    instance.service().create_channel(&chat.alice.actor, chat.team, direct).await.expect("a channel");
    for peer in [&mut alice, &mut bob] {
        let people = peer.event("me.channel_joined").await["channel"]["people"].clone();
        let names: Vec<_> = people.as_array().expect("people").iter().map(|person| &person["username"]).collect();
        assert_eq!(names, ["alice", "bob"]);
    }
}

#[tokio::test]
async fn what_may_not_be_seen_comes_as_a_void() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let mut bob = Peer::live(&instance, &chat.bob).await;
    let secret = body(json!({"kind": "private", "name": "secret"}));
    instance.service().create_channel(&chat.alice.actor, chat.team, secret).await.expect("a channel");
    for _ in 0..2 {
        let void = bob.event("void").await;
        assert_eq!(void.as_object().expect("an object").len(), 3, "{void}");
    }
    let open = body(json!({"kind": "public", "name": "open"}));
    instance.service().create_channel(&chat.alice.actor, chat.team, open).await.expect("a channel");
    assert_eq!(bob.event("channel.updated").await["channel"]["name"], "open");
}

#[tokio::test]
async fn a_client_resumes_from_its_revs() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    for number in 1..=5 {
        chat.say(&instance, &chat.alice, &format!("m{number}")).await;
    }
    let mut bob = Peer::connect(&instance, "/ws?resume=1", Some(&chat.bob.token)).await;
    let hello = bob.next().await;
    chat.say(&instance, &chat.alice, "m6").await;
    let stream = chat.stream();
    let streams = json!({stream.clone(): 3, "c999": 1, format!("t{}", chat.team): 100_000});
    bob.send(&json!({"id": 1, "op": "resume", "streams": streams, "epoch": hello["epoch"]})).await;
    let statuses = bob.reply(1).await["ok"]["streams"].clone();
    assert_eq!(statuses, json!({stream: "ok", "c999": "gone", format!("t{}", chat.team): "reload"}));
    let changes = bob.event("changes").await;
    let contents: Vec<_> =
        changes["items"].as_array().expect("items").iter().map(|item| &item["message"]["content"]).collect();
    assert_eq!(contents, ["m4", "m5", "m6"]);
    assert_eq!((&changes["rev"], &changes["head_rev"]), (&json!(6), &json!(6)));
    chat.say(&instance, &chat.alice, "m7").await;
    assert_eq!(bob.message().await, "m7");
    let mut stranger = Peer::connect(&instance, "/ws?resume=1", Some(&chat.bob.token)).await;
    stranger.next().await;
    stranger.send(&json!({"id": 1, "op": "resume", "streams": {chat.stream(): 3}, "epoch": "another"})).await;
    assert_eq!(stranger.reply(1).await["ok"]["streams"], json!({chat.stream(): "reload"}));
}

#[tokio::test]
async fn whoever_was_removed_meanwhile_resumes_nothing() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let mut bob = Peer::connect(&instance, "/ws?resume=1", Some(&chat.bob.token)).await;
    let hello = bob.next().await;
    let service = instance.service();
    service.remove_channel_member(&chat.alice.actor, chat.channel, chat.bob.actor.user_id).await.expect("removes");
    let resume = json!({"id": 1, "op": "resume", "streams": {chat.stream(): 0}, "epoch": hello["epoch"]});
    // Alice keeps the channel's gate open.
    let _alice = Peer::live(&instance, &chat.alice).await;
    bob.send(&resume).await;
    assert_eq!(bob.reply(1).await["ok"]["streams"], json!({chat.stream(): "gone"}));
    chat.say(&instance, &chat.alice, "without bob").await;
    bob.nothing_more().await;
}

#[tokio::test]
async fn a_person_of_many_teams_gets_in() {
    let instance = Instance::embedded().await;
    let [alice] = people(&instance, ["alice"]).await;
    for number in 0..80 {
        let team = json!({"name": format!("team-{number}"), "description": "\u{1f600}".repeat(1_000)});
        instance.service().create_team(&alice.actor, body(team)).await.expect("a team");
    }
    let hello = Peer::connect(&instance, "/ws", Some(&alice.token)).await.next().await;
    assert_eq!(hello["teams"].as_array().expect("teams").len(), 80);
}

#[tokio::test]
async fn a_slow_reader_misses_nothing() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let mut bob = Peer::live(&instance, &chat.bob).await;
    // More than the queue, the buffers and the kernel hold.
    let content = "x".repeat(8_000);
    let sends = (0..1_500).map(|_| instance.service().send_message(&chat.alice.actor, chat.channel, text(&content)));
    for sent in futures_util::future::join_all(sends).await {
        sent.expect("sends");
    }
    let mut seen = BTreeMap::new();
    let mut rev = 0;
    while seen.len() < 1_500 {
        let frame = bob.next().await;
        let messages = match frame["ev"].as_str() {
            Some("message.created") => vec![frame["message"].clone()],
            Some("changes") => {
                frame["items"].as_array().expect("items").iter().map(|item| item["message"].clone()).collect()
            }
            _ => continue,
        };
        assert!(frame["rev"].as_u64() > Some(rev), "revs grow: {rev} then {}", frame["rev"]);
        rev = frame["rev"].as_u64().expect("a rev");
        for message in messages {
            let seq = message["seq"].as_u64().expect("a seq");
            assert_eq!(seq, seen.len() as u64 + 1, "in order, without gaps");
            assert!(seen.insert(seq, ()).is_none());
        }
    }
    bob.nothing_more().await;
}

#[tokio::test]
async fn a_stopping_server_says_when_to_come_back() {
    let instance = Instance::embedded().await;
    let chat = Chat::on(&instance).await;
    let mut alice = Peer::live(&instance, &chat.alice).await;
    instance.shutdown();
    let closing = alice.event("closing").await;
    assert_eq!(closing["reason"], "draining");
    assert!(closing["reconnect_after_ms"].as_u64() > Some(0), "{closing}");
    instance.ended().await;
}

#[tokio::test]
async fn while_the_database_is_away_everybody_is_told_and_afterwards_all_goes_on() {
    let (instance, mut line) = Instance::on_mysql().await;
    let chat = Chat::on(&instance).await;
    let mut bob = Peer::live(&instance, &chat.bob).await;
    line.cut().await;
    let (status, wait) = instance.get_me(&chat.alice).await;
    assert_eq!(status, 503);
    assert!(wait.is_some_and(|wait| wait.parse::<u64>().expect("seconds") > 0));
    let send = json!({"id": 1, "op": "send", "channel_id": chat.channel, "content": "kept", "client_id": "one"});
    bob.send(&send).await;
    let refused = bob.reply(1).await;
    assert_eq!(refused["error"]["code"], "unavailable", "{refused}");
    assert!(refused["error"]["retry_after_ms"].as_u64() > Some(0), "{refused}");
    line.restore().await;
    let mut id = 1;
    let ack = loop {
        id += 1;
        let mut again = send.clone();
        again["id"] = json!(id);
        bob.send(&again).await;
        let reply = bob.reply(id).await;
        if reply["ok"].is_object() {
            break reply;
        }
        assert_eq!(reply["error"]["code"], "unavailable", "{reply}");
    };
    assert_eq!(ack["ok"]["seq"], 1, "{ack}");
    assert_eq!(bob.message().await, "kept");
    assert_eq!(instance.get_me(&chat.alice).await, (200, None));
    bob.nothing_more().await;
}

#[tokio::test]
async fn what_was_sent_behind_a_failed_message_does_not_come_before_it() {
    let (instance, mut line) = Instance::on_mysql().await;
    let chat = Chat::on(&instance).await;
    let mut bob = Peer::live(&instance, &chat.bob).await;
    let send = |id: u64, name: &str| json!({"id": id, "op": "send", "channel_id": chat.channel, "content": name, "client_id": name});
    bob.send(&send(1, "before")).await;
    assert_eq!(bob.reply(1).await["ok"]["seq"], 1);
    line.cut().await;
    bob.send(&send(2, "first")).await;
    // Answered at once, while the lane tries to commit the first one; the second waits behind it.
    bob.send(&json!({"id": 3, "op": "ping"})).await;
    bob.reply(3).await;
    bob.send(&send(4, "second")).await;
    assert_eq!(bob.reply(2).await["error"]["code"], "unavailable");
    line.restore().await;
    let refused = bob.reply(4).await;
    assert!(refused["error"].is_object(), "it must not stand before the first: {refused}");
    let (mut id, mut names) = (4, ["first", "second"].iter().peekable());
    while let Some(name) = names.peek() {
        id += 1;
        bob.send(&send(id, name)).await;
        if bob.reply(id).await["ok"].is_object() {
            names.next();
        }
    }
    let [before, first, second] = [bob.message().await, bob.message().await, bob.message().await];
    assert_eq!([before, first, second], ["before", "first", "second"]);
}

#[tokio::test]
async fn two_instances_share_one_chat() {
    let cluster = Instance::cluster().await;
    let [one, two] = &cluster.instances;
    let chat = Chat::on(one).await;
    let mut alice = Peer::live(one, &chat.alice).await;
    let mut bob = Peer::live(two, &chat.bob).await;
    alice.send(&json!({"id": 1, "op": "watch", "users": [chat.bob.actor.user_id]})).await;
    alice
        .until(|frame| {
            let users = frame["ok"]["users"].as_array().or_else(|| frame["users"].as_array());
            users.is_some_and(|users| users.iter().any(|user| user["status"] == "online"))
        })
        .await;
    chat.say(one, &chat.alice, "from one").await;
    assert_eq!(bob.message().await, "from one");
    chat.say(two, &chat.bob, "from two").await;
    assert_eq!(alice.message().await, "from one");
    assert_eq!(alice.message().await, "from two");
    bob.send(&json!({"id": 1, "op": "typing", "channel_id": chat.channel})).await;
    assert_eq!(alice.event("typing").await["user_id"], json!(chat.bob.actor.user_id));
    two.service().logout(&chat.alice.actor).await.expect("logs out elsewhere");
    assert_eq!(alice.closing().await, "session_ended");
}

#[tokio::test]
async fn without_redis_messages_still_reach_the_other_instance() {
    let mut cluster = Instance::cluster().await;
    let chat = Chat::on(&cluster.instances[0]).await;
    let mut bob = Peer::live(&cluster.instances[1], &chat.bob).await;
    cluster.redis.kill();
    for number in 1..=3 {
        chat.say(&cluster.instances[0], &chat.alice, &format!("m{number}")).await;
        assert_eq!(bob.message().await, format!("m{number}"));
    }
    cluster.redis.start_again();
    cluster.wait_for_bus().await;
    chat.say(&cluster.instances[0], &chat.alice, "back").await;
    assert_eq!(bob.message().await, "back");
    bob.nothing_more().await;
}

#[tokio::test]
async fn a_connection_that_asks_too_much_is_told_when_to_go_on() {
    let rates = Rates { login_attempts_per_minute: 0, requests_per_second: 1 };
    let instance = Instance::start(|config| config.rates = rates).await;
    let chat = Chat::on(&instance).await;
    let mut bob = Peer::live(&instance, &chat.bob).await;
    for (id, is_fine) in [(1, true), (2, true), (3, false)] {
        bob.send(&json!({"id": id, "op": "read", "channel_id": chat.channel, "seq": 1})).await;
        let reply = bob.reply(id).await;
        assert_eq!(reply["ok"].is_object(), is_fine, "{reply}");
        if !is_fine {
            assert_eq!(reply["error"]["code"], "rate_limited");
            assert!((1..=1_001).contains(&reply["error"]["retry_after_ms"].as_u64().expect("a wait")), "{reply}");
        }
    }
    // Messages have a larger bucket. After the first one that it refuses, order holds until that one is sent again.
    let send = |id: u64| json!({"id": id, "op": "send", "channel_id": chat.channel, "content": "x", "client_id": format!("n{id}")});
    for id in 100..200 {
        bob.send(&send(id)).await;
    }
    let mut codes = Vec::new();
    for id in 100..200 {
        codes.push(bob.reply(id).await["error"]["code"].as_str().unwrap_or("ok").to_owned());
    }
    let accepted = codes.iter().take_while(|code| *code == "ok").count();
    assert!((40..100).contains(&accepted), "{accepted}");
    assert_eq!(codes[accepted], "rate_limited");
    assert!(codes[accepted + 1..].iter().all(|code| code == "busy"), "{codes:?}");
}
