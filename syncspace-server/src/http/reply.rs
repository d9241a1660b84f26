//! The one place where outcomes become replies: errors in the documented body, and the headers of every reply.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use syncspace_protocol::messages::Message;
use syncspace_protocol::{ErrorBody, ErrorCode, ErrorDetail, UserId};
use warp::reply::Response;

use super::request::RequestId;
use crate::service::{Made, ServiceError};

/// What the access log says of a reply beside its status; travels in the reply's extensions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Logged {
    /// The route's template, never the path itself: that may hold an invite code.
    pub(crate) route: Option<Arc<str>>,
    pub(crate) user_id: Option<UserId>,
}

/// Puts into a reply what the access log says of it.
pub(crate) fn logged(mut response: Response, logged: Logged) -> Response {
    response.extensions_mut().insert(logged);
    response
}

/// An outcome other than what was asked, without the name of the request.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    detail: ErrorDetail,
    allow: Option<String>,
}

impl Failure {
    /// Refuses with a code and a sentence for the person.
    pub(crate) fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into().into_owned();
        let detail = ErrorDetail { code, message, field: None, retry_after_ms: None, request_id: None };
        Self { detail, allow: None }
    }

    /// Refuses one field or parameter.
    pub(crate) fn field(field: impl Into<String>, message: impl Into<Cow<'static, str>>) -> Self {
        let mut failure = Self::new(ErrorCode::InvalidField, message);
        failure.detail.field = Some(field.into());
        failure
    }

    /// Names the methods that the path takes.
    pub(crate) fn allow(mut self, methods: String) -> Self {
        self.allow = Some(methods);
        self
    }

    /// Says when to try again.
    pub(crate) fn retry_after_ms(mut self, ms: u64) -> Self {
        self.detail.retry_after_ms = Some(ms);
        self
    }

    /// Gives the code.
    pub(crate) const fn code(&self) -> ErrorCode {
        self.detail.code
    }

    #[cfg(test)]
    pub(crate) fn detail(&self) -> &ErrorDetail {
        &self.detail
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        match &error {
            ServiceError::Fault { source } => tracing::error!(error = chain(source.as_ref()), "request failed"),
            ServiceError::Unavailable { source } => {
                tracing::warn!(error = chain(source.as_ref()), "request failed for want of the database");
            }
            ServiceError::Refused(_) | ServiceError::Busy { .. } => {}
        }
        Self { detail: error.detail(), allow: None }
    }
}

/// Gives an error and its sources in one line.
fn chain(error: &(dyn Error + Send + Sync + 'static)) -> String {
    let first: &dyn Error = error;
    let causes = std::iter::successors(Some(first), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Makes a reply of a failure. Its body is written by [`finish`], which knows the request.
pub(crate) fn failure(failure: impl Into<Failure>) -> Response {
    let failure = failure.into();
    let mut response = Response::default();
    *response.status_mut() =
        StatusCode::from_u16(failure.detail.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.extensions_mut().insert(failure);
    response
}

/// Marks a reply that is the same for everybody and for ever: it is named by what is in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ForEver;

/// Writes a failure's body and the headers that every reply carries.
pub(crate) fn finish(mut response: Response, id: &RequestId) -> Response {
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        write_failure(&mut response, failure, id);
    }
    let is_for_ever = response.extensions_mut().remove::<ForEver>().is_some() && response.status().is_success();
    let caching = if is_for_ever { "public, max-age=31536000, immutable" } else { "no-store, private" };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert("x-request-id", id);
    }
    response
}

fn write_failure(response: &mut Response, failure: Failure, id: &RequestId) {
    let Failure { mut detail, allow } = failure;
    let headers = response.headers_mut();
    if let Some(ms) = detail.retry_after_ms {
        headers.insert(RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000).max(1)));
    }
    if let Some(methods) = allow.and_then(|methods| HeaderValue::from_str(&methods).ok()) {
        headers.insert(ALLOW, methods);
    }
    if detail.code.http_status() == 401 {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    detail.request_id = Some(id.to_string());
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    *response = json(status, &ErrorBody { error: detail });
    response.headers_mut().extend(headers);
}

/// Makes a reply with a JSON body.
pub(crate) fn json<T: Serialize>(status: StatusCode, body: &T) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let mut response = Response::new(Bytes::from(bytes).into());
            *response.status_mut() = status;
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => failure(ServiceError::fault(error)),
    }
}

