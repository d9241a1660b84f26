//! What a file is, by its first bytes; what its sender says of it counts for nothing.

use syncspace_protocol::files::PictureSize;

/// How many of its first bytes are looked at: the size of a photograph stands behind what its camera notes, up to 64 KiB.
pub(super) const HEAD_BYTES: usize = 72 * 1024;

const TEXT: &str = "text/plain; charset=utf-8";
const UNKNOWN: &str = "application/octet-stream";

/// Names the type of what begins with these bytes, and has more of them where `has_more`.
///
/// Markup is text: no program is to run what somebody uploaded.
pub(super) fn content_type(head: &[u8], has_more: bool) -> &'static str {
    match infer::get(head).map(|found| found.mime_type()) {
        Some(name) if is_inert(name) => name,
        _ if is_text(head, has_more) => TEXT,
        _ => UNKNOWN,
    }
}

/// Tells whether a file is a picture that people may be shown by.
pub(super) fn is_picture(content_type: &str) -> bool {
    matches!(content_type, "image/png" | "image/jpeg" | "image/gif" | "image/webp")
}

/// Gives how large a picture is, where its first bytes say so.
pub(super) fn picture_size(content_type: &str, head: &[u8]) -> Option<PictureSize> {
    let size = imagesize::blob_size(head).ok().filter(|_| is_picture(content_type))?;
    let (width, height) = (u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?);
    (width > 0 && height > 0).then_some(PictureSize { width, height })
}

/// Tells whether no browser takes the type for a program or a page.
fn is_inert(name: &str) -> bool {
    let is_medium = ["image/", "audio/", "video/", "font/"].iter().any(|kind| name.starts_with(kind));
    (is_medium && !name.contains("svg"))
        || matches!(
            name,
            "application/pdf"
                | "application/zip"
                | "application/gzip"
                | "application/zstd"
                | "application/x-tar"
                | "application/x-xz"
                | "application/x-bzip2"
                | "application/x-7z-compressed"
        )
}

fn is_text(head: &[u8], has_more: bool) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The head may end inside a character.
        Err(error) if has_more && error.error_len().is_none() => {
            std::str::from_utf8(head.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}' | '\u{1b}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_say_how_large_they_are() {
        let png = |width: u32, height: u32| {
            let mut head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
            head.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
            head.extend(b"\x08\x02\0\0\0");
            head
        };
        // What a camera notes stands before the size: here 60,000 bytes of it.
        let mut jpeg = b"\xff\xd8\xff\xe1\xea\x62".to_vec();
        jpeg.extend([0; 60_000]);
        jpeg.extend(b"\xff\xc0\x00\x11\x08\x01\xe0\x02\x80\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01");
        for (what, head, want) in [
            ("image/png", png(640, 480), Some((640, 480))),
            ("image/jpeg", jpeg, Some((640, 480))),
            ("image/png", png(0, 480), None),
            ("image/png", png(640, 480)[..18].to_vec(), None),
            ("application/octet-stream", png(640, 480), None),
            ("image/png", b"<svg width='640'/>".to_vec(), None),
        ] {
            let found = picture_size(what, &head).map(|size| (size.width, size.height));
            assert_eq!(found, want, "{what}, {} bytes", head.len());
        }
    }

    #[test]
    fn bytes_tell_what_a_file_is() {
        for (head, name) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "image/png"),
            (b"%PDF-1.7\n", "application/pdf"),
            (b"PK\x03\x04\x14\0\0\0", "application/zip"),
            (b"<!DOCTYPE html><script>alert(1)</script>", TEXT),
            (b"<?xml version=\"1.0\"?><svg onload=\"alert(1)\"/>", TEXT),
            (b"#!/bin/sh\nrm -rf /\n", TEXT),
            ("grüße\n".as_bytes(), TEXT),
            (b"", TEXT),
            (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", UNKNOWN),
            (b"MZ\x90\0\x03\0\0\0", UNKNOWN),
            (b"\xff\xfe\xfd", UNKNOWN),
            (b"a\0b", UNKNOWN),
        ] {
            assert_eq!(content_type(head, false), name, "{}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn a_head_that_ends_inside_a_character_is_still_text() {
        let cut = &"grüße".as_bytes()[..3];
        assert_eq!((content_type(cut, true), content_type(cut, false)), (TEXT, UNKNOWN));
    }
}
