//! What a source says about a site: nearly the truth, seldom the whole of it.

use super::notation::Day;
use super::plane::{Point, Ring, moved, rounded, scaled};
use super::random::Random;
use super::reserve::ZONES;
use super::sites::Site;

/// One statement of one source.
#[derive(Clone)]
pub(crate) struct Claim<'a> {
    /// The site meant, if there is one.
    pub(crate) site: Option<&'a Site>,
    /// Name as this source writes it.
    pub(crate) name: String,
    /// Township as this source writes it.
    pub(crate) township: String,
    /// Position as this source has it.
    pub(crate) point: Option<Point>,
    /// Outline as this source has it.
    pub(crate) ring: Ring,
    /// Area as this source has it.
    pub(crate) area_m2: f64,
    /// Class as this source has it.
    pub(crate) label: &'static str,
    /// Zone as this source has it.
    pub(crate) zone: &'static str,
    /// Status as this source has it.
    pub(crate) status: &'static str,
    /// Building day as this source has it.
    pub(crate) built_on: Day,
    /// Official number.
    pub(crate) code: Option<String>,
    /// Field, statement, truth of what others deny.
    pub(crate) denied: Vec<(&'static str, String, String)>,
}

impl<'a> Claim<'a> {
    /// What a source says that looked from near by.
    pub(crate) fn about(random: &mut Random, site: &'a Site) -> Self {
        let reach = site.area_m2.sqrt().clamp(10.0, 70.0) * 0.4;
        let shift = [random.between(-reach, reach), random.between(-reach, reach)];
        let factor = random.between(0.93, 1.08);
        Self {
            site: Some(site),
            name: written_name(random, site),
            township: written_township(random, site.township),
            point: Some(rounded(moved(site.center, shift[0], shift[1]))),
            ring: scaled(&site.ring, site.center, factor, shift.map(|s| s * 0.4)),
            area_m2: site.area_m2 * factor * factor,
            label: site.kind.label,
            zone: site.zone_label(),
            status: site.status,
            built_on: site.built_on,
            code: None,
            denied: Vec::new(),
        }
    }

    /// What a source says about a place where there is nothing.
    pub(crate) fn about_nothing(center: Point, ring: Ring, area_m2: f64) -> Self {
        Self {
            site: None,
            name: "疑似变化区域".to_owned(),
            township: String::new(),
            point: Some(center),
            ring,
            area_m2,
            label: "其他人类活动",
            zone: ZONES[2].1,
            status: "",
            built_on: Day::new(2018, 0, 0),
            code: None,
            denied: Vec::new(),
        }
    }

    /// Means the same site by another official number.
    pub(crate) fn coded(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Says an area far from the true one.
    pub(crate) fn deny_area(&mut self, factor: f64) {
        let truth = self.area_m2;
        self.area_m2 *= factor;
        let written = |area: f64| format!("{area:.0} m²");
        self.denied
            .push(("area_m2", written(self.area_m2), written(truth)));
    }

    /// Says another class.
    pub(crate) fn deny_label(&mut self, label: &'static str) {
        if label != self.label {
            self.denied
                .push(("activity_type", label.to_owned(), self.label.to_owned()));
            self.label = label;
        }
    }

    /// Says another status.
    pub(crate) fn deny_status(&mut self, status: &'static str) {
        if status != self.status {
            self.denied
                .push(("current_status", status.to_owned(), self.status.to_owned()));
            self.status = status;
        }
    }

    /// Says another zone.
    pub(crate) fn deny_zone(&mut self, zone: &'static str) {
        if zone != self.zone {
            self.denied
                .push(("zone_kind", zone.to_owned(), self.zone.to_owned()));
            self.zone = zone;
        }
    }

    /// Says another building year.
    pub(crate) fn deny_built_on(&mut self, years: i16) {
        let said = Day::new(self.built_on.year + years, 0, 0);
        self.denied
            .push(("built_on", said.iso(), self.built_on.iso()));
        self.built_on = said;
    }

    /// A patch's number is known to more than one source; every other number is the source's own.
    fn cites_patch(&self) -> bool {
        self.code.as_ref().is_some_and(|code| code.contains("-62-"))
    }

    /// What a register can recognise the site by.
    pub(crate) fn matched_by(&self) -> &'static str {
        let is_named = self.site.is_some_and(|site| site.name == self.name);
        match (self.site, self.point) {
            (None, _) => "nothing",
            (_, Some(_)) => "geometry",
            _ if self.cites_patch() => "code",
            _ if is_named => "name",
            _ => "person",
        }
    }
}

/// The name as people write it: with Arabic numbers, turned round, shortened.
fn written_name(random: &mut Random, site: &Site) -> String {
    let name = &site.name;
    match random.below(9) {
        0 => arabic(name),
        1 => format!("{name}（原址）"),
        2 => format!("{}{name}", site.township.trim_start_matches("平凉")),
        3 => name.replacen("演示", "演示 ", 1),
        _ => name.clone(),
    }
}

fn arabic(name: &str) -> String {
    let digit = |letter: char| "〇一二三四五六七八九".chars().position(|d| d == letter);
    let Some(head) = name.strip_suffix('号') else {
        return name.to_owned();
    };
    let stem = head.trim_end_matches(|letter| digit(letter).is_some() || letter == '十');
    let mut number = 0;
    for letter in head[stem.len()..].chars() {
        number = match digit(letter) {
            Some(value) => number + value,
            None => number.max(1) * 10,
        };
    }
    if number == 0 {
        name.to_owned()
    } else {
        format!("{stem}{number}号")
    }
}

fn written_township(random: &mut Random, township: &str) -> String {
    match random.below(5) {
        0 => township.trim_end_matches(['乡', '镇']).to_owned(),
        1 => format!("平凉市崆峒区{}", township.trim_start_matches("平凉")),
        _ => township.to_owned(),
    }
}

/// So many of the sites that satisfy a condition, in a random order.
pub(crate) fn chosen<'a>(
    random: &mut Random,
    sites: &'a [Site],
    count: usize,
    condition: impl Fn(&Site) -> bool,
) -> Vec<&'a Site> {
    let mut found: Vec<&Site> = sites.iter().filter(|site| condition(site)).collect();
    random.shuffle(&mut found);
    found.truncate(count);
    found
}

#[cfg(test)]
mod tests {
    use super::arabic;

    #[test]
    fn numbers_of_names_turn_arabic() {
        assert_eq!(arabic("演示采石场十二号"), "演示采石场12号");
        assert_eq!(arabic("演示采石场二十号"), "演示采石场20号");
        assert_eq!(arabic("演示滑道"), "演示滑道");
    }
}
