//! `message …`, but following.

use serde_json::{Value, json};

use crate::support::{Person, World};

fn lounge(world: &World) -> Person {
    let alice = world.person("alice");
    alice.run(&["team", "create", "eng"]).ok();
    alice.run(&["channel", "create", "eng/lounge"]).ok();
    alice
}

#[track_caller]
fn contents(messages: &Value) -> Vec<&str> {
    messages.as_array().expect("a list").iter().map(|message| message["content"].as_str().expect("text")).collect()
}

#[test]
fn a_message_lives_from_send_to_delete() {
    let world = World::start();
    let alice = lounge(&world);
    let sent = alice.json(&["message", "send", "eng/lounge", "Hello"]);
    assert_eq!((&sent["seq"], &sent["sender"]), (&1.into(), &"alice".into()));
    assert_eq!(alice.json(&["message", "show", "eng/lounge", "1"])["content"], "Hello");
    alice.run(&["message", "edit", "eng/lounge", "1", "Hello, all"]).ok();
    alice.input(&["message", "edit", "eng/lounge", "1", "-"], "Hello, world\n").ok();
    let reply = alice.json(&["message", "send", "eng/lounge", "--reply-to", "1", "Hi yourself"]);
    assert_eq!(reply["parent_seq"], 1);
    let thread = alice.json(&["message", "list", "eng/lounge", "--thread", "1"]);
    assert_eq!(contents(&thread), ["Hello, world", "Hi yourself"]);
    let table = alice.run(&["message", "list", "eng/lounge"]).ok().out;
    assert!(table.contains("alice: Hello, world (edited)\n"), "{table}");
    assert!(table.contains("alice (to 1): Hi yourself\n"), "{table}");

    alice.run(&["message", "delete", "eng/lounge", "1"]).ends_with(2).says("give --yes");
    alice.run(&["message", "delete", "eng/lounge", "1", "--yes"]).ok();
    assert!(alice.run(&["message", "list", "eng/lounge"]).ok().out.contains("alice: (deleted)\n"));
    alice.run(&["message", "show", "eng/lounge", "99"]).ends_with(6).says("message 99 of eng/lounge");
}

#[test]
fn text_comes_from_standard_input() {
    let world = World::start();
    let alice = lounge(&world);
    let send = ["message", "send", "eng/lounge"];
    alice.input(&send, "two\nlines\n\n").ok();
    alice.input(&["message", "send", "eng/lounge", "-"], "dash").ok();
    assert_eq!(contents(&alice.json(&["message", "list", "eng/lounge"])), ["two\nlines", "dash"]);
    alice.input(&send, "").ends_with(2).says("nothing to send");
    alice.input(&send, "x".repeat(16_001)).ends_with(2).says("16000 bytes");
    alice.input(&send, vec![0xff, 0xfe]).ends_with(2).says("not UTF-8");
    assert_eq!(alice.json(&["message", "list", "eng/lounge"]).as_array().map(Vec::len), Some(2));
}

#[test]
fn the_same_client_id_gives_the_same_message() {
    let world = World::start();
    let alice = lounge(&world);
    let send = ["message", "send", "eng/lounge", "once", "--client-id", "job-7"];
    let first = alice.json(&send);
    assert_eq!(alice.json(&send)["id"], first["id"]);
    alice.run(&["message", "send", "eng/lounge", "other", "--client-id", "job-7"]).ends_with(7);
    assert_eq!(alice.json(&["message", "list", "eng/lounge"]).as_array().map(Vec::len), Some(1));
}

#[test]
fn lines_are_sent_in_order_and_once_however_often_the_job_runs() {
    let world = World::start();
    let alice = lounge(&world);
    let lines = |count: u32| -> String { (1..=count).map(|number| format!("line {number}\n\n")).collect() };
    let send = ["message", "send", "eng/lounge", "--lines", "--client-id", "import"];
    alice.input(&send, lines(10)).ok().says("10 messages sent to eng/lounge, the last as 10");
    alice.input(&send, lines(30)).ok().says("30 messages sent");
    let all = alice.json(&["message", "list", "eng/lounge", "-n", "1000"]);
    let expected: Vec<String> = (1..=30).map(|number| format!("line {number}")).collect();
    assert_eq!(contents(&all), expected);

    let bad = alice.input(&["message", "send", "eng/lounge", "--lines"], b"good\n\xff\nnever\n".to_vec());
    bad.ends_with(2).says("line 2 is not UTF-8").says("1 message sent to eng/lounge").says("go on from there");
}

