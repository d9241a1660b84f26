//! `status …`

use syncspace_client::Client;
use syncspace_protocol::Patch;
use syncspace_protocol::status::EditStatus;
use syncspace_protocol::users::User;

use super::lists::patch;
use super::schedule::time;
use crate::args::{schedule::When, status as args};
use crate::context::Context;
use crate::exit::{During, Outcome};
use crate::output::local_time;
use crate::records::people::status_text;

pub(super) async fn run(context: &Context, args: args::Status) -> Outcome {
    let client = &context.client()?;
    match args {
        args::Status::Set(args) => set(context, client, args).await,
        args::Status::Clear => clear(context, client).await,
    }
}

async fn set(context: &Context, client: &Client, args: args::Set) -> Outcome {
    let end = time(&When { at: args.until, in_s: args.for_s });
    let edit = EditStatus {
        text: patch(args.text),
        emoji: args.emoji.map_or(Patch::Keep, Patch::Set),
        expires_at: end.map_or(Patch::Keep, Patch::Set),
        presence: args.presence.map(Into::into),
    };
    if context.only_plans(|| "change your status".to_owned())? {
        return Ok(());
    }
    let me = client.set_status(edit).await.during(|| "cannot change your status".to_owned())?;
    context.out.done(&sentence(&me), &me)
}

async fn clear(context: &Context, client: &Client) -> Outcome {
    if context.only_plans(|| "take your status away".to_owned())? {
        return Ok(());
    }
    let edit = EditStatus { text: Patch::Clear, emoji: Patch::Clear, ..EditStatus::default() };
    let me = client.set_status(edit).await.during(|| "cannot take your status away".to_owned())?;
    context.out.done(&sentence(&me), &me)
}

/// Says what others see of a person now.
fn sentence(me: &User) -> String {
    let presence = match serde_json::to_value(me.chosen_presence) {
        Ok(serde_json::Value::String(word)) => format!(", presence {word}"),
        _ => String::new(),
    };
    match &me.custom_status {
        None => format!("your status is empty{presence}"),
        Some(status) => {
            let end = status.expires_at.map(|end| format!(" until {}", local_time(end))).unwrap_or_default();
            format!("your status is {}{end}{presence}", status_text(status))
        }
    }
}
