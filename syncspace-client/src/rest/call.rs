//! One request and its answer, from method and path to the typed result or the server's refusal.

use std::sync::Arc;

use reqwest::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use syncspace_protocol::auth::Secret;
use syncspace_protocol::{ErrorBody, ErrorCode, ErrorDetail};

use super::Client;
use super::repeat::repeat_read;
use crate::ClientError;
use crate::bounds::ANSWER_BYTES_MAX;
use crate::error::BoxError;

/// A request that is being put together: path segments below `/api/v1`, parameters, body.
pub(crate) struct Call<'a> {
    client: &'a Client,
    request: Result<reqwest::RequestBuilder, Arc<reqwest::Error>>,
    /// Whether it changes nothing, and may be made again until it has an answer.
    is_read: bool,
    /// For error messages: method and path.
    name: String,
}

/// A request that goes without a token. A type of its own, because a refresh is one, and must not lead to a refresh.
pub(crate) struct OpenCall<'a>(Call<'a>);

impl Client {
    pub(super) fn get(&self, path: &str) -> Call<'_> {
        self.api(Method::GET, path, &[])
    }

    pub(super) fn post(&self, path: &str) -> Call<'_> {
        self.api(Method::POST, path, &[])
    }

    pub(super) fn put(&self, path: &str) -> Call<'_> {
        self.api(Method::PUT, path, &[])
    }

    pub(super) fn patch(&self, path: &str) -> Call<'_> {
        self.api(Method::PATCH, path, &[])
    }

    pub(super) fn delete(&self, path: &str) -> Call<'_> {
        self.api(Method::DELETE, path, &[])
    }

    /// Starts a call of `path`, of ids and fixed words, and then of `names` that are escaped.
    pub(super) fn api(&self, method: Method, path: &str, names: &[&str]) -> Call<'_> {
        let segments = ["api", "v1"].into_iter().chain(path.split('/')).chain(names.iter().copied());
        self.call(method, segments, format!("/api/v1/{path}"))
    }

    /// Starts a call outside `/api/v1`, of what is so now: a refusal is the answer, and no reason to wait.
    pub(super) fn outside_api(&self, path: &str) -> OpenCall<'_> {
        let call = self.call(Method::GET, path.split('/'), format!("/{path}"));
        Call { is_read: false, ..call }.without_token()
    }

    fn call<'s>(&self, method: Method, segments: impl Iterator<Item = &'s str>, path: String) -> Call<'_> {
        let name = format!("{method} {path}");
        let is_read = method == Method::GET;
        let url = self.server().join(segments);
        let request = self.http().as_ref().map(|http| http.request(method, url)).map_err(Arc::clone);
        Call { client: self, request, is_read, name }
    }
}

impl<'a> Call<'a> {
    pub(super) fn without_token(self) -> OpenCall<'a> {
        OpenCall(self)
    }

    pub(super) fn query(mut self, query: &impl Serialize) -> Self {
        self.request = self.request.map(|request| request.query(query));
        self
    }

    pub(super) fn body(mut self, body: &impl Serialize) -> Self {
        self.request = self.request.map(|request| request.json(body));
        self
    }

    /// Sends bytes that are no JSON.
    pub(super) fn bytes(mut self, bytes: Vec<u8>) -> Self {
        self.request = self.request.map(|request| request.body(bytes));
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request = self.request.map(|request| request.header(name, value));
        self
    }

    /// Gives the same call once more.
    pub(super) fn again(&self) -> Result<Self, ClientError> {
        let request = self.request.as_ref().map_err(|source| self.client.unusable(source))?;
        let request = request.try_clone().ok_or_else(|| ClientError::Protocol {
            during: self.name.clone(),
            source: "its body cannot be sent twice".into(),
        })?;
        Ok(Self { request: Ok(request), name: self.name.clone(), ..*self })
    }

    /// Sends the request and reads the object that it is answered with.
    pub(super) async fn fetch<T: DeserializeOwned>(self) -> Result<T, ClientError> {
        let name = self.name.clone();
        parse(&name, &self.send().await?)
    }

    /// Sends the request; a success has no content that matters.
    pub(super) async fn done(self) -> Result<(), ClientError> {
        self.send().await.map(drop)
    }

    async fn send(self) -> Result<Vec<u8>, ClientError> {
        if self.is_read { repeat_read(|| self.send_once()).await } else { self.send_once().await }
    }

    async fn send_once(&self) -> Result<Vec<u8>, ClientError> {
        let token = self.client.access_token().await?;
        match self.exchange(Some(&token)).await {
            // Once: the token may have ended between our look at the clock and the server's.
            Err(ClientError::Refused(detail)) if is_stale_token(&detail) && !self.client.has_token() => {
                let fresh = self.client.replace_token(&token).await?;
                self.exchange(Some(&fresh)).await
            }
            outcome => outcome,
        }
    }

    async fn exchange(&self, token: Option<&Secret>) -> Result<Vec<u8>, ClientError> {
        let Call { client, request, name, .. } = self.again()?;
        let request = request.map_err(|source| client.unusable(&source))?;
        let request = match token {
            Some(token) => bearing(request, token)?,
            None => request,
        };
        exchange(client, request, &name).await
    }
}

