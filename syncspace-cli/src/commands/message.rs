//! `message …`, but sending and following, which have files of their own.

use syncspace_client::Client;
use syncspace_protocol::limits::PAGE_ITEMS_MAX;
use syncspace_protocol::links::Permalink;
use syncspace_protocol::messages::{EditMessage, Message, MessageQuery};
use syncspace_protocol::{ChannelId, Rev, Seq};

use super::lists::gather_places;
use super::{message_append, message_links, message_marks, message_send, message_tail, resolve, schedule};
use crate::args::{ListLimit, message as args};
use crate::context::Context;
use crate::exit::{CliError, During, Outcome};
use crate::prompt;
use crate::records::message::Names;

pub(super) async fn run(context: &Context, args: args::Message) -> Outcome {
    let client = &context.client()?;
    match args {
        args::Message::List(args) => list(context, client, args).await,
        args::Message::Show { target, seq } => message_links::show(context, client, &target, seq).await,
        args::Message::Link { which, web } => message_links::link(context, client, &which, web).await,
        args::Message::Quote(which) => message_links::quote(context, client, &which).await,
        args::Message::Forward { which, to, text, client_id } => {
            message_links::forward(context, client, &which, &message_links::Copy { to, text, client_id }).await
        }
        args::Message::Send(args) => message_send::send(context, client, args).await,
        args::Message::Edit { which, text, expected_rev } => edit(context, client, &which, (text, expected_rev)).await,
        args::Message::Append { which, text } => message_append::append(context, client, &which, text).await,
        args::Message::History(which) => message_marks::history(context, client, &which).await,
        args::Message::Pin(which) => message_marks::pin(context, client, &which).await,
        args::Message::Unpin(which) => message_marks::unpin(context, client, &which).await,
        args::Message::Pins { target, part } => message_marks::pins(context, client, &target, part).await,
        args::Message::Schedule(args) => schedule::schedule(context, client, args).await,
        args::Message::Delete(which) => delete(context, client, &which).await,
        args::Message::React { which, emoji } => message_marks::react(context, client, &which, &emoji).await,
        args::Message::Unreact { which, emoji } => message_marks::unreact(context, client, &which, &emoji).await,
        args::Message::Reactions { which, emoji, limit } => {
            message_marks::reactions(context, client, &which, (emoji, limit)).await
        }
        args::Message::Save(which) => save(context, client, &which, true).await,
        args::Message::Unsave(which) => save(context, client, &which, false).await,
        args::Message::Saved { target, part } => saved(context, client, target, part).await,
        args::Message::Tail(args) => message_tail::tail(context, client, args).await,
    }
}

async fn list(context: &Context, client: &Client, args: args::List) -> Outcome {
    let (channel, args) = if Permalink::is_meant_by(&args.target) {
        let (channel, seq) = message_links::linked(client, &args.target)?;
        if args.before.or(args.after).or(args.around).or(args.thread).is_some() {
            let message = "the link names the place already: leave out --before, --after, --around and --thread";
            return Err(CliError::Usage(message.to_owned()));
        }
        (channel, args::List { around: Some(seq), ..args })
    } else {
        (resolve::conversation(context, client, &args.target).await?.channel.id, args)
    };
    let messages = if let Some(seq) = args.thread {
        thread(client, channel, seq, args.limit).await?
    } else if let Some(after) = args.after {
        read_after(client, channel, after, args.limit).await?.messages
    } else if let Some(around) = args.around {
        let query = MessageQuery {
            around: Some(around),
            limit: Some(args.limit.min(PAGE_ITEMS_MAX)),
            ..MessageQuery::default()
        };
        client.messages(channel, query).await?.items
    } else {
        read_before(client, channel, args.before, args.limit).await?.messages
    };
    context.out.list(&Names::new(client).rows(messages).await)
}

/// Part of a log, oldest first, and from where its future follows.
pub(super) struct Log {
    pub(super) messages: Vec<Message>,
    /// Place of the newest message of the channel when its newest page was read.
    pub(super) last_seq: Seq,
    /// The channel's rev when that page was read.
    pub(super) rev: Rev,
}

/// Reads the `wanted` messages before a place, or the newest ones.
pub(super) async fn read_before(client: &Client, channel: ChannelId, before: Option<Seq>, wanted: u32) -> Outcome<Log> {
    let mut left = wanted;
    let mut before = before;
    let mut pages = Vec::new();
    let mut head = None;
    loop {
        let query = MessageQuery { before, limit: Some(left.clamp(1, PAGE_ITEMS_MAX)), ..MessageQuery::default() };
        let mut page = client.messages(channel, query).await?;
        head.get_or_insert((page.last_seq, page.rev));
        let surplus = page.items.len().saturating_sub(usize::try_from(left).unwrap_or(usize::MAX));
        page.items.drain(..surplus);
        left -= u32::try_from(page.items.len()).unwrap_or(left);
        let is_last = page.next.is_none() || page.items.is_empty();
        before = page.items.first().map(|message| message.seq);
        pages.push(page.items);
        if left == 0 || is_last {
            break;
        }
    }
    let (last_seq, rev) = head.unwrap_or((Seq::ZERO, Rev::ZERO));
    Ok(Log { messages: pages.into_iter().rev().flatten().collect(), last_seq, rev })
}

