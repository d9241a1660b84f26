//! How both databases carry out every query of the tables of messages' marks, of schedules and reminders, of teams' rules:
//! each is run once, noted on the way, and its plan is read.

use syncspace_protocol::join_requests::{JoinRequest, JoinRequestState};
use syncspace_protocol::messages::Message;
use syncspace_protocol::reactions::Emoji;
use syncspace_protocol::{ChannelId, FileId, MemberId, MessageId, Rev, Seq, TeamId, Time, UserId};
use syncspace_server::store::list::{Slice, TimeSlice};
use syncspace_server::store::reactions::ReactionKey;
use syncspace_server::store::search::Key;
use syncspace_server::store::{
    Dialect, Many, Queries, Row, Sql, Store, StoreError, Value, arrivals, bans, channels, deliveries, file_parts,
    files, heads, imports, invites, join_requests, pins, reactions, reminders, removals, retention, saved, scheduled,
    users, versions,
};

use crate::explain::{self, Plan};
use crate::place::{Place, on_both_stores};

mod erasing;

on_both_stores! { every_query_goes_along_an_index, what_erases_people_and_sends_mail_goes_along_an_index }

/// Rows of each table: enough that reading them all would be dearer.
const ROWS: u32 = 900;

/// Statements that may put what they read in order: as many rows as one person may save, as a channel may have pinned, or as
/// the devices that are greeted together have teams, as one person owns teams or has codes for a new password.
const SORTED: [&str; 5] = [
    "SELECT m.created_at, m.id, m.channel_id, m.seq FROM saved_messages",
    "SELECT rev, seq FROM message_pins",
    "SELECT s.id, s.ended_at IS NOT NULL",
    "SELECT t.id, t.name FROM team_members m JOIN teams t",
    "SELECT code_hash, user_id, made_by, created_at, expires_at FROM password_resets WHERE user_id",
];

/// What may be read as a whole: what an erasure would take is counted channel by channel, as the erasure goes through them.
const WHOLE: [(&str, &str); 1] = [("SELECT (SELECT COUNT(*) FROM team_members", "h")];

fn id<T: TryFrom<u64, Error: std::fmt::Debug>>(number: u64) -> T {
    number.try_into().expect("a number")
}

/// Runs statements, and notes them.
struct Recorder {
    store: Store,
    noted: Vec<(Sql, Vec<Value>)>,
}

impl Recorder {
    fn note(&mut self, sql: &Sql, params: &[Value]) {
        self.noted.push((sql.clone(), params.to_vec()));
    }

    fn note_many(&mut self, many: &Many) {
        let sql = Sql::built_pair(many.sql.mysql(many.values.len() / many.sql.width), many.sql.sqlite.to_owned());
        let values = match self.store.dialect() {
            Dialect::Mysql => many.values.clone(),
            Dialect::Sqlite => many.values[..many.sql.width].to_vec(),
        };
        self.noted.push((sql, values));
    }
}

impl Queries for Recorder {
    async fn query(&mut self, sql: &Sql, params: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        self.note(sql, &params);
        (&self.store).query(sql, params).await
    }

    async fn execute(&mut self, sql: &Sql, params: Vec<Value>) -> Result<u64, StoreError> {
        self.note(sql, &params);
        (&self.store).execute(sql, params).await
    }

    async fn query_many(&mut self, lookups: Vec<Many>) -> Result<Vec<Vec<Row>>, StoreError> {
        lookups.iter().for_each(|many| self.note_many(many));
        (&self.store).query_many(lookups).await
    }

    async fn execute_many(&mut self, change: Many) -> Result<(), StoreError> {
        self.note_many(&change);
        (&self.store).execute_many(change).await
    }
}

async fn fill(store: &Store, table: &str, columns: &str, values: &str) {
    explain::fill(store, table, columns, values, ROWS).await;
}

