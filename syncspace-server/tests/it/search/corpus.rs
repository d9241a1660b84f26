//! The same texts and queries on both databases, beside a plain look at every text.

use syncspace_protocol::messages::Message;
use syncspace_protocol::search::matching::Needle;
use syncspace_protocol::search::words::Words;
use syncspace_protocol::search::{SearchParams, SearchSort};
use syncspace_protocol::{ChannelId, MessageId, Seq, TeamId, Time, UserId};
use syncspace_server::store::search::{self, IndexRow, Key, Path, Wanted};
use syncspace_server::store::{Queries, Sql, Store, messages, params};

use super::Room;
use crate::place::{Place, on_both_stores};

on_both_stores! {
    rare_words_are_found_behind_thousands_of_messages,
    the_index_of_words_and_a_walk_find_the_same,
}

const WORDS: [&str; 24] = [
    "a",
    "to",
    "the",
    "deploy",
    "error",
    "budget",
    "C++",
    "C#",
    "foo_bar",
    "foo",
    ".NET",
    "net",
    "日本語",
    "本",
    "東京",
    "café",
    "Straße",
    "a.b.c",
    "alice@example.org",
    "https://x.org/a",
    "it's",
    "follow-up",
    "Привет",
    "7",
];

fn text(random: &mut fastrand::Rng) -> String {
    let count = random.usize(1..8);
    let words: Vec<_> = (0..count).map(|_| WORDS[random.usize(..WORDS.len())]).collect();
    words.join(random.choice([" ", ", ", "\n", " - "]).unwrap_or(" "))
}

/// A wanted or unwanted word or phrase.
fn query(random: &mut fastrand::Rng) -> Vec<(bool, String)> {
    let count = random.usize(1..4);
    let terms = (0..count).map(|place| {
        let is_negated = place > 0 && random.u32(..4) == 0;
        let text = if random.u32(..3) == 0 {
            text(random).replace('\n', " ")
        } else {
            WORDS[random.usize(..WORDS.len())].to_owned()
        };
        (is_negated, text)
    });
    terms.collect()
}

