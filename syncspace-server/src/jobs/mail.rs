//! Sending mail: few at once, each bounded in time, so that a mail server that is slow or dead delays nothing else.

use std::collections::BTreeSet;
use std::error::Error;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{debug, warn};

use crate::service::{Service, ServiceError, Turn};

/// Mails under way at a time: a connection to the mail server for each.
const AT_ONCE: usize = 4;
/// Longest wait between two looks: what other instances noted is not told to this one.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is under way, by name.
type UnderWay = BTreeSet<String>;

/// Sends what is due; returns where another instance has the turn. An instance that sends no mail only keeps the turn.
///
/// Each mail is a task of its own, as deliveries are.
pub(super) async fn watch(service: &Arc<Service>, turn: &Turn) {
    if !service.sends_mail() {
        return std::future::pending().await;
    }
    let mut under_way = UnderWay::new();
    let mut running = JoinSet::new();
    loop {
        let wait = match start(service, turn, &mut under_way, &mut running).await {
            Ok(None) => return,
            Ok(Some(wait)) => wait,
            Err(error) => {
                debug!(error = &error as &dyn Error, "could not look for mail to send; tried again");
                LOOK_EVERY
            }
        };
        tokio::select! {
            Some(ended) = running.join_next(), if !running.is_empty() => {
                let (name, outcome): (String, Result<(), ServiceError>) =
                    ended.unwrap_or_else(|error| resume_unwind(error.into_panic()));
                under_way.remove(&name);
                if let Err(error) = outcome {
                    // It is due still, and looked at again; not at once, lest a broken one is tried without end.
                    warn!(error = &error as &dyn Error, "what came of a mail was not written down; it is sent again");
                    sleep(LOOK_EVERY).await;
                }
            }
            () = sleep(wait) => {}
            () = service.mail_came() => {}
        }
    }
}

/// Begins what there is room for, and gives how long to wait before the next look.
async fn start(
    service: &Arc<Service>,
    turn: &Turn,
    under_way: &mut UnderWay,
    running: &mut JoinSet<(String, Result<(), ServiceError>)>,
) -> Result<Option<Duration>, ServiceError> {
    let room = AT_ONCE - under_way.len();
    if room == 0 {
        return Ok(Some(LOOK_EVERY));
    }
    let busy: Vec<_> = under_way.iter().cloned().collect();
    let Some(due) = service.due_mails(turn, &busy, room).await? else { return Ok(None) };
    for mail in due {
        under_way.insert(mail.name.clone());
        let service = Arc::clone(service);
        running.spawn(async move { (mail.name.clone(), service.send_mail(mail).await) });
    }
    let next = if under_way.is_empty() { service.next_mail().await? } else { None };
    Ok(Some(next.unwrap_or(LOOK_EVERY).min(LOOK_EVERY)))
}
