//! Files of this machine that are to go with a message: named in a command, or dropped on the terminal.

use syncspace_protocol::Time;
use syncspace_protocol::limits::FILES_PER_MESSAGE_MAX;
use syncspace_protocol::scheduled::ScheduleMessage;
use syncspace_protocol::text::clean_text;

use super::Effects;
use super::messages;
use crate::app::action::Action;
use crate::app::attachment::Attachment;
use crate::app::composer::{Composer, DraftKey};
use crate::app::deed::Deed;
use crate::app::message::{Effect, FilesAsked};
use crate::app::paths::{self, Named};
use crate::app::slash::{self, Comes};
use crate::app::state::{Link, State};
use crate::app::text;

/// Files whose paths stand in a draft, where they were dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) key: DraftKey,
    /// What stands in the draft.
    pub(crate) text: String,
    pub(crate) paths: Vec<String>,
}

/// Begins to send the files of a command: first it is looked which of them are there.
pub(super) fn send(state: &mut State, key: DraftKey, typed: String, named: &Named, effects: &mut Effects) {
    match named.choices() {
        Ok(choices) => effects.push(Effect::FindFiles { asked: FilesAsked::Command { key, typed }, choices }),
        Err(wrong) => give_back(state, key, &typed, wrong),
    }
}

/// Begins to send the files of a draft later: first it is looked which of them are there. The draft stays as it is until
/// the server has the message, so that nothing of it is lost whatever happens while they go up.
pub(super) fn send_later(
    state: &mut State,
    (key, typed): (DraftKey, String),
    named: Named,
    send_at: Time,
    effects: &mut Effects,
) {
    if is_going_up(state, key, &typed) {
        return state.say("Its files are going up already.");
    }
    if state.link != Link::Online {
        return state.complain("Not possible: there is no connection. What you typed stays.");
    }
    match named.choices() {
        Ok(choices) => {
            effects.push(Effect::FindFiles { asked: FilesAsked::Later { key, typed, named, send_at }, choices });
        }
        Err(wrong) => state.complain(wrong),
    }
}

fn is_going_up(state: &State, key: DraftKey, typed: &str) -> bool {
    state.chat.scheduling.iter().any(|(held, text)| *held == key && text == typed)
}

/// Has the files go up that are there, and the message after them.
fn schedule_found(
    state: &mut State,
    (key, typed): (DraftKey, String),
    (paths, content): (Vec<String>, String),
    send_at: Time,
    effects: &mut Effects,
) {
    // Whoever pressed the key twice meant it once.
    if is_going_up(state, key, &typed) {
        return;
    }
    if paths.len() > FILES_PER_MESSAGE_MAX {
        return state.complain(format!("A message carries at most {FILES_PER_MESSAGE_MAX} files."));
    }
    let to = messages::destination(state, key);
    let to = to.and_then(|to| Some((to, state.world.channels.get(&to.0)?.channel.team_id)));
    let Some(((channel_id, parent), team_id)) = to else {
        return state.complain("Not possible: nothing can be written there any more.");
    };
    let what = if paths.len() == 1 { "The file goes".to_owned() } else { format!("{} files go", paths.len()) };
    state.say(format!("{what} up; what you typed stays until the server has the message."));
    let parent_message_id = parent.map(|(_, id)| id);
    let message = ScheduleMessage { channel_id, content, files: Vec::new(), parent_message_id, send_at };
    state.chat.scheduling.push((key, typed.clone()));
    effects.push(Effect::Do(Box::new(Deed::Schedule { team_id, message, draft: key, typed, paths })));
}

/// Takes a message off its draft that the server has. What was typed since stays; behind a command that is done nothing of
/// the command does.
pub(super) fn scheduled(state: &mut State, draft: DraftKey, typed: &str, has_files: bool) {
    let Some(held) = state.chat.drafts.get(&draft).map(Composer::text) else { return };
    match held.strip_prefix(typed) {
        Some("") => drop(state.chat.drafts.remove(&draft)),
        Some(since) if has_files => {
            state.chat.drafts.insert(draft, Composer::with_text(since.trim_start()));
        }
        Some(_) | None => {}
    }
}

