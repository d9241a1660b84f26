//! Routes of files: bytes up and down in pieces, however long a file is.

use futures_util::stream;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, IF_RANGE, RANGE};
use reqwest::{Body, Method, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use syncspace_protocol::auth::Secret;
use syncspace_protocol::files::{FileEntry, FileInfo, FileLink, FileUpload, NewUpload, PartQuery, UploadQuery};
use syncspace_protocol::page::CursorQuery;
use syncspace_protocol::teams::Team;
use syncspace_protocol::users::User;
use syncspace_protocol::{ChannelId, FileId, IDEMPOTENCY_KEY_HEADER, Page, TeamId};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::Client;
use super::call::{bearing, is_stale_token, parse, refusal};
use super::repeat::{repeat_lost, repeat_read};
use crate::ClientError;
use crate::bounds::{CHUNK_BYTES, DOWNLOAD_STALL_TIMEOUT, REPEAT_WAIT_FIRST, TRANSFER_TIMEOUT, TRANSFER_TRIES_MAX};

/// A file that is to be uploaded.
#[derive(Debug)]
pub struct Upload<R> {
    /// Its bytes.
    pub bytes: R,
    /// What it is to be called; of a path the last part counts.
    pub name: String,
    /// How many bytes there are, where that is known: a file that is too long is refused before they are sent.
    pub length: Option<u64>,
    /// SHA-256 of them in hex, where it is known: what arrives otherwise is not kept.
    pub sha256: Option<String>,
}

impl Client {
    /// Uploads a file for a message in a channel; `sent` hears how many bytes have been handed over so far.
    ///
    /// It is not sent again by itself: the bytes are read once. What is in no message after a day is forgotten. A file of this
    /// machine goes up by [`Client::upload_path`], which does go on.
    pub async fn upload_file<R>(
        &self,
        channel: ChannelId,
        upload: Upload<R>,
        sent: impl FnMut(u64) + Send + 'static,
    ) -> Result<FileInfo, ClientError>
    where
        R: AsyncRead + Unpin + Send + 'static,
    {
        self.upload_under(&Uuid::now_v7().to_string(), channel, upload, sent).await
    }

    /// Uploads a file under a key: the same bytes under the same key give the same file.
    pub(crate) async fn upload_under<R>(
        &self,
        key: &str,
        channel: ChannelId,
        upload: Upload<R>,
        sent: impl FnMut(u64) + Send + 'static,
    ) -> Result<FileInfo, ClientError>
    where
        R: AsyncRead + Unpin + Send + 'static,
    {
        let query = UploadQuery { name: Some(upload.name), sha256: upload.sha256 };
        let request = self.transfer(Method::POST, &["channels", &channel.to_string(), "files"])?;
        let request = request.query(&query).header(IDEMPOTENCY_KEY_HEADER, key);
        self.stream_up(request, (upload.bytes, upload.length), "POST /api/v1/channels/…/files", sent).await
    }

    /// Sends bytes in pieces; what they are, and where they go, the request says.
    pub(super) async fn stream_up<R, T>(
        &self,
        request: reqwest::RequestBuilder,
        (bytes, length): (R, Option<u64>),
        name: &str,
        sent: impl FnMut(u64) + Send + 'static,
    ) -> Result<T, ClientError>
    where
        R: AsyncRead + Unpin + Send + 'static,
        T: DeserializeOwned,
    {
        let request = match length {
            Some(length) => request.header(CONTENT_LENGTH, length),
            None => request,
        };
        let body = Body::wrap_stream(pieces(bytes, sent));
        let request = bearing(request.body(body).timeout(TRANSFER_TIMEOUT), &self.access_token().await?)?;
        let response = request.send().await.map_err(|error| self.network_error(error))?;
        if !response.status().is_success() {
            return Err(refusal(self, response, name).await);
        }
        let answer = response.bytes().await.map_err(|error| self.network_error(error))?;
        parse(name, &answer)
    }

    /// Begins an upload whose bytes come in parts, or finds the unfinished one of the same bytes, name and channel.
    pub async fn begin_upload(&self, channel: ChannelId, new: &NewUpload) -> Result<FileUpload, ClientError> {
        repeat_lost(|_| self.post(&format!("channels/{channel}/uploads")).body(new).fetch()).await
    }

    /// Tells how much of an upload the server has, and the file once all of it is there.
    pub async fn upload(&self, upload: FileId) -> Result<FileUpload, ClientError> {
        self.get(&format!("uploads/{upload}")).fetch().await
    }

    /// Sends bytes of an upload from where the server has them: all that are left, or some; `sent` hears how many of these.
    pub async fn continue_upload<R>(
        &self,
        upload: &FileUpload,
        bytes: R,
        sent: impl FnMut(u64) + Send + 'static,
    ) -> Result<FileUpload, ClientError>
    where
        R: AsyncRead + Unpin + Send + 'static,
    {
        let request = self.transfer(Method::PATCH, &["uploads", &upload.id.to_string()])?;
        let request = request.query(&PartQuery { offset: upload.offset });
        self.stream_up(request, (bytes, None), "PATCH /api/v1/uploads/…", sent).await
    }

    /// Gives an upload up; what the server has of it is thrown away.
    pub async fn cancel_upload(&self, upload: FileId) -> Result<(), ClientError> {
        self.delete(&format!("uploads/{upload}")).done().await
    }

    /// Writes the bytes of a file from a place on, and gives how many there are then; `received` hears how many so far.
    ///
    /// Where the connection breaks off it goes on from there, a few times. A server that gives more than it announced is
    /// cut off, and nothing beyond that is written. The checksum is the caller's to compare, who may have the beginning
    /// from an earlier try.
    pub async fn download_file<W>(
        &self,
        file: &FileInfo,
        from: u64,
        to: &mut W,
        mut received: impl FnMut(u64),
    ) -> Result<u64, ClientError>
    where
        W: AsyncWrite + Unpin,
    {
        let (mut at, mut tries) = (from, 0);
        while at < file.size_bytes {
            let before = at;
            let error = match self.download_once(file, &mut at, to, &mut received).await {
                Ok(()) => break,
                Err(error) => error,
            };
            // Whatever came shows that it is worth going on.
            tries = if at > before { 1 } else { tries + 1 };
            if !error.is_transient() || tries >= TRANSFER_TRIES_MAX {
                return Err(error);
            }
            sleep(error.retry_after().unwrap_or(REPEAT_WAIT_FIRST)).await;
        }
        to.flush().await.map_err(cannot_write)?;
        Ok(at)
    }

    async fn download_once<W>(
        &self,
        file: &FileInfo,
        at: &mut u64,
        to: &mut W,
        received: &mut impl FnMut(u64),
    ) -> Result<(), ClientError>
    where
        W: AsyncWrite + Unpin,
    {
        let mut response = self.open_download(file, *at).await?;
        loop {
            let chunk = timeout(DOWNLOAD_STALL_TIMEOUT, response.chunk()).await.map_err(|_| ClientError::TimedOut)?;
            let Some(chunk) = chunk.map_err(|error| self.network_error(error))? else { break };
            let end = at.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            if end > file.size_bytes {
                return Err(odd_download(file, "it is longer than the file was said to be"));
            }
            to.write_all(&chunk).await.map_err(cannot_write)?;
            *at = end;
            received(*at);
        }
        match *at == file.size_bytes {
            true => Ok(()),
            false => Err(odd_download(file, "it ends before the file does")),
        }
    }

    /// Asks for bytes, once more where the token at hand has ended, and waits for its turn as other reads do.
    async fn ask_for_bytes<F>(&self, ask: impl Fn(Secret) -> F) -> Result<Response, ClientError>
    where
        F: Future<Output = Result<Response, ClientError>>,
    {
        repeat_read(|| async {
            let token = self.access_token().await?;
            match ask(token.clone()).await {
                Err(ClientError::Refused(detail)) if is_stale_token(&detail) => {
                    ask(self.replace_token(&token).await?).await
                }
                outcome => outcome,
            }
        })
        .await
    }

    async fn open_download(&self, file: &FileInfo, at: u64) -> Result<Response, ClientError> {
        let name = format!("GET {}", file.path());
        let name = &name;
        let ask = |token| async move {
            let request = self.transfer(Method::GET, &["files", &file.id.to_string()])?.timeout(TRANSFER_TIMEOUT);
            let request = match at {
                0 => request,
                at => request.header(RANGE, format!("bytes={at}-")).header(IF_RANGE, format!("\"{}\"", file.sha256)),
            };
            let response = bearing(request, &token)?.send().await.map_err(|error| self.network_error(error))?;
            if response.status().is_success() { Ok(response) } else { Err(refusal(self, response, name).await) }
        };
        let response = self.ask_for_bytes(ask).await?;
        let begins = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
        let is_there = match at {
            0 => response.status() == StatusCode::OK,
            at => begins.is_some_and(|range| range.starts_with(&format!("bytes {at}-"))),
        };
        if is_there { Ok(response) } else { Err(odd_download(file, "it does not begin where it was to go on")) }
    }

    /// Writes an answer as it comes, of whatever length; a connection that is lost ends it.
    pub(super) async fn stream_down<W>(
        &self,
        path: &[&str],
        query: &(impl Serialize + Sync),
        to: &mut W,
        mut received: impl FnMut(u64),
    ) -> Result<(), ClientError>
    where
        W: AsyncWrite + Unpin,
    {
        let name = format!("GET /api/v1/{}", path.join("/"));
        let name = &name;
        let ask = |token| async move {
            let request = self.transfer(Method::GET, path)?.query(query).timeout(TRANSFER_TIMEOUT);
            let response = bearing(request, &token)?.send().await.map_err(|error| self.network_error(error))?;
            if response.status().is_success() { Ok(response) } else { Err(refusal(self, response, name).await) }
        };
        let mut response = self.ask_for_bytes(ask).await?;
        let mut count = 0;
        loop {
            let chunk = timeout(DOWNLOAD_STALL_TIMEOUT, response.chunk()).await.map_err(|_| ClientError::TimedOut)?;
            let Some(chunk) = chunk.map_err(|error| self.network_error(error))? else { break };
            to.write_all(&chunk).await.map_err(cannot_write)?;
            count += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            received(count);
        }
        to.flush().await.map_err(cannot_write)
    }

    /// Lists the files that messages of a channel carry, the newest first.
    pub async fn files(&self, channel: ChannelId, query: CursorQuery) -> Result<Page<FileEntry>, ClientError> {
        self.get(&format!("channels/{channel}/files")).query(&query).fetch().await
    }

    /// Lists the files of a team that one may see, the newest first.
    pub async fn team_files(&self, team: TeamId, query: CursorQuery) -> Result<Page<FileEntry>, ClientError> {
        self.get(&format!("teams/{team}/files")).query(&query).fetch().await
    }

    /// Tells what is known of a file.
    pub async fn file(&self, file: FileId) -> Result<FileEntry, ClientError> {
        self.get(&format!("files/{file}/info")).fetch().await
    }

    /// Deletes a file of one's own that no message carries.
    pub async fn delete_file(&self, file: FileId) -> Result<(), ClientError> {
        self.delete(&format!("files/{file}")).done().await
    }

    /// Makes an address that gives a file for a minute without a token.
    pub async fn link_file(&self, file: FileId) -> Result<FileLink, ClientError> {
        self.post(&format!("files/{file}/link")).fetch().await
    }

    /// Gives the whole address of a link, as other programs take it.
    #[must_use]
    pub fn address_of(&self, link: &FileLink) -> String {
        self.server().join(link.path.split('/').filter(|segment| !segment.is_empty())).to_string()
    }

    /// Shows oneself by a picture: the bytes of a PNG, JPEG, GIF or WebP file.
    pub async fn set_my_picture(&self, picture: Vec<u8>) -> Result<User, ClientError> {
        self.put("users/me/avatar").bytes(picture).fetch().await
    }

    /// Shows a team by a picture: the bytes of a PNG, JPEG, GIF or WebP file.
    pub async fn set_team_picture(&self, team: TeamId, picture: Vec<u8>) -> Result<Team, ClientError> {
        self.put(&format!("teams/{team}/avatar")).bytes(picture).fetch().await
    }

    /// Begins a request whose body is no JSON.
    pub(super) fn transfer(&self, method: Method, path: &[&str]) -> Result<reqwest::RequestBuilder, ClientError> {
        let url = self.server().join(["api", "v1"].into_iter().chain(path.iter().copied()));
        let http = self.http().as_ref().map_err(|source| self.unusable(source))?;
        Ok(http.request(method, url))
    }
}

/// Reads bytes in pieces as they are asked for.
fn pieces<R>(
    bytes: R,
    sent: impl FnMut(u64) + Send + 'static,
) -> impl futures_util::Stream<Item = std::io::Result<Vec<u8>>> + Send + 'static
where
    R: AsyncRead + Unpin + Send + 'static,
{
    stream::try_unfold((bytes, sent, 0_u64), |(mut bytes, mut sent, count)| async move {
        let mut piece = vec![0; CHUNK_BYTES];
        let read = bytes.read(&mut piece).await?;
        if read == 0 {
            return Ok(None);
        }
        piece.truncate(read);
        let count = count + u64::try_from(read).unwrap_or(u64::MAX);
        sent(count);
        Ok(Some((piece, (bytes, sent, count))))
    })
}

fn odd_download(file: &FileInfo, what: &'static str) -> ClientError {
    ClientError::Protocol { during: format!("GET {}", file.path()), source: what.into() }
}

fn cannot_write(source: std::io::Error) -> ClientError {
    ClientError::Local { path: "the file that is downloaded".into(), source: source.into() }
}
