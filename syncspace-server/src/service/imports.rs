//! Moving a team's history in: the doors. What an import makes stays out of sight until it is finished.
//!
//! An import goes by the fingerprint of its archive, each message by its number in its channel, which is its place there: so
//! whatever is sent again, after a crash or out of doubt, is known and passed over.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use futures_util::Stream;
use syncspace_protocol::archive::{ArchiveLine, ArchiveMember};
use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::files::{FileInfo, clean_name, nameless};
use syncspace_protocol::imports::{
    FinishedImport, Import, ImportFileQuery, ImportLines, ImportedChannel, ImportedLines, StartImport,
};
use syncspace_protocol::limits::{IMPORT_LINES_MAX, IMPORT_SOURCE_CHARS_MAX};
use syncspace_protocol::{ChannelId, FileId, ImportId, TeamId, UserId, Username};

use super::audit::Line;
use super::behind::Follower;
use super::fields::clean_field;
use super::idempotency::Made;
use super::import_channels::{DropChannels, EnterPeople, ImportChannels, OpenChannel};
use super::import_log::ImportMessages;
use super::import_messages::{self, Names};
use super::import_people::{ImportGroups, ImportPeople};
use super::secrets::hash_token;
use super::uploads::{BrokenOff, Quota, Wanted, check_sha256};
use super::{Actor, Service, ServiceError, access};
use crate::permissions::TeamAction;
use crate::store::files::{self, Home};
use crate::store::imports::{self, Item, ItemKind, NewPerson, Stage};
use crate::store::{Queries, StoreError};

/// Channels that one request finishes, and people of one channel that one commit lets in: each has a head to be locked.
const CHANNELS_PER_FINISH: u32 = 10;
const PEOPLE_PER_COMMIT: u32 = 100;

