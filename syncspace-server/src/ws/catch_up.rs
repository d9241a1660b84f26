//! What a socket does beside its frames: sends missed changes, looks again what its person may follow, and ends.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::limits::{FRAME_BYTES_MAX, PAGE_ITEMS_MAX};
use syncspace_protocol::reactions::MyReactions;
use syncspace_protocol::socket::{CloseReason, Event, EventBody};
use syncspace_protocol::sync::{Change, Changes, ChangesQuery};
use syncspace_protocol::{Rev, Seq, StreamId};
use tokio::time::Instant;

use super::account::AccountDigest;
use super::socket::{End, Socket, Talk};
use crate::realtime::Frame;
use crate::service::{Device, Missed, ServiceError};

/// Pause before a page that could not be read is asked for again.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Room in a frame for what surrounds its items, in bytes.
const FRAME_MARGIN_BYTES: usize = 1_024;

/// Most channels whose missed changes are read together.
const MISSED_CHANNELS_MAX: usize = 64;

/// Bytes of missed changes that are gathered before they are written.
const WRITE_BYTES: usize = 64 * 1024;

impl Socket {
    /// Does one thing that waits: at most one page, so that frames of the client are not kept waiting. True while there is more.
    pub(super) async fn catch_up(&mut self, talk: &mut Talk) -> Result<bool, End> {
        let duty = talk.connection.take_duty();
        if let Some(reason) = duty.ended {
            return Err(End::Close(reason));
        }
        self.service.watch_again(&talk.actor, &talk.connection, &duty.doubted).await;
        if duty.needs_refresh {
            self.refresh(talk).await?;
            return Ok(true);
        }
        // While nobody knows who lost access, the streams wait; the connection is woken when they go on.
        let Some((stream, after)) = duty.behind.filter(|_| !self.service.realtime().is_withholding()) else {
            return Ok(false);
        };
        // Before anything is read: who comes in again meanwhile keeps what that gives.
        let as_of = talk.connection.moves();
        if matches!(stream, StreamId::Channel(_)) && self.send_missed(talk, as_of).await? {
            return Ok(true);
        }
        let query = ChangesQuery { after, limit: Some(PAGE_ITEMS_MAX) };
        match self.service.changes(&talk.actor, stream, query).await {
            Ok(page) => self.send_page(talk, after, page).await?,
            Err(error) => self.cannot_continue(talk, stream, as_of, &error).await?,
        }
        Ok(true)
    }

    /// Sends one page of what was missed in as many channels as it holds; false where one of them cannot be read.
    async fn send_missed(&mut self, talk: &mut Talk, as_of: u64) -> Result<bool, End> {
        let behind = talk.connection.behind_channels(MISSED_CHANNELS_MAX);
        let missed = match self.service.missed(&talk.actor, &behind).await {
            Ok(missed) => missed,
            // One of them may be at fault: each is read by itself, in turn.
            Err(error) if !matches!(error, ServiceError::Unavailable { .. }) => return Ok(false),
            // Away for all of them alike: each pauses.
            Err(error) => {
                super::requests::log_fault(&error);
                let until = Instant::now() + RETRY_PAUSE;
                behind.iter().for_each(|&(channel, _)| talk.connection.pause(StreamId::Channel(channel), until));
                return Ok(true);
            }
        };
        let (mut frames, mut bytes, mut sent) = (Vec::new(), 0, Vec::new());
        for (channel, missed) in missed {
            let stream = StreamId::Channel(channel);
            match missed {
                // The person's own stream says so, in its place among what came before and after.
                Missed::Gone => self.service.realtime().lose(&talk.connection, stream, as_of),
                Missed::Reload(head) => {
                    let event = Event { stream: Some(stream), rev: Some(head), body: EventBody::StreamReload {} };
                    frames.extend(frame_of(&event));
                    sent.push((stream, head));
                }
                Missed::Page(page) => {
                    sent.push((stream, page.rev));
                    if page.rev > page.after || !page.items.is_empty() {
                        frames.extend(split(page).into_iter().filter_map(|part| frame_of(&Event::from_changes(part))));
                    }
                }
            }
            bytes = frames.iter().map(|frame: &Frame| frame.encoded().len()).sum();
            if bytes >= WRITE_BYTES {
                self.write_missed(talk, &mut frames, &mut sent).await?;
            }
        }
        if bytes > 0 || !sent.is_empty() {
            self.write_missed(talk, &mut frames, &mut sent).await?;
        }
        Ok(true)
    }

    async fn write_missed(
        &mut self,
        talk: &mut Talk,
        frames: &mut Vec<Frame>,
        sent: &mut Vec<(StreamId, Rev)>,
    ) -> Result<(), End> {
        self.write(&talk.connection, frames).await?;
        for (stream, rev) in sent.drain(..) {
            // Not live yet: there is another page, or something came meanwhile.
            let _is_live = self.service.realtime().go_on(&talk.connection, stream, rev);
        }
        Ok(())
    }

