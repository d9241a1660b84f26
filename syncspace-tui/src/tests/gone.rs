//! Channels in which one cannot write, or that are gone while something is typed for them: nothing typed lands elsewhere.

use crossterm::event::KeyCode;
use insta::assert_snapshot;
use syncspace_protocol::StreamId;
use syncspace_protocol::channels::{ChannelKind, ChannelMember, ChannelRole, Posting};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::teams::{TeamMember, TeamRole};

use crate::app::composer::DraftKey;
use crate::app::{Effect, Net};
use crate::play::{ALICE, ENG, GENERAL, Play, RANDOM, at, id, message, my_channel, person};

/// The private channel that the tests are removed from.
const SECRET: u64 = 20;

fn member(play: &mut Play, rev: u64, body: EventBody) {
    play.stream(StreamId::Member(id(50)), Some(rev), body);
}

fn team(play: &mut Play, rev: u64, body: EventBody) {
    play.stream(StreamId::Team(id(ENG)), Some(rev), body);
}

/// Opens the private channel, with one message in it.
fn in_secret(columns: u16, rows: u16) -> Play {
    let mut play = Play::chat(columns, rows);
    let mine = my_channel(SECRET, ChannelKind::Private, Some("secret"), 1, 0);
    let membership = mine.membership.expect("joined");
    member(&mut play, 2, EventBody::MyChannelJoined { channel: mine.channel, membership });
    play.ctrl('k');
    play.type_text("secret");
    play.press(KeyCode::Enter);
    let mut only = message(1, ALICE, 0, "for few eyes");
    only.channel_id = id(SECRET);
    let answer = Ok(crate::play::page(vec![only], None));
    play.net(Net::Messages { channel_id: id(SECRET), before: None, answer });
    play
}

fn draft_of(play: &Play, channel: u64) -> Option<String> {
    play.state.chat.drafts.get(&DraftKey::Channel(id(channel))).map(|draft| draft.text())
}

#[test]
fn what_is_typed_for_a_channel_that_goes_stays_for_it_and_in_sight() {
    let mut play = in_secret(80, 24);
    assert!(play.screen().contains("for few eyes"), "{}", play.screen());
    play.type_text("between ");
    member(&mut play, 3, EventBody::MyChannelLeft { channel_id: id(SECRET) });
    play.type_text("us");
    assert_snapshot!(play.screen());
    assert_eq!(draft_of(&play, SECRET).as_deref(), Some("between us"));
    assert!(draft_of(&play, GENERAL).is_none() && draft_of(&play, RANDOM).is_none());
    play.press(KeyCode::Enter);
    assert!(play.sends().is_empty());
    assert_eq!(draft_of(&play, SECRET).as_deref(), Some("between us"));
}

#[test]
fn what_is_typed_for_a_public_channel_one_was_removed_from_stays_too() {
    let mut play = Play::chat(80, 24);
    play.type_text("not for ");
    member(&mut play, 3, EventBody::MyChannelLeft { channel_id: id(GENERAL) });
    play.type_text("all");
    play.press(KeyCode::Enter);
    assert!(play.sends().is_empty());
    assert_eq!(draft_of(&play, GENERAL).as_deref(), Some("not for all"));
    let page = Ok(crate::play::page(vec![message(7, ALICE, 70, "for everybody to read")], None));
    play.net(Net::Messages { channel_id: id(GENERAL), before: None, answer: page });
    play.wait(10_000);
    let screen = play.screen();
    assert!(screen.contains("cannot be sent: you are no longer in #general"), "{screen}");
    assert!(screen.contains("for everybody to read"), "{screen}");
}

