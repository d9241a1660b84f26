//! The report: facts in, text out, each with what to change where something could be better.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::probe::{DOUBTFUL, MODES, Probed};
use super::server::Far;
use crate::app::look::{Depth, Look, luminance};
use crate::app::pictures::Way;
use crate::app::text;

/// Longest wait for a multiplexer.
const TMUX_WAIT: Duration = Duration::from_secs(1);
/// Clocks that are further apart make times in the chat wrong.
const SKEW_MS_MAX: i64 = 2_000;
/// A tmux that waits longer makes Esc slow.
const ESCAPE_MS_MAX: u32 = 50;

/// Variables of the environment that matter, none of which holds a secret.
const VARIABLES: [&str; 12] = [
    "TERM",
    "COLORTERM",
    "TERM_PROGRAM",
    "TERM_PROGRAM_VERSION",
    "NO_COLOR",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TMUX",
    "STY",
    "SSH_CONNECTION",
    "WAYLAND_DISPLAY",
];

/// Options of tmux that matter, with the value to have and what for.
const OPTIONS: [(&str, &str, &str); 4] = [
    ("allow-passthrough", "on", "notifications and images reach the terminal outside"),
    ("set-clipboard", "on", "copying reaches the clipboard outside"),
    ("focus-events", "on", "messages count as read only when you look"),
    ("extended-keys", "on", "Shift+Enter is told from Enter"),
];

/// What a multiplexer is set to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct MultiplexerOptions {
    pub(super) version: String,
    /// In the order of [`OPTIONS`], as far as it knows them.
    pub(super) options: Vec<Option<String>>,
    pub(super) escape_time_ms: Option<u32>,
}

/// A file that the program uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) what: &'static str,
    pub(super) path: String,
    pub(super) is_there: bool,
}

/// Everything that was found out.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) version: &'static str,
    /// Name and value of variables that are set.
    pub(super) variables: Vec<(&'static str, String)>,
    pub(super) is_terminal: bool,
    pub(super) size: Option<(u16, u16)>,
    pub(super) probed: Probed,
    /// Whether the terminal is known to take links.
    pub(super) takes_links: bool,
    /// Whether it is known to draw images in the place of text, and how pictures are to be drawn.
    pub(super) takes_images: bool,
    pub(super) pictures: Way,
    pub(super) tmux: MultiplexerOptions,
    pub(super) places: Vec<Place>,
    pub(super) problems: Vec<String>,
    pub(super) server: String,
    pub(super) far: Far,
}

/// Gives the variables that matter. Of those that only have to be there, the value stays inside.
pub(super) fn variables(variable: impl Fn(&str) -> Option<String>) -> Vec<(&'static str, String)> {
    let hides = |name: &str| matches!(name, "TMUX" | "STY" | "SSH_CONNECTION");
    VARIABLES
        .iter()
        .filter_map(|&name| Some((name, variable(name).filter(|value| !value.is_empty())?)))
        .map(|(name, value)| (name, if hides(name) { "yes".to_owned() } else { text::line(&value) }))
        .collect()
}

/// Writes a path with `~` for the home directory.
pub(super) fn at_home(path: &Path) -> String {
    let home = etcetera::home_dir().ok();
    let inside = home.as_deref().and_then(|home| path.strip_prefix(home).ok());
    text::line(&inside.map_or_else(|| path.display().to_string(), |inside| format!("~/{}", inside.display())))
}

/// Asks tmux what it is set to; none outside of it.
pub(super) async fn ask_tmux(variable: impl Fn(&str) -> Option<String>) -> Option<MultiplexerOptions> {
    variable("TMUX").filter(|value| !value.is_empty())?;
    let mut options = Vec::new();
    for (name, ..) in OPTIONS {
        options.push(tmux(&["show-options", "-Agv", name]).await.or(tmux(&["show-options", "-sv", name]).await));
    }
    let escape_time = tmux(&["show-options", "-sv", "escape-time"]).await;
    Some(MultiplexerOptions {
        version: tmux(&["-V"]).await.unwrap_or_default(),
        options,
        escape_time_ms: escape_time.and_then(|ms| ms.parse().ok()),
    })
}

async fn tmux(arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("tmux");
    command.args(arguments).kill_on_drop(true);
    let output = timeout(TMUX_WAIT, command.output()).await.ok()?.ok()?;
    let said = text::line(String::from_utf8_lossy(&output.stdout).trim());
    (output.status.success() && !said.is_empty()).then_some(said)
}

/// The text as it grows.
#[derive(Default)]
struct Report {
    text: String,
}

