//! Several accounts at once: one in front, the others alive behind it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use insta::assert_snapshot;
use syncspace_protocol::auth::RegistrationMode;
use syncspace_protocol::channels::ReadMarker;
use syncspace_protocol::messages::Message;
use syncspace_protocol::socket::{Event as StreamEvent, EventBody};
use syncspace_protocol::{Mentions, StreamId};

use crate::app::accounts::{ACCOUNTS_MAX, AccountNo, Accounts, Asked};
use crate::app::state::State;
use crate::app::{Effect, Event, Net};
use crate::play::{
    ALICE, BOB, Play, RANDOM, WITH_BOB, at, channel_stream, id, message, name, page, screen_of, server_info, user,
};

const ONE: AccountNo = AccountNo::FIRST;

/// A run with several accounts.
struct Many {
    accounts: Accounts,
    effects: Asked,
    clock: i64,
}

fn two() -> AccountNo {
    AccountNo::numbered(1)
}

/// Gives a state in #general of a server, under a name, with nothing unread.
fn chat(server: &str, username: &str, columns: u16, rows: u16) -> (State, i64) {
    let mut play = Play::chat(columns, rows);
    for (channel, last) in [(RANDOM, 9), (WITH_BOB, 4)] {
        let read =
            ReadMarker { last_read_seq: id(last), unread_count: 0, mention_count: 0, as_of_rev: id(last), rev: id(2) };
        let body = EventBody::MyRead { channel_id: id(channel), read };
        play.stream(StreamId::Member(id(50)), Some(2), body);
    }
    play.state.server = server.to_owned();
    if let Some(me) = &mut play.state.world.me {
        me.username = name(username);
    }
    (play.state, play.clock)
}

impl Many {
    /// Starts with alice on this machine in front, and bob elsewhere behind her.
    fn start(columns: u16, rows: u16) -> Self {
        let (one, clock) = chat("http://127.0.0.1:7420", "alice", columns, rows);
        let (other, _) = chat("https://chat.example.org", "bob", columns, rows);
        let mut many =
            Self { accounts: Accounts::new(vec![(one, None), (other, None)], 0), effects: Vec::new(), clock };
        many.event(Event::Tick);
        many.effects.clear();
        many
    }

    fn event(&mut self, event: Event) {
        self.clock += 10;
        self.effects.extend(self.accounts.take(event, at(self.clock)));
    }

    fn net(&mut self, no: AccountNo, net: Net) {
        self.clock += 10;
        self.effects.extend(self.accounts.hear(no, vec![net], at(self.clock)));
    }

    fn press(&mut self, code: KeyCode) {
        self.event(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    fn alt(&mut self, code: KeyCode) {
        self.event(Event::Key(KeyEvent::new(code, KeyModifiers::ALT)));
    }

    fn number(&mut self, number: char) {
        self.alt(KeyCode::Char(number));
    }

    fn ctrl(&mut self, c: char) {
        self.event(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)));
    }

    fn type_text(&mut self, text: &str) {
        text.chars().for_each(|c| self.press(KeyCode::Char(c)));
    }

