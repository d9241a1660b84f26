//! One terminal with several accounts, on one server and on several.

use std::process::Command;
use std::time::Duration;

use syncspace_testkit::terminal::Key;
use syncspace_testkit::{Proxy, ServerProcess};
use tempfile::TempDir;

use crate::people::{Seat, sit_down, sit_down_in};

/// What is typed is on disk after this at the latest.
const ON_DISK: Duration = Duration::from_secs(1);

/// Gives the address of a server as people write it.
fn host(url: &str) -> &str {
    url.trim_start_matches("http://").trim_end_matches('/')
}

/// Adds an account on a server, up to the choice of a team.
fn add_account(seat: &Seat, url: &str, username: &str) {
    seat.terminal.enter("/account add");
    seat.terminal.wait_for("Another account");
    seat.terminal.enter(url);
    seat.register(username);
}

/// Gives the first line of the screen.
fn strip(screen: &str) -> &str {
    screen.lines().next().unwrap_or_default().trim_end()
}

fn wait_for_strip(seat: &Seat, what: &str) -> String {
    seat.terminal.wait_until(&format!("{what:?} in the first line"), |screen| strip(screen).contains(what))
}

/// Goes to an account by its number, and waits until it is in front.
fn show(seat: &Seat, number: char) {
    seat.terminal.press(Key::Alt(number));
    wait_for_strip(seat, &format!("[{number} "));
}

