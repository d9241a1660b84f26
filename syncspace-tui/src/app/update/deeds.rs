//! Actions on the selected message, and what comes of them at the server.

use syncspace_protocol::commands::{CommandAnswer, RunCommand};
use syncspace_protocol::files::FileInfo;
use syncspace_protocol::links::Permalink;
use syncspace_protocol::messages::MessagePlace;
use syncspace_protocol::reactions::Emoji;
use syncspace_protocol::reminders::CreateReminder;
use syncspace_protocol::scheduled::{EditScheduled, ScheduleMessage};
use syncspace_protocol::{ChannelId, ClientId, Time, UserId};

use super::Effects;
use super::{attach, chat, forms, jump, pages, stream};
use crate::app::action::Action;
use crate::app::composer::{Composer, DraftKey};
use crate::app::deed::{Deed, Outcome};
use crate::app::message::{Answer, Effect};
use crate::app::on_message::{self, selected_place};
use crate::app::pages::PageKind;
use crate::app::paths::Named;
use crate::app::picker::{Kind, Pick, Picker};
use crate::app::sheet::Sheet;
use crate::app::state::{Modal, State};
use crate::app::{markdown, slash, text, when};

/// Forwards without an answer whose names are kept.
const UNANSWERED_MAX: usize = 20;

pub(super) fn act(state: &mut State, action: Action, effects: &mut Effects) {
    if let Some(why) = on_message::obstacle(state, action) {
        state.say(format!("Not possible: {why}."));
        return;
    }
    let Some(place) = selected_place(state) else { return };
    match action {
        Action::Menu => open(state, Kind::Menu),
        Action::React => {
            open(state, Kind::Emoji(place));
            ask_who(state, place, effects);
        }
        Action::ReactAgain => react_again(state, place, effects),
        Action::Remind => open(state, Kind::Remind(place)),
        Action::Forward => open(state, Kind::Forward(place)),
        Action::Pin => {
            let is_on = state.message_at(place).is_some_and(|message| message.pinned.is_none());
            ask(Deed::Pin { place, is_on }, effects);
        }
        Action::Save => ask(Deed::Save { place, is_on: !state.own.is_saved(place) }, effects),
        Action::History => ask(Deed::History(place), effects),
        Action::Quote => quote(state, effects),
        Action::Source => {
            let source = state.selected().and_then(|(_, message)| on_message::source_of(message));
            if let Some(source) = source {
                jump::show(state, source, effects);
            }
        }
        Action::CopyText => {
            let content = state.message_at(place).map(|message| message.content.clone()).unwrap_or_default();
            copy(state, "The text was", &content, effects);
        }
        Action::SaveFiles => {
            let files = state.message_at(place).map(|message| message.files.clone()).unwrap_or_default();
            save_files(state, files, effects);
        }
        Action::CopyPermalink => copy_permalink(state, place, effects),
        Action::CopyCode => copy_code(state, effects),
        Action::OpenLink | Action::CopyLink => links(state, action == Action::OpenLink, effects),
        Action::OpenInEditor => {
            let content = state.message_at(place).map(|message| text::copyable(&message.content));
            effects.extend(content.map(|text| Effect::Editor { text, draft: None }));
        }
        _ => {}
    }
}

/// Saves files on this machine.
pub(super) fn save_files(state: &mut State, files: Vec<FileInfo>, effects: &mut Effects) {
    let names: Vec<String> = files.iter().map(|file| text::line(&file.name)).collect();
    state.say(format!("Saving {} …", names.join(", ")));
    effects.push(Effect::SaveFiles { files, folder: state.settings.downloads.clone() });
}

fn open(state: &mut State, kind: Kind) {
    state.modal = Some(Modal::Picker(Picker::new(kind)));
}

fn ask(deed: Deed, effects: &mut Effects) {
    effects.push(Effect::Do(Box::new(deed)));
}

/// Asks who reacted, where more people did than the message names.
fn ask_who(state: &State, place: MessagePlace, effects: &mut Effects) {
    let names_all = state.message_at(place).is_none_or(|message| {
        message
            .reactions
            .iter()
            .all(|reaction| usize::try_from(reaction.count).is_ok_and(|n| n <= reaction.users.len()))
    });
    if !names_all {
        ask(Deed::WhoReacted(place), effects);
    }
}

/// Joins others in their first reaction that is not one's own; where there is none, reacts as one did last.
fn react_again(state: &mut State, place: MessagePlace, effects: &mut Effects) {
    let Some(message) = state.message_at(place) else { return };
    let of_others = message.reactions.iter().map(|reaction| reaction.emoji.clone());
    let recent = state.own.recent().into_iter();
    let next = of_others.chain(recent.take(1)).find(|emoji| !state.own.has_reacted(place, emoji));
    match next {
        Some(emoji) => react(state, place, emoji, effects),
        None => state.say("You reacted with all of it already. a opens the list."),
    }
}

