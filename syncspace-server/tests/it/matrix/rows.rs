//! The table itself. Letters stand for root, owner, admin, member, guest, outsider, left, stranger, banned, nobody.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use syncspace_protocol::Time;

use super::world::{Place, Scene};
use crate::place::PASSWORD;

/// What is asked of a route, and what everybody gets.
pub(super) struct Row {
    /// Name of the operation.
    pub(super) name: &'static str,
    /// Makes parameters and body.
    pub(super) request: fn(&Scene) -> Request,
    /// The answers by place, as letters.
    pub(super) expected: Vec<(Place, &'static str)>,
}

/// Parameters of path and query, and the body.
pub(super) type Request = (Vec<(&'static str, String)>, Value);

/// A route that has nothing to do with a team.
fn account(name: &'static str, request: fn(&Scene) -> Request, expected: &'static str) -> Row {
    Row { name, request, expected: vec![(Place::Public, expected)] }
}

/// A route of a team: in a private one, in one that anyone finds.
fn team(name: &'static str, request: fn(&Scene) -> Request, [private, open]: [&'static str; 2]) -> Row {
    Row { name, request, expected: vec![(Place::Public, private), (Place::Open, open)] }
}

/// A route of a channel: of a public one, a private one, an archived one.
fn channel(name: &'static str, request: fn(&Scene) -> Request, [public, private, archived]: [&'static str; 3]) -> Row {
    let expected = vec![(Place::Public, public), (Place::Private, private), (Place::Archived, archived)];
    Row { name, request, expected }
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
const LOGGED_IN: &str = "+++++++++u";
const ALL: &str = "++++++++++";
/// Only who administers the server.
const ADMINISTRATOR: &str = "+--------u";
/// Whoever is in the team sees inside.
const INSIDE: [&str; 2] = ["++++++hhhu", "++++++---u"];
/// Only who manages the team, and who administers the server.
const MANAGERS: [&str; 2] = ["+++---hhhu", "+++------u"];
/// Whoever finds the channel reads it.
const READERS: [&str; 3] = ["++++++hhhu", "h+h++hhhhu", "++++++hhhu"];

/// Whoever is in the channel writes in it, until it is archived.
const POSTERS: [&str; 3] = ["-+-++-hhhu", "h+h++hhhhu", "-a-aa-hhhu"];
/// Whoever is in the channel.
const FOLLOWERS: [&str; 3] = ["-+-++-hhhu", "h+h++hhhhu", "-+-++-hhhu"];
/// Whoever is in the team, and not who only administers the server.
const OWN: [&str; 2] = ["-+++++hhhu", "-+++++---u"];

/// Gives the rows of every route; one route may have several.
pub(super) fn routes() -> Vec<Row> {
    let mut rows = accounts();
    rows.extend(teams());
    rows.extend(join_requests());
    rows.extend(channels());
    rows.extend(messages());
    rows.extend(marks());
    rows.extend(own_of_channels());
    rows.extend(own_of_teams());
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
        account("refresh", |_| (vec![], json!({"refresh_token": "not one of ours"})), "uuuuuuuuuu"),
        account("logout", nothing, LOGGED_IN),
        account("socket_ticket", nothing, LOGGED_IN),
        account("sessions", nothing, LOGGED_IN),
        account("end_session", |scene| (vec![("session_id", scene.author_session.clone())], Value::Null), "hhhhhhhhhu"),
        account(
            "change_password",
            |_| (vec![], json!({"current_password": "none of theirs", "new_password": PASSWORD})),
            "wwwwwwwwwu",
        ),
        account("me", nothing, LOGGED_IN),
        account("edit_me", |_| (vec![], json!({"full_name": "x"})), LOGGED_IN),
        account("set_status", |_| (vec![], json!({"text": "x"})), LOGGED_IN),
        account("preferences", nothing, LOGGED_IN),
        account("edit_preferences", |_| (vec![], json!({"notify": "all"})), LOGGED_IN),
        account("keywords", nothing, LOGGED_IN),
        account("put_keywords", |_| (vec![], json!({"keywords": ["deploy"]})), LOGGED_IN),
        account("users", nothing, LOGGED_IN),
        // Somebody who was never in a team of anybody's: those who left one scene's team may be in another's.
        account("user", |scene| (vec![("user_id", scene.account.clone())], Value::Null), "+hhhhhhhhu"),
        account("presence", |scene| (vec![("users", scene.author.clone())], Value::Null), LOGGED_IN),
        account("create_user", new_account, ADMINISTRATOR),
        account("edit_user", |scene| (of_account(scene), json!({"full_name": "x"})), ADMINISTRATOR),
        account("deactivate_user", |scene| (vec![("user_id", scene.account.clone())], Value::Null), ADMINISTRATOR),
        account("teams", nothing, LOGGED_IN),
        account("create_team", |scene| (vec![], json!({"name": scene.unique})), LOGGED_IN),
    ]
}

fn teams() -> Vec<Row> {
    let itself = |scene: &Scene| (of_team(scene), Value::Null);
    vec![
        team("team", itself, ["++++++hhhu", LOGGED_IN]),
        team("edit_team", |scene| (of_team(scene), json!({"description": "x"})), MANAGERS),
        team("delete_team", itself, ["++----hhhu", "++-------u"]),
        team("join_team", itself, ["+-----hhhu", "++++++++-u"]),
        team("leave_team", itself, ["hc++++hhhu", "hc++++hhhu"]),
        team("team_members", itself, INSIDE),
        team("put_team_member", |scene| (of_team_and_author(scene), json!({"role": "guest"})), MANAGERS),
        team(
            "put_team_member",
            |scene| (of_team_and_author(scene), json!({"role": "admin"})),
            ["++----hhhu", "++-------u"],
        ),
        team("remove_team_member", |scene| (of_team_and_author(scene), Value::Null), ["+++---hhhu", "+++---hhhu"]),
        team("invites", itself, MANAGERS),
        team("create_invite", |scene| (of_team(scene), json!({})), MANAGERS),
        team("revoke_invite", |scene| (of_invite(scene), Value::Null), MANAGERS),
        team("use_invite", |scene| (vec![("code", code(scene))], Value::Null), ["++++++++-u", "++++++++-u"]),
        team(
            "transfer_team",
            |scene| (of_team(scene), json!({"user_id": id(&scene.author)})),
            ["-+----hhhu", "-+-------u"],
        ),
        team("bans", itself, MANAGERS),
        team("ban", |scene| (of_team_and_author(scene), Value::Null), MANAGERS),
        team("lift_ban", |scene| (of_ban(scene), Value::Null), MANAGERS),
        team("put_team_member", |scene| (of_ban(scene), json!({"role": "member"})), ["ccc---hhhu", "ccc------u"]),
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
            ["h+++-+hhhu", "h+++-+---u"],
        ),
        team(
            "create_channel",
            |scene| (of_team(scene), json!({"kind": "direct", "user_id": id(&scene.author)})),
            ["h+++++hhhu", "h+++++---u"],
        ),
        team("changes", |scene| (stream(&format!("t{}", scene.team)), Value::Null), INSIDE),
        team("changes", |scene| (stream(&scene.author_stream), Value::Null), ["hhhhhhhhhu", "hhhhhhhhhu"]),
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
        row("join_team", itself, ["+-----hhhu", "+--------u"]),
        row("ask_to_join", ask, ["------hhhu", "+-----++-u"]),
        row("withdraw_join_request", itself, ["hhhhhhhhhu", "hhhhhhh+hu"]),
        row("join_requests", itself, MANAGERS),
        row("accept_join_request", asker, ["hhh---hhhu", "+++------u"]),
        row("decline_join_request", asker, ["hhh---hhhu", "+++------u"]),
    ]
}

