//! The file system of a database: whether a write-ahead log works on it.

use std::fs;
use std::path::Path;

/// The file systems on which a new database gets a write-ahead log. The log needs memory that all
/// processes with the database share, which a network file system does not have
/// (<https://sqlite.org/wal.html>, section 1).
const LOCAL: [&str; 10] =
    ["bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"];

/// File systems of other machines, whose programs share no memory with the programs on this machine.
const REMOTE: [&str; 13] = [
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "fuse.ceph",
    "fuse.glusterfs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
    "nfs",
    "nfs4",
    "smb3",
];

/// Whether the file system of `path` is known to be local.
pub(super) fn is_local(path: &Path) -> bool {
    with_kind(path, |kind| LOCAL.contains(&kind))
}

/// Returns a warning if the database at `path` has a write-ahead log on a file system that is known to
/// be a network file system.
pub(super) fn warning(path: &Path) -> Option<String> {
    with_kind(path, |kind| warning_of(path, kind))
}

fn warning_of(path: &Path, kind: &str) -> Option<String> {
    let text = "which SQLite's write-ahead log does not support: a second machine can damage the database; \
                move it to a local file system, or set `PRAGMA journal_mode = PERSIST`";
    REMOTE
        .contains(&kind)
        .then(|| format!("{} is on a network file system ({kind}), {text}", path.display()))
}

/// Calls back with the type of the file system of `path`, which is empty if it is not known.
fn with_kind<T>(path: &Path, work: impl FnOnce(&str) -> T) -> T {
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
        let (Some(folder), Some(kind)) = (before.split(' ').nth(4), after.split(' ').next()) else {
            continue;
        };
        let folder = folder.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\");
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
    fn a_log_on_a_network_file_system_is_warned_of() {
        let path = Path::new("/net/logins.sqlite");
        for kind in ["nfs4", "cifs", "fuse.sshfs"] {
            let said = warning_of(path, kind).unwrap();
            assert!(said.contains("/net/logins.sqlite") && said.contains(kind), "{said}");
        }
        for kind in ["ext4", "overlay", "fuse.unknown", ""] {
            assert_eq!(warning_of(path, kind), None, "{kind}");
        }
        assert!(LOCAL.iter().all(|kind| !REMOTE.contains(kind)));
    }

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
