//! Routes of access tokens for programs.

use syncspace_protocol::page::PageQuery;
use syncspace_protocol::tokens::{AccessToken, CreateToken, MadeToken};
use syncspace_protocol::{Page, SessionId};

use super::Client;
use crate::ClientError;

impl Client {
    /// Lists the account's access tokens that hold.
    pub async fn access_tokens(&self, query: PageQuery) -> Result<Page<AccessToken>, ClientError> {
        self.get("auth/tokens").query(&query).fetch().await
    }

    /// Makes an access token. It is in this answer and nowhere else: one whose answer was lost is to be revoked.
    pub async fn create_token(&self, token: CreateToken) -> Result<MadeToken, ClientError> {
        self.post("auth/tokens").body(&token).fetch().await
    }

    /// Ends an access token.
    pub async fn revoke_token(&self, token: SessionId) -> Result<(), ClientError> {
        self.delete(&format!("auth/tokens/{token}")).done().await
    }
}
