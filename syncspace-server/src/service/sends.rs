//! Sending: the messages of a run share their look-ups and one write.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest as _, Sha256};
use syncspace_protocol::channels::ChannelKind;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::files::FileInfo;
use syncspace_protocol::mentions::MentionedNames;
use syncspace_protocol::messages::{Code, ForwardedFrom, Message, MessagePlace, MessageType, SendMessage, ThreadState};
use syncspace_protocol::reactions::Reactions;
use syncspace_protocol::socket::EventBody;
use syncspace_protocol::{ChannelId, ClientId, FileId, Mentions, MessageId, Rev, Seq, StreamId, TeamId, Time, UserId};

use super::team_changes::{Refused, prepared};
use super::threads::NewReply;
use super::{Actor, ServiceError, access, mentions, threads};
use crate::log::{Abort, LogError, LogTx, Operation, Outcomes, SendPlace, Taken};
use crate::permissions::ChannelAction;
use crate::store::channels::{access_of_many, read_access_of_many};
use crate::store::files::{self, FileCopy, FileRow};
use crate::store::messages::{self, NewMessage, RequestKey};
use crate::store::{IdBlocks, Queries as _, StoreError, channels};

/// Names a request to send as it was made, before anything was cleaned: the first half of its SHA-256, in hex.
///
/// What only some requests have is hashed behind a byte that no text contains.
pub(super) fn digest(body: &SendMessage) -> Result<String, serde_json::Error> {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let parent = body.parent_message_id.map_or(0, MessageId::get);
    let mut hash = Sha256::new().chain_update(parent.to_be_bytes()).chain_update(body.content.as_bytes());
    if body.message_type != MessageType::Text || body.code.is_some() || body.forward_of.is_some() {
        let more = serde_json::to_vec(&(body.message_type, &body.code, body.forward_of))?;
        hash = hash.chain_update([0xff]).chain_update(more);
    }
    if !body.files.is_empty() {
        hash = hash.chain_update([0xfe]).chain_update(serde_json::to_vec(&body.files)?);
    }
    let hash = hash.finalize();
    let digits = hash.iter().take(16).flat_map(|byte| [byte >> 4, byte & 15]);
    Ok(digits.map(|digit| char::from(HEX[usize::from(digit)])).collect())
}

/// Names a reply that the server made of what its sender appended.
pub(super) fn digest_of_reply(reply: &Message) -> String {
    // No request gives it: nobody but the server knows the reply's client_id.
    format!("{:032x}", reply.id.get())
}

/// Sends a message.
#[derive(Clone)]
pub(super) struct Send {
    pub(super) actor: Actor,
    pub(super) id: Option<MessageId>,
    pub(super) channel: ChannelId,
    pub(super) content: String,
    pub(super) message_type: MessageType,
    pub(super) code: Option<Code>,
    /// The names in the content.
    pub(super) names: MentionedNames,
    pub(super) parent: Option<MessageId>,
    pub(super) forward_of: Option<MessagePlace>,
    /// What it carries, each file once.
    pub(super) files: Vec<FileId>,
    /// For each of those the id of its copy, where this forwards the message that carries it.
    pub(super) copy_ids: Vec<FileId>,
    pub(super) client_id: ClientId,
    pub(super) digest: String,
    /// Its place among what the connection sends into the channel.
    pub(super) place: Option<SendPlace>,
}

/// A message that stands in the log.
pub(crate) struct Sent {
    pub(crate) message: Message,
    /// The rev that the sending took; later changes gave the message newer ones, so a repeat has the newest.
    pub(crate) sent_rev: Rev,
    pub(crate) is_repeat: bool,
}