    fn click(&mut self, column: u16, row: u16) {
        let kind = MouseEventKind::Down(MouseButton::Left);
        self.event(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    }

    /// Lets a message arrive in a channel of an account.
    fn arrive(&mut self, no: AccountNo, message: Message) {
        let (stream, rev) = (Some(channel_stream(message.channel_id.get())), Some(message.rev));
        let body = EventBody::MessageCreated { message, thread: None };
        self.net(no, Net::Stream(StreamEvent { stream, rev, body }));
    }

    /// Reads #random, which has this one message to alice.
    fn load_random(&mut self, no: AccountNo, content: &str) {
        let answer = Ok(page(vec![mention(10, content)], None));
        self.net(no, Net::Messages { channel_id: id(RANDOM), before: None, answer });
    }

    fn wait(&mut self, ms: i64) {
        let until = self.clock + ms;
        while let Some(next) = self.accounts.next_deadline().filter(|next| next.unix_ms() <= until) {
            self.clock = self.clock.max(next.unix_ms() - 10);
            self.event(Event::Tick);
        }
        self.clock = until;
    }

    fn screen(&self) -> String {
        screen_of(self.accounts.front())
    }

    fn strip(&self) -> String {
        self.screen().lines().next().unwrap_or_default().to_owned()
    }

    fn status(&self) -> String {
        self.screen().lines().last().unwrap_or_default().to_owned()
    }

    fn draft(&self) -> String {
        self.accounts.front().composer().map(crate::app::composer::Composer::text).unwrap_or_default()
    }
}

/// A message to alice in #random.
fn mention(seq: u64, content: &str) -> Message {
    let mut message = Message { channel_id: id(RANDOM), ..message(seq, BOB, 60, content) };
    message.mentions = Mentions { users: vec![id(ALICE)], ..Mentions::default() };
    message
}

#[test]
fn the_strip_stands_above_everything_at_every_width() {
    for (columns, rows) in [(40, 24), (60, 24), (80, 24), (100, 24), (120, 36), (200, 40)] {
        let mut many = Many::start(columns, rows);
        many.arrive(two(), mention(10, "@bob are you there?"));
        assert_snapshot!(format!("strip_{columns}"), many.screen());
    }
    assert!(!Play::chat(80, 24).screen().contains("[1"), "one account has no strip");
}

#[test]
fn the_strip_says_how_the_others_are_connected() {
    let mut many = Many::start(80, 24);
    assert_eq!(many.strip(), "[1 ● alice@127.0.0.1:7420] 2 ● bob@chat.example.org");
    many.net(two(), Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 5_000 });
    assert!(many.strip().ends_with("2 ○ bob@chat.example.org"), "{}", many.strip());
    assert!(many.status().contains("online"), "the one in front is not concerned: {}", many.status());
    many.net(two(), Net::SessionOver { reason: "the session is over".to_owned() });
    assert!(many.strip().ends_with("2 ! bob@chat.example.org"), "{}", many.strip());
    assert!(many.status().contains("2 bob@chat.example.org: the session is over"), "{}", many.status());
    many.number('2');
    assert!(many.screen().contains("The session is over") && many.screen().contains("Log in again"));
    many.press(KeyCode::Enter);
    many.net(two(), Net::Server(Ok(server_info(RegistrationMode::Open, false))));
    let screen = many.screen();
    assert!(screen.contains("(•) Log in") && screen.contains("  bob"), "{screen}");
}

#[test]
fn switching_keeps_drafts_places_and_dialogs_of_each() {
    let mut many = Many::start(80, 12);
    many.type_text("half a thought");
    many.press(KeyCode::PageUp);
    let before = many.screen();
    many.number('2');
    assert!(many.strip().starts_with("1 ● alice"), "{}", many.strip());
    assert_eq!(many.draft(), "", "another account, another draft");
    many.type_text("bob writes");
    many.ctrl('k');
    many.effects.clear();
    many.number('1');
    assert_eq!(many.screen(), before);
    assert!(many.effects.iter().all(|(_, effect)| !matches!(effect, Effect::LoadMessages { .. })), "nothing is loaded");
    many.alt(KeyCode::PageDown);
    assert!(many.screen().contains("Go to"), "a list stays open where it was opened");
    many.press(KeyCode::Esc);
    assert_eq!(many.draft(), "bob writes");
    many.alt(KeyCode::PageDown);
    assert_eq!(many.draft(), "half a thought", "after the last one comes the first");
    many.alt(KeyCode::PageUp);
    assert_eq!(many.draft(), "bob writes");
    many.click(3, 0);
    assert_eq!(many.draft(), "half a thought");
}

