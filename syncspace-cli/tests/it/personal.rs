//! What one person keeps alone: preferences, mutes, threads, saved messages, drafts.

use crate::support::{Person, World};

/// Alice's channel eng/lounge with Bob in it.
fn lounge(world: &World) -> (Person, Person) {
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    alice.run(&["team", "create", "eng", "--public"]).ok();
    bob.run(&["team", "join", "eng"]).ok();
    alice.run(&["channel", "create", "eng/lounge"]).ok();
    bob.run(&["channel", "join", "eng/lounge"]).ok();
    (alice, bob)
}

#[test]
fn channels_are_muted_favoured_and_ordered() {
    let world = World::start();
    let (_, bob) = lounge(&world);
    let preferences = |arguments: &[&str]| bob.json(arguments)["membership"]["preferences"].clone();
    assert_eq!(preferences(&["channel", "mute", "eng/lounge"])["is_muted"], true);
    assert_eq!(preferences(&["channel", "notify", "eng/lounge", "none"])["notify"], "none");
    assert_eq!(preferences(&["channel", "favourite", "eng/lounge"])["is_favourite"], true);
    let shown = preferences(&["channel", "show", "eng/lounge"]);
    assert_eq!(
        (&shown["is_muted"], &shown["notify"], &shown["is_favourite"]),
        (&true.into(), &"none".into(), &true.into())
    );
    assert_eq!(preferences(&["channel", "unmute", "eng/lounge"])["is_muted"], false);
    assert_eq!(preferences(&["channel", "unfavourite", "eng/lounge"])["is_favourite"], false);
    assert!(preferences(&["channel", "notify", "eng/lounge", "usual"])["notify"].is_null());
    bob.run(&["channel", "order", "eng/lounge"]).ok();
    let ordered = bob.json(&["channel", "order", "--team", "eng"]);
    assert_eq!((ordered.as_array().map(Vec::len), &ordered[0]["name"]), (Some(1), &"lounge".into()));
    bob.run(&["channel", "notify", "eng/lounge", "loudly"]).ends_with(2);
    bob.run(&["channel", "hide", "eng/lounge"]).ends_with(2).says("mute or leave this one");
    bob.run(&["channel", "direct", "@alice"]).ok();
    assert_eq!(preferences(&["channel", "hide", "@alice"])["is_hidden"], true);
    assert_eq!(preferences(&["channel", "unhide", "@alice"])["is_hidden"], false);
}

#[test]
fn people_are_muted_in_a_team() {
    let world = World::start();
    let (_, bob) = lounge(&world);
    assert_eq!(bob.json(&["user", "mute", "@alice", "--team", "eng"])["is_muted"], true);
    assert_eq!(bob.json(&["user", "muted"])[0]["user"]["username"], "alice");
    bob.run(&["user", "mute", "@bob"]).ends_with(2);
    assert_eq!(bob.json(&["user", "unmute", "@alice"])["is_muted"], false);
    assert_eq!(bob.json(&["user", "muted"]).as_array().map(Vec::len), Some(0));
}

#[test]
fn threads_are_listed_followed_and_read() {
    let world = World::start();
    let (alice, bob) = lounge(&world);
    bob.run(&["message", "send", "eng/lounge", "Who is in?"]).ok();
    alice.run(&["message", "send", "eng/lounge", "--reply-to", "1", "I am"]).ok();
    alice.run(&["message", "send", "eng/lounge", "--reply-to", "1", "@bob?"]).ok();
    let listed = bob.json(&["thread", "list", "eng"]);
    let read = &listed[0]["membership"]["read"];
    assert_eq!((&read["unread_count"], &read["mention_count"]), (&2.into(), &1.into()));
    let unread = |arguments: &[&str]| bob.json(arguments)["read"]["unread_count"].clone();
    assert_eq!(unread(&["thread", "read", "eng/lounge", "1", "--up-to", "2"]), 1);
    assert_eq!(unread(&["thread", "read", "eng/lounge", "2"]), 0);
    assert_eq!(unread(&["thread", "read", "eng/lounge", "1", "--unread-from", "2"]), 2);
    assert_eq!(bob.json(&["thread", "mute", "eng/lounge", "1"])["is_muted"], true);
    assert_eq!(bob.json(&["thread", "unmute", "eng/lounge", "1"])["is_muted"], false);
    assert_eq!(bob.json(&["thread", "unfollow", "eng/lounge", "1"])["is_following"], false);
    assert_eq!(bob.json(&["thread", "list", "eng"]).as_array().map(Vec::len), Some(0));
    bob.run(&["thread", "read", "eng/lounge", "1"]).ends_with(7).says("follow it first");
    assert_eq!(bob.json(&["thread", "follow", "eng/lounge", "1"])["is_following"], true);
    bob.run(&["thread", "follow", "eng/lounge", "9"]).ends_with(6);
}

