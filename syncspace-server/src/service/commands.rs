//! Commands that people type with a slash: looked after by those who manage the team, run by everybody who may write.
//!
//! The program behind one gets what Slack's programs get: a form with the same fields, signed in the same way, three seconds
//! to answer. What it answers is shown to the person who asked, or posted by the command's bot.

use std::time::Duration;

use serde_json::Value;
use syncspace_protocol::audit::AuditAction;
use syncspace_protocol::auth::Secret;
use syncspace_protocol::commands::{CommandAnswer, CreateCommand, EditCommand, MadeCommand, RunCommand, SlashCommand};
use syncspace_protocol::error::ErrorCode;
use syncspace_protocol::hooks::{SIGNATURE_HEADER, TIMESTAMP_HEADER};
use syncspace_protocol::limits::{
    COMMAND_DESCRIPTION_CHARS_MAX, COMMAND_HINT_CHARS_MAX, COMMANDS_PER_TEAM_MAX, MESSAGE_BYTES_MAX,
};
use syncspace_protocol::messages::SendMessage;
use syncspace_protocol::page::{Page, PageQuery};
use syncspace_protocol::text::clean_text;
use syncspace_protocol::{ChannelId, CommandId, HookId, TeamId};

use super::audit::Line;
use super::fields::{clean_field, clean_patch};
use super::hooks::{bot_of, check_url};
use super::paging::Window;
use super::parse::slice;
use super::retry::retrying;
use super::secrets::{random_token, sign};
use super::slack::SlackPost;
use super::{Actor, Service, ServiceError, access};
use crate::outbound::{Answer, Post};
use crate::permissions::{ChannelAction, TeamAction};
use crate::store::{StoreError, bots, channels, commands, teams, users};

/// Longest wait for an answer, as at Slack: somebody sits in front of it.
const ANSWER_WAIT: Duration = Duration::from_secs(3);

impl Service {
    /// Lists the commands of a team, by id; where they lead is shown to those who manage it.
    pub async fn commands(
        &self,
        actor: &Actor,
        team: TeamId,
        query: &PageQuery,
    ) -> Result<Page<SlashCommand>, ServiceError> {
        let window = Window::parse(query)?;
        let mut db = &self.store;
        let (_, found) = access::on_team(&mut db, actor, team, TeamAction::ViewInside).await?;
        let manages = access::permit_team(&found, TeamAction::ManageIntegrations).is_ok();
        let mut page = window.page(commands::list(&mut db, team, &slice(window, query)).await?, |one| one.id.get());
        if !manages {
            page.items.iter_mut().for_each(|command| command.url = None);
        }
        Ok(page)
    }

    /// Makes a command; its secret is in this answer and nowhere else.
    pub async fn create_command(
        &self,
        actor: &Actor,
        team: TeamId,
        body: CreateCommand,
    ) -> Result<MadeCommand, ServiceError> {
        let (now, secret) = (self.clock.now(), random_token()?);
        self.refuse_private(Some(&body.url))?;
        let hint = body.usage_hint.as_deref();
        let command = SlashCommand {
            id: self.ids.next().await?,
            team_id: team,
            name: body.name,
            description: clean_field("description", body.description.as_deref(), COMMAND_DESCRIPTION_CHARS_MAX)?,
            usage_hint: clean_field("usage_hint", hint, COMMAND_HINT_CHARS_MAX)?,
            bot_id: body.bot_id,
            url: Some(check_url("url", &body.url)?),
            created_by: actor.user_id,
            created_at: now,
            updated_at: now,
        };
        retrying(|| self.insert_command(actor, &command, &secret)).await?;
        Ok(MadeCommand { command, secret: Secret(secret) })
    }

    async fn insert_command(&self, actor: &Actor, command: &SlashCommand, secret: &str) -> Result<(), ServiceError> {
        let mut tx = self.store.begin().await?;
        access::on_team(&mut tx, actor, command.team_id, TeamAction::ManageIntegrations).await?;
        if commands::count(&mut tx, command.team_id).await? >= COMMANDS_PER_TEAM_MAX {
            let sentence = format!("a team has at most {COMMANDS_PER_TEAM_MAX} commands; delete one that is not used");
            return Err(ServiceError::refused(ErrorCode::Conflict, sentence));
        }
        let bot = bots::find(&mut tx, command.team_id, command.bot_id).await?;
        if !bot.is_some_and(|bot| bot.user.is_active) {
            let sentence = "this is no active bot of the team; make one first, or switch it on";
            return Err(ServiceError::not_found_by("bot_id", sentence));
        }
        commands::insert(&mut tx, command, secret)
            .await
            .map_err(|error| if error.is_duplicate_of("commands_name") { name_taken(command) } else { error.into() })?;
        line_of(actor, AuditAction::CommandCreated, command).write(&mut tx, command.created_at).await?;
        Ok(tx.commit().await?)
    }

