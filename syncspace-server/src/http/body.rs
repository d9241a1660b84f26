//! Bodies of requests: bounded in length and time, JSON only, errors that say where and why.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use http::{HeaderMap, header};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use syncspace_protocol::ids::IdempotencyKeyError;
use syncspace_protocol::limits::{BODY_BYTES_MAX, IMPORT_BODY_BYTES_MAX};
use syncspace_protocol::{ErrorCode, IDEMPOTENCY_KEY_HEADER, IdempotencyKey};
use tokio::time::timeout;
use tracing::Instrument as _;

use super::reply::Failure;
use super::request::BodyStream;
use crate::service::{BrokenOff, ServiceError};

/// Longest wait for a whole body.
const BODY_WAIT: Duration = Duration::from_secs(30);
/// Read and thrown away of a body that is too long, in bodies of that length: a peer that is cut off while it sends may never
/// see the reply.
const DRAIN_BODIES_MAX: usize = 4;
/// Read and thrown away of an upload that is answered before its end, and how long.
const RAW_DRAIN_BYTES_MAX: usize = 16 * 1024 * 1024;
const RAW_DRAIN_WAIT: Duration = Duration::from_secs(5);

/// The body that a route takes.
pub(crate) trait RequestBody: Sized + Send + 'static {
    /// Whether the request may carry an idempotency key.
    const TAKES_KEY: bool = false;
    /// What it is written in.
    const MEDIA_TYPE: &'static str = "application/json";
    /// Reads it.
    fn read(headers: &HeaderMap, body: BodyStream) -> impl Future<Output = Result<Self, Failure>> + Send;
    /// Gives its schema.
    fn describe(generator: &mut SchemaGenerator) -> Option<Schema>;
}

/// No body: what comes is not read.
impl RequestBody for () {
    async fn read(_headers: &HeaderMap, _body: BodyStream) -> Result<Self, Failure> {
        Ok(())
    }

    fn describe(_generator: &mut SchemaGenerator) -> Option<Schema> {
        None
    }
}

/// A body of JSON.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned + JsonSchema + Send + 'static> RequestBody for Json<T> {
    async fn read(headers: &HeaderMap, body: BodyStream) -> Result<Self, Failure> {
        read_json(headers, body, BODY_BYTES_MAX).await.map(Self)
    }

    fn describe(generator: &mut SchemaGenerator) -> Option<Schema> {
        Some(generator.subschema_for::<T>())
    }
}

/// A body of JSON with many lines of an archive.
pub(crate) struct Bulk<T>(pub(crate) T);

impl<T: DeserializeOwned + JsonSchema + Send + 'static> RequestBody for Bulk<T> {
    async fn read(headers: &HeaderMap, body: BodyStream) -> Result<Self, Failure> {
        read_json(headers, body, IMPORT_BODY_BYTES_MAX).await.map(Self)
    }

    fn describe(generator: &mut SchemaGenerator) -> Option<Schema> {
        Json::<T>::describe(generator)
    }
}

async fn read_json<T: DeserializeOwned>(headers: &HeaderMap, body: BodyStream, bytes_max: usize) -> Result<T, Failure> {
    check_content_type(headers)?;
    parse_json(&read_body(headers, body, bytes_max).await?)
}

/// A body of JSON that makes something, and the key under which the request may be repeated.
pub(crate) struct Keyed<T> {
    pub(crate) key: Option<IdempotencyKey>,
    pub(crate) body: T,
}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> RequestBody for Keyed<T> {
    const TAKES_KEY: bool = true;

    async fn read(headers: &HeaderMap, body: BodyStream) -> Result<Self, Failure> {
        let key = read_key(headers)?;
        let Json(body) = Json::read(headers, body).await?;
        Ok(Self { key, body })
    }

    fn describe(generator: &mut SchemaGenerator) -> Option<Schema> {
        Json::<T>::describe(generator)
    }
}

