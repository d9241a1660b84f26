//! The loop between the state and the world: keys, network and time in; pictures and effects out.

use std::time::Duration;

use anyhow::Context;
use crossterm::event::{Event as TermEvent, KeyEventKind};
use jiff::tz::TimeZone;
use syncspace_protocol::{Time, UserId};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::answers::Answers;
use crate::app::accounts::{AccountNo, Accounts, Asked as Effects};
use crate::app::kept::Snapshot;
use crate::app::look::{Depth, Theme};
use crate::app::state::{ServerIs, Start};
use crate::app::update::restore::at_start;
use crate::app::{Effect, Event, Net, State};
use crate::clock::{now, until};
use crate::config::Loaded;
use crate::config::command::tells_keys_apart;
use crate::config::file::ConfigFile;
use crate::effects::all::{AllEffects, Local};
use crate::news::Heard as Answer;
use crate::opening::{Opening, login_of};
use crate::outside::programs::{Job, Programs};
use crate::outside::tell::{self, Around};
use crate::pace::Pace;
use crate::paste_guard::Given;
use crate::roster::Roster;
use crate::signals::{Asked, Signals, stop};
use crate::terminal::{Modes, PANICKED, Screen};
use crate::tty::{Heard, Tty};

/// Answers that wait for the state; more make the network wait.
const NET_QUEUED_MAX: usize = 256;
/// Answers applied between two looks at the keyboard.
const NET_BATCH_MAX: usize = 128;
/// What a run needs to know.
pub(crate) struct Session {
    /// The accounts in their order.
    pub(crate) openings: Vec<Opening>,
    /// The place of the one in front.
    pub(crate) front: usize,
    pub(crate) roster: Roster,
    pub(crate) local: Option<Local>,
    pub(crate) config_file: ConfigFile,
    /// What the file says now.
    pub(crate) config: Loaded,
}

/// Why the loop woke up.
enum Woken {
    Terminal(Heard),
    Net(Option<Box<Answer>>),
    Config(Box<anyhow::Result<Loaded>>),
    Tick,
    Draw,
    System(Asked),
    Panicked,
}

