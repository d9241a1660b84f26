//! `import …` and `team export`: histories of other programs and of this one, whole, broken off, and made to do harm.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use crate::support::{Person, World, program};

/// A server with its administrator, and a folder for archives.
struct Desk {
    root: Person,
    world: World,
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self::of(World::start())
    }

    fn of(world: World) -> Self {
        Self { root: world.admin(), world, folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().expect("a path in UTF-8").to_owned()
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        fs::write(self.folder.path().join(name), bytes).expect("writes");
        self.path(name)
    }

    fn zip(&self, name: &str, entries: &[(&str, &[u8])]) -> String {
        let path = self.path(name);
        let mut zip = zip::ZipWriter::new(fs::File::create(&path).expect("a file"));
        for (entry, bytes) in entries {
            zip.start_file(*entry, SimpleFileOptions::default()).expect("begins");
            zip.write_all(bytes).expect("writes");
        }
        zip.finish().expect("ends");
        path
    }

    fn messages(&self, channel: &str) -> Vec<Value> {
        let list = self.root.json(&["message", "list", channel]);
        list.as_array().expect("a list").clone()
    }
}

fn contents(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["content"].as_str().expect("a text")).collect()
}

#[test]
fn a_team_moves_to_an_empty_server_and_is_the_same() {
    let old = Desk::new();
    let bob = old.world.person("bob");
    old.root.run(&["team", "create", "eng", "--description", "Engineering", "--public"]).ok();
    old.root.run(&["team", "settings", "eng", "--joining", "request", "--edit-within", "15m"]).ok();
    old.root.run(&["member", "add", "eng", "@bob"]).ok();
    old.root.run(&["group", "create", "oncall", "@bob", "--team", "eng"]).ok();
    old.root.run(&["channel", "create", "eng/general"]).ok();
    old.root.run(&["channel", "retention", "eng/general", "3650d"]).ok();
    bob.run(&["channel", "join", "eng/general"]).ok();
    let plan = old.write("plan.bin", [7; 70_000]);
    old.root.run(&["message", "send", "eng/general", "the plan", "--file", &plan]).ok();
    bob.run(&["message", "send", "eng/general", "fine @root"]).ok();
    bob.run(&["message", "send", "eng/general", "oops"]).ok();
    bob.run(&["message", "edit", "eng/general", "2", "fine, @root"]).ok();
    bob.run(&["message", "delete", "eng/general", "3", "--yes"]).ok();
    bob.run(&["message", "react", "eng/general", "1", "tada"]).ok();
    old.root.run(&["message", "pin", "eng/general", "1"]).ok();
    bob.run(&["message", "send", "@root", "just us", "--team", "eng"]).ok();
    let (archive, files) = (old.path("eng.jsonl"), old.path("eng.files"));
    let export = ["team", "export", "eng", "--out", &archive, "--files", &files, "--include-private"];
    old.root.run(&export).ok().says("4 messages of eng");
    old.root.run(&export).ends_with(2).says("--force");
    bob.run(&["team", "export", "eng", "--out", &old.path("bob.jsonl")]).ends_with(5).says("owners");
    assert!(!Path::new(&old.path("bob.jsonl")).exists() && !Path::new(&old.path("bob.jsonl.part")).exists());
    let kept = old.path("bob.jsonl");
    bob.run(&["user", "export", "--out", &kept]).ok().says("what is kept of you");
    old.root.run(&["user", "export", "@bob", "--out", &kept]).ends_with(2).says("--force");
    let of_bob = old.root.run(&["user", "export", "@bob", "--out", "-"]).ok().out;
    assert!(of_bob.contains("just us") && !of_bob.contains("the plan"), "{of_bob}");
    bob.run(&["user", "export", "@root", "--out", &old.path("root.jsonl")]).ends_with(5);
    assert!(!Path::new(&old.path("root.jsonl.part")).exists());
    let public = old.path("public.jsonl");
    old.root.run(&["team", "export", "eng", "--out", &public]).ok();
    assert!(!fs::read_to_string(&public).expect("reads").contains("just us"));

    let new = Desk::new();
    let import = ["import", "syncspace", &archive, "--files", &files, "--team", "eng", "--match-by", "username"];
    let planned = new.root.json(&[&import[..], &["--dry-run"]].concat());
    assert_eq!((&planned["messages"], &planned["users"], &planned["files"]), (&json!(4), &json!(2), &json!(1)));
    new.root.run(&["team", "show", "eng"]).ends_with(6);
    new.root.run(&import).ok().says("4 messages imported into eng");
    new.root.run(&import).ok().says("was imported into eng before");
    let again = new.path("again.jsonl");
    let files_again = new.path("again.files");
    let export = ["team", "export", "eng", "--out", &again, "--files", &files_again, "--include-private"];
    new.root.run(&export).ok();
    assert_eq!(fs::read_to_string(&again).expect("reads"), fs::read_to_string(&archive).expect("reads"));
    let names = |folder: &str| {
        let mut names: Vec<_> =
            fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&files), names(&files_again));
    // Who was made by the import cannot log in.
    new.root.run(&["user", "list", "--query", "bob", "--output", "csv"]).ok();
    let stranger = new.world.stranger();
    stranger.input(&["login", "-u", "bob", "--password-stdin"], crate::support::PASSWORD).ends_with(4);
}

