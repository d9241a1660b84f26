//! Files.

use serde_json::{Value, json};
use syncspace_protocol::FileId;
use syncspace_protocol::files::{
    FileEntry, FileInfo, FileLink, FileUpload, NewUpload, PartQuery, PictureSize, UploadQuery,
};

use crate::golden::{full, least, with};

pub(crate) fn file() -> Value {
    json!({
        "id": 12,
        "name": "plan ✓.pdf",
        "content_type": "application/pdf",
        "size_bytes": 1_048_576,
        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "picture": {"width": 640, "height": 480},
    })
}

#[test]
fn a_file_says_what_it_is_and_where() {
    full::<FileId>(&json!(12));
    full::<FileInfo>(&file());
    let mut plain = file();
    plain.as_object_mut().expect("an object").remove("picture");
    least::<FileInfo>(&plain, &plain);
    full::<PictureSize>(&json!({"width": 640, "height": 480}));
    let place = json!({"channel_id": 3, "uploader_id": 7, "message_seq": 42, "created_at": "2026-11-22T17:26:21.500Z"});
    full::<FileEntry>(&with(&file(), place));
    full::<FileLink>(&json!({"path": "/api/v1/files/signed/x.y", "expires_at": "2026-11-22T17:27:21.500Z"}));
}

#[test]
fn an_upload_needs_no_name() {
    full::<UploadQuery>(&json!({"name": "plan.pdf", "sha256": "e3b0"}));
    least::<UploadQuery>(&json!({}), &json!({"name": null, "sha256": null}));
}

#[test]
fn an_upload_in_parts_says_where_it_goes_on() {
    let new = json!({"size_bytes": 1_048_576, "sha256": "e3b0"});
    full::<NewUpload>(&with(&new, json!({"name": "plan.pdf"})));
    least::<NewUpload>(&new, &with(&new, json!({"name": null})));
    full::<PartQuery>(&json!({"offset": 65_536}));
    let upload = json!({"id": 12, "channel_id": 3, "name": "plan ✓.pdf", "size_bytes": 1_048_576, "offset": 65_536});
    full::<FileUpload>(&with(&upload, json!({"file": file()})));
    least::<FileUpload>(&upload, &with(&upload, json!({"file": null})));
}
