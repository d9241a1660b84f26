//! The table itself. Letters stand for root, owner, admin, member, guest, outsider, leaver, left, stranger, banned, nobody.

use serde_json::{Value, json};

use super::world::{Kept, PICTURE, PICTURE_SHA256, Place, Scene, in_an_hour};
use crate::place::PASSWORD;

/// What is asked of a route, and what everybody gets.
pub(super) struct Row {
    /// Name of the operation.
    pub(super) name: &'static str,
    /// Makes parameters and body.
    pub(super) request: fn(&Scene) -> Request,
    /// What they get.
    pub(super) expected: Answers,
}

/// The answers by place, as letters.
pub(super) type Answers = Vec<(Place, &'static str)>;

/// Parameters of path and query, and the body.
pub(super) type Request = (Vec<(&'static str, String)>, Value);

/// A route that has nothing to do with a team.
fn account(name: &'static str, request: fn(&Scene) -> Request, expected: &'static str) -> Row {
    Row { name, request, expected: vec![(Place::Nowhere, expected)] }
}

/// A route of a team: in a private one, in one that anyone finds.
fn team(name: &'static str, request: fn(&Scene) -> Request, [private, open]: [&'static str; 2]) -> Row {
    Row { name, request, expected: vec![(Place::Public, private), (Place::Open, open)] }
}

/// A route of a channel of every sort.
fn channel(name: &'static str, request: fn(&Scene) -> Request, named: Named, unnamed: [&'static str; 2]) -> Row {
    Row { name, request, expected: in_channels(named, unnamed) }
}

/// The answers in a public channel, a private one, an archived one, and one where only admins post.
type Named = [&'static str; 4];

/// The answers in every sort of channel: those with a name, a direct one, a direct one of a group.
fn in_channels([public, private, archived, read_only]: Named, [direct, group]: [&'static str; 2]) -> Answers {
    vec![
        (Place::Public, public),
        (Place::Private, private),
        (Place::Archived, archived),
        (Place::ReadOnly, read_only),
        (Place::Direct, direct),
        (Place::Group, group),
    ]
}

fn of_team(scene: &Scene) -> Vec<(&'static str, String)> {
    vec![("team_id", scene.team.clone())]
}

fn of_channel(scene: &Scene) -> Vec<(&'static str, String)> {
    vec![("channel_id", scene.channel.clone())]
}

fn of_message(scene: &Scene) -> Vec<(&'static str, String)> {
    vec![("channel_id", scene.channel.clone()), ("seq", scene.message["seq"].to_string())]
}

fn of_account(scene: &Scene) -> Vec<(&'static str, String)> {
    vec![("user_id", scene.author.clone())]
}

fn of_team_and_author(scene: &Scene) -> Vec<(&'static str, String)> {
    [of_team(scene), of_account(scene)].concat()
}

fn of_channel_and_author(scene: &Scene) -> Vec<(&'static str, String)> {
    [of_channel(scene), of_account(scene)].concat()
}

fn of_newcomer(scene: &Scene) -> Vec<(&'static str, String)> {
    [of_channel(scene), vec![("user_id", scene.newcomer.clone())]].concat()
}

fn of_ban(scene: &Scene) -> Vec<(&'static str, String)> {
    [of_team(scene), vec![("user_id", scene.banned.clone())]].concat()
}

fn of_request(scene: &Scene) -> Vec<(&'static str, String)> {
    [of_team(scene), vec![("user_id", scene.stranger.clone())]].concat()
}

fn id(text: &str) -> u64 {
    text.parse().expect("an id")
}

fn of_group(scene: &Scene) -> Vec<(&'static str, String)> {
    [of_team(scene), vec![("group_id", scene.group.clone())]].concat()
}

fn of_invite(scene: &Scene) -> Vec<(&'static str, String)> {
    [of_team(scene), vec![("invite_id", scene.invite["id"].to_string())]].concat()
}

fn code(scene: &Scene) -> String {
    scene.invite["code"].as_str().expect("a code").to_owned()
}

fn nothing(_: &Scene) -> Request {
    (Vec::new(), Value::Null)
}

/// Everybody who has a token, and everybody.
const LOGGED_IN: &str = "++++++++++u";
const ALL: &str = "+++++++++++";
/// Only who administers the server.
const ADMINISTRATOR: &str = "+---------u";
/// Whoever is in the team sees inside.
const INSIDE: [&str; 2] = ["+++++++hhhu", "+++++++---u"];
/// Only who manages the team, and who administers the server.
const MANAGERS: [&str; 2] = ["+++----hhhu", "+++-------u"];
/// Whoever finds the channel reads it.
const READERS: Named = ["+++++++hhhu", "h+h++hhhhhu", "+++++++hhhu", "+++++++hhhu"];
/// Whoever is in the channel writes in it, until it is archived; where only admins post, only they.
const POSTERS: Named = ["-+-++--hhhu", "h+h++hhhhhu", "-a-aa--hhhu", "-+-----hhhu"];
/// Whoever is in the channel reacts in it, until it is archived.
const REACTORS: Named = ["-+-++--hhhu", "h+h++hhhhhu", "-a-aa--hhhu", "-+-++--hhhu"];
/// Whoever is in the channel.
const FOLLOWERS: Named = ["-+-++--hhhu", "h+h++hhhhhu", "-+-++--hhhu", "-+-++--hhhu"];
/// Whoever is in the direct channel: `member`, and of a group `owner` and `guest` too.
const PEERS: [&str; 2] = ["hhh+hhhhhhu", "h+h++hhhhhu"];
/// Direct channels are not managed, by those who are in them neither.
const UNMANAGED: [&str; 2] = ["hhhchhhhhhu", "hchcchhhhhu"];
/// Others' messages are left alone, by those who are in the direct channel too.
const OTHERS: [&str; 2] = ["hhh-hhhhhhu", "h-h--hhhhhu"];
/// Whoever is in the team, and not who only administers the server.
const OWN: [&str; 2] = ["-++++++hhhu", "-++++++---u"];

/// Gives the rows of every route; one route may have several.
pub(super) fn routes() -> Vec<Row> {
    let mut rows = accounts();
    rows.extend(teams());
    rows.extend(join_requests());
    rows.extend(integrations());
    rows.extend(moving());
    rows.extend(channels());
    rows.extend(messages());
    rows.extend(marks());
    rows.extend(files());
    rows.extend(own_of_channels());
    rows.extend(own_of_teams());
    rows.extend(planned());
    rows
}

fn accounts() -> Vec<Row> {
    let new_account = |scene: &Scene| (vec![], json!({"username": scene.unique, "password": PASSWORD}));
    vec![
        account("live", nothing, ALL),
        account("ready", nothing, ALL),
        account("metrics", nothing, ALL),
        account("openapi", nothing, ALL),
        account("server_info", nothing, ALL),
        account("register", new_account, ALL),
        account("login", |_| (vec![], json!({"username": "author", "password": PASSWORD})), ALL),
        account("refresh", |_| (vec![], json!({"refresh_token": "not one of ours"})), "uuuuuuuuuuu"),
        account("logout", nothing, LOGGED_IN),
        account("socket_ticket", nothing, LOGGED_IN),
        account("sessions", nothing, LOGGED_IN),
        account(
            "end_session",
            |scene| (vec![("session_id", scene.author_session.clone())], Value::Null),
            "hhhhhhhhhhu",
        ),
        account(
            "change_password",
            |_| (vec![], json!({"current_password": "none of theirs", "new_password": PASSWORD})),
            "wwwwwwwwwwu",
        ),
        account("access_tokens", nothing, LOGGED_IN),
        account(
            "create_token",
            |_| (vec![], json!({"name": "x", "scopes": ["read"], "expires_at": in_an_hour()})),
            LOGGED_IN,
        ),
        account("revoke_token", |scene| (vec![("token_id", scene.author_session.clone())], Value::Null), "hhhhhhhhhhu"),
        account("me", nothing, LOGGED_IN),
        account("edit_me", |_| (vec![], json!({"full_name": "x"})), LOGGED_IN),
        account("set_status", |_| (vec![], json!({"text": "x"})), LOGGED_IN),
        account("preferences", nothing, LOGGED_IN),
        account("edit_preferences", |_| (vec![], json!({"notify": "all"})), LOGGED_IN),
        account("keywords", nothing, LOGGED_IN),
        account("put_keywords", |_| (vec![], json!({"keywords": ["deploy"]})), LOGGED_IN),
        account("users", nothing, LOGGED_IN),
        // Somebody who was never in a team of anybody's: those who left one scene's team may be in another's.
        account("user", |scene| (vec![("user_id", scene.account.clone())], Value::Null), "+hhhhhhhhhu"),
        account("presence", |scene| (vec![("users", scene.author.clone())], Value::Null), LOGGED_IN),
        account("create_user", new_account, ADMINISTRATOR),
        account("edit_user", |scene| (of_account(scene), json!({"full_name": "x"})), ADMINISTRATOR),
        account("deactivate_user", |scene| (vec![("user_id", scene.account.clone())], Value::Null), ADMINISTRATOR),
        account("accounts", nothing, ADMINISTRATOR),
        account("audit", nothing, ADMINISTRATOR),
        account("server_settings", nothing, ADMINISTRATOR),
        account("edit_server_settings", |_| (vec![], json!({})), ADMINISTRATOR),
        account("statistics", nothing, ADMINISTRATOR),
        account("server_retention", nothing, ADMINISTRATOR),
        account("erasure_plan", |scene| (vec![("user_id", scene.account.clone())], Value::Null), ADMINISTRATOR),
        account("erase_user", |scene| (vec![("user_id", scene.account.clone())], Value::Null), ADMINISTRATOR),
        account("erasures", nothing, ADMINISTRATOR),
        // None of the accounts was imported.
        account("hand_over", |scene| (of_account(scene), json!({})), "c---------u"),
        account("check_import", |_| (vec![], json!({"fingerprint": "0".repeat(64), "lines": []})), ADMINISTRATOR),
        account("create_password_reset", |scene| (of_account(scene), json!({})), ADMINISTRATOR),
        account(
            "reset_password",
            |_| (vec![], json!({"code": "none of ours", "new_password": PASSWORD})),
            "wwwwwwwwwww",
        ),
        // Nothing sends mail here.
        account("mail_password_reset", |_| (vec![], json!({"username": "author"})), "ccccccccccc"),
        account("send_email_code", nothing, "ccccccccccu"),
        account("verify_email", |_| (vec![], json!({"code": "none of ours"})), "wwwwwwwwwwu"),
        account("export_me", nothing, LOGGED_IN),
        account("export_user", |scene| (of_account(scene), Value::Null), ADMINISTRATOR),
        account("teams", nothing, LOGGED_IN),
        account("create_team", |scene| (vec![], json!({"name": scene.unique})), LOGGED_IN),
    ]
}

fn teams() -> Vec<Row> {
    let itself = |scene: &Scene| (of_team(scene), Value::Null);
    vec![
        team("team", itself, ["+++++++hhhu", LOGGED_IN]),
        team("edit_team", |scene| (of_team(scene), json!({"description": "x"})), MANAGERS),
        team("delete_team", itself, ["++-----hhhu", "++--------u"]),
        team("join_team", itself, ["+------hhhu", "+++++++++-u"]),
        team("leave_team", itself, ["hc+++++hhhu", "hc+++++hhhu"]),
        team("team_members", itself, INSIDE),
        team("put_team_member", |scene| (of_team_and_author(scene), json!({"role": "guest"})), MANAGERS),
        team(
            "put_team_member",
            |scene| (of_team_and_author(scene), json!({"role": "admin"})),
            ["++-----hhhu", "++--------u"],
        ),
        team("remove_team_member", |scene| (of_team_and_author(scene), Value::Null), ["+++----hhhu", "+++----hhhu"]),
        team("invites", itself, MANAGERS),
        team("create_invite", |scene| (of_team(scene), json!({})), MANAGERS),
        team("revoke_invite", |scene| (of_invite(scene), Value::Null), MANAGERS),
        team("use_invite", |scene| (vec![("code", code(scene))], Value::Null), ["+++++++++-u", "+++++++++-u"]),
        team(
            "transfer_team",
            |scene| (of_team(scene), json!({"user_id": id(&scene.author)})),
            ["-+-----hhhu", "-+--------u"],
        ),
        team("team_audit", itself, MANAGERS),
        team("team_retention", itself, MANAGERS),
        team("bans", itself, MANAGERS),
        team("ban", |scene| (of_team_and_author(scene), Value::Null), MANAGERS),
        team("lift_ban", |scene| (of_ban(scene), Value::Null), MANAGERS),
        team("put_team_member", |scene| (of_ban(scene), json!({"role": "member"})), ["ccc----hhhu", "ccc-------u"]),
        team("groups", itself, INSIDE),
        team(
            "create_group",
            |scene| (of_team(scene), json!({"name": "new", "user_ids": [id(&scene.author)]})),
            MANAGERS,
        ),
        team("group", |scene| (of_group(scene), Value::Null), INSIDE),
        team("rename_group", |scene| (of_group(scene), json!({"name": "new"})), MANAGERS),
        team("delete_group", |scene| (of_group(scene), Value::Null), MANAGERS),
        team("group_members", |scene| (of_group(scene), Value::Null), INSIDE),
        team("add_group_member", |scene| ([of_group(scene), of_account(scene)].concat(), Value::Null), MANAGERS),
        team("remove_group_member", |scene| ([of_group(scene), of_account(scene)].concat(), Value::Null), MANAGERS),
        team("channels", itself, INSIDE),
        team(
            "create_channel",
            |scene| (of_team(scene), json!({"kind": "public", "name": "new"})),
            ["h+++-++hhhu", "h+++-++---u"],
        ),
        team(
            "create_channel",
            |scene| (of_team(scene), json!({"kind": "direct", "user_id": id(&scene.author)})),
            ["h++++++hhhu", "h++++++---u"],
        ),
        team("changes", |scene| (stream(&format!("t{}", scene.team)), Value::Null), INSIDE),
        team("changes", |scene| (stream(&scene.author_stream), Value::Null), ["hhhhhhhhhhu", "hhhhhhhhhhu"]),
    ]
}

/// A team that takes people in on request, one of whom has asked; and a private one.
fn join_requests() -> Vec<Row> {
    let itself = |scene: &Scene| (of_team(scene), Value::Null);
    let ask = |scene: &Scene| (of_team(scene), json!({}));
    let asker = |scene: &Scene| (of_request(scene), Value::Null);
    let row = |name, request, [private, asked]: [&'static str; 2]| Row {
        name,
        request,
        expected: vec![(Place::Public, private), (Place::OnRequest, asked)],
    };
    vec![
        account("my_join_requests", nothing, LOGGED_IN),
        row("join_team", itself, ["+------hhhu", "+---------u"]),
        row("ask_to_join", ask, ["-------hhhu", "+------++-u"]),
        row("withdraw_join_request", itself, ["hhhhhhhhhhu", "hhhhhhhh+hu"]),
        row("join_requests", itself, MANAGERS),
        row("accept_join_request", asker, ["hhh----hhhu", "+++-------u"]),
        row("decline_join_request", asker, ["hhh----hhhu", "+++-------u"]),
    ]
}

/// A team that is being filled from an archive.
fn moving() -> Vec<Row> {
    const ANY: &str = "0000000000000000000000000000000000000000000000000000000000000000";
    let itself = |scene: &Scene| (of_team(scene), Value::Null);
    let export_file = |scene: &Scene| ([of_team(scene), vec![("sha256", ANY.to_owned())]].concat(), Value::Null);
    let private =
        |scene: &Scene| ([of_team(scene), vec![("include_private", "true".to_owned())]].concat(), Value::Null);
    let begin = |scene: &Scene| (of_team(scene), json!({"source": "x", "fingerprint": ANY}));
    let of_import = |scene: &Scene| (of_import_of(scene), Value::Null);
    let lines = |scene: &Scene| {
        let user = json!({"type": "user", "username": scene.unique, "role": "member"});
        (of_import_of(scene), json!({"lines": [user]}))
    };
    let file = |scene: &Scene| {
        let query = [
            ("channel", "old"),
            ("number", "1"),
            ("place", "0"),
            ("name", "a"),
            ("sender", "old"),
            ("sha256", PICTURE_SHA256),
        ];
        let query = query.map(|(name, value)| (name, value.to_owned()));
        ([of_import_of(scene), query.to_vec()].concat(), json!(PICTURE))
    };
    let importing = |name, request| Row { name, request, expected: vec![(Place::Importing, "+------hhhu")] };
    vec![
        team("export_team", itself, ["++-----hhhu", "++--------u"]),
        team("export_team", private, ["+------hhhu", "+---------u"]),
        team("exported_file", export_file, ["hh-----hhhu", "hh--------u"]),
        team("start_import", begin, ["+------hhhu", "+---------u"]),
        importing("import", of_import),
        importing("import_lines", lines),
        importing("import_file", file),
        importing("finish_import", of_import),
        importing("cancel_import", of_import),
    ]
}

fn of_import_of(scene: &Scene) -> Vec<(&'static str, String)> {
    [of_team(scene), vec![("import_id", scene.import.clone())]].concat()
}

/// What is none: no bot, no hook, no command.
fn of_none(scene: &Scene, name: &'static str) -> Vec<(&'static str, String)> {
    [of_team(scene), vec![(name, "999999".to_owned())]].concat()
}

/// Bots, hooks and commands: of who is no bot, and of those that are not there, nobody learns more than that.
fn integrations() -> Vec<Row> {
    /// Only who manages the team is told that there is no such thing.
    const NONE: [&str; 2] = ["hhh----hhhu", "hhh-------u"];
    let itself = |scene: &Scene| (of_team(scene), Value::Null);
    let no_bot = |scene: &Scene| (of_team_and_author(scene), Value::Null);
    let no_hook = |scene: &Scene| (of_none(scene, "hook_id"), Value::Null);
    let token = json_token;
    let hook = |scene: &Scene| {
        let channel = id(&scene.channel);
        let hook = json!({"kind": "incoming", "name": "x", "bot_id": id(&scene.author), "channel_id": channel});
        (of_team(scene), hook)
    };
    let command = |scene: &Scene| {
        let bot = id(&scene.author);
        (of_team(scene), json!({"name": "x", "bot_id": bot, "url": "https://example.org"}))
    };
    vec![
        team("bots", itself, MANAGERS),
        team("create_bot", |scene| (of_team(scene), json!({"username": scene.unique})), MANAGERS),
        team("edit_bot", |scene| (of_team_and_author(scene), json!({"full_name": "x"})), NONE),
        team("bot_tokens", no_bot, NONE),
        team("create_bot_token", token, NONE),
        team(
            "revoke_bot_token",
            |scene| ([of_team_and_author(scene), vec![("token_id", "999999".to_owned())]].concat(), Value::Null),
            NONE,
        ),
        team("hooks", itself, MANAGERS),
        team("create_hook", hook, NONE),
        team("hook", no_hook, NONE),
        team("edit_hook", |scene| (of_none(scene, "hook_id"), json!({"name": "x"})), NONE),
        team("delete_hook", no_hook, NONE),
        team("hook_deliveries", no_hook, NONE),
        // Answered in Slack's words, to whoever has the token: nobody has this one.
        account("post_to_hook", |_| (vec![("token", "none".to_owned())], json!({"text": "x"})), "???????????"),
        team("commands", itself, INSIDE),
        team("create_command", command, NONE),
        team("edit_command", |scene| (of_none(scene, "command_id"), json!({"description": "x"})), NONE),
        team("delete_command", |scene| (of_none(scene, "command_id"), Value::Null), NONE),
        // Whoever may write is told that there is no such command.
        channel(
            "run_command",
            |scene| (of_channel(scene), json!({"name": "nothing"})),
            ["-h-hh--hhhu", "hhhhhhhhhhu", "-a-aa--hhhu", "-h-----hhhu"],
            ["hhhhhhhhhhu", "hhhhhhhhhhu"],
        ),
    ]
}

fn json_token(scene: &Scene) -> Request {
    (of_team_and_author(scene), json!({"name": "x", "scopes": ["read"], "expires_at": in_an_hour()}))
}

fn stream(stream: &str) -> Vec<(&'static str, String)> {
    vec![("stream", stream.to_owned()), ("after", "0".to_owned())]
}

fn channels() -> Vec<Row> {
    let itself = |scene: &Scene| (of_channel(scene), Value::Null);
    let managers = ["+++----hhhu", "h+h--hhhhhu", "aaa----hhhu", "+++----hhhu"];
    let keepers = ["+++----hhhu", "h+h--hhhhhu", "+++----hhhu", "+++----hhhu"];
    let edit = |name, body: fn(&Scene) -> Request, named| channel(name, body, named, UNMANAGED);
    vec![
        channel("channel", itself, READERS, PEERS),
        channel("channel_retention", itself, READERS, PEERS),
        edit("edit_channel", |scene| (of_channel(scene), json!({"description": "x"})), managers),
        edit("edit_channel", |scene| (of_channel(scene), json!({"posting": "everyone"})), managers),
        edit("edit_channel", |scene| (of_channel(scene), json!({"is_private": true})), managers),
        edit("edit_channel", |scene| (of_channel(scene), json!({"is_archived": true})), keepers),
        edit(
            "edit_channel",
            |scene| (of_channel(scene), json!({"is_default": true})),
            ["+++----hhhu", "hch--hhhhhu", "aaa----hhhu", "+++----hhhu"],
        ),
        edit(
            "edit_channel",
            |scene| (of_channel(scene), json!({"retention_days": 30})),
            ["+++----hhhu", "h+h--hhhhhu", "+++----hhhu", "+++----hhhu"],
        ),
        edit(
            "edit_channel",
            |scene| (of_channel(scene), json!({"topic": "x"})),
            ["+++++--hhhu", "h+h++hhhhhu", "aaaaa--hhhu", "+++----hhhu"],
        ),
        edit("delete_channel", itself, keepers),
        edit("join_channel", itself, ["h+++-++hhhu", "h-h--hhhhhu", "haaa-aahhhu", "h+++-++hhhu"]),
        edit("leave_channel", itself, ["h+-++--hhhu", "h+h++hhhhhu", "h+-++--hhhu", "h+-++--hhhu"]),
        channel("mark_read", |scene| (of_channel(scene), json!({"seq": 1})), FOLLOWERS, PEERS),
        channel("channel_members", itself, READERS, PEERS),
        edit("put_channel_member", |scene| (of_channel_and_author(scene), json!({"role": "admin"})), keepers),
        edit(
            "put_channel_member",
            |scene| (of_newcomer(scene), json!({"role": "member"})),
            ["++++---hhhu", "h+h+-hhhhhu", "aaaa---hhhu", "++++---hhhu"],
        ),
        edit("remove_channel_member", |scene| (of_channel_and_author(scene), Value::Null), keepers),
        channel("changes", |scene| (stream(&format!("c{}", scene.channel)), Value::Null), READERS, PEERS),
    ]
}

fn messages() -> Vec<Row> {
    let itself = |scene: &Scene| (of_message(scene), Value::Null);
    let by_id = |scene: &Scene| (vec![("message_id", scene.message["id"].to_string())], Value::Null);
    let edit = |scene: &Scene| (of_message(scene), json!({"content": "x"}));
    vec![
        channel("messages", |scene| (of_channel(scene), Value::Null), READERS, PEERS),
        channel("send_message", |scene| (of_channel(scene), json!({"content": "x"})), POSTERS, PEERS),
        channel("message", itself, READERS, PEERS),
        channel("message_by_id", by_id, READERS, PEERS),
        channel("thread", itself, READERS, PEERS),
        channel("edit_message", edit, ["-------hhhu", "h-h--hhhhhu", "-------hhhu", "-------hhhu"], OTHERS),
        channel("delete_message", itself, ["+++----hhhu", "h+h--hhhhhu", "aaa----hhhu", "+++----hhhu"], OTHERS),
    ]
}

/// What is written on others' messages.
fn marks() -> Vec<Row> {
    let itself = |scene: &Scene| (of_message(scene), Value::Null);
    let emoji = |scene: &Scene| ([of_message(scene), vec![("emoji", "tada".to_owned())]].concat(), Value::Null);
    let append = |scene: &Scene| (of_message(scene), json!({"offset": 0, "content": "x"}));
    vec![
        channel("react", emoji, REACTORS, PEERS),
        channel("unreact", emoji, REACTORS, PEERS),
        channel("reactions", itself, READERS, PEERS),
        channel("history", itself, READERS, PEERS),
        channel("pin", itself, POSTERS, PEERS),
        channel("unpin", itself, POSTERS, PEERS),
        channel("pins", |scene| (of_channel(scene), Value::Null), READERS, PEERS),
        channel("append_message", append, ["-------hhhu", "h-h--hhhhhu", "-a-aa--hhhu", "-------hhhu"], OTHERS),
    ]
}

/// Files, those of others that messages carry, and one that none carries.
fn files() -> Vec<Row> {
    let itself = |scene: &Scene| (vec![("file_id", scene.file.clone())], Value::Null);
    let waiting = |scene: &Scene| (vec![("file_id", scene.waiting_file.clone())], Value::Null);
    let picture = |scene: &Scene| (of_team(scene), json!(PICTURE));
    let carry = |scene: &Scene| (of_channel(scene), json!({"content": "x", "files": [id(&scene.waiting_file)]}));
    let new_upload =
        |scene: &Scene| (of_channel(scene), json!({"name": "x", "size_bytes": 5, "sha256": "0".repeat(64)}));
    let upload = |scene: &Scene| (vec![("file_id", scene.upload.clone())], Value::Null);
    let part = |scene: &Scene| (vec![("file_id", scene.upload.clone()), ("offset", "0".to_owned())], json!(PICTURE));
    let beside_waiting = |name, request, expected| Row { name, request, expected: vec![(Place::Waiting, expected)] };
    let hidden = |name, request| beside_waiting(name, request, "hhhhhhhhhhu");
    vec![
        channel("upload_file", |scene| (of_channel(scene), json!("any bytes")), POSTERS, PEERS),
        channel("files", |scene| (of_channel(scene), Value::Null), READERS, PEERS),
        channel("file", itself, READERS, PEERS),
        channel("download_file", itself, READERS, PEERS),
        channel("link_file", itself, READERS, PEERS),
        channel("delete_file", itself, ["-------hhhu", "h-h--hhhhhu", "-------hhhu", "-------hhhu"], OTHERS),
        hidden("file", waiting),
        hidden("download_file", waiting),
        hidden("link_file", waiting),
        hidden("delete_file", waiting),
        beside_waiting("send_message", carry, "-h-hh--hhhu"),
        channel("begin_upload", new_upload, POSTERS, PEERS),
        hidden("upload", upload),
        hidden("continue_upload", part),
        hidden("cancel_upload", upload),
        team("team_files", |scene| (of_team(scene), Value::Null), INSIDE),
        team("set_team_picture", picture, MANAGERS),
        account("set_my_picture", |_| (vec![], json!(PICTURE)), LOGGED_IN),
        account("asset", |_| (vec![("sha256", "0".repeat(64))], Value::Null), "hhhhhhhhhhh"),
        account("download_link", |_| (vec![("link", "1.1.1.1.x".to_owned())], Value::Null), "hhhhhhhhhhh"),
    ]
}

/// What somebody keeps alone of a channel: whoever is in it, also when it is archived.
fn own_of_channels() -> Vec<Row> {
    // Nobody follows the thread.
    let unfollowed = ["-c-cc--hhhu", "hchcchhhhhu", "-c-cc--hhhu", "-c-cc--hhhu"];
    let unfollowed_direct = ["hhhchhhhhhu", "hchcchhhhhu"];
    // Who only administers the server has nowhere to keep it.
    let keepers = ["-++++++hhhu", "h+h++hhhhhu", "-++++++hhhu", "-++++++hhhu"];
    let itself = |scene: &Scene| (of_message(scene), Value::Null);
    let draft = |scene: &Scene| (of_channel(scene), json!({"content": "x"}));
    let preferences = |scene: &Scene| (of_channel(scene), json!({"is_muted": true}));
    let later = |scene: &Scene| {
        let body = json!({"channel_id": id(&scene.channel), "content": "x", "send_at": in_an_hour()});
        (of_team(scene), body)
    };
    let remind = |scene: &Scene| {
        let body = json!({"channel_id": id(&scene.channel), "seq": scene.message["seq"], "remind_at": in_an_hour()});
        (of_team(scene), body)
    };
    // The team is asked first: who is in none keeps nothing there, whatever the channel.
    let members = ["-hh+hhhhhhu", "-+h++hhhhhu"];
    vec![
        channel("edit_channel_preferences", preferences, FOLLOWERS, PEERS),
        channel("follow_thread", itself, FOLLOWERS, PEERS),
        channel("unfollow_thread", itself, FOLLOWERS, PEERS),
        channel("mute_thread", itself, unfollowed, unfollowed_direct),
        channel("unmute_thread", itself, unfollowed, unfollowed_direct),
        channel("read_thread", |scene| (of_message(scene), json!({"seq": 1})), unfollowed, unfollowed_direct),
        channel("save_message", itself, keepers, PEERS),
        channel("unsave_message", itself, keepers, PEERS),
        channel("put_draft", draft, FOLLOWERS, PEERS),
        channel("clear_draft", |scene| (of_channel(scene), Value::Null), FOLLOWERS, PEERS),
        channel("schedule_message", later, ["-+-++--hhhu", "-+h++hhhhhu", "-a-aa--hhhu", "-+-----hhhu"], members),
        channel("remind", remind, ["-++++++hhhu", "-+h++hhhhhu", "-++++++hhhu", "-++++++hhhu"], members),
    ]
}

/// What the asker has planned, and where the asker has nothing, somebody else.
fn own(scene: &Scene) -> &Kept {
    scene.kept.get(scene.asker).unwrap_or(&scene.kept["author"])
}

fn of_scheduled(scene: &Scene) -> Vec<(&'static str, String)> {
    [of_team(scene), vec![("scheduled_id", own(scene).scheduled.clone())]].concat()
}

/// Somebody else's message to be sent later.
fn of_others_scheduled(scene: &Scene) -> Vec<(&'static str, String)> {
    [of_team(scene), vec![("scheduled_id", scene.kept["author"].scheduled.clone())]].concat()
}

fn of_reminder(scene: &Scene) -> Vec<(&'static str, String)> {
    [of_team(scene), vec![("reminder_id", own(scene).reminder.clone())]].concat()
}

/// Somebody else's reminder.
fn of_others_reminder(scene: &Scene) -> Vec<(&'static str, String)> {
    [of_team(scene), vec![("reminder_id", scene.kept["author"].reminder.clone())]].concat()
}

/// What somebody keeps alone in a team: whoever is in it.
fn own_of_teams() -> Vec<Row> {
    let itself = |scene: &Scene| (of_team(scene), Value::Null);
    let author = |scene: &Scene| (of_team_and_author(scene), Value::Null);
    vec![
        team("order_channels", |scene| (of_team(scene), json!({"channel_ids": []})), OWN),
        team("channel_order", itself, OWN),
        team("muted_users", itself, OWN),
        team("mute_user", author, OWN),
        team("unmute_user", author, OWN),
        team("my_threads", itself, OWN),
        team("saved_messages", itself, OWN),
        team("drafts", itself, OWN),
        team("search", |scene| ([of_team(scene), vec![("q", "x".to_owned())]].concat(), Value::Null), INSIDE),
        team("scheduled", itself, OWN),
        team("reminders", itself, OWN),
    ]
}

/// What somebody has planned, by its number: one's own, and somebody else's.
fn planned() -> Vec<Row> {
    let row = |name, request, expected| Row { name, request, expected: vec![(Place::Kept, expected)] };
    let mine = |name, request| row(name, request, "-+h++h+hhhu");
    let others = |name, request| row(name, request, "-hhhhhhhhhu");
    vec![
        mine("scheduled_message", |scene| (of_scheduled(scene), Value::Null)),
        mine("edit_scheduled", |scene| (of_scheduled(scene), json!({"content": "x"}))),
        mine("cancel_scheduled", |scene| (of_scheduled(scene), Value::Null)),
        // Who left the channel keeps the plan, and posts there no more.
        row("send_scheduled_now", |scene| (of_scheduled(scene), Value::Null), "-+h++h-hhhu"),
        mine("reminder", |scene| (of_reminder(scene), Value::Null)),
        mine("edit_reminder", |scene| (of_reminder(scene), json!({"note": "x"}))),
        mine("finish_reminder", |scene| (of_reminder(scene), Value::Null)),
        others("scheduled_message", |scene| (of_others_scheduled(scene), Value::Null)),
        others("edit_scheduled", |scene| (of_others_scheduled(scene), json!({"content": "x"}))),
        others("cancel_scheduled", |scene| (of_others_scheduled(scene), Value::Null)),
        others("send_scheduled_now", |scene| (of_others_scheduled(scene), Value::Null)),
        others("reminder", |scene| (of_others_reminder(scene), Value::Null)),
        others("edit_reminder", |scene| (of_others_reminder(scene), json!({"note": "x"}))),
        others("finish_reminder", |scene| (of_others_reminder(scene), Value::Null)),
        row("changes", |scene| (stream(&own(scene).stream), Value::Null), "h+h++h+hhhu"),
    ]
}

/// What is asked on a socket, and what everybody gets; letters as for routes, without nobody.
pub(super) struct SocketRow {
    /// Name of the operation.
    pub(super) name: &'static str,
    /// Makes the frame.
    pub(super) request: fn(&Scene) -> Value,
    /// What they get.
    pub(super) expected: Answers,
}

fn anywhere(name: &'static str, request: fn(&Scene) -> Value) -> SocketRow {
    SocketRow { name, request, expected: vec![(Place::Public, "++++++++++")] }
}

fn on_channel(name: &'static str, request: fn(&Scene) -> Value, named: Named, unnamed: [&'static str; 2]) -> SocketRow {
    // Without a token there is no socket.
    let letters = |(place, expected): (Place, &'static str)| (place, expected.trim_end_matches('u'));
    SocketRow { name, request, expected: in_channels(named, unnamed).into_iter().map(letters).collect() }
}

/// Gives a frame about the scene's message.
fn frame(op: &str, scene: &Scene, more: &Value) -> Value {
    let mut frame = json!({"op": op, "channel_id": id(&scene.channel)});
    for (name, value) in more.as_object().into_iter().flatten() {
        frame[name] = value.clone();
    }
    frame
}

fn reaction(op: &str, scene: &Scene) -> Value {
    frame(op, scene, &json!({"seq": scene.message["seq"], "emoji": "tada"}))
}

fn resume(stream: &str) -> Value {
    json!({"op": "resume", "streams": {stream: 0}})
}

/// Gives the rows of every operation of the socket.
pub(super) fn socket() -> Vec<SocketRow> {
    let edit = |scene: &Scene| frame("edit", scene, &json!({"seq": scene.message["seq"], "content": "x"}));
    let streams = |name, request, expected| SocketRow { name, request, expected: vec![(Place::Kept, expected)] };
    let members = "g+g++ggggg";
    vec![
        anywhere("auth", |_| json!({"op": "auth"})),
        anywhere("ping", |_| json!({"op": "ping"})),
        anywhere("watch", |scene| json!({"op": "watch", "users": [id(&scene.author)]})),
        on_channel("resume", |scene| resume(&format!("c{}", scene.channel)), [members; 4], ["ggg+gggggg", members]),
        streams("resume", |scene| resume(&format!("t{}", scene.team)), "g++++++ggg"),
        streams("resume", |scene| resume(&own(scene).stream), "g+g++g+ggg"),
        streams("resume", |scene| resume(&scene.author_stream), "gggggggggg"),
        on_channel("send", |scene| frame("send", scene, &json!({"content": "x", "client_id": "x"})), POSTERS, PEERS),
        on_channel("typing", |scene| frame("typing", scene, &Value::Null), POSTERS, PEERS),
        on_channel("edit", edit, ["-------hhh", "h-h--hhhhh", "-------hhh", "-------hhh"], OTHERS),
        on_channel(
            "delete",
            |scene| frame("delete", scene, &json!({"seq": scene.message["seq"]})),
            ["+++----hhh", "h+h--hhhhh", "aaa----hhh", "+++----hhh"],
            OTHERS,
        ),
        on_channel("react", |scene| reaction("react", scene), REACTORS, PEERS),
        on_channel("unreact", |scene| reaction("unreact", scene), REACTORS, PEERS),
        on_channel(
            "append",
            |scene| frame("append", scene, &json!({"seq": scene.message["seq"], "offset": 0, "content": "x"})),
            ["-------hhh", "h-h--hhhhh", "-a-aa--hhh", "-------hhh"],
            OTHERS,
        ),
        on_channel("read", |scene| frame("read", scene, &json!({"seq": 1})), FOLLOWERS, PEERS),
    ]
}