async fn fill_all(store: &Store) {
    const AT: &str = "'2026-11-22 17:26:21.500'";
    // As each database writes a text with a number in it.
    let name = |word: &str| match store.dialect() {
        Dialect::Mysql => format!("CONCAT('{word}', i)"),
        Dialect::Sqlite => format!("'{word}' || i"),
    };
    let (user, team) = (name("user"), name("team"));
    let users = "id, username, username_key, hashed_password, is_active, is_online, is_admin, created_at, updated_at";
    fill(store, "users", users, &format!("i, {user}, {user}, 'x', 1, 0, 0, {AT}, {AT}")).await;
    let teams = "id, name, name_key, is_public, created_by, created_at, updated_at, rev";
    fill(store, "teams", teams, &format!("i, {team}, {team}, 1, i, {AT}, {AT}, 1")).await;
    let channel = "id, name, name_key, is_private, team_id, created_by, created_at, updated_at, kind, rev";
    fill(store, "channels", channel, &format!("i, {team}, {team}, 0, i % 9 + 1, 1, {AT}, {AT}, 'public', i")).await;
    let heads = "team_id, channel_id, last_seq, last_rev, floor_seq, floor_rev";
    fill(store, "channel_heads", heads, "i % 9 + 1, i, 1, 1, 0, 0").await;
    let member = "user_id, channel_id, team_id, member_id, role, joined_at, last_read_seq, rev, my_rev";
    fill(store, "channel_members", member, &format!("i, i, i % 9 + 1, i, 'member', {AT}, 0, i, i")).await;
    let message = "channel_id, seq, id, team_id, rev, sender_id, content, reply_count, is_edited, created_at, updated_at, \
                   client_id, client_digest";
    let values = format!("i % 7 + 1, i, i, 1, i, 1, 'x', 0, 0, {AT}, {AT}, {}, 'x'", name("c"));
    fill(store, "messages", message, &values).await;
    let reaction = "channel_id, seq, rev, team_id, emoji, user_id, created_at";
    fill(
        store,
        "message_reactions",
        reaction,
        &format!("CASE WHEN i % 4 = 0 THEN 2 ELSE i % 40 + 3 END, 3, i, 1, 'tada', i, {AT}"),
    )
    .await;
    let version = "channel_id, seq, rev, team_id, content, written_at, replaced_at";
    fill(store, "message_versions", version, &format!("i % 9 + 1, i % 5 + 1, i, 1, 'x', {AT}, {AT}")).await;
    fill(store, "message_pins", "channel_id, rev, seq, team_id", "i % 9 + 1, i, i, 1").await;
    let planned = "id, member_id, team_id, user_id, session_id, channel_id, content, state, is_open, send_at, due_at, \
                   created_at, updated_at, rev";
    // The clock has nothing to do with most of what is kept.
    let due = format!("CASE WHEN i % 50 = 0 THEN {AT} END");
    let values = format!("i, i % 9 + 1, 1, 1, 1, 1, 'x', 'waiting', 1, {AT}, {due}, {AT}, {AT}, i");
    fill(store, "scheduled_messages", planned, &values).await;
    let reminder = "id, member_id, team_id, user_id, session_id, channel_id, seq, state, is_open, is_message_gone, \
                    remind_at, due_at, created_at, updated_at, rev";
    let values = format!("i, i % 9 + 1, 1, 1, 1, 1, i, 'waiting', 1, 0, {AT}, {due}, {AT}, {AT}, i");
    fill(store, "reminders", reminder, &values).await;
    let mark = "member_id, channel_id, seq, team_id, is_saved, saved_at, rev";
    fill(store, "saved_messages", mark, &format!("i % 2 + 2, i % 7 + 1, i, 1, 1, {AT}, i")).await;
    fill(store, "team_bans", "team_id, user_id, banned_by, created_at", &format!("i % 9 + 1, i, 1, {AT}")).await;
    let request = "team_id, user_id, state, is_open, created_at, rev";
    fill(store, "join_requests", request, &format!("i % 9 + 1, i, 'open', 1, {AT}, i")).await;
    let member = "user_id, team_id, member_id, role, joined_at, rev";
    fill(store, "team_members", member, &format!("i, i % 9 + 1, i, 'member', {AT}, i")).await;
    let session = "id, user_id, seed, refresh_n, rotated_at, created_at, last_used_at, expires_at";
    fill(store, "sessions", session, &format!("i, i, 'x', 1, {AT}, {AT}, {AT}, '2027-11-22 17:26:21.500'")).await;
    let invite = "id, team_id, code_hash, role, uses_max, uses, created_by, created_at, expires_at";
    let values = format!("i, i % 9 + 1, {user}, 'member', 1, 0, i % 5 + 1, {AT}, '2027-11-22 17:26:21.500'");
    fill(store, "team_invites", invite, &values).await;
    fill_files(store, AT).await;
    fill_deliveries(store, AT).await;
    let thread = "user_id, channel_id, root_seq, team_id, is_following, is_muted, last_read_seq, set_rev, rev";
    fill(store, "thread_members", thread, "i, i % 7 + 1, i, 1, 1, 0, 0, 0, 0").await;
    let found = "team_id, created_at, message_id, channel_id, seq, sender_id, traits, tokens";
    fill(store, "message_search", found, &format!("1, {AT}, i, i % 7 + 1, i, 1, 0, 'x'")).await;
    let mention = "channel_id, kind, target_id, seq, team_id, sender_id";
    fill(store, "message_mentions", mention, "i % 7 + 1, 'user', i, i, 1, 1").await;
    fill(
        store,
        "import_items",
        "import_id, kind, key_hash, object_id, detail",
        &format!("1, 'channel', {user}, i, 'done'"),
    )
    .await;
}

