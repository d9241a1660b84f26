//! A search made ready: names become people and channels, days become times, words become names in the index.
//!
//! The plan asks the index for what is cheap to ask, and [`Plan::judge`] decides on the message itself: what the index says
//! is never believed.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use syncspace_protocol::messages::Message;
use syncspace_protocol::names::fold_key;
use syncspace_protocol::search::matching::{Found, Needle};
use syncspace_protocol::search::query::{Has, Is, SearchQuery, Term, What, Where, Who};
use syncspace_protocol::search::traits::is_searchable;
use syncspace_protocol::search::words::{Words, index_word};
use syncspace_protocol::{ChannelId, ChannelName, MessageId, TeamId, Time, UserId, Username};

use super::search_index::{
    HAS_CODE, HAS_FILE, HAS_LINK, HAS_REACTION, IN_THREAD, IS_PINNED, channel_mention_word, mention_word, traits,
};
use super::{Actor, ServiceError, access};
use crate::permissions::ChannelAction;
use crate::store::search::{self, Key, Path, Wanted};
use crate::store::{Queries, channels};

/// Most names of words that the index is asked for; the others are found out on the message.
const TOKENS_MAX: usize = 24;

/// What a search asks of messages.
pub(super) struct Plan {
    actor: UserId,
    team: TeamId,
    needles: Vec<Needle>,
    unwanted: Vec<Needle>,
    senders: Choice<UserId>,
    channels: Choice<ChannelId>,
    times: Vec<Times>,
    has: u32,
    has_not: u32,
    mentions_me: Option<bool>,
    saved: Option<bool>,
}

/// One of these, and none of those.
struct Choice<T> {
    wanted: Option<Vec<T>>,
    unwanted: Vec<T>,
}

impl<T> Default for Choice<T> {
    fn default() -> Self {
        Self { wanted: None, unwanted: Vec::new() }
    }
}

impl<T: PartialEq> Choice<T> {
    fn add(&mut self, is_negated: bool, choice: T) {
        let list = if is_negated { &mut self.unwanted } else { self.wanted.get_or_insert_default() };
        if !list.contains(&choice) {
            list.push(choice);
        }
    }

    fn admits(&self, it: &T) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.contains(it)) && !self.unwanted.contains(it)
    }
}

/// A stretch of time in which messages must be, or must not be.
struct Times {
    from: Option<Time>,
    to: Option<Time>,
    is_negated: bool,
}

impl Times {
    fn admits(&self, time: Time) -> bool {
        let is_inside = self.from.is_none_or(|from| time >= from) && self.to.is_none_or(|to| time < to);
        is_inside != self.is_negated
    }
}

