//! The channels of one connection: 8 bytes for each. Pure.

use syncspace_protocol::{ChannelId, TeamId};

/// Channels by team. Most people are in one or a few teams.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Channels {
    teams: Box<[TeamChannels]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct TeamChannels {
    team: TeamId,
    /// Sorted.
    channels: Vec<ChannelId>,
}

impl Channels {
    pub(super) fn new(channels: &[(ChannelId, TeamId)]) -> Self {
        let mut sorted: Vec<_> = channels.iter().map(|&(channel, team)| (team, channel)).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let teams = sorted.chunk_by(|one, other| one.0 == other.0).filter_map(|part| {
            let &(team, _) = part.first()?;
            Some(TeamChannels { team, channels: part.iter().map(|&(_, channel)| channel).collect() })
        });
        Self { teams: teams.collect() }
    }

    pub(super) fn contains(&self, channel: ChannelId) -> bool {
        self.teams.iter().any(|of| of.channels.binary_search(&channel).is_ok())
    }

    /// Adds a channel; false where it is there already.
    pub(super) fn insert(&mut self, (channel, team): (ChannelId, TeamId)) -> bool {
        if self.contains(channel) {
            return false;
        }
        match self.teams.iter_mut().find(|of| of.team == team) {
            Some(of) => {
                if let Err(place) = of.channels.binary_search(&channel) {
                    of.channels.insert(place, channel);
                }
            }
            None => {
                let mut teams = std::mem::take(&mut self.teams).into_vec();
                teams.push(TeamChannels { team, channels: vec![channel] });
                self.teams = teams.into();
            }
        }
        true
    }

    /// Takes a channel out; false where it was not there.
    pub(super) fn remove(&mut self, channel: ChannelId) -> bool {
        self.teams.iter_mut().any(|of| match of.channels.binary_search(&channel) {
            Ok(place) => {
                of.channels.remove(place);
                true
            }
            Err(_) => false,
        })
    }

    /// Gives every channel with its team.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ChannelId, TeamId)> {
        self.teams.iter().flat_map(|of| of.channels.iter().map(|&channel| (channel, of.team)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(channel: u64, team: u64) -> (ChannelId, TeamId) {
        (channel.try_into().unwrap(), team.try_into().unwrap())
    }

    #[test]
    fn channels_come_and_go_by_team() {
        let mut channels = Channels::new(&[pair(5, 2), pair(3, 1), pair(4, 2)]);
        assert!(channels.insert(pair(9, 3)) && !channels.insert(pair(4, 2)));
        assert!(channels.contains(pair(5, 2).0) && !channels.contains(pair(6, 2).0));
        assert!(channels.remove(pair(5, 2).0) && !channels.remove(pair(5, 2).0));
        assert_eq!(channels.iter().collect::<Vec<_>>(), [pair(3, 1), pair(4, 2), pair(9, 3)]);
    }
}
