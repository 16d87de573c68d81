//! Where built programs are kept, for all clones of the repository.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
};

use super::{Error, Progress, build, sources::Sources};

/// Holds the digest of the sources, so that a build can be found without knowing the version of Go.
const SOURCES_FILE: &str = "sources.sha256";

/// The directory of all builds.
pub(super) fn dir() -> Result<PathBuf, Error> {
    choose(|name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))
        .ok_or(Error::NoCache)
}

fn choose(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    variable("SCORE_OPERATOR_CACHE")
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("score-operator")))
        .or_else(|| Some(variable("HOME")?.join(".cache/score-operator")))
}

/// The build of these sources by any version of Go, for a machine that has none.
pub(super) fn find(cache: &Path, sources: &Sources) -> Option<PathBuf> {
    let is_wanted = |dir: &PathBuf| {
        is_build(dir)
            && fs::read_to_string(dir.join(SOURCES_FILE)).is_ok_and(|digest| digest == sources.digest)
    };
    fs::read_dir(cache).ok()?.filter_map(Result::ok).map(|entry| entry.path()).find(is_wanted)
}

fn is_build(dir: &Path) -> bool {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("controlplane-") && !name.contains('.')
}

/// The build of these sources by this version of Go, built now if need be.
pub(super) fn find_or_build(
    cache: &Path,
    sources: &Sources,
    go_version: &str,
    progress: &dyn Progress,
) -> Result<PathBuf, Error> {
    let dir = cache.join(format!("controlplane-{}", sources.key(go_version, &build::ARGUMENTS)));
    if dir.exists() {
        return Ok(dir);
    }
    fs::create_dir_all(cache).map_err(Error::file("create", cache))?;
    let _lock = lock(&cache.join("controlplane.lock"), progress)?;
    // Somebody else may have built it while we waited for the lock.
    if !dir.exists() {
        build_into(&dir, sources, progress)?;
    }
    Ok(dir)
}

/// Two builds at once would each take as long as both: the second waits. A lock ends with its process.
fn lock(path: &Path, progress: &dyn Progress) -> Result<File, Error> {
    let file = File::create(path).map_err(Error::file("create", path))?;
    if file.try_lock().is_err() {
        progress.report("another process is building the control plane, waiting for it");
        file.lock().map_err(Error::file("lock", path))?;
    }
    Ok(file)
}

/// Builds beside the final place, so that what is there is always whole.
fn build_into(dir: &Path, sources: &Sources, progress: &dyn Progress) -> Result<(), Error> {
    let unfinished = dir.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(Error::file("remove", &unfinished))?;
    }
    build::run(sources, &unfinished, progress)?;
    let digest = unfinished.join(SOURCES_FILE);
    fs::write(&digest, &sources.digest).map_err(Error::file("write", &digest))?;
    fs::rename(&unfinished, dir).map_err(Error::file("rename to its final name", &unfinished))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cache_is_where_the_environment_says() {
        let with =
            |set: &[&str]| choose(|name| set.contains(&name).then(|| PathBuf::from(format!("/{name}"))));
        assert_eq!(with(&["SCORE_OPERATOR_CACHE", "HOME"]), Some("/SCORE_OPERATOR_CACHE".into()));
        assert_eq!(with(&["XDG_CACHE_HOME", "HOME"]), Some("/XDG_CACHE_HOME/score-operator".into()));
        assert_eq!(with(&["HOME"]), Some("/HOME/.cache/score-operator".into()));
        assert_eq!(with(&[]), None);
    }

    #[test]
    fn finds_a_finished_build_by_its_sources() {
        let cache = tempfile::tempdir().unwrap();
        let sources = Sources { dir: PathBuf::new(), digest: "d1".to_owned() };
        for (name, digest) in [("controlplane-a", "d0"), ("controlplane-b.unfinished", "d1")] {
            fs::create_dir(cache.path().join(name)).unwrap();
            fs::write(cache.path().join(name).join(SOURCES_FILE), digest).unwrap();
        }
        assert_eq!(find(cache.path(), &sources), None);
        fs::write(cache.path().join("controlplane-a").join(SOURCES_FILE), "d1").unwrap();
        assert_eq!(find(cache.path(), &sources), Some(cache.path().join("controlplane-a")));
    }
}
