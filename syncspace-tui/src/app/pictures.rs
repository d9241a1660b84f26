//! Pictures of the files in messages. They are text, as half blocks or as what stands for an image of the terminal: they
//! scroll, are cut and are taken away like any other text, in every terminal and multiplexer.
//!
//! A picture has its rows from the moment on at which its message is there: nothing moves when it comes, nor when it
//! becomes sharper. Only what is on the screen is ever asked for: first of the disk, then of the server.

mod blocks;
mod images;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use syncspace_protocol::files::FileInfo;
use syncspace_protocol::{ChannelId, FileId};

use super::rows::Tone;

pub(crate) use blocks::{Pixel, Thumbnail};
pub(crate) use images::{Cells, ImageId, ImageJob, PLACEHOLDER};

/// Largest picture, in columns and half rows: a cell is about twice as high as wide.
pub(crate) const HALVES_MAX: (u32, u32) = (64, 32);
/// Longest file that is fetched to be shown, in bytes.
pub(crate) const FILE_BYTES_MAX: u64 = 10 * 1_024 * 1_024;
/// Pictures that are kept: of 8 KiB each here, and as many images in the terminal.
const KEPT_MAX: usize = 200;
/// Pictures that are fetched at the same time.
const FETCHED_MAX: usize = 4;

/// How pictures are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Way {
    /// As images where the terminal is known to take them, else in half blocks.
    #[default]
    Auto,
    Kitty,
    Blocks,
    /// Not at all.
    None,
}

impl Way {
    /// Every way with its name.
    pub(crate) const ALL: [(Self, &'static str); 4] =
        [(Self::Auto, "auto"), (Self::Kitty, "kitty"), (Self::Blocks, "blocks"), (Self::None, "none")];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, held)| *held == name).map(|(way, _)| *way)
    }
}

/// A picture that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fetched {
    pub(crate) small: Thumbnail,
    /// The same for terminals that draw images: the bytes of a PNG file, and the name it is to have there.
    pub(crate) png: Arc<[u8]>,
    pub(crate) image: ImageId,
    /// Whether it comes from the disk.
    pub(crate) is_kept: bool,
}

/// What is known of a picture.
#[derive(Debug, Clone)]
enum Held {
    There {
        small: Rc<Thumbnail>,
        image: Option<Image>,
    },
    /// Why there is none.
    Failed(String),
}

/// An image that the terminal holds.
#[derive(Debug, Clone)]
struct Image {
    id: ImageId,
    /// In which it can be shown.
    sizes: HashSet<Cells>,
}

/// Pictures by the file they are of.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    held: HashMap<FileId, Held>,
    /// In the order in which they came.
    order: VecDeque<FileId>,
    /// On their way, with the channel in which they are looked at.
    coming: HashMap<FileId, ChannelId>,
    /// Not on this machine: they wait for the connection.
    away: HashSet<FileId>,
    /// Images that nothing stands for any more.
    dropped: Vec<ImageId>,
    looked_at: RefCell<LookedAt>,
}

/// What was on the screen and is not there as it is to be.
#[derive(Debug, Default)]
struct LookedAt {
    wanted: Vec<(ChannelId, FileInfo)>,
    asked: HashSet<FileId>,
    sizes: Vec<(FileId, Cells)>,
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

/// Where a picture is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) channel_id: ChannelId,
    pub(crate) columns: usize,
    /// Whether the terminal draws images.
    pub(crate) takes_images: bool,
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
    pub(crate) fn shown(&self, file: &FileInfo, place: Place) -> Shown {
        let Some(halves) = file.picture.and_then(|picture| size(picture.width, picture.height, place.columns)) else {
            return Shown::Nothing;
        };
        if file.size_bytes > FILE_BYTES_MAX {
            return Shown::Words("too large to be shown here".to_owned());
        }
        match self.held.get(&file.id) {
            Some(Held::There { small, image }) => {
                // A photograph that is turned has the sides of its file the other way round.
                let turned = small.is_turned(halves).then(|| size(halves.1, halves.0, place.columns));
                let halves = turned.flatten().unwrap_or(halves);
                Shown::Rows(match image.as_ref().filter(|_| place.takes_images) {
                    Some(image) => self.image_rows(file, image, halves).unwrap_or_else(|| blocks::rows(small, halves)),
                    None => {
                        if place.takes_images {
                            self.ask(file, place.channel_id);
                        }
                        blocks::rows(small, halves)
                    }
                })
            }
            Some(Held::Failed(reason)) => Shown::Words(reason.clone()),
            None => {
                self.ask(file, place.channel_id);
                Shown::Room(rows_of(halves.1))
            }
        }
    }