fn stream(stream: &str) -> Vec<(&'static str, String)> {
    vec![("stream", stream.to_owned()), ("after", "0".to_owned())]
}

fn channels() -> Vec<Row> {
    let itself = |scene: &Scene| (of_channel(scene), Value::Null);
    let managers = ["+++---hhhu", "h+h--hhhhu", "aaa---hhhu"];
    let keepers = ["+++---hhhu", "h+h--hhhhu", "+++---hhhu"];
    vec![
        channel("channel", itself, READERS),
        channel("edit_channel", |scene| (of_channel(scene), json!({"description": "x"})), managers),
        channel("edit_channel", |scene| (of_channel(scene), json!({"posting": "admins"})), managers),
        channel("edit_channel", |scene| (of_channel(scene), json!({"is_private": true})), managers),
        channel("edit_channel", |scene| (of_channel(scene), json!({"is_archived": true})), keepers),
        channel(
            "edit_channel",
            |scene| (of_channel(scene), json!({"is_default": true})),
            ["+++---hhhu", "hch--hhhhu", "aaa---hhhu"],
        ),
        channel(
            "edit_channel",
            |scene| (of_channel(scene), json!({"topic": "x"})),
            ["+++++-hhhu", "h+h++hhhhu", "aaaaa-hhhu"],
        ),
        channel("delete_channel", itself, keepers),
        channel("join_channel", itself, ["h+++-+hhhu", "h-h--hhhhu", "haaa-ahhhu"]),
        channel("leave_channel", itself, ["h+-++-hhhu", "h+h++hhhhu", "h+-++-hhhu"]),
        channel("mark_read", |scene| (of_channel(scene), json!({"seq": 1})), FOLLOWERS),
        channel("channel_members", itself, READERS),
        channel("put_channel_member", |scene| (of_channel_and_author(scene), json!({"role": "admin"})), keepers),
        channel(
            "put_channel_member",
            |scene| (of_newcomer(scene), json!({"role": "member"})),
            ["++++--hhhu", "h+h+-hhhhu", "aaaa--hhhu"],
        ),
        channel("remove_channel_member", |scene| (of_channel_and_author(scene), Value::Null), keepers),
        channel("changes", |scene| (stream(&format!("c{}", scene.channel)), Value::Null), READERS),
    ]
}

