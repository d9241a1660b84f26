//! The accounts of the person: a state for each, and which of them is in front.
//!
//! ```text
//! keys, pastes, pointer, focus ──> the one in front        size, configuration, colour ──> all
//! answers of a server ───────────> the account they name   the clock ────────────────────> those that wait for it
//! ```
//!
//! Each [`State`] is whole: its own server, drafts, outbox, cache and connection. What it asks for goes out with the
//! number of its account; what it asks of the other accounts ([`Ask`]) is done here and goes nowhere. It knows of the others what
//! [`others::Others`] says. Synchronous as the states are: nothing here awaits, reads a clock or a file.

mod ask;
mod known;

use std::fmt;
use std::rc::Rc;

use syncspace_protocol::{ChannelId, Time, UserId};

use super::message::{Effect, Event, LocalServer, Net};
use super::others::{self, Mark};
use super::state::State;
use super::update::{self, update_all};

pub(crate) use ask::Ask;

/// Accounts that are open at a time: as many as there are keys with a number.
pub(crate) const ACCOUNTS_MAX: usize = 9;

/// Names an account for as long as the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AccountNo(u32);

/// What is to be done, and for which account, in order.
pub(crate) type Asked = Vec<(AccountNo, Effect)>;

/// An account that is to come up at the next start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub(crate) no: AccountNo,
    pub(crate) server: String,
    pub(crate) username: Option<String>,
    pub(crate) user_id: Option<UserId>,
    pub(crate) is_front: bool,
}

/// One account.
#[derive(Debug)]
struct Account {
    no: AccountNo,
    state: State,
    /// Whose it is, as soon as that is known; it stays while that person has to log in again.
    owner: Option<(UserId, String)>,
}

/// A state for each account.
#[derive(Debug)]
pub(crate) struct Accounts {
    all: Vec<Account>,
    /// Place of the one in front.
    front: usize,
    /// Of every account what the others show of it.
    marks: Rc<Vec<Mark>>,
    next_no: u32,
    /// Whether the terminal is in front of the person.
    has_focus: bool,
    /// Accounts that are being logged out, and are shown no more.
    leaving: Vec<AccountNo>,
    /// The account and place of the last notice.
    told: Option<(AccountNo, Option<ChannelId>)>,
    /// Where the way through what is unread began, when it left that account.
    tour_start: Option<AccountNo>,
    /// The account that was in front before.
    previous: Option<AccountNo>,
    remembered: Vec<Remembered>,
}

impl fmt::Display for AccountNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl AccountNo {
    /// The account that the program starts with.
    pub(crate) const FIRST: Self = Self(1);

    /// Gives the name of the account that starts at a place.
    pub(crate) fn numbered(at: usize) -> Self {
        Self(u32::try_from(at).unwrap_or(u32::MAX - 1) + 1)
    }
}

impl Account {
    /// Notes whose account it is, where that is known now.
    fn note_owner(&mut self) {
        let Some(me) = &self.state.world.me else { return };
        if self.owner.as_ref().is_none_or(|(id, name)| *id != me.id || name != me.username.as_str()) {
            self.owner = Some((me.id, me.username.to_string()));
        }
    }
}

impl Accounts {
    /// Begins with these accounts, at least one, named by their places.
    pub(crate) fn new(states: Vec<(State, Option<(UserId, String)>)>, front: usize) -> Self {
        let next_no = AccountNo::numbered(states.len()).0;
        let account = |(at, (state, owner))| Account { no: AccountNo::numbered(at), state, owner };
        let mut all: Vec<Account> = states.into_iter().enumerate().map(account).collect();
        let front = front.min(all.len().saturating_sub(1));
        for (_, account) in all.iter_mut().enumerate().filter(|(at, _)| *at != front) {
            account.state.is_focused = false;
        }
        all.iter_mut().for_each(Account::note_owner);
        let mut accounts = Self {
            all,
            front,
            marks: Rc::default(),
            next_no,
            has_focus: true,
            leaving: Vec::new(),
            told: None,
            tour_start: None,
            previous: None,
            remembered: Vec::new(),
        };
        accounts.mark_all();
        accounts
    }

    /// Gives the state that is on the screen.
    pub(crate) fn front(&self) -> &State {
        &self.all[self.front].state
    }

    pub(crate) fn front_no(&self) -> AccountNo {
        self.all[self.front].no
    }

    /// Does something with one state that is no event.
    pub(crate) fn with<T>(&mut self, no: AccountNo, run: impl FnOnce(&mut State) -> T) -> Option<T> {
        let at = self.place_of(no)?;
        let done = run(&mut self.all[at].state);
        self.mark_all();
        Some(done)
    }

