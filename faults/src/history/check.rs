//! The judgement of a history: the log against what was sent, each reader against the log, counts against the log.

use std::collections::{BTreeMap, BTreeSet};

use syncspace_protocol::limits::UNREAD_COUNT_MAX;
use syncspace_protocol::{ChannelId, Rev, Seq};

use super::reader::check_reader;
use super::{Changed, Count, Finding, History, Kind, Log, Row, Sent, Verdict};

/// Judges a history.
///
/// An acknowledged message stands in the log once, where the acknowledgement says, as it was sent or last changed. One whose
/// outcome is not known stands there once or not at all. What one sender sent into one channel stands there in that order.
/// Numbers have no gaps. Every reader saw every change once, in order, and holds what the log holds. Counts agree with it.
#[must_use]
pub fn check(history: &History) -> Verdict {
    let mut verdict = Verdict { logged: history.logs.values().map(|log| log.rows.len()).sum(), ..Verdict::default() };
    for refusal in &history.refusals {
        verdict.findings.push(Finding { kind: Kind::Refused, channel: None, detail: refusal.clone() });
    }
    let known: BTreeMap<&str, &Sent> = history.sends.iter().map(|sent| (sent.client_id.as_str(), sent)).collect();
    for (&channel, log) in &history.logs {
        check_numbers(&mut verdict, channel, log);
        check_rows(&mut verdict, channel, log, &known);
        check_changes(&mut verdict, channel, log, &known, &history.changes);
        check_first_revs(&mut verdict, channel, history);
    }
    check_sends(&mut verdict, history);
    check_order(&mut verdict, history);
    let first_revs = first_revs(history);
    for reader in &history.readers {
        for (&channel, log) in &history.logs {
            check_reader(&mut verdict, (channel, log), reader, &first_revs);
        }
    }
    for count in &history.counts {
        check_count(&mut verdict, count, history.logs.get(&count.channel));
    }
    verdict
}

/// Places are 1, 2, 3 …, and the head knows the last of both numbers.
fn check_numbers(verdict: &mut Verdict, channel: ChannelId, log: &Log) {
    let mut expected = 1;
    for row in &log.rows {
        let seq = row.seq.get();
        if seq < expected {
            verdict.found(Kind::Doubled, channel, format!("seq {seq} stands twice in the log"));
        } else if seq > expected {
            verdict.found(Kind::Gap, channel, format!("no message has seq {expected} to {}", seq - 1));
        }
        expected = seq + 1;
        if row.rev.get() > log.last_rev {
            verdict.found(Kind::Gap, channel, format!("rev {} of {row} is above the head, {}", row.rev, log.last_rev));
        }
    }
    if log.last_seq + 1 != expected {
        verdict.found(
            Kind::Gap,
            channel,
            format!("the head says seq {}, the log ends at {}", log.last_seq, expected - 1),
        );
    }
}

/// Every row is something that was sent, and only once.
fn check_rows(verdict: &mut Verdict, channel: ChannelId, log: &Log, known: &BTreeMap<&str, &Sent>) {
    let contents: BTreeSet<&str> = known.values().map(|sent| sent.content.as_str()).collect();
    let mut names = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for row in &log.rows {
        if !names.insert(&row.client_id) {
            verdict.found(Kind::Doubled, channel, format!("{row} stands in the log before already"));
        }
        if !ids.insert(row.id) {
            verdict.found(Kind::Doubled, channel, format!("the id {} of {row} is that of another message", row.id));
        }
        match known.get(row.client_id.as_str()) {
            Some(sent) if sent.channel == channel => {}
            Some(sent) => verdict.found(Kind::Altered, channel, format!("{row} was sent to c{}", sent.channel)),
            // Sent once under its own name, and standing there a second time under another.
            None if contents.contains(row.content.as_str()) => {
                verdict.found(Kind::Doubled, channel, format!("{row} was never sent under this name"));
            }
            None => verdict.found(Kind::Altered, channel, format!("{row} was never sent")),
        }
    }
}

/// Every acknowledgement of a message says the same, and the message stands there.
fn check_sends(verdict: &mut Verdict, history: &History) {
    let empty = Log::default();
    let places: BTreeMap<ChannelId, BTreeMap<Seq, &Row>> = history
        .logs
        .iter()
        .map(|(&channel, log)| (channel, log.rows.iter().map(|row| (row.seq, row)).collect()))
        .collect();
    for sent in &history.sends {
        let Some(first) = sent.acks.first() else { continue };
        verdict.acknowledged += 1;
        for ack in sent.acks.iter().filter(|ack| (ack.id, ack.seq) != (first.id, first.seq)) {
            let detail = format!("{} was acknowledged as seq {} and as seq {}", sent.client_id, first.seq, ack.seq);
            verdict.found(Kind::Doubled, sent.channel, detail);
        }
        let row = places.get(&sent.channel).and_then(|rows| rows.get(&first.seq));
        if row.is_some_and(|row| row.client_id == sent.client_id && row.id == first.id) {
            continue;
        }
        let log = history.logs.get(&sent.channel).unwrap_or(&empty);
        match log.rows.iter().find(|row| row.client_id == sent.client_id) {
            Some(row) => {
                let detail = format!("{row} was acknowledged as seq {}, id {}", first.seq, first.id);
                verdict.found(Kind::Reordered, sent.channel, detail);
            }
            None => {
                let detail = format!("{} was acknowledged as seq {}", sent.client_id, first.seq);
                verdict.found(Kind::Lost, sent.channel, format!("{detail} and is not in the log"));
            }
        }
    }
}

