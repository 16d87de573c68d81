//! A workload that runs to its end: a Job, or a CronJob that makes one again and again (W03).

use serde_json::{Value, json};

use super::object::object;
use super::{Manifest, SecretValues, pod};
use crate::api::names::truncate_hash;
use crate::plan::score::settings::{Run, Schedule};
use crate::plan::workload::Workload;

/// The longest name of a CronJob: its Jobs add eleven characters.
const CRON_NAME_MAX: usize = 52;

/// Renders a Job.
#[must_use]
pub fn job(workload: &Workload, run: Run, secrets: &SecretValues) -> Manifest {
    object(workload, ("batch/v1", "Job"), workload.name.clone(), ("spec", spec(workload, run, secrets)))
}

/// Renders a CronJob.
#[must_use]
pub fn cron_job(workload: &Workload, run: Run, schedule: &Schedule, secrets: &SecretValues) -> Manifest {
    let mut body = json!({"schedule": schedule.cron, "jobTemplate": {"spec": spec(workload, run, secrets)}});
    if let Some(zone) = &schedule.time_zone {
        body["timeZone"] = json!(zone);
    }
    if let Some(concurrency) = schedule.concurrency {
        body["concurrencyPolicy"] = json!(concurrency);
    }
    let name = truncate_hash(&workload.name, CRON_NAME_MAX);
    object(workload, ("batch/v1", "CronJob"), name, ("spec", body))
}

fn spec(workload: &Workload, run: Run, secrets: &SecretValues) -> Value {
    let mut template = pod::template(workload, secrets);
    template["spec"]["restartPolicy"] = json!(run.restart);
    let mut spec = json!({"template": template});
    if let Some(limit) = run.backoff_limit {
        spec["backoffLimit"] = json!(limit);
    }
    spec
}
