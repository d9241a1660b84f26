//! Pictures of people and teams: public, named by their checksum, one for each.

use bytes::Bytes;
use futures_util::Stream;
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::files::nameless;
use syncspace_protocol::limits::AVATAR_BYTES_MAX;
use syncspace_protocol::teams::{EditTeam, Team};
use syncspace_protocol::users::{EditProfile, User};
use syncspace_protocol::{Patch, TeamId};

use super::file_types::is_picture;
use super::uploads::{BrokenOff, Quota, Wanted};
use super::{Actor, Service, ServiceError, access};
use crate::permissions::TeamAction;
use crate::store::files::{self, Home};

/// What the path of every picture begins with.
pub(super) const ASSETS: &str = "/api/v1/assets/";

impl Service {
    /// Shows a person by the picture that comes.
    pub async fn set_my_picture(
        &self,
        actor: &Actor,
        length: Option<u64>,
        bytes: &mut (impl Stream<Item = Result<Bytes, BrokenOff>> + Unpin + Send),
    ) -> Result<User, ServiceError> {
        let url = self.keep_picture(actor, files::picture_of_user(actor.user_id), length, bytes).await?;
        let edit = EditProfile { avatar_url: Patch::Set(url), ..EditProfile::default() };
        self.edit_me(actor, edit).await
    }

    /// Shows a team by the picture that comes.
    pub async fn set_team_picture(
        &self,
        actor: &Actor,
        team: TeamId,
        length: Option<u64>,
        bytes: &mut (impl Stream<Item = Result<Bytes, BrokenOff>> + Unpin + Send),
    ) -> Result<Team, ServiceError> {
        access::on_team(&mut &self.store, actor, team, TeamAction::Edit).await?;
        let url = self.keep_picture(actor, files::picture_of_team(team), length, bytes).await?;
        let edit = EditTeam { avatar_url: Patch::Set(url), ..EditTeam::default() };
        self.edit_team(actor, team, edit).await
    }

    /// Keeps a picture for good, and gives its address. Where nobody is shown by it then, it goes with the next one.
    async fn keep_picture(
        &self,
        actor: &Actor,
        whose: String,
        length: Option<u64>,
        bytes: &mut (impl Stream<Item = Result<Bytes, BrokenOff>> + Unpin + Send),
    ) -> Result<String, ServiceError> {
        let wanted = Wanted {
            home: Home::PictureOf(whose),
            uploader: actor.user_id,
            name: nameless(),
            sha256: None,
            length,
            bytes_max: AVATAR_BYTES_MAX.min(self.settings.file_bytes_max),
            quota: Quota::OfPerson,
        };
        let received = self.receive(wanted, bytes).await?;
        if !is_picture(&received.info.content_type) {
            self.forget(received.info.id, &received.blob_key).await;
            let sentence = "a picture is a PNG, JPEG, GIF or WebP file; these bytes are none";
            return Err(ServiceError::refused(ErrorCode::UnsupportedMediaType, sentence));
        }
        let info = self.finish(received, None).await?;
        Ok(format!("{ASSETS}{}", info.sha256))
    }
}

/// Tells whether an address is that of a picture on this server.
pub(super) fn is_asset(url: &str) -> bool {
    checksum_in(url).is_some()
}

/// Finds the checksum in the address of a picture on this server.
pub(super) fn checksum_in(url: &str) -> Option<&str> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    url.strip_prefix(ASSETS).filter(|name| name.len() == 64 && name.bytes().all(is_digit))
}
