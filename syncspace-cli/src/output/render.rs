//! Forms of data, as pure functions: table, details, CSV, JSON.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};
use serde::Serialize;
use syncspace_protocol::text::clean_text;

use super::{Cell, Emphasis, Record};
use crate::exit::{CliError, Outcome};

const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";
/// Bold and underlined: seen also where a terminal shows no bold.
pub(super) const EMPHASIS: Emphasis = Emphasis { begin: "\u{1b}[1;4m", end: PLAIN };
/// Blanks between two columns.
const GAP: u16 = 2;
/// Narrowest column that text is wrapped into.
const WRAPPED_WIDTH_MIN: u16 = 10;

/// Draws aligned columns below a header; wrapped into `width` columns where there is one.
pub(super) fn table<T: Record>(records: &[T], width: Option<u16>, colour: bool) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    let shown: Vec<bool> = T::COLUMNS.iter().map(|column| column.in_table).collect();
    table.set_header(T::COLUMNS.iter().filter(|column| column.in_table).map(|column| heading(column.name)));
    for record in records {
        let cells = record.cells().into_iter().zip(&shown).filter(|(_, shown)| **shown);
        table.add_row(cells.map(|(cell, _)| drawn(&cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    if let Some(width) = width {
        wrap_widest_only(&mut table, width);
    }
    let mut lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    if let Some(header) = lines.first_mut().filter(|_| colour) {
        *header = format!("{BOLD}{header}{PLAIN}");
    }
    lines.join("\n") + "\n"
}

/// Lets only the widest column wrap, where that leaves it room: names and numbers stay whole, to be copied.
fn wrap_widest_only(table: &mut Table, width: u16) {
    let widths = table.column_max_content_widths();
    let Some(widest) = (0..widths.len()).max_by_key(|&at| widths[at]) else { return };
    let others: u16 = widths.iter().enumerate().filter(|(at, _)| *at != widest).map(|(_, width)| width + GAP).sum();
    if others + GAP + WRAPPED_WIDTH_MIN > width {
        return;
    }
    for (_, column) in table.column_iter_mut().enumerate().filter(|(at, _)| *at != widest) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
}

fn drawn(cell: &Cell) -> comfy_table::Cell {
    let alignment = if matches!(cell, Cell::Number(_)) { CellAlignment::Right } else { CellAlignment::Left };
    comfy_table::Cell::new(cell.for_people()).set_alignment(alignment)
}

fn heading(name: &str) -> String {
    name.to_uppercase().replace('_', " ")
}

/// Draws one record as a line per cell; text of several lines goes on below, indented.
pub(super) fn details<T: Record>(record: &T, colour: bool) -> String {
    let width = T::COLUMNS.iter().map(|column| column.name.len()).max().unwrap_or_default() + 1;
    let (before, after) = if colour { (BOLD, PLAIN) } else { ("", "") };
    let indent = format!("\n{:1$}", "", width + 1);
    let line = |(name, cell): (&str, Cell)| {
        let name = format!("{}:", name.replace('_', " "));
        let text = cell.for_reading().replace('\n', &indent);
        format!("{before}{name:width$}{after} {text}\n")
    };
    T::COLUMNS.iter().map(|column| column.name).zip(record.cells()).map(line).collect()
}

/// Writes one line of comma-separated values (RFC 4180, ended by a newline alone).
pub(super) fn csv_line(fields: impl Iterator<Item = String>) -> String {
    let quoted = |field: String| {
        let needs_quotes = field.contains([',', '"', '\n', '\r']) || field.starts_with(' ') || field.ends_with(' ');
        if needs_quotes { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
    };
    fields.map(quoted).collect::<Vec<_>>().join(",") + "\n"
}

/// Writes JSON over several lines.
pub(super) fn json_pretty<T: Serialize + ?Sized>(value: &T) -> Outcome<String> {
    serde_json::to_string_pretty(value).map(|json| escaped(&json) + "\n").map_err(not_json)
}

/// Writes JSON as one line.
pub(super) fn json_line<T: Serialize + ?Sized>(value: &T) -> Outcome<String> {
    serde_json::to_string(value).map(|json| escaped(&json) + "\n").map_err(not_json)
}

fn not_json(error: serde_json::Error) -> CliError {
    CliError::Local { what: "cannot write JSON".to_owned(), source: error.into() }
}

/// Escapes what serde_json leaves raw and a terminal would obey or hide: the same JSON, spelled harmlessly.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        let steers = c != '\n' && c >= '\u{7f}' && clean_text(c.encode_utf8(&mut [0; 4])).is_empty();
        if steers {
            for unit in c.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::Column;
    use super::*;

    #[derive(Serialize)]
    struct Fruit {
        id: u64,
        name: String,
        note: Option<String>,
    }

    impl Record for Fruit {
        const PLURAL: &'static str = "fruits";
        const COLUMNS: &'static [Column] = &[Column::shown("id"), Column::shown("full_name"), Column::detail("note")];

        fn cells(&self) -> Vec<Cell> {
            vec![Cell::Number(self.id), Cell::text(&self.name), Cell::maybe(self.note.as_ref())]
        }
    }

    fn fruit(id: u64, name: &str, note: Option<&str>) -> Fruit {
        Fruit { id, name: name.to_owned(), note: note.map(str::to_owned) }
    }

    #[test]
    fn tables_are_aligned_and_leave_details_out() {
        let fruits = [fruit(7, "apple", None), fruit(12, "kiwi", Some("green"))];
        assert_eq!(table(&fruits, None, false), "ID  FULL NAME\n 7  apple\n12  kiwi\n");
        assert_eq!(table(&fruits, None, true), "\u{1b}[1mID  FULL NAME\u{1b}[0m\n 7  apple\n12  kiwi\n");
    }

    #[test]
    fn a_narrow_terminal_wraps_and_cuts_nothing() {
        let text = table(&[fruit(1, "one two three four five six", None)], Some(20), false);
        assert!(text.lines().all(|line| line.chars().count() <= 20), "{text}");
        for word in ["one", "two", "three", "four", "five", "six"] {
            assert!(text.contains(word), "{word} is missing in {text}");
        }
    }

    #[test]
    fn names_stay_whole_while_the_widest_column_wraps() {
        #[derive(Serialize)]
        struct Place(&'static str, &'static str);
        impl Record for Place {
            const PLURAL: &'static str = "places";
            const COLUMNS: &'static [Column] =
                &[Column::shown("unread"), Column::shown("name"), Column::shown("purpose")];
            fn cells(&self) -> Vec<Cell> {
                vec![Cell::Number(7), Cell::text(self.0), Cell::text(self.1)]
            }
        }
        let text = table(&[Place("deploys", "what went out and when it went")], Some(36), false);
        let expected = "UNREAD  NAME     PURPOSE\n     7  deploys  what went out and\n                 when it went\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn hostile_text_does_nothing_in_tables_and_details() {
        let fruits = [fruit(1, "a\u{1b}[2Jb\u{9b}31mc\u{202e}d\ne", Some("x\u{1b}]0;t\u{7}y\nz"))];
        assert_eq!(table(&fruits, None, false), "ID  FULL NAME\n 1  abcd e\n");
        let shown = details(&fruits[0], false);
        assert_eq!(shown, "id:        1\nfull name: abcd\n           e\nnote:      xy\n           z\n");
    }

    #[test]
    fn json_is_the_same_value_without_raw_controls() {
        let hostile = "a\u{1b}b\u{7f}c\u{9b}d\u{202e}e\u{e0001}f é 日本 👩‍👩‍👧 \u{feff}";
        let json = json_line(hostile).expect("JSON");
        assert!(!json.trim_end().chars().any(|c| c.is_control() || matches!(c, '\u{202e}' | '\u{e0001}' | '\u{feff}')));
        assert!(json.contains("é 日本 👩‍👩‍👧"), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).expect("text"), hostile);
        let pretty = json_pretty(&[hostile]).expect("JSON");
        assert_eq!(serde_json::from_str::<Vec<String>>(&pretty).expect("texts"), [hostile]);
    }

    #[test]
    fn csv_quotes_what_would_break_a_line() {
        let fields = ["plain", "a,b", "say \"hi\"", "two\nlines", "", " x"];
        assert_eq!(
            csv_line(fields.map(str::to_owned).into_iter()),
            "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",,\" x\"\n"
        );
    }
}
