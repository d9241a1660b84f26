//! `file …`

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use syncspace_client::{Client, ClientError, Upload};
use syncspace_protocol::files::{FileInfo, local_name};
use syncspace_protocol::limits::AVATAR_BYTES_MAX;
use syncspace_protocol::{ChannelId, FileId};
use tokio::io::AsyncReadExt as _;

use super::lists::gather_places;
use super::resolve;
use crate::args::{ListLimit, file as args};
use crate::context::Context;
use crate::exit::{CliError, During, Hint as _, Outcome};
use crate::prompt;

pub(super) async fn run(context: &Context, args: args::File) -> Outcome {
    let client = &context.client()?;
    match args {
        args::File::Upload(args) => upload(context, client, args).await,
        args::File::Download(args) => download(context, client, args).await,
        args::File::List { target, part } => list(context, client, target, part).await,
        args::File::Link { id } => link(context, client, id).await,
        args::File::Delete { id } => delete(context, client, id).await,
    }
}

async fn upload(context: &Context, client: &Client, args: args::Upload) -> Outcome {
    if context.global.dry_run && !args.target.starts_with('@') {
        resolve::conversation(context, client, &args.target).await?;
    }
    if context.only_plans(|| format!("upload {} for {}", args.file.display(), args.target))? {
        return Ok(());
    }
    let channel = resolve::conversation_to_write(context, client, &args.target).await?.channel.id;
    let file = send_up(context, client, channel, (&args.file, args.name)).await?;
    context.out.done(&format!("{} uploaded as file {}", file.name, file.id), &file)
}

/// Uploads a file, or standard input where it is `-`.
pub(super) async fn send_up(
    context: &Context,
    client: &Client,
    channel: ChannelId,
    (path, name): (&Path, Option<String>),
) -> Outcome<FileInfo> {
    let during = || format!("cannot upload {}", path.display());
    if path == Path::new("-") {
        if prompt::stdin_is_terminal() && context.global.no_input {
            return Err(CliError::Usage("`-` reads standard input, which is a terminal".to_owned()));
        }
        let name = name.unwrap_or_else(|| "stdin".to_owned());
        let bar = bar(context, None, &name);
        let upload = Upload { bytes: tokio::io::stdin(), name, length: None, sha256: None };
        return client.upload_file(channel, upload, move |sent| bar.set_position(sent)).await.during(during);
    }
    let metadata = tokio::fs::metadata(path).await.ok();
    if metadata.as_ref().is_some_and(std::fs::Metadata::is_dir) {
        return Err(CliError::Usage(format!("{} is a folder; upload an archive of it", path.display())));
    }
    let length = metadata.filter(std::fs::Metadata::is_file).map(|metadata| metadata.len());
    let shown = name.clone().unwrap_or_else(|| path.display().to_string());
    let bar = bar(context, length, &shown);
    let (shown, mut goes_on) = (bar.clone(), Some(context.out.clone()));
    let sent = move |sent| {
        if let Some(out) = goes_on.take()
            && let (1.., Some(length)) = (sent, length)
        {
            shown.suspend(|| out.say(&format!("going on at byte {sent} of {length}")));
        }
        shown.set_position(sent);
    };
    let uploaded = client.upload_path(channel, path, name, sent).await;
    bar.finish_and_clear();
    uploaded.during(during)
}

/// Reads a picture of a person or team; what is longer than one may be is not read to its end.
pub(super) async fn read_picture(path: &Path) -> Outcome<Vec<u8>> {
    let cannot_read = |source| CliError::Local { what: format!("cannot read {}", path.display()), source };
    let mut picture = Vec::new();
    let file = tokio::fs::File::open(path).await.map_err(cannot_read)?;
    file.take(AVATAR_BYTES_MAX + 1).read_to_end(&mut picture).await.map_err(cannot_read)?;
    Ok(picture)
}

