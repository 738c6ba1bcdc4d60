//! From tokens to one number: an angle with its direction, or a bare number whose meaning the pair decides.

use super::lexer::{self, Dotted, Token, Tokens, Unit};
use super::{Axis, Hemisphere, Notation, field_place};
use crate::diagnostic::Diagnostic;

/// Why a text is no coordinate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Problem {
    Missing,
    TooLong,
    Unreadable,
    Ambiguous,
    Contradictory,
    OutOfRange,
    /// Minutes or seconds of sixty or more; the value with the carry done, when it is exactly sixty.
    Sixty(Option<f64>),
}

impl Problem {
    pub(super) fn diagnostic(self, text: &str, field: Option<&str>) -> Diagnostic {
        let code = match self {
            Problem::Missing => "coordinate.missing",
            Problem::TooLong | Problem::Unreadable => "coordinate.unreadable",
            Problem::Ambiguous => "coordinate.ambiguous_notation",
            Problem::Contradictory => "coordinate.contradictory",
            Problem::OutOfRange => "coordinate.out_of_range",
            Problem::Sixty(_) => "coordinate.sixty",
        };
        let excerpt: String = text.trim().chars().take(60).collect();
        let told = Diagnostic::error(code)
            .at(field_place(field))
            .arg("text", excerpt);
        match self {
            Problem::Sixty(Some(carried)) => told.repair(format!("{carried:.7}")),
            _ => told,
        }
    }
}

/// One number of a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scalar {
    /// Degrees; or, when bare, whatever the number is.
    pub(super) value: f64,
    pub(super) hemisphere: Option<Hemisphere>,
    pub(super) label: Option<Axis>,
    pub(super) notation: Notation,
    /// One unit of the last digit.
    pub(super) step: f64,
    /// A number without any unit or direction.
    pub(super) is_bare: bool,
    /// Full-width digits or unusual signs were understood.
    pub(super) is_normalized: bool,
    /// A sign of degree, minute or direction was written.
    pub(super) is_marked: bool,
}

impl Scalar {
    /// Whether the number is too large for an angle in degrees and carries no unit: packed, or metres.
    pub(super) fn is_bare_and_large(&self) -> bool {
        self.is_bare && self.value.abs() > 360.0
    }

    pub(super) fn is_labeled(&self, axis: Axis) -> bool {
        self.hemisphere.map(Hemisphere::axis) == Some(axis) || self.label == Some(axis)
    }

    pub(super) fn has_label(&self) -> bool {
        self.hemisphere.is_some() || matches!(self.label, Some(Axis::Longitude | Axis::Latitude))
    }

    /// What a survey letter says of a grid coordinate: true for a northing (X), false for an easting (Y).
    pub(super) fn says_northing(&self) -> Option<bool> {
        match self.label {
            Some(Axis::SurveyX | Axis::Latitude) => Some(true),
            Some(Axis::SurveyY | Axis::Longitude) => Some(false),
            None => None,
        }
    }

    /// The number read as ddmm.mmmm or dddmmss.s; none when its digits do not allow it.
    pub(super) fn packed(&self) -> Option<Scalar> {
        let magnitude = self.value.abs();
        let (degrees, minutes, seconds, notation, step) = if magnitude < 18_060.0 {
            let degrees = (magnitude / 100.0).floor();
            (
                degrees,
                magnitude - degrees * 100.0,
                0.0,
                Notation::PackedDegreesMinutes,
                self.step / 60.0,
            )
        } else if magnitude < 1_806_060.0 {
            let degrees = (magnitude / 10_000.0).floor();
            let rest = magnitude - degrees * 10_000.0;
            let minutes = (rest / 100.0).floor();
            (
                degrees,
                minutes,
                rest - minutes * 100.0,
                Notation::PackedDegreesMinutesSeconds,
                self.step / 3600.0,
            )
        } else {
            return None;
        };
        let value = (degrees + minutes / 60.0 + seconds / 3600.0).copysign(self.value);
        let is_sexagesimal = minutes < 60.0 && seconds < 60.0 && degrees <= 180.0;
        is_sexagesimal.then_some(Scalar {
            value,
            notation,
            step,
            is_bare: false,
            ..*self
        })
    }

    /// The remark that a reading other than plain decimal degrees leaves.
    pub(super) fn note(&self, text: &str, repair: String) -> Option<Diagnostic> {
        let code = if self.notation != Notation::DecimalDegrees {
            "coordinate.notation"
        } else if self.is_normalized || self.is_marked || self.value < 0.0 {
            "coordinate.normalized"
        } else {
            return None;
        };
        let told = Diagnostic::note(code)
            .arg("text", text.trim())
            .arg("notation", self.notation.name());
        Some(told.arg("repair", &repair).repair(repair))
    }
}

