//! `team export` and `user export`: the archive of a team in a file and the files of its messages in a folder, and what is kept
//! of one person.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use sha2::{Digest as _, Sha256};
use syncspace_client::Client;
use syncspace_protocol::TeamId;
use syncspace_protocol::archive::{ArchiveLine, ArchiveMessage};
use syncspace_protocol::imports::ExportQuery;
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use super::file::bar;
use super::resolve;
use crate::args::team as args;
use crate::context::Context;
use crate::exit::{CliError, During, Outcome};
use crate::output::counted;
use crate::prompt;
use crate::records::moving::Exported;

pub(super) async fn run(context: &Context, client: &Client, args: args::Export) -> Outcome {
    let team = resolve::team(client, &args.target).await?.team;
    if context.only_plans(|| format!("export the team {} to {}", team.name, args.out.display()))? {
        return Ok(());
    }
    let query = ExportQuery { include_private: args.include_private };
    let during = || format!("cannot export the team {}", team.name);
    if is_stdout(&args.out)? {
        return client.export_team(team.id, query, &mut tokio::io::stdout(), |_| {}).await.during(during);
    }
    let part = part_of(&args.out, args.force).await?;
    let bar = bar(context, None, team.name.as_str());
    let written = write(client, (team.id, query), &part, &bar).await;
    bar.finish_and_clear();
    let exported = match written {
        Ok(found) => match &args.files {
            Some(folder) => save_files(context, client, (team.id, query), folder, found).await,
            None => Ok(found),
        },
        Err(error) => Err(error),
    };
    let found = match exported {
        Ok(found) => found,
        Err(error) => {
            drop(tokio::fs::remove_file(&part).await);
            return Err(error);
        }
    };
    tokio::fs::rename(&part, &args.out).await.map_err(cannot(&args.out))?;
    let sentence = format!("{} of {} in {}", counted(found.messages, "message"), team.name, args.out.display());
    let exported = Exported {
        team: team.name.to_string(),
        messages: found.messages,
        files: found.files.len() as u64,
        out: args.out.display().to_string(),
    };
    context.out.done(&sentence, &exported)
}

/// Writes what is kept of a person.
pub(super) async fn person(
    context: &Context,
    client: &Client,
    user: Option<String>,
    (out, force): (&Path, bool),
) -> Outcome {
    let person = match &user {
        Some(user) => Some(resolve::user(client, user).await?),
        None => None,
    };
    let whose = person.as_ref().map_or_else(|| "you".to_owned(), |person| format!("@{}", person.username));
    if context.only_plans(|| format!("write what is kept of {whose} to {}", out.display()))? {
        return Ok(());
    }
    let during = || format!("cannot export what is kept of {whose}");
    if is_stdout(out)? {
        let mut to = tokio::io::stdout();
        return match person {
            Some(person) => client.export_user(person.id, &mut to, |_| {}).await.during(during),
            None => client.export_me(&mut to, |_| {}).await.during(during),
        };
    }
    let part = part_of(out, force).await?;
    let bar = bar(context, None, &whose);
    let mut file = File::create(&part).await.map_err(cannot(&part))?;
    let received = |count| bar.set_position(count);
    let written = match person {
        Some(person) => client.export_user(person.id, &mut file, received).await,
        None => client.export_me(&mut file, received).await,
    };
    bar.finish_and_clear();
    let outcome = match written {
        Ok(()) if is_ended(&part).await? => file.sync_all().await.map_err(cannot(&part)),
        Ok(()) => Err(broken("its last line is missing")),
        written => written.during(during),
    };
    if let Err(error) = outcome {
        drop(tokio::fs::remove_file(&part).await);
        return Err(error);
    }
    tokio::fs::rename(&part, out).await.map_err(cannot(out))?;
    context.out.say(&format!("what is kept of {whose} is in {}", out.display()));
    Ok(())
}

/// Tells whether the last line of a file says that it is the last one.
async fn is_ended(path: &Path) -> Outcome<bool> {
    let mut lines = BufReader::new(File::open(path).await.map_err(cannot(path))?).lines();
    let mut is_ended = false;
    while let Some(line) = lines.next_line().await.map_err(cannot(path))? {
        is_ended = line.starts_with("{\"type\":\"end\"");
    }
    Ok(is_ended)
}