fn slack_export() -> Vec<(&'static str, Vec<u8>)> {
    let users = json!([
        {"id": "U1", "name": "alice", "is_owner": true, "profile": {"real_name": "Alice A.", "email": "alice@example.org"}},
        {"id": "U2", "name": "bob jones", "deleted": true, "profile": {"real_name": "Bob"}},
    ]);
    let channels = json!([{
        "id": "C1", "name": "general", "created": 1_500_000_000, "creator": "U1", "is_general": true, "members": ["U1", "U2"],
        "topic": {"value": "all of <#C1>"}, "purpose": {"value": "Everything"},
        "pins": [{"id": "1712345678.000100", "created": 1_712_345_700, "user": "U2"}],
    }]);
    let dms = json!([{"id": "D1", "created": 1_500_000_000, "members": ["U1", "U2"]}]);
    let first = json!([
        {"type": "message", "subtype": "channel_join", "user": "U1", "ts": "1712345600.000000", "text": "joined"},
        {"type": "message", "user": "U1", "ts": "1712345678.000100", "thread_ts": "1712345678.000100", "text": "*Hi* <@U2> &amp; all",
            "reactions": [{"name": "+1::skin-tone-2", "users": ["U2", "U1"]}, {"name": "partyparrot", "users": ["U2"]}]},
    ]);
    let second = json!([
        {"type": "message", "user": "U2", "ts": "1712400001.000000", "thread_ts": "1712345678.000100", "text": "hello",
            "edited": {"user": "U2", "ts": "1712400002.000000"}},
        {"type": "message", "subtype": "bot_message", "bot_id": "B1", "username": "CI", "ts": "1712400000.000000", "text": "",
            "attachments": [{"title": "Build 7", "title_link": "https://example.org/7", "text": "passed"}],
            "files": [{"id": "F1", "name": "log.txt"}]},
    ]);
    let direct = json!([{"type": "message", "user": "U2", "ts": "1712400009.000000", "text": "psst"}]);
    let bytes = |value: Value| value.to_string().into_bytes();
    vec![
        ("users.json", bytes(users)),
        ("channels.json", bytes(channels)),
        ("dms.json", bytes(dms)),
        ("general/2024-04-05.json", bytes(first)),
        ("general/2024-04-06.json", bytes(second)),
        ("D1/2024-04-06.json", bytes(direct)),
    ]
}