/// Reacts, or takes the own reaction back.
fn react(state: &mut State, place: MessagePlace, emoji: Emoji, effects: &mut Effects) {
    let is_on = !state.own.has_reacted(place, &emoji);
    if is_on {
        state.own.use_emoji(&emoji);
    }
    ask(Deed::React { place, emoji, is_on }, effects);
}

/// Puts the message as a quote into the draft of its place.
fn quote(state: &mut State, effects: &mut Effects) {
    let Some(quoted) = state.selected().map(|(_, message)| message.quoted()) else { return };
    chat::focus_composer(state);
    if let Some(key) = state.draft_key() {
        state.chat.drafts.entry(key).or_default().paste(&quoted);
        chat::typed(state, key, effects);
    }
}

/// Hands a text to the clipboard, and says so.
pub(super) fn copy(state: &mut State, what: &str, copied: &str, effects: &mut Effects) {
    let clean = text::copyable(copied);
    let words = state.host.sent_words(what, &clean);
    state.say(words);
    effects.push(Effect::Copy { text: clean });
}

fn copy_permalink(state: &mut State, place: MessagePlace, effects: &mut Effects) {
    let Some(channel) = state.world.channels.get(&place.channel_id) else { return };
    let link = Permalink { team_id: channel.channel.team_id, channel_id: place.channel_id, seq: place.seq };
    let link = link.on_web(&state.server);
    copy(state, "The link to the message was", &link, effects);
}

fn copy_code(state: &mut State, effects: &mut Effects) {
    let body = state.selected().and_then(|(_, message)| state.body_of(message));
    let codes = body.map(|body| body.codes.clone()).unwrap_or_default();
    match codes.as_slice() {
        [one] => copy(state, "The code was", &one.text, effects),
        _ => open(state, Kind::CopyCode(codes)),
    }
}

fn links(state: &mut State, is_opening: bool, effects: &mut Effects) {
    let body = state.selected().and_then(|(_, message)| state.body_of(message));
    let urls: Vec<String> = body.iter().flat_map(|body| &body.links).map(|link| link.url.clone()).collect();
    match urls.as_slice() {
        [one] if is_opening => open_url(state, one, effects),
        [one] => copy(state, "The link was", one, effects),
        _ => open(state, if is_opening { Kind::OpenLink(urls) } else { Kind::CopyLink(urls) }),
    }
}

/// Opens a link: a message here, else a program of the machine that the person sits at.
fn open_url(state: &mut State, url: &str, effects: &mut Effects) {
    let is_here = Permalink::server_in(url).is_none_or(|server| server == state.server.trim_end_matches('/'));
    if let Some(link) = url.parse::<Permalink>().ok().filter(|_| is_here) {
        let Permalink { channel_id, seq, .. } = link;
        return jump::show(state, MessagePlace { channel_id, seq }, effects);
    }
    if state.host.opens(url) {
        state.say(format!("Opening {}", text::line(url)));
        effects.push(Effect::Open(url.to_owned()));
        return;
    }
    let words = state.host.link_words(url);
    state.say(words);
    effects.push(Effect::Copy { text: text::copyable(url) });
}

/// Does what was chosen from a list.
pub(super) fn pick(state: &mut State, kind: &Kind, pick: Pick, effects: &mut Effects) {
    state.modal = None;
    match (kind, pick) {
        (_, Pick::Action(action)) => chat::act(state, action, effects),
        (Kind::Emoji(place), Pick::React(emoji)) => react(state, *place, emoji, effects),
        (_, Pick::Open(url)) => open_url(state, &url, effects),
        (_, Pick::CopyUrl(url)) => copy(state, "The link was", &url, effects),
        (_, Pick::CopyCode(code)) => copy(state, "The code was", &code, effects),
        (Kind::Remind(place), Pick::Remind(time, note)) => remind(state, *place, (time, note), effects),
        (Kind::Schedule(key), Pick::At(time)) => schedule(state, *key, time, effects),
        (Kind::Reschedule(id), Pick::At(time)) => pages::set_time(state, *id, time, effects),
        (Kind::Forward(place), Pick::Channel(to)) => {
            let client_id = take_unanswered(state, *place, to).unwrap_or_else(|| state.client_ids.next(state.now));
            ask(Deed::Forward { place: *place, to, client_id }, effects);
        }
        _ => {}
    }
}

