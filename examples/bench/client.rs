//! What the terminal client costs and how fast it answers: the shipped program in a pseudo-terminal of 120x36.
//!
//! Messages are put into the store of a real server, and into the client's cache, directly, in the form in which they would
//! be there: to send a million would take longer than everything that is measured. From there on nothing is bypassed.
//!
//! Times stand beside the limit that a bare program sets in the same terminal and the same run: one that reads the same
//! cache and shows a full screen, or one that answers each key with as many bytes as a picture has.

mod bare;
mod desk;
mod seat;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use syncspace_examples::population::{channel_id, token};
use syncspace_examples::wire::Wire;
use syncspace_examples::{ProcessorTime, Running, Spread, machine, percentile_ms, resident_bytes};

use desk::{Desk, Plan, Programs};
use seat::Seat;

/// Goals, which the figures stand beside.
const FIRST_PICTURE_GOAL_MS: f64 = 30.0;
const ECHO_GOAL_MS: f64 = 5.0;
const SCROLL_GOAL_MS: f64 = 8.0;
const SWITCHER_GOAL_MS: f64 = 10.0;
const STARTED_GOAL_MB: f64 = 25.0;
const FULL_GOAL_MB: f64 = 60.0;
const IDLE_GOAL_MS: f64 = 10.0;
const BURST_GOAL_MB: f64 = 5.0;
const BINARY_GOAL_MB: f64 = 20.0;
const SEARCH_GOAL_MS: f64 = 500.0;

/// The client searches when nothing was typed for so long; the figures hold it.
const SEARCH_PAUSE: Duration = Duration::from_millis(400);
/// Bytes of a picture in which every row changed.
const PICTURE_BYTES: usize = 5_000;
/// Requests of the sender without an answer: below what a lane of the server takes at once.
const SENDS_UNANSWERED_MAX: u64 = 128;
/// Nothing drawn for so long: what a key caused is over.
const QUIET: Duration = Duration::from_millis(40);

/// Measures the terminal client.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Only these.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Starts of each kind.
    #[arg(long, default_value_t = 15)]
    runs: usize,
    /// Keys of each kind.
    #[arg(long, default_value_t = 500)]
    keys: usize,
    /// Messages of the burst.
    #[arg(long, default_value_t = 100_000)]
    burst: u64,
    /// Messages of the long channel.
    #[arg(long, default_value_t = 1_000_000)]
    long: u64,
    /// Seconds without anything happening.
    #[arg(long, default_value_t = 60)]
    idle: u64,
    /// Folder with the programs; the one of this program's build by default.
    #[arg(long)]
    programs: Option<PathBuf>,
    /// Is the bare program that answers keys with so many bytes.
    #[arg(long, hide = true)]
    bare_echo: Option<usize>,
    /// Is the bare program that shows a full screen after it has read this cache.
    #[arg(long, hide = true)]
    bare_cache: Option<PathBuf>,
}

/// A part of the measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// First picture, memory, idle, size: with 300 channels and 100,000 cached messages.
    Start,
    /// Keys while messages arrive, and the burst.
    Load,
    /// Scrolling and jumping in a channel of a million messages.
    Long,
    /// The switcher over 5,000 entries.
    Switcher,
    /// A search of 100,000 cached messages, with no server there.
    Search,
}

#[tokio::main]
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    if let Some(bytes) = arguments.bare_echo {
        return bare::echo(bytes);
    }
    if let Some(path) = &arguments.bare_cache {
        return bare::show_cache(path);
    }
    let this = std::env::current_exe().context("where this program is")?;
    let beside = this.parent().and_then(Path::parent).context("this program lies in a folder of its build")?;
    let folder = arguments.programs.clone().unwrap_or_else(|| beside.to_owned());
    let programs = Programs { server: folder.join("syncspace-server"), client: folder.join("syncspace-tui"), this };
    for program in [&programs.server, &programs.client] {
        ensure!(program.exists(), "{} is missing: run `make release` first", program.display());
    }
    println!("{}", machine());
    println!();
    println!("{:<58} {:>26} {:>26}  goal", "the terminal client in 120x36", "figure", "limit");
    let is_wanted = |part| arguments.only.is_empty() || arguments.only.contains(&part);
    if is_wanted(Part::Start) {
        measure_start(&arguments, &programs).await?;
    }
    if is_wanted(Part::Load) {
        measure_load(&arguments, &programs).await?;
    }
    if is_wanted(Part::Long) {
        measure_long(&arguments, &programs).await?;
    }
    if is_wanted(Part::Switcher) {
        measure_switcher(&arguments, &programs).await?;
    }
    if is_wanted(Part::Search) {
        measure_search(&arguments, &programs).await?;
    }
    Ok(())
}

