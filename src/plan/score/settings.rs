//! What the annotations of a Score file say of the workload as a whole: its kind and how its pods run
//! (W01–W03, R02). Read once, so that nothing later looks at a text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::problem::{Problem, did_you_mean, list, quoted};
use super::checks::annotation_path;
use crate::api::conditions::Reason;
use crate::api::instructions as key;
use crate::api::score::Score;

/// What the annotations say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// What the workload becomes.
    pub kind: Kind,
    /// The name of its Service, if it is not the workload's.
    pub service_name: Option<String>,
    /// How strict its pods are, if that is not left to the namespace.
    pub pod_security: Option<PodSecurity>,
    /// Whether its pods get a token of their ServiceAccount, if the file says.
    pub service_account_token: Option<bool>,
    /// What a probe's host means.
    pub probe_host: ProbeHost,
}

/// The kind that a workload becomes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Kind {
    /// Pods that are alike and replaceable (W01).
    Deployment,
    /// Pods with a name and a volume of their own (W02).
    StatefulSet,
    /// Pods that run once, to their end.
    Job(Run),
    /// Jobs, again and again.
    CronJob(Run, Schedule),
}

impl Kind {
    /// Kubernetes' name of it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::Job(_) => "Job",
            Self::CronJob(..) => "CronJob",
        }
    }
}

/// How a Job runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Run {
    /// Whether a container that fails is restarted in its pod.
    pub restart: RestartPolicy,
    /// How often it is tried again; Kubernetes' own default where nothing is said.
    pub backoff_limit: Option<u16>,
}

/// What becomes of a pod whose container fails.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[allow(missing_docs)] // Kubernetes' own names.
pub enum RestartPolicy {
    Never,
    OnFailure,
}

/// When a CronJob runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Schedule {
    /// As cron writes it.
    pub cron: String,
    /// A name of the IANA database.
    pub time_zone: Option<String>,
    /// What becomes of a run that is due while the last one is not over.
    pub concurrency: Option<ConcurrencyPolicy>,
}

/// What becomes of a run that is due while the last one is not over.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[allow(missing_docs)] // Kubernetes' own names.
pub enum ConcurrencyPolicy {
    Allow,
    Forbid,
    Replace,
}

/// How strict pods are, in the words of Kubernetes' Pod Security Standards.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PodSecurity {
    /// Nothing is set.
    Privileged,
    /// What no ordinary image minds, even one that runs as root.
    #[default]
    Baseline,
    /// What the level `restricted` asks for: the image must run as another user than root.
    Restricted,
}

impl PodSecurity {
    /// The levels by name.
    pub const NAMES: &[(&str, Self)] =
        &[("privileged", Self::Privileged), ("baseline", Self::Baseline), ("restricted", Self::Restricted)];
}

/// What the `host` of a probe means (R02).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum ProbeHost {
    /// A `Host` header.
    Header,
    /// Where the kubelet connects to.
    Connect,
}

const RESTART: &[(&str, RestartPolicy)] =
    &[("Never", RestartPolicy::Never), ("OnFailure", RestartPolicy::OnFailure)];
const CONCURRENCY: &[(&str, ConcurrencyPolicy)] = &[
    ("Allow", ConcurrencyPolicy::Allow),
    ("Forbid", ConcurrencyPolicy::Forbid),
    ("Replace", ConcurrencyPolicy::Replace),
];
const TOKEN: &[(&str, bool)] = &[("true", true), ("false", false)];
const HOST: &[(&str, ProbeHost)] = &[("header", ProbeHost::Header), ("connect", ProbeHost::Connect)];
const MACROS: &[&str] = &["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// The names of the kinds.
#[derive(Clone, Copy, PartialEq)]
enum Name {
    Deployment,
    StatefulSet,
    Job,
    CronJob,
}

const KINDS: &[(&str, Name)] = &[
    ("Deployment", Name::Deployment),
    ("StatefulSet", Name::StatefulSet),
    ("Job", Name::Job),
    ("CronJob", Name::CronJob),
];

/// Reads the annotations.
///
/// # Errors
/// Every value that cannot be read, and every annotation that says nothing of this kind.
pub fn settings(score: &Score) -> Result<Settings, Vec<Problem>> {
    let empty = BTreeMap::new();
    let annotations = score.metadata.as_ref().and_then(|metadata| metadata.annotations.as_ref());
    let mut reader = Reader { annotations: annotations.unwrap_or(&empty), problems: Vec::new() };
    let settings = Settings {
        kind: reader.kind(),
        service_name: reader.annotations.get(key::SERVICE_NAME).cloned(),
        pod_security: reader.choice(key::POD_SECURITY, PodSecurity::NAMES),
        service_account_token: reader.choice(key::SERVICE_ACCOUNT_TOKEN, TOKEN),
        probe_host: reader.choice(key::PROBE_HOST, HOST).unwrap_or(ProbeHost::Header),
    };
    if reader.problems.is_empty() { Ok(settings) } else { Err(reader.problems) }
}

/// The value that a text names, or what is wrong with it.
///
/// # Errors
/// A text that names none: found, expected, near miss.
pub fn choose<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
        return Ok(*value);
    }
    let names = || choices.iter().map(|(name, _)| *name);
    let hint = did_you_mean(text, names());
    Err(format!("is {}, expected one of {}{hint}", quoted(text), list(names())))
}

