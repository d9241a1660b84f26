//! What answers of the server and changes of the connection make of the state.

use syncspace_client::UnreadBook;
use syncspace_protocol::channels::MyChannel;
use syncspace_protocol::messages::{MessagePage, Thread};
use syncspace_protocol::socket::Hello;
use syncspace_protocol::teams::{Invite, MyTeam};
use syncspace_protocol::{ChannelId, Seq, StreamId, TeamId};

use super::Effects;
use super::{
    again, attach, chat, complete, deeds, drafts, forms, gaps, keep, link, messages, pages, pictures, restore, stream,
};
use crate::app::again::Reading;
use crate::app::arriving::Wanted;
use crate::app::deed::Deed;
use crate::app::entry::{self, EntryForm, FieldId, Purpose};
use crate::app::layout;
use crate::app::message::{Answer, Effect, Failure, Here, LocalServer, Net, SavedBefore, TeamContents};
use crate::app::notify;
use crate::app::outbox::ParcelState;
use crate::app::own::Own;
use crate::app::state::{Chat, Link, Modal, Screen, State};
use crate::app::text;
use crate::app::timeline::{Older, Place, Timeline};
use crate::app::told::Told;
use crate::app::world::{self, Log};

/// A busy server is asked again after this, in milliseconds, where it did not say when.
const RETRY_MS: u64 = 2_000;
/// Why nothing that was typed for another history of the server goes out by itself.
const OTHER_HISTORY: &str = "the server was restored, see that it is for this channel";

