//! Every label, annotation and field manager that the operator writes or reads. What people instruct it by is
//! in `instructions`.

/// Field manager of everything we apply but status. Never renamed: server-side apply removes a field
/// only for the manager that once set it.
pub const MANAGER: &str = "score-operator";
/// Field manager of the statuses.
pub const STATUS_MANAGER: &str = "score-operator-status";

/// The finalizer of Kubernetes' own garbage collection: a `ScoreResource` that has it stays until its objects are gone,
/// so that somebody can see what holds them up. Garbage collection removes it, whether or not an operator runs.
pub const FOREGROUND: &str = "foregroundDeletion";

/// The finalizer of a `ScoreResource` with objects in no namespace: garbage collection does not take them with it, so
/// the operator does. It is there only as long as they are.
pub const CLUSTER_SCOPED: &str = "k8s.score.dev/cluster-scoped";

/// Who made an object; also the selector of our watches.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The value of [`MANAGED_BY`] on everything we make.
pub const MANAGED_BY_US: &str = "score-operator";
/// The workload's name, cut to a label's 63 characters.
pub const NAME: &str = "app.kubernetes.io/name";
/// The value that a workload's pods are selected by: stable for the life of the workload (W04).
pub const INSTANCE: &str = "app.kubernetes.io/instance";

/// Annotation on children and pods: the workload that they belong to (W05).
pub const WORKLOAD_NAME: &str = "k8s.score.dev/workload-name";
/// Annotation on a resource's objects: `type.class#id`.
pub const RESOURCE_UID: &str = "k8s.score.dev/resource-uid";
/// Annotation on a resource's objects: the guid of the ScoreResource.
pub const RESOURCE_GUID: &str = "k8s.score.dev/resource-guid";
/// Annotation on a resource's objects: the workload that first defined the resource.
pub const SOURCE_WORKLOAD: &str = "k8s.score.dev/source-workload";
/// Annotation on a resource's objects that live in no namespace: that of the resource.
pub const NAMESPACE: &str = "k8s.score.dev/namespace";
/// Annotation on a resource's objects that live in no namespace: `Delete` or `Retain`. On others it shows in whether
/// they have an owner.
pub const DELETION_POLICY: &str = "k8s.score.dev/deletion-policy";

/// Annotation on the Secret of generated values: the rules whose retained objects may be of them, with commas.
pub const RETAINED_BY: &str = "k8s.score.dev/retained-by";
/// Annotation on a foreign object that lets us take it over: the uid of the ScoreWorkload or
/// ScoreResource that may.
pub const ADOPT: &str = "k8s.score.dev/adopt";

/// Annotation on an object of ours: `true` freezes it (decision 17).
pub const SUSPEND: &str = "k8s.score.dev/suspend";
/// Annotation on an object of ours: a new value has it looked at at once, Secrets included (decision 17).
pub const RECONCILE_AT: &str = "k8s.score.dev/reconcile-at";

/// Annotation on a ScoreResource: the rule that it is to be moved to (P04).
pub const MOVE_TO: &str = "k8s.score.dev/move-to";

/// Annotation on pods: a hash of the files that they mount, so that a changed file rolls them (F11).
pub const FILES_HASH: &str = "k8s.score.dev/files-hash";

/// Annotation on pods: a keyed digest of the Secrets that they read, so that a rotation rolls them once (P10).
pub const SECRETS_DIGEST: &str = "k8s.score.dev/secrets-digest";

/// Name of the Secret, in the operator's own namespace, with the key of those digests (decision 14).
pub const DIGEST_KEY: &str = "score-operator-digest-key";

/// Label of a namespace: the Pod Security level that its API server enforces.
pub const ENFORCED_POD_SECURITY: &str = "pod-security.kubernetes.io/enforce";

