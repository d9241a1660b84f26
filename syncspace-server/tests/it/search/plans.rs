//! How both databases carry out what every search asks.

use syncspace_protocol::{ChannelId, MessageId, TeamId, UserId};
use syncspace_server::store::channels;
use syncspace_server::store::list::Slice;
use syncspace_server::store::search::{self, Key, Path, Wanted};
use syncspace_server::store::{Dialect, Sql, Store, Value};

use crate::explain::{self, Plan};
use crate::place::{Place, on_both_stores};

on_both_stores! { every_statement_goes_along_its_index, the_list_of_channels_reads_no_foreign_direct_ones }

fn id<T: TryFrom<u64, Error: std::fmt::Debug>>(number: u64) -> T {
    number.try_into().expect("an id")
}

/// Reads the plan of a statement, and says of a wrong one what it is.
async fn check(
    store: &Store,
    sql: &Sql,
    values: Vec<Value>,
    on_mysql: impl FnOnce(&Plan) -> bool,
    on_sqlite: impl FnOnce(&str) -> bool,
) {
    match store.dialect() {
        Dialect::Mysql => {
            let plan = Plan::of(store, sql.mysql(), values).await;
            assert!(on_mysql(&plan), "{}\n{}", sql.mysql(), plan.text);
        }
        Dialect::Sqlite => {
            let steps = explain::steps(store, &sql.sqlite(), values).await.join("\n");
            assert!(on_sqlite(&steps), "{}\n{steps}", sql.sqlite());
        }
    }
}

async fn every_statement_goes_along_its_index(place: Place) {
    let store = place.store().await;
    let (team, channel, sender): (TeamId, ChannelId, UserId) = (id(1), id(2), id(3));
    let before = Key { created_at: "2026-11-22T17:26:21.500Z".parse().expect("a time"), message: id::<MessageId>(9) };
    let from = Key { created_at: "2026-11-21T17:26:21.500Z".parse().expect("a time"), message: id::<MessageId>(7) };
    let tokens = vec![vec!["xone".to_owned()], vec!["xtwo".to_owned(), "xthree".to_owned()]];
    for (path, mysql, sqlite) in [
        (Path::Team(team), "PRIMARY", "PRIMARY KEY (team_id=? AND created_at>? AND created_at<?)"),
        (
            Path::Channel(channel),
            "message_search_channel",
            "message_search_channel (channel_id=? AND created_at>? AND created_at<?)",
        ),
        (
            Path::Sender(team, sender),
            "message_search_sender",
            "message_search_sender (team_id=? AND sender_id=? AND created_at>? AND created_at<?)",
        ),
    ] {
        let tokens = tokens.clone();
        let (channels, senders) = (vec![channel], vec![sender]);
        let wanted = Wanted { team, path, channels, senders, traits: 1, tokens, since: Some(from.created_at) };
        for (sql, values) in
            [search::walk_statement(&wanted, before, Some(from), 40), search::reach_statement(&wanted, before, 4_096)]
        {
            let on_mysql = |plan: &Plan| plan.goes_along(mysql) && !plan.is_sorted;
            let on_sqlite = |steps: &str| steps.contains(sqlite) && !steps.contains("TEMP B-TREE");
            check(&store, &sql, values, on_mysql, on_sqlite).await;
        }
    }
    let wanted = Wanted {
        team,
        path: Path::Team(team),
        channels: vec![channel],
        senders: vec![],
        traits: 0,
        tokens,
        since: None,
    };
    let (sql, values) = search::words_statement(&wanted, &[0, 1], before, 40);
    let mut all = vec![Value::from(search::words_expression(store.dialect(), &wanted.tokens))];
    all.extend(values);
    let on_mysql = |plan: &Plan| plan.goes_along("message_search_tokens");
    let on_sqlite =
        |steps: &str| steps.contains("VIRTUAL TABLE INDEX") && steps.contains("message_search_message (message_id=?");
    check(&store, &sql, all, on_mysql, on_sqlite).await;
}

async fn the_list_of_channels_reads_no_foreign_direct_ones(place: Place) {
    let store = place.store().await;
    let slice = Slice { after: 0, limit: 201, contains: None, exactly: None };
    let (sql, values) = channels::visible_statement((id(1), id(3)), true, &slice);
    // Which index of the team's channels it takes hangs on what is in the table.
    let on_mysql = |plan: &Plan| {
        let mut channels = plan.reads.iter().filter(|read| read.table == "c");
        plan.text.contains("union") && channels.all(|read| !read.is_whole())
    };
    let on_sqlite = |steps: &str| {
        steps.contains("channels_kind (team_id=? AND kind=?") && !steps.contains("channels_default (team_id=?)")
    };
    check(&store, &sql, values, on_mysql, on_sqlite).await;
}
