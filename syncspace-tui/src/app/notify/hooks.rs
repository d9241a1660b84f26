//! The person's programs that are told of events.

use serde_json::{Value, json};
use syncspace_protocol::messages::{Message, MessageType};
use syncspace_protocol::notify::NotifyReason;

use super::place;
use crate::app::message::Effect;
use crate::app::state::State;
use crate::config::HookEvent;

/// Tells programs of a message.
pub(super) fn of_message(
    state: &State,
    message: &Message,
    reason: Option<NotifyReason>,
    is_again: bool,
    effects: &mut Vec<Effect>,
) {
    let is_mine = Some(message.sender_id) == state.world.my_id();
    if is_mine || message.message_type == MessageType::System || !state.settings.has_hooks() {
        return;
    }
    let Some(channel) = state.world.channels.get(&message.channel_id) else { return };
    let is_named = message.mentions.here || state.world.my_id().is_some_and(|me| message.mentions.count_for(me));
    let events = [
        (HookEvent::Message, !is_again),
        (HookEvent::Mention, is_named),
        (HookEvent::Direct, channel.is_direct() && !is_again),
    ];
    for (event, _) in events.into_iter().filter(|(_, is_so)| *is_so) {
        let mut input = base(state, event);
        let team = state.world.teams.get(&channel.channel.team_id);
        let more = json!({
            "team": team.map(|team| team.team.name.to_string()),
            "channel": place(state, message.channel_id),
            "channel_id": message.channel_id,
            "seq": message.seq,
            "thread_seq": message.parent_seq,
            "sender": state.world.name(message.sender_id),
            "sender_id": message.sender_id,
            "content": message.content,
            "created_at": message.created_at,
            "notifies": reason.is_some(),
        });
        merge(&mut input, more);
        hook(state, event, &input, effects);
    }
}

/// Tells programs of a connection that came or went.
pub(crate) fn settle_link(state: &mut State, is_online: bool, effects: &mut Vec<Effect>) {
    if std::mem::replace(&mut state.notify.was_online, is_online) != is_online {
        let event = if is_online { HookEvent::Connected } else { HookEvent::Lost };
        hook(state, event, &base(state, event), effects);
    }
}

fn base(state: &State, event: HookEvent) -> Value {
    let me = state.world.my_id().map(|me| state.world.name(me));
    json!({ "event": event.name(), "server": state.server, "user": me, "at": state.now })
}

fn merge(value: &mut Value, more: Value) {
    if let (Value::Object(held), Value::Object(more)) = (value, more) {
        held.extend(more);
    }
}

fn hook(state: &State, event: HookEvent, input: &Value, effects: &mut Vec<Effect>) {
    let program = state.settings.hook(event);
    if !program.is_empty() {
        effects.push(Effect::RunHook { program: program.to_vec(), input: format!("{input}\n") });
    }
}
