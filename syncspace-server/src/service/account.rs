//! What a person chooses for the whole account, on all devices and in all teams: its status, and when to be notified.

use syncspace_protocol::limits::{STATUS_CHARS_MAX, STATUS_LIFE_S_MAX};
use syncspace_protocol::preferences::{EditPreferences, Preferences};
use syncspace_protocol::reactions::Emoji;
use syncspace_protocol::status::{ChosenPresence, CustomStatus, EditStatus, PresenceStatus};
use syncspace_protocol::users::User;
use syncspace_protocol::{Patch, Time, UserId};

use super::auth::session_ended;
use super::fields::clean_patch;
use super::retry::retrying;
use super::{Actor, Service, ServiceError, later};
use crate::store::StoreError;
use crate::store::user_settings::{self, UserSettings};
use crate::store::users::{self, UserRow, find_user, lock_user};

/// An edit of a status whose fields fit.
struct CheckedStatus {
    text: Patch<String>,
    emoji: Patch<Emoji>,
    expires_at: Patch<Time>,
    presence: Option<ChosenPresence>,
}

impl Service {
    /// Changes what the asking person says of itself, and what presence it shows.
    pub async fn set_status(&self, actor: &Actor, edit: EditStatus) -> Result<User, ServiceError> {
        let status = CheckedStatus::check(edit, self.clock.now())?;
        let (user, before) = retrying(|| self.write_status(actor, &status)).await?;
        self.realtime.announce_account(actor.user_id);
        self.hide_or_show(&user, before).await;
        self.with_presence(actor, user).await
    }

    /// Gives what the asking person wants for the whole account.
    pub async fn preferences(&self, actor: &Actor) -> Result<Preferences, ServiceError> {
        Ok(user_settings::find(&mut &self.store, actor.user_id).await?.preferences)
    }

    /// Changes what the asking person wants for the whole account.
    pub async fn edit_preferences(&self, actor: &Actor, edit: EditPreferences) -> Result<Preferences, ServiceError> {
        let edit = check_preferences(edit, self.clock.now())?;
        let preferences = retrying(|| self.write_preferences(actor, &edit)).await?;
        self.realtime.announce_account(actor.user_id);
        Ok(preferences)
    }

    async fn write_preferences(&self, actor: &Actor, edit: &EditPreferences) -> Result<Preferences, ServiceError> {
        let mut tx = self.store.begin().await?;
        lock_user(&mut tx, actor.user_id).await?;
        let mut settings = user_settings::find(&mut tx, actor.user_id).await?;
        let (Preferences { notify, dnd_hours, paused_until, keywords_rev }, now) =
            (settings.preferences, self.clock.now());
        settings.preferences = Preferences {
            notify: edit.notify.clone().apply(notify),
            dnd_hours: edit.dnd_hours.clone().apply(dnd_hours),
            paused_until: edit.paused_until.clone().apply(paused_until),
            keywords_rev,
        };
        user_settings::put(&mut tx, actor.user_id, &settings, now).await?;
        tx.commit().await?;
        Ok(settings.preferences)
    }

    /// Writes an edit of a status; gives the account after it, and the presence that was chosen before.
    async fn write_status(
        &self,
        actor: &Actor,
        status: &CheckedStatus,
    ) -> Result<(UserRow, ChosenPresence), ServiceError> {
        let mut tx = self.store.begin().await?;
        lock_user(&mut tx, actor.user_id).await?;
        let mut user = find_user(&mut tx, actor.user_id).await?.ok_or_else(session_ended)?;
        let (before, now) = (user.settings.presence, self.clock.now());
        status.apply(&mut user.settings, now)?;
        user_settings::put(&mut tx, user.id, &user.settings, now).await?;
        tx.commit().await?;
        Ok((user, before))
    }

    /// Writes down that a person went where it became invisible, and lets it be written that it is there where it no longer is.
    async fn hide_or_show(&self, user: &UserRow, before: ChosenPresence) {
        let is_hidden = |chosen| chosen == ChosenPresence::Invisible;
        match (is_hidden(before), is_hidden(user.settings.presence)) {
            (true, false) => self.realtime.note_moved(user.id),
            (false, true) if self.realtime.attendance(&[user.id]).await.status(user.id) == PresenceStatus::Online => {
                if let Err(error) = self.write_gone(user.id).await {
                    tracing::warn!(error = &error as &dyn std::error::Error, "last activity was not written");
                }
            }
            _ => {}
        }
    }

    async fn write_gone(&self, user: UserId) -> Result<(), StoreError> {
        users::put_activity(&mut &self.store, &[(user, false)], self.clock.now()).await?;
        users::copy_activity(&mut &self.store, &[user]).await
    }
}

impl CheckedStatus {
    fn check(edit: EditStatus, now: Time) -> Result<Self, ServiceError> {
        let text = clean_patch("text", &edit.text, STATUS_CHARS_MAX)?;
        let emoji = match edit.emoji {
            Patch::Set(emoji) => Patch::Set(emoji.canonical().ok_or_else(|| no_such_emoji(&emoji))?),
            unchanged => unchanged,
        };
        if let Patch::Set(at) = edit.expires_at {
            check_ahead("expires_at", at, now)?;
        }
        Ok(Self { text, emoji, expires_at: edit.expires_at, presence: edit.presence })
    }

