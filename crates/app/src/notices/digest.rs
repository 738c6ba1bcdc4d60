//! 待办摘要 — what a person has to do today, within the rights of the posts they hold, and how mail and group robots say it.

use domain::dossier::civil_day;
use domain::policy::{Action, Role, Scope, scope_of};
use jiff::civil::Date;
use register::accounts::Person;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::settings::WebhookKind;
use crate::atlas::Atlases;
use crate::dashboard::WorkItem;
use crate::error::Error;
use crate::issues::URGE;
use crate::messages::Messages;
use crate::people::{Visitor, post_view};
use crate::session::Session;

/// Bytes of a markdown message that the robots of 企业微信 and 钉钉 take.
const WECOM_BYTES: usize = 4096;
const DINGTALK_BYTES: usize = 20_000;
/// Kinds of work that a title names.
const NAMED: usize = 3;

/// 摘要行 — one kind of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DigestLine {
    pub kind: String,
    pub label: String,
    pub count: u64,
    /// Classifier of what is counted: 个, 条.
    pub unit: String,
    /// `green`, `amber`, `red`.
    pub light: String,
    /// Of them past their day, and near to it.
    #[serde(default)]
    pub overdue: u64,
    #[serde(default)]
    pub near: u64,
    pub due_on: Option<Date>,
    /// When it is due, as a clause: “，应于8月18日前办结，已逾期3天”.
    pub due: String,
    /// Address of the list to work down, where the server's own address is known.
    pub address: Option<String>,
}

/// What is to be done in one post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DigestSection {
    pub post: String,
    pub lines: Vec<DigestLine>,
}

/// 待办摘要 — what a person has to do on a day; also the text of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Digest {
    pub day: Date,
    pub title: String,
    pub opening: String,
    pub sections: Vec<DigestSection>,
    pub closing: String,
}

/// The digest of a person over all posts held today. The session must be of the person's register; its actor is changed.
pub fn digest(
    session: &mut Session,
    atlases: &Atlases,
    person: &Person,
    public_url: Option<&str>,
) -> Result<Digest, Error> {
    let day = session.today();
    let setting = session.setting.clone();
    let mut sections = Vec::new();
    let mut told = Vec::new();
    for post in person.posts.iter().filter(|p| p.is_held(day)) {
        let visitor = Visitor {
            person: person.clone(),
            post: Some(post.clone()),
            session: None,
            token: None,
        };
        session.viewer.actor = match visitor.actor(&setting) {
            Ok(actor) => actor,
            // A post whose station a later campaign does not have; the other posts' work is told all the same.
            Err(error @ Error::NotFound { .. }) => {
                tracing::warn!(person = person.person_id, post = visitor.post_text(), %error, "a post has no place in the campaign");
                continue;
            }
            Err(error) => return Err(error),
        };
        let mut items = session.work_items(atlases)?;
        let reach = scope_of(&session.actor, Action::ReadLedgers);
        leave_out_told(&mut items, (&reach, session.actor.role), &mut told);
        let view = post_view(post, &setting, session.now);
        let name = match &view.station_name {
            Some(station) => format!("{}·{station}", view.role_label),
            None => view.role_label,
        };
        let lines = lines(&session.messages, &items, day, public_url);
        if !lines.is_empty() {
            sections.push(DigestSection { post: name, lines });
        }
    }
    Ok(written(session, sections, public_url))
}

/// A list that was told: of which reach, of whose rungs where the role decides, of which work.
type ToldList = (Scope, Option<Role>, String, String, u64);

/// Two posts of one reach show the same list; it is told once. A list of issues does not say its reach in its query, so
/// that stands beside it; urging waits for the role that issues it.
fn leave_out_told(
    items: &mut Vec<WorkItem>,
    (reach, role): (&Scope, Role),
    told: &mut Vec<ToldList>,
) {
    items.retain(|item| {
        let (kind, query) = (item.kind.clone(), item.query.clone());
        let by_role = (kind == URGE).then_some(role);
        let list = (reach.clone(), by_role, kind, query, item.count);
        let is_new = !told.contains(&list);
        if is_new {
            told.push(list);
        }
        is_new
    });
}

/// A message that only shows that messages arrive.
pub(super) fn test_message(messages: &Messages, now: jiff::Timestamp) -> Digest {
    let day = civil_day(now);
    let day_text = day_text(messages, day, day);
    Digest {
        day,
        title: messages.text("digest.test_title", &[("day", &day_text)]),
        opening: messages.text("digest.test", &[]),
        sections: Vec::new(),
        closing: String::new(),
    }
}

