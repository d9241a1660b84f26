//! Messages that a person wants to be reminded of.

use syncspace_protocol::reminders::{MyReminder, Reminder};

use crate::output::{Cell, Column, Record};

impl Record for Reminder {
    const PLURAL: &'static str = "reminders";
    const COLUMNS: &'static [Column] = &[
        Column::shown("id"),
        Column::shown("remind_at"),
        Column::shown("state"),
        Column::shown("channel_id"),
        Column::shown("seq"),
        Column::shown("note"),
        Column::detail("message_gone"),
        Column::detail("created_at"),
        Column::detail("updated_at"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.id.get()),
            Cell::Time(self.remind_at),
            Cell::word(self.state),
            Cell::Number(self.channel_id.get()),
            Cell::Number(self.seq.get()),
            Cell::maybe(self.note.as_ref()),
            Cell::Bool(self.is_message_gone),
            Cell::Time(self.created_at),
            Cell::Time(self.updated_at),
        ]
    }
}

impl Record for MyReminder {
    const PLURAL: &'static str = "reminders";
    const COLUMNS: &'static [Column] = &[
        Column::shown("id"),
        Column::shown("remind_at"),
        Column::shown("state"),
        Column::shown("channel_id"),
        Column::shown("seq"),
        Column::shown("note"),
        Column::shown("content"),
        Column::detail("sender_id"),
        Column::detail("created_at"),
        Column::detail("updated_at"),
    ];

    fn cells(&self) -> Vec<Cell> {
        let Self { reminder, message } = self;
        let content = message.as_ref().map_or("(deleted, or not yours to read any more)", |message| &message.content);
        vec![
            Cell::Number(reminder.id.get()),
            Cell::Time(reminder.remind_at),
            Cell::word(reminder.state),
            Cell::Number(reminder.channel_id.get()),
            Cell::Number(reminder.seq.get()),
            Cell::maybe(reminder.note.as_ref()),
            Cell::text(content),
            message.as_ref().map_or(Cell::Empty, |message| Cell::Number(message.sender_id.get())),
            Cell::Time(reminder.created_at),
            Cell::Time(reminder.updated_at),
        ]
    }
}
