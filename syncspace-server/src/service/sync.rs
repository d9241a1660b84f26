//! Streams: what changed after a rev, and what a person's devices follow.

use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::messages::Message;
use syncspace_protocol::sync::{Change, Changes, ChangesQuery};
use syncspace_protocol::{ChannelId, Epoch, MemberId, Rev, StreamId, TeamId, Time};

use super::channels::{find_read, with_counts};
use super::paging::Window;
use super::threads::memberships;
use super::{Actor, Service, ServiceError, access, reactions};
use crate::permissions::{self, ChannelAction, TeamAction, TeamFacts};
use crate::store::heads::Head;
use crate::store::{
    channel_members, channel_orders, channel_preferences, channels, drafts, groups, heads, join_requests, messages,
    muted_users, reminders, saved, scheduled, teams, threads,
};

/// Fewest rows read for a page: one rev stamps up to two rows of a kind, and a page that cannot hold one whole rev would
/// never get on.
const ROWS_MIN: u32 = 8;

/// Rows of one kind, complete up to a rev.
struct Rows {
    items: Vec<(Rev, Option<Change>)>,
    complete_to: Rev,
}

impl Rows {
    /// Takes rows ordered by rev; where as many came as were asked for, the last rev may have more.
    fn new(items: Vec<(Rev, Option<Change>)>, limit: u32, head: Rev) -> Self {
        let is_full = items.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        let complete_to = match items.last() {
            Some(&(last, _)) if is_full => last.before().min(head),
            _ => head,
        };
        Self { items, complete_to }
    }
}

fn messages_of(items: &[Change]) -> impl Iterator<Item = &Message> {
    items.iter().filter_map(|change| match change {
        Change::Message { message } => Some(message),
        _ => None,
    })
}

impl Service {
    /// Gives what changed in a stream after a rev, as the actor may see it, ordered by rev.
    ///
    /// Refuses with `reload_required` where the rev is below what is kept, or beyond the head: a number of another history.
    pub async fn changes(&self, actor: &Actor, stream: StreamId, query: ChangesQuery) -> Result<Changes, ServiceError> {
        let limit = Window::limit(query.limit)?;
        let scope = self.scope(actor, stream).await?;
        // The head is read before the rows: what the rows show beyond it comes again with the next page.
        let head = self.head(stream).await?;
        if query.after < head.floor_rev || query.after > head.last_rev {
            return Err(ServiceError::refused(
                ErrorCode::ReloadRequired,
                "the stream cannot be continued from this rev; read its state again",
            ));
        }
        let rows_max = (limit + 1).max(ROWS_MIN);
        let kinds = self.rows(actor, scope, query.after, rows_max, head.last_rev).await?;
        let (items, rev) = merge(kinds, head.last_rev);
        let read = match stream {
            StreamId::Channel(channel) if rev == head.last_rev => {
                find_read(&mut &self.store, channel, actor.user_id).await?
            }
            _ => None,
        };
        let my_reactions = reactions::mine_beside(&mut &self.store, actor.user_id, messages_of(&items)).await?;
        Ok(Changes {
            stream,
            epoch: self.epoch().clone(),
            items,
            after: query.after,
            rev,
            head_rev: head.last_rev,
            read,
            my_reactions,
        })
    }

    /// Gives the newest rev of a stream.
    pub(crate) async fn head_rev(&self, stream: StreamId) -> Result<Rev, ServiceError> {
        Ok(self.head(stream).await?.last_rev)
    }

    async fn head(&self, stream: StreamId) -> Result<Head, ServiceError> {
        let head = heads::load(&mut &self.store, &[stream]).await?.remove(&stream);
        head.ok_or_else(|| ServiceError::not_found("stream"))
    }

    /// Checks that the actor may follow a stream.
    async fn scope(&self, actor: &Actor, stream: StreamId) -> Result<Scope, ServiceError> {
        let mut db = &self.store;
        match stream {
            StreamId::Channel(channel) => {
                access::on_channel(&mut db, actor, channel, ChannelAction::Read).await?;
                Ok(Scope::Channel(channel))
            }
            StreamId::Team(team) => {
                let (_, found) = access::on_team(&mut db, actor, team, TeamAction::ViewInside).await?;
                Ok(Scope::Team { team, facts: found.facts })
            }
            StreamId::Member(member) => {
                let team = teams::find_of_member(&mut db, member, actor.user_id).await?;
                let team = team.ok_or_else(|| ServiceError::not_found("stream"))?;
                Ok(Scope::Member { member, team })
            }
        }
    }

