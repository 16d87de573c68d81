//! The namespace of a test: what the administrator does and sees there.

use std::fmt::Debug;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{self as core, Pod};
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::{NamespaceResourceScope, Status, TypeMeta};
use kube::discovery::{Scope, pinned_kind};
use kube::{Client, Resource, ResourceExt};
use score_operator::api::conditions::{Condition, ConditionStatus, ConditionType, Reason, find, is_true};
use score_operator::api::resource::ScoreResource;
use score_operator::api::rule::ProvisionerRule;
use score_operator::api::workload::ScoreWorkload;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::cluster::Places;
use super::rule::Rule;
use super::score::Score;
use super::snapshot::Snapshot;
use super::workload::Workload;
use super::{audit, objects, wait};

/// The field manager of what tests apply.
pub const MANAGER: &str = "test";

/// Any namespaced type of objects.
pub trait Object:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Serialize
    + Send
    + 'static
{
}

impl<K> Object for K where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Serialize
        + Send
        + 'static
{
}

/// A namespace of one test.
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// The administrator's client.
    pub client: Client,
    places: Places,
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the test's namespace was `{}`\n{}", self.name, self.places);
        }
    }
}

impl Namespace {
    pub(super) fn new(name: &str, client: Client, places: Places) -> Self {
        Self { name: name.to_owned(), client, places }
    }

    /// Applies a rule, which then holds in this namespace only: a name and a namespaceSelector of the
    /// test's own are put in. Its type should be the test's own too, as near misses list all types.
    pub async fn rule(&self, rule: Rule) -> ProvisionerRule {
        self.rule_where(("kubernetes.io/metadata.name", &self.name), rule).await
    }

    /// The same for a rule that holds in all namespaces with a label: for a test that has several.
    pub async fn rule_where(&self, label: (&str, &str), rule: Rule) -> ProvisionerRule {
        let name = self.rule_name(rule.name());
        let rule = rule.called(&name).only_where(label);
        let api: Api<ProvisionerRule> = Api::all(self.client.clone());
        api.patch(&name, &apply(), &Patch::Apply(&rule.body)).await.unwrap()
    }

    /// The name that [`Self::rule`] gives a rule.
    pub fn rule_name(&self, name: &str) -> String {
        format!("{}-{name}", self.name)
    }

    /// Waits until a rule says something of its newest generation.
    pub async fn rule_says(&self, name: &str, status: ConditionStatus, reason: Reason) -> ProvisionerRule {
        let what = format!("says Ready={status:?} {reason:?}");
        self.rule_sees(name, &what, |rule| {
            let status_of = rule.status.clone().unwrap_or_default();
            let ready = find(&status_of.conditions, ConditionType::Ready);
            ready.is_some_and(|ready| (ready.status, ready.reason) == (status, reason))
        })
        .await
    }

    /// Waits until the status of a rule speaks of its newest generation, and is as it should be.
    pub async fn rule_sees(
        &self,
        name: &str,
        what: &str,
        holds: impl Fn(&ProvisionerRule) -> bool,
    ) -> ProvisionerRule {
        let api: Api<ProvisionerRule> = Api::all(self.client.clone());
        let is_so = |rule: Option<&ProvisionerRule>| {
            rule.is_some_and(|rule| {
                let observed = rule.status.as_ref().map(|status| status.observed_generation);
                observed == rule.metadata.generation && holds(rule)
            })
        };
        wait::within(&self.places, api, &self.rule_name(name), what, is_so).await.unwrap()
    }

    /// Deletes a rule of this test.
    pub async fn delete_rule(&self, name: &str) {
        let api: Api<ProvisionerRule> = Api::all(self.client.clone());
        api.delete(&self.rule_name(name), &DeleteParams::default()).await.unwrap();
    }

