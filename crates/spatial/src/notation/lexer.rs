//! From characters to tokens: digits of any width, the many signs for degree, minute and second, directions, labels.

use super::scalar::Problem;
use super::{Axis, Hemisphere, MAX_TEXT_BYTES};

/// A piece of a coordinate text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token {
    Number(Number),
    /// `106.32.15.2`: degrees, minutes, seconds with dots between.
    Dotted(Dotted),
    Unit(Unit),
    Direction(Hemisphere),
    Label(Axis),
    Minus,
    /// A colon or an equals sign: between label and value, or between degrees and minutes.
    Colon,
    /// A sign that parts two values.
    Separator,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number {
    pub(super) value: f64,
    pub(super) decimals: i32,
    /// Written straight after a space, for telling `106 -32` from `106-32`.
    pub(super) after_space: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dotted {
    pub(super) degrees: f64,
    pub(super) minutes: f64,
    pub(super) seconds: f64,
    /// Decimals of the seconds.
    pub(super) decimals: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Degree,
    Minute,
    Second,
}

/// The tokens of a text, and whether anything but plain ASCII signs had to be understood.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    pub(super) list: Vec<Token>,
    pub(super) is_normalized: bool,
}

/// Values that stand for "nothing here".
const BLANKS: [&str; 10] = ["/", "-", "—", "--", "——", "无", "不详", "未知", "空", "\\"];

pub(super) fn tokens(text: &str) -> Result<Tokens, Problem> {
    let text = text.trim_matches(is_blank);
    if text.is_empty() || BLANKS.contains(&text) {
        return Err(Problem::Missing);
    }
    if text.len() > MAX_TEXT_BYTES {
        return Err(Problem::TooLong);
    }
    let mut lexer = Lexer {
        rest: text,
        tokens: Tokens {
            list: Vec::with_capacity(8),
            is_normalized: false,
        },
        after_space: false,
    };
    while let Some(character) = lexer.rest.chars().next() {
        lexer.step(character)?;
    }
    Ok(lexer.tokens)
}

/// White space of any width, and marks of no width.
fn is_blank(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{2060}')
}

struct Lexer<'a> {
    rest: &'a str,
    tokens: Tokens,
    after_space: bool,
}

