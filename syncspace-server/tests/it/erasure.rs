//! The end of one person's data: nothing of it is left anywhere, everybody else hears of it, and it goes on wherever it was cut
//! off.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};
use syncspace_protocol::audit::{AuditAction, AuditQuery};
use syncspace_protocol::auth::Register;
use syncspace_protocol::erasure::{Erasure, ErasureStage};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::messages::Message;
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::search::SearchParams;
use syncspace_protocol::sync::{Change, ChangesQuery};
use syncspace_protocol::{ChannelId, Rev, Seq, StreamId, TeamId};
use syncspace_server::service::{
    Actor, Batch, BrokenOff, JobKind, LeaseTimes, Made, Service, Settings, ThreadChoice, Turn, later,
};
use syncspace_server::store::personal_data::{Fate, NOBODYS_TABLES, PERSON_COLUMNS};
use syncspace_server::store::{Dialect, Queries as _, Sql, Store, params};

use crate::place::{PASSWORD, Place, Rig, body, on_both_stores, origin, refused, register_body};

on_both_stores! {
    nothing_of_an_erased_person_is_left,
    whoever_was_away_sees_what_whoever_asks_anew_sees,
    an_erasure_goes_on_wherever_it_was_cut_off,
    a_refused_erasure_changes_nothing,
    an_erased_account_is_nobodys,
    bytes_that_somebody_else_keeps_stay,
    what_an_import_wrote_in_the_name_of_a_stranger_goes_too,
    nobody_is_erased_while_an_import_writes_in_its_name,
    every_column_that_names_a_person_has_a_fate,
}

/// Leaves what a server that sends mail keeps of the person's addresses.
async fn await_mail(scene: &Scene) {
    let (store, doomed, now) = (scene.rig.place.store().await, scene.doomed.user_id, scene.rig.clock.now());
    let pending = "UPDATE users SET email_pending = 'qmarkq@example.com', email_verified_at = ? WHERE id = ?";
    let code = "INSERT INTO email_codes (code_hash, user_id, email, created_at, expires_at) VALUES ('h',?,?,?,?)";
    let mail = "INSERT INTO mails (name, kind, address, user_id, attempts, next_at, created_at, expires_at) \
                VALUES (?,'verify',?,?,0,?,?,?)";
    let address = "QmarkQ@example.org";
    (&store).execute(&Sql::both(pending), params![now, doomed]).await.expect("waits");
    (&store).execute(&Sql::both(code), params![doomed, address, now, now]).await.expect("a code");
    // One is about the account, another only goes to its address.
    for (name, user) in [("a", Some(doomed)), ("b", None)] {
        (&store).execute(&Sql::both(mail), params![name, address, user, now, now, now]).await.expect("a mail");
    }
}

/// Stands in everything that the erased person writes, and nowhere else.
pub(crate) const MARK: &str = "qmarkq";
/// A picture of one dot, with more behind it.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01qmarkq";
const AT: &str = "2020-02-03T04:05:06.000Z";

const TIMES: LeaseTimes = LeaseTimes {
    term: std::time::Duration::from_secs(20),
    renewal: std::time::Duration::from_secs(5),
    look: std::time::Duration::from_millis(20),
};

/// Bob's team with the person who is to be erased in it, and who administers the server.
pub(crate) struct Scene {
    pub(crate) rig: Rig,
    pub(crate) root: Actor,
    pub(crate) bob: Actor,
    pub(crate) doomed: Actor,
    team: TeamId,
    pub(crate) general: ChannelId,
    /// The person left it.
    left: ChannelId,
    direct: ChannelId,
}

impl Scene {
    pub(crate) async fn on(place: Place) -> Self {
        let rig = place.open_rig().await;
        let root = rig.admin().await;
        let bob = rig.register_actor("bob").await;
        let register = Register {
            email: Some("QmarkQ@example.org".parse().expect("an address")),
            full_name: Some(format!("Quentin {MARK}")),
            device_name: Some(format!("{MARK}'s laptop")),
            ..register_body(MARK)
        };
        let doomed = rig.actor(&rig.service.register(&origin(), register).await.expect("registers")).await;
        let team = body(json!({ "name": "eng", "is_public": true }));
        let team = rig.service.create_team(&bob, team).await.expect("a team").team.id;
        rig.service.join_team(&doomed, team).await.expect("joins");
        let channel = async |json: Value| {
            let made = rig.service.create_channel(&bob, team, body(json)).await.expect("a channel");
            made.channel.id
        };
        let general = channel(json!({ "kind": "public", "name": "general" })).await;
        let left = channel(json!({ "kind": "public", "name": "left" })).await;
        let direct = channel(json!({ "kind": "direct", "user_id": doomed.user_id })).await;
        for channel in [general, left] {
            rig.service.join_channel(&doomed, channel).await.expect("joins");
        }
        Self { rig, root, bob, doomed, team, general, left, direct }
    }

