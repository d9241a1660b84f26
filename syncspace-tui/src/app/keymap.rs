//! Which keys stand for which actions: a preset, and above it what the person chose.
//!
//! The actions themselves, with the keys of the standard preset, are the table in [`super::action`]. Reads no file: the
//! configuration hands in names and keys.

use crossterm::event::{KeyCode, KeyModifiers};

use super::action::{ACTIONS, Action, Info, scope, scope_of};
use super::key::Key;
use super::state::State;
use crate::app::text;
use syncspace_protocol::Time;

/// Longest sequence of keys.
pub(crate) const SEQUENCE_KEYS_MAX: usize = 4;
/// The continuations of a begun sequence are shown after that long, in milliseconds.
pub(crate) const HINT_AFTER_MS: i64 = 300;

/// Keys for people with different habits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Preset {
    #[default]
    Standard,
    Vim,
    Emacs,
}

/// Keys pressed one after the other: mostly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sequence(Vec<Key>);

/// What stands for which action.
#[derive(Debug, Clone)]
pub(crate) struct Keymap {
    /// The keys of every action, in the order of the table.
    bound: Vec<Vec<Sequence>>,
}

/// Puts a person's choices above a preset, in the order in which they are made.
pub(crate) struct Builder {
    map: Keymap,
    /// What the person bound: it takes keys from the preset, never from an earlier choice.
    claimed: Vec<(usize, Sequence)>,
}

/// What pressed keys mean.
pub(crate) enum Found {
    Action(&'static Info),
    /// They stand for something that cannot be done now.
    Blocked(&'static Info),
    /// More keys may make something of them.
    Begun,
    Nothing,
}

/// A begun sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) keys: Vec<Key>,
    /// When its continuations are shown.
    pub(crate) hint_at: Time,
    pub(crate) is_hinted: bool,
}

/// The keys of the program.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    pub(crate) map: Keymap,
    pub(crate) pending: Option<Pending>,
}

impl Preset {
    pub(crate) const NAMES: [&'static str; 3] = ["standard", "vim", "emacs"];

    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "standard" => Some(Self::Standard),
            "vim" => Some(Self::Vim),
            "emacs" => Some(Self::Emacs),
            _ => None,
        }
    }

    /// Gives what differs from the standard keys: names with all their keys.
    const fn changes(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Self::Standard => &[],
            Self::Vim => &[
                ("first", &["g g", "home"]),
                ("last", &["G", "end"]),
                ("scroll_up", &["pageup", "ctrl+b"]),
                ("scroll_down", &["pagedown", "ctrl+f"]),
                ("delete_message", &["d d", "delete"]),
                ("go_to", &["ctrl+k", "ctrl+t", "space space"]),
                ("next_unread", &["alt+a", "space n"]),
                ("last_channel", &["alt+s", "ctrl+6", "space l"]),
                ("next_channel", &["alt+down", "g t"]),
                ("previous_channel", &["alt+up", "g T"]),
                ("toggle_sidebar", &["f2", "space b"]),
                ("new_channel", &["alt+c", "space c"]),
                ("direct_message", &["alt+d", "space d"]),
                ("actions", &[":", "ctrl+o", "f3"]),
                ("search", &["alt+/", "f4", "space /"]),
                ("threads", &["f5", "space t"]),
                ("mentions", &["f6", "space m"]),
                ("quit", &["ctrl+q", "Z Z"]),
            ],
            Self::Emacs => &[
                ("up", &["up", "ctrl+p"]),
                ("down", &["down", "ctrl+n"]),
                ("scroll_up", &["pageup", "alt+v"]),
                ("attach", &["ctrl+x a"]),
                ("scroll_down", &["pagedown", "ctrl+v"]),
                ("first", &["home", "alt+<"]),
                ("last", &["end", "alt+>"]),
                ("leave_composer", &["esc", "ctrl+g"]),
                ("leave_list", &["esc", "ctrl+g"]),
                ("leave_page", &["esc", "ctrl+g"]),
                ("search", &["alt+/", "f4", "ctrl+x /"]),
                ("go_to", &["ctrl+x b", "ctrl+t"]),
                ("actions", &["alt+x", "f3"]),
                ("next_pane", &["tab", "ctrl+x o"]),
                ("close_thread", &["q", "ctrl+x 0"]),
                ("toggle_sidebar", &["f2", "ctrl+x 1"]),
                ("quit", &["ctrl+x ctrl+c", "ctrl+q"]),
            ],
        }
    }
}