    /// Changes a command.
    pub async fn edit_command(
        &self,
        actor: &Actor,
        (team, command): (TeamId, CommandId),
        edit: EditCommand,
    ) -> Result<SlashCommand, ServiceError> {
        let description = clean_patch("description", &edit.description, COMMAND_DESCRIPTION_CHARS_MAX)?;
        let usage_hint = clean_patch("usage_hint", &edit.usage_hint, COMMAND_HINT_CHARS_MAX)?;
        let url = edit.url.as_deref().map(|url| check_url("url", url)).transpose()?;
        self.refuse_private(url.as_deref())?;
        retrying(|| async {
            let mut tx = self.store.begin().await?;
            access::on_team(&mut tx, actor, team, TeamAction::ManageIntegrations).await?;
            let found = commands::find(&mut tx, team, command).await?.ok_or_else(no_command)?;
            let changed = SlashCommand {
                description: description.clone().apply(found.description),
                usage_hint: usage_hint.clone().apply(found.usage_hint),
                url: url.clone().or(found.url),
                updated_at: self.clock.now(),
                ..found
            };
            commands::update(&mut tx, &changed).await?;
            line_of(actor, AuditAction::CommandEdited, &changed).write(&mut tx, changed.updated_at).await?;
            tx.commit().await?;
            Ok(changed)
        })
        .await
    }

