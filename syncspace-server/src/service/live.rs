//! What runs beside requests on every instance: the bus, the comparison of heads, presence; and what sockets ask of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use syncspace_protocol::socket::{Event, EventBody};
use syncspace_protocol::status::ChosenPresence;
use syncspace_protocol::{ChannelId, Rev, Seq, StreamId, Time, UserId};
use tokio::sync::{Notify, mpsc};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::warn;

use super::{Actor, Service, ServiceError, access, later};
use crate::permissions::ChannelAction;
use crate::realtime::Realtime;
use crate::realtime::carrier::BusEvent;
use crate::store::{heads, user_settings, users};

/// How often heads are compared with the database while the bus works: the last event of a stream may be the lost one.
const COMPARE_EVERY: Duration = Duration::from_secs(10);

/// How often heads are compared while the bus is away: it is then the only way to hear of other instances.
const COMPARE_WITHOUT_BUS_EVERY: Duration = Duration::from_secs(1);

/// How long a commit may take to come by on the bus before it counts as lost.
const BUS_DELAY: Duration = Duration::from_millis(250);

/// How far back before the last time changed accounts are asked for, in milliseconds: clocks differ, commits take their time.
const ACCOUNTS_OVERLAP_MS: i64 = 5_000;

/// Most changed accounts taken in at a time, the latest ones.
const ACCOUNTS_AT_ONCE: u32 = 1_000;

/// How often changes of presence are gathered and told.
const PRESENCE_EVERY: Duration = Duration::from_secs(1);

/// Every so many gatherings all watched people are looked at: an instance that died tells nobody.
const LOOK_AT_ALL_EVERY: u32 = 5;

/// Every so many gatherings accounts are brought up to what is known of their connections.
const COPY_EVERY: u32 = 10;

impl Service {
    /// Gives the instance's side of real time.
    pub(crate) const fn realtime(&self) -> &Realtime {
        &self.realtime
    }

    /// Tells whether other instances can be heard at present.
    #[must_use]
    pub fn is_bus_connected(&self) -> bool {
        self.realtime.is_bus_connected()
    }

    /// Tells whether events go out to sockets: not while it is unknown who lost access.
    #[must_use]
    pub fn is_delivering(&self) -> bool {
        !self.realtime.is_withholding()
    }

    /// Runs until `closing`: takes in the bus, compares heads, settles presence, reads which rights ended.
    pub async fn run(&self, mut bus: mpsc::Receiver<BusEvent>, closing: CancellationToken) {
        self.realtime.join().await;
        let realtime = self.realtime.clone();
        let _timekeeper = AbortOnDropHandle::new(tokio::spawn(async move { realtime.keep_time().await }));
        let look = Notify::new();
        let listening = async {
            while let Some(event) = bus.recv().await {
                if self.realtime.take_in(event) {
                    look.notify_one();
                }
            }
        };
        // Side by side: nobody who waits for a database or for Redis keeps the bus waiting.
        tokio::select! {
            () = closing.cancelled() => {}
            () = listening => {}
            () = self.keep_comparing(&look) => {}
            () = self.keep_presence() => {}
            () = self.keep_revocations() => {}
            () = self.keep_settings() => {}
            () = self.realtime.guard_delivery() => {}
        }
        self.realtime.close();
        self.realtime.leave().await;
    }

    /// Compares heads now and then, and at once where `look` says so, and asks whose accounts were changed; never ends.
    async fn keep_comparing(&self, look: &Notify) {
        let mut accounts_since = self.clock.now();
        loop {
            let pause = if self.realtime.is_bus_connected() { COMPARE_EVERY } else { COMPARE_WITHOUT_BUS_EVERY };
            tokio::select! {
                () = look.notified() => {}
                () = sleep(pause) => {}
            }
            self.compare_heads().await;
            self.hear_changed_accounts(&mut accounts_since).await;
        }
    }