    fn service(&self) -> &Service {
        &self.rig.service
    }

    async fn say(&self, actor: &Actor, channel: ChannelId, json: Value) -> Message {
        self.service().send_message(actor, channel, body(json)).await.expect("sends").0
    }

    async fn upload(&self, name: &str) -> syncspace_protocol::FileId {
        let mut bytes = stream::iter([Ok::<_, BrokenOff>(Bytes::from(format!("bytes of {name}")))]);
        let query = body(json!({ "name": name }));
        let file = self.service().upload_once(&self.doomed, None, self.general, query, None, &mut bytes);
        file.await.expect("uploads").into_inner().id
    }

    pub(crate) async fn erase(&self) -> Erasure {
        self.service().erase_user(&self.root, self.doomed.user_id).await.expect("erases").into_inner()
    }

    /// Does every part of the work that is left, also on the files.
    async fn work(&self) {
        self.rig.clock.advance_ms(60_001);
        work(self.service()).await;
    }

    pub(crate) async fn erasure(&self) -> Erasure {
        let page = self.service().erasures(&self.root, &PageQuery::default()).await.expect("lists");
        page.items.into_iter().find(|erasure| erasure.user_id == self.doomed.user_id).expect("is listed")
    }

    async fn messages(&self, channel: ChannelId) -> Vec<Message> {
        self.service().messages(&self.bob, channel, body(json!({ "limit": 100 }))).await.expect("reads").items
    }
}

async fn work(service: &Service) {
    let turn = service.wait_for_turn(TIMES).await.expect("a turn");
    work_in(service, &turn).await;
    turn.give_back().await;
}

/// Does every part of the work that is left in a turn.
pub(crate) async fn work_in(service: &Service, turn: &Turn) {
    service.catch_up().await.expect("follows");
    for kind in [JobKind::Erasures, JobKind::Files, JobKind::Erasures] {
        while let Batch::More(_) = service.run_batch(turn, kind).await.expect("works") {}
    }
    service.catch_up().await.expect("follows");
}

