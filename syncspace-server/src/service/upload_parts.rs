//! Uploads whose bytes come in parts: what has come stays over broken lines and restarts, and is gone on with by any instance.
//!
//! A request brings any number of bytes. They are kept part by part, and a part counts once it is durable: then the place where
//! the upload goes on moves behind it, together with the checksum so far. Of two requests at the same place one moves it.

use std::error::Error;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use sha2::digest::common::hazmat::SerializableState as _;
use sha2::{Digest as _, Sha256};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::files::{FileInfo, FileUpload, NewUpload};
use syncspace_protocol::limits::UPLOAD_PART_BYTES_MIN;
use syncspace_protocol::{ChannelId, FileId};
use tokio::time::timeout;
use uuid::Uuid;

use super::file_types::{HEAD_BYTES, content_type, picture_size};
use super::idempotency::Made;
use super::secrets::hex;
use super::uploads::{
    BYTES_WAIT, BrokenOff, UPLOAD_WAIT, check_name, check_sha256, check_size, other_checksum, storage_failed,
};
use super::{Actor, Service, ServiceError, access, later};
use crate::blobs::Writing;
use crate::permissions::ChannelAction;
use crate::store::file_parts::{self, Part, Same, UploadRow};
use crate::store::files::{self, Home, NewFile};

/// Where a part ends: what a crash of the server may take back of an upload.
const PART_BYTES: u64 = 16 * 1024 * 1024;

impl Service {
    /// Begins an upload in parts, or finds the unfinished one of the same bytes, name and channel.
    pub async fn begin_upload(
        &self,
        actor: &Actor,
        channel: ChannelId,
        new: NewUpload,
    ) -> Result<Made<FileUpload>, ServiceError> {
        let (name, sha256) = (check_name(new.name.as_deref())?, check_sha256("sha256", &new.sha256)?);
        let mut db = &self.store;
        let (_, access) = access::on_channel(&mut db, actor, channel, ChannelAction::Post).await?;
        let same = Same { uploader: actor.user_id, channel, name: &name, size_bytes: new.size_bytes, sha256: &sha256 };
        if let Some(found) = file_parts::find_open(&mut db, same).await? {
            return Ok(Made::Repeat(found.upload));
        }
        self.file_counts.note(check_size(Some(new.size_bytes), self.settings.file_bytes_max))?;
        let file = NewFile {
            id: self.ids.next().await?,
            home: Home::Channel(access.team_id, channel),
            uploader: actor.user_id,
            name,
            blob_key: Uuid::new_v4().simple().to_string(),
            size_bytes: new.size_bytes,
            now: self.clock.now(),
            collect_at: self.waits_until(),
        };
        files::insert(&mut db, &file).await?;
        if let Err(error) = self.file_counts.note(self.refuse_too_much(&file).await) {
            self.forget(file.id, &file.blob_key).await;
            return Err(error);
        }
        file_parts::begin(&mut db, file.id, &sha256).await?;
        let NewFile { id, name, size_bytes, .. } = file;
        Ok(Made::New(FileUpload { id, channel_id: channel, name, size_bytes, offset: 0, file: None }))
    }

    /// Tells how much of an upload is there, and the file once all of it is.
    pub async fn find_upload(&self, actor: &Actor, id: FileId) -> Result<FileUpload, ServiceError> {
        let row = self.own_upload(actor, id).await?;
        self.shown(actor, row).await
    }

    /// Takes bytes of an upload from where it is; with the last ones it becomes a file, which waits for a message.
    ///
    /// What has come before this fails stays, but for the last bytes: at least 1 MiB counts, or the rest.
    pub async fn continue_upload(
        &self,
        actor: &Actor,
        (id, offset): (FileId, u64),
        length: Option<u64>,
        bytes: &mut (impl Stream<Item = Result<Bytes, BrokenOff>> + Unpin + Send),
    ) -> Result<FileUpload, ServiceError> {
        let mut row = self.own_upload(actor, id).await?;
        if row.upload.offset != offset {
            return Err(goes_on_elsewhere(row.upload.offset));
        }
        if !row.is_open {
            return self.shown(actor, row).await;
        }
        if length.is_some_and(|length| length > row.upload.size_bytes - offset) {
            return Err(too_many(&row));
        }
        let mut db = &self.store;
        let channel = row.upload.channel_id;
        access::on_channel(&mut db, actor, channel, ChannelAction::Post).await?;
        let _transfer = self.transfers.begin(actor.user_id)?;
        // The collector leaves alone what goes on.
        file_parts::prolong(&mut db, id, self.waits_until()).await?;
        let mut hash = hash_of(&row)?;
        let taken = timeout(UPLOAD_WAIT, self.take_parts(&mut row, &mut hash, bytes)).await;
        let taken = taken.unwrap_or_else(|_| Err(broke_off("came too slowly", row.upload.offset)));
        self.file_counts.note(taken)?;
        if row.upload.offset < row.upload.size_bytes {
            return Ok(row.upload);
        }
        // The right may have ended while the bytes came.
        access::on_channel(&mut db, actor, channel, ChannelAction::Post).await?;
        self.file_counts.note(self.complete(actor, row, hash).await)
    }

