//! The effects of all accounts: each is done for the account that asked, what they share is here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use syncspace_protocol::UserId;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use tokio::time::timeout;

use super::{CLOSE_WAIT, Desk, Effects};
use crate::app::Effect;
use crate::app::accounts::{AccountNo, Asked, Remembered};
use crate::app::others::is_same_server;
use crate::highlight::Highlighter;
use crate::local::Keeper;
use crate::news::{Heard, News};
use crate::opening::Opening;
use crate::roster::{Roster, Saved};

/// The server of this machine, as the accounts on it need it.
pub(crate) struct Local {
    pub(crate) url: String,
    /// The file with its bootstrap token.
    pub(crate) bootstrap_file: PathBuf,
    /// Who starts it again.
    pub(crate) keeper: Keeper,
}

/// Does the effects of every account.
pub(crate) struct AllEffects {
    of: BTreeMap<AccountNo, Held>,
    roster: Roster,
    /// Address of the local server, its bootstrap token, and how its keeper is told that it is missed.
    local: Option<(String, PathBuf, mpsc::Sender<()>)>,
    /// One for all: its grammars are large.
    highlighter: Highlighter,
    queue: mpsc::Sender<Heard>,
    /// Accounts that are to come up at the next start.
    remembered: watch::Sender<Option<Vec<Saved>>>,
    writer: JoinHandle<()>,
    tasks: JoinSet<()>,
}

struct Held {
    effects: Effects,
    server: String,
    slot: u32,
}

impl AllEffects {
    pub(crate) fn new(roster: Roster, local: Option<Local>, queue: mpsc::Sender<Heard>) -> Self {
        let mut tasks = JoinSet::new();
        let local = local.map(|Local { url, bootstrap_file, keeper }| {
            let (missed, calls) = mpsc::channel(1);
            // What it says is for every account on that server: the first one passes it on.
            tasks.spawn(keeper.run(calls, News::of(AccountNo::FIRST, queue.clone())));
            (url, bootstrap_file, missed)
        });
        let (remembered, list) = watch::channel(None);
        let writer = tokio::spawn(write_down(roster.clone(), list));
        let highlighter = Highlighter::default();
        Self { of: BTreeMap::new(), roster, local, highlighter, queue, remembered, writer, tasks }
    }

    /// Begins an account; gives those of it, and whose login is saved.
    pub(crate) fn open(&mut self, no: AccountNo, opening: &Opening) -> (&mut Effects, Option<UserId>) {
        let slot = opening.slot.unwrap_or_else(|| self.free_slot(no, &opening.server));
        let desk = self.desk(&opening.server, slot, opening.user_id);
        let effects = Effects::new(desk, News::of(no, self.queue.clone()));
        self.of.insert(no, Held { effects, server: opening.server.clone(), slot });
        let effects = &mut self.of.get_mut(&no).expect("it was put in just now").effects;
        let login = effects.find_login(&opening.server);
        (effects, login)
    }

    fn desk(&self, server: &str, slot: u32, owner: Option<UserId>) -> Desk {
        let local = self.local.as_ref().filter(|(url, ..)| is_same_server(url, server));
        Desk {
            store: self.roster.store(slot),
            bootstrap_file: local.map(|(_, file, _)| file.clone()),
            missed: local.map(|(.., missed)| missed.clone()),
            owner,
        }
    }

    /// Finds the slot for a login at a server that no other account has.
    fn free_slot(&self, no: AccountNo, server: &str) -> u32 {
        let others = self.of.iter().filter(|(held, _)| **held != no);
        let taken: Vec<(u32, String)> = others.map(|(_, held)| (held.slot, held.server.clone())).collect();
        self.roster.free_slot(server, &taken)
    }

    /// Starts an effect for an account.
    pub(crate) fn run(&mut self, no: AccountNo, effect: Effect) {
        while self.tasks.try_join_next().is_some() {}
        match effect {
            Effect::Colour(job) => self.highlighter.ask(job, News::of(no, self.queue.clone())),
            Effect::Remember(list) => self.remember(list),
            Effect::CloseAccount => {
                if let Some(held) = self.of.remove(&no) {
                    self.tasks.spawn(held.effects.close());
                }
            }
            Effect::FindServer { address } => {
                self.seat(no, &address);
                self.run_for(no, Effect::FindServer { address });
            }
            effect => self.run_for(no, effect),
        }
    }

    fn run_for(&mut self, no: AccountNo, effect: Effect) {
        if let Some(held) = self.of.get_mut(&no) {
            held.effects.run(effect);
        }
    }

    pub(crate) fn run_all(&mut self, asked: Asked) {
        asked.into_iter().for_each(|(no, effect)| self.run(no, effect));
    }

    /// Gives an account the file for its login at a server.
    fn seat(&mut self, no: AccountNo, address: &str) {
        if self.of.get(&no).is_some_and(|held| is_same_server(&held.server, address)) {
            return;
        }
        let slot = self.free_slot(no, address);
        let desk = self.desk(address, slot, None);
        let server = address.to_owned();
        match self.of.get_mut(&no) {
            Some(held) => {
                held.effects.sit_at(desk);
                (held.server, held.slot) = (server, slot);
            }
            None => {
                let effects = Effects::new(desk, News::of(no, self.queue.clone()));
                self.of.insert(no, Held { effects, server, slot });
            }
        }
    }

    fn remember(&self, list: Vec<Remembered>) {
        let saved = list.into_iter().filter_map(|account| {
            let slot = self.of.get(&account.no)?.slot;
            let Remembered { server, username, user_id, is_front, .. } = account;
            Some(Saved { server, slot, username, user_id, is_front })
        });
        self.remembered.send_replace(Some(saved.collect()));
    }

    /// Ends all connections and everything that is under way.
    pub(crate) async fn close(self) {
        let Self { of, remembered, writer, mut tasks, .. } = self;
        // The last list is still written.
        drop(remembered);
        futures_util::future::join_all(of.into_values().map(|held| held.effects.close())).await;
        drop(timeout(CLOSE_WAIT, writer).await);
        tasks.shutdown().await;
    }
}

/// Writes which accounts are open, the newest list where several wait.
async fn write_down(roster: Roster, mut list: watch::Receiver<Option<Vec<Saved>>>) {
    while list.changed().await.is_ok() {
        let Some(saved) = list.borrow_and_update().clone() else { continue };
        let roster = roster.clone();
        match spawn_blocking(move || roster.write(saved)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "which accounts are open could not be written down"),
            Err(error) => tracing::warn!(%error, "which accounts are open was not written down"),
        }
    }
}