    /// Gives the rows of an image; none where the terminal is not told of the size yet, which is then noted.
    fn image_rows(&self, file: &FileInfo, image: &Image, halves: (u32, u32)) -> Option<Vec<Vec<(Tone, String)>>> {
        let cells = Cells { columns: halves.0, rows: halves.1.div_ceil(2) };
        if image.sizes.contains(&cells) {
            return Some(images::rows(image.id, cells));
        }
        self.looked_at.borrow_mut().sizes.push((file.id, cells));
        None
    }

    fn ask(&self, file: &FileInfo, channel_id: ChannelId) {
        if self.coming.contains_key(&file.id) || self.away.contains(&file.id) {
            return;
        }
        let mut looked_at = self.looked_at.borrow_mut();
        if looked_at.asked.insert(file.id) {
            looked_at.wanted.push((channel_id, file.clone()));
        }
    }

    /// Takes what is to be fetched since the last time, as much as may be fetched at once.
    pub(crate) fn take_wanted(&mut self) -> Vec<FileInfo> {
        let looked_at = self.looked_at.get_mut();
        let wanted = std::mem::take(&mut looked_at.wanted);
        // Asked for again as long as it is looked at.
        looked_at.asked.clear();
        let room = FETCHED_MAX.saturating_sub(self.coming.len());
        let wanted = wanted.into_iter().take(room);
        wanted.map(|(channel_id, file)| (self.coming.insert(file.id, channel_id), file).1).collect()
    }

    /// Takes what the terminal is to do before it is drawn to next.
    pub(crate) fn take_jobs(&mut self) -> Vec<ImageJob> {
        let mut jobs: Vec<ImageJob> = self.dropped.drain(..).map(ImageJob::Forget).collect();
        for (file, cells) in std::mem::take(&mut self.looked_at.get_mut().sizes) {
            if let Some(Held::There { image: Some(image), .. }) = self.held.get_mut(&file)
                && image.sizes.insert(cells)
            {
                jobs.push(ImageJob::Size(image.id, cells));
            }
        }
        jobs
    }

    /// Takes a picture, held as an image by the terminal or not; gives the channel in which it was asked for, if it still is.
    pub(crate) fn put(&mut self, file: FileId, fetched: Fetched, is_held: bool) -> Option<ChannelId> {
        let channel_id = self.coming.remove(&file)?;
        let image = is_held.then(|| Image { id: fetched.image, sizes: HashSet::new() });
        self.keep(file, Held::There { small: Rc::new(fetched.small), image });
        Some(channel_id)
    }

    /// Notes why a picture that was asked for cannot be shown.
    pub(crate) fn refuse(&mut self, file: FileId, reason: String) {
        match self.held.get(&file) {
            // The small form says more than a reason.
            Some(Held::There { .. }) => self.put_off(file),
            _ if self.coming.remove(&file).is_some() => self.keep(file, Held::Failed(reason)),
            _ => {}
        }
    }

    /// Takes a small picture that was kept from before.
    pub(crate) fn put_kept(&mut self, file: FileId, small: Thumbnail) {
        self.keep(file, Held::There { small: Rc::new(small), image: None });
    }

    /// Notes that a picture cannot come for now: it is asked for again with the next connection.
    pub(crate) fn put_off(&mut self, file: FileId) {
        if self.coming.remove(&file).is_some() {
            self.away.insert(file);
        }
    }

    /// Has everything that was on its way asked for again: with the connection its answer may be lost.
    pub(crate) fn disconnected(&mut self) {
        self.coming.clear();
    }

    /// Has what is not on this machine asked for again.
    pub(crate) fn connected(&mut self) {
        self.coming.clear();
        self.away.clear();
    }

    /// Takes it that the terminal holds no image any more: what is looked at is handed to it again.
    pub(crate) fn images_lost(&mut self) {
        for held in self.held.values_mut() {
            if let Held::There { image, .. } = held {
                self.dropped.extend(image.take().map(|image| image.id));
            }
        }
    }

    /// Forgets all pictures; the terminal is told so with the next jobs.
    pub(crate) fn forget_all(&mut self) {
        self.images_lost();
        *self = Self { dropped: std::mem::take(&mut self.dropped), ..Self::default() };
    }

    fn keep(&mut self, file: FileId, held: Held) {
        let before = self.held.insert(file, held);
        if before.is_none() {
            self.order.push_back(file);
        }
        self.drop_image(before);
        while self.order.len() > KEPT_MAX {
            let oldest = self.order.pop_front().and_then(|oldest| self.held.remove(&oldest));
            self.drop_image(oldest);
        }
    }

    fn drop_image(&mut self, held: Option<Held>) {
        if let Some(Held::There { image: Some(image), .. }) = held {
            self.dropped.push(image.id);
        }
    }
}

fn rows_of(height: u32) -> usize {
    usize::try_from(height.div_ceil(2)).unwrap_or(0)
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
}
