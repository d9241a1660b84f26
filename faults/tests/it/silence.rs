//! A server that dies between the commit and its announcement, and then nothing more happens.

use std::time::Duration;

use syncspace_client::{Client, ConnectOptions, Update, messages_in};
use syncspace_protocol::StreamId;
use syncspace_protocol::auth::{Login, Register, Secret};
use syncspace_protocol::channels::{CreateChannel, NewChannel};
use syncspace_protocol::messages::SendMessage;
use syncspace_protocol::teams::CreateTeam;
use syncspace_testkit::{RedisServer, ServerProcess, mysql_database};
use tokio::time::timeout;

const PASSWORD: &str = "correct horse battery";
/// Longest wait for what must come: heads are compared every ten seconds.
const PATIENCE: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_announced_arrives_through_the_other_server() {
    let _turn = crate::TURN.lock().await;
    let (database, redis) = (mysql_database().await, RedisServer::start().await);
    let lively = start(&database, &redis, "").await;
    let alice = Client::new(lively.url().parse().expect("an address")).expect("a client");
    alice.register(registration()).await.expect("registered");
    let team = CreateTeam { name: "eng".parse().expect("a name"), description: None, is_public: true };
    let team = alice.create_team(team).await.expect("a team").team.id;
    let channel = NewChannel { name: "talk".parse().expect("a name"), description: None };
    let channel = alice.create_channel(team, CreateChannel::Public(channel)).await.expect("a channel");
    let options = ConnectOptions::following(StreamId::Channel(channel.channel.id), channel.head.last_rev);
    let (_reading, mut updates) = alice.connect(options);
    while !matches!(updates.recv().await, Some(Update::Connected(_))) {}

    let mut deadly = start(&database, &redis, "log::after_commit=return").await;
    let again = Client::new(deadly.url().parse().expect("an address")).expect("a client");
    let login = Login { username: "alice".to_owned(), password: Secret(PASSWORD.to_owned()), device_name: None };
    again.login(login).await.expect("logged in");
    let (writing, mut unread) = again.connect(ConnectOptions::default());
    while !matches!(unread.recv().await, Some(Update::Connected(_))) {}
    let message = SendMessage { content: "last words".to_owned(), ..SendMessage::default() };
    writing.send(channel.channel.id, message).await.expect_err("nobody is left to answer");
    while !deadly.has_ended() {
        tokio::task::yield_now().await;
    }

    let arrives = async {
        loop {
            if let Some(Update::Event(event)) = updates.recv().await
                && let Some(message) = messages_in(&event).next()
            {
                return message.content.clone();
            }
        }
    };
    assert_eq!(timeout(PATIENCE, arrives).await.expect("in time"), "last words");
}

async fn start(database: &str, redis: &RedisServer, failpoints: &str) -> ServerProcess {
    let redis = redis.url();
    let place = ["--database", database, "--redis", &redis, "--registration", "open", "--bcrypt-cost", "4"];
    let secret = ("SYNCSPACE_JWT_SECRET", "one signing secret for both of the servers");
    ServerProcess::start_with_env(&place, &[secret, ("FAILPOINTS", failpoints)]).await
}

fn registration() -> Register {
    Register {
        username: "alice".parse().expect("a name"),
        password: PASSWORD.parse().expect("a password"),
        email: None,
        full_name: None,
        device_name: None,
        bootstrap_token: None,
        invite_code: None,
    }
}
