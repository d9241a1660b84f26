//! What is read from files, right and wrong.

use super::*;
use crate::app::keymap::Sequence;

#[track_caller]
fn check(text: &str, problems: &[&str]) -> Loaded {
    let loaded = read(text, &Overrides::default());
    let found: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    assert_eq!(found, problems, "{text}");
    loaded
}

fn keys(written: &str) -> Sequence {
    Sequence::parse(written).expect("keys")
}

#[test]
fn an_empty_file_is_the_default() {
    let loaded = check("", &[]);
    assert_eq!(loaded.settings, Settings::default());
}

#[test]
fn settings_and_keys_are_taken() {
    let loaded = check(
        "mouse = false\nside_bar = false\nserver = 'https://chat.example.org'\n\
         [keys]\npreset = 'vim'\ngo_to = 'ctrl+p'\ninvite = ['space i', 'f9']\nquit = []\nnew_team = false\n",
        &[],
    );
    assert!(!loaded.settings.has_mouse && !loaded.settings.has_sidebar);
    assert_eq!(loaded.settings.server.as_deref(), Some("https://chat.example.org"));
    assert_eq!(loaded.keymap.keys_of("go_to"), [keys("ctrl+p")]);
    assert_eq!(loaded.keymap.keys_of("invite"), [keys("space i"), keys("f9")]);
    assert!(loaded.keymap.keys_of("quit").is_empty() && loaded.keymap.keys_of("new_team").is_empty());
    assert_eq!(loaded.keymap.keys_of("first"), [keys("g g"), keys("home")], "of the preset");
}

#[test]
fn one_bad_line_never_drops_the_rest() {
    let loaded = check(
        "mouse = flase\nside_bar = false\n[keys]\ngo_to = 'ctrl+p'\ninvite = \nhelp = 'f2'\n",
        &[
            "line 1, column 9: cannot be read: invalid boolean, expected `false`",
            "line 5, column 10: cannot be read: string values must be quoted, expected literal string",
        ],
    );
    assert!(loaded.settings.has_mouse, "as if it were not there");
    assert!(!loaded.settings.has_sidebar);
    assert_eq!(loaded.keymap.keys_of("go_to"), [keys("ctrl+p")]);
    assert_eq!(loaded.keymap.keys_of("help"), [keys("f2")]);
}

#[test]
fn wrong_values_and_unknown_names_are_placed() {
    let loaded = check(
        "mouse = 3\nside_baar = true\nnonsense = 1\n[colours]\nred = 1\n[keys]\npreset = 'vi'\ngo_too = 'f5'\nhelp = [1, 'F1']\n",
        &[
            "line 1, column 9: mouse: it is true or false; it stays true",
            "line 2, column 1: there is no setting side_baar; is it side_bar?",
            "line 3, column 1: there is no setting nonsense",
            "line 5, column 1: there is no setting colours.red",
            "line 7, column 10: the preset is one of standard, vim, emacs; it stays standard",
            "line 8, column 1: there is no action go_too; is it go_to?",
            "line 9, column 9: keys are text, like \"ctrl+k\" or \"g g\"; [] is none",
        ],
    );
    assert_eq!(loaded.keymap.keys_of("help"), [keys("f1")]);
}

#[test]
fn conflicts_are_placed_and_the_first_one_holds() {
    let loaded = check(
        "[keys]\ninvite = 'f5'\nnew_team = ['f6', 'f5']\nnew_channel = 'f5 x'\nsend = 'x'\n",
        &[
            "line 3, column 19: F5 stands for invite already (F5)",
            "line 4, column 15: F5 x collides with invite already (F5)",
            "line 5, column 8: x types text, and send is for while you write",
        ],
    );
    assert_eq!(loaded.keymap.keys_of("invite"), [keys("f5")]);
    assert_eq!(loaded.keymap.keys_of("new_team"), [keys("f6")]);
}

#[test]
fn pain_12_keys_that_terminals_cannot_tell_apart_are_reported() {
    let loaded = check(
        "[keys]\ninvite = 'ctrl+i'\nhelp = 'ctrl+m'\n",
        &[
            "line 2, column 10: Ctrl+I: a terminal without the enhanced keyboard protocol takes it for Tab",
            "line 3, column 8: Ctrl+M: a terminal without the enhanced keyboard protocol takes it for Enter",
        ],
    );
    assert!(loaded.problems.iter().all(|problem| problem.is_doubt));
    assert_eq!(loaded.keymap.keys_of("invite"), [keys("ctrl+i")], "other terminals can");
}

#[test]
fn the_command_line_holds_whatever_the_file_says() {
    let overrides = Overrides { preset: Some(Preset::Emacs), no_mouse: true, ..Overrides::default() };
    let loaded = read("mouse = true\n[keys]\npreset = 'vim'\n", &overrides);
    assert!(!loaded.settings.has_mouse);
    assert_eq!(loaded.keymap.keys_of("actions"), Keymap::of(Preset::Emacs).keys_of("actions"));
}

#[test]
fn places_count_characters_and_problems_are_clean() {
    check(
        "# é\n'\u{65e5}\u{672c}' = 1\n\"a\\u001b[31m\" = 1\n",
        &["line 2, column 1: there is no setting 日本", "line 3, column 1: there is no setting a"],
    );
}

proptest::proptest! {
    #[test]
    fn any_text_can_be_read(text in "[a-z_.=\\[\\]\"'\n #0-9+]{0,120}|.{0,80}") {
        let loaded = read(&text, &Overrides::default());
        proptest::prop_assert!(loaded.problems.len() <= PROBLEMS_MAX);
    }
}
