//! A pull reader for XML that may be hostile: no document type, bounded depth, bounded subtrees, no recursion.

use encoding_rs::Encoding;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::{Error, Excess, Reading, text};
use crate::diagnostic::Diagnostic;

/// A start tag: local name and attributes, entities resolved.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
}

/// An element with everything inside it.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    /// Text directly inside, trimmed.
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

/// What comes next on the level now read.
pub(super) enum Step {
    Open(Tag),
    Close,
    End,
}

/// Text of the file as XML; the declaration may name an encoding.
pub(super) fn decode<'b>(bytes: &'b [u8], reading: &mut Reading) -> std::borrow::Cow<'b, str> {
    text::decode(bytes, declared_encoding(bytes), reading)
}

fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(bytes.get(..200).unwrap_or(bytes)).into_owned();
    let declaration = head
        .trim_start()
        .strip_prefix("<?xml")?
        .split("?>")
        .next()?;
    let value = declaration
        .split("encoding")
        .nth(1)?
        .trim_start()
        .strip_prefix('=')?
        .trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let label = value[1..].split(quote).next()?;
    // Declared UTF-16 without a byte order mark was already seen to be text of single bytes.
    Encoding::for_label(label.as_bytes()).filter(|encoding| encoding.is_ascii_compatible())
}

/// Reads a document step by step.
pub(super) struct Pull<'t> {
    reader: Reader<&'t [u8]>,
    text: &'t str,
    file: String,
    depth: u32,
    deepest: u32,
    most_elements: u64,
}

impl<'t> Pull<'t> {
    pub(super) fn new(text: &'t str, reading: &Reading) -> Self {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_end_names = true;
        // Links with a bare ampersand are common, and nothing else can be meant by them.
        config.allow_dangling_amp = true;
        let limits = reading.limits();
        let (deepest, most_elements) = (limits.depth, limits.xml_elements);
        Self {
            reader,
            text,
            file: reading.file().to_owned(),
            depth: 0,
            deepest,
            most_elements,
        }
    }

    /// The next start or end of an element; text between elements is passed over.
    pub(super) fn step(&mut self) -> Result<Step, Error> {
        loop {
            match self.event()? {
                Event::Start(start) => {
                    self.enter()?;
                    return self.tag(&start).map(Step::Open);
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Step::Close);
                }
                Event::Eof => return self.end().map(|()| Step::End),
                _ => {}
            }
        }
    }

    /// Everything up to the end of the element just opened.
    pub(super) fn subtree(&mut self, tag: Tag, reading: &mut Reading) -> Result<Element, Error> {
        let mut open = vec![Element {
            name: tag.name,
            attributes: tag.attributes,
            ..Element::default()
        }];
        let mut count = 0;
        loop {
            let event = self.event()?;
            let Some(innermost) = open.last_mut() else {
                return Err(self.broken("unbalanced"));
            };
            match event {
                Event::Start(start) => {
                    count += 1;
                    if count > self.most_elements {
                        return Err(reading.too_large(Excess::Elements));
                    }
                    self.enter()?;
                    let tag = self.tag(&start)?;
                    open.push(Element {
                        name: tag.name,
                        attributes: tag.attributes,
                        ..Element::default()
                    });
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    if let Some(whole) = close_innermost(&mut open) {
                        return Ok(whole);
                    }
                }
                Event::Text(text) => innermost.text.push_str(&String::from_utf8_lossy(&text)),
                Event::CData(text) => innermost.text.push_str(&String::from_utf8_lossy(&text)),
                Event::GeneralRef(reference) => resolve(&reference, &mut innermost.text, reading),
                Event::Eof => return Err(self.broken("ends early")),
                _ => {}
            }
        }
    }

    /// Passes over everything up to the end of the element just opened.
    pub(super) fn skip(&mut self) -> Result<(), Error> {
        let mut open = 1_u32;
        while open > 0 {
            match self.event()? {
                Event::Start(_) => {
                    self.enter()?;
                    open += 1;
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    open -= 1;
                }
                Event::Eof => return Err(self.broken("ends early")),
                _ => {}
            }
        }
        Ok(())
    }

    fn event(&mut self) -> Result<Event<'t>, Error> {
        match self.reader.read_event() {
            Ok(Event::DocType(_)) => Err(Error::DtdRefused {
                file: self.file.clone(),
            }),
            Ok(event) => Ok(event),
            Err(error) => Err(self.broken(&error.to_string())),
        }
    }

    fn enter(&mut self) -> Result<(), Error> {
        self.depth += 1;
        match self.depth <= self.deepest {
            true => Ok(()),
            false => Err(Error::TooDeep {
                file: self.file.clone(),
            }),
        }
    }

    fn end(&self) -> Result<(), Error> {
        if self.depth == 0 {
            Ok(())
        } else {
            Err(self.broken("ends early"))
        }
    }

    fn tag(&self, start: &BytesStart) -> Result<Tag, Error> {
        let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
        let mut attributes = Vec::new();
        // Repeated attributes are broken XML, but checking for them is quadratic in a hostile tag.
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| self.broken(&error.to_string()))?;
            let value = attribute
                .unescape_value()
                .map_err(|error| self.broken(&error.to_string()))?;
            let name = String::from_utf8_lossy(attribute.key.local_name().as_ref()).into_owned();
            attributes.push((name, value.into_owned()));
        }
        Ok(Tag { name, attributes })
    }

    pub(super) fn broken(&self, why: &str) -> Error {
        let at = usize::try_from(
            self.reader
                .error_position()
                .max(self.reader.buffer_position()),
        )
        .unwrap_or(usize::MAX);
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        Error::BrokenXml {
            file: self.file.clone(),
            line,
            why: why.to_owned(),
        }
    }
}

/// Hangs the innermost element into the one around it; gives back the outermost when it is complete.
fn close_innermost(open: &mut Vec<Element>) -> Option<Element> {
    let mut closed = open.pop()?;
    let trimmed = closed.text.trim();
    if trimmed.len() < closed.text.len() {
        closed.text = trimmed.to_owned();
    }
    match open.last_mut() {
        Some(outer) => {
            outer.children.push(closed);
            None
        }
        None => Some(closed),
    }
}

/// Entities of HTML have no meaning without a document type; they stay as written.
fn resolve(reference: &BytesRef, text: &mut String, reading: &mut Reading) {
    let name = String::from_utf8_lossy(reference).into_owned();
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        text.push(character);
    } else if let Some(known) = resolve_predefined_entity(&name) {
        text.push_str(known);
    } else if name == "nbsp" {
        text.push('\u{a0}');
    } else {
        text.push_str(&format!("&{name};"));
        reading.report(Diagnostic::note("layer.unknown_entity").arg("name", name));
    }
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        find_attribute(&self.attributes, name)
    }

    /// First child of that name.
    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of that name.
    pub(super) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Text of the first child of that name, if it has any.
    pub(super) fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name)
            .map(|child| child.text.as_str())
            .filter(|text| !text.is_empty())
    }
}

fn find_attribute<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
    attributes
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}