fn written(session: &Session, sections: Vec<DigestSection>, public_url: Option<&str>) -> Digest {
    let messages = &session.messages;
    let day = session.today();
    let day_text = day_text(messages, day, day);
    let title = title(messages, &day_text, &sections);
    let title = match session.is_demonstration {
        true => messages.text("ledger.demonstration_title", &[("title", &title)]),
        false => title,
    };
    let closing = match public_url {
        Some(url) => messages.text("digest.closing_at", &[("address", trimmed(url))]),
        None => messages.text("digest.closing", &[]),
    };
    Digest {
        day,
        title,
        opening: messages.text("digest.opening", &[("day", &day_text)]),
        sections,
        closing,
    }
}

fn trimmed(url: &str) -> &str {
    url.trim_end_matches('/')
}

/// `8月18日`, with the year where it is not this one's.
fn day_text(messages: &Messages, day: Date, today: Date) -> String {
    let code = match day.year() == today.year() {
        true => "digest.day",
        false => "digest.day_of_year",
    };
    let (year, month) = (day.year().to_string(), day.month().to_string());
    let day = day.day().to_string();
    messages.text(code, &[("year", &year), ("month", &month), ("day", &day)])
}

/// What there is to do; kinds of which there is nothing are left out.
fn lines(
    messages: &Messages,
    items: &[WorkItem],
    today: Date,
    public_url: Option<&str>,
) -> Vec<DigestLine> {
    let some = items.iter().filter(|item| item.count > 0);
    some.map(|item| {
        let unit = format!("digest.unit.{}", item.list);
        let unit = if messages.has(&unit) {
            unit
        } else {
            "digest.unit".to_owned()
        };
        DigestLine {
            kind: item.kind.clone(),
            label: item.label.clone(),
            count: item.count,
            unit: messages.text(&unit, &[]),
            light: item.light.clone(),
            overdue: item.overdue,
            near: item.near,
            due_on: item.due_on,
            due: item
                .due_on
                .map_or_else(String::new, |due| due_text(messages, item, due, today)),
            address: public_url.map(|url| format!("{}/{}?{}", trimmed(url), item.list, item.query)),
        }
    })
    .collect()
}

/// When it is due; where it is not one day for all of them, that of the first, with how many are late.
fn due_text(messages: &Messages, item: &WorkItem, due_on: Date, today: Date) -> String {
    let days = today.until(due_on).map_or(0, |span| span.get_days());
    let is_one_day = item.list != "worklist" || item.count == 1;
    let code = match (is_one_day, days) {
        (true, 0) => "digest.due_today",
        (true, ..0) => "digest.overdue",
        (true, _) => "digest.due",
        (false, 0) => "digest.first_due_today",
        (false, ..0) => "digest.some_overdue",
        (false, _) => "digest.first_due",
    };
    let late = item.overdue.to_string();
    let day = day_text(messages, due_on, today);
    let days = days.unsigned_abs().to_string();
    messages.text(code, &[("day", &day), ("days", &days), ("late", &late)])
}

/// The kinds with their counts, over all posts; what is overdue and near is counted behind.
fn title(messages: &Messages, day: &str, sections: &[DigestSection]) -> String {
    let mut kinds: Vec<(&str, u64)> = Vec::new();
    let all = || sections.iter().flat_map(|s| &s.lines);
    for line in all() {
        match kinds.iter_mut().find(|(label, _)| *label == line.label) {
            Some((_, count)) => *count += line.count,
            None => kinds.push((&line.label, line.count)),
        }
    }
    if kinds.is_empty() {
        return messages.text("digest.title_nothing", &[("day", day)]);
    }
    let separator = messages.text("digest.separator", &[]);
    let named = kinds.iter().take(NAMED);
    let named: Vec<String> = named
        .map(|(label, count)| {
            let count = count.to_string();
            messages.text("digest.kind", &[("label", label), ("count", &count)])
        })
        .collect();
    let overdue: u64 = all().map(|l| l.overdue).sum();
    let near: u64 = all().map(|l| l.near).sum();
    let marks = [
        ("digest.overdue_count", overdue),
        ("digest.near_count", near),
    ];
    let marks = marks.iter().filter(|(_, count)| *count > 0);
    let marks: String = marks
        .map(|(code, count)| messages.text(code, &[("count", &count.to_string())]))
        .collect();
    let more = match kinds.len() > NAMED {
        true => messages.text("digest.kinds", &[("count", &kinds.len().to_string())]),
        false => String::new(),
    };
    let work = format!("{}{more}{marks}", named.join(&separator));
    messages.text("digest.title", &[("day", day), ("work", &work)])
}