/// Fills the table of files: those of messages, those that wait, pictures.
async fn fill_files(store: &Store, at: &str) {
    let key = match store.dialect() {
        Dialect::Mysql => "CONCAT('k', i)",
        Dialect::Sqlite => "'k' || i",
    };
    let columns = "id, team_id, channel_id, uploader_id, asset_of, name, content_type, size_bytes, sha256, blob_key, state, \
                   message_seq, attached_at, created_at, collect_at";
    let values = format!(
        "i, i % 9 + 1, CASE WHEN i % 9 > 0 THEN i % 90 + 1 END, i % 40 + 1, CASE WHEN i % 9 = 0 THEN {key} END, 'x', 'x', i, \
         {key}, {key}, 'ready', CASE WHEN i % 9 > 1 THEN i END, CASE WHEN i % 9 > 1 THEN {at} END, {at}, \
         CASE WHEN i % 50 = 0 THEN {at} END"
    );
    fill(store, "files", columns, &values).await;
    let part = match store.dialect() {
        Dialect::Mysql => "CONCAT('p', i)",
        Dialect::Sqlite => "'p' || i",
    };
    fill(store, "file_parts", "part_key, blob_key, start_at, size_bytes", &format!("{part}, {key}, 0, 7")).await;
}

/// Runs every query of files once.
async fn run_files(db: &mut Recorder, now: Time) -> Result<(), StoreError> {
    let (channel, file): (ChannelId, FileId) = (id(3), id(2));
    let end: files::Before = (now, u64::MAX);
    files::find(db, file).await?;
    files::find_picture(db, "k9").await?;
    files::find_usage(db, id(2)).await?;
    files::list(db, channel, end, 51).await?;
    let lookups = vec![files::newest_of(&[channel, id(4), id(5)], end, 51), files::by_ids([file, id(3)].into_iter())];
    db.query_many(lookups).await?;
    files::attach(db, file, (channel, id(9)), now).await?;
    files::release(db, channel, id(9), now).await?;
    files::hold(db, file).await?;
    files::let_go(db, file, now).await?;
    files::discard(db, file, now).await?;
    files::release_pictures(db, "k9", Some("k9"), now).await?;
    files::release_pictures(db, "k18", None, now).await?;
    let copy = files::FileCopy { of: id(11), id: id(5_000) };
    files::copy(db, copy, (id(2), &carrier()), now).await?;
    files::remove_copy(db, id(5_000), "k11").await?;
    files::take_leftovers(db, now, 50).await?;
    file_parts::begin(db, file, "k2").await?;
    file_parts::find(db, file).await?;
    let same = file_parts::Same { uploader: id(2), channel, name: "x", size_bytes: 2, sha256: "k2" };
    file_parts::find_open(db, same).await?;
    file_parts::prolong(db, file, now).await?;
    file_parts::insert(db, "k2", 0, "p-1").await?;
    let part = file_parts::Part { key: "p-1".to_owned(), size_bytes: 1 };
    file_parts::count(db, (file, 0), &part, "x").await?;
    file_parts::list(db, "k2").await?;
    file_parts::list_keys(db, "k2").await?;
    file_parts::remove(db, "p-1").await?;
    files::remove(db, file).await
}