impl OpenCall<'_> {
    pub(super) fn body(self, body: &impl Serialize) -> Self {
        Self(self.0.body(body))
    }

    /// Sends the request and reads the object that it is answered with.
    pub(super) async fn fetch<T: DeserializeOwned>(self) -> Result<T, ClientError> {
        let name = self.0.name.clone();
        parse(&name, &self.send().await?)
    }

    /// Sends the request; a success has no content that matters.
    pub(super) async fn done(self) -> Result<(), ClientError> {
        self.send().await.map(drop)
    }

    async fn send(self) -> Result<Vec<u8>, ClientError> {
        let call = self.0;
        if call.is_read { repeat_read(|| call.exchange(None)).await } else { call.exchange(None).await }
    }
}

pub(super) fn parse<T: DeserializeOwned>(name: &str, answer: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(answer)
        .map_err(|source| ClientError::Protocol { during: name.to_owned(), source: source.into() })
}

/// Tells whether a refusal means that a newer access token may be accepted.
pub(crate) fn is_stale_token(detail: &ErrorDetail) -> bool {
    matches!(detail.code, ErrorCode::TokenExpired | ErrorCode::Unauthenticated)
}

/// Adds the token; a header marked sensitive stays out of debug output.
pub(crate) fn bearing(
    request: reqwest::RequestBuilder,
    token: &Secret,
) -> Result<reqwest::RequestBuilder, ClientError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.0)).map_err(|source| ClientError::Protocol {
        during: "a login: its token cannot be sent".to_owned(),
        source: source.into(),
    })?;
    value.set_sensitive(true);
    Ok(request.header(AUTHORIZATION, value))
}

async fn exchange(client: &Client, request: reqwest::RequestBuilder, name: &str) -> Result<Vec<u8>, ClientError> {
    let response = request.send().await.map_err(|source| client.network_error(source))?;
    if response.status().is_success() {
        read_body(client, response, name).await
    } else {
        Err(refusal(client, response, name).await)
    }
}

impl Client {
    /// Says what a failure of the HTTP library means to the caller.
    pub(crate) fn network_error(&self, error: reqwest::Error) -> ClientError {
        if error.is_timeout() && !error.is_connect() {
            ClientError::TimedOut
        } else {
            // The URL stands in our own message already.
            ClientError::Unreachable { server: self.server().clone(), source: error.without_url().into() }
        }
    }
}

async fn read_body(client: &Client, mut response: Response, name: &str) -> Result<Vec<u8>, ClientError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|source| client.network_error(source))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(ClientError::Protocol { during: name.to_owned(), source: "it is too long".into() });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Makes the error of an answer that is no success.
pub(crate) async fn refusal(client: &Client, response: Response, name: &str) -> ClientError {
    let status = response.status();
    let retry_after_ms = header_retry_after_ms(&response);
    let body = match read_body(client, response, name).await {
        Ok(body) => body,
        Err(error) => return error,
    };
    match serde_json::from_slice::<ErrorBody>(&body) {
        Ok(ErrorBody { mut error }) => {
            error.retry_after_ms = error.retry_after_ms.or(retry_after_ms);
            ClientError::Refused(error)
        }
        Err(_) => foreign_answer(client, status, name),
    }
}

/// Says what an error page means that SyncSpace did not write: something stands between, or it is no SyncSpace.
fn foreign_answer(client: &Client, status: StatusCode, name: &str) -> ClientError {
    let source = BoxError::from(format!("the answer is HTTP {status}, not from a SyncSpace server"));
    match status {
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            ClientError::Unreachable { server: client.server().clone(), source }
        }
        _ => ClientError::Protocol { during: name.to_owned(), source },
    }
}

fn header_retry_after_ms(response: &Response) -> Option<u64> {
    let seconds: u64 = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    seconds.checked_mul(1_000)
}
