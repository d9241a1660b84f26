//! Answers that get lost on the way, and what the library does about it: the same request again, and nothing twice.

use std::time::Duration;

use syncspace_client::{Client, ClientError};
use syncspace_protocol::channels::{CreateChannel, NewChannel};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::teams::{CreateInvite, CreateTeam};
use syncspace_testkit::{Proxy, ServerProcess, mysql_database};

use crate::world::registration;

/// A server behind a line that loses replies.
struct Lossy {
    _server: ServerProcess,
    line: Proxy,
}

impl Lossy {
    async fn embedded() -> Self {
        Self::start(&[], &[]).await
    }

    async fn on_mysql() -> Self {
        let database = mysql_database().await;
        let secret = ("SYNCSPACE_JWT_SECRET", "a signing secret of enough bytes");
        Self::start(&["--database", &database, "--registration", "open"], &[secret]).await
    }

    async fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let limits = ["--bcrypt-cost", "4", "--login-attempts-per-minute", "0", "--requests-per-second", "0"];
        let server = ServerProcess::start_with_env(&[arguments, &limits].concat(), variables).await;
        let line = Proxy::start(server.url().trim_start_matches("http://")).await;
        Self { _server: server, line }
    }

    fn client(&self) -> Client {
        Client::new(self.line.address().to_string().parse().expect("an address")).expect("a client")
    }

    fn lose(&self, count: u32) {
        self.line.lose_next_replies(count);
    }

    #[track_caller]
    fn expect_lost(&self) {
        assert_eq!(self.line.replies_to_lose(), 0, "no reply was lost: the test shows nothing");
    }
}

fn team(name: &str) -> CreateTeam {
    CreateTeam { name: name.parse().expect("a name"), description: None, is_public: false }
}

/// Makes one of everything, each with its first two answers lost.
async fn what_is_made_is_made_once(lossy: Lossy) {
    let alice = lossy.client();
    lossy.lose(2);
    alice.register(registration("alice")).await.expect("registered");
    lossy.expect_lost();
    lossy.lose(2);
    let team = alice.create_team(team("eng")).await.expect("a team").team.id;
    lossy.expect_lost();
    lossy.lose(2);
    let channel = NewChannel { name: "talk".parse().expect("a name"), description: None };
    let channel = alice.create_channel(team, CreateChannel::Private(channel)).await.expect("a channel").channel.id;
    lossy.expect_lost();
    lossy.lose(2);
    let invite = alice.create_invite(team, CreateInvite::default()).await.expect("an invite");
    lossy.expect_lost();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "remember the milk").expect("writes");
    lossy.lose(2);
    let file = alice.upload_path(channel, &path, None, |_| {}).await.expect("uploads");
    lossy.expect_lost();
    assert_eq!(file.size_bytes, 17);

    let all = PageQuery::default;
    assert_eq!(alice.teams(all()).await.expect("teams").items.len(), 1);
    assert_eq!(alice.channels(team, all()).await.expect("channels").items.len(), 1);
    assert_eq!(alice.invites(team, all()).await.expect("invites").items.len(), 1);
    let bob = lossy.client();
    let mut register = registration("bob");
    register.invite_code = invite.code;
    lossy.lose(1);
    bob.register(register).await.expect("the code is the invite's, and its only use is bob's");
    lossy.expect_lost();
    assert_eq!(bob.team(team).await.expect("the team").team.id, team);
}

#[tokio::test]
async fn lost_answers_make_nothing_twice_on_the_embedded_store() {
    what_is_made_is_made_once(Lossy::embedded().await).await;
}

#[tokio::test]
async fn lost_answers_make_nothing_twice_on_mysql() {
    what_is_made_is_made_once(Lossy::on_mysql().await).await;
}

#[tokio::test]
async fn a_line_that_loses_everything_is_told_in_the_end() {
    let lossy = Lossy::embedded().await;
    let alice = lossy.client();
    alice.register(registration("alice")).await.expect("registered");
    lossy.lose(u32::MAX);
    let error = alice.create_team(team("eng")).await.expect_err("no answer");
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error:?}");
    assert!(u32::MAX - lossy.line.replies_to_lose() >= 3, "it was asked again");
    lossy.lose(0);
    let error = alice.create_team(team("eng")).await.expect_err("made by the lost requests");
    assert_eq!(error.code(), Some(syncspace_protocol::ErrorCode::NameTaken), "a new call is a new request");
}

#[tokio::test]
async fn a_registration_is_not_logged_in_to_somebody_elses_account() {
    let lossy = Lossy::embedded().await;
    lossy.client().register(registration("alice")).await.expect("registered");
    let mut other = registration("alice");
    other.password = "another horse battery".parse().expect("a password");
    lossy.lose(1);
    let error = lossy.client().register(other).await.expect_err("the name is taken");
    assert_eq!(error.code(), Some(syncspace_protocol::ErrorCode::NameTaken));
    lossy.expect_lost();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_at_once() {
    let mut lossy = Lossy::embedded().await;
    let alice = lossy.client();
    alice.register(registration("alice")).await.expect("registered");
    lossy.line.cut().await;
    let begin = std::time::Instant::now();
    for _ in 0..3 {
        // The first one may still have met the old connection as it was cut.
        let error = alice.create_team(team("eng")).await.expect_err("nobody there");
        assert!(error.is_transient(), "{error:?}");
    }
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn reading_again_makes_up_for_a_connection_that_ended() {
    let lossy = Lossy::embedded().await;
    let alice = lossy.client();
    alice.register(registration("alice")).await.expect("registered");
    lossy.lose(1);
    assert_eq!(alice.teams(PageQuery::default()).await.expect("teams").items.len(), 0);
    lossy.expect_lost();
    lossy.lose(2);
    let lost = alice.teams(PageQuery::default()).await.expect_err("lost twice");
    assert!(matches!(lost, ClientError::Unreachable { .. }), "{lost:?}");
}