pub(super) fn take(state: &mut State, net: Net, effects: &mut Effects) {
    match net {
        Net::Server(Ok(info)) => {
            let known = state.known_name.as_deref();
            let form = entry::account_form(&state.server, &info, state.has_bootstrap, known);
            state.info = Some(info);
            forms::go_on(state, form);
        }
        Net::LoggedIn(Ok(user)) => {
            // What is kept of the account comes first: it is on the screen while the server is being reached.
            effects.push(Effect::OpenCache(user.id));
            state.world.me = Some(user);
            state.screen = Screen::Waiting(format!("Connecting to {} …", state.server));
        }
        Net::Connecting { attempt } => link::connecting(state, attempt),
        Net::Connected(hello) => connected(state, *hello, effects),
        Net::Disconnected { reason, retry_in_ms } => link::disconnected(state, &reason, retry_in_ms, effects),
        Net::LocalServer(local) => {
            let is_back = local == LocalServer::Back;
            state.local_server = local;
            if is_back {
                link::try_now(state, effects);
            }
        }
        Net::SessionOver { reason } => {
            session_over(state, &reason);
            effects.push(Effect::CloseCache);
        }
        Net::Uploading { client_id, at, percent } => state.chat.outbox.uploading(&client_id, at, percent),
        Net::Uploaded { client_id, at, answer: Ok(file) } => state.chat.outbox.uploaded(&client_id, at, file.id),
        Net::Uploaded { client_id, answer: Err(failure), .. } => refused(state, &client_id, failure),
        Net::Saved { name, before, answer } => saved(state, &name, &before, answer),
        Net::Picture { file, answer } => pictures::take(state, file, answer, effects),
        Net::DraftShared { key, answer } => drafts::shared(state, key, answer, effects),
        Net::Drafts { team_id, answer } => drafts::listed(state, team_id, answer),
        Net::CacheOpened { user_id, answer } => restore::opened(state, user_id, answer, effects),
        Net::Kept { client_ids, answer } => keep::kept(state, client_ids, answer),
        Net::KeptHits { number, answer } => pages::found_kept(state, number, answer),
        Net::KeptLog { channel_id, before, log } => restore::log_read(state, channel_id, before, log, effects),
        Net::KeptPart { channel_id, part, log } => gaps::kept(state, (channel_id, part), log.map(|log| *log)),
        Net::Stream(event) => stream::take(state, event, effects),
        Net::Team { team_id, answer: Ok(contents) } => team_loaded(state, team_id, contents, effects),
        Net::JoinableTeams(Ok(teams)) => joinable_teams(state, &teams),
        Net::TeamEntered(Ok(mine)) => team_entered(state, mine, effects),
        Net::ChannelEntered { wanted, answer: Ok(mine) } => channel_entered(state, wanted, mine, effects),
        Net::ChannelEntered { wanted, answer: Err(failure) } => channel_refused(state, wanted, &failure, effects),
        Net::Messages { channel_id, before, answer } => page_loaded(state, channel_id, before, answer, effects),
        Net::Part { channel_id, part, answer } => gaps::loaded(state, channel_id, part, answer, effects),
        Net::Thread { channel_id, root, answer } => thread_loaded(state, channel_id, root, answer),
        Net::ThreadPart { channel_id, root, part, answer } => {
            gaps::thread_loaded(state, (channel_id, root), part, answer, effects);
        }
        Net::Sent { client_id, answer: Ok(ack) } => {
            state.chat.outbox.set_state(&client_id, ParcelState::Sent(ack.seq));
            let parcel = state.chat.outbox.iter().find(|parcel| parcel.client_id == client_id);
            let held = parcel
                .and_then(|parcel| state.world.channels.get(&parcel.channel_id))
                .is_none_or(|channel| channel.timeline().is_none_or(|log| log.get(ack.seq).is_some()));
            if held {
                state.chat.outbox.arrived(&client_id);
            }
        }
        Net::Sent { client_id, answer: Err(failure) } => refused(state, &client_id, failure),
        Net::Marked { channel_id, seq, answer } => {
            if let Err(failure) = &answer {
                state.chat.marked.remove(&channel_id);
                // Only what was asked for by hand is missed where it is not done.
                if state.chat.kept_unread == Some(channel_id) {
                    state.complain(format!("Not marked unread: {}.", text::line(&failure.message)));
                }
            }
            if let Some(book) = &mut state.world.book {
                if let Ok(marker) = answer {
                    book.put(channel_id, marker);
                }
                book.settle(channel_id, seq);
            }
        }
        Net::Counted { channel_id, answer: Ok(marker) } => {
            if let Some(book) = &mut state.world.book {
                state.chat.counting.remove(&channel_id);
                book.put(channel_id, marker);
            }
        }
        // What could not be asked now is asked again after a while, or after the next connection.
        Net::Counted { channel_id, answer: Err(failure) } => {
            again::note(state, Reading::Marker(channel_id), &failure);
        }
        Net::Edited { channel_id, seq, content, answer: Ok(()) } => {
            messages::edit_done(state, (channel_id, seq), &content);
        }
        Net::Edited { answer: Err(failure), .. } => {
            let message = forms::sentence(&failure.message);
            state.complain(format!("Not changed: {message} What you typed is kept: press e on the message."));
        }
        Net::Deleted(Ok(())) | Net::Left(Ok(())) => {}
        Net::Invite(Ok(invite)) => show_invite(state, &invite),
        Net::InviteByMail(team_id) => state.modal = Some(Modal::Form(entry::invite_form(team_id))),
        Net::ResetMailed(Ok(())) => forms::reset_mailed(state),
        Net::User(Ok(user)) => state.world.learn_user(user),
        Net::User(Err(failure)) => {
            again::note(state, Reading::People, &failure);
        }
        Net::Keywords(Ok(keywords)) => {
            state.own.keywords.put(&keywords);
            state.bodies.forget();
        }
        Net::Standings { team_id, answer: Ok((muted, threads)) } => {
            state.notify.put_muted(team_id, &muted);
            threads.iter().for_each(|thread| state.notify.put_thread(thread.membership));
            pages::take_threads(state, team_id, threads);
        }
        Net::Standing { answer: Ok((Some(thread), _)), .. } => state.notify.put_thread(thread),
        Net::Standing { channel_id, root, answer: Ok((None, rev)) } => {
            state.notify.put_stranger((channel_id, root), rev);
        }
        // Asked again with the next connection.
        Net::Standings { answer: Err(_), .. } | Net::Standing { answer: Err(_), .. } | Net::Keywords(Err(_)) => {}
        Net::Done { deed, answer } => deeds::done(state, *deed, answer),
        Net::Here(Here::Copied { by }) => state.say(format!("Copied, by {by}.")),
        Net::Here(Here::NotOpened { url }) => {
            let words = state.host.link_words(&url);
            state.complain(format!("No program opened it: {words}"));
            effects.push(Effect::Copy { text: text::copyable(&url) });
        }
        Net::Here(Here::Edited { draft, text }) => messages::edited_outside(state, draft, text, effects),
        Net::Here(Here::Files { asked, found }) => attach::found(state, asked, found, effects),
        Net::Here(Here::Folder { path, entries }) => complete::listed(state, &path, entries, effects),
        Net::Here(Here::Coloured { key, colours }) => state.bodies.put_colours(key, colours),
        Net::Team { team_id, answer: Err(failure) } => team_failed(state, team_id, &failure, effects),
        Net::JoinableTeams(Err(failure)) if again::note(state, Reading::Teams, &failure) => {}
        Net::Server(Err(failure))
        | Net::LoggedIn(Err(failure))
        | Net::JoinableTeams(Err(failure))
        | Net::TeamEntered(Err(failure))
        | Net::Deleted(Err(failure))
        | Net::Left(Err(failure))
        | Net::Invite(Err(failure))
        | Net::ResetMailed(Err(failure)) => {
            state.chat.leaving = None;
            revive_after(state, &failure, effects);
            forms::fail(state, &failure);
        }
    }
}

