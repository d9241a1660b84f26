//! What is on the screen, how far it is scrolled, and what is said of it.

use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use syncspace_protocol::messages::Message;

use crate::app::message::Failure;
use crate::app::sheet::Sheet;
use crate::app::state::Modal;
use crate::app::{Effect, Event, Net};
use crate::play::{ALICE, BOB, CAROL, GENERAL, Play, at, id, message};

fn calling_reply(seq: u64) -> Message {
    let mut reply = message(seq, CAROL, 60, "a reply");
    (reply.parent_seq, reply.parent_message_id) = (Some(id(2)), Some(id(1_002)));
    reply.mentions.users = vec![id(ALICE)];
    reply
}

fn told(play: &mut Play) -> usize {
    play.effects.drain(..).filter(|effect| matches!(effect, Effect::Tell(_))).count()
}

#[test]
fn a_reply_in_the_thread_on_the_screen_is_not_told() {
    for columns in [80, 120] {
        let mut play = Play::chat(columns, 24);
        play.press(KeyCode::Esc);
        for _ in 0..4 {
            play.press(KeyCode::Char('k'));
        }
        play.press(KeyCode::Char('t'));
        let thread = syncspace_protocol::messages::Thread {
            root: message(2, CAROL, 0, "root"),
            items: Vec::new(),
            next: None,
            participants: Vec::new(),
            membership: None,
            rev: id(6),
            my_reactions: Vec::new(),
        };
        play.net(Net::Thread { channel_id: id(GENERAL), root: id(2), answer: Ok(thread) });
        play.effects.clear();
        play.arrive(calling_reply(7));
        assert_eq!(told(&mut play), 0, "{columns}: it is on the screen");
        play.event(Event::Focus { is_focused: false });
        play.arrive(calling_reply(8));
        assert_eq!(told(&mut play), 1, "{columns}: nobody looks");
        play.event(Event::Focus { is_focused: true });
        let mut elsewhere = message(9, BOB, 61, "in the channel");
        elsewhere.mentions.users = vec![id(ALICE)];
        play.arrive(elsewhere);
        assert_eq!(told(&mut play), usize::from(columns == 80), "{columns}: the channel is hidden by its thread");
    }
}

#[test]
fn marking_unread_does_not_say_what_it_cannot_do() {
    let mut play = Play::chat(80, 24);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('k'));
    play.press(KeyCode::Char('u'));
    assert!(play.screen().contains("Marked unread from here"), "{}", play.screen());
    let message = "the server has too much to do".to_owned();
    let failure = Failure { code: None, message, field: None, is_transient: true, retry_after_ms: None };
    play.net(Net::Marked { channel_id: id(GENERAL), seq: id(4), answer: Err(failure) });
    assert!(play.screen().contains("Not marked unread"), "{}", play.screen());
    play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 60_000 });
    play.wait(7_000);
    play.effects.clear();
    play.press(KeyCode::Char('u'));
    assert!(play.screen().contains("there is no connection"), "{}", play.screen());
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::MarkRead { .. })));
}

fn wheel(play: &mut Play, kind: MouseEventKind) {
    play.event(Event::Mouse(MouseEvent { kind, column: 40, row: 10, modifiers: KeyModifiers::NONE }));
}

#[test]
fn the_way_back_from_the_end_of_a_long_text_is_not_stuck() {
    let sheet = Sheet::opened("What bob wrote", vec![("now".to_owned(), "row\n".repeat(60))]);
    let mut texts = [Play::chat(80, 24), Play::chat(80, 24)];
    texts[0].state.modal = Some(Modal::Sheet { sheet, scroll: 0 });
    texts[1].press(KeyCode::F(1));
    for mut play in texts {
        for _ in 0..40 {
            play.press(KeyCode::PageDown);
        }
        let end = play.screen();
        (0..5).for_each(|_| wheel(&mut play, MouseEventKind::ScrollDown));
        assert_eq!(play.screen(), end);
        wheel(&mut play, MouseEventKind::ScrollUp);
        assert_ne!(play.screen(), end, "the first step back is seen");
    }
}

#[test]
fn a_pointer_whose_release_was_lost_does_not_scroll_for_ever() {
    let mut play = Play::chat(80, 12);
    for seq in 7..400 {
        play.arrive(message(seq, BOB, 60, &format!("number {seq}")));
    }
    let mut mouse =
        |kind, row| play.event(Event::Mouse(MouseEvent { kind, column: 30, row, modifiers: KeyModifiers::NONE }));
    mouse(MouseEventKind::Down(MouseButton::Left), 8);
    mouse(MouseEventKind::Drag(MouseButton::Left), 0);
    play.wait(30_000);
    assert!(play.state.chat.selection.as_ref().is_none_or(|selection| selection.scroll_at.is_none()));
    assert!(play.state.next_deadline().is_none_or(|next| next > at(play.clock)));
}