/// Gives the name under which the same was forwarded before without an answer: under it the server takes it once.
fn take_unanswered(state: &mut State, from: MessagePlace, into: ChannelId) -> Option<ClientId> {
    let is_same = |deed: &Deed| matches!(deed, Deed::Forward { place, to, .. } if (*place, *to) == (from, into));
    let at = state.chat.unanswered.iter().position(is_same)?;
    match state.chat.unanswered.remove(at) {
        Deed::Forward { client_id, .. } => Some(client_id),
        _ => None,
    }
}

/// Keeps a forward that may have arrived, to be repeated under the same name.
fn keep_unanswered(state: &mut State, deed: Deed) {
    state.chat.unanswered.push(deed);
    let over = state.chat.unanswered.len().saturating_sub(UNANSWERED_MAX);
    state.chat.unanswered.drain(..over);
    state.complain("No answer: it may have arrived. Forward it again, and it stands there once.");
}

fn remind(state: &State, place: MessagePlace, (remind_at, note): (Time, Option<String>), effects: &mut Effects) {
    let Some(channel) = state.world.channels.get(&place.channel_id) else { return };
    let MessagePlace { channel_id, seq } = place;
    let reminder = CreateReminder { channel_id, seq, remind_at, note };
    ask(Deed::Remind { team_id: channel.channel.team_id, reminder }, effects);
}

fn schedule(state: &mut State, key: DraftKey, send_at: Time, effects: &mut Effects) {
    let typed = state.chat.drafts.get(&key).map(Composer::text).unwrap_or_default();
    if let Some(files) = slash::of_upload(&typed) {
        match Named::read(files) {
            Some(named) => attach::send_later(state, (key, typed), named, send_at, effects),
            None => state.complain("Name a file, in quotes where it has blanks."),
        }
        return;
    }
    let (channel_id, parent_message_id) = match key {
        DraftKey::Channel(channel_id) => (channel_id, None),
        DraftKey::Thread(channel_id, _) => (channel_id, state.chat.thread.as_ref().map(|thread| thread.root_id)),
        DraftKey::Edit(..) | DraftKey::Arriving => return,
    };
    let channel = state.world.channels.get(&channel_id);
    let draft = state.chat.drafts.get(&key).filter(|draft| !draft.is_blank());
    let (Some(channel), Some(draft)) = (channel, draft) else { return };
    let message = ScheduleMessage { channel_id, content: draft.text(), files: Vec::new(), parent_message_id, send_at };
    let (team_id, paths) = (channel.channel.team_id, Vec::new());
    ask(Deed::Schedule { team_id, message, draft: key, typed, paths }, effects);
}

