//! Bytes on their way in: bounded in length, time and number, counted against who sends them, and kept whole or not at all.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::files::{FileInfo, PictureSize, UploadQuery, clean_name, nameless};
use syncspace_protocol::limits::{FILE_WAITS_S, FILES_WAITING_MAX, UPLOAD_NAME_BYTES_MAX};
use syncspace_protocol::{ChannelId, FileId, IdempotencyKey, Time, UserId};
use tokio::time::timeout;
use uuid::Uuid;

use super::file_types::{HEAD_BYTES, content_type, picture_size};
use super::idempotency::{Claim, KeyedRequest, Made, made_id};
use super::secrets::hex;
use super::{Actor, Refusal, Service, ServiceError, access, later};
use crate::blobs::{BlobError, Writing};
use crate::permissions::ChannelAction;
use crate::store::file_parts;
use crate::store::files::{self, Home, NewFile};

/// Longest wait for the next bytes of an upload.
pub(super) const BYTES_WAIT: Duration = Duration::from_secs(30);
/// Longest time that an upload may take as a whole.
pub(super) const UPLOAD_WAIT: Duration = Duration::from_secs(3600);
/// When what is left of an upload that was never finished may go, in milliseconds: when it must be over on any instance.
const UNFINISHED_MS: i64 = 2 * 3600 * 1_000;
/// Wait named to clients while the storage is full or away, in milliseconds.
const STORAGE_RETRY_MS: u64 = 5_000;

/// The sender has gone away, or does not send what it announced.
#[derive(Debug, Clone, Copy)]
pub struct BrokenOff;

/// What is asked of an upload before its bytes come.
pub(super) struct Wanted {
    pub(super) home: Home,
    pub(super) uploader: UserId,
    pub(super) name: String,
    pub(super) sha256: Option<String>,
    /// As long as it says it is.
    pub(super) length: Option<u64>,
    pub(super) bytes_max: u64,
    pub(super) quota: Quota,
}

/// Against what the bytes of an upload count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quota {
    /// What the operator lets one person keep.
    OfPerson,
    /// Nothing: who administers the server brings them.
    OfServer,
}

/// A finished blob whose row does not say so yet.
pub(super) struct Received {
    pub(super) info: FileInfo,
    pub(super) blob_key: String,
}

impl Service {
    /// Keeps a file that a person uploads into a channel, until a message carries it, for a day at most.
    ///
    /// Once this has given the file, its bytes and its row survive a power cut; otherwise nothing of it is kept. The same
    /// bytes under the same key give the same file; where the checksum comes with the request, before they are read.
    pub async fn upload_once(
        &self,
        actor: &Actor,
        key: Option<&IdempotencyKey>,
        channel: ChannelId,
        query: UploadQuery,
        length: Option<u64>,
        bytes: &mut (impl Stream<Item = Result<Bytes, BrokenOff>> + Unpin + Send),
    ) -> Result<Made<FileInfo>, ServiceError> {
        let name = check_name(query.name.as_deref())?;
        let sha256 = query.sha256.as_deref().map(|text| check_sha256("sha256", text)).transpose()?;
        let request = |sha256: &str| self.keyed(actor, key, ("upload_file", channel.get()), &(&name, sha256));
        if let Some(sha256) = &sha256
            && let Some(id) = self.find_made(request(sha256)?.as_ref()).await?
        {
            return self.file(actor, made_id(id)?).await.map(|entry| Made::Repeat(entry.file));
        }
        let mut db = &self.store;
        let (_, access) = access::on_channel(&mut db, actor, channel, ChannelAction::Post).await?;
        let wanted = Wanted {
            home: Home::Channel(access.team_id, channel),
            uploader: actor.user_id,
            name: name.clone(),
            sha256,
            length,
            bytes_max: self.settings.file_bytes_max,
            quota: Quota::OfPerson,
        };
        let received = self.receive(wanted, bytes).await?;
        // The right may have ended while the bytes came.
        if let Err(stopped) = access::on_channel(&mut db, actor, channel, ChannelAction::Post).await {
            self.forget(received.info.id, &received.blob_key).await;
            return Err(stopped.into());
        }
        let request = request(&received.info.sha256)?;
        match request {
            None => self.finish(received, Some(self.waits_until())).await.map(Made::New),
            Some(request) => self.finish_once(actor, &request, received).await,
        }
    }

    /// Gives until when a file that is there now waits for a message.
    pub(super) fn waits_until(&self) -> Time {
        later(self.clock.now(), i64::from(FILE_WAITS_S) * 1_000)
    }

    /// Says that a file is there, unless an earlier request with the same key has brought the same bytes: then this one goes.
    async fn finish_once(
        &self,
        actor: &Actor,
        request: &KeyedRequest,
        received: Received,
    ) -> Result<Made<FileInfo>, ServiceError> {
        let claimed = self.claim_and_finish(request, &received).await;
        if !matches!(claimed, Ok(Claim::Granted)) {
            self.forget(received.info.id, &received.blob_key).await;
        }
        match claimed? {
            Claim::Granted => Ok(Made::New(received.info)),
            Claim::Made(id) => self.file(actor, made_id(id)?).await.map(|entry| Made::Repeat(entry.file)),
        }
    }

