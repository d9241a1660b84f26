//! How both databases carry out what every search asks.

use syncspace_protocol::{ChannelId, MessageId, TeamId, UserId};
use syncspace_server::store::channels;
use syncspace_server::store::list::Slice;
use syncspace_server::store::search::{self, Key, Path, Wanted};
use syncspace_server::store::{Dialect, Queries, Sql, Store, Value};

use crate::place::{Place, on_both_stores};

on_both_stores! { every_statement_goes_along_its_index, the_list_of_channels_reads_no_foreign_direct_ones }

fn id<T: TryFrom<u64, Error: std::fmt::Debug>>(number: u64) -> T {
    number.try_into().expect("an id")
}

/// Gives the plan of a statement, as the database words it.
async fn plan(store: &Store, sql: &Sql, values: Vec<Value>) -> String {
    let explain = match store.dialect() {
        Dialect::Mysql => format!("EXPLAIN FORMAT=JSON {}", sql.mysql()),
        Dialect::Sqlite => format!("EXPLAIN QUERY PLAN {}", sql.sqlite()),
    };
    let rows = { store }.query(&Sql::built(explain), values).await.expect("explains");
    let lines = rows.iter().map(|row| {
        let mut row = row.reader();
        if store.dialect() == Dialect::Sqlite {
            for _ in 0..3 {
                row.take::<i64>().expect("a number");
            }
        }
        row.take::<String>().expect("a line")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Tells whether MySQL or MariaDB goes along an index, in the words of any version.
fn goes_along(plan: &str, index: &str) -> bool {
    ["key", "index_name"].iter().any(|word| plan.contains(&format!("\"{word}\": \"{index}\"")))
}

/// Tells whether MySQL or MariaDB puts rows in order by itself.
fn sorts(plan: &str) -> bool {
    ["\"filesort\": {", "\"using_filesort\": true", "\"operation\": \"Sort"].iter().any(|word| plan.contains(word))
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
            let plan = plan(&store, &sql, values).await;
            let is_right = match store.dialect() {
                Dialect::Mysql => goes_along(&plan, mysql) && !sorts(&plan),
                Dialect::Sqlite => plan.contains(sqlite) && !plan.contains("TEMP B-TREE"),
            };
            assert!(is_right, "{path:?}: {plan}");
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
    let plan = plan(&store, &sql, all).await;
    let is_right = match store.dialect() {
        Dialect::Mysql => goes_along(&plan, "message_search_tokens"),
        Dialect::Sqlite => {
            plan.contains("VIRTUAL TABLE INDEX") && plan.contains("message_search_message (message_id=?")
        }
    };
    assert!(is_right, "{plan}");
}

async fn the_list_of_channels_reads_no_foreign_direct_ones(place: Place) {
    let store = place.store().await;
    let slice = Slice { after: 0, limit: 201, contains: None, exactly: None };
    let (sql, values) = channels::visible_statement((id(1), id(3)), true, &slice);
    let plan = plan(&store, &sql, values).await;
    let is_right = match store.dialect() {
        // Which index of the team's channels it takes hangs on what is in the table.
        Dialect::Mysql => {
            let plan: String = plan.split_whitespace().collect();
            plan.to_lowercase().contains("union") && !plan.contains(r#""table_name":"c","access_type":"ALL""#)
        }
        Dialect::Sqlite => {
            plan.contains("channels_kind (team_id=? AND kind=?") && !plan.contains("channels_default (team_id=?)")
        }
    };
    assert!(is_right, "{plan}");
}