/// Takes what came of a deed.
pub(super) fn done(state: &mut State, deed: Deed, answer: Answer<Outcome>) {
    if matches!(deed, Deed::Search { .. } | Deed::ReadList { .. }) {
        return pages::answered(state, &deed, answer);
    }
    if let Deed::Schedule { draft, typed, .. } = &deed {
        state.chat.scheduling.retain(|(key, text)| (key, text) != (draft, typed));
    }
    let outcome = match answer {
        Ok(outcome) => outcome,
        // Nobody asked for it: it is only not shown.
        Err(_)
            if matches!(
                deed,
                Deed::ListSaved(_)
                    | Deed::ListGroups(_)
                    | Deed::ListCommands(_)
                    | Deed::WhoReacted(_)
                    | Deed::ReadThread { .. }
            ) =>
        {
            return;
        }
        Err(failure) if failure.is_transient && matches!(deed, Deed::Forward { .. }) => {
            return keep_unanswered(state, deed);
        }
        Err(failure) => {
            super::complete::take_back(state, &deed);
            let reason = forms::sentence(&failure.message);
            return state.complain(match deed {
                Deed::EditScheduled { edit: EditScheduled { content: Some(_), .. }, .. } => {
                    let key = state.keys.name(Action::EditItem);
                    format!("Not saved: {reason} What you typed is kept: {key} goes on.")
                }
                _ => format!("Not done: {reason}"),
            });
        }
    };
    match (deed, outcome) {
        (Deed::React { place, emoji, is_on }, Outcome::Message(message)) => {
            state.own.set_reaction(place.channel_id, place.seq, &emoji, is_on);
            stream::put_message(state, *message);
        }
        (Deed::Pin { is_on, .. }, Outcome::Message(message)) => {
            stream::put_message(state, *message);
            state.say(if is_on { "Pinned to the channel." } else { "No longer pinned." });
        }
        (Deed::Forward { to, .. }, Outcome::Message(message)) => {
            stream::put_message(state, *message);
            let label = state.world.channels.get(&to).map(|to| state.world.channel_label(&to.channel));
            state.say(format!("Forwarded to {}.", label.unwrap_or_default()));
        }
        (Deed::Save { is_on, place }, Outcome::Saved(mark)) => {
            state.own.save(mark);
            if !is_on {
                pages::taken_off(state, PageKind::Saved, place);
            }
            state.say(if is_on { "Saved." } else { "No longer saved." });
        }
        (_, Outcome::SavedList(marks)) => marks.into_iter().for_each(|mark| state.own.save(mark)),
        (Deed::Remind { .. }, Outcome::Due(time)) => {
            state.say(format!("You will be reminded: {}.", when::words(time, state.now, &state.zone)));
        }
        (Deed::Schedule { draft, typed, paths, .. }, Outcome::Due(time)) => {
            attach::scheduled(state, draft, &typed, !paths.is_empty());
            state.say(format!("It will be sent: {}.", when::words(time, state.now, &state.zone)));
        }
        (Deed::WhoReacted(place), Outcome::Reacted(all)) => {
            if let Some(Modal::Picker(picker)) = &mut state.modal
                && picker.kind == Kind::Emoji(place)
            {
                picker.who.clear();
                all.into_iter().for_each(|one| picker.who.entry(one.emoji).or_default().push(one.user_id));
            }
        }
        (Deed::History(place), Outcome::Versions(versions)) => show_history(state, place, versions),
        (Deed::EditScheduled { edit, .. }, Outcome::Scheduled(scheduled)) => {
            pages::put_scheduled(state, *scheduled, edit.content.is_some());
        }
        (_, Outcome::Scheduled(scheduled)) => pages::put_scheduled(state, *scheduled, false),
        (Deed::CancelScheduled { id, .. }, _) => pages::cancelled(state, id),
        (Deed::UnfollowThread(place), Outcome::Thread(thread)) => {
            state.notify.put_thread(thread);
            pages::taken_off(state, PageKind::Threads, place);
            state.say("You follow the thread no longer.");
        }
        (_, Outcome::Thread(thread)) => state.notify.put_thread(thread),
        (Deed::ListGroups(team_id), Outcome::Groups(groups)) => state.world.put_groups(team_id, groups),
        (Deed::ListCommands(team_id), Outcome::Commands(commands)) => {
            state.world.commands.insert(team_id, commands);
        }
        (Deed::RunCommand { run, .. }, Outcome::Answered(answer)) => show_answer(state, &run, answer),
        (_, Outcome::Own(user)) => {
            state.say(crate::app::slash::address_words(&user));
            state.world.me = Some(*user);
        }
        (deed, _) => say_done(state, &deed),
    }
}

fn say_done(state: &mut State, deed: &Deed) {
    let words = match deed {
        Deed::EditChannel { .. } => "The channel was changed.",
        Deed::AddPerson { .. } => "Added to the channel.",
        Deed::PreferChannel { edit, .. } if edit.is_muted == Some(true) => "Muted: nothing here will notify you.",
        Deed::PreferChannel { .. } => "No longer muted.",
        Deed::SetStatus(_) => "Your status was changed.",
        Deed::SendEmailCode => "Another code is on its way. Type /verify and the code.",
        Deed::Prefer(_) => "When you are not disturbed was changed.",
        _ => return,
    };
    state.say(words);
}

/// Shows what a command answered to the person alone: one line at the bottom, more of them on a sheet. It comes seconds
/// after the command, so that it takes neither what is typed by then nor the place of what is open.
fn show_answer(state: &mut State, run: &RunCommand, answer: CommandAnswer) {
    let typed = answer.text.trim();
    if typed.is_empty() {
        return;
    }
    let text = markdown::plain(typed, Sheet::columns(state.columns));
    if typed.lines().count() == 1 {
        return state.say(format!("/{}: {}", run.name, text::line(&text)));
    }
    let title = format!("What /{} says, to you alone", run.name);
    state.say(format!("/{} answered. /said shows it.", run.name));
    state.keep_said(format!("{title}:\n{text}"));
    if state.modal.is_none() {
        let sheet = Sheet::aside(title, vec![(String::new(), text)]);
        state.modal = Some(Modal::Sheet { sheet, scroll: 0 });
    }
}

fn show_history(state: &mut State, place: MessagePlace, versions: Vec<syncspace_protocol::messages::MessageVersion>) {
    let Some(message) = state.message_at(place) else { return };
    let at = |time: Time| when::words(time, state.now, &state.zone);
    let mut parts: Vec<(String, String)> = versions
        .iter()
        .map(|version| {
            (
                format!("written {}, replaced {}", at(version.written_at), at(version.replaced_at)),
                version.content.clone(),
            )
        })
        .collect();
    parts.push(("now".to_owned(), message.content.clone()));
    let author: UserId = message.sender_id;
    let title = format!("What {} wrote", state.world.name(author));
    state.modal = Some(Modal::Sheet { sheet: Sheet::opened(title, parts), scroll: 0 });
}
