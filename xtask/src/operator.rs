//! The operator, as a process of this machine.

use std::{
    ffi::OsString,
    fs::File,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Error, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};
use tokio::{process::Child, time::timeout};

/// The subcommand of ours that becomes another program.
pub const EXEC_BOUND: &str = "exec-bound";
/// How long it may take to end when told to.
const END_WITHIN: Duration = Duration::from_secs(5);
const TAIL_LINES: usize = 15;

/// The operator's process. It ends when this value is dropped, and if we die in any way.
pub struct Operator {
    child: Child,
    log: PathBuf,
}

impl Operator {
    /// Starts `run` of the program with a kubeconfig; its log goes to a file.
    ///
    /// In: called by the thread that lives as long as the process, since the kernel ends the child with its thread.
    pub fn start(program: &Path, arguments: &[&str], kubeconfig: &Path, log: &Path) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        // Ourselves, also if the file that we came from was built anew meanwhile.
        let mut command = Command::new("/proc/self/exe");
        command.arg(EXEC_BOUND).arg(program).arg("run").args(arguments);
        command.env("KUBECONFIG", kubeconfig).env("NO_COLOR", "1");
        // In a group of its own: Ctrl-C at the terminal is for us, and we end it.
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0);
        let mut command = tokio::process::Command::from(command);
        let child = command.kill_on_drop(true).spawn().context("cannot start the operator")?;
        Ok(Self { child, log: log.to_owned() })
    }

    /// Returns when it has ended by itself, with the end of its log.
    pub async fn ended(&mut self) -> Error {
        let status =
            self.child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string());
        anyhow!(
            "the operator has ended ({status}); its log {} says last:\n{}",
            self.log.display(),
            self.log_tail()
        )
    }

    /// Where its log is.
    pub fn log(&self) -> &Path {
        &self.log
    }

    fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }

    /// The most memory that it has held so far, in KiB.
    pub fn peak_memory_kib(&self) -> Result<u64> {
        let id = self.child.id().context("the operator has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        peak_memory_kib(&status).context("the kernel does not say how much memory the operator has held")
    }

    /// Asks it to end, and makes it end if it does not.
    pub async fn stop(mut self) -> Result<()> {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(id) = id {
            kill_process(id, Signal::TERM)?;
        }
        if let Ok(status) = timeout(END_WITHIN, self.child.wait()).await {
            return status.map(drop).context("cannot wait for the operator");
        }
        self.child.kill().await?;
        bail!("the operator did not end within {} s of SIGTERM", END_WITHIN.as_secs())
    }
}

/// The most memory that a process has held, from its `/proc/…/status`.
pub fn peak_memory_kib(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Becomes a program that the kernel ends when the process dies that started us. Returns only on failure.
pub fn exec_bound(command: &[OsString]) -> Result<()> {
    let (program, arguments) = command.split_first().context("which program?")?;
    set_parent_process_death_signal(Some(Signal::TERM))?;
    let error = Command::new(program).args(arguments).exec();
    Err(error).with_context(|| format!("cannot run {}", Path::new(program).display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peak_memory_is_read_from_the_kernels_status() {
        let status = "Name:\tx\nVmPeak:\t  99999 kB\nVmHWM:\t   20480 kB\nVmRSS:\t   10 kB\n";
        assert_eq!(peak_memory_kib(status), Some(20480));
        assert_eq!(peak_memory_kib("Name:\tx\n"), None);
    }
}
