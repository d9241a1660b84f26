//! Appending the messages of an import to its channels, each at the place that its number says.
//!
//! Nothing follows from an imported message but its row and its place in the search: it names nobody, is unread for nobody, and
//! rings nowhere. Nobody follows its channel, so it is not announced either.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;

use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::files::FileInfo;
use syncspace_protocol::messages::{ForwardedFrom, Message, ThreadState};
use syncspace_protocol::{ChannelId, ClientId, FileId, Mentions, MessageId, Rev, Seq, StreamId, UserId};

use super::import_messages::{Parsed, shown_reactions};
use super::imports::{Asked, load_open};
use super::team_changes::Refused;
use super::{ServiceError, access};
use crate::log::{Abort, LogError, LogTx, Operation};
use crate::permissions::{Permit, TeamAction};
use crate::store::files::{self, FileRow};
use crate::store::imported::{self, NewReaction};
use crate::store::imports::{self, Stage};
use crate::store::messages::{self, NewMessage};
use crate::store::{IdBlocks, Queries as _, StoreError, threads};

/// Appends messages to a channel of an import; gives the number of the last one that is there.
pub(super) struct ImportMessages {
    asked: Asked,
    channel: ChannelId,
    messages: Vec<Parsed>,
    ids: Vec<MessageId>,
}

impl ImportMessages {
    pub(super) fn new(asked: Asked, channel: ChannelId, messages: Vec<Parsed>) -> Self {
        Self { asked, channel, messages, ids: Vec::new() }
    }
}

impl Operation for ImportMessages {
    type Output = u64;
    type Error = ServiceError;

    fn streams(&self) -> Vec<StreamId> {
        vec![StreamId::Channel(self.channel)]
    }

    fn content_bytes(&self) -> usize {
        self.messages.iter().map(|message| message.content.len()).sum()
    }

    async fn prepare(&mut self, ids: &IdBlocks) -> Result<(), StoreError> {
        self.ids = ids.next_many(self.messages.len()).await?;
        Ok(())
    }

    async fn apply(&self, tx: &mut LogTx<'_>) -> Result<u64, Refused> {
        let (permit, _) = access::on_team(tx.db, &self.asked.actor, self.asked.team, TeamAction::Import).await?;
        load_open(tx.db, self.asked).await?;
        let stage = imports::find_stage(tx.db, self.asked.import, self.channel).await?;
        if !matches!(stage, Some(Stage::Hidden(_))) {
            let sentence = "this channel is shown already, and takes no more of the import";
            return Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)));
        }
        let head = tx.head(StreamId::Channel(self.channel));
        let head = head.ok_or_else(|| Abort::Refused(ServiceError::not_found("channel")))?;
        let new = self.refuse_gaps(tx, head.last_seq).await?;
        let page = Page::load(self, &new, tx).await?;
        let last = page.write(self, &new, tx, &permit).await?;
        Ok(last.unwrap_or(head.last_seq).get())
    }
}

impl ImportMessages {
    /// Gives the places of the messages that are not there yet, which must go on where the channel ends.
    async fn refuse_gaps(&self, tx: &mut LogTx<'_>, last: Seq) -> Result<Range<usize>, Refused> {
        let numbers = self.messages.iter().map(|message| message.number);
        let first = self.messages.first().map_or(1, |message| message.number);
        let is_dense = (first..).zip(numbers).all(|(expected, number)| expected == number);
        if !is_dense || first == 0 || first > last.get() + 1 {
            let sentence = format!(
                "messages are numbered 1, 2, 3 … without gaps; this channel has {} of them, and goes on with number {}",
                last,
                last.next()
            );
            return Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)));
        }
        let known = usize::try_from(last.get() + 1 - first).unwrap_or(usize::MAX).min(self.messages.len());
        if let Some(message) = known.checked_sub(1).and_then(|place| self.messages.get(place)) {
            let seq = Seq::try_from(message.number).unwrap_or(Seq::ZERO);
            if imported::find_digest(tx.db, self.channel, seq).await?.as_ref() != Some(&message.digest) {
                let sentence = format!(
                    "message {} is here already, and another one: the archive is not the one that the import began with",
                    message.number
                );
                return Err(Abort::Refused(ServiceError::refused(ErrorCode::Conflict, sentence)));
            }
        }
        Ok(known..self.messages.len())
    }
}

/// New messages that have their numbers.
#[derive(Default)]
struct Numbered<'a> {
    /// In the order of their places, without gaps.
    rows: Vec<Message>,
    reactions: Vec<NewReaction<'a>>,
    /// Places in `rows` of pinned messages, with the change that pinned each.
    pins: Vec<(usize, Rev)>,
    /// Roots that were answered, with the last change of each.
    touched: BTreeMap<Seq, Rev>,
}