/// Runs the program until the person leaves, or the terminal goes away.
pub(crate) async fn run(session: Session) -> anyhow::Result<()> {
    let mut signals = Signals::watch()?;
    let (answers, mut net) = mpsc::channel(NET_QUEUED_MAX);
    let has_bootstrap = session.local.as_ref().is_some_and(|local| local.bootstrap_file.exists());
    let mut config = session.config.clone();
    // Asked only where it matters, and before anything else reads the terminal.
    let is_asked = config.problems.iter().any(|problem| problem.is_doubt);
    let tells_apart = is_asked && tells_keys_apart();
    config.problems.retain(|problem| !problem.is_doubt || !tells_apart);
    // Who cannot move the cursor can still write lines.
    let is_dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    let is_for_reader = config.settings.is_for_reader || is_dumb;
    let modes = Modes { has_mouse: config.settings.has_mouse, is_for_reader };
    let (is_focused, focus) = watch::channel(true);
    let (changed, mut configs) = mpsc::channel(1);
    let watching = tokio::spawn(session.config_file.clone().watch(focus, changed));
    let Session { openings, front, roster, local, .. } = session;
    let logins: Vec<_> = openings.iter().map(|opening| login_of(&roster, opening)).collect();
    let mut effects = AllEffects::new(roster, local, answers);
    // The first picture waits for the account in front alone.
    let front_no = AccountNo::numbered(front);
    let (of_front, account) = effects.open(front_no, &openings[front]);
    let kept = match account {
        Some(user_id) => of_front.read_cache(user_id).await.map(|read| (user_id, read)),
        None => None,
    };

    let mut tty = Tty::take(modes)?;
    let (columns, rows) = tty.size()?;
    let depth = Depth::guess(|name| std::env::var(name).ok());
    let zone = TimeZone::system();
    let begin_account = |(at, opening): (usize, &Opening)| {
        let mut state = State::new(Start {
            server: opening.server.clone(),
            server_is: opening.server_is,
            has_bootstrap: has_bootstrap && opening.server_is == ServerIs::Local,
            is_logged_in: logins[at].is_some(),
            now: now(),
            zone: zone.clone(),
            columns,
            rows,
            seed: fastrand::u64(..),
            config: config.clone(),
            depth,
        });
        state.host = crate::host::find();
        let owner = logins[at].clone().or_else(|| Some((opening.user_id?, opening.username.clone()?)));
        state.known_name = owner.as_ref().map(|(_, name)| name.clone());
        (state, owner)
    };
    let mut accounts = Accounts::new(openings.iter().enumerate().map(begin_account).collect(), front);
    if let Some((user_id, read)) = kept {
        let asked = accounts.with(front_no, |state| begin(state, user_id, read)).unwrap_or_default();
        asked.into_iter().for_each(|effect| effects.run(front_no, effect));
    } else if account.is_none() && openings[front].server_is != ServerIs::Guessed {
        effects.run(front_no, Effect::FindServer { address: openings[front].server.clone() });
    }
    if is_asked {
        tty.take_typed_before();
    }
    tty.listen()?;
    let mut answers = Answers::default();
    let (programs, around) = (Programs::start(), Around::guess(|name| std::env::var(name).ok()));
    let mut shown_title = None;
    // Who gave the terminal to an editor.
    let mut lender = accounts.front_no();
    let mut pace = Pace::begin(Instant::now());
    let (mut is_first, mut is_dirty) = (true, true);
    // Why the terminal could not be used any more: what is typed is kept all the same.
    let mut failed = None;
    loop {
        let draw_at = pace.draw_at(Instant::now());
        let tick_at = accounts.next_deadline().map(instant_of);
        tty.take_lines(accounts.front().takes_lines());
        let woken = tokio::select! {
            biased;
            asked = signals.next() => Woken::System(asked),
            () = PANICKED.notified() => Woken::Panicked,
            heard = tty.next() => Woken::Terminal(heard),
            () = due(draw_at), if is_dirty && tty.is_ours() => Woken::Draw,
            Some(config) = configs.recv() => Woken::Config(Box::new(config)),
            answer = hear(&mut net, pace.hear_at()) => Woken::Net(answer.map(Box::new)),
            () = sleep_until(tick_at.unwrap_or(draw_at)), if tick_at.is_some() => Woken::Tick,
        };
        if matches!(woken, Woken::Terminal(_)) {
            pace.note_person();
        }
        let asked = match woken {
            // An editor that has the terminal hears it as well, and it is meant for that.
            Woken::System(Asked::Interrupt) if !tty.is_ours() => continue,
            Woken::System(Asked::End | Asked::Interrupt) | Woken::Panicked | Woken::Terminal(Heard::Event(None)) => {
                break;
            }
            Woken::System(Asked::Stop) => vec![(accounts.front_no(), Effect::Suspend)],
            Woken::System(Asked::GoOn) => come_back(&mut tty, &mut accounts, &mut shown_title)?,
            Woken::Terminal(Heard::Event(Some(event))) => {
                let event = match event.context("cannot read from the terminal") {
                    Ok(event) => event,
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                };
                match take_typed(&mut accounts, event, &mut answers) {
                    Some(effects) => effects,
                    None => continue,
                }
            }
            Woken::Terminal(Heard::Typed(Given::Paste(text))) => accounts.take(Event::Paste(text), now()),
            Woken::Terminal(Heard::Typed(Given::Keys(keys))) => {
                let typed = keys.into_iter().map(TermEvent::Key);
                typed.filter_map(|key| take_typed(&mut accounts, key, &mut answers)).flatten().collect()
            }
            Woken::Terminal(Heard::Edited(status)) => take_back(&mut accounts, lender, &mut tty, status)?,
            Woken::Config(config) => {
                let config = config.map(|mut config| {
                    config.problems.retain(|problem| !problem.is_doubt || !tells_apart);
                    Box::new(config)
                });
                accounts.take(Event::Config(config.map_err(|error| format!("{error:#}"))), now())
            }
            Woken::Net(None) => break,
            Woken::Net(Some(answer)) => {
                let answers = gather(*answer, &mut net);
                pace.note_news(answers.iter().map(|(_, answers)| answers.len()).sum(), Instant::now());
                answers.into_iter().flat_map(|(account, answers)| accounts.hear(account, answers, now())).collect()
            }
            Woken::Tick => accounts.take(Event::Tick, now()),
            Woken::Draw => {
                let state = accounts.front();
                if let Err(error) = tty.on_screen(|screen| screen.draw(state)) {
                    failed = Some(error);
                    break;
                }
                let look = state.look;
                let title = accounts.title();
                if title != shown_title {
                    tty.on_screen(|screen| screen.set_title(title.as_deref()))?;
                    shown_title = title;
                }
                if is_first && !is_for_reader && look.theme == Theme::Auto && look.depth > Depth::Sixteen {
                    tty.on_screen(Screen::ask_background)?;
                    answers.ask(Instant::now());
                }
                if is_first {
                    let others = openings.iter().enumerate().filter(|(at, _)| *at != front);
                    others.for_each(|(at, opening)| begin_behind(&mut effects, AccountNo::numbered(at), opening));
                }
                pace.note_drawn(Instant::now());
                (is_first, is_dirty) = (false, false);
                continue;
            }
        };
        is_dirty = true;
        let is_news = |known: &mut bool| std::mem::replace(known, accounts.front().is_focused) != *known;
        is_focused.send_if_modified(is_news);
        for (account, effect) in asked {
            match effect {
                Effect::Quit => {
                    watching.abort();
                    drop(tty);
                    effects.close().await;
                    return Ok(());
                }
                Effect::UseMouse(is_wanted) => tty.on_screen(|screen| screen.use_mouse(is_wanted))?,
                Effect::Suspend => {
                    tty.on_screen(Screen::lend)?;
                    stop().context("cannot stop this process")?;
                    effects.run_all(come_back(&mut tty, &mut accounts, &mut shown_title)?);
                }
                Effect::Repaint => tty.on_screen(Screen::forget)?,
                Effect::Tell(told) => {
                    // Of another account it stands in the bottom line, which is said as well.
                    if account == accounts.front_no() {
                        tty.on_screen(|screen| screen.say(&format!("{}: {}", told.title, told.body)))?;
                    }
                    let settings = &accounts.front().settings;
                    let sequences = tell::sequences(&settings.ways, around.of(account), &told);
                    tty.on_screen(|screen| screen.write(&sequences))?;
                    if let Some(program) = tell::program(&settings.ways, &settings.desktop_program, &told) {
                        programs.run(job(accounts.front(), program, String::new()));
                    }
                }
                Effect::Withdraw(place) => {
                    let sequence = tell::withdraw(&accounts.front().settings.ways, around.of(account), place);
                    if !sequence.is_empty() {
                        tty.on_screen(|screen| screen.write(&sequence))?;
                    }
                }
                Effect::Image(job) => tty.on_screen(|screen| screen.take_image(&job))?,
                Effect::RunHook { program, input } => programs.run(job(accounts.front(), program, input)),
                Effect::Copy { text } => {
                    tty.on_screen(|screen| screen.copy(&text))?;
                    effects.run(account, Effect::Copy { text });
                }
                Effect::Editor { text, draft } => {
                    lender = account;
                    if let Some(news) = tty.lend(text, draft, accounts.front().settings.has_mouse)? {
                        effects.run_all(accounts.hear(account, vec![Net::Here(news)], now()));
                    }
                }
                effect => effects.run(account, effect),
            }
        }
    }
    watching.abort();
    drop(tty);
    effects.run_all(accounts.leave());
    effects.close().await;
    failed.map_or(Ok(()), Err)
}

