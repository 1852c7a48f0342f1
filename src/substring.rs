//! Searching and numbers in texts. What std has for it is long, and compiled into each part of a crate
//! that uses it.

/// Whether `part` is in `text`.
#[inline(never)]
pub(crate) fn has(text: &str, part: &str) -> bool {
    text.contains(part)
}

/// `text` with every `from` replaced.
#[inline(never)]
pub(crate) fn replaced(text: &str, from: &str, to: &str) -> String {
    text.replace(from, to)
}

/// A number of digits alone; `None` for anything else, and for more than fits.
#[inline(never)]
pub(crate) fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}
