//! A search of what is cached: the grammar of the server, with names made people and channels as they are known here.
//!
//! Pure: the world comes in, and what is typed; the cache asks [`KeptQuery::admits`] of each message that has the words.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use syncspace_protocol::messages::{Message, MessagePlace};
use syncspace_protocol::names::fold_key;
use syncspace_protocol::search::matching::Needle;
use syncspace_protocol::search::query::{Has, Is, SearchQuery, Term, What, Where, Who};
use syncspace_protocol::search::traits::{is_in_thread, is_searchable};
use syncspace_protocol::{ChannelId, TeamId, Time, UserId};

use super::state::State;
use super::world::ChannelState;

/// What is looked for in the cache.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KeptQuery {
    /// Words and phrases that a message has, all of them.
    pub(crate) needles: Vec<Needle>,
    /// Words and phrases that it has not.
    pub(crate) without: Vec<Needle>,
    /// Where it stands; anywhere where empty.
    pub(crate) channels: Vec<ChannelId>,
    pub(crate) filters: Vec<Filter>,
}

/// One thing that a message must be, or must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) is_negated: bool,
    pub(crate) what: Wanted,
}

/// What a message can be asked for beside its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    From(Vec<UserId>),
    In(Vec<ChannelId>),
    /// Sent from the first time on, and before the second.
    Sent(Option<Time>, Option<Time>),
    Has(Has),
    InThread,
    Pinned,
    /// One of these: those that are saved.
    At(Vec<MessagePlace>),
    Mentions(UserId),
}

impl KeptQuery {
    /// Tells whether a message is all that is asked beside its words.
    pub(crate) fn admits(&self, message: &Message) -> bool {
        is_searchable(message) && self.filters.iter().all(|filter| filter.what.is_true_of(message) != filter.is_negated)
    }

    /// Reads what was typed, for the channels of a team, or of all of them; an error is a sentence for the person.
    pub(crate) fn read(state: &State, team: Option<TeamId>, typed: &str) -> Result<Self, String> {
        let query: SearchQuery = typed.parse().map_err(|error: syncspace_protocol::search::query::QueryError| {
            format!("At character {}: {}.", error.at, error.message)
        })?;
        let mut read =
            Self { channels: of_team(state, team).map(|channel| channel.channel.id).collect(), ..Self::default() };
        read.channels.sort_unstable();
        for term in &query.terms {
            read.add(state, team, term).map_err(|words| format!("At character {}: {words}.", term.at))?;
        }
        Ok(read)
    }

    fn add(&mut self, state: &State, team: Option<TeamId>, term: &Term) -> Result<(), String> {
        let what = match &term.what {
            What::Text(needle) => {
                let needles = if term.is_negated { &mut self.without } else { &mut self.needles };
                needles.push(needle.clone());
                return Ok(());
            }
            What::From(who) => {
                self.add_person(term.is_negated, person(state, who)?);
                return Ok(());
            }
            What::In(place) => {
                for channel in channels(state, team, place)? {
                    self.add_channel(term.is_negated, channel);
                }
                return Ok(());
            }
            What::Before(day) => Wanted::Sent(None, Some(begin(*day, &state.zone)?)),
            What::After(day) => Wanted::Sent(Some(end(*day, &state.zone)?), None),
            What::On(day) => Wanted::Sent(Some(begin(*day, &state.zone)?), Some(end(*day, &state.zone)?)),
            What::Has(has) => Wanted::Has(*has),
            What::Is(Is::Thread) => Wanted::InThread,
            What::Is(Is::Pinned) => Wanted::Pinned,
            What::Is(Is::Saved) => Wanted::At(state.own.saved_places()),
            What::MentionsMe => Wanted::Mentions(me(state)?),
        };
        self.filters.push(Filter { is_negated: term.is_negated, what });
        Ok(())
    }

    /// Of several people a message is from any.
    fn add_person(&mut self, is_negated: bool, person: UserId) {
        for filter in self.filters.iter_mut().filter(|filter| filter.is_negated == is_negated) {
            if let Wanted::From(people) = &mut filter.what {
                return people.push(person);
            }
        }
        self.filters.push(Filter { is_negated, what: Wanted::From(vec![person]) });
    }

    /// Of several channels a message is in any.
    fn add_channel(&mut self, is_negated: bool, channel: ChannelId) {
        for filter in self.filters.iter_mut().filter(|filter| filter.is_negated == is_negated) {
            if let Wanted::In(channels) = &mut filter.what {
                return channels.push(channel);
            }
        }
        self.filters.push(Filter { is_negated, what: Wanted::In(vec![channel]) });
    }
}

impl Wanted {
    fn is_true_of(&self, message: &Message) -> bool {
        match self {
            Self::From(people) => people.contains(&message.sender_id),
            Self::In(channels) => channels.contains(&message.channel_id),
            Self::Sent(from, to) => {
                from.is_none_or(|from| message.created_at >= from) && to.is_none_or(|to| message.created_at < to)
            }
            Self::Has(has) => has.is_in(message),
            Self::InThread => is_in_thread(message),
            Self::Pinned => message.pinned.is_some(),
            Self::At(places) => places.contains(&MessagePlace { channel_id: message.channel_id, seq: message.seq }),
            Self::Mentions(me) => message.is_mention_of(*me),
        }
    }
}

