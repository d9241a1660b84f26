//! What administrators settle for the whole server, and the banner that everybody sees.

use std::sync::PoisonError;
use std::time::Duration;

use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::auth::RegistrationMode;
use syncspace_protocol::limits::BANNER_CHARS_MAX;
use syncspace_protocol::server::{Banner, BannerLevel, EditServerSettings, ServerSettings};
use syncspace_protocol::socket::{Event, EventBody};
use syncspace_protocol::{Patch, Time};
use tokio::time::sleep;
use tracing::warn;

use super::audit::Line;
use super::fields::clean_field;
use super::retention::check_days;
use super::retry::retrying;
use super::users::require_admin;
use super::{Actor, Service, ServiceError};
use crate::log::{Effect, event_frame};
use crate::store::server_settings;

/// Wait before the settings are read again that could not be read, on top of the driver's own.
const READ_AGAIN: Duration = Duration::from_secs(1);

impl Service {
    /// Gives what is settled; for administrators.
    pub async fn server_settings(&self, actor: &Actor) -> Result<ServerSettings, ServiceError> {
        require_admin(actor)?;
        Ok(server_settings::load(&mut &self.store).await?)
    }

    /// Settles something for the whole server; for administrators.
    pub async fn edit_server_settings(
        &self,
        actor: &Actor,
        edit: EditServerSettings,
    ) -> Result<ServerSettings, ServiceError> {
        require_admin(actor)?;
        check_days("retention_days", edit.retention_days.clone().apply(None))?;
        let edit = EditServerSettings { banner: check_banner(edit.banner, self.clock.now())?, ..edit };
        retrying(|| self.write_settings(actor, &edit)).await
    }

    async fn write_settings(&self, actor: &Actor, edit: &EditServerSettings) -> Result<ServerSettings, ServiceError> {
        let (mut tx, now) = (self.store.begin().await?, self.clock.now());
        server_settings::lock(&mut tx, now).await?;
        let mut settings = server_settings::load(&mut tx).await?;
        settings.registration = edit.registration.clone().apply(settings.registration);
        settings.banner = edit.banner.clone().apply(settings.banner);
        settings.retention_days = edit.retention_days.clone().apply(settings.retention_days);
        server_settings::update(&mut tx, &settings, now).await?;
        let line = Line::by(actor, AuditAction::ServerSettingsEdited).with_fields(edit);
        line.with_patch("retention_days", &edit.retention_days).write(&mut tx, now).await?;
        self.commit_revoking(tx, vec![Effect::ServerSettingsChanged]).await?;
        Ok(settings)
    }

    /// Tells who may make an account now.
    pub(super) async fn registration(&self) -> Result<RegistrationMode, ServiceError> {
        let settled = server_settings::load(&mut &self.store).await?.registration;
        Ok(settled.unwrap_or(self.settings.registration))
    }

    /// Gives the banner that is to be seen, as far as this instance knows, and its number: another one, another number.
    pub(crate) fn banner(&self) -> (u64, Option<Banner>) {
        let (number, banner) = self.banner.read().unwrap_or_else(PoisonError::into_inner).clone();
        (number, banner.filter(|banner| banner.is_current(self.clock.now())))
    }

    /// Reads the settings at once, and whenever they were changed, and shows everybody here a new banner; never ends.
    pub(super) async fn keep_settings(&self) {
        let mut is_away = false;
        loop {
            match server_settings::load(&mut &self.store).await {
                Ok(settings) => {
                    is_away = false;
                    self.show_banner(settings.banner);
                    self.realtime.settings_changed().await;
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_away, true) {
                        let error = &error as &dyn std::error::Error;
                        warn!(error, "the server's settings cannot be read; tried again every second");
                    }
                    sleep(READ_AGAIN).await;
                }
            }
        }
    }

    fn show_banner(&self, banner: Option<Banner>) {
        {
            let mut shown = self.banner.write().unwrap_or_else(PoisonError::into_inner);
            if shown.1 == banner {
                return;
            }
            *shown = (shown.0 + 1, banner.clone());
        }
        match event_frame(&Event::outside_streams(EventBody::ServerBanner { banner })) {
            Ok(frame) => self.realtime.tell_everybody(&frame),
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "a banner cannot be written"),
        }
    }
}

/// Takes a banner that people can read.
fn check_banner(banner: Patch<Banner>, now: Time) -> Result<Patch<Banner>, ServiceError> {
    let Patch::Set(banner) = banner else { return Ok(banner) };
    let text = clean_field("banner.text", Some(&banner.text), BANNER_CHARS_MAX)?;
    let empty = || ServiceError::invalid_field("banner.text", "a banner says something; null takes it away");
    let text = text.ok_or_else(empty)?;
    if banner.level == BannerLevel::Unknown {
        return Err(ServiceError::invalid_field("banner.level", "the level of a banner is info or warning"));
    }
    if !banner.is_current(now) {
        return Err(ServiceError::invalid_field("banner.until", "this time is over; name a later one"));
    }
    Ok(Patch::Set(Banner { text, ..banner }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banner_is_one_line_that_is_still_to_be_seen() {
        let now: Time = "2026-11-23T08:00:00Z".parse().expect("a time");
        let banner = |text: &str, until: Option<&str>| {
            let until = until.map(|until| until.parse().expect("a time"));
            check_banner(Patch::Set(Banner { text: text.to_owned(), level: BannerLevel::Info, until }), now)
        };
        let Ok(Patch::Set(taken)) = banner(" \u{1b}[31mback\nat 9 ", Some("2026-11-23T09:00:00Z")) else {
            panic!("it is taken")
        };
        assert_eq!(taken.text, "back at 9");
        for (text, until, field) in [
            ("", None, "banner.text"),
            (&*"x".repeat(201), None, "banner.text"),
            ("late", Some("2026-11-23T08:00:00Z"), "banner.until"),
        ] {
            assert_eq!(banner(text, until).expect_err("refused").detail().field.as_deref(), Some(field));
        }
    }
}