impl Numbered<'_> {
    fn find(&mut self, seq: Seq) -> Option<&mut Message> {
        let first = self.rows.first()?.seq;
        let place = seq.get().checked_sub(first.get()).and_then(|place| usize::try_from(place).ok())?;
        self.rows.get_mut(place)
    }
}

/// What new messages refer to.
struct Page {
    /// Messages that are there, of those that are answered.
    roots: BTreeMap<Seq, Message>,
    files: HashMap<FileId, FileRow>,
}

impl Page {
    async fn load(import: &ImportMessages, new: &Range<usize>, tx: &mut LogTx<'_>) -> Result<Self, Refused> {
        let messages = &import.messages[new.clone()];
        let first = messages.first().map_or(u64::MAX, |message| message.number);
        let answered = messages.iter().filter_map(|message| message.parent.filter(|&parent| parent < first));
        let answered: BTreeSet<_> = answered.filter_map(|number| Seq::try_from(number).ok()).collect();
        let carried = messages.iter().flat_map(|message| message.files.iter().copied()).collect::<Vec<_>>();
        let lookups = vec![
            messages::by_places(answered.iter().map(|&seq| (import.channel, seq))),
            files::by_ids(carried.into_iter()),
        ];
        let found = tx.db.query_many(lookups).await?;
        let [roots, files] = found.as_slice() else {
            return Err(StoreError::Other {
                during: "look up what messages refer to".into(),
                source: "no answer".into(),
            }
            .into());
        };
        let roots = messages::read_all(roots)?.into_iter().map(|root| (root.seq, root));
        let files = files::read_all(files)?.into_iter().map(|file| (file.info.id, file));
        Ok(Self { roots: roots.collect(), files: files.collect() })
    }

    /// Numbers and writes the messages; gives the place of the last one.
    async fn write(
        mut self,
        import: &ImportMessages,
        new: &Range<usize>,
        tx: &mut LogTx<'_>,
        permit: &Permit,
    ) -> Result<Option<Seq>, Refused> {
        let parsed = &import.messages[new.clone()];
        // Rules first, so that a refusal leaves nothing.
        parsed.iter().try_for_each(|message| self.check(message, parsed))?;
        let mut numbered = Numbered::default();
        for (message, &id) in parsed.iter().zip(&import.ids[new.clone()]) {
            self.number(import, message, id, &mut numbered, (&mut *tx, permit))?;
        }
        let Numbered { rows, reactions, pins, touched } = numbered;
        let team = import.asked.team;
        let digests = parsed.iter().map(|message| message.digest.as_str());
        let inserts = rows.iter().zip(digests).map(|(message, digest)| NewMessage { team, message, digest });
        imported::insert(tx.db, &inserts.collect::<Vec<_>>()).await?;
        imported::insert_reactions(tx.db, (team, import.channel), &reactions).await?;
        imported::insert_pins(tx.db, team, pins.iter().map(|&(place, rev)| (&rows[place], rev))).await?;
        self.write_threads(import, &rows, &touched, tx).await?;
        self.attach_files(import, &rows, tx).await?;
        Ok(rows.last().map(|row| row.seq))
    }

    /// Gives a message its numbers: one change for itself, and one for each reaction and its pin, as if they had come one by one.
    fn number<'a>(
        &mut self,
        import: &ImportMessages,
        message: &'a Parsed,
        id: MessageId,
        numbered: &mut Numbered<'a>,
        (tx, permit): (&mut LogTx<'_>, &Permit),
    ) -> Result<(), Refused> {
        let stream = StreamId::Channel(import.channel);
        let seq = tx.next_seq(stream, permit)?;
        let mut row = self.row(import, message, (id, seq))?;
        row.rev = tx.next_rev(stream, permit)?.rev;
        for (emoji, user, at) in &message.reactions {
            row.rev = tx.next_rev(stream, permit)?.rev;
            numbered.reactions.push(NewReaction { seq, rev: row.rev, emoji, user: *user, at: *at });
        }
        if row.pinned.is_some() {
            row.rev = tx.next_rev(stream, permit)?.rev;
            numbered.pins.push((numbered.rows.len(), row.rev));
        }
        if let Some(parent) = message.parent.and_then(|parent| Seq::try_from(parent).ok()) {
            let root = match numbered.find(parent) {
                Some(root) => Some(root),
                None => self.roots.get_mut(&parent),
            };
            let root = root.ok_or_else(|| Abort::Refused(no_root(message)))?;
            (row.parent_message_id, row.parent_seq) = (Some(root.id), Some(root.seq));
            if row.deleted_at.is_none() {
                root.reply_count = root.reply_count.saturating_add(1);
                root.last_reply_at = root.last_reply_at.max(Some(row.created_at));
            }
            root.rev = row.rev;
            numbered.touched.insert(parent, row.rev);
        }
        numbered.rows.push(row);
        Ok(())
    }

