//! Which messages outgoing hooks are to be told of, as a follower of the log: written down with the move of its mark, sent
//! by a job. A send knows nothing of it.

use std::collections::BTreeSet;

use syncspace_protocol::hooks::Hook;
use syncspace_protocol::messages::{Message, MessageType};
use syncspace_protocol::names::fold_key;
use syncspace_protocol::{ChannelId, TeamId};

use super::behind::{Follower, Part};
use super::{Service, ServiceError};
use crate::store::deliveries::{self, NewDelivery};
use crate::store::hooks::{self, HookRow};
use crate::store::marks::{self, Behind, Mark};
use crate::store::{StoreError, bots, channel_members};

/// Most messages that wait for one hook; what comes then is given up at once. A target that never answers takes some 14 hours
/// to have them all tried once.
const DELIVERIES_WAITING_MAX: u32 = 10_000;

/// What is said of a delivery that was given up at once.
const TOO_MANY_WAIT: &str = "too many messages wait for this hook already";

impl Service {
    /// Notes what of some changes outgoing hooks are to be told; gives the channels that have more.
    pub(super) async fn find_hook_work(&self, behind: Vec<Behind>) -> Result<Vec<ChannelId>, ServiceError> {
        let mut teams: Vec<TeamId> = behind.iter().map(|behind| behind.team).collect();
        teams.sort_unstable();
        teams.dedup();
        let hooks = hooks::list_listening(&mut &self.store, &teams).await?;
        if hooks.is_empty() {
            return self.pass_by(&behind).await;
        }
        let parts = self.read_parts(behind).await?;
        let mut unfinished = Vec::new();
        for part in &parts {
            let new = self.deliveries_of(part, &hooks).await?;
            if !self.write_deliveries(part, &new).await? || !part.is_all() {
                unfinished.push(part.behind.channel);
            }
        }
        Ok(unfinished)
    }

    /// Moves marks over changes that nobody is told of; gives the channels that another instance was in.
    async fn pass_by(&self, behind: &[Behind]) -> Result<Vec<ChannelId>, ServiceError> {
        let mut tx = self.store.begin().await?;
        for behind in behind {
            let all = Mark { rev: behind.last_rev, seq: behind.last_seq, level_rev: behind.last_rev };
            if !marks::advance(&mut tx, Follower::Hooks.mark(), behind, all).await? {
                tx.rollback().await;
                return Ok(vec![behind.channel]);
            }
        }
        tx.commit().await?;
        Ok(Vec::new())
    }

    async fn deliveries_of(&self, part: &Part, hooks: &[HookRow]) -> Result<Vec<NewDelivery>, StoreError> {
        let Behind { channel, team, .. } = part.behind;
        let from = part.behind.from().seq;
        let is_said = |message: &&Message| {
            message.seq > from && message.deleted_at.is_none() && message.message_type != MessageType::System
        };
        let new: Vec<&Message> = part.changed.iter().filter(is_said).collect();
        let mut pairs = Vec::new();
        for hook in hooks.iter().map(|row| &row.hook).filter(|hook| hears(hook, team, channel)) {
            let told = new.iter().filter(|message| is_triggered(hook, message));
            let told: Vec<_> = told.map(|message| (hook.id, *message)).collect();
            // Whether the bot may read the channel is asked last, and only where there is something to tell.
            if !told.is_empty() && channel_members::find(&mut &self.store, channel, hook.bot_id).await?.is_some() {
                pairs.extend(told);
            }
        }
        let senders: BTreeSet<_> = pairs.iter().map(|(_, message)| message.sender_id).collect();
        let mut of_bots = BTreeSet::new();
        for sender in senders {
            // What programs say triggers no program: two of them would never stop.
            if bots::find_team(&mut &self.store, sender).await?.is_some() {
                of_bots.insert(sender);
            }
        }
        pairs.retain(|(_, message)| !of_bots.contains(&message.sender_id));
        let ids = if pairs.is_empty() { Vec::new() } else { self.ids.next_many(pairs.len()).await? };
        let rows = ids.into_iter().zip(pairs);
        Ok(rows.map(|(id, (hook, message))| NewDelivery { id, hook, team, channel, seq: message.seq }).collect())
    }

    /// Writes what came up together with the mark; false where another instance was in the channel.
    async fn write_deliveries(&self, part: &Part, new: &[NewDelivery]) -> Result<bool, ServiceError> {
        let mut tx = self.store.begin().await?;
        if !marks::advance(&mut tx, Follower::Hooks.mark(), &part.behind, part.done).await? {
            tx.rollback().await;
            return Ok(false);
        }
        let now = self.clock.now();
        for of_hook in new.chunk_by(|one, other| one.hook == other.hook) {
            let waiting = deliveries::count_waiting(&mut tx, of_hook[0].hook, DELIVERIES_WAITING_MAX).await?;
            let room = usize::try_from(DELIVERIES_WAITING_MAX.saturating_sub(waiting)).unwrap_or(usize::MAX);
            let (wait, refused) = of_hook.split_at(room.min(of_hook.len()));
            deliveries::insert_all(&mut tx, wait, now).await?;
            deliveries::insert_failed(&mut tx, refused, TOO_MANY_WAIT, now).await?;
        }
        tx.commit().await?;
        if !new.is_empty() {
            self.delivery_bell.notify_one();
        }
        Ok(true)
    }
}

fn hears(hook: &Hook, team: TeamId, channel: ChannelId) -> bool {
    hook.team_id == team && hook.channel_id.is_none_or(|only| only == channel)
}

/// Tells whether a hook is told of a message; of none from before it was there.
fn is_triggered(hook: &Hook, message: &Message) -> bool {
    message.created_at >= hook.created_at
        && (hook.trigger_words.is_empty() || trigger_word(hook, &message.content).is_some())
}

/// Gives the trigger word with which a text begins.
pub(super) fn trigger_word<'a>(hook: &'a Hook, text: &str) -> Option<&'a String> {
    let first = fold_key(text.split_whitespace().next()?);
    hook.trigger_words.iter().find(|word| fold_key(word) == first)
}
