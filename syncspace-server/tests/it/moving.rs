//! Moving a team out and in: an archive and back, in pieces, again, and with what does not belong.

use std::sync::Arc;

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use syncspace_protocol::archive::ArchiveLine;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::imports::{ExportQuery, Import, ImportFileQuery, ImportLines, ImportedLines};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::teams::{MyTeam, PutTeamMember, TeamRole};
use syncspace_protocol::{ChannelId, TeamId};
use syncspace_server::service::{Actor, BrokenOff, Made, Service, ServiceError};

use crate::place::{PASSWORD, Place, Rig, body, login_body, on_both_stores, origin, refused, register_body};

on_both_stores!(
    a_team_comes_back_as_it_went,
    what_came_before_is_passed_over_and_nothing_doubles,
    history_is_read_calls_nobody_and_is_found,
    another_archive_and_gaps_are_refused,
    an_import_that_is_taken_back_leaves_no_channel,
    people_are_found_by_what_the_administrator_says,
    who_is_not_in_the_team_is_known_by_name_to_it,
    groups_that_are_there_count_once,
    nobody_but_administrators_moves_private_things,
    what_is_kept_of_a_person_is_handed_over_to_it_and_to_administrators,
    an_archive_ends_with_the_right_to_it,
    what_is_kept_of_a_person_goes_on_where_a_team_is_left_meanwhile,
);

const AT: &str = "2020-02-03T04:05:06.000Z";
const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// A service that exports may hold, and who administers it.
struct Desk {
    service: Arc<Service>,
    root: Actor,
    _place: Place,
}

impl Desk {
    async fn start(place: Place) -> Self {
        let rig = place.open_rig().await;
        let root = rig.admin().await;
        let Rig { service, place, .. } = rig;
        Self { service: Arc::new(service), root, _place: place }
    }

    async fn register(&self, name: &str) -> Actor {
        let tokens = self.service.register(&origin(), register_body(name)).await.expect("registers");
        self.service.authenticate(&tokens.access_token.0).await.expect("authenticates")
    }

    async fn team(&self, name: &str) -> TeamId {
        let made: MyTeam = self.service.create_team(&self.root, body(json!({"name": name}))).await.expect("makes");
        made.team.id
    }

    async fn export(&self, team: TeamId) -> String {
        let query = ExportQuery { include_private: true };
        let mut pages = self.service.export_team(&self.root, team, query).await.expect("exports");
        let mut text = Vec::new();
        while let Some(page) = pages.next().await {
            text.extend_from_slice(&page.expect("is not broken off"));
        }
        String::from_utf8(text).expect("text")
    }

    async fn begin(&self, team: TeamId, fingerprint: char) -> Import {
        self.begin_matching(team, fingerprint, "nothing").await
    }

    async fn begin_matching(&self, team: TeamId, fingerprint: char, match_by: &str) -> Import {
        let fingerprint = fingerprint.to_string().repeat(64);
        let start = json!({"source": "test", "fingerprint": fingerprint, "match_by": match_by});
        self.service.start_import(&self.root, team, body(start)).await.map(Made::into_inner).expect("begins")
    }

    async fn try_lines(&self, import: &Import, lines: Vec<Value>) -> Result<ImportedLines, ServiceError> {
        let lines = ImportLines { lines: lines.into_iter().map(body).collect() };
        self.service.import_lines(&self.root, import.team_id, import.id, lines).await
    }

    async fn lines(&self, import: &Import, lines: Vec<Value>) -> ImportedLines {
        self.try_lines(import, lines).await.expect("imports")
    }

    async fn file(&self, import: &Import, channel: &str, number: u64, name: &str) {
        let query = ImportFileQuery {
            channel: channel.to_owned(),
            number,
            place: 0,
            name: name.to_owned(),
            sender: "alice".to_owned(),
            sha256: SHA256.to_owned(),
        };
        let mut bytes = futures_util::stream::iter([Ok::<_, BrokenOff>(bytes::Bytes::from_static(b"abc"))]);
        let target = (import.team_id, import.id);
        self.service.import_file(&self.root, target, query, Some(3), &mut bytes).await.expect("keeps the file");
    }

    async fn finish(&self, import: &Import) {
        while self.service.finish_import(&self.root, import.team_id, import.id).await.expect("shows").channels_left > 0
        {
        }
    }
}

fn user(name: &str) -> Value {
    json!({"type": "user", "username": name, "full_name": format!("The {name}"), "role": "member"})
}