#[test]
fn lists_reach_any_part_of_a_log() {
    let world = World::start();
    let alice = lounge(&world);
    let lines: String = (1..=450).map(|number| format!("{number}\n")).collect();
    let jsonl = alice.input(&["message", "send", "eng/lounge", "--lines", "-o", "jsonl"], lines).ok().out;
    assert_eq!(jsonl.lines().count(), 450);
    let seqs = |arguments: &[&str]| -> Vec<u64> {
        let command: Vec<&str> = ["message", "list", "eng/lounge"].iter().chain(arguments).copied().collect();
        let list = alice.json(&command);
        list.as_array().expect("a list").iter().map(|message| message["seq"].as_u64().expect("a seq")).collect()
    };
    assert_eq!(seqs(&[]), (401..=450).collect::<Vec<_>>());
    assert_eq!(seqs(&["-n", "430"]), (21..=450).collect::<Vec<_>>());
    assert_eq!(seqs(&["--before", "10", "-n", "3"]), [7, 8, 9]);
    assert_eq!(seqs(&["--after", "10", "-n", "300"]), (11..=310).collect::<Vec<_>>());
    assert!(seqs(&["--around", "100", "-n", "5"]).contains(&100));
    let tail = alice.json(&["message", "tail", "eng/lounge", "--since", "440"]);
    assert_eq!(tail.as_array().map(Vec::len), Some(10));
}

#[test]
fn people_react_and_see_who_did() {
    let world = World::start();
    let alice = lounge(&world);
    alice.run(&["message", "send", "eng/lounge", "Lunch?"]).ok();
    let reacted = alice.json(&["message", "react", "eng/lounge", "1", "+1"]);
    assert_eq!(reacted["reactions"][0]["emoji"], "thumbsup");
    alice.run(&["message", "react", "eng/lounge", "1", "tada"]).ok();
    let list = alice.run(&["message", "list", "eng/lounge"]).ok().out;
    assert!(list.ends_with("alice: Lunch? [👍 1] [🎉 1]\n"), "{list}");
    let rows = alice.json(&["message", "reactions", "eng/lounge", "1", "--emoji", "tada"]);
    assert_eq!((&rows[0]["user"], &rows[1]), (&"alice".into(), &Value::Null));
    alice.run(&["message", "unreact", "eng/lounge", "1", "tada"]).ok();
    assert_eq!(alice.json(&["message", "reactions", "eng/lounge", "1"]).as_array().map(Vec::len), Some(1));
    alice.run(&["message", "react", "eng/lounge", "1", "no_such"]).ends_with(2).says("try thumbsup");
    alice.run(&["message", "react", "eng/lounge", "1", ":tada:"]).ends_with(2).says("short name");
    alice.run(&["message", "react", "eng/lounge", "9", "tada"]).ends_with(6).says("message 9 of eng/lounge");
}

#[test]
fn an_edit_leaves_its_history_and_does_not_overwrite_what_nobody_saw() {
    let world = World::start();
    let alice = lounge(&world);
    let sent = alice.json(&["message", "send", "eng/lounge", "one"]);
    let rev = sent["rev"].to_string();
    let edit = |text| alice.run(&["message", "edit", "eng/lounge", "1", text, "--expected-rev", &rev]);
    edit("two").ok();
    edit("three").ends_with(7).says("read the message again");
    assert_eq!(contents(&alice.json(&["message", "history", "eng/lounge", "1"])), ["one"]);
}

#[test]
fn pinned_messages_are_listed() {
    let world = World::start();
    let alice = lounge(&world);
    for text in ["one", "two"] {
        alice.run(&["message", "send", "eng/lounge", text]).ok();
    }
    alice.run(&["message", "pin", "eng/lounge", "1"]).ok();
    alice.run(&["message", "pin", "eng/lounge", "2"]).ok();
    assert_eq!(contents(&alice.json(&["message", "pins", "eng/lounge"])), ["two", "one"]);
    let table = alice.run(&["message", "pins", "eng/lounge"]).ok().out;
    assert!(table.contains("alice: two (pinned)\n"), "{table}");
    alice.run(&["message", "unpin", "eng/lounge", "2"]).ok();
    assert_eq!(contents(&alice.json(&["message", "pins", "eng/lounge"])), ["one"]);
}

#[test]
fn code_is_sent_with_what_it_is() {
    let world = World::start();
    let alice = lounge(&world);
    let send = ["message", "send", "eng/lounge", "--code", "Rust", "--title", "main.rs"];
    alice.input(&send, "fn main() {\n    @alice();\n}\n").ok();
    let shown = alice.json(&["message", "show", "eng/lounge", "1"]);
    assert_eq!(
        (&shown["message_type"], &shown["code"]),
        (&"code".into(), &json!({"language": "rust", "file_name": "main.rs"}))
    );
    assert_eq!(shown["content"], "fn main() {\n    @alice();\n}");
    let list = alice.run(&["message", "list", "eng/lounge"]).ok().out;
    assert!(list.contains("alice [main.rs, rust]: fn main() {\n"), "{list}");
    alice.run(&["message", "send", "eng/lounge", "x", "--title", "a"]).ends_with(2);
    alice.run(&["message", "send", "eng/lounge", "x", "--code", "no language"]).ends_with(2).says("like rust");
}

