//! The route of search.

use syncspace_protocol::search::{SearchPage, SearchParams};

use super::Client;
use crate::ClientError;

impl Client {
    /// Finds messages of a team that the person may read; pages by `cursor`.
    ///
    /// A query that cannot be understood is refused with the place in it and what to write instead.
    pub async fn search(&self, params: SearchParams) -> Result<SearchPage, ClientError> {
        self.get("search").query(&params).fetch().await
    }
}
