//! Routes of administrators of the server.

use syncspace_protocol::erasure::{Erasure, ErasurePlan};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::server::{
    AccountQuery, CreatePasswordReset, EditServerSettings, HandOver, HandedOver, PasswordReset, ServerSettings,
    Statistics,
};
use syncspace_protocol::users::User;
use syncspace_protocol::{Page, UserId};

use super::Client;
use crate::ClientError;

impl Client {
    /// Gives what is settled for the whole server.
    pub async fn server_settings(&self) -> Result<ServerSettings, ClientError> {
        self.get("admin/settings").fetch().await
    }

    /// Settles something for the whole server.
    pub async fn edit_server_settings(&self, edit: EditServerSettings) -> Result<ServerSettings, ClientError> {
        self.patch("admin/settings").body(&edit).fetch().await
    }

    /// Gives how much there is on the server, and was on the last days.
    pub async fn statistics(&self) -> Result<Statistics, ClientError> {
        self.get("admin/statistics").fetch().await
    }

    /// Lists accounts by id.
    pub async fn accounts(&self, query: AccountQuery) -> Result<Page<User>, ClientError> {
        self.get("admin/users").query(&query).fetch().await
    }

    /// Makes a code by which a person sets a new password, once; codes made before end.
    pub async fn create_password_reset(
        &self,
        user: UserId,
        create: CreatePasswordReset,
    ) -> Result<PasswordReset, ClientError> {
        self.post(&format!("admin/users/{user}/password-reset")).body(&create).fetch().await
    }

    /// Switches an imported account on, with a code for its first password: mailed, or in the answer.
    pub async fn hand_over(&self, user: UserId, wanted: HandOver) -> Result<HandedOver, ClientError> {
        self.post(&format!("admin/users/{user}/hand-over")).body(&wanted).fetch().await
    }

    /// Counts what the erasure of a person would take.
    pub async fn erasure_plan(&self, user: UserId) -> Result<ErasurePlan, ClientError> {
        self.get(&format!("admin/users/{user}/erase")).fetch().await
    }

    /// Erases a person, which goes on after the answer; nothing undoes it. Once more gives how far it has come.
    pub async fn erase_user(&self, user: UserId) -> Result<Erasure, ClientError> {
        self.post(&format!("admin/users/{user}/erase")).fetch().await
    }

    /// Lists who was erased or is being erased, by account.
    pub async fn erasures(&self, query: PageQuery) -> Result<Page<Erasure>, ClientError> {
        self.get("admin/erasures").query(&query).fetch().await
    }
}
