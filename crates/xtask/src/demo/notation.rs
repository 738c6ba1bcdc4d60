//! The ways in which offices write positions, areas and days.

use super::plane::{FLATTENING, Point, SEMI_MAJOR_AXIS_M, area_mu};

/// A day known to the year, the month or the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day {
    /// Year of our era.
    pub(crate) year: i16,
    /// Month, zero if not known.
    pub(crate) month: i8,
    /// Day of the month, zero if not known.
    pub(crate) day: i8,
}

impl Day {
    /// A day.
    pub(crate) const fn new(year: i16, month: i8, day: i8) -> Self {
        Self { year, month, day }
    }

    /// `2019-08-03`, `2019-08` or `2019`.
    pub(crate) fn iso(self) -> String {
        match (self.month, self.day) {
            (0, _) => format!("{}", self.year),
            (month, 0) => format!("{}-{month:02}", self.year),
            (month, day) => format!("{}-{month:02}-{day:02}", self.year),
        }
    }

    /// Known to the day?
    pub(crate) fn is_exact(self) -> bool {
        self.day > 0
    }

    /// `2019.8.3` with any separator.
    pub(crate) fn separated(self, separator: &str) -> String {
        let parts = [i16::from(self.month), i16::from(self.day)];
        let known = parts.iter().take_while(|part| **part > 0);
        known.fold(format!("{}", self.year), |text, part| {
            format!("{text}{separator}{part}")
        })
    }

    /// `2019年8月3日`.
    pub(crate) fn chinese(self) -> String {
        match (self.month, self.day) {
            (0, _) => format!("{}年", self.year),
            (month, 0) => format!("{}年{month}月", self.year),
            (month, day) => format!("{}年{month}月{day}日", self.year),
        }
    }

    /// `二〇一九年八月`.
    pub(crate) fn numerals(self) -> String {
        let year: String = format!("{}", self.year)
            .chars()
            .filter_map(|digit| digit.to_digit(10))
            .map(|digit| DIGITS[digit as usize])
            .collect();
        let part = |number: i8, unit: &str| match number {
            0 => String::new(),
            number => format!("{}{unit}", counted(usize::from(number.unsigned_abs()))),
        };
        format!("{year}年{}{}", part(self.month, "月"), part(self.day, "日"))
    }

    /// `20190803`.
    pub(crate) fn compact(self) -> String {
        format!("{}{:02}{:02}", self.year, self.month, self.day)
    }

    /// The number a spreadsheet stores.
    pub(crate) fn serial(self) -> Option<f64> {
        let day = jiff::civil::Date::new(self.year, self.month, self.day).ok()?;
        let epoch = jiff::civil::Date::constant(1899, 12, 30);
        let span = day.since(epoch).ok()?;
        Some(f64::from(span.get_days()))
    }
}

impl serde::Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.iso())
    }
}

const DIGITS: [char; 10] = ['〇', '一', '二', '三', '四', '五', '六', '七', '八', '九'];

/// 一, 十二, 三十: a count below a hundred in Chinese.
pub(crate) fn counted(number: usize) -> String {
    let unit = DIGITS[number % 10];
    match (number / 10, number % 10) {
        (0, _) => unit.to_string(),
        (1, 0) => "十".to_owned(),
        (1, _) => format!("十{unit}"),
        (tens, 0) => format!("{}十", DIGITS[tens % 10]),
        (tens, _) => format!("{}十{unit}", DIGITS[tens % 10]),
    }
}

/// Digits, signs and letters in full width.
pub(crate) fn full_width(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '!'..='~' => char::from_u32(u32::from(letter) + 0xfee0).unwrap_or(letter),
            other => other,
        })
        .collect()
}

/// How an angle pair is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// `106.53214`
    Decimal,
    /// `106°32′15.2″E`
    Signs,
    /// `东经106度32分15.2秒`
    Words,
    /// `E106.53214`
    Letter,
    /// `106 32 15.2`
    Spaces,
    /// `106:32:15.2`
    Colons,
    /// `１０６．５３２１４`
    FullWidth,
    /// `106°32.2533′`
    Minutes,
}

/// All eight.
pub(crate) const STYLES: [Style; 8] = [
    Style::Decimal,
    Style::Signs,
    Style::Words,
    Style::Letter,
    Style::Spaces,
    Style::Colons,
    Style::FullWidth,
    Style::Minutes,
];