fn channel(name: &str) -> Value {
    json!({
        "type": "channel", "key": name, "kind": "public", "name": name, "created_by": "alice", "created_at": AT,
        "description": "what is out", "topic": "1.0",
    })
}

fn member(channel: &str, user: &str) -> Value {
    json!({"type": "member", "channel": channel, "user": user, "role": "member"})
}

fn message(number: u64, fields: Value) -> Value {
    let mut message = json!({
        "type": "message", "channel": "releases", "number": number, "sender": "alice",
        "content": format!("message {number}"), "created_at": AT,
    });
    message.as_object_mut().expect("an object").extend(fields.as_object().expect("fields").clone());
    message
}

/// A team with something of everything.
fn everything() -> Vec<Value> {
    let people = ["alice", "bob", "carol"].map(user);
    let rest = [
        json!({"type": "group", "name": "oncall", "users": ["alice", "bob"]}),
        channel("releases"),
        member("releases", "alice"),
        member("releases", "bob"),
        message(
            1,
            json!({"content": "root @bob @channel", "reactions": [
                {"emoji": "tada", "user": "bob", "at": AT}, {"emoji": "tada", "user": "carol", "at": AT},
            ]}),
        ),
        message(2, json!({"sender": "bob", "parent": 1, "edited_at": AT})),
        message(3, json!({"content": "", "deleted_at": AT})),
        message(4, json!({"pinned": {"user": "carol", "at": AT}})),
        message(5, json!({"parent": 1, "sender": "carol", "message_type": "code", "code": {"language": "rust"}})),
        message(
            6,
            json!({"content": "", "message_type": "file", "files": [
                {"name": "plan.pdf", "size_bytes": 3, "sha256": SHA256},
            ]}),
        ),
        message(7, json!({"forwarded_from": "bob"})),
        json!({"type": "channel", "key": "@alice@bob", "kind": "direct", "people": ["alice", "bob"],
            "created_by": "alice", "created_at": AT}),
        message(1, json!({"channel": "@alice@bob", "content": "just us"})),
    ];
    people.into_iter().chain(rest).collect()
}

async fn import_everything(desk: &Desk, team: TeamId, match_by: &str) {
    let import = desk.begin_matching(team, 'a', match_by).await;
    let lines = everything();
    let at = lines.iter().position(|line| line["number"] == 6).expect("the one with a file");
    desk.lines(&import, lines[..at].to_vec()).await;
    desk.file(&import, "releases", 6, "plan.pdf").await;
    desk.lines(&import, lines[at..].to_vec()).await;
    desk.finish(&import).await;
}

async fn a_team_comes_back_as_it_went(place: Place) {
    let desk = Desk::start(place).await;
    let first = desk.team("eng").await;
    import_everything(&desk, first, "nothing").await;
    let archive = desk.export(first).await;
    let lines: Vec<Value> = archive.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.last().expect("an end"), &json!({"type": "end", "messages": 8}));
    // What went in is in it, word for word.
    for given in everything().into_iter().filter(|line| line["type"] == "message") {
        let found = lines.iter().find(|line| line["channel"] == given["channel"] && line["number"] == given["number"]);
        let found = found.expect("the message");
        for (field, value) in given.as_object().expect("an object") {
            assert_eq!(&found[field], value, "{field} of {given}");
        }
    }
    // On its way back it meets its own people, as on a server of its own.
    let second = desk.team("copy").await;
    let import = desk.begin_matching(second, 'b', "username").await;
    for line in &lines {
        if let Some(files) = line["files"].as_array().filter(|files| !files.is_empty()) {
            assert_eq!(files.len(), 1);
            desk.file(&import, "releases", line["number"].as_u64().expect("a number"), "plan.pdf").await;
        }
        let kind: ArchiveLine = body(line.clone());
        if !matches!(kind, ArchiveLine::Version(_) | ArchiveLine::Team(_) | ArchiveLine::End(_)) {
            desk.lines(&import, vec![line.clone()]).await;
        }
    }
    desk.finish(&import).await;
    let again = desk.export(second).await;
    assert_eq!(again.replace("\"name\":\"copy\"", "\"name\":\"eng\""), archive);
}

