//! Messages and the composer in real terminals: pastes, an editor, what one does to a message and another sees.

use std::os::unix::fs::PermissionsExt;

use syncspace_testkit::ServerProcess;
use syncspace_testkit::terminal::Key;

use crate::people::{Seat, alice, alice_and_bob, sit_down_with};

fn lines(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("pasted line {number} with d, q and y")).collect()
}

#[tokio::test]
async fn pain_4_a_paste_of_200_lines_sends_nothing_and_runs_no_key() {
    let (_server, alice) = alice().await;
    for (is_bracketed, is_in_list) in [(true, false), (false, false), (true, true), (false, true)] {
        if is_in_list {
            alice.terminal.press(Key::Escape);
        }
        let pasted = lines(200).join("\r");
        let pasted = if is_bracketed { format!("\x1b[200~{pasted}\x1b[201~") } else { pasted };
        alice.terminal.type_text(&pasted);
        alice.terminal.wait_for("pasted line 200 with d, q and y");
        let screen = alice.terminal.wait_for("200 lines");
        assert!(!screen.contains("sending") && screen.contains("The beginning of #general"), "{screen}");
        // One step takes all of it back.
        alice.terminal.press(Key::Control('z'));
        alice.terminal.wait_for_no("pasted line");
    }
    alice.say("typed after all of them");
    let screen = alice.terminal.screen();
    assert!(!screen.contains("pasted line"), "{screen}");
}

#[tokio::test]
async fn a_long_paste_goes_out_as_code_by_one_key() {
    let (_server, alice, bob) = alice_and_bob().await;
    let pasted: String = (1..=25).map(|number| format!("let x{number} = {number};\r")).collect();
    alice.terminal.type_text(&format!("\x1b[200~{pasted}\x1b[201~"));
    alice.terminal.wait_for("Alt+P sends it as code");
    alice.terminal.press(Key::Alt('p'));
    bob.terminal.wait_for("│ let x25 = 25;");
}

#[tokio::test]
async fn what_one_does_to_a_message_the_other_sees_live() {
    let (_server, alice, bob) = alice_and_bob().await;
    alice.terminal.enter("ship **it** today");
    bob.terminal.wait_for("ship it today");
    bob.terminal.press(Key::Escape);
    bob.terminal.wait_for("▌");
    bob.terminal.type_text("a");
    bob.terminal.wait_for("React with");
    bob.terminal.type_text("tada");
    bob.terminal.wait_for("🎉 tada");
    bob.terminal.press(Key::Enter);
    alice.terminal.wait_for("🎉 1");
    alice.terminal.press(Key::Escape);
    alice.terminal.wait_for("▌");
    alice.terminal.type_text("+");
    bob.terminal.wait_for("🎉 2");
    alice.terminal.type_text("p");
    bob.terminal.wait_for("pinned by alice");
    alice.terminal.type_text("p");
    bob.terminal.wait_for_no("pinned by alice");
    alice.terminal.type_text("e");
    alice.terminal.wait_for("edit in #general");
    alice.terminal.type_text(", or tomorrow");
    alice.terminal.wait_for("today, or tomorrow");
    alice.terminal.press(Key::Enter);
    bob.terminal.wait_for("ship it today, or tomorrow");
    bob.terminal.type_text("h");
    bob.terminal.wait_for("What alice wrote");
    bob.terminal.press(Key::Escape);
    alice.terminal.press(Key::Escape);
    alice.terminal.wait_for("▌");
    alice.terminal.type_text("d");
    alice.terminal.wait_for("Delete this message?");
    alice.terminal.type_text("y");
    bob.terminal.wait_for("message deleted");
}

#[tokio::test]
async fn pain_8_what_is_copied_goes_to_the_terminal_and_is_called_sent() {
    let (_server, alice) = alice().await;
    alice.say("copy me");
    alice.terminal.press(Key::Escape);
    alice.terminal.wait_for("▌");
    alice.terminal.type_text("y");
    let screen = alice.terminal.wait_for("sent to the terminal's clipboard, 7 characters.");
    assert!(!screen.to_lowercase().contains("copied"), "{screen}");
    // "copy me" in base64.
    let written = String::from_utf8_lossy(&alice.terminal.written()).into_owned();
    assert!(written.contains("\x1b]52;c;Y29weSBtZQ=="), "OSC 52 was written");
}

/// Sits Alice down with an editor that is a script.
async fn with_editor(script: &str) -> (ServerProcess, Seat) {
    let server = ServerProcess::start(&[]).await;
    let folder = tempfile::tempdir().expect("a folder");
    let editor = folder.path().join("editor.sh");
    std::fs::write(&editor, format!("#!/bin/sh\n{script}\n")).expect("a script");
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o700)).expect("it can be run");
    let editor = editor.to_str().expect("a plain name").to_owned();
    let alice = sit_down_with("alice", &["--server", server.url()], folder, &[("EDITOR", &editor)]);
    alice.register("alice");
    alice.make_team();
    (server, alice)
}

#[tokio::test]
async fn a_draft_is_written_in_an_editor() {
    let (_server, mut alice) =
        with_editor("cat \"$1\"; printf 'EDITING\\r\\n'; read answer; echo \" and more\" >> \"$1\"").await;
    alice.terminal.type_text("begun");
    alice.terminal.wait_for("begun");
    alice.terminal.press(Key::Alt('k'));
    alice.terminal.wait_for("EDITING");
    assert!(alice.terminal.is_restored(), "the editor has the terminal as the shell gives it");
    alice.terminal.enter("");
    alice.terminal.wait_for("to #general");
    alice.terminal.wait_for("begun and more");
    // One step takes back what the editor did.
    alice.terminal.press(Key::Control('z'));
    alice.terminal.wait_for_no("and more");
    assert!(alice.composer().contains("begun"), "{}", alice.terminal.screen());
    alice.terminal.type_text(" and more");
    alice.terminal.wait_for("begun and more");
    assert!(!alice.terminal.is_restored(), "it is taken again");
    alice.say(", and sent");
    alice.terminal.press(Key::Control('q'));
    assert_eq!(alice.terminal.wait_for_end(), 0);
    assert!(alice.terminal.is_restored());
}

#[tokio::test]
async fn an_editor_that_crashes_loses_nothing_and_leaves_the_terminal_usable() {
    let crash = "printf '\\033[?1049h\\033[?2004h\\033[?1003h\\033[?25l'; stty raw -echo; kill -9 $$";
    let (_server, mut alice) = with_editor(crash).await;
    alice.terminal.type_text("precious");
    alice.terminal.wait_for("precious");
    alice.terminal.press(Key::Alt('k'));
    alice.terminal.wait_for("The draft is as it was");
    alice.terminal.wait_for("precious");
    alice.say(" words");
    alice.terminal.press(Key::Control('q'));
    assert_eq!(alice.terminal.wait_for_end(), 0);
    assert!(alice.terminal.is_restored(), "nothing of the editor is left");
}

#[tokio::test]
async fn names_are_completed_and_commands_run() {
    let (_server, alice, bob) = alice_and_bob().await;
    alice.terminal.type_text("hi @bo");
    alice.terminal.wait_for("Tab takes it");
    alice.terminal.press(Key::Tab);
    alice.terminal.wait_for("hi @bob");
    alice.terminal.press(Key::Enter);
    bob.terminal.wait_for("hi @bob");
    alice.terminal.enter("/topic shipping");
    alice.terminal.wait_for("The channel was changed.");
}
