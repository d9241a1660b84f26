//! `/channels/{channel_id}/files`, `/files`, `/assets`: bytes up and down. The only routes whose bodies are no JSON.

use std::ops::Range;

use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use schemars::{Schema, SchemaGenerator};
use syncspace_protocol::ErrorCode::{
    Archived, Conflict, Forbidden, InvalidBody, NotFound, RangeNotSatisfiable, TooLarge, UnsupportedMediaType,
};
use syncspace_protocol::files::{FileEntry, FileInfo, FileLink, UploadQuery};
use syncspace_protocol::page::CursorQuery;
use syncspace_protocol::teams::Team;
use syncspace_protocol::tokens::Scope;
use syncspace_protocol::users::User;
use syncspace_protocol::{ChannelId, FileId, Page, TeamId};
use warp::Reply as _;
use warp::reply::Response;

use super::body::{KeyedRaw, Raw};
use super::part::{Part, Wish};
use super::reply::{Created, Done, ForEver, Found, Outcome};
use super::request::{Anyone, Call};
use super::route::Route;
use crate::service::{FileBytes, Made, Needs, OpenFile, Service, ServiceError};

/// Left as they are in a file name (RFC 8187, `attr-char`).
const IN_NAMES: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/channels/{channel_id}/files", "upload_file", upload_file)
            .about("Uploads a file, which is the body; a message sent within a day carries it, else it is forgotten.")
            .refuses(&[NotFound, Forbidden, Archived, Conflict]),
        Route::get("/channels/{channel_id}/files", "files", files)
            .about("Lists the files that messages of a channel carry, the newest first.")
            .refuses(&[NotFound]),
        Route::get("/teams/{team_id}/files", "team_files", team_files)
            .about("Lists the files of a team that you may see, the newest first.")
            .refuses(&[NotFound, Forbidden]),
        Route::get("/files/{file_id}", "download_file", download_file)
            .about("Gives the bytes of a file, or one range of them.")
            .refuses(&[NotFound, RangeNotSatisfiable]),
        Route::get("/files/{file_id}/info", "file", file)
            .about("Tells what is known of a file, and which message carries it.")
            .refuses(&[NotFound]),
        Route::delete("/files/{file_id}", "delete_file", delete_file)
            .about("Deletes a file of yours that no message carries; others go with their messages.")
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::post("/files/{file_id}/link", "link_file", link_file)
            .needs(Needs::Scope(Scope::Read))
            .about("Makes an address that gives the file for a minute without a token, as long as you may see it.")
            .refuses(&[NotFound]),
        Route::get("/files/signed/{link}", "download_link", download_link)
            .about("Gives the bytes of the file that a link is for, or one range of them.")
            .refuses(&[NotFound, RangeNotSatisfiable]),
        Route::put("/users/me/avatar", "set_my_picture", set_my_picture)
            .needs(Needs::Scope(Scope::Profile))
            .about("Shows you by a picture, which is the body: PNG, JPEG, GIF or WebP of up to 1 MiB.")
            .refuses(&[Forbidden, Conflict, UnsupportedMediaType, TooLarge, InvalidBody]),
        Route::put("/teams/{team_id}/avatar", "set_team_picture", set_team_picture)
            .needs(Needs::Scope(Scope::Manage))
            .about("Shows a team by a picture, which is the body: PNG, JPEG, GIF or WebP of up to 1 MiB.")
            .refuses(&[NotFound, Forbidden, Conflict, UnsupportedMediaType]),
        Route::get("/assets/{sha256}", "asset", asset)
            .about("Gives a picture of a person or team by its checksum; it never changes.")
            .refuses(&[NotFound, RangeNotSatisfiable]),
    ]
}

async fn upload_file(call: Call<ChannelId, UploadQuery, KeyedRaw>) -> Result<Made<FileInfo>, ServiceError> {
    let Call { service, who, path, query, body: KeyedRaw { key, bytes }, .. } = call;
    let work = move |length, mut bytes| async move {
        (service.upload_once(&who, key.as_ref(), path, query, length, &mut bytes).await, bytes)
    };
    bytes.outlive(work).await
}

async fn files(call: Call<ChannelId, CursorQuery>) -> Result<Found<Page<FileEntry>>, ServiceError> {
    call.service.files(&call.who, call.path, &call.query).await.map(Found)
}

async fn team_files(call: Call<TeamId, CursorQuery>) -> Result<Found<Page<FileEntry>>, ServiceError> {
    call.service.team_files(&call.who, call.path, &call.query).await.map(Found)
}

async fn download_file(call: Call<FileId, (), Wish>) -> Result<Sent, ServiceError> {
    let file = call.service.open_file(&call.who, call.path).await?;
    send(&call.service, file, &call.body).await
}

async fn file(call: Call<FileId>) -> Result<Found<FileEntry>, ServiceError> {
    call.service.file(&call.who, call.path).await.map(Found)
}

async fn delete_file(call: Call<FileId>) -> Result<Done, ServiceError> {
    call.service.delete_file(&call.who, call.path).await.map(|()| Done)
}

