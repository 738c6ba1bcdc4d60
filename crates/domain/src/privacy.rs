//! 脱敏 — names of natural persons are not printed whole: the family name stays, the rest is 某.

/// The hundred commonest family names and the compound ones: no list decides who is a person, it only errs towards hiding.
const FAMILY_NAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤";
const COMPOUND_NAMES: [&str; 6] = ["欧阳", "上官", "司马", "诸葛", "司徒", "慕容"];
/// What names of units and places end with.
const ENDINGS_OF_UNITS: &str =
    "厂场站所队局村组社店院寺庙区户部会室家园矿山坊庄行心校馆亭楼宫观台处司厅委办乡镇县市沟河洞路";

/// Whether a text has the shape of a person's Chinese name: two to four characters, a family name first, no unit's ending.
pub fn is_like_a_person(text: &str) -> bool {
    let text = text.trim();
    let length = text.chars().count();
    let is_han = text.chars().all(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let is_compound = COMPOUND_NAMES.iter().any(|name| text.starts_with(name));
    let is_family = text.starts_with(|c| FAMILY_NAMES.contains(c));
    let is_unit = text.ends_with(|c| ENDINGS_OF_UNITS.contains(c));
    let longest = if is_compound { 4 } else { 3 };
    is_han && (2..=longest).contains(&length) && (is_family || is_compound) && !is_unit
}

/// A name for a reader who need not know it: `张某某`; what is said to be a person's but is no plain name is `个人`.
pub fn masked(name: &str) -> String {
    let name = name.trim();
    if !is_like_a_person(name) {
        return "个人".to_owned();
    }
    let is_compound = COMPOUND_NAMES.iter().any(|c| name.starts_with(c));
    let kept = if is_compound { 2 } else { 1 };
    let characters = name.chars().enumerate();
    characters
        .map(|(at, c)| if at < kept { c } else { '某' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{is_like_a_person, masked};

    #[test]
    fn persons_are_told_from_units_by_their_names() {
        for person in ["张三", "李四光", "欧阳修竹"] {
            assert!(is_like_a_person(person), "{person}");
        }
        for unit in [
            "高山村",
            "石料厂",
            "王母宫",
            "林业局",
            "崆峒水电公司",
            "演示建材厂",
            "张",
            "",
        ] {
            assert!(!is_like_a_person(unit), "{unit}");
        }
    }

    #[test]
    fn the_family_name_stays() {
        assert_eq!(masked("张三"), "张某");
        assert_eq!(masked("李四光"), "李某某");
        assert_eq!(masked("欧阳修竹"), "欧阳某某");
        assert_eq!(masked("村民张三等五户"), "个人");
    }
}
