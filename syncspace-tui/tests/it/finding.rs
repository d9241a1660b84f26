//! Finding again what was said: searches with and without the server, pages, and the way back from all of them.

use std::time::Duration;

use syncspace_client::{Client, ClientError, CredentialStore};
use syncspace_protocol::channels::{CreateChannel, NewChannel};
use syncspace_protocol::links::Permalink;
use syncspace_protocol::messages::SendMessage;
use syncspace_protocol::search::SearchParams;
use syncspace_protocol::teams::CreateTeam;
use syncspace_protocol::{ChannelId, Seq, TeamId};
use syncspace_testkit::ServerProcess;
use syncspace_testkit::terminal::Key;

use crate::people::{Seat, alice_and_bob, sit_down_in};

/// What is typed is on disk after this at the latest.
const ON_DISK: Duration = Duration::from_secs(1);
/// Lists of channels are on disk after this at the latest.
const LISTS_ON_DISK: Duration = Duration::from_secs(6);

/// Keys as a terminal writes them.
const THREADS: &str = "\x1b[15~";
const MENTIONS: &str = "\x1b[17~";
const SAVED: &str = "\x1b[18~";
const SCHEDULED: &str = "\x1b[19~";
const ALT_LEFT: &str = "\x1b[1;3D";
const ALT_RIGHT: &str = "\x1b[1;3C";

/// Somebody's login, for what would take long to type.
struct Hand {
    client: Client,
    team: TeamId,
    general: ChannelId,
}

impl Hand {
    async fn of(seat: &Seat, server: &ServerProcess) -> Self {
        let store = CredentialStore::at(seat.folder.path().join("credentials.json"));
        let client = Client::with_credentials(server.url().parse().expect("an address"), store).expect("a client");
        let channel = client.resolve_channel("eng/general").await.expect("the channel").channel;
        Self { client, team: channel.team_id, general: channel.id }
    }

    async fn say(&self, text: &str) -> Seq {
        let message = SendMessage { content: text.to_owned(), ..SendMessage::default() };
        let mut sent = self.client.send_message(self.general, message.clone()).await;
        // Faster than people are: the server's limits hold here too.
        while let Some(wait) = sent.as_ref().err().and_then(ClientError::retry_after) {
            tokio::time::sleep(wait).await;
            sent = self.client.send_message(self.general, message.clone()).await;
        }
        sent.expect("sent").seq
    }

    /// Says many things, with one that is looked for in their middle; gives its place.
    async fn say_many(&self, count: u32, needle: (u32, &str)) -> Seq {
        let mut place = Seq::ZERO;
        for number in 1..=count {
            if number == needle.0 {
                place = self.say(needle.1).await;
            } else {
                self.say(&format!("number {number}")).await;
            }
        }
        place
    }

    async fn make_channel(&self, name: &str) {
        let new = NewChannel { name: name.parse().expect("a name"), description: None };
        self.client.create_channel(self.team, CreateChannel::Public(new)).await.expect("made");
    }
}

/// Searches, again and again until the index has it, and gives the page.
fn search(seat: &Seat, typed: &str, found: &str) -> String {
    seat.terminal.press(Key::Control('f'));
    seat.terminal.wait_for("Type what you look for.");
    seat.terminal.type_text(typed);
    loop {
        let screen = seat.terminal.wait_until(&format!("an answer to {typed}"), |screen| {
            screen.contains(found) || screen.contains("Nothing was found")
        });
        if screen.contains(found) {
            return screen;
        }
        seat.terminal.press(Key::Enter);
        seat.terminal.wait_until("the next answer", |screen| {
            !screen.contains("Searching") && (screen.contains(found) || screen.contains("Nothing was found"))
        });
    }
}