fn carrier() -> Message {
    serde_json::from_value(serde_json::json!({
        "id": 5_000, "channel_id": 3, "seq": 5_000, "rev": 1, "sender_id": 1, "content": "", "message_type": "file", "reply_count": 0, "is_edited": false,
        "client_id": "one", "created_at": "2026-11-22T17:26:22.500Z", "updated_at": "2026-11-22T17:26:22.500Z",
    }))
    .expect("a message")
}

/// Fills what hooks are told.
async fn fill_deliveries(store: &Store, at: &str) {
    let columns = "id, hook_id, team_id, channel_id, seq, state, attempts, next_at, created_at, done_at";
    let values = format!(
        "i, i % 9 + 1, i % 40 + 1, 3, i, CASE WHEN i % 2 = 0 THEN 'waiting' ELSE 'done' END, 0, \
         CASE WHEN i % 2 = 0 THEN {at} END, {at}, CASE WHEN i % 2 = 1 THEN {at} END"
    );
    fill(store, "hook_deliveries", columns, &values).await;
}

/// Runs every query of deliveries once.
async fn run_deliveries(db: &mut Recorder, now: Time) -> Result<(), StoreError> {
    deliveries::count_waiting(db, id(2), 10_000).await?;
    deliveries::next_due(db).await?;
    deliveries::give_up_all(db, id(3), now).await?;
    deliveries::list_newest(db, id(2), u64::MAX, 51).await?;
    deliveries::purge_before(db, now, 2).await?;
    removals::remove_deliveries(db, db.store.dialect(), id(3), 2).await?;
    removals::remove_words(db, db.store.dialect(), id(3), 2).await?;
    channels::lock_removed(db, &[id(3), id(4)]).await.map(drop)
}

/// Runs every query of retention once.
async fn run_retention(db: &mut Recorder, now: Time) -> Result<(), StoreError> {
    let channel: ChannelId = id(3);
    retention::list(db, Some(id(700)), 20).await?;
    retention::list_of_team(db, id(2)).await?;
    let kept = retention::find(db, channel).await?.expect("a channel");
    retention::count_old(db, &kept, now).await?;
    heads::find_floor(db, channel, id(0)).await?;
    heads::raise_floor(db, channel, id(1), id(1)).await?;
    let oldest = retention::list_oldest(db, channel, 2).await?;
    retention::remove(db, db.store.dialect(), channel, &oldest, now).await
}

