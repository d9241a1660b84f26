//! What one message carries beside its text, on the embedded store and on MySQL.

mod appends;
mod files;
mod forwarded_files;
mod history;
mod pins;
mod reactions;
mod types;
mod uploads;

use syncspace_protocol::channels::{ChannelKind, CreateChannel, EditChannel};
use syncspace_protocol::messages::{Message, MessagePage, MessageQuery, SendMessage};
use syncspace_protocol::sync::{Changes, ChangesQuery};
use syncspace_protocol::teams::{PutTeamMember, TeamRole};
use syncspace_protocol::{ChannelId, Rev, Seq, StreamId, TeamId};
use syncspace_server::service::Actor;

use crate::place::{Place, Rig, body};

/// Alice's public channel with Bob in it, and Carol who is in the team alone.
struct Room {
    rig: Rig,
    alice: Actor,
    bob: Actor,
    carol: Actor,
    team: TeamId,
    channel: ChannelId,
}

impl Room {
    async fn open(place: Place) -> Self {
        let rig = place.open_rig().await;
        let alice = rig.register_actor("alice").await;
        let bob = rig.register_actor("bob").await;
        let carol = rig.register_actor("carol").await;
        let new = body(serde_json::json!({"name": "eng", "is_public": false}));
        let team = rig.service.create_team(&alice, new).await.expect("makes a team").team.id;
        for user in [&bob, &carol] {
            let put = PutTeamMember { role: TeamRole::Member };
            rig.service.put_team_member(&alice, team, user.user_id, put).await.expect("adds");
        }
        let mut room = Self { rig, alice, bob, carol, team, channel: ChannelId::try_from(1).expect("an id") };
        room.channel = room.new_channel("general", ChannelKind::Public).await;
        room.rig.service.join_channel(&room.bob, room.channel).await.expect("joins");
        room
    }

    /// Makes another channel of Alice's.
    async fn new_channel(&self, name: &str, kind: ChannelKind) -> ChannelId {
        let new: CreateChannel = body(serde_json::json!({"kind": kind, "name": name}));
        self.rig.service.create_channel(&self.alice, self.team, new).await.expect("makes a channel").channel.id
    }

    async fn say(&self, actor: &Actor, content: &str) -> Message {
        self.send(actor, serde_json::json!({"content": content})).await
    }

    async fn send(&self, actor: &Actor, message: serde_json::Value) -> Message {
        let message: SendMessage = body(message);
        self.rig.service.send_message(actor, self.channel, message).await.expect("sends").0
    }

    async fn read(&self, seq: Seq) -> Message {
        self.rig.service.message(&self.alice, self.channel, seq).await.expect("a message")
    }

    async fn page(&self, actor: &Actor) -> MessagePage {
        self.rig.service.messages(actor, self.channel, MessageQuery::default()).await.expect("reads")
    }

    async fn changes(&self, actor: &Actor, after: Rev) -> Changes {
        let query = ChangesQuery { after, limit: Some(200) };
        self.rig.service.changes(actor, StreamId::Channel(self.channel), query).await.expect("changes")
    }

    async fn archive(&self) {
        let edit = EditChannel { is_archived: Some(true), ..EditChannel::default() };
        self.rig.service.edit_channel(&self.alice, self.channel, edit).await.expect("archives");
    }
}