fn borrowed<'a>(entries: &'a [(&'static str, Vec<u8>)]) -> Vec<(&'a str, &'a [u8])> {
    entries.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect()
}

#[test]
fn a_slack_workspace_comes_with_its_threads_and_times() {
    let desk = Desk::new();
    let export = slack_export();
    let zip = desk.zip("slack.zip", &borrowed(&export));
    let planned = desk.root.json(&["import", "slack", &zip, "--team", "eng", "--dry-run"]);
    assert_eq!((&planned["messages"], &planned["channels"], &planned["users"]), (&json!(4), &json!(2), &json!(3)));
    let run = desk.root.run(&["import", "slack", &zip, "--team", "eng"]).ok();
    let run = run.says("left out: 1 reactions with emoji").says("left out: 1 messages of the system");
    run.says("bob jones is called bob-jones here").says("4 messages imported into eng");
    desk.root.run(&["channel", "join", "eng/general"]).ok();
    let messages = desk.messages("eng/general");
    assert_eq!(
        contents(&messages),
        ["**Hi** @bob-jones & all", "> [Build 7](https://example.org/7)\n> passed\n(file: log.txt)", "hello"]
    );
    let [root, bot, reply] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!(root["created_at"], "2024-04-05T19:34:38.000Z");
    assert_eq!((&root["reply_count"], &reply["parent_seq"], &reply["is_edited"]), (&json!(1), &json!(1), &json!(true)));
    assert_eq!((&root["reactions"][0]["emoji"], &root["reactions"][0]["count"]), (&json!("thumbsup"), &json!(2)));
    assert!(root["pinned"].is_object() && bot["sender_id"] != root["sender_id"]);
    let channel = desk.root.json(&["channel", "show", "eng/general"]);
    assert_eq!(
        (&channel["topic"], &channel["description"], &channel["is_default"]),
        (&json!("all of #general"), &json!("Everything"), &json!(true))
    );
    // Once more it adds nothing.
    desk.root.run(&["import", "slack", &zip, "--team", "eng"]).ok().says("nothing is left to do");
    assert_eq!(desk.messages("eng/general").len(), 3);
    let stranger = desk.world.person("mallory");
    stranger.run(&["import", "slack", &zip, "--team", "mine"]).ends_with(5).says("only administrators of this server");
}

/// Gives the usernames of a team, and of one of its channels.
fn members(desk: &Desk, place: &str) -> Vec<String> {
    let list = desk.root.json(&["member", "list", place]);
    let list = list.as_array().expect("a list").iter();
    let mut names: Vec<String> = list.map(|row| row["user"]["username"].as_str().expect("a name").to_owned()).collect();
    names.sort_unstable();
    names
}

#[test]
fn whoever_is_gone_and_programs_are_not_in_the_team() {
    let desk = Desk::new();
    let mut export = slack_export();
    let users = json!([
        {"id": "U1", "name": "alice", "is_owner": true},
        {"id": "U2", "name": "bob", "deleted": true},
        {"id": "U3", "name": "deploybot", "is_bot": true, "profile": {"real_name": "Deployments"}},
        {"id": "USLACKBOT", "name": "slackbot"},
    ]);
    let channels = json!([{"id": "C1", "name": "general", "members": ["U1", "U2", "U3", "U9", "USLACKBOT"]}]);
    export[0].1 = users.to_string().into_bytes();
    export[1].1 = channels.to_string().into_bytes();
    let zip = desk.zip("slack.zip", &borrowed(&export));
    desk.root.run(&["import", "slack", &zip, "--team", "eng"]).ok();
    assert_eq!(members(&desk, "eng"), ["alice", "root"]);
    desk.root.run(&["channel", "join", "eng/general"]).ok();
    assert_eq!(members(&desk, "eng/general"), ["alice", "root"]);
    let reply = desk.messages("eng/general").pop().expect("a message");
    assert_eq!((&reply["content"], &reply["sender"]), (&json!("hello"), &json!("bob")), "the name is seen");

    let channel = json!([{"name": "town-square", "roles": "channel_user"}]);
    let gone = json!({"type": "user", "user": {"username": "carol", "delete_at": 1_600_000_000_000_i64,
        "teams": [{"name": "old", "roles": "team_user", "channels": channel}]}});
    let robot = json!({"type": "user", "user": {"username": "robot", "delete_at": 0,
        "teams": [{"name": "old", "roles": "team_user", "channels": channel}]}});
    let bots = [
        json!({"type": "bot", "bot": {"username": "robot"}}),
        json!({"type": "bot", "bot": {"username": "other", "display_name": "Other"}}),
    ];
    let more: String = [gone, robot].iter().chain(&bots).map(|line| line.to_string() + "\n").collect();
    let lines = mattermost_lines().replacen("{\"post\"", &format!("{more}{{\"post\""), 1);
    let lines = lines.replace("\"user\":\"alice\"", "\"user\":\"carol\"");
    let path = desk.write("bulk.jsonl", lines);
    let run = desk.root.run(&["import", "mattermost", &path, "--team", "new", "--match-by", "username"]).ok();
    run.says("5 messages imported");
    assert_eq!(members(&desk, "new"), ["alice", "bob", "root"]);
    desk.root.run(&["channel", "join", "new/town-square"]).ok();
    assert_eq!(members(&desk, "new/town-square"), ["alice", "root"]);
    assert_eq!(desk.messages("new/town-square")[0]["sender"], "carol");
    let other = desk.root.json(&["user", "show", "@other"]);
    assert_eq!(other["full_name"], "Other");
}

#[test]
fn an_export_of_several_teams_asks_which_one_is_meant() {
    let desk = Desk::new();
    let more: String = [
        json!({"type": "role", "role": {"name": "x"}}),
        json!({"type": "emoji", "emoji": {"name": "x"}}),
        json!({"type": "team", "team": {"name": "other"}}),
    ]
    .map(|line| line.to_string() + "\n")
    .concat();
    let channel = "{\"channel\"";
    let lines = mattermost_lines();
    assert!(lines.contains(channel), "{lines}");
    let path = desk.write("two.jsonl", lines.replacen(channel, &(more + channel), 1));
    let import = ["import", "mattermost", &path, "--team", "new", "--dry-run", "--from-team"];
    desk.root.run(&import[..6]).ends_with(2).says("it has 2 teams: old, other; name one with --from-team");
    desk.root
        .run(&[&import[..], &["third"]].concat())
        .ends_with(2)
        .says("no team \"third\"; its teams are: old, other");
    assert_eq!(desk.root.json(&[&import[..], &["old"]].concat())["messages"], 5);
}

#[test]
fn what_stands_in_blocks_and_props_alone_is_imported() {
    let desk = Desk::new();
    let mut export = slack_export();
    let section = json!({"type": "section", "text": {"type": "mrkdwn", "text": "*Deployed* by <@U1>"}});
    let rich = json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
        {"type": "text", "text": "see "}, {"type": "user", "user_id": "U2"}, {"type": "text", "text": " in "},
        {"type": "channel", "channel_id": "C1"}]}]});
    let messages = json!([
        {"type": "message", "bot_id": "B1", "username": "CI", "ts": "1712345601.000000", "text": "", "blocks": [section]},
        {"type": "message", "bot_id": "B1", "username": "CI", "ts": "1712345602.000000", "text": "a summary", "blocks": [section]},
        {"type": "message", "user": "U1", "ts": "1712345603.000000", "text": "", "blocks": [rich]},
        {"type": "message", "user": "U1", "ts": "1712345604.000000", "text": "*as* typed", "blocks": [rich]},
        {"type": "message", "user": "U1", "ts": "1712345605.000000", "text": "left", "blocks": [{"type": "actions"}],
            "attachments": [{"fallback": "left, once more"}, {"blocks": [section]}]},
    ]);
    export[3].1 = messages.to_string().into_bytes();
    let zip = desk.zip("slack.zip", &borrowed(&export[..4]));
    desk.root.run(&["import", "slack", &zip, "--team", "eng"]).ok().says("5 messages imported");
    desk.root.run(&["channel", "join", "eng/general"]).ok();
    assert_eq!(
        contents(&desk.messages("eng/general")),
        [
            "**Deployed** by @alice",
            "**Deployed** by @alice",
            "see @bob-jones in #general",
            "**as** typed",
            "left\n> **Deployed** by @alice",
        ]
    );

    let props = "\"message\":\"\",\"props\":{\"attachments\":[{\"title\":\"\",\"pretext\":\"*new*\",\"text\":\"**Ticket** 7 in ~secret\"}]}";
    let lines = mattermost_lines().replacen("\"message\":\"first\"", props, 1);
    let path = desk.write("bulk.jsonl", lines);
    desk.root.run(&["import", "mattermost", &path, "--team", "new"]).ok().says("5 messages imported");
    desk.root.run(&["channel", "join", "new/town-square"]).ok();
    assert_eq!(contents(&desk.messages("new/town-square"))[0], "*new*\n> **Ticket** 7 in #secret");
}

