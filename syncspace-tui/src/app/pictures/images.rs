//! A picture as text that stands for an image of the terminal: kitty's graphics with Unicode placeholders.
//!
//! The terminal is given the image once, and a size for each that it is shown in. A cell of text then names the image by
//! its colour, the size by the colour of its underline, and its own row and column by marks above it. So it scrolls, is
//! cut, covered and taken away like any other text.

use std::sync::Arc;

use crate::app::rows::Tone;

/// What stands in a cell of an image.
pub(crate) const PLACEHOLDER: char = '\u{10eeee}';

/// Marks above a placeholder for the numbers of rows and columns, from 0 on: as many as a picture has columns at most.
const MARKS: [char; 64] = [
    '\u{305}', '\u{30d}', '\u{30e}', '\u{310}', '\u{312}', '\u{33d}', '\u{33e}', '\u{33f}', '\u{346}', '\u{34a}',
    '\u{34b}', '\u{34c}', '\u{350}', '\u{351}', '\u{352}', '\u{357}', '\u{35b}', '\u{363}', '\u{364}', '\u{365}',
    '\u{366}', '\u{367}', '\u{368}', '\u{369}', '\u{36a}', '\u{36b}', '\u{36c}', '\u{36d}', '\u{36e}', '\u{36f}',
    '\u{483}', '\u{484}', '\u{485}', '\u{486}', '\u{487}', '\u{592}', '\u{593}', '\u{594}', '\u{595}', '\u{597}',
    '\u{598}', '\u{599}', '\u{59c}', '\u{59d}', '\u{59e}', '\u{59f}', '\u{5a0}', '\u{5a1}', '\u{5a8}', '\u{5a9}',
    '\u{5ab}', '\u{5ac}', '\u{5af}', '\u{5c4}', '\u{610}', '\u{611}', '\u{612}', '\u{613}', '\u{614}', '\u{615}',
    '\u{616}', '\u{617}', '\u{657}', '\u{658}',
];

/// Names an image of the terminal: 24 bits, as many as a colour has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ImageId(u32);

impl ImageId {
    /// Gives the name of a number; as many as there are colours, they begin anew.
    pub(crate) const fn numbered(number: u32) -> Self {
        // Below 256 the number would be a colour of the palette.
        Self(0x100 + number % (0x100_0000 - 0x100))
    }

    pub(crate) const fn number(self) -> u32 {
        self.0
    }
}

/// Columns and rows in which an image is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Cells {
    pub(crate) columns: u32,
    pub(crate) rows: u32,
}

impl Cells {
    /// Gives the number of the size among those of an image; the same for the same size.
    pub(crate) const fn number(self) -> u32 {
        self.columns << 8 | self.rows
    }
}

/// Something that the terminal is to do with its images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ImageJob {
    /// Hold an image: the bytes of a PNG file.
    Hold(ImageId, Arc<[u8]>),
    /// Be ready to show it in a size.
    Size(ImageId, Cells),
    Forget(ImageId),
}

/// Gives the rows of an image that the terminal holds in that size.
pub(super) fn rows(image: ImageId, cells: Cells) -> Vec<Vec<(Tone, String)>> {
    let tone = Tone::Image { image, cells };
    let marks = |count: u32| MARKS.iter().take(usize::try_from(count).unwrap_or(usize::MAX));
    let row = |row: &char| -> String { marks(cells.columns).flat_map(|column| [PLACEHOLDER, *row, *column]).collect() };
    marks(cells.rows).map(|mark| vec![(tone, row(mark))]).collect()
}

#[cfg(test)]
mod tests {
    use unicode_segmentation::UnicodeSegmentation;
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::app::pictures::HALVES_MAX;

    #[test]
    fn every_cell_of_an_image_says_its_row_and_column() {
        let cells = Cells { columns: HALVES_MAX.0, rows: HALVES_MAX.1 / 2 };
        let rows = rows(ImageId::numbered(0), cells);
        assert_eq!(rows.len(), 16);
        let mut seen = std::collections::HashSet::new();
        for row in &rows {
            let [(_, words)] = row.as_slice() else { panic!("one piece: {row:?}") };
            let all: Vec<&str> = words.graphemes(true).collect();
            assert_eq!(all.len(), 64);
            for cell in all {
                assert_eq!((cell.width(), cell.chars().next()), (1, Some(PLACEHOLDER)));
                assert!(seen.insert(cell.to_owned()), "{cell:?} twice");
            }
        }
    }

    #[test]
    fn names_of_images_are_no_colours_of_the_palette() {
        assert_eq!(ImageId::numbered(0).number(), 256);
        assert_eq!(ImageId::numbered(0xff_fefe).number(), 0xff_fffe);
        assert_eq!(ImageId::numbered(0xff_ff00).number(), 256);
    }
}