fn print(name: &str, figure: &str, limit: &str, goal: &str) {
    println!("{name:<58} {figure:>26} {limit:>26}  {goal}");
}

/// Prints what a key costs: unlike how long it takes, that does not hang on what else the machine does.
fn print_processor_time(used: Duration, keys: usize) {
    let each = ms(used / u32::try_from(keys.max(1)).unwrap_or(u32::MAX));
    print("    processor time of the client for each key, ms", &format!("{each:.2}"), "", "");
}

async fn measure_start(arguments: &Arguments, programs: &Programs) -> anyhow::Result<()> {
    let bytes = std::fs::metadata(&programs.client)?.len();
    print("size of the program, MB", &format!("{:.1}", megabytes(bytes)), "", &format!("<= {BINARY_GOAL_MB}"));
    let desk = Desk::new(programs, Plan { channels: 300, people: 100, messages_each: 334, has_links: false }).await?;
    let running = desk.serve(programs)?;
    first_visit(&desk, programs)?;
    let address = running.address.clone();
    running.stop()?;
    desk.fill_cache()?;
    first_picture(arguments, programs, &desk)?;
    let running = desk.serve_at(programs, &address)?;
    let seat = desk.sit_down(programs)?;
    seat.wait_for("online")?;
    let started = settled_bytes(seat.process_id()?)?;
    print("RSS just started, MB", &format!("{:.1}", megabytes(started)), "", &format!("<= {STARTED_GOAL_MB}"));
    full_memory_and_idle(arguments, seat).await?;
    running.stop()
}

/// Lets the client meet the server once, and leaves a draft.
fn first_visit(desk: &Desk, programs: &Programs) -> anyhow::Result<()> {
    let mut seat = desk.sit_down(programs)?;
    seat.wait_for("online")?;
    seat.wait_for(&last_words(desk))?;
    seat.type_text("half a thought")?;
    seat.wait_for("half a thought")?;
    // The lists are told to the disk some seconds after they changed.
    seat.wait_for_quiet(Duration::from_secs(6));
    seat.leave()
}

/// Gives words of the newest message of the first channel.
fn last_words(desk: &Desk) -> String {
    format!("message {}", desk.plan.channels * (desk.plan.messages_each - 1))
}

