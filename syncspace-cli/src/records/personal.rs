//! What belongs to the person alone: mutes, threads, saved messages, drafts.

use syncspace_protocol::personal::{Draft, MutedUser, MyThread, SavedMark, SavedMessage, ThreadMembership, UserMute};

use crate::output::{Cell, Column, Record};

impl Record for UserMute {
    const PLURAL: &'static str = "muted people";
    const COLUMNS: &'static [Column] = &[Column::shown("user_id"), Column::shown("muted"), Column::detail("rev")];

    fn cells(&self) -> Vec<Cell> {
        vec![Cell::Number(self.user_id.get()), Cell::Bool(self.is_muted), Cell::Number(self.rev.get())]
    }
}

impl Record for MutedUser {
    const PLURAL: &'static str = "muted people";
    const COLUMNS: &'static [Column] = &[Column::shown("id"), Column::shown("username"), Column::shown("full_name")];

    fn cells(&self) -> Vec<Cell> {
        let user = &self.user;
        vec![Cell::Number(user.id.get()), Cell::text(&user.username), Cell::maybe(user.full_name.as_ref())]
    }
}

impl Record for ThreadMembership {
    const PLURAL: &'static str = "threads";
    const COLUMNS: &'static [Column] = &[
        Column::shown("channel_id"),
        Column::shown("root_seq"),
        Column::shown("following"),
        Column::shown("muted"),
        Column::shown("unread"),
        Column::shown("mentions"),
        Column::detail("last_read_seq"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.channel_id.get()),
            Cell::Number(self.root_seq.get()),
            Cell::Bool(self.is_following),
            Cell::Bool(self.is_muted),
            Cell::Number(self.read.unread_count.into()),
            Cell::Number(self.read.mention_count.into()),
            Cell::Number(self.read.last_read_seq.get()),
        ]
    }
}

impl Record for MyThread {
    const PLURAL: &'static str = "threads";
    const COLUMNS: &'static [Column] = &[
        Column::shown("channel_id"),
        Column::shown("root_seq"),
        Column::shown("unread"),
        Column::shown("mentions"),
        Column::shown("replies"),
        Column::shown("muted"),
        Column::shown("last_reply_at"),
        Column::shown("content"),
        Column::detail("last_read_seq"),
    ];

    fn cells(&self) -> Vec<Cell> {
        let Self { root, membership } = self;
        vec![
            Cell::Number(root.channel_id.get()),
            Cell::Number(root.seq.get()),
            Cell::Number(membership.read.unread_count.into()),
            Cell::Number(membership.read.mention_count.into()),
            Cell::Number(root.reply_count.into()),
            Cell::Bool(membership.is_muted),
            Cell::maybe_time(root.last_reply_at),
            Cell::text(&root.content),
            Cell::Number(membership.read.last_read_seq.get()),
        ]
    }
}

impl Record for SavedMark {
    const PLURAL: &'static str = "saved messages";
    const COLUMNS: &'static [Column] =
        &[Column::shown("channel_id"), Column::shown("seq"), Column::shown("saved"), Column::detail("rev")];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.channel_id.get()),
            Cell::Number(self.seq.get()),
            Cell::Bool(self.is_saved),
            Cell::Number(self.rev.get()),
        ]
    }
}

impl Record for SavedMessage {
    const PLURAL: &'static str = "saved messages";
    const COLUMNS: &'static [Column] = &[
        Column::shown("channel_id"),
        Column::shown("seq"),
        Column::shown("created_at"),
        Column::shown("content"),
        Column::shown("saved_at"),
        Column::detail("sender_id"),
        Column::detail("id"),
    ];

    fn cells(&self) -> Vec<Cell> {
        let message = &self.message;
        vec![
            Cell::Number(message.channel_id.get()),
            Cell::Number(message.seq.get()),
            Cell::Time(message.created_at),
            Cell::text(&message.content),
            Cell::Time(self.saved_at),
            Cell::Number(message.sender_id.get()),
            Cell::Number(message.id.get()),
        ]
    }
}

impl Record for Draft {
    const PLURAL: &'static str = "drafts";
    const COLUMNS: &'static [Column] = &[
        Column::shown("channel_id"),
        Column::shown("parent_seq"),
        Column::shown("content"),
        Column::shown("updated_at"),
        Column::shown("rev"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.channel_id.get()),
            self.parent_seq.map_or(Cell::Empty, |seq| Cell::Number(seq.get())),
            Cell::text(&self.content),
            Cell::Time(self.updated_at),
            Cell::Number(self.rev.get()),
        ]
    }
}