/// Says what became of files that were to be saved together: of the last one, and of those before it.
fn saved(state: &mut State, name: &str, before: &SavedBefore, answer: Result<String, String>) {
    let names = |names: &[String]| names.iter().map(|name| text::line(name)).collect::<Vec<_>>().join(", ");
    match answer {
        Ok(place) if *before == SavedBefore::default() => state.say(format!("Saved as {}", text::line(&place))),
        Ok(place) => {
            let (folder, name) = place.rsplit_once('/').unwrap_or((".", &place));
            let all: Vec<String> = before.saved.iter().cloned().chain([name.to_owned()]).collect();
            let words = format!("Saved {} in {}.", names(&all), text::line(folder));
            if before.failed.is_empty() {
                state.say(words);
            } else {
                state.complain(format!("{words} Not saved: {}.", names(&before.failed)));
            }
        }
        Err(reason) => {
            let others = names(&before.saved);
            let others = if others.is_empty() { others } else { format!(" Saved: {others}.") };
            state.complain(format!("{} was not saved: {}.{others}", text::line(name), text::line(&reason)));
        }
    }
}

fn connected(state: &mut State, hello: Hello, effects: &mut Effects) {
    state.link = Link::Online;
    state.local_server = LocalServer::Back;
    if state.chat.owner.take().is_some_and(|owner| owner != hello.user.id) {
        (state.chat.drafts, state.chat.outbox, state.chat.pages) = Default::default();
    }
    // Numbers of another history, or of another person, mean nothing here.
    if state.epoch.as_ref() != Some(&hello.epoch) || state.world.my_id() != Some(hello.user.id) {
        state.world.book = None;
    }
    let is_other_history = state.epoch.as_ref().is_some_and(|held| *held != hello.epoch);
    keep::epoch(state, &hello.epoch, effects);
    state.epoch = Some(hello.epoch);
    match &mut state.world.book {
        Some(book) => book.settle_all(),
        None => state.world.book = Some(UnreadBook::new(hello.user.id)),
    }
    let is_same = state.world.book.is_some() && state.world.my_id() == Some(hello.user.id);
    notify::come_back(state);
    state.notify.connect(hello.user.id, hello.preferences, is_same);
    state.notify.forget_asked();
    state.own.keywords.forget_asked();
    state.world.me = Some(hello.user);
    stream::take_banner(state, hello.banner);
    again::connected(state, effects);
    for team_id in world::teams_gone(&state.world, &hello.teams) {
        state.world.leave_team(team_id);
    }
    stream::keep_typed(state);
    let has_teams = !hello.teams.is_empty();
    for team in hello.teams {
        let (team_id, member_id) = (team.team.team.id, team.team.membership.map(|membership| membership.member_id));
        let is_known = state.world.teams.get(&team_id).is_some_and(|team| !team.is_kept);
        state.world.enter_team(team.team);
        // What is followed already is resumed by the connection; the lists are read anew all the same, for the
        // unread counts of channels that nobody opened.
        if !is_known {
            effects.push(Effect::Follow { stream: StreamId::Team(team_id), rev: team.team_rev });
            effects.extend(member_id.map(|id| Effect::Follow { stream: StreamId::Member(id), rev: team.member_rev }));
        }
        effects.extend([Effect::LoadTeam(team_id), Effect::LoadStandings(team_id)]);
    }
    state.chat.watched.clear();
    state.chat.marked.clear();
    state.chat.counting.clear();
    state.chat.drafts_asked.clear();
    state.chat.outbox.disconnected();
    state.pictures.connected();
    if is_other_history {
        // The same number may be another channel now.
        state.chat.outbox.refuse_all(OTHER_HISTORY);
        state.pictures.forget_all();
    }
    if !has_teams && !matches!(state.screen, Screen::Chat) {
        effects.push(Effect::FindTeams);
    }
}