fn kill(seat: Seat) -> TempDir {
    let Seat { mut terminal, folder } = seat;
    let pid = terminal.pid().expect("it runs").to_string();
    assert!(Command::new("kill").args(["-9", &pid]).status().expect("kill runs").success());
    terminal.wait_for_end();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn one_terminal_chats_on_two_servers_at_once() {
    let (here, there) = tokio::join!(ServerProcess::start(&[]), ServerProcess::start(&[]));
    let bob = sit_down("bob", &["--server", there.url()]);
    bob.register("bob");
    bob.make_team();
    let alice = sit_down("alice", &["--server", here.url()]);
    alice.register("alice");
    alice.make_team();
    assert!(!strip(&alice.terminal.screen()).contains("[1"), "one account has no strip");
    alice.say("to the first server");
    add_account(&alice, there.url(), "ally");
    alice.join_team();
    alice.say("to the second server");
    bob.terminal.wait_for("to the second server");
    show(&alice, '1');
    let screen = alice.terminal.wait_for("to the first server");
    assert!(!screen.contains("to the second server"), "{screen}");
    assert!(screen.contains(&format!("as alice@{}", host(here.url()))), "{screen}");
    // What comes behind is counted in its mark, and is there when one looks.
    bob.say("are you there, ally?");
    wait_for_strip(&alice, &format!("2 ● ally@{} 1", host(there.url())));
    alice.terminal.press(Key::Alt('a'));
    let screen = alice.terminal.wait_for("are you there, ally?");
    assert!(strip(&screen).contains("[2 ● ally"), "{screen}");
    alice.terminal.wait_until("it is read", |screen| strip(screen).ends_with(']'));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_of_one_server_see_each_other() {
    let server = ServerProcess::start(&[]).await;
    let seat = sit_down("alice and bob", &["--server", server.url()]);
    seat.register("alice");
    seat.make_team();
    seat.terminal.enter("/account add");
    seat.terminal.wait_for("Another account");
    // The same server is offered.
    seat.terminal.press(Key::Enter);
    seat.register("bob");
    seat.join_team();
    seat.say("bob was here");
    seat.terminal.press(Key::Alt('1'));
    seat.terminal.wait_for("to #general as alice");
    let screen = seat.terminal.wait_for("bob was here");
    assert!(strip(&screen).contains("[1 ● alice"), "{screen}");
    seat.say("and alice");
    // Both logins are kept, each in its file.
    let folder = kill(seat);
    for file in ["credentials.json", "credentials+2.json"] {
        assert!(folder.path().join(file).exists(), "{file}");
    }
    // The second name for the same person shows the account that is there.
    let seat = sit_down_in("both again", &["--server", server.url()], folder);
    wait_for_strip(&seat, "2 ● bob");
    seat.terminal.enter("/account add");
    seat.terminal.wait_for("Another account");
    seat.terminal.press(Key::Enter);
    seat.terminal.wait_for("(•) Make a new account");
    seat.terminal.press(Key::Up);
    seat.terminal.press(Key::Down);
    seat.terminal.wait_for("(•) Log in");
    for text in ["bob", "correct horse battery"] {
        seat.terminal.enter(text);
    }
    seat.terminal.wait_for("logged in to this account already");
    let screen = wait_for_strip(&seat, "[2 ● bob");
    assert!(strip(&screen).ends_with(']'), "{screen}");
    seat.say("still logged in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_stops_none_of_the_others() {
    let (here, there) = tokio::join!(ServerProcess::start(&[]), ServerProcess::start(&[]));
    let (mut line, url) = Proxy::before(there.url()).await;
    let seat = sit_down("alice", &["--server", here.url()]);
    seat.register("alice");
    seat.make_team();
    add_account(&seat, &url, "ally");
    seat.make_team();
    line.cut().await;
    wait_for_strip(&seat, "[2 ○ ally");
    // What is sent there waits there.
    seat.terminal.enter("for when it is back");
    seat.terminal.wait_for("waiting for the connection");
    show(&seat, '1');
    seat.say("the first one goes on");
    std::thread::sleep(ON_DISK);
    // Also a start does not wait for it.
    let folder = kill(seat);
    let seat = sit_down_in("alice again", &["--server", here.url()], folder);
    let screen = seat.terminal.wait_for("the first one goes on");
    assert!(strip(&screen).contains("[1 "), "{screen}");
    seat.say("without the second");
    wait_for_strip(&seat, "2 ○ ally");
    line.restore().await;
    wait_for_strip(&seat, "2 ● ally");
    show(&seat, '2');
    seat.terminal.wait_until("it went out", |screen| {
        screen.contains("for when it is back") && !screen.contains("waiting for the connection")
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_brings_all_accounts_back_with_their_drafts() {
    let (here, there) = tokio::join!(ServerProcess::start(&[]), ServerProcess::start(&[]));
    let seat = sit_down("alice", &["--server", here.url()]);
    seat.register("alice");
    seat.make_team();
    seat.terminal.type_text("half a thought here");
    seat.terminal.wait_for("half a thought here");
    // Added with a key of the list, for the composer is not empty.
    seat.terminal.press(Key::Control('o'));
    seat.terminal.wait_for("Go to");
    seat.terminal.enter("add an account");
    seat.terminal.wait_for("Another account");
    seat.terminal.enter(there.url());
    seat.register("ally");
    seat.make_team();
    seat.terminal.type_text("another one there");
    seat.terminal.wait_for("another one there");
    std::thread::sleep(ON_DISK);
    let folder = kill(seat);

    // Without a word on the command line the one comes to the front that was there.
    let seat = sit_down_in("alice again", &[], folder);
    seat.terminal.wait_for("another one there");
    wait_for_strip(&seat, "[2 ● ally");
    wait_for_strip(&seat, "1 ● alice");
    seat.terminal.press(Key::Alt('1'));
    let screen = seat.terminal.wait_for("half a thought here");
    assert!(!screen.contains("another one there"), "{screen}");
    let folder = kill(seat);

    // A named server is in front; alone it is alone, and the other one is not forgotten.
    let seat = sit_down_in("alice alone", &["--server", here.url(), "--alone"], folder);
    let screen = seat.terminal.wait_for("half a thought here");
    seat.terminal.wait_for("● online");
    assert!(!strip(&screen).contains("[1"), "{screen}");
    std::thread::sleep(ON_DISK);
    let folder = kill(seat);
    let seat = sit_down_in("alice with all", &["--server", here.url()], folder);
    wait_for_strip(&seat, "[1 ● alice");
    wait_for_strip(&seat, "2 ● ally");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_removed_with_all_that_was_kept_of_it() {
    let (here, there) = tokio::join!(ServerProcess::start(&[]), ServerProcess::start(&[]));
    let seat = sit_down("alice", &["--server", here.url()]);
    seat.register("alice");
    seat.make_team();
    seat.say("this one stays");
    add_account(&seat, there.url(), "ally");
    seat.make_team();
    seat.say("this one goes");
    std::thread::sleep(ON_DISK);
    let files = |seat: &Seat| std::fs::read_dir(seat.folder.path().join("cache")).expect("a directory").count();
    let before = files(&seat);
    seat.terminal.enter("/account remove");
    let screen = seat.terminal.wait_for("Log out?");
    assert!(screen.contains(&format!("ally@{}", host(there.url()))), "{screen}");
    seat.terminal.press(Key::Escape);
    seat.terminal.wait_for_no("Log out?");
    seat.terminal.enter("/account remove");
    seat.terminal.wait_for("Log out?");
    seat.terminal.press(Key::Enter);
    let screen = seat.terminal.wait_for("this one stays");
    assert!(!strip(&screen).contains("[1"), "{screen}");
    std::thread::sleep(ON_DISK);
    assert!(files(&seat) < before, "its messages are gone from this device");
    let logins = std::fs::read_to_string(seat.folder.path().join("credentials.json")).expect("the logins");
    assert!(logins.contains("alice") && !logins.contains("ally"), "its login is gone, the other one is not");
    let folder = kill(seat);
    let seat = sit_down_in("alice again", &[], folder);
    let screen = seat.terminal.wait_for("this one stays");
    assert!(!strip(&screen).contains("[1"), "{screen}");
    seat.say("and goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_from_behind_names_its_account_and_leads_there() {
    let (here, there) = tokio::join!(ServerProcess::start(&[]), ServerProcess::start(&[]));
    let bob = sit_down("bob", &["--server", there.url()]);
    bob.register("bob");
    bob.make_team();
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join(".config/syncspace/tui.toml");
    std::fs::create_dir_all(config.parent().expect("a folder")).expect("made");
    std::fs::write(&config, "[notifications]\nvia = ['osc9']\n").expect("written");
    let seat = sit_down_in("alice", &["--server", here.url()], folder);
    seat.register("alice");
    seat.make_team();
    add_account(&seat, there.url(), "ally");
    seat.join_team();
    show(&seat, '1');
    bob.say("@ally lunch?");
    let screen = seat.terminal.wait_for("2 ally (Alt+N): bob in #general: @ally lunch?");
    assert!(strip(&screen).contains("@1 1"), "{screen}");
    // The terminal is told, too, whose it is: in the notification, and by the number in the title.
    seat.terminal.wait_for_written(&format!("\x1b]9;bob in #general · ally@{}", host(there.url())), 0);
    seat.terminal.wait_for_written("\x1b]2;(1) SyncSpace", 0);
    seat.terminal.press(Key::Alt('n'));
    let screen = wait_for_strip(&seat, "[2 ● ally");
    assert!(screen.contains("to #general as ally") && screen.contains("@ally lunch?"), "{screen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_session_asks_for_itself_alone() {
    let (here, there) = tokio::join!(ServerProcess::start(&[]), ServerProcess::start(&[]));
    let seat = sit_down("alice", &["--server", here.url()]);
    seat.register("alice");
    seat.make_team();
    add_account(&seat, there.url(), "ally");
    seat.make_team();
    seat.say("before the end");
    std::thread::sleep(ON_DISK);
    show(&seat, '1');
    // A device that changes the password logs all others out.
    let device = syncspace_client::Client::new(there.url().parse().expect("an address")).expect("a client");
    let password = |text: &str| syncspace_protocol::auth::Secret(text.to_owned());
    let login = syncspace_protocol::auth::Login {
        username: "ally".to_owned(),
        password: password("correct horse battery"),
        device_name: None,
    };
    device.login(login).await.expect("logged in");
    let change = syncspace_protocol::auth::ChangePassword {
        current_password: password("correct horse battery"),
        new_password: "another horse battery".parse().expect("a password"),
    };
    device.change_password(change).await.expect("changed");
    seat.terminal.wait_for("Go there to log in again");
    let screen = wait_for_strip(&seat, "2 ! ally");
    assert!(strip(&screen).contains("[1 ● alice"), "{screen}");
    seat.say("the first one goes on");
    // The next start knows of it, too, and asks for the password alone.
    let folder = kill(seat);
    let seat = sit_down_in("alice again", &["--server", here.url()], folder);
    wait_for_strip(&seat, "[1 ● alice");
    wait_for_strip(&seat, "2 ! ally");
    show(&seat, '2');
    seat.terminal.wait_for("Log in again");
    seat.terminal.press(Key::Enter);
    seat.terminal.wait_for("(•) Log in");
    seat.terminal.enter("correct horse battery");
    seat.terminal.wait_for("No account has this name and this password");
    seat.terminal.enter("another horse battery");
    seat.terminal.wait_for("before the end");
    wait_for_strip(&seat, "[2 ● ally");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_reader_hears_which_account_is_in_front() {
    let server = ServerProcess::start(&[]).await;
    let seat = sit_down("alice and bob", &["--server", server.url()]);
    seat.register("alice");
    seat.make_team();
    seat.terminal.enter("/account add");
    seat.terminal.wait_for("Another account");
    seat.terminal.press(Key::Enter);
    seat.register("bob");
    seat.join_team();
    seat.say("written by bob");
    // Leaving writes down what is known in all accounts.
    let Seat { mut terminal, folder } = seat;
    terminal.press(Key::Control('q'));
    assert_eq!(terminal.wait_for_end(), 0);
    let seat = sit_down_in("a reader", &["--screen-reader"], folder);
    let host = host(server.url());
    seat.terminal.wait_for(&format!("Account 2, bob@{host}."));
    seat.terminal.wait_for("you: written by bob");
    seat.terminal.press(Key::Alt('1'));
    seat.terminal.wait_for(&format!("Account 1, alice@{host}."));
    seat.terminal.wait_for("bob: written by bob");
}