    /// Takes an event of the terminal, the clock or the configuration.
    pub(crate) fn take(&mut self, event: Event, now: Time) -> Asked {
        let front = self.front;
        match event {
            Event::Focus { is_focused } => {
                self.has_focus = is_focused;
                self.update(front, event, now)
            }
            Event::Key(_) | Event::Paste(_) | Event::Mouse(_) | Event::Net(_) => self.update(front, event, now),
            Event::Resize { .. } | Event::Retaken { .. } | Event::Behind(_) | Event::Config(_) => {
                let mut asked = Asked::new();
                for at in (0..self.all.len()).filter(|&at| at != front) {
                    asked.extend(self.tell_quietly(at, event.clone(), now));
                }
                asked.extend(self.update(front, event, now));
                asked
            }
            Event::Tick => {
                let is_due = |account: &Account| account.state.next_deadline().is_some_and(|at| at <= now);
                let due: Vec<usize> = (0..self.all.len()).filter(|&at| at == front || is_due(&self.all[at])).collect();
                let due: Vec<AccountNo> = due.into_iter().map(|at| self.all[at].no).collect();
                due.into_iter().flat_map(|no| self.update_one(no, vec![Event::Tick], now)).collect()
            }
        }
    }

    /// Takes answers for an account, in order and looked at once; one that is gone hears nothing.
    pub(crate) fn hear(&mut self, no: AccountNo, answers: Vec<Net>, now: Time) -> Asked {
        let mut asked = Asked::new();
        let mut of_state = Vec::new();
        for answer in answers {
            // What concerns the other accounts as well stands alone.
            if matches!(answer, Net::SessionOver { .. } | Net::LocalServer(_) | Net::LoggedIn(Ok(_))) {
                asked.extend(self.update_one(no, std::mem::take(&mut of_state), now));
                asked.extend(self.hear_one(no, answer, now));
            } else {
                of_state.push(Event::Net(Box::new(answer)));
            }
        }
        asked.extend(self.update_one(no, of_state, now));
        asked
    }

    fn hear_one(&mut self, no: AccountNo, answer: Net, now: Time) -> Asked {
        match &answer {
            Net::SessionOver { .. } if self.leaving.contains(&no) => {
                self.leaving.retain(|held| *held != no);
                return vec![(no, Effect::CloseAccount)];
            }
            Net::LocalServer(news) => return self.hear_of_local(*news, now),
            Net::LoggedIn(Ok(user)) => {
                if let Some(twin) = self.twin(no, user.id) {
                    return self.give_up_twin(no, twin, now);
                }
            }
            _ => {}
        }
        let ended = match &answer {
            Net::SessionOver { reason } => Some(reason.clone()),
            _ => None,
        };
        let mut asked = self.update_one(no, vec![Event::Net(Box::new(answer))], now);
        if let Some(reason) = ended {
            self.session_ended(no, &reason);
            asked.extend(self.remember());
        }
        asked
    }

    fn place_of(&self, no: AccountNo) -> Option<usize> {
        self.all.iter().position(|account| account.no == no)
    }

    fn update_one(&mut self, no: AccountNo, events: Vec<Event>, now: Time) -> Asked {
        match self.place_of(no) {
            Some(at) if !events.is_empty() => self.update_by(at, events, now),
            _ => Asked::new(),
        }
    }

    fn update(&mut self, at: usize, event: Event, now: Time) -> Asked {
        self.update_by(at, vec![event], now)
    }

    /// Applies events to one account, and does what it asks of the others.
    fn update_by(&mut self, at: usize, events: Vec<Event>, now: Time) -> Asked {
        let account = &mut self.all[at];
        let (no, effects) = (account.no, update_all(&mut account.state, events, now));
        account.note_owner();
        self.mark(at);
        let mut asked = Asked::new();
        for effect in effects {
            self.follow(no, effect, now, &mut asked);
        }
        self.offer_places();
        asked.extend(self.remember());
        asked
    }

    /// Tells an account in the background of something that the one in front reports to the person.
    fn tell_quietly(&mut self, at: usize, event: Event, now: Time) -> Asked {
        let before = self.all[at].state.notice.take();
        let mut asked = self.update(at, event, now);
        // There is one terminal, and the one in front asks for it.
        asked.retain(|(_, effect)| !matches!(effect, Effect::UseMouse(_)));
        self.all[at].state.notice = before;
        asked
    }