impl Service {
    /// Begins an import, or gives the one back that was begun with the same fingerprint.
    pub async fn start_import(
        &self,
        actor: &Actor,
        team: TeamId,
        body: StartImport,
    ) -> Result<Made<Import>, ServiceError> {
        let mut db = &self.store;
        access::on_team(&mut db, actor, team, TeamAction::Import).await?;
        let source = clean_field("source", Some(&body.source), IMPORT_SOURCE_CHARS_MAX)?;
        let source = source.ok_or_else(|| ServiceError::invalid_field("source", "say where the import comes from"))?;
        let fingerprint = check_sha256("fingerprint", &body.fingerprint)?;
        if let Some(import) = imports::find_by_fingerprint(&mut db, team, &fingerprint).await? {
            return Ok(Made::Repeat(import));
        }
        let import = Import {
            id: self.ids.next().await?,
            team_id: team,
            source,
            fingerprint,
            match_by: body.match_by,
            started_by: actor.user_id,
            created_at: self.clock.now(),
            finished_at: None,
        };
        let mut tx = self.store.begin().await?;
        match imports::insert(&mut tx, &import).await {
            Ok(()) => {
                let line = Line::by(actor, AuditAction::TeamImported).in_team(team).with("import_id", import.id);
                line.write(&mut tx, import.created_at).await?;
                tx.commit().await?;
                Ok(Made::New(import))
            }
            Err(StoreError::Duplicate { .. }) => {
                let first = imports::find_by_fingerprint(&mut db, team, &import.fingerprint).await?;
                first.map(Made::Repeat).ok_or(ServiceError::Busy { retry_after_ms: 100 })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Gives an import.
    pub async fn import(&self, actor: &Actor, team: TeamId, import: ImportId) -> Result<Import, ServiceError> {
        let mut db = &self.store;
        access::on_team(&mut db, actor, team, TeamAction::Import).await?;
        imports::find(&mut db, team, import).await?.ok_or_else(no_import)
    }

    /// Takes lines of an archive, in their order; those that came before are passed over.
    pub async fn import_lines(
        &self,
        actor: &Actor,
        team: TeamId,
        import: ImportId,
        body: ImportLines,
    ) -> Result<ImportedLines, ServiceError> {
        if body.lines.len() > IMPORT_LINES_MAX {
            let sentence = format!("at most {IMPORT_LINES_MAX} lines in one request");
            return Err(ServiceError::invalid_field("lines", sentence));
        }
        let checked = body.lines.iter().try_for_each(ArchiveLine::check);
        checked.map_err(|error| ServiceError::invalid_field("lines", error.to_string()))?;
        let import = self.open_import(actor, team, import).await?;
        let asked = Asked { actor: *actor, team, import: import.id };
        let mut done = ImportedLines::default();
        let mut rest = body.lines.into_iter().peekable();
        while let Some(first) = rest.next() {
            let kind = first.kind();
            let mut run = vec![first];
            while let Some(line) = rest.next_if(|line| line.kind() == kind) {
                run.push(line);
            }
            self.import_run(asked, run, &mut done).await?;
        }
        Ok(done)
    }

    /// Takes lines of one kind.
    async fn import_run(
        &self,
        asked: Asked,
        run: Vec<ArchiveLine>,
        done: &mut ImportedLines,
    ) -> Result<(), ServiceError> {
        match run.first().map(ArchiveLine::kind) {
            Some("user") => {
                let users = run.into_iter().filter_map(|line| match line {
                    ArchiveLine::User(user) => Some(user),
                    _ => None,
                });
                let people = ImportPeople::new(asked, users.collect())?;
                done.renamed.extend(self.log.commit(people).await?);
            }
            Some("group") => {
                let groups = run.into_iter().filter_map(|line| match line {
                    ArchiveLine::Group(group) => Some(group),
                    _ => None,
                });
                let groups: Vec<_> = groups.collect();
                let hashes = name_hashes(groups.iter().flat_map(|group| &group.users));
                let names = self.names(asked, hashes).await?;
                self.log.commit(ImportGroups::new(asked, groups, &names)?).await?;
            }
            Some("channel") => {
                let channels = run.into_iter().filter_map(|line| match line {
                    ArchiveLine::Channel(channel) => Some(channel),
                    _ => None,
                });
                let channels: Vec<_> = channels.collect();
                let named = channels.iter().flat_map(|channel| channel.people.iter().chain(&channel.created_by));
                let hashes = name_hashes(named);
                let names = self.names(asked, hashes).await?;
                let made = self.log.commit(ImportChannels::new(asked, channels, &names)?).await?;
                made.into_iter().for_each(|channel| put_channel(done, channel));
            }
            Some("member") => self.import_members(asked, &run).await?,
            Some("message") => self.import_messages(asked, run, done).await?,
            _ => {
                let sentence = "lines of the types user, group, channel, member and message are imported";
                return Err(ServiceError::invalid_field("lines", sentence));
            }
        }
        Ok(())
    }

    /// Notes who comes into channels when the import is finished.
    async fn import_members(&self, asked: Asked, run: &[ArchiveLine]) -> Result<(), ServiceError> {
        let members = run.iter().filter_map(|line| match line {
            ArchiveLine::Member(member) => Some(member),
            _ => None,
        });
        let members: Vec<&ArchiveMember> = members.collect();
        let names = self.names(asked, name_hashes(members.iter().map(|member| &member.user))).await?;
        let keys = members.iter().map(|member| hash_token(&member.channel));
        let channels = self.channels_of(asked, keys.collect()).await?;
        let mut people = Vec::with_capacity(members.len());
        for member in members {
            let (channel, stage) = channels.find(&member.channel)?;
            if matches!(stage, Stage::Hidden(_)) {
                people.push(NewPerson { channel, user: names.find(&member.user)?, role: member.role });
            }
        }
        Ok(imports::put_people(&mut &self.store, asked.import, &people).await?)
    }

    /// Appends messages to the channels of an import.
    async fn import_messages(
        &self,
        asked: Asked,
        run: Vec<ArchiveLine>,
        done: &mut ImportedLines,
    ) -> Result<(), ServiceError> {
        let messages = run.into_iter().filter_map(|line| match line {
            ArchiveLine::Message(message) => Some(*message),
            _ => None,
        });
        let messages: Vec<_> = messages.collect();
        let names = self.names(asked, name_hashes(messages.iter().flat_map(import_messages::people_of))).await?;
        let keys = messages.iter().map(|message| hash_token(&message.channel));
        let channels = self.channels_of(asked, keys.collect()).await?;
        let files = self.files_of(asked, messages.iter().flat_map(import_messages::files_of).collect()).await?;
        for part in messages.chunk_by(|one, other| one.channel == other.channel) {
            let key = &part[0].channel;
            let (channel, stage) = channels.find(key)?;
            if stage == Stage::Foreign {
                continue;
            }
            let messages = import_messages::parse(part, &names, &files)?;
            let last_number = self.log.commit(ImportMessages::new(asked, channel, messages)).await?;
            // Nobody is told of it: who works behind the log would find it only by looking.
            self.news(Follower::Search).note(std::iter::once(channel));
            let name = None;
            put_channel(
                done,
                ImportedChannel { key: key.clone(), channel_id: channel, name, last_number, is_foreign: false },
            );
        }
        Ok(())
    }

    /// Keeps a file that a message to come carries. The same one again gives the one that is there.
    pub async fn import_file(
        &self,
        actor: &Actor,
        (team, import): (TeamId, ImportId),
        query: ImportFileQuery,
        length: Option<u64>,
        bytes: &mut (impl Stream<Item = Result<Bytes, BrokenOff>> + Unpin + Send),
    ) -> Result<FileInfo, ServiceError> {
        let import = self.open_import(actor, team, import).await?;
        let asked = Asked { actor: *actor, team, import: import.id };
        let sha256 = check_sha256("sha256", &query.sha256)?;
        let sender = query.sender.parse::<Username>();
        let sender = sender.map_err(|error| ServiceError::invalid_field("sender", error.to_string()))?;
        let uploader = self.names(asked, vec![name_hash(&sender)]).await?.find(&sender)?;
        let channels = self.channels_of(asked, vec![hash_token(&query.channel)]).await?;
        let (channel, _) = channels.find(&query.channel)?;
        let key = import_messages::file_key(&query.channel, query.number, query.place);
        let mut db = &self.store;
        let known = imports::find_items(&mut db, import.id, ItemKind::File, std::slice::from_ref(&key)).await?;
        if let Some(id) = known.get(&key).and_then(|item| FileId::try_from(item.object_id).ok())
            && let Some(row) = files::find(&mut db, id).await?
            && row.is_ready
            && row.info.sha256 == sha256
        {
            return Ok(row.info);
        }
        let wanted = Wanted {
            home: Home::Channel(team, channel),
            uploader,
            name: clean_name(&query.name).unwrap_or_else(nameless),
            sha256: Some(sha256),
            length,
            bytes_max: self.settings.file_bytes_max,
            quota: Quota::OfServer,
        };
        let received = self.receive(wanted, bytes).await?;
        let info = self.finish(received, Some(self.waits_until())).await?;
        let item = Item { object_id: info.id.get(), stage: None };
        imports::put_item(&mut db, import.id, (ItemKind::File, &key), item).await?;
        Ok(info)
    }

    /// Shows some channels of an import to their people; when none is left the import is finished.
    pub async fn finish_import(
        &self,
        actor: &Actor,
        team: TeamId,
        import: ImportId,
    ) -> Result<FinishedImport, ServiceError> {
        let import = self.import(actor, team, import).await?;
        if import.finished_at.is_some() {
            return Ok(FinishedImport { import, channels_left: 0 });
        }
        let asked = Asked { actor: *actor, team, import: import.id };
        let mut db = &self.store;
        for (channel, stage) in imports::list_unfinished(&mut db, import.id, CHANNELS_PER_FINISH).await? {
            if let Stage::Hidden(kind) = stage {
                self.log.commit(OpenChannel { asked, channel, kind }).await?;
            }
            loop {
                let people = imports::list_people(&mut db, import.id, channel, PEOPLE_PER_COMMIT).await?;
                let is_last = people.len() < usize::try_from(PEOPLE_PER_COMMIT).unwrap_or(usize::MAX);
                self.log.commit(EnterPeople { asked, channel, people, is_last }).await?;
                if is_last {
                    break;
                }
            }
        }
        let channels_left = imports::count_unfinished(&mut db, import.id).await?;
        if channels_left == 0 {
            imports::finish(&mut db, import.id, self.clock.now()).await?;
        }
        let import = imports::find(&mut db, team, import.id).await?.ok_or_else(no_import)?;
        Ok(FinishedImport { import, channels_left })
    }

    /// Takes an import back that is not finished: what it made in channels goes, accounts stay.
    pub async fn cancel_import(&self, actor: &Actor, team: TeamId, import: ImportId) -> Result<(), ServiceError> {
        let import = self.open_import(actor, team, import).await?;
        let asked = Asked { actor: *actor, team, import: import.id };
        while self.log.commit(DropChannels { asked }).await? {}
        Ok(imports::remove(&mut &self.store, import.id).await?)
    }

    async fn open_import(&self, actor: &Actor, team: TeamId, import: ImportId) -> Result<Import, ServiceError> {
        let import = self.import(actor, team, import).await?;
        if import.finished_at.is_some() { Err(is_finished()) } else { Ok(import) }
    }

    /// Finds whom names stand for.
    async fn names(&self, asked: Asked, hashes: Vec<String>) -> Result<Names<UserId>, ServiceError> {
        let found = imports::find_items(&mut &self.store, asked.import, ItemKind::User, &hashes).await?;
        let id = |item: Item| UserId::try_from(item.object_id).map_err(ServiceError::fault);
        let found = found.into_iter().map(|(hash, item)| Ok((hash, id(item)?)));
        found.collect::<Result<HashMap<_, _>, ServiceError>>().map(Names)
    }

    /// Finds which files came ahead of their messages.
    async fn files_of(&self, asked: Asked, hashes: Vec<String>) -> Result<Names<FileId>, ServiceError> {
        let found = imports::find_items(&mut &self.store, asked.import, ItemKind::File, &hashes).await?;
        let id = |item: Item| FileId::try_from(item.object_id).map_err(ServiceError::fault);
        let found = found.into_iter().map(|(hash, item)| Ok((hash, id(item)?)));
        found.collect::<Result<HashMap<_, _>, ServiceError>>().map(Names)
    }

    async fn channels_of(&self, asked: Asked, mut hashes: Vec<String>) -> Result<Channels, ServiceError> {
        hashes.dedup();
        let found = imports::find_items(&mut &self.store, asked.import, ItemKind::Channel, &hashes).await?;
        Ok(Channels(found))
    }
}

/// Who asks for what import.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) actor: Actor,
    pub(super) team: TeamId,
    pub(super) import: ImportId,
}

/// What keys of channels stand for.
struct Channels(HashMap<String, Item>);

impl Channels {
    fn find(&self, key: &str) -> Result<(ChannelId, Stage), ServiceError> {
        let found = self
            .0
            .get(&hash_token(key))
            .and_then(|item| Some((ChannelId::try_from(item.object_id).ok()?, item.stage?)));
        found.ok_or_else(|| {
            let sentence = format!("the channel {} has no line before this one", shown(key));
            ServiceError::invalid_field("lines", sentence)
        })
    }
}

/// Gives the hashes of names, each once.
fn name_hashes<'a>(names: impl Iterator<Item = &'a Username>) -> Vec<String> {
    let names: BTreeSet<&Username> = names.collect();
    names.into_iter().map(name_hash).collect()
}

/// Gives by what a username is known; case does not count.
pub(super) fn name_hash(name: &Username) -> String {
    hash_token(&name.key())
}

/// Finds whether the import still takes something, inside of a transaction.
pub(super) async fn load_open(db: &mut impl Queries, asked: Asked) -> Result<Import, access::Stopped> {
    let import = imports::find(db, asked.team, asked.import).await?;
    let import = import.ok_or_else(|| access::Stopped::Refused(no_import()))?;
    if import.finished_at.is_some() { Err(access::Stopped::Refused(is_finished())) } else { Ok(import) }
}

/// Gives a part of a text for a sentence about it.
pub(super) fn shown(text: &str) -> String {
    let clean: String = syncspace_protocol::text::clean_line(text).chars().take(60).collect();
    format!("\"{clean}\"")
}

fn put_channel(done: &mut ImportedLines, channel: ImportedChannel) {
    match done.channels.iter_mut().find(|held| held.key == channel.key) {
        Some(held) => held.last_number = channel.last_number,
        None => done.channels.push(channel),
    }
}

fn no_import() -> ServiceError {
    ServiceError::not_found("import")
}

fn is_finished() -> ServiceError {
    let sentence = "this import is finished; its channels are the team's, and it takes nothing more";
    ServiceError::refused(ErrorCode::Conflict, sentence)
}