/// Reads one number from one text.
pub(super) fn read(text: &str) -> Result<Scalar, Problem> {
    if let Some(number) = grouped(text) {
        return read(&number);
    }
    let Tokens {
        list,
        is_normalized,
    } = lexer::tokens(text)?;
    scalar(trim_separators(&list), is_normalized)
}

/// Digits in groups of three (`36,453,210.4`), without the commas.
fn grouped(text: &str) -> Option<String> {
    if !text.contains(',') {
        return None;
    }
    let text = text.trim();
    let (whole, _) = text.split_once('.').unwrap_or((text, ""));
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let is_digits =
        |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    let rest: Vec<&str> = groups.collect();
    let is_grouped = rest.len() > 1 || (rest.len() == 1 && first.len() == 3 && text.contains('.'));
    let is_three = rest
        .iter()
        .all(|group| is_digits(group) && group.len() == 3);
    (is_grouped && is_three && is_digits(first) && first.len() <= 3).then(|| text.replace(',', ""))
}

/// Reads two numbers from one text.
pub(super) fn read_pair(text: &str) -> Result<(Scalar, Scalar), Problem> {
    let Tokens {
        list,
        is_normalized,
    } = lexer::tokens(text)?;
    let list = trim_separators(&list);
    let (first, second) = list.split_at(split_point(list).ok_or(Problem::Unreadable)?);
    Ok((
        scalar(trim_separators(first), is_normalized)?,
        scalar(trim_separators(second), is_normalized)?,
    ))
}

fn trim_separators(mut list: &[Token]) -> &[Token] {
    while let [Token::Separator, rest @ ..] | [rest @ .., Token::Separator] = list {
        list = rest;
    }
    list
}

/// Where the second value of a pair begins: at the only separator, at the second label, at the second degree sign, or
/// half way through the numbers.
fn split_point(list: &[Token]) -> Option<usize> {
    let positions = |wanted: fn(&Token) -> bool| -> Vec<usize> {
        list.iter()
            .enumerate()
            .filter(|(_, token)| wanted(token))
            .map(|(index, _)| index)
            .collect()
    };
    let separators = positions(|token| matches!(token, Token::Separator));
    if let [only] = separators[..] {
        return Some(only);
    }
    if separators.len() > 1 {
        return middle_separator(list, &separators);
    }
    let labels = positions(|token| matches!(token, Token::Direction(_) | Token::Label(_)));
    let numbers = positions(|token| matches!(token, Token::Number(_) | Token::Dotted(_)));
    let degree_signs = positions(|token| matches!(token, Token::Unit(Unit::Degree)));
    let split = match (&labels[..], &degree_signs[..]) {
        ([first, second], _) => {
            if first < numbers.first()? {
                *second
            } else {
                first + 1
            }
        }
        (_, [_, second]) => *numbers.iter().rev().find(|number| *number < second)?,
        _ if numbers.len() % 2 == 0 => *numbers.get(numbers.len() / 2)?,
        _ => return None,
    };
    // The sign of the second value belongs to it.
    let is_signed = split > 0 && list[split - 1] == Token::Minus && split - 1 > *numbers.first()?;
    Some(if is_signed { split - 1 } else { split })
}

/// With several separators (`106,32,15;35,33,0` or `东经…，北纬…，高程`) only an odd one in the middle is clear.
fn middle_separator(list: &[Token], separators: &[usize]) -> Option<usize> {
    let middle = *separators.get(separators.len() / 2)?;
    let count = |part: &[Token]| {
        part.iter()
            .filter(|token| matches!(token, Token::Number(_)))
            .count()
    };
    let is_even = separators.len() % 2 == 1 && count(&list[..middle]) == count(&list[middle..]);
    is_even.then_some(middle)
}

/// A component of a sexagesimal angle.
#[derive(Clone, Copy)]
struct Component {
    value: f64,
    decimals: i32,
    unit: Option<Unit>,
}

/// One number from its tokens.
fn scalar(list: &[Token], is_normalized: bool) -> Result<Scalar, Problem> {
    let mut builder = Builder::default();
    for token in list {
        builder.take(*token)?;
    }
    builder.finish(is_normalized)
}

#[derive(Default)]
struct Builder {
    components: Vec<Component>,
    dotted: Option<Dotted>,
    hemisphere: Option<Hemisphere>,
    label: Option<Axis>,
    is_negative: bool,
}

