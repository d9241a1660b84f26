//! A small picture as text of half blocks, two pixels in a cell.

use crate::app::rows::Tone;

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

    pub(crate) const fn width(&self) -> u32 {
        self.width
    }

    pub(crate) fn height(&self) -> u32 {
        let width = usize::try_from(self.width).unwrap_or(usize::MAX).max(1);
        u32::try_from(self.pixels.len() / width).unwrap_or(0)
    }

    /// Gives its pixels, row by row.
    pub(crate) fn pixels(&self) -> &[Pixel] {
        &self.pixels
    }

    /// Tells whether it lies where the other one stands.
    pub(super) fn is_turned(&self, (width, height): (u32, u32)) -> bool {
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

/// Draws a picture in a size of columns and half rows.
pub(super) fn rows(thumbnail: &Thumbnail, size: (u32, u32)) -> Vec<Vec<(Tone, String)>> {
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
