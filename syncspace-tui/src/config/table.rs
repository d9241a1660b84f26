//! The one table of settings: name, meaning, default, range. The example and the checks come from it.

use toml::de::DeValue;

use crate::app::action::ACTIONS;
use crate::app::keymap::{Keymap, Preset};
use crate::app::look::{Depth, Theme};
use crate::app::paths;
use crate::app::pictures::Way as PictureWay;
use crate::outside::tell::Way;

/// Everything a person sets, but for the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The server that is meant where none is named.
    pub(crate) server: Option<String>,
    /// Whether wheel and clicks are ours, or the terminal's.
    pub(crate) has_mouse: bool,
    /// Whether the side bar stands beside the messages at the start.
    pub(crate) has_sidebar: bool,
    pub(crate) theme: Theme,
    /// Whether short names such as `:tada:` are drawn as emoji.
    pub(crate) has_emoji: bool,
    /// How pictures of messages are drawn.
    pub(crate) pictures: PictureWay,
    /// Where files are saved; none where downloads go on this machine.
    pub(crate) downloads: Option<String>,
    /// Whether addresses are links of the terminal; none where it is known to take them.
    pub(crate) has_links: Option<bool>,
    /// Whether lines are written for a screen reader, instead of pictures.
    pub(crate) is_for_reader: bool,
    /// How many colours to use; none as many as the terminal has.
    pub(crate) depth: Option<Depth>,
    /// How the person is told of messages; all of these ways at once.
    pub(crate) ways: Vec<Way>,
    /// Whether notices have the message's text.
    pub(crate) notifies_text: bool,
    /// Whether the window's title shows how often the person was called.
    pub(crate) has_title: bool,
    /// The program that shows notices on the desktop; empty for the usual one.
    pub(crate) desktop_program: Vec<String>,
    /// The programs of events, in the order of [`HookEvent::ALL`]; empty where there is none.
    hooks: [Vec<String>; 5],
    pub(crate) hook_time_limit_s: u32,
}

/// Something of which a program can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookEvent {
    Message,
    Mention,
    Direct,
    Connected,
    Lost,
}

impl HookEvent {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Message, "message"),
        (Self::Mention, "mention"),
        (Self::Direct, "direct"),
        (Self::Connected, "connected"),
        (Self::Lost, "lost"),
    ];

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(event, _)| *event == self).map_or("", |(_, name)| name)
    }
}

impl Settings {
    /// Gives the program of an event; empty where there is none.
    pub(crate) fn hook(&self, event: HookEvent) -> &[String] {
        let at = HookEvent::ALL.iter().position(|(held, _)| *held == event);
        at.and_then(|at| self.hooks.get(at)).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn has_hooks(&self) -> bool {
        self.hooks.iter().any(|program| !program.is_empty())
    }

    fn set_hook(&mut self, event: HookEvent, value: &DeValue<'_>) -> Result<(), String> {
        let program = words(value)?;
        let at = HookEvent::ALL.iter().position(|(held, _)| *held == event);
        if let Some(held) = at.and_then(|at| self.hooks.get_mut(at)) {
            *held = program;
        }
        Ok(())
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            server: None,
            has_mouse: true,
            has_sidebar: true,
            theme: Theme::Auto,
            has_emoji: true,
            pictures: PictureWay::Auto,
            downloads: None,
            has_links: None,
            is_for_reader: false,
            depth: None,
            ways: vec![Way::Auto],
            notifies_text: true,
            has_title: true,
            desktop_program: Vec::new(),
            hooks: Default::default(),
            hook_time_limit_s: 10,
        }
    }
}