    async fn send_page(&mut self, talk: &mut Talk, after: Rev, page: Changes) -> Result<(), End> {
        let (stream, rev) = (page.stream, page.rev);
        self.take_mail(talk);
        if rev > after || !page.items.is_empty() {
            for part in split(page) {
                self.send(&Event::from_changes(part)).await?;
            }
        }
        // Not live yet: there is another page, or something came meanwhile.
        let _is_live = self.service.realtime().go_on(&talk.connection, stream, rev);
        Ok(())
    }

    async fn cannot_continue(
        &mut self,
        talk: &mut Talk,
        stream: StreamId,
        as_of: u64,
        error: &ServiceError,
    ) -> Result<(), End> {
        match error.code() {
            ErrorCode::ReloadRequired => match self.service.head_rev(stream).await {
                Ok(head) => {
                    let body = EventBody::StreamReload {};
                    self.send(&Event { stream: Some(stream), rev: Some(head), body }).await?;
                    let _is_live = self.service.realtime().go_on(&talk.connection, stream, head);
                }
                Err(error) => retry_later(talk, stream, &error),
            },
            ErrorCode::NotFound | ErrorCode::Forbidden => self.service.realtime().lose(&talk.connection, stream, as_of),
            _ => retry_later(talk, stream, error),
        }
        Ok(())
    }

    /// Looks again whether the session holds, what the person may follow and what the account is, and tells the client what
    /// came, went and changed.
    async fn refresh(&mut self, talk: &mut Talk) -> Result<(), End> {
        let device = Device { user_id: talk.actor.user_id, session_id: talk.actor.session_id };
        let greeting = match self.service.greet(device, &talk.connection, &mut talk.owed).await {
            Ok(greeting) => greeting,
            Err(error) if error.code() == ErrorCode::SessionEnded => return Err(End::Close(CloseReason::SessionEnded)),
            Err(error) => {
                super::requests::log_fault(&error);
                talk.connection.ask_refresh_at(Instant::now() + RETRY_PAUSE);
                return Ok(());
            }
        };
        talk.actor = greeting.actor;
        let (followed, requested) = (greeting.followed, greeting.requested);
        let account = AccountDigest::of(&greeting.user, &greeting.preferences);
        if std::mem::replace(&mut talk.account, account) != account {
            let (user, preferences) = (Box::new(greeting.user), Box::new(greeting.preferences));
            self.send(&Event::outside_streams(EventBody::MyAccount { user, preferences })).await?;
        }
        // A new one may have found no room. Who was told it is told it once more.
        let (number, banner) = self.service.banner();
        if std::mem::replace(&mut talk.banner, number) != number {
            self.send(&Event::outside_streams(EventBody::ServerBanner { banner })).await?;
        }
        if !followed.left.is_empty() {
            let watched = self.service.realtime().watched_by(&talk.connection);
            self.service.watch_again(&talk.actor, &talk.connection, &watched).await;
        }
        let is_same_teams = followed.joined.is_empty();
        for team_id in followed.left {
            self.send(&Event::outside_streams(EventBody::MyTeamLeft { team_id })).await?;
        }
        for team in followed.joined {
            self.send(&Event::outside_streams(EventBody::MyTeamJoined { team })).await?;
        }
        if requested != talk.requested {
            let team_ids = requested.iter().copied().collect();
            talk.requested = requested;
            self.send(&Event::outside_streams(EventBody::MyJoinRequests { team_ids })).await?;
        }
        for (stream, rev) in followed.added {
            if let Some(unnamed) = &mut talk.unnamed {
                unnamed.insert(stream, rev);
                continue;
            }
            if is_same_teams && matches!(stream, StreamId::Channel(_)) {
                // It was here, went and came back, or came while nobody told: what was said meanwhile went to nobody.
                self.send(&Event { stream: Some(stream), rev: Some(rev), body: EventBody::StreamReload {} }).await?;
            }
            self.service.realtime().follow(&talk.connection, stream, rev);
        }
        Ok(())
    }
}

fn frame_of(event: &Event) -> Option<Frame> {
    match serde_json::to_string(event) {
        Ok(text) => Some(Frame::text(&text)),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a frame cannot be written");
            None
        }
    }
}

/// Lets a stream pause that could not be read; the others go on.
fn retry_later(talk: &Talk, stream: StreamId, error: &ServiceError) {
    super::requests::log_fault(error);
    talk.connection.pause(stream, Instant::now() + RETRY_PAUSE);
}