impl Sequence {
    /// Reads keys as people write them: `ctrl+k`, `g g`, `space c`, `F1`.
    pub(crate) fn parse(written: &str) -> Result<Self, String> {
        let keys: Vec<Key> = written.split_whitespace().map(parse_key).collect::<Result<_, _>>()?;
        match keys.len() {
            0 => Err("there is no key in it; [] leaves an action without one".to_owned()),
            1..=SEQUENCE_KEYS_MAX => Ok(Self(keys)),
            _ => Err(format!("it has more than {SEQUENCE_KEYS_MAX} keys")),
        }
    }

    pub(crate) fn keys(&self) -> &[Key] {
        &self.0
    }

    pub(crate) fn label(&self) -> String {
        labels(&self.0)
    }

    /// Gives the keys as they stand in a configuration.
    pub(crate) fn written(&self) -> String {
        self.0.iter().map(|key| written(*key)).collect::<Vec<_>>().join(" ")
    }

    /// Gives the places in which the sequence can be used: what types text does so while writing.
    fn reach(&self, places: u8) -> u8 {
        if self.0.first().is_some_and(|key| key.is_text()) { places & !scope::TYPED } else { places }
    }

    /// Tells whether one of the two begins as the other goes.
    fn collides(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0) || other.0.starts_with(&self.0)
    }
}

/// Gives keys as people write them, one after the other.
pub(crate) fn labels(keys: &[Key]) -> String {
    keys.iter().map(|key| key.label()).collect::<Vec<_>>().join(" ")
}

fn written(key: Key) -> String {
    let held = [(KeyModifiers::CONTROL, "ctrl+"), (KeyModifiers::ALT, "alt+"), (KeyModifiers::SHIFT, "shift+")];
    let held: String = held.iter().filter(|(held, _)| key.0.contains(*held)).map(|(_, word)| *word).collect();
    let code = match key.1 {
        KeyCode::Char(' ') => "space".to_owned(),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::F(number) => format!("f{number}"),
        other => format!("{other:?}").to_lowercase(),
    };
    format!("{held}{code}")
}

fn parse_key(written: &str) -> Result<Key, String> {
    let mut held = KeyModifiers::NONE;
    let mut rest = written;
    while let Some((modifier, after)) =
        rest.split_once('+').filter(|(before, after)| !before.is_empty() && !after.is_empty())
    {
        held |= match modifier.to_ascii_lowercase().as_str() {
            "ctrl" | "control" | "c" => KeyModifiers::CONTROL,
            "alt" | "meta" | "m" => KeyModifiers::ALT,
            "shift" | "s" => KeyModifiers::SHIFT,
            _ => return Err(format!("{} is none of ctrl, alt and shift", text::line(modifier))),
        };
        rest = after;
    }
    let code = parse_code(rest).ok_or_else(|| format!("there is no key {}", text::line(rest)))?;
    let code = match code {
        KeyCode::Char(c) if held == KeyModifiers::SHIFT && c.is_ascii_lowercase() => {
            KeyCode::Char(c.to_ascii_uppercase())
        }
        code => code,
    };
    Ok(Key::of(crossterm::event::KeyEvent::new(code, held)))
}

