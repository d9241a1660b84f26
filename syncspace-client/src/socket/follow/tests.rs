use super::*;

use syncspace_protocol::Epoch;
use syncspace_protocol::sync::Change;

fn stream() -> StreamId {
    "c3".parse().expect("a stream")
}

fn rev(number: u64) -> Rev {
    Rev::try_from(number).expect("a rev")
}

fn event(number: u64) -> Event {
    Event { stream: Some(stream()), rev: Some(rev(number)), body: EventBody::Void {} }
}

fn page(to: u64, head: u64) -> Changes {
    Changes {
        stream: stream(),
        epoch: Epoch("e".to_owned()),
        items: Vec::new(),
        after: Rev::ZERO,
        rev: rev(to),
        head_rev: rev(head),
        read: None,
        my_reactions: Vec::new(),
    }
}

fn following(number: u64) -> Follows {
    let mut follows = Follows::default();
    assert_eq!(follows.follow(stream(), rev(number), true), []);
    follows
}

/// Feeds events, and writes what comes of each: `7` delivered, `..9` changes up to 9, `>6` read after 6.
fn take(follows: &mut Follows, events: &[u64]) -> Vec<String> {
    events.iter().flat_map(|&number| written(follows.event(stream(), event(number)))).collect()
}

fn read(follows: &mut Follows, after: u64, outcome: Result<Changes, ReadFailure>) -> Vec<String> {
    written(follows.page(Instant::now(), stream(), rev(after), outcome))
}

fn written(steps: Vec<Step>) -> Vec<String> {
    steps
        .into_iter()
        .map(|step| match step {
            Step::Read { after, .. } => format!(">{after}"),
            Step::Deliver(Event { body: EventBody::Changes { .. }, rev: Some(rev), .. }) => format!("..{rev}"),
            Step::Deliver(Event { body: EventBody::StreamReload {}, .. }) => "reload".to_owned(),
            Step::Deliver(Event { body: EventBody::StreamGone {}, .. }) => "gone".to_owned(),
            Step::Deliver(Event { rev: Some(rev), .. }) => rev.to_string(),
            Step::Deliver(event) => format!("{event:?}"),
        })
        .collect()
}

#[test]
fn the_next_event_is_delivered_and_older_ones_are_dropped() {
    let mut follows = following(5);
    assert_eq!(take(&mut follows, &[5, 6, 6, 3, 7]), ["6", "7"]);
}

#[test]
fn a_hole_is_read_before_what_came_after_it() {
    let mut follows = following(5);
    assert_eq!(take(&mut follows, &[6, 8, 9, 7, 10]), ["6", ">6"]);
    assert_eq!(read(&mut follows, 6, Ok(page(8, 8))), ["..8", "9", "10"]);
    assert_eq!(take(&mut follows, &[11]), ["11"]);
}

#[test]
fn a_long_hole_is_read_page_by_page() {
    let mut follows = following(0);
    assert_eq!(take(&mut follows, &[500]), [">0"]);
    assert_eq!(read(&mut follows, 0, Ok(page(200, 501))), ["..200", ">200"]);
    assert_eq!(take(&mut follows, &[501]), [""; 0]);
    assert_eq!(read(&mut follows, 200, Ok(page(400, 501))), ["..400", ">400"]);
    assert_eq!(read(&mut follows, 400, Ok(page(501, 501))), ["..501"]);
    assert_eq!(take(&mut follows, &[502]), ["502"]);
}

#[test]
fn a_hole_above_a_hole_is_read_too() {
    let mut follows = following(1);
    assert_eq!(take(&mut follows, &[3, 6]), [">1"]);
    assert_eq!(read(&mut follows, 1, Ok(page(4, 4))), ["..4", ">4"]);
    assert_eq!(read(&mut follows, 4, Ok(page(6, 6))), ["..6"]);
}

#[test]
fn more_events_than_can_be_held_are_read_instead() {
    let mut follows = following(0);
    let many = u64::try_from(HELD_EVENTS_MAX).expect("a small number") + 10;
    assert_eq!(take(&mut follows, &(2..=many).collect::<Vec<_>>()), [">0"]);
    assert_eq!(read(&mut follows, 0, Ok(page(200, 200))), ["..200", ">200"], "it is not enough: events were let go");
    let to = many - 3;
    let rest = read(&mut follows, 200, Ok(page(to, to)));
    let expected: Vec<String> =
        std::iter::once(format!("..{to}")).chain((to + 1..=many).map(|n| n.to_string())).collect();
    assert_eq!(rest, expected);
}

