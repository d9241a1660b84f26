use super::*;

use serde_json::{Value, json};
use syncspace_protocol::{ChannelId, TeamId};

use crate::bounds::{BACKOFF_FIRST, REQUEST_TIMEOUT};

/// A machine with its clock; what it does is written in short lines.
struct Rig {
    session: Session<&'static str>,
    now: Instant,
}

impl Rig {
    fn new(options: ConnectOptions) -> Self {
        let (now, server) = (Instant::now(), "http://127.0.0.1:1".parse().expect("an address"));
        Self { session: Session::new(server, options, now, fastrand::Rng::with_seed(1)), now }
    }

    /// A machine that is connected, and follows nothing.
    fn live() -> Self {
        Self::live_with(ConnectOptions::default())
    }

    fn live_with(options: ConnectOptions) -> Self {
        let mut rig = Self::new(options);
        assert_eq!(rig.after(Duration::ZERO), ["connecting 1", "open"]);
        assert_eq!(rig.feed(Input::Opened), [""; 0]);
        let greeted = rig.feed(hello("e1"));
        assert_eq!(greeted.first().map(String::as_str), Some("connected"));
        rig
    }

    fn feed(&mut self, input: Input<&'static str>) -> Vec<String> {
        self.session.handle(self.now, input).into_iter().map(written).collect()
    }

    fn frame(&mut self, frame: Value) -> Vec<String> {
        self.feed(Input::Frame(serde_json::from_value(frame).expect("a frame")))
    }

    /// Lets time go on, and ticks.
    fn after(&mut self, time: Duration) -> Vec<String> {
        self.now += time;
        self.feed(Input::Tick)
    }

    /// Goes to the next deadline, and ticks.
    fn until_due(&mut self) -> Vec<String> {
        self.now = self.session.next_deadline().expect("a deadline");
        self.feed(Input::Tick)
    }
}

fn written(action: Action<&'static str>) -> String {
    match action {
        Action::Open => "open".to_owned(),
        Action::Shut => "shut".to_owned(),
        Action::End => "end".to_owned(),
        Action::Send(frame) => {
            let mut frame: Value = serde_json::from_str(&frame).expect("JSON");
            let op = frame["op"].take();
            match op.as_str().expect("an op") {
                "resume" => format!("resume {} {} more={}", frame["epoch"], frame["streams"], frame["more"]),
                op => format!("send {} {op}", frame["id"]),
            }
        }
        Action::Read { stream, after } => format!("read {stream} >{after}"),
        Action::Finish(asker, Ok(ack)) => format!("{asker}: {ack:?}"),
        Action::Finish(asker, Err(error)) => format!("{asker}: failed, {error}"),
        Action::Deliver(Update::Connecting { attempt }) => format!("connecting {attempt}"),
        Action::Deliver(Update::Connected(_)) => "connected".to_owned(),
        Action::Deliver(Update::Disconnected { reason, .. }) => format!("disconnected, {reason}"),
        Action::Deliver(Update::LoggedOut { reason }) => format!("logged out, {reason}"),
        Action::Deliver(Update::Event(event)) => {
            let stream = event.stream.map_or_else(String::new, |stream| stream.to_string());
            match (event.body, event.rev) {
                (EventBody::StreamReload {}, _) => format!("{stream} reload"),
                (EventBody::StreamGone {}, _) => format!("{stream} gone"),
                (_, Some(rev)) => format!("{stream} {rev}"),
                (body, None) => format!("{body:?}"),
            }
        }
    }
}

fn hello(epoch: &str) -> Input<&'static str> {
    hello_with(epoch, json!([]))
}