    async fn rows(
        &self,
        actor: &Actor,
        scope: Scope,
        after: Rev,
        limit: u32,
        head: Rev,
    ) -> Result<Vec<Rows>, ServiceError> {
        match scope {
            Scope::Channel(channel) => {
                let found = messages::list_changes(&mut &self.store, channel, after, limit).await?;
                let items = found.into_iter().map(|message| (message.rev, Some(Change::Message { message })));
                let floor = heads::find_floor(&mut &self.store, channel, after).await?;
                let floor = floor.map(|(floor_seq, rev)| (rev, Some(Change::Floor { floor_seq, rev })));
                Ok(vec![Rows::new(items.collect(), limit, head), Rows::new(floor.into_iter().collect(), limit, head)])
            }
            Scope::Team { team, facts } => self.team_rows(actor, (team, facts), after, limit, head).await,
            Scope::Member { member, team } => self.member_rows(actor, (member, team), after, limit, head).await,
        }
    }

    async fn team_rows(
        &self,
        actor: &Actor,
        (team, facts): (TeamId, TeamFacts),
        after: Rev,
        limit: u32,
        head: Rev,
    ) -> Result<Vec<Rows>, ServiceError> {
        let mut db = &self.store;
        let itself = teams::find_changed(&mut db, team, after).await?;
        let itself = itself.map(|team| (team.rev, Some(Change::Team { team }))).into_iter().collect();
        let members = teams::list_member_changes(&mut db, team, after, limit).await?;
        let members = members.into_iter().map(|change| match change {
            teams::MemberChange::Present(member) => (member.rev, Some(Change::TeamMember { member })),
            teams::MemberChange::Gone(user_id, rev) => (rev, Some(Change::TeamMemberGone { user_id, rev })),
        });
        let groups = groups::list_changes(&mut db, team, after, limit).await?;
        let groups = groups.into_iter().map(|change| match change {
            groups::GroupChange::Present(group) => (group.rev, Some(Change::Group { group })),
            groups::GroupChange::Gone(group_id, rev) => (rev, Some(Change::GroupGone { group_id, rev })),
        });
        let (user, sees_public) = (actor.user_id, facts.sees_public_channels());
        let rooms = channels::list_changes(&mut db, team, user, sees_public, after, limit).await?;
        let rooms = rooms.into_iter().map(|change| match change {
            channels::ChannelChange::Present(channel) => (channel.rev, Some(Change::Channel { channel })),
            channels::ChannelChange::Gone(channel_id, rev) => (rev, Some(Change::ChannelGone { channel_id, rev })),
            channels::ChannelChange::Hidden(rev) => (rev, None),
        });
        // Guests saw none of them without being in it.
        let hidden =
            if sees_public { channels::list_hidden(&mut db, team, user, after, limit).await? } else { Vec::new() };
        let hidden = hidden.into_iter().map(|(channel_id, rev)| (rev, Some(Change::ChannelHidden { channel_id, rev })));
        let people = channel_members::list_changes(&mut db, team, user, sees_public, after, limit).await?;
        let people = people.into_iter().map(|change| match change {
            channel_members::MemberChange::Present(member) => (member.rev, Some(Change::ChannelMember { member })),
            channel_members::MemberChange::Gone(channel_id, user_id, rev) => {
                (rev, Some(Change::ChannelMemberGone { channel_id, user_id, rev }))
            }
            channel_members::MemberChange::Hidden(rev) => (rev, None),
        });
        let is_manager = permissions::on_team(facts, TeamAction::ManageRequests).is_ok();
        let requests =
            if is_manager { join_requests::list_changes(&mut db, team, after, limit).await? } else { Vec::new() };
        let requests = requests.into_iter().map(|request| (request.rev, Some(Change::TeamJoinRequest { request })));
        let kinds = [
            itself,
            members.collect(),
            groups.collect(),
            rooms.collect(),
            hidden.collect(),
            people.collect(),
            requests.collect(),
        ];
        Ok(kinds.into_iter().map(|items: Vec<_>| Rows::new(items, limit, head)).collect())
    }

    async fn member_rows(
        &self,
        actor: &Actor,
        (member, team): (MemberId, TeamId),
        after: Rev,
        limit: u32,
        head: Rev,
    ) -> Result<Vec<Rows>, ServiceError> {
        let mut db = &self.store;
        let items = self.my_channel_rows(actor, member, after, limit).await?;
        let wanted = channel_preferences::list_changes(&mut db, member, after, limit).await?;
        let wanted = wanted.into_iter().map(|(channel_id, preferences)| {
            (preferences.rev, Some(Change::MyChannelPreferences { channel_id, preferences }))
        });
        let order = channel_orders::find_changed(&mut db, member, after).await?;
        let order = order.map(|order| (order.rev, Some(Change::MyChannelOrder { order }))).into_iter();
        let mutes = muted_users::list_changes(&mut db, member, after, limit).await?;
        let mutes = mutes.into_iter().map(|mute| (mute.rev, Some(Change::MyUserMute { mute })));
        let threads = self.my_thread_rows(actor, team, after, limit).await?;
        let saved = saved::list_changes(&mut db, member, after, limit).await?;
        let saved = saved.into_iter().map(|saved| (saved.rev, Some(Change::MySaved { saved })));
        let drafts = drafts::list_changes(&mut db, member, after, limit).await?;
        let drafts = drafts.into_iter().map(|draft| (draft.rev, Some(Change::MyDraft { draft })));
        let planned = scheduled::list_changes(&mut db, member, after, limit).await?;
        let planned = planned.into_iter().map(|scheduled| (scheduled.rev, Some(Change::MyScheduled { scheduled })));
        let reminders = reminders::list_changes(&mut db, member, after, limit).await?;
        let reminders = reminders.into_iter().map(|reminder| (reminder.rev, Some(Change::MyReminder { reminder })));
        let kinds = [
            items,
            wanted.collect(),
            order.collect(),
            mutes.collect(),
            threads,
            saved.collect(),
            drafts.collect(),
            planned.collect(),
            reminders.collect(),
        ];
        Ok(kinds.into_iter().map(|items: Vec<_>| Rows::new(items, limit, head)).collect())
    }