fn session_over(state: &mut State, reason: &str) {
    state.link = Link::Offline;
    state.bodies.forget();
    state.own = Own::default();
    // Whoever comes next may see other files, and at another server the same number is another file.
    state.pictures.forget_all();
    (state.told, state.contact) = (Told::default(), None);
    let before = std::mem::take(&mut state.chat);
    let me = std::mem::take(&mut state.world).me;
    let owner = me.as_ref().map(|me| me.id);
    if let Some(me) = me {
        state.known_name = Some(me.username.to_string());
    }
    // A session that ended by itself is no reason to lose what was typed: the same person may log in again.
    if !reason.is_empty() {
        let (drafts, outbox, discarded, pages) = (before.drafts, before.outbox, before.discarded, before.pages.typed());
        state.chat = Chat { drafts, outbox, discarded, pages, owner, ..Chat::default() };
        state.chat.outbox.disconnected();
    }
    state.modal = None;
    let mut form = entry::server_form(&state.server);
    if !reason.is_empty() {
        form.form.error = Some(forms::sentence(reason));
        (form.form.title, form.form.submit) = ("Log in again".to_owned(), "Log in again");
        form.form.intro.clear();
    }
    state.screen = Screen::Entry { form, earlier: Vec::new() };
}

fn team_loaded(state: &mut State, team_id: TeamId, contents: TeamContents, effects: &mut Effects) {
    for mine in &contents.channels {
        notify::count_missed(state, mine);
    }
    drafts::ask(state, team_id, effects);
    let waiting = state.world.fill_team(team_id, contents);
    effects.push(Effect::Do(Box::new(Deed::ListSaved(team_id))));
    effects.push(Effect::Do(Box::new(Deed::ListGroups(team_id))));
    effects.push(Effect::Do(Box::new(Deed::ListCommands(team_id))));
    for event in waiting.events {
        stream::take(state, event, effects);
    }
    if waiting.has_missed {
        stream::reload_team(state, team_id, effects);
    }
    if matches!(state.screen, Screen::Chat) && (state.open_channel().is_some() || state.is_open_gone()) {
        return;
    }
    let entered = state.chat.team == Some(team_id);
    let is_all_loaded = state.world.teams.values().all(|team| team.waiting.is_none());
    if let Some(channel_id) = state.chat.wanted.take_if(|wanted| state.world.channels.contains_key(wanted)) {
        show_chat(state);
        chat::open_channel(state, channel_id, effects);
    } else if entered || is_all_loaded {
        first_channel(state, team_id, effects);
    }
}

