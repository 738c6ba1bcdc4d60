//! The frame around the rows of a sheet: how it is looked at before them, how it is filtered and printed after them.

use crate::xml;

/// What stands before the rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    /// Widths of the columns in characters; their number is the number of columns.
    pub(crate) widths: Vec<f64>,
    pub(crate) frozen_rows: u32,
    pub(crate) frozen_columns: usize,
    /// The sheet people see when they open the workbook.
    pub(crate) is_selected: bool,
}

/// What stands after the rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tail {
    /// Range with filter buttons in its first row.
    pub(crate) filter: Option<String>,
    pub(crate) merges: Vec<String>,
    /// Range and formula of list rules.
    pub(crate) validations: Vec<ListRule>,
    /// Range where numbers may stand as text without a warning sign.
    pub(crate) text_range: Option<String>,
    /// First and last row repeated on every page.
    pub(crate) repeated_rows: Option<(u32, u32)>,
    pub(crate) is_hidden: bool,
}

/// Text of a page footer with its page number holes filled as the format wants them.
pub(crate) fn footer_code(footer: &str) -> String {
    let body = footer
        .replace('&', "&&")
        .replace("{pages}", "&N")
        .replace("{page}", "&P");
    // A digit after the size would be read as part of it.
    let gap = if body.starts_with(|c: char| c.is_ascii_digit()) {
        " "
    } else {
        ""
    };
    format!("&C&\"仿宋,Regular\"&10{gap}{body}")
}

impl Frame {
    pub(crate) fn xml(&self) -> String {
        let mut out = format!(
            "{}<worksheet xmlns=\"{}\" xmlns:r=\"{}\">",
            xml::DECLARATION,
            xml::MAIN,
            xml::RELATIONS
        );
        out.push_str("<sheetPr><pageSetUpPr fitToPage=\"1\"/></sheetPr>");
        self.push_view(&mut out);
        out.push_str("<sheetFormatPr defaultRowHeight=\"18\"/>");
        self.push_columns(&mut out);
        out.push_str("<sheetData>");
        out
    }

    fn push_view(&self, out: &mut String) {
        let selected = if self.is_selected {
            " tabSelected=\"1\""
        } else {
            ""
        };
        out.push_str(&format!(
            "<sheetViews><sheetView{selected} workbookViewId=\"0\">"
        ));
        if self.frozen_rows > 0 || self.frozen_columns > 0 {
            self.push_pane(out);
        }
        out.push_str("</sheetView></sheetViews>");
    }

    fn push_pane(&self, out: &mut String) {
        let x = if self.frozen_columns > 0 {
            format!(" xSplit=\"{}\"", self.frozen_columns)
        } else {
            String::new()
        };
        let y = if self.frozen_rows > 0 {
            format!(" ySplit=\"{}\"", self.frozen_rows)
        } else {
            String::new()
        };
        let pane = match (self.frozen_columns, self.frozen_rows) {
            (0, _) => "bottomLeft",
            (_, 0) => "topRight",
            _ => "bottomRight",
        };
        let corner = xml::cell_name(self.frozen_columns, self.frozen_rows + 1);
        out.push_str(&format!(
            "<pane{x}{y} topLeftCell=\"{corner}\" activePane=\"{pane}\" state=\"frozen\"/>"
        ));
        out.push_str(&format!(
            "<selection pane=\"{pane}\" activeCell=\"{corner}\" sqref=\"{corner}\"/>"
        ));
    }

    fn push_columns(&self, out: &mut String) {
        if self.widths.is_empty() {
            return;
        }
        out.push_str("<cols>");
        for (n, width) in self.widths.iter().enumerate() {
            // Five pixels of padding, as the programs themselves add.
            let width = width.clamp(0.0, 254.0) + 0.71;
            out.push_str(&format!(
                "<col min=\"{0}\" max=\"{0}\" width=\"{width:.2}\" customWidth=\"1\"/>",
                n + 1
            ));
        }
        out.push_str("</cols>");
    }
}

impl Tail {
    pub(crate) fn xml(&self, footer: &str, has_comments: bool) -> String {
        let mut out = String::from("</sheetData>");
        if let Some(range) = &self.filter {
            out.push_str(&format!("<autoFilter ref=\"{range}\"/>"));
        }
        self.push_merges(&mut out);
        self.push_validations(&mut out);
        out.push_str(PAGE);
        out.push_str(&format!(
            "<headerFooter><oddFooter>{}</oddFooter></headerFooter>",
            xml::text(footer)
        ));
        if let Some(range) = &self.text_range {
            out.push_str(&format!(
                "<ignoredErrors><ignoredError sqref=\"{range}\" numberStoredAsText=\"1\"/></ignoredErrors>"
            ));
        }
        if has_comments {
            out.push_str("<legacyDrawing r:id=\"rId1\"/>");
        }
        out.push_str("</worksheet>");
        out
    }

    fn push_merges(&self, out: &mut String) {
        if self.merges.is_empty() {
            return;
        }
        out.push_str(&format!("<mergeCells count=\"{}\">", self.merges.len()));
        self.merges
            .iter()
            .for_each(|range| out.push_str(&format!("<mergeCell ref=\"{range}\"/>")));
        out.push_str("</mergeCells>");
    }

    fn push_validations(&self, out: &mut String) {
        if self.validations.is_empty() {
            return;
        }
        out.push_str(&format!(
            "<dataValidations count=\"{}\">",
            self.validations.len()
        ));
        for rule in &self.validations {
            out.push_str(&format!(
                "<dataValidation type=\"list\" allowBlank=\"1\" showInputMessage=\"1\" showErrorMessage=\"{}\" \
                 sqref=\"{}\"><formula1>{}</formula1></dataValidation>",
                u8::from(!rule.is_open),
                rule.range,
                xml::text(&rule.formula)
            ));
        }
        out.push_str("</dataValidations>");
    }
}

/// 序列 — a list offered in the cells of a range; an open one takes other values too.
#[derive(Debug, Clone)]
pub(crate) struct ListRule {
    pub(crate) range: String,
    pub(crate) formula: String,
    pub(crate) is_open: bool,
}

/// A3 landscape, all columns on one page width, as many pages down as it takes. Margins in inches.
const PAGE: &str = "<printOptions horizontalCentered=\"1\"/>\
    <pageMargins left=\"0.5\" right=\"0.5\" top=\"0.6\" bottom=\"0.7\" header=\"0.3\" footer=\"0.35\"/>\
    <pageSetup paperSize=\"8\" fitToHeight=\"0\" orientation=\"landscape\"/>";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_footer_keeps_its_ampersands_and_digits_apart_from_codes() {
        assert_eq!(
            footer_code("第 {page} 页 共 {pages} 页"),
            "&C&\"仿宋,Regular\"&10第 &P 页 共 &N 页"
        );
        assert_eq!(footer_code("2019 A&B"), "&C&\"仿宋,Regular\"&10 2019 A&&B");
    }

    #[test]
    fn panes_follow_what_is_frozen() {
        let frame = |frozen_columns, frozen_rows| {
            Frame {
                frozen_rows,
                frozen_columns,
                ..Frame::default()
            }
            .xml()
        };
        assert!(frame(2, 3).contains(
            "<pane xSplit=\"2\" ySplit=\"3\" topLeftCell=\"C4\" activePane=\"bottomRight\""
        ));
        assert!(
            frame(0, 3).contains("<pane ySplit=\"3\" topLeftCell=\"A4\" activePane=\"bottomLeft\"")
        );
        assert!(!frame(0, 0).contains("<pane"));
    }
}