async fn what_came_before_is_passed_over_and_nothing_doubles(place: Place) {
    let desk = Desk::start(place).await;
    let team = desk.team("eng").await;
    let import = desk.begin(team, 'a').await;
    assert_eq!(desk.begin(team, 'a').await.id, import.id, "the same archive is the same import");
    let start = vec![user("alice"), channel("releases")];
    let made = desk.lines(&import, start.clone()).await;
    assert_eq!(
        (made.channels[0].last_number, made.channels[0].name.as_ref().map(ToString::to_string)),
        (0, Some("releases".to_owned()))
    );
    let messages: Vec<_> = (1..=5).map(|number| message(number, json!({}))).collect();
    let done = desk.lines(&import, messages[..3].to_vec()).await;
    assert_eq!(done.channels[0].last_number, 3);
    // All of it again, as after a crash of whoever sends: what is there stays as it is, and the rest follows.
    assert_eq!(desk.lines(&import, start).await.channels[0].last_number, 3);
    assert_eq!(desk.lines(&import, messages.clone()).await.channels[0].last_number, 5);
    assert_eq!(desk.lines(&import, messages.clone()).await.channels[0].last_number, 5);
    desk.finish(&import).await;
    refused(desk.try_lines(&import, messages).await, ErrorCode::Conflict);
    let exported = desk.export(team).await;
    assert_eq!(exported.matches("\"type\":\"message\"").count(), 5);
    assert!(desk.begin(team, 'a').await.finished_at.is_some(), "begun once more it is told to be done");
}

async fn history_is_read_calls_nobody_and_is_found(place: Place) {
    let desk = Desk::start(place).await;
    let bob = desk.register("bob").await;
    let keywords = json!({"keywords": ["message"]});
    desk.service.put_keywords(&bob, body(keywords)).await.expect("keeps keywords");
    let team = desk.team("eng").await;
    let import = desk.begin_matching(team, 'a', "username").await;
    let before = everything().into_iter().filter(|line| line["number"] != 6);
    let lines: Vec<_> = before
        .map(|mut line| {
            if line["number"] == 7 {
                line["number"] = json!(6);
            }
            line
        })
        .collect();
    desk.lines(&import, lines).await;
    let hidden = desk.service.channels(&bob, team, &PageQuery::default()).await.expect("lists");
    assert!(hidden.items.is_empty(), "nobody sees what is not finished: {:?}", hidden.items);
    desk.finish(&import).await;
    desk.service.catch_up().await.expect("works behind the log");
    let shown = desk.service.channels(&bob, team, &PageQuery::default()).await.expect("lists");
    assert_eq!(shown.items.len(), 2);
    for found in &shown.items {
        let read = found.membership.expect("bob is in it").read;
        assert_eq!((read.unread_count, read.mention_count, read.last_read_seq), (0, 0, found.head.last_seq));
    }
    let query = body(json!({"q": "root", "team_id": team}));
    let hits = desk.service.search(&bob, query).await.expect("searches");
    assert_eq!(hits.items.len(), 1);
    assert_eq!(hits.items[0].message.created_at.to_string(), AT);
    assert_eq!((hits.items[0].message.reply_count, hits.items[0].message.mentions.users.len()), (2, 0));
}

async fn another_archive_and_gaps_are_refused(place: Place) {
    let desk = Desk::start(place).await;
    let team = desk.team("eng").await;
    let import = desk.begin(team, 'a').await;
    desk.lines(&import, vec![user("alice"), channel("releases"), message(1, json!({}))]).await;
    for (lines, code, why) in [
        (vec![message(3, json!({}))], ErrorCode::Conflict, "goes on with number 2"),
        (vec![message(1, json!({"content": "other"}))], ErrorCode::Conflict, "another one"),
        (vec![message(2, json!({"parent": 2}))], ErrorCode::InvalidField, "before them"),
        (vec![message(2, json!({"parent": 1})), message(3, json!({"parent": 2}))], ErrorCode::InvalidField, "answer"),
        (vec![message(2, json!({"sender": "nobody"}))], ErrorCode::InvalidField, "\"nobody\" has no line"),
        (vec![message(2, json!({"channel": "void"}))], ErrorCode::InvalidField, "\"void\" has no line"),
        (vec![message(2, json!({"content": ""}))], ErrorCode::InvalidField, "empty"),
        (
            vec![message(2, json!({"files": [{"name": "a", "size_bytes": 3, "sha256": SHA256}]}))],
            ErrorCode::InvalidField,
            "sent ahead",
        ),
        (vec![member("releases", "nobody")], ErrorCode::InvalidField, "no line"),
        (vec![json!({"type": "end", "messages": 1})], ErrorCode::InvalidField, "are imported"),
        ((0..1_001).map(|_| user("alice")).collect(), ErrorCode::InvalidField, "1000 lines"),
    ] {
        let refusal = refused(desk.try_lines(&import, lines).await, code);
        assert!(refusal.message.contains(why), "{why}: {}", refusal.message);
    }
    // Nothing of it was written: the next one has its number.
    assert_eq!(desk.lines(&import, vec![message(2, json!({}))]).await.channels[0].last_number, 2);
}