impl Report {
    fn section(&mut self, title: &str) {
        let gap = if self.text.is_empty() { "" } else { "\n" };
        self.push(&format!("{gap}{title}"));
    }

    fn line(&mut self, what: &str, found: &str) {
        self.push(&format!("  {what:18} {found}"));
    }

    fn advice(&mut self, words: &str) {
        self.push(&format!("  -> {words}"));
    }

    fn push(&mut self, line: &str) {
        // Writing to a string cannot fail.
        let _written = writeln!(self.text, "{}", line.trim_end());
    }
}

/// Writes the report.
pub(super) fn report(facts: &Facts) -> String {
    let mut report = Report::default();
    report.section("SyncSpace");
    report.line("version", facts.version);
    for place in &facts.places {
        report.line(place.what, &format!("{}{}", place.path, if place.is_there { "" } else { " (not there)" }));
    }
    configuration(&mut report, facts);
    terminal(&mut report, facts);
    if !facts.tmux.version.is_empty() {
        multiplexer(&mut report, &facts.tmux);
    }
    server(&mut report, facts);
    report.text
}

fn configuration(report: &mut Report, facts: &Facts) {
    report.section("Configuration");
    report.line("problems", &facts.problems.len().to_string());
    for problem in &facts.problems {
        report.advice(problem);
    }
}

fn terminal(report: &mut Report, facts: &Facts) {
    let value = |name: &str| facts.variables.iter().find(|(held, _)| *held == name).map(|(_, value)| value.clone());
    report.section("Terminal");
    for (name, value) in &facts.variables {
        report.line(name, value);
    }
    let size = facts.size.filter(|_| facts.is_terminal);
    report
        .line("size", &size.map_or_else(|| "not a terminal".to_owned(), |(columns, rows)| format!("{columns}x{rows}")));
    let depth = Depth::guess(value);
    report.line("colours", ["none", "16", "256", "true colour"][depth as usize]);
    if depth == Depth::Sixteen {
        report.advice("if your terminal has more colours, set COLORTERM=truecolor, or colours in the configuration");
    }
    let locale = value("LC_ALL").or_else(|| value("LC_CTYPE")).or_else(|| value("LANG")).unwrap_or_default();
    if !locale.to_ascii_lowercase().replace('-', "").contains("utf8") {
        report.advice("the locale is not UTF-8: set LANG, for example to C.UTF-8");
    }
    if facts.is_terminal {
        probed(report, &facts.probed, facts.takes_links);
    }
    pictures(report, facts, depth);
}

/// Says how pictures of messages are drawn here, and why.
fn pictures(report: &mut Report, facts: &Facts, depth: Depth) {
    let drawn = match facts.pictures {
        _ if depth <= Depth::Sixteen => "not drawn: too few colours",
        Way::None => "not drawn: pictures = \"none\"",
        Way::Auto if facts.takes_images => "images (kitty's graphics)",
        Way::Auto => "half blocks",
        Way::Kitty => "images (pictures = \"kitty\")",
        Way::Blocks => "half blocks (pictures = \"blocks\")",
    };
    report.line("pictures", drawn);
    if facts.pictures == Way::Kitty && !facts.takes_images {
        report.advice("it is not known to draw images in text: where you see odd letters, set pictures to auto");
    }
}

fn probed(report: &mut Report, probed: &Probed, takes_links: bool) {
    if !probed.has_answered {
        report.advice("the terminal answers no questions: what follows is unknown");
        return;
    }
    let background = probed.background.map(|rgb| {
        let theme = Look { depth: Depth::True, behind: Some(rgb), ..Look::default() }.theme();
        format!("#{:02x}{:02x}{:02x}, luminance {:.2}: theme {}", rgb.0, rgb.1, rgb.2, luminance(rgb), theme.name())
    });
    report.line("background", background.as_deref().unwrap_or("not told: theme terminal"));
    report.line("keyboard", if probed.has_keyboard { "enhanced" } else { "legacy" });
    if !probed.has_keyboard {
        report.advice("Shift+Enter looks like Enter here: Alt+Enter and Ctrl+J make a new line");
    }
    for (mode, name) in MODES {
        let words = probed.knows(mode).map_or("not told", |is_known| if is_known { "yes" } else { "no" });
        report.line(name, words);
    }
    if probed.knows(1004) == Some(false) {
        report.advice("without focus reports SyncSpace takes it that you always look: nothing open is notified of");
    }
    let links = if takes_links { "yes (OSC 8)" } else { "not known to take them: links = true sends them" };
    report.line("links", links);
    report.line("clipboard", "OSC 52 is sent; no terminal says whether it takes it");
    let images = match (probed.has_kitty_images, probed.has_sixel) {
        (true, _) => "kitty",
        (false, true) => "sixel",
        (false, false) => "none",
    };
    report.line("images", images);
    let odd = probed.odd_widths();
    report.line("widths", &format!("{} of {} as drawn", probed.columns.len() - odd.len(), DOUBTFUL.len()));
    for (name, here, drawn) in odd {
        report.advice(&format!("{name}: takes {here} column(s) here, drawn as {drawn}: lines with it may be ragged"));
    }
}