impl Operation for Send {
    type Output = Sent;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Channel(self.channel)]
    }

    fn place(&self) -> Option<&SendPlace> {
        self.place.as_ref()
    }

    fn content_bytes(&self) -> usize {
        self.content.len()
    }

    async fn prepare_run(run: Vec<&mut Self>, ids: &IdBlocks) -> Result<(), StoreError> {
        let taken = ids.next_many(run.len()).await?;
        for (send, id) in run.into_iter().zip(taken) {
            send.id = Some(id);
            if send.forward_of.is_some() && !send.files.is_empty() {
                send.copy_ids = ids.next_many(send.files.len()).await?;
            }
        }
        Ok(())
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<Sent, Refused> {
        Self::apply_run(&[self], tx).await?.swap_remove(0).map_err(Abort::Refused)
    }

    async fn apply_run(run: &[&Self], tx: &mut LogTx<'_>) -> Result<Outcomes<Self>, LogError> {
        let mut page = Page::load(run, tx).await?;
        let mut outcomes = Vec::with_capacity(run.len());
        let texts: Vec<_> = run.iter().map(|send| (send.channel, &send.names)).collect();
        for (send, mentions) in run.iter().zip(mentions::resolve(tx.db, &texts).await?) {
            if is_doubled() {
                page.enter(&send.doubled(), mentions.clone(), tx)?.ok();
            }
            outcomes.push(page.enter(send, mentions, tx)?);
        }
        write(page.written, tx).await?;
        Ok(outcomes)
    }
}

impl Send {
    fn key(&self) -> RequestKey {
        (self.channel, self.actor.user_id, self.client_id.clone())
    }

    /// Gives the same message as if it were another one.
    fn doubled(&self) -> Self {
        let client_id = ClientId::try_from(uuid::Uuid::now_v7().to_string()).unwrap_or_else(|_| self.client_id.clone());
        let id = self.id.and_then(|id| MessageId::try_from(id.get() + (1 << 50)).ok());
        Self { id, client_id, ..self.clone() }
    }
}

/// A fault that tests plant: the checker of histories must find it.
fn is_doubled() -> bool {
    fail::fail_point!("bug::double_insert", |_| true);
    false
}

/// What a run of sends has found and is about to write.
struct Page {
    /// What was sent under each name before this run, with the digest of the request.
    before: HashMap<RequestKey, (Message, String)>,
    /// Places in `written` of what this run sends under each name.
    mine: HashMap<RequestKey, usize>,
    access: HashMap<(ChannelId, UserId), channels::Access>,
    parents: HashMap<MessageId, Message>,
    /// Messages that are forwarded.
    sources: HashMap<(ChannelId, Seq), Message>,
    /// Files that are there to be carried.
    files: HashMap<FileId, FileRow>,
    /// Roots of threads that are not answered directly.
    roots: HashMap<(ChannelId, Seq), Message>,
    written: Vec<Written>,
}

/// A new message that has its numbers.
pub(super) struct Written {
    pub(super) taken: Taken,
    pub(super) team: TeamId,
    pub(super) message: Message,
    pub(super) digest: String,
    /// Those of its files that another message carries as well.
    pub(super) copies: Vec<FileCopy>,
    /// The root of its thread as the message leaves it.
    pub(super) thread: Option<ThreadState>,
}

