//! `thread …`

use syncspace_client::Client;
use syncspace_protocol::channels::{MarkRead, MoveMarker};
use syncspace_protocol::personal::ThreadMembership;
use syncspace_protocol::{ChannelId, Seq};

use super::lists::gather_places;
use super::resolve;
use crate::args::{ListLimit, thread as args};
use crate::context::Context;
use crate::exit::{During, Outcome};

pub(super) async fn run(context: &Context, args: args::Thread) -> Outcome {
    let client = &context.client()?;
    match args {
        args::Thread::List { target, part } => list(context, client, target, part).await,
        args::Thread::Follow(which) => choose(context, client, &which, Choice::Follow).await,
        args::Thread::Unfollow(which) => choose(context, client, &which, Choice::Unfollow).await,
        args::Thread::Mute(which) => choose(context, client, &which, Choice::Mute).await,
        args::Thread::Unmute(which) => choose(context, client, &which, Choice::Unmute).await,
        args::Thread::Read { which, up_to, unread_from } => {
            let mark = mark(up_to, unread_from);
            choose(context, client, &which, Choice::Read(mark)).await
        }
    }
}

async fn list(context: &Context, client: &Client, team: Option<String>, part: ListLimit) -> Outcome {
    let team = resolve::team_or_default(context, client, team).await?.team.id;
    context.out.list(&gather_places(part, |query| client.my_threads(team, query)).await?)
}

/// Gives how the marker moves; no place means the newest reply.
fn mark(up_to: Option<Seq>, unread_from: Option<Seq>) -> Option<MarkRead> {
    if let Some(from) = unread_from {
        let seq = Seq::try_from(from.get().saturating_sub(1)).unwrap_or(Seq::ZERO);
        return Some(MarkRead { seq, mode: MoveMarker::Set, known_rev: None });
    }
    up_to.map(|seq| MarkRead { seq, mode: MoveMarker::Advance, known_rev: None })
}

enum Choice {
    Follow,
    Unfollow,
    Mute,
    Unmute,
    Read(Option<MarkRead>),
}

impl Choice {
    const fn verb(&self) -> &'static str {
        match self {
            Self::Follow => "follow",
            Self::Unfollow => "stop following",
            Self::Mute => "mute",
            Self::Unmute => "unmute",
            Self::Read(_) => "move the read marker of",
        }
    }

    async fn make(
        self,
        client: &Client,
        channel: ChannelId,
        newest: Seq,
        seq: Seq,
    ) -> Result<ThreadMembership, syncspace_client::ClientError> {
        match self {
            Self::Follow => client.follow_thread(channel, seq).await,
            Self::Unfollow => client.unfollow_thread(channel, seq).await,
            Self::Mute => client.mute_thread(channel, seq).await,
            Self::Unmute => client.unmute_thread(channel, seq).await,
            Self::Read(mark) => {
                let whole = MarkRead { seq: newest, mode: MoveMarker::Advance, known_rev: None };
                client.read_thread(channel, seq, mark.unwrap_or(whole)).await
            }
        }
    }
}

async fn choose(context: &Context, client: &Client, which: &args::One, choice: Choice) -> Outcome {
    let channel = resolve::conversation(context, client, &which.target).await?;
    let plan = format!("{} the thread {} of {}", choice.verb(), which.seq, which.target);
    if context.only_plans(|| plan.clone())? {
        return Ok(());
    }
    let (id, newest) = (channel.channel.id, channel.head.last_seq);
    let thread = choice.make(client, id, newest, which.seq).await.during(|| format!("cannot {plan}"))?;
    let unread = thread.read.unread_count;
    context.out.done(&format!("done: {plan}; {unread} unread"), &thread)
}
