//! Builds the programs with Go.

use std::{
    collections::VecDeque,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use super::{
    Error, Progress,
    sources::{Sources, with_extensions},
};

/// Where the programs are, below the directory of a build.
pub(super) const BIN: &str = "bin";
/// Where kwok's and our stages are.
pub(super) const STAGES: [&str; 2] = ["stages/kwok", "stages/sim"];

/// Without `-X` the API server calls itself v0.0.0-master, and clients that check the version refuse it.
pub(super) const ARGUMENTS: [&str; 5] = [
    "build",
    "-v",
    "-trimpath",
    "-buildvcs=false",
    "-ldflags=-s -w \
     -X k8s.io/component-base/version.gitVersion=v1.36.3 \
     -X k8s.io/component-base/version.gitMajor=1 \
     -X k8s.io/component-base/version.gitMinor=36",
];

const KWOK: &str = "sigs.k8s.io/kwok";
const TAIL_LINES: usize = 30;

/// Builds programs and stages into a new directory.
pub(super) fn run(sources: &Sources, dir: &Path, progress: &dyn Progress) -> Result<(), Error> {
    let mut go = go(&sources.dir);
    go.args(ARGUMENTS).arg("-o").arg(dir.join(BIN).join("")).args([".", &format!("{KWOK}/cmd/kwok")]);
    watch(go, progress)?;
    copy_kwok_stages(&sources.dir, &dir.join(STAGES[0]))?;
    copy_all(&with_extensions(&sources.dir.join("stages"), &["yaml"])?, &dir.join(STAGES[1]))
}

fn go(dir: &Path) -> Command {
    let mut go = Command::new("go");
    go.env("CGO_ENABLED", "0").current_dir(dir).stdin(Stdio::null());
    go
}

/// Runs `go build -v`, which names each package that it has compiled.
fn watch(mut go: Command, progress: &dyn Progress) -> Result<(), Error> {
    let started = Instant::now();
    let mut child =
        go.stderr(Stdio::piped()).spawn().map_err(|error| failed(&go, &error.to_string(), String::new()))?;
    let mut output = Output::default();
    let lines = lines(&mut child);
    while output.take(&lines) {
        progress.report(&output.summary(started.elapsed()));
    }
    let status = child.wait().map_err(|error| failed(&go, &error.to_string(), output.tail()))?;
    if status.success() { Ok(()) } else { Err(failed(&go, &status.to_string(), output.tail())) }
}

fn failed(go: &Command, status: &str, tail: String) -> Error {
    let dir = go.get_current_dir().unwrap_or(Path::new(".")).to_owned();
    Error::Build { command: format!("{go:?}"), dir, status: status.to_owned(), tail }
}

/// The lines of the child's stderr, read by a thread so that we can report while none comes.
fn lines(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    if let Some(stderr) = child.stderr.take() {
        std::thread::spawn(move || {
            BufReader::new(stderr).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
    }
    receiver
}

/// What `go build` has said so far.
#[derive(Default)]
struct Output {
    packages: usize,
    downloads: usize,
    last: VecDeque<String>,
}

impl Output {
    /// Takes the lines of the next second; false after the last.
    fn take(&mut self, lines: &Receiver<String>) -> bool {
        let until = Instant::now() + Duration::from_secs(1);
        loop {
            match lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => self.add(line),
                Err(error) => return error == RecvTimeoutError::Timeout,
            }
        }
    }

    fn add(&mut self, line: String) {
        if line.starts_with("go: downloading ") {
            self.downloads += 1;
        } else if !line.contains(' ') {
            self.packages += 1;
        }
        self.last.push_back(line);
        if self.last.len() > TAIL_LINES {
            self.last.pop_front();
        }
    }

    fn summary(&self, elapsed: Duration) -> String {
        let (seconds, packages, downloads) = (elapsed.as_secs(), self.packages, self.downloads);
        format!(
            "building the test control plane, only this first time, some minutes: {seconds} s, {downloads} modules \
             downloaded, {packages} packages compiled"
        )
    }

    fn tail(&self) -> String {
        self.last.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

/// kwok has no stages built in; those of its own repository come with its module.
fn copy_kwok_stages(dir: &Path, target: &Path) -> Result<(), Error> {
    let kwok = module_dir(dir, KWOK)?;
    for kind in ["node", "pod", "volume"] {
        let files = with_extensions(&kwok.join("kustomize/stage").join(kind).join("fast"), &["yaml"])?;
        // A kustomization and a StorageClass are no stages; `controlplane up` creates the latter.
        let is_stage =
            |file: &PathBuf| !file.ends_with("kustomization.yaml") && !file.ends_with("storage-class.yaml");
        copy_all(&files.into_iter().filter(is_stage).collect::<Vec<_>>(), target)?;
    }
    Ok(())
}

fn module_dir(dir: &Path, module: &str) -> Result<PathBuf, Error> {
    let mut go = go(dir);
    go.args(["list", "-m", "-f", "{{.Dir}}", module]);
    let output = go.output().map_err(|error| failed(&go, &error.to_string(), String::new()))?;
    if output.status.success() {
        Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
    } else {
        Err(failed(&go, &output.status.to_string(), String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

/// Copies contents only: files of the module cache are read-only.
fn copy_all(files: &[PathBuf], target: &Path) -> Result<(), Error> {
    fs::create_dir_all(target).map_err(Error::file("create", target))?;
    for file in files {
        let content = fs::read(file).map_err(Error::file("read", file))?;
        let copy = target.join(file.file_name().unwrap_or_default());
        fs::write(&copy, content).map_err(Error::file("write", &copy))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_go_says() {
        let mut output = Output::default();
        for line in [
            "go: downloading k8s.io/api v0.36.3",
            "k8s.io/api/core/v1",
            "k8s.io/api/apps/v1",
            "# k8s.io/broken",
        ] {
            output.add(line.to_owned());
        }
        assert_eq!((output.downloads, output.packages), (1, 2));
        assert!(output.tail().ends_with("\n# k8s.io/broken"));
    }

    #[test]
    fn keeps_only_the_end_of_the_output() {
        let mut output = Output::default();
        (0..100).for_each(|number| output.add(number.to_string()));
        assert_eq!((output.last.len(), output.last.front().unwrap().as_str()), (TAIL_LINES, "70"));
    }
}