fn messages() -> Vec<Row> {
    let itself = |scene: &Scene| (of_message(scene), Value::Null);
    let by_id = |scene: &Scene| (vec![("message_id", scene.message["id"].to_string())], Value::Null);
    let edit = |scene: &Scene| (of_message(scene), json!({"content": "x"}));
    vec![
        channel("messages", |scene| (of_channel(scene), Value::Null), READERS),
        channel("send_message", |scene| (of_channel(scene), json!({"content": "x"})), POSTERS),
        channel("message", itself, READERS),
        channel("message_by_id", by_id, READERS),
        channel("thread", itself, READERS),
        channel("edit_message", edit, ["------hhhu", "h-h--hhhhu", "------hhhu"]),
        channel("delete_message", itself, ["+++---hhhu", "h+h--hhhhu", "aaa---hhhu"]),
    ]
}

/// What is written on others' messages.
fn marks() -> Vec<Row> {
    let itself = |scene: &Scene| (of_message(scene), Value::Null);
    let emoji = |scene: &Scene| ([of_message(scene), vec![("emoji", "tada".to_owned())]].concat(), Value::Null);
    let append = |scene: &Scene| (of_message(scene), json!({"offset": 0, "content": "x"}));
    vec![
        channel("react", emoji, POSTERS),
        channel("unreact", emoji, POSTERS),
        channel("reactions", itself, READERS),
        channel("history", itself, READERS),
        channel("pin", itself, POSTERS),
        channel("unpin", itself, POSTERS),
        channel("pins", |scene| (of_channel(scene), Value::Null), READERS),
        channel("append_message", append, ["------hhhu", "h-h--hhhhu", "-a-aa-hhhu"]),
    ]
}

/// What somebody keeps alone of a channel: whoever is in it, also when it is archived.
fn own_of_channels() -> Vec<Row> {
    // Nobody follows the thread.
    let unfollowed = ["-c-cc-hhhu", "hchcchhhhu", "-c-cc-hhhu"];
    // Who only administers the server has nowhere to keep it.
    let keepers = ["-+++++hhhu", "h+h++hhhhu", "-+++++hhhu"];
    let itself = |scene: &Scene| (of_message(scene), Value::Null);
    let draft = |scene: &Scene| (of_channel(scene), json!({"content": "x"}));
    let preferences = |scene: &Scene| (of_channel(scene), json!({"is_muted": true}));
    vec![
        channel("edit_channel_preferences", preferences, FOLLOWERS),
        channel("follow_thread", itself, FOLLOWERS),
        channel("unfollow_thread", itself, FOLLOWERS),
        channel("mute_thread", itself, unfollowed),
        channel("unmute_thread", itself, unfollowed),
        channel("read_thread", |scene| (of_message(scene), json!({"seq": 1})), unfollowed),
        channel("save_message", itself, keepers),
        channel("unsave_message", itself, keepers),
        channel("put_draft", draft, FOLLOWERS),
        channel("clear_draft", |scene| (of_channel(scene), Value::Null), FOLLOWERS),
    ]
}

fn in_an_hour() -> Time {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let ms = i64::try_from(now.as_millis()).expect("a time") + 3_600_000;
    Time::from_unix_ms(ms).expect("a time")
}

/// Nobody has a message under this id.
fn of_scheduled(scene: &Scene) -> Vec<(&'static str, String)> {
    [of_team(scene), vec![("scheduled_id", "9999".to_owned())]].concat()
}

