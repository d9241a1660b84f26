//! Programs of this machine that copy and open, on threads of their own: none of them makes the screen wait.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::app::Net;
use crate::app::host::Host;
use crate::app::message::Here;
use crate::news::News;
use crate::outside::images::takes_images;
use crate::outside::links::takes_links;

/// A program that has not taken the text by then is given up.
const PROGRAM_WAIT: Duration = Duration::from_secs(2);
/// Between two looks at a program.
const PROGRAM_LOOK: Duration = Duration::from_millis(20);

type Program = (&'static str, &'static [&'static str]);

/// Finds out where the program runs.
pub(crate) fn find() -> Host {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    Host {
        is_remote: ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"].into_iter().any(is_set),
        is_in_tmux: is_set("TMUX"),
        takes_links: takes_links(|name| std::env::var(name).ok()),
        takes_images: takes_images(|name| std::env::var(name).ok()),
    }
}

/// Gives a text to a clipboard program, where the person sits here and there is one. The terminal got it already.
pub(crate) fn copy(text: String, answers: News) {
    if find().is_remote {
        return;
    }
    let programs = copy_programs();
    spawn("copy", move || {
        let taken = programs.into_iter().find(|program| run(*program, &[], Some(&text)));
        if let Some((by, _)) = taken {
            let _heard = answers.blocking_send(Net::Here(Here::Copied { by }));
        }
    });
}

/// Opens an address.
pub(crate) fn open(url: String, answers: News) {
    let programs: &[Program] = if cfg!(target_os = "macos") { &[("open", &[])] } else { &[("xdg-open", &[])] };
    spawn("open", move || {
        if !programs.iter().any(|program| run(*program, &[&url], None)) {
            let _heard = answers.blocking_send(Net::Here(Here::NotOpened { url }));
        }
    });
}

fn copy_programs() -> Vec<Program> {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let mut programs: Vec<Program> = Vec::new();
    if cfg!(target_os = "macos") {
        programs.push(("pbcopy", &[]));
    }
    if is_set("WAYLAND_DISPLAY") {
        programs.push(("wl-copy", &["--type", "text/plain;charset=utf-8"]));
    }
    if is_set("DISPLAY") {
        programs.push(("xclip", &["-selection", "clipboard"]));
        programs.push(("xsel", &["--input", "--clipboard"]));
    }
    programs
}

/// Runs a program; tells whether it ended well.
fn run((program, arguments): Program, more: &[&str], input: Option<&str>) -> bool {
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    let started = Command::new(program)
        .args(arguments)
        .args(more)
        .stdin(stdin)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = started else { return false };
    if let (Some(mut pipe), Some(input)) = (child.stdin.take(), input)
        && pipe.write_all(input.as_bytes()).is_err()
    {
        return false;
    }
    let end = Instant::now() + PROGRAM_WAIT;
    while Instant::now() < end {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => std::thread::sleep(PROGRAM_LOOK),
            Err(_) => return false,
        }
    }
    // A browser may stay: that is an answer as good as any. A clipboard program must have taken the text by now.
    if input.is_some() {
        let _ended = child.kill();
        let _status = child.wait();
    }
    input.is_none()
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    if let Err(error) = std::thread::Builder::new().name(name.to_owned()).spawn(work) {
        tracing::warn!(%error, name, "not done");
    }
}