impl Lexer<'_> {
    fn step(&mut self, character: char) -> Result<(), Problem> {
        if digit(character).is_some() {
            return self.number();
        }
        if character.is_ascii_alphabetic()
            || ('Ａ'..='Ｚ').contains(&character)
            || ('ａ'..='ｚ').contains(&character)
        {
            return self.word();
        }
        self.rest = &self.rest[character.len_utf8()..];
        let is_space = is_blank(character);
        if !is_space {
            self.sign(character)?;
        }
        self.after_space = is_space;
        Ok(())
    }

    fn push(&mut self, token: Token) {
        self.tokens.list.push(token);
        self.after_space = false;
    }

    /// Digits with dots between them. The usual ones, ASCII with one dot at most, are read where they stand.
    fn number(&mut self) -> Result<(), Problem> {
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(self.rest.len());
        let (plain, rest) = self.rest.split_at(end);
        let dots = plain.bytes().filter(|byte| *byte == b'.').count();
        let is_usual = dots <= 1 && !plain.ends_with('.') && (1..=18).contains(&plain.len());
        if is_usual && !rest.starts_with(|c| matches!(c, '．' | '。' | '０'..='９')) {
            let decimals = plain.find('.').map_or(0, |dot| plain.len() - dot - 1);
            let token = number(plain, decimals, self.after_space)?;
            self.rest = rest;
            self.push(token);
            return Ok(());
        }
        self.unusual_number()
    }

    /// Full-width digits, ideographic stops, several dots.
    fn unusual_number(&mut self) -> Result<(), Problem> {
        let mut run = String::new();
        for character in self.rest.chars() {
            let plain = match digit(character) {
                Some(plain) => plain,
                None if matches!(character, '.' | '．' | '。') => {
                    if character == '。' {
                        '。'
                    } else {
                        '.'
                    }
                }
                None => break,
            };
            self.tokens.is_normalized |= !character.is_ascii();
            self.rest = &self.rest[character.len_utf8()..];
            run.push(plain);
        }
        let token = number_token(run.trim_end_matches(['.', '。']), self.after_space)?;
        self.push(token);
        Ok(())
    }

    /// A word of Latin letters: a direction, a label or a unit.
    fn word(&mut self) -> Result<(), Problem> {
        let mut word = String::new();
        for character in self.rest.chars() {
            let Some(letter) = latin(character) else {
                break;
            };
            self.tokens.is_normalized |= !character.is_ascii();
            self.rest = &self.rest[character.len_utf8()..];
            word.push(letter);
        }
        let seconds_next = self.tokens.list.iter().rev().find_map(unit_of) == Some(Unit::Minute);
        let token = match word.as_str() {
            "e" | "east" => Token::Direction(Hemisphere::East),
            "w" | "west" => Token::Direction(Hemisphere::West),
            "n" | "north" => Token::Direction(Hemisphere::North),
            "s" if seconds_next && matches!(self.tokens.list.last(), Some(Token::Number(_))) => {
                Token::Unit(Unit::Second)
            }
            "s" | "south" => Token::Direction(Hemisphere::South),
            "lon" | "long" | "lng" | "longitude" => Token::Label(Axis::Longitude),
            "lat" | "latitude" => Token::Label(Axis::Latitude),
            "x" => Token::Label(Axis::SurveyX),
            "y" => Token::Label(Axis::SurveyY),
            "d" | "deg" => Token::Unit(Unit::Degree),
            "m" | "min" => Token::Unit(Unit::Minute),
            "sec" => Token::Unit(Unit::Second),
            _ => return Err(Problem::Unreadable),
        };
        self.push(token);
        Ok(())
    }

    /// A single sign or Chinese character.
    fn sign(&mut self, character: char) -> Result<(), Problem> {
        self.tokens.is_normalized |= is_odd_sign(character);
        let last = self.tokens.list.last().copied();
        let token = match character {
            // 东经…, 经度…: the second character only completes the label.
            '度' if matches!(last, Some(Token::Label(_) | Token::Direction(_))) => return Ok(()),
            '经' | '經' | '纬' | '緯' if matches!(last, Some(Token::Direction(_))) => {
                return Ok(());
            }
            '坐' | '标' | '约' | '(' | ')' | '（' | '）' | '[' | ']' | '【' | '】' => {
                return Ok(());
            }
            '+' | '＋' => return Ok(()),
            '°' | 'º' | '˚' | '度' | '∘' | '゜' | '⁰' | '℃' => Token::Unit(Unit::Degree),
            '′' | '\'' | '’' | '‘' | '分' | '＇' | '´' | '`' | 'ʹ' => {
                return self.minute_sign(last);
            }
            '″' | '"' | '”' | '“' | '秒' | '＂' | '〃' | 'ʺ' | '˝' => {
                Token::Unit(Unit::Second)
            }
            '东' | '東' => Token::Direction(Hemisphere::East),
            '西' => Token::Direction(Hemisphere::West),
            '北' => Token::Direction(Hemisphere::North),
            '南' => Token::Direction(Hemisphere::South),
            '经' | '經' => Token::Label(Axis::Longitude),
            '纬' | '緯' => Token::Label(Axis::Latitude),
            '纵' => Token::Label(Axis::SurveyX),
            '横' => Token::Label(Axis::SurveyY),
            '-' | '－' | '−' | '–' | '—' => Token::Minus,
            ':' | '：' | '=' | '＝' => Token::Colon,
            ',' | '，' | ';' | '；' | '、' | '/' | '／' | '|' | '｜' => Token::Separator,
            _ => return Err(Problem::Unreadable),
        };
        self.push(token);
        Ok(())
    }

    /// Two minute signs in a row are a second sign.
    fn minute_sign(&mut self, last: Option<Token>) -> Result<(), Problem> {
        if last == Some(Token::Unit(Unit::Minute)) {
            self.tokens.list.pop();
            self.push(Token::Unit(Unit::Second));
        } else {
            self.push(Token::Unit(Unit::Minute));
        }
        Ok(())
    }
}

