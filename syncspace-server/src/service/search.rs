//! Search in messages: a bounded walk back in time, or the index of words where they are rare; hits are read again and judged
//! under the permission of this moment.
//!
//! A common word fills a page within a few thousand rows, and a rare one has few rows in the index of words. Which of both a word
//! is, the first rows of the walk tell: no count of words is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::tz::{Offset, TimeZone};
use syncspace_protocol::limits::{SAVED_MESSAGES_MAX, SEARCH_HITS_DEFAULT, SEARCH_HITS_MAX, SEARCH_RANKED_MAX};
use syncspace_protocol::messages::Message;
use syncspace_protocol::search::matching::Found;
use syncspace_protocol::search::query::SearchQuery;
use syncspace_protocol::search::{SearchContext, SearchHit, SearchPage, SearchParams, SearchSort};
use syncspace_protocol::{ChannelId, MemberId, MessageId, Seq, Time, UserId};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout, timeout_at};

use super::behind::Follower;
use super::search_index::FOLLOWER;
use super::search_plan::Plan;
use super::{Actor, Service, ServiceError, access};
use crate::permissions::TeamAction;
use crate::store::search::{self, Candidate, Key, Readable, Wanted};
use crate::store::{Queries, Store, channels, mentions, messages, saved};

/// Searches at once; the embedded store has three readers, and others need one.
const SEARCHES_AT_ONCE: usize = 2;
/// Longest wait for another search to end.
const TURN_WAIT: Duration = Duration::from_secs(3);
/// Longest work for one request. What was found by then is the answer.
const WORK_MAX: Duration = Duration::from_millis(1_500);
/// Rows looked at before it is decided whether a word is common.
const ROWS_FIRST: u32 = 4_096;
/// A word in fewer than one of so many rows is rare.
const RARE_SHARE: u64 = 200;
/// A word in more than one of so many rows is too common to ask the index of words for it.
const COMMON_SHARE: u64 = 20;
/// Most rows that one request looks at.
const ROWS_MAX: u32 = 32_768;
/// Most channels searched by one request: as many as a statement names. Those beyond are left out.
const CHANNELS_MAX: u32 = 20_000;
/// Most messages read again at once.
const CANDIDATES_MAX: usize = 256;
/// Fewest messages read again at once.
const CANDIDATES_MIN: usize = 32;
/// What was written just now is found: a search waits this long for the index, where no more changes than this are missing.
const CATCH_UP_WAIT: Duration = Duration::from_millis(150);
const CATCH_UP_CHANGES: u64 = 128;
/// Most times that one request asks the index of words: each time costs as much as the first.
const WORD_STATEMENTS_MAX: u32 = 4;

/// A message that was found, and what of it.
struct Hit {
    key: Key,
    message: Message,
    found: Found,
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Nothing older is left.
    Exhausted,
    /// As many hits as wanted; more may be there.
    Full,
    /// The work allowed for one request is done, up to here.
    Bound(Key),
}

/// Where a page begins.
enum Cursor {
    Time(Key),
    /// The newest hit that was compared, and how many better ones were shown.
    Relevance(Key, usize),
}

/// Who searches now: few at once, and nobody twice.
pub(super) struct Turns {
    free: Semaphore,
    searching: Mutex<BTreeSet<UserId>>,
    ended: Notify,
}

impl Default for Turns {
    fn default() -> Self {
        Self { free: Semaphore::new(SEARCHES_AT_ONCE), searching: Mutex::default(), ended: Notify::new() }
    }
}

/// A search under way; ends it when dropped.
struct Turn<'a> {
    turns: &'a Turns,
    user: UserId,
    _permit: Option<SemaphorePermit<'a>>,
}

