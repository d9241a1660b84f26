//! What an event makes of messages that it does not carry whole: the same in the lists on the screen and on disk.

use syncspace_protocol::messages::{Message, ThreadState};
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{Rev, Seq};

/// Gives the places of the messages that an event changes.
pub(crate) fn touched(body: &EventBody) -> Vec<Seq> {
    match body {
        EventBody::MessageCreated { thread, .. } => thread.iter().map(|thread| thread.root_seq).collect(),
        EventBody::MessageDeleted { seq, thread, .. } => {
            std::iter::once(*seq).chain(thread.iter().map(|thread| thread.root_seq)).collect()
        }
        EventBody::MessageUpdated { seq, .. }
        | EventBody::MessageAppended { seq, .. }
        | EventBody::ReactionAdded { seq, .. }
        | EventBody::ReactionRemoved { seq, .. }
        | EventBody::MessagePinned { seq, .. }
        | EventBody::MessageUnpinned { seq, .. } => vec![*seq],
        _ => Vec::new(),
    }
}

/// Changes a message as an event at that rev says, unless the message is as new; tells whether it was changed.
pub(crate) fn patch(message: &mut Message, rev: Rev, body: &EventBody) -> bool {
    if message.rev >= rev {
        return false;
    }
    message.rev = rev;
    match body {
        EventBody::MessageCreated { thread: Some(thread), .. } => set_thread(message, thread),
        EventBody::MessageDeleted { seq, deleted_at, .. } if *seq == message.seq => message.bury(*deleted_at),
        EventBody::MessageDeleted { thread: Some(thread), .. } => set_thread(message, thread),
        EventBody::MessageUpdated { content, edited_at, mentions, .. } => {
            message.content.clone_from(content);
            message.mentions.clone_from(mentions);
            (message.is_edited, message.edited_at, message.updated_at) = (true, Some(*edited_at), *edited_at);
        }
        EventBody::MessageAppended { appended, updated_at, mentions, continued_seq, .. } => {
            message.content.push_str(appended);
            message.mentions.clone_from(mentions);
            (message.continued_seq, message.updated_at) = (*continued_seq, *updated_at);
        }
        EventBody::ReactionAdded { reaction, updated_at, .. }
        | EventBody::ReactionRemoved { reaction, updated_at, .. } => {
            message.reactions.put(reaction.clone());
            message.updated_at = *updated_at;
        }
        EventBody::MessagePinned { pin, .. } => (message.pinned, message.updated_at) = (Some(*pin), pin.pinned_at),
        EventBody::MessageUnpinned { updated_at, .. } => (message.pinned, message.updated_at) = (None, *updated_at),
        _ => {}
    }
    true
}

fn set_thread(root: &mut Message, thread: &ThreadState) {
    (root.reply_count, root.last_reply_at) = (thread.reply_count, thread.last_reply_at);
}
