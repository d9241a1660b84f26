//! What answers of the server and changes of the connection make of the state.

use syncspace_client::UnreadBook;
use syncspace_protocol::messages::{MessagePage, Thread};
use syncspace_protocol::socket::Hello;
use syncspace_protocol::teams::{Invite, MyTeam};
use syncspace_protocol::{ChannelId, Seq, StreamId, TeamId};

use super::Effects;
use super::{chat, forms, link, messages, stream};
use crate::app::entry::{self, Purpose};
use crate::app::layout;
use crate::app::message::{Answer, Effect, Failure, LocalServer, Net, TeamContents};
use crate::app::outbox::ParcelState;
use crate::app::state::{Chat, Link, Modal, Screen, State};
use crate::app::text;
use crate::app::timeline::{Older, Timeline};
use crate::app::world::{self, Log};

/// A busy server is asked again after this, in milliseconds, where it did not say when.
const RETRY_MS: u64 = 2_000;

pub(super) fn take(state: &mut State, net: Net, effects: &mut Effects) {
    match net {
        Net::Server(Ok(info)) => {
            let form = entry::account_form(&state.server, &info, state.has_bootstrap);
            state.info = Some(info);
            forms::go_on(state, form);
        }
        Net::LoggedIn(Ok(user)) => {
            state.world.me = Some(user);
            state.screen = Screen::Waiting(format!("Connecting to {} …", state.server));
            effects.push(Effect::Connect);
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
        Net::SessionOver { reason } => session_over(state, &reason),
        Net::Stream(event) => stream::take(state, event, effects),
        Net::Team { team_id, answer: Ok(contents) } => team_loaded(state, team_id, contents, effects),
        Net::JoinableTeams(Ok(teams)) => joinable_teams(state, &teams),
        Net::TeamEntered(Ok(mine)) => team_entered(state, mine, effects),
        Net::ChannelEntered(Ok(mine)) => {
            let channel_id = mine.channel.id;
            state.world.put_channel(mine);
            enter_channel(state, channel_id, effects);
        }
        Net::Messages { channel_id, before, answer } => page_loaded(state, channel_id, before, answer, effects),
        Net::Thread { channel_id, root, answer } => thread_loaded(state, channel_id, root, answer),
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
            if answer.is_err() {
                state.chat.marked.remove(&channel_id);
            }
            if let Some(book) = &mut state.world.book {
                if let Ok(marker) = answer {
                    book.put(channel_id, marker);
                }
                book.settle(channel_id, seq);
            }
        }
        Net::Counted { channel_id, answer } => {
            // What could not be asked now is asked again after the next connection.
            if let (Ok(marker), Some(book)) = (answer, &mut state.world.book) {
                state.chat.counting.remove(&channel_id);
                book.put(channel_id, marker);
            }
        }
        Net::Edited { channel_id, seq, answer: Ok(()) } => messages::edit_done(state, channel_id, seq),
        Net::Edited { answer: Err(failure), .. } => {
            let message = forms::sentence(&failure.message);
            state.complain(format!("Not changed: {message} What you typed is kept: press e on the message."));
        }
        Net::Deleted(Ok(())) | Net::Left(Ok(())) => {}
        Net::Invite(Ok(invite)) => show_invite(state, &invite),
        Net::User(Ok(user)) => state.world.learn_user(user),
        Net::User(Err(_)) => {}
        Net::Team { team_id, answer: Err(failure) } => {
            if let Some(team) = state.world.teams.get_mut(&team_id) {
                team.waiting = None;
            }
            forms::fail(state, &failure);
        }
        Net::Server(Err(failure))
        | Net::LoggedIn(Err(failure))
        | Net::JoinableTeams(Err(failure))
        | Net::TeamEntered(Err(failure))
        | Net::ChannelEntered(Err(failure))
        | Net::Deleted(Err(failure))
        | Net::Left(Err(failure))
        | Net::Invite(Err(failure)) => {
            if failure.is_transient && failure.code.is_none() {
                link::revive(state, effects);
            }
            chat::arrive(state, None);
            forms::fail(state, &failure);
        }
    }
}