/// Looks whether what was pasted is files.
pub(super) fn pasted(key: DraftKey, pasted: &str, effects: &mut Effects) {
    let choices = paths::dropped(pasted);
    if matches!(key, DraftKey::Channel(_) | DraftKey::Thread(..)) && !choices.is_empty() {
        let text = clean_text(pasted).into_owned();
        effects.push(Effect::FindFiles { asked: FilesAsked::Pasted { key, text }, choices });
    }
}

/// Takes which paths are files.
pub(super) fn found(state: &mut State, asked: FilesAsked, found: Option<Vec<String>>, effects: &mut Effects) {
    match (asked, found) {
        (FilesAsked::Command { key, typed }, Some(paths)) => send_found(state, key, &typed, paths, effects),
        (FilesAsked::Command { key, typed }, None) => {
            let first = named(state, &typed).and_then(|named| named.paths.into_iter().next()).unwrap_or_default();
            let wrong = format!("There is no file {} here, or it is a folder.", text::line(&first));
            give_back(state, key, &typed, wrong);
        }
        (FilesAsked::Later { key, typed, named, send_at }, Some(paths)) => {
            let content = named.content(paths.len());
            schedule_found(state, (key, typed), (paths, content), send_at, effects);
        }
        (FilesAsked::Later { named, .. }, None) => {
            let first = named.paths.first().map(|path| text::line(path)).unwrap_or_default();
            state.complain(format!("There is no file {first} here, or it is a folder."));
        }
        (FilesAsked::Pasted { key, text }, Some(paths)) => offer(state, Dropped { key, text, paths }),
        (FilesAsked::Pasted { .. }, None) => {}
    }
}

fn named(state: &State, typed: &str) -> Option<Named> {
    match slash::read(state, typed) {
        Ok(Comes::Upload(named)) => Some(named),
        _ => None,
    }
}

fn send_found(state: &mut State, key: DraftKey, typed: &str, paths: Vec<String>, effects: &mut Effects) {
    if paths.len() > FILES_PER_MESSAGE_MAX {
        return give_back(state, key, typed, format!("A message carries at most {FILES_PER_MESSAGE_MAX} files."));
    }
    match named(state, typed) {
        Some(named) => {
            // What was said of how to send it is done.
            state.notice.take_if(|notice| !notice.is_error);
            let content = named.content(paths.len());
            let attachments = paths.into_iter().map(Attachment::new).collect();
            messages::send_files(state, key, attachments, content, effects);
        }
        None => give_back(state, key, typed, "Not sent: nothing can be written there any more.".to_owned()),
    }
}

/// Gives a command back as it was typed, above what was typed since.
fn give_back(state: &mut State, key: DraftKey, typed: &str, wrong: String) {
    let draft = state.chat.drafts.entry(key).or_default();
    let since = if draft.is_empty() { String::new() } else { format!("\n{}", draft.text()) };
    *draft = Composer::with_text(&format!("{typed}{since}"));
    state.complain(wrong);
}

/// Offers to send what was dropped as files. What was pasted stays as it is until somebody takes the offer.
fn offer(state: &mut State, dropped: Dropped) {
    let names: Vec<String> = dropped.paths.iter().map(|path| Attachment::new(path.clone()).name()).collect();
    let (names, file) = (names.join(", "), if names.len() == 1 { "a file" } else { "files" });
    state.chat.dropped = Some(dropped);
    if is_offered(state) {
        let key = state.keys.name(Action::Attach);
        state.say(format!("{key} makes {} {file} of the message, instead of text.", text::cut(&names, 40)));
    }
}

/// Tells whether the draft that takes the keys has the paths of files in it, as they were dropped.
pub(crate) fn is_offered(state: &State) -> bool {
    let dropped = state.chat.dropped.as_ref().filter(|dropped| state.draft_key() == Some(dropped.key));
    dropped.zip(state.composer()).is_some_and(|(dropped, draft)| draft.text().contains(&dropped.text))
}

/// Makes files of the message of what was dropped. It is not sent, and one undo takes it back.
pub(super) fn attach(state: &mut State) {
    if !is_offered(state) {
        return;
    }
    let Some(dropped) = state.chat.dropped.take() else { return };
    let draft = state.chat.drafts.entry(dropped.key).or_default();
    let rest = draft.text().replacen(&dropped.text, "", 1);
    draft.replace(&paths::command(dropped.paths.iter().map(String::as_str), rest.trim()));
    let key = state.keys.name(Action::Send);
    state.say(format!("{key} sends it with what you add; Ctrl+Z makes it text again."));
}
