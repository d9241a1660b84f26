//! What is known of the accounts outside of each: their marks, what the switcher finds in them, what the next start is to
//! know, and of what the person was told.

use std::rc::Rc;

use super::{AccountNo, Accounts, Remembered};
use crate::app::action::Action;
use crate::app::message::Effect;
use crate::app::notify::{self, Told};
use crate::app::others::{Mark, Others};
use crate::app::state::Modal;
use crate::app::switcher;

impl Accounts {
    /// Notes what the person is told; of an account in the background it is said which one it is.
    pub(super) fn told(&mut self, no: AccountNo, mut told: Told) -> Told {
        let place = self.place_of(no).and_then(|at| self.all[at].state.notify.told_in);
        self.told = Some((no, place));
        let front = self.front;
        self.all[front].state.others.has_told = true;
        let Some(at) = self.place_of(no).filter(|at| *at != front) else { return told };
        let Some(mark) = self.marks.get(at) else { return told };
        let (short, label) = (mark.short(&self.marks), mark.label());
        let state = &mut self.all[front].state;
        let key = state.keys.name(Action::OpenTold);
        let body = if told.body.is_empty() { String::new() } else { format!(": {}", told.body) };
        state.say(format!("{} {short} ({key}): {}{body}", at + 1, told.title));
        told.title = format!("{} · {label}", told.title);
        told
    }

    /// Makes the mark of an account anew, where it changed.
    pub(super) fn mark(&mut self, at: usize) {
        if self.all.len() < 2 {
            return;
        }
        let Some(account) = self.all.get(at) else { return };
        let mark = Mark::of(account.no, &account.state);
        if self.marks.get(at) != Some(&mark) {
            self.mark_all();
        }
    }

    /// Makes all marks anew, and gives them to every account.
    pub(super) fn mark_all(&mut self) {
        let marks = match self.all.len() {
            0 | 1 => Vec::new(),
            _ => self.all.iter().map(|account| Mark::of(account.no, &account.state)).collect(),
        };
        self.marks = Rc::new(marks);
        for (at, account) in self.all.iter_mut().enumerate() {
            let others = &mut account.state.others;
            (others.marks, others.me) = (Rc::clone(&self.marks), at);
            others.is_touring = self.tour_start.is_some_and(|start| start != account.no);
        }
    }

    /// Gives the switcher in front what can be found in the other accounts, for as long as it is open.
    pub(super) fn offer_places(&mut self) {
        let front = self.front;
        let is_open = matches!(self.all[front].state.modal, Some(Modal::Switcher(_)));
        let Others { places, .. } = &self.all[front].state.others;
        if is_open != places.is_empty() {
            return;
        }
        let elsewhere = self.all.iter().enumerate().filter(|(at, _)| is_open && *at != front);
        let places =
            elsewhere.flat_map(|(at, account)| switcher::places_of(account.no, at + 1, &account.state)).collect();
        self.all[front].state.others.places = places;
    }

    /// Has the accounts written down, where they are others than before.
    pub(super) fn remember(&mut self) -> Option<(AccountNo, Effect)> {
        let front = self.front;
        let known = self.all.iter().enumerate().filter(|(_, account)| account.owner.is_some());
        let remembered: Vec<Remembered> = known
            .map(|(at, account)| Remembered {
                no: account.no,
                server: account.state.server.clone(),
                username: account.owner.as_ref().map(|(_, name)| name.clone()),
                user_id: account.owner.as_ref().map(|(id, _)| *id),
                is_front: at == front,
            })
            .collect();
        if remembered == self.remembered {
            return None;
        }
        self.remembered.clone_from(&remembered);
        Some((self.front_no(), Effect::Remember(remembered)))
    }

    /// Gives the window's title: how often the person was called in all accounts.
    pub(crate) fn title(&self) -> Option<String> {
        let calls = self.all.iter().map(|account| notify::counts(&account.state).1).sum();
        notify::title(self.front(), calls)
    }
}