/// The annotations, and what is wrong with them.
struct Reader<'a> {
    annotations: &'a BTreeMap<String, String>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn refuse(&mut self, key: &str, message: String) {
        self.problems.push(Problem::new(annotation_path(key), Reason::InvalidScore, message));
    }

    fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.annotations.get(key)?;
        choose(text, choices).map_err(|message| self.refuse(key, message)).ok()
    }

    fn kind(&mut self) -> Kind {
        let name = match (self.annotations.contains_key(key::KIND), self.choice(key::KIND, KINDS)) {
            (false, _) => Name::Deployment,
            (true, Some(name)) => name,
            // What goes with a kind that was meant and misspelt is not judged by another.
            (true, None) => return Kind::Deployment,
        };
        if name != Name::CronJob {
            self.only_for("CronJob", &[key::SCHEDULE, key::TIME_ZONE, key::CONCURRENCY_POLICY]);
        }
        match name {
            Name::Deployment | Name::StatefulSet => {
                self.only_for("Job or a CronJob", &[key::RESTART_POLICY, key::BACKOFF_LIMIT]);
                if name == Name::StatefulSet { Kind::StatefulSet } else { Kind::Deployment }
            }
            Name::Job => Kind::Job(self.run()),
            Name::CronJob => Kind::CronJob(self.run(), self.schedule()),
        }
    }

    /// What would have no effect is refused, not ignored.
    fn only_for(&mut self, kinds: &str, keys: &[&str]) {
        for key in keys.iter().filter(|key| self.annotations.contains_key(**key)) {
            let message = format!("only a {kinds} has this: set `{}`, or remove it", key::KIND);
            self.problems.push(Problem::new(annotation_path(key), Reason::InvalidScore, message));
        }
    }

    fn run(&mut self) -> Run {
        Run {
            restart: self.choice(key::RESTART_POLICY, RESTART).unwrap_or(RestartPolicy::Never),
            backoff_limit: self.backoff_limit(),
        }
    }

    fn backoff_limit(&mut self) -> Option<u16> {
        let text = self.annotations.get(key::BACKOFF_LIMIT)?;
        let number = text.parse().ok().filter(|number| *number <= 1000);
        if number.is_none() {
            self.refuse(
                key::BACKOFF_LIMIT,
                format!("is {}, expected a whole number from 0 to 1000", quoted(text)),
            );
        }
        number
    }

    fn time_zone(&mut self) -> Option<String> {
        let text = self.annotations.get(key::TIME_ZONE)?;
        if !is_time_zone(text) {
            let message = format!(
                "is {}, expected a name of the IANA time zone database such as `Europe/Berlin`; without it, the cluster's own holds",
                quoted(text)
            );
            self.refuse(key::TIME_ZONE, message);
        }
        Some(text.clone())
    }

    fn schedule(&mut self) -> Schedule {
        let cron = self.annotations.get(key::SCHEDULE).cloned().unwrap_or_default();
        if !is_cron(&cron) {
            let found =
                if cron.is_empty() { "is missing".to_owned() } else { format!("is {}", quoted(&cron)) };
            let message = format!(
                "{found}, expected five fields such as \"*/5 * * * *\", or one of {}",
                list(MACROS.iter().copied())
            );
            self.refuse(key::SCHEDULE, message);
        }
        Schedule {
            cron,
            time_zone: self.time_zone(),
            concurrency: self.choice(key::CONCURRENCY_POLICY, CONCURRENCY),
        }
    }
}

