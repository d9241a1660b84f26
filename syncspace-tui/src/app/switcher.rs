//! "Go to": every channel, person, team and action, found by a few letters.
//!
//! At every key thousands of candidates are compared. They are gathered once, and again after news; only of the best ones
//! the entries that are shown are made.

use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};
use std::collections::HashSet;
use std::sync::Arc;

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use syncspace_protocol::users::Person;
use syncspace_protocol::{ChannelId, MessageId, Seq, TeamId, UserId};

use super::accounts::AccountNo;
use super::action::{self, Action};
use super::line_input::LineInput;
use super::others::Mark;
use super::pages::rows::thread_unread;
use super::state::{Modal, State};
use super::text;
use super::world::ChannelState;

/// Most entries that are listed.
const ENTRIES_MAX: usize = 50;
/// What a whole name is worth above any other fit.
const WHOLE_NAME: u32 = 10_000;
/// What it is worth to hold something unread that calls the person. Each letter that fits is worth 16.
const CALLING: u32 = 12;
/// What visits are worth at most.
const VISITS_MAX: u32 = 24;
/// What an entry that is no place, or that is found by what somebody wrote, is worth less.
const ASIDE: u32 = 30;
/// Columns of what a thread is about.
const ABOUT_COLUMNS: usize = 60;
/// Signs before a name, which nobody types.
const SIGNS: [char; 5] = ['#', '@', '◇', '↳', ' '];

/// What an entry leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Channel(ChannelId),
    /// A public channel that is not joined yet.
    Join(ChannelId),
    Person(TeamId, UserId),
    /// The thread of a message: its channel, place and id.
    Thread(ChannelId, Seq, MessageId),
    Team(TeamId),
    Account(AccountNo),
    Action(Action),
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) target: Target,
    /// The account in which it is, if another one than this.
    pub(crate) account: Option<AccountNo>,
    pub(crate) label: String,
    pub(crate) about: String,
    /// Letters of the label that fit what is typed, by their place, in order.
    pub(crate) hits: Vec<u32>,
    favour: Favour,
    /// The team that it is in; none for what is in no team.
    team: Option<Arc<str>>,
}

/// What speaks for an entry beside its name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Favour {
    /// Whether something unread in it calls the person.
    is_calling: bool,
    /// Whether it is the open channel: whoever asks where to go wants to go elsewhere.
    is_open: bool,
    /// How much it was visited, in hundredths of a visit now.
    visits: u32,
}

/// What may be listed.
#[derive(Debug)]
struct Candidate<'a> {
    /// Without a sign.
    name: Cow<'a, str>,
    favour: Favour,
    /// The team that may be typed before the name; none for what is in no team.
    team: Option<Arc<str>>,
    /// Decides among those that are as good; within a team the name does after that.
    place: Place,
    what: What<'a>,
}

#[derive(Debug)]
enum What<'a> {
    Channel(ChannelId),
    Person(TeamId, UserId),
    Made(Cow<'a, Choice>),
}

/// Where a candidate stands among others that are as good: teams in their order, then everything else as it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Team { at: usize, kind: Kind, nth: usize },
    Made,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Joined,
    Person,
    Join,
}

impl Choice {
    fn new(target: Target, label: String, about: String) -> Self {
        Self { target, account: None, label, about, hits: Vec::new(), favour: Favour::default(), team: None }
    }
}

impl Favour {
    /// Gives what it is worth in a search.
    fn worth(self) -> u32 {
        let calling = if self.is_calling { CALLING } else { 0 };
        calling + (self.visits / 50).min(VISITS_MAX)
    }
}

impl<'a> Candidate<'a> {
    fn made(choice: Cow<'a, Choice>) -> Self {
        let name = match &choice {
            Cow::Borrowed(choice) => Cow::Borrowed(choice.label.trim_start_matches(SIGNS)),
            Cow::Owned(choice) => Cow::Owned(choice.label.trim_start_matches(SIGNS).to_owned()),
        };
        Self { name, favour: choice.favour, team: choice.team.clone(), place: Place::Made, what: What::Made(choice) }
    }