    async fn my_thread_rows(
        &self,
        actor: &Actor,
        team: TeamId,
        after: Rev,
        limit: u32,
    ) -> Result<Vec<(Rev, Option<Change>)>, ServiceError> {
        let mut db = &self.store;
        let mut present = Vec::new();
        let mut items = Vec::new();
        for change in threads::list_changes(&mut db, (actor.user_id, team), after, limit).await? {
            match change {
                threads::ThreadChange::Present(row) => present.push(row),
                threads::ThreadChange::Hidden(rev) => items.push((rev, None)),
            }
        }
        for thread in memberships(&mut db, actor.user_id, &present).await? {
            items.push((thread.read.rev, Some(Change::MyThread { thread })));
        }
        items.sort_by_key(|&(rev, _)| rev);
        Ok(items)
    }

    async fn my_channel_rows(
        &self,
        actor: &Actor,
        member: MemberId,
        after: Rev,
        limit: u32,
    ) -> Result<Vec<(Rev, Option<Change>)>, ServiceError> {
        let mut db = &self.store;
        let found = channel_members::list_my_changes(&mut db, member, after, limit).await?;
        let mut present = Vec::new();
        let mut items = Vec::new();
        for change in found {
            match change {
                channel_members::MyChange::Present(row) => present.push(*row),
                channel_members::MyChange::Gone(channel_id, rev) => {
                    items.push((rev, Some(Change::MyChannelGone { channel_id, rev })));
                }
            }
        }
        for mine in with_counts(&mut db, actor.user_id, present).await? {
            if let Some(membership) = mine.membership {
                items.push((membership.read.rev, Some(Change::MyChannel { channel: mine.channel, membership })));
            }
        }
        items.sort_by_key(|&(rev, _)| rev);
        Ok(items)
    }

    /// Gives the server's clock.
    pub(crate) fn now(&self) -> Time {
        self.clock.now()
    }

    /// Names this store's history.
    pub(crate) fn epoch(&self) -> &Epoch {
        &self.epoch
    }
}

enum Scope {
    Channel(ChannelId),
    Team { team: TeamId, facts: TeamFacts },
    Member { member: MemberId, team: TeamId },
}

/// Merges rows of several kinds into the items of one page, and the rev where it ends: before the first kind that may be
/// incomplete.
fn merge(kinds: Vec<Rows>, head_rev: Rev) -> (Vec<Change>, Rev) {
    let rev = kinds.iter().map(|rows| rows.complete_to).min().unwrap_or(head_rev);
    let mut items: Vec<_> = kinds.into_iter().flat_map(|rows| rows.items).filter(|&(at, _)| at <= rev).collect();
    items.sort_by_key(|&(at, _)| at);
    (items.into_iter().filter_map(|(_, change)| change).collect(), rev)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rev(number: u64) -> Rev {
        Rev::try_from(number).unwrap()
    }

    fn rows(revs: &[u64], limit: u32, head: u64) -> Rows {
        let gone = |number: u64| Change::ChannelGone { channel_id: ChannelId::try_from(1).unwrap(), rev: rev(number) };
        Rows::new(revs.iter().map(|&number| (rev(number), Some(gone(number)))).collect(), limit, rev(head))
    }

    #[track_caller]
    fn check(kinds: Vec<Rows>, head: u64, expected_revs: &[u64], expected_end: u64) {
        let (items, end) = merge(kinds, rev(head));
        let revs: Vec<u64> = items
            .iter()
            .map(|change| match change {
                Change::ChannelGone { rev, .. } => rev.get(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!((revs.as_slice(), end), (expected_revs, rev(expected_end)));
    }

    #[test]
    fn a_page_ends_before_the_first_kind_that_may_be_incomplete() {
        check(vec![rows(&[3, 9], 5, 10), rows(&[1, 2, 5, 7], 4, 10)], 10, &[1, 2, 3, 5], 6);
        check(vec![rows(&[3, 9], 5, 10), rows(&[], 4, 10)], 10, &[3, 9], 10);
    }

    #[test]
    fn rows_beyond_the_head_wait_for_the_next_page() {
        check(vec![rows(&[9, 11], 5, 10)], 10, &[9], 10);
    }
}