impl Plan {
    /// Makes a query ready; refuses what does not exist for the person who asks.
    pub(super) async fn make(
        db: &mut impl Queries,
        actor: &Actor,
        team: TeamId,
        query: SearchQuery,
        zone: &TimeZone,
    ) -> Result<Self, ServiceError> {
        let mut plan = Self {
            actor: actor.user_id,
            team,
            needles: Vec::new(),
            unwanted: Vec::new(),
            senders: Choice::default(),
            channels: Choice::default(),
            times: Vec::new(),
            has: 0,
            has_not: 0,
            mentions_me: None,
            saved: None,
        };
        let people = find_people(db, team, &query).await?;
        let person = |term: &Term, name: &Username| {
            let key = name.key();
            let found = people.iter().find(|(known, _)| *known == key).map(|&(_, user)| user);
            found.ok_or_else(|| wrong(term, &format!("there is no @{name} in this team")))
        };
        for term in query.terms {
            let is_negated = term.is_negated;
            match &term.what {
                What::Text(needle) if is_negated => plan.unwanted.push(needle.clone()),
                What::Text(needle) => plan.needles.push(needle.clone()),
                What::From(Who::Me) => plan.senders.add(is_negated, actor.user_id),
                What::From(Who::Named(name)) => plan.senders.add(is_negated, person(&term, name)?),
                What::In(Where::Channel(name)) => {
                    plan.channels.add(is_negated, find_channel(db, actor, team, &term, name).await?);
                }
                What::In(Where::Direct(name)) => {
                    let other = person(&term, name)?;
                    plan.channels.add(is_negated, find_direct(db, actor, team, &term, (other, name)).await?);
                }
                // What was not sent before a day was sent from its beginning on.
                What::Before(day) if is_negated => plan.add_times(false, Some(begin(&term, *day, zone)?), None),
                What::Before(day) => plan.add_times(false, None, Some(begin(&term, *day, zone)?)),
                What::After(day) if is_negated => plan.add_times(false, None, Some(end(&term, *day, zone)?)),
                What::After(day) => plan.add_times(false, Some(end(&term, *day, zone)?), None),
                What::On(day) => {
                    plan.add_times(is_negated, Some(begin(&term, *day, zone)?), Some(end(&term, *day, zone)?));
                }
                What::Has(has) => plan.add_trait(is_negated, trait_of(*has)),
                What::Is(Is::Thread) => plan.add_trait(is_negated, IN_THREAD),
                What::Is(Is::Pinned) => plan.add_trait(is_negated, IS_PINNED),
                What::Is(Is::Saved) if plan.saved == Some(is_negated) => {
                    return Err(wrong(&term, "no message is and is not saved by you; leave one of both out"));
                }
                What::Is(Is::Saved) => plan.saved = Some(!is_negated),
                What::MentionsMe if plan.mentions_me == Some(is_negated) => {
                    return Err(wrong(&term, "no message does and does not mention you; leave one of both out"));
                }
                What::MentionsMe => plan.mentions_me = Some(!is_negated),
            }
        }
        Ok(plan)
    }

    fn add_times(&mut self, is_negated: bool, from: Option<Time>, to: Option<Time>) {
        self.times.push(Times { from, to, is_negated });
    }

    fn add_trait(&mut self, is_negated: bool, flag: u32) {
        *(if is_negated { &mut self.has_not } else { &mut self.has }) |= flag;
    }

    /// Gives what the index is asked for, in those channels of these that are wanted.
    pub(super) fn wanted(&self, readable: impl Iterator<Item = ChannelId>) -> Wanted {
        let channels: Vec<_> = readable.filter(|channel| self.channels.admits(channel)).collect();
        let senders = self.senders.wanted.clone().unwrap_or_default();
        let path = match (channels.as_slice(), senders.as_slice()) {
            (&[channel], _) => Path::Channel(channel),
            (_, &[sender]) => Path::Sender(self.team, sender),
            _ => Path::Team(self.team),
        };
        let name = |text: String| index_word(self.team, &text);
        let mut tokens: Vec<Vec<String>> =
            self.needles.iter().flat_map(Needle::lookups).map(|text| vec![name(text)]).collect();
        tokens.sort_unstable();
        tokens.dedup();
        tokens.truncate(TOKENS_MAX);
        if self.mentions_me == Some(true) {
            tokens.push(vec![name(mention_word(self.actor)), name(channel_mention_word())]);
        }
        let since = self.times.iter().filter_map(|times| if times.is_negated { None } else { times.from }).max();
        Wanted { team: self.team, path, channels, senders, traits: self.has, tokens, since }
    }

    /// Gives the place in time before which the search begins.
    pub(super) fn newest(&self) -> Key {
        // Far from any message, and a time that every database holds.
        const END_OF_TIME_MS: i64 = 253_370_764_800_000;
        let end = Time::from_unix_ms(END_OF_TIME_MS).ok();
        let to = self.times.iter().filter_map(|times| if times.is_negated { None } else { times.to }).min();
        let first: Option<MessageId> = 1.try_into().ok();
        let created_at = to.or(end).unwrap_or_else(|| Time::from(jiff::Timestamp::MAX));
        Key { created_at, message: first.expect("1 is an id") }
    }

    /// Tells whether it matters which messages mention the actor.
    pub(super) const fn asks_for_mentions(&self) -> bool {
        self.mentions_me.is_some()
    }

