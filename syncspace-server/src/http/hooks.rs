//! `/teams/{id}/hooks` to manage hooks, and `/hooks/{token}` for the programs that post to them.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use schemars::{Schema, SchemaGenerator};
use syncspace_protocol::ErrorCode::{self, Conflict, Forbidden, NotFound};
use syncspace_protocol::hooks::{CreateHook, Delivery, EditHook, Hook, MadeHook};
use syncspace_protocol::limits::BODY_BYTES_MAX;
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::{HookId, Page, TeamId};
use warp::reply::Response;

use super::body::{Json, RequestBody, read_body};
use super::reply::{Created, Done, Failure, Found, Outcome};
use super::request::{Anyone, BodyStream, Call};
use super::route::Route;
use crate::service::{OddPayload, ServiceError, SlackPost};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/teams/{team_id}/hooks", "hooks", hooks)
            .about("Lists the hooks of a team, for those who manage it.")
            .refuses(&[NotFound, Forbidden]),
        Route::post("/teams/{team_id}/hooks", "create_hook", create_hook)
            .about("Makes a hook; its path or secret is shown this once.")
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::get("/teams/{team_id}/hooks/{hook_id}", "hook", hook)
            .about("Gives a hook.")
            .refuses(&[NotFound, Forbidden]),
        Route::patch("/teams/{team_id}/hooks/{hook_id}", "edit_hook", edit_hook)
            .about("Changes a hook. Absent fields stay.")
            .refuses(&[NotFound, Forbidden]),
        Route::delete("/teams/{team_id}/hooks/{hook_id}", "delete_hook", delete_hook)
            .about("Deletes a hook, and what it was still to be told.")
            .refuses(&[NotFound, Forbidden]),
        Route::get("/teams/{team_id}/hooks/{hook_id}/deliveries", "hook_deliveries", hook_deliveries)
            .about("Lists what an outgoing hook was told, the newest first, and why it failed.")
            .refuses(&[NotFound, Forbidden]),
        Route::post("/hooks/{token}", "post_to_hook", post_to_hook).about(
            "Posts a message in Slack's format, as JSON or as the field `payload` of a form, and answers in Slack's words.",
        ),
    ]
}

async fn hooks(call: Call<TeamId, PageQuery>) -> Result<Found<Page<Hook>>, ServiceError> {
    call.service.hooks(&call.who, call.path, &call.query).await.map(Found)
}

async fn create_hook(call: Call<TeamId, (), Json<CreateHook>>) -> Result<Created<MadeHook>, ServiceError> {
    call.service.create_hook(&call.who, call.path, call.body.0).await.map(Created)
}

async fn hook(call: Call<(TeamId, HookId)>) -> Result<Found<Hook>, ServiceError> {
    let (team, hook) = call.path;
    call.service.hook(&call.who, team, hook).await.map(Found)
}

async fn edit_hook(call: Call<(TeamId, HookId), (), Json<EditHook>>) -> Result<Found<Hook>, ServiceError> {
    call.service.edit_hook(&call.who, call.path, call.body.0).await.map(Found)
}

async fn delete_hook(call: Call<(TeamId, HookId)>) -> Result<Done, ServiceError> {
    let (team, hook) = call.path;
    call.service.delete_hook(&call.who, team, hook).await.map(|()| Done)
}

async fn hook_deliveries(call: Call<(TeamId, HookId), PageQuery>) -> Result<Found<Page<Delivery>>, ServiceError> {
    call.service.deliveries(&call.who, call.path, &call.query).await.map(Found)
}

async fn post_to_hook(call: Call<String, (), Payload, Anyone>) -> Result<SlackAnswer, ServiceError> {
    match post(call).await {
        Err(error @ ServiceError::Fault { .. }) => Err(error),
        Err(error) => Ok(SlackAnswer::of_refusal(&error)),
        answered => answered,
    }
}

async fn post(call: Call<String, (), Payload, Anyone>) -> Result<SlackAnswer, ServiceError> {
    let may_ask = || call.limits.take_unknown_post(call.origin.address);
    let door = call.service.door_of(&call.path, may_ask).await?;
    let Some(door) = door else { return Ok(SlackAnswer::NO_SERVICE) };
    call.limits.take_post(door.hook)?;
    let post = match call.body.read_post() {
        Ok(post) => post,
        Err(answer) => return Ok(answer),
    };
    call.service.post_to_door(&door, post).await?;
    Ok(SlackAnswer::OK)
}

/// A body as it came; what it is worth is answered in Slack's words.
struct Payload {
    bytes: Result<Vec<u8>, Failure>,
    is_form: bool,
}

impl RequestBody for Payload {
    async fn read(headers: &HeaderMap, body: BodyStream) -> Result<Self, Failure> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_form = kind.starts_with("application/x-www-form-urlencoded");
        Ok(Self { bytes: read_body(headers, body, BODY_BYTES_MAX).await, is_form })
    }

    fn describe(_generator: &mut SchemaGenerator) -> Option<Schema> {
        // Slack's own documentation says what may be in it.
        Some(Schema::default())
    }
}

impl Payload {
    fn read_post(&self) -> Result<SlackPost, SlackAnswer> {
        let bytes = self.bytes.as_ref().map_err(|failure| match failure.code() {
            ErrorCode::TooLarge => SlackAnswer::new(413, "payload_too_large"),
            _ => SlackAnswer::new(400, "invalid_payload"),
        })?;
        SlackPost::read(bytes, self.is_form).map_err(|odd| {
            SlackAnswer::new(
                400,
                match odd {
                    OddPayload::Invalid => "invalid_payload",
                    OddPayload::NoText => "no_text",
                    OddPayload::TooManyAttachments => "too_many_attachments",
                    OddPayload::TooManyBlocks => "invalid_blocks",
                    OddPayload::TooLong => "msg_too_long",
                },
            )
        })
    }
}

/// An answer as Slack gives it: a status and one word.
struct SlackAnswer {
    status: u16,
    word: &'static str,
    retry_after_ms: Option<u64>,
}

impl SlackAnswer {
    const OK: Self = Self::new(200, "ok");
    const NO_SERVICE: Self = Self::new(404, "no_service");

    const fn new(status: u16, word: &'static str) -> Self {
        Self { status, word, retry_after_ms: None }
    }

    /// Says in Slack's words why the message was not posted.
    fn of_refusal(error: &ServiceError) -> Self {
        let detail = error.detail();
        let (status, word) = match detail.code {
            ErrorCode::NotFound => (404, "channel_not_found"),
            ErrorCode::Archived => (410, "channel_is_archived"),
            ErrorCode::Forbidden => (403, "action_prohibited"),
            ErrorCode::RateLimited => (429, "rate_limited"),
            ErrorCode::Busy | ErrorCode::Unavailable => (503, "service_unavailable"),
            ErrorCode::InvalidField => (400, "msg_too_long"),
            _ => (400, "invalid_payload"),
        };
        Self { retry_after_ms: detail.retry_after_ms, ..Self::new(status, word) }
    }
}

impl Outcome for SlackAnswer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Bytes::from_static(self.word.as_bytes()).into());
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        if let Some(ms) = self.retry_after_ms {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000).max(1)));
        }
        response
    }

    fn describe(_generator: &mut SchemaGenerator) -> Vec<(StatusCode, Option<Schema>)> {
        [200_u16, 400, 403, 404, 410, 413, 429, 503]
            .into_iter()
            .filter_map(|status| StatusCode::from_u16(status).ok())
            .map(|status| (status, None))
            .collect()
    }
}
