//! What can be done to the selected message, and why it cannot where it cannot.

use syncspace_protocol::messages::{Message, MessagePlace, MessageType};

use super::action::Action;
use super::bodies::FOLD_ROWS;
use super::posting;
use super::state::{Focus, Link, State};

/// Everything that can be done to a message, in the order of its menu.
pub(crate) const ON_MESSAGE: &[Action] = &[
    Action::Reply,
    Action::Thread,
    Action::Source,
    Action::React,
    Action::ReactAgain,
    Action::Quote,
    Action::EditMessage,
    Action::DeleteMessage,
    Action::SaveFiles,
    Action::CopyText,
    Action::CopyCode,
    Action::CopyPermalink,
    Action::OpenLink,
    Action::CopyLink,
    Action::Pin,
    Action::Save,
    Action::Remind,
    Action::MarkUnread,
    Action::Forward,
    Action::History,
    Action::Fold,
    Action::OpenInEditor,
];

/// Gives the place of the selected message.
pub(crate) fn selected_place(state: &State) -> Option<MessagePlace> {
    state.selected().map(|(channel_id, message)| MessagePlace { channel_id, seq: message.seq })
}

/// Gives why an action on the selected message is not possible; none where it is.
pub(crate) fn obstacle(state: &State, action: Action) -> Option<&'static str> {
    if !ON_MESSAGE.contains(&action) {
        return None;
    }
    let Some((_, message)) = state.selected() else { return Some("no message is selected") };
    if message.deleted_at.is_some() {
        return Some("it is deleted");
    }
    if needs_connection(action) && state.link != Link::Online {
        return Some("there is no connection");
    }
    let in_thread = state.chat.focus == Focus::ThreadMessages;
    let channel = state.world.channels.get(&message.channel_id);
    if changes_channel(action) && channel.is_some_and(|channel| channel.channel.archived_at.is_some()) {
        return Some("the channel is archived");
    }
    let is_own = Some(message.sender_id) == state.world.my_id();
    match action {
        Action::DeleteMessage if !is_own && !channel.is_some_and(|channel| posting::manages(state, channel)) => {
            Some("only its author and admins can")
        }
        Action::Thread if in_thread => Some("its thread is open"),
        Action::MarkUnread if in_thread => Some("only in the channel, not in a thread"),
        Action::EditMessage if !is_own => Some("only its author can"),
        Action::EditMessage if !is_writing(message) => Some("nobody wrote it"),
        Action::SaveFiles if message.files.is_empty() => Some("it carries no file"),
        Action::CopyText | Action::Quote | Action::OpenInEditor if message.content.is_empty() => Some("it has no text"),
        Action::Source if source_of(message).is_none() => Some("it answers and forwards nothing"),
        Action::History if !message.is_edited => Some("it was never edited"),
        Action::CopyCode | Action::OpenLink | Action::CopyLink | Action::Fold => in_text(state, message, action),
        _ => None,
    }
}

/// Tells whether an action on the selected message is possible.
pub(crate) fn can(state: &State, action: Action) -> bool {
    obstacle(state, action).is_none()
}

/// Gives why an action is not possible that needs something in the text.
fn in_text(state: &State, message: &Message, action: Action) -> Option<&'static str> {
    let body = state.body_of(message)?;
    match action {
        Action::CopyCode if body.codes.is_empty() => Some("there is no code in it"),
        Action::OpenLink | Action::CopyLink if body.links.is_empty() => Some("there is no link in it"),
        Action::Fold if body.rows.len() <= FOLD_ROWS + 1 => Some("it is not that long"),
        _ => None,
    }
}

/// Gives the place of the message that a message answers, or of which it is a copy.
pub(crate) fn source_of(message: &Message) -> Option<MessagePlace> {
    let root = message.parent_seq.map(|seq| MessagePlace { channel_id: message.channel_id, seq });
    root.or(message.forwarded_from.and_then(|from| from.place))
}

const fn is_writing(message: &Message) -> bool {
    matches!(message.message_type, MessageType::Text | MessageType::Code | MessageType::File)
}

/// Tells whether it changes what an archived channel keeps as it is.
const fn changes_channel(action: Action) -> bool {
    matches!(
        action,
        Action::React | Action::ReactAgain | Action::Pin | Action::EditMessage | Action::DeleteMessage | Action::Reply
    )
}

const fn needs_connection(action: Action) -> bool {
    matches!(
        action,
        Action::React
            | Action::ReactAgain
            | Action::Pin
            | Action::Save
            | Action::Remind
            | Action::Forward
            | Action::History
            | Action::DeleteMessage
            | Action::MarkUnread
            | Action::SaveFiles
    )
}
