//! Files of this machine on their way to the server: short ones are sent again where their answer is lost, long ones go on
//! where their line broke, also in another run of the program.

use std::io::{Error, ErrorKind, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use syncspace_protocol::files::{FileInfo, FileUpload, NewUpload, local_name};
use syncspace_protocol::{ChannelId, ErrorCode};
use tokio::fs::File;
use tokio::io::AsyncSeekExt as _;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::bounds::{PARTED_FROM_BYTES, REPEAT_WAIT_FIRST, REPEAT_WAIT_MAX, TRANSFER_TRIES_MAX, UPLOAD_STALL_TIMEOUT};
use crate::local_files::checksum;
use crate::rest::{Upload, is_stale_token, repeat_lost};
use crate::{Client, ClientError};

impl Client {
    /// Uploads a file of this machine for a message in a channel, checked by its checksum.
    ///
    /// It is called `name`, or as it is here; `sent` hears how many bytes have been handed over so far, first of those that
    /// the server has from an earlier try. Where the connection breaks off it goes on by itself, a few times; the same file
    /// uploaded again within a day goes on from there, too. What is no plain file, such as a pipe, is read and sent once.
    ///
    /// # Errors
    ///
    /// [`ClientError::Local`] where it cannot be read or is a folder; all of [`Client::upload_file`].
    pub async fn upload_path(
        &self,
        channel: ChannelId,
        path: &Path,
        name: Option<String>,
        sent: impl FnMut(u64) + Send + 'static,
    ) -> Result<FileInfo, ClientError> {
        let cannot_read = |source: Error| ClientError::local(path, source);
        let mut file = File::open(path).await.map_err(cannot_read)?;
        let metadata = file.metadata().await.map_err(cannot_read)?;
        if metadata.is_dir() {
            return Err(cannot_read(Error::new(ErrorKind::IsADirectory, "it is a folder; upload an archive of it")));
        }
        let given = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.or(given).unwrap_or_else(|| local_name(""));
        if !metadata.is_file() {
            return self.upload_file(channel, Upload { bytes: file, name, length: None, sha256: None }, sent).await;
        }
        let sha256 = checksum(&mut file).await.map_err(cannot_read)?;
        let local = Local { path: path.to_owned(), name, length: metadata.len(), sha256 };
        let progress = Progress::told_to(sent);
        if local.length >= PARTED_FROM_BYTES {
            return self.upload_in_parts(channel, &local, &progress).await;
        }
        let key = Uuid::now_v7().to_string();
        repeat_lost(|_| self.upload_at_once(&key, channel, &local, &progress)).await
    }

    async fn upload_at_once(
        &self,
        key: &str,
        channel: ChannelId,
        local: &Local,
        progress: &Progress,
    ) -> Result<FileInfo, ClientError> {
        let (name, sha256) = (local.name.clone(), Some(local.sha256.clone()));
        let upload = Upload { bytes: local.open_at(0).await?, name, length: Some(local.length), sha256 };
        progress.tell(0);
        self.upload_under(key, channel, upload, progress.from(0)).await
    }

    async fn upload_in_parts(
        &self,
        channel: ChannelId,
        local: &Local,
        progress: &Progress,
    ) -> Result<FileInfo, ClientError> {
        let Local { name, length, sha256, .. } = local;
        let new = NewUpload { name: Some(name.clone()), size_bytes: *length, sha256: sha256.clone() };
        let mut upload = self.begin_upload(channel, &new).await?;
        let mut tries = 0;
        loop {
            if let Some(file) = upload.file {
                return Ok(file);
            }
            let error = match self.send_rest(&upload, local, progress).await {
                Ok(next) => {
                    upload = next;
                    continue;
                }
                Err(error) => error,
            };
            if !may_go_on(&error) {
                return Err(error);
            }
            let before = upload.offset;
            upload = self.find_progress(upload, error, &mut tries).await?;
            // Whatever came shows that it is worth going on.
            tries = if upload.offset > before { 0 } else { tries };
        }
    }

    /// Asks how much of an upload has arrived, until there is an answer or it was tried often enough.
    async fn find_progress(
        &self,
        upload: FileUpload,
        mut error: ClientError,
        tries: &mut u32,
    ) -> Result<FileUpload, ClientError> {
        loop {
            *tries += 1;
            if *tries >= TRANSFER_TRIES_MAX {
                return Err(error);
            }
            let wait = REPEAT_WAIT_FIRST.saturating_mul(2_u32.saturating_pow(*tries - 1));
            sleep(error.retry_after().unwrap_or(wait).min(REPEAT_WAIT_MAX)).await;
            error = match self.upload(upload.id).await {
                Ok(upload) => return Ok(upload),
                Err(error) if error.is_transient() => error,
                Err(error) => return Err(error),
            };
        }
    }

    async fn send_rest(
        &self,
        upload: &FileUpload,
        local: &Local,
        progress: &Progress,
    ) -> Result<FileUpload, ClientError> {
        let bytes = local.open_at(upload.offset).await?;
        progress.tell(upload.offset);
        tokio::select! {
            outcome = self.continue_upload(upload, bytes, progress.from(upload.offset)) => outcome,
            () = progress.stalls() => Err(ClientError::TimedOut),
        }
    }
}

/// Tells whether an upload may go on after an error: from where the server has it then, by a newer token.
fn may_go_on(error: &ClientError) -> bool {
    let is_elsewhere = error.code() == Some(ErrorCode::Conflict);
    let is_stale = matches!(error, ClientError::Refused(detail) if is_stale_token(detail));
    error.is_transient() || is_elsewhere || is_stale
}

/// A plain file of this machine.
struct Local {
    path: PathBuf,
    name: String,
    length: u64,
    sha256: String,
}

impl Local {
    async fn open_at(&self, offset: u64) -> Result<File, ClientError> {
        let cannot_read = |source: Error| ClientError::local(&self.path, source);
        let mut file = File::open(&self.path).await.map_err(cannot_read)?;
        file.seek(SeekFrom::Start(offset)).await.map_err(cannot_read)?;
        Ok(file)
    }
}

/// How far an upload is, over all its tries. Clones share everything.
#[derive(Clone)]
struct Progress {
    sent: Arc<Mutex<dyn FnMut(u64) + Send>>,
    at: watch::Sender<u64>,
}

impl Progress {
    fn told_to(sent: impl FnMut(u64) + Send + 'static) -> Self {
        Self { sent: Arc::new(Mutex::new(sent)), at: watch::Sender::new(0) }
    }

    fn tell(&self, count: u64) {
        self.at.send_replace(count);
        (*self.sent.lock().unwrap_or_else(PoisonError::into_inner))(count);
    }

    /// Gives what hears of a try that begins at a place.
    fn from(&self, offset: u64) -> impl FnMut(u64) + Send + 'static {
        let progress = self.clone();
        move |count| progress.tell(offset.saturating_add(count))
    }

    /// Waits until nothing goes on any more.
    async fn stalls(&self) {
        let mut at = self.at.subscribe();
        while timeout(UPLOAD_STALL_TIMEOUT, at.changed()).await.is_ok() {}
    }
}
