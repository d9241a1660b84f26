//! What an import would make of people and channels, looked up and left as it is: for whoever decides whether to begin it.

use std::collections::HashMap;

use syncspace_protocol::archive::{ArchiveChannel, ArchiveLine, ArchiveUser};
use syncspace_protocol::imports::{CheckImport, CheckedChannel, CheckedImport, MatchBy, RenamedUser};
use syncspace_protocol::limits::IMPORT_LINES_MAX;
use syncspace_protocol::{TeamId, UserId};

use super::channel_changes::Plan;
use super::import_channels::free_name;
use super::import_people::{find_account, free_username};
use super::uploads::check_sha256;
use super::users::require_admin;
use super::{Actor, Service, ServiceError, access};
use crate::permissions::TeamAction;
use crate::store::{Queries, channels, imports};

impl Service {
    /// Says which names are taken, which channels exist already, and what else filled the team.
    pub async fn check_import(&self, actor: &Actor, body: CheckImport) -> Result<CheckedImport, ServiceError> {
        require_admin(actor)?;
        if body.lines.len() > IMPORT_LINES_MAX {
            let sentence = format!("at most {IMPORT_LINES_MAX} lines in one request");
            return Err(ServiceError::invalid_field("lines", sentence));
        }
        let checked = body.lines.iter().try_for_each(ArchiveLine::check);
        checked.map_err(|error| ServiceError::invalid_field("lines", error.to_string()))?;
        let mut db = &self.store;
        let fingerprint = check_sha256("fingerprint", &body.fingerprint)?;
        let mut said = CheckedImport::default();
        if let Some(team) = body.team_id {
            access::on_team(&mut db, actor, team, TeamAction::Import).await?;
            said.own = imports::find_by_fingerprint(&mut db, team, &fingerprint).await?;
            said.other = imports::find_other(&mut db, team, &fingerprint).await?;
        }
        if said.own.is_some() {
            return Ok(said);
        }
        let mut people = HashMap::new();
        for line in &body.lines {
            match (line, body.team_id) {
                (ArchiveLine::User(user), _) => {
                    let account = check_user(&mut db, body.match_by, user, &mut said).await?;
                    people.insert(user.username.key(), account);
                }
                (ArchiveLine::Channel(channel), Some(team)) => {
                    said.channels.extend(check_channel(&mut db, team, channel, &people).await?);
                }
                _ => {}
            }
        }
        Ok(said)
    }
}

async fn check_user(
    db: &mut impl Queries,
    by: MatchBy,
    user: &ArchiveUser,
    said: &mut CheckedImport,
) -> Result<Option<UserId>, ServiceError> {
    let account = find_account(db, by, user).await?;
    let now = match &account {
        Some(account) => {
            said.matched += 1;
            account.username.clone()
        }
        None => free_username(db, &user.username).await?,
    };
    if account.is_none() && now != user.username {
        said.renamed.push(RenamedUser { username: user.username.to_string(), now: now.to_string() });
    }
    Ok(account.map(|account| account.id))
}

/// Checks a channel; one between people exists only where each of them has an account.
async fn check_channel(
    db: &mut impl Queries,
    team: TeamId,
    channel: &ArchiveChannel,
    people: &HashMap<String, Option<UserId>>,
) -> Result<Option<CheckedChannel>, ServiceError> {
    let key = channel.key.clone();
    if let Some(wanted) = &channel.name {
        let name = free_name(db, team, wanted).await?;
        return Ok((name != *wanted).then_some(CheckedChannel { key, name: Some(name) }));
    }
    let ids = channel.people.iter().map(|name| people.get(&name.key()).copied().flatten());
    let Some(ids) = ids.collect::<Option<Vec<_>>>() else { return Ok(None) };
    let known = channels::find_by_key(db, team, &Plan::of_people(&ids).key()).await?;
    Ok(known.map(|_| CheckedChannel { key, name: None }))
}
