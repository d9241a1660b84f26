//! Bodies of `/auth/tokens`: access tokens for programs, and what each may do.
//!
//! A token is a session without a device: it has a [`SessionId`], and sockets opened with it end with it. It does at most what
//! its person may do, and of that only what its scopes name.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::auth::Secret;
use crate::{SessionId, Time};

/// What every access token begins with, so that scanners for leaked secrets know one.
pub const TOKEN_PREFIX: &str = "ssp_";

macro_rules! scopes {
    ($($(#[$doc:meta])* $scope:ident = $text:literal;)*) => {
        /// A part of what a person may do, as a token names it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Scope {
            $($(#[$doc])* $scope,)*
        }

        impl Scope {
            /// Every scope there is.
            pub const ALL: &[Self] = &[$(Self::$scope),*];

            /// Gives the scope as it is written on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$scope => $text),* }
            }
        }
    };
}

scopes! {
    /// See what the person sees: teams, channels, messages, files, people; open a socket.
    Read = "read";
    /// Send, edit and delete messages, react, pin, upload, mark as read, and keep what is for oneself.
    Write = "write";
    /// Make and change teams, channels, members, groups, invites, bots and integrations.
    Manage = "manage";
    /// Change the own profile, status, preferences and keywords.
    Profile = "profile";
    /// Do what administrators of the server may do, where the person is one.
    Admin = "admin";
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no scope `{0}`; there are read, write, manage, profile and admin")]
pub struct ScopeError(String);

impl std::str::FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let found = Self::ALL.iter().copied().find(|scope| scope.as_str() == text);
        found.ok_or_else(|| ScopeError(text.to_owned()))
    }
}

/// A set of scopes: a list on the wire, each once and in one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Vec<Scope>", into = "Vec<Scope>")]
#[schemars(with = "Vec<Scope>")]
pub struct Scopes(u8);

impl Scopes {
    /// Tells whether the scope is among them.
    #[must_use]
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }

    /// Tells whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Gives them in their order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |&scope| self.has(scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | 1 << scope as u8))
    }
}

impl From<Vec<Scope>> for Scopes {
    fn from(scopes: Vec<Scope>) -> Self {
        scopes.into_iter().collect()
    }
}

impl From<Scopes> for Vec<Scope> {
    fn from(scopes: Scopes) -> Self {
        scopes.iter().collect()
    }
}

/// Writes them with commas between.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, scope) in self.iter().enumerate() {
            write!(f, "{}{scope}", if place == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// Body of `POST /auth/tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreateToken {
    /// What it is for, up to 100 characters.
    pub name: String,
    /// What it may do: one scope at least.
    pub scopes: Scopes,
    /// When it ends. Must be named: null is for never, which a server may not allow.
    #[serde(deserialize_with = "named")]
    pub expires_at: Option<Time>,
}

/// Reads a value that may be null and may not be left out.
fn named<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Time>, D::Error> {
    Option::deserialize(value)
}

/// An access token, as its owner sees it later. The token itself is shown once, when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessToken {
    /// Its id: that of the session that it is.
    pub id: SessionId,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Time,
    /// When it was last used, to the minute; null for never.
    pub last_used_at: Option<Time>,
    /// When it ends; null for never.
    pub expires_at: Option<Time>,
}

/// Answer of `POST /auth/tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MadeToken {
    /// What was made.
    #[serde(flatten)]
    pub info: AccessToken,
    /// The token, for the `Authorization: Bearer` header. Shown this once.
    pub token: Secret,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_each_scope_once_and_in_order() {
        let scopes: Scopes = [Scope::Admin, Scope::Read, Scope::Admin].into_iter().collect();
        assert_eq!(scopes.to_string(), "read,admin");
        assert!(scopes.has(Scope::Read) && !scopes.has(Scope::Write));
        assert!(Scopes::default().is_empty());
        for &scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(scope));
            assert_eq!(serde_json::to_value(scope).expect("a word"), scope.as_str());
        }
        assert_eq!(
            "all".parse::<Scope>().expect_err("none").to_string().split(';').next(),
            Some("there is no scope `all`")
        );
    }
}
