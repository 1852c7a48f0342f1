//! Makes text from outside the program safe to show in a terminal and in a log line.

use std::fmt::{self, Write as _};

/// Whether a character moves the cursor, begins a line, reverses the line or is invisible.
pub(crate) fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Returns the text in one line, with a blank in place of each character for which [`is_unseen`] is true.
pub(crate) fn plain(text: String) -> String {
    if text.contains(is_unseen) { text.replace(is_unseen, " ") } else { text }
}

/// Returns the path of a file with secrets, for an error. A caller may have passed the content of the
/// file instead of its path, so a path that does not exist is shown only if it looks like the path of a
/// key file.
#[cfg(any(feature = "dotenv", feature = "encryption", feature = "jwt"))]
pub(crate) fn path(path: &std::path::Path) -> String {
    const ENDINGS: [&str; 9] = ["json", "pem", "key", "p8", "der", "crt", "cer", "txt", "env"];
    let text = path.display().to_string();
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let odd = |c: char| is_unseen(c) || matches!(c, '{' | '}' | '"' | '=' | '\u{fffd}');
    let fits = text.len() <= 255 && !text.contains(odd) && !text.contains("-----");
    let named = ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known));
    let is_env = path.file_name().is_some_and(|name| name == ".env");
    if path.exists() {
        plain(text)
    } else if fits && (named || is_env) {
        text
    } else {
        "the file (what was given as its path is not shown: it may be the content)".to_owned()
    }
}

/// Writes like `write!`, in one line and without invisible characters.
pub(crate) fn write(f: &mut fmt::Formatter<'_>, args: fmt::Arguments<'_>) -> fmt::Result {
    Plain(f).write_fmt(args)
}

struct Plain<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for Plain<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut pieces = text.split(is_unseen);
        self.0.write_str(pieces.next().unwrap_or_default())?;
        pieces.try_for_each(|piece| {
            self.0.write_char(' ')?;
            self.0.write_str(piece)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_a_cursor_or_turns_a_line_is_a_blank() {
        let odd = "a\u{1b}[31mb\r\nc\u{202e}d\u{2066}e\u{9b}f\u{61c}g\u{e0041}h\u{ad}i";
        assert_eq!(plain(odd.to_owned()), "a [31mb  c d e f g h i");
        assert_eq!(plain("é 日本 👍".to_owned()), "é 日本 👍");
    }
}
