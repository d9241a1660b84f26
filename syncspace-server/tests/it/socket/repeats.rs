//! A message sent again, whatever happened since: answered with its place, over the socket and REST, on every instance.

use serde_json::{Value, json};
use syncspace_protocol::channels::{CreateChannel, EditChannel, PutChannelMember};
use syncspace_protocol::messages::EditMessage;
use syncspace_protocol::{ChannelId, Seq};

use super::peer::{Instance, Peer, Person, people};
use super::{Chat, text};
use crate::place::body;

/// A message of bob's in a private channel, and how to send it again.
struct Original {
    channel: ChannelId,
    message_id: Value,
    seq: Value,
}

impl Original {
    fn frame(&self) -> Value {
        json!({"op": "send", "channel_id": self.channel, "content": "original", "client_id": "one"})
    }

    fn path(&self) -> String {
        format!("/api/v1/channels/{}/messages", self.channel)
    }

    /// Sends it again over both doors of an instance; gives the message as REST does.
    async fn expect_repeat(&self, instance: &Instance, bob: &Person, when: &str) -> Value {
        let mut peer = Peer::live(instance, bob).await;
        let mut frame = self.frame();
        frame["id"] = json!(1);
        peer.send(&frame).await;
        let ack = peer.reply(1).await["ok"].clone();
        let told = (&ack["message_id"], &ack["seq"], &ack["is_repeat"]);
        assert_eq!(told, (&self.message_id, &self.seq, &json!(true)), "{when}: {ack}");
        let (status, _, message) = instance.post(bob, &self.path(), &self.frame()).await;
        assert_eq!((status, &message["id"], &message["seq"]), (200, &self.message_id, &self.seq), "{when}: {message}");
        message
    }

    /// Sends something else, which must be refused in the same way over both doors.
    async fn expect_refusal(&self, instance: &Instance, who: &Person, change: Value, status: u16, code: &str) {
        let mut frame = self.frame();
        frame.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        let (told, _, reply) = instance.post(who, &self.path(), &frame).await;
        assert_eq!((told, reply["error"]["code"].as_str()), (status, Some(code)), "{reply}");
        let mut peer = Peer::live(instance, who).await;
        frame["id"] = json!(1);
        peer.send(&frame).await;
        let reply = peer.reply(1).await;
        assert_eq!(reply["error"]["code"], code, "{reply}");
    }
}

/// Sends one message from four devices at once, two on each instance.
async fn send_at_once(here: &Instance, there: &Instance, bob: &Person, channel: ChannelId) -> Original {
    let mut original = Original { channel, message_id: Value::Null, seq: Value::Null };
    let mut frame = original.frame();
    frame["id"] = json!(1);
    let mut devices = Vec::new();
    for instance in [here, there, here, there] {
        devices.push(Peer::live(instance, bob).await);
    }
    let acks = devices.iter_mut().map(|device| async {
        device.send(&frame).await;
        device.reply(1).await["ok"].clone()
    });
    let acks = futures_util::future::join_all(acks).await;
    (original.message_id, original.seq) = (acks[0]["message_id"].clone(), acks[0]["seq"].clone());
    let same = |ack: &Value| (&ack["message_id"], &ack["seq"]) == (&original.message_id, &original.seq);
    assert!(original.seq.is_u64() && acks.iter().all(same), "{acks:?}");
    assert_eq!(acks.iter().filter(|ack| ack["is_repeat"] == false).count(), 1, "{acks:?}");
    original
}