    async fn claim_and_finish(&self, request: &KeyedRequest, received: &Received) -> Result<Claim, ServiceError> {
        let mut tx = self.store.begin().await?;
        let claim = request.claim::<ServiceError>(&mut tx, self.clock.now()).await?;
        if claim == Claim::Granted {
            if !files::finish(&mut tx, &received.info, Some(self.waits_until())).await? {
                return Err(too_slow());
            }
            request.settle(&mut tx, received.info.id.get()).await?;
            tx.commit().await?;
        }
        Ok(claim)
    }

    /// Takes all bytes of an upload; whatever goes wrong, nothing is left of it.
    pub(super) async fn receive(
        &self,
        wanted: Wanted,
        bytes: &mut (impl Stream<Item = Result<Bytes, BrokenOff>> + Unpin + Send),
    ) -> Result<Received, ServiceError> {
        self.file_counts.note(check_size(wanted.length, wanted.bytes_max))?;
        let _transfer = self.transfers.begin(wanted.uploader)?;
        let now = self.clock.now();
        let file = NewFile {
            id: self.ids.next().await?,
            home: wanted.home.clone(),
            uploader: wanted.uploader,
            name: wanted.name.clone(),
            blob_key: Uuid::new_v4().simple().to_string(),
            size_bytes: wanted.length.unwrap_or(wanted.bytes_max),
            now,
            collect_at: later(now, UNFINISHED_MS),
        };
        // The row first: whatever a crash leaves of the bytes is found by it.
        files::insert(&mut &self.store, &file).await?;
        let allowed = match wanted.quota {
            Quota::OfPerson => self.refuse_too_much(&file).await,
            Quota::OfServer => Ok(()),
        };
        let outcome = match allowed {
            Ok(()) => self.receive_into(&file, &wanted, bytes).await,
            Err(error) => Err(error),
        };
        match &outcome {
            Ok(received) => self.file_counts.add_upload(received.info.size_bytes),
            Err(_) => self.forget(file.id, &file.blob_key).await,
        }
        self.file_counts.note(outcome)
    }

    /// Refuses who keeps more than the operator wants one to, with what begins now.
    pub(super) async fn refuse_too_much(&self, file: &NewFile) -> Result<(), ServiceError> {
        let usage = files::find_usage(&mut &self.store, file.uploader).await?;
        if usage.waiting > FILES_WAITING_MAX {
            let sentence = format!("{FILES_WAITING_MAX} of your files wait for a message; send or delete some of them");
            return Err(ServiceError::refused(ErrorCode::Conflict, sentence));
        }
        let most = self.settings.person_bytes_max;
        if most > 0 && usage.bytes > most {
            let sentence = format!(
                "your files would be longer than {most} bytes in all, which is what this server keeps of one person; delete \
                 messages with files first"
            );
            return Err(ServiceError::refused(ErrorCode::Conflict, sentence));
        }
        Ok(())
    }

    async fn receive_into(
        &self,
        file: &NewFile,
        wanted: &Wanted,
        bytes: &mut (impl Stream<Item = Result<Bytes, BrokenOff>> + Unpin + Send),
    ) -> Result<Received, ServiceError> {
        let mut writing = self.blobs.write(&file.blob_key).await.map_err(storage_failed)?;
        let received = timeout(UPLOAD_WAIT, take_all(&mut writing, wanted, bytes)).await;
        let content = match received.unwrap_or_else(|_| Err(too_slow())) {
            Ok(content) => content,
            Err(error) => {
                if let Err(error) = writing.abort().await {
                    tracing::debug!(error = &error as &dyn Error, "an upload was not thrown away at once");
                }
                return Err(error);
            }
        };
        writing.finish().await.map_err(storage_failed)?;
        let info = FileInfo {
            id: file.id,
            name: file.name.clone(),
            content_type: content.content_type.to_owned(),
            size_bytes: content.length,
            sha256: content.sha256,
            picture: content.picture,
        };
        Ok(Received { info, blob_key: file.blob_key.clone() })
    }

    /// Says that a file is there; without a time it stays.
    pub(super) async fn finish(&self, received: Received, collect_at: Option<Time>) -> Result<FileInfo, ServiceError> {
        let finished = files::finish(&mut &self.store, &received.info, collect_at).await;
        if matches!(finished, Ok(true)) {
            return Ok(received.info);
        }
        self.forget(received.info.id, &received.blob_key).await;
        // Given up by the collector: it took longer than anything may.
        Err(finished.err().map_or_else(too_slow, ServiceError::from))
    }

    /// Removes what there is of an upload. What does not work now the collector does later.
    pub(super) async fn forget(&self, id: FileId, blob_key: &str) {
        if let Err(error) = self.remove_file(id, blob_key).await {
            tracing::debug!(error = &error as &dyn Error, "an upload was not removed at once");
        }
    }

