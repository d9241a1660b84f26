//! What an account shows of all accounts: a mark for each, and the strip that the marks make at the top of the screen.
//!
//! The marks are made by [`super::accounts`] and are the same in every state. Both `update` (which one was clicked?) and
//! `view` ask here. With one account there are no marks and no strip.

use std::collections::HashSet;
use std::ops::Range;
use std::rc::Rc;

use syncspace_client::ServerUrl;
use syncspace_protocol::limits::UNREAD_COUNT_MAX;
use unicode_width::UnicodeWidthStr;

use super::accounts::AccountNo;
use super::notify;
use super::state::{Link, Screen, State};
use super::switcher::Choice;
use super::text;

/// What is shown of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) no: AccountNo,
    /// Who one is there; none before the first login.
    pub(crate) name: Option<String>,
    /// The server, without what every address begins with.
    pub(crate) host: String,
    pub(crate) link: MarkLink,
    /// Unread messages, without muted channels.
    pub(crate) unread: u32,
    /// How many of them call the person: mentions, and direct messages.
    pub(crate) calls: u32,
    /// Messages that are not sent yet.
    pub(crate) unsent: usize,
    /// Drafts that are in memory only.
    pub(crate) unsaved: usize,
}

/// How an account is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkLink {
    Online,
    Connecting,
    Offline,
    /// Somebody must do something: log in, or name another address.
    Asks,
}

/// The accounts beside this one, as far as this one knows them.
#[derive(Debug, Default)]
pub(crate) struct Others {
    /// All accounts in their order; empty where there is only one.
    pub(crate) marks: Rc<Vec<Mark>>,
    /// Place of this one among them.
    pub(crate) me: usize,
    /// Where the switcher can go in the others, while it is open.
    pub(crate) places: Vec<Choice>,
    /// Whether there is a notice whose place can be opened.
    pub(crate) has_told: bool,
    /// Whether the way through what is unread began in another account.
    pub(crate) is_touring: bool,
}

/// How much of each account the strip shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    Full,
    Names,
    Numbers,
    Signs,
}

/// What a piece of the strip says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Name,
    Link(MarkLink),
    Calls,
    Unread,
}

/// One account in the strip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) no: AccountNo,
    pub(crate) is_front: bool,
    pub(crate) columns: Range<u16>,
    pub(crate) parts: Vec<(Part, String)>,
}

impl Mark {
    /// Gives the mark of an account as it is now.
    pub(crate) fn of(no: AccountNo, state: &State) -> Self {
        let link = match (&state.screen, &state.link) {
            (Screen::Entry { form, .. }, _) if form.form.busy.is_none() && !state.world.joined_any() => MarkLink::Asks,
            (_, Link::Online) => MarkLink::Online,
            (_, Link::Lost(lost)) if lost.next_try.is_some() => MarkLink::Offline,
            (_, Link::Connecting | Link::Lost(_)) => MarkLink::Connecting,
            (Screen::Waiting(_) | Screen::Entry { .. }, Link::Offline) => MarkLink::Connecting,
            (Screen::Chat, Link::Offline) => MarkLink::Offline,
        };
        let me = state.world.me.as_ref().map(|me| text::line(me.username.as_str()));
        let is_saved = state.told.is_writing();
        let drafts = || state.chat.drafts.values().filter(|draft| !draft.is_blank()).count();
        let (unread, calls) = notify::counts(state);
        Self {
            no,
            name: me.or_else(|| state.known_name.as_deref().map(text::line)),
            host: host(&state.server),
            link,
            unread,
            calls,
            unsent: state.chat.outbox.to_name().count(),
            unsaved: if is_saved { 0 } else { drafts() },
        }
    }

    /// Gives the account as people write it: `alice@chat.example.org`.
    pub(crate) fn label(&self) -> String {
        match &self.name {
            Some(name) => format!("{name}@{}", self.host),
            None => self.host.clone(),
        }
    }

