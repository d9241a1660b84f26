//! Moving a team's history out: its archive, line by line, as its reader takes it.
//!
//! Each channel is read up to the head that it had when its turn came, page by page in the order of its places, so memory does
//! not grow with history. Whoever may export is asked again before each channel.

use std::collections::HashMap;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use serde::Serialize;
use syncspace_protocol::archive::{
    ARCHIVE_VERSION, ArchiveChannel, ArchiveEnd, ArchiveFile, ArchiveGroup, ArchiveHead, ArchiveLine, ArchiveMember,
    ArchiveMessage, ArchivePin, ArchiveReaction, ArchiveTeam, ArchiveUser, key_of_people,
};
use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::channels::{Channel, ChannelHead};
use syncspace_protocol::imports::ExportQuery;
use syncspace_protocol::limits::ARCHIVE_REACTIONS_MAX;
use syncspace_protocol::messages::Message;
use syncspace_protocol::{Seq, SessionId, TeamId, UserId, Username};
use tokio::sync::mpsc;

use super::audit::Line;
use super::files::OpenFile;
use super::transfers::Transfer;
use super::uploads::check_sha256;
use super::users::require_admin;
use super::{Actor, Service, ServiceError, access};
use crate::permissions::TeamAction;
use crate::store::exports::{self, FoundChannel};
use crate::store::list::Slice;
use crate::store::messages::Part;
use crate::store::{groups, imported, messages, teams};

/// Rows of one page: a few hundred kilobytes of lines.
const PAGE_ROWS: u32 = 200;
/// Pages that wait for the reader.
const PAGES_QUEUED_MAX: usize = 1;
/// Longest wait for the reader to take the next page.
const READER_WAIT: Duration = Duration::from_secs(60);
/// Most groups of a team are listed at once.
const GROUPS_MAX: u32 = 10_000;

/// The lines of an archive as they come; an error breaks them off.
pub type ArchiveBytes = Pin<Box<dyn Stream<Item = Result<Bytes, ExportBroken>> + Send + Sync>>;

/// The archive broke off; the server's log says why.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the archive broke off")]
pub struct ExportBroken;

impl Service {
    /// Gives the archive of a team.
    pub async fn export_team(
        self: &Arc<Self>,
        actor: &Actor,
        team: TeamId,
        query: ExportQuery,
    ) -> Result<ArchiveBytes, ServiceError> {
        let right = Right::Team(team, action(query.include_private));
        let taker = Taker { service: Arc::clone(self), user: actor.user_id, session: actor.session_id, right };
        taker.check().await?;
        let export = Export {
            service: Arc::clone(self),
            reader: actor.user_id,
            team,
            has_private: query.include_private,
            names: HashMap::new(),
            messages: 0,
        };
        let transfer = self.transfers.begin(actor.user_id)?;
        let line = Line::by(actor, AuditAction::TeamExported).in_team(team);
        let line = line.with("include_private", query.include_private);
        line.write(&mut &self.store, self.clock.now()).await?;
        Ok(stream(transfer, taker, move |mut lines| async move {
            let outcome = export.write(&mut lines).await;
            (lines, outcome)
        }))
    }

    /// Opens a file that messages of a team carry, by its checksum, for whoever exports the team.
    pub async fn open_exported_file(
        &self,
        actor: &Actor,
        team: TeamId,
        sha256: &str,
        query: ExportQuery,
    ) -> Result<OpenFile, ServiceError> {
        let mut db = &self.store;
        access::on_team(&mut db, actor, team, action(query.include_private)).await?;
        let sha256 = check_sha256("sha256", sha256)?;
        let found = exports::find_file(&mut db, team, &sha256, query.include_private).await?;
        let (info, blob_key) = found.ok_or_else(|| ServiceError::not_found("file"))?;
        Ok(OpenFile::new(info, blob_key, self.transfers.begin(actor.user_id)?))
    }
}

const fn action(has_private: bool) -> TeamAction {
    if has_private { TeamAction::ExportPrivate } else { TeamAction::Export }
}

