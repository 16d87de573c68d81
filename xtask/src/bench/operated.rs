//! The operator at work, and at rest.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::jiff::Timestamp;
use kube::api::DynamicObject;
use tokio::time::{Instant, sleep, timeout};

use super::{
    CONCURRENCY,
    audit::{Audit, Effect, by, count},
    load::{Load, strip},
    report::Report,
    stage::Stage,
};
use crate::{
    cluster::{
        manifests::kind,
        watch::{Change, Changes},
    },
    install::{ACCOUNT, NAMESPACE as SYSTEM},
    operator::Operator,
};

/// How many of us apply workloads at once.
const APPLIERS: usize = 16;
/// How long it may take until all is ready, before that counts as a failure.
const READY_WITHIN: Duration = Duration::from_mins(15);
/// The operator is at rest when it has written nothing for this long …
const REST: Duration = Duration::from_secs(5);
/// … and is taken to be when it has not rested for this long: the figures will show it.
const REST_WITHIN: Duration = Duration::from_mins(2);
const STEADY: Duration = Duration::from_mins(1);

/// What came of it.
pub struct Operated {
    /// The figures, but those of the bare client.
    pub report: Report,
    /// What a client would have to apply in the operator's place.
    pub children: Vec<DynamicObject>,
}

/// Measures.
pub async fn run(stage: &Stage, program: &Path, load: Load) -> Result<Operated> {
    let log = stage.kubeconfig.with_file_name("operator.log");
    let arguments = ["--concurrency", &CONCURRENCY.to_string()];
    let mut operator = Operator::start(program, &arguments, &stage.kubeconfig, &log)?;
    let measured = tokio::select! {
        report = report(stage, load) => report?,
        error = operator.ended() => return Err(error),
    };
    let rss_mib = f64::from(u32::try_from(operator.peak_memory_kib()?)?) / 1024.0;
    let children = stage.objects(load.children()).await?.into_iter().map(strip).collect();
    operator.stop().await?;
    Ok(Operated { report: Report { rss_mib, ..measured }, children })
}

async fn report(stage: &Stage, load: Load) -> Result<Report> {
    stage.rules_are_admitted().await?;
    let user = format!("system:serviceaccount:{SYSTEM}:{ACCOUNT}");
    let mut audit = Audit::of(stage.control_plane.audit_log(), &user);
    let begun = Timestamp::now();
    let (cold, ready) = cold(stage, load).await?;
    println!(
        "   all children after {:.2} s, all Ready after {:.2} s",
        cold.as_secs_f64(),
        ready.as_secs_f64()
    );
    rest(&mut audit).await?;
    let rested = Timestamp::now();
    println!("   at rest; now its requests of {} s are counted", STEADY.as_secs());
    sleep(STEADY).await;
    let (at_work, at_rest) = (audit.between(begun, rested)?, audit.between(rested, Timestamp::now())?);
    let per_workload = |count: usize| ratio(count, load.workloads);
    Ok(Report {
        workloads: load.workloads,
        with_resource: load.with_resource,
        cold_seconds: cold.as_secs_f64(),
        ready_seconds: ready.as_secs_f64(),
        mutating_requests_per_workload: per_workload(count(&at_work, Effect::Mutating)),
        requests_per_workload_by_verb: by(&at_work, |request| request.verb.clone())
            .into_iter()
            .map(|(verb, count)| (verb, per_workload(count)))
            .collect(),
        requests_by_verb: by(&at_work, |request| format!("{} {}", request.verb, request.resource)),
        steady_seconds: STEADY.as_secs_f64(),
        steady_mutating_requests: count(&at_rest, Effect::Mutating),
        steady_read_requests: count(&at_rest, Effect::Read),
        steady_watch_requests: count(&at_rest, Effect::Watch),
        ..Report::default()
    })
}

#[allow(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
fn ratio(count: usize, of: usize) -> f64 {
    count as f64 / of as f64
}