fn written(terms: &[(bool, String)]) -> String {
    let words = terms.iter().map(|(is_negated, text)| {
        let minus = if *is_negated { "-" } else { "" };
        if text.contains(' ') { format!("{minus}\"{text}\"") } else { format!("{minus}{text}") }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn fits(terms: &[(bool, String)], text: &str) -> bool {
    let words = Words::find(text);
    terms.iter().all(|(is_negated, wanted)| {
        let needle = Needle::new(wanted).expect("a word");
        needle.find_in(&words).is_empty() == *is_negated
    })
}

#[tokio::test]
async fn both_databases_find_what_a_look_at_every_text_finds() {
    let seed = 7;
    let mut random = fastrand::Rng::with_seed(seed);
    let texts: Vec<_> = (0..120).map(|_| text(&mut random)).collect();
    let rooms = [Room::open(Place::sqlite()).await, Room::open(Place::mysql().await).await];
    for room in &rooms {
        for text in &texts {
            room.say(text).await;
        }
        room.index().await;
    }
    let mut hits = 0;
    for _ in 0..150 {
        let terms = query(&mut random);
        let q = written(&terms);
        let expected: Vec<_> = texts.iter().rev().filter(|text| fits(&terms, text)).take(50).cloned().collect();
        for room in &rooms {
            let page = room.search(&room.alice, &q).await.expect("searches");
            let found: Vec<_> = page.items.into_iter().map(|hit| hit.message.content).collect();
            assert_eq!(found, expected, "{q}");
        }
        hits += expected.len();
    }
    assert!(hits > 500, "the queries find something: {hits}");
}

/// Puts messages into the room's channel at once.
async fn fill(room: &Room, store: &Store, contents: &[String]) {
    let first: u64 = 1_000;
    let at = |number: u64| Time::from_unix_ms(1_700_000_000_000 + i64::try_from(number).expect("small") * 1_000);
    let rows = contents.iter().zip(1_u64..).map(|(content, number)| {
        let now = at(number).expect("a time");
        let message = serde_json::json!({
            "id": first + number, "channel_id": room.channel, "seq": number, "rev": number, "sender_id": room.alice.user_id,
            "content": content, "message_type": "text", "reply_count": 0, "is_edited": false, "created_at": now,
            "updated_at": now, "client_id": number.to_string(),
        });
        serde_json::from_value::<Message>(message).expect("a message")
    });
    let rows: Vec<Message> = rows.collect();
    for some in rows.chunks(500) {
        let new: Vec<_> =
            some.iter().map(|message| messages::NewMessage { team: room.team, message, digest: "x" }).collect();
        messages::insert(&mut &*store, &new).await.expect("inserts");
    }
    let sql = Sql::both("UPDATE channel_heads SET last_seq = ?, last_rev = ? WHERE channel_id = ?");
    let last = i64::try_from(contents.len()).expect("small");
    { store }.execute(&sql, params![last, last, room.channel]).await.expect("moves the head");
}

/// More messages than are walked through before the index of words is asked.
async fn rare_words_are_found_behind_thousands_of_messages(place: Place) {
    let room = Room::open(place).await;
    let store = room.rig.place.store().await;
    let content = |number: usize| match number {
        number if number < 60 => format!("needle number {number}"),
        number if number % 2 == 0 => "the usual straw".to_owned(),
        _ => "more straw".to_owned(),
    };
    let contents: Vec<String> = (0..5_000).map(content).collect();
    fill(&room, &store, &contents).await;
    room.index().await;
    for (q, sort, count) in [
        ("needle", SearchSort::Time, 60),
        ("needle", SearchSort::Relevance, 60),
        ("number needle -7", SearchSort::Time, 59),
        ("straw", SearchSort::Time, 200),
        ("the straw from:me", SearchSort::Time, 200),
        ("needle straw", SearchSort::Time, 0),
        ("nothing", SearchSort::Time, 0),
        ("mentions:me", SearchSort::Time, 0),
    ] {
        let (mut cursor, mut seqs) = (None, Vec::new());
        while seqs.len() < count || cursor.is_some() {
            let params = SearchParams {
                q: q.to_owned(),
                team_id: room.team,
                sort: Some(sort),
                time_zone: None,
                cursor,
                limit: Some(40),
            };
            let page = room.rig.service.search(&room.alice, params).await.expect("searches");
            seqs.extend(page.items.into_iter().map(|hit| hit.message.seq));
            cursor = page.next;
            if cursor.is_none() || seqs.len() >= 200 {
                break;
            }
        }
        assert_eq!(seqs.len(), count, "{q}");
        if sort == SearchSort::Time {
            assert!(seqs.is_sorted_by(|one, other| one > other), "{q}");
        }
    }
}

fn id<T: TryFrom<u64, Error: std::fmt::Debug>>(number: u64) -> T {
    number.try_into().expect("an id")
}

async fn the_index_of_words_and_a_walk_find_the_same(place: Place) {
    let store = place.store().await;
    let mut random = fastrand::Rng::with_seed(11);
    let team: TeamId = id(1);
    let word = |number: u32| syncspace_protocol::search::words::index_word(team, &number.to_string());
    let rows: Vec<IndexRow> = (1..=600_u64)
        .map(|number| {
            let words: Vec<_> = (0..random.u32(1..6)).map(|_| word(random.u32(..12))).collect();
            let created_at = Time::from_unix_ms(1_000 * random.i64(0..50)).expect("a time");
            IndexRow {
                team,
                key: Key { created_at, message: id(number) },
                channel: id::<ChannelId>(random.u64(1..4)),
                seq: id::<Seq>(number),
                sender: id::<UserId>(random.u64(1..4)),
                traits: random.u32(..16),
                tokens: format!(" {} ", words.join(" ")),
            }
        })
        .collect();
    let mut db = &store;
    let all: Vec<MessageId> = rows.iter().map(|row| row.key.message).collect();
    // Twice: what was there before goes.
    for _ in 0..2 {
        search::replace(&mut db, store.dialect(), &all, &rows).await.expect("writes");
    }
    let removed: Vec<_> = all.iter().copied().filter(|message| message.get() % 10 == 0).collect();
    search::remove(&mut db, store.dialect(), &removed).await.expect("removes");
    let mut found_any = 0;
    for _ in 0..200 {
        let tokens: Vec<Vec<String>> = (0..random.usize(1..3))
            .map(|_| (0..random.usize(1..3)).map(|_| word(random.u32(..12))).collect())
            .collect();
        let channels: Vec<ChannelId> = (0..random.usize(..4)).map(|_| id(random.u64(1..4))).collect();
        let path = match random.u32(..3) {
            0 => Path::Team(team),
            1 => channels.first().map_or(Path::Team(team), |&channel| Path::Channel(channel)),
            _ => Path::Sender(team, id(1)),
        };
        let channels = if let Path::Channel(channel) = path { vec![channel] } else { channels };
        let senders = if matches!(path, Path::Sender(..)) { vec![id(1)] } else { Vec::new() };
        let traits = if random.bool() { 0 } else { random.u32(..16) };
        let since = random.bool().then(|| Time::from_unix_ms(20_000).expect("a time"));
        let wanted = Wanted { team, path, channels, senders, traits, tokens, since };
        let before =
            Key { created_at: Time::from_unix_ms(1_000 * random.i64(10..60)).expect("a time"), message: id(300) };
        let passing: Vec<&IndexRow> = rows
            .iter()
            .filter(|row| row.key < before && row.key.message.get() % 10 != 0 && row.traits & traits == traits)
            .filter(|row| wanted.channels.contains(&row.channel))
            .filter(|row| wanted.senders.is_empty() || wanted.senders.contains(&row.sender))
            .collect();
        let mut expected: Vec<Key> = passing
            .iter()
            .filter(|row| since.is_none_or(|since| row.key.created_at >= since))
            .filter(|row| wanted.tokens.iter().all(|any| any.iter().any(|token| row.tokens.contains(token.as_str()))))
            .map(|row| row.key)
            .collect();
        expected.sort_unstable_by(|one, other| other.cmp(one));
        expected.truncate(40);
        let walked = search::walk(&mut db, &wanted, before, None, 40).await.expect("walks");
        assert_eq!(walked.iter().map(|found| found.key).collect::<Vec<_>>(), expected, "{wanted:?}");
        let asked: Vec<usize> = if random.bool() { vec![0] } else { (0..wanted.tokens.len()).collect() };
        let by_words =
            search::find_by_words(&mut db, store.dialect(), &wanted, &asked, before, 40).await.expect("finds");
        assert_eq!(by_words, walked, "{wanted:?}");
        if let Some(last) = search::find_reach(&mut db, &wanted, before, 10).await.expect("finds") {
            let (rows, counts) = search::count_words(&mut db, &wanted, before, last).await.expect("counts");
            let passing = passing.iter().filter(|row| row.key >= last).count();
            assert_eq!(rows, u64::try_from(passing).expect("few"), "no others: {wanted:?}");
            assert!(counts.iter().all(|&count| count <= rows) && counts.len() == wanted.tokens.len());
            let part = search::walk(&mut db, &wanted, before, Some(last), 40).await.expect("walks");
            assert_eq!(part, walked.iter().copied().take_while(|found| found.key >= last).collect::<Vec<_>>());
        }
        found_any += expected.len();
    }
    assert!(found_any > 500, "{found_any}");
}
