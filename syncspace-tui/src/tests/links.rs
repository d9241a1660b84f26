//! Addresses as links of the terminal: one name on every row, whole, and never over what is drawn above them.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::play::{BOB, Play, message};
use crate::view;

const END: &str = "\x1b]8;;\x1b\\";

/// Draws the screen, and gives what is written for each link: row, column, name and address, words.
fn links(play: &Play) -> Vec<(u16, u16, String, String)> {
    let (columns, rows) = (play.state.columns, play.state.rows);
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("a terminal in memory");
    terminal.draw(|frame| view::draw(frame, &play.state)).expect("drawing in memory");
    let buffer = terminal.backend().buffer();
    let places = (0..rows).flat_map(|y| (0..columns).map(move |x| (x, y)));
    let link = |(x, y): (u16, u16)| {
        let symbol = buffer[(x, y)].symbol();
        let (head, words) = symbol.strip_prefix("\x1b]8;")?.split_once("\x1b\\").expect("an end of its beginning");
        let words = words.strip_suffix(END).expect("an end");
        Some((y, x, head.to_owned(), words.to_owned()))
    };
    places.filter_map(link).collect()
}

fn play_with(content: &str, columns: u16) -> Play {
    let mut play = Play::chat(columns, 24);
    play.state.settings.has_links = Some(true);
    play.arrive(message(7, BOB, 60, content));
    play
}

#[test]
fn pain_19_a_wrapped_address_has_one_name_on_every_row() {
    let address = format!("https://example.org/{}end", "long/".repeat(16));
    let found = links(&play_with(&format!("see {address}"), 80));
    assert!(found.len() >= 2, "{found:?}");
    assert!(found.iter().all(|(_, _, head, _)| *head == format!("id=7-0;{address}")), "{found:?}");
    let words: String = found.iter().map(|(.., words)| words.as_str()).collect();
    assert_eq!(words, address);
    let rows: Vec<u16> = found.iter().map(|(row, ..)| *row).collect();
    assert!(rows.windows(2).all(|rows| rows[0] + 1 == rows[1]), "a row each: {rows:?}");
}

#[test]
fn words_of_a_link_and_wide_characters_are_whole() {
    let found = links(&play_with("[日本 **語**](https://a.example/x) and mailto:a@b.example", 80));
    let heads: Vec<&str> = found.iter().map(|(_, _, head, _)| head.as_str()).collect();
    assert!(heads.iter().all(|head| *head == "id=7-0;https://a.example/x"), "{heads:?}");
    let words: String = found.iter().map(|(.., words)| words.as_str()).collect();
    assert_eq!(words, "日本 語 (https://a.example/x)");
}

#[test]
fn what_is_drawn_over_an_address_leaves_it_out() {
    let mut play = play_with("https://a.example/x", 80);
    assert_eq!(links(&play).len(), 1);
    let screen = play.screen();
    play.ctrl('k');
    let covered = play.screen();
    assert_ne!(screen, covered);
    let is_covered = !covered.contains("https://a.example/x");
    assert_eq!(links(&play).is_empty(), is_covered, "{covered}");
    play.state.settings.has_links = Some(false);
    assert_eq!(links(&play), []);
}
