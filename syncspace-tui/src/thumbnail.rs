//! Makes small pictures of image files, on a thread of its own. What a file may cost is bounded before it is decoded.

use std::io::Cursor;

use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::app::pictures::{HALVES_MAX, Pixel, Thumbnail};

/// Longest side of a file that is decoded, in pixels.
const SIDE_MAX: u32 = 12_000;
/// Most memory that decoding takes, in bytes.
const DECODED_BYTES_MAX: u64 = 96 * 1_024 * 1_024;
/// Largest image for a terminal that draws them, in pixels: ten for each column of the largest picture.
const IMAGE_MAX: (u32, u32) = (640, 320);
/// Below this a pixel is not there: what is behind it shows.
const OPAQUE_MIN: u8 = 96;

/// A picture in the two forms in which it is shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) small: Thumbnail,
    /// For a terminal that draws images: the bytes of a PNG file.
    pub(crate) png: Vec<u8>,
}

/// Makes small pictures of a file.
///
/// # Errors
///
/// Where it is no picture, a broken one, or a too large one; in words for a person.
pub(crate) fn make(bytes: &[u8]) -> Result<Made, String> {
    let why = |error: image::ImageError| format!("no picture: {error}");
    // The smaller one is made of the larger one: of a photograph that is the cheaper way.
    let image = within(decode(bytes).map_err(why)?, IMAGE_MAX);
    let image = DynamicImage::ImageRgba8(image.into_rgba8());
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png).map_err(why)?;
    let small = within(image, HALVES_MAX).into_rgba8();
    let pixel = |pixel: &image::Rgba<u8>| -> Pixel {
        let [red, green, blue, alpha] = pixel.0;
        (alpha >= OPAQUE_MIN).then_some((red, green, blue))
    };
    let small = Thumbnail::new(small.width(), small.pixels().map(pixel).collect());
    Ok(Made { small, png: png.into_inner() })
}

/// Makes a picture no larger than this; what is smaller stays as it is.
fn within(image: DynamicImage, (width, height): (u32, u32)) -> DynamicImage {
    match image.width() <= width && image.height() <= height {
        true => image,
        false => image.resize(width, height, FilterType::Triangle),
    }
}

fn decode(bytes: &[u8]) -> Result<DynamicImage, image::ImageError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    let mut decoder = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?.into_decoder()?;
    decoder.set_limits(limits)?;
    // A photograph stands as it was taken, not as the camera was held.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image)
}

#[cfg(test)]
mod tests {
    use image::{Rgba, RgbaImage};

    use super::*;

    fn encoded(image: &RgbaImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let image = DynamicImage::ImageRgba8(image.clone());
        let image = if format == ImageFormat::Jpeg { DynamicImage::ImageRgb8(image.into_rgb8()) } else { image };
        image.write_to(&mut bytes, format).expect("written in memory");
        bytes.into_inner()
    }

    #[test]
    fn every_format_is_read_and_made_small() {
        let image = RgbaImage::from_pixel(1_280, 640, Rgba([200, 100, 50, 255]));
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
            let made = make(&encoded(&image, format)).unwrap_or_else(|error| panic!("{format:?}: {error}"));
            assert_eq!((made.small.width(), made.small.height()), (64, 32), "{format:?}");
            let png = image::load_from_memory_with_format(&made.png, ImageFormat::Png).expect("a PNG file");
            assert_eq!((png.width(), png.height()), (640, 320), "{format:?}");
        }
    }

    #[test]
    fn what_lets_through_stays_so() {
        let mut image = RgbaImage::from_pixel(2, 1, Rgba([1, 2, 3, 255]));
        image.put_pixel(1, 0, Rgba([9, 9, 9, 10]));
        let made = make(&encoded(&image, ImageFormat::Png)).expect("a picture");
        assert_eq!(made.small, Thumbnail::new(2, vec![Some((1, 2, 3)), None]));
        assert_eq!(image::load_from_memory(&made.png).expect("a PNG file").into_rgba8(), image);
    }

    #[test]
    fn hostile_files_are_refused_before_they_cost_anything() {
        let png = encoded(&RgbaImage::new(4, 4), ImageFormat::Png);
        // The header of a picture that would take 14 GB; its checksum is right, so it is the size that is refused.
        let mut huge = png.clone();
        huge[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        let mut long = png.clone();
        long.truncate(40);
        for (what, bytes) in
            [("huge", huge), ("cut off", long), ("text", b"<svg></svg>".to_vec()), ("nothing", Vec::new())]
        {
            let refusal = make(&bytes).expect_err(what);
            assert!(refusal.starts_with("no picture: "), "{what}: {refusal}");
        }
    }
}