impl Digest {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }

    /// The digest as a letter in plain text.
    pub fn letter(&self, messages: &Messages, name: &str) -> String {
        let mut text = messages.text("digest.addressee", &[("name", name)]);
        text.push_str("\n\n");
        text.push_str(&self.opening);
        text.push('\n');
        for section in &self.sections {
            if self.sections.len() > 1 {
                text.push_str(&format!("\n{}\n", section.post));
            }
            for (at, line) in section.lines.iter().enumerate() {
                let count = line.count.to_string();
                let said = line.said(messages, &line.label, &count);
                text.push_str(&format!("\n{}. {said}\n", at + 1));
                if let Some(address) = &line.address {
                    text.push_str(&format!("   {address}\n"));
                }
            }
        }
        if !self.closing.is_empty() {
            text.push_str(&format!("\n{}\n", self.closing));
        }
        text.push_str(&format!("\n{}\n", messages.text("digest.by_program", &[])));
        text
    }

    /// What is posted to a group robot: markdown, whole lines up to what it takes.
    pub fn payload(&self, messages: &Messages, kind: WebhookKind) -> Value {
        match kind {
            WebhookKind::WeCom => json!({
                "msgtype": "markdown",
                "markdown": { "content": self.markdown(messages, WECOM_BYTES) },
            }),
            WebhookKind::DingTalk => json!({
                "msgtype": "markdown",
                "markdown": { "title": self.title, "text": self.markdown(messages, DINGTALK_BYTES) },
            }),
        }
    }

    fn markdown(&self, messages: &Messages, most: usize) -> String {
        let head = format!("**{}**\n\n{}\n", plain(&self.title), plain(&self.opening));
        let foot = match self.closing.as_str() {
            "" => String::new(),
            closing => format!("\n{closing}\n"),
        };
        let mut rows = Vec::new();
        for section in &self.sections {
            let mut heading = match self.sections.len() {
                1 => String::new(),
                _ => format!("\n**{}**\n", plain(&section.post)),
            };
            for line in &section.lines {
                let label = match &line.address {
                    Some(address) => format!("[{}]({address})", plain(&line.label)),
                    None => plain(&line.label),
                };
                let count = format!("**{}**", line.count);
                let said = line.said(messages, &label, &count);
                rows.push(format!("{}\n- {said}\n", std::mem::take(&mut heading)));
            }
        }
        cut(&head, &rows, &foot, most, |left| {
            let left = left.to_string();
            format!("\n{}\n", messages.text("digest.more", &[("count", &left)]))
        })
    }
}

impl DigestLine {
    fn said(&self, messages: &Messages, label: &str, count: &str) -> String {
        let args = [
            ("label", label),
            ("count", count),
            ("unit", self.unit.as_str()),
            ("due", self.due.as_str()),
        ];
        messages.text("digest.line", &args)
    }
}

/// Text that markdown takes for itself: what would begin a link, a tag or bold type is written in full width.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '[' => '［',
            ']' => '］',
            '<' => '＜',
            '>' => '＞',
            '*' => '＊',
            '`' => '｀',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}

