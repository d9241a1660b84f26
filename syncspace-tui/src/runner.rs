//! The loop between the state and the world: keys, network and time in; pictures and effects out.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use crossterm::event::{Event as TermEvent, EventStream, KeyEventKind};
use futures_util::StreamExt;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use syncspace_client::CredentialStore;
use syncspace_protocol::Time;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::app::state::{ServerIs, Start};
use crate::app::{Effect, Event, Net, State, update};
use crate::effects::Effects;
use crate::local::Keeper;
use crate::terminal::{PANICKED, Screen};

/// At most one picture in this time: about 60 a second.
const FRAME: Duration = Duration::from_millis(16);
/// Answers that wait for the state; more make the network wait.
const NET_QUEUED_MAX: usize = 256;
/// Answers applied between two looks at the keyboard.
const NET_BATCH_MAX: usize = 64;

/// What a run needs to know.
pub(crate) struct Session {
    pub(crate) server: String,
    pub(crate) server_is: ServerIs,
    pub(crate) store: CredentialStore,
    /// The file with the bootstrap token of a local server.
    pub(crate) bootstrap_file: Option<PathBuf>,
    /// Who starts a local server again.
    pub(crate) keeper: Option<Keeper>,
    /// Whether wheel and clicks are ours, or the terminal's.
    pub(crate) has_mouse: bool,
}

/// Why the loop woke up.
enum Woken {
    Terminal(Option<std::io::Result<TermEvent>>),
    Net(Option<Box<Net>>),
    Tick,
    Draw,
    End,
}

/// Runs the program until the person leaves, or the terminal goes away.
pub(crate) async fn run(session: Session) -> anyhow::Result<()> {
    let mut end = Box::pin(end_signal()?);
    let (answers, mut net) = mpsc::channel(NET_QUEUED_MAX);
    let has_bootstrap = session.bootstrap_file.as_deref().is_some_and(std::path::Path::exists);
    let has_mouse = session.has_mouse;
    let (server, server_is) = (session.server.clone(), session.server_is);
    let mut effects = Effects::new(session, answers);
    let is_logged_in = effects.find_login(&server);

    let mut screen = Screen::take(has_mouse).context("cannot use this terminal")?;
    let (columns, rows) = screen.size()?;
    let mut state = State::new(Start {
        server,
        server_is,
        has_bootstrap,
        is_logged_in,
        now: now(),
        zone: TimeZone::system(),
        columns,
        rows,
        seed: fastrand::u64(..),
    });
    if is_logged_in {
        effects.run(Effect::Connect);
    } else if server_is != ServerIs::Guessed {
        effects.run(Effect::FindServer { address: state.server.clone() });
    }
    let mut keys = EventStream::new();
    let mut last_drawn: Option<Instant> = None;
    let mut is_dirty = true;
    loop {
        let draw_at = last_drawn.map_or_else(Instant::now, |last| last + FRAME);
        let tick_at = state.next_deadline().map(instant_of);
        let woken = tokio::select! {
            biased;
            () = &mut end => Woken::End,
            () = PANICKED.notified() => Woken::End,
            event = keys.next() => Woken::Terminal(event),
            () = sleep_until(draw_at), if is_dirty => Woken::Draw,
            answer = net.recv() => Woken::Net(answer.map(Box::new)),
            () = sleep_until(tick_at.unwrap_or(draw_at)), if tick_at.is_some() => Woken::Tick,
        };
        let asked = match woken {
            Woken::End | Woken::Terminal(None) => break,
            Woken::Terminal(Some(event)) => match translate(event.context("cannot read from the terminal")?) {
                Some(event) => update(&mut state, event, now()),
                None => continue,
            },
            Woken::Net(None) => break,
            Woken::Net(Some(answer)) => take_answers(&mut state, *answer, &mut net),
            Woken::Tick => update(&mut state, Event::Tick, now()),
            Woken::Draw => {
                screen.draw(&state).context("cannot write to the terminal")?;
                last_drawn = Some(Instant::now());
                is_dirty = false;
                continue;
            }
        };
        is_dirty = true;
        for effect in asked {
            match effect {
                Effect::Quit => {
                    drop(screen);
                    effects.close().await;
                    return Ok(());
                }
                Effect::Repaint => screen.forget().context("cannot write to the terminal")?,
                effect => effects.run(effect),
            }
        }
    }
    drop(screen);
    effects.close().await;
    Ok(())
}

/// Applies an answer and those that wait behind it, so that a burst makes one picture.
fn take_answers(state: &mut State, first: Net, net: &mut mpsc::Receiver<Net>) -> Vec<Effect> {
    let mut effects = update(state, Event::Net(Box::new(first)), now());
    for _ in 1..NET_BATCH_MAX {
        let Ok(answer) = net.try_recv() else { break };
        effects.extend(update(state, Event::Net(Box::new(answer)), now()));
    }
    effects
}

fn translate(event: TermEvent) -> Option<Event> {
    match event {
        TermEvent::Key(key) if key.kind != KeyEventKind::Release => Some(Event::Key(key)),
        TermEvent::Paste(text) => Some(Event::Paste(text)),
        TermEvent::Resize(columns, rows) => Some(Event::Resize { columns, rows }),
        TermEvent::FocusGained => Some(Event::Focus { is_focused: true }),
        TermEvent::FocusLost => Some(Event::Focus { is_focused: false }),
        TermEvent::Mouse(mouse) if is_wanted(mouse.kind) => Some(Event::Mouse(mouse)),
        TermEvent::Key(_) | TermEvent::Mouse(_) => None,
    }
}

/// Tells whether a mouse event can change anything: every movement is reported, and none of them does.
fn is_wanted(kind: crossterm::event::MouseEventKind) -> bool {
    use crossterm::event::MouseEventKind::{Down, ScrollDown, ScrollUp};
    matches!(kind, Down(_) | ScrollDown | ScrollUp)
}

fn now() -> Time {
    Time::from(Timestamp::now())
}

fn instant_of(at: Time) -> Instant {
    let ms = u64::try_from(at.unix_ms().saturating_sub(now().unix_ms())).unwrap_or(0);
    Instant::now() + Duration::from_millis(ms)
}

/// Ends when the system asks the program to.
#[cfg(unix)]
fn end_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let watch = |kind| signal(kind).context("cannot watch for signals");
    let mut terminate = watch(SignalKind::terminate())?;
    let mut hang_up = watch(SignalKind::hangup())?;
    let mut interrupt = watch(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn end_signal() -> anyhow::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
