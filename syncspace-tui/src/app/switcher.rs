//! "Go to": every channel, person, team and action, found by a few letters.

use syncspace_protocol::users::Person;
use syncspace_protocol::{ChannelId, TeamId, UserId};

use super::action::{self, Action};
use super::line_input::LineInput;
use super::state::State;
use super::text;

/// Most entries that are listed.
const ENTRIES_MAX: usize = 50;

/// What an entry leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Channel(ChannelId),
    /// A public channel that is not joined yet.
    Join(ChannelId),
    Person(TeamId, UserId),
    Team(TeamId),
    Action(Action),
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) target: Target,
    pub(crate) label: String,
    pub(crate) about: String,
}

/// What is typed and chosen.
#[derive(Debug, Default)]
pub(crate) struct Switcher {
    pub(crate) input: LineInput,
    pub(crate) chosen: usize,
}

impl Switcher {
    pub(crate) fn with_text(text: &str) -> Self {
        Self { input: LineInput::new(text), chosen: 0 }
    }
}

/// Gives what fits the typed text, the best first. Text that starts with `>` looks for actions.
pub(crate) fn choices(state: &State, typed: &str) -> Vec<Choice> {
    let (all, wanted) = match typed.strip_prefix('>') {
        Some(rest) => (actions(state), rest.trim()),
        None => (places(state), typed.trim().trim_start_matches(['#', '@'])),
    };
    let mut ranked: Vec<(u32, usize, Choice)> = all
        .into_iter()
        .enumerate()
        .filter_map(|(order, choice)| rank(&choice.label, wanted).map(|rank| (rank, order, choice)))
        .collect();
    ranked.sort_by_key(|(rank, order, _)| (*rank, *order));
    ranked.truncate(ENTRIES_MAX);
    ranked.into_iter().map(|(_, _, choice)| choice).collect()
}

/// Ranks how well a label fits: its start, the start of a word, anywhere, letters in order. None where it does not.
fn rank(label: &str, wanted: &str) -> Option<u32> {
    let (label, wanted) = (label.to_lowercase(), wanted.to_lowercase());
    let bare = label.trim_start_matches(['#', '@', '◇']);
    if wanted.is_empty() || bare == wanted {
        return Some(0);
    }
    if bare.starts_with(&wanted) {
        return Some(1);
    }
    match label.find(&wanted) {
        Some(at) if !label[..at].ends_with(char::is_alphanumeric) => Some(2),
        Some(_) => Some(3),
        None => {
            let mut rest = label.chars();
            wanted.chars().all(|c| rest.any(|other| other == c)).then_some(4)
        }
    }
}

fn places(state: &State) -> Vec<Choice> {
    let world = &state.world;
    let mut choices = Vec::new();
    let mut open_first: Vec<TeamId> = world.teams.keys().copied().collect();
    open_first.sort_by_key(|&team| Some(team) != state.chat.team);
    for &team_id in &open_first {
        let team_name = world.teams.get(&team_id).map(|team| text::line(team.team.name.as_str())).unwrap_or_default();
        for channel in world.joined_channels(team_id) {
            let unread = world.unread(channel.channel.id);
            let mut about = team_name.clone();
            for (number, what) in [(unread.messages, "unread"), (unread.mentions, "to you")] {
                if number > 0 {
                    about.push_str(&format!(" · {number} {what}"));
                }
            }
            let label = world.channel_label(&channel.channel);
            choices.push(Choice { target: Target::Channel(channel.channel.id), label, about });
        }
        choices.extend(people(state, team_id, &team_name));
        let mut others: Vec<_> = world
            .channels
            .values()
            .filter(|channel| {
                channel.channel.team_id == team_id && !channel.is_joined() && channel.channel.archived_at.is_none()
            })
            .map(|channel| Choice {
                target: Target::Join(channel.channel.id),
                label: world.channel_label(&channel.channel),
                about: format!("{team_name} · join"),
            })
            .collect();
        others.sort_by(|a, b| a.label.cmp(&b.label));
        choices.extend(others);
    }
    if open_first.len() > 1 {
        choices.extend(open_first.iter().filter_map(|&id| {
            let name = text::line(world.teams.get(&id)?.team.name.as_str());
            Some(Choice { target: Target::Team(id), label: name, about: "team".to_owned() })
        }));
    }
    choices
}

/// Gives the people of a team with whom there is no direct channel yet.
fn people(state: &State, team_id: TeamId, team_name: &str) -> Vec<Choice> {
    let Some(team) = state.world.teams.get(&team_id) else { return Vec::new() };
    let partners: Vec<UserId> = state
        .world
        .joined_channels(team_id)
        .iter()
        .filter_map(|channel| state.world.partner(&channel.channel))
        .collect();
    let mut people: Vec<&Person> = team
        .members
        .keys()
        .filter(|id| !partners.contains(id))
        .filter_map(|id| state.world.people.get(id))
        .filter(|person| person.is_active)
        .collect();
    people.sort_by(|a, b| a.username.cmp(&b.username));
    people
        .into_iter()
        .map(|person| {
            let full_name = person.full_name.as_deref().map(text::line);
            let about =
                full_name.map_or_else(|| format!("{team_name} · person"), |name| format!("{team_name} · {name}"));
            let label = format!("@{}", text::line(person.username.as_str()));
            Choice { target: Target::Person(team_id, person.id), label, about }
        })
        .collect()
}

fn actions(state: &State) -> Vec<Choice> {
    action::ACTIONS
        .iter()
        .filter(|info| info.is_in_palette() && (info.when)(state))
        .map(|info| Choice {
            target: Target::Action(info.action),
            label: info.help.to_owned(),
            about: if info.keys.is_empty() { info.name.to_owned() } else { info.keys_label() },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn better_fits_come_first() {
        let ranks = ["#general", "#general-talk", "#off-general", "#degenerally", "#g-e-n-e-r-a-l", "#random"]
            .map(|label| rank(label, "General"));
        assert_eq!(ranks, [Some(0), Some(1), Some(2), Some(3), Some(4), None]);
    }
}
