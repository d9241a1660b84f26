//! Messages that are to be sent later.

use syncspace_protocol::scheduled::Scheduled;

use crate::output::{Cell, Column, Record};

impl Record for Scheduled {
    const PLURAL: &'static str = "scheduled messages";
    const COLUMNS: &'static [Column] = &[
        Column::shown("id"),
        Column::shown("send_at"),
        Column::shown("state"),
        Column::shown("channel_id"),
        Column::shown("content"),
        Column::shown("failure"),
        Column::detail("files"),
        Column::detail("parent_message_id"),
        Column::detail("message_seq"),
        Column::detail("created_at"),
        Column::detail("updated_at"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.id.get()),
            Cell::Time(self.send_at),
            Cell::word(self.state),
            Cell::Number(self.channel_id.get()),
            Cell::text(&self.content),
            Cell::maybe(self.failure.as_ref()),
            Cell::Text(self.files.iter().map(|file| file.id.to_string()).collect::<Vec<_>>().join(" ")),
            self.parent_message_id.map_or(Cell::Empty, |id| Cell::Number(id.get())),
            self.message.map_or(Cell::Empty, |message| Cell::Number(message.seq.get())),
            Cell::Time(self.created_at),
            Cell::Time(self.updated_at),
        ]
    }
}
