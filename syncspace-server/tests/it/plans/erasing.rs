//! The same of what erases a person, and of what waits to be mailed.

use syncspace_protocol::teams::MailState;
use syncspace_protocol::{ChannelId, Email, Time, UserId};
use syncspace_server::service::BATCH_ROWS_MAX;
use syncspace_server::store::list::Slice;
use syncspace_server::store::mails::{MailKind, MailRow};
use syncspace_server::store::password_resets::ResetRow;
use syncspace_server::store::personal_data::{Person, clear_all};
use syncspace_server::store::{
    Dialect, Store, StoreError, email_codes, erasures, invites, mails, password_resets, users,
};

use super::{Recorder, fill, id};

/// The person who is erased; another one's work is under way.
const ERASED: u64 = 2;

/// Fills the tables that nothing else of the plans reads.
pub(super) async fn fill_more(store: &Store) {
    const AT: &str = "'2026-11-22 17:26:21.500'";
    // Most of it holds still, and is not due.
    const END: &str = "CASE WHEN i % 50 = 0 THEN '2026-11-22 17:26:21.500' ELSE '2027-11-22 17:26:21.500' END";
    let name = |word: &str| match store.dialect() {
        Dialect::Mysql => format!("CONCAT('{word}', i)"),
        Dialect::Sqlite => format!("'{word}' || i"),
    };
    let (word, name) = (name("word"), name("name"));
    let address = match store.dialect() {
        Dialect::Mysql => "CONCAT('a', i, '@example.org')",
        Dialect::Sqlite => "'a' || i || '@example.org'",
    };
    // Most were over long ago.
    let stage =
        "CASE WHEN i % 90 = 2 THEN 'messages' WHEN i % 90 = 3 THEN 'rest' WHEN i % 90 = 4 THEN 'files' ELSE 'done' END";
    for (table, columns, values) in [
        ("user_words", "word, user_id", format!("{word}, i")),
        (
            "erasures",
            "user_id, requested_by, requested_at, stage, channel_id, messages, reactions",
            // Behind most channels: from the first one on, all of them match, and MySQL reads the index from its start.
            format!("i, 1, {AT}, {stage}, 700, 0, 0"),
        ),
        ("user_activity", "user_id, is_online, last_seen", format!("i, 0, {AT}")),
        ("user_settings", "user_id, presence, changed_at", format!("i, 'online', {AT}")),
        ("user_keywords", "user_id, place, keyword, lookup", format!("i, 1, {word}, {word}")),
        ("socket_tickets", "ticket_hash, session_id, user_id, expires_at", format!("{name}, i, i, {END}")),
        (
            "idempotency_keys",
            "user_id, key_hash, request_digest, object_id, created_at",
            format!("i, {name}, 'x', i, {AT}"),
        ),
        (
            "channel_preferences",
            "member_id, channel_id, team_id, is_muted, is_favourite, is_hidden, rev",
            "i, i, 1, 0, 0, 0, i".to_owned(),
        ),
        ("channel_orders", "member_id, team_id, channel_ids, rev", "i, 1, '[]', i".to_owned()),
        ("muted_users", "member_id, user_id, team_id, is_muted, rev", "i, i, 1, 1, i".to_owned()),
        (
            "drafts",
            "member_id, channel_id, parent_seq, team_id, content, updated_at, rev",
            format!("i, i, 0, 1, 'x', {AT}, i"),
        ),
        (
            "audit_log",
            "at, id, action, actor_id, address, user_id, details",
            format!("{AT}, i, 'account.login', i, 'x', i, '{{}}'"),
        ),
        ("import_members", "import_id, channel_id, user_id, role", "i % 9 + 1, i, i, 'member'".to_owned()),
        ("password_resets", "code_hash, user_id, created_at, expires_at", format!("{name}, i, {AT}, {END}")),
        (
            "email_codes",
            "code_hash, user_id, email, created_at, expires_at",
            format!("{name}, i, {address}, {AT}, {END}"),
        ),
        (
            "mails",
            "name, kind, address, user_id, attempts, next_at, created_at, expires_at",
            format!("{name}, 'verify', {address}, i, 0, {END}, {AT}, {END}"),
        ),
    ] {
        fill(store, table, columns, &values).await;
    }
}

/// Runs every query of erasures once.
pub(super) async fn run_erasures(db: &mut Recorder, now: Time) -> Result<(), StoreError> {
    let (user, channel): (UserId, ChannelId) = (id(ERASED), id(3));
    let mut account = users::find_user(db, user).await?.expect("an account");
    let address: Email = "erased@example.org".parse().expect("an address");
    (account.email, account.email_pending) = (Some(address.clone()), Some(address));
    erasures::insert(db, id(1_000), id(1), now).await?;
    erasures::find(db, user).await?;
    erasures::is_erased(db, user).await?;
    erasures::list(db, &Slice { after: 1, limit: 51, contains: None, exactly: None }).await?;
    erasures::plan(db, &account).await?;
    let work = erasures::find_work(db, now).await?.expect("work");
    erasures::find_work_on(db, user).await?;
    erasures::go_to_next_channel(db, &work).await?;
    let found = erasures::find_work_on(db, work.user).await?.expect("work");
    erasures::list_messages(db, &found, 100).await?;
    erasures::remove_mentions(db, channel, user, 100).await?;
    erasures::note_messages(db, user, 1, None).await?;
    erasures::find_reacted(db, user).await?;
    erasures::list_reactions(db, (channel, user), 100).await?;
    erasures::note_reactions(db, user, 1).await?;
    erasures::find_request(db, user).await?;
    erasures::release_files(db, user, now).await?;
    erasures::finish(db, now, 100).await?;
    let (dialect, person) = (db.store.dialect(), Person::load(db, user).await?);
    clear_all(db, dialect, &person, BATCH_ROWS_MAX).await?;
    erasures::empty_account(db, &account, &"erased-2".parse().expect("a name"), now).await
}

/// Runs every query of mail, and of the codes in it, once.
pub(super) async fn run_mail(db: &mut Recorder, now: Time) -> Result<(), StoreError> {
    let user: UserId = id(7);
    let mail = MailRow {
        name: "one".to_owned(),
        kind: MailKind::Reset,
        address: "somebody".to_owned(),
        user: None,
        invite: None,
        attempts: 0,
        created_at: now,
        expires_at: now,
    };
    mails::insert(db, &mail).await?;
    mails::list_due(db, now, &[], 4).await?;
    mails::list_due(db, now, &["name3".to_owned(), "name4".to_owned()], 4).await?;
    mails::next_due(db).await?;
    mails::address_to(db, "one", user, "a@example.org").await?;
    mails::put_off(db, "one", now).await?;
    mails::remove(db, "one").await?;
    mails::purge_before(db, now, 100).await?;
    email_codes::find(db, user, "name7", now).await?;
    email_codes::count(db, user, now).await?;
    email_codes::remove_of(db, user).await?;
    email_codes::purge_before(db, now, 100).await?;
    password_resets::find(db, "name7", now).await?;
    password_resets::find_mailed(db, user).await?;
    password_resets::take(db, "name7", now).await?;
    let (code_hash, created_at) = ("x".to_owned(), now);
    password_resets::replace(db, &ResetRow { code_hash, user_id: user, made_by: None, created_at, expires_at: now })
        .await?;
    password_resets::remove_of(db, user).await?;
    password_resets::purge_before(db, now, 100).await?;
    invites::find_open_by_id(db, id(5), now).await?;
    invites::note_mail(db, id(5), MailState::Sent, None).await?;
    invites::count_mailed(db, user, now).await?;
    invites::find_team(db, id(5)).await.map(drop)
}