/// Has the person do everything that leaves a trace.
pub(crate) async fn live(scene: &Scene) {
    let Scene { bob, doomed, root, team, general, left, direct, .. } = scene;
    let (service, now) = (scene.service(), scene.rig.clock.now());
    let soon = later(now, 3_600_000);
    let emoji = || "tada".parse().expect("an emoji");
    // What it says.
    let (carried, waiting) = (scene.upload("carried qmarkq.txt").await, scene.upload("waiting qmarkq.txt").await);
    assert_ne!(carried, waiting);
    let hello = json!({ "content": "hello @bob from qmarkq", "files": [carried], "client_id": "qmarkq-1" });
    let root_message = scene.say(doomed, *general, hello).await;
    let edited = scene.say(doomed, *general, json!({ "content": "first qmarkq" })).await;
    service
        .edit_message(doomed, *general, edited.seq, body(json!({ "content": "second qmarkq" })))
        .await
        .expect("edits");
    let deleted = scene.say(doomed, *general, json!({ "content": "gone qmarkq", "client_id": "qmarkq-2" })).await;
    service.delete_message(doomed, *general, deleted.seq).await.expect("deletes");
    scene.say(doomed, *left, json!({ "content": "here was qmarkq" })).await;
    service.remove_channel_member(doomed, *left, doomed.user_id).await.expect("leaves");
    scene.say(doomed, *direct, json!({ "content": "between us qmarkq" })).await;
    // Among what others say.
    let of_bob = scene.say(bob, *general, json!({ "content": "welcome @qmarkq" })).await;
    scene.say(bob, *general, json!({ "content": "an answer", "parent_message_id": root_message.id })).await;
    let reply = json!({ "content": "a reply qmarkq", "parent_message_id": of_bob.id });
    scene.say(doomed, *general, reply).await;
    for actor in [bob, doomed] {
        service.react(actor, *general, of_bob.seq, &emoji()).await.expect("reacts");
    }
    service.react(bob, *general, root_message.seq, &emoji()).await.expect("reacts");
    service.pin(doomed, *general, of_bob.seq).await.expect("pins");
    // What it keeps.
    service.save_message(doomed, *general, of_bob.seq, true).await.expect("saves");
    let draft = body(json!({ "content": "perhaps qmarkq" }));
    service.put_draft(doomed, *general, body(json!({})), draft).await.expect("a draft");
    let scheduled = body(json!({ "channel_id": general, "content": "later qmarkq", "send_at": soon }));
    service.schedule_message_once(doomed, None, *team, scheduled).await.expect("schedules");
    let reminder = json!({ "channel_id": general, "seq": of_bob.seq, "remind_at": soon, "note": "think qmarkq" });
    service.remind_once(doomed, None, *team, body(reminder)).await.expect("a reminder");
    service.edit_channel_preferences(doomed, *general, body(json!({ "is_favourite": true }))).await.expect("wants");
    service.order_channels(doomed, *team, body(json!({ "channel_ids": [general] }))).await.expect("orders");
    service.mute_user(doomed, *team, bob.user_id, true).await.expect("mutes");
    service.mark_read(doomed, *general, body(json!({ "seq": 1 }))).await.expect("reads");
    service.choose_thread(doomed, *general, root_message.seq, ThreadChoice::Follow(true)).await.expect("follows");
    service.put_keywords(doomed, body(json!({ "keywords": ["qmarkq release"] }))).await.expect("keywords");
    scene.say(bob, *general, json!({ "content": "a qmarkq release is out" })).await;
    // Who it is.
    let login = json!({ "username": MARK, "password": PASSWORD, "device_name": "qmarkq's phone" });
    service.login(&origin(), body(login)).await.expect("logs in");
    service.set_status(doomed, body(json!({ "text": "out qmarkq", "emoji": "palm_tree" }))).await.expect("a status");
    service.edit_preferences(doomed, body(json!({ "notify": "all" }))).await.expect("prefers");
    let mut picture = stream::iter([Ok::<_, BrokenOff>(Bytes::from_static(PNG))]);
    service.set_my_picture(doomed, None, &mut picture).await.expect("a picture");
    service.socket_ticket(doomed).await.expect("a ticket");
    let end = json!(later(now, 86_400_000));
    let token = json!({ "name": "qmarkq ci", "scopes": ["read"], "expires_at": end });
    service.create_token(doomed, body(token)).await.expect("a token");
    service.create_password_reset(root, doomed.user_id, body(json!({}))).await.expect("a code");
    // Between it and teams.
    let group = body(json!({ "name": "ops", "user_ids": [doomed.user_id, bob.user_id] }));
    service.create_group(bob, *team, group).await.expect("a group");
    service.put_team_member(bob, *team, doomed.user_id, body(json!({ "role": "admin" }))).await.expect("promotes");
    service.create_invite(doomed, *team, body(json!({ "role": "guest" }))).await.expect("an invite");
    let addressed = body(json!({ "role": "member", "email": "qmarkq@EXAMPLE.org" }));
    service.create_invite(bob, *team, addressed).await.expect("an invite");
    for (name, is_banned) in [("asked", false), ("banned", true)] {
        let settings = json!({ "joining": "request" });
        let other = service.create_team(bob, body(json!({ "name": name, "is_public": true }))).await.expect("a team");
        service.edit_team(bob, other.team.id, body(json!({ "settings": settings }))).await.expect("settles");
        service.ask_to_join(doomed, other.team.id, body(json!({ "message": "please qmarkq" }))).await.expect("asks");
        if is_banned {
            service.ban(bob, other.team.id, doomed.user_id).await.expect("bans");
        }
    }
    let key = "qmarkq-key".parse().expect("a key");
    let own = service.create_team_once(doomed, Some(&key), body(json!({ "name": "short-lived" }))).await;
    service.delete_team(doomed, own.expect("a team").into_inner().team.id).await.expect("deletes");
    import_as(scene, MARK).await;
    service.catch_up().await.expect("follows");
}

/// Has an import write in somebody's name, whom it knows by a name from elsewhere.
async fn import_as(scene: &Scene, name: &str) {
    let Scene { root, team, .. } = scene;
    let service = scene.service();
    let start = json!({ "source": "test", "fingerprint": "a".repeat(64), "match_by": "username" });
    let import = service.start_import(root, *team, body(start)).await.map(Made::into_inner).expect("begins");
    let lines = json!({ "lines": [
        { "type": "user", "username": name, "role": "member" },
        { "type": "channel", "key": "old", "kind": "public", "name": "old", "created_by": name, "created_at": AT },
        { "type": "message", "channel": "old", "number": 1, "sender": name, "content": "long ago qmarkq", "created_at": AT },
    ]});
    service.import_lines(root, *team, import.id, body(lines)).await.expect("imports");
    while service.finish_import(root, *team, import.id).await.expect("shows").channels_left > 0 {}
}