/// Has everything read, and starts the program again without its cache: of the channel it has the end alone.
fn with_the_end_alone(seat: Seat, server: &ServerProcess, last: &str) -> Seat {
    seat.terminal.wait_until("what was said", |screen| screen.contains(last) || screen.contains(" below"));
    seat.terminal.press(Key::Alt('r'));
    seat.terminal.wait_until("all of it read", |screen| {
        screen.contains("All of it is marked as read.") || screen.contains("Nothing is unread here.")
    });
    std::thread::sleep(ON_DISK);
    let folder = seat.kill();
    std::fs::remove_dir_all(folder.path().join("cache")).expect("a directory");
    let seat = sit_down_in("the same person again", &["--server", server.url()], folder);
    seat.terminal.wait_for(last);
    seat
}

/// The server finds what is not loaded here; it opens in context, and Esc leads back twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_opens_in_context_and_comes_back_to_the_line() {
    let (server, alice, bob) = alice_and_bob().await;
    Hand::of(&bob, &server).await.say_many(260, (40, "the needle, from bob")).await;
    let alice = with_the_end_alone(alice, &server, "number 260");
    alice.terminal.press(Key::Escape);
    alice.terminal.wait_for("▌ number 260");
    alice.terminal.press(Key::PageUp);
    let before = alice.terminal.wait_for_no("number 260");
    let listed = search(&alice, "needle from:@bob in:#general", "▌ the needle, from bob");
    assert!(listed.contains("↑ bob: number 39") && listed.contains("↓ bob: number 41"), "{listed}");
    alice.terminal.press(Key::Enter);
    let context = alice.terminal.wait_until("the message in context", |screen| {
        screen.contains("▌ the needle") && screen.contains("number 38") && screen.contains("number 42")
    });
    assert!(context.contains("to #general"), "{context}");
    alice.terminal.press(Key::Escape);
    alice.terminal.wait_for("/ needle from:@bob in:#general");
    assert!(alice.terminal.screen().contains("▌ the needle, from bob"));
    alice.terminal.press(Key::Escape);
    let first = |screen: &str| {
        screen.lines().find_map(|line| line.split("number ").nth(1)).map(str::trim_end).map(str::to_owned)
    };
    alice.terminal.wait_until("the line that was read", |screen| {
        screen.contains("to #general") && first(screen) == first(&before)
    });
}

