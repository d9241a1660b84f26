//! Sending an archive: lines gathered into requests, sent again while the server is away, and what is there already left out.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use syncspace_protocol::archive::{ArchiveLine, ArchiveMessage};
use syncspace_protocol::imports::{Import, ImportFileQuery, ImportedChannel, RenamedUser, StartImport};
use syncspace_protocol::limits::{IMPORT_BODY_BYTES_MAX, IMPORT_LINES_MAX};
use syncspace_protocol::{ImportId, TeamId};
use tokio::time::sleep;

use crate::bounds::{BACKOFF_FIRST, BACKOFF_MAX, IMPORT_TRIES_MAX};
use crate::{Client, ClientError};

/// Fills one team from one archive. Lines are pushed in the order of the archive.
#[derive(Debug)]
pub struct Importer {
    client: Client,
    team: TeamId,
    import: Import,
    /// Lines that wait to be sent, as JSON with commas.
    waiting: String,
    count: usize,
    has_channels: bool,
    /// How far each channel has come, by its key.
    reached: HashMap<String, u64>,
    foreign: HashSet<String>,
    report: ImportReport,
}

/// What came of an import so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// People who go by another name on the server.
    pub renamed: Vec<RenamedUser>,
    /// The channels, each as it was when its line was sent.
    pub channels: Vec<ImportedChannel>,
    /// Messages that are on the server.
    pub messages: u64,
    /// Of those, messages that were there before this run.
    pub known: u64,
    /// Messages that were left out: their people talk in a channel of this team already.
    pub foreign: u64,
}

impl Importer {
    /// Begins an import, or goes on with the one of the same fingerprint.
    pub async fn start(client: Client, team: TeamId, start: &StartImport) -> Result<Self, ClientError> {
        let import = patiently(|| client.start_import(team, start)).await?;
        Ok(Self {
            client,
            team,
            import,
            waiting: String::new(),
            count: 0,
            has_channels: false,
            reached: HashMap::new(),
            foreign: HashSet::new(),
            report: ImportReport::default(),
        })
    }

    /// Gives the import.
    #[must_use]
    pub const fn import(&self) -> &Import {
        &self.import
    }

    /// Tells what came of it so far.
    #[must_use]
    pub const fn report(&self) -> &ImportReport {
        &self.report
    }

    /// Takes the next line; it goes out with others.
    pub async fn push(&mut self, line: &ArchiveLine) -> Result<(), ClientError> {
        match line {
            ArchiveLine::Version(_) | ArchiveLine::Team(_) | ArchiveLine::End(_) => Ok(()),
            ArchiveLine::Message(message) => self.push_message::<&Path>(message, &[]).await,
            line => {
                self.has_channels |= matches!(line, ArchiveLine::Channel(_));
                self.put(line).await
            }
        }
    }

    /// Takes the next message, with the places of the files that it carries; they go out before it.
    pub async fn push_message<P: AsRef<Path>>(
        &mut self,
        message: &ArchiveMessage,
        files: &[P],
    ) -> Result<(), ClientError> {
        // How far a channel has come is known once its line was answered.
        if self.has_channels {
            self.flush().await?;
        }
        if self.foreign.contains(&message.channel) {
            self.report.foreign += 1;
            return Ok(());
        }
        self.report.messages += 1;
        let reached = self.reached.get(&message.channel).copied().unwrap_or_default();
        if message.number <= reached {
            self.report.known += 1;
            // The last one that is there goes out again: the server sees by it whether this is the same archive.
            if message.number < reached {
                return Ok(());
            }
        } else {
            self.send_files(message, files).await?;
        }
        self.put(&ArchiveLine::Message(Box::new(message.clone()))).await
    }

    async fn put(&mut self, line: &ArchiveLine) -> Result<(), ClientError> {
        let text = serde_json::to_string(line).map_err(|source| ClientError::Protocol {
            during: "writing a line of an archive".to_owned(),
            source: source.into(),
        })?;
        // The frame around the lines is short; a comma belongs to each.
        if self.count == IMPORT_LINES_MAX || self.waiting.len() + text.len() + 64 > IMPORT_BODY_BYTES_MAX {
            self.flush().await?;
        }
        if self.count > 0 {
            self.waiting.push(',');
        }
        self.waiting.push_str(&text);
        self.count += 1;
        Ok(())
    }

    /// Sends what waits.
    pub async fn flush(&mut self) -> Result<(), ClientError> {
        if self.count == 0 {
            return Ok(());
        }
        let (client, place, lines) = (&self.client, (self.team, self.import.id), &self.waiting);
        let done = patiently(|| client.import_written(place.0, place.1, lines)).await?;
        self.waiting.clear();
        self.count = 0;
        self.has_channels = false;
        self.report.renamed.extend(done.renamed);
        for channel in done.channels {
            if channel.is_foreign {
                self.foreign.insert(channel.key.clone());
            }
            if self.reached.insert(channel.key.clone(), channel.last_number).is_none() {
                self.report.channels.push(channel);
            }
        }
        Ok(())
    }

    async fn send_files<P: AsRef<Path>>(&self, message: &ArchiveMessage, files: &[P]) -> Result<(), ClientError> {
        for ((place, file), path) in (0..).zip(&message.files).zip(files) {
            let query = ImportFileQuery {
                channel: message.channel.clone(),
                number: message.number,
                place,
                name: file.name.clone(),
                sender: message.sender.to_string(),
                sha256: file.sha256.clone(),
            };
            let (client, target, path) = (&self.client, (self.team, self.import.id), path.as_ref());
            patiently(|| send_file(client, target, &query, (path, file.size_bytes))).await?;
        }
        Ok(())
    }

    /// Sends what waits, and shows the channels to their people.
    pub async fn finish(mut self) -> Result<ImportReport, ClientError> {
        self.flush().await?;
        let (client, team, import) = (&self.client, self.team, self.import.id);
        while patiently(|| client.finish_import(team, import)).await?.channels_left > 0 {}
        Ok(self.report)
    }
}

async fn send_file(
    client: &Client,
    target: (TeamId, ImportId),
    query: &ImportFileQuery,
    (path, length): (&Path, u64),
) -> Result<(), ClientError> {
    let file = tokio::fs::File::open(path).await.map_err(|source| ClientError::local(path, source))?;
    client.import_file(target, query, file, length).await.map(drop)
}

/// Makes a call that may be made again, until it has an answer: an import outlives a restart of the server.
async fn patiently<T, F>(mut call: impl FnMut() -> F) -> Result<T, ClientError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    let mut wait = BACKOFF_FIRST;
    for _ in 1..IMPORT_TRIES_MAX {
        let error = match call().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if !error.is_transient() {
            return Err(error);
        }
        sleep(error.retry_after().unwrap_or(wait).clamp(Duration::from_millis(50), BACKOFF_MAX)).await;
        wait = (wait * 2).min(BACKOFF_MAX);
    }
    call().await
}