/// Gives the columns of every table: whether they hold text.
async fn columns(store: &Store) -> Vec<(String, String, bool)> {
    let sql = match store.dialect() {
        Dialect::Mysql => Sql::both(
            "SELECT table_name, column_name, data_type NOT IN ('bigint', 'int', 'tinyint', 'datetime') \
             FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position",
        ),
        Dialect::Sqlite => Sql::both(
            "SELECT t.name, c.name, c.type LIKE 'TEXT%' FROM sqlite_master t, pragma_table_xinfo(t.name) c \
             WHERE t.type = 'table' AND t.name NOT LIKE 'message!_search!_words%' ESCAPE '!' ORDER BY t.name, c.cid",
        ),
    };
    let mut db = store;
    let rows = db.query(&sql, params![]).await.expect("reads the schema");
    let read = |row: &syncspace_server::store::Row| {
        let mut row = row.reader();
        (row.take().expect("a name"), row.take().expect("a name"), row.take().expect("a flag"))
    };
    rows.iter().map(read).collect()
}

async fn count(store: &Store, sql: &str) -> i64 {
    let mut db = store;
    let row = db.query_first(&Sql::built(sql.to_owned()), params![]).await.expect(sql).expect("a row");
    row.reader().take().expect("a number")
}

/// Gives every column in which the mark stands somewhere, in whatever case, and in how many rows.
async fn marked_columns(store: &Store) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    for (table, column, _) in columns(store).await.into_iter().filter(|(_, _, is_text)| *is_text) {
        let rows = count(store, &format!("SELECT COUNT(*) FROM {table} WHERE LOWER({column}) LIKE '%{MARK}%'")).await;
        if rows > 0 {
            found.insert(format!("{table}.{column}"), rows);
        }
    }
    found
}

/// Counts the files below a folder in which the mark stands.
fn marked_blobs(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let mut marked = 0;
    for entry in entries {
        let path = entry.expect("an entry").path();
        marked += if path.is_dir() {
            marked_blobs(&path)
        } else {
            let bytes = std::fs::read(&path).expect("reads");
            usize::from(bytes.windows(MARK.len()).any(|part| part == MARK.as_bytes()))
        };
    }
    marked
}

/// Gives of every column that names people how many rows name the person in it.
async fn rows_of(scene: &Scene, store: &Store) -> BTreeMap<String, i64> {
    let user = scene.doomed.user_id;
    let members = format!("(SELECT member_id FROM team_members WHERE user_id = {user})");
    let mut counts = BTreeMap::new();
    for column in PERSON_COLUMNS {
        let (table, name) = (column.table, column.name);
        let found = match (column.fate, name) {
            (Fate::AsRow(_), _) | (_, "username" | "username_key") => continue,
            (_, name) if name.starts_with("email") => continue,
            (_, "member_id") => format!("{name} IN {members}"),
            (_, "asset_of") => format!("{name} = 'u{user}'"),
            (Fate::Removed { only, .. }, _) => format!("{name} = {user} AND {only}"),
            (Fate::Cleared { left, .. }, _) => format!("{name} = {user} AND {left}"),
            (_, "target_id") => format!("{name} = {user} AND kind IN ('user', 'keyword')"),
            _ => format!("{name} = {user}"),
        };
        counts.insert(
            format!("{table}.{name}"),
            count(store, &format!("SELECT COUNT(*) FROM {table} WHERE {found}")).await,
        );
    }
    counts
}

/// What has the mark before it is erased; more is no mistake, less tries nothing.
const MARKED_BEFORE: [&str; 22] = [
    "audit_log.details",
    "drafts.content",
    "email_codes.email",
    "files.name",
    "join_requests.message",
    "mails.address",
    "message_versions.content",
    "messages.client_id",
    "messages.content",
    "messages.files",
    "reminders.note",
    "scheduled_messages.content",
    "sessions.device_name",
    "team_invites.email",
    "user_keywords.keyword",
    "user_settings.status_text",
    "user_words.word",
    "users.email",
    "users.email_key",
    "users.email_pending",
    "users.full_name",
    "users.username",
];