#[test]
fn what_is_typed_goes_to_the_account_that_the_border_names() {
    let mut many = Many::start(120, 24);
    assert!(many.screen().contains("to #general as alice@127.0.0.1:7420"), "{}", many.screen());
    many.number('2');
    assert!(many.screen().contains("to #general as bob@chat.example.org"), "{}", many.screen());
    many.type_text("hello");
    many.press(KeyCode::Enter);
    let sends: Vec<AccountNo> =
        many.effects.iter().filter_map(|(no, effect)| matches!(effect, Effect::Send { .. }).then_some(*no)).collect();
    assert_eq!(sends, [two()]);
}

#[test]
fn what_is_behind_is_not_read_and_what_comes_to_the_front_is() {
    let mut many = Many::start(80, 24);
    many.arrive(two(), message(7, BOB, 60, "behind"));
    many.wait(2_000);
    let marks = |many: &Many| many.effects.iter().any(|(_, effect)| matches!(effect, Effect::MarkRead { .. }));
    assert!(!marks(&many) && many.strip().ends_with("bob@chat.example.org 1"), "{}", many.strip());
    many.event(Event::Focus { is_focused: false });
    many.number('2');
    many.wait(2_000);
    assert!(!marks(&many), "nobody looks at the terminal");
    many.event(Event::Focus { is_focused: true });
    many.wait(2_000);
    assert!(marks(&many) && many.strip().ends_with("[2 ● bob@chat.example.org]"), "{}", many.strip());
}

