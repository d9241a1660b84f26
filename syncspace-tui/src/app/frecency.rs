//! How often and how lately channels were opened, as one number each: it halves with time, and every visit adds one.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use syncspace_protocol::{ChannelId, Time};

/// In this time a visit counts half as much, in milliseconds: yesterday still matters, last month does not.
const HALF_LIFE_MS: f64 = 3.0 * 24.0 * 3_600_000.0;
/// Channels that are remembered; those that count least are forgotten.
const CHANNELS_MAX: usize = 1_000;

/// Visits to channels.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(ChannelId, Visits)>", into = "Vec<(ChannelId, Visits)>")]
pub(crate) struct Frecency {
    visits: HashMap<ChannelId, Visits>,
    /// Counts what changed, so that it is seen cheaply.
    changes: u64,
}

/// What the visits to a channel counted at the last one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Visits {
    weight: f64,
    last: Time,
}

impl Visits {
    fn weight_at(self, now: Time) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a lifetime are far below 2^52")]
        let ms = now.unix_ms().saturating_sub(self.last.unix_ms()).max(0) as f64;
        self.weight * (-ms / HALF_LIFE_MS).exp2()
    }
}

impl From<Vec<(ChannelId, Visits)>> for Frecency {
    fn from(visits: Vec<(ChannelId, Visits)>) -> Self {
        // A file that somebody changed is no reason to compare with what is no number.
        let visits = visits.into_iter().filter(|(_, visits)| visits.weight.is_finite()).take(CHANNELS_MAX);
        Self { visits: visits.collect(), changes: 0 }
    }
}

impl From<Frecency> for Vec<(ChannelId, Visits)> {
    fn from(frecency: Frecency) -> Self {
        frecency.visits.into_iter().collect()
    }
}

impl Frecency {
    /// Gives a number that is another one after every visit.
    pub(crate) const fn changes(&self) -> u64 {
        self.changes
    }

    /// Counts a visit.
    pub(crate) fn visit(&mut self, channel: ChannelId, now: Time) {
        self.changes += 1;
        let weight = self.visits.get(&channel).map_or(0.0, |visits| visits.weight_at(now)) + 1.0;
        self.visits.insert(channel, Visits { weight, last: now });
        if self.visits.len() > CHANNELS_MAX {
            let weight = |id: &ChannelId| self.visits.get(id).map_or(0.0, |visits| visits.weight_at(now));
            let least = self.visits.keys().min_by(|a, b| weight(a).total_cmp(&weight(b))).copied();
            least.and_then(|id| self.visits.remove(&id));
        }
    }

    /// Gives what the visits to a channel count now, in hundredths of a visit; 0 where there was none.
    pub(crate) fn score(&self, channel: ChannelId, now: Time) -> u32 {
        let weight = self.visits.get(&channel).map_or(0.0, |visits| visits.weight_at(now));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the bound")]
        let score = (weight * 100.0).clamp(0.0, 1_000_000.0) as u32;
        score
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn channel(id: u64) -> ChannelId {
        id.try_into().expect("an id")
    }

    fn at(hours: i64) -> Time {
        Time::from_unix_ms(hours * HOUR_MS).expect("a time")
    }

    #[test]
    fn many_visits_long_ago_count_less_than_a_few_today() {
        let mut visits = Frecency::default();
        for _ in 0..20 {
            visits.visit(channel(1), at(0));
        }
        for hour in 0..3 {
            visits.visit(channel(2), at(30 * 24 + hour));
        }
        let now = at(30 * 24 + 3);
        assert!(visits.score(channel(2), now) > visits.score(channel(1), now));
        assert!(visits.score(channel(1), at(1)) > 1_900);
        assert_eq!(visits.score(channel(3), now), 0);
    }

    #[test]
    fn what_counts_least_is_forgotten() {
        let mut visits = Frecency::default();
        let most = u64::try_from(CHANNELS_MAX).expect("a number");
        for id in 1..=most + 5 {
            visits.visit(channel(id), at(i64::try_from(id).expect("a number")));
        }
        assert_eq!(visits.visits.len(), CHANNELS_MAX);
        assert_eq!(visits.score(channel(most + 5), at(1_005)), 100);
        assert!((1..=5).all(|id| !visits.visits.contains_key(&channel(id))), "the oldest ones");
    }
}