    /// Looks up whose accounts were changed since the last time: the bus may have lost it. Nobody is told twice by that.
    async fn hear_changed_accounts(&self, since: &mut Time) {
        let now = self.clock.now();
        let from = later(*since, -ACCOUNTS_OVERLAP_MS);
        match user_settings::list_changed(&mut &self.store, from, ACCOUNTS_AT_ONCE).await {
            Ok(users) => {
                self.realtime.hear_accounts(&users);
                *since = now;
            }
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "changed accounts were not asked for; done again soon");
            }
        }
    }

    /// Gathers and tells changes of presence; never ends.
    async fn keep_presence(&self) {
        let mut every = interval(PRESENCE_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut gatherings = 0_u32;
        let mut uncopied = BTreeSet::new();
        loop {
            every.tick().await;
            gatherings = gatherings.wrapping_add(1);
            uncopied.extend(self.settle_presence(gatherings.is_multiple_of(LOOK_AT_ALL_EVERY)).await);
            if gatherings.is_multiple_of(COPY_EVERY) {
                self.copy_activity(&mut uncopied).await;
            }
        }
    }

    /// Copies to accounts what is known of some people's connections; the others wait for the next time.
    async fn copy_activity(&self, uncopied: &mut BTreeSet<UserId>) {
        let some: Vec<_> = uncopied.iter().copied().take(users::ACTIVITY_ROWS).collect();
        if some.is_empty() {
            return;
        }
        match users::copy_activity(&mut &self.store, &some).await {
            Ok(()) => uncopied.retain(|user| !some.contains(user)),
            Err(error) => warn!(error = &error as &dyn std::error::Error, "accounts do not show who is online yet"),
        }
    }

    /// Compares the heads of all followed streams with the database; whoever missed something is behind.
    async fn compare_heads(&self) {
        // A fault that tests plant beside `bug::lost_publish`, which is repaired here otherwise.
        fail::fail_point!("bug::lost_repair", |_| ());
        let known = self.realtime.followed_streams();
        let streams: Vec<_> = known.iter().map(|&(stream, _)| stream).collect();
        let Some(suspects) = self.newer_heads(&streams, &known.into_iter().collect()).await else { return };
        if suspects.is_empty() {
            return;
        }
        // What was committed a moment ago is on its way.
        sleep(BUS_DELAY).await;
        let now: BTreeMap<_, _> = self.realtime.followed_streams().into_iter().collect();
        for (stream, head) in suspects {
            if now.get(&stream).is_some_and(|&delivered| delivered < head) {
                self.realtime.confirm(stream, head);
            }
        }
    }

    async fn newer_heads(&self, streams: &[StreamId], known: &BTreeMap<StreamId, Rev>) -> Option<Vec<(StreamId, Rev)>> {
        match heads::load(&mut &self.store, streams).await {
            Ok(found) => {
                let newer = found.into_iter().map(|(stream, head)| (stream, head.last_rev));
                Some(newer.filter(|(stream, head)| known.get(stream).is_some_and(|known| head > known)).collect())
            }
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "heads were not compared; tried again soon");
                None
            }
        }
    }

    /// Tells the others in a channel that the actor is typing.
    pub(crate) async fn typing(
        &self,
        actor: &Actor,
        channel: ChannelId,
        parent_seq: Option<Seq>,
    ) -> Result<(), ServiceError> {
        let (_, found) = access::on_channel(&mut &self.store, actor, channel, ChannelAction::Post).await?;
        // Whoever types is there, and this person wants nobody to know.
        if user_settings::find(&mut &self.store, actor.user_id).await?.presence == ChosenPresence::Invisible {
            return Ok(());
        }
        let stream = StreamId::Channel(channel);
        let body = EventBody::Typing { user_id: actor.user_id, parent_seq };
        let event = Event { stream: Some(stream), rev: None, body };
        self.realtime.pass_on(found.team_id, stream, &event, actor.user_id);
        Ok(())
    }
}