    fn is_elsewhere(&self) -> bool {
        matches!(&self.what, What::Made(choice) if choice.account.is_some())
    }

    /// Tells whether it is no place, or is found by what somebody wrote.
    fn is_aside(&self) -> bool {
        matches!(&self.what, What::Made(choice) if matches!(choice.target, Target::Action(_) | Target::Thread(..)))
    }

    fn cmp_place(&self, other: &Self) -> Ordering {
        let is_made = self.place == Place::Made;
        self.place.cmp(&other.place).then_with(|| if is_made { Ordering::Equal } else { self.name.cmp(&other.name) })
    }

    /// Gives the entry for it; none where it is gone.
    fn choice(&self, state: &State) -> Option<Choice> {
        let choice = match &self.what {
            What::Channel(id) => of_channel(state, state.world.channels.get(id)?),
            What::Person(team_id, id) => of_person(state, *team_id, state.world.people.get(id)?),
            What::Made(choice) => choice.clone().into_owned(),
        };
        Some(Choice { favour: self.favour, team: self.team.clone(), ..choice })
    }

    fn choice_with_hits(&self, state: &State, hits: &[u32]) -> Option<Choice> {
        let choice = self.choice(state)?;
        let signs = choice.label.chars().count().saturating_sub(self.name.chars().count());
        let signs = u32::try_from(signs).unwrap_or(0);
        Some(Choice { hits: hits.iter().map(|hit| hit + signs).collect(), ..choice })
    }
}

/// What is typed and chosen, and from what.
#[derive(Debug, Default)]
pub(crate) struct Switcher {
    pub(crate) input: LineInput,
    pub(crate) chosen: usize,
    /// The channels and people; none until they are gathered. They are the same at every key.
    places: Option<Vec<Candidate<'static>>>,
}

impl Switcher {
    pub(crate) fn with_text(text: &str) -> Self {
        Self { input: LineInput::new(text), ..Self::default() }
    }
}

/// Gathers what the open switcher chooses from, where that is not done, or has to be done again after news.
pub(crate) fn gather(state: &mut State, has_news: bool) {
    let is_wanted = |switcher: &Switcher| has_news || switcher.places.is_none();
    if matches!(&state.modal, Some(Modal::Switcher(switcher)) if is_wanted(switcher)) {
        let gathered = places(state);
        if let Some(Modal::Switcher(switcher)) = &mut state.modal {
            switcher.places = Some(gathered);
        }
    }
}

/// Gives what fits the typed text, the best first. Text that starts with `>` looks for actions, with `~` for accounts;
/// before a name may stand that of its team, as in `eng/general` and `eng gen`.
pub(crate) fn choices(state: &State, switcher: &Switcher) -> Vec<Choice> {
    let typed = switcher.input.text();
    let (places, made, wanted) = match (typed.strip_prefix('>'), typed.strip_prefix('~')) {
        (Some(rest), _) => (None, made(actions(state)), rest.trim()),
        (_, Some(rest)) => (None, made(accounts(state).chain(of_accounts())), rest.trim()),
        _ => {
            let wanted = typed.trim().trim_start_matches(['#', '@']);
            let elsewhere = state.others.places.iter().map(|choice| Candidate::made(Cow::Borrowed(choice)));
            let mut more: Vec<_> = elsewhere.chain(made(accounts(state).chain(threads(state)))).collect();
            // Without a word they would only push the places down.
            if !wanted.is_empty() {
                more.extend(made(actions(state)));
            }
            (switcher.places.as_ref(), more, wanted)
        }
    };
    let all = places.into_iter().flatten().chain(&made);
    if wanted.is_empty() {
        return unsearched(all).into_iter().filter_map(|one| one.choice(state)).collect();
    }
    let found = search(all, wanted).into_iter();
    found.filter_map(|(one, hits)| one.choice_with_hits(state, &hits)).collect()
}