/// Labels of a namespace that forbid a resource type: with the type after it. The value is a class, or one of
/// [`DENY_ALL`].
pub const DENY_PREFIX: &str = "deny.k8s.score.dev/";
/// The values of such a label that mean every class, in any case. `true` and nothing at all are what people write who
/// have not read of `any`, and no class that anybody uses is called so.
pub const DENY_ALL: [&str; 3] = ["any", "true", ""];

/// Label of a namespace: `true`, in any case, lets the default rules make a `NetworkPolicy` for each server. Rules alone read it, as
/// `namespaceLabels`.
pub const NETWORK_POLICY: &str = "k8s.score.dev/network-policy";

/// Prefixes of annotations that tools use to own or steer objects. A Score file must not hand them
/// on: an object that carries another's tracking is pruned by that tool.
pub const FOREIGN_PREFIXES: &[&str] = &[
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "meta.helm.sh/",
    "helm.sh/",
    "applyset.kubernetes.io/",
    "velero.io/",
    "app.kubernetes.io/",
    "kubectl.kubernetes.io/",
];

/// A label or annotation that the operator writes.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    /// Its key.
    pub key: &'static str,
    /// Which of the two it is.
    pub form: Form,
    /// What carries it.
    pub on: &'static str,
    /// What it says, for people.
    pub meaning: &'static str,
}

/// How a word is attached to an object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// Objects can be selected by it.
    Label,
    /// It is only read.
    Annotation,
}

/// All that the operator writes, for the generated reference (`docs/annotations.md`). That it is whole is held by
/// a test, which compares it with what is rendered.
pub const WRITTEN: &[Written] = &[
    Written {
        key: MANAGED_BY,
        form: Form::Label,
        on: "everything that the operator makes, and pods",
        meaning: "`score-operator`. The operator's watches select by it: without it a change of the object is not noticed at once.",
    },
    Written {
        key: NAME,
        form: Form::Label,
        on: "what a workload becomes, and its pods",
        meaning: "The name of the workload.",
    },
    Written {
        key: INSTANCE,
        form: Form::Label,
        on: "what a workload becomes, and its pods",
        meaning: "The workload's name and a hash of its namespace and name, the same for ever. Services and controllers select the pods by it alone.",
    },
    Written {
        key: WORKLOAD_NAME,
        form: Form::Annotation,
        on: "what a workload becomes, and its pods",
        meaning: "The name of the workload.",
    },
    Written {
        key: FILES_HASH,
        form: Form::Annotation,
        on: "pods with files of their own",
        meaning: "A hash of the files' contents: a changed file makes new pods. Of a secret in a file it holds which one it is, not its value.",
    },
    Written {
        key: SECRETS_DIGEST,
        form: Form::Annotation,
        on: "pods that read Secrets",
        meaning: "A keyed digest of what they read: a Secret that changes makes new pods, once. Nobody learns a value from it.",
    },
    Written {
        key: RESOURCE_UID,
        form: Form::Annotation,
        on: "the objects of a resource",
        meaning: "Which resource: `type.class#id`.",
    },
    Written {
        key: RESOURCE_GUID,
        form: Form::Annotation,
        on: "the objects of a resource",
        meaning: "The resource's random id, the same for its whole life.",
    },
    Written {
        key: SOURCE_WORKLOAD,
        form: Form::Annotation,
        on: "the objects of a resource",
        meaning: "The workload that first defined the resource.",
    },
    Written {
        key: NAMESPACE,
        form: Form::Annotation,
        on: "the objects of a resource that live in no namespace",
        meaning: "The namespace of the resource.",
    },
    Written {
        key: DELETION_POLICY,
        form: Form::Annotation,
        on: "the objects of a resource that live in no namespace",
        meaning: "Whether the operator deletes them with the resource: `Delete` or `Retain`.",
    },
    Written {
        key: RETAINED_BY,
        form: Form::Annotation,
        on: "the Secret of generated values, where a rule retains",
        meaning: "The rules that retain objects made of these values. While one is named the Secret stays, also where the resource was moved to a rule that deletes.",
    },
];