/// Reads a team again where that may help; else goes on with what was known of it and what was heard since.
fn team_failed(state: &mut State, team_id: TeamId, failure: &Failure, effects: &mut Effects) {
    let is_later = again::note(state, Reading::Team(team_id), failure);
    if let Screen::Waiting(words) = &mut state.screen {
        let more = if is_later { " Trying again …" } else { "" };
        *words = format!("What is on {} could not be read: {}.{more}", state.server, text::line(&failure.message));
    }
    if is_later {
        return;
    }
    let waiting = state.world.teams.get_mut(&team_id).and_then(|team| team.waiting.take()).unwrap_or_default();
    for event in waiting.events {
        stream::take(state, event, effects);
    }
    if waiting.has_missed {
        again::read_team_later(state, team_id);
    }
    forms::fail(state, failure);
}

/// Opens a channel of a team; asks for one where the person is in none.
fn first_channel(state: &mut State, team_id: TeamId, effects: &mut Effects) {
    let team_id = if state.world.joined_channels(team_id).is_empty() {
        let with_channels = state.world.teams.keys().copied().find(|&id| !state.world.joined_channels(id).is_empty());
        with_channels.filter(|_| state.chat.team != Some(team_id)).unwrap_or(team_id)
    } else {
        team_id
    };
    if state.world.joined_channels(team_id).is_empty() {
        let purpose = Purpose::Channel(team_id);
        if matches!(&state.screen, Screen::Entry { form, .. } if form.purpose == purpose) {
            // It is being filled in, or waits for its answer.
            return;
        }
        let joinable = chat::joinable_channels(state, team_id);
        let mut form = entry::channel_form(team_id, &joinable, "general");
        form.form.title = "Your first channel".to_owned();
        state.chat.team = Some(team_id);
        state.modal = None;
        forms::go_on(state, form);
    } else {
        show_chat(state);
        chat::open_team(state, team_id, effects);
    }
}

fn show_chat(state: &mut State) {
    if !matches!(state.screen, Screen::Chat) {
        state.screen = Screen::Chat;
        state.modal = None;
    }
}

fn joinable_teams(state: &mut State, teams: &[MyTeam]) {
    let joinable: Vec<MyTeam> = teams.iter().filter(|mine| mine.membership.is_none()).cloned().collect();
    match &mut state.screen {
        Screen::Chat => state.modal = Some(Modal::Form(entry::team_form(&joinable))),
        // It is open already, and may be half filled in.
        Screen::Entry { form, .. } if form.purpose == Purpose::Team => {
            form.form.set_options(FieldId::Choice, entry::team_options(&joinable));
        }
        Screen::Entry { .. } | Screen::Waiting(_) => forms::go_on(state, entry::team_form(&joinable)),
    }
    again::look_for_teams(state);
}

fn team_entered(state: &mut State, mine: MyTeam, effects: &mut Effects) {
    let team_id = mine.team.id;
    if let Some(waiting) = forms::waiting_form(state) {
        waiting.form.busy = None;
    }
    if matches!(&state.modal, Some(Modal::Form(entry)) if entry.purpose == Purpose::Team) {
        state.modal = None;
    }
    state.chat.team = Some(team_id);
    state.chat.open = None;
    state.chat.thread = None;
    // The event that tells every device of the new team may have come first.
    if !state.world.teams.contains_key(&team_id) {
        state.world.enter_team(mine);
        effects.push(Effect::LoadTeam(team_id));
    } else if state.world.teams.get(&team_id).is_some_and(|team| team.waiting.is_none()) {
        first_channel(state, team_id, effects);
    }
}

