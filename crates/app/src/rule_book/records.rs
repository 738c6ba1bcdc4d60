//! Lines of a page in its text file: read as texts, written back in place.

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};

/// 形状 — how the lines of a page stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `[[rows]]`, told apart by the first column.
    List(&'static str),
    /// `[terms]`: a name and a text.
    Map(&'static str),
    /// `[inputs]`: a name and an inline table.
    Tables(&'static str),
    /// `[cases]`: a list of inline tables for each row.
    Cases,
    /// Scales of the offences of `[[offences]]`.
    Scales,
    /// What stands above the lists of the file, as one line.
    Head,
}

/// 记录 — the lines of a page as texts.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) lines: Vec<Vec<String>>,
}

fn cells(of: &dyn TableLike, keys: &[&str]) -> Vec<String> {
    let text = |key: &&str| {
        of.get(key)
            .map_or_else(String::new, |item| text_of(key, item))
    };
    keys.iter().map(text).collect()
}

impl Records {
    pub(super) fn read(document: &DocumentMut, shape: Shape, keys: &[&str]) -> Self {
        let mut lines = Vec::new();
        match shape {
            Shape::List(name) => {
                let list = document.get(name).and_then(Item::as_array_of_tables);
                lines.extend(list.into_iter().flatten().map(|t| cells(t, keys)));
            }
            Shape::Map(name) => {
                let map = document.get(name).and_then(Item::as_table);
                let all = map.into_iter().flat_map(Table::iter);
                lines.extend(all.map(|(key, text)| vec![key.to_owned(), text_of(key, text)]));
            }
            Shape::Tables(name) => {
                let map = document.get(name).and_then(Item::as_table);
                for (key, item) in map.into_iter().flat_map(Table::iter) {
                    if let Some(inner) = item.as_table_like() {
                        lines.push(headed(key, cells(inner, &keys[1..])));
                    }
                }
            }
            Shape::Cases => {
                let map = document.get("cases").and_then(Item::as_table);
                for (row, item) in map.into_iter().flat_map(Table::iter) {
                    let cases = item.as_array().into_iter().flatten();
                    let cases = cases.filter_map(Value::as_inline_table);
                    lines.extend(cases.map(|case| headed(row, cells(case, &keys[1..]))));
                }
            }
            Shape::Scales => {
                let list = document.get("offences").and_then(Item::as_array_of_tables);
                for offence in list.into_iter().flatten() {
                    let code = offence
                        .get("code")
                        .map_or_else(String::new, |c| text_of("code", c));
                    let scales = offence.get("scales").and_then(Item::as_array);
                    let scales = scales.into_iter().flatten();
                    let scales = scales.filter_map(Value::as_inline_table);
                    lines.extend(scales.map(|s| headed(&code, cells(s, &keys[1..]))));
                }
            }
            Shape::Head => lines.push(cells(document.as_table(), keys)),
        }
        Self { lines }
    }
}

fn headed(first: &str, rest: Vec<String>) -> Vec<String> {
    let mut line = vec![first.to_owned()];
    line.extend(rest);
    line
}

/// Writes the lines back; what says the same stays as it is written.
pub(super) fn write(
    document: &mut DocumentMut,
    shape: Shape,
    keys: &[&str],
    lines: &[&Vec<String>],
) {
    match shape {
        Shape::List(name) => write_list(document, name, keys, lines),
        Shape::Map(name) => {
            if let Some(map) = document.get_mut(name).and_then(Item::as_table_mut) {
                keep_only(map, lines);
                for line in lines {
                    set(map, &line[0], &line[1]);
                }
            }
        }
        Shape::Tables(name) => {
            if let Some(map) = document.get_mut(name).and_then(Item::as_table_mut) {
                keep_only(map, lines);
                for line in lines {
                    let fresh = || Item::Value(Value::InlineTable(InlineTable::new()));
                    let item = map.entry(&line[0]).or_insert_with(fresh);
                    if let Some(inner) = item.as_table_like_mut() {
                        set_all(inner, &keys[1..], &line[1..]);
                    }
                }
            }
        }
        Shape::Cases => {
            if let Some(map) = document.get_mut("cases").and_then(Item::as_table_mut) {
                keep_only(map, lines);
                for row in firsts(lines) {
                    let fresh = || Item::Value(Value::Array(Array::new()));
                    let item = map.entry(row).or_insert_with(fresh);
                    let of_row = lines.iter().filter(|l| l[0] == row).copied();
                    write_array(item, keys, &of_row.collect::<Vec<_>>());
                }
            }
        }
        Shape::Scales => {
            let list = document
                .get_mut("offences")
                .and_then(Item::as_array_of_tables_mut);
            for offence in list.into_iter().flat_map(ArrayOfTables::iter_mut) {
                let code = offence
                    .get("code")
                    .map_or_else(String::new, |c| text_of("code", c));
                let of_code = lines.iter().filter(|l| l[0] == code).copied();
                let of_code: Vec<&Vec<String>> = of_code.collect();
                if let Some(item) = offence.get_mut("scales") {
                    write_array(item, keys, &of_code);
                }
            }
        }
        Shape::Head => {
            for line in lines {
                set_all(document.as_table_mut(), keys, line);
            }
        }
    }
}

/// The first cells, each once, in order.
fn firsts<'l>(lines: &[&'l Vec<String>]) -> Vec<&'l str> {
    let mut found: Vec<&str> = Vec::new();
    for line in lines {
        if !found.contains(&line[0].as_str()) {
            found.push(&line[0]);
        }
    }
    found
}

fn keep_only(map: &mut Table, lines: &[&Vec<String>]) {
    let gone: Vec<String> = map
        .iter()
        .map(|(key, _)| key.to_owned())
        .filter(|key| !lines.iter().any(|l| l[0] == *key))
        .collect();
    for key in gone {
        map.remove(&key);
    }
}

