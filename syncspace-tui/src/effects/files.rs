//! Files of messages: sent, saved, and fetched to be looked at.

use std::path::{Path, PathBuf};

use syncspace_client::{Client, free_place};
use syncspace_protocol::files::FileInfo;
use syncspace_protocol::{ChannelId, ClientId};

use super::answer;
use crate::app::Net;
use crate::app::message::Failure;
use crate::app::pictures::Thumbnail;
use crate::news::News;
use crate::thumbnail::thumbnail;

/// Uploads a file for the message of that name, and tells now and then how much of it is there.
pub(super) async fn upload(
    client: Client,
    (channel_id, client_id): (ChannelId, ClientId),
    path: String,
    progress: News,
) -> Net {
    let path = PathBuf::from(path);
    let length = tokio::fs::metadata(&path).await.map_or(0, |metadata| metadata.len()).max(1);
    let (name, mut told) = (client_id.clone(), 0);
    let sent = move |bytes: u64| {
        let percent = bytes.min(length).saturating_mul(100) / length;
        if percent > told {
            told = percent;
            progress.try_send(Net::Uploading { client_id: name.clone(), percent });
        }
    };
    let uploaded = client.upload_path(channel_id, &path, None, sent).await;
    Net::Uploaded { client_id, answer: answer(uploaded) }
}

/// Keeps files on this machine, each under a name that nothing has: one after the other, as they may have the same.
pub(super) async fn save(client: Client, files: Vec<FileInfo>, folder: Option<String>, answers: News) {
    let folder = folder.map_or_else(downloads, PathBuf::from);
    for file in files {
        if answers.send(save_one(&client, file, &folder).await).await.is_err() {
            return;
        }
    }
}

async fn save_one(client: &Client, file: FileInfo, folder: &Path) -> Net {
    let place = free_place(folder, &file.name);
    let saved = match place.parent() {
        Some(folder) => tokio::fs::create_dir_all(folder).await.map_err(|error| error.to_string()),
        None => Ok(()),
    };
    let saved = match saved {
        Ok(()) => answer(client.save_file(&file, &place, false, |_| {}).await).map_err(|failure| failure.message),
        Err(reason) => Err(reason),
    };
    Net::Saved { name: file.name, answer: saved.map(|()| place.display().to_string()) }
}

/// Gives the folder for what is downloaded: as the desktop says, or the usual one.
fn downloads() -> PathBuf {
    let home = std::env::home_dir().unwrap_or_default();
    let named = std::env::var_os("XDG_DOWNLOAD_DIR").map(PathBuf::from).filter(|folder| folder.is_absolute());
    named.or_else(|| Some(home.join("Downloads")).filter(|folder| Path::is_dir(folder))).unwrap_or(home)
}

/// Fetches a picture and makes it small.
pub(super) async fn load_picture(client: Client, file: FileInfo) -> Net {
    Net::Picture { file: file.id, answer: fetch(&client, &file).await }
}

async fn fetch(client: &Client, file: &FileInfo) -> Result<Thumbnail, Failure> {
    let mut bytes = Vec::new();
    answer(client.download_file(file, 0, &mut bytes, |_| {}).await)?;
    let made = tokio::task::spawn_blocking(move || thumbnail(&bytes)).await;
    let made = made.unwrap_or_else(|_| Err("no picture".to_owned()));
    made.map_err(|message| Failure { code: None, message, field: None, is_transient: false, retry_after_ms: None })
}
