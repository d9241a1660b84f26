//! With which accounts the program starts: all that are remembered, and the one that the command line names in front.

use syncspace_client::ServerUrl;
use syncspace_protocol::UserId;

use crate::app::accounts::ACCOUNTS_MAX;
use crate::app::others::is_same_server;
use crate::app::state::ServerIs;
use crate::roster::{MAIN_SLOT, Roster, Saved};

/// An account that comes up at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) server: String,
    pub(crate) server_is: ServerIs,
    /// The file of its login; none where that is still to be chosen.
    pub(crate) slot: Option<u32>,
    pub(crate) username: Option<String>,
    pub(crate) user_id: Option<UserId>,
}

/// What the command line and the configuration say of the server.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// The server to be in front.
    pub(crate) named: Option<(String, ServerIs)>,
    /// The server to be asked about where nothing is remembered.
    pub(crate) guessed: String,
    /// Whether no other account is wanted.
    pub(crate) is_alone: bool,
}

/// Gives the accounts in their order, at least one, and the place of the one in front.
pub(crate) fn plan(roster: &Roster, wish: Wish) -> (Vec<Opening>, usize) {
    let saved = roster.saved();
    let (mut openings, mut front) = choose(&saved, &wish);
    if wish.is_alone {
        openings = vec![openings.swap_remove(front)];
        front = 0;
    } else if openings.len() > ACCOUNTS_MAX {
        // More than there are keys with a number: the one in front is always among those that come up.
        let wanted = openings.remove(front);
        front = front.min(ACCOUNTS_MAX - 1);
        openings.insert(front, wanted);
        openings.truncate(ACCOUNTS_MAX);
        tracing::warn!(saved = saved.len(), "more accounts are saved than can be open at a time");
    }
    roster.note_open(openings.iter().filter_map(|open| Some((open.slot?, open.server.as_str()))));
    (openings, front)
}

fn choose(saved: &[Saved], wish: &Wish) -> (Vec<Opening>, usize) {
    let named = wish.named.as_ref();
    let is_named = |saved: &Saved| named.is_some_and(|(server, _)| is_same_server(server, &saved.server));
    let mut openings: Vec<Opening> = saved
        .iter()
        .map(|saved| Opening {
            server: named.filter(|_| is_named(saved)).map_or(&saved.server, |(server, _)| server).clone(),
            server_is: named.filter(|_| is_named(saved)).map_or(ServerIs::Named, |(_, server_is)| *server_is),
            slot: Some(saved.slot),
            username: saved.username.clone(),
            user_id: saved.user_id,
        })
        .collect();
    let last_front = saved.iter().position(|saved| saved.is_front);
    let unknown = |server: &str, server_is| Opening {
        server: server.to_owned(),
        server_is,
        slot: None,
        username: None,
        user_id: None,
    };
    let front = match named {
        Some((server, server_is)) => {
            let known = last_front.filter(|&at| saved.get(at).is_some_and(is_named));
            known.or_else(|| saved.iter().position(is_named)).unwrap_or_else(|| {
                openings.push(unknown(server, *server_is));
                openings.len() - 1
            })
        }
        None if openings.is_empty() => {
            openings.push(unknown(&wish.guessed, ServerIs::Guessed));
            0
        }
        None => last_front.unwrap_or(0),
    };
    (openings, front)
}

/// Gives whose login is saved for an account.
pub(crate) fn login_of(roster: &Roster, opening: &Opening) -> Option<(UserId, String)> {
    let server: ServerUrl = opening.server.parse().ok()?;
    let saved = roster.store(opening.slot.unwrap_or(MAIN_SLOT)).find(&server).ok()??;
    Some((saved.user_id, saved.username.to_string()))
}

#[cfg(test)]
mod tests {
    use syncspace_client::CredentialStore;

    use super::*;

    fn saved(server: &str, slot: u32, is_front: bool) -> Saved {
        Saved { server: server.to_owned(), slot, username: None, user_id: None, is_front }
    }

    fn plan_with(all: Vec<Saved>, named: Option<&str>, is_alone: bool) -> (Vec<String>, usize, usize) {
        let directory = tempfile::tempdir().expect("a directory");
        // Each run of the program has a roster of its own.
        let roster = || Roster::beside(CredentialStore::at(directory.path().join("credentials.json")));
        roster().write(all).expect("written");
        let roster = roster();
        let named = named.map(|server| (server.to_owned(), ServerIs::Named));
        let wish = Wish { named, guessed: "http://guessed".to_owned(), is_alone };
        let (openings, front) = plan(&roster, wish);
        roster.write(Vec::new()).expect("written");
        let aside = roster.saved().len();
        (openings.into_iter().map(|opening| opening.server).collect(), front, aside)
    }

    #[test]
    fn all_that_are_remembered_come_up_and_the_named_one_is_in_front() {
        let all = || vec![saved("https://a.org", MAIN_SLOT, false), saved("https://b.org", MAIN_SLOT, true)];
        let (a, b) = ("https://a.org".to_owned(), "https://b.org".to_owned());
        assert_eq!(plan_with(all(), None, false), (vec![a.clone(), b.clone()], 1, 0));
        assert_eq!(plan_with(all(), Some("a.org"), false), (vec!["a.org".to_owned(), b.clone()], 0, 0));
        assert_eq!(plan_with(all(), Some("c.org"), false), (vec![a.clone(), b.clone(), "c.org".to_owned()], 2, 0));
        assert_eq!(plan_with(all(), Some("https://b.org"), true), (vec![b], 0, 1), "the others stay remembered");
        assert_eq!(plan_with(Vec::new(), None, false), (vec!["http://guessed".to_owned()], 0, 0));
    }

    #[test]
    fn more_accounts_than_there_are_numbers_stay_remembered() {
        let all = (0..12).map(|at| saved(&format!("https://{at}.org"), MAIN_SLOT, at == 11)).collect();
        let (servers, front, aside) = plan_with(all, None, false);
        assert_eq!((servers.len(), front, aside), (ACCOUNTS_MAX, ACCOUNTS_MAX - 1, 3));
        assert_eq!(servers[front], "https://11.org");
    }
}
