//! Looks at the files and folders of this machine, on threads of their own: a slow disk makes nobody wait.

use std::path::Path;

use tokio::task::spawn_blocking;

use crate::app::message::{FilesAsked, FolderEntry, Here};
use crate::app::text;

/// Entries of a folder that are read: nobody completes a path among more.
const ENTRIES_MAX: usize = 10_000;

/// Finds the first choice of paths that are all there and no folders.
pub(super) async fn find_files(asked: FilesAsked, choices: Vec<Vec<String>>) -> Here {
    let is_file = |path: &String| Path::new(path).metadata().is_ok_and(|metadata| !metadata.is_dir());
    let find = move || choices.into_iter().find(|paths| paths.iter().all(is_file));
    Here::Files { asked, found: spawn_blocking(find).await.unwrap_or_default() }
}

/// Reads what lies in a folder; what cannot be typed is left out.
pub(super) async fn list(path: String) -> Here {
    let folder = path.clone();
    let read = move || -> Vec<FolderEntry> {
        let Ok(entries) = Path::new(&folder).read_dir() else { return Vec::new() };
        let entry = |entry: std::fs::DirEntry| {
            let name = entry.file_name().into_string().ok().filter(|name| text::line(name) == *name)?;
            // What a link leads to.
            Some(FolderEntry { is_file: !entry.path().is_dir(), name })
        };
        let mut entries: Vec<FolderEntry> = entries.flatten().take(ENTRIES_MAX).filter_map(entry).collect();
        entries.sort();
        entries
    };
    let entries = spawn_blocking(read).await.unwrap_or_default();
    Here::Folder { path, entries }
}