fn unit_of(token: &Token) -> Option<Unit> {
    match token {
        Token::Unit(unit) => Some(*unit),
        _ => None,
    }
}

/// A digit of either width, as ASCII.
fn digit(character: char) -> Option<char> {
    match character {
        '0'..='9' => Some(character),
        '０'..='９' => char::from_u32(u32::from(character) - u32::from('０') + u32::from('0')),
        _ => None,
    }
}

/// A Latin letter of either width, as lower-case ASCII.
fn latin(character: char) -> Option<char> {
    match character {
        'a'..='z' | 'A'..='Z' => Some(character.to_ascii_lowercase()),
        'ａ'..='ｚ' | 'Ａ'..='Ｚ' => {
            char::from_u32(u32::from(character) - u32::from('Ａ') + u32::from('A'))
                .map(|letter| letter.to_ascii_lowercase())
        }
        _ => None,
    }
}

/// Signs that are neither ASCII nor the usual typographic ones.
fn is_odd_sign(character: char) -> bool {
    !character.is_ascii()
        && !matches!(
            character,
            '°' | '′' | '″' | '度' | '分' | '秒' | '东' | '西' | '南' | '北' | '经' | '纬'
        )
}

/// A run of digits and dots: a number, or three to four groups of a dotted sexagesimal.
fn number_token(run: &str, after_space: bool) -> Result<Token, Problem> {
    let groups: Vec<&str> = run.split(['.', '。']).collect();
    if groups.iter().any(|group| group.len() > 18) {
        return Err(Problem::Unreadable);
    }
    let has_ideographic_stop = run.contains('。');
    match groups[..] {
        [_] => number(run, 0, after_space),
        // One or two digits below sixty behind a Chinese full stop may be minutes or decimals.
        [_, fraction]
            if has_ideographic_stop && fraction.len() <= 2 && is_below_sixty(fraction) =>
        {
            Err(Problem::Ambiguous)
        }
        [whole, fraction] => number(&format!("{whole}.{fraction}"), fraction.len(), after_space),
        [degrees, minutes, seconds] => dotted(degrees, minutes, seconds, ""),
        [degrees, minutes, seconds, fraction] => dotted(degrees, minutes, seconds, fraction),
        _ => Err(Problem::Unreadable),
    }
}

fn is_below_sixty(digits: &str) -> bool {
    digits.parse::<u8>().is_ok_and(|value| value < 60)
}

fn number(digits: &str, decimals: usize, after_space: bool) -> Result<Token, Problem> {
    let value: f64 = digits.parse().ok().ok_or(Problem::Unreadable)?;
    let decimals = i32::try_from(decimals).unwrap_or(i32::MAX);
    Ok(Token::Number(Number {
        value,
        decimals,
        after_space,
    }))
}

fn dotted(degrees: &str, minutes: &str, seconds: &str, fraction: &str) -> Result<Token, Problem> {
    // Minutes and whole seconds have at most two digits; anything else is some other use of dots.
    if minutes.is_empty() || minutes.len() > 2 || seconds.is_empty() || seconds.len() > 2 {
        return Err(Problem::Unreadable);
    }
    let parse = |digits: &str| digits.parse::<f64>().ok().ok_or(Problem::Unreadable);
    Ok(Token::Dotted(Dotted {
        degrees: parse(degrees)?,
        minutes: parse(minutes)?,
        seconds: parse(&format!("{seconds}.{fraction}0"))?,
        decimals: i32::try_from(fraction.len()).unwrap_or(i32::MAX),
    }))
}
