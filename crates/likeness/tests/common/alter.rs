//! What people do to a picture.

use std::io::Cursor;

use image::imageops::{self, FilterType};
use image::{DynamicImage, GrayImage, Luma, RgbImage, codecs::jpeg::JpegEncoder};
use likeness::Orientation;

use super::Draw;

pub(crate) fn jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture
        .write_with_encoder(JpegEncoder::new_with_quality(&mut out, quality))
        .unwrap();
    out.into_inner()
}

pub(crate) fn resized(picture: &RgbImage, longer: u32) -> RgbImage {
    let (w, h) = picture.dimensions();
    let factor = longer as f32 / w.max(h) as f32;
    imageops::resize(
        picture,
        (w as f32 * factor).round() as u32,
        (h as f32 * factor).round() as u32,
        FilterType::Triangle,
    )
}

/// Keeps `share` of the area; the place is drawn, corners included.
pub(crate) fn cropped(picture: &RgbImage, share: f32, draw: &mut Draw) -> RgbImage {
    let (w, h) = picture.dimensions();
    let across = draw.between(share.max(0.8), 1.0);
    let down = (share / across).min(1.0);
    let (cw, ch) = ((w as f32 * across) as u32, (h as f32 * down) as u32);
    let place = |room: u32, draw: &mut Draw| (room as f32 * draw.share()) as u32;
    let (x, y) = (place(w - cw, draw), place(h - ch, draw));
    imageops::crop_imm(picture, x, y, cw, ch).to_image()
}

pub(crate) fn turned(picture: &RgbImage, orientation: Orientation) -> RgbImage {
    let exif = image::metadata::Orientation::from_exif(orientation.exif()).unwrap();
    let mut picture = DynamicImage::ImageRgb8(picture.clone());
    picture.apply_orientation(exif);
    picture.into_rgb8()
}

/// Contrast about the middle, then brightness in steps of 255.
pub(crate) fn lit(picture: &RgbImage, contrast: f32, brightness: f32) -> RgbImage {
    let mut out = picture.clone();
    for value in out.iter_mut() {
        *value =
            ((f32::from(*value) - 128.0) * contrast + 128.0 + brightness).clamp(0.0, 255.0) as u8;
    }
    out
}

/// Signs of 5 × 7 blocks, as a caption has them.
fn letters(picture: &mut RgbImage, x: u32, y: u32, unit: u32, count: u32, draw: &mut Draw) {
    for letter in 0..count {
        for row in 0..7 {
            for column in 0..5 {
                if draw.share() < 0.5 {
                    continue;
                }
                let (left, top) = (x + (letter * 6 + column) * unit, y + row * unit);
                for py in top..(top + unit).min(picture.height()) {
                    for px in left..(left + unit).min(picture.width()) {
                        picture.put_pixel(px, py, image::Rgb([255, 240, 60]));
                    }
                }
            }
        }
    }
}

/// A dark strip along the bottom with two lines of signs.
pub(crate) fn captioned(picture: &RgbImage, draw: &mut Draw) -> RgbImage {
    let mut out = picture.clone();
    let (w, h) = out.dimensions();
    let strip = h / 8;
    for y in h - strip..h {
        for x in 0..w {
            let p = out.get_pixel_mut(x, y);
            p.0 = p.0.map(|v| v / 4 + 20);
        }
    }
    let unit = (strip / 20).max(1);
    for line in 0..2 {
        let y = h - strip + unit * (2 + line * 9);
        letters(&mut out, w / 40, y, unit, w / unit / 8, draw);
    }
    out
}

/// Signs in a corner, three lines.
pub(crate) fn stamped(picture: &RgbImage, draw: &mut Draw) -> RgbImage {
    let mut out = picture.clone();
    let (w, h) = out.dimensions();
    let unit = (h / 160).max(1);
    let (x, y) = (
        if draw.share() < 0.5 { w / 30 } else { w / 2 },
        if draw.share() < 0.5 {
            h / 30
        } else {
            h - h / 6
        },
    );
    for line in 0..3 {
        letters(&mut out, x, y + line * unit * 9, unit, 14, draw);
    }
    out
}

pub(crate) fn grey(picture: &RgbImage) -> GrayImage {
    DynamicImage::ImageRgb8(picture.clone()).into_luma8()
}

pub(crate) fn flat(width: u32, height: u32, value: u8) -> GrayImage {
    GrayImage::from_pixel(width, height, Luma([value]))
}

/// Everything above, each with its name, as files.
pub(crate) fn all(picture: &RgbImage, seed: u64) -> Vec<(String, Vec<u8>)> {
    let mut draw = Draw::new(seed);
    let d = &mut draw;
    let mut out: Vec<(String, RgbImage, u8)> = vec![
        ("400 px, quality 40".to_owned(), resized(picture, 400), 40),
        ("600 px, quality 70".to_owned(), resized(picture, 600), 70),
        ("quality 40".to_owned(), picture.clone(), 40),
        ("brighter, flatter".to_owned(), lit(picture, 0.7, 30.0), 85),
        ("darker, harder".to_owned(), lit(picture, 1.25, -25.0), 85),
        ("captioned".to_owned(), captioned(picture, d), 85),
        ("stamped".to_owned(), stamped(picture, d), 85),
    ];
    for share in [0.75, 0.78, 0.82, 0.9] {
        out.push((
            format!("cropped to {share}"),
            cropped(picture, share, d),
            85,
        ));
    }
    for orientation in Orientation::ALL.into_iter().skip(1) {
        out.push((format!("{orientation:?}"), turned(picture, orientation), 85));
    }
    let crop = cropped(picture, 0.8, d);
    out.push((
        "cropped, 500 px, quality 50, captioned".to_owned(),
        captioned(&resized(&crop, 500), d),
        50,
    ));
    let crop = cropped(picture, 0.8, d);
    out.push((
        "cropped, mirrored, darker".to_owned(),
        lit(
            &turned(&crop, Orientation::MirroredHorizontally),
            0.9,
            -20.0,
        ),
        75,
    ));
    let turn = turned(&resized(picture, 450), *d.pick(&Orientation::ALL));
    out.push((
        "turned, 450 px, stamped, quality 50".to_owned(),
        stamped(&turn, d),
        50,
    ));
    out.into_iter()
        .map(|(name, picture, quality)| (name, jpeg(&picture, quality)))
        .collect()
}