/// A body of any bytes, which the handler takes as they come.
pub(crate) struct Raw {
    /// How many there will be, where the request says so.
    pub(crate) length: Option<u64>,
    /// Whether the peer sends them only once it is told to.
    is_waiting: bool,
    bytes: RawBytes,
}

/// The bytes of a [`Raw`] body.
pub(crate) type RawBytes = Pin<Box<dyn Stream<Item = Result<Bytes, BrokenOff>> + Send>>;

impl RequestBody for Raw {
    const MEDIA_TYPE: &'static str = "application/octet-stream";

    async fn read(headers: &HeaderMap, body: BodyStream) -> Result<Self, Failure> {
        let is_waiting = headers.contains_key(header::EXPECT);
        let bytes = body.map_err(|_| BrokenOff).fuse().boxed();
        Ok(Self { length: announced_length(headers), is_waiting, bytes })
    }

    fn describe(_generator: &mut SchemaGenerator) -> Option<Schema> {
        // OpenAPI 3.1 says of raw bytes by their media type alone what they are.
        Some(Schema::default())
    }
}

impl Raw {
    /// Does something with the bytes, to its end also where the peer goes away: what was begun is taken back in order.
    ///
    /// Of a body that is answered before its end some more is read and thrown away: a peer that is cut off while it sends may
    /// never see the answer.
    pub(crate) async fn outlive<T, F>(
        self,
        work: impl FnOnce(Option<u64>, RawBytes) -> F + Send + 'static,
    ) -> Result<T, ServiceError>
    where
        T: Send + 'static,
        F: Future<Output = (Result<T, ServiceError>, RawBytes)> + Send + 'static,
    {
        let working = async move {
            let (outcome, rest) = work(self.length, self.bytes).await;
            // A peer that waits would be told to go on.
            if !self.is_waiting {
                tokio::spawn(timeout(RAW_DRAIN_WAIT, drain(rest)));
            }
            outcome
        };
        tokio::spawn(working.in_current_span()).await.unwrap_or_else(|error| Err(ServiceError::fault(error)))
    }
}

async fn drain(mut bytes: RawBytes) {
    let mut left = RAW_DRAIN_BYTES_MAX;
    while let Some(Ok(chunk)) = bytes.next().await
        && left > chunk.len()
    {
        left -= chunk.len();
    }
}

/// A body of any bytes that makes something, and the key under which the request may be repeated.
pub(crate) struct KeyedRaw {
    pub(crate) key: Option<IdempotencyKey>,
    pub(crate) bytes: Raw,
}

impl RequestBody for KeyedRaw {
    const TAKES_KEY: bool = true;
    const MEDIA_TYPE: &'static str = Raw::MEDIA_TYPE;

    async fn read(headers: &HeaderMap, body: BodyStream) -> Result<Self, Failure> {
        Ok(Self { key: read_key(headers)?, bytes: Raw::read(headers, body).await? })
    }

    fn describe(generator: &mut SchemaGenerator) -> Option<Schema> {
        Raw::describe(generator)
    }
}

fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok())
}

fn read_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Failure> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY_HEADER).iter();
    let Some(value) = given.next() else { return Ok(None) };
    let refuse = |why: String| Failure::field(IDEMPOTENCY_KEY_HEADER, why);
    if given.next().is_some() {
        return Err(refuse(format!("the header {IDEMPOTENCY_KEY_HEADER} came more than once")));
    }
    // What is no visible ASCII is no key, whatever else it is.
    let key = value.to_str().unwrap_or_default().parse();
    key.map(Some).map_err(|error: IdempotencyKeyError| refuse(error.to_string()))
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Failure> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Failure::new(ErrorCode::UnsupportedMediaType, "send the body as JSON, with `Content-Type: application/json`"))
}

/// Reads a body of whatever type, bounded in length and time.
pub(crate) async fn read_body(headers: &HeaderMap, body: BodyStream, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    let read = timeout(BODY_WAIT, read_bounded(headers, body, bytes_max)).await;
    read.unwrap_or_else(|_| {
        let message = format!("the body did not arrive within {} s", BODY_WAIT.as_secs());
        Err(Failure::new(ErrorCode::InvalidBody, message))
    })
}

