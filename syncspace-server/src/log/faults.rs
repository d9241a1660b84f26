//! Faults that tests plant in what was committed; no part of a release. The checker of histories must find each of them.

use syncspace_protocol::socket::Event;

use super::{Committed, event_frame};

/// Exchanges the contents of two neighbouring changes of a stream, if a test wants it.
pub(super) fn with_swapped_revs(mut events: Vec<Committed>) -> Vec<Committed> {
    let pair = (1..events.len()).find(|&place| events[place - 1].route.stream == events[place].route.stream);
    if let Some(place) = pair
        && fail::eval("bug::swapped_revs", |_| ()).is_some()
        && let [one, other] = &mut events[place - 1..=place]
    {
        swap(one, other);
    }
    events
}

fn swap(one: &mut Committed, other: &mut Committed) {
    let read = |event: &Committed| serde_json::from_str::<Event>(event.frame.as_str());
    if let (Ok(mut first), Ok(mut second)) = (read(one), read(other)) {
        std::mem::swap(&mut first.body, &mut second.body);
        if let (Ok(first), Ok(second)) = (event_frame(&first), event_frame(&second)) {
            (one.frame, other.frame) = (first, second);
        }
    }
}
