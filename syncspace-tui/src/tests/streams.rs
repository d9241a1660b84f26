//! Events of a channel's stream: the lists on the screen and the disk make the same of them.

use syncspace_protocol::messages::{Message, MessageType, Pin, ThreadState};
use syncspace_protocol::reactions::{Emoji, MyReactions, Reaction};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{Mentions, Rev};

use crate::app::Net;
use crate::app::timeline::Part;
use crate::cache::Disk;
use crate::play::{ALICE, BOB, CAROL, GENERAL, NINE, Play, at, channel_stream, id, message, name, page};

fn on_screen(play: &Play) -> Vec<Message> {
    let timeline = play.state.open_channel().and_then(|open| open.timeline()).expect("a log");
    timeline.iter().cloned().collect()
}

fn thumbs(count: u32) -> Reaction {
    Reaction { emoji: name("thumbsup"), count, users: if count == 0 { Vec::new() } else { vec![id(BOB)] } }
}

fn naming_alice() -> Mentions {
    Mentions { users: vec![id(ALICE)], ..Mentions::default() }
}

/// One event of every kind that changes a message, in an order in which a server may send them.
fn events() -> Vec<(&'static str, EventBody)> {
    let later = at(NINE + 7_200_000);
    let (sender_id, parent_seq, former_mentions) = (id(BOB), None, Mentions::default());
    let thread = |count| ThreadState {
        root_seq: id(1),
        root_sender_id: Some(id(BOB)),
        reply_count: count,
        last_reply_at: (count > 0).then_some(later),
    };
    let reply = Message { parent_seq: Some(id(1)), parent_message_id: Some(id(1_001)), ..message(7, CAROL, 90, "yes") };
    let seq = id(4);
    vec![
        ("created", EventBody::MessageCreated { message: reply, thread: Some(thread(1)) }),
        (
            "updated",
            EventBody::MessageUpdated {
                seq,
                sender_id,
                parent_seq,
                content: "changed, @alice".to_owned(),
                edited_at: later,
                mentions: naming_alice(),
                former_mentions: former_mentions.clone(),
            },
        ),
        (
            "appended",
            EventBody::MessageAppended {
                seq,
                sender_id,
                parent_seq,
                offset: 15,
                appended: " and more".to_owned(),
                updated_at: later,
                mentions: naming_alice(),
                former_mentions,
                continued_seq: Some(id(7)),
            },
        ),
        ("reacted", EventBody::ReactionAdded { seq, user_id: id(BOB), reaction: thumbs(1), updated_at: later }),
        ("taken back", EventBody::ReactionRemoved { seq, user_id: id(BOB), reaction: thumbs(0), updated_at: later }),
        ("pinned", EventBody::MessagePinned { seq, pin: Pin { user_id: id(CAROL), pinned_at: later } }),
        ("unpinned", EventBody::MessageUnpinned { seq, user_id: id(CAROL), updated_at: later }),
        (
            "deleted",
            EventBody::MessageDeleted {
                seq: id(7),
                sender_id: id(CAROL),
                message_type: MessageType::Text,
                deleted_by: id(CAROL),
                deleted_at: later,
                former_mentions: Mentions::default(),
                thread: Some(thread(0)),
            },
        ),
    ]
}

#[test]
fn an_event_of_every_kind_leaves_disk_and_screen_equal() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 30);
    play.save(&disk);
    for ((kind, body), rev) in events().into_iter().zip(7..) {
        let body = match body {
            EventBody::MessageCreated { message, thread } => {
                EventBody::MessageCreated { message: Message { rev: id(rev), ..message }, thread }
            }
            body => body,
        };
        let before = on_screen(&play);
        play.stream(channel_stream(GENERAL), Some(rev), body);
        play.save(&disk);
        let log = disk.load(id(GENERAL), None).expect("a log");
        assert_eq!(log.messages, on_screen(&play), "{kind}");
        assert_ne!(before, log.messages, "{kind} changed something");
        assert!(log.messages.iter().any(|message| message.rev == id::<Rev>(rev)), "{kind} stamps what it changes");
    }
}

#[test]
fn an_event_that_comes_twice_changes_nothing() {
    let mut play = Play::chat(80, 30);
    for ((kind, body), rev) in events().into_iter().zip(7..) {
        play.stream(channel_stream(GENERAL), Some(rev), body.clone());
        let once = on_screen(&play);
        play.stream(channel_stream(GENERAL), Some(rev), body);
        assert_eq!(on_screen(&play), once, "{kind}");
    }
}

#[test]
fn own_reactions_come_with_every_part_of_a_log() {
    let mut play = Play::chat(80, 30);
    let heart: Emoji = name("heart");
    let mut part = page(vec![message(8, BOB, 100, "far below")], None);
    (part.last_seq, part.rev) = (id(8), id(8));
    part.my_reactions = vec![MyReactions { seq: id(8), emoji: vec![heart.clone()] }];
    play.net(Net::Part { channel_id: id(GENERAL), part: Part::After(id(6)), answer: Ok(part) });
    let place = syncspace_protocol::messages::MessagePlace { channel_id: id(GENERAL), seq: id(8) };
    assert!(play.state.own.has_reacted(place, &heart));
}