/// Has lines written as their reader takes them; whatever stops it breaks them off.
pub(super) fn stream<F>(
    transfer: Transfer,
    taker: Taker,
    write: impl FnOnce(Lines) -> F + Send + 'static,
) -> ArchiveBytes
where
    F: Future<Output = (Lines, Result<(), Stop>)> + Send + 'static,
{
    let (sender, mut receiver) = mpsc::channel(PAGES_QUEUED_MAX);
    tokio::spawn(async move {
        let (lines, outcome) = write(Lines { taker, sender, page: Vec::new() }).await;
        if let Err(Stop::Failed(error)) = outcome {
            tracing::warn!(error = &error as &dyn Error, "an export broke off");
            // Without its last line, and by a connection that breaks off: nobody takes it for whole.
            drop(lines.sender.send_timeout(Err(ExportBroken), READER_WAIT).await);
        }
        drop(transfer);
    });
    Box::pin(futures_util::stream::poll_fn(move |context| receiver.poll_recv(context)))
}

/// Why an export ends before its end.
pub(super) enum Stop {
    /// The reader has gone away.
    Unread,
    /// It cannot go on.
    Failed(ServiceError),
}

impl<E: Into<ServiceError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Who takes an archive, asked again before each page: it breaks off where the login or the right ends.
pub(super) struct Taker {
    pub(super) service: Arc<Service>,
    pub(super) user: UserId,
    pub(super) session: SessionId,
    pub(super) right: Right,
}

/// What an archive may be taken by.
#[derive(Debug, Clone, Copy)]
pub(super) enum Right {
    /// It is about who takes it.
    Own,
    /// Who takes it may do this in a team.
    Team(TeamId, TeamAction),
    /// Who takes it administers the server.
    Admin,
}

impl Taker {
    async fn check(&self) -> Result<(), ServiceError> {
        let actor = self.service.stand(self.user, self.session).await?;
        match self.right {
            Right::Own => Ok(()),
            Right::Team(team, action) => {
                Ok(access::on_team(&mut &self.service.store, &actor, team, action).await.map(drop)?)
            }
            Right::Admin => require_admin(&actor),
        }
    }
}

/// Lines on their way to the reader, a page at a time.
pub(super) struct Lines {
    taker: Taker,
    sender: mpsc::Sender<Result<Bytes, ExportBroken>>,
    page: Vec<u8>,
}

impl Lines {
    pub(super) fn push(&mut self, line: &impl Serialize) -> Result<(), Stop> {
        serde_json::to_writer(&mut self.page, line).map_err(ServiceError::fault)?;
        self.page.push(b'\n');
        Ok(())
    }

    pub(super) async fn flush(&mut self) -> Result<(), Stop> {
        if self.page.is_empty() {
            return Ok(());
        }
        self.taker.check().await?;
        let page = Bytes::from(std::mem::take(&mut self.page));
        self.sender.send_timeout(Ok(page), READER_WAIT).await.map_err(|_| Stop::Unread)
    }
}

/// One archive that is being written.
struct Export {
    service: Arc<Service>,
    reader: UserId,
    team: TeamId,
    has_private: bool,
    /// Everybody who had a line.
    names: HashMap<UserId, Username>,
    messages: u64,
}

impl Export {
    async fn write(mut self, lines: &mut Lines) -> Result<(), Stop> {
        let version = ArchiveHead { version: ARCHIVE_VERSION, has_private: self.has_private };
        lines.push(&ArchiveLine::Version(version))?;
        let team = teams::find(&mut &self.service.store, self.team, self.reader).await?;
        let team = team.ok_or_else(|| ServiceError::not_found("team"))?.team;
        lines.push(&ArchiveLine::Team(ArchiveTeam {
            name: team.name,
            description: team.description,
            is_public: team.is_public,
            settings: team.settings.into(),
        }))?;
        self.write_people(lines).await?;
        self.write_groups(lines).await?;
        for (channel, people) in self.channels(lines).await? {
            self.write_channel(lines, &channel, people).await?;
        }
        lines.push(&ArchiveLine::End(ArchiveEnd { messages: self.messages }))?;
        lines.flush().await
    }