    /// Gives the account as short as it is clear among these.
    pub(crate) fn short(&self, among: &[Self]) -> String {
        let is_only = among.iter().filter(|mark| mark.name == self.name).count() < 2;
        self.name.clone().filter(|_| is_only).unwrap_or_else(|| self.label())
    }

    /// Says in words how the account is doing.
    pub(crate) fn words(&self) -> String {
        let link = match self.link {
            MarkLink::Online => None,
            MarkLink::Connecting => Some("connecting".to_owned()),
            MarkLink::Offline => Some("offline".to_owned()),
            MarkLink::Asks => Some("log in".to_owned()),
        };
        let unread = (self.unread > 0).then(|| format!("{} unread", self.unread));
        let calls = (self.calls > 0).then(|| format!("{} to you", self.calls));
        link.into_iter().chain(unread).chain(calls).collect::<Vec<_>>().join(" · ")
    }
}

impl MarkLink {
    /// Gives the sign of it. Shape says it, colour repeats it.
    pub(crate) const fn glyph(self) -> &'static str {
        match self {
            Self::Online => "●",
            Self::Connecting => "◌",
            Self::Offline => "○",
            Self::Asks => "!",
        }
    }
}

impl Others {
    /// Tells whether there is only one account.
    pub(crate) fn is_alone(&self) -> bool {
        self.marks.len() < 2
    }

    /// Gives the mark of this account, where there are others.
    pub(crate) fn mine(&self) -> Option<&Mark> {
        self.marks.get(self.me)
    }

    /// Gives the marks of the others with their numbers, in the order in which one comes to them from this one.
    pub(crate) fn beside(&self) -> impl Iterator<Item = (usize, &Mark)> {
        let count = self.marks.len();
        (1..count).map(move |step| (self.me + step) % count).filter_map(|at| Some((at + 1, self.marks.get(at)?)))
    }
}

/// Gives the server without what every address begins with.
pub(crate) fn host(server: &str) -> String {
    let address = server.parse::<ServerUrl>().map_or_else(|_| server.to_owned(), |url| url.to_string());
    let host = address.split_once("://").map_or(address.as_str(), |(_, host)| host);
    text::line(host.trim_end_matches('/'))
}