impl Page {
    async fn load(run: &[&Send], tx: &mut LogTx<'_>) -> Result<Self, LogError> {
        let requests = run.iter().map(|send| (send.channel, send.actor.user_id, &send.client_id));
        let mut pairs: Vec<_> = run.iter().map(|send| (send.channel, send.actor.user_id)).collect();
        let forwarded = || run.iter().filter_map(|send| Some((send.forward_of?, send.actor.user_id)));
        pairs.extend(forwarded().map(|(place, user)| (place.channel_id, user)));
        pairs.sort_unstable();
        pairs.dedup();
        let mut parents: Vec<_> = run.iter().filter_map(|send| send.parent).collect();
        parents.sort_unstable();
        parents.dedup();
        let mut sources: Vec<_> = forwarded().map(|(place, _)| (place.channel_id, place.seq)).collect();
        sources.sort_unstable();
        sources.dedup();
        let mut wanted: Vec<_> = run.iter().flat_map(|send| send.files.iter().copied()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let lookups = vec![
            messages::by_requests(requests),
            access_of_many(pairs.into_iter()),
            messages::by_ids(parents.into_iter()),
            messages::by_places(sources.into_iter()),
            files::by_ids(wanted.into_iter()),
        ];
        let found = tx.db.query_many(lookups).await?;
        let [requests, access, parents, sources, files] = found.as_slice() else { return Err(not_answered().into()) };
        let before = messages::read_by_requests(requests)?.into_iter().map(|(message, digest)| {
            ((message.channel_id, message.sender_id, message.client_id.clone()), (message, digest))
        });
        let parents = messages::read_all(parents)?.into_iter().map(|message| (message.id, message));
        let mut page = Self {
            before: before.collect(),
            mine: HashMap::with_capacity(run.len()),
            access: read_access_of_many(access)?,
            parents: parents.collect(),
            sources: messages::read_all(sources)?
                .into_iter()
                .map(|found| ((found.channel_id, found.seq), found))
                .collect(),
            files: files::read_all(files)?.into_iter().map(|file| (file.info.id, file)).collect(),
            roots: HashMap::new(),
            written: Vec::with_capacity(run.len()),
        };
        page.load_roots(tx).await?;
        Ok(page)
    }

    async fn load_roots(&mut self, tx: &mut LogTx<'_>) -> Result<(), LogError> {
        let places = self.parents.values().filter_map(|parent| Some((parent.channel_id, parent.parent_seq?)));
        let mut places: Vec<_> = places.collect();
        places.sort_unstable();
        places.dedup();
        if !places.is_empty() {
            let found = tx.db.query_many(vec![messages::by_places(places.into_iter())]).await?;
            let roots = messages::read_all(found.first().ok_or_else(not_answered)?)?;
            self.roots = roots.into_iter().map(|root| ((root.channel_id, root.seq), root)).collect();
        }
        let direct = self.parents.values().filter(|parent| parent.parent_seq.is_none());
        self.roots.extend(direct.map(|root| ((root.channel_id, root.seq), root.clone())));
        Ok(())
    }

    /// Judges a send and gives it its numbers; it is written with the others.
    fn enter(
        &mut self,
        send: &Send,
        mentions: Mentions,
        tx: &mut LogTx<'_>,
    ) -> Result<Result<Sent, ServiceError>, LogError> {
        let Verdict { root, forwarded_from, carried: Carried { files, copies }, team, permit } = match self.judge(send)
        {
            Ok(Judgement::Repeat(sent)) => return Ok(Ok(*sent)),
            Ok(Judgement::New(verdict)) => verdict,
            Err(refusal) => return Ok(Err(refusal)),
        };
        // No other message carries them now, of this run neither.
        files.iter().for_each(|file| drop(self.files.remove(&file.id)));
        let stream = StreamId::Channel(send.channel);
        let taken = tx.next_rev(stream, &permit)?;
        let root = root.and_then(|place| self.roots.get_mut(&place));
        let message = Message {
            id: prepared(send.id)?,
            channel_id: send.channel,
            seq: tx.next_seq(stream, &permit)?,
            rev: taken.rev,
            sender_id: send.actor.user_id,
            content: send.content.clone(),
            message_type: send.message_type,
            file_url: files.first().map(FileInfo::path),
            parent_message_id: root.as_ref().map(|root| root.id),
            parent_seq: root.as_ref().map(|root| root.seq),
            reply_count: 0,
            last_reply_at: None,
            is_edited: false,
            edited_at: None,
            deleted_at: None,
            created_at: tx.now,
            updated_at: tx.now,
            client_id: send.client_id.clone(),
            mentions,
            reactions: Reactions::default(),
            pinned: None,
            code: send.code.clone(),
            forwarded_from,
            continued_seq: None,
            files,
        };
        let thread = root.map(|root| answered(root, tx.now));
        let digest = send.digest.clone();
        self.mine.insert(send.key(), self.written.len());
        self.written.push(Written { taken, team, message: message.clone(), digest, copies, thread });
        Ok(Ok(Sent { message, sent_rev: taken.rev, is_repeat: false }))
    }

    fn judge(&self, send: &Send) -> Result<Judgement, ServiceError> {
        // The repeat is answered first of all, also after an edit, a deletion, or leaving the channel.
        if let Some((message, digest)) = self.find_sent(&send.key()) {
            if *digest == send.digest {
                let found = self.access.get(&(send.channel, send.actor.user_id)).copied();
                let sent = match access::weigh_channel(&send.actor, found) {
                    Ok(_) => Sent { message: message.clone(), sent_rev: message.rev, is_repeat: true },
                    Err(_) => Sent { message: as_sent(message, send), sent_rev: Rev::ZERO, is_repeat: true },
                };
                return Ok(Judgement::Repeat(Box::new(sent)));
            }
            let sentence = "this client_id was used for another message; every new message needs a new one";
            return Err(ServiceError::refused(ErrorCode::ClientIdReused, sentence));
        }
        let found = self.access.get(&(send.channel, send.actor.user_id));
        let found = access::weigh_channel(&send.actor, found.copied())?;
        let permit = access::permit_channel(&found, ChannelAction::Post)?;
        mentions::check_all(&found, &send.names, &Mentions::default())?;
        let root = self.find_root(send)?;
        let forwarded_from = self.find_source(send, found.team_id)?;
        let carried = self.find_files(send)?;
        Ok(Judgement::New(Verdict { root, forwarded_from, carried, team: found.team_id, permit }))
    }

    /// Finds what was sent under a name, before this run or in it, and the digest of the request.
    fn find_sent(&self, key: &RequestKey) -> Option<(&Message, &String)> {
        let mine = || self.mine.get(key).and_then(|&place| self.written.get(place));
        let before = self.before.get(key).map(|(message, digest)| (message, digest));
        before.or_else(|| mine().map(|written| (&written.message, &written.digest)))
    }

    /// Finds the root of the thread that the message joins; a reply to a reply joins the same thread.
    fn find_root(&self, send: &Send) -> Result<Option<(ChannelId, Seq)>, ServiceError> {
        let Some(parent) = send.parent else { return Ok(None) };
        let parent = self.parents.get(&parent);
        let parent = parent.filter(|found| found.channel_id == send.channel && found.deleted_at.is_none());
        let place = parent.map(|parent| (parent.channel_id, parent.parent_seq.unwrap_or(parent.seq)));
        place.filter(|place| self.roots.contains_key(place)).map(Some).ok_or_else(no_parent)
    }

    /// Finds the files that the message carries: its sender's own, of the same channel, in no other message; and those of
    /// the message that it forwards, as copies.
    fn find_files(&self, send: &Send) -> Result<Carried, ServiceError> {
        let is_of_source = |file: &FileRow| {
            let place = file.channel.zip(file.message_seq);
            file.is_ready && place.is_some() && place == send.forward_of.map(|from| (from.channel_id, from.seq))
        };
        let mut copies = Vec::new();
        let mut copy_ids = send.copy_ids.iter();
        let files = send.files.iter().map(|id| {
            let (file, copy_id) = (self.files.get(id)?, copy_ids.next());
            if is_free(file, (send.channel, send.actor.user_id)) {
                return Some(file.info.clone());
            }
            let copy = FileCopy { of: *id, id: *copy_id.filter(|_| is_of_source(file))? };
            copies.push(copy);
            Some(FileInfo { id: copy.id, ..file.info.clone() })
        });
        let files = files.collect::<Option<_>>().ok_or_else(|| no_files(send.forward_of.is_some()))?;
        Ok(Carried { files, copies })
    }

    /// Finds the message that is forwarded, where its forwarder may read it. Where it stands is said only of a channel that
    /// the readers of the copy may be expected to see; of others they learn neither that it exists nor how much stands in it.
    fn find_source(&self, send: &Send, team: TeamId) -> Result<Option<ForwardedFrom>, ServiceError> {
        let Some(place) = send.forward_of else { return Ok(None) };
        let access = self.access.get(&(place.channel_id, send.actor.user_id)).copied();
        let access = access::weigh_channel(&send.actor, access).ok();
        let source = self.sources.get(&(place.channel_id, place.seq)).filter(|found| found.deleted_at.is_none());
        let (access, source) = access.zip(source).ok_or_else(|| {
            ServiceError::not_found_by("forward_of", "the message you forward does not exist, or you may not see it")
        })?;
        let is_public = access.facts.kind == ChannelKind::Public && access.team_id == team;
        let is_seen = is_public || place.channel_id == send.channel;
        Ok(Some(ForwardedFrom { sender_id: source.sender_id, place: is_seen.then_some(place) }))
    }
}

/// Gives what a new reply makes of the root of its thread.
pub(super) fn answered(root: &mut Message, now: Time) -> ThreadState {
    root.reply_count = root.reply_count.saturating_add(1);
    root.last_reply_at = Some(now);
    ThreadState {
        root_seq: root.seq,
        root_sender_id: Some(root.sender_id),
        reply_count: root.reply_count,
        last_reply_at: root.last_reply_at,
    }
}

/// Writes new messages with one statement, each root of a thread once, and announces them in order.
pub(super) async fn write(written: Vec<Written>, tx: &mut LogTx<'_>) -> Result<(), LogError> {
    if written.is_empty() {
        return Ok(());
    }
    let rows = written.iter().map(|Written { team, message, digest, .. }| NewMessage { team: *team, message, digest });
    let rows: Vec<_> = rows.collect();
    messages::insert(tx.db, &rows).await?;
    for rows in rows.chunk_by(|one, other| one.team == other.team) {
        let messages: Vec<_> = rows.iter().map(|row| row.message).collect();
        mentions::note(tx.db, rows[0].team, &messages).await?;
    }
    let replies = written.iter().filter_map(|Written { team, message, thread, .. }| {
        Some(NewReply { team: *team, message, root_sender: thread.as_ref()?.root_sender_id? })
    });
    threads::enter(tx.db, &replies.collect::<Vec<_>>()).await?;
    attach_files(&written, tx).await?;
    let mut touched = BTreeMap::new();
    for Written { taken, message, thread, .. } in &written {
        if let Some(thread) = thread {
            touched.insert((message.channel_id, thread.root_seq), (*thread, taken.rev));
        }
    }
    for ((channel, _), (thread, rev)) in touched {
        messages::set_thread(tx.db, channel, &thread, tx.now, rev).await?;
    }
    for Written { taken, message, thread, .. } in written {
        tx.announce(taken, EventBody::MessageCreated { message, thread })?;
    }
    Ok(())
}

/// Gives files to the messages that carry them.
async fn attach_files(written: &[Written], tx: &mut LogTx<'_>) -> Result<(), LogError> {
    for Written { team, message, copies, .. } in written {
        for file in &message.files {
            let is_there = match copies.iter().find(|copy| copy.id == file.id) {
                Some(&copy) => files::copy(tx.db, copy, (*team, message), tx.now).await?,
                None => files::attach(tx.db, file.id, (message.channel_id, message.seq), tx.now).await?,
            };
            if !is_there {
                // Collected a moment ago: the batch is judged anew, and this message refused.
                return Err(
                    StoreError::Conflict { source: "a file went while a message was to carry it".into() }.into()
                );
            }
        }
    }
    Ok(())
}

/// Gives a message as it was sent, for a sender who may not see its channel any more: nothing of what came after.
fn as_sent(message: &Message, send: &Send) -> Message {
    Message {
        rev: Rev::ZERO,
        content: send.content.clone(),
        reply_count: 0,
        last_reply_at: None,
        is_edited: false,
        edited_at: None,
        deleted_at: None,
        updated_at: message.created_at,
        reactions: Reactions::default(),
        pinned: None,
        continued_seq: None,
        ..message.clone()
    }
}

/// What a send comes to.
enum Judgement {
    /// The message stands in the log already.
    Repeat(Box<Sent>),
    /// It is a new message.
    New(Verdict),
}

/// What a new message is to be.
struct Verdict {
    /// Place of the root of its thread.
    root: Option<(ChannelId, Seq)>,
    forwarded_from: Option<ForwardedFrom>,
    carried: Carried,
    team: TeamId,
    permit: crate::permissions::Permit,
}

/// Files of a new message.
struct Carried {
    files: Vec<FileInfo>,
    /// Those that are copies of another message's.
    copies: Vec<FileCopy>,
}

/// Finds files that a message of somebody in a channel may carry.
pub(super) fn free_files(
    found: &HashMap<FileId, FileRow>,
    wanted: &[FileId],
    place: (ChannelId, UserId),
) -> Result<Vec<FileInfo>, ServiceError> {
    let files = wanted.iter().map(|id| found.get(id).filter(|file| is_free(file, place)).map(|file| file.info.clone()));
    files.collect::<Option<_>>().ok_or_else(|| no_files(false))
}

fn is_free(file: &FileRow, (channel, user): (ChannelId, UserId)) -> bool {
    file.is_ready && file.message_seq.is_none() && file.channel == Some(channel) && file.uploader == user
}

fn no_files(is_forward: bool) -> ServiceError {
    let sentence = if is_forward {
        "a forwarded message carries its own files, and those that you uploaded into this channel, each once, within a day"
    } else {
        "a message carries files that you uploaded into its channel, each once, within a day"
    };
    ServiceError::not_found_by("files", sentence)
}

/// Refuses an answer to what is not there.
pub(super) fn no_parent() -> ServiceError {
    let sentence = "the message you answer does not exist in this channel, or was deleted";
    ServiceError::not_found_by("parent_message_id", sentence)
}

fn not_answered() -> StoreError {
    StoreError::Other { during: "look up what a send needs".into(), source: "fewer answers than questions".into() }
}