    async fn write_people(&mut self, lines: &mut Lines) -> Result<(), Stop> {
        let mut after = String::new();
        loop {
            let page = exports::list_people(&mut &self.service.store, self.team, &after, PAGE_ROWS).await?;
            let is_last = is_short(&page);
            for (id, person) in page {
                after = person.username.key();
                self.write_person(lines, id, person)?;
            }
            lines.flush().await?;
            if is_last {
                return Ok(());
            }
        }
    }

    fn write_person(&mut self, lines: &mut Lines, id: UserId, mut person: ArchiveUser) -> Result<(), Stop> {
        person.email = person.email.filter(|_| self.has_private);
        self.names.insert(id, person.username.clone());
        lines.push(&ArchiveLine::User(person))
    }

    /// Writes those of some people who had no line yet: they are no longer in the team.
    async fn introduce(&mut self, lines: &mut Lines, people: impl Iterator<Item = UserId>) -> Result<(), Stop> {
        let mut strangers: Vec<_> = people.filter(|id| !self.names.contains_key(id)).collect();
        strangers.sort_unstable();
        strangers.dedup();
        for part in strangers.chunks(500) {
            for (id, person) in exports::load_people(&mut &self.service.store, part).await? {
                self.write_person(lines, id, person)?;
            }
        }
        Ok(())
    }

    fn name(&self, id: UserId) -> Result<Username, Stop> {
        let missing = || ServiceError::fault(format!("the account {id} has no row"));
        Ok(self.names.get(&id).cloned().ok_or_else(missing)?)
    }

    async fn write_groups(&mut self, lines: &mut Lines) -> Result<(), Stop> {
        let all = Slice { after: 0, limit: GROUPS_MAX, contains: None, exactly: None };
        let mut groups = groups::list(&mut &self.service.store, self.team, &all).await?;
        groups.sort_by_key(|group| group.name.key());
        for group in groups {
            let mut users = group.user_ids.iter().map(|&id| self.name(id)).collect::<Result<Vec<_>, _>>()?;
            users.sort_by_key(Username::key);
            lines.push(&ArchiveLine::Group(ArchiveGroup { name: group.name, users }))?;
        }
        Ok(())
    }

    /// Lists the channels in the order of the archive: those with names, then those of people.
    async fn channels(&mut self, lines: &mut Lines) -> Result<Vec<(FoundChannel, Vec<Username>)>, Stop> {
        let found = exports::list_channels(&mut &self.service.store, self.team, self.has_private).await?;
        let (named, direct): (Vec<_>, Vec<_>) = found.into_iter().partition(|channel| channel.is_named);
        let mut ordered: Vec<_> = named.into_iter().map(|channel| (channel, Vec::new())).collect();
        let mut between = Vec::with_capacity(direct.len());
        for channel in direct {
            let ids: Vec<UserId> = channel.key.split('@').filter_map(|id| id.parse().ok()).collect();
            self.introduce(lines, ids.iter().copied()).await?;
            let mut people = ids.into_iter().map(|id| self.name(id)).collect::<Result<Vec<_>, _>>()?;
            people.sort();
            between.push((channel, people));
        }
        between.sort_by(|(_, one), (_, other)| one.cmp(other));
        ordered.extend(between);
        Ok(ordered)
    }

    async fn write_channel(
        &mut self,
        lines: &mut Lines,
        found: &FoundChannel,
        people: Vec<Username>,
    ) -> Result<(), Stop> {
        let row = exports::find_channel(&mut &self.service.store, found.id).await?;
        // Deleted since the list was read.
        let Some((channel, head)) = row else { return Ok(()) };
        self.introduce(lines, std::iter::once(channel.created_by)).await?;
        let key = channel.name.as_ref().map_or_else(|| key_of_people(&people), ToString::to_string);
        let is_named = channel.name.is_some();
        lines.push(&ArchiveLine::Channel(ArchiveChannel {
            key: key.clone(),
            kind: channel.kind,
            name: channel.name.clone(),
            people,
            description: channel.description.clone(),
            topic: channel.topic.clone(),
            posting: channel.posting,
            is_default: channel.is_default,
            retention_days: channel.retention_days,
            created_by: Some(self.name(channel.created_by)?),
            created_at: channel.created_at,
            archived_at: channel.archived_at,
        }))?;
        if is_named {
            self.write_members(lines, &channel, &key).await?;
        }
        self.write_messages(lines, &channel, head, &key).await
    }

