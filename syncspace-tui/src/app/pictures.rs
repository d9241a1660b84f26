//! Pictures of the files in messages, as text of half blocks: they scroll, are cut and are taken away like any other text,
//! in every terminal and multiplexer.
//!
//! A picture has its rows from the moment on at which its message is there: nothing moves when it comes. Only what is on
//! the screen is ever asked for.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

use syncspace_protocol::FileId;
use syncspace_protocol::files::FileInfo;

use super::rows::Tone;

/// Largest picture, in columns and half rows: a cell is about twice as high as wide.
pub(crate) const HALVES_MAX: (u32, u32) = (64, 32);
/// Longest file that is fetched to be shown, in bytes.
pub(crate) const FILE_BYTES_MAX: u64 = 10 * 1_024 * 1_024;
/// Pictures that are kept: of 8 KiB each.
const KEPT_MAX: usize = 200;
/// Pictures that are fetched at the same time.
const FETCHED_MAX: usize = 4;

/// One pixel; none where the picture lets through what is behind it.
pub(crate) type Pixel = Option<(u8, u8, u8)>;

/// A small picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Thumbnail {
    width: u32,
    pixels: Vec<Pixel>,
}

impl Thumbnail {
    pub(crate) const fn new(width: u32, pixels: Vec<Pixel>) -> Self {
        Self { width, pixels }
    }

    fn height(&self) -> u32 {
        let width = usize::try_from(self.width).unwrap_or(usize::MAX).max(1);
        u32::try_from(self.pixels.len() / width).unwrap_or(0)
    }

    /// Gives its width and height.
    #[cfg(test)]
    pub(crate) fn size(&self) -> (u32, u32) {
        (self.width, self.height())
    }

    fn is_turned(&self, width: u32, height: u32) -> bool {
        (width > height && self.width < self.height()) || (width < height && self.width > self.height())
    }

    /// Gives the pixel at a place of a picture of another size.
    fn at(&self, (x, y): (u32, u32), (width, height): (u32, u32)) -> Pixel {
        let along = |at: u32, of: u32, size: u32| (at * size + size / 2) / of.max(1);
        let (x, y) = (along(x, width, self.width), along(y, height, self.height()));
        let at = usize::try_from(y.saturating_mul(self.width).saturating_add(x)).ok()?;
        self.pixels.get(at).copied().flatten()
    }
}

/// What is known of a picture.
#[derive(Debug, Clone)]
enum Held {
    Coming,
    There(Rc<Thumbnail>),
    /// Why there is none.
    Failed(String),
}

/// Pictures by the file they are of.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    held: HashMap<FileId, Held>,
    /// In the order in which they came.
    order: VecDeque<FileId>,
    wanted: RefCell<Vec<FileInfo>>,
    asked: RefCell<HashSet<FileId>>,
}

/// What stands below the line of a file.
pub(crate) enum Shown {
    /// Nothing: it is no picture, or one that is not shown.
    Nothing,
    /// So many rows that are kept free.
    Room(usize),
    Rows(Vec<Vec<(Tone, String)>>),
    /// Why it is not shown.
    Words(String),
}

/// Gives the size of a picture in columns and half rows, where there are so many columns.
fn size(width: u32, height: u32, columns: usize) -> Option<(u32, u32)> {
    let columns = u32::try_from(columns).unwrap_or(u32::MAX).min(HALVES_MAX.0);
    if width == 0 || height == 0 || columns == 0 {
        return None;
    }
    let fit = |width_max: u32, height_max: u32| -> (u32, u32) {
        let (wide, high) = (u64::from(width), u64::from(height));
        let by_width = u64::from(width_max) * high <= u64::from(height_max) * wide;
        let (w, h) = match by_width {
            true => (u64::from(width_max), u64::from(width_max) * high / wide),
            false => (u64::from(height_max) * wide / high, u64::from(height_max)),
        };
        let part = |side: u64| u32::try_from(side).unwrap_or(1).max(1);
        (part(w), part(h))
    };
    // A small one is not blown up.
    let (width, height) = fit(columns.min(width), HALVES_MAX.1.min(height));
    Some((width, height))
}

