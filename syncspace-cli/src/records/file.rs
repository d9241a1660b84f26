//! Files.

use syncspace_protocol::files::{FileEntry, FileInfo};

use crate::output::{Cell, Column, Record};

impl Record for FileInfo {
    const PLURAL: &'static str = "files";
    const COLUMNS: &'static [Column] = &[
        Column::shown("id"),
        Column::shown("name"),
        Column::shown("size_bytes"),
        Column::shown("content_type"),
        Column::detail("sha256"),
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Number(self.id.get()),
            Cell::text(&self.name),
            Cell::Number(self.size_bytes),
            Cell::text(&self.content_type),
            Cell::text(&self.sha256),
        ]
    }
}

impl Record for FileEntry {
    const PLURAL: &'static str = "files";
    const COLUMNS: &'static [Column] = &[
        Column::shown("id"),
        Column::shown("name"),
        Column::shown("size_bytes"),
        Column::shown("content_type"),
        Column::detail("sha256"),
        Column::shown("channel_id"),
        Column::shown("message_seq"),
        Column::shown("created_at"),
        Column::detail("uploader_id"),
    ];

    fn cells(&self) -> Vec<Cell> {
        let mut cells = self.file.cells();
        cells.extend([
            Cell::Number(self.channel_id.get()),
            self.message_seq.map_or(Cell::Empty, |seq| Cell::Number(seq.get())),
            Cell::Time(self.created_at),
            Cell::Number(self.uploader_id.get()),
        ]);
        cells
    }
}
