//! One reader's view of one channel: replayed by the rules of a client, and compared with the log at its end.

use std::collections::BTreeMap;

use syncspace_protocol::{ChannelId, Rev, Seq};

use super::{Event, Kind, Log, Reader, Row, Seen, Verdict};

/// Replays what a reader was shown, and finds what should not have been, and what is missing.
///
/// `first_revs` are the revs that messages took when they were sent, by name, as far as they are known.
pub(super) fn check_reader(
    verdict: &mut Verdict,
    (channel, log): (ChannelId, &Log),
    reader: &Reader,
    first_revs: &BTreeMap<&str, Rev>,
) {
    let (rows, newest, name) = (BTreeMap::new(), Seq::ZERO, reader.name.as_str());
    let mut view = View { verdict, channel, reader: name, first_revs, rev: Rev::ZERO, rows, newest };
    for seen in reader.seen.get(&channel).into_iter().flatten() {
        view.take(seen);
    }
    view.compare(log);
}

struct View<'a> {
    verdict: &'a mut Verdict,
    channel: ChannelId,
    reader: &'a str,
    first_revs: &'a BTreeMap<&'a str, Rev>,
    /// Everything up to here was shown.
    rev: Rev,
    rows: BTreeMap<Seq, Row>,
    /// Newest place that was shown as it was sent.
    newest: Seq,
}

impl View<'_> {
    fn take(&mut self, seen: &Seen) {
        match seen {
            Seen::Event { rev, event } => self.event(*rev, event),
            Seen::Page { after, rev, rows } => self.page(*after, *rev, rows),
            Seen::Reread { rev, rows } => {
                if *rev < self.rev {
                    self.found(Kind::Reordered, format!("was at rev {}, then read the log of rev {rev}", self.rev));
                }
                self.rows = rows.iter().map(|row| (row.seq, row.clone())).collect();
                self.newest = self.rows.keys().last().copied().unwrap_or(Seq::ZERO);
                self.rev = *rev;
            }
            Seen::Gone => self.found(Kind::Lost, "was told that it may not see the channel".to_owned()),
        }
    }

    fn event(&mut self, rev: Rev, event: &Event) {
        if rev <= self.rev {
            let kind = match event {
                Event::Created(row) if self.rows.contains_key(&row.seq) => Kind::Doubled,
                _ => Kind::Reordered,
            };
            self.found(kind, format!("was shown rev {rev} after rev {}", self.rev));
        } else if rev != self.rev.next() {
            self.found(Kind::Gap, format!("was shown rev {rev} after rev {}", self.rev));
        }
        self.rev = self.rev.max(rev);
        match event {
            Event::Created(row) => self.created(row, rev),
            Event::Edited { seq, content } => self.change(*seq, rev, |row| row.content.clone_from(content)),
            Event::Deleted { seq } => self.change(*seq, rev, |row| {
                row.is_deleted = true;
                row.content.clear();
            }),
            Event::Other => {}
        }
    }

    fn created(&mut self, row: &Row, rev: Rev) {
        self.verdict.shown += 1;
        match self.rows.get(&row.seq) {
            // A page may hold what was committed after its number was read; the event then tells nothing new.
            Some(held) if held.rev >= rev && held.client_id == row.client_id => return,
            Some(held) => {
                let detail = format!("was shown {row} where {held} stands already");
                return self.found(Kind::Doubled, detail);
            }
            None => self.in_order(row),
        }
        if row.rev != rev {
            self.found(Kind::Altered, format!("was shown {row} of rev {} under rev {rev}", row.rev));
        }
        self.rows.insert(row.seq, row.clone());
    }

    fn in_order(&mut self, row: &Row) {
        if row.seq < self.newest {
            self.found(Kind::Reordered, format!("was shown {row} after seq {}", self.newest));
        }
        self.newest = self.newest.max(row.seq);
    }

    fn change(&mut self, seq: Seq, rev: Rev, change: impl FnOnce(&mut Row)) {
        match self.rows.get_mut(&seq) {
            Some(row) if row.rev < rev => {
                row.rev = rev;
                change(row);
            }
            // It came in a page that was newer than its number.
            Some(_) => {}
            None => self.found(Kind::Gap, format!("was shown a change of seq {seq} before the message itself")),
        }
    }

    fn page(&mut self, after: Rev, rev: Rev, rows: &[Row]) {
        let before = self.rev;
        if after > before {
            self.found(Kind::Gap, format!("was at rev {before}, then given a page from rev {after} on"));
        }
        if rev < before {
            self.found(Kind::Reordered, format!("was at rev {before}, then given a page up to rev {rev}"));
        }
        let mut last = (Rev::ZERO, Seq::ZERO);
        for row in rows {
            if (row.rev, row.seq) < last {
                self.found(Kind::Reordered, format!("{row} stands in a page after what is newer"));
            }
            last = (row.rev, row.seq);
            match self.rows.get(&row.seq) {
                None => {
                    self.verdict.shown += 1;
                    // One that was changed since comes in the place of its last change.
                    if self.first_revs.get(row.client_id.as_str()) == Some(&row.rev) {
                        self.in_order(row);
                    }
                }
                Some(held) if held.client_id != row.client_id => {
                    let detail = format!("was shown {row} where {held} stands already");
                    self.found(Kind::Doubled, detail);
                }
                Some(held) if held.rev >= row.rev && row.rev <= before => {
                    self.found(
                        Kind::Doubled,
                        format!(
                            "was at rev {before}, and given {row} of rev {} again in a page up to rev {rev}",
                            row.rev
                        ),
                    );
                }
                Some(held) if held.rev >= row.rev => continue,
                Some(_) => {}
            }
            self.rows.insert(row.seq, row.clone());
        }
        self.rev = self.rev.max(rev);
    }

    /// State plus events is the state itself.
    fn compare(&mut self, log: &Log) {
        if self.rev.get() != log.last_rev {
            self.found(Kind::Lost, format!("ends at rev {}, the log at {}", self.rev, log.last_rev));
        }
        for row in &log.rows {
            match self.rows.remove(&row.seq) {
                None => self.found(Kind::Lost, format!("never saw {row}")),
                Some(held) if (held.id, &held.client_id, held.author) != (row.id, &row.client_id, row.author) => {
                    self.found(Kind::Altered, format!("holds {held}, the log {row}"));
                }
                Some(held) if held.is_deleted != row.is_deleted || held.content != row.content => {
                    let detail = format!("holds {held} as of rev {}, the log as of rev {}", held.rev, row.rev);
                    self.found(Kind::Lost, detail);
                }
                Some(_) => {}
            }
        }
        let left: Vec<_> = std::mem::take(&mut self.rows).into_values().collect();
        for row in left {
            self.found(Kind::Lost, format!("was shown {row}, and it is not in the log"));
        }
    }

    fn found(&mut self, kind: Kind, detail: String) {
        self.verdict.found(kind, self.channel, format!("{} {detail}", self.reader));
    }
}