    /// Passes an effect on, or does what it asks of the accounts.
    fn follow(&mut self, no: AccountNo, effect: Effect, now: Time, asked: &mut Asked) {
        match effect {
            Effect::Account(ask) => asked.extend(self.ask(no, ask, now)),
            Effect::Tell(told) => {
                let told = self.told(no, told);
                asked.push((no, Effect::Tell(told)));
            }
            Effect::LogOut if self.all.len() > 1 => {
                asked.push((no, Effect::LogOut));
                self.leaving.push(no);
                asked.extend(self.remove(no, now));
            }
            Effect::Quit => {
                for account in self.all.iter_mut().filter(|account| account.no != no) {
                    asked.extend(update::leave(&mut account.state).into_iter().map(|effect| (account.no, effect)));
                }
                asked.push((no, Effect::Quit));
            }
            effect => asked.push((no, effect)),
        }
    }

    /// Finds the account that is the same person on the same server.
    fn twin(&self, no: AccountNo, user_id: UserId) -> Option<AccountNo> {
        let server = &self.all.get(self.place_of(no)?)?.state.server;
        let is_twin = |account: &&Account| {
            account.no != no
                && account.owner.as_ref().is_some_and(|(id, _)| *id == user_id)
                && others::is_same_server(&account.state.server, server)
        };
        self.all.iter().find(is_twin).map(|twin| twin.no)
    }

    /// Ends a second login of the same person, and shows the account that is open already.
    fn give_up_twin(&mut self, no: AccountNo, twin: AccountNo, now: Time) -> Asked {
        let is_front = self.front_no() == no;
        let mut asked = vec![(no, Effect::EndSession)];
        self.leaving.push(no);
        asked.extend(self.remove(no, now));
        if is_front {
            asked.extend(self.show(twin, now));
            let front = self.front;
            self.all[front].state.say("You are logged in to this account already: here it is.");
        }
        asked
    }

    fn hear_of_local(&mut self, news: LocalServer, now: Time) -> Asked {
        let local = self.all.iter().filter(|account| account.state.is_local).map(|account| account.no);
        let local: Vec<AccountNo> = local.collect();
        local
            .into_iter()
            .flat_map(|no| self.update_one(no, vec![Event::Net(Box::new(Net::LocalServer(news)))], now))
            .collect()
    }

    /// Notes that an account has to log in again, and tells the person where that is another one than that in front.
    fn session_ended(&mut self, no: AccountNo, reason: &str) {
        let Some(at) = self.place_of(no) else { return };
        if reason.is_empty() {
            // Logged out: the next start knows nothing of it.
            self.all[at].owner = None;
            self.all[at].state.known_name = None;
        }
        self.mark(at);
        let front = self.front;
        if at != front
            && let Some(mark) = self.marks.get(at)
        {
            let words = format!("{} {}: the session is over. Go there to log in again.", at + 1, mark.label());
            self.all[front].state.complain(words);
        }
    }

    /// Removes an account that is not to be seen any more, and shows another one where it was in front.
    fn remove(&mut self, no: AccountNo, now: Time) -> Asked {
        let Some(at) = self.place_of(no).filter(|_| self.all.len() > 1) else { return Asked::new() };
        let mut asked = Asked::new();
        if at == self.front {
            // Back to where one was before; else to the neighbour.
            let next = if at + 1 < self.all.len() { at + 1 } else { at - 1 };
            let previous = self.previous.filter(|previous| *previous != no && self.place_of(*previous).is_some());
            asked.extend(self.show(previous.unwrap_or(self.all[next].no), now));
        }
        self.all.remove(at);
        if at < self.front {
            self.front -= 1;
        }
        self.told.take_if(|(told, _)| *told == no);
        self.tour_start.take_if(|start| *start == no);
        self.mark_all();
        asked
    }

    /// Puts an account in front. Nothing is loaded and nothing is lost: it was there all the time.
    fn show(&mut self, no: AccountNo, now: Time) -> Asked {
        let Some(at) = self.place_of(no).filter(|at| *at != self.front) else { return Asked::new() };
        let before = self.front;
        self.previous = Some(self.all[before].no);
        self.all[before].state.keys.pending = None;
        let mut asked = self.update(before, Event::Focus { is_focused: false }, now);
        let look = self.all[before].state.look;
        let state = &mut self.all[at].state;
        // A theme is chosen in one account, and holds for the terminal.
        state.look = look;
        state.others.has_told = self.told.is_some();
        self.front = at;
        self.mark_all();
        asked.extend(self.update(at, Event::Focus { is_focused: self.has_focus }, now));
        asked
    }

    /// Gives the time at which something changes by itself.
    pub(crate) fn next_deadline(&self) -> Option<Time> {
        self.all.iter().filter_map(|account| account.state.next_deadline()).min()
    }

    /// Gives what is to be kept when the program ends without being asked.
    pub(crate) fn leave(&mut self) -> Asked {
        let all = self.all.iter_mut();
        all.flat_map(|account| {
            let (no, effects) = (account.no, update::leave(&mut account.state));
            effects.into_iter().map(move |effect| (no, effect))
        })
        .collect()
    }
}
