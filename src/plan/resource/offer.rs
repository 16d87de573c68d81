//! From live objects to what a resource offers: whether it is ready, its outputs, and what it sets in the pods of its
//! consumers.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::Evaluated;
use crate::api::conditions::Reason;
use crate::api::names;
use crate::api::patches::Patches;
use crate::api::resource::ObjectId;
use crate::plan::Plan;
use crate::plan::lookup::{self, Trouble};
use crate::plan::patch;
use crate::plan::problem::Problem;
use crate::plan::rule::Rule;
use crate::plan::waits::Ids;
use crate::template::{Budget, Composed, Scope, SecretRef, Value};

/// What a resource offers.
#[derive(Clone, Debug, Default)]
pub struct Offer {
    /// The outputs. A composed text is a reference to a key of the Secret that [`names::composed_secret`] names.
    pub outputs: BTreeMap<String, Value>,
    /// What it sets in the pods of its consumers, if anything.
    pub patches: Option<Patches>,
    /// What that Secret holds, by key: texts whose parts are put together where it is written.
    pub composed: BTreeMap<String, Composed>,
    /// The name of that Secret.
    secret: String,
}

impl Offer {
    /// The keys of Secrets of others that it needs: of the outputs themselves, and of the texts.
    pub fn references(&self) -> impl Iterator<Item = &SecretRef> {
        // Which keys all others are is for the workloads that name them.
        let is_own = |reference: &&SecretRef| self.secret != reference.name && reference.key != lookup::ANY;
        let outputs = self.outputs.values().flat_map(Value::secrets).filter(is_own);
        outputs.chain(self.composed.values().flat_map(Composed::references))
    }
}

impl Evaluated {
    /// The scope with `objects` in it.
    fn seeing(&self, live: &BTreeMap<String, Json>) -> Scope {
        let visible = live.iter().map(|(key, object)| (key.clone(), without_secrets(object))).collect();
        self.scope.clone().with_objects(visible)
    }

    /// Its objects, and those of `live`, by key.
    fn ids(&self, live: &BTreeMap<String, Json>) -> Ids {
        let live = live.iter().filter_map(|(key, object)| Some((key.clone(), ObjectId::of(object)?)));
        live.chain(self.objects.iter().map(|object| (object.key.clone(), object.id.clone()))).collect()
    }
}

/// What the resource offers, once its objects are ready.
///
/// `live` holds the live objects by key. Pending where `readyWhen` is not true yet, or an output names
/// something below `objects` that is not there yet (decision 11).
#[must_use]
pub fn offer(rule: &Rule, evaluated: &Evaluated, live: &BTreeMap<String, Json>) -> Plan<Offer> {
    let scope = evaluated.seeing(live);
    let mut budget = Budget::new();
    let mut trouble = Trouble::among(evaluated.ids(live));
    for (index, (text, condition)) in rule.ready_when.iter().enumerate() {
        match condition.evaluate_bool(&scope, &mut budget) {
            Ok(true) => {}
            Ok(false) => trouble.waits.untrue(rule, index, text, condition),
            Err(error) => trouble.add_eval(error),
        }
    }
    offered(rule, evaluated, &scope, trouble)
}

/// What the resource offers if `readyWhen` is taken for true: nobody but a cluster can tell.
///
/// `live` and what is pending are as in [`offer`].
#[must_use]
pub fn offer_if_ready(rule: &Rule, evaluated: &Evaluated, live: &BTreeMap<String, Json>) -> Plan<Offer> {
    offered(rule, evaluated, &evaluated.seeing(live), Trouble::among(evaluated.ids(live)))
}

fn offered(rule: &Rule, evaluated: &Evaluated, scope: &Scope, mut trouble: Trouble) -> Plan<Offer> {
    let mut budget = Budget::new().composing(&evaluated.composed);
    let mut outputs = BTreeMap::new();
    for (name, node) in &rule.outputs {
        budget.begin_output(name);
        match node.evaluate(scope, &mut budget) {
            Ok(value) => {
                trouble.problems.extend(odd_references(&format!("outputs.{name}"), value.secrets()));
                trouble.problems.extend(odd_any(name, &value));
                outputs.insert(name.clone(), value);
            }
            Err(error) => trouble.add_eval(error),
        }
    }
    let patches = patches_in(rule, scope, &mut budget, &mut trouble);
    let composed = budget.composed();
    for (key, text) in &composed {
        trouble.problems.extend(odd_references(&format!("outputs: the text `{key}`"), text.references()));
    }
    trouble.or(Offer { outputs, patches, composed, secret: evaluated.composed.clone() })
}

/// What the resource sets in the pods of its consumers, whether it is ready or not; `live` and what is pending are as
/// in [`offer`].
#[must_use]
pub fn patches(rule: &Rule, evaluated: &Evaluated, live: &BTreeMap<String, Json>) -> Plan<Option<Patches>> {
    let mut trouble = Trouble::among(evaluated.ids(live));
    let patches = patches_in(rule, &evaluated.seeing(live), &mut Budget::new(), &mut trouble);
    trouble.or(patches)
}

fn patches_in(rule: &Rule, scope: &Scope, budget: &mut Budget, trouble: &mut Trouble) -> Option<Patches> {
    match rule.patches.as_ref()?.evaluate(scope, budget) {
        Ok(value) => match patch::evaluated(value) {
            Ok(patches) => return Some(patches).filter(|patches| !patches.is_empty()),
            Err(problems) => trouble.problems.extend(problems),
        },
        Err(error) => trouble.add_eval(error),
    }
    None
}

/// References to what cannot be the name of a Secret.
fn odd_references<'a>(at: &str, references: impl IntoIterator<Item = &'a SecretRef>) -> Vec<Problem> {
    let odd = references.into_iter().filter(|reference| !names::is_object_name(&reference.name));
    let message = "refers to a Secret by what is no name of an object";
    odd.map(|_| Problem::new(at, Reason::EvaluationFailed, message)).collect()
}

/// What stands for all outputs must be a Secret, whose keys they are.
fn odd_any(name: &str, value: &Value) -> Option<Problem> {
    let is_any = value.as_secret().is_some_and(|reference| reference.key == lookup::ANY);
    let message = "expected `{{ secret_ref(name, '*') }}`: it stands for all outputs, each of which is a key of that Secret";
    (name == lookup::ANY && !is_any)
        .then(|| Problem::new(format!("outputs.{name}"), Reason::EvaluationFailed, message))
}

/// A Secret shows its metadata only: what it holds stays where it is (decision 12).
fn without_secrets(object: &Json) -> Json {
    if object["kind"] != "Secret" {
        return object.clone();
    }
    json!({"apiVersion": object["apiVersion"], "kind": "Secret", "metadata": object["metadata"]})
}