    fn apply(&self, settings: &mut UserSettings, now: Time) -> Result<(), ServiceError> {
        settings.presence = self.presence.unwrap_or(settings.presence);
        let before = settings.custom_status.take().filter(|status| status.is_current(now));
        let (text, emoji, end) = before.map_or((None, None, None), |old| (old.text, old.emoji, old.expires_at));
        let is_new = matches!(self.text, Patch::Set(_)) || matches!(self.emoji, Patch::Set(_));
        let status = CustomStatus {
            text: self.text.clone().apply(text),
            emoji: self.emoji.clone().apply(emoji),
            // What is new does not end with what it replaces.
            expires_at: self.expires_at.clone().apply(end.filter(|_| !is_new)),
        };
        let is_something = status.text.is_some() || status.emoji.is_some();
        if !is_something && matches!(self.expires_at, Patch::Set(_)) {
            let sentence = "there is no status that could end: give a text or an emoji with expires_at";
            return Err(ServiceError::invalid_field("expires_at", sentence));
        }
        settings.custom_status = is_something.then_some(status);
        Ok(())
    }
}

/// Takes an edit whose hours have a day, each once, and whose pause lies ahead.
fn check_preferences(edit: EditPreferences, now: Time) -> Result<EditPreferences, ServiceError> {
    if let Patch::Set(end) = edit.paused_until {
        check_ahead("paused_until", end, now)?;
    }
    let Patch::Set(mut hours) = edit.dnd_hours else { return Ok(edit) };
    hours.days.sort_unstable();
    hours.days.dedup();
    if hours.days.is_empty() {
        let sentence =
            "hours begin on one day at least: name mon, tue, wed, thu, fri, sat or sun; null is for no hours";
        return Err(ServiceError::invalid_field("dnd_hours", sentence));
    }
    Ok(EditPreferences { dnd_hours: Patch::Set(hours), ..edit })
}

/// Refuses an end that is not ahead, or too far.
pub(super) fn check_ahead(field: &'static str, at: Time, now: Time) -> Result<(), ServiceError> {
    if at <= now {
        return Err(ServiceError::invalid_field(field, format!("{field} must lie ahead; null is for no end")));
    }
    if at > later(now, i64::from(STATUS_LIFE_S_MAX) * 1_000) {
        return Err(ServiceError::invalid_field(
            field,
            format!("{field} lies at most a year ahead; null is for no end"),
        ));
    }
    Ok(())
}

fn no_such_emoji(emoji: &Emoji) -> ServiceError {
    let sentence = format!("there is no emoji {emoji}; name a standard one by its short name, like palm_tree");
    ServiceError::invalid_field("emoji", sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time {
        Time::from_unix_ms(ms).unwrap()
    }

    fn edit(json: serde_json::Value) -> Result<CheckedStatus, ServiceError> {
        CheckedStatus::check(serde_json::from_value(json).unwrap(), at(0))
    }

    /// Applies edits one after the other at a time; gives text, emoji and end.
    #[track_caller]
    fn check(edits: &[serde_json::Value], now: i64, expected: Option<(&str, &str, i64)>) {
        let mut settings = UserSettings::default();
        for json in edits {
            edit(json.clone()).unwrap().apply(&mut settings, at(now)).unwrap();
        }
        let status = settings.custom_status.map(|status| {
            let end = status.expires_at.map_or(0, Time::unix_ms);
            (status.text.unwrap_or_default(), status.emoji.map(String::from).unwrap_or_default(), end)
        });
        let expected = expected.map(|(text, emoji, end)| (text.to_owned(), emoji.to_owned(), end));
        assert_eq!(status, expected, "{edits:?} at {now}");
    }

    #[test]
    fn a_status_is_edited_field_by_field() {
        use serde_json::json;
        let lunch = json!({"text": " at\nlunch ", "emoji": "+1", "expires_at": "1970-01-01T00:00:05.000Z"});
        check(std::slice::from_ref(&lunch), 0, Some(("at lunch", "thumbsup", 5_000)));
        check(&[lunch.clone(), json!({"presence": "away"})], 0, Some(("at lunch", "thumbsup", 5_000)));
        check(&[lunch.clone(), json!({"text": "back"})], 0, Some(("back", "thumbsup", 0)));
        check(&[lunch.clone(), json!({"text": null})], 0, Some(("", "thumbsup", 5_000)));
        check(&[lunch.clone(), json!({"text": "", "emoji": null})], 0, None);
        check(&[lunch.clone(), json!({"expires_at": null})], 0, Some(("at lunch", "thumbsup", 0)));
        // What is over is not carried on.
        check(&[lunch, json!({"emoji": "tada"})], 5_000, Some(("", "tada", 0)));
    }

    #[test]
    fn what_cannot_be_a_status_is_refused() {
        use serde_json::json;
        for (json, field) in [
            (json!({"text": "x".repeat(101)}), "text"),
            (json!({"emoji": "no_such_thing"}), "emoji"),
            (json!({"text": "x", "expires_at": "1970-01-01T00:00:00.000Z"}), "expires_at"),
            (json!({"text": "x", "expires_at": "1971-06-01T00:00:00.000Z"}), "expires_at"),
        ] {
            let refused = edit(json.clone()).err().expect("refused").detail();
            assert_eq!(refused.field.as_deref(), Some(field), "{json}");
        }
        let alone = edit(json!({"expires_at": "1970-01-01T00:00:05.000Z"})).unwrap();
        assert!(alone.apply(&mut UserSettings::default(), at(0)).is_err());
    }
}