fn hello_with(epoch: &str, teams: Value) -> Input<&'static str> {
    let user = json!({
        "id": 1, "username": "alice", "full_name": null, "avatar_url": null, "is_active": true, "is_admin": false,
        "presence": "online", "is_online": true, "last_seen": null, "created_at": "2026-11-22T17:26:21.500Z",
        "updated_at": "2026-11-22T17:26:21.500Z",
    });
    let frame = json!({
        "ev": "hello", "protocol": 1, "epoch": epoch, "session_id": 1, "connection_id": "x",
        "server_time": "2026-11-22T17:26:21.500Z", "heartbeat_ms": 25_000,
        "limits": {"message_bytes_max": 16_000, "frame_bytes_max": 65_536, "watched_users_max": 200},
        "user": user, "preferences": {}, "teams": teams,
    });
    Input::Frame(serde_json::from_value(frame).expect("a hello"))
}

fn channel(number: u64) -> StreamId {
    StreamId::Channel(ChannelId::try_from(number).expect("an id"))
}

fn rev(number: u64) -> Rev {
    Rev::try_from(number).expect("a rev")
}

fn following(streams: &[(u64, u64)]) -> ConnectOptions {
    let resume = streams.iter().map(|&(id, held)| (channel(id), rev(held))).collect();
    ConnectOptions { resume, epoch: Some(Epoch("e1".to_owned())) }
}

fn void(stream: &str, rev: u64) -> Value {
    json!({"ev": "void", "stream": stream, "rev": rev})
}

