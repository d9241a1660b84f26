//! Permalinks: a message named by ids, so that the link outlives every change of names.
//!
//! Two forms name the same place: `syncspace://1/3/42` (team, channel, seq), which programs open, and the same on a server's
//! address for browsers and chats elsewhere, `https://chat.example.org/teams/1/channels/3/messages/42`.

use std::fmt;
use std::str::FromStr;

use crate::{ChannelId, Seq, TeamId};

/// What a link of the first form begins with.
const SCHEME: &str = "syncspace://";

/// Names a message for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Permalink {
    /// The team.
    pub team_id: TeamId,
    /// The channel.
    pub channel_id: ChannelId,
    /// The message's place in the channel.
    pub seq: Seq,
}

/// Text that is no permalink.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a link to a message looks like syncspace://1/3/42, or like https://HOST/teams/1/channels/3/messages/42")]
pub struct PermalinkError;

impl Permalink {
    /// Gives the form for browsers, below a server's address.
    #[must_use]
    pub fn on_web(&self, server: &str) -> String {
        let Self { team_id, channel_id, seq } = self;
        format!("{}/teams/{team_id}/channels/{channel_id}/messages/{seq}", server.trim_end_matches('/'))
    }

    /// Gives the server's address in front of a link's path, where the link has one: `https://chat.example.org/sub`.
    #[must_use]
    pub fn server_in(text: &str) -> Option<&str> {
        text.parse::<Self>().ok()?;
        without_rest(text).rsplit_once("/teams/").map(|(server, _)| server)
    }

    /// Tells whether a text is meant as a link, so that a fault in it is worth a word.
    #[must_use]
    pub fn is_meant_by(text: &str) -> bool {
        text.contains("://")
    }
}

impl fmt::Display for Permalink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}/{}", self.team_id, self.channel_id, self.seq)
    }
}

impl FromStr for Permalink {
    type Err = PermalinkError;

    fn from_str(text: &str) -> Result<Self, PermalinkError> {
        let ids = match text.strip_prefix(SCHEME) {
            Some(path) => three(path.split('/')),
            None => on_web(text).ok_or(PermalinkError)?,
        };
        let [team_id, channel_id, seq] = ids.ok_or(PermalinkError)?;
        let link = Self {
            team_id: team_id.parse().map_err(|_| PermalinkError)?,
            channel_id: channel_id.parse().map_err(|_| PermalinkError)?,
            seq: seq.parse().map_err(|_| PermalinkError)?,
        };
        let is_written_so = [team_id, channel_id, seq].iter().all(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
        if is_written_so && link.seq > Seq::ZERO { Ok(link) } else { Err(PermalinkError) }
    }
}

/// Gives the ids of the web form; the outer `None` where it is not one.
fn on_web(text: &str) -> Option<Option<[&str; 3]>> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let (_, path) = without_rest(rest).rsplit_once("/teams/").filter(|(host, _)| !host.is_empty())?;
    let (team, path) = path.split_once("/channels/")?;
    let (channel, seq) = path.split_once("/messages/")?;
    Some(Some([team, channel, seq]))
}

/// Cuts off what follows the path, a query or a fragment: it names nothing.
fn without_rest(text: &str) -> &str {
    text.split_once(['?', '#']).map_or(text, |(path, _)| path)
}

fn three<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<[&'a str; 3]> {
    let found = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Permalink {
        let id = |number: u64| number.try_into();
        Permalink {
            team_id: id(1).expect("an id"),
            channel_id: ChannelId::try_from(3).expect("an id"),
            seq: Seq::try_from(42).expect("a seq"),
        }
    }

    #[test]
    fn both_forms_name_the_same_place() {
        assert_eq!(link().to_string(), "syncspace://1/3/42");
        for server in
            ["https://chat.example.org", "http://127.0.0.1:7420", "https://example.org/chat", "https://[::1]:7"]
        {
            let text = link().on_web(server);
            assert_eq!(text, format!("{server}/teams/1/channels/3/messages/42"));
            assert_eq!(text.parse(), Ok(link()));
            assert_eq!(Permalink::server_in(&text), Some(server));
        }
        assert_eq!(link().to_string().parse(), Ok(link()));
        assert_eq!(link().on_web("https://a.org/"), link().on_web("https://a.org"));
        let followed = "https://a.org/teams/1/channels/3/messages/42?from=/teams/#/teams/top";
        assert_eq!((followed.parse(), Permalink::server_in(followed)), (Ok(link()), Some("https://a.org")));
    }

    #[test]
    fn what_names_no_message_is_refused() {
        for text in [
            "",
            "eng/general",
            "syncspace://",
            "syncspace://1/3",
            "syncspace://1/3/42/7",
            "syncspace://1/3/0",
            "syncspace://0/3/42",
            "syncspace://1/3/+42",
            "syncspace://1/3/42 ",
            "syncspace://eng/general/42",
            "Syncspace://1/3/42",
            "https:///teams/1/channels/3/messages/42",
            "https://a.org/teams/1/channels/3",
            "https://a.org/teams/1/channels/3/messages/",
            "https://a.org/teams/1/channels/3/messages/42/7",
            "ftp://a.org/teams/1/channels/3/messages/42",
        ] {
            assert_eq!(text.parse::<Permalink>(), Err(PermalinkError), "{text:?}");
        }
    }
}