/// Gives the first of everything: what calls the person in any account, then what was visited in this one, then the other
/// accounts, last what is open.
fn unsearched<'a>(all: impl Iterator<Item = &'a Candidate<'a>>) -> Vec<&'a Candidate<'a>> {
    let key = |one: &Candidate<'_>| {
        let Favour { is_open, is_calling, visits } = one.favour;
        (is_open, !is_calling, one.is_elsewhere(), Reverse(visits))
    };
    best(all.map(|one| (key(one), one)))
}

/// What is looked for: letters of a name, and where the text can be read so, letters of a team and then of a name.
struct Wanted {
    name: Letters,
    in_team: Option<(Letters, Letters)>,
}

/// Letters that are looked for in their order.
struct Letters {
    pattern: Pattern,
    /// All of them, to tell a whole name.
    lower: String,
}

impl Letters {
    fn new(text: &str) -> Self {
        let pattern = Pattern::new(text, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
        Self { pattern, lower: text.to_lowercase() }
    }

    fn score(&self, name: &str, (matcher, letters): &mut (Matcher, Vec<char>)) -> Option<u32> {
        let fit = self.pattern.score(Utf32Str::new(name, letters), matcher)?;
        let is_whole = name.chars().flat_map(char::to_lowercase).eq(self.lower.chars());
        Some(fit + if is_whole { WHOLE_NAME } else { 0 })
    }
}

impl Wanted {
    fn new(text: &str) -> Self {
        let parted = text.split_once(|c: char| c == '/' || c.is_whitespace());
        let parted = parted.filter(|(team, _)| !team.is_empty());
        let in_team =
            parted.map(|(team, name)| (Letters::new(team), Letters::new(name.trim().trim_start_matches(SIGNS))));
        Self { name: Letters::new(text), in_team }
    }

    /// Gives how well a candidate fits, and the letters of its name that do.
    fn score(&self, one: &Candidate<'_>, with: &mut (Matcher, Vec<char>)) -> Option<(u32, &Letters)> {
        if let Some(score) = self.name.score(&one.name, with) {
            return Some((score, &self.name));
        }
        let (team, name) = self.in_team.as_ref()?;
        let score = team.score(one.team.as_deref()?, with)?;
        // A name that has it all is nearer.
        Some(((score + name.score(&one.name, with)?).saturating_sub(ASIDE), name))
    }
}

/// Gives the best of what has the typed letters in their order, with the places of these in the name.
fn search<'a>(all: impl Iterator<Item = &'a Candidate<'a>>, wanted: &str) -> Vec<(&'a Candidate<'a>, Vec<u32>)> {
    let wanted = Wanted::new(wanted);
    let mut config = Config::DEFAULT;
    config.prefer_prefix = true;
    let mut with = (Matcher::new(config), Vec::new());
    let fitting = best(all.filter_map(|one| {
        let (fit, _) = wanted.score(one, &mut with)?;
        let aside = if one.is_aside() { ASIDE } else { 0 };
        // Of two that fit as well the shorter name is the one that is meant.
        Some(((Reverse((fit + one.favour.worth()).saturating_sub(aside)), one.name.len()), one))
    }));
    let with_hits = fitting.into_iter().map(|one| {
        let mut hits = Vec::new();
        if let Some((_, found)) = wanted.score(one, &mut with) {
            let (matcher, letters) = &mut with;
            found.pattern.indices(Utf32Str::new(&one.name, letters), matcher, &mut hits);
        }
        hits.sort_unstable();
        hits.dedup();
        (one, hits)
    });
    with_hits.collect()
}