#[test]
fn every_connection_names_what_is_followed() {
    let mut rig = Rig::new(following(&[(3, 41), (4, 7)]));
    rig.after(Duration::ZERO);
    rig.feed(Input::Opened);
    assert_eq!(rig.feed(hello("e1")), ["connected", r#"resume "e1" {"c3":41,"c4":7} more=false"#]);
    assert_eq!(rig.frame(json!({"re": 1, "ok": {"streams": {"c3": "ok", "c4": "ok"}}})), [""; 0]);
    assert_eq!(rig.frame(void("c3", 42)), ["c3 42"]);
    assert_eq!(rig.feed(Input::Closed("broken".to_owned())), ["shut", "disconnected, broken"]);
    assert_eq!(rig.until_due(), ["connecting 2", "open"]);
    rig.feed(Input::Opened);
    assert_eq!(rig.feed(hello("e1")), ["connected", r#"resume "e1" {"c3":42,"c4":7} more=false"#]);
}

#[test]
fn nothing_to_resume_is_said_too() {
    let mut rig = Rig::new(ConnectOptions::default());
    rig.after(Duration::ZERO);
    rig.feed(Input::Opened);
    assert_eq!(rig.feed(hello("e1")), ["connected", r#"resume "e1" {} more=false"#]);
}

#[test]
fn many_streams_are_resumed_in_several_frames() {
    let streams: Vec<(u64, u64)> = (1..=2_001).map(|id| (id, id)).collect();
    let mut rig = Rig::new(following(&streams));
    rig.after(Duration::ZERO);
    rig.feed(Input::Opened);
    let frames = rig.feed(hello("e1"));
    assert_eq!(frames.len(), 4);
    assert!(frames[1].ends_with("more=true") && frames[2].ends_with("more=true"));
    assert_eq!(frames[3], r#"resume "e1" {"c2001":2001} more=false"#);
}

#[test]
fn streams_that_cannot_be_resumed_are_told_and_left() {
    let mut rig = Rig::live_with(following(&[(3, 41), (4, 7), (5, 1)]));
    let told = rig.frame(json!({"re": 1, "ok": {"streams": {"c3": "reload", "c4": "gone", "c5": "ok"}}}));
    assert_eq!(told, ["c3 reload", "c4 gone"]);
    assert_eq!(rig.frame(void("c3", 50)), ["c3 50"], "passed on, without the gap rule");
    assert_eq!(rig.feed(Input::Follow(channel(3), rev(50))), [""; 0], "the socket just brought 50");
    assert_eq!(rig.frame(void("c3", 52)), ["read c3 >50"]);
}

#[test]
fn another_history_reloads_everything() {
    let mut rig = Rig::new(following(&[(3, 41), (4, 7)]));
    rig.after(Duration::ZERO);
    rig.feed(Input::Opened);
    assert_eq!(rig.feed(hello("e2")), ["connected", "c3 reload", "c4 reload", r#"resume "e2" {} more=false"#]);
}

#[test]
fn following_while_connected_reads_what_may_be_missing() {
    let mut rig = Rig::live();
    assert_eq!(rig.feed(Input::Follow(channel(3), rev(5))), ["read c3 >5"]);
    assert_eq!(rig.frame(void("c3", 7)), [""; 0]);
    let page = |epoch: &str| Changes {
        stream: channel(3),
        epoch: Epoch(epoch.to_owned()),
        items: Vec::new(),
        after: rev(5),
        rev: rev(6),
        head_rev: rev(6),
        read: None,
        my_reactions: Vec::new(),
    };
    assert_eq!(rig.feed(Input::Page { stream: channel(3), after: rev(5), outcome: Ok(page("e1")) }), ["c3 6", "c3 7"]);
    assert_eq!(rig.frame(void("c3", 9)), ["read c3 >7"]);
    let replaced = rig.feed(Input::Page { stream: channel(3), after: rev(7), outcome: Ok(page("e2")) });
    assert_eq!(replaced, ["shut", "disconnected, the server's history was replaced"]);
    assert_eq!(rig.after(Duration::ZERO), ["connecting 2", "open"]);
}

#[test]
fn an_answer_on_presence_has_its_place_among_the_updates() {
    let mut rig = Rig::live();
    let watch = Op::Watch { users: vec![2.try_into().expect("an id")] };
    assert_eq!(rig.feed(Input::Ask(watch, "watch")), ["send 2 watch"]);
    let users = |status| json!([{ "user_id": 2, "status": status }]);
    let answered = rig.frame(json!({ "re": 2, "ok": { "users": users("offline") } }));
    let changed = rig.frame(json!({ "ev": "presence.changed", "users": users("online") }));
    assert!(answered[0].starts_with("PresenceChanged") && answered[0].contains("Offline"), "{answered:?}");
    assert!(answered[1].starts_with("watch: Presence"), "{answered:?}");
    assert!(changed[0].starts_with("PresenceChanged") && changed[0].contains("Online"), "{changed:?}");
}

#[test]
fn the_last_watch_list_is_named_again_on_a_new_connection() {
    let mut rig = Rig::live();
    for user in [2_u64, 3] {
        rig.feed(Input::Ask(Op::Watch { users: vec![user.try_into().expect("an id")] }, "watch"));
    }
    rig.feed(Input::Closed("gone".to_owned()));
    rig.until_due();
    rig.feed(Input::Opened);
    let greeted = rig.session.handle(rig.now, hello("e1"));
    let named: Vec<Value> = greeted
        .iter()
        .filter_map(|action| match action {
            Action::Send(frame) => Some(serde_json::from_str::<Value>(frame).expect("JSON")),
            _ => None,
        })
        .filter(|frame| frame["op"] == "watch")
        .collect();
    assert_eq!(named.iter().map(|frame| &frame["users"]).collect::<Vec<_>>(), [&json!([3])]);
    let answered =
        rig.frame(json!({ "re": named[0]["id"], "ok": { "users": [{ "user_id": 3, "status": "online" }] } }));
    assert!(answered[0].starts_with("PresenceChanged"), "{answered:?}");
}

#[test]
fn answers_find_their_askers() {
    let mut rig = Rig::live();
    assert_eq!(rig.feed(Input::Ask(Op::Ping, "one")), ["send 2 ping"]);
    assert_eq!(rig.feed(Input::Ask(Op::Ping, "two")), ["send 3 ping"]);
    let refused = json!({"re": 3, "error": {"code": "busy", "message": "too much to do", "retry_after_ms": 5}});
    assert_eq!(rig.frame(refused), ["two: failed, too much to do"]);
    assert_eq!(rig.frame(json!({"re": 2, "ok": {}})), ["one: Done"]);
    assert_eq!(rig.frame(json!({"re": 2, "ok": {}})), [""; 0]);
    assert_eq!(rig.frame(json!({"re": null, "error": {"code": "invalid_body", "message": "?"}})), [""; 0]);
}

#[test]
fn requests_fail_in_time_and_with_the_connection() {
    let mut rig = Rig::live();
    rig.frame(json!({"re": 1, "ok": {"streams": {}}}));
    rig.feed(Input::Ask(Op::Ping, "slow"));
    assert_eq!(rig.after(REQUEST_TIMEOUT), ["slow: failed, the server did not answer in time"]);
    rig.feed(Input::Ask(Op::Ping, "lost"));
    let unreachable = "failed, cannot reach the server at http://127.0.0.1:1";
    let broken = rig.feed(Input::Closed("broken".to_owned()));
    assert_eq!(broken, ["shut".to_owned(), format!("lost: {unreachable}"), "disconnected, broken".to_owned()]);
    assert_eq!(rig.feed(Input::Ask(Op::Ping, "early")), [format!("early: {unreachable}")]);
}

#[test]
fn a_frame_the_server_would_not_take_is_refused_here() {
    let mut rig = Rig::live();
    let message = syncspace_protocol::messages::SendMessage {
        content: "\u{1}".repeat(16_000),
        client_id: None,
        ..syncspace_protocol::messages::SendMessage::default()
    };
    let op = Op::Send { channel_id: ChannelId::try_from(3).expect("an id"), message };
    let refused = rig.feed(Input::Ask(op, "big"));
    assert!(refused[0].starts_with("big: failed, this makes a frame of 96"), "{refused:?}");
}

#[test]
fn silence_ends_the_connection_and_signs_of_life_keep_it() {
    let mut rig = Rig::live();
    rig.frame(json!({"re": 1, "ok": {"streams": {}}}));
    rig.now += Duration::from_secs(70);
    assert_eq!(rig.feed(Input::Heard), [""; 0]);
    assert_eq!(rig.after(Duration::from_secs(74)), [""; 0]);
    assert_eq!(rig.until_due(), ["shut", "disconnected, the server has gone silent"]);
}

#[test]
fn a_server_that_does_not_greet_is_left() {
    let mut rig = Rig::new(ConnectOptions::default());
    rig.after(Duration::ZERO);
    rig.feed(Input::Opened);
    assert_eq!(rig.after(HELLO_TIMEOUT), ["shut", "disconnected, the server did not say hello"]);
}

#[test]
fn a_resume_without_answer_ends_the_connection() {
    let mut rig = Rig::live();
    assert_eq!(rig.after(REQUEST_TIMEOUT), ["shut", "disconnected, the server did not answer to resume"]);
}

#[test]
fn a_server_that_drains_says_when_to_come_back() {
    let mut rig = Rig::live();
    assert_eq!(rig.frame(json!({"ev": "closing", "reason": "draining", "reconnect_after_ms": 4_321})), [""; 0]);
    let told = rig.feed(Input::Closed("whatever".to_owned()));
    assert_eq!(told, ["shut", "disconnected, the server is stopping or restarting"]);
    assert_eq!(rig.after(Duration::from_millis(4_320)), [""; 0]);
    assert_eq!(rig.after(Duration::from_millis(1)), ["connecting 2", "open"]);
}

#[test]
fn a_server_that_says_it_closes_and_does_not_is_left() {
    let mut rig = Rig::live();
    rig.frame(json!({"ev": "closing", "reason": "too_slow"}));
    assert_eq!(rig.after(CLOSE_TIMEOUT), ["shut", "disconnected, the server's events were not read in time"]);
}

#[test]
fn the_end_of_the_session_is_the_end() {
    let mut rig = Rig::live();
    let told = rig.frame(json!({"ev": "closing", "reason": "session_ended"}));
    assert_eq!(told, ["shut", "logged out, the session was ended", "end"]);
    assert_eq!(rig.feed(Input::Closed("closed".to_owned())), [""; 0]);
    assert_eq!(rig.session.next_deadline(), None);

    let mut rig = Rig::new(ConnectOptions::default());
    rig.after(Duration::ZERO);
    let failure = OpenFailure::LoggedOut { reason: "not you".to_owned() };
    assert_eq!(rig.feed(Input::OpenFailed(failure)), ["shut", "logged out, not you", "end"]);
}

#[test]
fn failures_back_off_and_a_good_connection_starts_anew() {
    let mut rig = Rig::new(ConnectOptions::default());
    let fail = || Input::OpenFailed(OpenFailure::Later { reason: "no".to_owned(), retry_after: None });
    rig.after(Duration::ZERO);
    for attempt in 2..10 {
        rig.feed(fail());
        assert_eq!(rig.until_due(), [format!("connecting {attempt}"), "open".to_owned()]);
    }
    rig.feed(Input::Opened);
    rig.feed(hello("e1"));
    rig.frame(json!({"re": 1, "ok": {"streams": {}}}));
    rig.now += STABLE_AFTER;
    rig.feed(Input::Closed("broken".to_owned()));
    assert!(rig.session.next_deadline().expect("a deadline") <= rig.now + BACKOFF_FIRST);
    assert_eq!(rig.until_due(), ["connecting 2", "open"]);
}

#[test]
fn a_busy_server_is_not_asked_before_its_time() {
    let mut rig = Rig::new(ConnectOptions::default());
    rig.after(Duration::ZERO);
    let wait = Duration::from_secs(20);
    rig.feed(Input::OpenFailed(OpenFailure::Later { reason: "busy".to_owned(), retry_after: Some(wait) }));
    assert!(rig.session.next_deadline().expect("a deadline") >= rig.now + wait);
    assert_eq!(rig.feed(Input::ReconnectNow), ["connecting 2", "open"], "but the consumer may insist");
    assert_eq!(rig.feed(Input::ReconnectNow), [""; 0]);
}

#[test]
fn events_outside_streams_and_of_other_streams_pass() {
    let mut rig = Rig::live();
    let team = TeamId::try_from(1).expect("an id");
    let left = rig.frame(json!({"ev": "me.team_left", "team_id": team}));
    assert_eq!(left, [format!("{:?}", EventBody::MyTeamLeft { team_id: team })]);
    assert_eq!(rig.frame(void("t1", 9)), ["t1 9"]);
    assert_eq!(rig.frame(json!({"ev": "from.the.future"})), [""; 0]);
    assert_eq!(rig.frame(json!({"ev": "from.the.future", "stream": "t1", "rev": 10})), ["t1 10"]);
}

#[test]
fn closing_ends_the_machine() {
    let mut rig = Rig::live();
    rig.feed(Input::Ask(Op::Ping, "lost"));
    let told = rig.feed(Input::Close);
    assert_eq!(told, ["shut", "lost: failed, cannot reach the server at http://127.0.0.1:1", "end"]);
    assert_eq!(rig.after(Duration::from_secs(1_000)), [""; 0]);
}

#[test]
fn what_hello_named_is_followed_without_a_read() {
    let team = json!({
        "id": 1, "name": "eng", "description": null, "avatar_url": null, "is_public": true, "settings": {}, "created_by": 1,
        "created_at": "2026-11-22T17:26:21.500Z", "updated_at": "2026-11-22T17:26:21.500Z", "rev": 3,
        "membership": {"member_id": 9, "role": "member", "joined_at": "2026-11-22T17:26:21.500Z"},
        "team_rev": 7, "member_rev": 4,
    });
    let mut rig = Rig::new(ConnectOptions::default());
    rig.feed(Input::Tick);
    rig.feed(Input::Opened);
    rig.feed(hello_with("e1", json!([team])));
    let [team, mine]: [StreamId; 2] = ["t1", "m9"].map(|stream| stream.parse().expect("a stream"));
    assert_eq!(rig.feed(Input::Follow(team, rev(7))), [""; 0], "the socket brings what comes after 7");
    assert_eq!(rig.feed(Input::Follow(mine, rev(3))), ["read m9 >3"]);
}
