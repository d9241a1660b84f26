//! Actions on the selected message: one key each, the same in the menu, and what others see of it live.

use crossterm::event::KeyCode;
use insta::assert_snapshot;
use syncspace_protocol::messages::{ForwardedFrom, Message, MessagePlace, MessageVersion, Pin};
use syncspace_protocol::personal::SavedMark;
use syncspace_protocol::reactions::{MyReactions, Reaction};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{Mentions, Seq, StreamId};

use crate::app::action::ACTIONS;
use crate::app::deed::{Deed, Outcome};
use crate::app::message::Here;
use crate::app::on_message::ON_MESSAGE;
use crate::app::state::{Focus, Modal};
use crate::app::world::Log;
use crate::app::{Effect, Net};
use crate::play::{ALICE, BOB, CAROL, GENERAL, NINE, Play, RANDOM, at, channel_stream, id, message, name, page};

const LINKS: &str = "see https://a.example/one and https://b.example/two";

/// Puts the person on a message of Bob, the only one in the channel.
fn on(content: &str) -> Play {
    on_screen(80, 24, message(7, BOB, 60, content))
}

fn on_screen(columns: u16, rows: u16, message: Message) -> Play {
    let mut play = Play::chat(columns, rows);
    play.state.open_channel_mut().expect("a channel").log = Log::Loading(Vec::new());
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: Ok(page(vec![message], None)) });
    play.press(KeyCode::Esc);
    play.effects.clear();
    play
}

fn press(play: &mut Play, keys: &str) {
    play.type_text(keys);
}

fn deeds(play: &mut Play) -> Vec<Deed> {
    let deed = |effect| match effect {
        Effect::Do(deed) => Some(*deed),
        _ => None,
    };
    play.effects.drain(..).filter_map(deed).collect()
}

fn copied(play: &mut Play) -> Vec<String> {
    let text = |effect| match effect {
        Effect::Copy { text } => Some(text),
        _ => None,
    };
    play.effects.drain(..).filter_map(text).collect()
}

fn seven() -> MessagePlace {
    MessagePlace { channel_id: id(GENERAL), seq: id(7) }
}

fn reaction(emoji: &str, count: u32, users: &[u64]) -> Reaction {
    Reaction { emoji: name(emoji), count, users: users.iter().map(|&user| id(user)).collect() }
}

/// A message with everything beside its text.
fn adorned() -> Message {
    let mut message = message(7, BOB, 60, "ship it");
    for (emoji, count, users) in [("thumbsup", 3, [BOB, CAROL]), ("heart", 2, [ALICE, BOB]), ("tada", 12, [BOB, CAROL])]
    {
        message.reactions.put(reaction(emoji, count, &users));
    }
    message.is_edited = true;
    message.pinned = Some(Pin { user_id: id(CAROL), pinned_at: at(NINE) });
    message.forwarded_from = Some(ForwardedFrom { sender_id: id(CAROL), place: None });
    message
}

#[test]
fn reactions_and_what_else_is_to_be_known_fit_every_width() {
    for columns in [40, 60, 80, 100, 120, 200] {
        assert_snapshot!(format!("adorned_{columns}"), on_screen(columns, 16, adorned()).screen());
    }
}

#[test]
fn the_menu_fits_every_width_and_says_what_is_not_possible() {
    for columns in [40, 60, 80, 100, 120, 200] {
        let mut play = on_screen(columns, 30, message(7, BOB, 60, LINKS));
        play.press(KeyCode::Enter);
        assert_snapshot!(format!("menu_{columns}"), play.screen());
    }
}

#[test]
fn the_menu_has_the_keys_of_the_messages() {
    for action in ON_MESSAGE {
        assert!(ACTIONS.iter().any(|info| info.action == *action && !info.keys.is_empty()), "{action:?}");
    }
    let mut play = on("hi");
    press(&mut play, "mY");
    assert_eq!(copied(&mut play), ["http://127.0.0.1:7420/teams/5/channels/10/messages/7"]);
    press(&mut play, "me");
    assert!(play.screen().contains("Not possible: only its author can."), "{}", play.screen());
    assert!(play.state.modal.is_some(), "the menu stays for another choice");
}

#[test]
fn an_emoji_is_found_by_its_name_and_given_and_taken_back() {
    let mut play = on("hi");
    press(&mut play, "a");
    assert_snapshot!("emoji_recent", play.screen());
    press(&mut play, "tad");
    assert_snapshot!("emoji_found", play.screen());
    play.press(KeyCode::Enter);
    let react = |is_on| Deed::React { place: seven(), emoji: name("tada"), is_on };
    assert_eq!(deeds(&mut play), [react(true)]);
    let mut after = message(7, BOB, 60, "hi");
    after.rev = id(8);
    after.reactions.put(reaction("tada", 1, &[ALICE]));
    let answer = Ok(Outcome::Message(Box::new(after)));
    play.net(Net::Done { deed: Box::new(react(true)), answer });
    assert!(play.screen().contains("🎉 1"), "{}", play.screen());
    press(&mut play, "atada");
    play.press(KeyCode::Enter);
    assert_eq!(deeds(&mut play), [react(false)]);
}

