//! The form that is written, and the outlines that are none.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

use foreign::submission;
use foreign::xform::{Choice, Choices, ExternalList, Fault, Form, Group, Item, Kind, Question};
use spatial::bounds::Limits;

fn listed(choices: &[(&str, &str)]) -> Choices {
    let choice = |(value, label): &(&str, &str)| Choice {
        value: (*value).to_owned(),
        label: (*label).to_owned(),
    };
    Choices::Listed(choices.iter().map(choice).collect())
}

/// A form with a question of every kind.
fn form() -> Form {
    let site = Kind::SelectOne(Choices::From {
        list: "sites".to_owned(),
        value: "name".to_owned(),
        label: "label".to_owned(),
        filter: Some("station = ${station}".to_owned()),
    });
    let facts = Group {
        name: "facts".to_owned(),
        label: "现场情况".to_owned(),
        relevant: Some("${reached} = 'yes'".to_owned()),
        appearance: Some("field-list".to_owned()),
        items: vec![
            Question::new("households", "户数", Kind::Integer)
                .constraint(". >= 0 and . < 1000", "须在 0 至 999 之间")
                .into(),
            Question::new("area_m2", "面积(平方米)", Kind::Decimal).into(),
            Question::new(
                "signs",
                "迹象",
                Kind::SelectMultiple(listed(&[
                    ("waste", "垃圾"),
                    ("sewage", "污水 <直排> & 渗坑"),
                ])),
            )
            .into(),
            Question::new("verified_on", "核查日期", Kind::Date)
                .required("必填")
                .constraint(". <= today()", "不能晚于今天")
                .into(),
            Question::new("seen_at", "时刻", Kind::DateTime).into(),
        ],
        ..Group::default()
    };
    let team = Group {
        name: "team".to_owned(),
        label: "核查人员".to_owned(),
        items: vec![
            Question::new("post", "岗位", Kind::Text)
                .required("请填岗位")
                .into(),
        ],
        ..Group::default()
    };
    let rooms = Group {
        name: "rooms".to_owned(),
        label: "房间".to_owned(),
        count: Some("room_count".to_owned()),
        items: vec![Question::new("room_use", "用途", Kind::Text).into()],
        ..Group::default()
    };
    Form {
        id: "qingshan-every-kind".to_owned(),
        title: "各种题型".to_owned(),
        version: "0a1b2c3d".to_owned(),
        instance_name: Some("concat(${site}, ' ', ${verified_on})".to_owned()),
        lists: vec![ExternalList {
            id: "sites".to_owned(),
            file: "sites.csv".to_owned(),
        }],
        items: vec![
            Question::new("intro", "带好定位设备,\n先拍照。", Kind::Note).into(),
            Question::new("station", "保护站", Kind::Text)
                .default("后河")
                .into(),
            Question::new("site", "点位", site)
                .required("请选点位")
                .appearance("minimal autocomplete")
                .into(),
            Question::new(
                "reached",
                "是否到达",
                Kind::SelectOne(listed(&[("yes", "是"), ("no", "否")])),
            )
            .required("必选")
            .into(),
            Item::Group(facts),
            Item::Repeat(team),
            Question::new(
                "team_size",
                "",
                Kind::Calculate("count(${team})".to_owned()),
            )
            .into(),
            Question::new(
                "team_ok",
                "核查须两人以上",
                Kind::SelectOne(listed(&[("ok", "属实")])),
            )
            .constraint("${team_size} >= 2", "核查人员不足两人,请退回补填")
            .into(),
            Question::new("room_count", "间数", Kind::Integer)
                .default("0")
                .into(),
            Item::Repeat(rooms),
            Question::new("place", "位置", Kind::GeoPoint)
                .required("须有位置")
                .into(),
            Question::new("walked", "走过的线", Kind::GeoTrace).into(),
            Question::new("outline", "范围", Kind::GeoShape)
                .hint("沿边界走一圈")
                .into(),
            Question::new("far", "远景", Kind::Image)
                .required("须有远景照片")
                .appearance("annotate")
                .relevant("${reached} = 'yes'")
                .into(),
            Question::new("voice", "录音", Kind::Audio).into(),
            Question::new("video", "视频", Kind::Video).into(),
        ],
    }
}

/// Looked at by ODK Validate in `crates/e2e/tests/openrosa.rs`.
#[test]
fn the_form_of_every_kind_stands_as_the_validator_saw_it() {
    let written = form().write().unwrap();
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_binary_snapshot!("every_kind.xml", written.into_bytes());
    });
}

#[test]
fn the_primary_instance_of_a_form_comes_back_as_a_submission() {
    let written = form().write().unwrap();
    let (_, from) = written.split_once("<instance>").unwrap();
    let (instance, _) = from.split_once("</instance>").unwrap();
    let filled = instance.replace("<instanceID/>", "<instanceID>uuid:1</instanceID>");
    let read = submission::read(filled.trim().as_bytes(), &Limits::default()).unwrap();
    assert_eq!(read.form_id, "qingshan-every-kind");
    assert_eq!(read.version.as_deref(), Some("0a1b2c3d"));
    assert_eq!(read.one("station"), Some("后河"));
}

#[test]
fn an_outline_that_is_no_form_is_refused_with_its_reason() {
    let fault = |change: &dyn Fn(&mut Form)| {
        let mut form = form();
        change(&mut form);
        form.write().unwrap_err()
    };
    let question = |name: &str| Item::from(Question::new(name, "题", Kind::Text));
    assert_eq!(fault(&|f| f.id.clear()), Fault::Missing("id"));
    assert_eq!(fault(&|f| f.items.clear()), Fault::Missing("questions"));
    let twice = Fault::Twice("site".to_owned());
    assert_eq!(fault(&|f| f.items.push(question("site"))), twice);
    for name in ["", "1a", "a b", "名", "a/b", "meta:x"] {
        let bad = Fault::BadName(name.to_owned());
        assert_eq!(fault(&|f| f.items.push(question(name))), bad);
    }
    let choices = |values: &[(&str, &str)]| {
        let kind = Kind::SelectOne(listed(values));
        fault(&|f| f.items.push(Question::new("x", "题", kind.clone()).into()))
    };
    assert_eq!(choices(&[]), Fault::Empty("x".to_owned()));
    let bad = |value: &str| Fault::BadChoice("x".to_owned(), value.to_owned());
    assert_eq!(choices(&[("a b", "甲")]), bad("a b"));
    assert_eq!(choices(&[("a", "甲"), ("a", "乙")]), bad("a"));
    let asks = |expression: &str| {
        let asked = Question::new("x", "题", Kind::Text).relevant(expression);
        fault(&|f| f.items.push(asked.clone().into()))
    };
    assert_eq!(
        asks("${nobody} = 1"),
        Fault::NoSuchName("nobody".to_owned())
    );
    assert_eq!(
        fault(&|f| f.lists.clear()),
        Fault::NoList("site".to_owned(), "sites".to_owned())
    );
}
