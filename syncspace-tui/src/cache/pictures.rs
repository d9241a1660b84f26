//! Pictures of files, made small: as half blocks for the first screen, and as images for terminals that draw them.

use rusqlite::{Connection, OptionalExtension, Row, params};
use syncspace_protocol::messages::Message;
use syncspace_protocol::{ChannelId, FileId};

use super::bounds::{FIRST_PICTURES, PICTURE_BYTES_MAX};
use super::error::CacheError;
use super::value::int;
use crate::app::kept::{KeptLog, KeptPicture};
use crate::app::pictures::{Pixel, Thumbnail};

/// Bytes of a pixel: three of its colour, and whether it is there.
const PIXEL_BYTES: usize = 4;

/// Takes a picture, and forgets those that were not looked at for longest beyond the bound.
pub(super) fn put(connection: &Connection, channel: ChannelId, picture: &KeptPicture) -> Result<(), CacheError> {
    put_within(connection, channel, picture, PICTURE_BYTES_MAX)
}

pub(super) fn put_within(
    connection: &Connection,
    channel: ChannelId,
    picture: &KeptPicture,
    bytes_max: u64,
) -> Result<(), CacheError> {
    let pixels: Vec<u8> = picture.small.pixels().iter().flat_map(|pixel| bytes_of(*pixel)).collect();
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO pictures (file_id, channel_id, used, width, pixels, png)
             VALUES (?1, ?2, (SELECT coalesce(max(used), 0) + 1 FROM pictures), ?3, ?4, ?5)",
        )?
        .execute(params![int(picture.file), int(channel), picture.small.width(), pixels, &*picture.png])?;
    connection
        .prepare_cached(
            "DELETE FROM pictures WHERE file_id IN (
                 SELECT file_id FROM (
                     SELECT file_id, sum(length(pixels) + length(png)) OVER (ORDER BY used DESC) AS bytes FROM pictures
                 ) WHERE bytes > ?1
             )",
        )?
        .execute([int(bytes_max)])?;
    Ok(())
}

/// Gives a picture, which counts as looked at from now on.
pub(super) fn find(connection: &Connection, file: FileId) -> Result<Option<KeptPicture>, CacheError> {
    let mut used = connection.prepare_cached(
        "UPDATE pictures SET used = (SELECT max(used) + 1 FROM pictures) WHERE file_id = ?1
         RETURNING width, pixels, png",
    )?;
    let read = |row: &Row<'_>| Ok((thumbnail(row)?, row.get::<_, Vec<u8>>(2)?));
    let found = used.query_row([int(file)], read).optional()?;
    Ok(found.map(|(small, png)| KeptPicture { file, small, png: png.into() }))
}

/// Gives the small pictures of the newest files of a log.
pub(super) fn of_log(connection: &Connection, log: &KeptLog) -> Result<Vec<(FileId, Thumbnail)>, CacheError> {
    let mut statement = connection.prepare_cached("SELECT width, pixels FROM pictures WHERE file_id = ?1")?;
    let files = log.messages.iter().rev().flat_map(|message| &message.files).filter(|file| file.picture.is_some());
    let mut found = Vec::new();
    for file in files.take(FIRST_PICTURES) {
        let small = statement.query_row([int(file.id)], thumbnail).optional()?;
        found.extend(small.map(|small| (file.id, small)));
    }
    Ok(found)
}

/// Forgets what a message looked like that is deleted.
pub(super) fn forget_of(connection: &Connection, message: &Message) -> Result<(), CacheError> {
    let mut statement = connection.prepare_cached("DELETE FROM pictures WHERE file_id = ?1")?;
    for file in &message.files {
        statement.execute([int(file.id)])?;
    }
    Ok(())
}

pub(super) fn forget_channel(connection: &Connection, channel: ChannelId) -> Result<(), CacheError> {
    connection.execute("DELETE FROM pictures WHERE channel_id = ?1", [int(channel)])?;
    Ok(())
}

pub(super) fn forget_all(connection: &Connection) -> Result<(), CacheError> {
    connection.execute("DELETE FROM pictures", [])?;
    Ok(())
}

fn bytes_of(pixel: Pixel) -> [u8; PIXEL_BYTES] {
    pixel.map_or([0; PIXEL_BYTES], |(red, green, blue)| [red, green, blue, 1])
}

/// Reads the first two columns: width and pixels.
fn thumbnail(row: &Row<'_>) -> rusqlite::Result<Thumbnail> {
    let (width, bytes): (u32, Vec<u8>) = (row.get(0)?, row.get(1)?);
    let (pixels, _) = bytes.as_chunks::<PIXEL_BYTES>();
    let pixel = |[red, green, blue, is_there]: &[u8; PIXEL_BYTES]| (*is_there == 1).then_some((*red, *green, *blue));
    Ok(Thumbnail::new(width, pixels.iter().map(pixel).collect()))
}
