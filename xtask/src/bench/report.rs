//! What was measured.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

/// The figures. Names and meanings are kept, so that runs can be compared.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// How many workloads.
    pub workloads: usize,
    /// Whether each has a resource of its own.
    pub with_resource: bool,
    /// From the first create of a workload until the last of all children is there.
    pub cold_seconds: f64,
    /// How long a bare client takes to apply the same children.
    pub bare_seconds: f64,
    /// The one by the other.
    pub cold_ratio: f64,
    /// From the first create of a workload until all are Ready.
    pub ready_seconds: f64,
    /// Until the operator rested, events included.
    pub mutating_requests_per_workload: f64,
    /// The same, and reads.
    pub requests_per_workload_by_verb: BTreeMap<String, f64>,
    /// All requests until the operator rested, by verb and resource.
    pub requests_by_verb: BTreeMap<String, usize>,
    /// The most memory that the operator has held.
    pub rss_mib: f64,
    /// Length of the time at rest in which requests were counted.
    pub steady_seconds: f64,
    /// Requests in that time that write.
    pub steady_mutating_requests: usize,
    /// Requests in that time that read.
    pub steady_read_requests: usize,
    /// Watches in that time that began or ended: they are cut off and begun anew all the time.
    pub steady_watch_requests: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, text: String| writeln!(formatter, "   {name:34} {text}");
        line("first create to last child", format!("{:.2} s", self.cold_seconds))?;
        line("a bare client, the same children", format!("{:.2} s", self.bare_seconds))?;
        line("ratio", format!("{:.2}", self.cold_ratio))?;
        line("first create to all Ready", format!("{:.2} s", self.ready_seconds))?;
        line("writes per workload", format!("{:.2}", self.mutating_requests_per_workload))?;
        let verbs =
            self.requests_per_workload_by_verb.iter().map(|(verb, count)| format!("{verb} {count:.2}"));
        line("requests per workload, by verb", verbs.collect::<Vec<_>>().join(", "))?;
        for (what, count) in &self.requests_by_verb {
            line("", format!("{count:6} {what}"))?;
        }
        line("peak memory of the operator", format!("{:.1} MiB", self.rss_mib))?;
        let at_rest = (self.steady_mutating_requests, self.steady_read_requests, self.steady_watch_requests);
        let at_rest =
            format!("{} writes, {} reads, {} watches cut off or begun", at_rest.0, at_rest.1, at_rest.2);
        line(&format!("{:.0} s at rest", self.steady_seconds), at_rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_promised_fields_are_there() {
        let json = serde_json::to_value(Report::default()).unwrap();
        for field in [
            "workloads",
            "cold_seconds",
            "bare_seconds",
            "cold_ratio",
            "mutating_requests_per_workload",
            "rss_mib",
            "steady_mutating_requests",
            "steady_read_requests",
            "steady_watch_requests",
            "requests_by_verb",
            "ready_seconds",
        ] {
            assert!(json.get(field).is_some(), "{field}");
        }
    }
}