#[test]
fn an_archive_of_a_team_that_another_one_filled_is_refused_or_comes_beside() {
    let desk = Desk::new();
    let mut export = slack_export();
    let first = desk.zip("first.zip", &borrowed(&export));
    let by = ["--match-by", "username"];
    let import = |zip: &str, team: &str, more: &[&str]| {
        desk.root.run(&[&["import", "slack", zip, "--team", team][..], &by, more].concat())
    };
    import(&first, "eng", &[])
        .ok()
        .says("4 messages imported into eng")
        .says("people: 0 found among the accounts here, 3 new");
    let direct = json!([
        {"type": "message", "user": "U2", "ts": "1712400009.000000", "text": "psst"},
        {"type": "message", "user": "U1", "ts": "1712400010.000000", "text": "new"},
    ]);
    export[5].1 = direct.to_string().into_bytes();
    let second = desk.zip("second.zip", &borrowed(&export));
    for more in [&["--dry-run"][..], &[]] {
        import(&second, "eng", more).ends_with(2).says("eng was filled from another archive").says("--beside");
    }
    let planned = import(&second, "eng", &["--beside", "--dry-run"]).ok();
    let planned = planned.says("#general would be called #general-2 here: the name is taken");
    planned
        .says("@alice, @bob-jones talk in this team already, where an import adds nothing: 2 messages would be passed over")
        .says("people: 3 found among the accounts here, 0 new");
    let json = [&["import", "slack", &second, "--team", "eng", "--beside", "--dry-run"][..], &by].concat();
    let planned = desk.root.json(&json);
    assert_eq!((&planned["messages"], &planned["foreign"]), (&json!(3), &json!(2)));
    let done = import(&second, "eng", &["--beside"]).ok().says("3 messages imported into eng");
    done.says("#general is called #general-2 here").says("2 messages were passed over");
    import(&second, "eng", &["--dry-run"]).ok().says("of this archive was begun before: nothing would be added");
    // In a new team nothing is there but the names of people.
    let apart = ["import", "slack", &second, "--team", "apart", "--dry-run"];
    let apart = desk.root.run(&apart).ok().says("@alice would go by @alice-2 here: the name is taken");
    apart.says("3 names are those of accounts here").says("--match-by username");
    import(&second, "apart", &["--dry-run"]).ok().says("people: 3 found among the accounts here, 0 new");
}

#[test]
fn slacks_own_names_and_what_is_missing_are_read() {
    let desk = Desk::new();
    let mut export = slack_export();
    let messages = json!([
        {"type": "message", "user": "U77", "ts": "1712345601.000000", "text": "from outside",
            "user_profile": {"name": "zoe", "real_name": "Zoe Z."},
            "reactions": [{"name": "flag-de", "users": ["U1"]}, {"name": "man-shrugging::skin-tone-3", "users": ["U1"]}]},
        {"type": "message", "user": "UBOT7", "ts": "1712345602.000000", "text": "from a program",
            "bot_profile": {"name": "deployer"}},
        {"type": "message", "user": "U1", "ts": "1712345603.000000", "text": "", "files": [{"id": "F2", "mode": "tombstone"}]},
    ]);
    export[3].1 = messages.to_string().into_bytes();
    export.truncate(4);
    export.push(("forgotten/2024-04-05.json", b"[]".to_vec()));
    let zip = desk.zip("slack.zip", &borrowed(&export));
    let run = desk.root.run(&["import", "slack", &zip, "--team", "eng"]).ok();
    run.says("left out: 1 folders of messages that no list of channels names");
    desk.root.run(&["channel", "join", "eng/general"]).ok();
    let messages = desk.messages("eng/general");
    assert_eq!(contents(&messages), ["from outside", "from a program", "(a file that was deleted)"]);
    assert_eq!((&messages[0]["sender"], &messages[1]["sender"]), (&json!("zoe"), &json!("deployer")));
    assert_eq!(messages[0]["reactions"].as_array().map(Vec::len), Some(2));
}

#[test]
fn archives_that_were_packed_or_written_otherwise_are_read_or_say_so() {
    let desk = Desk::new();
    let export = slack_export();
    let outer: Vec<(String, Vec<u8>)> = export
        .iter()
        .map(|(name, bytes)| (format!("export/{name}"), [b"\xef\xbb\xbf", bytes.as_slice()].concat()))
        .collect();
    let outer: Vec<(&str, &[u8])> = outer.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let zip = desk.zip("outer.zip", &outer);
    assert_eq!(desk.root.json(&["import", "slack", &zip, "--team", "eng", "--dry-run"])["messages"], 4);
    let mut wide = export.clone();
    wide[0].1 = b"\xff\xfe[\0]\0".to_vec();
    let zip = desk.zip("wide.zip", &borrowed(&wide));
    let run = desk.root.run(&["import", "slack", &zip, "--team", "eng", "--dry-run"]).ends_with(2);
    run.says("entry users.json: it is UTF-16; exports are UTF-8");

    let lines = format!("\u{feff}{}", mattermost_lines());
    let zip = desk.zip("mm.zip", &[("mm/import.jsonl", lines.as_bytes()), ("mm/data/20200913/plan.txt", b"the plan")]);
    let planned = desk.root.json(&["import", "mattermost", &zip, "--team", "new", "--dry-run"]);
    assert_eq!((&planned["messages"], &planned["files"]), (&json!(5), &json!(1)));
    let zip = desk.zip("odd.zip", &[("import.jsonl", (lines + "{\n").as_bytes())]);
    let run = desk.root.run(&["import", "mattermost", &zip, "--team", "new", "--dry-run"]).ends_with(2);
    run.says("odd.zip, entry import.jsonl, line 12");
}

