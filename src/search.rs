//! Searching in texts. std's search is compiled into each part of a crate that uses it, and is long.

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
