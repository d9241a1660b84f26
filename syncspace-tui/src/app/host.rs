//! What is known of the terminal and the machine that the program runs in, and what to say of them.

use super::text;

/// Schemes of addresses that a program of the machine may be asked to open.
const OPENED: [&str; 3] = ["https://", "http://", "mailto:"];

/// Where the program runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Host {
    /// Whether the person sits at another machine: what is opened here is not seen there.
    pub(crate) is_remote: bool,
    pub(crate) is_in_tmux: bool,
    /// Whether the terminal is known to take links (OSC 8).
    pub(crate) takes_links: bool,
    /// Whether it is known to draw images in the place of text (kitty's graphics with Unicode placeholders).
    pub(crate) takes_images: bool,
}

impl Host {
    /// Tells whether an address can be opened by a program of this machine, in sight of the person.
    pub(crate) fn opens(self, url: &str) -> bool {
        !self.is_remote && OPENED.iter().any(|scheme| url.starts_with(scheme))
    }

    /// Says that something was handed to the terminal. Whether it took it, nobody can know.
    pub(crate) fn sent_words(self, what: &str, copied: &str) -> String {
        let count = copied.chars().count();
        let tmux = if self.is_in_tmux { "; tmux needs set-clipboard on" } else { "" };
        format!("{what} sent to the terminal's clipboard, {count} characters{tmux}.")
    }

    /// Says what a link leads to.
    pub(crate) fn link_words(self, url: &str) -> String {
        format!("{} · sent to the terminal's clipboard", text::line(url))
    }
}