/// One inline table a line: those there are changed in place, more are added, too many are taken away at the end.
fn write_array(item: &mut Item, keys: &[&str], lines: &[&Vec<String>]) {
    let Some(array) = item.as_array_mut() else {
        return;
    };
    while array.len() > lines.len() {
        array.remove(array.len() - 1);
    }
    for (at, line) in lines.iter().enumerate() {
        if at == array.len() {
            let mut fresh = Value::InlineTable(InlineTable::new());
            fresh.decor_mut().set_prefix("\n    ");
            array.push_formatted(fresh);
            array.set_trailing("\n");
            array.set_trailing_comma(true);
        }
        if let Some(inner) = array.get_mut(at).and_then(Value::as_inline_table_mut) {
            set_all(inner, &keys[1..], &line[1..]);
        }
    }
}

fn write_list(document: &mut DocumentMut, name: &str, keys: &[&str], lines: &[&Vec<String>]) {
    let Some(list) = document
        .get_mut(name)
        .and_then(Item::as_array_of_tables_mut)
    else {
        return;
    };
    let old: Vec<Table> = list.iter().cloned().collect();
    let id = |t: &Table| cells(t, &keys[..1]).swap_remove(0);
    let is_same_order =
        old.len() == lines.len() && old.iter().zip(lines).all(|(t, l)| id(t) == l[0]);
    if !is_same_order {
        *list = reordered(&old, lines, id);
    }
    for (table, line) in list.iter_mut().zip(lines) {
        set_all(table, keys, line);
    }
}

/// The tables in the order of the lines; a line without one gets a new one right behind the line before.
fn reordered(
    old: &[Table],
    lines: &[&Vec<String>],
    id: impl Fn(&Table) -> String,
) -> ArrayOfTables {
    let mut positions: Vec<isize> = old.iter().filter_map(Table::position).collect();
    positions.sort_unstable();
    let mut position = positions.iter();
    let mut last = positions.first().copied();
    let mut fresh = ArrayOfTables::new();
    for line in lines {
        let known = old.iter().find(|t| id(t) == line[0]);
        let mut table = known.cloned().unwrap_or_default();
        if known.is_some() {
            last = position.next().copied().or(last);
        } else {
            table.decor_mut().set_prefix("\n");
        }
        table.set_position(last);
        fresh.push(table);
    }
    fresh
}

fn set_all(table: &mut dyn TableLike, keys: &[&str], texts: &[String]) {
    for (key, text) in keys.iter().zip(texts) {
        set(table, key, text);
    }
}

/// A key's value, in the kind it has; an empty text takes a key away.
fn set(table: &mut dyn TableLike, key: &str, text: &str) {
    let old = table
        .get(key)
        .map_or_else(String::new, |item| text_of(key, item));
    if old == text {
        return;
    }
    if text.is_empty() {
        table.remove(key);
        return;
    }
    let known = table.get_mut(key).and_then(Item::as_value_mut);
    let value = value_of(key, text, known.as_deref());
    match known {
        Some(known) => {
            let decor = known.decor().clone();
            *known = value;
            *known.decor_mut() = decor;
        }
        None => {
            table.insert(key, Item::Value(value));
        }
    }
}

fn value_of(key: &str, text: &str, known: Option<&Value>) -> Value {
    match (known, key) {
        (Some(Value::InlineTable(known)), _) => inline(text, known.clone()),
        (None, "delegate" | "zones" | "counts_as" | "below") => inline(text, InlineTable::new()),
        (Some(Value::Array(_)), _) | (None, "serious" | "wording" | "successors") => {
            list(key, text)
        }
        (Some(Value::Integer(_)), _) | (None, "min" | "max" | "raise" | "amount") => number(text),
        (Some(Value::Boolean(_)), _) => Value::from(text == "true"),
        (None, _) if text == "true" => Value::from(true),
        _ => Value::from(text),
    }
}

fn list(key: &str, text: &str) -> Value {
    let items = text.split(between(key)).map(str::trim);
    if key == "serious" {
        items.map(number).collect()
    } else {
        items.collect()
    }
}

/// Lines `name = value` put into an inline table; what stays the same stays as it is written.
fn inline(text: &str, mut known: InlineTable) -> Value {
    let pairs: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    known.retain(|name, _| pairs.iter().any(|(kept, _)| *kept == name));
    for (name, value) in pairs {
        set(&mut known, name, value);
    }
    Value::InlineTable(known)
}

fn number(text: &str) -> Value {
    text.parse::<i64>()
        .map_or_else(|_| Value::from(text), Value::from)
}

/// What stands between the items of a list: articles fill a line each.
fn between(key: &str) -> char {
    if key == "wording" { '\n' } else { '、' }
}

/// A value's text: of a list its items, of an inline table a line `name = value` for each, of a flag or number what it says.
fn text_of(key: &str, item: &Item) -> String {
    item.as_value()
        .map_or_else(String::new, |value| value_text(key, value))
}

fn value_text(key: &str, value: &Value) -> String {
    match value {
        Value::String(text) => text.value().clone(),
        Value::Integer(number) => number.value().to_string(),
        Value::Boolean(flag) => flag.value().to_string(),
        Value::Array(list) => {
            let items: Vec<String> = list.iter().map(|v| value_text(key, v)).collect();
            items.join(between(key).encode_utf8(&mut [0; 4]))
        }
        Value::InlineTable(table) => {
            let lines = table.iter();
            let lines: Vec<String> = lines
                .map(|(name, value)| format!("{name} = {}", value_text(name, value)))
                .collect();
            lines.join("\n")
        }
        Value::Float(_) | Value::Datetime(_) => String::new(),
    }
}
