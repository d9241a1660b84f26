//! `channel …`

use crate::support::{Person, World};

#[test]
fn a_channel_lives_from_create_to_delete() {
    let world = World::start();
    let alice = world.person("alice");
    alice.run(&["team", "create", "eng"]).ok();
    let created = alice.json(&["channel", "create", "eng/lounge", "--description", "Talk"]);
    assert_eq!((&created["name"], &created["kind"]), (&"lounge".into(), &"public".into()));
    alice.run(&["channel", "create", "eng/LOUNGE"]).ends_with(7);
    alice.run(&["channel", "create", "eng/two words"]).ends_with(2).says("no blanks");
    assert_eq!(alice.json(&["channel", "create", "#quiet", "--private"])["is_private"], true);

    let id = created["id"].to_string();
    for name in ["eng/lounge", "eng/#lounge", "#lounge", "lounge", "ENG/Lounge", &id, &format!("#{id}")] {
        assert_eq!(alice.json(&["channel", "show", name])["id"], created["id"], "{name}");
    }
    assert_eq!(alice.json(&["channel", "edit", "eng/lounge", "--name", "bar"])["name"], "bar");
    let names = |arguments: &[&str]| -> Vec<String> {
        let list = alice.json(arguments);
        let channels = list.as_array().expect("a list").iter();
        channels.map(|channel| channel["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert!(names(&["channel", "list", "eng"]).contains(&"bar".to_owned()));
    assert_eq!(names(&["channel", "list", "--query", "qui"]), ["quiet"]);

    assert_eq!(alice.json(&["channel", "topic", "eng/bar", "Last orders"])["topic"], "Last orders");
    assert_eq!(alice.json(&["channel", "posting", "eng/bar", "admins"])["posting"], "admins");
    alice.run(&["channel", "posting", "eng/bar", "nobody"]).ends_with(2);
    alice.run(&["channel", "convert", "eng/bar"]).ends_with(2);
    assert_eq!(alice.json(&["channel", "convert", "eng/bar", "--yes"])["is_private"], true);
    alice.run(&["channel", "archive", "eng/bar"]).ok();
    alice.run(&["message", "send", "eng/bar", "hi"]).ends_with(7).says("syncspace channel restore");
    alice.run(&["channel", "restore", "eng/bar"]).ok();
    alice.run(&["message", "send", "eng/bar", "hi"]).ok();
    alice.run(&["channel", "delete", "eng/bar"]).ends_with(2);
    alice.run(&["channel", "delete", "eng/bar", "--yes"]).ok();
    alice.run(&["channel", "show", "eng/bar"]).ends_with(6).says("channel eng/bar");
}

#[test]
fn public_channels_are_joined_and_left() {
    let world = World::start();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    alice.run(&["team", "create", "eng", "--public"]).ok();
    alice.run(&["channel", "create", "eng/lounge"]).ok();
    alice.run(&["channel", "create", "eng/secret", "--private"]).ok();
    bob.run(&["team", "join", "eng"]).ok();
    assert!(bob.json(&["channel", "join", "eng/lounge"])["membership"].is_object());
    bob.run(&["channel", "join", "eng/secret"]).ends_with(6);
    bob.run(&["channel", "leave", "eng/lounge"]).ok();
    let mine = bob.json(&["channel", "list", "eng", "--mine"]);
    assert!(mine.as_array().expect("a list").iter().all(|channel| channel["name"] != "lounge"), "{mine}");
}

#[test]
fn what_is_unread_is_listed_and_marked() {
    let world = World::start();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    alice.run(&["team", "create", "eng", "--public"]).ok();
    bob.run(&["team", "join", "eng"]).ok();
    alice.run(&["channel", "create", "eng/lounge"]).ok();
    bob.run(&["channel", "join", "eng/lounge"]).ok();
    for text in ["one", "two, @bob", "three, @channel"] {
        alice.run(&["message", "send", "eng/lounge", text]).ok();
    }
    let listed = |person: &Person| {
        let table = person.run(&["channel", "list", "eng", "--query", "lounge", "--output", "csv"]).ok();
        let mut lines = table.out.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let (head, row) = (lines.next().expect("a head"), lines.next().expect("a row"));
        let column = |name: &str| row[head.iter().position(|title| title == name).expect(name)].clone();
        (column("unread"), column("mentions"))
    };
    let numbers = |unread: &str, mentions: &str| (unread.to_owned(), mentions.to_owned());
    assert_eq!(listed(&bob), numbers("3", "2"));
    assert_eq!(listed(&alice), numbers("0", "0"));
    let read = bob.json(&["channel", "read", "eng/lounge", "--up-to", "2"]);
    assert_eq!(
        (&read["membership"]["read"]["last_read_seq"], &read["membership"]["read"]["mention_count"]),
        (&2.into(), &1.into())
    );
    bob.run(&["channel", "read", "eng/lounge"]).ok();
    assert_eq!(listed(&bob), numbers("0", "0"));
    bob.run(&["channel", "unread", "eng/lounge"]).ok();
    assert_eq!(listed(&bob), numbers("1", "1"));
    bob.run(&["channel", "unread", "eng/lounge", "--from", "1"]).ok();
    assert_eq!(listed(&bob), numbers("3", "2"));
}

#[test]
fn two_people_have_one_direct_channel() {
    let world = World::start();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    alice.run(&["team", "create", "eng", "--public"]).ok();
    bob.run(&["team", "join", "eng"]).ok();
    bob.run(&["message", "list", "@alice"]).ends_with(6).says("no direct channel with @alice in eng yet");
    let channel = alice.json(&["channel", "direct", "@bob"]);
    assert_eq!(channel["kind"], "direct");
    assert_eq!(bob.json(&["channel", "direct", "@alice", "--team", "eng"])["id"], channel["id"]);
    alice.run(&["message", "send", "@bob", "Lunch?", "--team", "eng"]).ok();
    assert_eq!(bob.json(&["message", "list", "@alice"])[0]["content"], "Lunch?");
    let table = alice.run(&["channel", "list", "eng"]).ok().out;
    assert!(table.contains("@bob") && !table.contains("@alice"), "{table}");
}

#[test]
fn a_bare_channel_needs_to_know_its_team() {
    let world = World::start();
    let alice = world.person("alice");
    alice.run(&["channel", "list"]).ends_with(6).says("you are in no team");
    alice.run(&["team", "create", "eng"]).ok();
    alice.run(&["team", "create", "ops"]).ok();
    alice.run(&["channel", "create", "lounge", "--team", "ops"]).ok();
    alice.run(&["channel", "show", "#lounge"]).ends_with(2).says("choose one with --team");
    alice.run(&["channel", "show", "#lounge", "--team", "ops"]).ok();
    alice.run(&["channel", "show", "#lounge", "--team", "eng"]).ends_with(6);
}
