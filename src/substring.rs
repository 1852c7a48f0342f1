//! Searches strings and reads numbers. std's functions are long, and would be compiled into each module that
//! uses them.

/// Whether `part` is in `text`.
#[inline(never)]
pub(crate) fn has(text: &str, part: &str) -> bool {
    text.contains(part)
}

/// Returns `text` with every `from` replaced by `to`.
#[inline(never)]
pub(crate) fn replaced(text: &str, from: &str, to: &str) -> String {
    text.replace(from, to)
}

/// Reads a number that has digits only; `None` for any other string, and for a number that does not fit.
#[inline(never)]
pub(crate) fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}