/// Has a local server looked after where it did not answer.
fn revive_after(state: &State, failure: &Failure, effects: &mut Effects) {
    if failure.is_transient && failure.code.is_none() {
        link::revive(state, effects);
    }
}

/// Opens a channel that was asked for, where the person still waits for it.
fn channel_entered(state: &mut State, wanted: Wanted, mine: MyChannel, effects: &mut Effects) {
    let (channel_id, label) = (mine.channel.id, state.world.channel_label(&mine.channel));
    state.world.put_channel(mine);
    let of_form = |form: &mut EntryForm| matches!(form.purpose, Purpose::Channel(_));
    if state.chat.arriving.as_ref().is_some_and(|arriving| arriving.wanted == wanted) {
        show_chat(state);
        chat::arrive(state, channel_id, effects);
    } else if !matches!(state.screen, Screen::Chat)
        || (!matches!(wanted, Wanted::Person(..)) && forms::waiting_form(state).is_some_and(of_form))
    {
        state.modal = None;
        show_chat(state);
        chat::open_channel(state, channel_id, effects);
    } else {
        state.say(format!("{label} is in the side bar now."));
    }
}

/// Keeps the composer for the channel that could not be opened: words of which half is typed go nowhere else.
fn channel_refused(state: &mut State, wanted: Wanted, failure: &Failure, effects: &mut Effects) {
    revive_after(state, failure, effects);
    match &mut state.chat.arriving {
        Some(arriving) if arriving.wanted == wanted => {
            arriving.has_failed = true;
            let words = format!("{} could not be opened: {}.", arriving.label, text::line(&failure.message));
            state.complain(words);
        }
        _ => forms::fail(state, failure),
    }
}

fn page_loaded(
    state: &mut State,
    channel_id: ChannelId,
    before: Option<Seq>,
    answer: Answer<MessagePage>,
    effects: &mut Effects,
) {
    let read = state.world.read_before(channel_id);
    let Some(channel) = state.world.channels.get_mut(&channel_id) else { return };
    match (answer, before) {
        (Ok(page), None) => {
            let older = if page.next.is_some() { Older::More } else { Older::End };
            keep::page(state, channel_id, &page, true, effects);
            state.own.take(channel_id, page.my_reactions);
            let Some(channel) = state.world.channels.get_mut(&channel_id) else { return };
            let mut timeline = Timeline::new(page.items, older);
            (timeline.read_before, timeline.rev) = (read, page.rev);
            let before = std::mem::replace(&mut channel.log, Log::Loaded(Box::new(timeline)));
            channel.head.last_seq = channel.head.last_seq.max(page.last_seq);
            state.world.follow_from(channel_id, page.rev);
            effects.push(Effect::Follow { stream: StreamId::Channel(channel_id), rev: page.rev });
            state.chat.outbox.arrived_up_to(channel_id, page.last_seq);
            if let Log::Loading(waiting) = before {
                for event in waiting.into_iter().filter(|event| event.rev.is_none_or(|rev| rev > page.rev)) {
                    stream::take(state, event, effects);
                }
            }
            if state.chat.view_before.is_some() {
                gaps::restore_view(state, channel_id, effects);
            } else if state.chat.open == Some(channel_id) {
                gaps::begin_at_unread(state, effects);
            }
        }
        // Something in it may have changed since it was read: it is read again.
        (Ok(page), Some(_)) if channel.timeline().is_some_and(|log| !log.is_fresh(page.rev)) => {
            if let Some(timeline) = channel.timeline_mut() {
                timeline.older = Older::More;
            }
        }
        (Ok(page), Some(_)) => {
            keep::page(state, channel_id, &page, false, effects);
            let Some(channel) = state.world.channels.get_mut(&channel_id) else { return };
            let older = if page.next.is_some() { Older::More } else { Older::End };
            state.own.take(channel_id, page.my_reactions);
            if state.chat.open == Some(channel_id) {
                let columns = layout::areas(state).main.map_or(0, |pane| pane.messages.width);
                messages::with_timeline(state, false, columns, |list, context, _| {
                    list.prepend(page.items, older, context);
                });
            } else if let Some(timeline) = channel.timeline_mut() {
                // Not on the screen: the next time it is opened it loads on from where it is.
                timeline.older = Older::More;
            }
        }
        // Without a connection it is only not read yet: that follows as soon as there is one.
        (Err(failure), None) if failure.is_transient && state.link != Link::Online => channel.log = Log::Unloaded,
        (Err(failure), None) => {
            let mut words = forms::sentence(&failure.message);
            if again::note(state, Reading::Log(channel_id), &failure) {
                words.insert_str(0, "trying again. ");
            }
            if let Some(channel) = state.world.channels.get_mut(&channel_id) {
                channel.log = Log::Failed(words);
            }
        }
        (Err(failure), Some(_)) => {
            if let Some(timeline) = channel.timeline_mut() {
                timeline.older = Older::Failed;
            }
            state.complain(format!("Older messages could not be loaded: {}", text::line(&failure.message)));
        }
    }
}

