//! 印本 — every table as people read it, in Chinese. Committed copies stand in `docs/printed/`; a test fails when they
//! are stale.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::law::Clause;
use crate::ruleset::{Modifier, Row, Ruleset, Table};
use crate::speech::Speech;

/// 判定表 — a table as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableShown {
    pub title: String,
    pub note: String,
    pub rows: Vec<RowShown>,
}

/// Headings of [`RowShown`], in its order.
pub const ROW_HEADS: [&str; 9] = [
    "行",
    "条件",
    "结论",
    "重点类别",
    "处置",
    "严重程度",
    "期限",
    "依据",
    "核实",
];

/// 判定行 — a row in words: what must hold, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowShown {
    pub id: String,
    pub condition: String,
    pub verdict: String,
    pub focus: String,
    pub disposal: String,
    pub severity: String,
    pub deadline: String,
    pub basis: String,
    /// How sure the row is: see the marks of the tables.
    pub mark: String,
    /// Ids of the clauses it rests on.
    pub clauses: Vec<String>,
}

impl RowShown {
    /// Its words in the order of [`ROW_HEADS`].
    pub fn cells(&self) -> [&String; 9] {
        [
            &self.id,
            &self.condition,
            &self.verdict,
            &self.focus,
            &self.disposal,
            &self.severity,
            &self.deadline,
            &self.basis,
            &self.mark,
        ]
    }
}

impl Ruleset {
    /// Pages by file name: one for each table, and those of modifiers, bodies, fines and the clause library.
    pub fn printed(&self) -> BTreeMap<String, String> {
        let tables = std::iter::once(&self.gate).chain(&self.tables);
        let mut pages: BTreeMap<String, String> = tables
            .map(|table| (format!("rules-{}.md", table.id), self.table_page(table)))
            .collect();
        pages.insert("rules-modifiers.md".into(), self.modifiers_page());
        pages.insert("rules-bodies.md".into(), self.bodies_page());
        pages.insert("rules-fines.md".into(), self.fines_page());
        pages.insert("rules-law.md".into(), self.law_page());
        pages
    }

    fn table_page(&self, table: &Table) -> String {
        let speech = self.speech(&table.id);
        let mut page = format!("# 判定表：{}\n\n", table.title);
        paragraph(&mut page, &table.note);
        paragraph(
            &mut page,
            "自上而下，条件成立的第一行决定；条件中有未知事实的行不成立。条款未核实的不作为依据。",
        );
        self.rows(&mut page, table, &speech);
        if let Some(shared) = &table.deadline {
            let said = speech.cell("deadline", shared);
            paragraph(&mut page, &format!("期限栏空白的行：{said}。"));
        }
        self.matrix(&mut page, table);
        requirements(&mut page, table, &speech, self);
        self.terms(&mut page, table, &speech);
        self.inputs_of(&mut page, table);
        self.cited(&mut page, table);
        page
    }

    fn rows(&self, page: &mut String, table: &Table, speech: &Speech<'_>) {
        heading(page, "行", &ROW_HEADS);
        for row in self.rows_of(table, speech) {
            let cells = row.cells().map(|text| cell(text));
            line(page, &cells.each_ref().map(String::as_str));
        }
        page.push('\n');
    }

    /// The condition of a row in words; of a row reached through another (`Q07>M03`), that of the last.
    pub fn condition_of(&self, row: &str) -> Option<String> {
        let id = row.split('>').next_back()?;
        let mut tables = std::iter::once(&self.gate).chain(&self.tables);
        let table = tables.find(|t| t.rows.iter().any(|r| r.id == id))?;
        let row = table.rows.iter().find(|r| r.id == id)?;
        Some(self.speech(&table.id).condition(&row.text.when))
    }

    /// The rows of a table as people read them; none where no table has the id.
    pub fn shown(&self, id: &str) -> Option<TableShown> {
        let tables = std::iter::once(&self.gate).chain(&self.tables);
        let table = tables.into_iter().find(|t| t.id == id)?;
        Some(TableShown {
            title: table.title.clone(),
            note: table.note.clone(),
            rows: self.rows_of(table, &self.speech(&table.id)),
        })
    }