fn connected(state: &mut State, hello: Hello, effects: &mut Effects) {
    state.link = Link::Online;
    state.local_server = LocalServer::Back;
    if state.chat.owner.take().is_some_and(|owner| owner != hello.user.id) {
        (state.chat.drafts, state.chat.outbox) = Default::default();
    }
    // Numbers of another history, or of another person, mean nothing here.
    if state.epoch.as_ref() != Some(&hello.epoch) || state.world.my_id() != Some(hello.user.id) {
        state.world.book = None;
    }
    state.epoch = Some(hello.epoch);
    match &mut state.world.book {
        Some(book) => book.settle_all(),
        None => state.world.book = Some(UnreadBook::new(hello.user.id)),
    }
    state.world.me = Some(hello.user);
    for team_id in world::teams_gone(&state.world, &hello.teams) {
        state.world.leave_team(team_id);
    }
    let has_teams = !hello.teams.is_empty();
    for team in hello.teams {
        let (team_id, member_id) = (team.team.team.id, team.team.membership.map(|membership| membership.member_id));
        let is_known = state.world.teams.contains_key(&team_id);
        state.world.enter_team(team.team);
        // What is followed already is resumed by the connection; the lists are read anew all the same, for the
        // unread counts of channels that nobody opened.
        if !is_known {
            effects.push(Effect::Follow { stream: StreamId::Team(team_id), rev: team.team_rev });
            effects.extend(member_id.map(|id| Effect::Follow { stream: StreamId::Member(id), rev: team.member_rev }));
        }
        effects.push(Effect::LoadTeam(team_id));
    }
    state.chat.watched.clear();
    state.chat.marked.clear();
    state.chat.counting.clear();
    state.chat.outbox.disconnected();
    if !has_teams && !matches!(state.screen, Screen::Chat) {
        effects.push(Effect::FindTeams);
    }
}

fn session_over(state: &mut State, reason: &str) {
    state.link = Link::Offline;
    let before = std::mem::take(&mut state.chat);
    let owner = std::mem::take(&mut state.world).me.map(|me| me.id);
    // A session that ended by itself is no reason to lose what was typed: the same person may log in again.
    if !reason.is_empty() {
        state.chat = Chat { drafts: before.drafts, outbox: before.outbox, owner, ..Chat::default() };
        state.chat.outbox.disconnected();
    }
    state.modal = None;
    let mut form = entry::server_form(&state.server);
    form.form.error = Some(forms::sentence(reason)).filter(|reason| !reason.is_empty());
    state.screen = Screen::Entry { form, earlier: Vec::new() };
}

fn team_loaded(state: &mut State, team_id: TeamId, contents: TeamContents, effects: &mut Effects) {
    let waiting = state.world.fill_team(team_id, contents);
    for event in waiting {
        stream::take(state, event, effects);
    }
    if matches!(state.screen, Screen::Chat) && state.open_channel().is_some() {
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

/// Opens a channel of a team; asks for one where the person is in none.
fn first_channel(state: &mut State, team_id: TeamId, effects: &mut Effects) {
    let team_id = if state.world.joined_channels(team_id).is_empty() {
        let with_channels = state.world.teams.keys().copied().find(|&id| !state.world.joined_channels(id).is_empty());
        with_channels.filter(|_| state.chat.team != Some(team_id)).unwrap_or(team_id)
    } else {
        team_id
    };
    if state.world.joined_channels(team_id).is_empty() {
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
    let form = entry::team_form(&joinable);
    if matches!(state.screen, Screen::Chat) {
        state.modal = Some(Modal::Form(form));
    } else {
        forms::go_on(state, form);
    }
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

fn enter_channel(state: &mut State, channel_id: ChannelId, effects: &mut Effects) {
    state.modal = None;
    show_chat(state);
    chat::open_channel(state, channel_id, effects);
    chat::arrive(state, Some(channel_id));
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
            let mut timeline = Timeline::new(page.items, older);
            timeline.read_before = read;
            let before = std::mem::replace(&mut channel.log, Log::Loaded(Box::new(timeline)));
            channel.head.last_seq = channel.head.last_seq.max(page.last_seq);
            effects.push(Effect::Follow { stream: StreamId::Channel(channel_id), rev: page.rev });
            state.chat.outbox.arrived_up_to(channel_id, page.last_seq);
            if let Log::Loading(waiting) = before {
                for event in waiting.into_iter().filter(|event| event.rev.is_none_or(|rev| rev > page.rev)) {
                    stream::take(state, event, effects);
                }
            }
        }
        (Ok(page), Some(_)) => {
            let older = if page.next.is_some() { Older::More } else { Older::End };
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
        (Err(failure), None) => channel.log = Log::Failed(forms::sentence(&failure.message)),
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
            let mut all = vec![read.root];
            all.extend(read.items);
            let mut timeline = Timeline::new(all, Older::End);
            timeline.selected = timeline.last();
            // What came while the thread was read is in the channel's log already.
            if let Some(log) = state.world.channels.get(&channel_id).and_then(|channel| channel.timeline()) {
                let later = log.iter().filter(|message| message.parent_seq == Some(root) && message.rev > read.rev);
                later.cloned().for_each(|message| timeline.put(message));
            }
            thread.timeline = Some(timeline);
        }
        Err(failure) => thread.error = Some(forms::sentence(&failure.message)),
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
    let Some(code) = &invite.code else { return };
    let team = state.world.teams.get(&invite.team_id).map(|team| text::line(team.team.name.as_str()));
    let lines = [
        format!("Give this code to one person, for {}:", team.unwrap_or_default()),
        String::new(),
        text::line(code),
        String::new(),
        "It works once, for 7 days, and is not shown again.".to_owned(),
    ];
    state.modal = Some(Modal::Form(entry::question(Purpose::ShowInvite, "Invite code", &lines, "Done")));
}