#[test]
fn retention_shows_what_would_go_before_it_is_settled() {
    let desk = Desk::new();
    let export = slack_export();
    let zip = desk.zip("slack.zip", &borrowed(&export));
    desk.root.run(&["import", "slack", &zip, "--team", "eng"]).ok();
    let told = |report: &Value| [&report["retention_days"], &report["channels"], &report["messages"]].map(Clone::clone);
    let now = |noun: &str, rest: &[&str]| told(&desk.root.json(&[&[noun, "retention"], rest].concat()));
    let all = [Value::Null, json!(2), json!(0)];
    assert_eq!([now("server", &[]), now("team", &["eng"])], [all.clone(), all.clone()]);
    let settle = ["channel", "retention", "eng/general", "30d"];
    let plan = desk.root.json(&[&settle[..], &["--dry-run"]].concat());
    let would = "keep the messages of eng/general for 30 days; 3 messages and 0 files of 0 bytes would go";
    assert_eq!(plan["would"], would);
    desk.root
        .run(&settle)
        .ends_with(2)
        .says("3 messages and 0 files of 0 bytes go, and do not come back")
        .says("give --yes");
    assert_eq!(now("channel", &["eng/general"]), [Value::Null, json!(1), json!(0)], "nothing was settled yet");
    let settled = [json!(30), json!(1), json!(3)];
    assert_eq!(told(&desk.root.json(&[&settle[..], &["--yes"]].concat())), settled);
    assert_eq!(now("channel", &["eng/general"]), settled);
    assert_eq!(desk.root.json(&["channel", "show", "eng/general"])["retention_days"], 30);
    // The direct channel does as the team, and its message is old too.
    let of_team = told(&desk.root.json(&["team", "retention", "eng", "60d", "--yes"]));
    assert_eq!(of_team, [json!(60), json!(1), json!(1)]);
    assert_eq!(now("server", &["365d"]), [json!(365), json!(0), json!(0)]);
    desk.root.run(&["team", "retention", "eng", "forever"]).ok();
    assert_eq!(now("team", &["eng"]), [Value::Null, json!(1), json!(0)]);
    desk.root.run(&["channel", "retention", "eng/general", "inherited"]).ok().says("keeps its messages for ever");
    desk.root
        .run(&["channel", "retention", "eng/general", "soon"])
        .ends_with(2)
        .says("1d to 36500d, forever, or inherited");
    let mallory = desk.world.person("mallory");
    mallory.run(&["server", "retention"]).ends_with(5);
}

#[test]
fn archives_that_are_made_to_do_harm_are_refused_before_anything_is_sent() {
    let desk = Desk::new();
    let slack = |extra: &[(&'static str, Vec<u8>)]| {
        let mut entries = slack_export();
        entries.extend(extra.iter().cloned());
        entries
    };
    let zeros = vec![b' '; 16 << 20];
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)).into_bytes();
    for (place, (extra, why)) in [
        ("../evil.json", "[]".as_bytes().to_vec()),
        ("/etc/evil.json", b"[]".to_vec()),
        ("a\\..\\evil.json", b"[]".to_vec()),
        ("general/2024-04-07.json", zeros),
        ("general/2024-04-08.json", deep),
        ("general/2024-04-09.json", b"[{\"type\":\"message\",\"ts\":\"\xff\"}]".to_vec()),
        ("general/2024-04-10.json", b"[{\"type\":\"message\",\"ts\":\"yesterday\",\"text\":\"x\"}]".to_vec()),
        ("general/2024-04-11.json", b"[{\"type\":".to_vec()),
    ]
    .into_iter()
    .zip([
        "leads out",
        "leads out",
        "leads out",
        "fill disks",
        "invalid type",
        "2024-04-09.json",
        "is no time",
        "2024-04-11.json",
    ])
    .enumerate()
    {
        let entries = slack(std::slice::from_ref(&extra));
        let zip = desk.zip(&format!("hostile-{place}.zip"), &borrowed(&entries));
        let run = desk.root.run(&["import", "slack", &zip, "--team", "eng"]).ends_with(2);
        run.says("nothing was imported")
            .says(why)
            .says(extra.0.rsplit('/').next().expect("a name").rsplit('\\').next().expect("a name"));
    }
    // Names that stand twice, links, and a file that broke off.
    let whole = desk.zip("whole.zip", &borrowed(&slack(&[])));
    let bytes = fs::read(&whole).expect("reads");
    let cut = desk.write("cut.zip", &bytes[..bytes.len() / 2]);
    desk.root.run(&["import", "slack", &cut, "--team", "eng"]).ends_with(2).says("no whole zip file");
    let twice = desk.write("twice.zip", doubled(&bytes));
    desk.root.run(&["import", "slack", &twice, "--team", "eng"]).ends_with(2).says("no whole zip file");
    let link = desk.path("link.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(&link).expect("a file"));
    zip.add_symlink("users.json", "/etc/passwd", SimpleFileOptions::default()).expect("links");
    zip.finish().expect("ends");
    desk.root.run(&["import", "slack", &link, "--team", "eng"]).ends_with(2).says("users.json").says("link");
    let other = desk.zip("other.zip", &[("readme.txt", b"hi")]);
    desk.root.run(&["import", "slack", &other, "--team", "eng"]).ends_with(2).says("no export of Slack");
    let text = desk.write("text.zip", "no zip");
    desk.root.run(&["import", "slack", &text, "--team", "eng"]).ends_with(2).says("no whole zip file");
    desk.root.run(&["team", "show", "eng"]).ends_with(6);
}

#[test]
fn archives_that_are_made_to_fill_memory_are_refused() {
    let desk = Desk::new();
    // Twelve megabytes, packed as well as archives may be, that are more than a gigabyte once they are read.
    let differing: String = (0..20_000).map(|number| format!("{{\"a\":{number}}},")).collect();
    let many = format!("[{differing}{}{{}}]", "{},".repeat(4_000_000));
    let inner = |field: &str| format!("[{{\"{field}\":{many}}}]");
    for (place, (entry, bytes, mib)) in [
        ("general/2024-04-07.json", many.clone(), 512),
        ("general/2024-04-07.json", inner("attachments"), 64),
        ("general/2024-04-07.json", inner("blocks"), 64),
        ("users.json", many.clone(), 512),
        ("channels.json", many.clone(), 512),
    ]
    .into_iter()
    .enumerate()
    {
        let mut entries: Vec<_> = slack_export().into_iter().filter(|(name, _)| *name != entry).collect();
        entries.push((entry, bytes.into_bytes()));
        let zip = desk.zip(&format!("many-{place}.zip"), &borrowed(&entries));
        let run = desk.root.run(&["import", "slack", &zip, "--team", "eng"]).ends_with(2);
        run.says("nothing was imported").says(entry).says(&format!("more elements than fit into {mib} MiB"));
    }
    let post = json!({"team": "old", "channel": "town-square", "user": "bob", "message": "x", "create_at": 1});
    let post = post.to_string();
    for field in ["replies", "reactions", "attachments"] {
        let long = format!("{{\"type\":\"post\",\"post\":{},\"{field}\":{many}}}}}\n", &post[..post.len() - 1]);
        let lines = mattermost_lines() + &long;
        let path = desk.write("many.jsonl", lines);
        let run = desk.root.run(&["import", "mattermost", &path, "--team", "eng"]).ends_with(2);
        run.says("nothing was imported").says("line 12").says("more elements than fit into 64 MiB");
    }
    desk.root.run(&["team", "show", "eng"]).ends_with(6);
}

