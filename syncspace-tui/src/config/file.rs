//! The file: where it is, reading it, and noticing that it changed.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use tokio::io::AsyncReadExt;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::{CONFIG_BYTES_MAX, Loaded, Overrides, read};

/// The file is looked at that often, while the person has the terminal in front.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const FILE_NAME: &str = "tui.toml";

/// The file of a person, and what the command line says beside it.
#[derive(Debug, Clone)]
pub(crate) struct ConfigFile {
    path: Option<PathBuf>,
    /// Whether the person named it: then it must be there.
    is_named: bool,
    overrides: Overrides,
}

/// What tells one state of the file from another.
type Stamp = Option<(SystemTime, u64)>;

impl ConfigFile {
    /// Uses a file, else `syncspace/tui.toml` in the directory for configuration.
    pub(crate) fn find(named: Option<PathBuf>, overrides: Overrides) -> Self {
        let is_named = named.is_some();
        Self { path: named.or_else(default_path), is_named, overrides }
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Reads the file; one that nobody named and that is not there says nothing.
    pub(crate) fn load(&self) -> anyhow::Result<Loaded> {
        let Some(path) = &self.path else { return Ok(read("", &self.overrides)) };
        match std::fs::read(path) {
            Ok(bytes) => self.check(&bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !self.is_named => {
                Ok(read("", &self.overrides))
            }
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    fn check(&self, bytes: &[u8]) -> anyhow::Result<Loaded> {
        let path = self.path.as_deref().unwrap_or(Path::new(FILE_NAME));
        let size_max = CONFIG_BYTES_MAX / 1024;
        anyhow::ensure!(bytes.len() <= CONFIG_BYTES_MAX, "{} has more than {size_max} KiB", path.display());
        let text = std::str::from_utf8(bytes).with_context(|| format!("{} is not UTF-8", path.display()))?;
        Ok(read(text, &self.overrides))
    }

    /// Watches the file while the terminal is in front of the person, and sends what it says after every change.
    ///
    /// Looking is cheaper than being told: one call every two seconds, none while nobody looks, and it works on every
    /// file system.
    pub(crate) async fn watch(
        self,
        mut is_focused: watch::Receiver<bool>,
        changed: mpsc::Sender<anyhow::Result<Loaded>>,
    ) {
        let Some(path) = self.path.clone() else { return };
        let mut known = stamp(&path).await;
        loop {
            if is_focused.wait_for(|is_focused| *is_focused).await.is_err() {
                return;
            }
            let now = stamp(&path).await;
            if now != known {
                known = now;
                let loaded = match read_some(&path).await {
                    Ok(bytes) => self.check(&bytes),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(read("", &self.overrides)),
                    Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
                };
                if changed.send(loaded).await.is_err() {
                    return;
                }
            }
            sleep(LOOK_EVERY).await;
        }
    }
}

/// Reads one byte more than may be in it, so that a file that is too long is seen to be so.
async fn read_some(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(CONFIG_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    tokio::fs::File::open(path).await?.take(limit).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

async fn stamp(path: &Path) -> Stamp {
    let about = tokio::fs::metadata(path).await.ok()?;
    Some((about.modified().ok()?, about.len()))
}

fn default_path() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.config_dir().join("syncspace").join(FILE_NAME))
}
