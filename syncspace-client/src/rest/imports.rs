//! Routes of exports and imports: a team's history on its way out and in.

use reqwest::Method;
use syncspace_protocol::archive::ArchiveLine;
use syncspace_protocol::files::FileInfo;
use syncspace_protocol::imports::{
    CheckImport, CheckedImport, ExportQuery, FinishedImport, Import, ImportFileQuery, ImportLines, ImportedLines,
    StartImport,
};
use syncspace_protocol::{ImportId, TeamId, UserId};
use tokio::io::{AsyncRead, AsyncWrite};

use super::Client;
use crate::ClientError;

impl Client {
    /// Writes the archive of a team, line by line; `received` hears how many bytes so far.
    ///
    /// Whoever reads it later knows by its last line, of the type `end`, whether it is whole.
    pub async fn export_team<W>(
        &self,
        team: TeamId,
        query: ExportQuery,
        to: &mut W,
        received: impl FnMut(u64),
    ) -> Result<(), ClientError>
    where
        W: AsyncWrite + Unpin,
    {
        self.stream_down(&["teams", &team.to_string(), "export"], &query, to, received).await
    }

    /// Writes the bytes of a file of a team's archive, by its checksum.
    pub async fn exported_file<W>(
        &self,
        team: TeamId,
        sha256: &str,
        query: ExportQuery,
        to: &mut W,
    ) -> Result<(), ClientError>
    where
        W: AsyncWrite + Unpin,
    {
        self.stream_down(&["teams", &team.to_string(), "export", "files", sha256], &query, to, |_| {}).await
    }

    /// Writes what is kept of the person, one JSON object per line.
    pub async fn export_me<W>(&self, to: &mut W, received: impl FnMut(u64)) -> Result<(), ClientError>
    where
        W: AsyncWrite + Unpin,
    {
        self.stream_down(&["users", "me", "export"], &(), to, received).await
    }

    /// Writes what is kept of somebody. For administrators.
    pub async fn export_user<W>(&self, user: UserId, to: &mut W, received: impl FnMut(u64)) -> Result<(), ClientError>
    where
        W: AsyncWrite + Unpin,
    {
        self.stream_down(&["admin", "users", &user.to_string(), "export"], &(), to, received).await
    }

    /// Asks what an import would make of people and channels. For administrators.
    pub async fn check_import(&self, check: &CheckImport) -> Result<CheckedImport, ClientError> {
        self.post("admin/imports/check").body(check).fetch().await
    }

    /// Begins to fill a team from an archive, or gives the import back that its fingerprint began before.
    pub async fn start_import(&self, team: TeamId, import: &StartImport) -> Result<Import, ClientError> {
        self.post(&format!("teams/{team}/imports")).body(import).fetch().await
    }

    /// Gives an import.
    pub async fn import(&self, team: TeamId, import: ImportId) -> Result<Import, ClientError> {
        self.get(&format!("teams/{team}/imports/{import}")).fetch().await
    }

    /// Sends lines of an archive; they may be sent again.
    pub async fn import_lines(
        &self,
        team: TeamId,
        import: ImportId,
        lines: Vec<ArchiveLine>,
    ) -> Result<ImportedLines, ClientError> {
        self.post(&format!("teams/{team}/imports/{import}/lines")).body(&ImportLines { lines }).fetch().await
    }

    /// Sends lines that are written as JSON already.
    pub(crate) async fn import_written(
        &self,
        team: TeamId,
        import: ImportId,
        lines: &str,
    ) -> Result<ImportedLines, ClientError> {
        let body = format!("{{\"lines\":[{lines}]}}");
        let call = self.post(&format!("teams/{team}/imports/{import}/lines"));
        call.header("content-type", "application/json").bytes(body.into_bytes()).fetch().await
    }

    /// Sends a file ahead of the message that carries it; the name and checksum of the query count.
    pub async fn import_file<R>(
        &self,
        (team, import): (TeamId, ImportId),
        query: &ImportFileQuery,
        bytes: R,
        length: u64,
    ) -> Result<FileInfo, ClientError>
    where
        R: AsyncRead + Unpin + Send + 'static,
    {
        let path = ["teams", &team.to_string(), "imports", &import.to_string(), "files"];
        let request = self.transfer(Method::POST, &path)?.query(query);
        self.stream_up(request, (bytes, Some(length)), "POST /api/v1/teams/…/imports/…/files", |_| {}).await
    }

    /// Shows some channels of an import to their people; to be asked until none is left.
    pub async fn finish_import(&self, team: TeamId, import: ImportId) -> Result<FinishedImport, ClientError> {
        self.post(&format!("teams/{team}/imports/{import}/finish")).fetch().await
    }

    /// Takes an import back that is not finished.
    pub async fn cancel_import(&self, team: TeamId, import: ImportId) -> Result<(), ClientError> {
        self.api(Method::DELETE, &format!("teams/{team}/imports/{import}"), &[]).done().await
    }
}
