//! `search`

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Person, World};

/// Longest wait until what was sent is in the index.
const WAIT: Duration = Duration::from_secs(30);

/// Searches until there are this many hits.
fn hits(person: &Person, arguments: &[&str], count: usize) -> Vec<Value> {
    let begin = Instant::now();
    loop {
        let command: Vec<&str> = ["search"].iter().chain(arguments).copied().collect();
        let found = person.json(&command);
        let found = found.as_array().expect("a list").clone();
        if found.len() == count {
            return found;
        }
        assert!(begin.elapsed() < WAIT, "{arguments:?} finds {found:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn messages_are_found_by_words_and_filters() {
    let world = World::start();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    alice.run(&["team", "create", "eng"]).ok();
    alice.run(&["channel", "create", "eng/lounge"]).ok();
    alice.run(&["channel", "create", "eng/ops", "--private"]).ok();
    alice.run(&["member", "add", "eng", "@bob"]).ok();
    for text in ["Deploy is done", "nothing to see", "C++ deploy failed"] {
        alice.run(&["message", "send", "eng/lounge", text]).ok();
    }
    alice.run(&["message", "send", "eng/ops", "secret deploy"]).ok();

    let all = hits(&alice, &["deploy"], 3);
    assert_eq!((&all[0]["channel"], &all[0]["sender"]), (&"#ops".into(), &"alice".into()));
    assert_eq!(all[2]["highlights"][0], serde_json::json!({"start": 0, "end": 6}));
    assert_eq!(hits(&bob, &["deploy", "--team", "eng"], 2).len(), 2, "what is private stays so");
    assert_eq!(hits(&alice, &["c++ from:@alice in:#lounge"], 1)[0]["message"]["seq"], 3);
    assert_eq!(hits(&alice, &["deploy -failed", "-n", "1"], 1)[0]["channel"], "#ops");
    assert_eq!(hits(&alice, &["--sort", "relevance", "deploy -secret"], 2).len(), 2);
    let dashed = alice.run(&["search", "-o", "jsonl", "--", "-secret deploy"]).ok().out;
    assert_eq!(dashed.lines().count(), 2, "{dashed}");

    let table = alice.run(&["search", "c++", "--context"]).ok().out;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 2, "{table}");
    assert!(lines[0].starts_with("    2  ") && lines[0].ends_with("  alice: nothing to see"), "{table}");
    assert!(lines[1].starts_with("#lounge 3  ") && lines[1].ends_with("  alice: C++ deploy failed"), "{table}");
    alice.run(&["search", "nosuchword"]).ok().says("no messages found");
}

#[test]
fn what_is_wrong_in_a_search_is_told_with_its_place() {
    let world = World::start();
    let alice = world.person("alice");
    alice.run(&["team", "create", "eng"]).ok();
    alice.run(&["search", "a has:links"]).ends_with(2).says("at character 3").says("write has:link");
    alice.run(&["search", "from:@nobody"]).ends_with(2).says("there is no @nobody in this team");
    alice.run(&["search", "a", "--time-zone", "Nowhere"]).ends_with(2).says("+02:00");
}