#[test]
fn messages_are_saved_and_drafts_are_kept() {
    let world = World::start();
    let (alice, bob) = lounge(&world);
    alice.run(&["message", "send", "eng/lounge", "Keep this"]).ok();
    assert_eq!(bob.json(&["message", "save", "eng/lounge", "1"])["is_saved"], true);
    assert_eq!(bob.json(&["message", "saved", "eng"])[0]["message"]["content"], "Keep this");
    assert_eq!(bob.json(&["message", "unsave", "eng/lounge", "1"])["is_saved"], false);
    assert_eq!(bob.json(&["message", "saved"]).as_array().map(Vec::len), Some(0));
    bob.run(&["message", "save", "eng/lounge", "9"]).ends_with(6);

    bob.run(&["draft", "set", "eng/lounge", "I thi"]).ok();
    bob.input(&["draft", "set", "eng/lounge", "-"], "I think").ok();
    bob.run(&["draft", "set", "eng/lounge", "--thread", "1", "Yes"]).ok();
    let drafts = bob.json(&["draft", "list", "eng"]);
    assert_eq!((&drafts[0]["content"], &drafts[0]["parent_seq"]), (&"Yes".into(), &1.into()));
    assert_eq!(drafts[1]["content"], "I think");
    bob.run(&["draft", "set", "eng/lounge", "--expected-rev", "0", "over it"]).ends_with(7).says("another device");
    bob.run(&["draft", "clear", "eng/lounge"]).ok();
    bob.run(&["draft", "clear", "eng/lounge", "--thread", "1"]).ok();
    assert_eq!(bob.json(&["draft", "list"]).as_array().map(Vec::len), Some(0));
}

#[test]
fn reminders_are_made_listed_put_off_and_ended() {
    let world = World::start();
    let (alice, bob) = lounge(&world);
    alice.run(&["message", "send", "eng/lounge", "Answer this"]).ok();
    bob.run(&["remind", "add", "eng/lounge", "1"]).ends_with(2).says("--at TIME or --in TIME");
    bob.run(&["remind", "add", "eng/lounge", "9", "--in", "2h"]).ends_with(6);
    let made = bob.json(&["remind", "add", "eng/lounge", "1", "--in", "2h", "--note", "today"]);
    assert_eq!((&made["state"], &made["note"]), (&"waiting".into(), &"today".into()));
    let id = made["id"].to_string();
    let listed = bob.json(&["remind", "list", "eng"]);
    assert_eq!((&listed[0]["id"], &listed[0]["message"]["content"]), (&made["id"], &"Answer this".into()));
    let edited = bob.json(&["remind", "edit", &id, "--in", "1d", "--note", ""]);
    assert!(edited["note"].is_null() && edited["remind_at"].as_str() > made["remind_at"].as_str(), "{edited}");
    alice.run(&["message", "delete", "eng/lounge", "1", "--yes"]).ok();
    assert!(bob.json(&["remind", "list"])[0]["message"].is_null());
    let shown = bob.run(&["remind", "list"]).ok();
    assert!(shown.out.contains("deleted, or not yours to read"), "{shown:?}");
    bob.run(&["remind", "done", &id]).ok();
    assert_eq!(bob.json(&["remind", "list"]).as_array().map(Vec::len), Some(0));
    bob.run(&["remind", "edit", &id, "--in", "1h"]).ends_with(7);
    alice.run(&["remind", "done", &id]).ends_with(6);
    let send_later = ["message", "schedule", "eng/lounge", "Good morning", "--in", "2h"];
    bob.run(&send_later).ok();
    assert_eq!(bob.json(&["schedule", "list", "eng"]).as_array().map(Vec::len), Some(1));
}