    /// Gives an upload up; its bytes go later.
    pub async fn cancel_upload(&self, actor: &Actor, id: FileId) -> Result<(), ServiceError> {
        let row = self.own_upload(actor, id).await?;
        if !row.is_open {
            let sentence = "all of it is there, and it is a file now; delete that";
            return Err(ServiceError::refused(ErrorCode::Conflict, sentence));
        }
        // A request may still bring bytes of it: whoever writes them finds that it is over, and the collector comes after.
        let collect_at = later(self.clock.now(), i64::try_from(UPLOAD_WAIT.as_millis()).unwrap_or(i64::MAX));
        files::discard(&mut &self.store, id, collect_at).await?;
        Ok(())
    }

    async fn own_upload(&self, actor: &Actor, id: FileId) -> Result<UploadRow, ServiceError> {
        let found = file_parts::find(&mut &self.store, id).await?.filter(|row| row.uploader == actor.user_id);
        let row = found.ok_or_else(|| ServiceError::not_found("upload"))?;
        match access::on_channel(&mut &self.store, actor, row.upload.channel_id, ChannelAction::Read).await {
            Err(access::Stopped::Refused(_)) => Err(ServiceError::not_found("upload")),
            stopped => Ok(stopped.map(|_| row)?),
        }
    }

    async fn shown(&self, actor: &Actor, row: UploadRow) -> Result<FileUpload, ServiceError> {
        let file = match row.is_open {
            true => None,
            false => Some(self.file(actor, row.upload.id).await?.file),
        };
        Ok(FileUpload { file, ..row.upload })
    }

