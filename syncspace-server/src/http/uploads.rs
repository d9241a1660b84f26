//! `/channels/{channel_id}/uploads`, `/uploads`: files whose bytes come in parts.

use syncspace_protocol::ErrorCode::{Archived, Conflict, Forbidden, InvalidBody, NotFound, TooLarge};
use syncspace_protocol::files::{FileUpload, NewUpload, PartQuery};
use syncspace_protocol::{ChannelId, FileId};

use super::body::{Json, Raw};
use super::reply::{Done, Found};
use super::request::Call;
use super::route::Route;
use crate::service::{Made, ServiceError};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/channels/{channel_id}/uploads", "begin_upload", begin_upload)
            .about("Begins an upload in parts, or gives your unfinished one of the same bytes and name; it is kept for a day.")
            .refuses(&[NotFound, Forbidden, Archived, Conflict, TooLarge]),
        Route::get("/uploads/{file_id}", "upload", upload)
            .about("Tells how many bytes of your upload are there, and the file once all are.")
            .refuses(&[NotFound]),
        Route::patch("/uploads/{file_id}", "continue_upload", continue_upload)
            .about("Sends the next bytes of an upload, which are the body: 1 MiB at least, or the rest.")
            .refuses(&[NotFound, Forbidden, Archived, Conflict, InvalidBody]),
        Route::delete("/uploads/{file_id}", "cancel_upload", cancel_upload)
            .about("Gives an unfinished upload up.")
            .refuses(&[NotFound, Conflict]),
    ]
}

async fn begin_upload(call: Call<ChannelId, (), Json<NewUpload>>) -> Result<Made<FileUpload>, ServiceError> {
    call.service.begin_upload(&call.who, call.path, call.body.0).await
}

async fn upload(call: Call<FileId>) -> Result<Found<FileUpload>, ServiceError> {
    call.service.find_upload(&call.who, call.path).await.map(Found)
}

async fn continue_upload(call: Call<FileId, PartQuery, Raw>) -> Result<Found<FileUpload>, ServiceError> {
    let Call { service, who, path, query, body, .. } = call;
    let work = move |length, mut bytes| async move {
        (service.continue_upload(&who, (path, query.offset), length, &mut bytes).await.map(Found), bytes)
    };
    body.outlive(work).await
}

async fn cancel_upload(call: Call<FileId>) -> Result<Done, ServiceError> {
    call.service.cancel_upload(&call.who, call.path).await.map(|()| Done)
}
