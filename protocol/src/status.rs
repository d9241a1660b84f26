//! What people say of themselves, and how their presence is shown.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::reactions::Emoji;
use crate::{Patch, Time, UserId};

/// What a person says of itself: a text, an emoji or both.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct CustomStatus {
    /// The text, on one line.
    pub text: Option<String>,
    /// An emoji beside it.
    pub emoji: Option<Emoji>,
    /// When it is over by itself; null for never. From then on nobody is shown it.
    pub expires_at: Option<Time>,
}

impl CustomStatus {
    /// Tells whether it is not over at a time.
    #[must_use]
    pub fn is_current(&self, now: Time) -> bool {
        self.expires_at.is_none_or(|end| end > now)
    }
}

/// What presence a person wants to show while a device is connected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChosenPresence {
    /// What is so.
    #[default]
    Online,
    /// Away.
    Away,
    /// Not to be disturbed: the person's devices do not notify either.
    Dnd,
    /// None: the person looks offline to everybody else.
    Invisible,
}

/// Whether a person is there, and may be disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceStatus {
    /// A device is connected.
    Online,
    /// A device is connected, and the person says to be away.
    Away,
    /// A device is connected, and the person does not want to be disturbed.
    Dnd,
    /// A device is connected, and everybody else is shown that none is; said to the person alone.
    Invisible,
    /// No device is connected.
    Offline,
    /// The server cannot know right now, or says something that only newer clients know.
    #[serde(other)]
    Unknown,
}

impl PresenceStatus {
    /// Tells whether a device is connected; none where that is not known.
    #[must_use]
    pub const fn is_online(self) -> Option<bool> {
        match self {
            Self::Online | Self::Away | Self::Dnd | Self::Invisible => Some(true),
            Self::Offline => Some(false),
            Self::Unknown => None,
        }
    }
}

/// Presence of one person.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Presence {
    /// The person.
    pub user_id: UserId,
    /// Whether the person is there.
    pub status: PresenceStatus,
    /// What the person says of itself; absent for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_status: Option<CustomStatus>,
}

/// Body of `PUT /users/me/status`: fields that are absent stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditStatus {
    /// What to say, on one line of up to 100 characters; null for nothing.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub text: Patch<String>,
    /// Short name of a standard emoji beside it; null for none.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub emoji: Patch<Emoji>,
    /// When text and emoji are over, up to a year ahead; null for never. A new text or emoji without it stays until it is
    /// changed.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub expires_at: Patch<Time>,
    /// What presence to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<ChosenPresence>,
}
