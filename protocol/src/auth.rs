//! Bodies of `/auth`: accounts, sessions, tokens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Email, Password, SessionId, Time, Username, users::User};

/// Body of `POST /auth/register`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Register {
    /// Name to log in with.
    pub username: Username,
    /// Password of the new account.
    pub password: Password,
    /// E-mail address, unique on the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Name as people write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// Name of this device in the list of sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
    /// The server's bootstrap token: makes the first account an administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap_token: Option<String>,
    /// Code of an invite to a team; needed where registration is by invite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_code: Option<String>,
}

/// Body of `POST /auth/login`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Login {
    /// User name or e-mail address.
    pub username: String,
    /// The account's password. Not a [`Password`]: a wrong one of any length is answered alike.
    pub password: Secret,
    /// Name of this device in the list of sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
}

/// Text that its debug form hides.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// Answer of register, login and refresh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tokens {
    /// The account.
    pub user: User,
    /// The session these tokens belong to.
    pub session_id: SessionId,
    /// For the `Authorization: Bearer` header.
    pub access_token: Secret,
    /// For `POST /auth/refresh`, once: each refresh gives a new one.
    pub refresh_token: Secret,
    /// Life of the access token, in seconds.
    pub expires_in_s: u64,
}

/// Body of `POST /auth/refresh`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refresh {
    /// The newest refresh token of the session.
    pub refresh_token: Secret,
}

/// Body of `POST /users/me/password`. Ends every other session of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangePassword {
    /// The password so far.
    pub current_password: Secret,
    /// The password from now on.
    pub new_password: Password,
}

/// Body of `POST /auth/password-reset`: sets a new password by a one-time code and logs in. Ends every other session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResetPassword {
    /// The code that came by mail, or that an administrator handed over.
    pub code: Secret,
    /// The password from now on.
    pub new_password: Password,
    /// Name of this device in the list of sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
}

/// Body of `POST /auth/password-reset/mail`: asks for the code by mail. Whether there is such an account is told to nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MailPasswordReset {
    /// User name or e-mail address.
    pub username: String,
}

/// Body of `POST /users/me/email/verify`: shows that the person reads what is sent to its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerifyEmail {
    /// The code that came by mail.
    pub code: Secret,
}

/// One logged-in device of the asking person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// What the device called itself.
    pub device_name: Option<String>,
    /// Whether this is the session that asks.
    pub is_current: bool,
    /// When it logged in.
    pub created_at: Time,
    /// When it last refreshed its token.
    pub last_used_at: Time,
    /// When it ends unless it refreshes.
    pub expires_at: Time,
}

/// Answer of `POST /auth/ws-ticket`: for clients that cannot send an `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SocketTicket {
    /// For `/ws?token=`, once.
    pub ticket: Secret,
    /// Life of the ticket, in seconds.
    pub expires_in_s: u64,
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationMode {
    /// Anyone.
    Open,
    /// Whoever has an invite to a team.
    Invite,
    /// Nobody; administrators make accounts.
    Closed,
}

/// Answer of `GET /server`: what a client may know before it logs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerInfo {
    /// Always `syncspace`.
    pub product: String,
    /// Version of the server.
    pub version: String,
    /// Version of the socket protocol.
    pub protocol: u32,
    /// Who may make an account.
    pub registration: RegistrationMode,
    /// Whether the first administrator is still to be made, with the bootstrap token.
    pub needs_first_admin: bool,
    /// Whether the server sends mail: invites, codes for a new password, codes that verify an address.
    #[serde(default)]
    pub sends_mail: bool,
    /// Longest file that it takes, in bytes, 0 where it takes none; absent from older servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_bytes_max: Option<u64>,
}
