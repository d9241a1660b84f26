//! Forms of output: each parses, none is cut short, and hostile text does nothing.

use serde_json::Value;

use crate::support::World;

#[test]
fn every_form_of_a_list_parses() {
    let world = World::start();
    let alice = world.person("alice");
    for team in ["eng", "a team, \"quoted\"", "日本"] {
        alice.run(&["team", "create", team, "--description", &"long ".repeat(100)]).ok();
    }
    let run = |format: &str| alice.run(&["team", "list", "--output", format]).ok().out;
    let array: Vec<Value> = serde_json::from_str(&run("json")).expect("an array");
    let by_line = |line: &str| serde_json::from_str(line).expect("an object per line");
    assert_eq!(run("jsonl").lines().map(by_line).collect::<Vec<Value>>(), array);
    assert_eq!(array.len(), 3);
    assert!(array.iter().all(|team| team["description"].as_str().is_some_and(|text| text.len() >= 499)), "{array:?}");

    let csv = run("csv");
    assert!(csv.starts_with("id,name,role,is_public,description,"), "{csv}");
    assert!(csv.contains(",\"a team, \"\"quoted\"\"\",owner,false,"), "{csv}");
    let table = run("table");
    assert_eq!(table.lines().count(), 4, "one line per team where nobody looks: {table}");
    assert!(!table.contains('\u{1b}'), "no colour in a pipe");
}

#[test]
fn quiet_commands_leave_only_data() {
    let world = World::start();
    let alice = world.person("alice");
    let run = alice.run(&["team", "create", "eng", "--quiet", "-o", "jsonl"]).ok();
    assert_eq!(run.talk, "");
    assert_eq!(run.out.lines().count(), 1);
    let list = alice.run(&["team", "invite", "list", "eng", "-q"]).ok();
    assert_eq!((list.out, list.talk), (String::new(), String::new()));
    assert_eq!(alice.run(&["team", "invite", "list", "eng"]).ok().talk, "no invites\n");
}

#[test]
fn text_of_others_cannot_steer() {
    let world = World::start();
    let alice = world.person("alice");
    alice.run(&["team", "create", "eng"]).ok();
    alice.run(&["channel", "create", "eng/lounge"]).ok();
    let hostile = "red \u{1b}[31malert\u{1b}]0;title\u{7} \u{9b}2J \u{202e}gpj.exe\nnext";
    alice.input(&["message", "send", "eng/lounge"], hostile).ok();
    let steers = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}');
    for format in ["table", "json", "jsonl"] {
        let out = alice.run(&["message", "list", "eng/lounge", "-o", format]).ok().out;
        assert!(!out.contains(steers), "{format}: {out:?}");
        assert!(out.contains("alert") && out.contains("next"), "{format}: {out:?}");
    }
}