/// Head, as many whole rows as fit, how many are left, and the foot: `most` bytes at most. A head that is too long by
/// itself is cut between characters.
fn cut(
    head: &str,
    rows: &[String],
    foot: &str,
    most: usize,
    more: impl Fn(usize) -> String,
) -> String {
    let whole: usize = rows.iter().map(String::len).sum();
    if head.len() + whole + foot.len() <= most {
        return format!("{head}{}{foot}", rows.concat());
    }
    // The note is longest when it counts all rows.
    let room = most.saturating_sub(head.len() + foot.len() + more(rows.len()).len());
    let mut used = 0;
    let fitting = rows
        .iter()
        .take_while(|row| {
            used += row.len();
            used <= room
        })
        .count();
    let left = rows.len() - fitting;
    let text = format!("{head}{}{}{foot}", rows[..fitting].concat(), more(left));
    match text.len() <= most {
        true => text,
        false => text[..text.floor_char_boundary(most)].to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::messages::Language;

    const TODAY: Date = Date::constant(2026, 11, 26);

    fn chinese() -> Messages {
        Messages::load(Language::Chinese)
    }

    fn item(kind: &str, label: &str, count: u64, light: &str, due_on: Option<Date>) -> WorkItem {
        WorkItem {
            kind: kind.into(),
            label: label.into(),
            count,
            list: if kind == "land_clues" {
                "clues"
            } else {
                "sites"
            }
            .into(),
            query: "state=open&station=houhe".into(),
            overdue: if light == "red" { count } else { 0 },
            near: if light == "amber" { count } else { 0 },
            light: light.into(),
            due_on,
        }
    }

    fn items() -> Vec<WorkItem> {
        let day = |day| Some(Date::constant(2026, 11, day));
        vec![
            item("land_clues", "待落点线索", 2, "amber", day(30)),
            item("verify", "待核查点位", 3, "red", day(20)),
            item("characterize", "待判别点位", 0, "green", day(20)),
            item("complete", "待完善资料", 7, "green", None),
        ]
    }

    fn digest_of(messages: &Messages, lines: Vec<DigestLine>) -> Digest {
        let sections = match lines.is_empty() {
            true => Vec::new(),
            false => vec![DigestSection {
                post: "包抓领导·后河保护站".into(),
                lines,
            }],
        };
        let day = day_text(messages, TODAY, TODAY);
        Digest {
            day: TODAY,
            title: title(messages, &day, &sections),
            opening: messages.text("digest.opening", &[("day", &day)]),
            sections,
            closing: messages.text("digest.closing", &[]),
        }
    }

    fn usual() -> Digest {
        let messages = chinese();
        let lines = lines(&messages, &items(), TODAY, Some("https://qs.example.org/"));
        digest_of(&messages, lines)
    }

    #[test]
    fn a_letter_says_what_is_to_be_done_and_by_when() {
        let letter = "包抓领导：

截至11月26日，待办事项如下，请按时限办理。

1. 待落点线索2条，应于11月30日前办结，还有4天
   https://qs.example.org/clues?state=open&station=houhe

2. 待核查点位3个，应于11月20日前办结，已逾期6天
   https://qs.example.org/sites?state=open&station=houhe

3. 待完善资料7个
   https://qs.example.org/sites?state=open&station=houhe

详情请登录青山登记簿查看。

（本件由青山登记簿自动发出，请勿回复。）
";
        assert_eq!(usual().letter(&chinese(), "包抓领导"), letter);
        let title = "【青山】11月26日待办：待落点线索2、待核查点位3、待完善资料7，逾期3，临期2";
        assert_eq!(usual().title, title);
    }

    #[test]
    fn group_robots_get_markdown_in_their_own_shape() {
        let wecom = usual().payload(&chinese(), WebhookKind::WeCom);
        let content = "**【青山】11月26日待办：待落点线索2、待核查点位3、待完善资料7，逾期3，临期2**

截至11月26日，待办事项如下，请按时限办理。

- [待落点线索](https://qs.example.org/clues?state=open&station=houhe)**2**条，应于11月30日前办结，还有4天

- [待核查点位](https://qs.example.org/sites?state=open&station=houhe)**3**个，应于11月20日前办结，已逾期6天

- [待完善资料](https://qs.example.org/sites?state=open&station=houhe)**7**个

详情请登录青山登记簿查看。
";
        assert_eq!(wecom["markdown"]["content"], content);
        let dingtalk = usual().payload(&chinese(), WebhookKind::DingTalk);
        assert_eq!(dingtalk["markdown"]["title"], usual().title.as_str());
        assert_eq!(dingtalk["markdown"]["text"], wecom["markdown"]["content"]);
        assert_eq!(
            (&wecom["msgtype"], &dingtalk["msgtype"]),
            (&json!("markdown"), &json!("markdown"))
        );
    }

    #[test]
    fn two_stations_of_one_person_are_both_told_and_two_posts_of_one_once() {
        let station = |id: &str| Scope::Stations {
            reserve_code: "610000".into(),
            station_ids: vec![id.into()],
        };
        let mut told = Vec::new();
        let mut left = |kind: &str, (reach, role): (&Scope, Role), count| {
            let mut items = vec![WorkItem {
                list: "worklist".into(),
                query: format!("kind={kind}"),
                ..item(kind, "待办", count, "green", None)
            }];
            leave_out_told(&mut items, (reach, role), &mut told);
            items.len()
        };
        let (own, other) = (station("houhe"), station("banfangzi"));
        let head = Role::StationHead;
        assert_eq!(left("accept", (&own, head), 2), 1);
        assert_eq!(left("accept", (&own, head), 2), 0);
        assert_eq!(left("accept", (&own, Role::Office), 2), 0);
        assert_eq!(left("accept", (&own, head), 3), 1);
        assert_eq!(left("accept", (&other, head), 2), 1);
        // Each role has rungs of its own.
        assert_eq!(left(URGE, (&own, head), 2), 1);
        assert_eq!(left(URGE, (&own, Role::Office), 2), 1);
    }

    #[test]
    fn nothing_to_do_is_an_empty_digest() {
        let messages = chinese();
        let none = lines(
            &messages,
            &[item("verify", "待核查点位", 0, "green", None)],
            TODAY,
            None,
        );
        let digest = digest_of(&messages, none);
        assert!(digest.is_empty());
        assert_eq!(digest.title, "【青山】11月26日待办：无");
    }

    #[test]
    fn what_is_due_is_told_by_days() {
        let messages = chinese();
        for (due_on, text) in [
            (Date::constant(2026, 11, 26), "，应于今日办结"),
            (
                Date::constant(2026, 11, 28),
                "，应于11月28日前办结，还有2天",
            ),
            (
                Date::constant(2019, 8, 18),
                "，应于2019年8月18日前办结，已逾期2657天",
            ),
        ] {
            let one = item("verify", "待核查点位", 3, "red", Some(due_on));
            assert_eq!(due_text(&messages, &one, due_on, TODAY), text);
        }
    }

    #[test]
    fn of_many_days_the_first_is_told_and_how_many_are_late() {
        let messages = chinese();
        let day = |day| Date::constant(2026, 11, day);
        let of = |overdue, due_on| {
            let many = WorkItem {
                overdue,
                list: "worklist".into(),
                ..item("accept", "待验收", 40, "red", Some(due_on))
            };
            due_text(&messages, &many, due_on, TODAY)
        };
        assert_eq!(of(1, day(20)), "，其中逾期1，最早的应于11月20日前办结");
        assert_eq!(of(0, day(30)), "，最早的应于11月30日前办结，还有4天");
        assert_eq!(of(0, TODAY), "，最早的应于今日办结");
        assert_eq!(of(40, day(20)), "，其中逾期40，最早的应于11月20日前办结");
    }

    #[test]
    fn many_kinds_are_named_three_and_counted() {
        let messages = chinese();
        let kinds: Vec<WorkItem> = (1..=5_usize)
            .map(|n| {
                item(
                    "k",
                    ["甲", "乙", "丙", "丁", "戊"][n - 1],
                    n as u64,
                    "green",
                    None,
                )
            })
            .collect();
        let digest = digest_of(&messages, lines(&messages, &kinds, TODAY, None));
        assert_eq!(digest.title, "【青山】11月26日待办：甲1、乙2、丙3等5类");
    }

    #[test]
    fn a_robot_is_sent_whole_lines_and_told_how_many_are_left() {
        let messages = chinese();
        let kinds: Vec<WorkItem> = (0..90)
            .map(|n| {
                item(
                    "k",
                    &format!("第{n}项整改措施待报进展"),
                    n + 1,
                    "red",
                    Some(TODAY),
                )
            })
            .collect();
        let lines = lines(&messages, &kinds, TODAY, Some("https://qs.example.org"));
        let digest = digest_of(&messages, lines);
        let wecom = digest.payload(&messages, WebhookKind::WeCom);
        let content = wecom["markdown"]["content"].as_str().unwrap();
        assert!(content.len() <= WECOM_BYTES, "{}", content.len());
        let told = content.matches("- [").count();
        assert!(told > 20, "{told}");
        assert!(
            content.contains(&format!("另有{}项", 90 - told)),
            "{content}"
        );
        assert!(content.ends_with(&format!("{}\n", digest.closing)));
        let dingtalk = digest.payload(&messages, WebhookKind::DingTalk);
        let text = dingtalk["markdown"]["text"].as_str().unwrap();
        assert_eq!(text.matches("- [").count(), 90);
    }

    #[test]
    fn a_name_cannot_become_a_link() {
        assert_eq!(plain("[站](http://x)\n*"), "［站］(http://x) ＊");
    }

    proptest! {
        #[test]
        fn a_cut_text_fits_and_counts_right(rows in prop::collection::vec("[a-z松]{0,40}\n", 0..40), most in 40_usize..400) {
            let text = cut("头\n", &rows, "尾\n", most, |left| format!("余{left}\n"));
            prop_assert!(text.len() <= most);
            let fitting = (0..=rows.len()).find(|n| {
                let more = if *n == rows.len() { String::new() } else { format!("余{}\n", rows.len() - n) };
                text == format!("头\n{}{more}尾\n", rows[..*n].concat())
            });
            prop_assert!(fitting.is_some(), "{}", text);
        }
    }
}