impl Pictures {
    /// Gives what stands below a file's line. What is not there yet is asked for once.
    pub(crate) fn shown(&self, file: &FileInfo, columns: usize) -> Shown {
        let Some((width, height)) = file.picture.and_then(|picture| size(picture.width, picture.height, columns))
        else {
            return Shown::Nothing;
        };
        if file.size_bytes > FILE_BYTES_MAX {
            return Shown::Words("too large to be shown here".to_owned());
        }
        match self.held.get(&file.id) {
            // A photograph that is turned has the sides of its file the other way round.
            Some(Held::There(thumbnail)) if thumbnail.is_turned(width, height) => match size(height, width, columns) {
                Some(turned) => Shown::Rows(rows(thumbnail, turned)),
                None => Shown::Nothing,
            },
            Some(Held::There(thumbnail)) => Shown::Rows(rows(thumbnail, (width, height))),
            Some(Held::Failed(reason)) => Shown::Words(reason.clone()),
            Some(Held::Coming) => Shown::Room(rows_of(height)),
            None => {
                if self.asked.borrow_mut().insert(file.id) {
                    self.wanted.borrow_mut().push(file.clone());
                }
                Shown::Room(rows_of(height))
            }
        }
    }

    /// Takes what is to be fetched since the last time, as much as may be fetched at once.
    pub(crate) fn take_wanted(&mut self, is_online: bool) -> Vec<FileInfo> {
        let wanted = std::mem::take(self.wanted.get_mut());
        // Asked for again as long as it is looked at.
        self.asked.get_mut().clear();
        let coming = self.held.values().filter(|held| matches!(held, Held::Coming)).count();
        let room = if is_online { FETCHED_MAX.saturating_sub(coming) } else { 0 };
        let wanted: Vec<FileInfo> = wanted.into_iter().take(room).collect();
        for file in &wanted {
            self.keep(file.id, Held::Coming);
        }
        wanted
    }

    /// Takes a picture that was fetched.
    pub(crate) fn put(&mut self, file: FileId, thumbnail: Result<Thumbnail, String>) {
        self.keep(file, thumbnail.map_or_else(Held::Failed, |thumbnail| Held::There(Rc::new(thumbnail))));
    }

    /// Has a picture that could not be fetched for now asked for again.
    pub(crate) fn forget(&mut self, file: FileId) {
        self.held.remove(&file);
        self.order.retain(|held| *held != file);
    }

    /// Has everything that was on its way asked for again: with the connection its answer may be lost.
    pub(crate) fn disconnected(&mut self) {
        self.held.retain(|_, held| !matches!(held, Held::Coming));
        let held = &self.held;
        self.order.retain(|file| held.contains_key(file));
    }

    fn keep(&mut self, file: FileId, held: Held) {
        if self.held.insert(file, held).is_none() {
            self.order.push_back(file);
        }
        while self.order.len() > KEPT_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.held.remove(&oldest);
            }
        }
    }
}

fn rows_of(height: u32) -> usize {
    usize::try_from(height.div_ceil(2)).unwrap_or(0)
}

/// Draws a picture with half blocks, two pixels in a cell.
fn rows(thumbnail: &Thumbnail, size: (u32, u32)) -> Vec<Vec<(Tone, String)>> {
    let row = |y: u32| -> Vec<(Tone, String)> {
        let mut spans: Vec<(Tone, String)> = Vec::new();
        for x in 0..size.0 {
            let above = thumbnail.at((x, y), size);
            let below = if y + 1 < size.1 { thumbnail.at((x, y + 1), size) } else { None };
            let (tone, block) = match (above, below) {
                (Some(above), below) => (Tone::Pixels { above, below }, "▀"),
                // What is behind shows above it.
                (None, Some(below)) => (Tone::Pixels { above: below, below: None }, "▄"),
                (None, None) => (Tone::Body, " "),
            };
            match spans.last_mut().filter(|(last, words)| *last == tone && words.starts_with(block)) {
                Some((_, words)) => words.push_str(block),
                None => spans.push((tone, block.to_owned())),
            }
        }
        spans
    };
    (0..size.1).step_by(2).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_keeps_its_sides_and_is_never_blown_up() {
        for (given, columns, want) in [
            ((640, 320), 80, (64, 32)),
            ((640, 320), 20, (20, 10)),
            ((100, 1_000), 80, (3, 32)),
            ((10_000, 10), 80, (64, 1)),
            ((16, 16), 80, (16, 16)),
        ] {
            assert_eq!(size(given.0, given.1, columns), Some(want), "{given:?} in {columns}");
        }
        assert_eq!(size(0, 10, 80), None);
        assert_eq!(size(10, 10, 0), None);
    }

    #[test]
    fn two_pixels_share_a_cell() {
        let (red, blue) = (Some((255, 0, 0)), Some((0, 0, 255)));
        let picture = Thumbnail::new(2, vec![red, red, blue, blue, red, None, None, None]);
        let pixels = |above: Pixel, below: Pixel| Tone::Pixels { above: above.expect("a colour"), below };
        assert_eq!(
            rows(&picture, (2, 4)),
            [
                vec![(pixels(red, blue), "▀▀".to_owned())],
                vec![(pixels(red, None), "▀".to_owned()), (Tone::Body, " ".to_owned())],
            ]
        );
    }
}
