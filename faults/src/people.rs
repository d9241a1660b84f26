//! The people of a run: some write, some read, all through the library that every program of ours uses.

mod counting;
mod reading;
mod writing;

use std::time::Duration;

use syncspace_client::Client;
use syncspace_protocol::channels::{CreateChannel, MyChannel, NewChannel};
use syncspace_protocol::messages::Message;
use syncspace_protocol::teams::{CreateTeam, MyTeam};
use syncspace_protocol::{ChannelId, MemberId, UserId};

use crate::history::Row;

pub(crate) use reading::{Device, Read, Revs, whole_log};
pub(crate) use writing::{Writer, Written};

/// Pause before something is tried again that failed because something is away.
const RETRY_PAUSE: Duration = Duration::from_millis(150);

/// A person, logged in.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) client: Client,
    pub(crate) id: UserId,
    /// Names the person's own stream in the team.
    pub(crate) member: MemberId,
}

/// Where people meet.
pub(crate) struct Place {
    pub(crate) people: Vec<Person>,
    pub(crate) channels: Vec<ChannelId>,
}

impl Place {
    /// Makes a team with channels, and that many people in all of them. Nothing may be disturbed yet.
    pub(crate) async fn make(url: &str, people: usize, channels: usize) -> Self {
        let founder = register(url, 0).await;
        let team = CreateTeam { name: name("faults"), description: None, is_public: true };
        let team = done(founder.create_team(team).await);
        let mut made = Vec::new();
        for number in 0..channels {
            let channel = NewChannel { name: name(&format!("channel-{number}")), description: None };
            let channel: MyChannel = done(founder.create_channel(team.team.id, CreateChannel::Public(channel)).await);
            made.push(channel.channel.id);
        }
        let mut members = vec![Self::member(founder, &team).await];
        for number in 1..people {
            let client = register(url, number).await;
            let team = done(client.join_team(team.team.id).await);
            for &channel in &made {
                done(client.join_channel(channel).await);
            }
            members.push(Self::member(client, &team).await);
        }
        Self { people: members, channels: made }
    }

    async fn member(client: Client, team: &MyTeam) -> Person {
        let id = done(client.me().await).id;
        let Some(membership) = team.membership else { panic!("the person is in the team") };
        Person { client, id, member: membership.member_id }
    }
}

async fn register(url: &str, number: usize) -> Client {
    let client = done(url.parse().map_err(|error| format!("{error}")).map(Client::new));
    let client = done(client);
    let register = syncspace_protocol::auth::Register {
        username: name(&format!("person-{number}")),
        password: name("correct horse battery"),
        email: None,
        full_name: None,
        device_name: None,
        bootstrap_token: None,
        invite_code: None,
    };
    done(client.register(register).await);
    client
}

/// Gives a name as its type; the names here are good ones.
fn name<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no good name"))
}

/// Gives what was done while nothing is disturbed.
fn done<T, E: std::fmt::Debug>(outcome: Result<T, E>) -> T {
    outcome.unwrap_or_else(|error| panic!("failed before anything was disturbed: {error:?}"))
}

/// Gives what a history keeps of a message.
pub(crate) fn row_of(message: &Message) -> Row {
    Row {
        seq: message.seq,
        rev: message.rev,
        id: message.id,
        author: message.sender_id,
        client_id: message.client_id.to_string(),
        content: message.content.clone(),
        is_deleted: message.deleted_at.is_some(),
        is_reply: message.parent_message_id.is_some(),
    }
}