async fn nothing_of_an_erased_person_is_left(place: Place) {
    let scene = Scene::on(place).await;
    live(&scene).await;
    await_mail(&scene).await;
    let (store, service) = (scene.rig.place.store().await, scene.service());
    let marked = marked_columns(&store).await;
    for column in MARKED_BEFORE {
        assert!(marked.contains_key(column), "nothing in {column}: nothing is tried ({marked:?})");
    }
    let files = scene.rig.place.folder.path().join("files");
    assert_eq!(marked_blobs(&files), 3);
    for (column, rows) in rows_of(&scene, &store).await {
        let is_of_others = column.starts_with("erasures.") || column.ends_with("_by") || column.contains("bot");
        let is_rare = ["import_members.user_id", "muted_users.user_id", "user_activity.user_id"].contains(&&*column);
        assert!(rows > 0 || is_of_others || is_rare, "nothing of the person in {column}: nothing is tried");
    }
    let bobs = |store: &Store| {
        let (bob, store) = (scene.bob.user_id, store.clone());
        async move {
            let mut counts = Vec::new();
            // What stood under the person's messages goes with them, and whom the person muted.
            let is_own = |table| !["message_reactions", "muted_users"].contains(&table);
            let of_people = PERSON_COLUMNS.iter().map(|column| (column.table, column.name));
            for (table, name) in of_people.filter(|&(table, name)| name.ends_with("user_id") && is_own(table)) {
                counts
                    .push((table, count(&store, &format!("SELECT COUNT(*) FROM {table} WHERE {name} = {bob}")).await));
            }
            counts
        }
    };
    let of_bob = bobs(&store).await;

    let plan = service.erasure_plan(&scene.root, scene.doomed.user_id).await.expect("a plan");
    assert_eq!((plan.messages, plan.reactions, plan.files, plan.drafts, plan.scheduled), (6, 1, 3, 1, 1));
    assert_eq!((plan.reminders, plan.saved, plan.sessions, plan.teams, plan.owns_alone.len()), (1, 1, 3, 1, 0));
    let begun = scene.erase().await;
    assert_eq!(begun.username.as_str(), format!("erased-{}", scene.doomed.user_id));
    assert_eq!(begun.stage, ErasureStage::Messages);
    scene.work().await;

    let done = scene.erasure().await;
    assert_eq!((done.stage, done.messages, done.reactions), (ErasureStage::Done, 7, 1));
    assert_eq!(done.finished_at, Some(scene.rig.clock.now()));
    // What Bob says of the person is Bob's.
    assert_eq!(marked_columns(&store).await, BTreeMap::from([("messages.content".to_owned(), 2)]));
    assert_eq!(marked_blobs(&files), 0);
    for (column, rows) in rows_of(&scene, &store).await {
        let fate = PERSON_COLUMNS.iter().find(|of| format!("{}.{}", of.table, of.name) == column).expect("one").fate;
        let is_gone = matches!(fate, Fate::Removed { .. } | Fate::Cleared { .. });
        let is_gone = is_gone || ["message_mentions.target_id", "message_mentions.sender_id"].contains(&&*column);
        let is_gone = is_gone || ["message_reactions.user_id", "message_search.sender_id"].contains(&&*column);
        let is_gone =
            is_gone || ["user_group_members.user_id", "files.uploader_id", "files.asset_of"].contains(&&*column);
        assert!(rows == 0 || !is_gone, "{column} has {rows} rows of the person");
    }
    assert_eq!(bobs(&store).await, of_bob, "what others have is untouched");
    let digests =
        format!("SELECT COUNT(DISTINCT client_digest) FROM messages WHERE sender_id = {}", scene.doomed.user_id);
    assert_eq!(count(&store, &digests).await, 1, "no digest tells what a text was");

    let params = SearchParams {
        q: MARK.to_owned(),
        team_id: scene.team,
        sort: None,
        time_zone: None,
        cursor: None,
        limit: None,
    };
    let hits = service.search(&scene.bob, params).await.expect("searches").items;
    assert_eq!(
        hits.iter().map(|hit| hit.message.content.as_str()).collect::<Vec<_>>(),
        ["a qmarkq release is out", "welcome @qmarkq"]
    );
    let people = service.users(&scene.bob, &body(json!({ "q": MARK }))).await.expect("searches").items;
    assert_eq!(people, []);
    let rig = scene.rig.again_with(Settings { bcrypt_cost: 4, ..Settings::default() }).await;
    let export = Arc::new(rig.service).export_user(&scene.root, scene.doomed.user_id).await;
    refused(export.map(drop), ErrorCode::NotFound);
}

