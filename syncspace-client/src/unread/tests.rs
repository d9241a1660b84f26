mod threads;

use super::*;

use syncspace_protocol::limits::UNREAD_COUNT_MAX;
use syncspace_protocol::messages::{Message, MessageType, ThreadState};
use syncspace_protocol::personal::ThreadMembership;
use syncspace_protocol::reactions::Reactions;
use syncspace_protocol::{Mentions, Time};

use crate::bounds::COUNTED_EVENTS_MAX;

const ME: u64 = 1;
const OTHER: u64 = 2;

fn id<T: TryFrom<u64, Error: std::fmt::Debug>>(number: u64) -> T {
    T::try_from(number).expect("an id")
}

fn general() -> ChannelId {
    id(3)
}

fn marker(read: u64, unread: u32, mentions: u32, as_of: u64, own: u64) -> ReadMarker {
    ReadMarker {
        last_read_seq: id(read),
        unread_count: unread,
        mention_count: mentions,
        as_of_rev: id(as_of),
        rev: id(own),
    }
}

fn naming(who: u64) -> Mentions {
    Mentions { users: vec![id(who)], ..Mentions::default() }
}

fn message(seq: u64, rev: u64, sender: u64, mentions: Mentions) -> Message {
    let at = Time::from_unix_ms(0).expect("a time");
    Message {
        id: id(seq),
        channel_id: general(),
        seq: id(seq),
        rev: id(rev),
        sender_id: id(sender),
        content: String::new(),
        message_type: MessageType::Text,
        file_url: None,
        parent_message_id: None,
        parent_seq: None,
        reply_count: 0,
        last_reply_at: None,
        is_edited: false,
        edited_at: None,
        deleted_at: None,
        created_at: at,
        updated_at: at,
        client_id: "c".parse().expect("a client_id"),
        mentions,
        reactions: Reactions::default(),
        pinned: None,
        code: None,
        forwarded_from: None,
        continued_seq: None,
        files: Vec::new(),
    }
}

fn created(seq: u64, rev: u64) -> Event {
    event(rev, EventBody::MessageCreated { message: message(seq, rev, OTHER, Mentions::default()), thread: None })
}

fn reply(seq: u64, rev: u64, mentions: Mentions) -> Event {
    let message =
        Message { parent_message_id: Some(id(1)), parent_seq: Some(id(1)), ..message(seq, rev, OTHER, mentions) };
    event(rev, EventBody::MessageCreated { message, thread: Some(thread()) })
}

fn thread() -> ThreadState {
    ThreadState { root_seq: id(1), root_sender_id: Some(id(OTHER)), reply_count: 1, last_reply_at: None }
}

fn edited(seq: u64, rev: u64, mentions: Mentions, former_mentions: Mentions) -> Event {
    edited_in(None, seq, rev, mentions, former_mentions)
}

fn edited_in(root: Option<u64>, seq: u64, rev: u64, mentions: Mentions, former_mentions: Mentions) -> Event {
    let body = EventBody::MessageUpdated {
        seq: id(seq),
        sender_id: id(OTHER),
        parent_seq: root.map(id),
        content: String::new(),
        edited_at: Time::from_unix_ms(0).expect("a time"),
        mentions,
        former_mentions,
    };
    event(rev, body)
}

fn deleted(seq: u64, rev: u64, former_mentions: Mentions, thread: Option<ThreadState>) -> Event {
    let body = EventBody::MessageDeleted {
        seq: id(seq),
        sender_id: id(OTHER),
        message_type: MessageType::Text,
        deleted_by: id(OTHER),
        deleted_at: Time::from_unix_ms(0).expect("a time"),
        former_mentions,
        thread,
    };
    event(rev, body)
}

fn event(rev: u64, body: EventBody) -> Event {
    Event { stream: Some(StreamId::Channel(general())), rev: Some(id(rev)), body }
}

fn book(read: ReadMarker) -> UnreadBook {
    let mut book = UnreadBook::new(id(ME));
    book.put(general(), read);
    book
}

fn taking(read: ReadMarker, events: &[Event]) -> UnreadBook {
    let mut book = book(read);
    events.iter().for_each(|event| book.take(event));
    book
}

/// Checks unread messages and mentions, and that they are sure.
#[track_caller]
fn check(book: &UnreadBook, messages: u32, mentions: u32) {
    assert_eq!(book.unread(general()), Some(Unread { messages, mentions }));
    assert_eq!(book.unsure().count(), 0, "it must be sure");
}

