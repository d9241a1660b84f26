//! Routes of accounts: the server, logging in and out, sessions, users, presence.

use syncspace_protocol::auth::{
    ChangePassword, Login, MailPasswordReset, Register, ResetPassword, Secret, ServerInfo, Session, SocketTicket,
    Tokens, VerifyEmail,
};
use syncspace_protocol::keywords::Keywords;
use syncspace_protocol::limits::WATCHED_USERS_MAX;
use syncspace_protocol::page::{PageQuery, PeopleQuery};
use syncspace_protocol::preferences::{EditPreferences, Preferences};
use syncspace_protocol::status::{EditStatus, Presence};
use syncspace_protocol::users::{CreateUser, EditProfile, EditUser, User};
use syncspace_protocol::{ErrorCode, Page, SessionId, UserId};

use super::Client;
use super::repeat::repeat_lost;
use crate::ClientError;

impl Client {
    /// Gives what a client may know before it logs in.
    pub async fn server_info(&self) -> Result<ServerInfo, ClientError> {
        self.get("server").without_token().fetch().await
    }

    /// Succeeds where the server process lives.
    pub async fn live(&self) -> Result<(), ClientError> {
        self.outside_api("health/live").done().await
    }

    /// Succeeds where the server can do its work, its database included.
    pub async fn ready(&self) -> Result<(), ClientError> {
        self.outside_api("health/ready").done().await
    }

    /// Gives the description of the REST routes, in OpenAPI 3.1.
    pub async fn openapi(&self) -> Result<serde_json::Value, ClientError> {
        self.get("openapi.json").without_token().fetch().await
    }

    /// Makes an account and logs in; the tokens are kept and saved.
    ///
    /// A lost answer is asked for again: the name is unique, so an account that was made meanwhile is logged in to.
    pub async fn register(&self, register: Register) -> Result<Tokens, ClientError> {
        let tokens = repeat_lost(|has_lost| self.try_register(&register, has_lost)).await?;
        self.keep_tokens(&tokens).await?;
        Ok(tokens)
    }

    async fn try_register(&self, register: &Register, has_lost: bool) -> Result<Tokens, ClientError> {
        let refused = match self.post("auth/register").without_token().body(register).fetch().await {
            Err(error) if has_lost && is_of_used_registration(&error) => error,
            outcome => return outcome,
        };
        let login = Login {
            username: register.username.as_str().to_owned(),
            password: Secret(register.password.expose().to_owned()),
            device_name: register.device_name.clone(),
        };
        match self.post("auth/login").without_token().body(&login).fetch().await {
            // Somebody else's account.
            Err(error) if error.code() == Some(ErrorCode::InvalidCredentials) => Err(refused),
            outcome => outcome,
        }
    }

    /// Logs in; the tokens are kept and saved.
    pub async fn login(&self, login: Login) -> Result<Tokens, ClientError> {
        let tokens: Tokens = self.post("auth/login").without_token().body(&login).fetch().await?;
        self.keep_tokens(&tokens).await?;
        Ok(tokens)
    }

    /// Sets a new password by a one-time code and logs in; the tokens are kept and saved.
    pub async fn reset_password(&self, reset: ResetPassword) -> Result<Tokens, ClientError> {
        let tokens: Tokens = self.post("auth/password-reset").without_token().body(&reset).fetch().await?;
        self.keep_tokens(&tokens).await?;
        Ok(tokens)
    }

    /// Asks for a code for a new password by mail; answered alike whether or not there is such an account.
    pub async fn mail_password_reset(&self, ask: MailPasswordReset) -> Result<(), ClientError> {
        self.post("auth/password-reset/mail").without_token().body(&ask).done().await
    }

    /// Asks for another code that verifies the own address.
    pub async fn send_email_code(&self) -> Result<(), ClientError> {
        self.post("users/me/email/code").done().await
    }

    /// Verifies the own address by the code that was mailed to it; gives the own account after it.
    pub async fn verify_email(&self, verify: VerifyEmail) -> Result<User, ClientError> {
        self.post("users/me/email/verify").body(&verify).fetch().await
    }

    /// Ends the session and forgets its tokens; they are forgotten also where the server cannot be told.
    pub async fn logout(&self) -> Result<(), ClientError> {
        let told = self.post("auth/logout").done().await;
        self.forget_tokens().await?;
        // A session that is over already is what was wanted.
        told.or_else(|error| if error.is_logged_out() { Ok(()) } else { Err(error) })
    }