impl Turns {
    fn searching(&self) -> MutexGuard<'_, BTreeSet<UserId>> {
        self.searching.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the person's search before has ended and there is room for another one, not for long.
    async fn take(&self, user: UserId) -> Result<Turn<'_>, ServiceError> {
        let taking = async {
            loop {
                let mut ended = pin!(self.ended.notified());
                ended.as_mut().enable();
                if self.searching().insert(user) {
                    break;
                }
                ended.await;
            }
            let mut turn = Turn { turns: self, user, _permit: None };
            turn._permit = Some(self.free.acquire().await.map_err(ServiceError::fault)?);
            Ok(turn)
        };
        timeout(TURN_WAIT, taking).await.unwrap_or(Err(ServiceError::Busy { retry_after_ms: 1_000 }))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.searching().remove(&self.user);
        self.turns.ended.notify_waiters();
    }
}

impl Service {
    /// Finds messages of a team that the actor may read.
    pub async fn search(&self, actor: &Actor, params: SearchParams) -> Result<SearchPage, ServiceError> {
        let query: SearchQuery =
            params.q.parse().map_err(|error| ServiceError::invalid_field("q", format!("{error}")))?;
        let limit = hits_limit(params.limit)?;
        let sort = params.sort.unwrap_or_default();
        let cursor = params.cursor.as_deref().map(|text| Cursor::parse(text, sort)).transpose()?;
        let zone = time_zone(params.time_zone.as_deref())?;
        let mut db = &self.store;
        let (_, access) = access::on_team(&mut db, actor, params.team_id, TeamAction::ViewInside).await?;
        let plan = Plan::make(&mut db, actor, params.team_id, query, &zone).await?;
        // Before the hits: what comes into the index meanwhile is no reason to look again.
        let sees_public = access.facts.sees_public_channels();
        let whose = (params.team_id, actor.user_id);
        let mut readable = search::list_readable(&mut db, FOLLOWER, whose, sees_public, CHANNELS_MAX).await?;
        let behind = readable.iter().filter(|channel| channel.behind > 0).map(|channel| channel.channel);
        if (1..=CATCH_UP_CHANGES).contains(&count_behind(&readable))
            && self.news(Follower::Search).hurry(behind, CATCH_UP_WAIT).await
        {
            readable = search::list_readable(&mut db, FOLLOWER, whose, sees_public, CHANNELS_MAX).await?;
        }
        let behind_changes = count_behind(&readable);
        let _turn = self.searches.take(actor.user_id).await?;
        let member = access.membership.map(|membership| membership.member_id);
        let mut search = Search::new(&self.store, (actor, member), &plan, &readable);
        let page = match sort {
            SearchSort::Time => search.page_by_time(cursor, limit).await?,
            SearchSort::Relevance => search.page_by_relevance(cursor, limit).await?,
        };
        let items = search.with_context(page.hits).await?;
        let (next, is_partial) = (page.next, page.is_partial);
        Ok(SearchPage { items, next, is_partial, behind: behind_changes > 0, behind_changes })
    }
}

fn count_behind(readable: &[Readable]) -> u64 {
    readable.iter().map(|channel| channel.behind).sum()
}

fn hits_limit(asked: Option<u32>) -> Result<usize, ServiceError> {
    match asked.unwrap_or(SEARCH_HITS_DEFAULT) {
        limit @ 1..=SEARCH_HITS_MAX => Ok(usize::try_from(limit).unwrap_or(usize::MAX)),
        _ => Err(ServiceError::invalid_field("limit", format!("a page of a search has 1 to {SEARCH_HITS_MAX} hits"))),
    }
}

/// Reads `Europe/Berlin`, `UTC` or `+02:00`.
fn time_zone(text: Option<&str>) -> Result<TimeZone, ServiceError> {
    let Some(text) = text else { return Ok(TimeZone::UTC) };
    let unknown =
        || ServiceError::invalid_field("time_zone", "this server knows no such time zone; write it like +02:00");
    match parse_offset(text) {
        Some(offset) => Ok(TimeZone::fixed(offset)),
        None => TimeZone::get(text).map_err(|_| unknown()),
    }
}