/// Nobody has a reminder under this id.
fn of_reminder(scene: &Scene) -> Vec<(&'static str, String)> {
    [of_team(scene), vec![("reminder_id", "9999".to_owned())]].concat()
}

/// What somebody keeps alone in a team: whoever is in it.
fn own_of_teams() -> Vec<Row> {
    let itself = |scene: &Scene| (of_team(scene), Value::Null);
    let author = |scene: &Scene| (of_team_and_author(scene), Value::Null);
    let later = |scene: &Scene| {
        let body = json!({"channel_id": id(&scene.channel), "content": "x", "send_at": in_an_hour()});
        (of_team(scene), body)
    };
    let remind = |scene: &Scene| {
        let body = json!({"channel_id": id(&scene.channel), "seq": scene.message["seq"], "remind_at": in_an_hour()});
        (of_team(scene), body)
    };
    let none = ["-hhhhhhhhu", "-hhhhh---u"];
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
        team("schedule_message", later, ["-+-++-hhhu", "-+-++----u"]),
        team("scheduled_message", |scene| (of_scheduled(scene), Value::Null), none),
        team("edit_scheduled", |scene| (of_scheduled(scene), json!({"content": "x"})), none),
        team("cancel_scheduled", |scene| (of_scheduled(scene), Value::Null), none),
        team("send_scheduled_now", |scene| (of_scheduled(scene), Value::Null), none),
        team("reminders", itself, OWN),
        team("remind", remind, OWN),
        team("reminder", |scene| (of_reminder(scene), Value::Null), none),
        team("edit_reminder", |scene| (of_reminder(scene), json!({"note": "x"})), none),
        team("finish_reminder", |scene| (of_reminder(scene), Value::Null), none),
    ]
}

/// What is asked on a socket, and what everybody gets; letters as for routes, without nobody.
pub(super) struct SocketRow {
    /// Name of the operation.
    pub(super) name: &'static str,
    /// Makes the frame.
    pub(super) request: fn(&Scene) -> Value,
    /// The answers by place, as letters.
    pub(super) expected: Vec<(Place, &'static str)>,
}

fn anywhere(name: &'static str, request: fn(&Scene) -> Value) -> SocketRow {
    SocketRow { name, request, expected: vec![(Place::Public, "+++++++++")] }
}

fn on_channel(
    name: &'static str,
    request: fn(&Scene) -> Value,
    [public, private, archived]: [&'static str; 3],
) -> SocketRow {
    let expected = vec![(Place::Public, public), (Place::Private, private), (Place::Archived, archived)];
    SocketRow { name, request, expected }
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

/// Gives the rows of every operation of the socket.
pub(super) fn socket() -> Vec<SocketRow> {
    let posters = ["-+-++-hhh", "h+h++hhhh", "-a-aa-hhh"];
    let edit = |scene: &Scene| frame("edit", scene, &json!({"seq": scene.message["seq"], "content": "x"}));
    vec![
        anywhere("auth", |_| json!({"op": "auth"})),
        anywhere("ping", |_| json!({"op": "ping"})),
        anywhere("watch", |scene| json!({"op": "watch", "users": [id(&scene.author)]})),
        on_channel(
            "resume",
            |scene| json!({"op": "resume", "streams": {format!("c{}", scene.channel): 0}}),
            ["g+g++gggg", "g+g++gggg", "g+g++gggg"],
        ),
        on_channel("send", |scene| frame("send", scene, &json!({"content": "x", "client_id": "x"})), posters),
        on_channel("typing", |scene| frame("typing", scene, &Value::Null), posters),
        on_channel("edit", edit, ["------hhh", "h-h--hhhh", "------hhh"]),
        on_channel(
            "delete",
            |scene| frame("delete", scene, &json!({"seq": scene.message["seq"]})),
            ["+++---hhh", "h+h--hhhh", "aaa---hhh"],
        ),
        on_channel("react", |scene| reaction("react", scene), posters),
        on_channel("unreact", |scene| reaction("unreact", scene), posters),
        on_channel(
            "append",
            |scene| frame("append", scene, &json!({"seq": scene.message["seq"], "offset": 0, "content": "x"})),
            ["------hhh", "h-h--hhhh", "-a-aa-hhh"],
        ),
        on_channel("read", |scene| frame("read", scene, &json!({"seq": 1})), ["-+-++-hhh", "h+h++hhhh", "-+-++-hhh"]),
    ]
}