#[test]
fn a_whole_team_that_goes_takes_no_words_with_it() {
    let mut play = in_secret(80, 24);
    let mut other = crate::play::my_team();
    (other.team.id, other.team.name) = (id(6), crate::play::name("other"));
    play.net(Net::TeamEntered(Ok(other)));
    let channel = my_channel(30, ChannelKind::Public, Some("elsewhere"), 0, 0);
    let mut channel = channel;
    channel.channel.team_id = id(6);
    let contents = crate::app::message::TeamContents { channels: vec![channel], members: Vec::new() };
    play.net(Net::Team { team_id: id(6), answer: Ok(contents) });
    play.ctrl('k');
    play.type_text("secret");
    play.press(KeyCode::Enter);
    play.type_text("between ");
    team(&mut play, 9, EventBody::TeamDeleted { team_id: id(ENG) });
    play.type_text("us");
    assert_eq!(draft_of(&play, SECRET).as_deref(), Some("between us"), "{}", play.screen());
    assert!(draft_of(&play, 30).is_none());
}

#[test]
fn the_draft_of_a_channel_that_is_gone_is_found_again() {
    let mut play = in_secret(80, 24);
    play.type_text("between us");
    member(&mut play, 3, EventBody::MyChannelLeft { channel_id: id(SECRET) });
    play.ctrl('k');
    play.type_text("general");
    play.press(KeyCode::Enter);
    assert!(play.screen().contains("to #general"), "{}", play.screen());
    play.press(KeyCode::F(9));
    let screen = play.screen();
    assert!(screen.contains("◇secret") && screen.contains("between us"), "{screen}");
    play.effects.clear();
    play.press(KeyCode::Char('y'));
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::Copy { text } if text == "between us")));
    play.press(KeyCode::Enter);
    assert!(play.screen().contains("cannot be sent: you are no longer in ◇secret"), "{}", play.screen());
    play.press(KeyCode::F(9));
    play.press(KeyCode::Char('d'));
    play.press(KeyCode::Esc);
    play.ctrl('k');
    play.type_text("general");
    play.press(KeyCode::Enter);
    play.alt('z');
    assert_eq!(draft_of(&play, GENERAL).as_deref(), Some("between us"), "where one can write");
}

#[test]
fn whoever_leaves_by_choice_with_nothing_typed_goes_on() {
    let mut play = in_secret(80, 24);
    play.type_text("/leave");
    play.press(KeyCode::Enter);
    play.press(KeyCode::Enter);
    member(&mut play, 3, EventBody::MyChannelLeft { channel_id: id(SECRET) });
    let screen = play.screen();
    assert!(screen.contains("You left ◇secret.") && screen.contains("to #general"), "{screen}");
}

#[test]
fn whoever_comes_in_again_goes_on_writing() {
    let mut play = in_secret(80, 24);
    play.type_text("between us");
    member(&mut play, 3, EventBody::MyChannelLeft { channel_id: id(SECRET) });
    let mine = my_channel(SECRET, ChannelKind::Private, Some("secret"), 1, 0);
    let membership = mine.membership.expect("joined");
    member(&mut play, 4, EventBody::MyChannelJoined { channel: mine.channel, membership });
    play.press(KeyCode::Enter);
    assert_eq!(play.sends().first().map(|(text, _)| text.as_str()), Some("between us"), "{}", play.screen());
}

/// Makes Alice a member of the team, and #general something else than it is.
fn changed(columns: u16, rows: u16, change: impl FnOnce(&mut syncspace_protocol::channels::Channel)) -> Play {
    let mut play = Play::chat(columns, rows);
    let user = person(ALICE, "alice");
    let member = TeamMember { team_id: id(ENG), user, role: TeamRole::Member, joined_at: at(0), rev: id(2) };
    team(&mut play, 2, EventBody::TeamMemberUpdated { member });
    let mut channel = my_channel(GENERAL, ChannelKind::Public, Some("general"), 6, 0).channel;
    channel.rev = id(3);
    change(&mut channel);
    team(&mut play, 3, EventBody::ChannelUpdated { channel });
    play
}

