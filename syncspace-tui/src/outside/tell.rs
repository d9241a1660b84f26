//! How a notice leaves the program: sequences of the terminal, its bell, a program of the desktop.

use crate::app::accounts::AccountNo;
use crate::app::notify::{NoticePlace, Told};
use crate::app::text;

/// A way to tell the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// What suits the terminal.
    Auto,
    Osc9,
    Osc777,
    Osc99,
    Bell,
    /// A program of the desktop.
    Desktop,
}

/// What is known of the terminal by its environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Around {
    /// The sequence that the terminal is known to understand.
    own: Option<Way>,
    is_in_tmux: bool,
    is_in_screen: bool,
    /// Whose notice it is: two servers count their channels alike.
    account: Option<AccountNo>,
}

const ST: &str = "\x1b\\";
/// Puts the window's title aside, and takes it back (xterm's XTWINOPS 22 and 23).
pub(crate) const SAVE_TITLE: &str = "\x1b[22;2t";
pub(crate) const RESTORE_TITLE: &str = "\x1b]2;\x1b\\\x1b[23;2t";

impl Way {
    pub(crate) const ALL: [(&'static str, Self); 6] = [
        ("auto", Self::Auto),
        ("osc9", Self::Osc9),
        ("osc777", Self::Osc777),
        ("osc99", Self::Osc99),
        ("bell", Self::Bell),
        ("desktop", Self::Desktop),
    ];
}

impl Around {
    pub(crate) fn guess(variable: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name| variable(name).unwrap_or_default();
        let has = |name| !value(name).is_empty();
        let (term, program) = (value("TERM"), value("TERM_PROGRAM"));
        let own = if has("KITTY_WINDOW_ID") || term.contains("kitty") {
            Some(Way::Osc99)
        } else if matches!(program.as_str(), "iTerm.app" | "WezTerm" | "ghostty" | "WarpTerminal")
            || value("LC_TERMINAL") == "iTerm2"
            || has("WEZTERM_PANE")
        {
            Some(Way::Osc9)
        } else if term.starts_with("foot") || term.starts_with("rxvt") {
            Some(Way::Osc777)
        } else {
            None
        };
        Self { own, is_in_tmux: has("TMUX"), is_in_screen: has("STY"), account: None }
    }

    /// Gives the same for the notices of one account.
    pub(crate) fn of(self, account: AccountNo) -> Self {
        Self { account: Some(account), ..self }
    }