    /// Keeps what comes, part by part, until there is no more of it.
    async fn take_parts(
        &self,
        row: &mut UploadRow,
        hash: &mut Sha256,
        bytes: &mut (impl Stream<Item = Result<Bytes, BrokenOff>> + Unpin + Send),
    ) -> Result<(), ServiceError> {
        while row.upload.offset < row.upload.size_bytes {
            let key = Uuid::new_v4().simple().to_string();
            file_parts::insert(&mut &self.store, &row.blob_key, row.upload.offset, &key).await?;
            match self.take_part(row, hash, &key, bytes).await {
                Ok(None) => {}
                Ok(Some(stop)) => return stop,
                Err(error) => {
                    self.drop_part(&key).await;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Keeps one part and counts it; gives whether and how the bytes stopped with it.
    async fn take_part(
        &self,
        row: &mut UploadRow,
        hash: &mut Sha256,
        key: &str,
        bytes: &mut (impl Stream<Item = Result<Bytes, BrokenOff>> + Unpin + Send),
    ) -> Result<Option<Result<(), ServiceError>>, ServiceError> {
        let (offset, rest) = (row.upload.offset, row.upload.size_bytes - row.upload.offset);
        let mut writing = self.blobs.write(key).await.map_err(storage_failed)?;
        let mut part = Filling { length: 0, rest, hash: hash.clone() };
        let end = match part.fill(&mut writing, bytes).await {
            Ok(end) if part.length >= UPLOAD_PART_BYTES_MIN || part.length == rest => end,
            odd => {
                if let Err(error) = writing.abort().await {
                    tracing::debug!(error = &error as &dyn Error, "a part was not thrown away at once");
                }
                return Err(match odd {
                    Ok(End::Full | End::Over) => broke_off("ended too early", offset),
                    Ok(End::Late) => broke_off("came too slowly", offset),
                    Ok(End::Broken) => broke_off("broke off", offset),
                    Err(stopped) => stopped.unwrap_or_else(|| too_many(row)),
                });
            }
        };
        writing.finish().await.map_err(storage_failed)?;
        let kept = Part { key: key.to_owned(), size_bytes: part.length };
        let mut tx = self.store.begin().await?;
        if !file_parts::count(&mut tx, (row.upload.id, offset), &kept, &state_of(&part.hash)).await? {
            drop(tx);
            return Err(self.passed_by(row).await);
        }
        tx.commit().await?;
        *hash = part.hash;
        row.upload.offset += part.length;
        Ok(match end {
            End::Full => None,
            End::Over => Some(Ok(())),
            End::Late => Some(Err(broke_off("came too slowly", row.upload.offset))),
            End::Broken => Some(Err(broke_off("broke off", row.upload.offset))),
        })
    }

    /// Says what became of an upload that did not wait for the part that was to be counted.
    async fn passed_by(&self, row: &UploadRow) -> ServiceError {
        match file_parts::find(&mut &self.store, row.upload.id).await {
            Ok(Some(now)) => goes_on_elsewhere(now.upload.offset),
            Ok(None) => ServiceError::not_found("upload"),
            Err(error) => error.into(),
        }
    }

    async fn drop_part(&self, key: &str) {
        let outcome = match self.blobs.remove(key).await {
            Ok(()) => file_parts::remove(&mut &self.store, key).await.map_err(ServiceError::from),
            Err(error) => Err(storage_failed(error)),
        };
        if let Err(error) = outcome {
            tracing::debug!(error = &error as &dyn Error, "a part of an upload was not removed at once");
        }
    }

    /// Makes a file of an upload that is all there, where its bytes are what they were said to be.
    async fn complete(&self, actor: &Actor, row: UploadRow, hash: Sha256) -> Result<FileUpload, ServiceError> {
        let sha256 = hex(&hash.finalize());
        let FileUpload { id, size_bytes, .. } = row.upload;
        let mut db = &self.store;
        if sha256 != row.sha256 {
            files::discard(&mut db, id, self.clock.now()).await?;
            self.forget(id, &row.blob_key).await;
            return Err(other_checksum(&sha256));
        }
        let head = self.head_of(&row).await?;
        let content_type = content_type(&head, size_bytes > u64::try_from(head.len()).unwrap_or(u64::MAX));
        let info = FileInfo {
            id,
            name: row.upload.name.clone(),
            content_type: content_type.to_owned(),
            size_bytes,
            sha256,
            picture: picture_size(content_type, &head),
        };
        if files::finish(&mut db, &info, Some(self.waits_until())).await? {
            self.file_counts.add_upload(size_bytes);
            return Ok(FileUpload { file: Some(info), ..row.upload });
        }
        // Another request was as far, or it was given up.
        self.find_upload(actor, id).await
    }

    async fn head_of(&self, row: &UploadRow) -> Result<Vec<u8>, ServiceError> {
        let length = row.upload.size_bytes.min(u64::try_from(HEAD_BYTES).unwrap_or(u64::MAX));
        let head = self.read_bytes(&row.blob_key, 0..length).await?;
        head.map_ok(|bytes| bytes.to_vec()).try_concat().await.map_err(storage_failed)
    }
}

/// How a part ended.
enum End {
    /// It is as long as a part becomes, or the upload is all there.
    Full,
    /// The request brought no more.
    Over,
    /// No more came in time.
    Late,
    /// The sender has gone away.
    Broken,
}

/// A part on its way in.
struct Filling {
    length: u64,
    /// What the upload still lacked when the part began.
    rest: u64,
    hash: Sha256,
}

impl Filling {
    /// Takes bytes until the part ends; without an error where there are more than the upload lacks.
    async fn fill(
        &mut self,
        writing: &mut Writing,
        bytes: &mut (impl Stream<Item = Result<Bytes, BrokenOff>> + Unpin + Send),
    ) -> Result<End, Option<ServiceError>> {
        while self.length < PART_BYTES.min(self.rest) {
            let chunk = match timeout(BYTES_WAIT, bytes.next()).await {
                Err(_) => return Ok(End::Late),
                Ok(None) => return Ok(End::Over),
                Ok(Some(Err(BrokenOff))) => return Ok(End::Broken),
                Ok(Some(Ok(chunk))) => chunk,
            };
            self.length = self.length.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            if self.length > self.rest {
                return Err(None);
            }
            self.hash.update(&chunk);
            writing.push(chunk).await.map_err(|error| Some(storage_failed(error)))?;
        }
        Ok(End::Full)
    }
}

/// Goes on with the checksum so far.
fn hash_of(row: &UploadRow) -> Result<Sha256, ServiceError> {
    let Some(text) = &row.hash_state else { return Ok(Sha256::new()) };
    let state = BASE64_STANDARD_NO_PAD.decode(text).map_err(ServiceError::fault)?;
    let state = state.as_slice().try_into().map_err(ServiceError::fault)?;
    Sha256::deserialize(state).map_err(ServiceError::fault)
}

fn state_of(hash: &Sha256) -> String {
    BASE64_STANDARD_NO_PAD.encode(hash.serialize())
}

fn goes_on_elsewhere(offset: u64) -> ServiceError {
    let sentence = format!("{offset} bytes of this upload are there; go on from byte {offset}");
    ServiceError::refused(ErrorCode::Conflict, sentence)
}

fn too_many(row: &UploadRow) -> ServiceError {
    let FileUpload { size_bytes, offset, .. } = row.upload;
    let sentence = format!("the upload has {size_bytes} bytes, of which {offset} are there, and more came");
    ServiceError::refused(ErrorCode::InvalidBody, sentence)
}

fn broke_off(how: &str, offset: u64) -> ServiceError {
    let sentence = format!(
        "the bytes {how}; {offset} of the upload are there, go on from there (a request must bring \
         {UPLOAD_PART_BYTES_MIN} bytes or the rest for any to be kept)"
    );
    ServiceError::refused(ErrorCode::InvalidBody, sentence)
}
