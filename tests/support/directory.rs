//! Where a run keeps its files: logs are there to be read after a failure, and gone with the next run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A new directory of this run. Several runs may go on at once.
pub fn new(name: &str) -> PathBuf {
    static RUN: OnceLock<(PathBuf, File)> = OnceLock::new();
    let (run, _lock) = RUN.get_or_init(start);
    let dir = run.join(name);
    fs::create_dir(&dir).unwrap_or_else(|error| panic!("cannot create {}: {error}", dir.display()));
    dir
}

/// Makes the directory of this run, and removes those of runs that have ended: their locks are free.
fn start() -> (PathBuf, File) {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cluster");
    fs::create_dir_all(&all).unwrap();
    for old in fs::read_dir(&all).unwrap().map(|entry| entry.unwrap().path()) {
        if File::open(old.join("lock")).is_ok_and(|lock| lock.try_lock().is_ok()) {
            drop(fs::remove_dir_all(old));
        }
    }
    let run = all.join(format!("run-{}", std::process::id()));
    drop(fs::remove_dir_all(&run));
    fs::create_dir(&run).unwrap();
    let lock = File::create(run.join("lock")).unwrap();
    lock.lock().unwrap();
    (run, lock)
}
