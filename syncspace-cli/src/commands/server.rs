//! `server …`

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use syncspace_client::Client;
use syncspace_protocol::Patch;
use syncspace_protocol::server::{Banner, EditServerSettings};

use crate::args::server as args;
use crate::context::Context;
use crate::exit::{During, Outcome};
use crate::records::server::ServerStatus;

pub(super) async fn run(context: &Context, args: args::Server) -> Outcome {
    match args {
        args::Server::Status => status(context).await,
        args::Server::Settings => context.out.record(&context.client()?.server_settings().await?),
        args::Server::Edit { registration } => {
            let edit = EditServerSettings {
                registration: registration.mode().map_or(Patch::Clear, Patch::Set),
                ..EditServerSettings::default()
            };
            settle(context, edit, "change who may make an account", "it is changed who may make an account").await
        }
        args::Server::Banner(args::ServerBanner::Set(banner)) => {
            let after = |s: u32| (Timestamp::now() + SignedDuration::from_secs(s.into())).into();
            let until = banner.until.or_else(|| banner.for_s.map(after));
            let banner = Banner { level: banner.level(), text: banner.text, until };
            let edit = EditServerSettings { banner: Patch::Set(banner), ..EditServerSettings::default() };
            settle(context, edit, "show everybody a banner", "everybody sees the banner").await
        }
        args::Server::Banner(args::ServerBanner::Show) => {
            let banner = context.client()?.server_settings().await?.banner;
            let shown: Vec<Banner> = banner.into_iter().filter(|one| one.is_current(Timestamp::now().into())).collect();
            context.out.list(&shown)
        }
        args::Server::Banner(args::ServerBanner::Clear) => {
            let edit = EditServerSettings { banner: Patch::Clear, ..EditServerSettings::default() };
            settle(context, edit, "take the banner away", "the banner is gone").await
        }
        args::Server::Retention { keep } => super::retention::of_server(context, keep).await,
        args::Server::Statistics => {
            let statistics = context.client()?.statistics().await?;
            let mut days = vec![statistics.now];
            days.extend(statistics.days);
            context.out.list(&days)
        }
    }
}

async fn settle(context: &Context, edit: EditServerSettings, plan: &str, done: &str) -> Outcome {
    let client = context.client()?;
    if context.only_plans(|| plan.to_owned())? {
        return Ok(());
    }
    let settings = client.edit_server_settings(edit).await.during(|| format!("cannot {plan}"))?;
    context.out.done(done, &settings)
}

async fn status(context: &Context) -> Outcome {
    let client = Client::new(context.server_or_local()?)?;
    // The first request makes the connection, the second is timed on it.
    let ready = client.ready().await;
    let started = Instant::now();
    let info = client.server_info().await?;
    let latency_ms = (started.elapsed().as_secs_f64() * 10_000.0).round() / 10.0;
    let server = client.server().to_string();
    context.out.record(&ServerStatus { server, ready: ready.is_ok(), latency_ms, info })?;
    ready.during(|| "the server answers but is not ready".to_owned())
}