#[test]
fn a_notice_from_behind_names_its_account_and_opens_it() {
    let mut many = Many::start(120, 24);
    many.arrive(two(), mention(10, "lunch?"));
    let told: Vec<String> = many
        .effects
        .iter()
        .filter_map(|(_, effect)| match effect {
            Effect::Tell(told) => Some(format!("{} / {}", told.title, told.body)),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["bob in #random · bob@chat.example.org / lunch?"]);
    let words = "2 bob (Alt+N): bob in #random: lunch?";
    assert!(many.status().contains(words), "{}", many.status());
    many.number('n');
    assert!(many.screen().contains("to #random as bob@chat.example.org"), "{}", many.screen());
    // By the pointer as well.
    many.number('1');
    many.arrive(two(), Message { channel_id: id(WITH_BOB), ..message(5, BOB, 61, "and tea?") });
    many.click(60, 23);
    assert!(many.screen().contains("as bob@chat.example.org"), "{}", many.screen());
    assert!(!many.screen().contains("to #random"), "{}", many.screen());
}

#[test]
fn the_title_counts_the_calls_of_all_accounts() {
    let mut many = Many::start(80, 24);
    many.arrive(ONE, mention(10, "one"));
    many.arrive(two(), mention(10, "two"));
    assert_eq!(many.accounts.title().as_deref(), Some("(2) SyncSpace"));
}

#[test]
fn the_switcher_finds_what_the_others_have_and_calls_come_first() {
    let mut many = Many::start(80, 24);
    many.arrive(two(), mention(10, "lunch?"));
    many.ctrl('k');
    assert_snapshot!("switcher", many.screen());
    many.press(KeyCode::Enter);
    assert!(many.screen().contains("to #random as bob"), "{}", many.screen());
    many.ctrl('k');
    many.type_text("alice@");
    assert!(many.screen().contains("account 1"), "{}", many.screen());
    many.press(KeyCode::Enter);
    assert!(many.screen().contains("to #general as alice"), "{}", many.screen());
}

#[test]
fn next_unread_goes_on_to_the_next_account_and_comes_back() {
    let mut many = Many::start(80, 24);
    many.arrive(ONE, mention(10, "here"));
    many.arrive(two(), mention(10, "there"));
    many.number('a');
    assert!(many.screen().contains("to #random as alice"), "{}", many.screen());
    many.load_random(ONE, "here");
    many.wait(2_000);
    many.number('a');
    assert!(many.screen().contains("to #random as bob"), "{}", many.screen());
    many.load_random(two(), "there");
    many.wait(2_000);
    many.number('a');
    assert!(many.screen().contains("to #general as alice"), "{}", many.screen());
    assert!(many.status().contains("back where you began"), "{}", many.status());
    many.number('a');
    assert!(many.status().contains("Nothing is unread"), "{}", many.status());
}

#[test]
fn an_account_is_added_and_given_up_again() {
    let mut many = Many::start(80, 24);
    many.type_text("/account add");
    many.press(KeyCode::Enter);
    assert_snapshot!("another_account", many.screen());
    many.press(KeyCode::Esc);
    assert!(many.screen().contains("to #general as alice"), "{}", many.screen());
    assert!(!many.strip().contains('3'), "{}", many.strip());
    assert!(many.effects.iter().any(|(_, effect)| matches!(effect, Effect::CloseAccount)));
    for _ in 2..=ACCOUNTS_MAX {
        many.number('1');
        many.type_text("/account add");
        many.press(KeyCode::Enter);
    }
    assert!(many.status().contains("9 accounts are open"), "{}", many.status());
    assert!(many.strip().contains("9"), "{}", many.strip());
    many.number('9');
    assert!(many.screen().contains("Another account"), "a form does not keep one from going elsewhere");
}

#[test]
fn an_added_account_lives_beside_the_first() {
    let mut many = Many::start(80, 24);
    many.type_text("/account add");
    many.press(KeyCode::Enter);
    many.type_text("other.example.org");
    many.press(KeyCode::Enter);
    let three = AccountNo::numbered(2);
    let asked = many.effects.iter().any(|(no, effect)| {
        *no == three && matches!(effect, Effect::FindServer { address } if address == "other.example.org")
    });
    assert!(asked, "what is typed comes in the place of the offered address: {:?}", many.effects);
    many.net(three, Net::Server(Ok(server_info(RegistrationMode::Open, false))));
    many.net(three, Net::LoggedIn(Ok(user(ALICE, "alice"))));
    assert!(many.strip().contains("[3 ◌ alice@other.example.org]"), "{}", many.strip());
    let list = many.effects.iter().rev().find_map(|(_, effect)| match effect {
        Effect::Remember(list) => Some(list.iter().map(|one| (one.server.as_str(), one.is_front)).collect::<Vec<_>>()),
        _ => None,
    });
    let all =
        [("http://127.0.0.1:7420", false), ("https://chat.example.org", false), ("other.example.org", true)].to_vec();
    assert_eq!(list, Some(all));
}

#[test]
fn logging_in_twice_as_the_same_person_shows_the_account_that_is_there() {
    let mut many = Many::start(80, 24);
    many.type_text("/account add");
    many.press(KeyCode::Enter);
    many.press(KeyCode::Enter);
    let three = AccountNo::numbered(2);
    many.net(three, Net::Server(Ok(server_info(RegistrationMode::Open, false))));
    many.number('2');
    many.number('3');
    many.net(three, Net::LoggedIn(Ok(user(ALICE, "alice"))));
    assert!(many.screen().contains("to #general as alice"), "{}", many.screen());
    assert!(!many.strip().contains('3') && many.status().contains("already"), "{}", many.screen());
    assert!(many.effects.iter().any(|(no, effect)| *no == three && matches!(effect, Effect::EndSession)));
    many.net(three, Net::SessionOver { reason: String::new() });
    assert!(matches!(many.effects.last(), Some((no, Effect::CloseAccount)) if *no == three));
}

#[test]
fn logging_out_says_what_goes_and_never_drops_unsent_text_silently() {
    let mut many = Many::start(80, 24);
    many.number('2');
    many.net(two(), Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 5_000 });
    many.type_text("never sent");
    many.press(KeyCode::Enter);
    many.type_text("/account remove");
    many.press(KeyCode::Enter);
    assert_snapshot!("log_out_unsent", many.screen());
    many.press(KeyCode::Esc);
    assert!(many.screen().contains("never sent"), "{}", many.screen());
    many.type_text("/account remove");
    many.press(KeyCode::Enter);
    many.press(KeyCode::Enter);
    assert!(many.screen().contains("to #general"), "{}", many.screen());
    assert!(!many.screen().contains("[1"), "one account is left, and has no strip: {}", many.screen());
    assert!(many.effects.iter().any(|(no, effect)| *no == two() && matches!(effect, Effect::LogOut)));
    many.net(two(), Net::SessionOver { reason: String::new() });
    assert!(matches!(many.effects.last(), Some((no, Effect::CloseAccount)) if *no == two()));
    let left = many.effects.iter().rev().find_map(|(_, effect)| match effect {
        Effect::Remember(list) => Some(list.len()),
        _ => None,
    });
    assert_eq!(left, Some(1));
}