#[track_caller]
fn check_unsure(book: &UnreadBook) {
    assert_eq!(book.unsure().collect::<Vec<_>>(), [general()]);
}

#[test]
fn a_keyword_counts_by_the_marker_that_tells_of_it() {
    let mut book = book(marker(10, 1, 0, 40, 1));
    book.take(&created(11, 41));
    book.take(&created(12, 42));
    // Found in the message at 11, when the one at 12 was not there yet.
    let body = EventBody::MyKeywordMentions {
        channel_id: general(),
        added: vec![id(11)],
        removed: vec![],
        read: marker(10, 2, 1, 41, 2),
    };
    book.take(&Event { stream: Some(StreamId::Member(id(7))), rev: Some(id(2)), body });
    check(&book, 3, 1);
    // Its deletion takes nothing off by itself: the next marker does.
    book.take(&deleted(11, 43, Mentions::default(), None));
    check(&book, 2, 1);
}

#[test]
fn counts_on_from_the_markers_revision() {
    let mut book = taking(marker(10, 2, 0, 20, 1), &[created(12, 20)]);
    check(&book, 2, 0);
    book.take(&created(13, 21));
    book.take(&created(13, 21));
    check(&book, 3, 0);
}

#[test]
fn what_is_no_longer_kept_is_asked_for_only_where_it_was_counted() {
    let raised = |rev: u64, floor: u64| event(rev, EventBody::FloorRaised { floor_seq: id(floor) });
    let mut book = taking(marker(10, 2, 0, 20, 1), &[created(13, 21), raised(22, 10)]);
    check(&book, 3, 0);
    book.take(&raised(23, 11));
    check_unsure(&book);
    book.put(general(), marker(10, 2, 0, 23, 1));
    check(&book, 2, 0);
    book.take(&created(14, 24));
    check(&book, 3, 0);
}

#[test]
fn what_was_read_and_not_heard_is_asked_for() {
    let mut book = book(marker(0, 0, 0, 0, 1));
    book.follow_from(general(), id(2));
    check_unsure(&book);
    book.put(general(), marker(0, 2, 1, 2, 1));
    check(&book, 2, 1);
    book.follow_from(general(), id(2));
    book.take(&created(3, 3));
    book.follow_from(general(), id(3));
    check(&book, 3, 1);
}

#[test]
fn events_that_came_before_the_marker_count_above_its_revision() {
    let mut book = UnreadBook::new(id(ME));
    for rev in 21..=23 {
        book.take(&created(rev, rev));
    }
    assert_eq!(book.unread(general()), None);
    book.put(general(), marker(10, 5, 0, 21, 1));
    check(&book, 7, 0);
}

#[test]
fn a_late_marker_takes_away_only_what_it_counted() {
    let mut book = taking(marker(10, 0, 0, 20, 1), &[created(11, 21), created(12, 22)]);
    book.put(general(), marker(10, 1, 0, 21, 2));
    check(&book, 2, 0);
    book.put(general(), marker(12, 0, 0, 22, 3));
    check(&book, 0, 0);
    book.put(general(), marker(10, 2, 0, 22, 2));
    check(&book, 0, 0);
}

#[test]
fn ones_own_messages_and_replies_are_not_unread_but_a_reply_may_be_a_mention() {
    let own = event(21, EventBody::MessageCreated { message: message(11, 21, ME, naming(ME)), thread: None });
    let book = taking(marker(10, 0, 0, 20, 1), &[own, reply(12, 22, naming(ME)), reply(13, 23, naming(OTHER))]);
    check(&book, 0, 1);
}

#[test]
fn mentions_follow_edits_and_deletions_of_messages_that_nobody_holds() {
    let all = || Mentions { channel: true, ..Mentions::default() };
    let mut book = taking(marker(10, 3, 1, 20, 1), &[edited(12, 21, all(), Mentions::default())]);
    check(&book, 3, 2);
    book.take(&edited(12, 22, naming(ME), all()));
    check(&book, 3, 2);
    book.take(&edited(5, 23, naming(ME), Mentions::default()));
    check(&book, 3, 2);
    book.take(&deleted(12, 24, naming(ME), None));
    check(&book, 2, 1);
    book.take(&deleted(11, 25, naming(ME), Some(thread())));
    check(&book, 2, 0);
    book.take(&deleted(9, 26, naming(ME), None));
    check(&book, 2, 0);
}

#[test]
fn a_marker_set_back_on_another_device_wins() {
    let mut book = book(marker(10, 0, 0, 20, 1));
    book.put(general(), marker(4, 6, 2, 20, 2));
    check(&book, 6, 2);
    book.put(general(), marker(10, 0, 0, 20, 1));
    check(&book, 6, 2);
    assert_eq!(book.advance(general(), id(10)).known_rev, Some(id(2)));
}

