//! What becomes of each kind of stream that a client resumes: ok, reload, gone.

use serde_json::{Value, json};
use syncspace_protocol::teams::{PutTeamMember, TeamRole};
use syncspace_server::store::{DatabaseUrl, Queries as _, Sql, Store, params};
use tempfile::TempDir;

use super::peer::{Instance, Peer, Person, people};
use super::{Chat, text};
use crate::place::body;

/// A server whose database the test can write into; Bob's three streams, each with some changes.
struct Stage {
    instance: Instance,
    chat: Chat,
    /// Bob's stream in the team.
    member: String,
    store: Store,
    _folder: TempDir,
}

impl Stage {
    async fn set() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = DatabaseUrl::Sqlite(folder.path().join("stage.db"));
        let instance = Instance::start(|config| config.database = url.clone()).await;
        let chat = Chat::on(&instance).await;
        for number in 1..=5 {
            chat.say(&instance, &chat.alice, &format!("m{number}")).await;
        }
        let service = instance.service();
        for name in ["two", "three"] {
            let new = body(json!({"kind": "public", "name": name}));
            let channel = service.create_channel(&chat.alice.actor, chat.team, new).await.expect("a channel");
            service.join_channel(&chat.bob.actor, channel.channel.id).await.expect("joins");
        }
        let team = service.team(&chat.bob.actor, chat.team).await.expect("a team");
        let member = format!("m{}", team.membership.expect("a membership").member_id);
        let store = Store::open(&url).await.expect("opens");
        Self { instance, chat, member, store, _folder: folder }
    }

    /// Names the three streams: the channel's, the team's, Bob's own.
    fn streams(&self) -> [String; 3] {
        [self.chat.stream(), format!("t{}", self.chat.team), self.member.clone()]
    }

    /// Changes something in each of the three streams.
    async fn go_on(&self) {
        let service = self.instance.service();
        let new = body(json!({"kind": "private", "name": "more"}));
        let bob = &self.chat.bob.actor;
        service.create_channel(bob, self.chat.team, new).await.expect("a channel");
        service.send_message(bob, self.chat.channel, text("more")).await.expect("sends");
    }

    /// Resumes Bob's three streams on a new socket, each from this rev.
    async fn resume(&self, rev: u64, epoch: Option<&str>) -> (Peer, Value) {
        let mut bob = Peer::connect(&self.instance, "/ws?resume=1", Some(&self.chat.bob.token)).await;
        let hello = bob.event("hello").await;
        let epoch = epoch.or(hello["epoch"].as_str());
        let streams: serde_json::Map<_, _> = self.streams().into_iter().map(|stream| (stream, json!(rev))).collect();
        bob.send(&json!({"id": 1, "op": "resume", "streams": streams, "epoch": epoch})).await;
        let statuses = bob.reply(1).await["ok"]["streams"].clone();
        (bob, statuses)
    }

    fn all(&self, status: &str) -> Value {
        self.streams().into_iter().map(|stream| (stream, json!(status))).collect::<serde_json::Map<_, _>>().into()
    }
}

/// Takes the pages of a stream up to its head, and gives the first rev they stand above, and the last page.
async fn pages(peer: &mut Peer, stream: &str) -> (u64, Value) {
    let mut begin = None;
    loop {
        let page = peer.until(|frame| frame["ev"] == "changes" && frame["stream"] == stream).await;
        let after = page["after"].as_u64().expect("a rev");
        begin.get_or_insert(after);
        if page["rev"] == page["head_rev"] {
            return (begin.unwrap_or(after), page);
        }
    }
}

#[tokio::test]
async fn ok_brings_what_was_missed_of_every_kind_of_stream_and_then_what_happens() {
    let stage = Stage::set().await;
    let (mut bob, statuses) = stage.resume(1, None).await;
    assert_eq!(statuses, stage.all("ok"));
    let mut heads = Vec::new();
    for stream in stage.streams() {
        let (after, last) = pages(&mut bob, &stream).await;
        assert_eq!(after, 1, "{last}");
        let is_channel = stream.starts_with('c');
        assert_eq!(last["read"]["unread_count"].as_u64(), is_channel.then_some(5), "{last}");
        heads.push((stream, last["rev"].as_u64().expect("a rev")));
    }
    stage.go_on().await;
    for (stream, head) in heads {
        let next = bob.until(|frame| frame["stream"] == stream && frame["rev"] == head + 1).await;
        assert_ne!(next["ev"], "changes", "it is live: {next}");
    }
}

