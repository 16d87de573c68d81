//! The child process that runs all parts: `controlplane up`.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};

use super::Error;

/// How long an answer may take; the supervisor itself gives up after 60 s and says why.
const ANSWER_WITHIN: Duration = Duration::from_secs(75);
/// How long ending may take; the supervisor gives each of three groups of parts 3 s.
const END_WITHIN: Duration = Duration::from_secs(15);

/// The supervisor ends all parts and itself when its stdin ends, and so when this process does.
pub(super) struct Supervisor {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    dir: PathBuf,
}

impl Supervisor {
    /// Starts it in a process group of its own: Ctrl-C at a terminal must not hit the parts in any order.
    pub(super) fn start(mut up: Command, dir: &Path) -> Result<Self, Error> {
        let log = log_file(dir);
        let stderr = File::create(&log).map_err(Error::file("create", &log))?;
        let program = PathBuf::from(up.get_program());
        up.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr).process_group(0);
        let mut child = up.spawn().map_err(Error::file("run", &program))?;
        Ok(Self { stdin: child.stdin.take(), lines: lines(&mut child), child, dir: dir.to_owned() })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The line that says that all is ready.
    pub(super) fn ready(&mut self) -> Result<String, Error> {
        self.lines.recv_timeout(ANSWER_WITHIN).map_err(|_| self.ended("did not start"))
    }

    /// Has one command carried out, and returns what follows `ok`.
    pub(super) fn command(&mut self, command: &str) -> Result<String, Error> {
        let sent = self.stdin.as_ref().is_some_and(|mut stdin| writeln!(stdin, "{command}").is_ok());
        let answer = if sent { self.lines.recv_timeout(ANSWER_WITHIN).ok() } else { None };
        let answer = answer.ok_or_else(|| self.ended("has ended"))?;
        match answer.strip_prefix("ok ") {
            Some(rest) => Ok(rest.to_owned()),
            None => Err(Error::Refused { command: command.to_owned(), answer }),
        }
    }

    /// Returns when it has ended by itself, with the reason.
    pub(super) fn wait(&mut self) -> Error {
        while self.lines.recv().is_ok() {}
        self.ended("has ended")
    }

    /// Ends it, once; later calls do nothing.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        if self.stdin.take().is_none() {
            return Ok(());
        }
        match self.wait_bounded() {
            Some(status) if status.success() => Ok(()),
            _ => Err(self.ended("did not end as it should")),
        }
    }

    /// Waits for its end, and kills it if that takes too long; the parts then die with it.
    fn wait_bounded(&mut self) -> Option<ExitStatus> {
        let until = Instant::now() + END_WITHIN;
        while Instant::now() < until {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        drop(self.child.kill().and_then(|()| self.child.wait()));
        None
    }

    /// Makes sure that it is gone, and asks its stderr why.
    fn ended(&mut self, what: &'static str) -> Error {
        drop(self.stdin.take());
        let status = self.wait_bounded();
        let said = fs::read_to_string(log_file(&self.dir)).unwrap_or_default();
        let explanation = match (status, said.trim()) {
            (None, said) => format!("its supervisor hung and was killed\n{said}"),
            (Some(status), "") => format!("its supervisor said nothing and ended with {status}"),
            (Some(_), said) => said.to_owned(),
        };
        Error::Ended { what, explanation, logs: self.dir.join("logs") }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.end());
    }
}

fn log_file(dir: &Path) -> PathBuf {
    dir.join("supervisor.log")
}

/// The lines of its stdout, read by a thread so that we can stop waiting for one.
fn lines(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
    }
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(script: &str, dir: &Path) -> Supervisor {
        let mut up = Command::new("sh");
        up.args(["-c", script]);
        Supervisor::start(up, dir).unwrap()
    }

    #[test]
    fn a_failed_start_is_explained_by_its_stderr() {
        let dir = tempfile::tempdir().unwrap();
        let error =
            start("echo 'etcd ended unexpectedly' >&2; exit 1", dir.path()).ready().unwrap_err().to_string();
        assert!(error.starts_with("the control plane did not start: etcd ended unexpectedly\n"), "{error}");
        assert!(error.contains(&format!("logs are in {}/logs", dir.path().display())), "{error}");
    }

    #[test]
    fn answers_are_told_from_refusals() {
        let dir = tempfile::tempdir().unwrap();
        let mut supervisor =
            start("read line; echo ok $line; read line; echo error no $line; cat", dir.path());
        assert_eq!(supervisor.command("kill etcd").unwrap(), "kill etcd");
        let error = supervisor.command("kill dog").unwrap_err().to_string();
        assert_eq!(error, "the control plane refused `kill dog`: error no kill dog");
        supervisor.end().unwrap();
        assert!(matches!(supervisor.command("kill etcd"), Err(Error::Ended { .. })));
    }
}