/// What a handler gives when it did what was asked: a status, and the type of its body.
pub(crate) trait Outcome: Send {
    /// Makes the reply.
    fn into_response(self) -> Response;
    /// Lists the possible statuses with the schemas of their bodies.
    fn describe(generator: &mut SchemaGenerator) -> Vec<(StatusCode, Option<Schema>)>;
}

/// 200 with a body.
pub(crate) struct Found<T>(pub(crate) T);

impl<T: Serialize + JsonSchema + Send> Outcome for Found<T> {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self.0)
    }

    fn describe(generator: &mut SchemaGenerator) -> Vec<(StatusCode, Option<Schema>)> {
        vec![(StatusCode::OK, Some(generator.subschema_for::<T>()))]
    }
}

/// 201 with what was made.
pub(crate) struct Created<T>(pub(crate) T);

impl<T: Serialize + JsonSchema + Send> Outcome for Created<T> {
    fn into_response(self) -> Response {
        json(StatusCode::CREATED, &self.0)
    }

    fn describe(generator: &mut SchemaGenerator) -> Vec<(StatusCode, Option<Schema>)> {
        vec![(StatusCode::CREATED, Some(generator.subschema_for::<T>()))]
    }
}

/// 200 with lines of text for programs that watch the server.
pub(crate) struct Lines(pub(crate) String);

impl Outcome for Lines {
    fn into_response(self) -> Response {
        let mut response = Response::new(Bytes::from(self.0).into());
        // The format of Prometheus, version 0.0.4.
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4"));
        response
    }

    fn describe(_generator: &mut SchemaGenerator) -> Vec<(StatusCode, Option<Schema>)> {
        vec![(StatusCode::OK, None)]
    }
}

/// 201 with what was made, or 200 with what an earlier request of the same key made.
impl<T: Serialize + JsonSchema + Send> Outcome for Made<T> {
    fn into_response(self) -> Response {
        match self {
            Self::New(made) => json(StatusCode::CREATED, &made),
            Self::Repeat(made) => json(StatusCode::OK, &made),
        }
    }

    fn describe(generator: &mut SchemaGenerator) -> Vec<(StatusCode, Option<Schema>)> {
        let schema = generator.subschema_for::<T>();
        vec![(StatusCode::CREATED, Some(schema.clone())), (StatusCode::OK, Some(schema))]
    }
}

/// 204, nothing to say.
pub(crate) struct Done;

impl Outcome for Done {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        response
    }

    fn describe(_generator: &mut SchemaGenerator) -> Vec<(StatusCode, Option<Schema>)> {
        vec![(StatusCode::NO_CONTENT, None)]
    }
}

/// A sent message: 201 where it is new, 200 where the same `client_id` had sent it before.
pub(crate) enum Sent {
    /// It was not there before.
    New(Message),
    /// It was sent before.
    Repeat(Message),
}

impl Outcome for Sent {
    fn into_response(self) -> Response {
        match self {
            Self::New(message) => json(StatusCode::CREATED, &message),
            Self::Repeat(message) => json(StatusCode::OK, &message),
        }
    }

    fn describe(generator: &mut SchemaGenerator) -> Vec<(StatusCode, Option<Schema>)> {
        let schema = generator.subschema_for::<Message>();
        vec![(StatusCode::CREATED, Some(schema.clone())), (StatusCode::OK, Some(schema))]
    }
}
