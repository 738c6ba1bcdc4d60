//! The checked outline as XML, the same bytes each time.

use std::fmt::Write;

use super::check::{Fault, Paths, ROOT};
use super::{Choices, Form, Group, Item, Kind, Question, items_of};

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:ev="http://www.w3.org/2001/xml-events" xmlns:jr="http://openrosa.org/javarosa" xmlns:odk="http://www.opendatakit.org/xforms" xmlns:orx="http://openrosa.org/xforms" xmlns:xsd="http://www.w3.org/2001/XMLSchema">
"#;

pub(super) fn write(form: &Form, paths: &Paths) -> Result<String, Fault> {
    let mut writer = Writer {
        out: String::from(HEAD),
        paths,
    };
    writer.head(form)?;
    writer.out.push_str("  <h:body>\n");
    writer.body(&form.items, &format!("/{ROOT}"), 2)?;
    writer.out.push_str("  </h:body>\n</h:html>\n");
    Ok(writer.out)
}

struct Writer<'p> {
    out: String,
    paths: &'p Paths,
}

impl Writer<'_> {
    fn line(&mut self, depth: usize, text: std::fmt::Arguments) {
        let _ = writeln!(self.out, "{:1$}{text}", "", depth * 2);
    }

    fn head(&mut self, form: &Form) -> Result<(), Fault> {
        self.line(1, format_args!("<h:head>"));
        self.line(
            2,
            format_args!("<h:title>{}</h:title>", escaped(&form.title)),
        );
        self.line(2, format_args!(r#"<model odk:xforms-version="1.0.0">"#));
        self.line(3, format_args!("<instance>"));
        let (id, version) = (escaped(&form.id), escaped(&form.version));
        self.line(4, format_args!(r#"<{ROOT} id="{id}" version="{version}">"#));
        self.instance(&form.items, 5, false);
        self.line(5, format_args!("<meta>"));
        self.line(6, format_args!("<instanceID/>"));
        if form.instance_name.is_some() {
            self.line(6, format_args!("<instanceName/>"));
        }
        self.line(5, format_args!("</meta>"));
        self.line(4, format_args!("</{ROOT}>"));
        self.line(3, format_args!("</instance>"));
        for list in &form.lists {
            let (id, file) = (&list.id, escaped(&list.file));
            self.line(
                3,
                format_args!(r#"<instance id="{id}" src="jr://file-csv/{file}"/>"#),
            );
        }
        self.binds(&form.items, &format!("/{ROOT}"))?;
        self.line(
            3,
            format_args!(
                r#"<bind nodeset="/{ROOT}/meta/instanceID" type="string" readonly="true()" jr:preload="uid"/>"#
            ),
        );
        if let Some(name) = &form.instance_name {
            let calculate = self.expression(name)?;
            self.line(
                3,
                format_args!(
                    r#"<bind nodeset="/{ROOT}/meta/instanceName" type="string" calculate="{calculate}"/>"#
                ),
            );
        }
        self.line(2, format_args!("</model>"));
        self.line(1, format_args!("</h:head>"));
        Ok(())
    }

    /// The empty answers. Of a repeat there is a template, and one to begin with where people count themselves.
    fn instance(&mut self, items: &[Item], depth: usize, is_template: bool) {
        for item in items {
            let name = item.name();
            match item {
                Item::Question(question) => match &question.default {
                    Some(default) => {
                        let default = escaped(default);
                        self.line(depth, format_args!("<{name}>{default}</{name}>"));
                    }
                    None => self.line(depth, format_args!("<{name}/>")),
                },
                Item::Group(group) => {
                    self.line(depth, format_args!("<{name}>"));
                    self.instance(&group.items, depth + 1, is_template);
                    self.line(depth, format_args!("</{name}>"));
                }
                Item::Repeat(group) => {
                    self.line(depth, format_args!(r#"<{name} jr:template="">"#));
                    self.instance(&group.items, depth + 1, true);
                    self.line(depth, format_args!("</{name}>"));
                    if group.count.is_none() && !is_template {
                        self.line(depth, format_args!("<{name}>"));
                        self.instance(&group.items, depth + 1, false);
                        self.line(depth, format_args!("</{name}>"));
                    }
                }
            }
        }
    }

    fn binds(&mut self, items: &[Item], above: &str) -> Result<(), Fault> {
        for item in items {
            let path = format!("{above}/{}", item.name());
            match item {
                Item::Question(question) => self.bind(question, &path)?,
                Item::Group(group) | Item::Repeat(group) => {
                    if let Some(relevant) = &group.relevant {
                        let relevant = self.expression(relevant)?;
                        self.line(
                            3,
                            format_args!(r#"<bind nodeset="{path}" relevant="{relevant}"/>"#),
                        );
                    }
                    self.binds(&group.items, &path)?;
                }
            }
        }
        Ok(())
    }

    fn bind(&mut self, question: &Question, path: &str) -> Result<(), Fault> {
        let mut bind = format!(
            r#"<bind nodeset="{path}" type="{}""#,
            bind_type(&question.kind)
        );
        let mut put = |name: &str, value: &str| {
            let _ = write!(bind, r#" {name}="{value}""#);
        };
        if let Kind::Calculate(expression) = &question.kind {
            put("calculate", &self.expression(expression)?);
        }
        if matches!(question.kind, Kind::Note) {
            put("readonly", "true()");
        }
        if question.is_required {
            put("required", "true()");
        }
        if let Some(message) = &question.required_message {
            put("jr:requiredMsg", &escaped(message));
        }
        if let Some(relevant) = &question.relevant {
            put("relevant", &self.expression(relevant)?);
        }
        if let Some(constraint) = &question.constraint {
            put("constraint", &self.expression(constraint)?);
        }
        if let Some(message) = &question.constraint_message {
            put("jr:constraintMsg", &escaped(message));
        }
        self.line(3, format_args!("{bind}/>"));
        Ok(())
    }

    fn body(&mut self, items: &[Item], above: &str, depth: usize) -> Result<(), Fault> {
        for item in items {
            let path = format!("{above}/{}", item.name());
            match item {
                Item::Question(question) => self.question(question, &path, depth)?,
                Item::Group(group) => {
                    self.open_group(group, &path, depth);
                    self.body(&group.items, &path, depth + 1)?;
                    self.line(depth, format_args!("</group>"));
                }
                Item::Repeat(group) => self.repeat(group, &path, depth)?,
            }
        }
        Ok(())
    }

    fn open_group(&mut self, group: &Group, path: &str, depth: usize) {
        let appearance = appearance(group.appearance.as_deref());
        self.line(depth, format_args!(r#"<group ref="{path}"{appearance}>"#));
        self.label(&group.label, depth + 1);
    }

    fn repeat(&mut self, group: &Group, path: &str, depth: usize) -> Result<(), Fault> {
        self.line(depth, format_args!(r#"<group ref="{path}">"#));
        self.label(&group.label, depth + 1);
        let count = match &group.count {
            Some(count) => {
                let number = self.path(count)?;
                format!(r#" jr:count="{number}" jr:noAddRemove="true()""#)
            }
            None => String::new(),
        };
        let appearance = appearance(group.appearance.as_deref());
        self.line(
            depth + 1,
            format_args!(r#"<repeat nodeset="{path}"{count}{appearance}>"#),
        );
        self.body(&group.items, path, depth + 2)?;
        self.line(depth + 1, format_args!("</repeat>"));
        self.line(depth, format_args!("</group>"));
        Ok(())
    }

    fn question(&mut self, question: &Question, path: &str, depth: usize) -> Result<(), Fault> {
        let Some((control, more)) = control(&question.kind) else {
            return Ok(());
        };
        let appearance = appearance(question.appearance.as_deref());
        self.line(
            depth,
            format_args!(r#"<{control} ref="{path}"{more}{appearance}>"#),
        );
        self.label(&question.label, depth + 1);
        if let Some(hint) = &question.hint {
            self.line(depth + 1, format_args!("<hint>{}</hint>", escaped(hint)));
        }
        if let Kind::SelectOne(choices) | Kind::SelectMultiple(choices) = &question.kind {
            self.choices(choices, depth + 1)?;
        }
        self.line(depth, format_args!("</{control}>"));
        Ok(())
    }

    fn choices(&mut self, choices: &Choices, depth: usize) -> Result<(), Fault> {
        match choices {
            Choices::Listed(listed) => {
                for choice in listed {
                    let (label, value) = (escaped(&choice.label), escaped(&choice.value));
                    self.line(
                        depth,
                        format_args!("<item><label>{label}</label><value>{value}</value></item>"),
                    );
                }
            }
            Choices::From {
                list,
                value,
                label,
                filter,
            } => {
                let filter = match filter {
                    Some(filter) => format!("[{}]", self.expression(filter)?),
                    None => String::new(),
                };
                let items = items_of(list);
                self.line(
                    depth,
                    format_args!(r#"<itemset nodeset="{items}{filter}">"#),
                );
                self.line(depth + 1, format_args!(r#"<value ref="{value}"/>"#));
                self.line(depth + 1, format_args!(r#"<label ref="{label}"/>"#));
                self.line(depth, format_args!("</itemset>"));
            }
        }
        Ok(())
    }

    fn label(&mut self, label: &str, depth: usize) {
        if !label.trim().is_empty() {
            self.line(depth, format_args!("<label>{}</label>", escaped(label)));
        }
    }

    fn path(&self, name: &str) -> Result<&str, Fault> {
        let path = self.paths.get(name).map(String::as_str);
        path.ok_or_else(|| Fault::NoSuchName(name.to_owned()))
    }

    /// `${name}` becomes the path of that name.
    fn expression(&self, text: &str) -> Result<String, Fault> {
        let mut whole = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, behind)) = after.split_once('}') else {
                return Err(Fault::NoSuchName(after.to_owned()));
            };
            whole.push_str(before);
            let _ = write!(whole, " {} ", self.path(name)?);
            rest = behind;
        }
        whole.push_str(rest);
        Ok(escaped(whole.trim()))
    }
}

fn bind_type(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Note | Kind::Calculate(_) => "string",
        Kind::SelectOne(_) | Kind::SelectMultiple(_) => "string",
        Kind::Integer => "int",
        Kind::Decimal => "decimal",
        Kind::Date => "date",
        Kind::DateTime => "dateTime",
        Kind::GeoPoint => "geopoint",
        Kind::GeoTrace => "geotrace",
        Kind::GeoShape => "geoshape",
        Kind::Image | Kind::Audio | Kind::Video => "binary",
    }
}

/// The element of the body and what else it says; none for what is not shown.
fn control(kind: &Kind) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        Kind::Calculate(_) => return None,
        Kind::SelectOne(_) => ("select1", ""),
        Kind::SelectMultiple(_) => ("select", ""),
        Kind::Image => ("upload", r#" mediatype="image/*""#),
        Kind::Audio => ("upload", r#" mediatype="audio/*""#),
        Kind::Video => ("upload", r#" mediatype="video/*""#),
        _ => ("input", ""),
    })
}

fn appearance(given: Option<&str>) -> String {
    given.map_or_else(String::new, |a| format!(r#" appearance="{}""#, escaped(a)))
}

/// Text for XML: reserved characters as entities, characters that XML cannot hold left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push(' '),
            '\u{fffe}' | '\u{ffff}' => {}
            other if (other as u32) < 0x20 => {}
            other => out.push(other),
        }
    }
    out
}