/// Reads up to `wanted` messages after a place.
pub(super) async fn read_after(client: &Client, channel: ChannelId, after: Seq, wanted: u32) -> Outcome<Log> {
    let mut log = Log { messages: Vec::new(), last_seq: after, rev: Rev::ZERO };
    let mut after = after;
    let mut left = wanted;
    loop {
        let query =
            MessageQuery { after: Some(after), limit: Some(left.min(PAGE_ITEMS_MAX)), ..MessageQuery::default() };
        let page = client.messages(channel, query).await?;
        (log.last_seq, log.rev) = (page.last_seq, page.rev);
        left -= u32::try_from(page.items.len()).unwrap_or(left).min(left);
        let is_last = page.next.is_none() || page.items.is_empty();
        if let Some(newest) = page.items.last() {
            after = newest.seq;
        }
        log.messages.extend(page.items);
        if left == 0 || is_last {
            return Ok(log);
        }
    }
}

async fn thread(client: &Client, channel: ChannelId, root: Seq, wanted: u32) -> Outcome<Vec<Message>> {
    let mut messages = Vec::new();
    let mut after = None;
    let mut left = wanted;
    loop {
        let query = MessageQuery { after, limit: Some(left.min(PAGE_ITEMS_MAX)), ..MessageQuery::default() };
        let page = client.thread(channel, root, query).await.during(|| format!("thread {root}"))?;
        if messages.is_empty() {
            messages.push(page.root);
        }
        left -= u32::try_from(page.items.len()).unwrap_or(left).min(left);
        after = page.items.last().map(|message| message.seq);
        messages.extend(page.items);
        if left == 0 || after.is_none() || page.next.is_none() {
            return Ok(messages);
        }
    }
}

async fn edit(
    context: &Context,
    client: &Client,
    which: &args::One,
    (text, expected_rev): (Option<String>, Option<Rev>),
) -> Outcome {
    let content = content(text).await?;
    let channel = resolve::conversation(context, client, &which.target).await?.channel.id;
    if context.only_plans(|| format!("change {}", named(which)))? {
        return Ok(());
    }
    let during = || format!("cannot change {}", named(which));
    let message =
        client.edit_message(channel, which.seq, EditMessage { content, expected_rev }).await.during(during)?;
    context.out.entry(&Names::new(client).row(message).await)
}

async fn delete(context: &Context, client: &Client, which: &args::One) -> Outcome {
    let channel = resolve::conversation(context, client, &which.target).await?.channel.id;
    if context.only_plans(|| format!("delete {}", named(which)))? {
        return Ok(());
    }
    context.confirm(format!("Delete {}?", named(which))).await?;
    client.delete_message(channel, which.seq).await.during(|| format!("cannot delete {}", named(which)))?;
    context.out.say(&format!("{} deleted", named(which)));
    Ok(())
}

async fn save(context: &Context, client: &Client, which: &args::One, is_saved: bool) -> Outcome {
    let channel = resolve::conversation(context, client, &which.target).await?.channel.id;
    let verb = if is_saved { "save" } else { "unsave" };
    if context.only_plans(|| format!("{verb} {}", named(which)))? {
        return Ok(());
    }
    let during = || format!("cannot {verb} {}", named(which));
    let mark = if is_saved {
        client.save_message(channel, which.seq).await.during(during)?
    } else {
        client.unsave_message(channel, which.seq).await.during(during)?
    };
    context.out.done(&format!("{} {verb}d", named(which)), &mark)
}

async fn saved(context: &Context, client: &Client, team: Option<String>, part: ListLimit) -> Outcome {
    let team = resolve::team_or_default(context, client, team).await?.team.id;
    let saved = gather_places(part, |query| client.saved_messages(team, query)).await?;
    context.out.list(&saved)
}

pub(super) fn named(which: &args::One) -> String {
    format!("message {} of {}", which.seq, which.target)
}

/// Gives the text of a message: as typed, or standard input where it is `-` or absent and nobody types there.
pub(super) async fn content(text: Option<String>) -> Outcome<String> {
    match text {
        Some(text) if text != "-" => Ok(text),
        None if prompt::stdin_is_terminal() => {
            Err(CliError::Usage("the text is missing: give it, or `-` to type it on standard input".to_owned()))
        }
        _ => prompt::blocking(prompt::message_from_stdin).await,
    }
}