fn parse_code(name: &str) -> Option<KeyCode> {
    let mut chars = name.chars();
    if let (Some(only), None) = (chars.next(), chars.next()) {
        return (!only.is_control()).then_some(KeyCode::Char(only));
    }
    let lower = name.to_ascii_lowercase();
    Some(match lower.as_str() {
        "enter" | "return" => KeyCode::Enter,
        "esc" | "escape" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "backtab" => KeyCode::BackTab,
        "space" => KeyCode::Char(' '),
        "plus" => KeyCode::Char('+'),
        "backspace" => KeyCode::Backspace,
        "delete" | "del" => KeyCode::Delete,
        "insert" | "ins" => KeyCode::Insert,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pageup" | "pgup" => KeyCode::PageUp,
        "pagedown" | "pgdn" => KeyCode::PageDown,
        "up" | "↑" => KeyCode::Up,
        "down" | "↓" => KeyCode::Down,
        "left" | "←" => KeyCode::Left,
        "right" | "→" => KeyCode::Right,
        _ => KeyCode::F(lower.strip_prefix('f')?.parse().ok().filter(|number| (1..=24).contains(number))?),
    })
}

/// Gives what a terminal without the enhanced keyboard protocol makes of a key that it cannot tell; none where it can.
pub(crate) fn doubt(key: Key) -> Option<&'static str> {
    let ctrl = key.0.contains(KeyModifiers::CONTROL);
    match key.1 {
        KeyCode::Char('i') if ctrl => Some("Tab"),
        KeyCode::Char('m') if ctrl => Some("Enter"),
        KeyCode::Char('[' | '3') if ctrl => Some("Esc"),
        KeyCode::Char('h' | '8') if ctrl => Some("Backspace"),
        KeyCode::Char('2' | '@') if ctrl => Some("Ctrl+Space"),
        KeyCode::Char('_' | '/') if ctrl => Some("Ctrl+7"),
        KeyCode::Char('\\') if ctrl => Some("Ctrl+4"),
        KeyCode::Char(']') if ctrl => Some("Ctrl+5"),
        KeyCode::Char('^') if ctrl => Some("Ctrl+6"),
        KeyCode::Char(c) if ctrl && !matches!(c, 'a'..='z' | '4'..='7' | ' ') => Some("nothing, or the bare key"),
        KeyCode::Enter if ctrl || key.0.contains(KeyModifiers::SHIFT) => Some("Enter"),
        KeyCode::Tab if ctrl => Some("Tab"),
        KeyCode::Backspace if ctrl || key.0.contains(KeyModifiers::SHIFT) => Some("Backspace"),
        KeyCode::Esc if !key.0.is_empty() => Some("Esc"),
        _ => None,
    }
}

/// Gives the place of an action in the table, by its name.
pub(crate) fn place_of(name: &str) -> Option<usize> {
    ACTIONS.iter().position(|info| info.name == name)
}

impl Builder {
    pub(crate) fn new(preset: Preset) -> Self {
        Self { map: Keymap::of(preset), claimed: Vec::new() }
    }

    /// Takes all keys from an action.
    pub(crate) fn clear(&mut self, at: usize) {
        if let Some(bound) = self.map.bound.get_mut(at) {
            bound.clear();
        }
    }