/// Times the first whole picture from the cache, while no server is there.
fn first_picture(arguments: &Arguments, programs: &Programs, desk: &Desk) -> anyhow::Result<()> {
    let cache = desk.cache()?;
    let cache = cache.to_str().context("a plain name")?;
    let (mut own, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..arguments.runs {
        let seat = Seat::start(&programs.this, &["client", "--bare-cache", cache], desk.folder())?;
        bare.push(ms(seat.wait("a picture", |display| display.pictures > 0)? - seat.started));
        drop(seat);
        let seat = desk.sit_down(programs)?;
        let words = [last_words(desk), "half a thought".to_owned(), "#channel-0".to_owned()];
        let is_whole = |screen: &str| words.iter().all(|words| screen.contains(words.as_str()));
        let at = seat.wait("a whole picture", |display| is_whole(&display.screen))?;
        own.push(ms(at - seat.started));
        seat.leave()?;
    }
    let [own, bare] = [own, bare].map(|times| format!("{:.1}", Spread::of(times)));
    print("first picture from the cache, no network, ms", &own, &bare, &format!("<= {FIRST_PICTURE_GOAL_MS}"));
    Ok(())
}

async fn full_memory_and_idle(arguments: &Arguments, mut seat: Seat) -> anyhow::Result<()> {
    for _ in 0..20 {
        // Alt+Down: the channel below.
        seat.type_text("\x1b[1;3B")?;
        seat.wait_for_quiet(Duration::from_millis(150));
    }
    let full = settled_bytes(seat.process_id()?)?;
    let name = "RSS with 300 channels, 20 visited, 100,000 cached, MB";
    print(name, &format!("{:.1}", megabytes(full)), "", &format!("<= {FULL_GOAL_MB}"));
    // The lists are told to the disk some seconds after they changed.
    seat.wait_for_quiet(Duration::from_secs(8));
    let (bytes, before) = (seat.display().bytes, ProcessorTime::of(seat.process_id()?)?);
    tokio::time::sleep(Duration::from_secs(arguments.idle)).await;
    let used = ProcessorTime::of(seat.process_id()?)?.since(&before);
    let written = seat.display().bytes - bytes;
    let figure = format!("{written} bytes, {:.1} ms", ms(used));
    let name = format!("{} s idle: bytes written, processor time", arguments.idle);
    print(&name, &figure, "", &format!("0 bytes, < {IDLE_GOAL_MS} ms"));
    seat.leave()
}

async fn measure_load(arguments: &Arguments, programs: &Programs) -> anyhow::Result<()> {
    let desk = Desk::new(programs, Plan { channels: 3, people: 2, messages_each: 1_000, has_links: false }).await?;
    let running = desk.serve(programs)?;
    let mut seat = desk.sit_down(programs)?;
    seat.wait_for("online")?;
    seat.wait_for(&last_words(&desk))?;
    let sender = Sender::connect(&running).await?;
    let sending = tokio::spawn(sender.send(u64::MAX, Some(Duration::from_millis(1))));
    seat.wait_for("news ")?;
    let own = tokio::task::block_in_place(|| time_echoes(&mut seat, arguments.keys))?;
    let mut echo = Seat::start(&programs.this, &["client", "--bare-echo", "64"], desk.folder())?;
    echo.wait("a picture", |display| display.pictures > 0)?;
    let bare = tokio::task::block_in_place(|| time_pictures(&mut echo, &["x"], arguments.keys))?;
    sending.abort();
    let goal = format!("<= {ECHO_GOAL_MS} p99");
    print("key to screen, 1,000 messages/s, ms: median, p99", &median_and_p99(own), &median_and_p99(bare), &goal);
    seat.wait_for_quiet(Duration::from_millis(500));

    let (bytes, before) = (seat.display().bytes, ProcessorTime::of(seat.process_id()?)?);
    let begun = Instant::now();
    let sender = Sender::connect(&running).await?;
    tokio::spawn(sender.send(arguments.burst, None)).await??;
    let sent = begun.elapsed();
    seat.wait_for(&format!("news {} ", arguments.burst))?;
    seat.wait_for_quiet(Duration::from_millis(500));
    let written = seat.display().bytes - bytes;
    let used = ProcessorTime::of(seat.process_id()?)?.since(&before);
    let name = format!("burst of {} in {:.1} s, MB written", arguments.burst, sent.as_secs_f64());
    print(&name, &format!("{:.2}", megabytes(written)), "", &format!("<= {BURST_GOAL_MB}"));
    let resident = settled_bytes(seat.process_id()?)?;
    let figure = format!("{:.1} s, {:.1} MB", used.as_secs_f64(), megabytes(resident));
    print("    processor time of the client, RSS after it", &figure, "", "");
    seat.leave()?;
    running.stop()
}

/// Types a letter and erases it, again and again, and times each until it stands in the composer.
fn time_echoes(seat: &mut Seat, keys: usize) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    for number in 0..keys {
        let (key, wanted) = if number % 2 == 0 { ("x", "│ x") } else { ("\x7f", "Write a message") };
        let pressed = seat.type_text(key)?;
        let shown = seat.wait("echo of a key", |display| display.screen.contains(wanted))?;
        times.push(shown.saturating_duration_since(pressed));
        // As people type, and at no fixed distance from the pictures.
        std::thread::sleep(Duration::from_millis(fastrand::u64(20..60)));
    }
    Ok(times)
}

/// Presses keys in turns, each when the screen is quiet, and times the picture that it makes.
fn time_pictures(seat: &mut Seat, keys: &[&str], count: usize) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    for key in keys.iter().cycle().take(count) {
        times.push(seat.time_picture(key)?);
        seat.wait_for_quiet(QUIET);
    }
    Ok(times)
}

async fn measure_long(arguments: &Arguments, programs: &Programs) -> anyhow::Result<()> {
    let desk =
        Desk::new(programs, Plan { channels: 1, people: 2, messages_each: arguments.long, has_links: true }).await?;
    desk.forget_reading().await?;
    let running = desk.serve(programs)?;
    let mut seat = desk.sit_down(programs)?;
    seat.wait_for("online")?;
    seat.wait_for_quiet(Duration::from_millis(500));
    let before = ProcessorTime::of(seat.process_id()?)?;
    let walk = tokio::task::block_in_place(|| walk(&mut seat, desk.plan, arguments.keys))?;
    let used = ProcessorTime::of(seat.process_id()?)?.since(&before);
    let keys = walk.scrolls.len() + walk.near.len() + walk.far.len();
    let bytes = PICTURE_BYTES.to_string();
    let mut echo = Seat::start(&programs.this, &["client", "--bare-echo", &bytes], desk.folder())?;
    echo.wait("a picture", |display| display.pictures > 0)?;
    let bare = tokio::task::block_in_place(|| time_pictures(&mut echo, &["x"], arguments.keys))?;
    let (goal, bare) = (format!("<= {SCROLL_GOAL_MS} p99"), median_and_p99(bare));
    let name = format!("scroll in {} messages, ms: median, p99", arguments.long);
    print(&name, &median_and_p99(walk.scrolls), &bare, &goal);
    print("    jump to what is loaded", &median_and_p99(walk.near), &bare, &goal);
    print("    jump anywhere, read from the server", &median_and_p99(walk.far), &bare, &goal);
    print_processor_time(used, keys);
    let resident = settled_bytes(seat.process_id()?)?;
    print("    RSS after it, MB", &format!("{:.1}", megabytes(resident)), "", "");
    seat.leave()?;
    running.stop()
}

