//! `import …`: checks an archive as a whole, then sends it line by line, with a bar for those who look.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};
use syncspace_client::{Client, ImportReport, Importer};
use syncspace_protocol::ImportId;
use syncspace_protocol::archive::{ArchiveLine, ArchiveTeam};
use syncspace_protocol::imports::{MatchBy, StartImport};
use syncspace_protocol::teams::{CreateTeam, EditTeam, Team};
use tokio::sync::mpsc;

use super::{import_check, resolve};
use crate::args::import as args;
use crate::context::Context;
use crate::exit::{CliError, During, Exit, Outcome};
use crate::import::{Checked, ImportError, Item, LargeFiles, Notes, Source, fingerprint};
use crate::output::counted;
use crate::prompt;
use crate::records::moving::{Imported, Left};

/// Lines that are read ahead of what is sent; each may hold files on this machine's disk.
const LINES_AHEAD: usize = 32;
/// Pause between two pictures of a bar that counts nothing.
const TICK: Duration = Duration::from_millis(120);

pub(super) async fn run(context: &Context, args: args::Import) -> Outcome {
    let Some(team) = context.global.team.clone() else {
        return Err(CliError::Usage(
            "say with --team which team the import fills; one that does not exist is made".to_owned(),
        ));
    };
    let (source, archive, are_left_out) = match args {
        args::Import::Slack(archive) => (Source::Slack, archive, false),
        args::Import::Mattermost { archive, from_team, large } => {
            (Source::Mattermost { team: from_team }, archive, large.skip_large_files)
        }
        args::Import::Syncspace { archive, files, large } => {
            (Source::Syncspace { files }, archive, large.skip_large_files)
        }
        args::Import::Cancel { import } => return cancel(context, &team, import).await,
    };
    let bytes_max = if source.has_files() { file_bytes_max(context).await? } else { None };
    let large = LargeFiles { bytes_max, are_left_out };
    let (checked, notes, fingerprint) = check(context, &source, (&archive.archive, large)).await?;
    let left: Vec<Left> = Left::all(&notes);
    let (match_by, beside) = (MatchBy::from(archive.match_by), archive.beside);
    let key = (fingerprint.as_str(), match_by);
    if context.global.dry_run {
        tell(context, &notes);
        return plan(context, (team.as_str(), beside), &checked, (key, left)).await;
    }
    let client = context.client()?;
    let said = import_check::compare(&client, &team, &checked, key).await?;
    import_check::refuse_beside(&said, &team, beside)?;
    let team = find_or_make(context, &client, &team, checked.team.as_ref()).await?;
    let start = StartImport { source: source.name().to_owned(), fingerprint, match_by };
    let during = || format!("cannot import into {}", team.name);
    let importer = Importer::start(client, team.id, &start).await.during(during)?;
    if let Some(at) = importer.import().finished_at {
        let at = crate::output::local_time(at);
        context
            .out
            .say(&format!("this archive was imported into {} before, on {at}; nothing is left to do", team.name));
        return Ok(());
    }
    let bar = bar(context, checked.messages);
    let report = send(importer, source, (archive.archive, large), &bar).await;
    bar.finish_and_clear();
    let report = report?;
    tell(context, &notes);
    import_check::tell_done(context, &report, &checked);
    if said.own.is_none() {
        import_check::tell_people(context, &said, &checked);
    }
    if report.known > 0 {
        context.out.say(&format!("{} messages had come before this import broke off", report.known));
    }
    let sentence = format!("{} imported into {}", counted(report.messages, "message"), team.name);
    context.out.done(&sentence, &Imported::done(team.name.as_str(), &checked, &report, left))
}

/// Says what an import would bring, and what it would meet on the server where that can be asked.
async fn plan(
    context: &Context,
    (team, beside): (&str, bool),
    checked: &Checked,
    (key, left): ((&str, MatchBy), Vec<Left>),
) -> Outcome {
    let said = match context.client() {
        Ok(client) => import_check::compare(&client, team, checked, key).await,
        Err(error) => Err(error),
    };
    let said = match said {
        Ok(said) => said,
        Err(error) => {
            context.out.say(&format!("names are not compared with those on the server: {error}"));
            return context.out.record(&Imported::planned(team, checked, left));
        }
    };
    import_check::refuse_beside(&said, team, beside)?;
    import_check::tell_planned(context, &said, checked, key.1);
    let foreign = import_check::count_foreign(&said, checked);
    context.out.record(&Imported::planned(team, checked, left).with_foreign(foreign, said.renamed))
}

/// Takes back what an import made that broke off.
async fn cancel(context: &Context, team: &str, import: ImportId) -> Outcome {
    let client = context.client()?;
    let team = resolve::team(&client, team).await?.team;
    let found = client.import(team.id, import).await.during(|| format!("cannot find import {import}"))?;
    let what = format!("import {import} from {} into {}", found.source, team.name);
    if context.only_plans(|| format!("take {what} back"))? {
        return Ok(());
    }
    context.confirm(format!("Take {what} back, with its channels and messages?")).await?;
    client.cancel_import(team.id, import).await.during(|| format!("cannot take {what} back"))?;
    context.out.say(&format!("{what} taken back"));
    Ok(())
}

