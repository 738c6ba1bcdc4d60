//! Comments of cells: the text part and the drawing part office programs need to show them.

use std::io::{Seek, Write};

use crate::package::Package;
use crate::strings::push_t;
use crate::{Error, measure, xml};

/// Shapes are numbered in blocks; every sheet takes whole blocks.
const SHAPES_PER_BLOCK: usize = 1024;

#[derive(Debug, Default)]
pub(crate) struct Comments {
    list: Vec<Comment>,
}

#[derive(Debug)]
struct Comment {
    column: usize,
    row: u32,
    text: String,
}

impl Comments {
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn push(&mut self, column: usize, row: u32, text: &str) {
        self.list.push(Comment {
            column,
            row,
            text: text.to_owned(),
        });
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.list.truncate(len);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Blocks of shape numbers the sheet takes.
    pub(crate) fn blocks(&self) -> usize {
        self.list.len() / SHAPES_PER_BLOCK + 1
    }

    /// Writes the two parts of sheet `number`, whose shapes begin in block `first_block`.
    pub(crate) fn write<W: Write + Seek>(
        &self,
        package: &mut Package<W>,
        number: usize,
        first_block: usize,
        author: &str,
    ) -> Result<(), Error> {
        self.write_texts(package, number, author)?;
        self.write_shapes(package, number, first_block)
    }

    fn write_texts<W: Write + Seek>(
        &self,
        package: &mut Package<W>,
        number: usize,
        author: &str,
    ) -> Result<(), Error> {
        package.begin(&format!("xl/comments{number}.xml"))?;
        let opening = format!(
            "{}<comments xmlns=\"{}\"><authors><author>{}</author></authors><commentList>",
            xml::DECLARATION,
            xml::MAIN,
            xml::text(author)
        );
        package.buffer.extend_from_slice(opening.as_bytes());
        for comment in &self.list {
            let name = xml::cell_name(comment.column, comment.row);
            let opening = format!(
                "<comment ref=\"{name}\" authorId=\"0\"><text><r><rPr><sz val=\"10\"/><rFont val=\"宋体\"/></rPr>"
            );
            package.buffer.extend_from_slice(opening.as_bytes());
            push_t(&mut package.buffer, &comment.text);
            package.buffer.extend_from_slice(b"</r></text></comment>");
            package.spill()?;
        }
        package
            .buffer
            .extend_from_slice(b"</commentList></comments>");
        Ok(())
    }

    fn write_shapes<W: Write + Seek>(
        &self,
        package: &mut Package<W>,
        number: usize,
        first_block: usize,
    ) -> Result<(), Error> {
        package.begin(&format!("xl/drawings/vmlDrawing{number}.vml"))?;
        let blocks: Vec<String> = (first_block..first_block + self.blocks())
            .map(|block| block.to_string())
            .collect();
        package.buffer.extend_from_slice(DRAWING_OPENING.as_bytes());
        package.buffer.extend_from_slice(
            format!("<o:shapelayout v:ext=\"edit\"><o:idmap v:ext=\"edit\" data=\"{}\"/></o:shapelayout>{SHAPE_TYPE}", blocks.join(","))
                .as_bytes(),
        );
        for (n, comment) in self.list.iter().enumerate() {
            let shape = comment.shape(first_block * SHAPES_PER_BLOCK + n + 1);
            package.buffer.extend_from_slice(shape.as_bytes());
            package.spill()?;
        }
        package.buffer.extend_from_slice(b"</xml>");
        Ok(())
    }
}

const DRAWING_OPENING: &str = "<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" \
    xmlns:x=\"urn:schemas-microsoft-com:office:excel\">";

const SHAPE_TYPE: &str = "<v:shapetype id=\"_x0000_t202\" coordsize=\"21600,21600\" o:spt=\"202\" path=\"m,l,21600r21600,l21600,xe\">\
    <v:stroke joinstyle=\"miter\"/><v:path gradientshapeok=\"t\" o:connecttype=\"rect\"/></v:shapetype>";

impl Comment {
    /// A hidden yellow note right of its cell, three columns wide and as high as its text asks.
    fn shape(&self, id: usize) -> String {
        let (column, row) = (self.column, self.row - 1);
        let lines = u32::try_from(measure::lines(&self.text, 30.0)).unwrap_or(u32::MAX);
        let (left, top, bottom) = (
            column + 1,
            row.saturating_sub(1),
            row + lines.clamp(2, 12) + 1,
        );
        format!(
            "<v:shape id=\"_x0000_s{id}\" type=\"#_x0000_t202\" style=\"position:absolute;visibility:hidden\" \
             fillcolor=\"#ffffe1\" o:insetmode=\"auto\"><v:fill color2=\"#ffffe1\"/>\
             <v:shadow on=\"t\" color=\"black\" obscured=\"t\"/><v:path o:connecttype=\"none\"/>\
             <v:textbox style=\"mso-direction-alt:auto\"><div style=\"text-align:left\"></div></v:textbox>\
             <x:ClientData ObjectType=\"Note\"><x:MoveWithCells/><x:SizeWithCells/>\
             <x:Anchor>{left}, 15, {top}, 10, {}, 15, {bottom}, 4</x:Anchor><x:AutoFill>False</x:AutoFill>\
             <x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>",
            left + 3,
        )
    }
}