#[test]
fn the_border_says_before_a_word_is_typed_that_nothing_can_be_sent() {
    let archived = changed(80, 24, |channel| channel.archived_at = Some(at(0)));
    assert_snapshot!("archived", archived.screen());
    let mut read_only = changed(50, 20, |channel| channel.posting = Posting::Admins);
    assert_snapshot!("read_only", read_only.screen());
    read_only.type_text("hello");
    read_only.press(KeyCode::Enter);
    assert!(read_only.sends().is_empty());
    assert_eq!(draft_of(&read_only, GENERAL).as_deref(), Some("hello"), "what was typed is kept");
    assert!(read_only.screen().contains("Not sent: only admins write in #general"), "{}", read_only.screen());
}

#[test]
fn an_admin_of_the_channel_writes_where_only_admins_do() {
    let mut play = changed(80, 24, |channel| channel.posting = Posting::Admins);
    let user = person(ALICE, "alice");
    let role = ChannelRole::Admin;
    let member = ChannelMember { channel_id: id(GENERAL), user, role, joined_at: at(0), rev: id(4) };
    team(&mut play, 4, EventBody::ChannelMemberUpdated { member });
    play.type_text("hello");
    play.press(KeyCode::Enter);
    assert_eq!(play.sends().len(), 1, "{}", play.screen());
}

#[test]
fn whoever_is_added_to_a_channel_is_told() {
    let mut play = Play::chat(80, 24);
    let mine = my_channel(SECRET, ChannelKind::Private, Some("secret"), 1, 0);
    let membership = mine.membership.expect("joined");
    member(&mut play, 2, EventBody::MyChannelJoined { channel: mine.channel, membership });
    assert!(play.screen().contains("You are in ◇secret now: Ctrl+K goes there."), "{}", play.screen());
    assert!(play.screen().contains("to #general"), "and is where one was");
}

#[test]
fn only_what_the_server_would_take_is_offered_on_a_message() {
    let mut member = changed(100, 30, |_| {});
    member.press(KeyCode::Esc);
    member.press(KeyCode::Up);
    member.press(KeyCode::Up);
    member.press(KeyCode::Char('d'));
    assert!(member.screen().contains("(only its author and admins can)"), "{}", member.screen());
    let mut archived = changed(100, 30, |channel| channel.archived_at = Some(at(0)));
    archived.press(KeyCode::Esc);
    archived.press(KeyCode::Up);
    archived.press(KeyCode::Char('a'));
    assert!(archived.screen().contains("(the channel is archived)"), "{}", archived.screen());
    // Of a team that is hers Alice deletes what others wrote.
    let mut owner = Play::chat(100, 30);
    owner.press(KeyCode::Esc);
    owner.press(KeyCode::Up);
    owner.press(KeyCode::Up);
    owner.press(KeyCode::Char('d'));
    assert!(owner.screen().contains("Delete this message?"), "{}", owner.screen());
}

#[test]
fn nothing_is_forwarded_where_one_cannot_write() {
    let mut play = changed(80, 24, |channel| channel.posting = Posting::Admins);
    play.press(KeyCode::Esc);
    play.press(KeyCode::Up);
    play.press(KeyCode::Char('f'));
    let screen = play.screen();
    let list = screen.split_once("Forward to").map(|(_, list)| list.to_owned()).unwrap_or_default();
    assert!(list.contains("@bob") && list.matches("#general").count() == 1, "only the border names it: {screen}");
}

#[test]
fn the_last_team_that_goes_makes_no_team_of_what_is_typed() {
    let mut play = Play::chat(80, 24);
    play.type_text("half a ");
    team(&mut play, 9, EventBody::TeamDeleted { team_id: id(ENG) });
    play.type_text("sentence");
    assert_eq!(draft_of(&play, GENERAL).as_deref(), Some("half a sentence"), "{}", play.screen());
    assert!(play.screen().contains("You are no longer in #general. Alt+T joins or makes a"), "{}", play.screen());
    play.effects.clear();
    play.alt('t');
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::FindTeams)));
}
