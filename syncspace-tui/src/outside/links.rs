//! Which terminals are known to take links (OSC 8). None of them answers when it is asked.

/// Programs that take links, as they name themselves.
const PROGRAMS: [&str; 8] = ["iTerm.app", "WezTerm", "ghostty", "vscode", "WarpTerminal", "Hyper", "rio", "contour"];
/// The first version of VTE whose links are without known faults (0.50 crashed on some), as it names itself.
const VTE_VERSION_MIN: u32 = 5_200;
/// The first version of Konsole that takes links: 20.12.
const KONSOLE_VERSION_MIN: u32 = 201_200;
/// The first version of tmux that takes links, and hands them on where the terminal outside takes them.
const TMUX_VERSION_MIN: (u32, u32) = (3, 4);

/// Tells whether the terminal is known to take links, by the environment.
pub(crate) fn takes_links(variable: impl Fn(&str) -> Option<String>) -> bool {
    let value = |name| variable(name).unwrap_or_default();
    let is_set = |name| !value(name).is_empty();
    let is_from = |name, first: u32| value(name).parse::<u32>().is_ok_and(|version| version >= first);
    let (term, program) = (value("TERM"), value("TERM_PROGRAM"));
    if is_set("TMUX") {
        return program == "tmux" && tmux_version(&value("TERM_PROGRAM_VERSION")) >= Some(TMUX_VERSION_MIN);
    }
    // Screen drops the sequence and shows what is in it.
    if is_set("STY") || term == "dumb" || term == "linux" {
        return false;
    }
    is_set("KITTY_WINDOW_ID")
        || is_set("WEZTERM_PANE")
        || is_set("WT_SESSION")
        || value("LC_TERMINAL") == "iTerm2"
        || is_from("VTE_VERSION", VTE_VERSION_MIN)
        || is_from("KONSOLE_VERSION", KONSOLE_VERSION_MIN)
        || ["xterm-kitty", "xterm-ghostty", "alacritty", "foot", "contour"].iter().any(|name| term.starts_with(name))
        || PROGRAMS.contains(&program.as_str())
}

/// Reads `3.4`, `3.5a` or `next-3.6`.
fn tmux_version(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.trim_start_matches("next-").split_once('.')?;
    let minor = minor.trim_end_matches(|c: char| !c.is_ascii_digit());
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(environment: &[(&str, &str)], expected: bool) {
        let variable =
            |name: &str| environment.iter().find(|(held, _)| *held == name).map(|(_, value)| (*value).to_owned());
        assert_eq!(takes_links(variable), expected, "{environment:?}");
    }

    #[test]
    fn links_are_for_terminals_that_are_known_to_take_them() {
        check(&[("TERM", "xterm-kitty")], true);
        check(&[("TERM", "xterm-256color"), ("VTE_VERSION", "7600")], true);
        check(&[("TERM", "xterm-256color"), ("VTE_VERSION", "4602")], false);
        check(&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "WezTerm")], true);
        check(&[("TERM", "xterm-256color")], false);
        check(&[("TERM", "linux"), ("VTE_VERSION", "7600")], false);
        check(&[("TERM", "screen"), ("STY", "1.x"), ("KITTY_WINDOW_ID", "1")], false);
        let tmux = |version| [("TMUX", "/tmp/x"), ("TERM_PROGRAM", "tmux"), ("TERM_PROGRAM_VERSION", version)];
        check(&tmux("3.4"), true);
        check(&tmux("3.5a"), true);
        check(&tmux("next-3.6"), true);
        check(&tmux("3.3a"), false);
        check(&[("TMUX", "/tmp/x"), ("KITTY_WINDOW_ID", "1")], false);
    }
}