impl Style {
    /// Longitude and latitude in this notation.
    pub(crate) fn pair(self, point: Point) -> [String; 2] {
        [
            self.angle(point[0], ["E", "东经"]),
            self.angle(point[1], ["N", "北纬"]),
        ]
    }

    fn angle(self, degrees: f64, [letter, word]: [&str; 2]) -> String {
        let (d, m, s) = sexagesimal(degrees);
        match self {
            Self::Decimal => format!("{degrees:.6}"),
            Self::Signs => format!("{d}°{m:02}′{s:04.1}″{letter}"),
            Self::Words => format!("{word}{d}度{m}分{s:.1}秒"),
            Self::Letter => format!("{letter}{degrees:.5}"),
            Self::Spaces => format!("{d} {m:02} {s:04.1}"),
            Self::Colons => format!("{d}:{m:02}:{s:04.1}"),
            Self::FullWidth => full_width(&format!("{degrees:.5}")),
            Self::Minutes => format!("{d}°{:.4}′", (degrees - f64::from(d)) * 60.0),
        }
    }
}

/// Degrees, minutes, seconds to a tenth.
fn sexagesimal(degrees: f64) -> (u32, u32, f64) {
    let tenths = (degrees * 36_000.0).round();
    let d = (tenths / 36_000.0).floor();
    let m = ((tenths - d * 36_000.0) / 600.0).floor();
    let s = (tenths - d * 36_000.0 - m * 600.0) / 10.0;
    (d as u32, m as u32, s)
}

/// An area as text with its unit.
pub(crate) fn area_text(area_m2: f64, unit: &str) -> String {
    match unit {
        "亩" => format!("{:.2}亩", area_mu(area_m2)),
        "公顷" => format!("{:.4}公顷", area_m2 / 10_000.0),
        "km²" => format!("{:.6}km²", area_m2 / 1e6),
        "约亩" => format!("约{:.1}亩", area_mu(area_m2)),
        "全角亩" => full_width(&format!("{:.1}", area_mu(area_m2))) + "亩",
        _ => format!("{}㎡", thousands(area_m2.round() as u64)),
    }
}

/// `12,345`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Easting and northing of a point in its 3-degree Gauss–Krüger zone on CGCS2000.
pub(crate) struct Projected {
    /// Number of the zone.
    pub(crate) zone: u8,
    /// Easting with a false easting of 500 km, without the zone's number before it.
    pub(crate) easting_m: f64,
    /// Northing from the equator.
    pub(crate) northing_m: f64,
}

impl Projected {
    /// The easting as most offices write it, with the zone's number in front.
    pub(crate) fn prefixed_m(&self) -> f64 {
        f64::from(self.zone) * 1e6 + self.easting_m
    }
}

/// The 3-degree zone a point belongs to.
pub(crate) fn zone_of(point: Point) -> u8 {
    (point[0] / 3.0).round() as u8
}

/// Krüger's series to the fourth order, good to a tenth of a millimetre.
pub(crate) fn gauss_krueger(point: Point, zone: u8) -> Projected {
    let n = FLATTENING / (2.0 - FLATTENING);
    let (n2, n3, n4) = (n * n, n.powi(3), n.powi(4));
    let radius = SEMI_MAJOR_AXIS_M / (1.0 + n) * (1.0 + n2 / 4.0 + n4 / 64.0);
    let series = [
        n / 2.0 - 2.0 / 3.0 * n2 + 5.0 / 16.0 * n3 + 41.0 / 180.0 * n4,
        13.0 / 48.0 * n2 - 3.0 / 5.0 * n3 + 557.0 / 1440.0 * n4,
        61.0 / 240.0 * n3 - 103.0 / 140.0 * n4,
        49_561.0 / 161_280.0 * n4,
    ];
    let e = (FLATTENING * (2.0 - FLATTENING)).sqrt();
    let lon = (point[0] - 3.0 * f64::from(zone)).to_radians();
    let sine = point[1].to_radians().sin();
    let conformal = (sine.atanh() - e * (e * sine).atanh()).sinh();
    let xi = conformal.atan2(lon.cos());
    let eta = (lon.sin() / (1.0 + conformal * conformal).sqrt()).atanh();
    let (mut northing, mut easting) = (xi, eta);
    for (order, factor) in series.iter().enumerate() {
        let k = 2.0 * (order + 1) as f64;
        northing += factor * (k * xi).sin() * (k * eta).cosh();
        easting += factor * (k * xi).cos() * (k * eta).sinh();
    }
    Projected {
        zone,
        easting_m: 500_000.0 + radius * easting,
        northing_m: radius * northing,
    }
}