async fn link_file(call: Call<FileId>) -> Result<Created<FileLink>, ServiceError> {
    call.service.link_file(&call.who, call.path).await.map(Created)
}

async fn download_link(call: Call<String, (), Wish, Anyone>) -> Result<Sent, ServiceError> {
    let file = call.service.open_link(&call.path).await?;
    send(&call.service, file, &call.body).await
}

async fn set_my_picture(call: Call<(), (), Raw>) -> Result<Found<User>, ServiceError> {
    let Call { service, who, body, .. } = call;
    let work = move |length, mut bytes| async move {
        (service.set_my_picture(&who, length, &mut bytes).await.map(Found), bytes)
    };
    body.outlive(work).await
}

async fn set_team_picture(call: Call<TeamId, (), Raw>) -> Result<Found<Team>, ServiceError> {
    let Call { service, who, path, body, .. } = call;
    let work = move |length, mut bytes| async move {
        (service.set_team_picture(&who, path, length, &mut bytes).await.map(Found), bytes)
    };
    body.outlive(work).await
}

async fn asset(call: Call<String, (), Wish, Anyone>) -> Result<Sent, ServiceError> {
    let file = call.service.open_picture(&call.path).await?;
    let sent = send(&call.service, file, &call.body).await?;
    Ok(Sent { is_asset: true, ..sent })
}

/// 200, 206 or 304 with the bytes of a file.
pub(super) struct Sent {
    info: FileInfo,
    part: Part,
    bytes: Option<FileBytes>,
    is_asset: bool,
}

/// Gives a file, or the part of it that is wished.
pub(super) async fn send(service: &Service, file: OpenFile, wish: &Wish) -> Result<Sent, ServiceError> {
    let info = file.info.clone();
    let part = wish.part(info.size_bytes, &tag_of(&info));
    let bytes = match &part {
        Part::Beyond => {
            let sentence = format!("the file has {} bytes", info.size_bytes);
            return Err(ServiceError::refused(RangeNotSatisfiable, sentence));
        }
        Part::Held => None,
        Part::Whole => Some(service.read_file(file, 0..info.size_bytes).await?),
        Part::Some(range) => Some(service.read_file(file, range.clone()).await?),
    };
    Ok(Sent { info, part, bytes, is_asset: false })
}

fn tag_of(info: &FileInfo) -> String {
    format!("\"{}\"", info.sha256)
}

impl Outcome for Sent {
    fn into_response(self) -> Response {
        let Self { info, part, bytes, is_asset } = self;
        let mut response = match bytes {
            Some(bytes) => warp::reply::stream(bytes).into_response(),
            None => Response::default(),
        };
        let (status, length, range) = match part {
            Part::Some(Range { start, end }) => {
                let range = format!("bytes {start}-{}/{}", end.saturating_sub(1), info.size_bytes);
                (StatusCode::PARTIAL_CONTENT, Some(end - start), Some(range))
            }
            Part::Held => (StatusCode::NOT_MODIFIED, None, None),
            Part::Whole | Part::Beyond => (StatusCode::OK, Some(info.size_bytes), None),
        };
        *response.status_mut() = status;
        let headers = response.headers_mut();
        put(headers, ETAG, &tag_of(&info));
        put(headers, ACCEPT_RANGES, "bytes");
        if let Some(length) = length {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            put(headers, CONTENT_TYPE, &info.content_type);
        }
        if let Some(range) = range {
            put(headers, CONTENT_RANGE, &range);
        }
        // Whatever it is, it runs nowhere: kept and not shown, no script, no frame.
        put(headers, CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
        if is_asset {
            response.extensions_mut().insert(ForEver);
        } else {
            put(headers, CONTENT_DISPOSITION, &disposition(&info.name));
        }
        response
    }

    fn describe(_generator: &mut SchemaGenerator) -> Vec<(StatusCode, Option<Schema>)> {
        [StatusCode::OK, StatusCode::PARTIAL_CONTENT, StatusCode::NOT_MODIFIED].map(|status| (status, None)).into()
    }
}

/// Writes a header; of what cannot stand in one nothing is said.
fn put(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

/// Says that the file is to be kept under its name: for old programs in ASCII, for others as it is (RFC 6266).
fn disposition(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if matches!(c, ' '..='~') && !"\"\\%".contains(c) { c } else { '_' }).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(name, IN_NAMES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_inside_of_its_header() {
        for (name, header) in [
            ("plan.pdf", "attachment; filename=\"plan.pdf\"; filename*=UTF-8''plan.pdf"),
            ("a\"; x=\"b", "attachment; filename=\"a_; x=_b\"; filename*=UTF-8''a%22%3B%20x%3D%22b"),
            (
                "ü\r\nSet-Cookie: a",
                "attachment; filename=\"___Set-Cookie: a\"; filename*=UTF-8''%C3%BC%0D%0ASet-Cookie%3A%20a",
            ),
        ] {
            assert_eq!(disposition(name), header, "{name:?}");
            assert!(HeaderValue::from_str(&disposition(name)).is_ok());
        }
    }
}