/// Takes what is kept of the account into the first picture, and connects.
fn begin(state: &mut State, user_id: UserId, read: Result<Snapshot, String>) -> Vec<Effect> {
    match read {
        Ok(snapshot) => at_start(state, user_id, snapshot),
        Err(reason) => {
            state.complain(format!("The cache cannot be used: {reason}. Drafts are in memory only."));
            vec![Effect::Connect { epoch: None }]
        }
    }
}

/// Begins an account behind the one on the screen: what is kept of it comes first, then its connection.
fn begin_behind(effects: &mut AllEffects, no: AccountNo, opening: &Opening) {
    let (_, login) = effects.open(no, opening);
    let first = match login {
        Some(user_id) => Effect::OpenCache(user_id),
        None => Effect::FindServer { address: opening.server.clone() },
    };
    effects.run(no, first);
}

/// Waits until a time. One that has come is not waited for: the clock of sleeps has steps of a millisecond.
async fn due(at: Instant) {
    if at > Instant::now() {
        sleep_until(at).await;
    }
}

/// Waits for an answer, not before a time.
async fn hear(net: &mut mpsc::Receiver<Answer>, at: Instant) -> Option<Answer> {
    due(at).await;
    net.recv().await
}

/// Gives an answer and those that wait behind it, so that a burst makes one picture: those of an account together.
fn gather((account, first): Answer, net: &mut mpsc::Receiver<Answer>) -> Vec<(AccountNo, Vec<Net>)> {
    let mut gathered = vec![(account, vec![first])];
    for _ in 1..NET_BATCH_MAX {
        let Ok((account, answer)) = net.try_recv() else { break };
        match gathered.last_mut() {
            Some((last, answers)) if *last == account => answers.push(answer),
            _ => gathered.push((account, vec![answer])),
        }
    }
    gathered
}

