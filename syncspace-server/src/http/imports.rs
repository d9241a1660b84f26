//! `/teams/{id}/imports` and what is exported: a team's history on its way in and out, and what is kept of one person.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use schemars::{Schema, SchemaGenerator};
use syncspace_protocol::ErrorCode::{Conflict, Forbidden, NotFound, RangeNotSatisfiable};
use syncspace_protocol::files::FileInfo;
use syncspace_protocol::imports::{
    CheckImport, CheckedImport, ExportQuery, FinishedImport, Import, ImportFileQuery, ImportLines, ImportedLines,
    StartImport,
};
use syncspace_protocol::tokens::Scope;
use syncspace_protocol::{ImportId, TeamId, UserId};
use warp::Reply as _;
use warp::reply::Response;

use super::body::{Bulk, Json, Raw};
use super::files::{Sent, send};
use super::part::Wish;
use super::reply::{Created, Done, Found, Outcome};
use super::request::Call;
use super::route::Route;
use crate::service::{ArchiveBytes, Made, Needs, ServiceError};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/teams/{team_id}/export", "export_team", export_team)
            .about("Gives the archive of a team: one JSON object per line, the last one of the type `end`.")
            .refuses(&[NotFound, Forbidden]),
        Route::get("/teams/{team_id}/export/files/{sha256}", "exported_file", exported_file)
            .about("Gives the bytes of a file of an archive, by its checksum.")
            .refuses(&[NotFound, Forbidden, RangeNotSatisfiable]),
        Route::get("/users/me/export", "export_me", export_me)
            .needs(Needs::Login)
            .about("Gives what is kept of you: one JSON object per line, the last one of the type `end`."),
        Route::get("/admin/users/{user_id}/export", "export_user", export_user)
            .needs(Needs::Scope(Scope::Admin))
            .about("Gives what is kept of a person, as an administrator.")
            .refuses(&[NotFound, Forbidden]),
        Route::post("/admin/imports/check", "check_import", check_import)
            .needs(Needs::Scope(Scope::Admin))
            .about("Says what an import would make of people and channels, as an administrator, and makes nothing.")
            .refuses(&[NotFound, Forbidden]),
        Route::post("/teams/{team_id}/imports", "start_import", start_import)
            .about("Begins to fill a team from an archive, or gives the import back that its fingerprint began before.")
            .refuses(&[NotFound, Forbidden]),
        Route::get("/teams/{team_id}/imports/{import_id}", "import", import)
            .about("Gives an import.")
            .refuses(&[NotFound, Forbidden]),
        Route::post("/teams/{team_id}/imports/{import_id}/lines", "import_lines", import_lines)
            .about("Takes lines of the archive, in their order; those that came before are passed over.")
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::post("/teams/{team_id}/imports/{import_id}/files", "import_file", import_file)
            .about(
                "Takes a file, which is the body, that a message of the archive carries; it comes before its message.",
            )
            .refuses(&[NotFound, Forbidden, Conflict]),
        Route::post("/teams/{team_id}/imports/{import_id}/finish", "finish_import", finish_import)
            .about("Shows some channels of an import to their people; ask again until none is left.")
            .refuses(&[NotFound, Forbidden]),
        Route::delete("/teams/{team_id}/imports/{import_id}", "cancel_import", cancel_import)
            .about("Takes an import back that is not finished; accounts that it made stay, switched off.")
            .refuses(&[NotFound, Forbidden, Conflict]),
    ]
}

async fn export_team(call: Call<TeamId, ExportQuery>) -> Result<Archive, ServiceError> {
    call.service.export_team(&call.who, call.path, call.query).await.map(Archive)
}

async fn export_me(call: Call) -> Result<Archive, ServiceError> {
    call.service.export_me(&call.who).await.map(Archive)
}

async fn export_user(call: Call<UserId>) -> Result<Archive, ServiceError> {
    call.service.export_user(&call.who, call.path).await.map(Archive)
}

async fn exported_file(call: Call<(TeamId, String), ExportQuery, Wish>) -> Result<Sent, ServiceError> {
    let (team, sha256) = call.path;
    let file = call.service.open_exported_file(&call.who, team, &sha256, call.query).await?;
    send(&call.service, file, &call.body).await
}

async fn check_import(call: Call<(), (), Bulk<CheckImport>>) -> Result<Found<CheckedImport>, ServiceError> {
    call.service.check_import(&call.who, call.body.0).await.map(Found)
}

async fn start_import(call: Call<TeamId, (), Json<StartImport>>) -> Result<Made<Import>, ServiceError> {
    call.service.start_import(&call.who, call.path, call.body.0).await
}

async fn import(call: Call<(TeamId, ImportId)>) -> Result<Found<Import>, ServiceError> {
    let (team, import) = call.path;
    call.service.import(&call.who, team, import).await.map(Found)
}

async fn import_lines(
    call: Call<(TeamId, ImportId), (), Bulk<ImportLines>>,
) -> Result<Found<ImportedLines>, ServiceError> {
    let (team, import) = call.path;
    call.service.import_lines(&call.who, team, import, call.body.0).await.map(Found)
}

async fn import_file(call: Call<(TeamId, ImportId), ImportFileQuery, Raw>) -> Result<Created<FileInfo>, ServiceError> {
    let Call { service, who, path, query, body, .. } = call;
    let work = move |length, mut bytes| async move {
        (service.import_file(&who, path, query, length, &mut bytes).await.map(Created), bytes)
    };
    body.outlive(work).await
}

async fn finish_import(call: Call<(TeamId, ImportId)>) -> Result<Found<FinishedImport>, ServiceError> {
    let (team, import) = call.path;
    call.service.finish_import(&call.who, team, import).await.map(Found)
}

async fn cancel_import(call: Call<(TeamId, ImportId)>) -> Result<Done, ServiceError> {
    let (team, import) = call.path;
    call.service.cancel_import(&call.who, team, import).await.map(|()| Done)
}

/// 200 with the lines of an archive.
pub(super) struct Archive(pub(super) ArchiveBytes);

impl Outcome for Archive {
    fn into_response(self) -> Response {
        let mut response = warp::reply::stream::<_, Bytes, _>(self.0).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
        response
    }

    fn describe(_generator: &mut SchemaGenerator) -> Vec<(StatusCode, Option<Schema>)> {
        vec![(StatusCode::OK, None)]
    }
}