async fn read_bounded(headers: &HeaderMap, mut body: BodyStream, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    let too_large = || Failure::new(ErrorCode::TooLarge, format!("the body is longer than {bytes_max} bytes"));
    let drain_bytes_max = DRAIN_BODIES_MAX * bytes_max;
    let most = u64::try_from(drain_bytes_max).unwrap_or(u64::MAX);
    if announced_length(headers).is_some_and(|length| length > most) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(chunk) = body.next().await {
        let broken = |_| Failure::new(ErrorCode::InvalidBody, "the body broke off before its end");
        let chunk = chunk.map_err(broken)?;
        length += chunk.len();
        if length > drain_bytes_max {
            break;
        }
        if length <= bytes_max {
            bytes.extend_from_slice(&chunk);
        }
    }
    if length > bytes_max { Err(too_large()) } else { Ok(bytes) }
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    if bytes.is_empty() {
        return Err(Failure::new(ErrorCode::InvalidBody, "the body is empty; send a JSON object"));
    }
    // Every body is an object; serde would also take a list of the fields in their order.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Failure::new(ErrorCode::InvalidBody, "the body is a list; send a JSON object"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        describe_error(&path, error.into_inner())
    })?;
    reader.end().map_err(|error| Failure::new(ErrorCode::InvalidBody, format!("the body is not JSON: {error}")))?;
    Ok(value)
}

/// Tells a broken body from a wrong field: the first has a position, the second a name.
fn describe_error(path: &str, error: serde_json::Error) -> Failure {
    if !error.is_data() {
        return Failure::new(ErrorCode::InvalidBody, format!("the body is not JSON: {error}"));
    }
    let text = error.to_string();
    // serde_json appends the position to every message; the name of the field says more.
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    let parent = if path == "." { "" } else { path };
    if let Some(name) = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        let dot = if parent.is_empty() { "" } else { "." };
        return Failure::field(format!("{parent}{dot}{name}"), format!("the field `{name}` is missing"));
    }
    if parent.is_empty() {
        return Failure::new(ErrorCode::InvalidBody, format!("the body is not what was expected: {text}"));
    }
    Failure::field(parent, message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncspace_protocol::auth::Register;
    use syncspace_protocol::channels::CreateChannel;

    #[track_caller]
    fn check<T: DeserializeOwned>(body: &str, code: ErrorCode, field: Option<&str>, part: &str) {
        let Err(failure) = parse_json::<T>(body.as_bytes()) else { panic!("{body} was taken") };
        let detail = failure.detail();
        assert_eq!((detail.code, detail.field.as_deref()), (code, field), "{body}: {}", detail.message);
        assert!(detail.message.contains(part), "{body}: {}", detail.message);
    }

    #[test]
    fn what_is_no_json_is_told_where_it_breaks() {
        check::<Register>("{\"username\":", ErrorCode::InvalidBody, None, "line 1 column 12");
        check::<Register>("nonsense", ErrorCode::InvalidBody, None, "line 1 column 2");
        check::<Register>("", ErrorCode::InvalidBody, None, "empty");
        check::<Register>("[\"alice\",\"0123456789\"]", ErrorCode::InvalidBody, None, "a list");
        check::<Register>("7", ErrorCode::InvalidBody, None, "not what was expected");
        check::<serde_json::Value>("{} {}", ErrorCode::InvalidBody, None, "trailing");
    }

    #[test]
    fn a_wrong_field_is_named() {
        let username = Some("username");
        check::<Register>("{\"username\":\"a b\"}", ErrorCode::InvalidField, username, "letters");
        check::<Register>("{\"username\":7}", ErrorCode::InvalidField, username, "string");
        check::<Register>("{\"password\":\"0123456789\"}", ErrorCode::InvalidField, username, "missing");
        check::<CreateChannel>("{\"name\":\"x\"}", ErrorCode::InvalidField, Some("kind"), "missing");
    }
}