    /// Wraps a sequence so that a multiplexer passes it on.
    fn wrap(self, sequence: &str) -> String {
        if self.is_in_tmux {
            format!("\x1bPtmux;{}{ST}", sequence.replace('\x1b', "\x1b\x1b"))
        } else if self.is_in_screen {
            // Screen ends at the first ST: the bell ends the inner one.
            format!("\x1bP{}{ST}", sequence.replace(ST, "\x07"))
        } else {
            sequence.to_owned()
        }
    }
}

/// Gives what is written to the terminal to tell of something.
pub(crate) fn sequences(ways: &[Way], around: Around, told: &Told) -> String {
    let mut all = Vec::new();
    for way in ways {
        match way {
            // Inside a multiplexer nobody knows the terminal outside: the bell gets through, and is shown there.
            Way::Auto if around.is_in_tmux || around.is_in_screen => {
                all.extend(around.own.into_iter().chain([Way::Bell]))
            }
            Way::Auto => all.push(around.own.unwrap_or(Way::Bell)),
            Way::Desktop => {}
            other => all.push(*other),
        }
    }
    let mut done = Vec::new();
    let mut written = String::new();
    for way in all {
        if !done.contains(&way) {
            written.push_str(&sequence(way, around, told));
            done.push(way);
        }
    }
    written
}

/// Gives what takes a notice back, where a way is used that can: only OSC 99 has names for notices.
pub(crate) fn withdraw(ways: &[Way], around: Around, place: NoticePlace) -> String {
    let is_used = |way: &Way| *way == Way::Osc99 || (*way == Way::Auto && around.own == Some(Way::Osc99));
    if ways.iter().any(is_used) {
        around.wrap(&format!("\x1b]99;i={}:p=close;{ST}", notice_name(around, Some(place))))
    } else {
        String::new()
    }
}

/// Names a notice by the message that it is about; numbers only.
fn notice_name(around: Around, place: Option<NoticePlace>) -> String {
    let account = around.account.map(|account| format!("-{account}")).unwrap_or_default();
    let place = place.map(|(channel, seq)| format!("-{channel}-{seq}")).unwrap_or_default();
    format!("syncspace{account}{place}")
}

fn sequence(way: Way, around: Around, told: &Told) -> String {
    // Cleaned once more: here and nowhere else text of others stands inside a sequence.
    let (title, body) = (text::line(&told.title), text::line(&told.body));
    match way {
        // A number and a semicolon at the beginning mean other things to some terminals.
        Way::Osc9 => around.wrap(&format!("\x1b]9;{}: {}{ST}", title.replace(';', ","), body)),
        Way::Osc777 => {
            around.wrap(&format!("\x1b]777;notify;{};{}{ST}", title.replace(';', ","), body.replace(';', ",")))
        }
        Way::Osc99 => {
            let name = notice_name(around, told.place);
            let title = around.wrap(&format!("\x1b]99;i={name}:d=0:p=title;{title}{ST}"));
            let body = around.wrap(&format!("\x1b]99;i={name}:d=1:p=body;{body}{ST}"));
            format!("{title}{body}")
        }
        Way::Bell => "\x07".to_owned(),
        Way::Auto | Way::Desktop => String::new(),
    }
}

/// Gives the program of the desktop that tells of something, where one is wanted.
pub(crate) fn program(ways: &[Way], named: &[String], told: &Told) -> Option<Vec<String>> {
    if !ways.contains(&Way::Desktop) {
        return None;
    }
    let usual: &[&str] = if cfg!(target_os = "macos") {
        let script = "display notification (item 2 of argv) with title (item 1 of argv)";
        &["osascript", "-e", "on run argv", "-e", script, "-e", "end run"]
    } else {
        &["notify-send", "--app-name=SyncSpace", "--"]
    };
    let usual = usual.iter().map(|&word| word.to_owned());
    let mut program: Vec<String> = if named.is_empty() { usual.collect() } else { named.to_vec() };
    program.extend([text::line(&told.title), text::line(&told.body)]);
    Some(program)
}

/// Gives the sequence that sets the window's title.
pub(crate) fn title_sequence(title: &str) -> String {
    format!("\x1b]2;{}{ST}", text::line(title))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(title: &str, body: &str) -> Told {
        Told { title: title.to_owned(), body: body.to_owned(), place: None }
    }

    fn around(environment: &[(&str, &str)]) -> Around {
        Around::guess(|name| environment.iter().find(|(held, _)| *held == name).map(|(_, value)| (*value).to_owned()))
    }

    #[track_caller]
    fn check(environment: &[(&str, &str)], ways: &[Way], expected: &str) {
        assert_eq!(sequences(ways, around(environment), &told("bob", "hi; there")), expected, "{environment:?}");
    }

    #[test]
    fn every_terminal_is_told_in_its_way() {
        check(&[("TERM", "xterm-256color")], &[Way::Auto], "\x07");
        check(&[("TERM_PROGRAM", "WezTerm")], &[Way::Auto], "\x1b]9;bob: hi; there\x1b\\");
        check(&[("TERM", "foot")], &[Way::Auto], "\x1b]777;notify;bob;hi, there\x1b\\");
        check(
            &[("TERM", "xterm-kitty")],
            &[Way::Auto],
            "\x1b]99;i=syncspace:d=0:p=title;bob\x1b\\\x1b]99;i=syncspace:d=1:p=body;hi; there\x1b\\",
        );
    }

    #[test]
    fn pain_10_bell_and_notification_go_together_and_through_tmux() {
        check(&[], &[Way::Osc9, Way::Bell], "\x1b]9;bob: hi; there\x1b\\\x07");
        check(&[], &[Way::Bell, Way::Auto, Way::Bell], "\x07");
        let tmux = [("TMUX", "/tmp/x"), ("TERM", "tmux-256color")];
        check(&tmux, &[Way::Auto], "\x07");
        check(&tmux, &[Way::Osc9], "\x1bPtmux;\x1b\x1b]9;bob: hi; there\x1b\x1b\\\x1b\\");
        check(&[("STY", "1.x")], &[Way::Osc9], "\x1bP\x1b]9;bob: hi; there\x07\x1b\\");
        check(&[], &[], "");
    }

    #[test]
    fn pain_10_a_notice_is_taken_back_where_it_has_a_name() {
        let place = ("7".parse().expect("an id"), "3".parse().expect("a place"));
        let kitty = around(&[("TERM", "xterm-kitty")]);
        let told = Told { place: Some(place), ..told("bob", "hi") };
        assert!(sequences(&[Way::Auto], kitty, &told).starts_with("\x1b]99;i=syncspace-7-3:d=0:p=title;bob"));
        assert_eq!(withdraw(&[Way::Bell, Way::Auto], kitty, place), "\x1b]99;i=syncspace-7-3:p=close;\x1b\\");
        let other = kitty.of(AccountNo::numbered(1));
        assert_eq!(withdraw(&[Way::Auto], other, place), "\x1b]99;i=syncspace-2-7-3:p=close;\x1b\\");
        assert_eq!(withdraw(&[Way::Auto, Way::Osc9], Around::default(), place), "");
    }

    #[test]
    fn the_desktop_is_called_by_a_program_and_words() {
        let told = told("bob", "--help\u{1b}[31m");
        assert_eq!(program(&[Way::Bell], &[], &told), None);
        let named = ["say".to_owned(), "-x".to_owned()];
        assert_eq!(
            program(&[Way::Desktop], &named, &told),
            Some(["say", "-x", "bob", "--help"].map(str::to_owned).to_vec())
        );
        let usual = program(&[Way::Desktop], &[], &told).expect("one");
        assert_eq!(usual.last().map(String::as_str), Some("--help"));
    }

    /// Gives what is left when the sequences that this file makes are taken out.
    fn outside_of_own(mut written: String) -> String {
        for own in [
            "\x1b]9;",
            "\x1b]777;notify;",
            "\x1b]99;i=syncspace:d=0:p=title;",
            "\x1b]99;i=syncspace:d=1:p=body;",
            "\x1b]2;",
            ST,
            "\x07",
        ] {
            written = written.replacen(own, "", 1);
        }
        written.replacen(ST, "", 3)
    }

    proptest::proptest! {
        #[test]
        fn pain_20_no_text_makes_a_sequence(title in proptest::prelude::any::<String>(), body in "\\PC{0,40}|[\\x00-\\x1f\\x7f-\\u{9f};\\\\a-z\\]]{0,60}") {
            let told = Told { title, body, place: None };
            for way in [Way::Osc9, Way::Osc777, Way::Osc99] {
                let rest = outside_of_own(sequences(&[way, Way::Bell], Around::default(), &told));
                proptest::prop_assert!(!rest.contains(|c: char| c.is_control()), "{rest:?}");
            }
            let rest = outside_of_own(title_sequence(&told.title));
            proptest::prop_assert!(!rest.contains(|c: char| c.is_control()), "{rest:?}");
        }
    }
}
