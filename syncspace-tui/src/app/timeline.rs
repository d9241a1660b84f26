//! The loaded part of a channel or thread, and which of its rows are on the screen.
//!
//! The view hangs on (seq, row inside the message), not on a number of rows: what is being read stays where it is when
//! messages arrive below, history is loaded above, or the window changes its size.

mod view;

use std::collections::{BTreeMap, BTreeSet};

use syncspace_protocol::messages::{Message, Thread};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{Rev, Seq, UserId};

use super::loaded;
use super::patch;
use super::rows::RowContext;

/// What is known of the history above the first loaded message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Older {
    /// There is more.
    More,
    /// It is being loaded.
    Loading,
    /// The first message is loaded.
    #[default]
    End,
    /// It could not be loaded; scrolling up tries again.
    Failed,
}

/// A part of a channel's log by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// What stands right before a message.
    Before(Seq),
    /// What stands right after a message.
    After(Seq),
    /// What stands on both sides of a place, and that itself.
    Around(Seq),
}

/// What becomes of a gap in the loaded messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Gap {
    /// The next one that comes near the view is loaded.
    #[default]
    Open,
    /// One is being loaded.
    Loading,
    /// It could not be loaded; scrolling tries again.
    Failed,
}

/// What is not loaded right before a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Messages(u64),
    /// Of a thread nobody knows how many of its replies stand where.
    Replies,
}

/// Where the view stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// At the newest message, and follows it.
    #[default]
    Bottom,
    /// This row of this message is the topmost on the screen.
    At { seq: Seq, row: usize },
}

/// Loaded messages by their place, and the view of them.
///
/// Places of a channel have no holes: where two neighbours here do not follow on, a gap row stands between them. Those of
/// a thread lie apart: its root is always loaded, and it is noted where replies are missing.
#[derive(Debug)]
pub(crate) struct Timeline {
    messages: BTreeMap<Seq, Message>,
    /// Replies before which others are missing; none in a channel.
    holes: Option<BTreeSet<Seq>>,
    pub(crate) older: Older,
    /// Whether the disk has messages before the first loaded one.
    pub(crate) has_kept_older: bool,
    pub(crate) gap: Gap,
    /// Whether the disk may have what is missing between the loaded messages.
    pub(crate) has_kept_gaps: bool,
    /// Everything up to this rev of the channel is in the loaded messages.
    pub(crate) rev: Rev,
    /// Messages up to this place are no longer kept: what is on its way is not to bring them back.
    floor: Seq,
    /// The last rev that changed a message which is not loaded: what was read before that is not as it is now.
    missed: Rev,
    pub(crate) place: Place,
    pub(crate) selected: Option<Seq>,
    /// Last message that was read when the view was opened: the "new" line stands below it.
    pub(crate) read_before: Option<Seq>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self {
            messages: BTreeMap::new(),
            holes: None,
            older: Older::End,
            has_kept_older: false,
            gap: Gap::Open,
            has_kept_gaps: false,
            rev: Rev::ZERO,
            floor: Seq::ZERO,
            missed: Rev::ZERO,
            place: Place::Bottom,
            selected: None,
            read_before: None,
        }
    }
}

impl Timeline {
    pub(crate) fn new(messages: Vec<Message>, older: Older) -> Self {
        let messages = messages.into_iter().map(|message| (message.seq, message)).collect();
        Self { messages, older, ..Self::default() }
    }

    /// Begins with the root of a thread and its newest replies.
    pub(crate) fn of_thread(thread: Thread) -> Self {
        let has_older = thread.next.is_some();
        let hole = thread.items.first().filter(|_| has_older).map(|oldest| oldest.seq);
        let all = std::iter::once(thread.root).chain(thread.items).collect();
        Self { holes: Some(hole.into_iter().collect()), rev: thread.rev, ..Self::new(all, Older::End) }
    }

    /// Puts a part of a thread in, without moving what is on the screen.
    pub(crate) fn fill(&mut self, part: Part, thread: Thread, context: &RowContext<'_>) {
        self.gap = Gap::Open;
        let (above, below) = match part {
            Part::Before(seq) | Part::Around(seq) => (self.before(seq).map(|above| above.seq), Some(seq)),
            Part::After(seq) => (Some(seq), self.messages.range(seq.next()..).next().map(|(&seq, _)| seq)),
        };
        let Some(((holes, above), below)) = self.holes.as_mut().zip(above).zip(below) else { return };
        // The thread was read anew meanwhile, or the gap is closed.
        if !holes.contains(&below) {
            return;
        }
        let (first, last) = (thread.items.first().map(|first| first.seq), thread.items.last().map(|last| last.seq));
        let goes_on = thread.next.is_some();
        match part {
            Part::After(_) if goes_on && last < Some(below) => {}
            Part::After(_) => drop(holes.remove(&below)),
            Part::Before(_) | Part::Around(_) => {
                holes.remove(&below);
                holes.extend(first.filter(|first| goes_on && *first > above));
            }
        }
        self.merge(thread.items, context);
    }

