//! Routes of bots, hooks and commands.

use syncspace_protocol::bots::{Bot, CreateBot, EditBot};
use syncspace_protocol::commands::{CommandAnswer, CreateCommand, EditCommand, MadeCommand, RunCommand, SlashCommand};
use syncspace_protocol::hooks::{CreateHook, Delivery, EditHook, Hook, MadeHook};
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::tokens::{AccessToken, CreateToken, MadeToken};
use syncspace_protocol::{ChannelId, CommandId, HookId, Page, SessionId, TeamId, UserId};

use super::Client;
use crate::ClientError;

impl Client {
    /// Lists the bots of a team. For those who manage it.
    pub async fn bots(&self, team: TeamId, query: PageQuery) -> Result<Page<Bot>, ClientError> {
        self.get(&format!("teams/{team}/bots")).query(&query).fetch().await
    }

    /// Makes a bot. A lost answer is asked for again, and makes no second one.
    pub async fn create_bot(&self, team: TeamId, bot: CreateBot) -> Result<Bot, ClientError> {
        self.post(&format!("teams/{team}/bots")).body(&bot).create().await
    }

    /// Gives a bot another name, or switches it on or off.
    pub async fn edit_bot(&self, team: TeamId, bot: UserId, edit: EditBot) -> Result<Bot, ClientError> {
        self.patch(&format!("teams/{team}/bots/{bot}")).body(&edit).fetch().await
    }

    /// Lists the access tokens of a bot that hold.
    pub async fn bot_tokens(
        &self,
        team: TeamId,
        bot: UserId,
        query: PageQuery,
    ) -> Result<Page<AccessToken>, ClientError> {
        self.get(&format!("teams/{team}/bots/{bot}/tokens")).query(&query).fetch().await
    }

    /// Makes an access token for a bot. It is in this answer and nowhere else: one whose answer was lost is to be revoked.
    pub async fn create_bot_token(
        &self,
        team: TeamId,
        bot: UserId,
        token: CreateToken,
    ) -> Result<MadeToken, ClientError> {
        self.post(&format!("teams/{team}/bots/{bot}/tokens")).body(&token).fetch().await
    }

    /// Ends an access token of a bot.
    pub async fn revoke_bot_token(&self, team: TeamId, bot: UserId, token: SessionId) -> Result<(), ClientError> {
        self.delete(&format!("teams/{team}/bots/{bot}/tokens/{token}")).done().await
    }

    /// Lists the hooks of a team. For those who manage it.
    pub async fn hooks(&self, team: TeamId, query: PageQuery) -> Result<Page<Hook>, ClientError> {
        self.get(&format!("teams/{team}/hooks")).query(&query).fetch().await
    }

    /// Makes a hook. Its path or secret is in this answer and nowhere else: one whose answer was lost is to be deleted.
    pub async fn create_hook(&self, team: TeamId, hook: CreateHook) -> Result<MadeHook, ClientError> {
        self.post(&format!("teams/{team}/hooks")).body(&hook).fetch().await
    }

    /// Gives a hook.
    pub async fn hook(&self, team: TeamId, hook: HookId) -> Result<Hook, ClientError> {
        self.get(&format!("teams/{team}/hooks/{hook}")).fetch().await
    }

    /// Changes a hook.
    pub async fn edit_hook(&self, team: TeamId, hook: HookId, edit: EditHook) -> Result<Hook, ClientError> {
        self.patch(&format!("teams/{team}/hooks/{hook}")).body(&edit).fetch().await
    }

    /// Deletes a hook.
    pub async fn delete_hook(&self, team: TeamId, hook: HookId) -> Result<(), ClientError> {
        self.delete(&format!("teams/{team}/hooks/{hook}")).done().await
    }

    /// Lists what an outgoing hook was told, the newest first.
    pub async fn hook_deliveries(
        &self,
        team: TeamId,
        hook: HookId,
        query: PageQuery,
    ) -> Result<Page<Delivery>, ClientError> {
        self.get(&format!("teams/{team}/hooks/{hook}/deliveries")).query(&query).fetch().await
    }

    /// Lists the commands of a team.
    pub async fn commands(&self, team: TeamId, query: PageQuery) -> Result<Page<SlashCommand>, ClientError> {
        self.get(&format!("teams/{team}/commands")).query(&query).fetch().await
    }

    /// Makes a command. Its secret is in this answer and nowhere else.
    pub async fn create_command(&self, team: TeamId, command: CreateCommand) -> Result<MadeCommand, ClientError> {
        self.post(&format!("teams/{team}/commands")).body(&command).fetch().await
    }

    /// Changes a command.
    pub async fn edit_command(
        &self,
        team: TeamId,
        command: CommandId,
        edit: EditCommand,
    ) -> Result<SlashCommand, ClientError> {
        self.patch(&format!("teams/{team}/commands/{command}")).body(&edit).fetch().await
    }

    /// Deletes a command.
    pub async fn delete_command(&self, team: TeamId, command: CommandId) -> Result<(), ClientError> {
        self.delete(&format!("teams/{team}/commands/{command}")).done().await
    }

    /// Runs a command of the team in a channel. It is not repeated by itself: the program behind it may have done its work.
    pub async fn run_command(&self, channel: ChannelId, run: RunCommand) -> Result<CommandAnswer, ClientError> {
        self.post(&format!("channels/{channel}/commands")).body(&run).fetch().await
    }
}