fn thread_loaded(state: &mut State, channel_id: ChannelId, root: Seq, answer: Answer<Thread>) {
    let Some(thread) = &mut state.chat.thread else { return };
    if (thread.channel_id, thread.root) != (channel_id, root) {
        return;
    }
    match answer {
        Ok(read) => {
            thread.root_id = read.root.id;
            state.own.take(channel_id, read.my_reactions.clone());
            let rev = read.rev;
            let mut timeline = Timeline::of_thread(read);
            timeline.selected = timeline.last();
            // Read anew it is looked at as before.
            if let Some(before) = &thread.timeline {
                timeline.selected = before.selected.filter(|seq| timeline.get(*seq).is_some()).or(timeline.selected);
                if matches!(before.place, Place::At { seq, .. } if timeline.get(seq).is_some()) {
                    timeline.place = before.place;
                }
            }
            // What came while the thread was read is in the channel's log already.
            if let Some(log) = state.world.channels.get(&channel_id).and_then(|channel| channel.timeline()) {
                let later = log.iter().filter(|message| message.parent_seq == Some(root) && message.rev > rev);
                later.cloned().for_each(|message| timeline.hear(message));
            }
            thread.timeline = Some(timeline);
        }
        Err(failure) => {
            thread.error = Some(forms::sentence(&failure.message));
            again::note(state, Reading::Thread(channel_id, root), &failure);
        }
    }
}

fn refused(state: &mut State, client_id: &syncspace_protocol::ClientId, failure: Failure) {
    let next = if !failure.is_transient {
        ParcelState::Failed(forms::sentence(&failure.message))
    } else if state.link == Link::Online {
        let wait_ms = i64::try_from(failure.retry_after_ms.unwrap_or(RETRY_MS).min(60_000)).unwrap_or(60_000);
        ParcelState::Later { at: state.later(wait_ms) }
    } else {
        ParcelState::Waiting
    };
    state.chat.outbox.set_state(client_id, next);
}

fn show_invite(state: &mut State, invite: &Invite) {
    let Some(code) = &invite.code else {
        let address = invite.email.as_ref().map(|email| text::line(email.as_str())).unwrap_or_default();
        state.modal = None;
        state.say(format!("An invite is on its way to {address}."));
        return;
    };
    let team = state.world.teams.get(&invite.team_id).map(|team| text::line(team.team.name.as_str()));
    let lines = [
        format!("Give this code to one person, for {}:", team.unwrap_or_default()),
        String::new(),
        text::line(code),
        String::new(),
        "It works once, for 7 days, and is not shown again.".to_owned(),
        format!("They start syncspace-tui --server {}", text::line(&state.server)),
    ];
    let mut form = entry::question(Purpose::ShowInvite, "Invite code", &lines, "Done");
    form.form.copied = Some(code.clone());
    state.modal = Some(Modal::Form(form));
}
