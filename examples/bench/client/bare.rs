//! Bare programs that do only what no client can avoid, in the same terminal and the same run.

use std::io::{Read, Write};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::seat::{COLUMNS, END_OF_PICTURE, ROWS};

/// Answers every key with so many bytes, as one picture.
pub(super) fn echo(bytes: usize) -> anyhow::Result<()> {
    take_terminal()?;
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    picture(&mut output, bytes)?;
    let mut keys = [0; 1_024];
    while input.read(&mut keys)? > 0 {
        picture(&mut output, bytes)?;
    }
    Ok(())
}

/// Reads what a first picture needs from the client's cache, and shows a full screen.
pub(super) fn show_cache(path: &Path) -> anyhow::Result<()> {
    take_terminal()?;
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mut read = 0;
    for sql in [
        "SELECT body FROM facts",
        "SELECT body FROM cards",
        "SELECT content FROM drafts",
        "SELECT body FROM (SELECT body FROM messages WHERE channel_id = (SELECT channel_id FROM logs LIMIT 1) \
         ORDER BY seq DESC LIMIT 200)",
    ] {
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            read += std::hint::black_box(row.get::<_, String>(0)?).len();
        }
    }
    std::hint::black_box(read);
    picture(&mut std::io::stdout().lock(), usize::from(ROWS) * usize::from(COLUMNS))?;
    let mut keys = [0; 16];
    while std::io::stdin().read(&mut keys)? > 0 {}
    Ok(())
}

fn take_terminal() -> anyhow::Result<()> {
    let mut modes = tcgetattr(std::io::stdin())?;
    modes.make_raw();
    tcsetattr(std::io::stdin(), OptionalActions::Now, &modes)?;
    Ok(())
}

fn picture(output: &mut impl Write, bytes: usize) -> anyhow::Result<()> {
    let mut picture = b"\x1b[?2026h\x1b[H".to_vec();
    picture.extend(std::iter::repeat_n(b'x', bytes));
    picture.extend_from_slice(END_OF_PICTURE);
    output.write_all(&picture)?;
    output.flush()?;
    Ok(())
}
