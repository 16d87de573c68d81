//! Files and directories as they are named on the command line.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::exit::Failure;
use crate::offline::document::File;

/// The most bytes of one file: ten of the largest objects that Kubernetes stores.
const FILE_MAX: u64 = 16 << 20;
/// The most bytes of a file that a Score file names: what a Secret or ConfigMap can hold.
const SOURCE_MAX: u64 = 1 << 20;
/// What stands for stdin.
const STDIN: &str = "-";

/// A file as it was read.
pub(super) struct Input {
    /// Its name in messages.
    pub name: String,
    /// Where the files are that it names.
    directory: PathBuf,
    bytes: Vec<u8>,
    is_named: bool,
}

impl Input {
    /// The file for those that do no I/O.
    pub fn file(&self) -> File<'_> {
        File { name: &self.name, bytes: &self.bytes, is_named: self.is_named }
    }

    /// Whether it is one of these paths, and not only below one.
    pub fn is_one_of(&self, paths: &[PathBuf]) -> bool {
        paths.iter().any(|path| path.as_path() == Path::new(&self.name))
    }

    /// Reads a file that this one names.
    ///
    /// # Errors
    /// Which file, and why it cannot be read.
    pub fn source(&self, name: &str) -> Result<Vec<u8>, String> {
        let path = self.directory.join(name);
        let shown = path.display();
        let regular = no_device(&path).and_then(|()| bounded(&path, SOURCE_MAX));
        let limited = regular.map_err(|error| format!("cannot read `{shown}`: {error}"))?;
        limited
            .ok_or_else(|| format!("`{shown}` is larger than 1 MiB, which no Secret or ConfigMap can hold"))
    }
}

/// Reads files, all those below directories, and stdin for `-`.
///
/// # Errors
/// The first that cannot be read; a directory that holds no YAML.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Input>, Failure> {
    let mut inputs = Vec::new();
    for path in paths {
        if path.is_dir() {
            inputs.extend(below(path)?);
        } else {
            inputs.push(one(path)?);
        }
    }
    Ok(inputs)
}

/// Reads one file that was named, or stdin for `-`.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn one(path: &Path) -> Result<Input, Failure> {
    let bytes =
        if path == Path::new(STDIN) { limited(std::io::stdin(), FILE_MAX) } else { bounded(path, FILE_MAX) };
    let bytes = bytes.map_err(|error| Failure::read(path, &error))?;
    let bytes =
        bytes.ok_or_else(|| Failure::error(format_args!("{} is larger than 16 MiB", path.display())))?;
    let directory = path.parent().map(Path::to_owned).unwrap_or_default();
    Ok(Input { name: path.display().to_string(), directory, bytes, is_named: true })
}

/// The YAML files below a directory, by path; hidden directories are left out.
fn below(directory: &Path) -> Result<Vec<Input>, Failure> {
    let mut paths = Vec::new();
    collect(directory, &mut paths).map_err(|error| Failure::read(directory, &error))?;
    if paths.is_empty() {
        return Err(Failure::error(format_args!("{} holds no .yaml file", directory.display())));
    }
    paths.sort();
    let read = |path: &PathBuf| one(path).map(|input| Input { is_named: is_score(path), ..input });
    paths.iter().map(read).collect()
}

fn collect(directory: &Path, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        // A link to a directory may lead back.
        if entry.file_type()?.is_dir() {
            if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                collect(&path, paths)?;
            }
        } else if path.extension().and_then(OsStr::to_str).is_some_and(|end| matches!(end, "yaml" | "yml")) {
            paths.push(path);
        }
    }
    Ok(())
}

/// `score.yaml`, `web.score.yaml`, `score-web.yaml`: a Score file by its name.
fn is_score(path: &Path) -> bool {
    let stem = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
    stem.split(['.', '-']).any(|part| part == "score")
}

/// Refuses pipes and devices before they are opened: the one would be waited for, the other never ends.
fn no_device(path: &Path) -> std::io::Result<()> {
    let found = std::fs::metadata(path)?;
    let is_known = found.is_file() || found.is_dir();
    if is_known { Ok(()) } else { Err(std::io::Error::other("it is no regular file")) }
}

/// The bytes of a file, or of a pipe as the shell's `<(…)` makes one; `None` where there are more than `max`.
fn bounded(path: &Path, max: u64) -> std::io::Result<Option<Vec<u8>>> {
    let file = std::fs::File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(std::io::Error::other("it is a directory, expected a file"));
    }
    limited(file, max)
}

fn limited(reader: impl Read, max: u64) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(max + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= max).then_some(bytes))
}