async fn an_import_that_is_taken_back_leaves_no_channel(place: Place) {
    let desk = Desk::start(place).await;
    let team = desk.team("eng").await;
    let import = desk.begin(team, 'a').await;
    desk.lines(&import, vec![user("alice"), channel("releases"), message(1, json!({}))]).await;
    desk.service.cancel_import(&desk.root, team, import.id).await.expect("takes back");
    refused(desk.service.import(&desk.root, team, import.id).await, ErrorCode::NotFound);
    assert_eq!(desk.export(team).await.matches("\"type\":\"channel\"").count(), 0);
    // Its name is free, and the archive may begin anew.
    let again = desk.begin(team, 'a').await;
    let made = desk.lines(&again, vec![user("alice"), channel("releases")]).await;
    assert_eq!(made.channels[0].name.as_ref().map(ToString::to_string).as_deref(), Some("releases"));
    desk.finish(&again).await;
    refused(desk.service.cancel_import(&desk.root, team, again.id).await, ErrorCode::Conflict);
    // A name that is taken gets a number.
    let other = desk.begin(team, 'b').await;
    let made = desk
        .lines(
            &other,
            vec![channel("releases")]
                .into_iter()
                .map(|mut line| {
                    line["created_by"] = Value::Null;
                    line
                })
                .collect(),
        )
        .await;
    assert_eq!(made.channels[0].name.as_ref().map(ToString::to_string).as_deref(), Some("releases-2"));
}

async fn people_are_found_by_what_the_administrator_says(place: Place) {
    let desk = Desk::start(place).await;
    let bob = desk.register("bob").await;
    desk.service.edit_me(&bob, body(json!({"email": "bob@example.org"}))).await.expect("edits");
    let line = |name: &str| json!({"type": "user", "username": name, "email": "Bob@Example.org", "role": "member"});
    for (fingerprint, by, name, now) in
        [('a', "nothing", "bob", "bob-2"), ('b', "email", "robert", "bob"), ('c', "username", "bob", "bob")]
    {
        let team = desk.team(by).await;
        let import = desk.begin_matching(team, fingerprint, by).await;
        let renamed = desk.lines(&import, vec![line(name)]).await.renamed;
        assert_eq!(renamed.first().map_or(name, |renamed| renamed.now.as_str()), now, "{by}");
        let members = desk.service.team_members(&desk.root, team, &PageQuery::default()).await.expect("lists");
        let person = members.items.iter().find(|member| member.user.username.as_str() == now).expect("is in it");
        assert_eq!((person.user.id == bob.user_id, person.user.is_active), (now == "bob", now == "bob"), "{by}");
    }
    refused(desk.service.login(&origin(), login_body("bob-2", PASSWORD)).await, ErrorCode::InvalidCredentials);
}

async fn who_is_not_in_the_team_is_known_by_name_to_it(place: Place) {
    let desk = Desk::start(place).await;
    let eve = desk.register("eve").await;
    let stranger = desk.register("stranger").await;
    let team = desk.team("eng").await;
    let put = PutTeamMember { role: TeamRole::Member };
    desk.service.put_team_member(&desk.root, team, eve.user_id, put).await.expect("adds");
    let import = desk.begin(team, 'a').await;
    let robot = || json!({"type": "user", "username": "robot", "full_name": "Build robot"});
    let lines = [
        user("alice"),
        robot(),
        channel("releases"),
        member("releases", "alice"),
        message(1, json!({"sender": "robot"})),
    ];
    desk.lines(&import, lines.to_vec()).await;
    desk.lines(&import, lines.to_vec()).await;
    desk.finish(&import).await;
    let page = desk.service.messages(&eve, releases(&desk, &eve, team).await, Default::default()).await.expect("reads");
    let sender = page.items[0].sender_id;
    assert_eq!(desk.service.user(&eve, sender).await.expect("is known").full_name.as_deref(), Some("Build robot"));
    refused(desk.service.user(&stranger, sender).await, ErrorCode::NotFound);
    let members = desk.service.team_members(&eve, team, &PageQuery::default()).await.expect("lists");
    assert!(members.items.iter().all(|member| member.user.id != sender), "it is not in the team");
}

