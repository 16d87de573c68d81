//! Named steps, and how long each took.

use std::time::{Duration, Instant};

/// The steps of a task, announced on stdout as they begin.
#[derive(Default)]
pub struct Steps {
    done: Vec<(String, Duration)>,
    current: Option<(String, Instant)>,
}

impl Steps {
    /// Begins a step; the one before has ended.
    pub fn begin(&mut self, name: &str, details: &str) {
        self.end();
        println!("\n== {name}{}{details}", if details.is_empty() { "" } else { ": " });
        self.current = Some((name.to_owned(), Instant::now()));
    }

    /// Ends the current step.
    pub fn end(&mut self) {
        if let Some((name, begun)) = self.current.take() {
            self.done.push((name, begun.elapsed()));
        }
    }

    /// A line per step, and the sum.
    pub fn summary(&self) -> String {
        let total = self.done.iter().map(|(_, took)| *took).sum();
        let width = self.done.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        let line = |name: &str, took: Duration| format!("   {name:width$} {:7.1} s\n", took.as_secs_f64());
        let lines: String = self.done.iter().map(|(name, took)| line(name, *took)).collect();
        lines + &line("in all", total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_lines_up_and_adds_up() {
        let done = [("build", 1200), ("roll out", 300)];
        let done = done.map(|(name, millis)| (name.to_owned(), Duration::from_millis(millis))).into();
        let summary = Steps { done, current: None }.summary();
        assert_eq!(summary, "   build        1.2 s\n   roll out     0.3 s\n   in all       1.5 s\n");
    }
}
