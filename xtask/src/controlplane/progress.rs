use std::{
    io::{IsTerminal, Write},
    sync::Mutex,
    time::{Duration, Instant},
};

/// Where nobody sees a line being rewritten, one every ten seconds shows that it goes on.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Is told, about once a second, how far a long task is.
pub trait Progress {
    /// Shows the text in place of the one before.
    fn report(&self, text: &str);
}

impl<F: Fn(&str)> Progress for F {
    fn report(&self, text: &str) {
        self(text);
    }
}

/// Shows progress on stderr: one line that changes on a terminal, elsewhere a new line every ten seconds.
///
/// It writes past the capture of the test harness, since a test that is silent for minutes looks like one that hangs.
pub struct Console {
    terminal: bool,
    shown: Mutex<Option<Instant>>,
}

impl Default for Console {
    fn default() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), shown: Mutex::new(None) }
    }
}

impl Progress for Console {
    fn report(&self, text: &str) {
        let Ok(mut shown) = self.shown.lock() else { return };
        let (start, end) = if self.terminal { ("\r\x1b[K", "") } else { ("", "\n") };
        if self.terminal || shown.is_none_or(|at| at.elapsed() >= LINE_EVERY) {
            write_stderr(&format!("{start}{text}{end}"));
            *shown = Some(Instant::now());
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        if self.terminal && self.shown.get_mut().is_ok_and(|shown| shown.is_some()) {
            write_stderr("\n");
        }
    }
}

/// Progress that cannot be shown is no reason to fail.
fn write_stderr(text: &str) {
    let mut stderr = std::io::stderr();
    drop(stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()));
}
