//! 印本 — the tables people in charge read: transitions, policy, code lists, calendar, as Markdown in Chinese. The
//! committed copies stand in `docs/printed/`; a test fails when they are stale.

use std::fmt::Write as _;

use crate::calendar::{CalendarYear, Holiday, LastDay, WorkingCalendar};
use crate::closing::{Chain, Closing, ClosingLine};
use crate::codes::{Code, CodeBook, CodeList, Mapped, Mapping};
use crate::deadlines::{DayUnit, Timers};
use crate::flow::{Flow, Guard, Outcome, Step};
use crate::policy::{self, Reach, Role};
use crate::urging::UrgingLadder;

/// 流转表 of a campaign; conclusions are printed with the labels of `verdicts`.
pub fn transitions(campaign_name: &str, flow: &Flow, verdicts: Option<&CodeList>) -> String {
    let mut page = format!(
        "# 流转表：{campaign_name}\n\n版本 {}，起始状态：{}。\n",
        flow.version,
        flow.state_label(&flow.initial)
    );
    page.push_str("状态只能由登记条目到达，不能直接填写。\n\n");
    let steps = flow.steps.iter().map(|s| step_cells(flow, s, verdicts));
    page.push_str(&table(
        &[
            "自",
            "步骤",
            "至",
            "条件（缺一不可）",
            "登记条目",
            "出处",
            "说明",
        ],
        steps,
    ));
    page.push_str("\n## 状态\n\n");
    let states = flow.states.iter().map(|s| {
        let counts = if s.counts { "计入" } else { "不计入" };
        vec![
            s.label.clone(),
            code(&s.code),
            counts.to_owned(),
            s.note.clone().unwrap_or_default(),
        ]
    });
    page.push_str(&table(&["状态", "代码", "台账与统计", "说明"], states));
    if !flow.side_states.is_empty() {
        page.push_str("\n## 附加状态\n\n");
        let sides = flow.side_states.iter().map(|s| {
            vec![
                s.label.clone(),
                code(&s.code),
                labels(flow, &s.beside),
                s.note.clone().unwrap_or_default(),
            ]
        });
        page.push_str(&table(&["附加状态", "代码", "可附于", "说明"], sides));
    }
    page
}

fn step_cells(flow: &Flow, step: &Step, verdicts: Option<&CodeList>) -> Vec<String> {
    let guards: Vec<String> = step.guards.iter().map(guard_text).collect();
    let outcomes: Vec<String> = step
        .outcomes
        .iter()
        .map(|o| outcome_text(flow, o, verdicts))
        .collect();
    vec![
        labels(flow, &step.from),
        step.label.clone(),
        outcomes.join("<br>"),
        guards.join("；"),
        step.entry.as_deref().map_or("—".to_owned(), code),
        format!("{:?}", step.mark),
        step.note.clone().unwrap_or_default(),
    ]
}

fn guard_text(guard: &Guard) -> String {
    match guard.at_least {
        Some(least) => format!("{}（≥ {least}）", guard.label),
        None => guard.label.clone(),
    }
}

fn outcome_text(flow: &Flow, outcome: &Outcome, verdicts: Option<&CodeList>) -> String {
    let target = flow.state_label(&outcome.to);
    if outcome.fact.is_none() {
        return target.to_owned();
    }
    let label = |code: &String| match result_label(code) {
        Some(label) => label.to_owned(),
        None => verdicts.map_or(code.clone(), |list| list.label(code).to_owned()),
    };
    let on: Vec<String> = outcome.one_of.iter().map(label).collect();
    format!("{target} ← {}", on.join("、"))
}

/// Results of the steps of an issue.
fn result_label(code: &str) -> Option<&'static str> {
    Some(match code {
        "approved" => "同意",
        "returned" => "退回",
        "passed" => "通过",
        "supplement" => "限期补充",
        "failed" => "不通过",
        "dismissed" => "异议不成立",
        "upheld" => "异议成立",
        "rectified" => "整改完成",
        "moved_outside" => "调整后不在保护区",
        "not_found" => "复核不属实",
        "duplicate" => "与另一问题重复",
        "opened_by_mistake" => "立账有误",
        "transferred" => "移交其他部门",
        "other" => "其他",
        "consolidated" => "巩固",
        "partial_relapse" => "部分反弹",
        "relapse" => "反弹",
        "false_rectification" => "虚假整改",
        "no_relapse" => "未复发",
        _ => return None,
    })
}

fn labels(flow: &Flow, states: &[String]) -> String {
    let labels: Vec<&str> = states.iter().map(|s| flow.state_label(s)).collect();
    labels.join("、")
}