fn me(state: &State) -> Result<UserId, String> {
    state.world.my_id().ok_or_else(|| "it is not known yet who you are".to_owned())
}

fn person(state: &State, who: &Who) -> Result<UserId, String> {
    let Who::Named(name) = who else { return me(state) };
    let key = fold_key(name.as_str());
    let found = state.world.people.values().find(|person| fold_key(person.username.as_str()) == key);
    found.map(|person| person.id).ok_or_else(|| format!("nobody called @{name} is known here"))
}

fn of_team(state: &State, team: Option<TeamId>) -> impl Iterator<Item = &ChannelState> {
    let channels = state.world.channels.values();
    channels.filter(move |channel| team.is_none_or(|team| channel.channel.team_id == team))
}

/// Gives the channels that are meant: one in a team, of all teams one in each that has it.
fn channels(state: &State, team: Option<TeamId>, place: &Where) -> Result<Vec<ChannelId>, String> {
    let (found, words): (Vec<ChannelId>, String) = match place {
        Where::Channel(name) => {
            let is_called = |held: &&ChannelState| {
                let called = held.channel.name.as_ref();
                called.is_some_and(|called| fold_key(called.as_str()) == fold_key(name.as_str()))
            };
            let found = of_team(state, team).filter(is_called).map(|held| held.channel.id);
            (found.collect(), format!("there is no channel #{name} here"))
        }
        Where::Direct(name) => {
            let user_id = person(state, &Who::Named(name.clone()))?;
            let is_with = |held: &&ChannelState| state.world.partner(&held.channel) == Some(user_id);
            let found = of_team(state, team).filter(is_with).map(|held| held.channel.id);
            (found.collect(), format!("you have no direct channel with @{name}"))
        }
    };
    if found.is_empty() { Err(words) } else { Ok(found) }
}

fn begin(day: Date, zone: &TimeZone) -> Result<Time, String> {
    let zoned = day.to_zoned(zone.clone()).map_err(|_| "that day is too far away".to_owned())?;
    Ok(Time::from(zoned.timestamp()))
}

fn end(day: Date, zone: &TimeZone) -> Result<Time, String> {
    let next = day.tomorrow().map_err(|_| "that day is too far away".to_owned())?;
    begin(next, zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::play::{ALICE, BOB, CAROL, ENG, GENERAL, Play, RANDOM, id, message};

    #[track_caller]
    fn check(typed: &str, expected: &[u64]) {
        let play = Play::chat(80, 24);
        let mut messages = [
            message(1, BOB, -24 * 60, "see https://example.org"),
            message(2, CAROL, 0, "run `make`"),
            message(3, ALICE, 10, "plain"),
            message(4, BOB, 24 * 60, "@alice look"),
        ];
        messages[1].reply_count = 2;
        messages[2].channel_id = id(RANDOM);
        messages[3].mentions.users = vec![id(ALICE)];
        let query = KeptQuery::read(&play.state, Some(id(ENG)), typed).expect("a query");
        let found: Vec<u64> =
            messages.iter().filter(|message| query.admits(message)).map(|message| message.seq.get()).collect();
        assert_eq!(found, expected, "{typed}");
    }

    #[test]
    fn filters_mean_what_they_mean_at_the_server() {
        check("from:@bob", &[1, 4]);
        check("from:me", &[3]);
        check("from:bob from:carol", &[1, 2, 4]);
        check("-from:bob -from:carol", &[3]);
        check("in:#general", &[1, 2, 4]);
        check("in:general in:random", &[1, 2, 3, 4]);
        check("-in:general", &[3]);
        check("before:2026-11-23", &[1]);
        check("on:2026-11-23", &[2, 3]);
        check("after:2026-11-23", &[4]);
        check("-after:2026-11-23", &[1, 2, 3]);
        check("has:link", &[1]);
        check("has:code", &[2]);
        check("is:thread", &[2]);
        check("mentions:me", &[4]);
        check("is:saved", &[]);
        check("words alone", &[1, 2, 3, 4]);
    }

    #[test]
    fn what_is_wrong_says_where_and_what_to_write() {
        let play = Play::chat(80, 24);
        for (typed, part) in [
            ("a from:nobody", "At character 3: nobody called @nobody is known here."),
            ("in:#elsewhere", "At character 1: there is no channel #elsewhere here."),
            ("has:links", "write has:link or has:file"),
            ("", "type at least one word"),
        ] {
            let error = KeptQuery::read(&play.state, Some(id(ENG)), typed).expect_err(typed);
            assert!(error.contains(part), "{typed}: {error}");
        }
        let query = KeptQuery::read(&play.state, Some(id(ENG)), "deploy -\"by hand\"").expect("a query");
        assert_eq!((query.needles.len(), query.without.len()), (1, 1));
        assert!(query.channels.contains(&id(GENERAL)));
    }
}
