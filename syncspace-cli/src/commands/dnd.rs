//! `dnd …`

use syncspace_client::Client;
use syncspace_protocol::preferences::{DndHours, EditPreferences, Weekday};
use syncspace_protocol::status::{ChosenPresence, EditStatus};
use syncspace_protocol::{Patch, Time};

use super::schedule::time;
use crate::args::dnd as args;
use crate::context::Context;
use crate::exit::{During, Outcome};
use crate::output::local_time;
use crate::records::people::days_text;

pub(super) async fn run(context: &Context, args: args::Dnd) -> Outcome {
    let client = &context.client()?;
    match args {
        args::Dnd::On { end } => on(context, client, time(&end)).await,
        args::Dnd::Off => off(context, client).await,
        args::Dnd::Hours(args) => hours(context, client, args).await,
    }
}

async fn on(context: &Context, client: &Client, end: Option<Time>) -> Outcome {
    if context.only_plans(|| "let nothing disturb you".to_owned())? {
        return Ok(());
    }
    let during = || "cannot let nothing disturb you".to_owned();
    let Some(end) = end else {
        let edit = EditStatus { presence: Some(ChosenPresence::Dnd), ..EditStatus::default() };
        let me = client.set_status(edit).await.during(during)?;
        return context.out.done("nothing disturbs you until `syncspace dnd off`", &me);
    };
    let edit = EditPreferences { paused_until: Patch::Set(end), ..EditPreferences::default() };
    let preferences = client.edit_preferences(edit).await.during(during)?;
    context.out.done(&format!("nothing disturbs you until {}", local_time(end)), &preferences)
}

async fn off(context: &Context, client: &Client) -> Outcome {
    if context.only_plans(|| "let yourself be disturbed again".to_owned())? {
        return Ok(());
    }
    let during = || "cannot let you be disturbed again".to_owned();
    let edit = EditPreferences { paused_until: Patch::Clear, ..EditPreferences::default() };
    let preferences = client.edit_preferences(edit).await.during(during)?;
    if client.me().await?.chosen_presence == Some(ChosenPresence::Dnd) {
        let edit = EditStatus { presence: Some(ChosenPresence::Online), ..EditStatus::default() };
        client.set_status(edit).await.during(during)?;
    }
    let but = if preferences.dnd_hours.is_some() { ", but at your hours" } else { "" };
    context.out.done(&format!("you may be disturbed again{but}"), &preferences)
}

async fn hours(context: &Context, client: &Client, args: args::Hours) -> Outcome {
    if context.only_plans(|| "change at which hours nothing disturbs you".to_owned())? {
        return Ok(());
    }
    let hours = args.from.zip(args.to).map(|(from, to)| DndHours { from, to, days: days(&args.days) });
    let edit = EditPreferences { dnd_hours: hours.map_or(Patch::Clear, Patch::Set), ..EditPreferences::default() };
    let during = || "cannot change at which hours nothing disturbs you".to_owned();
    let preferences = client.edit_preferences(edit).await.during(during)?;
    let Some(hours) = &preferences.dnd_hours else {
        return context.out.done("there are no such hours any more", &preferences);
    };
    let me = client.me().await?;
    let zone = me.time_zone.map_or_else(
        || format!("in UTC; `syncspace user edit @{} --time-zone ZONE` names your time zone", me.username),
        |zone| format!("in {zone}"),
    );
    let days = days_text(&hours.days);
    context
        .out
        .done(&format!("nothing disturbs you from {} to {} on {days}, {zone}", hours.from, hours.to), &preferences)
}

/// Gives the days that were typed; every day where none was.
fn days(typed: &[args::Day]) -> Vec<Weekday> {
    if typed.is_empty() { Weekday::ALL.to_vec() } else { typed.iter().copied().map(Into::into).collect() }
}
