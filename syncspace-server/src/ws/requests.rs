//! What a socket's requests do: each starts at once and is answered when it is done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::RESUME_STREAMS_MAX;
use syncspace_protocol::messages::SendMessage;
use syncspace_protocol::socket::{Ack, Op, Outcome, Reply};
use syncspace_protocol::sync::ResumeStatus;
use syncspace_protocol::tokens::Scope;
use syncspace_protocol::{ChannelId, ClientId, Epoch, Rev, StreamId};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::socket::{End, Socket, Talk};
use crate::service::{Actor, Needs, SendPlace, Service, ServiceError, lacks};

/// Shortest pause between two signs that a person is typing in a channel.
const TYPING_PAUSE: Duration = Duration::from_secs(1);

/// Most channels in which a connection may be typing within that pause.
const TYPING_CHANNELS_MAX: usize = 16;

/// A request that is being done.
pub(super) type Pending = BoxFuture<'static, Answer>;

/// What came of a request.
pub(super) struct Answer {
    pub(super) reply: Reply,
    /// The send that was refused and may come again.
    pub(super) refused_send: Option<RefusedSend>,
}

/// Faults are written where they are handled, with everything behind them.
pub(super) fn log_fault(error: &ServiceError) {
    match error {
        ServiceError::Fault { .. } => tracing::error!(error = error as &dyn std::error::Error, "a request failed"),
        ServiceError::Unavailable { .. } => {
            tracing::warn!(error = error as &dyn std::error::Error, "a request found no database");
        }
        ServiceError::Refused(_) | ServiceError::Busy { .. } => {}
    }
}

/// A send that was refused and may come again under its name.
pub(super) struct RefusedSend {
    pub(super) channel: ChannelId,
    pub(super) client_id: ClientId,
    pub(super) place: SendPlace,
}

/// Does a request in a task of its own, which ends with the connection.
///
/// The socket's task stands still while it reads a page of missed changes. A request that it drove itself could have been given
/// a connection to the database meanwhile, and keep it from everybody, that page included.
fn beside<T: Send + 'static>(
    request: impl Future<Output = Result<T, ServiceError>> + Send + 'static,
) -> impl Future<Output = Result<T, ServiceError>> + Send {
    let task = AbortOnDropHandle::new(tokio::spawn(request));
    async move { task.await.unwrap_or_else(|error| Err(ServiceError::fault(error))) }
}

/// Says what an operation asks of a credential; the socket itself was opened with the scope to read.
const fn needs(op: &Op) -> Needs {
    Needs::Scope(match op {
        Op::Auth { .. } | Op::Ping | Op::Resume { .. } | Op::Watch { .. } => Scope::Read,
        Op::Send { .. }
        | Op::Edit { .. }
        | Op::Delete { .. }
        | Op::Append { .. }
        | Op::React { .. }
        | Op::Unreact { .. }
        | Op::Typing { .. }
        | Op::Read { .. } => Scope::Write,
    })
}

fn reply(id: u64, outcome: Result<Ack, ServiceError>) -> Reply {
    let outcome = match outcome {
        Ok(ack) => Outcome::Ok(ack),
        Err(error) => {
            log_fault(&error);
            Outcome::Error(error.detail())
        }
    };
    Reply { re: Some(id), outcome }
}

impl Socket {
    /// Starts a request. Sends enter their lanes here, in the order of the frames.
    pub(super) async fn start(&mut self, talk: &mut Talk, id: u64, op: Op) -> Result<(), End> {
        if let Err(missing) = talk.actor.grant.check(needs(&op)) {
            talk.session.answered();
            return self.send(&reply(id, Err(lacks(missing)))).await;
        }
        let taken = match &op {
            Op::Send { .. } => self.limits.take_send(),
            _ => self.limits.take_request(),
        };
        if let Err(error) = taken {
            if let Op::Send { channel_id, message } = &op {
                talk.session.note_refused(*channel_id, message.client_id.as_ref());
            }
            talk.session.answered();
            return self.send(&reply(id, Err(error))).await;
        }
        let service = Arc::clone(&self.service);
        let actor = talk.actor;
        match op {
            Op::Send { channel_id, message } => {
                let place = message.client_id.is_some().then(|| talk.session.place(channel_id)).flatten();
                talk.pending.push(send(&service, &actor, id, (channel_id, message), place));
            }
            Op::Resume { streams, epoch, more } => {
                let outcome = self.resume(talk, streams, &epoch, more).await;
                talk.session.answered();
                self.send(&reply(id, outcome)).await?;
            }
            // Our clients say it every few seconds; more often would only fill the others' queues.
            Op::Typing { channel_id, .. } if !talk.may_type(channel_id) => {
                talk.session.answered();
                self.send(&reply(id, Ok(Ack::Done {}))).await?;
            }
            Op::Watch { users } => {
                let connection = Arc::clone(&talk.connection);
                let list = service.realtime().name_watch_list(&connection);
                let realtime = service.realtime().clone();
                let people = beside(async move { service.see_people(&actor, &users).await });
                talk.pending.push(Box::pin(async move {
                    let outcome = people.await.map(|people| {
                        realtime.watch(&connection, list, &people);
                        Ack::Presence { users: people.iter().map(|seen| seen.to(actor.user_id)).collect() }
                    });
                    Answer { reply: reply(id, outcome), refused_send: None }
                }));
            }
            other => {
                let outcome = beside(async move { run(&service, &actor, other).await });
                talk.pending
                    .push(Box::pin(async move { Answer { reply: reply(id, outcome.await), refused_send: None } }));
            }
        }
        Ok(())
    }