/// 权限矩阵.
pub fn policy_matrix() -> String {
    let mut page = String::from(
        "# 权限矩阵\n\n操作 × 角色，格中为权限范围；“—”为不得办理。列表按同一范围过滤。\n\n",
    );
    let heads: Vec<&str> = std::iter::once("操作")
        .chain(Role::ALL.iter().map(|r| r.label()))
        .collect();
    let rows = policy::matrix().map(|(action, reaches)| {
        std::iter::once(action.label().to_owned())
            .chain(reaches.iter().map(|r| r.label().to_owned()))
            .collect()
    });
    page.push_str(&table(&heads, rows));
    page.push_str(
        "\n## 职责分离\n\n同一人办理了前一项，不得就同一对象办理后一项（换一个角色也不行）。\n\n",
    );
    let pairs = policy::SEPARATED
        .iter()
        .map(|(later, earlier)| vec![earlier.label().into(), later.label().into()]);
    page.push_str(&table(&["已办理", "不得再办理"], pairs));
    page.push_str("\n## 代码\n\n");
    let roles = Role::ALL
        .iter()
        .map(|r| vec![r.label().into(), code(r.code())]);
    page.push_str(&table(&["角色", "代码"], roles));
    page.push('\n');
    let actions = policy::Action::ALL
        .iter()
        .map(|a| vec![a.label().into(), code(a.code())]);
    page.push_str(&table(&["操作", "代码"], actions));
    page.push('\n');
    let reaches = Reach::ALL
        .iter()
        .map(|r| vec![r.label().into(), code(r.code())]);
    page.push_str(&table(&["范围", "代码"], reaches));
    page
}

/// 代码表 and mappings.
pub fn code_lists(book: &CodeBook) -> String {
    let mut page = String::from(
        "# 代码表\n\n出处：V 有原文，P 部分已知，D 本系统设计，G 一般知识（待核，不得作为引用）。\n",
    );
    book.lists()
        .for_each(|list| page.push_str(&list_section(list)));
    page.push_str("\n# 对照表\n\n对照只作提示；一对多时由人或规则决定；未列出的即无对应。不同分区方案的功能区之间不设对照。\n");
    book.mappings()
        .iter()
        .for_each(|m| page.push_str(&mapping_section(book, m)));
    page
}

fn list_section(list: &CodeList) -> String {
    let mut section = format!(
        "\n## {}（{}）\n\n来源：{}。出处：{:?}。",
        list.title,
        list.reference(),
        list.source,
        list.mark
    );
    if let Some(note) = &list.note {
        let _ = write!(section, "{note}。");
    }
    section.push_str("\n\n");
    if list.codes.is_empty() {
        section.push_str("（空表，待装入）\n");
        return section;
    }
    section.push_str(&table(
        &["代码", "名称", "别名", "组", "出处", "说明"],
        list.codes.iter().map(|c| code_cells(list, c)),
    ));
    section
}

fn code_cells(list: &CodeList, value: &Code) -> Vec<String> {
    vec![
        code(&value.code),
        value.label.clone(),
        value.synonyms.join("、"),
        value.group.clone().unwrap_or_default(),
        format!("{:?}", list.mark_of(value)),
        value.note.clone().unwrap_or_default(),
    ]
}

fn mapping_section(book: &CodeBook, mapping: &Mapping) -> String {
    let mut section = format!(
        "\n## {} → {}\n\n来源：{}。出处：{:?}。\n\n",
        mapping.from, mapping.to, mapping.source, mapping.mark
    );
    let label = |list, code: &str| {
        book.find_list(list)
            .map_or(code.to_owned(), |l| l.label(code).to_owned())
    };
    let rows = mapping.rows.iter().map(|row| {
        let targets = match mapping.map(&row.from) {
            Mapped::Unmapped => "（无对应）".to_owned(),
            Mapped::One(to) => label(&mapping.to, to),
            Mapped::Several(to, _) => to
                .iter()
                .map(|t| label(&mapping.to, t))
                .collect::<Vec<_>>()
                .join(" 或 "),
        };
        vec![
            label(&mapping.from, &row.from),
            targets,
            row.note.clone().unwrap_or_default(),
        ]
    });
    section.push_str(&table(&["自", "至", "说明"], rows));
    section
}

/// 工作日历.
pub fn calendar(calendar: &WorkingCalendar) -> String {
    let mut page = String::from(
        "# 工作日历\n\n周一至周五上班，周六、周日休息；下列日子除外；与节日相连的普通周末不一定列出。没有日历的年份不计算时限。\n\n",
    );
    page.push_str("计时：时限自事件次日起算；公示首日计入；末日遇休，写明顺延的顺延至下一工作日，否则不动。\n");
    calendar
        .years()
        .for_each(|year| page.push_str(&year_section(year)));
    page
}