/// Gives as many of the best as are listed; only these are sorted.
fn best<'a, K: Ord>(all: impl Iterator<Item = (K, &'a Candidate<'a>)>) -> Vec<&'a Candidate<'a>> {
    let mut all: Vec<(K, usize, &Candidate<'_>)> = all.enumerate().map(|(at, (key, one))| (key, at, one)).collect();
    let order = |a: &(K, usize, &Candidate<'_>), b: &(K, usize, &Candidate<'_>)| {
        a.0.cmp(&b.0).then_with(|| a.2.cmp_place(b.2)).then(a.1.cmp(&b.1))
    };
    if all.len() > ENTRIES_MAX {
        all.select_nth_unstable_by(ENTRIES_MAX, order);
        all.truncate(ENTRIES_MAX);
    }
    all.sort_unstable_by(order);
    all.into_iter().map(|(_, _, one)| one).collect()
}

fn made<'a>(choices: impl Iterator<Item = Choice>) -> Vec<Candidate<'a>> {
    choices.map(|choice| Candidate::made(Cow::Owned(choice))).collect()
}

/// Gives what another account has, marked with its number.
pub(crate) fn places_of(no: AccountNo, number: usize, state: &State) -> Vec<Choice> {
    if !state.is_chat() {
        return Vec::new();
    }
    let marked = |choice: Choice| {
        let about = format!("[{number}] {}", choice.about);
        Choice { account: Some(no), about, favour: Favour { is_open: false, ..choice.favour }, ..choice }
    };
    let mut all = places(state);
    all.sort_by(Candidate::cmp_place);
    all.into_iter().filter_map(|one| Some(marked(one.choice(state)?))).collect()
}

/// Gives the accounts, this one last.
fn accounts(state: &State) -> impl Iterator<Item = Choice> + '_ {
    let choice = |number: usize, mark: &Mark| {
        let words = Some(mark.words()).filter(|words| !words.is_empty());
        let about = words.map_or_else(|| format!("account {number}"), |words| format!("account {number} · {words}"));
        Choice::new(Target::Account(mark.no), mark.label(), about)
    };
    let mine = state.others.mine().map(|mark| {
        let favour = Favour { is_open: true, ..Favour::default() };
        Choice { favour, ..choice(state.others.me + 1, mark) }
    });
    state.others.beside().map(move |(number, mark)| choice(number, mark)).chain(mine)
}

/// Gives what can be done with accounts.
fn of_accounts() -> impl Iterator<Item = Choice> {
    [Action::AddAccount, Action::LogOut].into_iter().filter_map(|action| {
        let info = action::ACTIONS.iter().find(|info| info.action == action)?;
        Some(Choice::new(Target::Action(action), info.help.to_owned(), info.name.to_owned()))
    })
}

/// Gives every channel that is open to the person, and everybody in the teams; the open team first.
fn places(state: &State) -> Vec<Candidate<'static>> {
    let world = &state.world;
    let mut teams: Vec<TeamId> = world.teams.keys().copied().collect();
    teams.sort_by_key(|&team| Some(team) != state.chat.team);
    let names: Vec<Arc<str>> = teams.iter().map(|&id| Arc::from(team_name(state, id))).collect();
    let mut all = Vec::new();
    for (at, &team_id) in teams.iter().enumerate() {
        let (joined, team) = (world.joined_channels(team_id), &names[at]);
        all.extend(people(state, (team_id, team), &joined, at));
        let joined = joined.into_iter().enumerate();
        let place = |nth| Place::Team { at, kind: Kind::Joined, nth };
        all.extend(joined.map(|(nth, channel)| candidate(state, channel, (place(nth), team))));
    }
    let others = world.channels.values().filter(|one| !one.is_joined() && one.channel.archived_at.is_none());
    all.extend(others.filter_map(|channel| {
        let at = teams.iter().position(|id| *id == channel.channel.team_id)?;
        Some(candidate(state, channel, (Place::Team { at, kind: Kind::Join, nth: 0 }, &names[at])))
    }));
    if teams.len() > 1 {
        all.extend(made(teams.iter().filter_map(|&id| {
            let name = text::line(world.teams.get(&id)?.team.name.as_str());
            Some(Choice::new(Target::Team(id), name, "team".to_owned()))
        })));
    }
    all
}

