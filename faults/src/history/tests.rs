use super::*;

const CHANNEL: u64 = 3;

fn channel() -> ChannelId {
    ChannelId::try_from(CHANNEL).expect("an id")
}

fn seq(number: u64) -> Seq {
    Seq::try_from(number).expect("a seq")
}

fn rev(number: u64) -> Rev {
    Rev::try_from(number).expect("a rev")
}

fn user(number: u64) -> UserId {
    UserId::try_from(number).expect("an id")
}

/// A message that was sent as the n-th and never touched.
fn row(number: u64) -> Row {
    Row {
        seq: seq(number),
        rev: rev(number),
        id: MessageId::try_from(100 + number).expect("an id"),
        author: user(1),
        client_id: format!("m{number}"),
        content: format!("text {number}"),
        is_deleted: false,
        is_reply: false,
    }
}

fn place(number: u64) -> Place {
    Place { id: row(number).id, seq: seq(number), rev: rev(number) }
}

fn live(number: u64) -> Seen {
    Seen::Event { rev: rev(number), event: Event::Created(row(number)) }
}

/// A page of everything up to a rev.
fn page(to: u64, rows: Vec<Row>) -> Seen {
    Seen::Page { after: Rev::ZERO, rev: rev(to), rows }
}

/// A run without a flaw: that many messages, all acknowledged, all seen live by one reader, all unread.
fn good(messages: u64) -> History {
    let sent = |number| Sent {
        sender: 1,
        channel: channel(),
        client_id: row(number).client_id,
        content: row(number).content,
        acks: vec![place(number)],
    };
    let seen = BTreeMap::from([(channel(), (1..=messages).map(live).collect())]);
    History {
        sends: (1..=messages).map(sent).collect(),
        readers: vec![Reader { name: "bob".to_owned(), seen }],
        logs: BTreeMap::from([(
            channel(),
            Log { rows: (1..=messages).map(row).collect(), last_seq: messages, last_rev: messages },
        )]),
        counts: vec![Count {
            source: "bob's device".to_owned(),
            reader: user(2),
            channel: channel(),
            last_read_seq: seq(1),
            unread: u32::try_from(messages - 1).expect("a small number"),
        }],
        ..History::default()
    }
}

fn log(history: &mut History) -> &mut Log {
    history.logs.get_mut(&channel()).expect("the channel")
}

fn seen(history: &mut History) -> &mut Vec<Seen> {
    history.readers[0].seen.get_mut(&channel()).expect("the channel")
}

/// Checks a run of four messages in which one thing was changed: these kinds are found, and no others.
#[track_caller]
fn found(change: impl FnOnce(&mut History), kinds: &[Kind]) {
    let mut history = good(4);
    change(&mut history);
    let verdict = check(&history);
    let mut found: Vec<_> = verdict.findings.iter().map(|finding| finding.kind).collect();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, kinds, "{verdict}");
}

#[test]
fn a_run_without_a_flaw_is_good() {
    let verdict = check(&good(4));
    assert!(verdict.is_good(), "{verdict}");
    assert_eq!((verdict.logged, verdict.acknowledged, verdict.shown), (4, 4, 4));
    assert_eq!(verdict.to_string(), "0 lost, 0 doubled, 0 reordered, 0 gaps, 0 altered, 0 miscounted, 0 refused");
}

#[test]
fn an_unknown_outcome_may_stand_there_or_not() {
    found(|history| history.sends[1].acks.clear(), &[]);
    found(
        |history| {
            let name = "unknown".to_owned();
            history.sends.push(Sent {
                client_id: name,
                acks: Vec::new(),
                content: "?".to_owned(),
                ..history.sends[0].clone()
            });
        },
        &[],
    );
}

#[test]
fn an_acknowledged_message_that_is_not_in_the_log_is_lost() {
    // The last one, so that no hole gives it away.
    let cut = |history: &mut History| {
        log(history).rows.pop();
        (log(history).last_seq, log(history).last_rev) = (3, 3);
        seen(history).pop();
        history.counts.clear();
    };
    found(cut, &[Kind::Lost]);
}

