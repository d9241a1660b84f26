//! The bytes that the program writes: whatever others wrote, only sequences of its own making.

use crossterm::event::KeyCode;
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::{TerminalOptions, Viewport, layout::Rect};

use crate::app::look::{Depth, Theme};
use crate::app::{Net, notify};
use crate::outside::tell::{Around, Way, sequences, title_sequence};
use crate::picture::Picture;
use crate::play::{BOB, Play, id, message, person};
use crate::reader::Reader;
use crate::view;

/// Text as an attacker would write it, and any other.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\u{1b}]0;pwned\u{7}".to_owned()),
        Just("\u{1b}]52;c;aGk=\u{1b}\\".to_owned()),
        Just("\u{1b}]8;;https://evil.example\u{1b}\\link\u{1b}]8;;\u{1b}\\".to_owned()),
        Just("\u{1b}P+q544e\u{1b}\\".to_owned()),
        Just("https://evil.example/\u{1b}]0;pwned\u{7}?a;b=1".to_owned()),
        Just("see https://a.example/\u{e4}\u{9c}?q=[1];id=2 now".to_owned()),
        Just(
            "[words](https://a.example/&#27;]0;x&#7;) [x](syncspace://1/2/3) ![y](http://\u{202e}e.example)".to_owned()
        ),
        "https?://[a-z]{1,8}\\PC{0,60}".prop_map(|address| format!("{address} :tada:")),
        Just("\u{9b}2J\u{9d}0;x\u{9c}".to_owned()),
        Just("\u{1b}_Gi=1;AAAA\u{1b}\\\u{1b}[6n\u{1b}c".to_owned()),
        Just("\u{202e}\u{2066}\u{200f}\r\n\t\u{8}\u{7f}\u{0}".to_owned()),
        "\\PC{0,20}",
        any::<String>(),
    ];
    prop::collection::vec(piece, 1..4).prop_map(|pieces| pieces.concat())
}

/// Takes the links out: each opens with a name of numbers and an address in printable ASCII, and ends.
fn without_links(written: &str) -> String {
    let mut rest = String::new();
    let mut parts = written.split("\u{1b}]8;");
    rest.push_str(parts.next().unwrap_or_default());
    let mut is_open = false;
    for part in parts {
        let (head, after) = part.split_once("\u{1b}\\").expect("an end");
        let (name, address) = head.split_once(';').expect("a name and an address");
        if address.is_empty() {
            assert!(is_open && name.is_empty(), "{head:?} ends nothing");
        } else {
            let numbers = name.strip_prefix("id=").expect("a name");
            assert!(numbers.chars().all(|c| c.is_ascii_digit() || c == '-'), "{name:?}");
            assert!(address.chars().all(|c| c.is_ascii_graphic()), "{address:?}");
            assert!(
                ["https://", "http://", "syncspace://"].iter().any(|scheme| address.starts_with(scheme)),
                "{address:?}"
            );
            assert!(!is_open, "{head:?} stands in another");
        }
        is_open = !address.is_empty();
        // Nothing but its words stands in a link: it is never cut.
        assert!(!is_open || !after.contains('\u{1b}'), "{after:?}");
        rest.push_str(after);
    }
    assert!(!is_open, "the last one ends");
    rest
}

/// Takes the sequences out that drawing needs: places of the cursor, colours, clearing, begin and end. Gives what is left.
fn without_own(written: &str) -> String {
    let mut rest = String::new();
    let mut parts = written.split("\u{1b}[");
    rest.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && !matches!(c, ';' | ':' | '?')).unwrap_or(part.len());
        let (parameters, after) = part.split_at(end);
        let own = match after.chars().next() {
            Some('H' | 'm' | 'K' | 'C' | 'D') => !parameters.contains('?'),
            Some('h' | 'l') => matches!(parameters, "?25" | "?2026"),
            _ => false,
        };
        if own {
            rest.push_str(&after[1..]);
        } else {
            rest.push_str("\u{1b}[");
            rest.push_str(part);
        }
    }
    rest
}