    /// Deletes a command.
    pub async fn delete_command(&self, actor: &Actor, team: TeamId, command: CommandId) -> Result<(), ServiceError> {
        retrying(|| async {
            let mut tx = self.store.begin().await?;
            access::on_team(&mut tx, actor, team, TeamAction::ManageIntegrations).await?;
            let found = commands::find(&mut tx, team, command).await?.ok_or_else(no_command)?;
            commands::delete(&mut tx, team, command).await?;
            line_of(actor, AuditAction::CommandDeleted, &found).write(&mut tx, self.clock.now()).await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    /// Runs a command in a channel where the person may write; gives what the program behind it answers.
    ///
    /// Fails with `target_failed` where that does not answer in time, or not with success.
    pub async fn run_command(
        &self,
        actor: &Actor,
        channel: ChannelId,
        run: RunCommand,
    ) -> Result<CommandAnswer, ServiceError> {
        let mut db = &self.store;
        let (_, found) = access::on_channel(&mut db, actor, channel, ChannelAction::Post).await?;
        if bots::find_team(&mut db, actor.user_id).await?.is_some() {
            let sentence = "programs run no commands: two of them would never stop";
            return Err(ServiceError::refused(ErrorCode::Forbidden, sentence));
        }
        if run.text.len() > MESSAGE_BYTES_MAX {
            let sentence = format!("what follows a command has at most {MESSAGE_BYTES_MAX} bytes");
            return Err(ServiceError::invalid_field("text", sentence));
        }
        let (command, secret) =
            commands::find_by_name(&mut db, found.team_id, &run.name).await?.ok_or_else(no_command)?;
        let body = self.form_of(actor, channel, &command, &run).await?.into_bytes();
        let answer = self.ask(&command, &secret, body).await?;
        self.pass_on(channel, &command, &answer).await
    }

    /// Gives the fields that Slack's programs know, as a form.
    async fn form_of(
        &self,
        actor: &Actor,
        channel: ChannelId,
        command: &SlashCommand,
        run: &RunCommand,
    ) -> Result<String, StoreError> {
        let mut db = &self.store;
        let user = users::find_user(&mut db, actor.user_id).await?;
        let team = teams::find(&mut db, command.team_id, actor.user_id).await?;
        let row = channels::find(&mut db, channel, actor.user_id).await?;
        let name = row.and_then(|row| row.channel.name).map(|name| name.as_str().to_owned());
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("team_id", &command.team_id.to_string())
            .append_pair("team_domain", team.as_ref().map_or("", |team| team.team.name.as_str()))
            .append_pair("channel_id", &channel.to_string())
            .append_pair("channel_name", name.as_deref().unwrap_or("directmessage"))
            .append_pair("user_id", &actor.user_id.to_string())
            .append_pair("user_name", user.as_ref().map_or("", |user| user.username.as_str()))
            .append_pair("command", &format!("/{}", command.name))
            .append_pair("text", run.text.trim());
        Ok(form.finish())
    }

    async fn ask(&self, command: &SlashCommand, secret: &str, body: Vec<u8>) -> Result<Answer, ServiceError> {
        let timestamp = self.clock.now().unix_ms().div_euclid(1_000).to_string();
        let signature = sign(secret, &timestamp, &body);
        // Under Slack's names too: what checks those goes on working.
        let headers = vec![
            ("x-slack-request-timestamp", timestamp.clone()),
            ("x-slack-signature", signature.clone()),
            (TIMESTAMP_HEADER, timestamp),
            (SIGNATURE_HEADER, signature),
        ];
        let url = command.url.clone().unwrap_or_default();
        let post = Post { url, media_type: "application/x-www-form-urlencoded", headers, body, wait: ANSWER_WAIT };
        let failed = |what: String| {
            let sentence = format!("/{} was not answered: {what}; ask who looks after it", command.name);
            ServiceError::refused(ErrorCode::TargetFailed, sentence)
        };
        match self.outbound.post(&post).await {
            Ok(answer) if answer.is_success() => Ok(answer),
            Ok(answer) => Err(failed(format!("it answered with status {}", answer.status))),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// Posts an answer, where it is for everybody; else gives it for the person who asked.
    async fn pass_on(
        &self,
        channel: ChannelId,
        command: &SlashCommand,
        answer: &Answer,
    ) -> Result<CommandAnswer, ServiceError> {
        let (text, is_for_all) = read_answer(answer);
        if !is_for_all || text.is_empty() {
            return Ok(CommandAnswer { text, seq: None });
        }
        let actor = bot_of(HookId::try_from(command.id.get()).map_err(ServiceError::fault)?, command.bot_id)?;
        let message = SendMessage { content: text.clone(), ..SendMessage::default() };
        match self.send_message(&actor, channel, message).await {
            Ok((message, _)) => Ok(CommandAnswer { text: String::new(), seq: Some(message.seq) }),
            // Better shown to one than lost.
            Err(ServiceError::Refused(refusal)) => {
                let text =
                    format!("{text}\n\n(Only you see this: the command's bot may not write here. {})", refusal.message);
                Ok(CommandAnswer { text, seq: None })
            }
            Err(error) => Err(error),
        }
    }
}

/// Gives what the audit log says of a command.
fn line_of(actor: &Actor, action: AuditAction, command: &SlashCommand) -> Line {
    let line = Line::by(actor, action).in_team(command.team_id).to(command.bot_id);
    line.with("command_id", command.id).with("name", &command.name)
}

/// Reads an answer: its text, and whether it is for everybody in the channel.
fn read_answer(answer: &Answer) -> (String, bool) {
    let Ok(object @ Value::Object(_)) = serde_json::from_slice(&answer.body) else {
        return (bounded(&String::from_utf8_lossy(&answer.body)), false);
    };
    let text = SlackPost::read(&answer.body, false).map_or_else(|_| String::new(), |post| post.text);
    (bounded(&text), object["response_type"] == "in_channel")
}

/// Cleans what is shown in a terminal, and cuts it to what a message may have.
fn bounded(text: &str) -> String {
    let clean = clean_text(text.trim());
    let end = clean.floor_char_boundary(MESSAGE_BYTES_MAX);
    clean[..end].to_owned()
}

fn no_command() -> ServiceError {
    ServiceError::not_found("command")
}

fn name_taken(command: &SlashCommand) -> ServiceError {
    let sentence = format!("this team has a command /{} already; choose another name", command.name);
    ServiceError::refused(ErrorCode::NameTaken, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_for_one_unless_they_say_otherwise() {
        for (body, expected) in [
            ("", ("", false)),
            (" done \n", ("done", false)),
            ("\u{1b}[31mred", ("red", false)),
            (r#"{"text":"*hi*"}"#, ("**hi**", false)),
            (r#"{"response_type":"ephemeral","text":"hi"}"#, ("hi", false)),
            (r#"{"response_type":"in_channel","text":"hi"}"#, ("hi", true)),
            (r#"{"response_type":"in_channel"}"#, ("", true)),
            ("[1]", ("[1]", false)),
        ] {
            let (text, is_for_all) = read_answer(&Answer { status: 200, body: body.as_bytes().to_vec() });
            assert_eq!((text.as_str(), is_for_all), expected, "{body}");
        }
        let long = "ü".repeat(MESSAGE_BYTES_MAX);
        assert_eq!(read_answer(&Answer { status: 200, body: long.into_bytes() }).0.len(), MESSAGE_BYTES_MAX);
    }
}