/// Takes the terminal again after the shell had it: its size may be another one, and its title.
fn come_back(tty: &mut Tty, accounts: &mut Accounts, shown_title: &mut Option<String>) -> anyhow::Result<Effects> {
    // Where an editor has it, that one draws its own picture anew.
    if !tty.is_ours() {
        return Ok(Effects::new());
    }
    tty.on_screen(Screen::retake)?;
    *shown_title = None;
    retaken(tty, accounts)
}

/// Goes on at a terminal that others had: its size may be another one, and images are held by it no more.
fn retaken(tty: &Tty, accounts: &mut Accounts) -> anyhow::Result<Effects> {
    let (columns, rows) = tty.size()?;
    Ok(accounts.take(Event::Retaken { columns, rows }, now()))
}

fn job(state: &State, program: Vec<String>, input: String) -> Job {
    Job { program, input, time_limit: Duration::from_secs(u64::from(state.settings.hook_time_limit_s)) }
}

/// Applies what came from the terminal; none where it was nothing to the state.
fn take_typed(accounts: &mut Accounts, event: TermEvent, answers: &mut Answers) -> Option<Effects> {
    let (typed, behind) = answers.take(event, Instant::now());
    let events: Vec<Event> = typed.into_iter().filter_map(translate).chain(behind.map(Event::Behind)).collect();
    (!events.is_empty()).then(|| events.into_iter().flat_map(|event| accounts.take(event, now())).collect())
}

/// Goes on with the terminal, and with what an editor made of the text.
fn take_back(
    accounts: &mut Accounts,
    lender: AccountNo,
    tty: &mut Tty,
    status: std::io::Result<std::process::ExitStatus>,
) -> anyhow::Result<Effects> {
    let news = tty.take_back(status, accounts.front().settings.has_mouse)?;
    let mut effects = retaken(tty, accounts)?;
    if let Some(news) = news {
        effects.extend(accounts.hear(lender, vec![Net::Here(news)], now()));
    }
    Ok(effects)
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

/// Tells whether a mouse event can change anything: every movement is reported, and those without a button do nothing.
fn is_wanted(kind: crossterm::event::MouseEventKind) -> bool {
    use crossterm::event::MouseEventKind::{Down, Drag, ScrollDown, ScrollUp, Up};
    matches!(kind, Down(_) | Drag(_) | Up(_) | ScrollDown | ScrollUp)
}

fn instant_of(at: Time) -> Instant {
    Instant::now() + until(at)
}