    pub(crate) fn first(&self) -> Option<Seq> {
        self.messages.keys().next().copied()
    }

    pub(crate) fn last(&self) -> Option<Seq> {
        self.messages.keys().next_back().copied()
    }

    pub(crate) fn get(&self, seq: Seq) -> Option<&Message> {
        self.messages.get(&seq)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.values()
    }

    pub(crate) fn before(&self, seq: Seq) -> Option<&Message> {
        self.messages.range(..seq).next_back().map(|(_, message)| message)
    }

    /// Takes a message as the server has it now, unless the one at hand is as new.
    pub(crate) fn put(&mut self, message: Message) {
        let is_newer = self.messages.get(&message.seq).is_none_or(|held| held.rev < message.rev);
        if is_newer && message.seq > self.floor {
            self.messages.insert(message.seq, message);
        }
    }

    /// Forgets messages that are no longer kept, up to a place. What stood at the top of the screen gives way to the first that is.
    pub(crate) fn raise_floor(&mut self, floor: Seq) {
        self.floor = floor.max(self.floor);
        self.messages.retain(|&seq, _| seq > floor);
        if let Some(holes) = &mut self.holes {
            holes.retain(|&seq| seq > floor);
        } else if self.first().is_none_or(|first| first <= floor.next()) {
            (self.older, self.has_kept_older) = (Older::End, false);
        }
        self.selected.take_if(|seq| *seq <= floor);
        if matches!(self.place, Place::At { seq, .. } if seq <= floor) {
            self.place = self.first().map_or(Place::Bottom, |seq| Place::At { seq, row: 0 });
        }
    }

    /// Changes the messages that an event at a rev is about.
    pub(crate) fn patch(&mut self, rev: Rev, body: &EventBody) {
        for seq in patch::touched(body) {
            match self.messages.get_mut(&seq) {
                Some(message) => drop(patch::patch(message, rev, body)),
                None => self.missed = self.missed.max(rev),
            }
        }
    }

    /// Takes a new or changed message that belongs here: at hand, newest, or right beside one that is.
    ///
    /// Any other stands in a gap or above all that is loaded, and comes with that.
    pub(crate) fn hear(&mut self, message: Message) {
        if self.has_room_for(message.seq) && self.first().is_none_or(|first| message.seq >= first) {
            self.put(message);
        } else {
            self.missed = self.missed.max(message.rev);
        }
    }

    /// Tells whether a part of the log that was read at a rev is still as it was then.
    pub(crate) fn is_fresh(&self, rev: Rev) -> bool {
        rev >= self.missed
    }

    /// Gives how many messages are loaded.
    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Forgets all but what stands around the top of the screen, and the newest messages.
    pub(crate) fn keep_only(&mut self, part: loaded::Part) {
        let Some((first, last)) = self.first().zip(self.last()) else { return };
        let top = match self.place {
            Place::At { seq, .. } => seq,
            Place::Bottom => last,
        };
        let seqs = |(&seq, _): (&Seq, &Message)| seq;
        let from = self.messages.range(..top).rev().map(seqs).take(part.around).last().unwrap_or(top);
        let to = self.messages.range(top..).map(seqs).take(part.around).last().unwrap_or(top);
        let newest = self.messages.keys().nth_back(part.newest.saturating_sub(1)).copied().unwrap_or(first);
        let is_root = |seq| self.holes.is_some() && seq == first;
        let before: Vec<Seq> = self.messages.keys().copied().collect();
        self.messages.retain(|&seq, _| (from..=to).contains(&seq) || seq >= newest || is_root(seq));
        if let Some(holes) = &mut self.holes {
            let is_kept = |seq: &Seq| self.messages.contains_key(seq);
            let behind_gone =
                before.windows(2).filter(|pair| !is_kept(&pair[0]) && is_kept(&pair[1])).map(|pair| pair[1]);
            holes.extend(behind_gone);
            holes.retain(is_kept);
        }
        // A page that is on its way may have them as they were before they were changed here.
        self.missed = self.missed.max(self.rev);
        self.has_kept_gaps = self.holes.is_none();
        if self.first() > Some(first) {
            (self.older, self.has_kept_older) = (Older::More, true);
        }
    }

