//! Makes small pictures of image files, on a thread of its own. What a file may cost is bounded before it is decoded.

use std::io::Cursor;

use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use crate::app::pictures::{HALVES_MAX, Pixel, Thumbnail};

/// Longest side of a file that is decoded, in pixels.
const SIDE_MAX: u32 = 12_000;
/// Most memory that decoding takes, in bytes.
const DECODED_BYTES_MAX: u64 = 96 * 1_024 * 1_024;
/// Below this a pixel is not there: what is behind it shows.
const OPAQUE_MIN: u8 = 96;

/// Makes a small picture of a file.
///
/// # Errors
///
/// Where it is no picture, a broken one, or a too large one; in words for a person.
pub(crate) fn thumbnail(bytes: &[u8]) -> Result<Thumbnail, String> {
    let image = decode(bytes).map_err(|error| format!("no picture: {error}"))?;
    let (columns, halves) = HALVES_MAX;
    let image = match image.width() <= columns && image.height() <= halves {
        true => image,
        false => image.resize(columns, halves, FilterType::Triangle),
    };
    let image = image.into_rgba8();
    let pixel = |pixel: &image::Rgba<u8>| -> Pixel {
        let [red, green, blue, alpha] = pixel.0;
        (alpha >= OPAQUE_MIN).then_some((red, green, blue))
    };
    Ok(Thumbnail::new(image.width(), image.pixels().map(pixel).collect()))
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
    use image::{ImageFormat, Rgba, RgbaImage};

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
        let image = RgbaImage::from_pixel(640, 320, Rgba([200, 100, 50, 255]));
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
            let small = thumbnail(&encoded(&image, format)).unwrap_or_else(|error| panic!("{format:?}: {error}"));
            assert_eq!(small.size(), (64, 32), "{format:?}");
        }
    }

    #[test]
    fn what_lets_through_stays_so() {
        let mut image = RgbaImage::from_pixel(2, 1, Rgba([1, 2, 3, 255]));
        image.put_pixel(1, 0, Rgba([9, 9, 9, 10]));
        assert_eq!(thumbnail(&encoded(&image, ImageFormat::Png)), Ok(Thumbnail::new(2, vec![Some((1, 2, 3)), None])));
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
            let refusal = thumbnail(&bytes).expect_err(what);
            assert!(refusal.starts_with("no picture: "), "{what}: {refusal}");
        }
    }
}
