//! Files that are there: who may see, read and delete them, asked at every request.

use std::collections::BTreeSet;
use std::ops::Range;
use std::pin::Pin;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::files::{FileEntry, FileInfo, FileLink};
use syncspace_protocol::limits::FILE_LINK_LIFE_S;
use syncspace_protocol::page::CursorQuery;
use syncspace_protocol::{ChannelId, FileId, Page, SessionId, TeamId, Time, UserId};
use tokio::sync::mpsc;

use super::file_counts::add;
use super::paging::{Window, odd_cursor, read_cursor, truncate};
use super::transfers::Transfer;
use super::uploads::storage_failed;
use super::{Actor, Service, ServiceError, access, later};
use crate::blobs::{BlobError, BlobStream};
use crate::permissions::{ChannelAction, TeamAction};
use crate::store::files::{self, Before, FileRow};
use crate::store::{Queries as _, channels, file_parts};

/// Longest wait for a reader to take the next bytes of a file.
const READER_WAIT: Duration = Duration::from_secs(60);
/// Chunks that wait for a reader.
const CHUNKS_QUEUED_MAX: usize = 1;
/// Where a list begins: 9999-12-29, behind every time that there is a file of.
const NEWEST_MS: i64 = 253_402_128_000_000;
/// What a link's signature is of, beside whose it is and of which file.
const LINK_PURPOSE: &str = "syncspace file link";

/// A file that may be read now.
pub struct OpenFile {
    /// What is known of it.
    pub info: FileInfo,
    blob_key: String,
    transfer: Transfer,
}

impl OpenFile {
    pub(super) fn new(info: FileInfo, blob_key: String, transfer: Transfer) -> Self {
        Self { info, blob_key, transfer }
    }
}

/// Bytes of a file.
pub type FileBytes = Pin<Box<dyn Stream<Item = Result<Bytes, BlobError>> + Send + Sync>>;

impl Service {
    /// Lists the files that messages of a channel carry, the newest first.
    pub async fn files(
        &self,
        actor: &Actor,
        channel: ChannelId,
        query: &CursorQuery,
    ) -> Result<Page<FileEntry>, ServiceError> {
        let (limit, before) = parse_place(query)?;
        let mut db = &self.store;
        let rows = files::list(&mut db, channel, before, limit + 1).await?;
        // The permission last: what was taken away meanwhile is not shown.
        access::load_channel(&mut db, actor, channel).await?;
        Ok(page_of(rows, limit))
    }

    /// Lists the files of a team that a person may see, the newest first.
    pub async fn team_files(
        &self,
        actor: &Actor,
        team: TeamId,
        query: &CursorQuery,
    ) -> Result<Page<FileEntry>, ServiceError> {
        let (limit, before) = parse_place(query)?;
        let mut db = &self.store;
        let (_, access) = access::on_team(&mut db, actor, team, TeamAction::ViewInside).await?;
        let sees_public = access.facts.sees_public_channels();
        let channels = channels::list_visible_ids(&mut db, (team, actor.user_id), sees_public).await?;
        let newest = db.query_many(vec![files::newest_of(&channels, before, limit + 1)]).await?;
        let mut keys = files::read_newest(newest.first().map_or(&[], Vec::as_slice), limit + 1)?;
        let has_more = truncate(&mut keys, limit);
        let next = keys.last().filter(|_| has_more).map(|&(time, id)| place_text(time, id));
        let found = db.query_many(vec![files::by_ids(keys.into_iter().map(|(_, id)| id))]).await?;
        let mut rows = files::read_all(found.first().map_or(&[], Vec::as_slice))?;
        // The permission last: what went, or was taken away, while the list was read is not shown.
        let channels: BTreeSet<_> = rows.iter().filter_map(|row| row.channel).collect();
        let pairs = channels.into_iter().map(|channel| (channel, actor.user_id));
        let found = db.query_many(vec![channels::access_of_many(pairs)]).await?;
        let access = channels::read_access_of_many(found.first().map_or(&[], Vec::as_slice))?;
        let may_read = |row: &FileRow| {
            let found = row.channel.and_then(|channel| access.get(&(channel, actor.user_id)).copied());
            access::weigh_channel(actor, found).is_ok() && row.attached_at.is_some()
        };
        rows.retain(may_read);
        rows.sort_unstable_by_key(|row| std::cmp::Reverse((row.attached_at, row.info.id)));
        rows.dedup_by_key(|row| row.info.id);
        Ok(Page { items: rows.into_iter().filter_map(FileRow::entry).collect(), next })
    }