    fn rows_of(&self, table: &Table, speech: &Speech<'_>) -> Vec<RowShown> {
        let shown = |row: &Row| {
            let text = &row.text;
            let own = |own: &Option<String>| own.clone().unwrap_or_default();
            let (verdict, focus, severity, deadline) = match &text.delegate {
                Some(delegate) => (passing_on(self, delegate, speech), "", String::new(), ""),
                None => (
                    speech.cell("verdict", &own(&text.verdict)),
                    text.focus
                        .as_deref()
                        .or(table.focus.as_deref())
                        .unwrap_or(""),
                    own(&text.severity),
                    text.deadline.as_deref().unwrap_or(""),
                ),
            };
            RowShown {
                id: match text.adds {
                    true => format!("{}（相加）", row.id),
                    false => row.id.clone(),
                },
                condition: speech.condition(&text.when),
                verdict,
                focus: speech.cell("focus", focus),
                disposal: speech.cell("disposal", &text.disposal),
                severity: speech.cell("severity", &severity),
                deadline: speech.cell("deadline", deadline),
                basis: speech.cell("basis", &text.basis),
                mark: text.mark.clone(),
                clauses: row
                    .basis
                    .iter()
                    .filter_map(|at| Some(self.clauses().get(usize::from(*at))?.id.clone()))
                    .collect(),
            }
        };
        table.rows.iter().map(shown).collect()
    }

    fn matrix(&self, page: &mut String, table: &Table) {
        if table.matrix.is_empty() {
            return;
        }
        let (Some(activity), Some(zone)) = (
            self.registry.iter().find(|f| f.name == "activity"),
            self.registry.iter().find(|f| f.name == "zone"),
        ) else {
            return;
        };
        let zones: Vec<&str> = table.matrix[0].zones.keys().map(String::as_str).collect();
        let mut head = vec!["活动"];
        head.extend(zones.iter().map(|z| zone.words.label(z)));
        head.push("依据");
        heading(page, "活动 × 功能区", &head);
        for entry in &table.matrix {
            let names: Vec<&str> = entry
                .activities
                .iter()
                .map(|a| activity.words.label(a))
                .collect();
            let mut cells = vec![names.join("、")];
            cells.extend(
                zones
                    .iter()
                    .map(|z| entry.zones.get(*z).cloned().unwrap_or_default()),
            );
            cells.push(entry.basis.replace("; ", "；"));
            line(page, &cells.iter().map(String::as_str).collect::<Vec<_>>());
        }
        paragraph(
            page,
            "\nX 禁止 · C 有条件 · P 经批准 · R 原有居民可不扩大 · ok 允许。",
        );
    }

    fn terms(&self, page: &mut String, table: &Table, speech: &Speech<'_>) {
        let label = |code: &str| {
            let own = table.labels.get(code).or_else(|| self.labels.get(code));
            own.map_or(code, String::as_str).to_owned()
        };
        let shared: &[(String, String)] = if table.is_ungated {
            &[]
        } else {
            &self.common_terms
        };
        let (terms, cells) = (shared.iter().chain(&table.terms), &table.cells);
        if terms.clone().next().is_none() && cells.is_empty() {
            return;
        }
        heading(page, "用语", &["用语", "意思"]);
        for (code, text) in terms {
            line(page, &[&label(code), &cell(&speech.condition(text))]);
        }
        for (code, text) in cells {
            line(
                page,
                &[
                    &format!("@{}", label(code)),
                    &cell(&speech.cell("severity", text)),
                ],
            );
        }
        page.push('\n');
    }

    fn inputs_of(&self, page: &mut String, table: &Table) {
        heading(page, "事实", &["事实", "代码", "取值", "缺填时"]);
        for field in table
            .inputs
            .iter()
            .filter_map(|id| self.registry.get(usize::from(*id)))
        {
            let words = field
                .words
                .0
                .iter()
                .map(|w| format!("{}（{}）", w.label, w.code));
            let values = if field.is_day {
                "年、月或日".to_owned()
            } else {
                words.collect::<Vec<_>>().join("、")
            };
            let default = field
                .default_code()
                .map_or("未知", |d| field.words.label(d));
            line(page, &[&field.label, &field.name, &values, default]);
        }
        page.push('\n');
    }