/// One line of the table.
pub(super) struct Setting {
    /// Its name, with its section before a dot.
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
    /// What it can be.
    pub(super) range: &'static str,
    /// As it is written in the file.
    pub(super) default: &'static str,
    /// Takes a value; gives why not.
    pub(super) set: fn(&mut Settings, &DeValue<'_>) -> Result<(), String>,
}

const SETTINGS: &[Setting] = &[
    Setting {
        name: "server",
        meaning: "Address of the server where neither --server nor a saved login names one",
        range: "a URL; empty for none",
        default: "\"\"",
        set: |settings, value| {
            let address = string(value)?;
            settings.server = Some(address).filter(|address| !address.is_empty());
            Ok(())
        },
    },
    Setting {
        name: "mouse",
        meaning: "Whether wheel and clicks are SyncSpace's; false leaves them to the terminal. Shift-drag is always the terminal's",
        range: "true or false",
        default: "true",
        set: |settings, value| boolean(value).map(|on| settings.has_mouse = on),
    },
    Setting {
        name: "side_bar",
        meaning: "Whether the side bar stands beside the messages at the start, from 80 columns on",
        range: "true or false",
        default: "true",
        set: |settings, value| boolean(value).map(|on| settings.has_sidebar = on),
    },
    Setting {
        name: "theme",
        meaning: "Colours. auto is dark or light as the terminal's background, and the terminal's own where it does not tell",
        range: "auto, terminal, dark, light, high-contrast or monochrome",
        default: "\"auto\"",
        set: |settings, value| {
            let theme = Theme::named(&string(value)?);
            settings.theme = theme.ok_or("it is auto, terminal, dark, light, high-contrast or monochrome")?;
            Ok(())
        },
    },
    Setting {
        name: "emoji",
        meaning: "Whether short names such as :tada: are drawn as emoji; those whose width terminals do not agree on stay names",
        range: "true or false",
        default: "true",
        set: |settings, value| boolean(value).map(|on| settings.has_emoji = on),
    },
    Setting {
        name: "pictures",
        meaning: "How pictures that messages carry are drawn: kitty as images of the terminal, blocks as coloured half blocks. \
                  auto is kitty in kitty and Ghostty, else blocks; a terminal of 16 colours or none draws none",
        range: "auto, kitty, blocks or none; false for none",
        default: "\"auto\"",
        set: |settings, value| {
            let way = match (value.as_str(), value.as_bool()) {
                (Some(name), _) => PictureWay::named(name),
                (None, Some(is_wanted)) => Some(if is_wanted { PictureWay::Auto } else { PictureWay::None }),
                (None, None) => None,
            };
            settings.pictures = way.ok_or("it is auto, kitty, blocks or none")?;
            Ok(())
        },
    },
    Setting {
        name: "downloads",
        meaning: "The folder in which files of messages are saved; ~ is your own. Where it is empty, that of the desktop's downloads",
        range: "a path; empty for none",
        default: "\"\"",
        set: |settings, value| {
            let folder = string(value)?;
            settings.downloads = if folder.is_empty() { None } else { Some(paths::whole(&folder)?) };
            Ok(())
        },
    },
    Setting {
        name: "links",
        meaning: "Whether addresses in messages are links that the terminal opens (OSC 8). auto is where it is known to take them",
        range: "auto, true or false",
        default: "\"auto\"",
        set: |settings, value| {
            settings.has_links = match value.as_str() {
                Some("auto") => None,
                Some(_) => return Err("it is auto, true or false".to_owned()),
                None => Some(boolean(value).map_err(|_| "it is auto, true or false")?),
            };
            Ok(())
        },
    },
    Setting {
        name: "screen_reader",
        meaning: "Lines for a screen reader: no boxes, no pictures, no second screen. It holds from the next start on",
        range: "true or false",
        default: "false",
        set: |settings, value| boolean(value).map(|on| settings.is_for_reader = on),
    },
    Setting {
        name: "colours",
        meaning: "How many colours to use. auto asks NO_COLOR, COLORTERM and TERM",
        range: "auto, true, 256, 16 or none",
        default: "\"auto\"",
        set: |settings, value| {
            let name = string(value)?;
            if !Depth::NAMES.contains(&name.as_str()) {
                return Err("it is auto, true, 256, 16 or none".to_owned());
            }
            settings.depth = Depth::named(&name);
            Ok(())
        },
    },
    Setting {
        name: "notifications.via",
        meaning: "How you are told of messages outside the chat: all of these at once. auto is what your terminal is known to \
                  understand, else its bell; desktop runs a program",
        range: "a list of auto, osc9, osc777, osc99, bell and desktop; [] for not at all",
        default: "[\"auto\"]",
        set: |settings, value| {
            let way = |name: &String| Way::ALL.iter().find(|(held, _)| held == name).map(|(_, way)| *way);
            let ways: Option<Vec<Way>> = words(value)?.iter().map(way).collect();
            settings.ways = ways.ok_or("it has auto, osc9, osc777, osc99, bell and desktop in it, and nothing else")?;
            Ok(())
        },
    },
    Setting {
        name: "notifications.text",
        meaning: "Whether they show what was written, or only who wrote where",
        range: "true or false",
        default: "true",
        set: |settings, value| boolean(value).map(|on| settings.notifies_text = on),
    },
    Setting {
        name: "notifications.title",
        meaning: "Whether the title of the window shows how often you were called",
        range: "true or false",
        default: "true",
        set: |settings, value| boolean(value).map(|on| settings.has_title = on),
    },
    Setting {
        name: "notifications.desktop_program",
        meaning: "The program of desktop, which gets title and text as its last two arguments",
        range: "a program and its arguments; [] for notify-send, on macOS osascript",
        default: "[]",
        set: |settings, value| words(value).map(|program| settings.desktop_program = program),
    },
    Setting {
        name: "hooks.message",
        meaning: "Program that is run for every new message of others, with JSON on its standard input",
        range: PROGRAM,
        default: "[]",
        set: |settings, value| settings.set_hook(HookEvent::Message, value),
    },
    Setting {
        name: "hooks.mention",
        meaning: "Program for every message that calls you",
        range: PROGRAM,
        default: "[]",
        set: |settings, value| settings.set_hook(HookEvent::Mention, value),
    },
    Setting {
        name: "hooks.direct",
        meaning: "Program for every message of a direct or group channel",
        range: PROGRAM,
        default: "[]",
        set: |settings, value| settings.set_hook(HookEvent::Direct, value),
    },
    Setting {
        name: "hooks.connected",
        meaning: "Program for when the connection is there",
        range: PROGRAM,
        default: "[]",
        set: |settings, value| settings.set_hook(HookEvent::Connected, value),
    },
    Setting {
        name: "hooks.lost",
        meaning: "Program for when the connection is lost",
        range: PROGRAM,
        default: "[]",
        set: |settings, value| settings.set_hook(HookEvent::Lost, value),
    },
    Setting {
        name: "hooks.time_limit_s",
        meaning: "A program that takes longer is ended, in seconds",
        range: "1 to 300",
        default: "10",
        set: |settings, value| {
            let seconds =
                value.as_integer().and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok());
            settings.hook_time_limit_s =
                seconds.filter(|s| (1..=300).contains(s)).ok_or("it is a number from 1 to 300")?;
            Ok(())
        },
    },
];