    /// Tells what is known of a file.
    pub async fn file(&self, actor: &Actor, id: FileId) -> Result<FileEntry, ServiceError> {
        self.find_seen(actor, id).await?.entry().ok_or_else(no_file)
    }

    /// Opens a file for reading.
    pub async fn open_file(&self, actor: &Actor, id: FileId) -> Result<OpenFile, ServiceError> {
        let row = self.find_seen(actor, id).await?;
        let transfer = self.transfers.begin(actor.user_id)?;
        Ok(OpenFile { info: row.info, blob_key: row.blob_key, transfer })
    }

    /// Opens a picture of a person or a team for reading, for anyone.
    pub async fn open_picture(&self, sha256: &str) -> Result<OpenFile, ServiceError> {
        let row = files::find_picture(&mut &self.store, sha256).await?;
        let row = row.ok_or_else(|| ServiceError::not_found("picture"))?;
        Ok(OpenFile { info: row.info, blob_key: row.blob_key, transfer: self.transfers.begin_open()? })
    }

    /// Gives a part of an open file as its reader takes it. A reader that takes nothing for a minute gets no more.
    pub async fn read_file(&self, file: OpenFile, part: Range<u64>) -> Result<FileBytes, ServiceError> {
        let mut bytes = self.read_bytes(&file.blob_key, part).await?;
        let (sender, mut receiver) = mpsc::channel(CHUNKS_QUEUED_MAX);
        let transfer = file.transfer;
        let counts = self.file_counts.clone();
        add(&counts.downloads, 1);
        tokio::spawn(async move {
            while let Some(chunk) = bytes.next().await {
                add(
                    &counts.downloaded_bytes,
                    chunk.as_ref().map_or(0, |chunk| u64::try_from(chunk.len()).unwrap_or(0)),
                );
                if sender.send_timeout(chunk, READER_WAIT).await.is_err() {
                    break;
                }
            }
            drop(transfer);
        });
        Ok(Box::pin(futures_util::stream::poll_fn(move |context| receiver.poll_recv(context))))
    }

    /// Reads bytes under the key of a file, whether they came at once or in parts.
    pub(super) async fn read_bytes(&self, blob_key: &str, range: Range<u64>) -> Result<BlobStream, ServiceError> {
        let parts = file_parts::list(&mut &self.store, blob_key).await?;
        let read = match parts.is_empty() {
            true => self.blobs.read(blob_key, range).await,
            false => {
                let parts = parts.into_iter().map(|part| (part.key, part.size_bytes)).collect();
                self.blobs.read_parts(parts, range).await
            }
        };
        read.map_err(storage_failed)
    }

    /// Deletes a file of one's own that no message carries.
    pub async fn delete_file(&self, actor: &Actor, id: FileId) -> Result<(), ServiceError> {
        let row = self.find_seen(actor, id).await?;
        if row.uploader != actor.user_id {
            return Err(ServiceError::refused(ErrorCode::Forbidden, "only who uploaded a file deletes it"));
        }
        if files::discard(&mut &self.store, id, self.clock.now()).await? {
            return Ok(());
        }
        match self.find_seen(actor, id).await?.message_seq {
            Some(seq) => {
                let sentence = format!("message {seq} of its channel carries this file; delete that message");
                Err(ServiceError::refused(ErrorCode::Conflict, sentence))
            }
            None => {
                let sentence =
                    "a message that is to be sent later carries this file; cancel that, or take the file from it";
                Err(ServiceError::refused(ErrorCode::Conflict, sentence))
            }
        }
    }

