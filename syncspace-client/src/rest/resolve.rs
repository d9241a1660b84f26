//! Names as people type them, made into what they name: `eng`, `eng/general`, `#general`, `@alice`, or an id.

use syncspace_protocol::channels::MyChannel;
use syncspace_protocol::groups::UserGroup;
use syncspace_protocol::page::{PageQuery, PeopleQuery};
use syncspace_protocol::teams::MyTeam;
use syncspace_protocol::users::User;
use syncspace_protocol::{ErrorCode, TeamId};

use super::Client;
use crate::ClientError;

impl Client {
    /// Finds a team by its name or id.
    pub async fn resolve_team(&self, text: &str) -> Result<MyTeam, ClientError> {
        if let Some(id) = as_id(text)? {
            return self.team(id).await;
        }
        let page = self.teams(exactly(text)).await?;
        page.items.into_iter().next().ok_or_else(|| unknown("team", text))
    }

    /// Finds a channel by `team/channel` or id; by `#channel` alone where the person is in one team.
    pub async fn resolve_channel(&self, text: &str) -> Result<MyChannel, ClientError> {
        if let Some((team, channel)) = text.split_once('/') {
            let team = self.resolve_team(team).await?.team.id;
            return self.resolve_channel_in(team, channel).await;
        }
        if let Some(id) = as_id(text)? {
            return self.channel(id).await;
        }
        let team = self.only_team(text).await?;
        self.resolve_channel_in(team, text).await
    }

    /// Finds a channel of a team by its name, with or without `#`, or by its id.
    pub async fn resolve_channel_in(&self, team: TeamId, text: &str) -> Result<MyChannel, ClientError> {
        let name = text.strip_prefix('#').unwrap_or(text);
        if let Some(id) = as_id(name)? {
            let found = self.channel(id).await?;
            return if found.channel.team_id == team { Ok(found) } else { Err(unknown("channel of that team", text)) };
        }
        let page = self.channels(team, exactly(name)).await?;
        page.items.into_iter().next().ok_or_else(|| unknown("channel", text))
    }

    /// Finds a person by `@name`, name or id; by id only who is or was in a team of one's own.
    pub async fn resolve_user(&self, text: &str) -> Result<User, ClientError> {
        let name = text.strip_prefix('@').unwrap_or(text);
        if let Some(id) = as_id(name)? {
            return self.user(id).await;
        }
        let page = self.users(PeopleQuery { name: Some(name.to_owned()), ..PeopleQuery::default() }).await?;
        page.items.into_iter().next().ok_or_else(|| unknown("user", text))
    }

    /// Finds a user group of a team by `@name`, name or id.
    pub async fn resolve_group(&self, team: TeamId, text: &str) -> Result<UserGroup, ClientError> {
        let name = text.strip_prefix('@').unwrap_or(text);
        if let Some(id) = as_id(name)? {
            return self.group(team, id).await;
        }
        let page = self.groups(team, exactly(name)).await?;
        page.items.into_iter().next().ok_or_else(|| unknown("group of that team", text))
    }

    async fn only_team(&self, channel: &str) -> Result<TeamId, ClientError> {
        let teams = self.all_teams().await?;
        let mut own = teams.into_iter().filter(|team| team.membership.is_some());
        match (own.next(), own.next()) {
            (Some(team), None) => Ok(team.team.id),
            (None, _) => Err(unknown("channel", channel)),
            (Some(one), Some(_)) => {
                let name = channel.strip_prefix('#').unwrap_or(channel);
                Err(ClientError::refused(
                    ErrorCode::InvalidField,
                    format!("you are in several teams: name the team too, like {}/{name}", one.team.name),
                ))
            }
        }
    }
}

/// Reads digits as an id. Names are never digits alone, so nothing is ambiguous.
fn as_id<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<Option<T>, ClientError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error: T::Err| ClientError::refused(ErrorCode::InvalidField, error.to_string()))
}

fn exactly(name: &str) -> PageQuery {
    PageQuery { name: Some(name.to_owned()), ..PageQuery::default() }
}

fn unknown(what: &str, text: &str) -> ClientError {
    ClientError::refused(ErrorCode::NotFound, format!("there is no {what} {text:?}, or you may not see it"))
}
