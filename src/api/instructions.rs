//! Every annotation by which people instruct the operator: one table, which validation, near misses and the
//! generated reference (`docs/annotations.md`) read.
//!
//! All but a few stand in the Score file's own `metadata.annotations` (decision 17), so that a change of
//! them is a new generation. None is ever copied to pods.

/// Prefix of the instructions; whatever else begins with it is refused.
pub const PREFIX: &str = "k8s.score.dev/";

/// The kind that the workload becomes (W01–W03).
pub const KIND: &str = "k8s.score.dev/kind";
/// The name of the workload's Service (T01).
pub const SERVICE_NAME: &str = "k8s.score.dev/service-name";
/// The image of containers whose image is `.` (W08).
pub const IMAGE: &str = "k8s.score.dev/image";
/// With the name of a container after it: the image of that container alone (W08).
pub const IMAGE_OF: &str = "k8s.score.dev/image.";
/// When a CronJob runs.
pub const SCHEDULE: &str = "k8s.score.dev/schedule";
/// The time zone of the schedule.
pub const TIME_ZONE: &str = "k8s.score.dev/time-zone";
/// What a CronJob does while its last run is not over.
pub const CONCURRENCY_POLICY: &str = "k8s.score.dev/concurrency-policy";
/// What a Job does with a container that fails.
pub const RESTART_POLICY: &str = "k8s.score.dev/restart-policy";
/// How often a Job tries again.
pub const BACKOFF_LIMIT: &str = "k8s.score.dev/backoff-limit";
/// How strict the pods are.
pub const POD_SECURITY: &str = "k8s.score.dev/pod-security";
/// Whether the pods get a token of the API server.
pub const SERVICE_ACCOUNT_TOKEN: &str = "k8s.score.dev/service-account-token";
/// What a probe's `host` means (R02).
pub const PROBE_HOST: &str = "k8s.score.dev/probe-host";

/// An annotation that is read.
#[derive(Clone, Copy, Debug)]
pub struct Instruction {
    /// Its key; one that ends in a dot is followed by the name of a container.
    pub key: &'static str,
    /// Where it may stand.
    pub places: &'static [Place],
    /// The values that it takes, for people.
    pub values: &'static str,
    /// What holds without it.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

/// Where an annotation stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// `metadata.annotations` of the Score file.
    Score,
    /// The annotations of a Namespace: for every workload in it that does not say otherwise.
    Namespace,
    /// The annotations of a ScoreResource.
    Resource,
    /// The annotations of an object that exists already.
    Object,
    /// The annotations of a ScoreWorkload, ScoreResource or ProvisionerRule itself.
    Ours,
}