#[tokio::test]
async fn a_rev_that_was_never_given_or_another_history_means_reload_and_live_from_there() {
    let stage = Stage::set().await;
    for (rev, epoch) in [(100_000, None), (1, Some("another"))] {
        let (mut bob, statuses) = stage.resume(rev, epoch).await;
        assert_eq!(statuses, stage.all("reload"));
        stage.chat.say(&stage.instance, &stage.chat.alice, "live").await;
        assert_eq!(bob.message().await, "live");
        assert!(!bob.has("changes"), "nothing is caught up: the client reads the state");
    }
}

#[tokio::test]
async fn below_what_is_kept_every_kind_of_stream_says_reload_and_goes_on() {
    let stage = Stage::set().await;
    for table in ["channel_heads", "team_heads", "member_heads"] {
        let sql = format!("UPDATE {table} SET floor_rev = 2 WHERE last_rev >= 2");
        (&mut &stage.store).execute(&Sql::built(sql), params![]).await.expect("updates");
    }
    let (mut bob, statuses) = stage.resume(1, None).await;
    assert_eq!(statuses, stage.all("ok"), "it is seen when the changes are read");
    let mut heads = Vec::new();
    for stream in stage.streams() {
        let reload = bob.until(|frame| frame["ev"] == "stream.reload" && frame["stream"] == stream).await;
        heads.push((stream, reload["rev"].as_u64().expect("where it is live")));
    }
    stage.go_on().await;
    for (stream, head) in heads {
        bob.until(|frame| frame["stream"] == stream && frame["rev"] == head + 1).await;
    }
    let (mut bob, _) = stage.resume(2, None).await;
    for stream in stage.streams() {
        assert_eq!(pages(&mut bob, &stream).await.0, 2, "the floor itself is kept");
    }
}

#[tokio::test]
async fn what_may_not_be_seen_is_gone_whatever_kind_it_is_of() {
    let stage = Stage::set().await;
    let service = stage.instance.service();
    let alice = &stage.chat.alice.actor;
    service.remove_team_member(alice, stage.chat.team, stage.chat.bob.actor.user_id).await.expect("removes");
    let (mut bob, statuses) = stage.resume(1, None).await;
    assert_eq!(statuses, stage.all("gone"));
    stage.chat.say(&stage.instance, &stage.chat.alice, "without bob").await;
    bob.nothing_more().await;
    let [carol]: [Person; 1] = people(&stage.instance, ["carol"]).await;
    let put = PutTeamMember { role: TeamRole::Member };
    service.put_team_member(alice, stage.chat.team, carol.actor.user_id, put).await.expect("adds");
    let mut peer = Peer::connect(&stage.instance, "/ws?resume=1", Some(&carol.token)).await;
    let hello = peer.event("hello").await;
    let streams = json!({stage.member.clone(): 1, "m999": 1, "t999": 1});
    peer.send(&json!({"id": 1, "op": "resume", "streams": streams, "epoch": hello["epoch"]})).await;
    let expected = json!({stage.member.clone(): "gone", "m999": "gone", "t999": "gone"});
    assert_eq!(peer.reply(1).await["ok"]["streams"], expected, "another person's stream is nobody else's");
}

#[tokio::test]
async fn whoever_is_removed_while_behind_is_told_that_the_stream_is_gone() {
    let stage = Stage::set().await;
    let (bob, statuses) = stage.resume(1, None).await;
    assert_eq!(statuses, stage.all("ok"));
    let mut bob = bob;
    let service = stage.instance.service();
    service
        .remove_channel_member(&stage.chat.alice.actor, stage.chat.channel, stage.chat.bob.actor.user_id)
        .await
        .expect("removes");
    // Either its own stream says so, or the channel's does; after that nothing of the channel comes.
    let stream = stage.chat.stream();
    bob.until(|frame| {
        let own_page = frame["ev"] == "changes"
            && frame["items"].as_array().into_iter().flatten().any(|item| item["kind"] == "my_channel_gone");
        frame["ev"] == "me.channel_left" || own_page || (frame["ev"] == "stream.gone" && frame["stream"] == stream)
    })
    .await;
    stage.chat.say(&stage.instance, &stage.chat.alice, "without bob").await;
    assert!(!bob.has_heard("without bob").await);
}
