//! Metadata in a file. The file only saves requests: if it cannot be read, the metadata is fetched.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use serde::Serialize;

use super::Metadata;
use crate::backend::{disk, owner};
use crate::protocol;
use crate::secret::random_id;

/// The largest size of a file, in bytes.
const LIMIT: u64 = 2 << 20;

/// Reads the file, if it has the metadata of this issuer. The metadata is checked like an answer: a file that
/// others can write must not send tokens elsewhere over plain HTTP.
pub(super) fn load(file: &Path, issuer: &str, asked: &str) -> Option<Metadata> {
    let metadata: Metadata = serde_json::from_slice(&read(file)?).ok()?;
    let members = serde_json::to_vec(metadata.members()).ok()?;
    protocol::read_metadata(issuer, asked, &members).ok()?;
    Some(metadata)
}

/// Reads a file that only this user may write.
pub(super) fn read(file: &Path) -> Option<Vec<u8>> {
    let (opened, of_file) = disk::open(file, File::options().read(true)).ok()??;
    if !disk::is_at(&opened, file).ok()? || !owner::is_only_ours(&of_file, file) {
        return None;
    }
    let mut bytes = Vec::new();
    opened.take(LIMIT + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= LIMIT).then_some(bytes)
}

/// Replaces the whole file at once, so that a reader sees the old file or the new file, complete.
pub(super) fn write(file: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", random_id()));
    let sibling = file.with_file_name(name);
    let written = disk::create(&sibling)
        .and_then(|mut out| out.write_all(&serde_json::to_vec(value)?))
        .and_then(|()| fs::rename(&sibling, file));
    if written.is_err() {
        let _ = fs::remove_file(&sibling);
    }
    written
}