#[test]
fn leaving_asks_where_another_account_has_something_unsent() {
    let mut many = Many::start(80, 24);
    many.net(two(), Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 5_000 });
    many.number('2');
    many.type_text("never sent");
    many.press(KeyCode::Enter);
    many.number('1');
    many.ctrl('q');
    let screen = many.screen();
    assert!(screen.contains("2 bob@chat.example.org: 1 message(s) are not sent yet"), "{screen}");
    assert!(!many.effects.iter().any(|(_, effect)| matches!(effect, Effect::Quit)));
}

#[test]
fn an_account_that_fails_at_the_start_hides_none_of_the_others() {
    let (one, clock) = chat("http://127.0.0.1:7420", "alice", 80, 24);
    let mut failing = Play::start(80, 24, false).state;
    failing.server = "https://away.example.org".to_owned();
    failing.known_name = Some("carol".to_owned());
    let owner = Some((id(7), "carol".to_owned()));
    let accounts = Accounts::new(vec![(failing, owner), (one, None)], 1);
    let mut many = Many { accounts, effects: Vec::new(), clock };
    many.event(Event::Tick);
    assert_eq!(many.strip(), "1 ! carol@away.example.org [2 ● alice@127.0.0.1:7420]");
    many.type_text("still writing");
    assert_eq!(many.draft(), "still writing");
    // It is remembered although it could not be reached, and removed only when that is asked for.
    many.number('1');
    many.press(KeyCode::Esc);
    assert!(many.screen().contains("Log out?"), "{}", many.screen());
    many.press(KeyCode::Esc);
    many.number('2');
    assert_eq!(many.draft(), "still writing");
}

#[test]
fn sizes_and_themes_hold_for_all() {
    let mut many = Many::start(80, 24);
    many.event(Event::Resize { columns: 50, rows: 20 });
    many.ctrl('o');
    many.type_text("choose a theme");
    many.press(KeyCode::Enter);
    many.press(KeyCode::Down);
    many.number('2');
    assert!(many.strip().starts_with("[1"), "while themes are looked at, one stays: {}", many.strip());
    many.press(KeyCode::Enter);
    let theme = many.accounts.front().look.theme;
    many.number('2');
    let front = many.accounts.front();
    assert_eq!((front.columns, front.rows, front.look.theme), (50, 20, theme));
}

#[test]
fn one_account_has_no_keys_for_others() {
    let (one, clock) = chat("http://127.0.0.1:7420", "alice", 80, 30);
    let mut many = Many { accounts: Accounts::new(vec![(one, None)], 0), effects: Vec::new(), clock };
    many.number('2');
    many.alt(KeyCode::PageDown);
    many.type_text("/account 2");
    many.press(KeyCode::Enter);
    assert!(many.status().contains("There is no account 2 here"), "{}", many.status());
    assert!(!many.effects.iter().any(|(_, effect)| matches!(effect, Effect::Account(_))));
}

#[test]
fn accounts_are_named_by_number_name_or_server() {
    for (typed, place) in [("2", 1), ("bob", 1), ("@Bob", 1), ("chat.example.org", 1), ("bob@chat.example.org", 1)] {
        let mut many = Many::start(80, 24);
        many.type_text(&format!("/account {typed}"));
        many.press(KeyCode::Enter);
        assert_eq!(many.accounts.front_no(), AccountNo::numbered(place), "{typed}");
    }
    let mut many = Many::start(80, 24);
    many.type_text("/account");
    many.press(KeyCode::Enter);
    assert_snapshot!("accounts", many.screen());
}
