//! Sending mail: few at once, each bounded in time, so that a mail server that is slow or dead delays nothing else.

use std::collections::BTreeSet;
use std::error::Error;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use crate::service::{Service, ServiceError, Turn};

/// Mails under way at a time: a connection to the mail server for each.
const AT_ONCE: usize = 4;
/// Longest wait between two looks: what other instances noted is not told to this one.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Longest wait for what is under way when the instance ends. Cut off behind the mail server's word, a mail would come twice.
const END_WAIT: Duration = Duration::from_secs(3);

/// The mails that are under way; dropped, they are cut off.
#[derive(Default)]
pub(super) struct Mails {
    names: BTreeSet<String>,
    running: JoinSet<(String, Result<(), ServiceError>)>,
}

impl Mails {
    /// Sends what is due; returns where another instance has the turn. An instance that sends no mail only keeps the turn.
    ///
    /// Each mail is a task of its own, as deliveries are. What is under way goes on where this is dropped.
    pub(super) async fn watch(&mut self, service: &Arc<Service>, turn: &Turn) {
        if !service.sends_mail() {
            return std::future::pending().await;
        }
        loop {
            let wait = match self.start(service, turn).await {
                Ok(None) => return,
                Ok(Some(wait)) => wait,
                Err(error) => {
                    debug!(error = &error as &dyn Error, "could not look for mail to send; tried again");
                    LOOK_EVERY
                }
            };
            tokio::select! {
                Some(ended) = self.running.join_next(), if !self.running.is_empty() => {
                    let (name, outcome) = ended.unwrap_or_else(|error| resume_unwind(error.into_panic()));
                    self.names.remove(&name);
                    if let Err(error) = outcome {
                        warn_unwritten(&error);
                        // It is due still, and looked at again; not at once, lest a broken one is tried without end.
                        sleep(LOOK_EVERY).await;
                    }
                }
                () = sleep(wait) => {}
                () = service.mail_came() => {}
            }
        }
    }

    /// Begins what there is room for, and gives how long to wait before the next look.
    async fn start(&mut self, service: &Arc<Service>, turn: &Turn) -> Result<Option<Duration>, ServiceError> {
        let room = AT_ONCE - self.names.len();
        if room == 0 {
            return Ok(Some(LOOK_EVERY));
        }
        let busy: Vec<_> = self.names.iter().cloned().collect();
        let Some(due) = service.due_mails(turn, &busy, room).await? else { return Ok(None) };
        for mail in due {
            self.names.insert(mail.name.clone());
            let service = Arc::clone(service);
            self.running.spawn(async move { (mail.name.clone(), service.send_mail(mail).await) });
        }
        let next = if self.names.is_empty() { service.next_mail().await? } else { None };
        Ok(Some(next.unwrap_or(LOOK_EVERY).min(LOOK_EVERY)))
    }

    /// Waits for what is under way, but not for a mail server that is slow.
    pub(super) async fn finish(mut self) {
        let all = async {
            while let Some(ended) = self.running.join_next().await {
                let (_, outcome) = ended.unwrap_or_else(|error| resume_unwind(error.into_panic()));
                outcome.unwrap_or_else(|error| warn_unwritten(&error));
            }
        };
        if timeout(END_WAIT, all).await.is_err() {
            warn!("cut off mails that the mail server did not take in time; they are sent again");
        }
    }
}

fn warn_unwritten(error: &ServiceError) {
    warn!(error = error as &dyn Error, "what came of a mail was not written down; it is sent again");
}
