//! Whether a message notifies a person now. One decision for every program, from what all devices of the person hold.

use crate::channels::ChannelKind;
use crate::messages::{Message, MessageType};
use crate::personal::{ChannelPreferences, NotifyLevel, ThreadMembership};
use crate::preferences::Preferences;
use crate::status::ChosenPresence;
use crate::{Time, TimeZoneName, UserId};

/// Everything that decides whether a message notifies a person who is in its channel.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'a> {
    /// The person.
    pub me: UserId,
    /// The message, as it was sent.
    pub message: &'a Message,
    /// What kind of channel it is in.
    pub kind: ChannelKind,
    /// How the person wants the channel.
    pub channel: &'a ChannelPreferences,
    /// Whether the person muted who sent it.
    pub is_sender_muted: bool,
    /// How the person stands to the thread that the message belongs to; none where it belongs to none, or was never followed.
    pub thread: Option<&'a ThreadMembership>,
    /// What the person wants for the whole account.
    pub preferences: &'a Preferences,
    /// What presence the person chose.
    pub presence: ChosenPresence,
    /// Where the person's clock stands.
    pub time_zone: Option<&'a TimeZoneName>,
    /// When it is.
    pub now: Time,
}

/// Why a message notifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotifyReason {
    /// It names the person: by name, or as one of the channel.
    Mention,
    /// It answers in a thread that the person follows.
    Thread,
    /// The person is notified of every message of the channel.
    Message,
}

