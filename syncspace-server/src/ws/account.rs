//! Whether an account is what a client was told: a few bytes for each connection instead of the account itself.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use syncspace_protocol::preferences::Preferences;
use syncspace_protocol::users::User;

/// Stands for what a client was told of its person's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AccountDigest(u64);

impl AccountDigest {
    /// Takes what is told; when the person was last there is no change of the account.
    pub(super) fn of(user: &User, preferences: &Preferences) -> Self {
        let mut hasher = DefaultHasher::new();
        let told = serde_json::to_string(&(User { last_seen: None, ..user.clone() }, preferences));
        // Text and numbers: writing them cannot fail, and a failure would only tell the same once more.
        told.unwrap_or_default().hash(&mut hasher);
        Self(hasher.finish())
    }
}
