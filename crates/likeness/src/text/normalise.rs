//! What of a text counts when two are compared.

/// The most signs of a text that are looked at; what follows is left out.
pub(super) const LONGEST: usize = 8192;

/// Stands for a figure with its unit, or a date.
pub(super) const MASK: char = '#';

/// A text reduced to what counts. Every sign knows which bytes of the original it stands for.
#[derive(Debug, Clone)]
pub(super) struct Normal {
    pub(super) signs: Vec<char>,
    /// Start and end in the original, in bytes.
    pub(super) spans: Vec<(usize, usize)>,
    /// What the text says unmasked, to tell an identical one.
    pub(super) plain: u64,
}

const CHINESE_DIGITS: &str = "〇零一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟";
/// Longest first.
const UNITS: [&str; 48] = [
    "平方千米",
    "平方公里",
    "平方米",
    "立方米",
    "万立方",
    "公顷",
    "公里",
    "千米",
    "公斤",
    "毫米",
    "厘米",
    "立方",
    "万元",
    "亿元",
    "万株",
    "工作日",
    "小时",
    "分钟",
    "km²",
    "km2",
    "hm²",
    "hm2",
    "m²",
    "m2",
    "m³",
    "m3",
    "km",
    "cm",
    "mm",
    "kg",
    "年",
    "月",
    "日",
    "号",
    "亩",
    "米",
    "吨",
    "元",
    "株",
    "棵",
    "处",
    "个",
    "户",
    "人",
    "座",
    "间",
    "天",
    "m",
];

fn narrowed(sign: char) -> char {
    match sign {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(sign as u32 - 0xFEE0).unwrap_or(sign),
        '㎡' => '²',
        other => other,
    }
}

fn counts(sign: char) -> bool {
    sign.is_alphanumeric() || matches!(sign, '²' | '³' | '%' | '‰')
}

/// Brings a text to its normal form.
pub(super) fn normalise(text: &str) -> Normal {
    let mut kept: Vec<(char, usize, usize)> = Vec::new();
    for (at, sign) in text.char_indices() {
        let end = at + sign.len_utf8();
        let narrow = narrowed(sign);
        // A point or comma within a figure belongs to it.
        let within = matches!(narrow, '.' | ',')
            && kept
                .last()
                .is_some_and(|(last, _, e)| last.is_ascii_digit() && *e == at)
            && text[end..]
                .chars()
                .next()
                .is_some_and(|n| narrowed(n).is_ascii_digit());
        if counts(narrow) || within {
            kept.push((narrow.to_lowercase().next().unwrap_or(narrow), at, end));
        }
        if kept.len() >= LONGEST {
            break;
        }
    }
    let mut plain = 0xCBF2_9CE4_8422_2325_u64;
    for (sign, ..) in &kept {
        plain = (plain ^ u64::from(u32::from(*sign))).wrapping_mul(0x0000_0100_0000_01B3);
    }
    masked(&kept, plain)
}

fn masked(kept: &[(char, usize, usize)], plain: u64) -> Normal {
    let mut out = Normal {
        signs: Vec::with_capacity(kept.len()),
        spans: Vec::with_capacity(kept.len()),
        plain,
    };
    let mut at = 0;
    while at < kept.len() {
        let end = figure(kept, at);
        if end == at {
            out.signs.push(kept[at].0);
            out.spans.push((kept[at].1, kept[at].2));
            at += 1;
            continue;
        }
        // 2019年8月 is one figure.
        if out.signs.last() == Some(&MASK) {
            if let Some(last) = out.spans.last_mut() {
                last.1 = kept[end - 1].2;
            }
        } else {
            out.signs.push(MASK);
            out.spans.push((kept[at].1, kept[end - 1].2));
        }
        at = end;
    }
    out
}

/// Where the figure that begins here ends, its unit included; where it begins if there is none.
fn figure(kept: &[(char, usize, usize)], from: usize) -> usize {
    let run = |is: &dyn Fn(char) -> bool| {
        from + kept[from..]
            .iter()
            .take_while(|(sign, ..)| is(*sign))
            .count()
    };
    let arabic = run(&|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '%' | '‰'));
    if kept[from].0.is_ascii_digit() {
        // 3万 and 3百 go on in Chinese.
        let more = kept[arabic..]
            .iter()
            .take_while(|(sign, ..)| matches!(sign, '万' | '亿' | '百' | '千' | '余' | '多'))
            .count();
        return unit(kept, arabic + more);
    }
    let chinese = run(&|c| CHINESE_DIGITS.contains(c));
    match chinese - from {
        0 => from,
        // A single 一 or 三 is mostly part of a word, unless a unit follows.
        1 => match unit(kept, chinese) {
            end if end == chinese => from,
            end => end,
        },
        _ => unit(kept, chinese),
    }
}

/// The end of the unit that begins here, or here.
fn unit(kept: &[(char, usize, usize)], from: usize) -> usize {
    UNITS
        .iter()
        .find(|unit| {
            let mut signs = kept[from..].iter().map(|(sign, ..)| *sign);
            unit.chars().all(|c| signs.next() == Some(c))
        })
        .map_or(from, |unit| from + unit.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let normal = normalise(text);
        assert_eq!(normal.signs.iter().collect::<String>(), expected);
        assert_eq!(normal.signs.len(), normal.spans.len());
        for (start, end) in normal.spans {
            assert!(text.get(start..end).is_some());
        }
    }

    #[test]
    fn figures_dates_and_units_are_masked() {
        check("拆除彩钢房１，２０３.５ 平方米。", "拆除彩钢房#");
        check("于2019年8月18日完成,覆土3万余立方米", "于#完成覆土#");
        check("栽植侧柏三百二十株", "栽植侧柏#");
        check("统一规划,一处厂房,面积约 0.48亩", "统一规划#厂房面积约#");
        check("ＡＢ（甲）", "ab甲");
        check("", "");
    }
}