/// Asks the server for the longest file that it takes. A dry run does without.
async fn file_bytes_max(context: &Context) -> Outcome<Option<u64>> {
    if !context.global.dry_run {
        return Ok(context
            .client()?
            .server_info()
            .await
            .during(|| "cannot ask the server for its limits".to_owned())?
            .file_bytes_max);
    }
    let info = context.client_to_log_in()?.server_info().await;
    if let Err(error) = &info {
        context.out.say(&format!("files are not compared with what the server takes: {error}"));
    }
    Ok(info.ok().and_then(|info| info.file_bytes_max))
}

/// Reads the whole archive, and says what is in it, or what is wrong with it and where.
async fn check(
    context: &Context,
    source: &Source,
    (path, large): (&Path, LargeFiles),
) -> Outcome<(Checked, Notes, String)> {
    let spinner = spinner(context, &format!("checking {}", path.display()));
    let (source, path) = (source.clone(), path.to_owned());
    let checked = prompt::blocking(move || {
        let read = || {
            let (mut checked, mut notes) = (Checked::default(), Notes::default());
            source.read(&path, large, &mut |item| checked.take(&item), &mut notes)?;
            Ok::<_, ImportError>((checked, notes, fingerprint(&path)?))
        };
        Ok(read())
    });
    let checked = checked.await;
    spinner.finish_and_clear();
    checked?.map_err(wrong)
}

fn wrong(error: ImportError) -> CliError {
    CliError::Usage(format!("nothing was imported: {error}"))
}

/// Finds the team; one that does not exist is made, with its importer as the owner.
async fn find_or_make(context: &Context, client: &Client, name: &str, like: Option<&ArchiveTeam>) -> Outcome<Team> {
    match resolve::team(client, name).await {
        Ok(found) => return Ok(found.team),
        Err(error) if error.exit() == Some(Exit::NotFound) => {}
        Err(error) => return Err(error),
    }
    let new = name.parse().map_err(|error| CliError::Usage(format!("--team {name}: {error}")))?;
    let during = || format!("cannot make the team {name}");
    let description = like.and_then(|like| like.description.clone());
    let team = CreateTeam { name: new, description, is_public: like.is_some_and(|like| like.is_public) };
    let team = client.create_team(team).await.during(during)?.team;
    context.out.say(&format!("team {name} made"));
    let settings = like.map(|like| like.settings.clone()).unwrap_or_default();
    if settings.apply(team.settings) == team.settings {
        return Ok(team);
    }
    let edit = EditTeam { settings, ..EditTeam::default() };
    client.edit_team(team.id, edit).await.during(during)
}

/// Reads the archive again, and sends what comes.
async fn send(
    mut importer: Importer,
    source: Source,
    (path, large): (PathBuf, LargeFiles),
    bar: &ProgressBar,
) -> Outcome<ImportReport> {
    let (sender, mut items) = mpsc::channel::<Item>(LINES_AHEAD);
    let reading = tokio::task::spawn_blocking(move || {
        let mut out = |item: Item| sender.blocking_send(item).map_err(|_| ImportError::stopped());
        source.read(&path, large, &mut out, &mut Notes::default())
    });
    let during = || "the import stopped; the same command goes on from here".to_owned();
    while let Some(item) = items.recv().await {
        match &item.line {
            ArchiveLine::Message(message) => {
                importer.push_message(message, &item.files).await.during(during)?;
                bar.inc(1);
            }
            line => importer.push(line).await.during(during)?,
        }
    }
    match reading.await {
        Ok(Ok(())) => importer.finish().await.during(during),
        Ok(Err(error)) => Err(CliError::Usage(format!("the archive changed while it was read: {error}"))),
        Err(error) => {
            Err(CliError::Local { what: "cannot read the archive".to_owned(), source: std::io::Error::other(error) })
        }
    }
}

/// Says what is not as it was.
fn tell(context: &Context, notes: &Notes) {
    for (what, count) in &notes.left_out {
        context.out.say(&format!("left out: {count} {what}"));
    }
    for (from, to) in &notes.renamed {
        context.out.say(&format!("{from} is called {to} here"));
    }
}

fn bar(context: &Context, messages: u64) -> ProgressBar {
    if !context.out.wants_progress() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(messages);
    match ProgressStyle::with_template("{bar:30} {human_pos}/{human_len} messages {rate} {eta}") {
        Ok(style) => bar.with_style(style.with_key("rate", rate)),
        Err(_) => bar,
    }
}

/// Writes how many come in a second, whole: `23,355/s`.
fn rate(state: &ProgressState, to: &mut dyn fmt::Write) {
    // Rounded by its text: a number cannot be made whole without a cast.
    let whole = format!("{:.0}", state.per_sec()).parse().unwrap_or_default();
    // What cannot be written is not shown; nothing else depends on it.
    let _written = write!(to, "{}/s", HumanCount(whole));
}

fn spinner(context: &Context, what: &str) -> ProgressBar {
    if !context.out.wants_progress() {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner();
    spinner.set_message(syncspace_protocol::text::clean_line(what).into_owned());
    spinner.enable_steady_tick(TICK);
    spinner
}