/// Pain: no client of the kind finds anything without its server.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_without_the_server_finds_what_is_kept_and_says_so() {
    let (server, alice, bob) = alice_and_bob().await;
    alice.say("the cache key changed with the lock file");
    bob.say("restart the runner, then it works");
    alice.terminal.wait_for("restart the runner");
    std::thread::sleep(ON_DISK);
    drop(server);
    alice.terminal.wait_for("○ offline");
    alice.terminal.enter("/search from:bob runner");
    let screen = alice.terminal.wait_for("only what is kept here");
    assert!(screen.contains("▌ restart the runner, then it works"), "{screen}");
    assert!(screen.contains("· 1 found ·"), "one alone: {screen}");
    alice.terminal.press(Key::Enter);
    alice.terminal.wait_until("the message in context", |screen| {
        screen.contains("▌ restart the runner") && screen.contains("to #general (sent once online)")
    });
    alice.terminal.press(Key::Escape);
    alice
        .terminal
        .wait_until("the page", |screen| screen.contains("/ from:bob runner") && !screen.contains("to #general"));
    // What is wrong is said without a server, too.
    alice.terminal.type_text(" has:links");
    alice.terminal.wait_for("write has:link or has:file");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_goes_back_and_forward_also_after_a_kill() {
    let (server, alice, _bob) = alice_and_bob().await;
    let hand = Hand::of(&alice, &server).await;
    for name in ["random", "design"] {
        hand.make_channel(name).await;
        alice.terminal.wait_for(&format!("#{name}"));
        alice.terminal.press(Key::Control('k'));
        alice.terminal.wait_for("Go to");
        alice.terminal.enter(name);
        alice.terminal.wait_for(&format!("to #{name} ─"));
    }
    alice.terminal.type_text(ALT_LEFT);
    alice.terminal.wait_for("to #random ─");
    std::thread::sleep(LISTS_ON_DISK);
    let folder = alice.kill();
    let alice = sit_down_in("alice again", &["--server", server.url()], folder);
    alice.terminal.wait_for("to #random ─");
    alice.terminal.type_text(ALT_LEFT);
    alice.terminal.wait_for("to #general ─");
    alice.terminal.type_text(ALT_RIGHT);
    alice.terminal.wait_for("to #random ─");
    alice.terminal.type_text(ALT_RIGHT);
    alice.terminal.wait_for("to #design ─");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permalink_to_what_is_not_loaded_opens_there_and_back_leads_home() {
    let (server, alice, bob) = alice_and_bob().await;
    let hand = Hand::of(&bob, &server).await;
    let seq = hand.say_many(260, (30, "this is what I meant")).await;
    let link = Permalink { team_id: hand.team, channel_id: hand.general, seq };
    hand.say(&format!("see {link}")).await;
    let alice = with_the_end_alone(alice, &server, "see syncspace://");
    alice.terminal.press(Key::Escape);
    alice.terminal.wait_for("▌ see syncspace://");
    alice.terminal.type_text("o");
    alice.terminal.wait_until("the message in context", |screen| {
        screen.contains("▌ this is what I meant") && screen.contains("number 28") && screen.contains("number 32")
    });
    alice.terminal.type_text(ALT_LEFT);
    alice.terminal.wait_for("see syncspace://");
}

#[tokio::test(flavor = "multi_thread")]
async fn threads_stand_unread_first_and_are_read_once_opened() {
    let (_server, alice, bob) = alice_and_bob().await;
    alice.say("shall we move the standup?");
    bob.terminal.wait_for("shall we move the standup?");
    bob.terminal.press(Key::Escape);
    bob.terminal.wait_for("▌ shall we move");
    bob.terminal.type_text("r");
    bob.terminal.wait_for("reply in thread");
    bob.terminal.enter("yes, to ten");
    alice.terminal.wait_for("↳ 1 reply");
    alice.terminal.type_text(THREADS);
    alice.terminal.wait_until("the unread thread", |screen| {
        screen.contains("● 1 new") && screen.contains("▌ shall we move the standup?")
    });
    alice.terminal.press(Key::Enter);
    // Once in the channel, and once in the thread.
    alice.terminal.wait_until("the open thread", |screen| {
        screen.contains("Thread in #general") && screen.matches("yes, to ten").count() == 2
    });
    alice.terminal.press(Key::Escape);
    let read = |screen: &str| screen.contains("threads you follow") && !screen.contains("● 1 new");
    alice.terminal.wait_until("the thread, read", read);
    // It is found by its words as well.
    alice.terminal.press(Key::Control('k'));
    alice.terminal.wait_for("Go to");
    alice.terminal.type_text("standup");
    alice.terminal.wait_for("↳ shall we move the standup?");
    alice.terminal.press(Key::Enter);
    alice.terminal.wait_for("reply in thread");
}

#[tokio::test(flavor = "multi_thread")]
async fn mentions_are_a_page_also_of_what_was_not_seen() {
    let (_server, alice, bob) = alice_and_bob().await;
    // Her window is behind others: nothing is read meanwhile.
    alice.terminal.type_text("\x1b[O");
    bob.say("@alice have a look at the build");
    bob.say("and nobody else");
    alice.terminal.wait_for("and nobody else");
    alice.terminal.type_text(MENTIONS);
    loop {
        let screen = alice.terminal.wait_until("an answer", |screen| {
            screen.contains("have a look at the build") || screen.contains("Nobody has called you yet")
        });
        if screen.contains("● new") {
            assert!(!screen.contains("and nobody else\n▌"), "{screen}");
            break;
        }
        // The index may be a moment behind.
        alice.terminal.type_text("r");
    }
    alice.terminal.press(Key::Enter);
    alice.terminal.wait_until("the message in context", |screen| {
        screen.contains("to #general") && screen.contains("and nobody else")
    });
    alice.terminal.press(Key::Escape);
    alice.terminal.wait_for("Messages that call you");
}

#[tokio::test(flavor = "multi_thread")]
async fn saved_messages_are_kept_in_a_page_and_taken_off() {
    let (_server, alice, bob) = alice_and_bob().await;
    bob.say("how to restart the runner");
    alice.terminal.wait_for("how to restart the runner");
    alice.terminal.press(Key::Escape);
    alice.terminal.wait_for("▌ how to restart");
    alice.terminal.type_text("s");
    alice.terminal.wait_for("Saved.");
    alice.terminal.type_text(SAVED);
    alice.terminal.wait_for("messages you saved");
    alice.terminal.wait_for("▌ how to restart the runner");
    alice.terminal.type_text("d");
    alice.terminal.wait_for("Nothing is saved yet. Press s on a message");
    // A reminder with a note.
    alice.terminal.press(Key::Escape);
    alice.terminal.wait_for("▌ how to restart");
    alice.terminal.type_text("R");
    alice.terminal.wait_for("Remind me");
    alice.terminal.enter("20m ask bob");
    alice.terminal.wait_for("You will be reminded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_message_is_edited_moved_and_sent() {
    let (_server, alice, bob) = alice_and_bob().await;
    alice.terminal.enter("/later 3h good afternon");
    alice.terminal.wait_for("It will be sent");
    alice.terminal.type_text(SCHEDULED);
    alice.terminal.wait_for("▌ good afternon");
    alice.terminal.type_text("e");
    alice.terminal.wait_for("Enter saves");
    (0..2).for_each(|_| alice.terminal.press(Key::Backspace));
    alice.terminal.type_text("oon");
    // Left and taken up again: nothing typed is lost.
    alice.terminal.press(Key::Escape);
    alice.terminal.wait_for("changed, not saved");
    alice.terminal.type_text("e");
    alice.terminal.wait_for("Enter saves");
    alice.terminal.press(Key::Enter);
    alice
        .terminal
        .wait_until("the new text", |screen| screen.contains("▌ good afternoon") && !screen.contains("not saved"));
    alice.terminal.type_text("t");
    alice.terminal.wait_for("Send later");
    alice.terminal.enter("2 d");
    alice.terminal.wait_for("It will be sent");
    alice.terminal.type_text("s");
    alice.terminal.wait_for("Nothing waits to be sent.");
    bob.terminal.wait_for("good afternoon");
    alice.terminal.press(Key::Escape);
    alice.terminal.wait_for("good afternoon");
}

/// Pains 5 and 16: what was typed is lost, and without a server there is nothing.
#[tokio::test(flavor = "multi_thread")]
async fn pages_show_what_was_read_and_typed_after_a_kill_without_a_server() {
    let (server, alice, bob) = alice_and_bob().await;
    bob.say("how to restart the runner");
    alice.terminal.wait_for("how to restart the runner");
    alice.terminal.press(Key::Escape);
    alice.terminal.wait_for("▌ how to restart");
    alice.terminal.type_text("s");
    alice.terminal.wait_for("Saved.");
    alice.terminal.type_text(SAVED);
    // The same message is marked in the channel: what tells them apart is awaited.
    alice.terminal.wait_for("1 message");
    alice.terminal.press(Key::Escape);
    alice.terminal.wait_for("to #general");
    alice.terminal.type_text("i");
    alice.terminal.wait_for("Write a message");
    alice.terminal.enter("/later 3h good afternoon");
    alice.terminal.wait_for("It will be sent");
    alice.terminal.type_text(SCHEDULED);
    alice.terminal.wait_for("▌ good afternoon");
    alice.terminal.type_text("e");
    alice.terminal.wait_for("Enter saves");
    alice.terminal.type_text(" to all");
    alice.terminal.wait_for("good afternoon to all");
    std::thread::sleep(LISTS_ON_DISK);
    let (folder, url) = (alice.kill(), server.url().to_owned());
    drop(server);
    let alice = sit_down_in("alice again", &["--server", &url], folder);
    alice.terminal.wait_for("○ offline");
    alice.terminal.type_text(SAVED);
    alice.terminal.wait_until("the saved message, kept", |screen| {
        screen.contains("only what is kept here, as of") && screen.contains("▌ how to restart the runner")
    });
    alice.terminal.type_text(SCHEDULED);
    alice.terminal.wait_for("→ good afternoon to all");
}

/// Tab makes whole what was begun, and Alt+G asks the other team as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_of_all_teams_with_completed_filters() {
    let (server, alice, bob) = alice_and_bob().await;
    let hand = Hand::of(&bob, &server).await;
    hand.say("the needle of eng").await;
    let store = CredentialStore::at(alice.folder.path().join("credentials.json"));
    let client = Client::with_credentials(server.url().parse().expect("an address"), store).expect("a client");
    let new = CreateTeam { name: "ops".parse().expect("a name"), description: None, is_public: false };
    let ops = client.create_team(new).await.expect("made");
    let new = NewChannel { name: "pager".parse().expect("a name"), description: None };
    let pager = client.create_channel(ops.team.id, CreateChannel::Public(new)).await.expect("made");
    let message = SendMessage { content: "the needle of ops".to_owned(), ..SendMessage::default() };
    client.send_message(pager.channel.id, message).await.expect("sent");
    let params = SearchParams {
        q: "needle".to_owned(),
        team_id: ops.team.id,
        sort: None,
        time_zone: None,
        cursor: None,
        limit: None,
    };
    // The index may be a moment behind.
    while client.search(params.clone()).await.expect("an answer").items.is_empty() {
        tokio::task::yield_now().await;
    }
    alice.terminal.wait_for("ops");
    search(&alice, "needle", "▌ the needle of eng");
    alice.terminal.press(Key::Alt('g'));
    alice.terminal.wait_until("both", |screen| {
        screen.contains("2 found · all teams") && screen.contains("ops / #pager") && screen.contains("eng / #general")
    });
    alice.terminal.type_text(" from:b");
    alice.terminal.wait_for("Tab takes it");
    alice.terminal.press(Key::Tab);
    alice.terminal.wait_until("one alone", |screen| {
        screen.contains("/ needle from:@bob") && screen.contains("1 found · all teams") && !screen.contains("#pager")
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_into_the_search_and_picked_as_a_theme_outlives_a_kill() {
    let (server, alice, _bob) = alice_and_bob().await;
    alice.terminal.enter("/theme monochrome");
    alice.terminal.wait_for("It stays so for this account on this machine.");
    alice.terminal.press(Key::Control('f'));
    alice.terminal.wait_for("Type what you look for.");
    alice.terminal.type_text("half a query");
    alice.terminal.wait_for("/ half a query");
    std::thread::sleep(ON_DISK);
    let folder = alice.kill();
    let alice = sit_down_in("alice again", &["--server", server.url()], folder);
    alice.terminal.wait_for("to #general");
    alice.terminal.press(Key::Control('f'));
    alice.terminal.wait_for("/ half a query");
    alice.terminal.press(Key::Escape);
    alice.terminal.wait_for("Write a message");
    alice.terminal.enter("/theme");
    // The list stands at the theme that holds.
    let screen = alice.terminal.wait_for("high-contrast");
    assert!(screen.contains("monochrome"), "{screen}");
    let colours = String::from_utf8_lossy(&alice.terminal.written()).into_owned();
    assert!(!colours.contains("\x1b[38;"), "no colour is written");
}