/// What one sender sent into one channel stands there in the order of its sends.
fn check_order(verdict: &mut Verdict, history: &History) {
    let seqs: BTreeMap<&str, Seq> =
        history.logs.values().flat_map(|log| &log.rows).map(|row| (row.client_id.as_str(), row.seq)).collect();
    let mut last: BTreeMap<(u32, ChannelId), (&str, Seq)> = BTreeMap::new();
    for sent in &history.sends {
        let Some(&seq) = seqs.get(sent.client_id.as_str()) else { continue };
        let name = sent.client_id.as_str();
        if let Some((before, at)) = last.insert((sent.sender, sent.channel), (name, seq))
            && at > seq
        {
            let detail = format!("{before} was sent before {name}, and stands at seq {at}, after seq {seq}");
            verdict.found(Kind::Reordered, sent.channel, detail);
        }
    }
}

/// Gives the revs that messages took when they were sent, by name.
fn first_revs(history: &History) -> BTreeMap<&str, Rev> {
    let acked = history.sends.iter().filter_map(|sent| Some((sent.client_id.as_str(), sent.acks.first()?.rev)));
    acked.collect()
}

/// First revs grow with the places; and where nothing was changed, every rev is the first one of some message.
fn check_first_revs(verdict: &mut Verdict, channel: ChannelId, history: &History) {
    let mut acks: Vec<_> =
        history.sends.iter().filter(|sent| sent.channel == channel).flat_map(|sent| &sent.acks).collect();
    acks.sort_by_key(|ack| (ack.seq, ack.rev));
    for (before, after) in acks.iter().zip(acks.iter().skip(1)) {
        let are_in_order = before.rev < after.rev || (before.seq, before.rev) == (after.seq, after.rev);
        if !are_in_order {
            let detail = format!(
                "seq {} was acknowledged with rev {}, seq {} with rev {}",
                before.seq, before.rev, after.seq, after.rev
            );
            verdict.found(Kind::Reordered, channel, detail);
        }
    }
    let first_revs = first_revs(history);
    let is_as_sent = |row: &Row| first_revs.get(row.client_id.as_str()) == Some(&row.rev);
    let Some(log) = history.logs.get(&channel).filter(|log| log.rows.iter().all(is_as_sent)) else { return };
    let first = log.last_rev.saturating_sub(log.last_seq);
    for row in &log.rows {
        if row.rev.get() != first + row.seq.get() {
            verdict.found(Kind::Gap, channel, format!("{row} has rev {}, not {}", row.rev, first + row.seq.get()));
        }
    }
}

/// Every message reads as its author sent or last changed it.
fn check_changes(
    verdict: &mut Verdict,
    channel: ChannelId,
    log: &Log,
    known: &BTreeMap<&str, &Sent>,
    changes: &[Changed],
) {
    let mut tried: BTreeMap<Seq, Vec<&Changed>> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.channel == channel) {
        tried.entry(change.seq).or_default().push(change);
        if let Some(row) = log.rows.iter().find(|row| row.seq == change.seq)
            && change.ack.is_some_and(|rev| row.rev < rev)
        {
            verdict.found(Kind::Lost, channel, format!("{row} has rev {}, before a change that was done", row.rev));
        }
    }
    for row in &log.rows {
        let Some(sent) = known.get(row.client_id.as_str()) else { continue };
        let changes = tried.get(&row.seq).map_or(&[][..], Vec::as_slice);
        // After the last acknowledged change, each further one may have been done, or not.
        let sure = changes.iter().rposition(|change| change.ack.is_some());
        let mut texts: Vec<Option<&str>> =
            changes[sure.map_or(0, |at| at)..].iter().map(|change| change.content.as_deref()).collect();
        if sure.is_none() {
            texts.push(Some(&sent.content));
        }
        let text = (!row.is_deleted).then_some(row.content.as_str());
        if !texts.contains(&text) {
            let kind = if changes.is_empty() { Kind::Altered } else { Kind::Lost };
            verdict.found(kind, channel, format!("{row} reads {text:?}, and should read one of {texts:?}"));
        }
    }
}

/// Unread are messages after the marker that are top level, not deleted, and somebody else's.
fn check_count(verdict: &mut Verdict, count: &Count, log: Option<&Log>) {
    let unread =
        |row: &&Row| row.seq > count.last_read_seq && !row.is_reply && !row.is_deleted && row.author != count.reader;
    let expected = log.map_or(0, |log| log.rows.iter().filter(unread).count());
    let expected = u32::try_from(expected).unwrap_or(UNREAD_COUNT_MAX).min(UNREAD_COUNT_MAX);
    if expected != count.unread {
        let detail = format!(
            "{} counts {} unread after seq {}, the log {expected}",
            count.source, count.unread, count.last_read_seq
        );
        verdict.found(Kind::Miscounted, count.channel, detail);
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (seq {})", self.client_id, self.seq)
    }
}
