//! Files of messages: sent, saved, and fetched to be looked at.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use syncspace_client::{Client, free_place};
use syncspace_protocol::files::FileInfo;
use syncspace_protocol::{ChannelId, ClientId};
use tokio::sync::oneshot;

use super::answer;
use crate::app::Net;
use crate::app::kept::KeptPicture;
use crate::app::message::{Failure, SavedBefore};
use crate::app::pictures::{Fetched, ImageId};
use crate::news::News;
use crate::thumbnail::{self, Made};

/// Uploads a file for the message of that name, and tells now and then how much of it is there.
pub(super) async fn upload(
    client: Client,
    channel_id: ChannelId,
    (client_id, at): (ClientId, usize),
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
            progress.try_send(Net::Uploading { client_id: name.clone(), at, percent });
        }
    };
    let uploaded = client.upload_path(channel_id, &path, None, sent).await;
    Net::Uploaded { client_id, at, answer: answer(uploaded) }
}

/// Keeps files on this machine, each under a name that nothing has: one after the other, as they may have the same.
pub(super) async fn save(client: Client, files: Vec<FileInfo>, folder: Option<String>, answers: News) {
    let folder = folder.map_or_else(downloads, PathBuf::from);
    let mut before = SavedBefore::default();
    for file in files {
        let name = file.name.clone();
        let answer = save_one(&client, file, &folder).await;
        let mut after = before.clone();
        match &answer {
            Ok(place) => after.saved.push(place.rsplit('/').next().unwrap_or_default().to_owned()),
            Err(_) => after.failed.push(name.clone()),
        }
        if answers.send(Net::Saved { name, before, answer }).await.is_err() {
            return;
        }
        before = after;
    }
}

/// Gives the place where it is, or why it is in none.
async fn save_one(client: &Client, file: FileInfo, folder: &Path) -> Result<String, String> {
    let place = free_place(folder, &file.name);
    let saved = match place.parent() {
        Some(folder) => tokio::fs::create_dir_all(folder).await.map_err(|error| error.to_string()),
        None => Ok(()),
    };
    saved?;
    let saved = answer(client.save_file(&file, &place, false, |_| {}).await).map_err(|failure| failure.message);
    saved.map(|()| place.display().to_string())
}

/// Gives the folder for what is downloaded: as the desktop says, or the usual one.
fn downloads() -> PathBuf {
    let home = std::env::home_dir().unwrap_or_default();
    let named = std::env::var_os("XDG_DOWNLOAD_DIR").map(PathBuf::from).filter(|folder| folder.is_absolute());
    named.or_else(|| Some(home.join("Downloads")).filter(|folder| Path::is_dir(folder))).unwrap_or(home)
}

/// Fetches a picture and makes it small: from the disk, else from the server where that is connected.
pub(super) async fn load_picture(
    file: FileInfo,
    kept: Option<oneshot::Receiver<Option<KeptPicture>>>,
    client: Option<Client>,
) -> Net {
    let kept = match kept {
        Some(kept) => kept.await.ok().flatten(),
        None => None,
    };
    let answer = match (kept, client) {
        (Some(KeptPicture { small, png, .. }), _) => {
            Ok(Some(Fetched { small, png, image: next_image(), is_kept: true }))
        }
        (None, Some(client)) => fetch(&client, &file).await.map(Some),
        (None, None) => Ok(None),
    };
    Net::Picture { file: file.id, answer }
}

async fn fetch(client: &Client, file: &FileInfo) -> Result<Fetched, Failure> {
    let mut bytes = Vec::new();
    answer(client.download_file(file, 0, &mut bytes, |_| {}).await)?;
    let made = tokio::task::spawn_blocking(move || thumbnail::make(&bytes)).await;
    let made = made.unwrap_or_else(|_| Err("no picture".to_owned()));
    let failed = |message| Failure { code: None, message, field: None, is_transient: false, retry_after_ms: None };
    let Made { small, png } = made.map_err(failed)?;
    Ok(Fetched { small, png: png.into(), image: next_image(), is_kept: false })
}

/// Gives a name that no other image of this program has: the accounts share one terminal.
fn next_image() -> ImageId {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    ImageId::numbered(GIVEN.fetch_add(1, Ordering::Relaxed))
}