    fn has_room_for(&self, seq: Seq) -> bool {
        let is_at = |seq: Seq| self.messages.contains_key(&seq);
        let Some(last) = self.last() else { return true };
        if let Some(holes) = &self.holes {
            let next = self.messages.range(seq..).next();
            return is_at(seq) || next.is_none_or(|(next, _)| !holes.contains(next));
        }
        is_at(seq) || seq > last || is_at(seq.next()) || self.before(seq).is_some_and(|above| above.seq.next() == seq)
    }

    /// Puts history above what is loaded, without moving what is on the screen.
    pub(crate) fn prepend(&mut self, page: Vec<Message>, older: Older, context: &RowContext<'_>) {
        self.merge(page, context);
        self.older = older;
    }

    /// Puts a part of the log in, without moving what is on the screen; gives how many messages are new.
    pub(crate) fn merge(&mut self, page: Vec<Message>, context: &RowContext<'_>) -> usize {
        let count = self.messages.len();
        let anchor = match self.place {
            Place::At { seq, row } => Some((seq, self.rows_of(seq, context).len().saturating_sub(row + 1))),
            Place::Bottom => None,
        };
        page.into_iter().for_each(|message| self.put(message));
        // The lines above a message change with what stands before it; its own stay where they are on the screen.
        if let Some((seq, rows_below)) = anchor {
            let last_row = self.rows_of(seq, context).len().saturating_sub(1);
            let (seq, row) = self.up(seq, last_row, rows_below, context);
            self.place = Place::At { seq, row };
        }
        self.messages.len() - count
    }

    /// Gives what is missing right before a message, in a list that should have all.
    fn missing_before(&self, seq: Seq) -> Option<Missing> {
        let above = self.before(seq)?;
        match &self.holes {
            Some(holes) => holes.contains(&seq).then_some(Missing::Replies),
            None => {
                let missing = seq.get().saturating_sub(above.seq.get() + 1);
                (missing > 0).then_some(Missing::Messages(missing))
            }
        }
    }

    /// Gives what to load because a gap is on the screen or less than a screen away; `newest` is the end of the log, where
    /// that may lie beyond what is loaded.
    pub(crate) fn wants_part(&self, context: &RowContext<'_>, height: usize, newest: Seq) -> Option<Part> {
        if self.gap != Gap::Open {
            return None;
        }
        let (first, last) = self.seen(context, height, &[])?;
        let above = self.messages.range(..=last).rev().map(|(&seq, _)| seq);
        let near_above = self.messages.range(first..=last).count() + height;
        if let Some(below) = above.take(near_above).find(|&seq| self.missing_before(seq).is_some()) {
            // What stands at the top of the screen stays: below that it grows downwards, above it upwards.
            let on_screen = self.before(below).map(|above| above.seq).filter(|above| *above >= first);
            return Some(on_screen.map_or(Part::Before(below), Part::After));
        }
        let below = self.messages.range(last.next()..).map(|(&seq, _)| seq).take(height);
        if let Some(below) = below.into_iter().find(|&seq| self.missing_before(seq).is_some()) {
            return self.before(below).map(|above| Part::After(above.seq));
        }
        let end = self.last()?;
        let is_near_end = self.messages.range(last..).take(height + 1).any(|(&seq, _)| seq == end);
        (is_near_end && newest > end).then_some(Part::After(end))
    }

    /// Lets what could not be loaded be tried again.
    pub(crate) fn try_again(&mut self) {
        if self.gap == Gap::Failed {
            self.gap = Gap::Open;
        }
        if self.older == Older::Failed {
            self.older = Older::More;
        }
    }

    /// Tells whether all from one place up to another is loaded, and nothing of it is unread for a person.
    pub(crate) fn is_all_read(&self, from: Seq, to: Seq, me: UserId) -> bool {
        let mut wanted = from;
        if to <= from {
            return true;
        }
        for (&seq, message) in self.messages.range(from..to) {
            if seq != wanted || message.is_unread_for(me) {
                return false;
            }
            wanted = seq.next();
        }
        wanted == to
    }

    /// Tells whether the message after a place is loaded, or what stands there instead.
    pub(crate) fn has_next_of(&self, seq: Seq) -> bool {
        self.messages.contains_key(&seq.next())
    }
}
