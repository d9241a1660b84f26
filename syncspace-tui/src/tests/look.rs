//! Layouts and themes.

use std::fmt::Write;

use crossterm::event::KeyCode;
use insta::assert_snapshot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Modifier;
use syncspace_protocol::messages::Thread;

use crate::app::look::{Depth, Look, Theme};
use crate::app::state::Modal;
use crate::app::{Effect, Event, Net};
use crate::play::{BOB, GENERAL, Play, id, message, morning};
use crate::view;

const WIDTHS: [u16; 6] = [40, 60, 80, 100, 120, 200];

/// A state with its name, and what leads to it.
type Shown = (&'static str, fn(&mut Play));

/// The states that are shown at every width.
fn states() -> [Shown; 8] {
    [
        ("channel", |_| {}),
        ("thread", open_thread),
        ("help", |play| play.press(KeyCode::F(1))),
        ("switcher", |play| play.ctrl('k')),
        ("form", |play| play.alt('c')),
        ("question", |play| play.ctrl('c')),
        ("side_bar", |play| play.ctrl('b')),
        ("themes", |play| {
            play.ctrl('o');
            play.type_text("theme");
            play.press(KeyCode::Enter);
        }),
    ]
}

fn open_thread(play: &mut Play) {
    play.press(KeyCode::Esc);
    (0..4).for_each(|_| play.press(KeyCode::Char('k')));
    play.press(KeyCode::Char('t'));
    let root = morning()[1].clone();
    let thread = Thread {
        root,
        items: vec![morning()[3].clone()],
        next: None,
        participants: Vec::new(),
        membership: None,
        rev: id(6),
        my_reactions: Vec::new(),
    };
    play.net(Net::Thread { channel_id: id(GENERAL), root: id(2), answer: Ok(thread) });
}

#[test]
fn pain_6_a_list_above_wide_text_keeps_its_border() {
    for columns in 122..126 {
        let mut play = Play::chat(columns, 30);
        for seq in 7..40 {
            play.arrive(message(seq, BOB, 60, &"日本".repeat(20)));
        }
        play.ctrl('k');
        let screen = play.screen();
        let inside: Vec<&str> = screen
            .lines()
            .skip_while(|line| !line.contains('┌'))
            .take_while(|line| !line.contains('└'))
            .skip(1)
            .collect();
        assert!(inside.len() > 5, "{screen}");
        assert!(inside.iter().all(|line| line.matches('│').count() == 3), "{screen}");
    }
}

#[test]
fn pain_21_every_state_fits_every_width() {
    for columns in WIDTHS {
        for (name, prepare) in states() {
            let mut play = Play::chat(columns, 24);
            prepare(&mut play);
            assert_snapshot!(format!("{name}_{columns}"), play.screen());
        }
    }
}

#[test]
fn pain_14_a_tiny_window_is_one_usable_column() {
    for (columns, rows) in [(39, 9), (20, 5), (10, 3)] {
        let mut play = Play::chat(columns, rows);
        play.type_text("hello");
        let screen = play.screen();
        assert!(screen.contains("hello"), "{screen}");
        assert_snapshot!(format!("tiny_{columns}_{rows}"), screen);
        play.press(KeyCode::Enter);
        assert_eq!(play.sends().len(), 1);
    }
}

#[test]
fn pain_14_a_resize_keeps_what_is_typed_and_selected() {
    let mut play = Play::chat(120, 36);
    play.type_text("half a sentence");
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('k'));
    let selected = play.state.selected().map(|(_, message)| message.seq);
    let before = play.screen();
    for (columns, rows) in [(20, 5), (1, 1), (300, 100), (40, 10), (120, 36)] {
        play.event(Event::Resize { columns, rows });
        play.screen();
    }
    assert_eq!(play.state.selected().map(|(_, message)| message.seq), selected);
    assert_eq!(play.screen(), before);
}

/// Gives the runs of one look of a screen, row by row.
fn looks(play: &Play) -> String {
    let backend = TestBackend::new(play.state.columns, play.state.rows);
    let mut terminal = Terminal::new(backend).expect("a terminal in memory");
    terminal.draw(|frame| view::draw(frame, &play.state)).expect("drawing in memory");
    let buffer = terminal.backend().buffer();
    let mut written = String::new();
    for y in 0..buffer.area.height {
        let mut last = None;
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            let style = (cell.fg, cell.bg, cell.modifier);
            if last != Some(style) {
                let modifier = if style.2 == Modifier::empty() { String::new() } else { format!(" {:?}", style.2) };
                write!(written, "{}<{} on {}{modifier}>", if x == 0 { "" } else { " " }, style.0, style.1)
                    .expect("text");
                last = Some(style);
            }
            written.push_str(cell.symbol());
        }
        written.push('\n');
    }
    written
}

fn with_look(theme: Theme, depth: Depth) -> Play {
    let mut play = Play::chat(80, 12);
    let mut called = message(7, BOB, 45, "@alice look");
    called.mentions.users = vec![id(1)];
    play.event(Event::Focus { is_focused: false });
    play.arrive(called);
    play.state.look = Look { theme, depth, behind: None };
    play
}

#[test]
fn themes_are_what_they_were() {
    for (theme, name, _) in Theme::ALL {
        assert_snapshot!(format!("theme_{name}"), looks(&with_look(theme, Depth::True)));
    }
    for depth in [Depth::Indexed, Depth::Sixteen, Depth::None] {
        assert_snapshot!(format!("dark_{depth:?}"), looks(&with_look(Theme::Dark, depth)));
    }
}

#[test]
fn pain_22_no_colours_means_none_and_nothing_is_said_by_colour_alone() {
    let plain = with_look(Theme::Dark, Depth::None);
    let coloured = with_look(Theme::Dark, Depth::True);
    assert_eq!(plain.screen(), coloured.screen());
    let written = looks(&plain);
    assert!(!written.replace("<Reset on Reset", "").contains(" on "), "{written}");
}

#[test]
fn auto_follows_the_background_when_it_is_told() {
    let mut play = with_look(Theme::Auto, Depth::True);
    assert_eq!(play.state.look.theme(), Theme::Terminal);
    play.event(Event::Behind((250, 250, 250)));
    assert_eq!(play.state.look.theme(), Theme::Light);
}

#[test]
fn a_theme_is_shown_while_it_is_chosen() {
    let mut play = Play::chat(80, 24);
    let choose = |play: &mut Play| {
        play.ctrl('o');
        play.type_text("theme");
        play.press(KeyCode::Enter);
    };
    choose(&mut play);
    play.press(KeyCode::Down);
    play.press(KeyCode::Down);
    assert_eq!(play.state.look.theme, Theme::Dark, "a preview");
    play.press(KeyCode::Esc);
    assert_eq!(play.state.look.theme, Theme::Auto, "as it was");
    choose(&mut play);
    play.press(KeyCode::End);
    play.ctrl('c');
    assert_eq!(play.state.look.theme, Theme::Auto, "as it was");
    choose(&mut play);
    play.press(KeyCode::End);
    play.press(KeyCode::Enter);
    assert_eq!(play.state.look.theme, Theme::Monochrome);
    assert!(play.state.modal.is_none());
    assert!(play.screen().contains("Theme monochrome. To keep it"), "{}", play.screen());
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::Quit)));
    assert!(!matches!(play.state.modal, Some(Modal::Themes(_))));
}
