//! Images of the terminal (kitty's graphics protocol): which terminals draw them in the place of text, and how they are
//! handed over.
//!
//! The terminal is not asked: to the question of the protocol (`a=q`) those say yes as well that know images, but no
//! placeholders for them, like WezTerm and Konsole; these would show the placeholders as text.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::app::pictures::{ImageId, ImageJob};

/// Most letters of base64 in one sequence, as the protocol bounds them.
const CHUNK_CHARS: usize = 4_096;

/// Tells whether the terminal is known to draw images in the place of text, by the environment.
///
/// Not within a multiplexer: what it is handed goes to whichever terminal looks at it then, and nobody hears of the next.
pub(crate) fn takes_images(variable: impl Fn(&str) -> Option<String>) -> bool {
    let value = |name| variable(name).unwrap_or_default();
    let is_set = |name| !value(name).is_empty();
    let (term, program) = (value("TERM"), value("TERM_PROGRAM"));
    if is_set("TMUX") || is_set("STY") || is_set("ZELLIJ") {
        return false;
    }
    // Another terminal that was started out of kitty inherits its variable, and names itself.
    let is_kitty = is_set("KITTY_WINDOW_ID") && program.is_empty();
    is_kitty || term == "xterm-kitty" || term == "xterm-ghostty" || program == "ghostty"
}

/// Gives the sequences of a job. No terminal answers to them (`q=2`): the answer would come as keys.
pub(crate) fn sequences(job: &ImageJob) -> String {
    match job {
        ImageJob::Hold(image, png) => hold(*image, png),
        ImageJob::Size(image, cells) => {
            let (image, size) = (image.number(), cells.number());
            format!("\x1b_Ga=p,U=1,q=2,i={image},p={size},c={},r={}\x1b\\", cells.columns, cells.rows)
        }
        ImageJob::Forget(image) => forget(*image),
    }
}

/// Gives the sequence that has an image forgotten, with everything that is shown of it.
pub(crate) fn forget(image: ImageId) -> String {
    format!("\x1b_Ga=d,d=I,q=2,i={}\x1b\\", image.number())
}

fn hold(image: ImageId, png: &[u8]) -> String {
    let encoded = STANDARD.encode(png);
    let mut sequences = String::with_capacity(encoded.len() + encoded.len() / CHUNK_CHARS * 16 + 64);
    let mut rest = encoded.as_str();
    let mut keys = format!("a=t,t=d,f=100,q=2,i={},", image.number());
    loop {
        // Base64 is ASCII: it can be cut anywhere.
        let (chunk, after) = rest.split_at(rest.len().min(CHUNK_CHARS));
        let more = u8::from(!after.is_empty());
        // Writing to a string cannot fail.
        let _written = write!(sequences, "\x1b_G{keys}m={more};{chunk}\x1b\\");
        if after.is_empty() {
            return sequences;
        }
        (rest, keys) = (after, "q=2,".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::pictures::Cells;

    #[track_caller]
    fn check(environment: &[(&str, &str)], expected: bool) {
        let variable =
            |name: &str| environment.iter().find(|(held, _)| *held == name).map(|(_, value)| (*value).to_owned());
        assert_eq!(takes_images(variable), expected, "{environment:?}");
    }

    #[test]
    fn images_are_for_terminals_that_are_known_to_put_them_into_text() {
        check(&[("TERM", "xterm-kitty"), ("KITTY_WINDOW_ID", "1")], true);
        check(&[("TERM", "xterm-256color"), ("KITTY_WINDOW_ID", "1")], true);
        check(&[("TERM", "xterm-ghostty")], true);
        check(&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "ghostty")], true);
        check(&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "WezTerm")], false);
        check(&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "vscode"), ("KITTY_WINDOW_ID", "1")], false);
        check(&[("TERM", "xterm-256color")], false);
        check(&[("TERM", "tmux-256color"), ("TMUX", "/tmp/x"), ("KITTY_WINDOW_ID", "1")], false);
        check(&[("TERM", "screen"), ("STY", "1.x"), ("KITTY_WINDOW_ID", "1")], false);
    }

    #[test]
    fn an_image_goes_out_in_chunks_that_the_protocol_allows() {
        let image = ImageId::numbered(7);
        for bytes in [0, 1, 3_072, 3_073, 100_000] {
            let png: Arc<[u8]> = (0..bytes).map(|at| u8::try_from(at % 251).unwrap_or(0)).collect();
            let written = sequences(&ImageJob::Hold(image, png.clone()));
            let mut payload = String::new();
            let chunks: Vec<&str> = written.split_terminator("\x1b\\").collect();
            for (at, chunk) in chunks.iter().enumerate() {
                let (keys, data) =
                    chunk.strip_prefix("\x1b_G").and_then(|chunk| chunk.split_once(';')).expect("a chunk");
                assert!(data.len() <= 4_096 && (data.len() % 4 == 0), "{} letters", data.len());
                let more = if at + 1 < chunks.len() { "m=1" } else { "m=0" };
                assert_eq!(keys.rsplit(',').next(), Some(more));
                assert_eq!(keys.contains("i=263"), at == 0, "the first one names the image: {keys}");
                assert!(keys.contains("q=2"), "{keys}");
                payload.push_str(data);
            }
            assert_eq!(STANDARD.decode(payload).expect("base64"), &*png);
        }
    }

    #[test]
    fn sizes_and_ends_name_their_image() {
        let (image, cells) = (ImageId::numbered(7), Cells { columns: 64, rows: 16 });
        assert_eq!(sequences(&ImageJob::Size(image, cells)), "\x1b_Ga=p,U=1,q=2,i=263,p=16400,c=64,r=16\x1b\\");
        assert_eq!(sequences(&ImageJob::Forget(image)), "\x1b_Ga=d,d=I,q=2,i=263\x1b\\");
    }
}