/// The position as the maps on phones in China show it (GCJ-02).
pub(crate) fn gcj02(point: Point) -> Point {
    const AXIS: f64 = 6_378_245.0;
    const ECCENTRICITY: f64 = 0.006_693_421_622_965_943;
    let [x, y] = [point[0] - 105.0, point[1] - 35.0];
    let lat = point[1].to_radians();
    let magic = 1.0 - ECCENTRICITY * lat.sin().powi(2);
    let root = magic.sqrt();
    let north = offset_lat(x, y) / (AXIS * (1.0 - ECCENTRICITY) / (magic * root)).to_radians();
    let east = offset_lon(x, y) / (AXIS / root * lat.cos()).to_radians();
    [point[0] + east, point[1] + north]
}

fn waves(at: f64, terms: [(f64, f64); 2]) -> f64 {
    terms
        .iter()
        .map(|(amplitude, divisor)| amplitude * (at / divisor * std::f64::consts::PI).sin())
        .sum::<f64>()
        * 2.0
        / 3.0
}

fn offset_lat(x: f64, y: f64) -> f64 {
    -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + waves(x, [(20.0, 1.0 / 6.0), (20.0, 0.5)])
        + waves(y, [(20.0, 1.0), (40.0, 3.0)])
        + waves(y, [(160.0, 12.0), (320.0, 30.0)])
}

fn offset_lon(x: f64, y: f64) -> f64 {
    300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + waves(x, [(20.0, 1.0 / 6.0), (20.0, 0.5)])
        + waves(x, [(20.0, 1.0), (40.0, 3.0)])
        + waves(x, [(150.0, 12.0), (300.0, 30.0)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_reads_alike_in_eight_notations() {
        let texts: Vec<String> = STYLES
            .iter()
            .map(|style| style.pair([106.537_556, 35.554_222]).join("，"))
            .collect();
        assert_eq!(
            texts,
            [
                "106.537556，35.554222",
                "106°32′15.2″E，35°33′15.2″N",
                "东经106度32分15.2秒，北纬35度33分15.2秒",
                "E106.53756，N35.55422",
                "106 32 15.2，35 33 15.2",
                "106:32:15.2，35:33:15.2",
                "１０６．５３７５６，３５．５５４２２",
                "106°32.2534′，35°33.2533′",
            ]
        );
    }

    #[test]
    fn days_are_written_as_offices_write_them() {
        let day = Day::new(2019, 8, 13);
        assert_eq!(day.separated("."), "2019.8.13");
        assert_eq!(day.numerals(), "二〇一九年八月十三日");
        assert_eq!(Day::new(2019, 8, 0).numerals(), "二〇一九年八月");
        assert_eq!(day.serial(), Some(43_690.0));
        assert_eq!(Day::new(2009, 0, 0).chinese(), "2009年");
        assert_eq!(counted(24), "二十四");
    }

    #[test]
    fn the_equator_of_the_central_meridian_is_the_origin() {
        let origin = gauss_krueger([105.0, 0.0], 35);
        assert!((origin.easting_m - 500_000.0).abs() < 1e-6);
        assert!(origin.northing_m.abs() < 1e-6);
    }

    #[test]
    fn gauss_krueger_agrees_with_proj() {
        // EPSG:4523 and EPSG:4524 of PROJ, northing and easting.
        for (point, northing, easting) in PROJ {
            let ours = gauss_krueger(point, zone_of(point));
            assert!((ours.northing_m - northing).abs() < 0.001, "{point:?}");
            assert!((ours.prefixed_m() - easting).abs() < 0.001, "{point:?}");
        }
    }

    const PROJ: [(Point, f64, f64); 2] = [
        (
            [106.451_234_5, 35.401_234_5],
            3_920_074.892_0,
            35_631_835.279_2,
        ),
        (
            [106.612_345_6, 35.622_334_4],
            3_944_525.366_1,
            36_374_286.153_3,
        ),
    ];

    #[test]
    fn the_phone_map_offset_is_the_known_one() {
        let shown = gcj02([106.53, 35.55]);
        assert!((super::super::plane::distance_m([106.53, 35.55], shown) - 381.0).abs() < 2.0);
        assert!(shown[0] > 106.53 && shown[1] < 35.55);
    }
}
