use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, UTF_8, WINDOWS_1252};

use super::Reading;
use crate::diagnostic::Diagnostic;

/// Text and the encoding it was taken for.
pub(super) struct Decoded<'b> {
    pub(super) text: Cow<'b, str>,
    pub(super) encoding: &'static Encoding,
}

/// Decodes text of unknown encoding and reports anything but UTF-8. `declared` is what the file says of itself.
pub(super) fn decode<'b>(
    bytes: &'b [u8],
    declared: Option<&'static Encoding>,
    reading: &mut Reading,
) -> Cow<'b, str> {
    let decoded = decode_quietly(bytes, declared);
    if decoded.encoding != UTF_8 && declared != Some(decoded.encoding) {
        reading.report(
            Diagnostic::note("layer.text_encoding").arg("encoding", decoded.encoding.name()),
        );
    }
    decoded.text
}

/// A byte order mark decides, then a declaration that fits, then UTF-8 that is valid, then GB 18030 that reads like
/// Chinese; the last resort is Windows-1252, which reads anything.
pub(super) fn decode_quietly<'b>(
    bytes: &'b [u8],
    declared: Option<&'static Encoding>,
) -> Decoded<'b> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return Decoded {
            text: encoding.decode_without_bom_handling(&bytes[length..]).0,
            encoding,
        };
    }
    let fitting = declared.into_iter().chain([UTF_8]).find_map(|encoding| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
        Some(Decoded { text, encoding })
    });
    fitting.unwrap_or_else(|| {
        let encoding = guess(bytes);
        Decoded {
            text: encoding.decode_without_bom_handling(bytes).0,
            encoding,
        }
    })
}

/// The encoding of bytes that declare none.
pub(super) fn guess(bytes: &[u8]) -> &'static Encoding {
    if is_utf8_but_for_the_end(bytes) {
        UTF_8
    } else if reads_like_chinese(bytes) {
        GB18030
    } else {
        WINDOWS_1252
    }
}

/// The beginning of a file as text, or nothing if it holds control bytes no text has.
pub(super) fn head_as_text(head: &[u8]) -> Option<Cow<'_, str>> {
    if Encoding::for_bom(head).is_none() && head.iter().any(|byte| is_binary(*byte)) {
        return None;
    }
    Some(decode_quietly(head, None).text)
}

fn is_binary(byte: u8) -> bool {
    byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1a | 0x1e)
}

fn is_utf8_but_for_the_end(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && error.valid_up_to() > 0,
    }
}

/// Nearly any bytes decode as GB 18030, so the pairs must mostly be the common characters of GB 2312; text in Latin-1,
/// Big5 or Shift-JIS is not.
fn reads_like_chinese(bytes: &[u8]) -> bool {
    let (mut common, mut pairs, mut at) = (0_u64, 0_u64, 0);
    while at < bytes.len() {
        if bytes[at] < 0x80 {
            at += 1;
            continue;
        }
        let trail = bytes.get(at + 1).copied().unwrap_or_default();
        pairs += 1;
        common += u64::from(is_common_pair(bytes[at], trail));
        at += 2;
    }
    pairs > 0 && common * 10 >= pairs * 8
}

/// Ideographs of GB 2312, its punctuation and its full-width letters.
fn is_common_pair(lead: u8, trail: u8) -> bool {
    matches!(lead, 0xa1 | 0xa3 | 0xb0..=0xf7) && matches!(trail, 0xa1..=0xfe)
}