async fn releases(desk: &Desk, actor: &Actor, team: TeamId) -> ChannelId {
    let channels = desk.service.channels(actor, team, &PageQuery::default()).await.expect("lists").items;
    let named = channels.iter().find(|row| row.channel.name.as_ref().is_some_and(|name| name.as_str() == "releases"));
    named.expect("releases").channel.id
}

async fn groups_that_are_there_count_once(place: Place) {
    let desk = Desk::start(place).await;
    let team = desk.team("eng").await;
    let import = desk.begin(team, 'a').await;
    let groups = |from: u32, to: u32| {
        let of = |number| json!({"type": "group", "name": format!("group-{number}"), "users": ["alice"]});
        (from..to).map(of).collect::<Vec<_>>()
    };
    desk.lines(&import, vec![user("alice")]).await;
    desk.lines(&import, groups(0, 150)).await;
    // The same lines again, as after a crash, with more behind them and one that stands there twice.
    desk.lines(&import, [groups(0, 200), groups(199, 200)].concat()).await;
    desk.lines(&import, groups(0, 200)).await;
    let refusal = refused(desk.try_lines(&import, groups(0, 201)).await, ErrorCode::Conflict);
    assert!(refusal.message.contains("at most 200 groups"), "{}", refusal.message);
    assert_eq!(desk.export(team).await.matches("\"type\":\"group\"").count(), 200);
}

async fn nobody_but_administrators_moves_private_things(place: Place) {
    let desk = Desk::start(place).await;
    let owner = desk.register("owner").await;
    let team: MyTeam = desk.service.create_team(&owner, body(json!({"name": "eng"}))).await.expect("makes");
    let team = team.team.id;
    let start = json!({"source": "test", "fingerprint": SHA256});
    refused(desk.service.start_import(&owner, team, body(start)).await.map(|_| ()), ErrorCode::Forbidden);
    let private = ExportQuery { include_private: true };
    refused(desk.service.export_team(&owner, team, private).await.map(|_| ()), ErrorCode::Forbidden);
    import_everything(&desk, team, "nothing").await;
    let mut pages = desk.service.export_team(&owner, team, ExportQuery::default()).await.expect("exports");
    let mut text = String::new();
    while let Some(page) = pages.next().await {
        text.push_str(std::str::from_utf8(&page.expect("goes on")).expect("text"));
    }
    assert!(text.contains("message 4") && !text.contains("just us"), "{text}");
    let public = ExportQuery::default();
    desk.service.open_exported_file(&owner, team, SHA256, public).await.map(|_| ()).expect("opens");
    let other = "0".repeat(64);
    refused(desk.service.open_exported_file(&owner, team, &other, public).await.map(|_| ()), ErrorCode::NotFound);
}

async fn what_is_kept_of_a_person_is_handed_over_to_it_and_to_administrators(place: Place) {
    let desk = Desk::start(place).await;
    let (alice, bob) = (desk.register("alice").await, desk.register("bob").await);
    let team = desk.team("eng").await;
    import_everything(&desk, team, "username").await;
    let channels = desk.service.channels(&alice, team, &PageQuery::default()).await.expect("lists");
    let channel = channels.items.iter().find(|channel| channel.channel.name.is_some()).expect("releases").channel.id;
    let draft = body(json!({"content": "not said yet"}));
    desk.service.put_draft(&alice, channel, Default::default(), draft).await.expect("keeps");
    let mine = read_all(desk.service.export_me(&alice).await.expect("exports")).await;
    let of = |kind: &str| mine.iter().filter(|line| line["type"] == kind).map(|line| &line["data"]).collect::<Vec<_>>();
    assert_eq!(of("profile")[0]["username"], "alice");
    assert_eq!(
        (of("team").len(), of("session").len(), of("draft")[0]["content"].as_str()),
        (1, 1, Some("not said yet"))
    );
    let said: Vec<_> = of("message").iter().map(|message| message["content"].as_str().expect("a text")).collect();
    assert_eq!((said.len(), said.contains(&"just us"), of("end")[0]["messages"].as_u64()), (6, true, Some(6)));
    let his = read_all(desk.service.export_user(&desk.root, bob.user_id).await.expect("exports")).await;
    let his = Value::from(his).to_string();
    assert!(his.contains("message 2") && his.contains("tada") && !his.contains("not said yet"), "{his}");
    refused(desk.service.export_user(&bob, alice.user_id).await.map(|_| ()), ErrorCode::Forbidden);
    let nobody = 9_999.try_into().expect("an id");
    refused(desk.service.export_user(&desk.root, nobody).await.map(|_| ()), ErrorCode::NotFound);
}