/// Splits a page into frames of bounded length; each but the last ends where a rev is complete.
fn split(page: Changes) -> Vec<Changes> {
    let mut parts = Vec::new();
    let mut items: Vec<Change> = Vec::new();
    let (mut bytes, mut after) = (0, page.after);
    let mut mine: BTreeMap<Seq, MyReactions> = page.my_reactions.into_iter().map(|mine| (mine.seq, mine)).collect();
    for item in page.items {
        let length = length_of(&item) + beside(&item, &mine).map_or(0, length_of);
        let is_next_rev = items.last().is_some_and(|last| last.rev() != item.rev());
        if is_next_rev && bytes + length > FRAME_BYTES_MAX - FRAME_MARGIN_BYTES {
            let rev = items.last().and_then(Change::rev).unwrap_or(page.rev);
            let items = std::mem::take(&mut items);
            let my_reactions = take_mine(&mut mine, &items);
            parts.push(Changes { items, after, rev, epoch: page.epoch.clone(), read: None, my_reactions, ..page });
            after = rev;
            bytes = 0;
        }
        bytes += length;
        items.push(item);
    }
    let my_reactions = take_mine(&mut mine, &items);
    parts.push(Changes { items, after, my_reactions, ..page });
    parts
}

/// Takes what belongs beside these items.
fn take_mine(mine: &mut BTreeMap<Seq, MyReactions>, items: &[Change]) -> Vec<MyReactions> {
    let places = items.iter().filter_map(|item| match item {
        Change::Message { message } => Some(message.seq),
        _ => None,
    });
    places.filter_map(|seq| mine.remove(&seq)).collect()
}

/// Gives what stands beside an item for this receiver.
fn beside<'a>(item: &Change, mine: &'a BTreeMap<Seq, MyReactions>) -> Option<&'a MyReactions> {
    match item {
        Change::Message { message } => mine.get(&message.seq),
        _ => None,
    }
}

/// Counts the bytes of an item as JSON, without keeping them.
fn length_of<T: Serialize>(item: &T) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting cannot fail, and what cannot be written is reported when it is sent.
    drop(item.serialize(&mut serde_json::Serializer::new(&mut count)));
    count.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncspace_protocol::channels::ReadMarker;
    use syncspace_protocol::messages::{Message, MessageType};
    use syncspace_protocol::reactions::Reactions;
    use syncspace_protocol::{Epoch, Mentions, Time};

    fn message(seq: u64, rev: u64, bytes: usize) -> Change {
        let time = Time::from_unix_ms(0).unwrap();
        Change::Message {
            message: Message {
                id: seq.try_into().unwrap(),
                channel_id: 1.try_into().unwrap(),
                seq: seq.try_into().unwrap(),
                rev: rev.try_into().unwrap(),
                sender_id: 1.try_into().unwrap(),
                content: "x".repeat(bytes),
                message_type: MessageType::Text,
                file_url: None,
                parent_message_id: None,
                parent_seq: None,
                reply_count: 0,
                last_reply_at: None,
                is_edited: false,
                edited_at: None,
                deleted_at: None,
                created_at: time,
                updated_at: time,
                client_id: "c".parse().unwrap(),
                mentions: Mentions::default(),
                reactions: Reactions::default(),
                pinned: None,
                code: None,
                forwarded_from: None,
                continued_seq: None,
                files: Vec::new(),
            },
        }
    }

    fn mine(seq: u64) -> MyReactions {
        MyReactions { seq: seq.try_into().unwrap(), emoji: vec!["tada".parse().unwrap()] }
    }

    #[test]
    fn long_pages_go_in_frames_that_end_with_a_whole_rev() {
        // A reply and its root share rev 2; four long messages do not fit into one frame.
        let items = vec![
            message(1, 1, 16_000),
            message(2, 2, 16_000),
            message(3, 2, 16_000),
            message(4, 3, 16_000),
            message(5, 4, 16_000),
        ];
        let read = ReadMarker {
            last_read_seq: 4.try_into().unwrap(),
            unread_count: 1,
            mention_count: 0,
            as_of_rev: 9.try_into().unwrap(),
            rev: 2.try_into().unwrap(),
        };
        let page = Changes {
            stream: "c1".parse().unwrap(),
            epoch: Epoch("e".to_owned()),
            items: items.clone(),
            after: Rev::ZERO,
            rev: 9.try_into().unwrap(),
            head_rev: 9.try_into().unwrap(),
            read: Some(read),
            my_reactions: vec![mine(1), mine(5)],
        };
        let parts = split(page);
        let beside: Vec<_> = parts.iter().map(|part| part.my_reactions.clone()).collect();
        assert_eq!(beside, [vec![mine(1)], vec![mine(5)]], "beside their messages");
        let ranges: Vec<_> = parts.iter().map(|part| (part.after.get(), part.rev.get())).collect();
        assert_eq!(ranges, [(0, 2), (2, 9)]);
        assert_eq!(
            parts.iter().map(|part| part.read).collect::<Vec<_>>(),
            [None, Some(read)],
            "only with the last part"
        );
        let lengths: Vec<usize> = parts.iter().map(|part| serde_json::to_string(part).unwrap().len()).collect();
        assert!(lengths.iter().all(|&length| length <= FRAME_BYTES_MAX), "{lengths:?}");
        assert_eq!(parts.into_iter().flat_map(|part| part.items).collect::<Vec<_>>(), items);
    }
}
