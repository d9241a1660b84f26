//! Search in messages: bodies of `GET /search`, and what both sides know of words and queries.
//!
//! Pure, so that a client may search what it keeps by the same rules: [`words`] takes texts apart, [`query`] reads what
//! was typed, [`matching`] tells whether and where a text has it, [`traits`] what else a message has and is.

pub mod matching;
pub mod query;
pub mod traits;
pub mod words;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::TeamId;
use crate::messages::Message;

/// In which order hits come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchSort {
    /// Newest first.
    #[default]
    Time,
    /// Best first, among the newest hits.
    Relevance,
}

/// Query of `GET /search`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SearchParams {
    /// What to look for: words, "phrases", filters like `from:@alice`, and `-` before any of them. At most 500 characters.
    pub q: String,
    /// The team to search in.
    pub team_id: TeamId,
    /// In which order hits come; `time` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<SearchSort>,
    /// Where days begin for `before:`, `after:` and `on:`: `Europe/Berlin` or `+02:00`; UTC where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// `next` of the page before; absent for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Most hits wanted, 1 to 50; 20 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A page of hits. There is no number of all hits: it would cost more than the page, and could tell what is hidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SearchPage {
    /// The hits, in the order asked for.
    pub items: Vec<SearchHit>,
    /// Opaque cursor of the next page; null where nothing more was found.
    pub next: Option<String>,
    /// Whether the work allowed for one request ended before the search did. By time, `next` goes on from there; by
    /// relevance, only the newest hits were compared.
    pub is_partial: bool,
    /// Whether changes of channels you may read are not in the index yet.
    pub behind: bool,
    /// How many changes those are; not all of them are messages.
    pub behind_changes: u64,
}

/// A message that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SearchHit {
    /// The message as it is now.
    pub message: Message,
    /// What of its content was found, in order and without overlap; empty where only filters were asked for.
    pub highlights: Vec<Highlight>,
    /// What stands around it.
    pub context: SearchContext,
}

/// A part of a message's content, in bytes of UTF-8: from `start` up to `end`, which is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Highlight {
    /// First byte.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
}

/// What stands around a hit; deleted messages are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SearchContext {
    /// The message before it in the channel; null for a reply.
    pub before: Option<Message>,
    /// The message after it in the channel; null for a reply.
    pub after: Option<Message>,
    /// For a reply, the message that its thread is about.
    pub root: Option<Message>,
}