async fn an_archive_ends_with_the_right_to_it(place: Place) {
    let desk = Desk::start(place).await;
    let admin = desk.register("second").await;
    let edit = |is_admin| body(json!({"is_admin": is_admin}));
    desk.service.edit_user(&desk.root, admin.user_id, edit(true)).await.expect("makes an administrator");
    let tokens = desk.service.login(&origin(), login_body("second", PASSWORD)).await;
    let admin = desk.service.authenticate(&tokens.expect("logs in").access_token.0).await.expect("authenticates");
    let team = desk.team("eng").await;
    for number in 0..20 {
        let name = format!("room-{number}");
        let new = body(json!({"kind": "public", "name": name}));
        let channel = desk.service.create_channel(&desk.root, team, new).await.expect("makes").channel.id;
        desk.service.send_message(&desk.root, channel, body(json!({"content": "hi"}))).await.expect("sends");
    }
    let query = ExportQuery { include_private: true };
    let mut whole = desk.service.export_team(&admin, team, query).await.expect("exports");
    let mut of_person = desk.service.export_user(&admin, desk.root.user_id).await.expect("exports");
    for pages in [&mut whole, &mut of_person] {
        pages.next().await.expect("a page").expect("goes on");
    }
    desk.service.edit_user(&desk.root, admin.user_id, edit(false)).await.expect("takes it away");
    for pages in [whole, of_person] {
        let rest: Vec<_> = pages.collect().await;
        assert!(rest.len() < 10 && matches!(rest.last(), Some(Err(_))), "{} more pages", rest.len());
    }
}

async fn what_is_kept_of_a_person_goes_on_where_a_team_is_left_meanwhile(place: Place) {
    let desk = Desk::start(place).await;
    let bob = desk.register("bob").await;
    let mut teams = Vec::new();
    for number in 0..7 {
        let team = desk.team(&format!("team-{number}")).await;
        let put = body(json!({"role": "member"}));
        desk.service.put_team_member(&desk.root, team, bob.user_id, put).await.expect("adds");
        let new = body(json!({"kind": "public", "name": "general"}));
        let channel = desk.service.create_channel(&desk.root, team, new).await.expect("makes").channel.id;
        desk.service.join_channel(&bob, channel).await.expect("joins");
        let draft = body(json!({"content": format!("draft {number}")}));
        desk.service.put_draft(&bob, channel, Default::default(), draft).await.expect("keeps");
        teams.push(team);
    }
    let mut pages = desk.service.export_me(&bob).await.expect("exports");
    // A page for each team. With one that was read, one that waits and one in hand the export has come to the third team.
    let first = pages.next().await.expect("a page").expect("goes on");
    desk.service.remove_team_member(&bob, teams[4], bob.user_id).await.expect("leaves");
    desk.service.remove_team_member(&desk.root, teams[5], bob.user_id).await.expect("removes");
    desk.service.delete_team(&desk.root, teams[6]).await.expect("deletes");
    let mut lines: Vec<Value> = std::str::from_utf8(&first)
        .expect("text")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    lines.extend(read_all(pages).await);
    let of =
        |kind: &str| lines.iter().filter(|line| line["type"] == kind).map(|line| &line["data"]).collect::<Vec<_>>();
    assert_eq!(of("team").len(), 7, "they were listed before");
    let drafts: Vec<_> = of("draft").iter().map(|draft| draft["content"].as_str().expect("a text")).collect();
    assert_eq!(drafts, ["draft 0", "draft 1", "draft 2", "draft 3"], "what is in a team that it left is not its own");
    assert_eq!(lines.last().expect("a line")["type"], "end");
}

async fn read_all(mut pages: syncspace_server::service::ArchiveBytes) -> Vec<Value> {
    let mut text = Vec::new();
    while let Some(page) = pages.next().await {
        text.extend_from_slice(&page.expect("goes on"));
    }
    let text = String::from_utf8(text).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}
