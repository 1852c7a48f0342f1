//! Absolute paths, in the form that people and other programs read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The absolute path, so that a later change of the working directory does not matter.
pub(in super::super) fn absolute(path: &Path) -> PathBuf {
    plain(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}

/// The folder's path without links. On some drives (RAM disks, drives of virtual machines) Windows
/// cannot give this path, and the absolute path is used.
pub(super) fn without_links(folder: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(folder) {
        Ok(path) => Ok(plain(path)),
        Err(_) if cfg!(windows) && fs::metadata(folder).is_ok_and(|there| there.is_dir()) => {
            std::path::absolute(folder).map(plain)
        }
        Err(error) => Err(error),
    }
}

/// On Windows, the path without the prefix `\\?\`, if it means the same without the prefix. Many programs
/// cannot read the prefix, and a URI for SQLite cannot hold it. No absolute path of another system has
/// this prefix.
fn plain(path: PathBuf) -> PathBuf {
    if cfg!(not(windows)) {
        return path;
    }
    match path.to_str().and_then(without_prefix) {
        Some(plain) => PathBuf::from(plain),
        None => path,
    }
}

/// The longest path that is written without the prefix, in bytes. Windows reads 260 characters without the
/// prefix (`MAX_PATH`); the files beside the record have longer names than the record.
const LONGEST: usize = 200;

/// `C:\a` for `\\?\C:\a`, and `\\server\share\a` for `\\?\UNC\server\share\a`. Returns `None` if the path has
/// no prefix, or names another file without the prefix: Windows then reads `/` as a separator, drops dots and
/// blanks at the end of a name, and treats names such as `NUL` and `COM1.txt` as devices
/// (<https://learn.microsoft.com/windows/win32/fileio/naming-a-file>).
fn without_prefix(path: &str) -> Option<String> {
    let rest = path.strip_prefix(r"\\?\")?;
    let (start, names) = match rest.strip_prefix(r"UNC\") {
        Some(names) => (r"\\", names),
        None => {
            let names = rest.get(2..)?.strip_prefix('\\')?;
            let drive =
                rest.as_bytes().first()?.is_ascii_alphabetic() && rest[1..].starts_with(':');
            if !drive {
                return None;
            }
            (&rest[..3], names)
        }
    };
    let plain = format!("{start}{names}");
    let same = names.is_empty() || names.split('\\').all(means_itself);
    (same && plain.len() <= LONGEST).then_some(plain)
}

/// Whether Windows uses this name unchanged.
fn means_itself(name: &str) -> bool {
    const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    let device = DEVICES.contains(&stem.as_str())
        || numbered.is_some_and(|number| number.chars().count() == 1);
    let odd = |c: char| c.is_control() || "/:*?\"<>|".contains(c);
    !name.is_empty() && !device && !name.ends_with(['.', ' ']) && !name.contains(odd)
}

#[cfg(test)]
mod tests {
    use super::without_prefix;

    #[test]
    fn a_verbatim_path_is_written_plainly_where_it_means_the_same() {
        for (verbatim, plain) in [
            (r"\\?\C:\", r"C:\"),
            (r"\\?\C:\Users\J. Doe\login.json", r"C:\Users\J. Doe\login.json"),
            (r"\\?\z:\.login.json.evergrant-next", r"z:\.login.json.evergrant-next"),
            (r"\\?\UNC\server\share\login.json", r"\\server\share\login.json"),
            (r"\\?\C:\console\common.txt", r"C:\console\common.txt"),
        ] {
            assert_eq!(without_prefix(verbatim).as_deref(), Some(plain));
        }
        let longest = format!(r"C:\{}", "a".repeat(197));
        assert_eq!(without_prefix(&format!(r"\\?\{longest}")), Some(longest));
    }

    #[test]
    fn a_verbatim_path_is_kept_where_it_means_something_else() {
        let long = format!(r"\\?\C:\{}", "a".repeat(198));
        for kept in [
            r"C:\plain",
            r"\\server\share",
            r"\\?\Volume{b75e2c83-0000-0000-0000-602f00000000}\a",
            r"\\?\GLOBALROOT\Device\a",
            r"\\?\C:relative",
            r"\\?\C:",
            r"\\?\1:\a",
            r"\\?\",
            r"\\?\C:\a.\b",
            r"\\?\C:\a \b",
            r"\\?\C:\a/b",
            r"\\?\C:\nul",
            r"\\?\C:\Com1.txt",
            r"\\?\C:\lpt²",
            r"\\?\C:\aux .json",
            r"\\?\C:\a\\b",
            r"\\?\ä:\a",
            r"\\?\CC\a",
            "\\\\?\\C:\\a\u{1}b",
            &long,
        ] {
            assert_eq!(without_prefix(kept), None, "{kept}");
        }
    }
}