    /// Gives a key to an action. An earlier choice keeps its keys: then this gives why not.
    pub(crate) fn claim(&mut self, at: usize, sequence: Sequence) -> Result<(), String> {
        let Some(info) = ACTIONS.get(at) else { return Ok(()) };
        let reach = sequence.reach(info.scope);
        if reach == 0 {
            return Err(format!("{} types text, and {} is for while you write", sequence.label(), info.name));
        }
        let meets = |other: usize, held: &Sequence| {
            held.collides(&sequence) && ACTIONS.get(other).is_some_and(|other| held.reach(other.scope) & reach != 0)
        };
        if let Some((other, held)) = self.claimed.iter().find(|(other, held)| meets(*other, held)) {
            let name = ACTIONS.get(*other).map_or("", |info| info.name);
            let how = if held.0.len() == sequence.0.len() { "stands for" } else { "collides with" };
            return Err(format!("{} {how} {name} already ({})", sequence.label(), held.label()));
        }
        for (other, bound) in self.map.bound.iter_mut().enumerate().filter(|(other, _)| *other != at) {
            bound.retain(|held| !meets(other, held));
        }
        self.claimed.push((at, sequence.clone()));
        if let Some(bound) = self.map.bound.get_mut(at) {
            bound.push(sequence);
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Keymap {
        self.map
    }
}

impl Keymap {
    /// Gives the keys of a preset.
    pub(crate) fn of(preset: Preset) -> Self {
        let standard = |info: &Info| info.keys.iter().map(|&key| Sequence(vec![key])).collect();
        let map = Self { bound: ACTIONS.iter().map(standard).collect() };
        let mut builder = Builder { map, claimed: Vec::new() };
        for (name, keys) in preset.changes() {
            let Some(at) = place_of(name) else { continue };
            builder.clear(at);
            for sequence in keys.iter().filter_map(|written| Sequence::parse(written).ok()) {
                // Two lines of one preset never collide: a test says so.
                let _claimed = builder.claim(at, sequence);
            }
        }
        builder.finish()
    }

    /// Gives the keys of an entry of the table.
    pub(crate) fn keys_of(&self, name: &str) -> &[Sequence] {
        place_of(name).and_then(|at| self.bound.get(at)).map_or(&[], Vec::as_slice)
    }

    /// Gives the keys of an entry as people write them, or nothing.
    pub(crate) fn label(&self, info: &Info) -> String {
        self.keys_of(info.name).iter().map(Sequence::label).collect::<Vec<_>>().join(", ")
    }

    /// Gives the first key of an action that reaches one of these places, of the entry that is made for the fewest.
    pub(crate) fn first_label(&self, action: Action, places: u8) -> Option<String> {
        let keys = self.iter().filter(|(info, keys)| info.action == action && keys.reach(info.scope) & places != 0);
        keys.min_by_key(|(info, _)| info.scope.count_ones()).map(|(_, keys)| keys.label())
    }

    /// Gives everything that is bound, with its action.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static Info, &Sequence)> {
        ACTIONS.iter().zip(&self.bound).flat_map(|(info, bound)| bound.iter().map(move |keys| (info, keys)))
    }

    /// Finds what pressed keys mean where the keys go now.
    pub(crate) fn find(&self, state: &State, pressed: &[Key]) -> Found {
        let place = scope_of(state.chat.focus);
        let mut blocked = None;
        let mut is_begun = false;
        for (info, sequence) in self.iter().filter(|(info, sequence)| sequence.reach(info.scope) & place != 0) {
            if sequence.0 == pressed {
                if (info.when)(state) {
                    return Found::Action(info);
                }
                blocked = Some(info);
            }
            is_begun |= sequence.0.len() > pressed.len() && sequence.0.starts_with(pressed);
        }
        match blocked {
            _ if is_begun => Found::Begun,
            Some(info) => Found::Blocked(info),
            None => Found::Nothing,
        }
    }

    /// Gives how a begun sequence can go on here: the keys that are left, and what they do.
    pub(crate) fn continuations(&self, state: &State, pressed: &[Key]) -> Vec<(String, &'static str)> {
        let place = scope_of(state.chat.focus);
        self.iter()
            .filter(|(info, sequence)| sequence.reach(info.scope) & place != 0 && (info.when)(state))
            .filter(|(_, sequence)| sequence.0.len() > pressed.len() && sequence.0.starts_with(pressed))
            .map(|(info, sequence)| (labels(sequence.0.get(pressed.len()..).unwrap_or_default()), info.help))
            .collect()
    }
}

impl Keys {
    /// Gives a short way to name a key in a sentence: the key, or the name of the action for the list of everything.
    pub(crate) fn name(&self, action: Action) -> String {
        self.map.first_label(action, scope::CHAT).unwrap_or_else(|| {
            let info = ACTIONS.iter().find(|info| info.action == action);
            info.map_or_else(String::new, |info| info.name.to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &str, label: &str) {
        assert_eq!(Sequence::parse(written).map(|keys| keys.label()), Ok(label.to_owned()), "{written:?}");
    }

    #[test]
    fn keys_are_read_as_people_write_them() {
        check("ctrl+k", "Ctrl+K");
        check("Ctrl+Shift+K", "Ctrl+K");
        check("g g", "g g");
        check("space c", "Space c");
        check("G", "G");
        check("shift+g", "G");
        check("f12", "F12");
        check("alt+PageUp", "Alt+PgUp");
        check("shift+tab", "Shift+Tab");
        check("ctrl++", "Ctrl++");
        check("+", "+");
        check("alt+é", "Alt+É");
    }

    #[test]
    fn what_is_written_is_read_again() {
        for preset in [Preset::Standard, Preset::Vim, Preset::Emacs] {
            for (_, keys) in Keymap::of(preset).iter() {
                assert_eq!(Sequence::parse(&keys.written()).as_ref(), Ok(keys));
            }
        }
    }

    #[test]
    fn what_is_no_key_says_why() {
        for (written, why) in [
            ("", "no key"),
            ("ctrl+", "there is no key ctrl+"),
            ("hyper+k", "hyper is none of"),
            ("f25", "there is no key f25"),
            ("a b c d e", "more than 4"),
            ("\u{1b}[31m", "there is no key"),
        ] {
            let error = Sequence::parse(written).expect_err(written);
            assert!(error.contains(why), "{written:?}: {error}");
        }
    }

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for preset in [Preset::Standard, Preset::Vim, Preset::Emacs] {
            let map = Keymap::of(preset);
            let all: Vec<(&Info, &Sequence)> = map.iter().collect();
            for (at, (info, keys)) in all.iter().enumerate() {
                for (other, others) in &all[at + 1..] {
                    let meet = keys.collides(others) && keys.reach(info.scope) & others.reach(other.scope) != 0;
                    assert!(!meet, "{preset:?}: {} of {} and {}", keys.label(), info.name, other.name);
                }
            }
        }
    }

    #[test]
    fn presets_name_actions_and_lose_none() {
        for preset in [Preset::Vim, Preset::Emacs] {
            for (name, keys) in preset.changes() {
                assert!(place_of(name).is_some(), "{name}");
                let bound = Keymap::of(preset);
                let keys: Vec<Sequence> = keys.iter().map(|keys| Sequence::parse(keys).expect("a key")).collect();
                assert_eq!(bound.keys_of(name), keys, "{preset:?} {name}");
            }
            let map = Keymap::of(preset);
            for info in ACTIONS.iter().filter(|info| !info.keys.is_empty()) {
                assert!(!map.keys_of(info.name).is_empty(), "{preset:?} leaves {} without a key", info.name);
            }
        }
    }

    #[test]
    fn keys_that_terminals_cannot_tell_apart_are_never_the_only_ones() {
        for preset in [Preset::Standard, Preset::Vim, Preset::Emacs] {
            let map = Keymap::of(preset);
            for info in ACTIONS.iter().filter(|info| !map.keys_of(info.name).is_empty()) {
                let is_sure = |sequence: &Sequence| sequence.keys().iter().all(|&key| doubt(key).is_none());
                assert!(map.keys_of(info.name).iter().any(is_sure), "{preset:?}: {}", info.name);
            }
        }
    }

    #[test]
    fn a_choice_takes_keys_from_the_preset_but_not_from_another_choice() {
        let at = |name| place_of(name).expect("an action");
        let keys = |written| Sequence::parse(written).expect("keys");
        let mut builder = Builder::new(Preset::Standard);
        builder.clear(at("invite"));
        builder.claim(at("invite"), keys("ctrl+k")).expect("free");
        assert_eq!(
            builder.claim(at("new_team"), keys("ctrl+k")),
            Err("Ctrl+K stands for invite already (Ctrl+K)".to_owned())
        );
        assert_eq!(
            builder.claim(at("new_team"), keys("ctrl+k t")),
            Err("Ctrl+K t collides with invite already (Ctrl+K)".to_owned())
        );
        assert!(builder.claim(at("send"), keys("x")).expect_err("it is text").contains("types text"));
        let map = builder.finish();
        assert_eq!(map.keys_of("invite"), [keys("ctrl+k")]);
        assert_eq!(map.keys_of("go_to"), [keys("ctrl+t")]);
    }
}
