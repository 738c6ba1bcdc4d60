//! A tree of a whole XML document that may be hostile: UTF-8 only, no document type, bounded bytes, elements and depth.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use spatial::bounds::Limits;

use crate::error::Error;

/// An element with everything inside it; names without their prefix.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    /// Text directly inside, as written.
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

/// Attributes of one document: each costs some hundred bytes, however short it is written.
const MOST_ATTRIBUTES: u64 = 2_000_000;

/// The root element of a document.
pub(crate) fn parse(bytes: &[u8], limits: &Limits) -> Result<Element, Error> {
    let text = crate::json::text(bytes, limits)?;
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.expand_empty_elements = true;
    config.check_end_names = true;
    let mut tree = Tree {
        text,
        limits,
        open: Vec::new(),
        root: None,
        elements: 0,
        attributes: 0,
    };
    loop {
        let at = reader.buffer_position();
        match reader.read_event() {
            Ok(Event::Eof) => return tree.finish(at),
            Ok(event) => tree.take(event, at)?,
            Err(error) => return Err(tree.broken(reader.error_position().max(at), &error)),
        }
    }
}

struct Tree<'t> {
    text: &'t str,
    limits: &'t Limits,
    open: Vec<Element>,
    root: Option<Element>,
    elements: u64,
    attributes: u64,
}

impl Tree<'_> {
    fn take(&mut self, event: Event, at: u64) -> Result<(), Error> {
        match event {
            Event::DocType(_) => return Err(Error::DtdRefused),
            Event::Start(start) => self.start(&start, at)?,
            Event::End(_) => self.end(),
            Event::Text(text) => self.put(&String::from_utf8_lossy(&text), at)?,
            Event::CData(text) => self.put(&String::from_utf8_lossy(&text), at)?,
            Event::GeneralRef(reference) => self.reference(&reference, at)?,
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, start: &BytesStart, at: u64) -> Result<(), Error> {
        self.elements += 1;
        if self.elements > self.limits.xml_elements {
            return Err(Error::TooLarge {
                what: "elements",
                limit: self.limits.xml_elements,
            });
        }
        if self.open.len() >= self.limits.depth as usize {
            return Err(Error::TooDeep);
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err(self.broken(at, &"a second root element"));
        }
        let mut attributes = Vec::new();
        // Repeated attributes are broken XML, but checking for them is quadratic in a hostile tag.
        for attribute in start.attributes().with_checks(false) {
            self.attributes += 1;
            if self.attributes > MOST_ATTRIBUTES {
                return Err(Error::TooLarge {
                    what: "attributes",
                    limit: MOST_ATTRIBUTES,
                });
            }
            let attribute = attribute.map_err(|error| self.broken(at, &error))?;
            let value = attribute.unescape_value();
            let value = value.map_err(|error| self.broken(at, &error))?;
            let name = String::from_utf8_lossy(attribute.key.local_name().as_ref()).into_owned();
            if attribute.key.as_namespace_binding().is_none() {
                attributes.push((name, value.into_owned()));
            }
        }
        self.open.push(Element {
            name: String::from_utf8_lossy(start.local_name().as_ref()).into_owned(),
            attributes,
            ..Element::default()
        });
        Ok(())
    }

    fn end(&mut self) {
        if let Some(closed) = self.open.pop() {
            match self.open.last_mut() {
                Some(outer) => outer.children.push(closed),
                None => self.root = Some(closed),
            }
        }
    }

    fn put(&mut self, text: &str, at: u64) -> Result<(), Error> {
        match self.open.last_mut() {
            Some(innermost) => innermost.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(self.broken(at, &"text outside of the root element")),
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef, at: u64) -> Result<(), Error> {
        let name = String::from_utf8_lossy(reference).into_owned();
        if let Ok(Some(character)) = reference.resolve_char_ref() {
            return self.put(character.encode_utf8(&mut [0; 4]), at);
        }
        match resolve_predefined_entity(&name) {
            Some(known) => self.put(known, at),
            None => Err(self.broken(at, &format!("unknown entity &{name};"))),
        }
    }

    fn finish(self, at: u64) -> Result<Element, Error> {
        if let Some(open) = self.open.last() {
            return Err(self.broken(at, &format!("ends inside <{}>", open.name)));
        }
        match self.root.is_some() {
            true => Ok(self.root.unwrap_or_default()),
            false => Err(self.broken(at, &"no element")),
        }
    }

    fn broken(&self, at: u64, why: &dyn std::fmt::Display) -> Error {
        let at = usize::try_from(at)
            .unwrap_or(usize::MAX)
            .min(self.text.len());
        let before = &self.text.as_bytes()[..at];
        Error::BrokenXml {
            line: before.iter().filter(|byte| **byte == b'\n').count() as u64 + 1,
            why: crate::record::shortened(&why.to_string()),
        }
    }
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let mut all = self.attributes.iter();
        all.find(|(key, _)| key == name)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// First child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of that name.
    pub(crate) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Trimmed text of the first child of that name, if it has any.
    pub(crate) fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).and_then(Element::trimmed)
    }

    /// Trimmed text, if there is any.
    pub(crate) fn trimmed(&self) -> Option<&str> {
        Some(self.text.trim()).filter(|text| !text.is_empty())
    }
}