fn parse_offset(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let is_number = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(hours) || !is_number(minutes) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 60 + minutes) * 60).ok()
}

impl Cursor {
    fn parse(text: &str, sort: SearchSort) -> Result<Self, ServiceError> {
        let wrong = || {
            ServiceError::invalid_field("cursor", "a cursor is the `next` of the page before, with the same q and sort")
        };
        let mut parts = text.split('-');
        let (kind, rest): (_, Vec<&str>) = (parts.next(), parts.collect());
        let number = |place: usize| rest.get(place).and_then(|part| part.parse::<u64>().ok());
        let key = || {
            let created_at = Time::from_unix_ms(i64::try_from(number(0)?).ok()?).ok()?;
            Some(Key { created_at, message: number(1)?.try_into().ok()? })
        };
        match (kind, sort, rest.len()) {
            (Some("t"), SearchSort::Time, 2) => key().map(Self::Time).ok_or_else(wrong),
            (Some("r"), SearchSort::Relevance, 3) => {
                let shown = number(2).and_then(|shown| usize::try_from(shown).ok());
                key().zip(shown).map(|(key, shown)| Self::Relevance(key, shown)).ok_or_else(wrong)
            }
            _ => Err(wrong()),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Time(key) => format!("t-{}-{}", key.created_at.unix_ms(), key.message),
            Self::Relevance(key, shown) => format!("r-{}-{}-{shown}", key.created_at.unix_ms(), key.message),
        }
    }
}

/// Hits to be shown, and where to go on.
struct Shown {
    hits: Vec<Hit>,
    next: Option<String>,
    is_partial: bool,
}

/// One request under way.
struct Search<'a> {
    store: &'a Store,
    actor: &'a Actor,
    /// The person in the team; none who only administers the server.
    member: Option<MemberId>,
    plan: &'a Plan,
    wanted: Wanted,
    deadline: Instant,
    /// After which place each channel is kept, of those that the actor may read.
    readable: BTreeMap<ChannelId, Seq>,
}

