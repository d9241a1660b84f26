//! One request on its way to its handler: first as it came, then checked.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, header};
use syncspace_protocol::{ErrorCode, text::clean_line};
use uuid::Uuid;

use super::State;
use super::reply::Failure;
use crate::net::Peer;
use crate::rate_limit::RateLimits;
use crate::service::{Actor, Needs, Origin, Service, lacks};

/// Longest request id that is taken from a request, in characters.
const REQUEST_ID_CHARS_MAX: usize = 64;
/// Kept of a program's name for itself, in characters.
const USER_AGENT_CHARS_MAX: usize = 200;

/// Name of one request in the log and in its reply.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(Arc<str>);

impl RequestId {
    /// Takes the request's own `x-request-id` where it is harmless, else makes one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get("x-request-id").and_then(|value| value.to_str().ok());
        let is_harmless = |text: &&str| {
            (1..=REQUEST_ID_CHARS_MAX).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        };
        match given.filter(is_harmless) {
            Some(text) => Self(text.into()),
            None => Self(Uuid::now_v7().simple().to_string().into()),
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The body as it arrives.
pub(crate) type BodyStream = Pin<Box<dyn Stream<Item = Result<Bytes, warp::Error>> + Send + Sync>>;

/// A request whose path has matched, as it came.
pub(crate) struct Asked {
    pub(crate) state: Arc<State>,
    pub(crate) headers: HeaderMap,
    /// What stands behind the `?`, or nothing.
    pub(crate) query: String,
    pub(crate) peer: Peer,
    pub(crate) body: BodyStream,
    /// What the route asks of a credential.
    pub(crate) needs: Needs,
}

impl Asked {
    /// Gives where the request comes from.
    pub(crate) fn origin(&self) -> Origin {
        let user_agent = self.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let clean = |text: &str| clean_line(text).chars().take(USER_AGENT_CHARS_MAX).collect();
        Origin { address: self.peer.0.ip().to_canonical(), user_agent: user_agent.map(clean) }
    }

    fn bearer_token(&self) -> Option<&str> {
        let (scheme, token) = self.headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }
}

/// Who may call a route.
pub(crate) trait Who: Sized + Send {
    /// Whether the route needs an access token.
    const NEEDS_TOKEN: bool;
    /// Finds out who asks, or refuses.
    fn identify(asked: &Asked) -> impl Future<Output = Result<Self, Failure>> + Send;
    /// Gives the actor, where there is one.
    fn actor(&self) -> Option<&Actor>;
}

/// Anyone, also without a token.
pub(crate) struct Anyone;

impl Who for Anyone {
    const NEEDS_TOKEN: bool = false;

    async fn identify(_asked: &Asked) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn actor(&self) -> Option<&Actor> {
        None
    }
}

impl Who for Actor {
    const NEEDS_TOKEN: bool = true;

    async fn identify(asked: &Asked) -> Result<Self, Failure> {
        let missing =
            || Failure::new(ErrorCode::Unauthenticated, "send your access token as `Authorization: Bearer TOKEN`");
        let token = asked.bearer_token().ok_or_else(missing)?;
        let actor = asked.state.service()?.authenticate(token).await?;
        asked.state.limits.take_request(actor.user_id)?;
        actor.grant.check(asked.needs).map_err(lacks)?;
        Ok(actor)
    }

    fn actor(&self) -> Option<&Actor> {
        Some(self)
    }
}

/// A checked request, as handlers take it: path, query and body in their types.
pub(crate) struct Call<P = (), Q = (), B = (), W = Actor> {
    pub(crate) service: Arc<Service>,
    pub(crate) limits: Arc<RateLimits>,
    pub(crate) who: W,
    pub(crate) origin: Origin,
    pub(crate) path: P,
    pub(crate) query: Q,
    pub(crate) body: B,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_harmless_request_id_is_kept_and_any_other_replaced() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-request-id", text.parse().expect("a header value"));
            RequestId::of(&headers).to_string()
        };
        assert_eq!(of("abc-123_x.y"), "abc-123_x.y");
        for odd in ["", "a b", "a\"b", &"x".repeat(65)] {
            let made = of(odd);
            assert!(made != odd && made.len() == 32, "{made}");
        }
    }
}