impl Notice<'_> {
    /// Gives why the message notifies the person now; none where it does not.
    ///
    /// Nothing does of one's own messages and the server's, of muted people, channels and threads, and while the person is not
    /// to be disturbed. Counts know nothing of all that.
    #[must_use]
    pub fn reason(&self) -> Option<NotifyReason> {
        let is_muted =
            self.is_sender_muted || self.channel.is_muted || self.thread.is_some_and(|thread| thread.is_muted);
        if !self.is_of_another() || is_muted || self.is_quiet() {
            return None;
        }
        let level = self.level();
        if level == NotifyLevel::None {
            return None;
        }
        let is_reply = self.message.parent_seq.is_some();
        if self.message.mentions.count_for(self.me) || self.message.mentions.here {
            Some(NotifyReason::Mention)
        } else if is_reply && self.thread.is_some_and(|thread| thread.is_following) {
            Some(NotifyReason::Thread)
        } else {
            (level == NotifyLevel::All).then_some(NotifyReason::Message)
        }
    }

    fn is_of_another(&self) -> bool {
        let Message { sender_id, message_type, deleted_at, .. } = self.message;
        *sender_id != self.me && *message_type != MessageType::System && deleted_at.is_none()
    }

    fn is_quiet(&self) -> bool {
        let zone = self.time_zone.map_or(jiff::tz::TimeZone::UTC, TimeZoneName::zone);
        self.presence == ChosenPresence::Dnd || self.preferences.is_quiet(self.now, &zone)
    }

    /// Gives the level that holds in the channel.
    fn level(&self) -> NotifyLevel {
        let usual = match self.kind {
            ChannelKind::Direct | ChannelKind::Group => NotifyLevel::All,
            ChannelKind::Public | ChannelKind::Private => self.preferences.notify.unwrap_or(NotifyLevel::Mentions),
        };
        self.channel.notify.unwrap_or(usual)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOON: &str = "2026-11-23T12:00:00.000Z";

    fn message(more: Value) -> Message {
        let mut message = json!({
            "id": 1, "channel_id": 3, "seq": 9, "rev": 9, "sender_id": 7, "content": "x", "message_type": "text",
            "reply_count": 0, "is_edited": false, "created_at": NOON, "updated_at": NOON, "client_id": "c",
        });
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(message).unwrap()
    }

    fn thread(is_following: bool, is_muted: bool) -> Value {
        json!({
            "channel_id": 3, "root_seq": 4, "is_following": is_following, "is_muted": is_muted,
            "read": {"last_read_seq": 4, "unread_count": 0, "mention_count": 0, "as_of_rev": 9, "rev": 0},
        })
    }

    /// Gives the reason, as a word, of a message and of circumstances that differ from the plainest in these fields.
    fn reason(message_fields: &Value, circumstances: &Value) -> &'static str {
        let field = |name: &str| circumstances.get(name).cloned();
        let mut channel = serde_json::to_value(ChannelPreferences::default()).unwrap();
        channel
            .as_object_mut()
            .unwrap()
            .extend(field("channel").iter().flat_map(|more| more.as_object().unwrap().clone()));
        let channel: ChannelPreferences = serde_json::from_value(channel).unwrap();
        let preferences: Preferences =
            field("preferences").map_or_else(Preferences::default, |value| serde_json::from_value(value).unwrap());
        let thread: Option<ThreadMembership> = field("thread").map(|value| serde_json::from_value(value).unwrap());
        let time_zone: Option<TimeZoneName> = field("time_zone").map(|value| serde_json::from_value(value).unwrap());
        let notice = Notice {
            me: 1.try_into().unwrap(),
            message: &message(message_fields.clone()),
            kind: field("kind").map_or(ChannelKind::Public, |value| serde_json::from_value(value).unwrap()),
            channel: &channel,
            is_sender_muted: field("is_sender_muted").is_some_and(|value| value == true),
            thread: thread.as_ref(),
            preferences: &preferences,
            presence: field("presence").map_or(ChosenPresence::Online, |value| serde_json::from_value(value).unwrap()),
            time_zone: time_zone.as_ref(),
            now: NOON.parse().unwrap(),
        };
        match notice.reason() {
            None => "-",
            Some(NotifyReason::Mention) => "mention",
            Some(NotifyReason::Thread) => "thread",
            Some(NotifyReason::Message) => "message",
        }
    }

    /// Messages that are asked about under each circumstance, in the order of the answers.
    fn messages() -> [Value; 6] {
        [
            json!({}),
            json!({"mentions": {"users": [1]}}),
            json!({"mentions": {"channel": true}}),
            json!({"mentions": {"here": true}}),
            json!({"parent_seq": 4, "parent_message_id": 4}),
            json!({"mentions": {"users": [5]}}),
        ]
    }

    #[track_caller]
    fn check(circumstances: Value, expected: [&str; 6]) {
        assert_eq!(messages().map(|message| reason(&message, &circumstances)), expected, "{circumstances}");
    }

    const NOTHING: [&str; 6] = ["-"; 6];
    const MENTIONS: [&str; 6] = ["-", "mention", "mention", "mention", "-", "-"];
    const ALL: [&str; 6] = ["message", "mention", "mention", "mention", "message", "message"];

    #[test]
    fn levels_of_channel_and_account() {
        let of_account = |level: &str| json!({"notify": level, "dnd_hours": null, "paused_until": null});
        check(json!({}), MENTIONS);
        check(json!({"kind": "private"}), MENTIONS);
        check(json!({"kind": "direct"}), ALL);
        check(json!({"kind": "group"}), ALL);
        check(json!({"preferences": of_account("all")}), ALL);
        check(json!({"preferences": of_account("none")}), NOTHING);
        check(json!({"preferences": of_account("none"), "kind": "direct"}), ALL);
        check(json!({"preferences": of_account("none"), "channel": {"notify": "mentions"}}), MENTIONS);
        check(json!({"preferences": of_account("all"), "channel": {"notify": "none"}}), NOTHING);
        check(json!({"kind": "direct", "channel": {"notify": "mentions"}}), MENTIONS);
        check(json!({"channel": {"notify": "all"}}), ALL);
    }

    #[test]
    fn what_is_muted_is_quiet_also_where_it_names_somebody() {
        check(json!({"channel": {"is_muted": true, "notify": "all"}}), NOTHING);
        check(json!({"kind": "direct", "channel": {"is_muted": true}}), NOTHING);
        check(json!({"is_sender_muted": true}), NOTHING);
        check(json!({"thread": thread(true, true), "channel": {"notify": "all"}}), NOTHING);
    }

    #[test]
    fn replies_of_followed_threads_notify() {
        check(json!({"thread": thread(true, false)}), ["-", "mention", "mention", "mention", "thread", "-"]);
        check(json!({"thread": thread(false, false)}), MENTIONS);
        check(json!({"thread": thread(true, false), "channel": {"notify": "none"}}), NOTHING);
        let both = json!({"parent_seq": 4, "parent_message_id": 4, "mentions": {"users": [1]}});
        assert_eq!(reason(&both, &json!({"thread": thread(true, false)})), "mention");
    }

    #[test]
    fn who_is_not_to_be_disturbed_is_not() {
        let hours = |from: &str, to: &str| {
            let days = ["mon", "tue", "wed", "thu", "fri"];
            json!({"notify": "all", "dnd_hours": {"from": from, "to": to, "days": days}, "paused_until": null})
        };
        let paused = |until: &str| json!({"notify": "all", "dnd_hours": null, "paused_until": until});
        check(json!({"presence": "dnd", "channel": {"notify": "all"}}), NOTHING);
        check(json!({"presence": "away", "channel": {"notify": "all"}}), ALL);
        check(json!({"presence": "invisible", "channel": {"notify": "all"}}), ALL);
        check(json!({"preferences": hours("11:00", "13:00")}), NOTHING);
        check(json!({"preferences": hours("12:30", "13:30")}), ALL);
        // It is 21:00 in Tokyo, and 12:30 to 13:30 in Lagos began half an hour ago.
        check(json!({"preferences": hours("12:30", "13:30"), "time_zone": "Africa/Lagos"}), NOTHING);
        check(json!({"preferences": hours("20:00", "07:00"), "time_zone": "Asia/Tokyo"}), NOTHING);
        check(json!({"preferences": paused("2026-11-23T12:00:00.001Z")}), NOTHING);
        check(json!({"preferences": paused(NOON)}), ALL);
    }

    #[test]
    fn own_deleted_and_system_messages_never_notify() {
        let all = json!({"channel": {"notify": "all"}});
        for fields in [
            json!({"sender_id": 1}),
            json!({"sender_id": 1, "mentions": {"users": [1]}}),
            json!({"message_type": "system", "mentions": {"users": [1]}}),
            json!({"deleted_at": NOON}),
        ] {
            assert_eq!(reason(&fields, &all), "-", "{fields}");
        }
    }
}
