//! A lost connection: what is said of it, and when it is tried again.

use crossterm::event::KeyCode;

use crate::app::message::LocalServer;
use crate::app::{Effect, Event, Net};
use crate::play::Play;

const REASON: &str = "cannot reach the server at http://127.0.0.1:34069: error sending request: connection refused";

fn lost(columns: u16, retry_in_ms: u64) -> Play {
    let mut play = Play::chat(columns, 24);
    play.net(Net::Disconnected { reason: REASON.to_owned(), retry_in_ms });
    play.effects.clear();
    play
}

fn status(play: &Play) -> String {
    play.screen().lines().last().unwrap_or_default().trim_end().to_owned()
}

fn tries(play: &mut Play) -> usize {
    play.effects.drain(..).filter(|effect| matches!(effect, Effect::ReconnectNow)).count()
}

#[test]
fn the_status_counts_down_to_the_next_try() {
    let mut play = lost(80, 12_000);
    assert_eq!(status(&play), "○ offline  next try in 12 s · cannot reach 127.0.0.1:34069               F1 help");
    for seconds in (1..12).rev() {
        while play.state.seconds_to_try() != Some(seconds) {
            play.clock = play.state.next_deadline().expect("another second").unix_ms() - 10;
            play.event(Event::Tick);
        }
        assert!(status(&play).contains(&format!("next try in {seconds} s")), "{}", status(&play));
    }
    play.net(Net::Connecting { attempt: 3 });
    assert!(status(&play).starts_with("◌ connecting 11 s  cannot reach 127.0.0.1:34069 "), "{}", status(&play));
    play.wait(1_000);
    assert!(status(&play).starts_with("◌ connecting 12 s  cannot reach 127.0.0.1:34069 "), "{}", status(&play));
}

#[test]
fn a_narrow_status_keeps_the_time() {
    assert_eq!(status(&lost(40, 12_000)), "○ offline  @1 @bob  next try in 12 s");
}

#[test]
fn keys_call_for_a_try_every_three_seconds_at_most() {
    let mut play = lost(80, 30_000);
    play.type_text("at once");
    assert_eq!(tries(&mut play), 0, "it broke a moment ago");
    play.clock += 3_000;
    play.type_text("later");
    assert_eq!(tries(&mut play), 1);
    play.net(Net::Connecting { attempt: 2 });
    play.net(Net::Disconnected { reason: REASON.to_owned(), retry_in_ms: 30_000 });
    play.type_text("again");
    assert_eq!(tries(&mut play), 0);
    play.clock += 3_000;
    play.press(KeyCode::Esc);
    assert_eq!(tries(&mut play), 1);
}

#[test]
fn time_that_passes_alone_calls_for_nothing() {
    let mut play = lost(80, 30_000);
    play.clock += 10_000;
    play.event(Event::Tick);
    assert_eq!(tries(&mut play), 0);
}

#[test]
fn sending_calls_for_a_try_at_once() {
    let mut play = lost(80, 30_000);
    play.type_text("hello");
    play.press(KeyCode::Enter);
    assert_eq!(tries(&mut play), 1);
    play.type_text("more");
    play.press(KeyCode::Enter);
    assert_eq!(tries(&mut play), 0, "it is being tried");
}

#[test]
fn a_local_server_that_is_started_again_is_tried_at_once() {
    let mut play = lost(100, 20_000);
    play.net(Net::LocalServer(LocalServer::Starting));
    let line = "○ offline  next try in 20 s · the local server stopped; starting it again     Esc messages · F1 help";
    assert_eq!(status(&play), line);
    play.net(Net::LocalServer(LocalServer::Back));
    assert_eq!(tries(&mut play), 1);
    play.net(Net::LocalServer(LocalServer::GivenUp));
    assert!(status(&play).contains("the local server keeps stopping; see local-server.log"), "{}", status(&play));
}
