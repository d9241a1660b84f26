//! Where the person has been, to go back and forward as in a browser. Pure.

use serde::{Deserialize, Serialize};
use syncspace_protocol::{ChannelId, Seq};

/// Stops that are remembered.
const STOPS_MAX: usize = 100;

/// How a channel is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct View {
    pub(crate) channel_id: ChannelId,
    /// The message at the top of the screen, and how many of its rows stand there; none at the newest message. Counted from
    /// its end: what stands above a message changes with what is loaded before it.
    pub(crate) top: Option<(Seq, usize)>,
    pub(crate) selected: Option<Seq>,
}

/// Views one after the other, and which of them is the present one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trail {
    stops: Vec<View>,
    at: usize,
}

impl View {
    /// Gives the newest messages of a channel.
    pub(crate) const fn newest(channel_id: ChannelId) -> Self {
        Self { channel_id, top: None, selected: None }
    }
}

impl Trail {
    /// Notes how the present stop is left.
    pub(crate) fn leave(&mut self, view: View) {
        if let Some(stop) = self.stops.get_mut(self.at)
            && stop.channel_id == view.channel_id
        {
            *stop = view;
        }
    }

    /// Goes on to another place; what was gone back from is forgotten.
    pub(crate) fn visit(&mut self, view: View) {
        if self.stops.get(self.at) == Some(&view) {
            return;
        }
        self.stops.truncate(self.at + 1);
        self.stops.push(view);
        let over = self.stops.len().saturating_sub(STOPS_MAX);
        self.stops.drain(..over);
        self.at = self.stops.len() - 1;
    }

    /// Goes on to a channel, unless that is where one is.
    pub(crate) fn visit_channel(&mut self, channel_id: ChannelId) {
        if self.stops.get(self.at).is_none_or(|stop| stop.channel_id != channel_id) {
            self.visit(View::newest(channel_id));
        }
    }

    /// Goes a step back, or forward, to a place that is still there.
    pub(crate) fn step(&mut self, is_forward: bool, is_there: impl Fn(ChannelId) -> bool) -> Option<View> {
        let mut at = self.at;
        loop {
            at = if is_forward { at + 1 } else { at.checked_sub(1)? };
            let view = *self.stops.get(at)?;
            if is_there(view.channel_id) {
                self.at = at;
                return Some(view);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::play::id;

    fn trail(channels: &[u64]) -> Trail {
        let mut trail = Trail::default();
        channels.iter().for_each(|&channel| trail.visit_channel(id(channel)));
        trail
    }

    fn step(trail: &mut Trail, is_forward: bool) -> Option<u64> {
        trail.step(is_forward, |channel| channel != id(9)).map(|view| view.channel_id.get())
    }

    #[test]
    fn back_and_forward_pass_by_what_is_gone() {
        let mut trail = trail(&[1, 2, 9, 3, 3]);
        assert_eq!([step(&mut trail, false), step(&mut trail, false)], [Some(2), Some(1)]);
        assert_eq!(step(&mut trail, false), None);
        assert_eq!([step(&mut trail, true), step(&mut trail, true), step(&mut trail, true)], [Some(2), Some(3), None]);
    }

    #[test]
    fn going_elsewhere_forgets_what_was_gone_back_from() {
        let mut trail = trail(&[1, 2, 3]);
        step(&mut trail, false);
        trail.visit_channel(id(4));
        assert_eq!(step(&mut trail, true), None);
        assert_eq!([step(&mut trail, false), step(&mut trail, false)], [Some(2), Some(1)]);
    }

    #[test]
    fn a_stop_is_found_again_as_it_was_left() {
        let mut trail = trail(&[1]);
        let view = View { channel_id: id(1), top: Some((id(7), 2)), selected: Some(id(8)) };
        trail.leave(view);
        trail.visit_channel(id(2));
        assert_eq!(trail.step(false, |_| true), Some(view));
    }

    #[test]
    fn the_oldest_stops_are_forgotten() {
        let channels: Vec<u64> = (1..=150).collect();
        let mut trail = trail(&channels);
        let mut count = 0;
        while trail.step(false, |_| true).is_some() {
            count += 1;
        }
        assert_eq!(count, STOPS_MAX - 1);
    }
}