async fn whoever_was_away_sees_what_whoever_asks_anew_sees(place: Place) {
    let scene = Scene::on(place).await;
    live(&scene).await;
    let service = scene.service();
    let query = |after: Rev| ChangesQuery { after, limit: Some(200) };
    let channels = [scene.general, scene.left, scene.direct];
    let mut before = Vec::new();
    for channel in channels {
        let messages = scene.messages(channel).await;
        let head = messages.iter().map(|message| message.rev).max().expect("messages");
        before.push((channel, messages, head));
    }
    let team_head =
        service.changes(&scene.bob, StreamId::Team(scene.team), query(Rev::ZERO)).await.expect("changes").rev;
    scene.erase().await;
    scene.work().await;
    for (channel, held, head) in before {
        let mut held: BTreeMap<Seq, Message> = held.into_iter().map(|message| (message.seq, message)).collect();
        let changes = service.changes(&scene.bob, StreamId::Channel(channel), query(head)).await.expect("changes");
        for change in changes.items {
            let Change::Message { message } = change else { unreachable!("{change:?}") };
            held.insert(message.seq, message);
        }
        let asked: Vec<_> = scene.messages(channel).await;
        assert_eq!(held.into_values().collect::<Vec<_>>(), asked, "{channel}");
        for message in asked.iter().filter(|message| message.sender_id == scene.doomed.user_id) {
            assert!(message.deleted_at.is_some() && message.content.is_empty() && message.files.is_empty());
        }
        if channel == scene.general {
            let of_bob = asked.iter().find(|message| message.content == "welcome @qmarkq").expect("stays");
            assert_eq!(of_bob.reply_count, 0, "the only reply is gone");
            let reacted: Vec<_> = of_bob.reactions.iter().map(|it| (it.count, it.users.clone())).collect();
            assert_eq!(reacted, [(1, vec![scene.bob.user_id])]);
            assert_eq!(of_bob.pinned.map(|pin| pin.user_id), Some(scene.doomed.user_id), "the pin is the channel's");
        }
    }
    let changes = service.changes(&scene.bob, StreamId::Team(scene.team), query(team_head)).await.expect("changes");
    let gone =
        |change: &Change| matches!(change, Change::TeamMemberGone { user_id, .. } if *user_id == scene.doomed.user_id);
    assert_eq!(changes.items.iter().filter(|change| gone(change)).count(), 1);
    let members = service.team_members(&scene.bob, scene.team, &PageQuery::default()).await.expect("members").items;
    assert!(members.iter().all(|member| member.user.id != scene.doomed.user_id));
    let query = AuditQuery { action: Some("user.erased".into()), ..AuditQuery::default() };
    let lines = service.audit(&scene.root, &query).await.expect("lists").items;
    let told: Vec<_> = lines.iter().map(|line| (line.action, line.actor_id, line.user_id)).collect();
    assert_eq!(told, [(AuditAction::UserErased, Some(scene.root.user_id), Some(scene.doomed.user_id))]);
}