#[test]
fn a_failed_read_is_repeated_later() {
    let now = Instant::now();
    let mut follows = following(5);
    assert_eq!(take(&mut follows, &[8]), [">5"]);
    assert_eq!(written(follows.page(now, stream(), rev(5), Err(ReadFailure::Later))), [""; 0]);
    assert_eq!(follows.next_deadline(), Some(now + REPAIR_RETRY));
    assert_eq!(written(follows.tick(now)), [""; 0]);
    assert_eq!(written(follows.tick(now + REPAIR_RETRY)), [">5"]);
    assert_eq!(follows.next_deadline(), None);
    assert_eq!(read(&mut follows, 5, Ok(page(8, 8))), ["..8"]);
}

#[test]
fn a_store_that_lags_behind_the_socket_is_asked_again() {
    let now = Instant::now();
    let mut follows = following(5);
    assert_eq!(take(&mut follows, &[8]), [">5"]);
    assert_eq!(read(&mut follows, 5, Ok(page(6, 6))), ["..6", ">6"]);
    assert_eq!(written(follows.page(now, stream(), rev(6), Ok(page(6, 6)))), [""; 0]);
    assert_eq!(written(follows.tick(now + REPAIR_RETRY)), [">6"]);
}

#[test]
fn reload_and_gone_end_the_following() {
    let now = Instant::now();
    let mut follows = following(5);
    assert_eq!(take(&mut follows, &[8]), [">5"]);
    assert_eq!(read(&mut follows, 5, Err(ReadFailure::Reload)), ["reload"]);
    assert!(!follows.is_followed(stream()));
    let mut follows = following(5);
    assert_eq!(take(&mut follows, &[8]), [">5"]);
    assert_eq!(
        written(follows.page(now, stream(), rev(5), Err(ReadFailure::Gone))),
        [""; 0],
        "it may be an old answer"
    );
    assert_eq!(written(follows.tick(now + REPAIR_RETRY)), [">5"]);
    assert_eq!(read(&mut follows, 5, Err(ReadFailure::Gone)), ["gone"]);
    assert!(!follows.is_followed(stream()));
    let mut follows = following(5);
    let gone = Event { stream: Some(stream()), rev: None, body: EventBody::StreamGone {} };
    assert_eq!(written(follows.event(stream(), gone)), ["gone"]);
    assert!(!follows.is_followed(stream()));
}

#[test]
fn who_came_in_again_while_a_read_was_refused_keeps_the_stream() {
    let now = Instant::now();
    let mut follows = following(5);
    assert_eq!(take(&mut follows, &[8]), [">5"]);
    assert_eq!(written(follows.page(now, stream(), rev(5), Err(ReadFailure::Gone))), [""; 0]);
    assert_eq!(written(follows.tick(now + REPAIR_RETRY)), [">5"]);
    assert_eq!(read(&mut follows, 5, Ok(page(8, 9))), ["..8", ">8"]);
    assert_eq!(written(follows.page(now, stream(), rev(8), Err(ReadFailure::Gone))), [""; 0], "not in a row");
    assert!(follows.is_followed(stream()));
}

#[test]
fn an_uncertain_start_is_checked() {
    let mut follows = Follows::default();
    assert_eq!(written(follows.follow(stream(), rev(5), false)), [">5"]);
    assert_eq!(take(&mut follows, &[6]), [""; 0]);
    assert_eq!(read(&mut follows, 5, Ok(page(5, 5))), ["6"]);
}

#[test]
fn an_answer_to_an_earlier_question_is_not_used() {
    let mut follows = following(5);
    assert_eq!(take(&mut follows, &[9]), [">5"]);
    assert_eq!(written(follows.follow(stream(), rev(7), false)), [">7"]);
    assert_eq!(read(&mut follows, 5, Ok(page(9, 9))), [""; 0]);
    assert_eq!(read(&mut follows, 7, Ok(page(9, 9))), ["..9"]);
    follows.unfollow(stream());
    assert_eq!(read(&mut follows, 9, Ok(page(10, 10))), [""; 0]);
}