/// Whether a text looks like the name of a time zone. `Local` is none: it would be that of whichever machine
/// the controller manager runs on, and the API server refuses it.
fn is_time_zone(text: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
    !text.is_empty() && text.chars().all(known) && !text.eq_ignore_ascii_case("local")
}

/// Whether a text looks like a schedule. The API server has the last word on the fields.
fn is_cron(text: &str) -> bool {
    let field = |field: &str| field.chars().all(|c| c.is_ascii_alphanumeric() || "*/,-?".contains(c));
    MACROS.contains(&text)
        || text.strip_prefix("@every ").is_some_and(|every| every.starts_with(|c: char| c.is_ascii_digit()))
        || (text.split_whitespace().count() == 5 && text.split_whitespace().all(field))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(annotations: &serde_json::Value) -> Result<Settings, Vec<Problem>> {
        let file = json!({"metadata": {"annotations": annotations}, "containers": {"main": {"image": "x"}}});
        settings(&serde_json::from_value(file).expect("a Score file"))
    }

    fn kind(annotations: &serde_json::Value) -> Kind {
        read(annotations).expect("settings").kind
    }

    #[test]
    fn w01_w02_w03_the_kinds() {
        assert_eq!(kind(&json!({})), Kind::Deployment);
        assert_eq!(kind(&json!({key::KIND: "StatefulSet"})), Kind::StatefulSet);
        let run = Run { restart: RestartPolicy::Never, backoff_limit: None };
        assert_eq!(kind(&json!({key::KIND: "Job"})), Kind::Job(run));
        let given = json!({key::KIND: "CronJob", key::SCHEDULE: "@daily", key::RESTART_POLICY: "OnFailure"});
        let Kind::CronJob(run, schedule) = kind(&given) else { panic!("a CronJob") };
        assert_eq!((run.restart, schedule.cron.as_str()), (RestartPolicy::OnFailure, "@daily"));
    }

    #[test]
    fn w03_a_kind_that_is_none_has_a_near_miss() {
        for wrong in ["statefulset", "StatefullSet", "DaemonSet", ""] {
            let problems = read(&json!({key::KIND: wrong})).expect_err("a problem");
            assert_eq!(problems.len(), 1, "{wrong}");
            let hinted = problems[0].message.contains("did you mean `StatefulSet`?");
            assert_eq!(hinted, wrong.to_lowercase().starts_with("state"), "{}", problems[0].message);
        }
    }

    #[test]
    fn what_would_have_no_effect_is_refused() {
        for key in
            [key::SCHEDULE, key::TIME_ZONE, key::CONCURRENCY_POLICY, key::RESTART_POLICY, key::BACKOFF_LIMIT]
        {
            assert!(read(&json!({key: "Never"})).is_err(), "{key}");
        }
    }

    #[test]
    fn what_goes_with_a_misspelt_kind_is_not_judged_by_another() {
        let given = json!({key::KIND: "CronJbo", key::SCHEDULE: "@daily", key::BACKOFF_LIMIT: "2"});
        assert_eq!(read(&given).expect_err("a problem").len(), 1);
    }

    #[test]
    fn schedules() {
        for good in ["* * * * *", "*/5 0-6 1,15 JAN MON", "@hourly", "@every 5m"] {
            assert!(is_cron(good), "{good}");
        }
        for bad in ["", "* * * *", "* * * * * *", "every day", "@often", "TZ=UTC * * * * *"] {
            assert!(!is_cron(bad), "{bad}");
        }
    }

    #[test]
    fn all_wrong_values_are_named_at_once() {
        let given = json!({key::KIND: "Job", key::BACKOFF_LIMIT: "-1", key::POD_SECURITY: "strict", key::PROBE_HOST: "x",
            key::SERVICE_ACCOUNT_TOKEN: "yes", key::RESTART_POLICY: "Always"});
        assert_eq!(read(&given).expect_err("problems").len(), 5);
    }
}