#[test]
fn a_message_that_a_reader_never_saw_is_lost() {
    found(|history| drop(seen(history).pop()), &[Kind::Lost]);
    found(|history| drop(seen(history).remove(1)), &[Kind::Lost, Kind::Gap]);
    found(|history| history.readers[0].seen.clear(), &[Kind::Lost]);
    found(|history| seen(history).push(Seen::Gone), &[Kind::Lost]);
}

#[test]
fn a_hole_in_the_log_is_a_gap_and_a_loss() {
    let cut = |history: &mut History| {
        log(history).rows.remove(1);
        seen(history).remove(1);
        history.counts.clear();
    };
    found(cut, &[Kind::Lost, Kind::Gap]);
}

#[test]
fn a_head_that_is_not_at_the_end_is_a_gap() {
    found(|history| log(history).last_seq = 5, &[Kind::Gap]);
}

#[test]
fn two_rows_for_one_send_are_doubled() {
    // Under the same name, and under another with the same text.
    for name in ["m4", "another"] {
        let double = |history: &mut History| {
            let twin = Row { client_id: name.to_owned(), content: "text 4".to_owned(), ..row(5) };
            log(history).rows.push(twin.clone());
            (log(history).last_seq, log(history).last_rev) = (5, 5);
            seen(history).push(Seen::Event { rev: rev(5), event: Event::Created(twin) });
            history.counts.clear();
        };
        found(double, &[Kind::Doubled]);
    }
}

#[test]
fn two_acknowledgements_of_one_send_at_different_places_are_doubled() {
    found(|history| history.sends[3].acks.push(Place { seq: seq(9), rev: rev(9), ..place(4) }), &[Kind::Doubled]);
    found(|history| history.sends[3].acks.push(place(4)), &[]);
}

#[test]
fn a_message_that_is_shown_twice_is_doubled() {
    found(|history| seen(history).push(live(4)), &[Kind::Doubled]);
    found(|history| seen(history).push(page(4, vec![row(4)])), &[Kind::Doubled]);
}

#[test]
fn messages_that_are_shown_in_another_order_are_reordered() {
    found(|history| seen(history).swap(2, 3), &[Kind::Reordered, Kind::Gap]);
    // The numbers are in order, what they belong to is not.
    let swap = |history: &mut History| {
        let swapped = |at: u64, other: u64| Row { rev: rev(at), ..row(other) };
        seen(history).truncate(2);
        for (at, other) in [(3, 4), (4, 3)] {
            seen(history).push(Seen::Event { rev: rev(at), event: Event::Created(swapped(at, other)) });
        }
    };
    found(swap, &[Kind::Reordered]);
}

#[test]
fn messages_of_one_sender_in_another_order_are_reordered() {
    found(|history| history.sends.swap(1, 2), &[Kind::Reordered]);
    // Two senders have no order between them.
    let by_two = |history: &mut History| {
        history.sends[1].sender = 2;
        history.sends.swap(1, 2);
    };
    found(by_two, &[]);
}

#[test]
fn revs_that_do_not_grow_with_the_places_are_reordered() {
    let swap = |history: &mut History| {
        history.sends[1].acks[0].rev = rev(3);
        history.sends[2].acks[0].rev = rev(2);
    };
    found(swap, &[Kind::Reordered]);
}

#[test]
fn a_rev_that_belongs_to_nothing_is_a_gap() {
    let skip = |history: &mut History| {
        let moved = Row { rev: rev(5), ..row(4) };
        log(history).rows[3] = moved.clone();
        log(history).last_rev = 5;
        history.sends[3].acks[0].rev = rev(5);
        seen(history).pop();
        seen(history).push(page(5, vec![moved]));
    };
    found(skip, &[Kind::Gap]);
}

#[test]
fn a_text_that_nobody_sent_is_altered() {
    let alter = |history: &mut History| {
        log(history).rows[3].content = "else".to_owned();
        seen(history).pop();
        seen(history).push(page(4, vec![Row { content: "else".to_owned(), ..row(4) }]));
    };
    found(alter, &[Kind::Altered]);
}