    /// Gives files to the messages that carry them.
    async fn attach_files(&self, import: &ImportMessages, rows: &[Message], tx: &mut LogTx<'_>) -> Result<(), Refused> {
        for row in rows {
            for file in &row.files {
                if !files::attach(tx.db, file.id, (import.channel, row.seq), row.created_at).await? {
                    let source = "a file went while a message was to carry it".into();
                    return Err(LogError::from(StoreError::Conflict { source }).into());
                }
            }
        }
        Ok(())
    }

    /// Checks what a message refers to.
    fn check(&self, message: &Parsed, all: &[Parsed]) -> Result<(), Refused> {
        if let Some(parent) = message.parent {
            let first = all.first().map_or(u64::MAX, |message| message.number);
            let place = parent.checked_sub(first).and_then(|place| usize::try_from(place).ok());
            let is_root = match place.and_then(|place| all.get(place)) {
                Some(root) => root.parent.is_none(),
                None => {
                    let root = Seq::try_from(parent).ok().and_then(|seq| self.roots.get(&seq));
                    root.is_some_and(|root| root.parent_seq.is_none())
                }
            };
            if !is_root || parent >= message.number {
                return Err(Abort::Refused(no_root(message)));
            }
        }
        let is_free = |file: &FileRow| file.is_ready && file.message_seq.is_none();
        if message.files.iter().all(|id| self.files.get(id).is_some_and(is_free)) {
            return Ok(());
        }
        let sentence = format!("message {}: a file of it is no longer there; send it once more", message.number);
        Err(Abort::Refused(ServiceError::invalid_field("lines", sentence)))
    }

    fn row(&self, import: &ImportMessages, parsed: &Parsed, (id, seq): (MessageId, Seq)) -> Result<Message, Refused> {
        let files: Vec<FileInfo> =
            parsed.files.iter().filter_map(|id| self.files.get(id)).map(|file| file.info.clone()).collect();
        let client_id = ClientId::try_from(format!("import-{}-{seq}", import.asked.import));
        let client_id = client_id.map_err(|error| Abort::Refused(ServiceError::fault(error)))?;
        Ok(Message {
            id,
            channel_id: import.channel,
            seq,
            rev: Rev::ZERO,
            sender_id: parsed.sender,
            content: parsed.content.clone(),
            message_type: parsed.message_type,
            file_url: files.first().map(FileInfo::path),
            parent_message_id: None,
            parent_seq: None,
            reply_count: 0,
            last_reply_at: None,
            is_edited: parsed.edited_at.is_some(),
            edited_at: parsed.edited_at,
            deleted_at: parsed.deleted_at,
            created_at: parsed.created_at,
            updated_at: parsed.deleted_at.or(parsed.edited_at).unwrap_or(parsed.created_at),
            client_id,
            mentions: Mentions::default(),
            reactions: shown_reactions(&parsed.reactions),
            pinned: parsed.pinned,
            code: parsed.code.clone(),
            forwarded_from: parsed.forwarded_from.map(|sender_id| ForwardedFrom { sender_id, place: None }),
            continued_seq: None,
            files,
        })
    }

    /// Writes what came to threads whose roots were there before, and who takes part in each.
    async fn write_threads(
        &self,
        import: &ImportMessages,
        rows: &[Message],
        touched: &BTreeMap<Seq, Rev>,
        tx: &mut LogTx<'_>,
    ) -> Result<(), Refused> {
        for (seq, &rev) in touched {
            let Some(root) = self.roots.get(seq) else { continue };
            let state = ThreadState {
                root_seq: root.seq,
                root_sender_id: Some(root.sender_id),
                reply_count: root.reply_count,
                last_reply_at: root.last_reply_at,
            };
            messages::set_thread(tx.db, import.channel, &state, tx.now, rev).await?;
        }
        let mut senders: HashMap<Seq, UserId> = rows.iter().map(|row| (row.seq, row.sender_id)).collect();
        senders.extend(self.roots.iter().map(|(&seq, root)| (seq, root.sender_id)));
        let mut seen = HashSet::new();
        let mut entries = Vec::new();
        for row in rows {
            let Some(root) = row.parent_seq else { continue };
            for user in [Some(row.sender_id), senders.get(&root).copied()].into_iter().flatten() {
                if seen.insert((user, root)) {
                    let thread = (import.channel, root);
                    entries.push(threads::Entry { user, team: import.asked.team, thread, last_read_seq: row.seq });
                }
            }
        }
        Ok(threads::enter(tx.db, &entries).await?)
    }
}

fn no_root(message: &Parsed) -> ServiceError {
    let parent = message.parent.unwrap_or_default();
    let sentence =
        format!("message {} answers message {parent}, which is not before it, or is an answer itself", message.number);
    ServiceError::invalid_field("lines", sentence)
}
