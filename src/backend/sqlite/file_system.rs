//! The file system of a database: whether a write-ahead log works on it.

use std::path::Path;

use super::super::disk;

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
    disk::with_kind(path, |kind| LOCAL.contains(&kind))
}

/// Returns a warning if the database at `path` has a write-ahead log on a file system that is known to
/// be a network file system.
pub(super) fn warning(path: &Path) -> Option<String> {
    disk::with_kind(path, |kind| warning_of(path, kind))
}

fn warning_of(path: &Path, kind: &str) -> Option<String> {
    let text = "which SQLite's write-ahead log does not support: a second machine can damage the database; \
                move it to a local file system, or set `PRAGMA journal_mode = PERSIST`";
    REMOTE
        .contains(&kind)
        .then(|| format!("{} is on a network file system ({kind}), {text}", path.display()))
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
}