    /// Applies a ScoreWorkload, as `kubectl apply --server-side` does.
    pub async fn apply(&self, score: Score) -> Workload<'_> {
        match self.try_apply(&score).await {
            Ok(applied) => self.handle(&applied),
            Err(status) => panic!("the API server refused {}: {}", score.name(), status.message),
        }
    }

    /// The same where it may be refused.
    pub async fn try_apply(&self, score: &Score) -> Result<ScoreWorkload, Box<Status>> {
        self.try_apply_with(score, &apply()).await
    }

    /// Asks what would become of it.
    pub async fn dry_run(&self, score: &Score) -> Result<ScoreWorkload, Box<Status>> {
        self.try_apply_with(score, &apply().dry_run()).await
    }

    async fn try_apply_with(
        &self,
        score: &Score,
        params: &PatchParams,
    ) -> Result<ScoreWorkload, Box<Status>> {
        let params = params.clone().validation_strict();
        let applied = self.api().patch(score.name(), &params, &Patch::Apply(&score.body)).await;
        applied.map_err(|error| match error {
            kube::Error::Api(status) => status,
            other => panic!("no answer to the apply of {}: {other}", score.name()),
        })
    }

    /// Asks what would become of it if it were created as plain `kubectl apply` does, whose answers are
    /// worded otherwise.
    pub async fn dry_create(&self, score: &Score) -> Result<(), Box<Status>> {
        let api = self.api::<ScoreWorkload>();
        let uri = format!("{}?dryRun=All&fieldValidation=Strict", api.resource_url());
        let request = http::Request::post(uri).header("content-type", "application/json");
        let request = request.body(score.body.to_string().into_bytes()).unwrap();
        match self.client.request::<Value>(request).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) => Err(status),
            Err(other) => panic!("no answer to the creation of {}: {other}", score.name()),
        }
    }

    /// A ScoreWorkload that was applied by other means.
    pub async fn workload(&self, name: &str) -> Workload<'_> {
        self.handle(&self.get(name).await)
    }

    fn handle(&self, workload: &ScoreWorkload) -> Workload<'_> {
        Workload {
            namespace: self,
            name: workload.name_any(),
            uid: workload.uid().unwrap(),
            generation: workload.metadata.generation.unwrap(),
        }
    }

    /// The objects of a type in this namespace.
    pub fn api<K: Object>(&self) -> Api<K> {
        Api::namespaced(self.client.clone(), &self.name)
    }

    /// The objects of a type that only the object itself names: those of this namespace, or all of a kind that lives
    /// in none.
    async fn api_of(&self, object: &Value) -> Api<DynamicObject> {
        let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
        let types = TypeMeta { api_version: text("apiVersion"), kind: text("kind") };
        let kind = (&types).try_into().unwrap();
        let (kind, capabilities) = pinned_kind(&self.client, &kind).await.unwrap();
        match capabilities.scope {
            Scope::Namespaced => Api::namespaced_with(self.client.clone(), &self.name, &kind),
            Scope::Cluster => Api::all_with(self.client.clone(), &kind),
        }
    }

    /// An object that must be there.
    pub async fn get<K: Object>(&self, name: &str) -> K {
        let kind = K::kind(&()).into_owned();
        self.find(name).await.unwrap_or_else(|| panic!("there is no {kind} `{name}` in {}", self.name))
    }

    /// An object that may be there.
    pub async fn find<K: Object>(&self, name: &str) -> Option<K> {
        self.api().get_opt(name).await.unwrap()
    }

    /// All objects of a type.
    pub async fn list<K: Object>(&self) -> Vec<K> {
        self.api().list(&ListParams::default()).await.unwrap().items
    }

    /// The names of all objects of a type, sorted.
    pub async fn names<K: Object>(&self) -> Vec<String> {
        let mut names: Vec<_> = self.list::<K>().await.iter().map(ResourceExt::name_any).collect();
        names.sort();
        names
    }

    /// Waits until an object, or its absence, is as it should be.
    pub async fn until<K: Object>(
        &self,
        name: &str,
        what: &str,
        holds: impl Fn(Option<&K>) -> bool,
    ) -> Option<K> {
        wait::within(&self.places, self.api(), name, what, holds).await
    }

    /// Waits until an object is there and as it should be.
    pub async fn sees<K: Object>(&self, name: &str, what: &str, holds: impl Fn(&K) -> bool) -> K {
        self.until(name, what, |object| object.is_some_and(&holds)).await.unwrap()
    }

    /// Waits until an object is there.
    pub async fn appears<K: Object>(&self, name: &str) -> K {
        self.sees(name, "appears", |_| true).await
    }

    /// Waits until an object is there, of a kind that only the object itself names.
    pub async fn appears_of(&self, object: &Value) -> DynamicObject {
        self.sees_of(object, "appears", |_| true).await
    }

    /// The same, and until it is as it should be.
    pub async fn sees_of(
        &self,
        object: &Value,
        what: &str,
        holds: impl Fn(&DynamicObject) -> bool,
    ) -> DynamicObject {
        let name = object["metadata"]["name"].as_str().unwrap();
        let is_so = |found: Option<&DynamicObject>| found.is_some_and(&holds);
        wait::within(&self.places, self.api_of(object).await, name, what, is_so).await.unwrap()
    }

    /// Waits until an object is gone.
    pub async fn is_gone<K: Object>(&self, name: &str) {
        self.until::<K>(name, "is gone", |object| object.is_none()).await;
    }

    /// The same for an object of a kind that only the object itself names.
    pub async fn is_gone_of(&self, object: &Value) {
        let name = object["metadata"]["name"].as_str().unwrap();
        let is_gone = |found: Option<&DynamicObject>| found.is_none();
        wait::within(&self.places, self.api_of(object).await, name, "is gone", is_gone).await;
    }

    /// Deletes an object of a kind that only the object itself names.
    pub async fn delete_of(&self, object: &Value) {
        let name = object["metadata"]["name"].as_str().unwrap();
        self.api_of(object).await.delete(name, &DeleteParams::background()).await.unwrap();
    }

    /// Changes an object by hand, of a kind that only the object itself names.
    pub async fn edit_of(&self, object: &Value, patch: Value) -> DynamicObject {
        let params = PatchParams { field_manager: Some("kubectl-edit".to_owned()), ..PatchParams::default() };
        let name = object["metadata"]["name"].as_str().unwrap();
        self.api_of(object).await.patch(name, &params, &Patch::Merge(patch)).await.unwrap()
    }

    /// Waits until an object with another uid has its name.
    pub async fn is_made_anew<K: Object>(&self, old: &K) -> K {
        let uid = old.uid();
        self.sees(&old.name_any(), "is made anew", |object: &K| object.uid() != uid).await
    }

    /// Creates an object, as `kubectl create` does.
    pub async fn create(&self, object: &Value) -> DynamicObject {
        let parsed = serde_json::from_value(object.clone()).unwrap();
        self.api_of(object).await.create(&PostParams::default(), &parsed).await.unwrap()
    }

    /// Server-side-applies an object in the name of a manager.
    pub async fn apply_as(&self, manager: &str, object: &Value) -> DynamicObject {
        let name = object["metadata"]["name"].as_str().unwrap();
        let params = PatchParams::apply(manager).force();
        self.api_of(object).await.patch(name, &params, &Patch::Apply(object)).await.unwrap()
    }

    /// Changes an object by hand, as `kubectl edit` does.
    pub async fn edit<K: Object>(&self, name: &str, patch: Value) -> K {
        let params = PatchParams { field_manager: Some("kubectl-edit".to_owned()), ..PatchParams::default() };
        self.api().patch(name, &params, &Patch::Merge(patch)).await.unwrap()
    }

    /// Changes the status of an object, as its controller does.
    pub async fn edit_status<K: Object>(&self, name: &str, status: Value) -> K {
        let patch = Patch::Merge(json!({ "status": status }));
        self.api().patch_status(name, &PatchParams::default(), &patch).await.unwrap()
    }

    /// The same for an object of a kind that only the object itself names.
    pub async fn edit_status_of(&self, object: &Value, status: Value) -> DynamicObject {
        let name = object["metadata"]["name"].as_str().unwrap();
        let patch = Patch::Merge(json!({ "status": status }));
        self.api_of(object).await.patch_status(name, &PatchParams::default(), &patch).await.unwrap()
    }

    /// Deletes an object, as `kubectl delete` does.
    pub async fn delete<K: Object>(&self, name: &str) {
        self.api::<K>().delete(name, &DeleteParams::background()).await.unwrap();
    }

    /// Scales a Deployment, as `kubectl scale` does.
    pub async fn scale(&self, name: &str, replicas: u32) {
        let patch = Patch::Merge(json!({"spec": {"replicas": replicas}}));
        self.api::<Deployment>().patch_scale(name, &PatchParams::default(), &patch).await.unwrap();
    }

    /// Plays the readiness probe of a pod: see `tests/controlplane/stages/readiness.yaml`.
    pub async fn set_ready(&self, pod: &str, ready: bool) {
        let annotation = json!({"sim/ready": ready.to_string()});
        self.edit::<Pod>(pod, json!({"metadata": {"annotations": annotation}})).await;
    }

    /// Waits until a pod with such a label is there.
    pub async fn pod(&self, label: &str) -> Pod {
        objects::first_with_label(&self.places, self.api(), label).await
    }

    /// The ScoreResource of a type and id, which must be there.
    pub async fn resource(&self, type_: &str, id: &str) -> ScoreResource {
        let all = self.list::<ScoreResource>().await;
        let found = all.iter().find(|found| found.spec.type_ == type_ && found.spec.id == id);
        found.cloned().unwrap_or_else(|| {
            let there: Vec<_> = all.iter().map(|found| found.spec.uid().to_string()).collect();
            panic!("there is no resource {type_} {id} in {}, but {there:?}", self.name)
        })
    }

    /// Waits until a condition of a ScoreResource holds.
    pub async fn resource_is(&self, name: &str, type_: ConditionType) {
        let holds = |found: &ScoreResource| {
            found.status.as_ref().is_some_and(|status| is_true(&status.conditions, type_))
        };
        self.sees::<ScoreResource>(name, &format!("says {type_:?}"), holds).await;
    }

    /// Waits until a condition of a rule holds.
    pub async fn rule_is(&self, name: &str, type_: ConditionType) {
        let api: Api<ProvisionerRule> = Api::all(self.client.clone());
        let holds = |found: Option<&ProvisionerRule>| {
            found
                .and_then(|found| found.status.as_ref())
                .is_some_and(|status| is_true(&status.conditions, type_))
        };
        wait::within(&self.places, api, name, &format!("says {type_:?}"), holds).await;
    }

    /// Waits until `Ready` of a ScoreResource has a reason.
    pub async fn resource_says(&self, name: &str, reason: Reason) -> Condition {
        self.resource_shows(name, &format!("says {reason:?}"), |ready| ready.reason == reason).await
    }

    /// Waits until `Ready` of a ScoreResource says something.
    pub async fn resource_tells(&self, name: &str, text: &str) -> Condition {
        self.resource_shows(name, &format!("tells {text:?}"), |ready| ready.message.contains(text)).await
    }

    async fn resource_shows(&self, name: &str, what: &str, holds: impl Fn(&Condition) -> bool) -> Condition {
        let ready = |found: &ScoreResource| {
            let status = found.status.clone().unwrap_or_default();
            find(&status.conditions, ConditionType::Ready).filter(|ready| holds(ready)).cloned()
        };
        let found = self.sees::<ScoreResource>(name, what, |found| ready(found).is_some()).await;
        ready(&found).unwrap()
    }

    /// What there is, as `Kind/name`: but pods and the like, and what every namespace has.
    pub async fn everything(&self) -> Vec<String> {
        objects::lasting(&self.client, &self.name).await
    }

    /// The same with their revisions, to be compared with those of later.
    pub async fn snapshot(&self) -> Snapshot {
        Snapshot::take(&self.client, &self.name).await
    }

    /// The whole text of every object, whatever its kind: where something must not be found.
    pub async fn texts(&self) -> Vec<(String, String)> {
        objects::texts(&self.client, &self.name).await
    }

    /// Waits until nothing is left but what every namespace has.
    pub async fn is_empty(&self) {
        objects::are_gone(&self.places, &self.client, &self.name).await;
    }

    /// Sets or removes a label of the namespace itself.
    pub async fn label(&self, key: &str, value: Option<&str>) {
        let api: Api<core::Namespace> = Api::all(self.client.clone());
        let patch = Patch::Merge(json!({"metadata": {"labels": {key: value}}}));
        api.patch(&self.name, &PatchParams::default(), &patch).await.unwrap();
    }

    /// Deletes the namespace, and waits until it is gone.
    pub async fn delete_itself(&self) {
        let api: Api<core::Namespace> = Api::all(self.client.clone());
        api.delete(&self.name, &DeleteParams::background()).await.unwrap();
        wait::within(&self.places, api, &self.name, "is gone", |namespace| namespace.is_none()).await;
    }

    /// The requests that the API server was sent.
    pub fn audit(&self) -> audit::AuditLog {
        self.places.audit()
    }

    /// All requests of the operator about this namespace.
    pub fn requests(&self) -> audit::Requests {
        self.audit().all().by_operator().in_namespace(&self.name)
    }
}

fn apply() -> PatchParams {
    PatchParams::apply(MANAGER).force()
}