#[test]
fn plus_joins_the_others_and_then_repeats_ones_own_last() {
    let mut message = message(7, BOB, 60, "hi");
    message.reactions.put(reaction("eyes", 1, &[BOB]));
    let mut play = on_screen(80, 24, message);
    press(&mut play, "+");
    assert_eq!(deeds(&mut play), [Deed::React { place: seven(), emoji: name("eyes"), is_on: true }]);
    play.state.own.take(id(GENERAL), vec![MyReactions { seq: id(7), emoji: vec![name("eyes")] }]);
    play.state.own.use_emoji(&name("tada"));
    press(&mut play, "+");
    assert_eq!(deeds(&mut play), [Deed::React { place: seven(), emoji: name("tada"), is_on: true }]);
}

#[test]
fn what_others_do_to_a_message_is_seen_live() {
    let mut play = on("ship");
    let stream = channel_stream(GENERAL);
    let updated_at = at(NINE);
    let (seq, user_id): (Seq, _) = (id(7), id(BOB));
    let added = EventBody::ReactionAdded { seq, user_id, reaction: reaction("tada", 1, &[BOB]), updated_at };
    play.stream(stream, Some(8), added);
    assert!(play.screen().contains("🎉 1"), "{}", play.screen());
    let removed = EventBody::ReactionRemoved { seq, user_id, reaction: reaction("tada", 0, &[]), updated_at };
    play.stream(stream, Some(9), removed);
    assert!(!play.screen().contains("🎉"), "{}", play.screen());
    let pin = Pin { user_id: id(CAROL), pinned_at: at(NINE) };
    play.stream(stream, Some(10), EventBody::MessagePinned { seq, pin });
    assert!(play.screen().contains("pinned by carol"), "{}", play.screen());
    play.stream(stream, Some(11), EventBody::MessageUnpinned { seq, user_id, updated_at });
    assert!(!play.screen().contains("pinned"), "{}", play.screen());
    let appended = EventBody::MessageAppended {
        seq,
        sender_id: id(BOB),
        parent_seq: None,
        offset: 4,
        appended: " **it**".to_owned(),
        updated_at,
        mentions: Mentions::default(),
        former_mentions: Mentions::default(),
        continued_seq: None,
    };
    play.stream(stream, Some(12), appended);
    assert!(play.screen().contains("ship it"), "{}", play.screen());
    let saved = SavedMark { channel_id: id(GENERAL), seq, is_saved: true, rev: id(3) };
    play.stream(StreamId::Member(id(50)), Some(3), EventBody::MySaved { saved });
    assert!(play.screen().contains("saved"), "{}", play.screen());
}

#[test]
fn pain_8_nothing_is_called_copied_that_is_only_sent() {
    let mut play = on("some **text**");
    press(&mut play, "y");
    assert_eq!(copied(&mut play), ["some **text**"], "the source, not what is drawn");
    assert!(
        play.screen().contains("The text was sent to the terminal's clipboard, 13 characters."),
        "{}",
        play.screen()
    );
    assert!(!play.screen().to_lowercase().contains("copied"));
    play.net(Net::Here(Here::Copied { by: "wl-copy" }));
    assert!(play.screen().contains("Copied, by wl-copy."), "{}", play.screen());
    play.state.host.is_in_tmux = true;
    press(&mut play, "y");
    assert!(play.state.notice.as_ref().is_some_and(|notice| notice.text.contains("set-clipboard")));
}

#[test]
fn what_is_copied_is_clean() {
    let mut play = on("a\u{1b}]52;c;aGk=\u{7}b\u{202e}c");
    press(&mut play, "y");
    assert_eq!(copied(&mut play), ["abc"]);
}

#[test]
fn pain_19_a_link_opens_by_a_key_and_a_digit() {
    let mut play = on("only https://a.example/one");
    press(&mut play, "o");
    assert!(matches!(play.effects.last(), Some(Effect::Open(url)) if url == "https://a.example/one"));
    let mut play = on(LINKS);
    press(&mut play, "o2");
    assert!(matches!(play.effects.last(), Some(Effect::Open(url)) if url == "https://b.example/two"));
    press(&mut play, "O1");
    assert_eq!(copied(&mut play), ["https://a.example/one"]);
    play.state.host.is_remote = true;
    press(&mut play, "o2");
    assert_eq!(copied(&mut play), ["https://b.example/two"], "a browser on the far side is seen by nobody");
    assert!(play.screen().contains("https://b.example/two · sent to the"), "{}", play.screen());
}

#[test]
fn a_link_to_a_message_leads_to_it() {
    let mut play = on("https://elsewhere.example/teams/5/channels/10/messages/3");
    press(&mut play, "o");
    assert!(matches!(play.effects.last(), Some(Effect::Open(_))), "another server's");
    let mut play = Play::chat(80, 24);
    play.arrive(message(7, BOB, 60, "http://127.0.0.1:7420/teams/5/channels/10/messages/2"));
    play.press(KeyCode::Esc);
    press(&mut play, "o");
    let selected = play.state.open_channel().and_then(|open| open.timeline()).and_then(|list| list.selected);
    assert_eq!((selected, play.state.chat.focus), (Some(id(2)), Focus::Messages));
}

