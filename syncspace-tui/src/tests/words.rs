//! The text of messages on whole screens: Markdown, code, long ones.

use crossterm::event::KeyCode;
use insta::assert_snapshot;
use syncspace_protocol::messages::{Code, MessageType};

use crate::app::markdown::Syntax;
use crate::app::message::Here;
use crate::app::rows::Tone;
use crate::app::{Effect, Net};
use crate::play::{BOB, CAROL, GENERAL, Play, id, message, page};

/// A message with everything that Markdown has.
const NOTES: &str = "## Release 1.5\nThe **cache** now survives a *restart*; ~~no more~~ `rm -rf target`.\n\n\
    - [x] migrate the tables, see [the plan](https://docs.example/plan)\n- [ ] tell @bob\n  1. today\n\n\
    > was it slow before?\n> very\n\n| step | ms |\n|---|--:|\n| parse | 12 |\n| link 日本 | 140 |\n\n\
    ```rust\nfn main() {\n\tprintln!(\"hi\");\n}\n```\nhttps://ci.example/builds/4711?branch=main&very=long_address_that_needs_several_rows";

/// Puts the person before a channel with one message.
fn before(columns: u16, rows: u16, content: &str) -> Play {
    let mut play = Play::chat(columns, rows);
    let items = vec![message(1, BOB, 0, content)];
    let open = play.state.open_channel_mut().expect("a channel");
    // It is all there is: nothing newer is missing.
    (open.log, open.head.last_seq) = (crate::app::world::Log::Loading(Vec::new()), id(1));
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(page(items, None)) });
    play
}

#[test]
fn markdown_fits_every_width() {
    for columns in [40, 60, 80, 100, 120, 200] {
        assert_snapshot!(format!("markdown_{columns}"), before(columns, 34, NOTES).screen());
    }
}

#[test]
fn a_very_long_message_is_folded_and_one_key_shows_it() {
    let long: Vec<String> = (1..=200).map(|number| format!("line {number}")).collect();
    let mut play = before(80, 40, &long.join("\n"));
    assert_snapshot!("folded", play.screen());
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('z'));
    assert!(!play.screen().contains("more lines"), "{}", play.screen());
    assert!(play.screen().contains("line 33"), "{}", play.screen());
    play.press(KeyCode::Char('z'));
    assert!(play.screen().contains("… 170 more lines · z unfolds"), "{}", play.screen());
}

#[test]
fn a_message_that_is_code_is_shown_as_it_stands() {
    let mut play = before(60, 20, "x");
    let mut code = message(2, CAROL, 1, "a = \"*not bold*\"\n\n# no heading @alice");
    code.message_type = MessageType::Code;
    code.code = Some(Code { language: Some("toml".to_owned()), file_name: Some("app.toml".to_owned()) });
    play.arrive(code);
    assert_snapshot!("code_message", play.screen());
}

#[test]
fn code_is_asked_for_once_and_coloured_when_that_is_known() {
    let mut play = before(80, 20, "```rust\nfn main() {}\n```");
    let jobs: Vec<_> = play
        .effects
        .drain(..)
        .filter_map(|effect| match effect {
            Effect::Colour(job) => Some(job),
            _ => None,
        })
        .collect();
    let [job] = jobs.as_slice() else { unreachable!("{jobs:?}") };
    assert_eq!(job.code.text, "fn main() {}\n");
    play.press(KeyCode::Char('x'));
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::Colour(_))), "asked once");
    play.net(Net::Here(Here::Coloured { key: job.key, colours: vec![(0..2, Syntax::Keyword)] }));
    let open = play.state.open_channel().and_then(|open| open.timeline()).expect("a timeline");
    let rows = play.state.with_rows(60, false, |context| open.visible(context, 20, &[]));
    let is_keyword = |(tone, text): &(Tone, String)| *tone == Tone::Syntax(Syntax::Keyword) && text == "fn";
    assert!(rows.iter().any(|row| row.spans.iter().any(is_keyword)), "{rows:?}");
}
