//! The words of mails. Names in them are other people's text: `mail.rs` cleans everything before it is sent.

use syncspace_protocol::names::fold_key;
use syncspace_protocol::teams::TeamRole;
use syncspace_protocol::{Email, Time};

/// Subject and text of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) subject: String,
    pub(super) body: String,
}

/// Who invites whom to what.
pub(super) struct Invitation<'a> {
    pub(super) server: &'a str,
    pub(super) inviter: &'a str,
    pub(super) team: &'a str,
    pub(super) role: TeamRole,
    pub(super) address: &'a Email,
    pub(super) has_account: bool,
    pub(super) code: &'a str,
    pub(super) expires_at: Time,
}

/// Gives the words of an invite.
pub(super) fn invitation(invitation: &Invitation<'_>) -> Words {
    let Invitation { server, inviter, team, role, address, has_account, code, expires_at } = invitation;
    let role = match role {
        TeamRole::Guest => "a guest",
        TeamRole::Member => "a member",
        TeamRole::Admin | TeamRole::Owner => "an admin",
    };
    let ways = if *has_account {
        format!(
            "You have an account there. In the terminal client\n\n    syncspace-tui --server {server}\n\nmake a new team, and \
             choose \"Use an invite code\". Or by the command line:\n\n    syncspace --server {server} team invite use {code}\n"
        )
    } else {
        format!(
            "In the terminal client\n\n    syncspace-tui --server {server}\n\nchoose \"Make a new account\", and type this \
             address, {address}, and the code. Or by the command line:\n\n    syncspace --server {server} register --email \
             {address} --invite-code {code}\n"
        )
    };
    Words {
        subject: format!("{inviter} invites you to the team {team} on SyncSpace"),
        body: format!(
            "{inviter} invites you as {role} to the team {team} at {server}. Your invite code is\n\n    {code}\n\n{ways}\n\
             The code is for this address alone, works once, and holds until {}. If you do not want it, do nothing.\n",
            until(*expires_at)
        ),
    }
}

/// Gives the words of a code that shows that its reader has an address.
pub(super) fn verification(server: &str, username: &str, code: &str, expires_at: Time) -> Words {
    Words {
        subject: "Confirm your address on SyncSpace".to_owned(),
        body: format!(
            "The account {username} at {server} says that this is its address. To confirm that, type this in the terminal \
             client:\n\n    /verify {code}\n\nOr by the command line:\n\n    syncspace \
             --server {server} account verify {code}\n\nThe code holds until {}. If this account is not yours, do nothing: \
             the address is not confirmed without the code.\n",
            until(expires_at)
        ),
    }
}

/// Gives the words of a code for a new password.
pub(super) fn reset(server: &str, username: &str, code: &str, expires_at: Time) -> Words {
    Words {
        subject: "A new password for your account on SyncSpace".to_owned(),
        body: format!(
            "Somebody, probably you, asked for a new password for the account {username} at {server}. In the terminal client\n\n\
             \x20   syncspace-tui --server {server}\n\nchoose \"Set a new password by a code\", and type this code:\n\n    {code}\n\n\
             Or by the command line:\n\n    syncspace --server {server} password reset\n\nThe code works once, and holds until \
             {}. If it was not you, do nothing: your password stays what it is.\n",
            until(expires_at)
        ),
    }
}

/// Gives the words of a code for the first password of an account that was imported.
pub(super) fn handed_over(server: &str, username: &str, code: &str, expires_at: Time) -> Words {
    Words {
        subject: "Your account on SyncSpace".to_owned(),
        body: format!(
            "Your team has moved to SyncSpace, at {server}. Your account there is {username}, with what you wrote before. In the \
             terminal client\n\n    syncspace-tui --server {server}\n\nchoose \"Set a new password by a code\", and type this \
             code:\n\n    {code}\n\nOr by the command line:\n\n    syncspace --server {server} password reset\n\nThe code works \
             once, and holds until {}. If you know of no such team, do nothing.\n",
            until(expires_at)
        ),
    }
}

/// Gives the words for the former address of an account.
pub(super) fn moved(server: &str, username: &str) -> Words {
    Words {
        subject: "Your account on SyncSpace has another address".to_owned(),
        body: format!(
            "The account {username} at {server} has another e-mail address from now on; mail about it no longer comes here. If \
             that was not you, change your password at once, and tell an administrator of the server.\n"
        ),
    }
}

/// Writes a time as people read it, to the minute.
fn until(time: Time) -> String {
    let text = time.to_string();
    format!("{} {} UTC", text.get(..10).unwrap_or_default(), text.get(11..16).unwrap_or_default())
}

/// Gives how a person is called: the name and the username.
pub(super) fn called(username: &str, full_name: Option<&str>) -> String {
    match full_name {
        Some(name) if fold_key(name) != fold_key(username) => format!("{name} (@{username})"),
        _ => format!("@{username}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "https://chat.example.org";

    fn time() -> Time {
        "2026-11-29T08:05:59.999Z".parse().expect("a time")
    }

    #[test]
    fn an_invite_says_who_where_how_and_until_when() {
        let address: Email = "bob@example.org".parse().expect("an address");
        let invited = |has_account| {
            invitation(&Invitation {
                server: SERVER,
                inviter: "Alice Liddell (@alice)",
                team: "eng",
                role: TeamRole::Member,
                address: &address,
                has_account,
                code: "C0DE",
                expires_at: time(),
            })
        };
        let new = invited(false);
        assert_eq!(new.subject, "Alice Liddell (@alice) invites you to the team eng on SyncSpace");
        for part in ["as a member to the team eng at https://chat", "\n    C0DE\n", "2026-11-29 08:05 UTC"] {
            assert!(new.body.contains(part), "{}", new.body);
        }
        let command =
            "\n    syncspace --server https://chat.example.org register --email bob@example.org --invite-code C0DE\n";
        assert!(new.body.contains(command), "{}", new.body);
        let known = invited(true).body;
        assert!(known.contains("team invite use C0DE\n") && !known.contains("register"), "{known}");
    }

    #[test]
    fn codes_come_with_what_to_do_with_them_and_what_if_it_was_not_you() {
        for words in [verification, reset, handed_over].map(|write| write(SERVER, "bob", "C0DE", time())) {
            for part in ["bob", "at https://chat.example.org", " C0DE\n", "\n    syncspace --server", "do nothing"] {
                assert!(words.body.contains(part), "{}", words.body);
            }
            assert!(!words.subject.contains("C0DE"), "a subject is seen on locked screens");
        }
    }

    #[test]
    fn people_are_called_by_both_names_where_they_differ() {
        assert_eq!(called("alice", None), "@alice");
        assert_eq!(called("alice", Some("Alice")), "@alice");
        assert_eq!(called("alice", Some("Alice Liddell")), "Alice Liddell (@alice)");
    }
}
