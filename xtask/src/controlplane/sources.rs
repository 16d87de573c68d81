//! The Go module that the programs are built from.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::Error;

/// The module, and a digest of all that goes into a build.
pub(super) struct Sources {
    pub(super) dir: PathBuf,
    pub(super) digest: String,
}

impl Sources {
    /// Reads those of this repository.
    pub(super) fn read() -> Result<Self, Error> {
        Self::read_from(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/controlplane"))
    }

    fn read_from(dir: &Path) -> Result<Self, Error> {
        let dir = dir.canonicalize().map_err(Error::file("find", dir))?;
        let mut files = with_extensions(&dir, &["go", "mod", "sum"])?;
        files.extend(with_extensions(&dir.join("stages"), &["yaml"])?);
        let mut digest = Sha256::new();
        for file in files {
            let content = fs::read(&file).map_err(Error::file("read", &file))?;
            // Name and length, so that moving text from one file to the next is a change.
            let name = file.strip_prefix(&dir).unwrap_or(&file).to_string_lossy();
            digest.update(format!("{name} {}\n", content.len()));
            digest.update(content);
        }
        Ok(Self { dir, digest: hex(&digest.finalize()) })
    }

    /// What tells one build from another: the sources, the compiler and how it is called.
    pub(super) fn key(&self, go_version: &str, build_arguments: &[&str]) -> String {
        let all = format!("{}\n{go_version}\n{}", self.digest, build_arguments.join(" "));
        hex(&Sha256::digest(all))[..16].to_owned()
    }
}

/// The files of a directory with one of the extensions, by name.
pub(super) fn with_extensions(dir: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>, Error> {
    let read = Error::file("read the directory", dir);
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(read)?;
    let wanted = |path: &PathBuf| {
        path.extension().is_some_and(|found| extensions.iter().any(|wanted| found == *wanted))
    };
    let mut files: Vec<_> = entries.iter().map(fs::DirEntry::path).filter(wanted).collect();
    files.sort();
    Ok(files)
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest_of(files: &[(&str, &str)]) -> String {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("stages")).unwrap();
        for (name, content) in files {
            fs::write(dir.path().join(name), content).unwrap();
        }
        Sources::read_from(dir.path()).unwrap().digest
    }

    #[test]
    fn digest_changes_with_names_and_contents() {
        let base = digest_of(&[("a.go", "12"), ("b.go", "3")]);
        assert_eq!(base, digest_of(&[("b.go", "3"), ("a.go", "12")]));
        assert_ne!(base, digest_of(&[("a.go", "1"), ("b.go", "23")]));
        assert_ne!(base, digest_of(&[("a.go", "12"), ("c.go", "3")]));
        assert_ne!(base, digest_of(&[("a.go", "12"), ("b.go", "3"), ("stages/x.yaml", "")]));
    }

    #[test]
    fn digest_ignores_what_is_not_built() {
        assert_eq!(digest_of(&[("a.go", "1")]), digest_of(&[("a.go", "1"), ("README.md", "x")]));
    }

    #[test]
    fn key_depends_on_sources_compiler_and_flags() {
        let sources = Sources { dir: PathBuf::new(), digest: "d".to_owned() };
        let key = sources.key("go1.26.8", &["-trimpath"]);
        assert_eq!(key.len(), 16);
        assert_ne!(key, sources.key("go1.26.9", &["-trimpath"]));
        assert_ne!(key, sources.key("go1.26.8", &[]));
        assert_ne!(key, Sources { digest: "e".to_owned(), ..sources }.key("go1.26.8", &["-trimpath"]));
    }
}