/// How long the pictures took on a way through a long channel.
#[derive(Default)]
struct Walk {
    scrolls: Vec<Duration>,
    near: Vec<Duration>,
    far: Vec<Duration>,
}

/// Scrolls and jumps around in the channel on the screen until it was scrolled so many times.
fn walk(seat: &mut Seat, plan: Plan, keys: usize) -> anyhow::Result<Walk> {
    const FAR_JUMPS: usize = 6;
    const SCROLLS: [&str; 9] = ["k", "j", "\x1b[5~", "\x1b[5~", "\x1b[6~", "\x1b[6~", "\x1b[5~", "k", "j"];
    let mut walk = Walk::default();
    seat.type_text("\x1b")?;
    seat.wait_for_quiet(QUIET);
    let jump = |seat: &mut Seat, key: &str, number: u64, times: &mut Vec<Duration>| {
        let text = format!("message {number} ");
        let begun = seat.type_text(key)?;
        let shown = seat.wait_for(&text)?;
        times.push(shown.saturating_duration_since(begun));
        seat.wait_for_quiet(QUIET);
        anyhow::Ok(())
    };
    for round in 0.. {
        let mut at = plan.messages_each - 1;
        jump(seat, "G", at, &mut walk.near)?;
        // From another message each time.
        for _ in 0..round {
            walk.scrolls.push(seat.time_picture("k")?);
            seat.wait_for_quiet(QUIET);
            at -= 1;
        }
        for _ in 0..FAR_JUMPS {
            at = plan.linked(at);
            jump(seat, "o", at, &mut walk.far)?;
        }
        for key in SCROLLS {
            walk.scrolls.push(seat.time_picture(key)?);
            seat.wait_for_quiet(QUIET);
        }
        if walk.scrolls.len() >= keys {
            break;
        }
    }
    Ok(walk)
}

async fn measure_switcher(arguments: &Arguments, programs: &Programs) -> anyhow::Result<()> {
    let desk = Desk::new(programs, Plan { channels: 4_700, people: 300, messages_each: 1, has_links: false }).await?;
    let running = desk.serve(programs)?;
    let mut seat = desk.sit_down(programs)?;
    seat.wait_for("online")?;
    seat.wait_for_quiet(Duration::from_secs(2));
    let before = ProcessorTime::of(seat.process_id()?)?;
    let own = tokio::task::block_in_place(|| {
        let mut times = Vec::new();
        while times.len() < arguments.keys {
            seat.time_picture("\x14")?;
            for key in ["c", "h", "a", "n", "n", "4", "3", "2", "\x7f", "\x7f", "1", "7"] {
                times.push(seat.time_picture(key)?);
                seat.wait_for_quiet(QUIET);
            }
            seat.time_picture("\x1b")?;
            seat.wait_for_quiet(QUIET);
        }
        anyhow::Ok(times)
    })?;
    let used = ProcessorTime::of(seat.process_id()?)?.since(&before);
    let keys = own.len();
    let mut echo = Seat::start(&programs.this, &["client", "--bare-echo", "1500"], desk.folder())?;
    echo.wait("a picture", |display| display.pictures > 0)?;
    let bare = tokio::task::block_in_place(|| time_pictures(&mut echo, &["x"], arguments.keys))?;
    let goal = format!("<= {SWITCHER_GOAL_MS} each");
    print("switcher over 5,000 entries, ms: median, p99", &median_and_p99(own), &median_and_p99(bare), &goal);
    print_processor_time(used, keys);
    seat.leave()?;
    running.stop()
}