fn year_section(year: &CalendarYear) -> String {
    let mut section = format!("\n## {}年\n\n", year.year);
    for notice in &year.notices {
        let _ = writeln!(
            section,
            "- 《{}》（{}），出处 {:?}",
            notice.title, notice.number, notice.mark
        );
    }
    section.push('\n');
    section.push_str(&table(
        &["节日", "放假", "调休上班", "依据", "说明"],
        year.holidays.iter().map(holiday_cells),
    ));
    section
}

fn holiday_cells(holiday: &Holiday) -> Vec<String> {
    let span = if holiday.off_from == holiday.off_to {
        day(holiday.off_from)
    } else {
        format!("{} 至 {}", day(holiday.off_from), day(holiday.off_to))
    };
    let make_up: Vec<String> = holiday.make_up.iter().map(|d| day(*d)).collect();
    let note = holiday.note.clone().unwrap_or_default();
    vec![
        holiday.name.clone(),
        span,
        make_up.join("、"),
        holiday.notice.clone(),
        note,
    ]
}

fn day(date: jiff::civil::Date) -> String {
    const WEEKDAYS: [&str; 7] = ["一", "二", "三", "四", "五", "六", "日"];
    let weekday = date.weekday().to_monday_zero_offset();
    // The offset is 0 to 6 by definition.
    let name = usize::try_from(weekday)
        .ok()
        .and_then(|i| WEEKDAYS.get(i))
        .copied()
        .unwrap_or_default();
    format!("{}（周{name}）", date.strftime("%m-%d"))
}

/// 并发规则表: what an append upon a stream that has moved on does, one row a kind of entry.
pub fn concurrency() -> String {
    let mut page =
        String::from("# 并发规则\n\n基于旧版次登记时，每种条目如何处理。本页由程序生成。\n\n");
    let rows = crate::concurrency::table().into_iter();
    let cells =
        rows.map(|(kind, name, rule)| vec![name.to_owned(), code(kind), rule.label().to_owned()]);
    page.push_str(&table(&["条目", "代码", "处理"], cells));
    page
}

/// 销号条件: cases, conditions, levels, index of a campaign.
pub fn closing(campaign_name: &str, closing: &Closing) -> String {
    let mut page = format!(
        "# 销号条件：{campaign_name}\n\n版本 {}。来源：{}。\n",
        closing.version, closing.source
    );
    page.push_str(
        "缺一条不得销号；举证、验收、认定、销号由不同的人办理。本页由程序生成。\n\n## 情形\n\n",
    );
    let cases = closing.cases.iter().map(|c| {
        let clause = c.clause.clone().unwrap_or_default();
        vec![
            c.code.clone(),
            c.label.clone(),
            c.text.clone(),
            clause,
            format!("{:?}", c.mark),
        ]
    });
    page.push_str(&table(&["代码", "情形", "条件", "条款", "出处"], cases));
    page.push_str("\n## 情形判定（自上而下，第一行符合的为准）\n\n");
    let rules = closing.case_rules.iter().map(|r| {
        vec![
            r.id.clone(),
            r.case.clone(),
            r.reason.clone(),
            format!("{:?}", r.mark),
        ]
    });
    page.push_str(&table(&["行", "情形", "理由", "出处"], rules));
    page.push_str("\n## 条件\n\n");
    let heads: Vec<&str> = ["条件", "代码"]
        .into_iter()
        .chain(closing.cases.iter().map(|c| c.code.as_str()))
        .chain(["佐证", "取值", "依据", "出处"])
        .collect();
    page.push_str(&table(
        &heads,
        closing.lines.iter().map(|l| line_cells(closing, l)),
    ));
    page.push_str("\n## 层级\n\n");
    page.push_str(&table(
        &[
            "链",
            "适用地方",
            "层级（签字数/单位数）",
            "公示工作日",
            "出处",
            "说明",
        ],
        closing.chains.iter().map(|c| chain_cells(closing, c)),
    ));
    page.push_str("\n## 一点一档目录\n\n");
    let index = closing.index.iter().map(|i| {
        let needed = if i.cases.is_empty() {
            "—".to_owned()
        } else {
            i.cases.join("、")
        };
        vec![i.number.to_string(), i.label.clone(), code(&i.code), needed]
    });
    page.push_str(&table(&["序", "材料", "代码", "销号时必备"], index));
    page
}

fn line_cells(closing: &Closing, line: &ClosingLine) -> Vec<String> {
    let of_case = |case: &String| match (
        line.cases.contains(case),
        line.unconfirmed_for.contains(case),
    ) {
        (true, true) => "待核实",
        (true, false) => "必备",
        (false, _) => "",
    };
    let mut cells = vec![line.label.clone(), code(&line.code)];
    cells.extend(closing.cases.iter().map(|c| of_case(&c.code).to_owned()));
    cells.push(line.evidence.join("、"));
    cells.push(line.values.join("、"));
    cells.push(line.clause.clone().unwrap_or_default());
    cells.push(format!("{:?}", line.mark));
    cells
}