/// Tells whether data goes to standard output, which must not be a terminal: lines of others would steer it.
fn is_stdout(out: &Path) -> Outcome<bool> {
    let is_stdout = out == Path::new("-");
    if is_stdout && prompt::stdout_is_terminal() {
        return Err(CliError::Usage("an archive is not written to a terminal; name a file with --out".to_owned()));
    }
    Ok(is_stdout)
}

/// Gives where a file is written until it is whole: beside its place, where nothing may be that is not to be overwritten.
async fn part_of(out: &Path, force: bool) -> Outcome<PathBuf> {
    if !force && tokio::fs::symlink_metadata(out).await.is_ok() {
        let message = format!("{} is there already; name another file, or add --force", out.display());
        return Err(CliError::Usage(message));
    }
    Ok(PathBuf::from(format!("{}.part", out.display())))
}

/// What is in an archive.
struct Found {
    messages: u64,
    /// Length of each file by its checksum.
    files: BTreeMap<String, u64>,
}

async fn write(
    client: &Client,
    (team, query): (TeamId, ExportQuery),
    part: &Path,
    bar: &ProgressBar,
) -> Outcome<Found> {
    let mut file = File::create(part).await.map_err(cannot(part))?;
    let received = |count| bar.set_position(count);
    client.export_team(team, query, &mut file, received).await.during(|| "cannot export the team".to_owned())?;
    file.sync_all().await.map_err(cannot(part))?;
    let mut lines = BufReader::new(File::open(part).await.map_err(cannot(part))?).lines();
    let mut found = Found { messages: 0, files: BTreeMap::new() };
    let mut is_whole = false;
    while let Some(line) = lines.next_line().await.map_err(cannot(part))? {
        match serde_json::from_str(&line) {
            Ok(ArchiveLine::Message(message)) => note(&mut found, *message),
            Ok(ArchiveLine::End(end)) => is_whole = end.messages == found.messages,
            Ok(_) => {}
            Err(error) => return Err(broken(&error.to_string())),
        }
    }
    if is_whole { Ok(found) } else { Err(broken("its last line is missing")) }
}

fn note(found: &mut Found, message: ArchiveMessage) {
    found.messages += 1;
    found.files.extend(message.files.into_iter().map(|file| (file.sha256, file.size_bytes)));
}

fn broken(why: &str) -> CliError {
    CliError::Unavailable(format!("the archive broke off on its way ({why}); nothing was kept, try again"))
}

/// Downloads the files that are not in the folder yet, each under its checksum.
async fn save_files(
    context: &Context,
    client: &Client,
    (team, query): (TeamId, ExportQuery),
    folder: &Path,
    found: Found,
) -> Outcome<Found> {
    tokio::fs::create_dir_all(folder).await.map_err(cannot(folder))?;
    let bar = bar(context, Some(found.files.values().sum()), "files");
    for (sha256, size) in &found.files {
        let place = folder.join(sha256);
        let is_there = tokio::fs::metadata(&place).await.is_ok_and(|metadata| metadata.len() == *size);
        if !is_there {
            save_file(client, (team, query), sha256, &place).await?;
        }
        bar.inc(*size);
    }
    bar.finish_and_clear();
    Ok(found)
}

async fn save_file(client: &Client, (team, query): (TeamId, ExportQuery), sha256: &str, place: &Path) -> Outcome {
    let part = PathBuf::from(format!("{}.part", place.display()));
    let mut file = File::create(&part).await.map_err(cannot(&part))?;
    client
        .exported_file(team, sha256, query, &mut file)
        .await
        .during(|| format!("cannot download the file {sha256}"))?;
    file.flush().await.map_err(cannot(&part))?;
    let checked = part.clone();
    let sum = prompt::blocking(move || checksum(&checked)).await?;
    if sum != sha256 {
        let what = format!("the file {sha256} arrived with another checksum");
        return Err(CliError::Local { what, source: ErrorKind::InvalidData.into() });
    }
    tokio::fs::rename(&part, place).await.map_err(cannot(place))
}

fn checksum(path: &Path) -> Outcome<String> {
    let mut hash = Sha256::new();
    let mut file = std::fs::File::open(path).map_err(cannot(path))?;
    std::io::copy(&mut file, &mut Hashing(&mut hash)).map_err(cannot(path))?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A hash that is written to.
struct Hashing<'a>(&'a mut Sha256);

impl std::io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn cannot(path: &Path) -> impl Fn(std::io::Error) -> CliError + '_ {
    move |source| CliError::Local { what: format!("cannot write or read {}", path.display()), source }
}