impl Builder {
    fn take(&mut self, token: Token) -> Result<(), Problem> {
        match token {
            Token::Number(number) => {
                self.components.push(Component {
                    value: number.value,
                    decimals: number.decimals,
                    unit: None,
                });
                if self.components.len() > 3 {
                    Err(Problem::Unreadable)
                } else {
                    Ok(())
                }
            }
            Token::Dotted(dotted) => set(&mut self.dotted, dotted),
            Token::Unit(unit) => self.unit(unit),
            Token::Direction(hemisphere) => set(&mut self.hemisphere, hemisphere),
            Token::Label(axis) => set(&mut self.label, axis),
            // Between numbers a dash or a comma parts degrees from minutes; before them a dash is the sign.
            Token::Minus => {
                self.is_negative |= self.components.is_empty() && self.dotted.is_none();
                Ok(())
            }
            Token::Colon | Token::Separator => Ok(()),
        }
    }

    /// The unit of the number before it. A last minute sign behind minutes was meant for seconds.
    fn unit(&mut self, unit: Unit) -> Result<(), Problem> {
        let count = self.components.len();
        let last = self.components.last_mut().ok_or(Problem::Unreadable)?;
        let meant = if count == 3 && unit == Unit::Minute {
            Unit::Second
        } else {
            unit
        };
        let expected = [Unit::Degree, Unit::Minute, Unit::Second][count - 1];
        if last.unit.is_some() || meant != expected {
            return Err(Problem::Unreadable);
        }
        last.unit = Some(meant);
        Ok(())
    }

    fn finish(self, is_normalized: bool) -> Result<Scalar, Problem> {
        let is_marked = self.hemisphere.is_some()
            || self.label.is_some()
            || self.components.iter().any(|c| c.unit.is_some());
        let is_bare = self.components.len() == 1
            && self.hemisphere.is_none()
            && self.components[0].unit.is_none();
        let (magnitude, notation, step) = match self.dotted {
            Some(dotted) if self.components.is_empty() => dotted_value(dotted)?,
            Some(_) => return Err(Problem::Unreadable),
            None => sexagesimal(&self.components)?,
        };
        let is_turned = self.hemisphere.is_some_and(Hemisphere::is_negative);
        if is_turned && self.is_negative {
            return Err(Problem::Contradictory);
        }
        let value = if is_turned || self.is_negative {
            -magnitude
        } else {
            magnitude
        };
        Ok(Scalar {
            value,
            hemisphere: self.hemisphere,
            label: self.label,
            notation,
            step,
            is_bare,
            is_normalized,
            is_marked,
        })
    }
}

/// Sets what may be said once; saying it again differently is a contradiction.
fn set<T: PartialEq>(slot: &mut Option<T>, value: T) -> Result<(), Problem> {
    if slot.as_ref().is_some_and(|present| *present != value) {
        return Err(Problem::Contradictory);
    }
    *slot = Some(value);
    Ok(())
}

fn dotted_value(dotted: Dotted) -> Result<(f64, Notation, f64), Problem> {
    let value = joined(dotted.degrees, dotted.minutes, dotted.seconds)?;
    Ok((
        value,
        Notation::DottedSexagesimal,
        10.0_f64.powi(-dotted.decimals) / 3600.0,
    ))
}

fn sexagesimal(components: &[Component]) -> Result<(f64, Notation, f64), Problem> {
    // Only the last component may have decimals.
    if components
        .iter()
        .rev()
        .skip(1)
        .any(|component| component.decimals > 0)
    {
        return Err(Problem::Unreadable);
    }
    let step = components
        .last()
        .map_or(1.0, |last| 10.0_f64.powi(-last.decimals));
    match *components {
        [degrees] => Ok((degrees.value, Notation::DecimalDegrees, step)),
        [degrees, minutes] => Ok((
            joined(degrees.value, minutes.value, 0.0)?,
            Notation::DegreesMinutes,
            step / 60.0,
        )),
        [degrees, minutes, seconds] => {
            let value = joined(degrees.value, minutes.value, seconds.value)?;
            Ok((value, Notation::DegreesMinutesSeconds, step / 3600.0))
        }
        _ => Err(Problem::Unreadable),
    }
}

/// Degrees, minutes and seconds as degrees. Sixty is no minute and no second; it is refused with the carry proposed.
fn joined(degrees: f64, minutes: f64, seconds: f64) -> Result<f64, Problem> {
    let value = degrees + minutes / 60.0 + seconds / 3600.0;
    if minutes > 60.0 || seconds > 60.0 {
        return Err(Problem::Sixty(None));
    }
    if minutes == 60.0 || seconds == 60.0 {
        return Err(Problem::Sixty(Some(value)));
    }
    Ok(value)
}
