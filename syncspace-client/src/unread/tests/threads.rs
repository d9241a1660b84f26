//! What the book of threads says after events and answers, in whichever order they come.

use super::*;

/// The thread below the first message, as the server says how the person stands to it.
fn standing(read: ReadMarker) -> ThreadMembership {
    ThreadMembership { channel_id: general(), root_seq: id(1), is_following: true, is_muted: false, read }
}

fn thread_key() -> ThreadKey {
    (general(), id(1))
}

/// A book that follows the thread, with everything read up to place 10 at rev 20.
fn following() -> ThreadBook {
    let mut book = ThreadBook::new(id(ME));
    book.put(standing(marker(10, 0, 0, 20, 0)));
    book
}

fn appended(root: Option<u64>, seq: u64, rev: u64, mentions: Mentions) -> Event {
    let body = EventBody::MessageAppended {
        seq: id(seq),
        sender_id: id(OTHER),
        parent_seq: root.map(id),
        offset: 0,
        appended: "and on".to_owned(),
        updated_at: Time::from_unix_ms(0).expect("a time"),
        mentions,
        former_mentions: Mentions::default(),
        continued_seq: None,
    };
    event(rev, body)
}

fn everybody() -> Mentions {
    Mentions { channel: true, ..Mentions::default() }
}

#[track_caller]
fn check(book: &ThreadBook, messages: u32, mentions: u32) {
    assert_eq!(book.unread(thread_key()), Some(Unread { messages, mentions }));
    assert_eq!(book.unsure().count(), 0, "it must be sure");
}

#[track_caller]
fn check_unsure(book: &ThreadBook) {
    assert_eq!(book.unsure().collect::<Vec<_>>(), [thread_key()]);
}

#[test]
fn what_is_edited_or_grows_counts_in_its_own_thread_alone() {
    let mut book = following();
    book.take(&appended(None, 12, 21, everybody()));
    book.take(&appended(Some(2), 13, 22, everybody()));
    book.take(&edited(12, 23, naming(ME), Mentions::default()));
    book.take(&edited_in(Some(2), 13, 24, naming(ME), Mentions::default()));
    check(&book, 0, 0);
    book.take(&reply(14, 25, Mentions::default()));
    book.take(&appended(Some(1), 14, 26, everybody()));
    check(&book, 1, 1);
    book.take(&edited_in(Some(1), 14, 27, Mentions::default(), everybody()));
    check(&book, 1, 0);
    book.take(&edited_in(Some(1), 9, 28, naming(ME), Mentions::default()));
    check(&book, 1, 0);
}

#[test]
fn replies_that_do_not_concern_the_person_are_not_asked_about() {
    let mut book = ThreadBook::new(id(ME));
    book.take(&reply(2, 2, Mentions::default()));
    book.take(&reply(3, 3, everybody()));
    book.take(&edited_in(Some(1), 3, 4, naming(ME), everybody()));
    assert_eq!((book.unsure().count(), book.threads.len()), (0, 0), "and nothing is kept of them");
    book.take(&reply(4, 5, naming(ME)));
    check_unsure(&book);
    book.put_stranger(general(), id(1), id(5));
    assert_eq!((book.unsure().count(), book.threads.len()), (0, 0));
    let own_root = ThreadState { root_sender_id: Some(id(ME)), ..thread() };
    let Event { body: EventBody::MessageCreated { message, .. }, .. } = reply(5, 6, Mentions::default()) else {
        unreachable!("a reply is a new message")
    };
    book.take(&event(6, EventBody::MessageCreated { message, thread: Some(own_root) }));
    check_unsure(&book);
}

#[test]
fn a_thread_goes_with_its_root_and_stays_gone() {
    let raised = |rev: u64, floor: u64| event(rev, EventBody::FloorRaised { floor_seq: id(floor) });
    let mut book = following();
    book.take(&raised(21, 1));
    assert_eq!((book.standing(thread_key()), book.unsure().count()), (None, 0));
    book.take(&reply(12, 22, naming(ME)));
    assert_eq!(book.unsure().count(), 0, "nobody asks about what is not there");
    let mut book = following();
    let items = vec![Change::Floor { floor_seq: id(1), rev: id(21) }];
    let page = EventBody::Changes { items, after: id(20), head_rev: id(21), read: None, my_reactions: Vec::new() };
    book.take(&event(21, page));
    assert_eq!((book.standing(thread_key()), book.unsure().count()), (None, 0));
}

#[test]
fn an_answer_from_before_a_reply_does_not_close_what_the_reply_opened() {
    let mut book = ThreadBook::new(id(ME));
    book.take(&reply(10, 10, naming(ME)));
    book.take(&reply(11, 11, naming(ME)));
    book.put_stranger(general(), id(1), id(10));
    check_unsure(&book);
    book.put(standing(marker(10, 1, 1, 11, 0)));
    check(&book, 1, 1);
    book.put_stranger(general(), id(1), id(11));
    check(&book, 1, 1);
}

#[test]
fn an_answer_does_not_undo_what_another_device_chose_meanwhile() {
    let mut book = ThreadBook::new(id(ME));
    book.take(&reply(10, 10, naming(ME)));
    let thread = standing(marker(10, 0, 0, 10, 7));
    book.take(&Event { stream: Some(StreamId::Member(id(9))), rev: Some(id(7)), body: EventBody::MyThread { thread } });
    book.put_stranger(general(), id(1), id(10));
    assert_eq!(book.standing(thread_key()), Some(thread));
}

#[test]
fn a_page_of_what_was_missed_opens_what_concerns_the_person() {
    let page = |rev: u64, items: Vec<Message>| {
        let items = items.into_iter().map(|message| Change::Message { message }).collect();
        let body =
            EventBody::Changes { items, after: Rev::ZERO, head_rev: id(rev), read: None, my_reactions: Vec::new() };
        event(rev, body)
    };
    let below = |root: u64, message: Message| Message { parent_seq: Some(id(root)), ..message };
    let mut book = ThreadBook::new(id(ME));
    let strange = below(1, message(2, 2, OTHER, Mentions::default()));
    let own = message(3, 3, ME, Mentions::default());
    book.take(&page(4, vec![strange, own.clone()]));
    assert_eq!(book.unsure().count(), 0, "a root of one's own that nobody answered");
    let answered = Message { rev: id(6), last_reply_at: Some(own.created_at), ..own };
    book.take(&page(6, vec![below(3, message(5, 6, OTHER, Mentions::default())), answered]));
    assert_eq!(book.unsure().collect::<Vec<_>>(), [(general(), id(3))]);
    book.take(&page(7, vec![below(1, message(6, 7, OTHER, naming(ME)))]));
    assert_eq!(book.unsure().collect::<Vec<_>>(), [thread_key(), (general(), id(3))]);
    let changed = Message { is_edited: true, ..message(8, 9, OTHER, Mentions::default()) };
    book.take(&page(9, vec![below(7, changed)]));
    assert_eq!(book.unsure().last(), Some((general(), id(7))), "it may have named the person when it was sent");
}
