//! What an account asks of the accounts: to show another one, to begin or end one.

use syncspace_protocol::Time;

use super::{ACCOUNTS_MAX, Account, AccountNo, Accounts, Asked};
use crate::app::message::{Effect, Event};
use crate::app::sidebar;
use crate::app::state::State;
use crate::app::switcher::Target;
use crate::app::update::{self, next_unread};

/// Something asked of the accounts by the one in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    Next,
    Previous,
    /// Show the account at a place.
    At(usize),
    Show(AccountNo),
    /// Go to a place in an account.
    Go(AccountNo, Target),
    /// Go on to what is unread in the other accounts.
    NextUnread,
    /// Go to the place of the last notice.
    OpenTold,
    /// Begin another account.
    Add,
    /// Give up an account that was not logged in to.
    GiveUp,
}

impl Accounts {
    pub(super) fn ask(&mut self, no: AccountNo, ask: Ask, now: Time) -> Asked {
        let count = self.all.len();
        if !matches!(ask, Ask::NextUnread) {
            self.tour_start = None;
        }
        match ask {
            Ask::Next => self.show_at((self.front + 1) % count, now),
            Ask::Previous => self.show_at((self.front + count - 1) % count, now),
            Ask::At(at) => self.show_at(at, now),
            Ask::Show(no) => self.show(no, now),
            Ask::Go(no, target) => self.go(no, target, now),
            Ask::NextUnread => self.next_unread(now),
            Ask::OpenTold => match self.told.take() {
                Some((no, Some(channel_id))) => self.go(no, Target::Channel(channel_id), now),
                Some((no, None)) => self.show(no, now),
                None => Asked::new(),
            },
            Ask::Add => self.add(now),
            Ask::GiveUp => {
                let mut asked = self.remove(no, now);
                asked.push((no, Effect::CloseAccount));
                asked
            }
        }
    }

    fn show_at(&mut self, at: usize, now: Time) -> Asked {
        let no = self.all.get(at).map(|account| account.no);
        no.map_or_else(Asked::new, |no| self.show(no, now))
    }

    fn go(&mut self, no: AccountNo, target: Target, now: Time) -> Asked {
        let mut asked = self.show(no, now);
        asked.extend(self.run_in_front(now, |state, effects| update::go_to(state, target, effects)));
        asked
    }

    /// Does something in the account in front, as a key there would.
    fn run_in_front(&mut self, now: Time, run: impl FnOnce(&mut State, &mut Vec<Effect>)) -> Asked {
        let front = self.front;
        let account = &mut self.all[front];
        let mut effects = Vec::new();
        if account.state.is_chat() {
            account.state.modal = None;
            run(&mut account.state, &mut effects);
        }
        let no = account.no;
        let mut asked: Asked = effects.into_iter().map(|effect| (no, effect)).collect();
        asked.extend(self.update(front, Event::Tick, now));
        asked
    }

    /// Shows the next account with something unread; after the last one goes back to where that began.
    fn next_unread(&mut self, now: Time) -> Asked {
        let count = self.all.len();
        let order: Vec<usize> = (1..count).map(|step| (self.front + step) % count).collect();
        let marks = &self.marks;
        let has = |at: &usize, calls: bool| {
            marks.get(*at).is_some_and(|mark| if calls { mark.calls > 0 } else { mark.unread > 0 })
                && self.all[*at].state.is_chat()
        };
        let next = order.iter().find(|at| has(at, true)).or_else(|| order.iter().find(|at| has(at, false)));
        match (next.copied(), self.tour_start) {
            (Some(at), _) => {
                self.tour_start.get_or_insert(self.all[self.front].no);
                let mut asked = self.show_at(at, now);
                let open_is_unread = sidebar::is_open_unread(self.front());
                if !open_is_unread {
                    asked.extend(self.run_in_front(now, next_unread));
                }
                asked
            }
            (None, Some(start)) => {
                self.tour_start = None;
                let mut asked = self.show(start, now);
                asked.extend(self.run_in_front(now, next_unread));
                asked
            }
            (None, None) => Asked::new(),
        }
    }

    fn add(&mut self, now: Time) -> Asked {
        let front = self.front;
        if self.all.len() >= ACCOUNTS_MAX {
            let words = format!("{ACCOUNTS_MAX} accounts are open, and no more fit. Log out of one first.");
            self.all[front].state.complain(words);
            return Asked::new();
        }
        let no = AccountNo(self.next_no);
        self.next_no += 1;
        let state = self.all[front].state.another();
        self.all.push(Account { no, state, owner: None });
        self.mark_all();
        self.show(no, now)
    }
}
