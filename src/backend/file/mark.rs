//! The mark: a small file beside the record that says which content of the record was last flushed to the disk.

use std::fs::{File, Metadata};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::super::{disk, owner};

/// More bytes than any mark has.
const LONGEST: usize = 256;

/// Identifies the content of a file: two different contents never have the same identity.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Content {
    file: disk::Identity,
    modified: Option<SystemTime>,
    digest: Vec<u8>,
}

impl Content {
    /// The identity of the content that was just written to an open file.
    pub(super) fn of(file: &File, bytes: &[u8]) -> Option<Content> {
        let metadata = file.metadata().ok()?;
        Some(Content::new(disk::identity(file, &metadata).ok()?, &metadata, bytes))
    }

    pub(super) fn new(file: disk::Identity, metadata: &Metadata, bytes: &[u8]) -> Content {
        let digest = ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().to_vec();
        Content { file, modified: metadata.modified().ok(), digest }
    }

    /// The identity in one line; `None` where a file system gives files no identity.
    fn name(&self) -> Option<String> {
        let (device, inode) = self.file?;
        let modified = self.modified?.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_nanos();
        let mut name = format!("{device} {inode} {modified} ");
        for byte in &self.digest {
            for half in [byte >> 4, byte & 15] {
                name.extend(char::from_digit(half.into(), 16));
            }
        }
        name.push('\n');
        Some(name)
    }
}

/// The path of the file that names the content whose file and folder were flushed. This file is written
/// after the flush and never flushed itself. A process that finds the record's content in this file
/// need not flush again. (A short program spends most of its time in the store on flushing.) After a
/// power cut the file may be missing or old; then it does not name the record's content.
pub(super) fn path(target: &Path) -> PathBuf {
    disk::beside(target, ".", ".evergrant-flushed")
}

/// Names the content that was just flushed. `us` is our user number on this file system.
pub(super) fn write(target: &Path, content: Option<&Content>, us: Option<u32>) {
    if let Some(text) = content.and_then(Content::name) {
        let path = path(target);
        if overwrite(&path, text.as_bytes(), us).is_none() {
            // A new file, so that nothing is written through a link or into a pipe. If the file cannot be
            // written, the next program flushes once more.
            let _ = disk::remove(&path);
            let _ = disk::create(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        }
    }
}

/// Overwrites a mark that this user has made. In a folder, only one file can be made or removed at a time,
/// and the others wait, perhaps for a flush. A reader that finds half of the new text flushes once more.
fn overwrite(path: &Path, text: &[u8], us: Option<u32>) -> Option<()> {
    let options = &mut File::options();
    let (mut file, metadata) = disk::open(path, options.write(true)).ok()??;
    let private = disk::mode(&metadata)? & 0o077 == 0;
    if us.is_none() || owner::of(&metadata) != us || !private {
        return None;
    }
    // On some systems, opening follows a link.
    if disk::has_second_name(path, &metadata) || !disk::is_at(&file, path).unwrap_or(false) {
        return None;
    }
    file.write_all(text).ok()?;
    let length = text.len() as u64;
    if metadata.len() == length { Some(()) } else { file.set_len(length).ok() }
}

pub(super) fn names(target: &Path, content: &Content) -> bool {
    let Ok(Some((file, _))) = disk::open(&path(target), File::options().read(true)) else {
        return false;
    };
    let mut found = Vec::with_capacity(LONGEST);
    // If the read fails, `found` is too short and does not match.
    let _ = disk::read_up_to(&file, LONGEST as u64, &mut found);
    content.name().map(String::into_bytes) == Some(found)
}