/// Runs every query of the tables once.
async fn run_all(db: &mut Recorder) -> Result<(), StoreError> {
    let (team, channel, seq): (TeamId, ChannelId, Seq) = (id(2), id(2), id(3));
    let (user, member, rev): (UserId, MemberId, Rev) = (id(2), id(2), id(5));
    let now: Time = "2026-11-22T17:26:22.500Z".parse().expect("a time");
    let emoji: Emoji = "tada".parse().expect("a short name");
    let slice = Slice { after: 1, limit: 51, contains: None, exactly: None };
    let first = TimeSlice { after: None, limit: 51 };
    let next = TimeSlice { after: Some((now, 3)), limit: 51 };

    let key = ReactionKey { channel, seq, user, emoji: &emoji };
    reactions::exists(db, key).await?;
    reactions::first_users(db, (channel, seq), &emoji, 5).await?;
    reactions::list(db, (channel, seq), None, 1, 51).await?;
    reactions::list(db, (channel, seq), Some(&emoji), 1, 51).await?;
    reactions::list_of_user(db, user, &[(channel, seq), (channel, id(4))]).await?;
    reactions::remove(db, key).await?;
    // Of another message: the plans are read when all this is done, and nobody reads what has no reactions.
    reactions::remove_all(db, channel, id(9)).await?;
    versions::trim(db, channel, seq, 1).await?;
    versions::list(db, channel, seq, 1, 51).await?;
    versions::remove_all(db, channel, seq).await?;
    pins::count(db, channel).await?;
    pins::list(db, channel, None, 51).await?;
    pins::list(db, channel, Some(9), 51).await?;
    pins::remove(db, channel, seq).await?;

    scheduled::count_open(db, member).await?;
    let planned = scheduled::list_open(db, member, &first).await?;
    scheduled::list_open(db, member, &next).await?;
    scheduled::list_changes(db, member, rev, 51).await?;
    scheduled::next_due(db).await?;
    scheduled::list_due(db, now, 100).await?;
    scheduled::find(db, member, planned[0].id).await?;
    scheduled::update(db, &planned[0]).await?;
    reminders::count_open(db, member).await?;
    let found = reminders::list_open(db, member, &first).await?;
    reminders::list_open(db, member, &next).await?;
    reminders::list_changes(db, member, rev, 51).await?;
    reminders::next_due(db).await?;
    reminders::list_due(db, now, 100).await?;
    reminders::find(db, member, found[0].id).await?;
    reminders::update(db, &found[0]).await?;

    saved::find(db, member, channel, seq).await?;
    let reader = saved::Reader { member, user, sees_public: true, before: Rev::END, limit: 51 };
    saved::is_full(db, reader).await?;
    saved::list_changes(db, member, rev, 51).await?;
    saved::list_places(db, member, Key { created_at: now, message: id::<MessageId>(9) }, 256).await?;
    saved::find_among(db, member, [(channel, seq), (channel, id(4))].into_iter()).await?;

    bans::find(db, team, user).await?;
    bans::list(db, team, &slice).await?;
    bans::remove(db, team, user).await?;
    channels::count_defaults(db, team).await?;
    channels::list_defaults(db, team).await?;
    channels::list_hidden(db, team, user, rev, 51).await?;
    imports::find_open_of(db, user).await?;
    invites::list_open(db, (team, None), now, &slice).await?;
    invites::list_open(db, (team, Some(user)), now, &slice).await?;
    invites::revoke(db, (team, Some(user)), id(1), now).await?;

    join_requests::find(db, team, user).await?;
    join_requests::count_open(db, team).await?;
    join_requests::count_open_of(db, user).await?;
    join_requests::list_askers(db, team).await?;
    join_requests::list_open(db, team, &first).await?;
    join_requests::list_open(db, team, &next).await?;
    join_requests::list_changes(db, team, rev, 51).await?;
    join_requests::list_of(db, user, &slice).await?;
    join_requests::put(db, &a_request(team, user, now)).await?;
    users::lock_active_admins(db).await?;
    run_files(db, now).await?;
    run_retention(db, now).await?;
    run_deliveries(db, now).await?;
    arrivals::load(db, &[id(1)]).await.map(drop)
}

fn a_request(team_id: TeamId, user_id: UserId, created_at: Time) -> JoinRequest {
    JoinRequest {
        team_id,
        user_id,
        username: "user2".parse().expect("a name"),
        message: None,
        state: JoinRequestState::Open,
        created_at,
        decided_by: None,
        decided_at: None,
        rev: id(9),
    }
}