/// All of them.
pub const ALL: &[Instruction] = &[
    Instruction {
        key: KIND,
        places: &[Place::Score],
        values: "`Deployment`, `StatefulSet`, `Job` or `CronJob`",
        default: "`Deployment`",
        meaning: "The kind that the workload becomes. A live workload keeps its kind: to change it, delete the old object first. A Job is Ready when it is complete.",
    },
    Instruction {
        key: SERVICE_NAME,
        places: &[Place::Score],
        values: "a DNS label that begins with a letter",
        default: "the workload's name",
        meaning: "The name of the workload's Service.",
    },
    Instruction {
        key: IMAGE,
        places: &[Place::Score],
        values: "an image",
        default: "none: an image `.` is then refused with `ImageMissing`",
        meaning: "The image of every container whose image is `.` in the Score file.",
    },
    Instruction {
        key: IMAGE_OF,
        places: &[Place::Score],
        values: "an image",
        default: "what `k8s.score.dev/image` says",
        meaning: "With a container's name after the dot: the image of that container, whose image is `.` in the Score file.",
    },
    Instruction {
        key: SCHEDULE,
        places: &[Place::Score],
        values: "five fields such as `*/5 * * * *`, or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`",
        default: "none: a CronJob must have one",
        meaning: "When a CronJob runs.",
    },
    Instruction {
        key: TIME_ZONE,
        places: &[Place::Score],
        values: "a name of the IANA database such as `Europe/Berlin`",
        default: "that of the cluster's controller manager",
        meaning: "The time zone of a CronJob's schedule.",
    },
    Instruction {
        key: CONCURRENCY_POLICY,
        places: &[Place::Score],
        values: "`Allow`, `Forbid` or `Replace`",
        default: "Kubernetes' own, `Allow`",
        meaning: "What a CronJob does when a run is due while the last one is not over.",
    },
    Instruction {
        key: RESTART_POLICY,
        places: &[Place::Score],
        values: "`Never` or `OnFailure`",
        default: "`Never`: the pods that failed stay, so that their logs can be read",
        meaning: "Whether a Job's container that fails is restarted in its pod, or a new pod is made.",
    },
    Instruction {
        key: BACKOFF_LIMIT,
        places: &[Place::Score],
        values: "a whole number from 0 to 1000",
        default: "Kubernetes' own, 6",
        meaning: "How often a Job tries again before it has failed.",
    },
    Instruction {
        key: POD_SECURITY,
        places: &[Place::Score, Place::Namespace],
        values: "`privileged`, `baseline` or `restricted`",
        default: "`restricted` in a namespace that enforces it (`pod-security.kubernetes.io/enforce`), else `baseline`",
        meaning: "How strict the workload's pods are: see Pod security.",
    },
    Instruction {
        key: SERVICE_ACCOUNT_TOKEN,
        places: &[Place::Score],
        values: "`true` or `false`",
        default: "`false`, unless a rule patches it",
        meaning: "Whether the workload's pods get a token of their ServiceAccount for the API server.",
    },
    Instruction {
        key: PROBE_HOST,
        places: &[Place::Score],
        values: "`header` or `connect`",
        default: "`header`",
        meaning: "What the `host` of a probe is: a `Host` header of its request, or the host that the kubelet connects to (`127.0.0.1` is then the node; Pod Security forbids it from Kubernetes 1.34 on).",
    },
    Instruction {
        key: super::labels::SUSPEND,
        places: &[Place::Ours],
        values: "`true`",
        default: "the operator works on it",
        meaning: "Freezes it: whatever changes, nothing is applied, pruned or evaluated anew until the annotation is gone. Deleting it still deletes what it owns.",
    },
    Instruction {
        key: super::labels::RECONCILE_AT,
        places: &[Place::Ours],
        values: "any text, such as the time",
        default: "it is looked at when something changes",
        meaning: "A new value has it looked at at once, and the Secrets that it uses read anew.",
    },
    Instruction {
        key: super::labels::MOVE_TO,
        places: &[Place::Resource],
        values: "the name of a ProvisionerRule that matches the resource",
        default: "a live resource stays with its rule, whatever better one appears",
        meaning: "Moves the resource to another rule. Its data is not moved along. What the old rule made, and shares, is deleted once what the new one makes is ready, or kept if the old one retains. Removing the annotation does not cancel a move: the old rule's name takes it back.",
    },
    Instruction {
        key: super::labels::ADOPT,
        places: &[Place::Object],
        values: "the uid of the ScoreWorkload or ScoreResource that may take it over",
        default: "an object that the operator did not make is left alone",
        meaning: "Lets the operator take over an object that exists already.",
    },
];

/// The keys that a Score file may have.
pub fn of_score() -> impl Iterator<Item = &'static str> {
    ALL.iter().filter(|it| it.places.contains(&Place::Score)).map(|it| it.key)
}

/// Whether a Score file may have this key.
#[must_use]
pub fn is_known(key: &str) -> bool {
    key.strip_prefix(IMAGE_OF).is_some_and(|container| !container.is_empty())
        || of_score().any(|known| known == key && !known.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_the_prefix_and_stands_once() {
        let mut keys: Vec<_> = ALL.iter().map(|it| it.key).collect();
        assert!(keys.iter().all(|key| key.starts_with(PREFIX)));
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), ALL.len());
    }

    #[test]
    fn only_the_image_of_a_container_is_open_ended() {
        assert!(is_known(KIND) && is_known("k8s.score.dev/image.web"));
        assert!(
            !is_known(IMAGE_OF) && !is_known("k8s.score.dev/kinds") && !is_known(super::super::labels::ADOPT)
        );
    }
}