fn multiplexer(report: &mut Report, tmux: &MultiplexerOptions) {
    report.section("Multiplexer");
    report.line("version", &tmux.version);
    for ((name, wanted, what_for), found) in OPTIONS.iter().zip(&tmux.options) {
        report.line(name, found.as_deref().unwrap_or("not known to it"));
        let is_well = found.as_deref().is_some_and(|found| found == *wanted || found == "all" || found == "always");
        if !is_well {
            let scope = if *name == "allow-passthrough" { "-g" } else { "-s" };
            report.advice(&format!("tmux set {scope} {name} {wanted}   # {what_for}"));
        }
    }
    if let Some(ms) = tmux.escape_time_ms {
        report.line("escape-time", &format!("{ms} ms"));
        if ms > ESCAPE_MS_MAX {
            report.advice("tmux set -s escape-time 10   # Esc acts at once");
        }
    }
}

fn server(report: &mut Report, facts: &Facts) {
    report.section("Server");
    report.line("address", &text::line(&facts.server));
    match &facts.far {
        Far::Unreachable(why) => report.advice(&format!("not reached: {}", text::line(why))),
        Far::Reached { version, latency_ms, ahead_ms } => {
            report.line("version", version);
            report.line("latency", &format!("{latency_ms} ms"));
            match ahead_ms {
                None => report.line("clock", "not known: log in first"),
                Some(ms) => {
                    report.line("clock", &format!("{ms} ms ahead of this machine"));
                    if ms.abs() > SKEW_MS_MAX {
                        report.advice("set the clock of this machine, or of the server: times in the chat are wrong");
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn facts() -> Facts {
        let environment = |name: &str| {
            let value = match name {
                "TERM" => "tmux-256color",
                "TMUX" => "/tmp/tmux-1000/secret,1,0",
                "LANG" => "en_US.UTF-8",
                "SSH_CONNECTION" => "10.0.0.1 22",
                "SYNCSPACE_TOKEN" => "secret",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let on = || Some("on".to_owned());
        Facts {
            version: "0.1.0",
            variables: variables(environment),
            is_terminal: true,
            size: Some((120, 36)),
            probed: Probed {
                has_answered: true,
                modes: vec![(2004, true), (1004, false)],
                columns: vec![6, 2, 2, 2, 2, 1, 2, 2],
                ..Probed::default()
            },
            takes_links: false,
            takes_images: false,
            pictures: Way::Auto,
            tmux: MultiplexerOptions {
                version: "tmux 3.4".to_owned(),
                options: vec![Some("off".to_owned()), on(), Some("external".to_owned()), None],
                escape_time_ms: Some(500),
            },
            places: vec![Place {
                what: "configuration",
                path: "~/.config/syncspace/tui.toml".to_owned(),
                is_there: false,
            }],
            problems: vec!["line 1, column 9: mouse: it is true or false; it stays true".to_owned()],
            server: "https://chat.example.org".to_owned(),
            far: Far::Reached { version: "0.1.0".to_owned(), latency_ms: 12, ahead_ms: Some(-61_000) },
        }
    }

    #[test]
    fn the_report_says_what_is_and_what_to_change() {
        assert_snapshot!("doctor_tmux", report(&facts()));
    }

    #[test]
    fn without_a_terminal_and_a_server_the_rest_is_reported() {
        let facts = Facts {
            is_terminal: false,
            size: None,
            probed: Probed::default(),
            tmux: MultiplexerOptions::default(),
            problems: Vec::new(),
            variables: Vec::new(),
            far: Far::Unreachable("connection refused".to_owned()),
            ..facts()
        };
        assert_snapshot!("doctor_pipe", report(&facts));
    }

    #[test]
    fn nothing_secret_is_reported() {
        assert!(!report(&facts()).contains("secret"));
        assert!(!report(&facts()).contains("10.0.0.1"));
    }
}
