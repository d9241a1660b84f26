//! Whatever keys come at whatever size: nothing panics, and everything can be drawn.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use syncspace_protocol::Mentions;
use syncspace_protocol::auth::RegistrationMode;
use syncspace_protocol::messages::MessageType;
use syncspace_protocol::socket::EventBody;

use crate::app::{Event, Net};
use crate::play::{BOB, GENERAL, Play, at, channel_stream, id, message, morning, page, server_info};

fn any_key() -> impl Strategy<Value = KeyEvent> {
    let code = prop_oneof![
        prop::sample::select(vec![
            KeyCode::Enter,
            KeyCode::Esc,
            KeyCode::Tab,
            KeyCode::BackTab,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::PageUp,
            KeyCode::PageDown,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::Backspace,
            KeyCode::Delete,
            KeyCode::F(1),
            KeyCode::F(2),
            KeyCode::F(3),
        ]),
        prop::sample::select("abcdefghijklmnopqrstuwyzGYORE?>+:#/12@日é ".chars().collect::<Vec<_>>())
            .prop_map(KeyCode::Char),
        any::<char>().prop_map(KeyCode::Char),
    ];
    let modifiers = prop::sample::select(vec![
        KeyModifiers::NONE,
        KeyModifiers::NONE,
        KeyModifiers::NONE,
        KeyModifiers::CONTROL,
        KeyModifiers::ALT,
        KeyModifiers::SHIFT,
    ]);
    (code, modifiers).prop_map(|(code, modifiers)| KeyEvent::new(code, modifiers))
}

fn any_event() -> impl Strategy<Value = Event> {
    let mouse = (0u16..210, 0u16..70, 0u8..5).prop_map(|(column, row, kind)| {
        let kind = [
            MouseEventKind::ScrollUp,
            MouseEventKind::ScrollDown,
            MouseEventKind::Down(MouseButton::Left),
            MouseEventKind::Drag(MouseButton::Left),
            MouseEventKind::Up(MouseButton::Left),
        ][usize::from(kind)];
        Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
    });
    prop_oneof![
        12 => any_key().prop_map(Event::Key),
        2 => (1u16..210, 1u16..70).prop_map(|(columns, rows)| Event::Resize { columns, rows }),
        1 => ".{0,80}".prop_map(Event::Paste),
        1 => mouse,
        1 => any::<bool>().prop_map(|is_focused| Event::Focus { is_focused }),
        1 => Just(Event::Tick),
        1 => Just(Event::Net(Box::new(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 500 }))),
    ]
}

fn play_all(mut play: Play, events: Vec<Event>, seq: u64) {
    for (at_event, event) in events.into_iter().enumerate() {
        play.event(event);
        if at_event % 7 == 0 {
            play.arrive(message(seq + at_event as u64, BOB, 60, "and\nanother"));
        }
        if at_event % 11 == 0 {
            let deleted = EventBody::MessageDeleted {
                seq: id(3),
                sender_id: id(BOB),
                message_type: MessageType::Text,
                deleted_by: id(BOB),
                former_mentions: Mentions::default(),
                deleted_at: at(play.clock),
                thread: None,
            };
            play.stream(channel_stream(GENERAL), Some(seq + at_event as u64), deleted);
        }
        if at_event % 13 == 12 {
            let floor = EventBody::FloorRaised { floor_seq: id(seq + at_event as u64 - 9) };
            play.stream(channel_stream(GENERAL), Some(seq + at_event as u64), floor);
        }
        play.screen();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn the_chat_survives(columns in 1u16..210, rows in 1u16..70, events in prop::collection::vec(any_event(), 1..60)) {
        let mut play = Play::chat(columns, rows);
        play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(page(morning(), Some("1"))) });
        play_all(play, events, 7);
    }

    #[test]
    fn the_forms_survive(columns in 1u16..210, rows in 1u16..70, events in prop::collection::vec(any_event(), 1..40)) {
        let mut play = Play::start(columns, rows, false);
        play.press(KeyCode::Enter);
        play.net(Net::Server(Ok(server_info(RegistrationMode::Invite, true))));
        play_all(play, events, 7);
    }
}
