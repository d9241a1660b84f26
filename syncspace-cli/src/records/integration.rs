//! Bots, hooks and commands.

use serde::Serialize;
use syncspace_protocol::HookId;
use syncspace_protocol::bots::Bot;
use syncspace_protocol::commands::{CommandAnswer, MadeCommand, SlashCommand};
use syncspace_protocol::hooks::{Delivery, Hook};

use crate::output::{Cell, Column, Record, plain};

impl Record for Bot {
    const PLURAL: &'static str = "bots";
    const COLUMNS: &'static [Column] = &[
        Column::shown("id"),
        Column::shown("username"),
        Column::shown("full_name"),
        Column::shown("is_active"),
        Column::shown("created_at"),
        Column::detail("team_id"),
        Column::detail("created_by"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.user.id.get()),
            Cell::text(&self.user.username),
            Cell::maybe(self.user.full_name.as_ref()),
            Cell::Bool(self.user.is_active),
            Cell::Time(self.created_at),
            Cell::Number(self.team_id.get()),
            Cell::Number(self.created_by.get()),
        ]
    }
}

impl Record for Hook {
    const PLURAL: &'static str = "hooks";
    const COLUMNS: &'static [Column] = &[
        Column::shown("id"),
        Column::shown("kind"),
        Column::shown("name"),
        Column::shown("bot_id"),
        Column::shown("channel_id"),
        Column::shown("url"),
        Column::shown("trigger_words"),
        Column::detail("may_choose_channel"),
        Column::detail("created_by"),
        Column::detail("created_at"),
        Column::detail("updated_at"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.id.get()),
            Cell::word(self.kind),
            Cell::text(&self.name),
            Cell::Number(self.bot_id.get()),
            self.channel_id.map_or(Cell::Empty, |id| Cell::Number(id.get())),
            Cell::maybe(self.url.as_ref()),
            Cell::text(self.trigger_words.join(" ")),
            Cell::Bool(self.may_choose_channel),
            Cell::Number(self.created_by.get()),
            Cell::Time(self.created_at),
            Cell::Time(self.updated_at),
        ]
    }
}

/// What is to be kept of a hook that was made.
#[derive(Debug, Serialize)]
pub(crate) struct HookAddress {
    pub(crate) id: HookId,
    pub(crate) name: String,
    pub(crate) url: Option<String>,
    pub(crate) secret: Option<String>,
}

impl Record for HookAddress {
    const PLURAL: &'static str = "hooks";
    const COLUMNS: &'static [Column] =
        &[Column::shown("id"), Column::shown("name"), Column::shown("url"), Column::shown("secret")];

    fn cells(&self) -> Vec<Cell> {
        let (url, secret) = (Cell::maybe(self.url.as_ref()), Cell::maybe(self.secret.as_ref()));
        vec![Cell::Number(self.id.get()), Cell::text(&self.name), url, secret]
    }

    /// The address or secret alone, for `$(…)`.
    fn line(&self) -> Option<String> {
        self.url.clone().or_else(|| self.secret.clone())
    }
}

impl Record for Delivery {
    const PLURAL: &'static str = "deliveries";
    const COLUMNS: &'static [Column] = &[
        Column::shown("id"),
        Column::shown("state"),
        Column::shown("channel_id"),
        Column::shown("seq"),
        Column::shown("attempts"),
        Column::shown("last_status"),
        Column::shown("last_error"),
        Column::shown("next_at"),
        Column::detail("created_at"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.id.get()),
            Cell::word(self.state),
            Cell::Number(self.channel_id.get()),
            Cell::Number(self.seq.get()),
            Cell::Number(self.attempts.into()),
            self.last_status.map_or(Cell::Empty, |status| Cell::Number(status.into())),
            Cell::maybe(self.last_error.as_ref()),
            Cell::maybe_time(self.next_at),
            Cell::Time(self.created_at),
        ]
    }
}

impl Record for SlashCommand {
    const PLURAL: &'static str = "commands";
    const COLUMNS: &'static [Column] = &[
        Column::shown("id"),
        Column::shown("name"),
        Column::shown("usage_hint"),
        Column::shown("description"),
        Column::shown("url"),
        Column::detail("bot_id"),
        Column::detail("created_by"),
        Column::detail("created_at"),
        Column::detail("updated_at"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.id.get()),
            Cell::text(&self.name),
            Cell::maybe(self.usage_hint.as_ref()),
            Cell::maybe(self.description.as_ref()),
            Cell::maybe(self.url.as_ref()),
            Cell::Number(self.bot_id.get()),
            Cell::Number(self.created_by.get()),
            Cell::Time(self.created_at),
            Cell::Time(self.updated_at),
        ]
    }
}

impl Record for MadeCommand {
    const PLURAL: &'static str = "commands";
    const COLUMNS: &'static [Column] = &[Column::shown("id"), Column::shown("name"), Column::shown("secret")];

    fn cells(&self) -> Vec<Cell> {
        let command = &self.command;
        vec![Cell::Number(command.id.get()), Cell::text(&command.name), Cell::text(&self.secret.0)]
    }

    /// The secret alone, for `$(…)`.
    fn line(&self) -> Option<String> {
        Some(self.secret.0.clone())
    }
}

impl Record for CommandAnswer {
    const PLURAL: &'static str = "answers";
    const COLUMNS: &'static [Column] = &[Column::shown("text"), Column::shown("seq")];

    fn cells(&self) -> Vec<Cell> {
        vec![Cell::text(&self.text), self.seq.map_or(Cell::Empty, |seq| Cell::Number(seq.get()))]
    }

    fn line(&self) -> Option<String> {
        Some(match self.seq {
            Some(seq) => format!("answered in the channel, with message {seq}"),
            None => plain(&self.text),
        })
    }
}