    /// Tells whether it must be saved by the person who asks, or must not be; none where nobody asked.
    pub(super) const fn saved(&self) -> Option<bool> {
        self.saved
    }

    /// Decides whether a message is a hit, and tells what of it was found; `is_called` says that it has a keyword of the
    /// actor's, `is_saved` that the actor saved it.
    pub(super) fn judge(&self, message: &Message, is_called: bool, is_saved: bool) -> Option<Found> {
        let has = traits(message);
        let fits = is_searchable(message)
            && self.senders.admits(&message.sender_id)
            && self.channels.admits(&message.channel_id)
            && self.times.iter().all(|times| times.admits(message.created_at))
            && has & self.has == self.has
            && has & self.has_not == 0
            && self.saved.is_none_or(|wanted| is_saved == wanted)
            && self.mentions_me.is_none_or(|wanted| (is_called || message.is_mention_of(self.actor)) == wanted);
        if !fits {
            return None;
        }
        let words = Words::find(&message.content);
        if self.unwanted.iter().any(|needle| !needle.find_in(&words).is_empty()) {
            return None;
        }
        Found::all(self.needles.iter(), &words)
    }
}

/// Refuses a part of the query, in the words of the grammar.
fn wrong(term: &Term, sentence: &str) -> ServiceError {
    ServiceError::invalid_field("q", format!("at character {}: {sentence}", term.at))
}

const fn trait_of(has: Has) -> u32 {
    match has {
        Has::Link => HAS_LINK,
        Has::Code => HAS_CODE,
        Has::File => HAS_FILE,
        Has::Reaction => HAS_REACTION,
    }
}

async fn find_people(
    db: &mut impl Queries,
    team: TeamId,
    query: &SearchQuery,
) -> Result<Vec<(String, UserId)>, ServiceError> {
    let names = query.terms.iter().filter_map(|term| match &term.what {
        What::From(Who::Named(name)) | What::In(Where::Direct(name)) => Some(fold_key(name.as_str())),
        _ => None,
    });
    let names: Vec<_> = names.collect();
    Ok(search::find_people(db, team, &names).await?)
}

async fn find_channel(
    db: &mut impl Queries,
    actor: &Actor,
    team: TeamId,
    term: &Term,
    name: &ChannelName,
) -> Result<ChannelId, ServiceError> {
    let found = find_visible(db, actor, team, &name.key()).await?;
    found.ok_or_else(|| wrong(term, &format!("there is no channel #{name} in this team, or you may not see it")))
}

async fn find_direct(
    db: &mut impl Queries,
    actor: &Actor,
    team: TeamId,
    term: &Term,
    (other, name): (UserId, &Username),
) -> Result<ChannelId, ServiceError> {
    let mut people = vec![actor.user_id, other];
    people.sort_unstable();
    people.dedup();
    let key: String = people.iter().map(|user| format!("@{user}")).collect();
    let found = find_visible(db, actor, team, &key).await?;
    found.ok_or_else(|| wrong(term, &format!("you have no direct channel with @{name} in this team")))
}

/// Finds a channel by its key, where the person may read it.
async fn find_visible(
    db: &mut impl Queries,
    actor: &Actor,
    team: TeamId,
    key: &str,
) -> Result<Option<ChannelId>, ServiceError> {
    let Some(channel) = channels::find_by_key(db, team, key).await? else { return Ok(None) };
    match access::on_channel(db, actor, channel, ChannelAction::Read).await {
        Ok(_) => Ok(Some(channel)),
        Err(access::Stopped::Refused(_)) => Ok(None),
        Err(stopped) => Err(stopped.into()),
    }
}

fn begin(term: &Term, day: Date, zone: &TimeZone) -> Result<Time, ServiceError> {
    let time = day.to_zoned(zone.clone()).map_err(|_| wrong(term, "this day is not in the calendar"))?;
    Ok(time.timestamp().into())
}

fn end(term: &Term, day: Date, zone: &TimeZone) -> Result<Time, ServiceError> {
    let next = day.tomorrow().map_err(|_| wrong(term, "this day is not in the calendar"))?;
    begin(term, next, zone)
}