pub(super) fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|setting| setting.name)
}

const PROGRAM: &str = "a program and its arguments; [] for none";

/// Takes a list of words, or one.
fn words(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let wrong = || "it is a list of text in quotes".to_owned();
    match value {
        DeValue::Array(items) => {
            items.iter().map(|item| item.get_ref().as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        DeValue::String(word) => Ok(vec![word.to_string()]),
        _ => Err(wrong()),
    }
}

fn boolean(value: &DeValue<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| "it is true or false".to_owned())
}

fn string(value: &DeValue<'_>) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| "it is text in quotes".to_owned())
}

/// Writes a configuration of defaults, each with what it means, to be edited.
pub(crate) fn example() -> String {
    let mut file = "# Configuration of syncspace-tui. What is commented out is the default.\n\
                    # `syncspace-tui config check` says what is wrong in it; a running program takes changes at once.\n"
        .to_owned();
    let mut section = "";
    for setting in SETTINGS {
        let (own, name) = setting.name.split_once('.').unwrap_or(("", setting.name));
        if own != section {
            section = own;
            file.push_str(&format!("\n[{section}]\n"));
        }
        let Setting { meaning, range, default, .. } = setting;
        file.push_str(&format!("\n# {meaning}.\n# It is {range}.\n# {name} = {default}\n"));
    }
    file.push_str(&format!(
        "\n[keys]\n\n# Keys to start from.\n# It is one of {}.\n# preset = \"standard\"\n\n\
         # Every action, with its standard keys. A line replaces the keys of the action, [] leaves it without one.\n\
         # Keys after each other are a sequence: \"g g\". What types text does so while you write.\n",
        Preset::NAMES.join(", ")
    ));
    let map = Keymap::of(Preset::Standard);
    for info in ACTIONS {
        let keys: Vec<String> = map.keys_of(info.name).iter().map(|keys| format!("{:?}", keys.written())).collect();
        file.push_str(&format!("# {} = [{}]  # {}\n", info.name, keys.join(", "), info.help));
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Overrides, read};

    #[test]
    fn the_table_gives_the_defaults() {
        let mut settings = Settings::default();
        for setting in SETTINGS {
            let value = DeValue::parse(setting.default).expect("a value of TOML");
            (setting.set)(&mut settings, value.get_ref()).expect("its own default");
        }
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn the_example_can_be_read_and_changes_nothing() {
        let bare = |line: &str| {
            let rest = line.strip_prefix("# ").filter(|rest| rest.contains(" = "));
            rest.filter(|rest| !rest.starts_with(char::is_uppercase)).unwrap_or(line).to_owned()
        };
        let file: String = example().lines().map(|line| bare(line) + "\n").collect();
        let loaded = read(&file, &Overrides::default());
        let wrong: Vec<String> =
            loaded.problems.iter().filter(|problem| !problem.is_doubt).map(ToString::to_string).collect();
        assert_eq!(wrong, Vec::<String>::new(), "{file}");
        assert_eq!(loaded.settings, Settings::default());
        let map = Keymap::of(Preset::Standard);
        for info in ACTIONS {
            assert_eq!(loaded.keymap.keys_of(info.name), map.keys_of(info.name), "{}", info.name);
        }
        assert!(read(&example(), &Overrides::default()).problems.is_empty());
    }
}