    /// The clauses that the table's rows cite.
    fn cited(&self, page: &mut String, table: &Table) {
        let by_rows = table.rows.iter().flat_map(|r| &r.basis);
        let mut cited: Vec<u16> = by_rows
            .chain(table.matrix_basis.values().flatten())
            .copied()
            .collect();
        cited.sort_unstable();
        cited.dedup();
        let clauses = cited
            .iter()
            .filter_map(|i| self.clauses.get(usize::from(*i)));
        heading(page, "所引条款", &["编号", "出处", "施行", "废止", "核实"]);
        for clause in clauses {
            line(
                page,
                &[
                    &clause.id,
                    &clause.title_zh(),
                    from_day(clause),
                    &clause.to,
                    self.mark(clause),
                ],
            );
        }
    }

    fn mark<'a>(&'a self, clause: &'a Clause) -> &'a str {
        let known = self.marks.iter().find(|(mark, _)| *mark == clause.mark);
        known.map_or(&clause.mark, |(_, label)| label)
    }

    fn modifiers_page(&self) -> String {
        let speech = self.speech("");
        let mut page =
            "# 等级调整与逾期\n\n逐行施于判定结果，行行都看；期限不因此改变。\n\n".to_owned();
        heading(
            &mut page,
            "",
            &["行", "条件", "等级", "加处置", "加责任单位", "依据", "核实"],
        );
        for Modifier { text, .. } in &self.modifiers {
            let grade = match (&text.severity, text.raise) {
                (Some(grade), _) => speech.cell("severity", grade),
                (None, 0) => String::new(),
                (None, raise) => format!("提{raise}级"),
            };
            line(
                &mut page,
                &[
                    &text.id,
                    &cell(&speech.condition(&text.when)),
                    &grade,
                    &speech.cell("disposal", &text.disposal),
                    &speech.cell("bodies", &text.bodies),
                    &text.basis,
                    &text.mark,
                ],
            );
        }
        page
    }

    fn bodies_page(&self) -> String {
        let speech = self.speech("");
        let mut page =
            "# 责任单位\n\n牵头单位在前。结论所定的一条先于行号；精确行号先于“X*”。\n\n".to_owned();
        heading(&mut page, "", &["事项", "判定行或结论", "责任单位", "依据"]);
        for matter in &self.matters {
            let verdicts = matter
                .verdicts
                .iter()
                .map(|v| self.vocabulary.verdict.label(v));
            let of: Vec<&str> = matter
                .rows
                .iter()
                .map(String::as_str)
                .chain(verdicts)
                .collect();
            line(
                &mut page,
                &[
                    &matter.matter,
                    &of.join("、").replace('*', "\\*"),
                    &speech.cell("bodies", &matter.bodies),
                    &matter.basis.replace("; ", "；"),
                ],
            );
        }
        page
    }

    fn fines_page(&self) -> String {
        let mut page = "# 罚款幅度\n\n只是幅度，不是决定。行为终了之日的规定为准，其后的规定较轻的从轻（T1）；超过二年未发现的不罚（T2）；\
            一事数罚的取最高（T3）。金额未核实的不印数字。\n\n"
            .to_owned();
        heading(
            &mut page,
            "",
            &["行为", "条款", "施行", "废止", "幅度（元）"],
        );
        for offence in &self.offences {
            for (force, scale) in &offence.scales {
                let day =
                    |day: Option<crate::day::Day>| day.map(|d| d.to_string()).unwrap_or_default();
                line(
                    &mut page,
                    &[
                        &offence.label,
                        &scale.law,
                        &day(force.from),
                        &day(force.to),
                        &self.scale(scale),
                    ],
                );
            }
        }
        page
    }