    /// Gives a ticket for a socket of a program that cannot send headers.
    pub async fn socket_ticket(&self) -> Result<SocketTicket, ClientError> {
        self.post("auth/ws-ticket").fetch().await
    }

    /// Lists the account's logged-in devices.
    pub async fn sessions(&self, query: PageQuery) -> Result<Page<Session>, ClientError> {
        self.get("auth/sessions").query(&query).fetch().await
    }

    /// Logs a device out.
    pub async fn end_session(&self, session: SessionId) -> Result<(), ClientError> {
        self.delete(&format!("auth/sessions/{session}")).done().await
    }

    /// Gives the own account.
    pub async fn me(&self) -> Result<User, ClientError> {
        self.get("users/me").fetch().await
    }

    /// Changes the own profile.
    pub async fn edit_me(&self, edit: EditProfile) -> Result<User, ClientError> {
        self.patch("users/me").body(&edit).fetch().await
    }

    /// Changes what oneself says of oneself, and what presence is shown; gives the own account after it.
    pub async fn set_status(&self, edit: EditStatus) -> Result<User, ClientError> {
        self.put("users/me/status").body(&edit).fetch().await
    }

    /// Gives what oneself wants for the whole account.
    pub async fn preferences(&self) -> Result<Preferences, ClientError> {
        self.get("users/me/preferences").fetch().await
    }

    /// Changes what oneself wants for the whole account.
    pub async fn edit_preferences(&self, edit: EditPreferences) -> Result<Preferences, ClientError> {
        self.put("users/me/preferences").body(&edit).fetch().await
    }

    /// Gives the words and phrases by which the person wants to be called.
    pub async fn keywords(&self) -> Result<Keywords, ClientError> {
        self.get("users/me/keywords").fetch().await
    }

    /// Replaces the person's keywords; gives them as they are kept.
    pub async fn put_keywords(&self, keywords: Keywords) -> Result<Keywords, ClientError> {
        self.put("users/me/keywords").body(&keywords).fetch().await
    }

    /// Changes the own password; every other device is logged out.
    pub async fn change_password(&self, change: ChangePassword) -> Result<(), ClientError> {
        self.post("users/me/password").body(&change).done().await
    }

    /// Lists people who share a team with the asking person, or those of them whose names the query finds.
    pub async fn users(&self, query: PeopleQuery) -> Result<Page<User>, ClientError> {
        self.get("users").query(&query).fetch().await
    }

    /// Gives an account.
    pub async fn user(&self, user: UserId) -> Result<User, ClientError> {
        self.get(&format!("users/{user}")).fetch().await
    }

    /// Gives the presence of people, asked for in as many calls as their number needs.
    pub async fn presence(&self, users: &[UserId]) -> Result<Vec<Presence>, ClientError> {
        let mut found = Vec::with_capacity(users.len());
        for some in users.chunks(WATCHED_USERS_MAX) {
            let list = some.iter().map(UserId::to_string).collect::<Vec<_>>().join(",");
            let page: Page<Presence> = self.get("presence").query(&[("users", list)]).fetch().await?;
            found.extend(page.items);
        }
        Ok(found)
    }

    /// Makes an account for somebody. For administrators. A lost answer is asked for again, and makes no second one.
    pub async fn create_user(&self, user: CreateUser) -> Result<User, ClientError> {
        self.post("admin/users").body(&user).create().await
    }

    /// Changes somebody's account. For administrators.
    pub async fn edit_user(&self, user: UserId, edit: EditUser) -> Result<User, ClientError> {
        self.patch(&format!("admin/users/{user}")).body(&edit).fetch().await
    }

    /// Switches an account on again. For administrators.
    pub async fn reactivate_user(&self, user: UserId) -> Result<User, ClientError> {
        self.edit_user(user, EditUser { is_active: Some(true), ..EditUser::default() }).await
    }

    /// Switches an account off; its history stays. For administrators.
    pub async fn deactivate_user(&self, user: UserId) -> Result<(), ClientError> {
        self.delete(&format!("admin/users/{user}")).done().await
    }
}

/// Tells whether a refusal may mean that the same registration has gone through: name, invite or bootstrap token is used.
fn is_of_used_registration(error: &ClientError) -> bool {
    matches!(error.code(), Some(ErrorCode::NameTaken | ErrorCode::NotFound | ErrorCode::RegistrationClosed))
}
