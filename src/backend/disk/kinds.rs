//! The type of a file system.

use std::fs;
use std::path::Path;

use crate::substring::{replaced, split};

/// The file systems that reserve the space for written bytes at the write itself, also for bytes that they
/// have not put on the disk yet. On other file systems, such as network file systems, a full disk may show
/// only at the flush. The device under any file system may take its space at the flush: a thin pool, or a
/// disk image that grows.
const RESERVING: [&str; 7] = ["btrfs", "ext2", "ext3", "ext4", "f2fs", "tmpfs", "xfs"];

/// Whether the file system of `path` is known to reserve space for bytes that are written and not flushed.
pub(in super::super) fn reserves_at_once(path: &Path) -> bool {
    with_kind(path, |kind| RESERVING.contains(&kind))
}

/// Calls `work` with the type of the file system of `path`; the type is empty if it is not known.
pub(in super::super) fn with_kind<T>(path: &Path, work: impl FnOnce(&str) -> T) -> T {
    if !cfg!(target_os = "linux") {
        return work("");
    }
    let Ok(path) = fs::canonicalize(path) else { return work("") };
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    work(kind_of(&path, &mounts).unwrap_or_default())
}

/// The type of the file system of `path` in a list of mounts, as proc_pid_mountinfo(5) describes it.
fn kind_of<'a>(path: &Path, mounts: &'a str) -> Option<&'a str> {
    let mut found: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let Some((before, after)) = line.split_once(" - ") else { continue };
        let (Some(folder), Some(kind)) = (split(before, ' ').nth(4), split(after, ' ').next())
        else {
            continue;
        };
        let folder = [("\\040", " "), ("\\011", "\t"), ("\\134", "\\")]
            .iter()
            .fold(folder.to_owned(), |folder, (code, c)| replaced(&folder, code, c));
        // If a folder has several mounts, the last mount is visible.
        if path.starts_with(&folder) && found.is_none_or(|(length, _)| folder.len() >= length) {
            found = Some((folder.len(), kind));
        }
    }
    found.map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_system_of_a_path_is_that_of_its_innermost_mount() {
        let mounts = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
                      30 22 0:40 / /home rw - nfs4 host:/home rw\n\
                      31 30 0:41 / /home/me/fast rw master:1 shared:2 - xfs /dev/sdb rw\n\
                      32 22 0:42 / /homework rw - fuse.sshfs x rw\n\
                      33 31 0:43 / /home/me/fast rw - tmpfs none rw\n\
                      34 22 0:44 / /my\\040net rw - cifs //host/x rw\n";
        for (path, kind) in [
            ("/var/lib/logins", "ext4"),
            ("/home/you/logins", "nfs4"),
            ("/home/me/fast/logins", "tmpfs"),
            ("/homework/logins", "fuse.sshfs"),
            ("/my net/logins", "cifs"),
        ] {
            assert_eq!(kind_of(Path::new(path), mounts), Some(kind), "{path}");
        }
        assert_eq!(kind_of(Path::new("/a"), ""), None);
    }
}