    /// Makes an address at which a file can be fetched without a token for a minute, as long as its maker could.
    pub async fn link_file(&self, actor: &Actor, id: FileId) -> Result<FileLink, ServiceError> {
        self.find_seen(actor, id).await?;
        let expires_at = later(self.clock.now(), i64::from(FILE_LINK_LIFE_S) * 1_000);
        let text = format!("{}.{}.{id}.{}", actor.user_id, actor.session_id, expires_at.unix_ms());
        let mac = self.token_keys.macs(format!("{LINK_PURPOSE}\0{text}").as_bytes());
        let mac = mac.first().ok_or_else(|| ServiceError::fault("there is no signing secret"))?;
        let path = format!("/api/v1/files/signed/{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac));
        Ok(FileLink { path, expires_at })
    }

    /// Opens the file of a link; whoever made it must still be logged in on that device, and may see the file.
    pub async fn open_link(&self, link: &str) -> Result<OpenFile, ServiceError> {
        let over = || {
            let sentence = "this link to a file is over, or was never one; ask for a new one";
            ServiceError::refused(ErrorCode::NotFound, sentence)
        };
        let Link { user, session, file, expires_at } = self.read_link(link).ok_or_else(over)?;
        if expires_at <= self.clock.now() {
            return Err(over());
        }
        let actor = match self.stand(user, session).await {
            Err(ServiceError::Refused(_)) => return Err(over()),
            stands => stands?,
        };
        self.open_file(&actor, file).await
    }

    fn read_link(&self, link: &str) -> Option<Link> {
        let (text, mac) = link.rsplit_once('.')?;
        let mac = BASE64_URL_SAFE_NO_PAD.decode(mac).ok()?;
        if !self.token_keys.is_mac(format!("{LINK_PURPOSE}\0{text}").as_bytes(), &mac) {
            return None;
        }
        let mut parts = text.split('.');
        let (user, session, file, ms) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        Some(Link {
            user: user.parse().ok()?,
            session: session.parse().ok()?,
            file: file.parse().ok()?,
            expires_at: Time::from_unix_ms(ms.parse().ok()?).ok()?,
        })
    }

    /// Finds a file that a person may see now; in the same words whether it is missing, hidden or no longer there.
    async fn find_seen(&self, actor: &Actor, id: FileId) -> Result<FileRow, ServiceError> {
        let mut db = &self.store;
        let row = files::find(&mut db, id).await?.filter(|row| row.is_ready).ok_or_else(no_file)?;
        let channel = row.channel.ok_or_else(no_file)?;
        match access::on_channel(&mut db, actor, channel, ChannelAction::Read).await {
            Err(access::Stopped::Refused(_)) => return Err(no_file()),
            stopped => stopped?,
        };
        let is_shown = row.attached_at.is_some() || row.uploader == actor.user_id;
        if is_shown { Ok(row) } else { Err(no_file()) }
    }
}

/// What a link says.
struct Link {
    user: UserId,
    session: SessionId,
    file: FileId,
    expires_at: Time,
}

fn no_file() -> ServiceError {
    ServiceError::not_found("file")
}

fn parse_place(query: &CursorQuery) -> Result<(u32, Before), ServiceError> {
    let limit = Window::limit(query.limit)?;
    let newest = || Time::from_unix_ms(NEWEST_MS).map(|time| (time, u64::MAX)).map_err(ServiceError::fault);
    let before = match query.cursor.as_deref() {
        None => newest()?,
        Some(cursor) => read_cursor(cursor).ok_or_else(odd_cursor)?,
    };
    Ok((limit, before))
}

fn page_of(mut rows: Vec<FileRow>, limit: u32) -> Page<FileEntry> {
    let has_more = truncate(&mut rows, limit);
    let next = rows.last().filter(|_| has_more).and_then(cursor_of);
    Page { items: rows.into_iter().filter_map(FileRow::entry).collect(), next }
}

fn cursor_of(row: &FileRow) -> Option<String> {
    Some(place_text(row.attached_at?, row.info.id))
}

fn place_text(time: Time, id: FileId) -> String {
    format!("{}.{id}", time.unix_ms())
}
