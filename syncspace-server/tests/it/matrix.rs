//! Who may do what, as a table: every route and every operation of the socket, for every role and relation.
//!
//! The lists of routes come from the OpenAPI document, those of operations from the protocol: whatever has no row fails the
//! test, and so does a row whose route is gone. To add a route, add a row; the failing test prints what the server answered.

mod rows;
mod world;

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use reqwest::Method;
use serde_json::Value;
use syncspace_protocol::socket::Op;

use self::rows::{Row, SocketRow, routes, socket};
use self::world::{NOBODY, PERSONAS, Place, World, kept_text};

/// Operations of the socket that change nothing that is kept.
const LOOKING: [&str; 5] = ["auth", "ping", "watch", "resume", "typing"];

/// Rows that are asked at the same time: their writes share commits.
const AT_ONCE: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_everybody_as_the_table_says() {
    let world = World::start().await;
    let document = world.document().await;
    let rows = routes();
    let documented: BTreeSet<&str> = document.keys().map(String::as_str).collect();
    let in_table: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    assert_eq!(in_table, documented, "left: the rows of this test, right: the server's routes");
    let questions =
        rows.iter().flat_map(|row| row.expected.iter().map(move |&(place, expected)| (row, place, expected)));
    let answers = questions.map(|(row, place, expected)| {
        let (world, route) = (&world, &document[row.name]);
        async move { (row.name, place, expected, letters_of(world, route, row, place).await) }
    });
    check(futures_util::stream::iter(answers).buffer_unordered(AT_ONCE).collect().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_of_the_socket_answers_everybody_as_the_table_says() {
    let world = World::start().await;
    let rows = socket();
    let in_table: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    assert_eq!(in_table, Op::NAMES.iter().copied().collect(), "left: the rows of this test, right: the protocol");
    let questions =
        rows.iter().flat_map(|row| row.expected.iter().map(move |&(place, expected)| (row, place, expected)));
    let answers = questions.map(|(row, place, expected)| {
        let world = &world;
        async move { (row.name, place, expected, socket_letters_of(world, row, place).await) }
    });
    check(futures_util::stream::iter(answers).buffer_unordered(AT_ONCE).collect().await);
}

/// What one person keeps is in no answer to another, whatever list is asked for.
#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_plans_is_shown_to_nobody_else() {
    let world = World::start().await;
    let document = world.document().await;
    let scene = world.scene(Place::Kept).await;
    let mut shown = 0;
    for persona in PERSONAS {
        let streams = scene.kept.values().map(|kept| kept.stream.clone());
        let streams = streams.chain([format!("t{}", scene.team), format!("c{}", scene.channel)]);
        let streams = streams.map(|stream| format!("/api/v1/streams/{stream}/changes?after=0"));
        let of_team = document.values().filter(|(method, _)| method == Method::GET);
        let lists = of_team.filter_map(|(_, path)| {
            let path = path.replace("{team_id}", &scene.team).replace("{channel_id}", &scene.channel);
            (!path.contains('{')).then_some(path)
        });
        for path in lists.chain(streams) {
            let (_, answer) = world.ask(world.token(persona).as_deref(), &Method::GET, &path, &Value::Null).await;
            let answer = answer.to_string();
            shown += usize::from(answer.contains(&kept_text(persona)));
            for other in scene.kept.keys().filter(|name| **name != persona) {
                assert!(!answer.contains(&kept_text(other)), "{persona} {path}: {answer}");
            }
        }
    }
    // Who is still in the team reads it in the lists of drafts, of messages and of reminders, and in the own stream; who left
    // the channel finds its draft in the stream alone.
    assert_eq!(shown, 4 * 4 - 1);
}

/// Says of every row that does not hold what the server answered.
#[track_caller]
fn check(answers: Vec<(&str, Place, &str, String)>) {
    let wrong = answers.into_iter().filter(|(_, _, expected, found)| found != expected);
    let lines: Vec<String> = wrong
        .map(|(name, place, expected, found)| {
            format!("{name} {place:?}: the table says {expected:?}, the server {found:?}")
        })
        .collect();
    assert!(lines.is_empty(), "{PERSONAS:?}\n{}", lines.join("\n"));
}

/// Asks a route as everybody, each time in a place that nobody has changed, and gives a letter for each answer.
async fn letters_of(world: &World, (method, path): &(Method, String), row: &Row, place: Place) -> String {
    let mut letters = String::new();
    let mut scene = None;
    for persona in PERSONAS {
        let mut here = match scene.take() {
            Some(scene) => scene,
            None => world.scene(place).await,
        };
        here.asker = persona;
        let (params, body) = (row.request)(&here);
        let token = if row.name == "logout" { world.log_in(persona).await } else { world.token(persona) };
        let (status, answer) = world.ask(token.as_deref(), method, &filled(path, &params), &body).await;
        letters.push(letter(status, &answer));
        let is_unchanged = status >= 400 || *method == Method::GET;
        scene = is_unchanged.then_some(here);
    }
    letters
}

async fn socket_letters_of(world: &World, row: &SocketRow, place: Place) -> String {
    let mut letters = String::new();
    let mut scene = None;
    // Without a token there is no socket.
    for persona in PERSONAS.into_iter().filter(|persona| *persona != NOBODY) {
        let mut here = match scene.take() {
            Some(scene) => scene,
            None => world.scene(place).await,
        };
        here.asker = persona;
        let answer = world.ask_socket(persona, (row.request)(&here)).await;
        let streams = answer["ok"]["streams"].as_object().and_then(|streams| streams.values().next());
        letters.push(match streams.and_then(Value::as_str) {
            Some("gone") => 'g',
            Some(_) => '+',
            None if answer.get("ok").is_some() => '+',
            None => letter(status_of(&answer["error"]), &answer),
        });
        let is_unchanged = answer.get("ok").is_none() || LOOKING.contains(&row.name);
        scene = is_unchanged.then_some(here);
    }
    letters
}

fn status_of(error: &Value) -> u16 {
    let code: syncspace_protocol::ErrorCode = serde_json::from_value(error["code"].clone()).expect("a code");
    code.http_status()
}

/// Puts parameters into their places in a path; the others make its query.
fn filled(path: &str, params: &[(&str, String)]) -> String {
    let mut filled = path.to_owned();
    let mut query = Vec::new();
    for (name, value) in params {
        let place = format!("{{{name}}}");
        if filled.contains(&place) {
            filled = filled.replace(&place, value);
        } else {
            query.push(format!("{name}={value}"));
        }
    }
    assert!(!filled.contains('{'), "{filled}: a parameter is missing in the row");
    if query.is_empty() { filled } else { format!("{filled}?{}", query.join("&")) }
}

/// `+` done, `h` there is no such thing, `-` not for this role, `a` archived, `c` against the present state, `u` no valid
/// token, `w` a wrong password; on a socket also `g`, the stream is gone. `?` is refused for its form, or a fault.
fn letter(status: u16, answer: &Value) -> char {
    let code = answer["error"]["code"].as_str().unwrap_or_default();
    match (status, code) {
        (200..300, _) => '+',
        (_, "not_found") => 'h',
        (_, "forbidden") => '-',
        (_, "archived") => 'a',
        (_, "unauthenticated") => 'u',
        (_, "invalid_credentials") => 'w',
        (409, _) => 'c',
        // The row asks for something that is refused for its form: no answer to who may do it.
        _ => '?',
    }
}
