//! The file of `--output`.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use evergrant::Response;

use super::cut;
use crate::failure::{Failure, Outcome, file};
use crate::progress::Bar;
use crate::signals;

/// Where an answer goes: into a new file that gets its final name when the answer is complete, or directly
/// into a device or a pipe.
pub(super) struct Output {
    file: File,
    /// The temporary name of the new file, until the answer is complete.
    part: Option<PathBuf>,
    path: PathBuf,
}

impl Output {
    /// Makes the new file before the request is sent, so that a folder without write permission is noticed
    /// first.
    pub(super) fn open(path: &Path) -> Outcome<Output> {
        let failed = |error: io::Error| file("write", path, &error);
        let (path, mode) = match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                let text = format!("{} is a folder: name a file in it", path.display());
                return Err(Failure::new(text));
            }
            Ok(found) if !found.is_file() => {
                let file = File::options().write(true).open(path).map_err(failed)?;
                return Ok(Output { file, part: None, path: path.to_owned() });
            }
            // If the path is a link, replace the file that the link leads to.
            Ok(found) => (std::fs::canonicalize(path).map_err(failed)?, Some(found.permissions())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (target(path), None),
            Err(error) => return Err(failed(error)),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let part = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
        signals::part(Some(part.clone()));
        let open = File::create_new(&part);
        let open = open.inspect_err(|_| signals::part(None));
        let open = open.map_err(|error| file("write", &part, &error))?;
        let output = Output { file: open, part: Some(part), path };
        if let Some(mode) = mode {
            output.file.set_permissions(mode).map_err(failed)?;
        }
        Ok(output)
    }

    pub(super) fn fill(mut self, answer: Response, quiet: bool) -> Outcome<()> {
        let size = answer.header("content-length").and_then(|text| text.parse().ok());
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut bar = Bar::new(&name, size, quiet);
        let mut reader = answer.into_reader();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let length = reader.read(&mut buffer).map_err(cut)?;
            if length == 0 {
                break;
            }
            let written = self.file.write_all(&buffer[..length]);
            written.map_err(|error| file("write", &self.path, &error))?;
            bar.add(length as u64);
        }
        bar.end();
        if let Some(part) = &self.part {
            let saved = self.file.sync_all().and_then(|()| std::fs::rename(part, &self.path));
            saved.map_err(|error| file("write", &self.path, &error))?;
            self.part = None;
            signals::part(None);
        }
        Ok(())
    }
}

/// The path that a broken link leads to; for any other path, the path itself.
fn target(path: &Path) -> PathBuf {
    match (std::fs::read_link(path), path.parent()) {
        (Ok(target), Some(folder)) => folder.join(target),
        _ => path.to_owned(),
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            let _ = std::fs::remove_file(part);
            signals::part(None);
        }
    }
}