/// Gives a name of the list of entries to another entry, too.
fn doubled(zip: &[u8]) -> Vec<u8> {
    let mut bytes = zip.to_vec();
    let (from, to) = (b"general/2024-04-06.json", b"general/2024-04-05.json");
    let found: Vec<usize> = (0..bytes.len() - from.len()).filter(|&at| bytes[at..].starts_with(from)).collect();
    assert_eq!(found.len(), 2, "in front of the bytes and in the list");
    for at in found {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

fn mattermost_lines() -> String {
    let lines = [
        json!({"type": "version", "version": 1}),
        json!({"type": "team", "team": {"name": "old", "display_name": "Old"}}),
        json!({"type": "channel", "channel": {"team": "old", "name": "town-square", "type": "O", "header": "hi", "purpose": "all"}}),
        json!({"type": "channel", "channel": {"team": "old", "name": "secret", "type": "P"}}),
        json!({"type": "user", "user": {"username": "alice", "email": "alice@example.org", "first_name": "Alice", "last_name": "A.",
            "roles": "system_user", "teams": [{"name": "old", "roles": "team_user team_admin", "channels": [
                {"name": "town-square", "roles": "channel_user channel_admin"}, {"name": "secret", "roles": "channel_user"}]}]}}),
        json!({"type": "user", "user": {"username": "bob", "teams": [{"name": "old", "roles": "team_user", "channels": []}]}}),
        // Not in the order of time.
        json!({"type": "post", "post": {"team": "old", "channel": "town-square", "user": "bob", "message": "third",
            "create_at": 1_600_000_003_000_i64, "attachments": [{"path": "20200913/plan.txt"}, {"path": "gone.txt"}]}}),
        json!({"type": "post", "post": {"team": "old", "channel": "town-square", "user": "alice", "message": "first",
            "create_at": 1_600_000_001_000_i64, "is_pinned": true,
            "reactions": [{"user": "bob", "emoji_name": "tada", "create_at": 1_600_000_005_000_i64}],
            "replies": [{"user": "bob", "message": "fourth", "create_at": 1_600_000_004_000_i64},
                {"user": "bob", "message": "second", "create_at": 1_600_000_002_000_i64}]}}),
        json!({"type": "post", "post": {"team": "old", "channel": "town-square", "user": "alice", "message": "joined",
            "type": "system_join_channel", "create_at": 1_600_000_000_000_i64}}),
        json!({"type": "direct_channel", "direct_channel": {"members": ["alice", "bob"]}}),
        json!({"type": "direct_post", "direct_post": {"channel_members": ["bob", "alice"], "user": "bob", "message": "psst",
            "create_at": 1_600_000_009_000_i64}}),
    ];
    lines.iter().map(|line| line.to_string() + "\n").collect()
}

#[test]
fn a_mattermost_team_comes_in_the_order_in_which_it_was_written() {
    let desk = Desk::new();
    let lines = mattermost_lines();
    let zip = desk.zip("export.zip", &[("import.jsonl", lines.as_bytes()), ("data/20200913/plan.txt", b"the plan")]);
    let planned = desk.root.json(&["import", "mattermost", &zip, "--team", "new", "--dry-run"]);
    assert_eq!((&planned["messages"], &planned["channels"], &planned["files"]), (&json!(5), &json!(3), &json!(1)));
    let run = desk.root.run(&["import", "mattermost", &zip, "--team", "new"]).ok();
    run.says("left out: 1 files that are not in the archive").says("5 messages imported into new");
    desk.root.run(&["channel", "join", "new/town-square"]).ok();
    let messages = desk.messages("new/town-square");
    assert_eq!(contents(&messages), ["first", "second", "third", "fourth"]);
    let parents: Vec<_> = messages.iter().map(|message| message["parent_seq"].clone()).collect();
    assert_eq!(parents, [Value::Null, json!(1), Value::Null, json!(1)]);
    assert_eq!((&messages[0]["reply_count"], &messages[0]["reactions"][0]["emoji"]), (&json!(2), &json!("tada")));
    assert_eq!(messages[2]["files"][0]["name"], "plan.txt");
    let id = messages[2]["files"][0]["id"].to_string();
    let plan = desk.path("plan.txt");
    desk.root.run(&["file", "download", &id, "--to", &plan]).ok();
    assert_eq!(fs::read(&plan).expect("reads"), b"the plan");
    // The lines alone go, too; without their files.
    let alone = desk.write("bulk.jsonl", &lines);
    desk.root.run(&["import", "mattermost", &alone, "--team", "alone"]).ok().says("5 messages imported");
    for (place, (from, to, why)) in [
        ("\"version\":1", "\"version\":2", "line 1: it is no bulk export"),
        ("\"create_at\":1600000003000", "\"create_at\":-1", "line 7: its create_at is no time"),
        ("{\"direct_channel\"", "{\"direct_channel\":{\"members\":[\"x\"]},\"a\"", "line"),
        ("\"town-square\",\"user\":\"bob\",", "\"void\",\"user\":\"bob\",", "\"void\" has no line"),
    ]
    .into_iter()
    .enumerate()
    {
        let changed = lines.replacen(from, to, 1);
        if changed == lines {
            continue;
        }
        let path = desk.write(&format!("odd-{place}.jsonl"), changed);
        desk.root.run(&["import", "mattermost", &path, "--team", "odd"]).ends_with(2).says(why);
    }
    let path = desk.write("encoding.jsonl", [lines.as_bytes(), b"\xff\xfe\n"].concat());
    desk.root.run(&["import", "mattermost", &path, "--team", "odd"]).ends_with(2).says("line 12: it is not UTF-8");
}

#[test]
fn files_that_the_server_does_not_take_are_refused_ahead_or_left_out() {
    const BYTES: usize = (1 << 20) + 1;
    let desk = Desk::of(World::start_with(&["--file-mib-max", "1"]));
    let at = "2020-02-03T04:05:06.000Z";
    let files = desk.path("files");
    fs::create_dir(&files).expect("a folder");
    let mut kept = Vec::new();
    for (digit, bytes) in [("a", vec![b'x'; BYTES]), ("b", b"abc".to_vec())] {
        let name = if digit == "a" {
            "a".repeat(64)
        } else {
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned()
        };
        fs::write(Path::new(&files).join(&name), &bytes).expect("writes");
        kept.push(json!({"name": format!("{digit}.bin"), "size_bytes": bytes.len(), "sha256": name}));
    }
    let lines = [
        json!({"type": "version", "version": 1}),
        json!({"type": "user", "username": "alice", "role": "member"}),
        json!({"type": "channel", "key": "log", "kind": "public", "name": "log", "created_at": at}),
        json!({"type": "message", "channel": "log", "number": 1, "sender": "alice", "content": "both", "created_at": at,
            "files": kept}),
        json!({"type": "message", "channel": "log", "number": 2, "sender": "alice", "content": "", "created_at": at,
            "message_type": "file", "files": [kept[0]]}),
        json!({"type": "end", "messages": 2}),
    ];
    let text: String = lines.iter().map(|line| line.to_string() + "\n").collect();
    let archive = desk.write("log.jsonl", text);
    let import = ["import", "syncspace", &archive, "--files", &files, "--team", "eng"];
    let why =
        format!("line 4: the file a.bin has {BYTES} bytes, and the server takes at most 1048576: raise file_mib_max");
    for dry in [&[][..], &["--dry-run"]] {
        let run = desk.root.run(&[&import[..], dry].concat()).ends_with(2);
        run.says("nothing was imported").says(&why).says("--skip-large-files");
    }
    desk.root.run(&["team", "show", "eng"]).ends_with(6);
    let skipping = [&import[..], &["--skip-large-files"]].concat();
    let planned = desk.root.json(&[&skipping[..], &["--dry-run"]].concat());
    assert_eq!((&planned["messages"], &planned["files"], &planned["file_bytes"]), (&json!(2), &json!(1), &json!(3)));
    let left = json!([{"what": "files longer than the server takes; their messages name them", "count": 2}]);
    assert_eq!(planned["left_out"], left);
    desk.root.run(&skipping).ok().says("left out: 2 files longer than the server takes").says("2 messages imported");
    desk.root.run(&["channel", "join", "eng/log"]).ok();
    let messages = desk.messages("eng/log");
    let said = format!("(file left out: a.bin, {BYTES} bytes)");
    assert_eq!(contents(&messages), [format!("both\n{said}"), said.clone()]);
    assert_eq!(messages[0]["files"].as_array().map(Vec::len), Some(1));
    // Attachments of a zip file, which are not unpacked for it.
    let attachment = vec![b'x'; BYTES];
    let entries = [("import.jsonl", mattermost_lines().into_bytes()), ("data/20200913/plan.txt", attachment)];
    let zip = desk.zip("export.zip", &borrowed(&entries));
    let import = ["import", "mattermost", &zip, "--team", "new"];
    let why = format!("entry data/20200913/plan.txt: the file plan.txt has {BYTES} bytes");
    desk.root.run(&import).ends_with(2).says("line 7").says(&why).says("--skip-large-files");
    desk.root.run(&["team", "show", "new"]).ends_with(6);
    desk.root.run(&[&import[..], &["--skip-large-files"]].concat()).ok().says("left out: 1 files longer");
    desk.root.run(&["channel", "join", "new/town-square"]).ok();
    let said = format!("third\n(file left out: plan.txt, {BYTES} bytes)");
    assert_eq!(contents(&desk.messages("new/town-square"))[2], said);
    // Who cannot ask the server checks the rest.
    let nowhere =
        desk.root.run(&["import", "mattermost", &zip, "--team", "x", "--dry-run", "--server", "http://127.0.0.1:1"]);
    nowhere.ok().says("files are not compared with what the server takes");
}

#[test]
fn an_import_that_is_killed_goes_on_and_doubles_nothing() {
    const MESSAGES: u32 = 30_000;
    let desk = Desk::new();
    let at = "2020-02-03T04:05:06.000Z";
    let mut lines = vec![
        json!({"type": "version", "version": 1}),
        json!({"type": "user", "username": "alice", "role": "member"}),
        json!({"type": "channel", "key": "log", "kind": "public", "name": "log", "created_at": at}),
        json!({"type": "member", "channel": "log", "user": "alice", "role": "member"}),
    ];
    lines.extend((1..=MESSAGES).map(|number| json!({
        "type": "message", "channel": "log", "number": number, "sender": "alice", "content": format!("entry {number}"), "created_at": at,
    })));
    lines.push(json!({"type": "end", "messages": MESSAGES}));
    let text: String = lines.iter().map(|line| line.to_string() + "\n").collect();
    let archive = desk.write("log.jsonl", &text);
    let arguments = ["import", "syncspace", &archive, "--team", "eng"];
    let mut first = Command::new(program())
        .env_clear()
        .envs(desk.root.environment())
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    // Killed once the team is there: somewhere in the middle, or behind the end on a machine that is fast; both must hold.
    while desk.root.run(&["team", "show", "eng"]).code != Some(0) {
        assert!(first.try_wait().expect("is ours").is_none_or(|status| status.success()), "it failed before");
    }
    first.kill().expect("kills");
    first.wait().expect("ends");
    desk.root.run(&arguments).ok();
    let again = desk.path("again.jsonl");
    desk.root.run(&["team", "export", "eng", "--out", &again]).ok();
    let sent: Vec<&str> = text.lines().filter(|line| line.contains("\"message\"")).collect();
    let found = fs::read_to_string(&again).expect("reads");
    let found: Vec<Value> = found.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let found: Vec<&Value> = found.iter().filter(|line| line["type"] == "message").collect();
    assert_eq!(found.len(), sent.len());
    for (place, line) in (1_u32..).zip(found) {
        assert_eq!((&line["number"], &line["content"]), (&json!(place), &json!(format!("entry {place}"))));
    }
}

#[test]
fn an_import_that_cannot_go_on_is_taken_back() {
    let desk = Desk::new();
    desk.world.person("bob");
    let at = "2020-02-03T04:05:06.000Z";
    let message = |number: u32, parent: Option<u32>| {
        json!({
            "type": "message", "channel": "log", "number": number, "sender": "bob", "content": "x", "created_at": at,
            "parent": parent,
        })
    };
    // The last one answers an answer.
    let lines = [
        json!({"type": "version", "version": 1}),
        json!({"type": "user", "username": "bob", "role": "member"}),
        json!({"type": "channel", "key": "log", "kind": "public", "name": "log", "created_at": at}),
        message(1, None),
        message(2, Some(1)),
        message(3, Some(2)),
        json!({"type": "end", "messages": 3}),
    ];
    let text: String = lines.iter().map(|line| line.to_string() + "\n").collect();
    let archive = desk.write("log.jsonl", text);
    let import = ["import", "syncspace", &archive, "--team", "eng", "--match-by", "username"];
    desk.root.run(&import).ends_with(2).says("the import stopped");
    let refused = desk.root.run(&["user", "erase", "@bob", "--yes"]).ends_with(7);
    let number = refused.talk.split_once("import ").and_then(|(_, rest)| rest.split_once(" into eng"));
    let (number, _) = number.unwrap_or_else(|| panic!("{}", refused.talk));
    desk.root.run(&["user", "erase", "@bob", "--dry-run"]).ends_with(7).says("finish it");
    let cancel = ["import", "cancel", number, "--team", "eng"];
    desk.root.run(&["import", "cancel", number]).ends_with(2).says("--team");
    desk.root.run(&["import", "cancel", "999999", "--team", "eng", "--yes"]).ends_with(6);
    desk.root.run(&cancel).ends_with(2).says("give --yes");
    let would = format!("take import {number} from syncspace into eng back");
    assert_eq!(desk.root.json(&[&cancel[..], &["--dry-run"]].concat())["would"], would);
    desk.root.run(&[&cancel[..], &["--yes"]].concat()).ok().says("taken back");
    desk.root.run(&[&cancel[..], &["--yes"]].concat()).ends_with(6);
    desk.root.run(&["user", "erase", "@bob", "--yes"]).ok();
}

#[test]
fn an_archive_that_broke_off_or_is_mixed_up_is_refused_with_its_line() {
    let desk = Desk::new();
    let at = "2020-02-03T04:05:06.000Z";
    let line = |value: Value| value.to_string() + "\n";
    let head = line(json!({"type": "version", "version": 1}))
        + &line(json!({"type": "user", "username": "alice"}))
        + &line(json!({"type": "channel", "key": "log", "kind": "public", "name": "log", "created_at": at}));
    let message = |number: u32| {
        line(json!({
            "type": "message", "channel": "log", "number": number, "sender": "alice", "content": "x", "created_at": at,
        }))
    };
    let end = |messages: u32| line(json!({"type": "end", "messages": messages}));
    for (place, (text, why)) in [
        (head.clone() + &message(1), "broke off"),
        (head.clone() + &message(1) + &end(2), "line 5: the archive was written with 2 messages"),
        (head.clone() + &message(2) + &end(1), "line 4: message 2 comes behind message 0"),
        (head.clone() + &message(1).replace("alice", "carol") + &end(1), "line 4: the user carol has no line"),
        (head.clone() + &message(1).replace("\"x\"", "\"\"") + &end(1), "line 4: message 1 of \"log\": it is empty"),
        (head.clone() + &end(0) + &end(0), "line 5: the archive ended before"),
        (message(1), "line 1: the first line"),
        (head.clone() + "{\n", "line 4: EOF"),
        (head.clone() + &"x".repeat(1_000_000), "line 4: it is longer"),
        (
            head.clone()
                + &message(1).replace(
                    "\"number\"",
                    "\"files\":[{\"name\":\"a\",\"size_bytes\":1,\"sha256\":\"../x\"}],\"number\"",
                )
                + &end(1),
            "line 4: the sha256",
        ),
        (head.clone() + &format!("{{\"type\":\"end\",\"x\":{}\n", "[".repeat(100_000)), "line 4: recursion limit"),
        (String::new(), "broke off"),
    ]
    .into_iter()
    .enumerate()
    {
        let path = desk.write(&format!("odd-{place}.jsonl"), text);
        desk.root.run(&["import", "syncspace", &path, "--team", "eng"]).ends_with(2).says(why);
    }
    desk.root.run(&["import", "syncspace", &desk.path("none")]).ends_with(2).says("--team");
    desk.root.run(&["import", "syncspace", &desk.path("none"), "--team", "eng"]).ends_with(2).says("none");
    desk.root.run(&["team", "show", "eng"]).ends_with(6);
}