#[test]
fn something_missed_makes_it_unsure_until_the_server_says() {
    let mut book = taking(marker(10, 0, 0, 20, 1), &[created(11, 21), created(13, 23)]);
    check_unsure(&book);
    book.put(general(), marker(10, 2, 0, 22, 1));
    check(&book, 3, 0);
    let unknown = event(24, EventBody::Unknown);
    book.take(&unknown);
    check_unsure(&book);
    book.put(general(), marker(10, 3, 0, 24, 1));
    check(&book, 3, 0);
    book.take(&Event { rev: None, ..event(24, EventBody::StreamReload {}) });
    check_unsure(&book);
}

#[test]
fn the_last_page_of_what_was_missed_brings_the_numbers() {
    let page = |after, to, read| {
        event(
            to,
            EventBody::Changes {
                items: Vec::new(),
                after: id(after),
                head_rev: id(40),
                read,
                my_reactions: Vec::new(),
            },
        )
    };
    let mut book = taking(marker(10, 0, 0, 20, 1), &[created(11, 21), page(21, 30, None)]);
    assert_eq!(book.unsure().count(), 0, "more is on its way");
    book.take(&page(30, 40, Some(marker(10, 9, 1, 42, 1))));
    check(&book, 9, 1);
    book.take(&created(20, 41));
    book.take(&created(21, 42));
    book.take(&created(22, 43));
    check(&book, 10, 1);
    book.take(&page(43, 45, None));
    assert_eq!(book.unread(general()), Some(Unread { messages: 9, mentions: 1 }));
    check_unsure(&book);
}

#[test]
fn a_count_at_its_bound_is_unsure_once_it_goes_down() {
    let mut book = taking(
        marker(10, UNREAD_COUNT_MAX, 0, 20, 1),
        &[created(3_000, 21), deleted(11, 22, Mentions::default(), None)],
    );
    check(&book, UNREAD_COUNT_MAX, 0);
    book.take(&deleted(12, 23, Mentions::default(), None));
    check_unsure(&book);
    let mut book = taking(marker(10, UNREAD_COUNT_MAX - 1, 0, 20, 1), &[created(1_012, 21), created(1_013, 22)]);
    check(&book, UNREAD_COUNT_MAX, 0);
    book.take(&deleted(12, 23, Mentions::default(), None));
    book.take(&deleted(13, 24, Mentions::default(), None));
    check(&book, UNREAD_COUNT_MAX - 1, 0);
}

#[test]
fn more_events_than_are_kept_are_summed_up() {
    let many = u64::try_from(COUNTED_EVENTS_MAX).expect("a small number") + 40;
    let events: Vec<_> = (1..=many).map(|number| created(10 + number, 20 + number)).collect();
    let mut book = taking(marker(10, 0, 0, 20, 1), &events);
    let all = u32::try_from(many).expect("a small number");
    check(&book, all, 0);
    book.put(general(), marker(15, all - 5, 0, 20 + many - 10, 2));
    check(&book, all + 5, 0);
    // One that holds before what was summed up cannot be carried on.
    book.put(general(), marker(16, 0, 0, 25, 3));
    check_unsure(&book);
}

#[test]
fn what_is_shown_as_read_stays_so_until_the_server_has_answered() {
    let mut book = taking(marker(10, 1, 1, 20, 1), &[created(12, 21)]);
    let mark = book.read_all(general(), id(12));
    assert_eq!((mark.seq, mark.known_rev, book.read_up_to(general())), (id(12), Some(id(1)), Some(id(12))));
    check(&book, 0, 0);
    book.take(&created(13, 22));
    check(&book, 1, 0);
    book.put(general(), marker(11, 2, 0, 22, 2));
    check(&book, 1, 0);
    book.put(general(), marker(12, 1, 0, 22, 3));
    book.settle(general(), id(12));
    check(&book, 1, 0);
    book.read_all(general(), id(13));
    book.settle_all();
    check(&book, 1, 0);
}

#[test]
fn a_channel_that_was_left_has_no_numbers_until_one_comes_back() {
    let mut book = book(marker(10, 1, 1, 20, 4));
    let member = |rev, body| Event { stream: Some(StreamId::Member(id(9))), rev: Some(id(rev)), body };
    book.take(&member(5, EventBody::MyChannelLeft { channel_id: general() }));
    assert_eq!(book.unread(general()), None);
    book.put(general(), marker(10, 1, 1, 20, 4));
    assert_eq!(book.unread(general()), None, "a marker of the earlier stay, come late");
    book.take(&member(6, EventBody::MyRead { channel_id: general(), read: marker(30, 0, 0, 40, 6) }));
    book.take(&created(31, 41));
    check(&book, 1, 0);
}

