//! Whole lists: pages read one after the other, up to a bound.

use std::future::Future;

use syncspace_protocol::auth::Session;
use syncspace_protocol::channels::{ChannelMember, MyChannel};
use syncspace_protocol::commands::SlashCommand;
use syncspace_protocol::groups::UserGroup;
use syncspace_protocol::join_requests::{JoinRequest, MyJoinRequest};
use syncspace_protocol::limits::PAGE_ITEMS_MAX;
use syncspace_protocol::page::{CursorQuery, PageQuery, PeopleQuery};
use syncspace_protocol::personal::{Draft, MutedUser, MyThread, SavedMessage};
use syncspace_protocol::reminders::MyReminder;
use syncspace_protocol::scheduled::Scheduled;
use syncspace_protocol::teams::{Invite, MyTeam, TeamMember};
use syncspace_protocol::users::User;
use syncspace_protocol::{ChannelId, Page, TeamId};

use super::Client;
use crate::ClientError;
use crate::bounds::LIST_ITEMS_MAX;

impl Client {
    /// Lists every team that the person may see. Lists end with an error above 10,000 items, here and below.
    pub async fn all_teams(&self) -> Result<Vec<MyTeam>, ClientError> {
        every_page("GET /teams", |query| self.teams(query)).await
    }

    /// Lists every channel of a team that the person may see.
    pub async fn all_channels(&self, team: TeamId) -> Result<Vec<MyChannel>, ClientError> {
        every_page("GET /teams/{id}/channels", |query| self.channels(team, query)).await
    }

    /// Lists everybody in a team.
    pub async fn all_team_members(&self, team: TeamId) -> Result<Vec<TeamMember>, ClientError> {
        every_page("GET /teams/{id}/members", |query| self.team_members(team, query)).await
    }

    /// Lists every user group of a team.
    pub async fn all_groups(&self, team: TeamId) -> Result<Vec<UserGroup>, ClientError> {
        every_page("GET /teams/{id}/groups", |query| self.groups(team, query)).await
    }

    /// Lists every command of a team.
    pub async fn all_commands(&self, team: TeamId) -> Result<Vec<SlashCommand>, ClientError> {
        every_page("GET /teams/{id}/commands", |query| self.commands(team, query)).await
    }

    /// Lists everybody in a channel.
    pub async fn all_channel_members(&self, channel: ChannelId) -> Result<Vec<ChannelMember>, ClientError> {
        every_page("GET /channels/{id}/members", |query| self.channel_members(channel, query)).await
    }

    /// Lists every invite of a team.
    pub async fn all_invites(&self, team: TeamId) -> Result<Vec<Invite>, ClientError> {
        every_page("GET /teams/{id}/invites", |query| self.invites(team, query)).await
    }

    /// Lists everybody whom the person has muted in a team.
    pub async fn all_muted_users(&self, team: TeamId) -> Result<Vec<MutedUser>, ClientError> {
        every_page("GET /teams/{id}/muted", |query| self.muted_users(team, query)).await
    }

    /// Lists every thread that the person follows in a team.
    pub async fn all_my_threads(&self, team: TeamId) -> Result<Vec<MyThread>, ClientError> {
        every_page("GET /teams/{id}/threads", |query| self.my_threads(team, place(query))).await
    }

    /// Lists every saved message of a team that the person may read.
    pub async fn all_saved_messages(&self, team: TeamId) -> Result<Vec<SavedMessage>, ClientError> {
        every_page("GET /teams/{id}/saved", |query| self.saved_messages(team, place(query))).await
    }

    /// Lists every draft of the person in a team.
    pub async fn all_drafts(&self, team: TeamId) -> Result<Vec<Draft>, ClientError> {
        every_page("GET /teams/{id}/drafts", |query| self.drafts(team, place(query))).await
    }

    /// Lists every message of one's own in a team that waits for its time or could not be sent.
    pub async fn all_scheduled(&self, team: TeamId) -> Result<Vec<Scheduled>, ClientError> {
        every_page("GET /teams/{id}/scheduled", |query| self.scheduled(team, query)).await
    }

    /// Lists every reminder of one's own in a team that waits for its time or is due.
    pub async fn all_reminders(&self, team: TeamId) -> Result<Vec<MyReminder>, ClientError> {
        every_page("GET /teams/{id}/reminders", |query| self.reminders(team, query)).await
    }

    /// Lists every open request to come into a team.
    pub async fn all_join_requests(&self, team: TeamId) -> Result<Vec<JoinRequest>, ClientError> {
        every_page("GET /teams/{id}/join_requests", |query| self.join_requests(team, query)).await
    }

    /// Lists every request of one's own to come into teams.
    pub async fn all_my_join_requests(&self) -> Result<Vec<MyJoinRequest>, ClientError> {
        every_page("GET /users/me/join_requests", |query| self.my_join_requests(query)).await
    }

    /// Lists everybody who shares a team with the person.
    pub async fn all_users(&self) -> Result<Vec<User>, ClientError> {
        every_page("GET /users", |PageQuery { cursor, limit, .. }| {
            self.users(PeopleQuery { cursor, limit, ..PeopleQuery::default() })
        })
        .await
    }

    /// Lists every logged-in device of the account.
    pub async fn all_sessions(&self) -> Result<Vec<Session>, ClientError> {
        every_page("GET /auth/sessions", |query| self.sessions(query)).await
    }
}

/// Gives the query of a list without names.
fn place(query: PageQuery) -> CursorQuery {
    CursorQuery { cursor: query.cursor, limit: query.limit }
}

async fn every_page<T, F, R>(name: &str, mut fetch: F) -> Result<Vec<T>, ClientError>
where
    F: FnMut(PageQuery) -> R,
    R: Future<Output = Result<Page<T>, ClientError>>,
{
    let mut items = Vec::new();
    let mut cursor = None;
    loop {
        let page = fetch(PageQuery { cursor, limit: Some(PAGE_ITEMS_MAX), ..PageQuery::default() }).await?;
        // A server that gives empty pages for ever must not hold us.
        let is_stuck = page.items.is_empty() && page.next.is_some();
        items.extend(page.items);
        if is_stuck || items.len() > LIST_ITEMS_MAX {
            return Err(ClientError::Protocol { during: name.to_owned(), source: "the list does not end".into() });
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(items),
        }
    }
}