    async fn write_members(&mut self, lines: &mut Lines, channel: &Channel, key: &str) -> Result<(), Stop> {
        let mut after = String::new();
        loop {
            let page = exports::list_members(&mut &self.service.store, channel.id, &after, PAGE_ROWS).await?;
            let is_last = is_short(&page);
            for (id, user, role) in page {
                after = user.key();
                self.introduce(lines, std::iter::once(id)).await?;
                lines.push(&ArchiveLine::Member(ArchiveMember { channel: key.to_owned(), user, role }))?;
            }
            lines.flush().await?;
            if is_last {
                return Ok(());
            }
        }
    }

    async fn write_messages(
        &mut self,
        lines: &mut Lines,
        channel: &Channel,
        head: ChannelHead,
        key: &str,
    ) -> Result<(), Stop> {
        let mut after = head.floor_seq;
        while after < head.last_seq {
            let mut db = &self.service.store;
            let page = messages::list(&mut db, channel.id, Part::After(after), PAGE_ROWS).await?;
            let page: Vec<_> = page.into_iter().filter(|message| message.seq <= head.last_seq).collect();
            let (Some(first), Some(last)) = (page.first(), page.last()) else { break };
            after = last.seq;
            let mut reactions: HashMap<Seq, Vec<_>> = HashMap::new();
            for (seq, emoji, user, at) in imported::list_reactions(&mut db, channel.id, (first.seq, last.seq)).await? {
                let of_message = reactions.entry(seq).or_default();
                if of_message.len() < ARCHIVE_REACTIONS_MAX {
                    of_message.push((emoji, user, at));
                }
            }
            let named = page.iter().flat_map(|message| {
                let forwarded = message.forwarded_from.map(|from| from.sender_id);
                [Some(message.sender_id), message.pinned.map(|pin| pin.user_id), forwarded].into_iter().flatten()
            });
            let reacted = reactions.values().flatten().map(|(_, user, _)| *user);
            let people: Vec<_> = named.chain(reacted).collect();
            self.introduce(lines, people.into_iter()).await?;
            for message in &page {
                let reactions = reactions.remove(&message.seq).unwrap_or_default();
                let reactions = reactions
                    .into_iter()
                    .map(|(emoji, user, at)| Ok::<_, Stop>(ArchiveReaction { emoji, user: self.name(user)?, at }));
                let reactions = reactions.collect::<Result<Vec<_>, _>>()?;
                let line = self.message(message, (key, head.floor_seq), reactions)?;
                lines.push(&ArchiveLine::Message(Box::new(line)))?;
                self.messages += 1;
            }
            lines.flush().await?;
        }
        Ok(())
    }

    fn message(
        &self,
        message: &Message,
        (key, floor): (&str, Seq),
        reactions: Vec<ArchiveReaction>,
    ) -> Result<ArchiveMessage, Stop> {
        let number = |seq: Seq| seq.get().checked_sub(floor.get()).filter(|&number| number > 0);
        let pinned =
            message.pinned.map(|pin| Ok::<_, Stop>(ArchivePin { user: self.name(pin.user_id)?, at: pin.pinned_at }));
        let files = message.files.iter().map(|file| ArchiveFile {
            name: file.name.clone(),
            size_bytes: file.size_bytes,
            sha256: file.sha256.clone(),
        });
        Ok(ArchiveMessage {
            channel: key.to_owned(),
            number: number(message.seq).unwrap_or_default(),
            sender: self.name(message.sender_id)?,
            content: message.content.clone(),
            message_type: message.message_type,
            code: message.code.clone(),
            // The root of an old thread may no longer be kept.
            parent: message.parent_seq.and_then(number),
            forwarded_from: message.forwarded_from.map(|from| self.name(from.sender_id)).transpose()?,
            created_at: message.created_at,
            edited_at: message.edited_at,
            deleted_at: message.deleted_at,
            pinned: pinned.transpose()?,
            reactions,
            files: files.collect(),
        })
    }
}

fn is_short<T>(page: &[T]) -> bool {
    u32::try_from(page.len()).is_ok_and(|rows| rows < PAGE_ROWS)
}