#[test]
fn messages_are_linked_quoted_and_forwarded() {
    let world = World::start();
    let alice = lounge(&world);
    alice.run(&["channel", "create", "eng/other"]).ok();
    alice.input(&["message", "send", "eng/lounge"], "one\ntwo").ok();
    let link = alice.run(&["message", "link", "eng/lounge", "1"]).ok().out;
    assert!(link.starts_with("syncspace://"), "{link}");
    let web = alice.run(&["message", "link", "eng/lounge", "1", "--web"]).ok().out;
    assert!(web.starts_with(world.server.url()), "{web}");
    for link in [link.trim(), web.trim()] {
        assert_eq!(alice.json(&["message", "show", link])["content"], "one\ntwo", "{link}");
    }
    let elsewhere = "https://chat.example.org/teams/1/channels/1/messages/1";
    alice.run(&["message", "show", elsewhere]).ends_with(2).says("--server https://chat.example.org");
    alice.run(&["message", "show", "syncspace://1/1"]).ends_with(2).says("looks like syncspace://1/3/42");
    alice.run(&["message", "show", "eng/lounge"]).ends_with(2).says("give a link");

    assert_eq!(alice.run(&["message", "quote", "eng/lounge", "1"]).ok().out, "> one\n> two\n\n");
    let copy = alice.json(&["message", "forward", "eng/lounge", "1", "eng/other"]);
    assert_eq!((&copy["content"], &copy["forwarded_from"]["place"]["seq"]), (&"one\ntwo".into(), &1.into()));
    let listed = alice.run(&["message", "list", "eng/other"]).ok().out;
    assert!(listed.contains(" (shares message 1 of #lounge): one\n"), "{listed}");
    let part = alice.json(&["message", "forward", "eng/lounge", "1", "eng/other", "--text", "two"]);
    assert_eq!(part["content"], "two");
    alice.run(&["message", "forward", "eng/lounge", "9", "eng/other"]).ends_with(6).says("message 9 of eng/lounge");
    alice.run(&["message", "delete", "eng/lounge", "1", "--yes"]).ok();
    alice.run(&["message", "forward", "eng/lounge", "1", "eng/other"]).ends_with(6).says("was deleted");

    // A link opens in its place.
    alice.run(&["message", "send", "eng/lounge", "after"]).ok();
    for link in [link.trim(), web.trim()] {
        let around = alice.json(&["message", "list", link]);
        assert_eq!(contents(&around), ["", "after"], "{link}");
    }
    alice.run(&["message", "list", link.trim(), "--after", "1"]).ends_with(2).says("names the place");
    alice.run(&["message", "list", elsewhere]).ends_with(2).says("--server https://chat.example.org");
}

#[test]
fn a_message_grows_by_what_is_piped_in() {
    let world = World::start();
    let alice = lounge(&world);
    alice.run(&["message", "send", "eng/lounge", "log:"]).ok();
    alice.run(&["message", "append", "eng/lounge", "1", " begun"]).ok();
    // More than a message holds, in several parts.
    alice.input(&["message", "append", "eng/lounge", "1"], "é".repeat(8_100)).ok();
    let whole = alice.json(&["message", "list", "eng/lounge", "--thread", "1"]);
    let texts = contents(&whole);
    assert_eq!((texts.len(), texts[0].len()), (2, 16_000));
    assert_eq!(texts.concat(), format!("log: begun{}", "é".repeat(8_100)));
    // The next run goes on where the text ends; what only steers a terminal is nothing, and no reason to stop.
    alice.input(&["message", "append", "eng/lounge", "1"], "\u{1b}[0m").ok();
    alice.run(&["message", "append", "eng/lounge", "1", &"é".repeat(3)]).ok();
    let whole = alice.json(&["message", "list", "eng/lounge", "--thread", "1"]);
    let texts = contents(&whole);
    assert_eq!((texts.len(), texts.concat()), (2, format!("log: begun{}", "é".repeat(8_103))));
    alice.input(&["message", "append", "eng/lounge", "1"], vec![0xff]).ends_with(2).says("not UTF-8");
}

#[test]
fn a_dry_run_sends_nothing() {
    let world = World::start();
    let alice = lounge(&world);
    let plan = alice.json(&["message", "send", "eng/lounge", "hi", "--dry-run"]);
    assert_eq!((&plan["dry_run"], &plan["would"]), (&true.into(), &"send 2 bytes to eng/lounge".into()));
    alice.run(&["message", "send", "eng/nowhere", "hi", "--dry-run"]).ends_with(6);
    assert_eq!(alice.json(&["message", "list", "eng/lounge"]), json!([]));
}
