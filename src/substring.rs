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

/// Returns what stands before and after the first `separator` in `text`. (A call of std's function in each place would
/// make a program larger.)
#[inline(never)]
pub(crate) fn split_once(text: &str, separator: char) -> Option<(&str, &str)> {
    text.split_once(separator)
}

/// The part of `text` before the first `separator`; the whole text if there is no separator.
pub(crate) fn before(text: &str, separator: char) -> &str {
    split_once(text, separator).map_or(text, |(before, _)| before)
}

/// The parts of `text` between the separators.
pub(crate) fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut left = Some(text);
    std::iter::from_fn(move || {
        let text = left?;
        let cut = split_once(text, separator);
        left = cut.map(|(_, after)| after);
        Some(cut.map_or(text, |(before, _)| before))
    })
}

/// Reads a number that has digits only; `None` for any other string, and for a number that does not fit.
#[inline(never)]
pub(crate) fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_as_std_splits_it() {
        for text in ["", ".", "a", "a.", ".a", "a..b", "\u{e9}.\u{e9}."] {
            assert!(split(text, '.').eq(text.split('.')), "{text:?}");
            assert_eq!(Some(before(text, '.')), text.split('.').next());
        }
    }
}