fn chain_cells(closing: &Closing, chain: &Chain) -> Vec<String> {
    let label = |level: &str| {
        let found = closing.levels.iter().find(|l| l.code == level);
        found.map_or(level.to_owned(), |l| l.label.clone())
    };
    let links = chain.links.iter().map(|l| {
        let after = if l.is_after_notice {
            "，公示后"
        } else {
            ""
        };
        format!("{}（{}/{}{after}）", label(&l.level), l.signatures, l.units)
    });
    let places = if chain.places.is_empty() {
        "其余".to_owned()
    } else {
        chain.places.join("、")
    };
    vec![
        chain.label.clone(),
        places,
        links.collect::<Vec<_>>().join(" → "),
        chain.notice_working_days.to_string(),
        format!("{:?}", chain.mark),
        chain.note.clone().unwrap_or_default(),
    ]
}

/// 时限与督促阶梯 of a campaign.
pub fn deadlines(campaign_name: &str, timers: &Timers, ladder: &UrgingLadder) -> String {
    let unit = |unit: DayUnit| match unit {
        DayUnit::CalendarDays => "日",
        DayUnit::WorkingDays => "个工作日",
    };
    let mut page = format!(
        "# 时限与督促：{campaign_name}\n\n自事件次日起算，公示首日计入；剩余 {} 日以内黄灯，逾期红灯。本页由程序生成。\n\n",
        timers.amber_days
    );
    let rows = timers.timers.iter().map(|t| {
        let clause = t.clause.clone().unwrap_or_default();
        let rolls = if t.last_day == LastDay::RollsOver {
            "顺延"
        } else {
            "不动"
        };
        vec![
            t.label.clone(),
            code(&t.code),
            format!("{}{}", t.count, unit(t.unit)),
            rolls.to_owned(),
            clause,
            format!("{:?}", t.mark),
        ]
    });
    page.push_str(&table(
        &["时限", "代码", "长短", "末日遇休", "依据", "出处"],
        rows,
    ));
    page.push_str("\n## 督促阶梯\n\n相对完成时限；负数在期前。\n\n");
    let rungs = ladder.rungs.iter().map(|r| {
        let note = r.note.clone().unwrap_or_default();
        vec![
            r.label.clone(),
            code(&r.kind),
            format!("{}{}", r.days, unit(r.unit)),
            r.issued_by.label().to_owned(),
            format!("{}个工作日", r.answer_days),
            format!("{:?}", r.mark),
            note,
        ]
    });
    page.push_str(&table(
        &["方式", "代码", "何时", "由谁", "答复期", "出处", "说明"],
        rungs,
    ));
    page
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn table(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = format!(
        "| {} |\n|{}\n",
        heads.join(" | "),
        " --- |".repeat(heads.len())
    );
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .map(|c| c.replace('|', "\\|").replace('\n', " "))
            .collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::shipped;

    fn page(name: &str) -> String {
        match name {
            "transitions.md" => {
                let campaign = shipped::campaign("lvdun-2019").0;
                {
                    let book = shipped::code_book().0;
                    let verdicts = campaign.find_list(&book, "verdict");
                    transitions(&campaign.name, campaign.flow.as_ref().unwrap(), verdicts)
                }
            }
            "policy.md" => policy_matrix(),
            "code-lists.md" => code_lists(&shipped::code_book().0),
            "calendar.md" => calendar(&shipped::calendar().0),
            "concurrency.md" => concurrency(),
            "closing.md" => {
                let campaign = shipped::campaign("lvdun-2019").0;
                closing(&campaign.name, &campaign.closing.unwrap())
            }
            "deadlines.md" => {
                let campaign = shipped::campaign("lvdun-2019").0;
                let (timers, ladder) = (campaign.timers.unwrap(), campaign.ladder.unwrap());
                deadlines(&campaign.name, &timers, &ladder)
            }
            other => panic!("no such page: {other}"),
        }
    }

    /// With `QINGSHAN_BLESS=1` in the environment the pages are written anew.
    #[rstest]
    #[case("transitions.md")]
    #[case("policy.md")]
    #[case("code-lists.md")]
    #[case("calendar.md")]
    #[case("concurrency.md")]
    #[case("closing.md")]
    #[case("deadlines.md")]
    fn the_printed_page_is_fresh(#[case] name: &str) {
        let path = shipped::root().join("docs/printed").join(name);
        let fresh = page(name);
        if std::env::var_os("QINGSHAN_BLESS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &fresh).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            committed, fresh,
            "{name} is stale; run the test with QINGSHAN_BLESS=1"
        );
    }

    #[test]
    fn a_cell_cannot_break_its_table() {
        let text = table(&["a"], std::iter::once(vec!["x|y\nz".to_owned()]));
        assert_eq!(text.lines().last(), Some("| x\\|y z |"));
    }
}
