//! The carrier within one process: a list of instances under a lock.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use syncspace_protocol::UserId;
use tokio::sync::mpsc;

use super::events::Events;
use super::{Attendance, BusEvent, Subject};

/// Where instances of one process meet. Clones are the same hub.
#[derive(Debug, Clone, Default)]
pub struct Hub(Arc<Mutex<Members>>);

#[derive(Debug, Default)]
struct Members {
    next_id: u64,
    by_id: BTreeMap<u64, Member>,
}

#[derive(Debug)]
struct Member {
    events: Events,
    subjects: HashSet<Subject>,
    online: HashSet<UserId>,
}

/// One instance's end of a hub.
#[derive(Debug, Clone)]
pub struct InProcess(Arc<Seat>);

/// Its drop takes the instance out of the hub.
#[derive(Debug)]
struct Seat {
    hub: Hub,
    id: u64,
    events: Events,
}

impl Hub {
    /// Adds an instance.
    pub(in crate::realtime) fn join(&self) -> (InProcess, mpsc::Receiver<BusEvent>) {
        let (events, receiver) = Events::connected_channel();
        let mut members = self.lock();
        let id = members.next_id;
        members.next_id += 1;
        let member = Member { events: events.clone(), subjects: HashSet::new(), online: HashSet::new() };
        members.by_id.insert(id, member);
        (InProcess(Arc::new(Seat { hub: self.clone(), id, events })), receiver)
    }

    /// Nothing under this lock can panic half way, so a poisoned one is still whole.
    fn lock(&self) -> MutexGuard<'_, Members> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InProcess {
    pub(super) fn publish(&self, subject: Subject, payload: &Bytes) {
        let members = self.0.hub.lock();
        let others = members.by_id.iter().filter(|(id, _)| **id != self.0.id).map(|(_, member)| member);
        for other in others.filter(|other| other.subjects.contains(&subject)) {
            other.events.message(subject, payload.clone());
        }
    }

    pub(super) fn subscribe(&self, subject: Subject) {
        self.change(|me| me.subjects.insert(subject));
    }

    pub(super) fn unsubscribe(&self, subject: Subject) {
        self.change(|me| me.subjects.remove(&subject));
    }

    pub(super) fn set_online(&self, user_id: UserId, is_online: bool) {
        self.change(|me| if is_online { me.online.insert(user_id) } else { me.online.remove(&user_id) });
    }

    pub(super) fn attendance(&self, user_ids: &[UserId]) -> Attendance {
        let members = self.0.hub.lock();
        let is_online = |user_id: &&UserId| members.by_id.values().any(|member| member.online.contains(user_id));
        Attendance { online: user_ids.iter().filter(is_online).copied().collect(), is_complete: true }
    }

    pub(super) fn leave(&self) {
        self.0.hub.lock().by_id.remove(&self.0.id);
    }

    pub(super) fn lost_count(&self) -> u64 {
        self.0.events.lost_count()
    }

    fn change(&self, change: impl FnOnce(&mut Member) -> bool) {
        if let Some(me) = self.0.hub.lock().by_id.get_mut(&self.0.id) {
            change(me);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.lock().by_id.remove(&self.id);
    }
}
