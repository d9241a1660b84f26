//! What an import meets on the server: names that are taken, conversations that exist, archives that came before.

use std::collections::HashMap;

use syncspace_client::{Client, ImportReport};
use syncspace_protocol::TeamId;
use syncspace_protocol::archive::ArchiveLine;
use syncspace_protocol::imports::{CheckImport, CheckedImport, MatchBy};

use super::resolve;
use crate::context::Context;
use crate::exit::{CliError, During, Exit, Outcome};
use crate::import::Checked;

/// Lines of one request; each is a few KB at most, and a request has room for 1 MiB.
const LINES_PER_REQUEST: usize = 150;

/// Asks the server about every name of an archive.
pub(super) async fn compare(
    client: &Client,
    team: &str,
    checked: &Checked,
    (fingerprint, match_by): (&str, MatchBy),
) -> Outcome<CheckedImport> {
    let team_id = match resolve::team(client, team).await {
        Ok(found) => Some(found.team.id),
        Err(error) if error.exit() == Some(Exit::NotFound) => None,
        Err(error) => return Err(error),
    };
    let check = CheckImport { team_id, fingerprint: fingerprint.to_owned(), match_by, lines: Vec::new() };
    let ask = async |lines| {
        let check = CheckImport { lines, ..check.clone() };
        client.check_import(&check).await.during(|| format!("cannot compare the archive with {team}"))
    };
    let mut said = ask(Vec::new()).await?;
    if said.own.is_some() {
        return Ok(said);
    }
    let users: Vec<_> = checked.lines.iter().filter(|line| matches!(line, ArchiveLine::User(_))).collect();
    for users in users.chunks(LINES_PER_REQUEST) {
        let part = ask(users.iter().copied().cloned().collect()).await?;
        said.matched += part.matched;
        said.renamed.extend(part.renamed);
    }
    for lines in with_people(&checked.lines, team_id, match_by) {
        said.channels.extend(ask(lines).await?.channels);
    }
    Ok(said)
}

/// Puts channels into requests, behind the people whom they name.
fn with_people(lines: &[ArchiveLine], team: Option<TeamId>, match_by: MatchBy) -> Vec<Vec<ArchiveLine>> {
    // A new team has no channels, and people who are new have talked to nobody.
    if team.is_none() {
        return Vec::new();
    }
    let users: HashMap<_, _> = lines
        .iter()
        .filter_map(|line| match line {
            ArchiveLine::User(user) => Some((user.username.key(), line)),
            _ => None,
        })
        .collect();
    let mut requests = vec![Vec::new()];
    for line in lines {
        let ArchiveLine::Channel(channel) = line else { continue };
        if channel.name.is_none() && match_by == MatchBy::Nothing {
            continue;
        }
        if requests.last().is_none_or(|last| last.len() + channel.people.len() >= LINES_PER_REQUEST) {
            requests.push(Vec::new());
        }
        let people = channel.people.iter().filter_map(|name| users.get(&name.key()).copied().cloned());
        if let Some(last) = requests.last_mut() {
            last.extend(people);
            last.push(line.clone());
        }
    }
    requests
}

/// Refuses to fill a team that another archive filled, unless that is asked for.
pub(super) fn refuse_beside(said: &CheckedImport, team: &str, is_asked_for: bool) -> Outcome<()> {
    let Some(other) = said.other.as_ref().filter(|_| said.own.is_none() && !is_asked_for) else { return Ok(()) };
    let (id, from) = (other.id, &other.source);
    let sentence = match other.finished_at {
        None => format!(
            "import {id} from {from} into {team} is not finished: give its command again, or take it back with \
             `syncspace import cancel {id} --team {team}`"
        ),
        Some(_) => format!(
            "nothing was imported: {team} was filled from another archive (import {id} from {from}). An import fills only \
             channels that it makes, so everything of this one would come again, beside what is there. Give another \
             --team, or --beside if that is what you want"
        ),
    };
    Err(CliError::Usage(sentence))
}

/// Counts the messages of conversations that exist already.
pub(super) fn count_foreign(said: &CheckedImport, checked: &Checked) -> u64 {
    said.channels.iter().filter(|channel| channel.name.is_none()).map(|channel| checked.messages_of(&channel.key)).sum()
}

/// Says what an import would meet.
pub(super) fn tell_planned(context: &Context, said: &CheckedImport, checked: &Checked, match_by: MatchBy) {
    if let Some(own) = &said.own {
        let what = if own.finished_at.is_some() { "nothing would be added" } else { "it would go on" };
        return context.out.say(&format!("import {} of this archive was begun before: {what}", own.id));
    }
    for renamed in &said.renamed {
        context.out.say(&format!("@{} would go by @{} here: the name is taken", renamed.username, renamed.now));
    }
    for channel in &said.channels {
        let key = &channel.key;
        context.out.say(&match &channel.name {
            Some(name) => format!("#{key} would be called #{name} here: the name is taken"),
            None => left_alone(key, "would be passed over", checked),
        });
    }
    tell_people(context, said, checked);
    if !said.renamed.is_empty() && match_by == MatchBy::Nothing {
        let count = said.renamed.len();
        context.out.say(&format!(
            "{count} names are those of accounts here; if they are the same people, --match-by username finds them"
        ));
    }
}

/// Says what an import met.
pub(super) fn tell_done(context: &Context, report: &ImportReport, checked: &Checked) {
    for renamed in &report.renamed {
        context.out.say(&format!("@{} goes by @{} here", renamed.username, renamed.now));
    }
    for channel in &report.channels {
        let key = &channel.key;
        match &channel.name {
            _ if channel.is_foreign => context.out.say(&left_alone(key, "were passed over", checked)),
            Some(name) if name.as_str() != key => context.out.say(&format!("#{key} is called #{name} here")),
            _ => {}
        }
    }
}

/// Says how many people are found on the server.
pub(super) fn tell_people(context: &Context, said: &CheckedImport, checked: &Checked) {
    let new = checked.users().saturating_sub(said.matched);
    context.out.say(&format!("people: {} found among the accounts here, {new} new", said.matched));
}

fn left_alone(key: &str, done: &str, checked: &Checked) -> String {
    let people = key.trim_start_matches('@').replace('@', ", @");
    let count = checked.messages_of(key);
    format!("@{people} talk in this team already, where an import adds nothing: {count} messages {done}")
}