    fn scale(&self, scale: &crate::raw::RawScale) -> String {
        use crate::raw::ScaleKind;
        let of = self.vocabulary.members.label(&scale.of);
        let mut text = match scale.kind {
            ScaleKind::Unknown => self.vocabulary.outcome.label("not_computable").to_owned(),
            ScaleKind::Fixed => format!("{}–{}", scale.min, scale.max),
            ScaleKind::Percent => format!("{of}的 {}%–{}%", scale.min, scale.max),
            ScaleKind::Times => format!("{of}的 {}–{} 倍", scale.min, scale.max),
        };
        if let Some((min, max)) = scale.serious {
            let _ = write!(text, "；情节严重 {min}–{max}");
        }
        if let Some(below) = scale.below {
            let _ = write!(
                text,
                "；{of}不足 {} 的 {}–{}",
                below.amount, below.min, below.max
            );
        }
        text
    }

    fn law_page(&self) -> String {
        let mut page =
            "# 条款库\n\n“核实”为一般知识的不得引为依据；罚则中未核实的金额一律写“金额待核”。\n\n"
                .to_owned();
        heading(
            &mut page,
            "",
            &[
                "编号",
                "出处",
                "施行",
                "废止",
                "要求（意译）",
                "执法单位",
                "核实",
                "后继",
            ],
        );
        for clause in &self.clauses {
            line(
                &mut page,
                &[
                    &clause.id,
                    &clause.title_zh(),
                    from_day(clause),
                    &clause.to,
                    &cell(&clause.demands),
                    &clause.body,
                    self.mark(clause),
                    &clause.successors.join("、"),
                ],
            );
        }
        page
    }
}

fn passing_on(
    ruleset: &Ruleset,
    delegate: &indexmap::IndexMap<String, String>,
    speech: &Speech<'_>,
) -> String {
    let other = delegate.get("table").and_then(|id| ruleset.find_table(id));
    let title = other.map_or("", |t| &t.title);
    let settled = delegate.iter().filter(|(name, _)| *name != "table");
    let said: Vec<String> = settled
        .map(|(name, text)| {
            let field = other
                .into_iter()
                .flat_map(|t| &t.own_inputs)
                .filter_map(|id| ruleset.registry.get(usize::from(*id)))
                .find(|f| f.name == *name);
            let Some(field) = field else {
                return format!("{name} = {text}");
            };
            let item = |item: &str| match item.trim().split_once(" if ") {
                Some((word, when)) => format!(
                    "{}（若 {}）",
                    field.words.label(word),
                    speech.condition(when)
                ),
                None => field.words.label(item.trim()).to_owned(),
            };
            let items: Vec<String> = text.split(';').map(item).collect();
            format!("{} = {}", field.label, items.join("，否则 "))
        })
        .collect();
    format!("转“{title}”：{}", said.join("；"))
}

fn requirements(page: &mut String, table: &Table, speech: &Speech<'_>, ruleset: &Ruleset) {
    if table.unmet.is_empty() {
        return;
    }
    heading(page, "应满足的条件", &["何时", "事实", "要求"]);
    for (requirement, text) in table.unmet.iter().zip(&table.unmet_text) {
        let field = ruleset.registry.get(usize::from(requirement.field));
        let when = text
            .when
            .as_deref()
            .map_or_else(|| "总是".to_owned(), |w| speech.condition(w));
        line(
            page,
            &[
                &when,
                field.map_or("", |f| &f.label),
                &speech.condition(&text.needs),
            ],
        );
    }
    page.push('\n');
}

/// A day that nobody read in the text is not printed.
fn from_day(clause: &Clause) -> &str {
    if clause.is_from_checked() {
        &clause.from
    } else {
        "待核"
    }
}

fn paragraph(page: &mut String, text: &str) {
    if !text.is_empty() {
        page.push_str(text);
        page.push_str("\n\n");
    }
}

fn heading(page: &mut String, title: &str, columns: &[&str]) {
    if !title.is_empty() {
        let _ = write!(page, "## {title}\n\n");
    }
    line(page, columns);
    line(page, &vec!["---"; columns.len()]);
}

fn line(page: &mut String, cells: &[&str]) {
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}

/// A text that may stand in a cell of a page.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
        .replace('<', "&lt;")
        .replace("**", "")
}