fn candidate(state: &State, channel: &ChannelState, (place, team): (Place, &Arc<str>)) -> Candidate<'static> {
    let name = Cow::Owned(state.world.channel_name(&channel.channel).into_owned());
    let id = channel.channel.id;
    let mut favour = Favour::default();
    if channel.is_joined() {
        let unread = state.world.unread(id);
        favour = Favour {
            is_calling: unread.mentions > 0 || (channel.is_direct() && unread.messages > 0),
            is_open: state.chat.open == Some(id),
            visits: state.chat.visits.score(id, state.now),
        };
    }
    Candidate { name, favour, team: Some(Arc::clone(team)), place, what: What::Channel(id) }
}

fn of_channel(state: &State, channel: &ChannelState) -> Choice {
    let id = channel.channel.id;
    let (label, mut about) = (state.world.channel_label(&channel.channel), team_name(state, channel.channel.team_id));
    if !channel.is_joined() {
        return Choice::new(Target::Join(id), label, format!("{about} · join"));
    }
    let unread = state.world.unread(id);
    for (number, what) in [(unread.messages, "unread"), (unread.mentions, "to you")] {
        if number > 0 {
            about.push_str(&format!(" · {number} {what}"));
        }
    }
    Choice::new(Target::Channel(id), label, about)
}

/// Gives the people of a team with whom there is no direct channel yet.
fn people(
    state: &State,
    (team_id, team): (TeamId, &Arc<str>),
    joined: &[&ChannelState],
    at: usize,
) -> impl Iterator<Item = Candidate<'static>> {
    let world = &state.world;
    let partners: HashSet<UserId> = joined.iter().filter_map(|channel| world.partner(&channel.channel)).collect();
    let members = world.teams.get(&team_id).into_iter().flat_map(|team| team.members.keys());
    let team = Arc::clone(team);
    let people = members.filter(move |id| !partners.contains(id)).filter_map(|id| world.people.get(id));
    people.filter(|person| person.is_active).map(move |person| Candidate {
        name: Cow::Owned(text::line(person.username.as_str())),
        favour: Favour::default(),
        team: Some(Arc::clone(&team)),
        place: Place::Team { at, kind: Kind::Person, nth: 0 },
        what: What::Person(team_id, person.id),
    })
}

fn of_person(state: &State, team_id: TeamId, person: &Person) -> Choice {
    let full_name = person.full_name.as_deref().map_or_else(|| "person".to_owned(), text::line);
    let about = format!("{} · {full_name}", team_name(state, team_id));
    Choice::new(Target::Person(team_id, person.id), format!("@{}", text::line(person.username.as_str())), about)
}

fn team_name(state: &State, team_id: TeamId) -> String {
    state.world.teams.get(&team_id).map(|team| text::line(team.team.name.as_str())).unwrap_or_default()
}

/// Gives the threads that the person follows; those with something unread call.
fn threads(state: &State) -> impl Iterator<Item = Choice> + '_ {
    let all = state.chat.pages.threads.values().flatten().filter(|thread| thread.root.deleted_at.is_none());
    all.filter_map(|thread| {
        let root = &thread.root;
        let channel = state.world.channels.get(&root.channel_id)?;
        let unread = thread_unread(state, thread);
        let first = text::gist(root);
        let label = text::cut(&format!("↳ {first}"), ABOUT_COLUMNS);
        let mut about = state.world.channel_label(&channel.channel);
        about.push_str(" · thread");
        if unread.messages > 0 {
            about.push_str(&format!(" · {} unread", unread.messages));
        }
        let target = Target::Thread(root.channel_id, root.seq, root.id);
        let favour = Favour { is_calling: unread.messages > 0, ..Favour::default() };
        Some(Choice { favour, ..Choice::new(target, label, about) })
    })
}

