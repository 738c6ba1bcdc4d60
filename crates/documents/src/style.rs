//! Looks of cells, gathered while sheets are written and printed as one style part.

use indexmap::IndexSet;

use crate::{Shade, xml};

/// Everything a cell format says. Interned: the position in the table is the number cells carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Style {
    pub(crate) font: Font,
    pub(crate) ground: Ground,
    pub(crate) border: bool,
    pub(crate) horizontal: Horizontal,
    pub(crate) wrap: bool,
    pub(crate) number: NumberFormat,
    /// Keep text that looks like a formula text when it is edited.
    pub(crate) quote: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Font {
    Body,
    Strong,
    Heading,
    Title,
    Subtitle,
    Note,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Ground {
    None,
    Heading,
    Total,
    Shade(Shade),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Horizontal {
    Left,
    Center,
    Right,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum NumberFormat {
    General,
    Text,
    Integer,
    /// Fixed decimals, no separators.
    Decimal(u8),
    /// Fixed decimals with thousands separated.
    Grouped(u8),
    Date,
}

pub(crate) struct Styles {
    table: IndexSet<Style>,
}

const FONTS: [Font; 6] = [
    Font::Body,
    Font::Strong,
    Font::Heading,
    Font::Title,
    Font::Subtitle,
    Font::Note,
];
const SHADES: [Shade; 5] = [
    Shade::Red,
    Shade::Amber,
    Shade::Blue,
    Shade::Green,
    Shade::Gray,
];
/// The first two fills are fixed by the format: none and a dotted pattern.
const FIRST_FILL: usize = 2;
/// Numbers below belong to the formats every program knows.
const FIRST_NUMBER_FORMAT: usize = 164;

impl Style {
    pub(crate) const PLAIN: Self = Self {
        font: Font::Body,
        ground: Ground::None,
        border: false,
        horizontal: Horizontal::Left,
        wrap: false,
        number: NumberFormat::General,
        quote: false,
    };
}

impl Default for Styles {
    fn default() -> Self {
        Self {
            table: IndexSet::from([Style::PLAIN]),
        }
    }
}

impl Styles {
    pub(crate) fn intern(&mut self, style: Style) -> usize {
        self.table.insert_full(style).0
    }

    pub(crate) fn xml(&self) -> String {
        let numbers: IndexSet<String> = self
            .table
            .iter()
            .filter_map(|style| style.number.custom_code())
            .collect();
        let mut out = format!("{}<styleSheet xmlns=\"{}\">", xml::DECLARATION, xml::MAIN);
        push_number_formats(&mut out, &numbers);
        push_fonts(&mut out);
        push_fills(&mut out);
        out.push_str(BORDERS);
        out.push_str("<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>");
        out.push_str(&format!("<cellXfs count=\"{}\">", self.table.len()));
        self.table
            .iter()
            .for_each(|style| push_format(&mut out, style, &numbers));
        out.push_str("</cellXfs><cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles>");
        out.push_str("<dxfs count=\"0\"/></styleSheet>");
        out
    }
}

const BORDERS: &str = "<borders count=\"2\"><border><left/><right/><top/><bottom/><diagonal/></border>\
    <border><left style=\"thin\"><color auto=\"1\"/></left><right style=\"thin\"><color auto=\"1\"/></right>\
    <top style=\"thin\"><color auto=\"1\"/></top><bottom style=\"thin\"><color auto=\"1\"/></bottom><diagonal/></border></borders>";

fn push_number_formats(out: &mut String, codes: &IndexSet<String>) {
    if codes.is_empty() {
        return;
    }
    out.push_str(&format!("<numFmts count=\"{}\">", codes.len()));
    for (n, code) in codes.iter().enumerate() {
        out.push_str(&format!(
            "<numFmt numFmtId=\"{}\" formatCode=\"{}\"/>",
            FIRST_NUMBER_FORMAT + n,
            xml::text(code)
        ));
    }
    out.push_str("</numFmts>");
}

fn push_fonts(out: &mut String) {
    out.push_str(&format!("<fonts count=\"{}\">", FONTS.len()));
    for font in FONTS {
        let (name, points, bold) = font.face();
        let bold = if bold { "<b/>" } else { "" };
        out.push_str(&format!(
            "<font>{bold}<sz val=\"{points}\"/><color rgb=\"FF000000\"/><name val=\"{name}\"/><charset val=\"134\"/></font>"
        ));
    }
    out.push_str("</fonts>");
}

fn push_fills(out: &mut String) {
    let grounds = [Ground::Heading, Ground::Total]
        .into_iter()
        .chain(SHADES.map(Ground::Shade));
    out.push_str(&format!(
        "<fills count=\"{}\">",
        FIRST_FILL + 2 + SHADES.len()
    ));
    out.push_str("<fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill>");
    for ground in grounds {
        out.push_str(&format!(
            "<fill><patternFill patternType=\"solid\"><fgColor rgb=\"FF{}\"/><bgColor indexed=\"64\"/></patternFill></fill>",
            ground.rgb()
        ));
    }
    out.push_str("</fills>");
}

fn push_format(out: &mut String, style: &Style, codes: &IndexSet<String>) {
    let horizontal = match style.horizontal {
        Horizontal::Left => "left",
        Horizontal::Center => "center",
        Horizontal::Right => "right",
    };
    let quote = if style.quote {
        " quotePrefix=\"1\""
    } else {
        ""
    };
    let wrap = if style.wrap { " wrapText=\"1\"" } else { "" };
    out.push_str(&format!(
        "<xf numFmtId=\"{}\" fontId=\"{}\" fillId=\"{}\" borderId=\"{}\" xfId=\"0\"{quote} applyNumberFormat=\"1\" \
         applyFont=\"1\" applyFill=\"1\" applyBorder=\"1\" applyAlignment=\"1\">\
         <alignment horizontal=\"{horizontal}\" vertical=\"center\"{wrap}/></xf>",
        style.number.id(codes),
        style.font as usize,
        style.ground.fill_id(),
        u8::from(style.border),
    ));
}

impl Font {
    /// Face, points, bold: the faces official papers are set in, all of them on every office machine.
    fn face(self) -> (&'static str, f32, bool) {
        match self {
            Self::Body => ("仿宋", 11.0, false),
            Self::Strong => ("仿宋", 11.0, true),
            Self::Heading => ("黑体", 11.0, false),
            Self::Title => ("方正小标宋简体", 22.0, false),
            Self::Subtitle => ("楷体", 12.0, false),
            Self::Note => ("仿宋", 10.5, false),
        }
    }
}

impl Ground {
    fn fill_id(self) -> usize {
        match self {
            Self::None => 0,
            Self::Heading => FIRST_FILL,
            Self::Total => FIRST_FILL + 1,
            Self::Shade(shade) => FIRST_FILL + 2 + shade as usize,
        }
    }

    fn rgb(self) -> &'static str {
        match self {
            Self::None => "FFFFFF",
            Self::Heading => "DDEBF7",
            Self::Total => "F2F2F2",
            Self::Shade(Shade::Red) => "FFC7CE",
            Self::Shade(Shade::Amber) => "FFE699",
            Self::Shade(Shade::Blue) => "BDD7EE",
            Self::Shade(Shade::Green) => "C6E0B4",
            Self::Shade(Shade::Gray) => "D9D9D9",
        }
    }
}

impl NumberFormat {
    fn id(self, codes: &IndexSet<String>) -> usize {
        match self {
            Self::General => 0,
            Self::Integer => 1,
            Self::Text => 49,
            _ => self
                .custom_code()
                .and_then(|code| codes.get_index_of(&code))
                .map_or(0, |n| FIRST_NUMBER_FORMAT + n),
        }
    }

    fn custom_code(self) -> Option<String> {
        match self {
            Self::Decimal(decimals) => Some(format!("0{}", fraction(decimals))),
            Self::Grouped(decimals) => Some(format!("#,##0{}", fraction(decimals))),
            Self::Date => Some("yyyy\\-mm\\-dd".to_owned()),
            _ => None,
        }
    }
}

fn fraction(decimals: u8) -> String {
    // Office programs show at most 30 decimals.
    match decimals.min(30) {
        0 => String::new(),
        n => format!(".{}", "0".repeat(n.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_and_shades_stand_where_their_numbers_say() {
        for (n, font) in FONTS.into_iter().enumerate() {
            assert_eq!(font as usize, n);
        }
        for (n, shade) in SHADES.into_iter().enumerate() {
            assert_eq!(Ground::Shade(shade).fill_id(), FIRST_FILL + 2 + n);
        }
    }

    #[test]
    fn equal_looks_share_a_number() {
        let mut styles = Styles::default();
        let bordered = Style {
            border: true,
            number: NumberFormat::Decimal(6),
            ..Style::PLAIN
        };
        assert_eq!(
            (
                styles.intern(Style::PLAIN),
                styles.intern(bordered),
                styles.intern(bordered)
            ),
            (0, 1, 1)
        );
        assert!(styles.xml().contains("formatCode=\"0.000000\""));
    }
}
