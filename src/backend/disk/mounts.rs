//! Files that are mounts of their own.

use std::path::Path;

use super::wrong;
use crate::error::BoxError;

/// Refuses a file that is a mount of its own: the files beside it are on another file system, which may
/// be removed with a container.
pub(in super::super) fn check_mount(doing: &str, target: &Path) -> Result<(), BoxError> {
    if is_mounted(target) { Err(mounted(doing, target)) } else { Ok(()) }
}

/// The error for a file that is a mount of its own.
pub(in super::super) fn mounted(doing: &str, target: &Path) -> BoxError {
    wrong(format!(
        "cannot {doing} {}: the file itself is mounted (a single-file mount of a container, \
         `subPath`); mount its folder instead",
        target.display()
    ))
}

/// Whether something is mounted on the file itself.
fn is_mounted(target: &Path) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use std::os::unix::ffi::OsStrExt as _;
        // The path is the fifth field (proc_pid_mountinfo(5)), with blanks and backslashes as
        // `\040`.
        let path = target.as_os_str().as_bytes();
        let mounts = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
        let is_it = |line: &[u8]| {
            let point = line.split(|byte| *byte == b' ').nth(4);
            point.is_some_and(|point| unescaped(point) == path)
        };
        mounts.split(|byte| *byte == b'\n').any(is_it)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = target;
        false
    }
}

/// Replaces each backslash with three octal digits by the byte that they stand for.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn unescaped(mut text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    loop {
        match text {
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', rest @ ..] => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                text = rest;
            }
            [byte, rest @ ..] => {
                bytes.push(*byte);
                text = rest;
            }
            [] => return bytes,
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::unescaped;

    #[test]
    fn escaped_mount_points_are_decoded() {
        for (written, read) in [
            ("/a/b", "/a/b"),
            (r"/a\040b\134", r"/a b\"),
            (r"/a\04", r"/a\04"),
            (r"\400", r"\400"),
            ("\\011x", "\tx"),
        ] {
            assert_eq!(unescaped(written.as_bytes()), read.as_bytes(), "{written}");
        }
    }
}