fn actions(state: &State) -> impl Iterator<Item = Choice> + '_ {
    action::ACTIONS.iter().filter(|info| info.is_in_palette() && (info.when)(state)).map(|info| {
        let keys = Some(state.keys.map.label(info)).filter(|keys| !keys.is_empty());
        let about = keys.unwrap_or_else(|| info.name.to_owned());
        Choice::new(Target::Action(info.action), info.help.to_owned(), about)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(label: &str) -> Choice {
        Choice::new(Target::Action(Action::Help), label.to_owned(), String::new())
    }

    fn labels<'a>(found: impl IntoIterator<Item = &'a Candidate<'a>>) -> Vec<String> {
        let label = |one: &Candidate<'_>| match &one.what {
            What::Made(choice) => choice.label.clone(),
            What::Channel(_) | What::Person(..) => panic!("these are all made"),
        };
        found.into_iter().map(label).collect()
    }

    fn searched(all: &[Choice], wanted: &str) -> Vec<String> {
        labels(search(made(all.iter().cloned()).iter(), wanted).into_iter().map(|(one, _)| one))
    }

    #[test]
    fn better_fits_come_first() {
        let all = ["#random", "#degenerally", "#off-general", "#general-talk", "#general"].map(choice);
        assert_eq!(searched(&all, "General"), ["#general", "#general-talk", "#off-general", "#degenerally"]);
        let all = made(all.into_iter());
        let found = search(all.iter(), "General");
        assert_eq!(found[0].1, [0, 1, 2, 3, 4, 5, 6], "of the name");
    }

    #[test]
    fn what_is_often_visited_or_calls_wins_among_equals_and_not_against_the_name() {
        let favoured = |label, favour| Choice { favour, ..choice(label) };
        let often = favoured("#design-eu", Favour { visits: 900, ..Favour::default() });
        let calling = favoured("#design-us", Favour { is_calling: true, ..Favour::default() });
        let most = favoured("#de-sign", Favour { visits: 9_000, ..Favour::default() });
        let all = [choice("#design-as"), calling, often, most];
        assert_eq!(searched(&all, "design-"), ["#design-eu", "#design-us", "#design-as"]);
        assert_eq!(searched(&all, "design-as")[0], "#design-as");
        let unsearched = labels(unsearched(made(all.into_iter()).iter()));
        assert_eq!(unsearched, ["#design-us", "#de-sign", "#design-eu", "#design-as"]);
    }

    #[test]
    fn the_team_may_be_typed_before_the_name() {
        let of = |team: &str, label| Choice { team: Some(Arc::from(team)), ..choice(label) };
        let all = [of("Slate", "#general"), of("eng", "#general"), of("eng", "#sl-gen"), choice("Leave slate general")];
        for wanted in ["sl/gen", "sl gen", "Slate/general", "slate #general", "sl/#general"] {
            assert!(searched(&all, wanted).contains(&"#general".to_owned()), "{wanted}");
        }
        assert_eq!(searched(&all, "slate/"), ["#general"], "all of the team");
        assert_eq!(searched(&all, "en/g"), ["#general", "#sl-gen"]);
        assert_eq!(searched(&all, "sl gen")[0], "#sl-gen", "a name that has both words is nearer");
        let all = made(all.into_iter());
        assert_eq!(search(all.iter(), "slate/gen")[0].1, [0, 1, 2], "of the name");
    }

    #[test]
    fn of_many_the_best_are_listed_and_among_equals_the_first() {
        let all: Vec<Choice> = (0..1_000).map(|number| choice(&format!("#channel-{number:03}"))).collect();
        let first: Vec<String> = (0..ENTRIES_MAX).map(|number| format!("#channel-{number:03}")).collect();
        assert_eq!(searched(&all, "chan"), first);
        assert_eq!(searched(&all, "999"), ["#channel-999"]);
        assert_eq!(labels(unsearched(made(all.into_iter()).iter())), first);
    }
}