#[track_caller]
fn check(written: &[u8]) {
    let written = std::str::from_utf8(written).expect("UTF-8");
    let rest = without_own(&without_links(written)).replace("\r\n", "").replace('\r', "");
    let steers = |c: char| {
        c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    };
    assert!(!rest.contains(steers), "{rest:?}");
}

pub(super) fn draw(play: &Play) -> Vec<u8> {
    let viewport = Viewport::Fixed(Rect::new(0, 0, play.state.columns, play.state.rows));
    let mut bytes = Vec::new();
    let backend = Picture::new(&mut bytes);
    let mut terminal = Terminal::with_options(backend, TerminalOptions { viewport }).expect("a terminal in memory");
    terminal.draw(|frame| view::draw(frame, &play.state)).expect("drawing in memory");
    drop(terminal);
    bytes
}

/// Puts a text wherever others can write one.
fn everywhere(columns: u16, text: &str) -> Play {
    let mut play = Play::chat(columns, 24);
    let mut bob = person(BOB, "bob");
    bob.full_name = Some(text.to_owned());
    play.state.world.people.insert(id(BOB), bob);
    if let Some(open) = play.state.open_channel_mut() {
        open.channel.description = Some(text.to_owned());
        open.channel.topic = Some(text.to_owned());
    }
    let mut sent = message(7, BOB, 60, text);
    sent.file_url = Some(text.to_owned());
    sent.mentions.users = vec![id(1)];
    play.arrive(sent);
    play.net(Net::Disconnected { reason: text.to_owned(), retry_in_ms: 500 });
    play.state.complain(text);
    play
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn pain_20_pictures_have_only_sequences_of_their_own(text in any_text(), columns in prop::sample::select(vec![40u16, 80, 120])) {
        let mut play = everywhere(columns, &text);
        for (theme, depth) in [(Theme::Terminal, Depth::Sixteen), (Theme::Dark, Depth::True), (Theme::Light, Depth::Indexed)] {
            (play.state.look.theme, play.state.look.depth) = (theme, depth);
            for has_links in [false, true] {
                play.state.settings.has_links = Some(has_links);
                check(&draw(&play));
            }
        }
        play.ctrl('k');
        check(&draw(&play));
        play.press(KeyCode::Esc);
        play.event(crate::app::Event::Paste(text.clone()));
        check(&draw(&play));
    }

    #[test]
    fn pain_20_lines_for_a_reader_have_only_sequences_of_their_own(text in any_text()) {
        let mut play = everywhere(80, &text);
        let mut bytes = Vec::new();
        let mut reader = Reader::default();
        reader.draw(&mut bytes, &play.state).expect("writing to memory");
        reader.say(&mut bytes, &text).expect("writing to memory");
        play.event(crate::app::Event::Paste(text.clone()));
        reader.draw(&mut bytes, &play.state).expect("writing to memory");
        play.ctrl('k');
        reader.draw(&mut bytes, &play.state).expect("writing to memory");
        check(&bytes);
    }

    #[test]
    fn pain_20_notices_and_titles_have_only_sequences_of_their_own(text in any_text()) {
        let told = notify::Told { title: text.clone(), body: text.clone(), place: None };
        let ways = [Way::Osc9, Way::Osc777, Way::Osc99, Way::Bell];
        let written = sequences(&ways, Around::default(), &told) + &title_sequence(&text);
        // Each begins as written, and the first end of a sequence in it is its own.
        let mut rest = written.as_str();
        for begin in ["\u{1b}]9;", "\u{1b}]777;notify;", "\u{1b}]99;i=syncspace:d=0:p=title;", "\u{1b}]99;i=syncspace:d=1:p=body;", "\u{7}\u{1b}]2;"] {
            let inside = rest.strip_prefix(begin).expect(begin);
            let (words, after) = inside.split_once("\u{1b}\\").expect("an end");
            prop_assert!(!words.contains(|c: char| c.is_control()), "{:?}", words);
            rest = after;
        }
        prop_assert_eq!(rest, "");
    }
}
