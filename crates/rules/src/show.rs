//! Conditions back into words: for the trace as they are written, for printed pages in Chinese.

use crate::expr::Expr;
use crate::field::Field;

/// A condition as the tables write it.
pub(crate) fn condition(expr: &Expr, registry: &[Field]) -> String {
    Plain { registry }.show(expr, false)
}

struct Plain<'a> {
    registry: &'a [Field],
}

impl Plain<'_> {
    fn show(&self, expr: &Expr, is_inner: bool) -> String {
        match expr {
            Expr::All(parts) => self.joined(parts, " and ", false),
            Expr::Any(parts) => self.joined(parts, " or ", is_inner),
            Expr::Not(part) => self.negated(part),
            Expr::Unproven(part) => format!("unproven {}", self.show(part, true)),
            Expr::In { field, words } => self.membership(*field, *words),
            Expr::IsUnknown { field } => format!("{} = unknown", self.name(*field)),
            Expr::Built { field, since } => format!("{} >= {since}", self.name(*field)),
            Expr::AsOf { since } => format!("as_of >= {since}"),
            Expr::Overdue => "overdue".to_owned(),
            Expr::Always => "always".to_owned(),
        }
    }

    fn joined(&self, parts: &[Expr], by: &str, in_parentheses: bool) -> String {
        let text = parts
            .iter()
            .map(|p| self.show(p, true))
            .collect::<Vec<_>>()
            .join(by);
        if in_parentheses {
            format!("({text})")
        } else {
            text
        }
    }

    fn negated(&self, part: &Expr) -> String {
        match part {
            Expr::Built { field, since } => format!("{} < {since}", self.name(*field)),
            Expr::AsOf { since } => format!("as_of < {since}"),
            Expr::All(_) | Expr::Any(_) => format!("not ({})", self.show(part, false)),
            _ => format!("not {}", self.show(part, true)),
        }
    }

    fn membership(&self, field: u8, words: u64) -> String {
        let Some(known) = self.registry.get(usize::from(field)) else {
            return String::new();
        };
        let chosen: Vec<&str> = known
            .words
            .0
            .iter()
            .zip(0u32..)
            .filter(|(_, i)| words >> i & 1 == 1)
            .map(|(w, _)| w.code.as_str())
            .collect();
        match chosen.as_slice() {
            [one] => format!("{} = {one}", known.name),
            several => format!("{} in [{}]", known.name, several.join(", ")),
        }
    }

    fn name(&self, field: u8) -> &str {
        self.registry
            .get(usize::from(field))
            .map_or("", |f| &f.name)
    }
}