#[test]
fn a_list_from_before_one_came_does_not_lose_what_came_since() {
    let mut book = UnreadBook::new(id(ME));
    book.put(general(), marker(0, 0, 0, 0, 3));
    book.take(&created(1, 1));
    book.forget(general());
    assert_eq!(book.unread(general()), None);
    book.put(general(), marker(0, 0, 0, 0, 3));
    check(&book, 1, 0);
}

/// The log of a channel as the server has it, and the events that made it.
struct Server {
    /// By seq from 1: sender, whether a reply, mentions, whether deleted.
    log: Vec<(u64, bool, Mentions, bool)>,
    events: Vec<Event>,
    read: u64,
    own_rev: u64,
}

impl Server {
    fn step(&mut self, random: &mut fastrand::Rng) {
        let rev = self.events.len() as u64 + 1;
        let mentions = match random.u8(0..4) {
            0 => naming(ME),
            1 => Mentions { channel: true, ..Mentions::default() },
            _ => Mentions::default(),
        };
        let at = random.usize(0..=self.log.len());
        let event = match self.log.get_mut(at) {
            Some((OTHER, is_reply, former, is_deleted)) if !*is_deleted => {
                let seq = at as u64 + 1;
                if random.bool() {
                    *is_deleted = true;
                    deleted(seq, rev, std::mem::take(former), is_reply.then(thread))
                } else {
                    let former = std::mem::replace(former, mentions.clone());
                    edited(seq, rev, mentions, former)
                }
            }
            _ => {
                let (seq, is_reply, sender) = (self.log.len() as u64 + 1, random.bool(), random.u64(ME..=OTHER));
                self.log.push((sender, is_reply, mentions.clone(), false));
                let mut message = message(seq, rev, sender, mentions);
                message.parent_message_id = is_reply.then(|| id(1));
                event(rev, EventBody::MessageCreated { message, thread: is_reply.then(thread) })
            }
        };
        self.events.push(event);
    }

    fn marker(&self) -> ReadMarker {
        let unread =
            |&(sender, is_reply, _, is_deleted): &(u64, bool, Mentions, bool)| sender != ME && !is_reply && !is_deleted;
        let named = |(sender, _, mentions, is_deleted): &(u64, bool, Mentions, bool)| {
            *sender != ME && !is_deleted && mentions.count_for(id(ME))
        };
        let rest = &self.log[usize::try_from(self.read).expect("small")..];
        let count = |all: usize| u32::try_from(all).expect("small");
        marker(
            self.read,
            count(rest.iter().filter(|message| unread(message)).count()),
            count(rest.iter().filter(|message| named(message)).count()),
            self.events.len() as u64,
            self.own_rev,
        )
    }
}

/// Whatever is lost or late: a book that has seen the newest event and the newest marker, and is sure, is right.
#[test]
fn a_sure_book_is_right() {
    let mut sure = 0;
    for seed in 0..400 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut server = Server { log: Vec::new(), events: Vec::new(), read: 0, own_rev: 1 };
        let mut book = book(server.marker());
        let mut late: Vec<ReadMarker> = Vec::new();
        for _ in 0..120 {
            server.step(&mut random);
            if random.u8(0..20) > 0 {
                book.take(server.events.last().expect("an event"));
            }
            if random.u8(0..10) == 0 {
                server.read = random.u64(0..=server.log.len() as u64);
                server.own_rev += 1;
                late.push(server.marker());
            }
            if random.bool() && !late.is_empty() {
                book.put(general(), late.swap_remove(random.usize(0..late.len())));
            }
            if random.u8(0..15) == 0 {
                book.put(general(), server.marker());
            }
            let is_newest = book.marker(general()).is_some_and(|read| read.rev.get() == server.own_rev);
            let has_last = book.channels[&general()].counts.has_seen(id(server.events.len() as u64));
            if is_newest && has_last && book.unsure().next().is_none() {
                let read = server.marker();
                let right = Unread { messages: read.unread_count, mentions: read.mention_count };
                assert_eq!(book.unread(general()), Some(right), "seed {seed}");
                sure += 1;
            }
        }
    }
    assert!(sure > 10_000, "only {sure} were sure");
}