async fn download(context: &Context, client: &Client, args: args::Download) -> Outcome {
    let during = || format!("file {}", args.id);
    let file = client.file(args.id).await.during(during)?.file;
    let to_stdout = args.to.as_deref() == Some(Path::new("-"));
    if to_stdout {
        if prompt::stdout_is_terminal() {
            let message = "a file is not written to a terminal, which it could steer; name another place with --to";
            return Err(CliError::Usage(message.to_owned()));
        }
        return print(context, client, &file).await;
    }
    let place = args.to.clone().unwrap_or_else(|| PathBuf::from(local_name(&file.name)));
    if context.only_plans(|| format!("download file {} to {}", args.id, place.display()))? {
        return Ok(());
    }
    save(context, client, &file, &place, args.force).await?;
    context.out.done(&format!("file {} is in {}", file.id, place.display()), &file)
}

async fn print(context: &Context, client: &Client, file: &FileInfo) -> Outcome {
    let bar = bar(context, Some(file.size_bytes), &file.name);
    let mut out = tokio::io::stdout();
    client
        .download_file(file, 0, &mut out, |received| bar.set_position(received))
        .await
        .during(|| format!("cannot download file {}", file.id))
        .map(drop)
}

async fn save(context: &Context, client: &Client, file: &FileInfo, place: &Path, may_overwrite: bool) -> Outcome {
    if !may_overwrite && tokio::fs::symlink_metadata(place).await.is_ok() {
        let message = format!("{} is there already; name another file with --to, or add --force", place.display());
        return Err(CliError::Usage(message));
    }
    let bar = bar(context, Some(file.size_bytes), &file.name);
    let mut is_begun = false;
    let received = |received| {
        if !std::mem::replace(&mut is_begun, true) && received > 0 {
            context.out.say(&format!("going on at byte {received} of {}", file.size_bytes));
        }
        bar.set_position(received);
    };
    let outcome = client.save_file(file, place, may_overwrite, received).await;
    bar.finish_and_clear();
    let outcome = outcome.during(|| format!("cannot download file {}", file.id));
    outcome.hint_where(ClientError::is_transient, || "the same command goes on from here".to_owned())
}

async fn list(context: &Context, client: &Client, target: Option<String>, part: ListLimit) -> Outcome {
    // A bare name is a team, as for other lists; with --team it is a channel of that.
    let names_a_team = |text: &str| context.global.team.is_none() && !resolve::names_a_conversation(text);
    let files = match target {
        Some(target) if names_a_team(&target) => {
            let team = resolve::team(client, &target).await?.team.id;
            gather_places(part, |query| client.team_files(team, query)).await?
        }
        Some(target) => {
            let channel = resolve::conversation(context, client, &target).await?.channel.id;
            gather_places(part, |query| client.files(channel, query)).await?
        }
        None => {
            let team = resolve::default_team(context, client).await?.team.id;
            gather_places(part, |query| client.team_files(team, query)).await?
        }
    };
    context.out.list(&files)
}

async fn link(context: &Context, client: &Client, id: FileId) -> Outcome {
    let link = client.link_file(id).await.during(|| format!("file {id}"))?;
    context.out.raw(format!("{}\n", client.address_of(&link)).as_bytes())
}

async fn delete(context: &Context, client: &Client, id: FileId) -> Outcome {
    if context.only_plans(|| format!("delete file {id}"))? {
        return Ok(());
    }
    context.confirm(format!("Delete file {id}?")).await?;
    client.delete_file(id).await.during(|| format!("cannot delete file {id}"))?;
    context.out.say(&format!("file {id} deleted"));
    Ok(())
}

/// Shows how far a transfer is, where somebody looks.
pub(super) fn bar(context: &Context, length: Option<u64>, name: &str) -> ProgressBar {
    if !context.out.wants_progress() {
        return ProgressBar::hidden();
    }
    let (bar, form) = match length {
        Some(length) => (ProgressBar::new(length), "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {msg}"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {bytes_per_sec} {msg}"),
    };
    let bar = match ProgressStyle::with_template(form) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    };
    bar.with_message(syncspace_protocol::text::clean_line(name).into_owned())
}
