//! The list of a page: read page by page, with one entry chosen, which stays chosen whatever is read anew.

use syncspace_protocol::{TeamId, Time};

use super::item::{Item, ItemKey};

/// Entries that a page holds; a search that finds more is to be narrowed.
pub(crate) const ITEMS_MAX: usize = 500;
/// The next page is read when so few entries are left below the chosen one.
const NEAR_END: usize = 6;

/// Where the entries come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Source {
    #[default]
    Nowhere,
    Server,
    /// Only what is kept on this machine.
    Kept,
}

/// The list of a page.
#[derive(Debug, Default)]
pub(crate) struct List {
    /// The team it is of.
    pub(crate) team: Option<TeamId>,
    items: Vec<Item>,
    chosen: usize,
    /// The entry at the top of the screen.
    pub(crate) first: usize,
    pub(crate) source: Source,
    /// The request that is under way, by its number.
    pub(crate) asked: Option<u64>,
    /// Where the next page begins.
    pub(crate) next: Option<String>,
    /// Why the last request came to nothing.
    pub(crate) problem: Option<String>,
    /// What is to be known of the entries: that some may be missing.
    pub(crate) note: Option<String>,
    /// When it was read.
    pub(crate) read_at: Option<Time>,
    /// Whether it changed since.
    pub(crate) is_stale: bool,
    /// How often its entries changed.
    changes: u64,
}

impl List {
    /// Gives the list of a team, still to be read.
    pub(crate) fn of(team: Option<TeamId>) -> Self {
        Self { team, is_stale: true, ..Self::default() }
    }

    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    pub(crate) const fn changes(&self) -> u64 {
        self.changes
    }

    pub(crate) const fn chosen_at(&self) -> usize {
        self.chosen
    }

    pub(crate) fn chosen(&self) -> Option<&Item> {
        self.items.get(self.chosen)
    }

    /// Takes the entries from the beginning; what was chosen stays chosen where it is still there.
    pub(crate) fn replace(&mut self, items: Vec<Item>) {
        let before = self.chosen().map(Item::key);
        self.changes += 1;
        self.items = items;
        self.items.truncate(ITEMS_MAX);
        let again = before.and_then(|key| self.find(&key));
        let last = self.items.len().saturating_sub(1);
        // What is gone leaves its place to the next one.
        self.chosen = again.unwrap_or(self.chosen).min(last);
        self.first = self.first.min(self.chosen);
    }

    /// Begins a list of other entries, at its first one.
    pub(crate) fn begin(&mut self, items: Vec<Item>) {
        (self.chosen, self.first) = (0, 0);
        self.items.clear();
        self.replace(items);
    }

    /// Puts further entries below, each once.
    pub(crate) fn append(&mut self, items: Vec<Item>) {
        self.changes += 1;
        for item in items {
            if self.items.len() >= ITEMS_MAX {
                self.next = None;
                self.note = Some(format!("These are the first {ITEMS_MAX}. More words or filters find less."));
                return;
            }
            if self.find(&item.key()).is_none() {
                self.items.push(item);
            }
        }
    }

    /// Puts an entry in place of the one of its name.
    pub(crate) fn put(&mut self, item: Item) {
        if let Some(held) = self.find(&item.key()).and_then(|at| self.items.get_mut(at)) {
            *held = item;
            self.changes += 1;
        }
    }

    pub(crate) fn remove(&mut self, key: &ItemKey) {
        if let Some(at) = self.find(key) {
            let mut items = std::mem::take(&mut self.items);
            items.remove(at);
            self.changes += 1;
            let chosen = if at < self.chosen { self.chosen - 1 } else { self.chosen };
            self.items = items;
            self.chosen = chosen.min(self.items.len().saturating_sub(1));
            self.first = self.first.min(self.chosen);
        }
    }

    /// Forgets entries that may not be seen any more.
    pub(crate) fn retain(&mut self, is_there: impl Fn(&Item) -> bool) {
        if !self.items.iter().all(&is_there) {
            let mut items = std::mem::take(&mut self.items);
            items.retain(is_there);
            self.replace(items);
        }
    }

    pub(crate) fn find(&self, key: &ItemKey) -> Option<usize> {
        self.items.iter().position(|item| item.key() == *key)
    }

    /// Chooses an entry so far below the chosen one, above it where negative.
    pub(crate) fn go(&mut self, by: isize) {
        let last = self.items.len().saturating_sub(1);
        self.chosen = self.chosen.saturating_add_signed(by).min(last);
    }

    pub(crate) fn choose(&mut self, at: usize) {
        self.chosen = at.min(self.items.len().saturating_sub(1));
    }

    /// Scrolls as little as is needed to show the chosen entry whole; `rows` gives the rows of one.
    pub(crate) fn reveal(&mut self, height: usize, rows: impl Fn(&Item) -> usize) {
        self.first = self.first.min(self.chosen);
        while self.first < self.chosen {
            let shown = self.items.get(self.first..=self.chosen).unwrap_or_default();
            if shown.iter().map(&rows).sum::<usize>() <= height {
                return;
            }
            self.first += 1;
        }
    }

    /// Tells whether the next page should be read.
    pub(crate) fn wants_more(&self) -> bool {
        self.next.is_some() && self.asked.is_none() && self.chosen + NEAR_END >= self.items.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::composer::DraftKey;
    use crate::play::id;

    fn item(number: u64) -> Item {
        Item::Draft { key: DraftKey::Channel(id(number)), text: number.to_string() }
    }

    fn list(numbers: std::ops::RangeInclusive<u64>) -> List {
        let mut list = List::default();
        list.begin(numbers.map(item).collect());
        list
    }

    #[test]
    fn what_is_chosen_stays_so_while_others_come_and_go() {
        let mut list = list(1..=5);
        list.go(2);
        list.replace([9, 3, 1].map(item).to_vec());
        assert_eq!(list.chosen(), Some(&item(3)));
        list.remove(&item(9).key());
        assert_eq!(list.chosen(), Some(&item(3)));
        list.remove(&item(3).key());
        assert_eq!(list.chosen(), Some(&item(1)));
        list.replace(Vec::new());
        assert_eq!(list.chosen(), None);
    }

    #[test]
    fn the_screen_moves_no_more_than_it_must() {
        let mut list = list(1..=10);
        let mut first_of = |by| {
            list.go(by);
            list.reveal(6, |_| 2);
            (list.chosen_at(), list.first)
        };
        assert_eq!([2, 1, -1, -1, -1].map(&mut first_of), [(2, 0), (3, 1), (2, 1), (1, 1), (0, 0)]);
        assert_eq!(first_of(100), (9, 7));
    }

    #[test]
    fn further_entries_come_once_and_end_at_the_bound() {
        let mut list = list(1..=3);
        list.append([3, 4].map(item).to_vec());
        assert_eq!(list.items().len(), 4);
        list.next = Some("more".to_owned());
        list.append((5..=1_000).map(item).collect());
        assert_eq!((list.items().len(), list.next.is_some(), list.note.is_some()), (ITEMS_MAX, false, true));
    }
}