/// Drives a piece of work until it has been asked so often whether it is done; tells whether it was.
async fn cut_off_after<T>(polls: usize, work: impl Future<Output = T>) -> Option<T> {
    let (mut work, mut left) = (pin!(work), polls);
    std::future::poll_fn(move |context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

async fn an_erasure_goes_on_wherever_it_was_cut_off(place: Place) {
    let scene = Scene::on(place).await;
    live(&scene).await;
    scene.erase().await;
    scene.rig.clock.advance_ms(60_001);
    scene.service().catch_up().await.expect("follows");
    let (mut cuts, mut polls) = (0, 0);
    // Each step is cut off at every point at which it waits for something, and then done.
    loop {
        let turn = scene.service().wait_for_turn(TIMES).await.expect("a turn");
        let batch = cut_off_after(polls, scene.service().run_batch(&turn, JobKind::Erasures)).await;
        turn.give_back().await;
        match batch.transpose().expect("works") {
            None => (cuts, polls) = (cuts + 1, polls + 1),
            Some(Batch::More(_)) => polls = 0,
            Some(Batch::Last(_)) => break,
            Some(Batch::TurnLost) => unreachable!("nobody else is here"),
        }
    }
    assert!(cuts > 20, "cut off {cuts} times only");
    work(scene.service()).await;
    let done = scene.erasure().await;
    assert_eq!((done.stage, done.messages, done.reactions), (ErasureStage::Done, 7, 1), "each once");
    let store = scene.rig.place.store().await;
    assert_eq!(marked_columns(&store).await, BTreeMap::from([("messages.content".to_owned(), 2)]));
    assert_eq!(marked_blobs(&scene.rig.place.folder.path().join("files")), 0);
}

async fn a_refused_erasure_changes_nothing(place: Place) {
    let scene = Scene::on(place).await;
    let (service, root) = (scene.service(), &scene.root);
    let store = scene.rig.place.store().await;
    let erase = async |actor: &Actor, user| service.erase_user(actor, user).await.map(drop);
    refused(erase(&scene.bob, scene.doomed.user_id).await, ErrorCode::Forbidden);
    refused(service.erasure_plan(&scene.bob, scene.doomed.user_id).await, ErrorCode::Forbidden);
    refused(service.erasures(&scene.bob, &PageQuery::default()).await, ErrorCode::Forbidden);
    refused(erase(root, root.user_id).await, ErrorCode::Conflict);
    refused(erase(root, 999_999.try_into().expect("an id")).await, ErrorCode::NotFound);
    let bot = service.create_bot(&scene.bob, scene.team, body(json!({ "username": "robo" }))).await.expect("a bot");
    refused(erase(root, bot.user.id).await, ErrorCode::Conflict);
    let detail = refused(erase(root, scene.bob.user_id).await, ErrorCode::Conflict);
    assert_eq!(detail.message, "nobody else owns eng: make somebody else an owner first, or delete the team");
    let plan = service.erasure_plan(root, scene.bob.user_id).await.expect("a plan");
    assert_eq!(plan.owns_alone.iter().map(|team| team.name.as_str()).collect::<Vec<_>>(), ["eng"]);
    assert_eq!(count(&store, "SELECT COUNT(*) FROM erasures").await, 0);
    assert_eq!(count(&store, "SELECT COUNT(*) FROM users WHERE is_active = 0").await, 0);
    assert_eq!(count(&store, "SELECT COUNT(*) FROM audit_log WHERE action = 'user.erased'").await, 0);
    // Another owner, and it is done.
    let owner = body(json!({ "role": "owner" }));
    service.put_team_member(&scene.bob, scene.team, scene.doomed.user_id, owner).await.expect("promotes");
    erase(root, scene.bob.user_id).await.expect("erases");
}

async fn an_erased_account_is_nobodys(place: Place) {
    let scene = Scene::on(place).await;
    let (service, root, doomed) = (scene.service(), &scene.root, &scene.doomed);
    // Somebody took the name that the account would get.
    let squatter = format!("erased-{}", doomed.user_id);
    service.register(&origin(), register_body(&squatter)).await.expect("registers");
    let stranger = scene.rig.register_actor("stranger").await;
    let first = scene.erase().await;
    assert_eq!(first.username.as_str(), format!("erased-{}-2", doomed.user_id));
    let again = service.erase_user(root, doomed.user_id).await.expect("is the same");
    assert_eq!(again, Made::Repeat(first));
    refused(service.erasure_plan(root, doomed.user_id).await, ErrorCode::Conflict);
    refused(scene.rig.login(MARK, PASSWORD).await, ErrorCode::InvalidCredentials);
    refused(service.edit_user(root, doomed.user_id, body(json!({ "is_active": true }))).await, ErrorCode::Conflict);
    refused(service.create_password_reset(root, doomed.user_id, body(json!({}))).await, ErrorCode::Conflict);
    refused(service.send_message(doomed, scene.general, body(json!({ "content": "x" }))).await, ErrorCode::NotFound);
    assert_eq!(scene.erasure().await.stage, ErasureStage::Messages, "what was on its way arrives first");
    let again = Register { email: Some("qmarkq@example.org".parse().expect("an address")), ..register_body(MARK) };
    service.register(&origin(), again).await.expect("name and address are free");
    // In no team at all.
    let begun = service.erase_user(root, stranger.user_id).await.expect("erases").into_inner();
    assert_eq!(begun.username.as_str(), format!("erased-{}", stranger.user_id));
    scene.work().await;
    let page = service.erasures(root, &PageQuery::default()).await.expect("lists");
    assert!(page.items.iter().all(|erasure| erasure.stage == ErasureStage::Done), "{page:?}");
}

async fn bytes_that_somebody_else_keeps_stay(place: Place) {
    let scene = Scene::on(place).await;
    let service = scene.service();
    let mut urls = BTreeSet::new();
    for actor in [&scene.bob, &scene.doomed] {
        let mut picture = stream::iter([Ok::<_, BrokenOff>(Bytes::from_static(PNG))]);
        urls.extend(service.set_my_picture(actor, None, &mut picture).await.expect("a picture").avatar_url);
    }
    assert_eq!(urls.len(), 1, "the same picture has the same address");
    let mut picture = stream::iter([Ok::<_, BrokenOff>(Bytes::from_static(PNG))]);
    service
        .put_team_member(&scene.bob, scene.team, scene.doomed.user_id, body(json!({ "role": "admin" })))
        .await
        .expect("promotes");
    service.set_team_picture(&scene.doomed, scene.team, None, &mut picture).await.expect("a picture");
    scene.erase().await;
    scene.work().await;
    assert_eq!(scene.erasure().await.stage, ErasureStage::Done);
    // Bob's, and the team's.
    assert_eq!(marked_blobs(&scene.rig.place.folder.path().join("files")), 2);
    let sha256 = urls.pop_first().expect("an address").rsplit('/').next().expect("a name").to_owned();
    service.open_picture(&sha256).await.expect("opens");
}

async fn what_an_import_wrote_in_the_name_of_a_stranger_goes_too(place: Place) {
    let scene = Scene::on(place).await;
    let stranger = scene.rig.register_actor("stranger").await;
    import_as(&scene, "stranger").await;
    let store = scene.rig.place.store().await;
    let written = format!("SELECT COUNT(*) FROM messages WHERE content LIKE '%{MARK}%'");
    assert_eq!(count(&store, &written).await, 1);
    scene.service().remove_team_member(&scene.bob, scene.team, stranger.user_id).await.expect("removes");
    let erased = scene.service().erase_user(&scene.root, stranger.user_id).await;
    assert!(matches!(erased, Ok(Made::New(_))));
    scene.work().await;
    assert_eq!(count(&store, &written).await, 0);
    assert_eq!(count(&store, "SELECT COUNT(*) FROM import_items WHERE kind = 'user'").await, 0);
}

async fn nobody_is_erased_while_an_import_writes_in_its_name(place: Place) {
    let scene = Scene::on(place).await;
    let (service, root, team) = (scene.service(), &scene.root, scene.team);
    let stranger = scene.rig.register_actor("stranger").await;
    let begin = async |fingerprint: &str| {
        let start = json!({ "source": "test", "fingerprint": fingerprint.repeat(64), "match_by": "username" });
        service.start_import(root, team, body(start)).await.map(Made::into_inner).expect("begins").id
    };
    let first = json!({ "lines": [
        { "type": "user", "username": "stranger" }, { "type": "user", "username": MARK },
        { "type": "channel", "key": "old", "kind": "public", "name": "old", "created_at": AT },
        { "type": "message", "channel": "old", "number": 1, "sender": MARK, "content": MARK, "created_at": AT },
    ]});
    let rest = json!({ "lines": [
        { "type": "message", "channel": "old", "number": 1, "sender": MARK, "content": MARK, "created_at": AT },
        { "type": "message", "channel": "old", "number": 2, "sender": MARK, "content": MARK, "created_at": AT },
    ]});
    let import = begin("a").await;
    service.import_lines(root, team, import, body(first.clone())).await.expect("imports");
    let store = scene.rig.place.store().await;
    // One of them is in the team, the other in none.
    for user in [scene.doomed.user_id, stranger.user_id] {
        let why = refused(service.erase_user(root, user).await.map(drop), ErrorCode::Conflict).message;
        let sentence = format!(
            "import {import} into eng knows this person and is not finished: finish it, by giving its command again, or cancel it"
        );
        assert_eq!(why, sentence);
        assert_eq!(refused(service.erasure_plan(root, user).await.map(drop), ErrorCode::Conflict).message, why);
    }
    assert_eq!(count(&store, "SELECT COUNT(*) FROM erasures").await, 0);
    // Whether it is finished or taken back, the person goes with what came.
    service.import_lines(root, team, import, body(rest)).await.expect("goes on");
    while service.finish_import(root, team, import).await.expect("shows").channels_left > 0 {}
    let other = begin("b").await;
    service.import_lines(root, team, other, body(first)).await.expect("imports");
    refused(service.erase_user(root, scene.doomed.user_id).await.map(drop), ErrorCode::Conflict);
    service.cancel_import(root, team, other).await.expect("takes back");
    scene.erase().await;
    service.erase_user(root, stranger.user_id).await.map(drop).expect("erases");
    scene.work().await;
    let written = format!("SELECT COUNT(*) FROM messages WHERE content LIKE '%{MARK}%'");
    assert_eq!(count(&store, &written).await, 0);
}

/// Tells whether a column of this name names somebody.
fn names_somebody(column: &str) -> bool {
    let ends = [
        "user_id",
        "member_id",
        "sender_id",
        "uploader_id",
        "actor_id",
        "bot_id",
        "session_id",
        "_by",
        "email",
        "email_key",
    ];
    let whole = ["username", "username_key", "address", "asset_of", "target_id", "object_id"];
    ends.iter().any(|end| column.ends_with(end)) && column != "match_by" || whole.contains(&column)
}

async fn every_column_that_names_a_person_has_a_fate(place: Place) {
    let columns = columns(&place.store().await).await;
    let known: BTreeSet<_> = PERSON_COLUMNS.iter().map(|column| (column.table, column.name)).collect();
    let tables: BTreeSet<_> =
        known.iter().map(|(table, _)| *table).chain(NOBODYS_TABLES.iter().map(|it| it.0)).collect();
    for (table, column, _) in &columns {
        assert!(
            tables.contains(table.as_str()),
            "{table}: say in `personal_data` whom it names, or that it names nobody"
        );
        let is_known = known.contains(&(table.as_str(), column.as_str()));
        assert!(!names_somebody(column) || is_known, "{table}.{column}: say in `personal_data` what becomes of it");
    }
    for (table, column) in known {
        let is_there = columns.iter().any(|found| found.0 == table && found.1 == column);
        assert!(is_there, "{table}.{column} is no column any more");
    }
    for (table, _) in NOBODYS_TABLES {
        assert!(columns.iter().any(|found| found.0 == *table), "{table} is no table any more");
    }
}