/// Edits the second message under rev 5, and deletes it under rev 6.
fn with_changes(history: &mut History) {
    let edited = |content: Option<&str>, ack| Changed {
        channel: channel(),
        seq: seq(2),
        content: content.map(str::to_owned),
        ack,
    };
    history.changes = vec![edited(Some("new"), Some(rev(5))), edited(None, Some(rev(6)))];
    let deleted = Row { rev: rev(6), content: String::new(), is_deleted: true, ..row(2) };
    log(history).rows[1] = deleted;
    log(history).last_rev = 6;
    seen(history).push(Seen::Event { rev: rev(5), event: Event::Edited { seq: seq(2), content: "new".to_owned() } });
    seen(history).push(Seen::Event { rev: rev(6), event: Event::Deleted { seq: seq(2) } });
    history.counts[0].unread = 2;
}

#[test]
fn changes_are_part_of_the_history() {
    found(with_changes, &[]);
    let unseen = |history: &mut History| {
        with_changes(history);
        seen(history).pop();
    };
    found(unseen, &[Kind::Lost]);
    let undone = |history: &mut History| {
        with_changes(history);
        log(history).rows[1] = row(2);
        seen(history).truncate(4);
        seen(history).push(page(6, Vec::new()));
        history.counts[0].unread = 3;
    };
    found(undone, &[Kind::Lost, Kind::Gap]);
    let unknown = |history: &mut History| {
        with_changes(history);
        history.changes[1].ack = None;
    };
    found(unknown, &[]);
}

#[test]
fn a_page_gives_what_was_missed_once_and_in_its_last_form() {
    let missed = |history: &mut History| {
        with_changes(history);
        seen(history).truncate(1);
        let second = log(history).rows[1].clone();
        seen(history).push(page(6, vec![row(3), row(4), second]));
    };
    found(missed, &[]);
    // The number was read first, then the rows, and the change in between comes again live.
    let newer_than_its_number = |history: &mut History| {
        seen(history).truncate(2);
        seen(history).push(page(3, vec![row(3), row(4)]));
        seen(history).push(live(4));
    };
    found(newer_than_its_number, &[]);
}

#[test]
fn a_root_whose_reply_came_and_went_stands_in_a_page_behind_newer_messages() {
    let came_and_went = |history: &mut History| {
        let root = Row { rev: rev(6), ..row(2) };
        log(history).rows[1] = root.clone();
        log(history).last_rev = 6;
        seen(history).truncate(1);
        seen(history).push(page(6, vec![row(3), row(4), root]));
    };
    found(came_and_went, &[]);
}

#[test]
fn a_page_that_begins_too_late_is_a_gap() {
    let late = |history: &mut History| {
        seen(history).truncate(1);
        seen(history).push(Seen::Page { after: rev(2), rev: rev(4), rows: vec![row(2), row(3), row(4)] });
    };
    found(late, &[Kind::Gap]);
}

#[test]
fn a_page_out_of_order_is_reordered() {
    let swapped = |history: &mut History| {
        seen(history).truncate(2);
        seen(history).push(page(4, vec![row(4), row(3)]));
    };
    found(swapped, &[Kind::Reordered]);
    found(|history| seen(history).push(page(2, Vec::new())), &[Kind::Reordered]);
}

#[test]
fn a_log_that_is_read_again_replaces_what_was_held() {
    let reread = |history: &mut History| {
        let rows = (1..=3).map(row).collect();
        seen(history).truncate(1);
        seen(history).push(Seen::Reread { rev: rev(3), rows });
        seen(history).push(live(4));
    };
    found(reread, &[]);
}

#[test]
fn a_wrong_count_is_found() {
    found(|history| history.counts[0].unread = 2, &[Kind::Miscounted]);
    // One's own messages are not unread.
    found(|history| history.counts[0].reader = user(1), &[Kind::Miscounted]);
}

#[test]
fn a_refusal_is_found() {
    found(|history| history.refusals.push("not_found".to_owned()), &[Kind::Refused]);
}