async fn repeats_are_answered_whatever_happened(here: &Instance, there: &Instance) -> (Person, Original) {
    let Chat { alice, bob, team, .. } = Chat::on(here).await;
    let service = here.service();
    let private: CreateChannel = body(json!({"kind": "private", "name": "plans"}));
    let channel = service.create_channel(&alice.actor, team, private).await.expect("makes").channel.id;
    let member: PutChannelMember = body(json!({"role": "member"}));
    service.put_channel_member(&alice.actor, channel, bob.actor.user_id, member).await.expect("adds");
    let root = service.send_message(&alice.actor, channel, text("root")).await.expect("sends").0;

    let original = send_at_once(here, there, &bob, channel).await;
    original.expect_refusal(there, &bob, json!({"content": "other"}), 409, "client_id_reused").await;
    original.expect_refusal(there, &bob, json!({"parent_message_id": root.id}), 409, "client_id_reused").await;
    let seq: Seq = serde_json::from_value(original.seq.clone()).expect("a seq");
    let edit = EditMessage { content: "edited".to_owned(), expected_rev: None };
    service.edit_message(&bob.actor, channel, seq, edit).await.expect("edits");
    let message = original.expect_repeat(there, &bob, "after an edit").await;
    assert_eq!(message["content"], "edited", "whoever is in the channel gets its present form");
    original.expect_refusal(there, &bob, json!({"content": "edited"}), 409, "client_id_reused").await;

    let archive = |is_archived| EditChannel { is_archived: Some(is_archived), ..EditChannel::default() };
    service.edit_channel(&alice.actor, channel, archive(true)).await.expect("archives");
    original.expect_repeat(there, &bob, "after the channel was archived").await;
    original.expect_refusal(there, &bob, json!({"client_id": "two"}), 409, "archived").await;
    service.edit_channel(&alice.actor, channel, archive(false)).await.expect("restores");

    let id = serde_json::from_value(original.message_id.clone()).expect("an id");
    there.service().leave_channel(&bob.actor, channel).await.expect("leaves");
    let mut reply = text("behind his back");
    reply.parent_message_id = Some(id);
    service.send_message(&alice.actor, channel, reply).await.expect("answers");
    let as_sent = original.expect_repeat(there, &bob, "after leaving").await;
    assert_eq!((&as_sent["content"], &as_sent["reply_count"]), (&json!("original"), &json!(0)), "{as_sent}");
    assert_eq!((&as_sent["rev"], &as_sent["is_edited"]), (&json!(0), &json!(false)), "{as_sent}");
    original.expect_refusal(there, &bob, json!({"client_id": "two"}), 404, "not_found").await;

    service.delete_message(&alice.actor, channel, seq).await.expect("deletes");
    let told = original.expect_repeat(there, &bob, "after a deletion that he may not see").await;
    assert_eq!(told, as_sent, "nothing of what came after he left");
    service.remove_team_member(&alice.actor, team, bob.actor.user_id).await.expect("removes");
    let told = original.expect_repeat(there, &bob, "after he was removed from the team").await;
    assert_eq!(told, as_sent);
    original.expect_refusal(there, &bob, json!({"content": "other"}), 409, "client_id_reused").await;
    original.expect_refusal(there, &bob, json!({"client_id": "two"}), 404, "not_found").await;

    // To nobody else: a stranger learns nothing, and another member's message of the same name is another message.
    let [eve] = people(here, ["eve"]).await;
    original.expect_refusal(there, &eve, json!({}), 404, "not_found").await;
    let (status, _, mine) = there.post(&alice, &original.path(), &original.frame()).await;
    assert_eq!((status, &mine["sender_id"]), (201, &json!(alice.actor.user_id)), "{mine}");
    (bob, original)
}

#[tokio::test]
async fn repeats_are_answered_on_both_instances_of_a_cluster() {
    let cluster = Instance::cluster().await;
    let [one, two] = &cluster.instances;
    let (bob, original) = repeats_are_answered_whatever_happened(one, two).await;
    let [one, _two] = cluster.instances;
    original.expect_repeat(&one.restarted().await, &bob, "after a restart").await;
}

#[tokio::test]
async fn repeats_are_answered_on_the_embedded_store_and_after_a_restart() {
    let instance = Instance::embedded().await;
    let (bob, original) = repeats_are_answered_whatever_happened(&instance, &instance).await;
    original.expect_repeat(&instance.restarted().await, &bob, "after a restart").await;
}