async fn measure_search(arguments: &Arguments, programs: &Programs) -> anyhow::Result<()> {
    let desk = Desk::new(programs, Plan { channels: 300, people: 2, messages_each: 334, has_links: false }).await?;
    let running = desk.serve(programs)?;
    first_visit(&desk, programs)?;
    running.stop()?;
    desk.fill_cache()?;
    let mut seat = desk.sit_down(programs)?;
    seat.wait_for("half a thought")?;
    // F4 opens the page; the word is found once its last letter is there.
    seat.type_text("\x1bOS")?;
    seat.wait_for("Type what you look for")?;
    let (word, last) = desk::NEEDLE.split_at(desk::NEEDLE.len() - 1);
    seat.type_text(word)?;
    let found = format!("message {}", desk::NEEDLE_NUMBER);
    let is_found = |display: &seat::Display| display.screen.contains(&found);
    let mut own = Vec::new();
    for _ in 0..arguments.runs * 2 {
        seat.wait("empty page", |display| !is_found(display))?;
        seat.wait_for_quiet(Duration::from_millis(500));
        let pressed = seat.type_text(last)?;
        own.push(seat.wait("hit", is_found)?.saturating_duration_since(pressed));
        seat.type_text("\x7f")?;
    }
    let bare = desk.search(arguments.runs * 2)?;
    let name = "search in 100,000 cached messages, ms: median, p99";
    let goal = format!("<= {SEARCH_GOAL_MS}");
    print(name, &median_and_p99(own), &median_and_p99(bare), &goal);
    let (found, typed) = search_for_all(&mut seat, arguments.runs * 2)?;
    print("    for a word that all of them have", &median_and_p99(found), "", &goal);
    print("    key to screen while it searches", &median_and_p99(typed), "", &format!("<= {ECHO_GOAL_MS} p99"));
    seat.leave()
}

/// Times searches for a word that every message has, and keys that are pressed while the search for it is under way.
fn search_for_all(seat: &mut Seat, count: usize) -> anyhow::Result<(Vec<Duration>, Vec<Duration>)> {
    let has_hits = |display: &seat::Display| display.screen.contains("message 100");
    let (mut found, mut typed) = (Vec::new(), Vec::new());
    for _ in 0..count {
        for is_timed in [true, false] {
            // Every message has this word, and none has it without its last letter.
            seat.type_text("\x15messag")?;
            seat.wait("empty page", |display| !has_hits(display))?;
            seat.wait_for_quiet(Duration::from_millis(500));
            let pressed = seat.type_text("e")?;
            if is_timed {
                found.push(seat.wait("hit", has_hits)?.saturating_duration_since(pressed));
                continue;
            }
            std::thread::sleep(SEARCH_PAUSE);
            let pressed = seat.type_text("x")?;
            typed.push(seat.wait_for("messagex")?.saturating_duration_since(pressed));
        }
    }
    Ok((found, typed))
}

/// A member who writes into the first channel.
struct Sender {
    wire: Wire,
}

impl Sender {
    async fn connect(running: &Running) -> anyhow::Result<Self> {
        let (wire, _) = Wire::live(&running.address, &token(1)?).await?;
        Ok(Self { wire })
    }

    /// Sends so many messages, one in each of these times, or as fast as they are taken.
    async fn send(mut self, count: u64, each: Option<Duration>) -> anyhow::Result<()> {
        let mut beat = tokio::time::interval(each.unwrap_or(Duration::from_nanos(1)));
        let (mut sent, mut answered) = (0, 0);
        // Told apart from those of an earlier sender.
        let name = fastrand::u64(..);
        while answered < count {
            tokio::select! {
                biased;
                frame = self.wire.next() => {
                    let frame = frame?;
                    if frame.starts_with("{\"re\":") {
                        ensure!(!frame.contains("\"error\""), "a message was refused: {frame}");
                        answered += 1;
                    }
                }
                _ = beat.tick(), if sent < count && sent - answered < SENDS_UNANSWERED_MAX => {
                    sent += 1;
                    let channel = channel_id(0);
                    let content = format!("news {sent} {}", desk::text(sent));
                    self.wire.send(format!(
                        "{{\"id\":{sent},\"op\":\"send\",\"channel_id\":{channel},\"content\":\"{content}\",\
                         \"client_id\":\"bench-{name}-{sent}\"}}"
                    )).await?;
                }
            }
        }
        Ok(())
    }
}

/// Gives the resident memory once it no longer changes.
fn settled_bytes(process: u32) -> anyhow::Result<u64> {
    let mut last = 0;
    for _ in 0..40 {
        std::thread::sleep(Duration::from_millis(250));
        let now = resident_bytes(process)?.context("resident memory is read from Linux's /proc")?;
        if now == last {
            break;
        }
        last = now;
    }
    Ok(last)
}

fn median_and_p99(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    format!("{:.2}, {:.2}", percentile_ms(&times, 50), percentile_ms(&times, 99))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "sizes of files and processes are far below 2^52")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}