    /// Lets the named streams go on from their revs; after the last frame the others are live.
    async fn resume(
        &mut self,
        talk: &mut Talk,
        streams: BTreeMap<StreamId, Rev>,
        epoch: &Epoch,
        more: bool,
    ) -> Result<Ack, ServiceError> {
        if streams.len() > RESUME_STREAMS_MAX {
            let sentence = format!("at most {RESUME_STREAMS_MAX} streams in one frame; send several");
            return Err(ServiceError::invalid_field("streams", sentence));
        }
        let Some(unnamed) = &mut talk.unnamed else {
            let sentence = "this connection is live already; open one with /ws?resume=1 to resume";
            return Err(ServiceError::refused(ErrorCode::Conflict, sentence));
        };
        // A stream may have gone on since a frame before this one, or since `hello`, unheard by who does not follow yet.
        self.service.look_again_if_beyond(&talk.connection, unnamed);
        let realtime = self.service.realtime();
        let is_same_history = epoch == self.service.epoch();
        // A stream that was taken from the connection since `hello` is as good as never there.
        let is_held = |stream: StreamId| unnamed.contains_key(&stream) && talk.connection.holds(stream);
        let is_further = |stream: StreamId, rev: Rev| realtime.delivered(stream).is_none_or(|heard| heard < rev);
        // What a client names may have been committed elsewhere, and not have come by here yet.
        let named = streams.iter().filter(|_| is_same_history);
        let further = named.filter(|&(&stream, &rev)| is_held(stream) && is_further(stream, rev));
        let newest = self.service.newest_revs(further.map(|(&stream, _)| stream).collect()).await?;
        let mut statuses = BTreeMap::new();
        for (stream, rev) in streams {
            let status = match unnamed.remove(&stream).filter(|_| talk.connection.holds(stream)) {
                None => ResumeStatus::Gone,
                Some(known) if !is_same_history || newest.get(&stream).is_some_and(|&newest| rev > newest) => {
                    realtime.follow(&talk.connection, stream, known);
                    ResumeStatus::Reload
                }
                Some(_) => {
                    realtime.follow(&talk.connection, stream, rev);
                    ResumeStatus::Ok
                }
            };
            statuses.insert(stream, status);
        }
        if !more {
            for (stream, known) in std::mem::take(unnamed) {
                realtime.follow(&talk.connection, stream, known);
            }
            talk.unnamed = None;
        }
        talk.connection.wake();
        Ok(Ack::Resume { streams: statuses })
    }
}

impl Talk {
    /// Tells whether "typing" in a channel is to be passed on now, and counts it if so.
    fn may_type(&mut self, channel: ChannelId) -> bool {
        self.typed_at.retain(|_, at| at.elapsed() < TYPING_PAUSE);
        let is_due = !self.typed_at.contains_key(&channel) && self.typed_at.len() < TYPING_CHANNELS_MAX;
        if is_due {
            self.typed_at.insert(channel, Instant::now());
        }
        is_due
    }
}

fn send(
    service: &Arc<Service>,
    actor: &Actor,
    id: u64,
    (channel, message): (ChannelId, SendMessage),
    place: Option<SendPlace>,
) -> Pending {
    let client_id = message.client_id.clone();
    let submitted = service.submit_send(actor, channel, message, place.clone());
    Box::pin(async move {
        let outcome = match submitted {
            Ok(sent) => sent.await.map(|sent| Ack::Sent(sent.ack())),
            Err(error) => Err(error),
        };
        let may_come_again = matches!(outcome, Err(ServiceError::Busy { .. } | ServiceError::Unavailable { .. }));
        let refused = client_id.zip(place).map(|(client_id, place)| RefusedSend { channel, client_id, place });
        Answer { reply: reply(id, outcome), refused_send: refused.filter(|_| may_come_again) }
    })
}

async fn run(service: &Service, actor: &Actor, op: Op) -> Result<Ack, ServiceError> {
    match op {
        Op::Edit { channel_id, seq, edit } => {
            let message = service.edit_message(actor, channel_id, seq, edit).await?;
            Ok(Ack::Changed { rev: message.rev })
        }
        Op::Delete { channel_id, seq } => {
            let message = service.delete_message(actor, channel_id, seq).await?;
            Ok(Ack::Changed { rev: message.rev })
        }
        Op::Append { channel_id, seq, append } => {
            service.append_message(actor, channel_id, seq, append).await.map(Ack::Appended)
        }
        Op::React { channel_id, seq, emoji } => {
            let message = service.react(actor, channel_id, seq, &emoji).await?;
            Ok(Ack::Changed { rev: message.rev })
        }
        Op::Unreact { channel_id, seq, emoji } => {
            let message = service.unreact(actor, channel_id, seq, &emoji).await?;
            Ok(Ack::Changed { rev: message.rev })
        }
        Op::Typing { channel_id, parent_seq } => {
            service.typing(actor, channel_id, parent_seq).await?;
            Ok(Ack::Done {})
        }
        Op::Read { channel_id, mark } => service.mark_read(actor, channel_id, mark).await.map(Ack::Marker),
        // These are answered before they get here.
        Op::Auth { .. } | Op::Ping | Op::Resume { .. } | Op::Send { .. } | Op::Watch { .. } => Ok(Ack::Done {}),
    }
}