/// Tells whether two addresses mean the same server.
pub(crate) fn is_same_server(one: &str, other: &str) -> bool {
    match (one.parse::<ServerUrl>(), other.parse::<ServerUrl>()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// Gives the strip in that many columns, with as much of each account as fits.
pub(crate) fn strip(others: &Others, columns: u16) -> Vec<Segment> {
    if others.is_alone() {
        return Vec::new();
    }
    let mut segments = Vec::new();
    for detail in [Detail::Full, Detail::Names, Detail::Numbers, Detail::Signs] {
        segments = lay_out(others, detail);
        if segments.last().is_none_or(|last| last.columns.end <= columns) {
            break;
        }
    }
    segments
}

fn lay_out(others: &Others, detail: Detail) -> Vec<Segment> {
    let marks = &others.marks;
    // Two accounts of one name are told apart by their servers.
    let names: HashSet<&Option<String>> = marks.iter().map(|mark| &mark.name).collect();
    let has_unique_names = names.len() == marks.len();
    let mut x = 0;
    let mut segments = Vec::new();
    for (at, mark) in marks.iter().enumerate() {
        let is_front = at == others.me;
        let mut parts = parts(mark, at + 1, detail, has_unique_names);
        if is_front {
            parts.insert(0, (Part::Name, "[".to_owned()));
            parts.push((Part::Name, "]".to_owned()));
        }
        let width: usize = parts.iter().map(|(_, words)| words.width()).sum();
        let end = x + u16::try_from(width).unwrap_or(u16::MAX / 16);
        segments.push(Segment { no: mark.no, is_front, columns: x..end, parts });
        x = end + 1;
    }
    segments
}

fn parts(mark: &Mark, number: usize, detail: Detail, has_unique_names: bool) -> Vec<(Part, String)> {
    let glyph = (Part::Link(mark.link), mark.link.glyph().to_owned());
    let (calls, unread) = (count("@", mark.calls), count("", mark.unread));
    if detail == Detail::Signs {
        let sign = match (mark.calls, mark.unread) {
            (0, 0) => Vec::new(),
            (0, _) => vec![(Part::Unread, "+".to_owned())],
            _ => vec![(Part::Calls, "@".to_owned())],
        };
        return [(Part::Name, number.to_string()), glyph].into_iter().chain(sign).collect();
    }
    let named = match detail {
        Detail::Full => format!(" {}", mark.label()),
        Detail::Names if has_unique_names => format!(" {}", mark.name.as_ref().unwrap_or(&mark.host)),
        Detail::Names => format!(" {}", mark.host),
        Detail::Numbers | Detail::Signs => String::new(),
    };
    let gap = if named.is_empty() { "" } else { " " };
    let all = [
        (Part::Name, format!("{number}{gap}")),
        glyph,
        (Part::Name, named),
        (Part::Calls, calls),
        (Part::Unread, unread),
    ];
    all.into_iter().filter(|(_, words)| !words.is_empty()).collect()
}

/// Writes a number with a blank before it; nothing where there is nothing.
fn count(sign: &str, number: u32) -> String {
    match number {
        0 => String::new(),
        number if number >= UNREAD_COUNT_MAX => format!(" {sign}{}+", UNREAD_COUNT_MAX - 1),
        number => format!(" {sign}{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn others(names: &[(&str, &str)], calls: u32, unread: u32) -> Others {
        let mark = |(at, (name, host)): (usize, &(&str, &str))| Mark {
            no: AccountNo::numbered(at),
            name: Some((*name).to_owned()),
            host: (*host).to_owned(),
            link: MarkLink::Online,
            unread,
            calls,
            unsent: 0,
            unsaved: 0,
        };
        Others { marks: Rc::new(names.iter().enumerate().map(mark).collect()), ..Others::default() }
    }

    #[track_caller]
    fn check(others: &Others, columns: u16, shown: &str) {
        let segments = strip(others, columns);
        let words = |segment: &Segment| segment.parts.iter().map(|(_, words)| words.as_str()).collect::<String>();
        assert_eq!(segments.iter().map(words).collect::<Vec<_>>().join(" "), shown);
        let end = segments.last().map_or(0, |last| last.columns.end);
        assert_eq!(usize::from(end), shown.width());
    }

    #[test]
    fn the_strip_shows_what_fits() {
        let two = others(&[("alice", "chat.example.org"), ("bob", "127.0.0.1:7420")], 1, 12);
        check(&two, 80, "[1 ● alice@chat.example.org @1 12] 2 ● bob@127.0.0.1:7420 @1 12");
        check(&two, 40, "[1 ● alice @1 12] 2 ● bob @1 12");
        check(&two, 24, "[1● @1 12] 2● @1 12");
        check(&two, 12, "[1●@] 2●@");
    }

    #[test]
    fn accounts_of_one_name_are_told_apart_by_their_servers() {
        let two = others(&[("alice", "one.org"), ("alice", "two.org")], 0, 0);
        check(&two, 40, "[1 ● alice@one.org] 2 ● alice@two.org");
        check(&two, 30, "[1 ● one.org] 2 ● two.org");
    }

    #[test]
    fn as_many_accounts_as_there_may_be_fit_into_40_columns() {
        let names: Vec<(&str, &str)> = (0..super::super::accounts::ACCOUNTS_MAX).map(|_| ("alice", "h")).collect();
        let segments = strip(&others(&names, 2_000, 2_000), 40);
        assert_eq!(segments.len(), names.len());
        assert!(segments.last().is_some_and(|last| last.columns.end <= 40), "{segments:?}");
    }

    #[test]
    fn one_account_has_no_strip() {
        check(&others(&[("alice", "one.org")], 3, 3), 80, "");
    }
}
