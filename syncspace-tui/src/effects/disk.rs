//! Effects on what is kept on disk: asks the cache's thread, and passes its answers on.

use std::time::Duration;

use syncspace_protocol::{ChannelId, ClientId, Seq, UserId};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Effects;
use crate::app::Net;
use crate::app::kept::{Keep, Snapshot};
use crate::app::kept_query::KeptQuery;
use crate::app::timeline::Part;
use crate::cache::{self, Cache};

/// Longest wait of the first picture for what is kept on disk.
const CACHE_WAIT: Duration = Duration::from_millis(250);
/// Why there is no cache, where its thread could not say it.
const CACHE_ENDED: &str = "it could not be opened";

/// What is kept, on its way.
type CacheOpening = oneshot::Receiver<Result<Snapshot, String>>;

impl Effects {
    /// Reads what is kept of an account, for the first picture; nothing where it comes later, as an answer.
    pub(crate) async fn read_cache(&mut self, user_id: UserId) -> Option<Result<Snapshot, String>> {
        let Some(mut snapshot) = self.start_cache(user_id) else { return Some(Err(CACHE_ENDED.to_owned())) };
        if let Ok(opened) = timeout(CACHE_WAIT, &mut snapshot).await {
            return Some(opened.unwrap_or_else(|_| Err(CACHE_ENDED.to_owned())));
        }
        self.answer_opened(user_id, snapshot);
        None
    }

    pub(super) fn start_cache(&mut self, user_id: UserId) -> Option<CacheOpening> {
        self.desk.owner = Some(user_id);
        let directory = self.desk.store.path().with_file_name("cache");
        let server = self.client.as_ref()?.server().to_string();
        match Cache::start(cache::path(&directory, &server, user_id)) {
            Ok((cache, snapshot)) => {
                self.cache = Some(cache);
                Some(snapshot)
            }
            Err(error) => {
                tracing::warn!(%error, "there is no thread for the cache");
                None
            }
        }
    }

    pub(super) fn open_cache(&mut self, user_id: UserId) {
        match self.start_cache(user_id) {
            Some(snapshot) => self.answer_opened(user_id, snapshot),
            None => self.answer_later(async move { Net::CacheOpened { user_id, answer: Err(CACHE_ENDED.to_owned()) } }),
        }
    }

    fn answer_opened(&mut self, user_id: UserId, snapshot: CacheOpening) {
        self.answer_later(async move {
            let answer = snapshot.await.unwrap_or_else(|_| Err(CACHE_ENDED.to_owned()));
            Net::CacheOpened { user_id, answer: answer.map(Box::new) }
        });
    }

    /// Writes to the cache. Of messages on their way it is said when they are on disk.
    pub(super) fn keep(&mut self, keeps: Vec<Keep>) {
        let Some(cache) = &self.cache else { return };
        let client_ids: Vec<ClientId> = keeps
            .iter()
            .filter_map(|keep| match keep {
                Keep::Parcel(parcel) => Some(parcel.client_id.clone()),
                _ => None,
            })
            .collect();
        if client_ids.is_empty() {
            if let Err(reason) = cache.write(keeps) {
                self.answer_later(async move { Net::Kept { client_ids, answer: Err(reason) } });
            }
            return;
        }
        let written = cache.write_now(keeps);
        self.answer_later(async move {
            let answer = match written {
                Ok(written) => written.await.unwrap_or_else(|_| Err(CACHE_ENDED.to_owned())),
                Err(reason) => Err(reason),
            };
            Net::Kept { client_ids, answer }
        });
    }

    pub(super) fn load_kept(&mut self, channel_id: ChannelId, before: Option<Seq>) {
        let log = self.cache.as_ref().map(|cache| cache.load(channel_id, before));
        self.answer_later(async move {
            let log = match log {
                Some(log) => log.await.ok().flatten().map(Box::new),
                None => None,
            };
            Net::KeptLog { channel_id, before, log }
        });
    }

    pub(super) fn load_kept_part(&mut self, channel_id: ChannelId, part: Part) {
        let log = self.cache.as_ref().map(|cache| cache.load_part(channel_id, part));
        self.answer_later(async move {
            let log = match log {
                Some(log) => log.await.ok().flatten().map(Box::new),
                None => None,
            };
            Net::KeptPart { channel_id, part, log }
        });
    }

    pub(super) fn search_kept(&mut self, number: u64, query: KeptQuery) {
        let hits = self.cache.as_ref().map(|cache| cache.search(query));
        self.answer_later(async move {
            let answer = match hits {
                Some(hits) => hits.await.unwrap_or_else(|_| Err(CACHE_ENDED.to_owned())),
                None => Err("there is no cache".to_owned()),
            };
            Net::KeptHits { number, answer }
        });
    }
}