async fn every_query_goes_along_an_index(place: Place) {
    let store = place.store().await;
    fill_all(&store).await;
    let mut recorder = Recorder { store, noted: Vec::new() };
    run_all(&mut recorder).await.expect("runs");
    check(recorder).await;
}

async fn what_erases_people_and_sends_mail_goes_along_an_index(place: Place) {
    let store = place.store().await;
    fill_all(&store).await;
    erasing::fill_more(&store).await;
    let mut recorder = Recorder { store, noted: Vec::new() };
    let now = "2026-11-22T17:26:22.500Z".parse().expect("a time");
    erasing::run_mail(&mut recorder, now).await.expect("runs");
    erasing::run_erasures(&mut recorder, now).await.expect("runs");
    check(recorder).await;
}

/// Checks the plans of what was noted.
async fn check(recorder: Recorder) {
    let Recorder { store, noted } = recorder;
    assert!(noted.len() > 50, "only {} statements were noted", noted.len());
    let mut wrong = Vec::new();
    for (sql, values) in noted {
        let text = match store.dialect() {
            Dialect::Mysql => sql.mysql().to_owned(),
            Dialect::Sqlite => sql.sqlite().into_owned(),
        };
        let text = text.strip_suffix(" FOR UPDATE").unwrap_or(&text).to_owned();
        if text.starts_with("INSERT") {
            continue;
        }
        let may_sort = SORTED.iter().any(|start| text.starts_with(start));
        let faults = match store.dialect() {
            Dialect::Mysql => faults_on_mysql(&store, &text, values, may_sort).await,
            Dialect::Sqlite => faults_on_sqlite(&store, &text, values, may_sort).await,
        };
        wrong.extend(faults.into_iter().map(|fault| format!("{fault}: {text}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn may_be_whole(text: &str, table: &str) -> bool {
    WHOLE.iter().any(|(start, whole)| text.starts_with(start) && *whole == table)
}

/// Gives the steps that read a whole table, or put what they read in order.
async fn faults_on_sqlite(store: &Store, text: &str, values: Vec<Value>, may_sort: bool) -> Vec<String> {
    // What a bounded part of the statement gives is read as a whole; the part itself is another step.
    let is_part = |name: &str| text.contains(&format!(") AS {name}"));
    // A row of a full text index by its number.
    let is_row = |name: &str| name.ends_with("VIRTUAL TABLE INDEX 0:=");
    let is_whole = |step: &str| {
        step.strip_prefix("SCAN ").is_some_and(|name| {
            let table = name.split(' ').next().unwrap_or_default();
            name != "CONSTANT ROW" && !is_part(name) && !is_row(name) && !may_be_whole(text, table)
        })
    };
    let sorts = |step: &str| step.contains("TEMP B-TREE FOR ORDER BY") && !may_sort;
    let steps = explain::steps(store, text, values).await.into_iter();
    steps.filter(|step| is_whole(step) || sorts(step)).collect()
}

/// The same in the words of MySQL and MariaDB.
async fn faults_on_mysql(store: &Store, text: &str, values: Vec<Value>, may_sort: bool) -> Vec<String> {
    let plan = Plan::of(store, text, values).await;
    let whole = plan.reads.iter().filter(|read| read.is_whole() && !may_be_whole(text, &read.table));
    let mut faults: Vec<String> = whole.map(|read| format!("{} is read as a whole", read.table)).collect();
    // No table is left of a row that a unique key does not find, nor of what stands at one end of an index.
    let is_answered = ["const table", "tables optimized away"].iter().any(|reason| plan.text.contains(reason));
    if plan.reads.is_empty() && !is_answered {
        faults.push(format!("nothing is read by {}", plan.text));
    }
    if plan.is_sorted && !may_sort {
        faults.push("what was read is put in order".to_owned());
    }
    faults
}