#[test]
fn one_block_of_code_is_copied_at_once_and_several_by_their_number() {
    let mut play = on("```sh\nls\n```");
    press(&mut play, "c");
    assert_eq!(copied(&mut play), ["ls\n"]);
    let mut play = on("```sh\nls\n```\nand\n```rust\nfn x() {}\n```");
    press(&mut play, "c");
    assert!(play.screen().contains("rust · 1 line · fn x() {}"), "{}", play.screen());
    press(&mut play, "2");
    assert_eq!(copied(&mut play), ["fn x() {}\n"]);
}

#[test]
fn a_reminder_is_chosen_or_typed() {
    let mut play = on("hi");
    press(&mut play, "R");
    assert_snapshot!("remind", play.screen());
    play.press(KeyCode::Enter);
    let Deed::Remind { reminder, .. } = deeds(&mut play).remove(0) else { unreachable!() };
    assert_eq!(reminder.remind_at.unix_ms() - play.clock, 20 * 60_000);
    press(&mut play, "Rnever");
    assert!(play.screen().contains("never · "), "what is no time is a note: {}", play.screen());
    play.ctrl('u');
    press(&mut play, "fri 9:00");
    play.press(KeyCode::Enter);
    let deed = deeds(&mut play).remove(0);
    let Deed::Remind { reminder, .. } = &deed else { unreachable!() };
    let remind_at = reminder.remind_at;
    play.net(Net::Done { deed: Box::new(deed), answer: Ok(Outcome::Due(remind_at)) });
    assert!(play.screen().contains("You will be reminded: Fri 27 Nov, 09:00."), "{}", play.screen());
}

#[test]
fn pinning_saving_forwarding_and_quoting_have_a_key_each() {
    let mut play = on("hi\nthere");
    press(&mut play, "p");
    assert_eq!(deeds(&mut play), [Deed::Pin { place: seven(), is_on: true }]);
    press(&mut play, "s");
    assert_eq!(deeds(&mut play), [Deed::Save { place: seven(), is_on: true }]);
    press(&mut play, "f");
    press(&mut play, "rand");
    play.press(KeyCode::Enter);
    assert!(matches!(deeds(&mut play).as_slice(), [Deed::Forward { to, .. }] if *to == id(RANDOM)));
    press(&mut play, ">");
    assert_eq!(play.state.composer().map(|draft| draft.text()), Some("> hi\n> there\n\n".to_owned()));
    assert_eq!(play.state.chat.focus, Focus::Composer);
}

#[test]
fn what_a_message_said_before_can_be_read() {
    let mut play = on_screen(80, 24, adorned());
    press(&mut play, "h");
    let asked = deeds(&mut play);
    assert_eq!(asked, [Deed::History(seven())]);
    let versions = vec![MessageVersion {
        rev: id(8),
        content: "ship it not".to_owned(),
        written_at: at(NINE),
        replaced_at: at(NINE + 60_000),
    }];
    play.net(Net::Done { deed: Box::new(Deed::History(seven())), answer: Ok(Outcome::Versions(versions)) });
    assert_snapshot!("history", play.screen());
    play.press(KeyCode::Esc);
    assert!(play.state.modal.is_none());
}

#[test]
fn without_a_connection_the_menu_says_so() {
    let mut play = on("hi");
    play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 60_000 });
    press(&mut play, "a");
    assert!(play.screen().contains("there is no connection"), "{}", play.screen());
    assert!(!matches!(play.state.modal, Some(Modal::Picker(_))));
    assert_eq!(deeds(&mut play), []);
}

#[test]
fn a_message_is_read_in_an_editor_and_stays_as_it_is() {
    let mut play = on("hi");
    press(&mut play, "E");
    assert!(matches!(play.effects.last(), Some(Effect::Editor { text, draft: None }) if text == "hi"));
    play.net(Net::Here(Here::Edited { draft: None, text: Ok("scribbled".to_owned()) }));
    assert!(play.state.composer().is_none_or(|draft| draft.is_empty()));
}

#[test]
fn a_message_is_sent_later_and_its_draft_goes_when_the_server_has_it() {
    let mut play = Play::chat(80, 24);
    play.alt('l');
    assert!(play.state.modal.is_none(), "there is nothing to send");
    play.type_text("good morning");
    play.alt('l');
    play.type_text("tomorrow 8:00");
    assert_snapshot!("send_later", play.screen());
    play.press(KeyCode::Enter);
    let deed = deeds(&mut play).remove(0);
    let Deed::Schedule { message, .. } = &deed else { unreachable!() };
    assert_eq!((message.content.as_str(), message.channel_id), ("good morning", id(GENERAL)));
    let send_at = message.send_at;
    assert!(play.screen().contains("good morning"), "it stays until the server has it");
    play.net(Net::Done { deed: Box::new(deed), answer: Ok(Outcome::Due(send_at)) });
    assert!(play.state.composer().is_none_or(|draft| draft.is_empty()));
    assert!(play.screen().contains("It will be sent: Tue 24 Nov, 08:00."), "{}", play.screen());
}
