//! A search in all teams: each is asked for itself, and what they find becomes one list.

use syncspace_protocol::TeamId;
use syncspace_protocol::search::{SearchHit, SearchPage, SearchSort};

use crate::app::message::{Answer, Failure};
use crate::app::pages::search::TeamPart;
use crate::app::state::State;
use crate::app::text;
use crate::app::update::forms;

/// Begins with every team asked.
pub(super) fn parts(teams: &[TeamId]) -> Vec<TeamPart> {
    let part = |&team_id: &TeamId| TeamPart { team_id: Some(team_id), is_asked: true, ..TeamPart::default() };
    teams.iter().map(part).collect()
}

/// Gives the teams that are to be asked for more: those of which nothing is left that could come next.
pub(super) fn read_on(parts: &mut [TeamPart]) -> Vec<(TeamId, Option<String>)> {
    let dry = parts.iter_mut().filter(|part| part.held.is_empty() && part.next.is_some());
    let ask = |part: &mut TeamPart| {
        part.is_asked = true;
        Some((part.team_id?, part.next.clone()))
    };
    dry.filter_map(ask).collect()
}

/// Takes what a team found; tells whether it was the last one that was awaited.
pub(super) fn answered(parts: &mut [TeamPart], team_id: TeamId, answer: Answer<SearchPage>) -> bool {
    if let Some(part) = parts.iter_mut().find(|part| part.team_id == Some(team_id) && part.is_asked) {
        (part.is_asked, part.next, part.failure) = (false, None, None);
        match answer {
            Ok(page) => {
                part.next = page.next;
                part.held.extend(page.items);
            }
            Err(failure) => part.failure = Some(failure),
        }
    }
    parts.iter().all(|part| !part.is_asked)
}

/// Takes what can be listed by now, in order: nothing that another team may still have something before.
///
/// Where no team answered, why one did not: that is the answer.
pub(super) fn take(parts: &mut [TeamPart], order: SearchSort) -> (Vec<SearchHit>, Option<Failure>) {
    let mut hits = Vec::new();
    while !parts.iter().any(|part| part.held.is_empty() && part.next.is_some()) {
        let with_hits = parts.iter_mut().filter(|part| !part.held.is_empty());
        let first = match order {
            SearchSort::Time => {
                with_hits.max_by_key(|part| part.held.front().map(|hit| (hit.message.created_at, hit.message.id)))
            }
            // How good hits are is known only within each team: the teams take turns.
            SearchSort::Relevance => with_hits.min_by_key(|part| part.listed),
        };
        let Some(part) = first else { break };
        part.listed += 1;
        hits.extend(part.held.pop_front());
    }
    let failed = parts.iter().all(|part| part.failure.is_some());
    let failure = parts.iter().find_map(|part| part.failure.clone()).filter(|_| failed);
    (hits, failure)
}

/// Says which team could not be searched. One that does not know a name of the query has found nothing: that is no fault.
pub(super) fn problem(state: &State) -> Option<String> {
    state.chat.pages.search.parts.iter().find_map(|part| {
        let failure = part.failure.as_ref().filter(|failure| failure.field.as_deref() != Some("q"))?;
        let team = state.world.teams.get(&part.team_id?)?;
        let name = text::line(team.team.name.as_str());
        Some(format!("{name} is missing: {}", forms::sentence(&failure.message)))
    })
}