impl<'a> Search<'a> {
    fn new(
        store: &'a Store,
        (actor, member): (&'a Actor, Option<MemberId>),
        plan: &'a Plan,
        readable: &[Readable],
    ) -> Self {
        let deadline = Instant::now() + WORK_MAX;
        let readable: BTreeMap<_, _> = readable.iter().map(|channel| (channel.channel, channel.floor_seq)).collect();
        Self { store, actor, member, plan, wanted: plan.wanted(readable.keys().copied()), deadline, readable }
    }

    async fn page_by_time(&mut self, cursor: Option<Cursor>, limit: usize) -> Result<Shown, ServiceError> {
        let newest = self.plan.newest();
        let before = match cursor {
            Some(Cursor::Time(key)) => key.min(newest),
            _ => newest,
        };
        let (mut hits, end) = self.gather(before, limit + 1).await?;
        let has_more = hits.len() > limit;
        hits.truncate(limit);
        let last = hits.last().map(|hit| hit.key);
        let (next, is_partial) = match end {
            _ if has_more => (last, false),
            End::Exhausted | End::Full => (None, false),
            // Nothing stands between the last hit and the end: who goes on from the later of both sees no hit twice.
            End::Bound(key) => (Some(last.unwrap_or(before).min(rounded(key, before))), true),
        };
        Ok(Shown { hits, next: next.map(|key| Cursor::Time(key).text()), is_partial })
    }

    async fn page_by_relevance(&mut self, cursor: Option<Cursor>, limit: usize) -> Result<Shown, ServiceError> {
        let newest = self.plan.newest();
        let (before, shown) = match cursor {
            Some(Cursor::Relevance(key, shown)) => (key.min(newest), shown),
            _ => (newest, 0),
        };
        let (mut hits, end) = self.gather(before, SEARCH_RANKED_MAX + 1).await?;
        let is_partial = hits.len() > SEARCH_RANKED_MAX || matches!(end, End::Bound(_));
        hits.truncate(SEARCH_RANKED_MAX);
        // Later pages compare the same hits: what is sent meanwhile stays out of them.
        let anchor =
            hits.first().and_then(|hit| Some(Key { message: (hit.key.message.get() + 1).try_into().ok()?, ..hit.key }));
        let mut ranked: Vec<(f64, Hit)> = hits.into_iter().map(|hit| (hit.found.score(), hit)).collect();
        ranked.sort_by(|(score, hit), (other_score, other)| {
            other_score.total_cmp(score).then_with(|| other.key.cmp(&hit.key))
        });
        let has_more = ranked.len() > shown + limit;
        let hits = ranked.into_iter().skip(shown).take(limit).map(|(_, hit)| hit).collect();
        let next = anchor.filter(|_| has_more).map(|anchor| Cursor::Relevance(anchor, shown + limit).text());
        Ok(Shown { hits, next, is_partial })
    }

    /// Gathers hits before a place in time, newest first.
    async fn gather(&mut self, before: Key, count: usize) -> Result<(Vec<Hit>, End), ServiceError> {
        // What somebody saved is little, and nearer than any index.
        if self.plan.saved() == Some(true) {
            return self.gather_saved(before, count).await;
        }
        let (mut hits, mut at, mut rows) = (Vec::new(), before, 0);
        let mut may_ask_words = !self.wanted.tokens.is_empty();
        loop {
            let begin = at;
            if rows >= ROWS_MAX || (rows > 0 && Instant::now() >= self.deadline) {
                return Ok((hits, End::Bound(at)));
            }
            let step = ROWS_FIRST.min(ROWS_MAX - rows);
            let reach = search::find_reach(&mut &*self.store, &self.wanted, at, step).await?;
            if let Some(end) = self.walk_to(reach, &mut at, count, &mut hits).await? {
                return Ok((hits, end));
            }
            let Some(reach) = reach else { return Ok((hits, End::Exhausted)) };
            at = reach;
            rows += step;
            if may_ask_words && !is_common(hits.len(), count, rows) {
                may_ask_words = false;
                let words = self.choose_words(begin, reach).await?;
                if !words.is_empty()
                    && let Some(end) = self.ask_words(&words, &mut at, count, &mut hits).await?
                {
                    return Ok((hits, end));
                }
            }
        }
    }

    /// Gathers hits among what the person saved, newest first.
    async fn gather_saved(&mut self, before: Key, count: usize) -> Result<(Vec<Hit>, End), ServiceError> {
        let Some(member) = self.member else { return Ok((Vec::new(), End::Exhausted)) };
        let places = saved::list_places(&mut &*self.store, member, before, SAVED_MESSAGES_MAX).await?;
        let mut hits = Vec::new();
        for candidates in places.chunks(CANDIDATES_MAX) {
            self.judge(candidates.to_vec(), &mut hits).await?;
            if hits.len() >= count {
                hits.truncate(count);
                return Ok((hits, End::Full));
            }
            if let Some(last) = candidates.last()
                && Instant::now() >= self.deadline
            {
                return Ok((hits, End::Bound(last.key)));
            }
        }
        Ok((hits, End::Exhausted))
    }

    /// Walks to where some rows end; tells how the search ended, if it did on the way.
    async fn walk_to(
        &mut self,
        reach: Option<Key>,
        at: &mut Key,
        count: usize,
        hits: &mut Vec<Hit>,
    ) -> Result<Option<End>, ServiceError> {
        loop {
            let limit = batch(count - hits.len());
            let rows = u32::try_from(limit).unwrap_or(u32::MAX);
            let candidates = search::walk(&mut &*self.store, &self.wanted, *at, reach, rows).await?;
            let is_last = candidates.len() < limit;
            if let Some(last) = candidates.last() {
                *at = last.key;
            }
            self.judge(candidates, hits).await?;
            if hits.len() >= count {
                hits.truncate(count);
                return Ok(Some(End::Full));
            }
            if is_last {
                return Ok(None);
            }
            if Instant::now() >= self.deadline {
                return Ok(Some(End::Bound(*at)));
            }
        }
    }

    /// Chooses the words that are worth asking the index for, by how often they stand in the rows of a walk.
    ///
    /// The index reads all that it knows of every word it is asked for, so a common one beside a rare one would cost most.
    async fn choose_words(&self, before: Key, from: Key) -> Result<Vec<usize>, ServiceError> {
        let (rows, counts) = search::count_words(&mut &*self.store, &self.wanted, before, from).await?;
        Ok(rare_words(rows, &counts))
    }

    /// Asks the index of words. Gives nothing where that takes too long: then a walk at least gets on.
    async fn ask_words(
        &mut self,
        words: &[usize],
        at: &mut Key,
        count: usize,
        hits: &mut Vec<Hit>,
    ) -> Result<Option<End>, ServiceError> {
        for _ in 0..WORD_STATEMENTS_MAX {
            let limit = u32::try_from(CANDIDATES_MAX).unwrap_or(u32::MAX);
            let mut db = self.store;
            let asked = search::find_by_words(&mut db, self.store.dialect(), &self.wanted, words, *at, limit);
            let Ok(candidates) = timeout_at(self.deadline, asked).await else { return Ok(None) };
            let candidates = candidates?;
            let is_last = candidates.len() < CANDIDATES_MAX;
            if let Some(last) = candidates.last() {
                *at = last.key;
            }
            self.judge(candidates, hits).await?;
            if hits.len() >= count {
                hits.truncate(count);
                return Ok(Some(End::Full));
            }
            if is_last {
                return Ok(Some(End::Exhausted));
            }
            if Instant::now() >= self.deadline {
                break;
            }
        }
        Ok(Some(End::Bound(*at)))
    }

    /// Reads candidates again and keeps those that are hits.
    async fn judge(&mut self, candidates: Vec<Candidate>, hits: &mut Vec<Hit>) -> Result<(), ServiceError> {
        let readable = candidates.into_iter().filter(|candidate| self.may_read(candidate.channel, candidate.seq));
        let readable: Vec<_> = readable.collect();
        let mut db = self.store;
        let places = readable.iter().map(|candidate| (candidate.channel, candidate.seq));
        let places: Vec<_> = places.collect();
        let called = if self.plan.asks_for_mentions() {
            mentions::list_of_person(&mut db, self.actor.user_id, &places).await?
        } else {
            BTreeSet::new()
        };
        let found = read_places(&mut db, places.into_iter().collect()).await?;
        let saved = self.saved_among(&readable).await?;
        for candidate in readable {
            let is_saved = saved.contains(&(candidate.channel, candidate.seq));
            let Some(message) = found.get(&(candidate.channel, candidate.seq)) else { continue };
            // The index knows it by its time and id, too: another row under its place would be another message.
            let is_same = message.id == candidate.key.message;
            let is_called = called.contains(&(candidate.channel, candidate.seq));
            if let Some(found) = self.plan.judge(message, is_called, is_saved).filter(|_| is_same) {
                hits.push(Hit { key: candidate.key, message: message.clone(), found });
            }
        }
        Ok(())
    }

    /// Tells which candidates the person saved, where that is asked for.
    async fn saved_among(&self, candidates: &[Candidate]) -> Result<BTreeSet<(ChannelId, Seq)>, ServiceError> {
        let Some(member) = self.member.filter(|_| self.plan.saved().is_some()) else { return Ok(BTreeSet::new()) };
        let places = candidates.iter().map(|candidate| (candidate.channel, candidate.seq));
        Ok(saved::find_among(&mut &*self.store, member, places).await?)
    }

    fn may_read(&self, channel: ChannelId, seq: Seq) -> bool {
        self.readable.get(&channel).is_some_and(|&floor| seq > floor)
    }

    /// Asks the table of permissions about the channels of hits, as things are now; forgets those that may not be read.
    async fn ask_permission(&mut self, hits: &[Hit]) -> Result<(), ServiceError> {
        let channels: BTreeSet<_> = hits.iter().map(|hit| hit.message.channel_id).collect();
        let pairs: Vec<_> = channels.iter().map(|&channel| (channel, self.actor.user_id)).collect();
        let mut db = self.store;
        let rows = db.query_many(vec![channels::access_of_many(pairs.into_iter())]).await?;
        let found = channels::read_access_of_many(rows.first().map_or(&[], Vec::as_slice))?;
        for channel in channels {
            match access::weigh_channel(self.actor, found.get(&(channel, self.actor.user_id)).copied()) {
                Ok(access) if access.team_id == self.wanted.team => {}
                Ok(_) | Err(access::Stopped::Refused(_)) => drop(self.readable.remove(&channel)),
                Err(stopped) => return Err(stopped.into()),
            }
        }
        Ok(())
    }

    /// Puts what stands around them beside hits, after a last look at what may be read.
    async fn with_context(&mut self, hits: Vec<Hit>) -> Result<Vec<SearchHit>, ServiceError> {
        self.ask_permission(&hits).await?;
        let may_read = |hit: &Hit| self.may_read(hit.message.channel_id, hit.message.seq);
        let hits: Vec<_> = hits.into_iter().filter(may_read).collect();
        let around = hits.iter().flat_map(|hit| places_around(&hit.message));
        let places = around.filter(|&(channel, seq)| self.may_read(channel, seq)).collect();
        let mut db = self.store;
        let mut found = read_places(&mut db, places).await?;
        found.retain(|_, message| message.deleted_at.is_none());
        let at = |channel: ChannelId, seq: Option<Seq>| found.get(&(channel, seq?)).cloned();
        let with_context = hits.into_iter().map(|Hit { message, found, .. }| {
            let channel = message.channel_id;
            let context = match message.parent_seq {
                Some(root) => SearchContext { root: at(channel, Some(root)), ..SearchContext::default() },
                None => SearchContext {
                    before: at(channel, seq_before(message.seq)),
                    after: at(channel, Some(message.seq.next())),
                    root: None,
                },
            };
            SearchHit { highlights: found.highlights(), context, message }
        });
        Ok(with_context.collect())
    }
}

/// Gives a place from which a search goes on without telling when anything was sent that its person may not read: the end of a
/// minute, of which some is then looked at again. Where that would not get on, the place itself.
fn rounded(key: Key, before: Key) -> Key {
    const MINUTE_MS: i64 = 60_000;
    let end_ms = (key.created_at.unix_ms().div_euclid(MINUTE_MS) + 1).saturating_mul(MINUTE_MS);
    let first: Option<MessageId> = 1.try_into().ok();
    let end = Time::from_unix_ms(end_ms).ok().zip(first).map(|(created_at, message)| Key { created_at, message });
    end.filter(|&end| end < before).unwrap_or(key)
}

/// Gives how many candidates to read for so many hits.
fn batch(missing: usize) -> usize {
    (missing * 2).clamp(CANDIDATES_MIN, CANDIDATES_MAX)
}

/// Tells whether a walk finds enough within the rows of one request, by what it found so far.
fn is_common(hits: usize, wanted: usize, rows: u32) -> bool {
    let rows = usize::try_from(rows).unwrap_or(usize::MAX);
    let rows_max = usize::try_from(ROWS_MAX).unwrap_or(usize::MAX);
    hits > 0 && rows.saturating_mul(wanted) / hits <= rows_max
}

/// Gives the places of words that few of some rows have; of those that several have only the rarest, of common ones none.
fn rare_words(rows: u64, counts: &[u64]) -> Vec<usize> {
    let limit = |share: u64| rows / share;
    let rare: Vec<_> = (0..counts.len()).filter(|&place| counts[place] <= limit(RARE_SHARE)).collect();
    if !rare.is_empty() {
        return rare;
    }
    let rarest = (0..counts.len()).min_by_key(|&place| counts[place]);
    rarest.filter(|&place| counts[place] <= limit(COMMON_SHARE)).into_iter().collect()
}

fn seq_before(seq: Seq) -> Option<Seq> {
    seq.get().checked_sub(1).and_then(|seq| Seq::try_from(seq).ok())
}

fn places_around(message: &Message) -> Vec<(ChannelId, Seq)> {
    let seqs = match message.parent_seq {
        Some(root) => vec![root],
        None => seq_before(message.seq).into_iter().chain([message.seq.next()]).collect(),
    };
    seqs.into_iter().map(|seq| (message.channel_id, seq)).collect()
}

/// Reads messages by their places.
async fn read_places(
    db: &mut impl Queries,
    mut places: Vec<(ChannelId, Seq)>,
) -> Result<BTreeMap<(ChannelId, Seq), Message>, ServiceError> {
    places.sort_unstable();
    places.dedup();
    let rows = db.query_many(vec![messages::by_places(places.into_iter())]).await?;
    let read = messages::read_all(rows.first().map_or(&[], Vec::as_slice))?;
    Ok(read.into_iter().map(|message| ((message.channel_id, message.seq), message)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_as_they_were_written() {
        let key = Key { created_at: Time::from_unix_ms(7).expect("a time"), message: 9.try_into().expect("an id") };
        for (cursor, sort) in
            [(Cursor::Time(key), SearchSort::Time), (Cursor::Relevance(key, 40), SearchSort::Relevance)]
        {
            let text = cursor.text();
            let again = Cursor::parse(&text, sort).expect("a cursor").text();
            assert_eq!(again, text);
        }
        for text in ["", "t", "t-7", "t-7-0", "t-7-9-1", "r-7-9-40", "t-x-9", "t--7-9", "7"] {
            assert!(Cursor::parse(text, SearchSort::Time).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_search_goes_on_at_the_end_of_a_minute() {
        let key = |ms: i64, message: u64| Key {
            created_at: Time::from_unix_ms(ms).expect("a time"),
            message: message.try_into().expect("an id"),
        };
        assert_eq!(rounded(key(59_999, 7), key(200_000, 9)), key(60_000, 1));
        assert_eq!(rounded(key(60_000, 7), key(200_000, 9)), key(120_000, 1));
        assert_eq!(rounded(key(60_000, 7), key(120_000, 1)), key(60_000, 7));
    }

    #[test]
    fn time_zones_are_names_or_offsets() {
        for text in ["UTC", "+02:00", "-09:30", "+00:00"] {
            assert!(time_zone(Some(text)).is_ok(), "{text}");
        }
        for text in ["", "+2", "+2:00", "+24:00", "+02:60", "Nowhere/Land", "+é:00"] {
            assert!(time_zone(Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn the_index_is_asked_for_rare_words_and_never_for_common_ones() {
        for (counts, asked) in [
            (&[0, 4_000, 20][..], &[0, 2][..]),
            (&[4_000, 100], &[1]),
            (&[100, 50, 60], &[1]),
            (&[4_000, 1_000], &[]),
            (&[0], &[0]),
        ] {
            assert_eq!(rare_words(4_096, counts), asked, "{counts:?}");
        }
    }

    #[test]
    fn a_word_is_common_where_a_walk_finds_enough() {
        assert!(is_common(21, 21, ROWS_FIRST));
        assert!(is_common(3, 21, ROWS_FIRST));
        assert!(!is_common(2, 21, ROWS_FIRST));
        assert!(!is_common(0, 21, ROWS_FIRST));
    }
}