#[test]
fn pages_of_the_socket_continue_where_the_stream_stood() {
    let mut follows = following(5);
    let changes = |after, to| Event::from_changes(Changes { after: rev(after), ..page(to, 40) });
    assert_eq!(written(follows.event(stream(), changes(5, 30))), ["..30"]);
    assert_eq!(written(follows.event(stream(), changes(5, 30))), [""; 0]);
    assert_eq!(written(follows.event(stream(), changes(30, 40))), ["..40"]);
    assert_eq!(take(&mut follows, &[41]), ["41"]);
}

#[test]
fn what_a_page_of_the_socket_repeats_does_not_come_twice() {
    let mut follows = following(5);
    let gone = |number| Change::ChannelGone { channel_id: 1.try_into().expect("an id"), rev: rev(number) };
    let overlapping = Changes { after: rev(3), items: vec![gone(4), gone(5), gone(6)], ..page(6, 6) };
    let rest = Changes { after: rev(5), items: vec![gone(6)], ..page(6, 6) };
    let delivered = follows.event(stream(), Event::from_changes(overlapping));
    assert_eq!(delivered, [Step::Deliver(Event::from_changes(rest))]);
}

#[test]
fn a_page_of_the_socket_above_a_lost_one_is_a_hole() {
    let mut follows = following(5);
    let changes = |after, to| Event::from_changes(Changes { after: rev(after), ..page(to, 50) });
    assert_eq!(written(follows.event(stream(), changes(20, 40))), [">5"]);
    assert_eq!(read(&mut follows, 5, Ok(page(40, 40))), ["..40"]);
    assert_eq!(written(follows.event(stream(), changes(40, 50))), ["..50"]);
}

#[test]
fn what_is_not_kept_passes_at_once() {
    let mut follows = following(5);
    assert_eq!(take(&mut follows, &[8]), [">5"]);
    let typing = Event { stream: Some(stream()), rev: None, body: EventBody::Void {} };
    assert_eq!(follows.event(stream(), typing.clone()), [Step::Deliver(typing)]);
}

#[test]
fn a_broken_connection_forgets_what_was_held() {
    let mut follows = following(5);
    assert_eq!(take(&mut follows, &[8, 9]), [">5"]);
    follows.interrupt();
    assert_eq!(follows.revs().collect::<Vec<_>>(), [(stream(), rev(5))]);
    assert_eq!(read(&mut follows, 5, Ok(page(8, 8))), [""; 0], "the answer belongs to the connection before");
    assert_eq!(take(&mut follows, &[6]), ["6"]);
}

/// Whatever order, repeats and holes the socket has: each rev once, in order, as long as reads work.
#[test]
fn any_disorder_is_put_in_order() {
    for seed in 0..300 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut follows = following(0);
        let (mut head, mut seen) = (0_u64, 0_u64);
        let mut reads: VecDeque<u64> = VecDeque::new();
        for _ in 0..200 {
            let steps = match reads.pop_front() {
                Some(after) if random.bool() => {
                    let to = (after + random.u64(1..20)).min(head);
                    let mut page = page(to, head);
                    page.items = vec![Change::Unknown; 1];
                    follows.page(Instant::now(), stream(), rev(after), Ok(page))
                }
                waiting => {
                    reads.extend(waiting);
                    head += 1;
                    let number = if random.u8(0..4) == 0 { random.u64(1..=head) } else { head };
                    if random.u8(0..5) == 0 { Vec::new() } else { follows.event(stream(), event(number)) }
                }
            };
            for step in steps {
                match step {
                    Step::Read { after, .. } => reads.push_back(after.get()),
                    Step::Deliver(Event { rev: Some(rev), body, .. }) => {
                        let is_page = matches!(body, EventBody::Changes { .. });
                        assert!(rev.get() == seen + 1 || (is_page && rev.get() > seen), "{seed}: {rev} after {seen}");
                        seen = rev.get();
                    }
                    Step::Deliver(event) => panic!("{event:?}"),
                }
            }
        }
        assert!(seen > 0, "{seed}");
    }
}