/// Applies all workloads; returns when the last child was there, and when all were ready.
async fn cold(stage: &Stage, load: Load) -> Result<(Duration, Duration)> {
    let objects = load.objects()?;
    let mut changes = stage.watch(&[load.children(), &["ScoreWorkload"]].concat()).await?;
    let mut seen = Seen::default();
    let started = Instant::now();
    let apply = stream::iter(&objects).map(|object| stage.create(object)).buffer_unordered(APPLIERS);
    let wait = async {
        let children =
            seen.until(&mut changes, |seen| seen.has_all(load)).await.map(|()| started.elapsed())?;
        seen.until(&mut changes, |seen| seen.ready.len() == load.workloads).await?;
        anyhow::Ok((children, started.elapsed()))
    };
    let both = async { tokio::try_join!(apply.try_collect::<()>(), wait) };
    let finished = timeout(READY_WITHIN, both).await;
    let ((), times) =
        finished.with_context(|| format!("not all was ready within {} s", READY_WITHIN.as_secs()))??;
    Ok(times)
}

/// What the watches have told.
#[derive(Default)]
struct Seen {
    children: BTreeMap<String, BTreeSet<String>>,
    ready: BTreeSet<String>,
}

impl Seen {
    async fn until(&mut self, changes: &mut Changes, holds: impl Fn(&Self) -> bool) -> Result<()> {
        while !holds(self) {
            if let Change::Applied(object) = changes.next().await.context("the watches have ended")? {
                self.put(&object);
            }
        }
        Ok(())
    }

    fn put(&mut self, object: &DynamicObject) {
        let name = object.metadata.name.clone().unwrap_or_default();
        if kind(object) == "ScoreWorkload" {
            if is_ready(object) {
                self.ready.insert(name)
            } else {
                self.ready.remove(&name)
            };
        } else if name != "kube-root-ca.crt" {
            self.children.entry(kind(object).to_owned()).or_default().insert(name);
        }
    }

    fn has_all(&self, load: Load) -> bool {
        let count = |kind: &str| self.children.get(kind).map_or(0, BTreeSet::len);
        load.children().iter().all(|kind| count(kind) == load.workloads)
    }
}

fn is_ready(workload: &DynamicObject) -> bool {
    let conditions = workload.data["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

/// Returns once the operator has written nothing for a while. The log can only be looked at again and again.
async fn rest(audit: &mut Audit) -> Result<()> {
    let deadline = Instant::now() + REST_WITHIN;
    let (mut writes, mut since) = (0, Instant::now());
    while since.elapsed() < REST && Instant::now() < deadline {
        sleep(Duration::from_millis(500)).await;
        let now = count(audit.requests()?, Effect::Mutating);
        if now != writes {
            (writes, since) = (now, Instant::now());
        }
    }
    ensure!(writes > 0, "the audit log shows no request of the operator");
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(kind: &str, name: &str, ready: &str) -> DynamicObject {
        let conditions = json!([{ "type": "Ready", "status": ready }]);
        let object = json!({
            "apiVersion": "v1", "kind": kind, "metadata": { "name": name }, "status": { "conditions": conditions },
        });
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn all_children_are_one_of_each_kind_per_workload() {
        let load = Load { workloads: 1, with_resource: true };
        let mut seen = Seen::default();
        seen.put(&object("Deployment", "a", ""));
        seen.put(&object("Service", "a", ""));
        seen.put(&object("ConfigMap", "kube-root-ca.crt", ""));
        assert!(!seen.has_all(load));
        seen.put(&object("ConfigMap", "a", ""));
        assert!(seen.has_all(load));
    }

    #[test]
    fn a_workload_that_is_ready_no_more_does_not_count() {
        let mut seen = Seen::default();
        seen.put(&object("ScoreWorkload", "a", "True"));
        assert_eq!(seen.ready.len(), 1);
        seen.put(&object("ScoreWorkload", "a", "False"));
        assert!(seen.ready.is_empty());
    }
}