    /// Removes the bytes of a file, however they came, and then its row: cut off anywhere, it is found again. Bytes that another
    /// file has too stay.
    pub(super) async fn remove_file(&self, id: FileId, blob_key: &str) -> Result<(), ServiceError> {
        let failed = |error: BlobError| ServiceError::Unavailable { source: error.into() };
        let mut tx = self.store.begin().await?;
        let was_copy = files::remove_copy(&mut tx, id, blob_key).await?;
        tx.commit().await?;
        if was_copy {
            return Ok(());
        }
        let mut db = &self.store;
        for key in file_parts::list_keys(&mut db, blob_key).await? {
            self.blobs.remove(&key).await.map_err(failed)?;
            file_parts::remove(&mut db, &key).await?;
        }
        self.blobs.remove(blob_key).await.map_err(failed)?;
        Ok(files::remove(&mut db, id).await?)
    }
}

/// What was found out of bytes while they came.
struct Content {
    length: u64,
    sha256: String,
    content_type: &'static str,
    picture: Option<PictureSize>,
}

async fn take_all(
    writing: &mut Writing,
    wanted: &Wanted,
    bytes: &mut (impl Stream<Item = Result<Bytes, BrokenOff>> + Unpin),
) -> Result<Content, ServiceError> {
    let (mut hash, mut head, mut length) = (Sha256::new(), Vec::new(), 0_u64);
    while let Some(chunk) = timeout(BYTES_WAIT, bytes.next()).await.map_err(|_| too_slow())? {
        let chunk = chunk.map_err(|BrokenOff| broken_off())?;
        length = length.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if length > wanted.bytes_max {
            return Err(too_large(wanted.bytes_max));
        }
        hash.update(&chunk);
        let room = HEAD_BYTES - head.len();
        head.extend_from_slice(&chunk[..room.min(chunk.len())]);
        writing.push(chunk).await.map_err(storage_failed)?;
    }
    if wanted.length.is_some_and(|announced| announced != length) {
        return Err(broken_off());
    }
    let sha256 = hex(&hash.finalize());
    if wanted.sha256.as_ref().is_some_and(|given| *given != sha256) {
        return Err(other_checksum(&sha256));
    }
    let has_more = length > u64::try_from(head.len()).unwrap_or(u64::MAX);
    let content_type = content_type(&head, has_more);
    Ok(Content { length, sha256, content_type, picture: picture_size(content_type, &head) })
}

/// Refuses what is said to be longer than a file here may be.
pub(super) fn check_size(length: Option<u64>, bytes_max: u64) -> Result<(), ServiceError> {
    if bytes_max == 0 {
        return Err(ServiceError::refused(ErrorCode::Forbidden, "this server takes no files"));
    }
    if length.is_some_and(|length| length > bytes_max) { Err(too_large(bytes_max)) } else { Ok(()) }
}

pub(super) fn check_name(name: Option<&str>) -> Result<String, ServiceError> {
    let Some(name) = name else { return Ok(nameless()) };
    let sentence =
        || format!("a file has a name of 1 to {UPLOAD_NAME_BYTES_MAX} bytes, of more than dots; give another one");
    clean_name(name).ok_or_else(|| ServiceError::invalid_field("name", sentence()))
}

/// Checks a checksum that a field gives.
pub(super) fn check_sha256(field: &'static str, text: &str) -> Result<String, ServiceError> {
    let fits = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let sentence = "a SHA-256 is written as 64 hex digits";
    if fits { Ok(text.to_ascii_lowercase()) } else { Err(ServiceError::invalid_field(field, sentence)) }
}

pub(super) fn other_checksum(sha256: &str) -> ServiceError {
    let sentence = format!("the bytes that arrived have the checksum {sha256}; nothing was kept, send them again");
    ServiceError::invalid_field("sha256", sentence)
}

fn too_large(bytes_max: u64) -> ServiceError {
    let sentence = format!("a file here has at most {bytes_max} bytes; nothing was kept");
    ServiceError::refused(ErrorCode::TooLarge, sentence)
}

fn broken_off() -> ServiceError {
    ServiceError::refused(ErrorCode::InvalidBody, "the file broke off before its end; nothing was kept, send it again")
}

fn too_slow() -> ServiceError {
    ServiceError::refused(ErrorCode::InvalidBody, "the file came too slowly; nothing was kept, send it again")
}

/// Says that the storage failed, and tells the operator why: a full disk looks like this.
pub(super) fn storage_failed(error: BlobError) -> ServiceError {
    tracing::warn!(error = &error as &dyn Error, "bytes of a file could not be kept or read");
    ServiceError::Refused(Refusal {
        code: ErrorCode::Unavailable,
        message: "the storage of files is full or cannot be reached right now; nothing was changed, try again later"
            .into(),
        field: None,
        retry_after_ms: Some(STORAGE_RETRY_MS),
    })
}
