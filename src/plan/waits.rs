//! What a resource waits for once its objects are there: each wait once, and where to look (P07).

use std::collections::{BTreeMap, BTreeSet};

use super::problem::{Awaited, list};
use super::rule::Rule;
use crate::api::conditions::{Reason, cut};
use crate::api::resource::ObjectId;
use crate::template::Expression;

/// The objects of a resource, by their key in the rule.
pub(super) type Ids = BTreeMap<String, ObjectId>;

/// What is awaited, collected while conditions, outputs and patches are evaluated.
#[derive(Debug, Default)]
pub(super) struct Waits {
    untrue: Vec<Untrue>,
    /// What is not there yet, such as `objects.db.status.address`, with the leaves that ask for it.
    absent: BTreeMap<String, BTreeSet<String>>,
}

/// A condition that is not true yet.
#[derive(Debug)]
struct Untrue {
    message: String,
    /// What it names, itself and through locals.
    names: BTreeSet<Vec<String>>,
}

impl Waits {
    /// Adds a condition of `readyWhen` that is not true.
    pub fn untrue(&mut self, rule: &Rule, index: usize, text: &str, condition: &Expression) {
        let text = cut(text.to_owned(), 256);
        let message = format!("readyWhen[{index}] of rule `{}` is not true yet: {text}", rule.name);
        self.untrue.push(Untrue { message, names: reached(rule, condition) });
    }

    /// Adds a leaf that asks for what is not there yet.
    pub fn absent(&mut self, leaf: String, name: String) {
        self.absent.entry(name).or_default().insert(leaf);
    }

    /// Whether nothing is awaited.
    pub fn is_empty(&self) -> bool {
        self.untrue.is_empty() && self.absent.is_empty()
    }

    /// Each wait once, in words. What a condition looks at is said with the condition, and not again with an output.
    pub fn said(self, ids: &Ids) -> Vec<Awaited> {
        let Self { untrue, absent } = self;
        let is_said = |name: &str| untrue.iter().any(|condition| condition.looks_at(name));
        let absent = absent.iter().filter(|(name, _)| !is_said(name));
        let absent = absent.map(|(name, leaves)| {
            let keys = name.split('.').nth(1);
            format!("{} `{name}`, which is not there yet{}", waiting(leaves), look(keys.into_iter(), ids))
        });
        let untrue = untrue.iter().map(|condition| condition.said(ids));
        absent.chain(untrue).map(|message| Awaited::new(Reason::WaitingForValue, message)).collect()
    }
}

impl Untrue {
    /// Whether the condition names the value, a part of it, or what it is a part of.
    fn looks_at(&self, value: &str) -> bool {
        let is_part = |whole: &str, part: &str| {
            part.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let mut names = self.names.iter().map(|name| name.join("."));
        names.any(|name| is_part(&name, value) || is_part(value, &name))
    }

    fn said(&self, ids: &Ids) -> String {
        format!("{}{}", self.message, self.look(ids))
    }

    /// Where to look: at the objects that it reads, else at the other workloads; else what it is made of, as nothing else
    /// can change it.
    fn look(&self, ids: &Ids) -> String {
        let reads =
            |root: &str| self.names.iter().any(|name| name.first().is_some_and(|first| first == root));
        if reads("objects") {
            let all = self.names.iter().any(|name| name.as_slice() == ["objects"]);
            let named = self.names.iter().filter(|name| name[0] == "objects").filter_map(|name| name.get(1));
            let keys: BTreeSet<_> = if all { ids.keys().collect() } else { named.collect() };
            return look(keys.into_iter().map(String::as_str), ids);
        }
        if reads("workloads") {
            return "; it reads `workloads`, the other workloads of this namespace: see `kubectl get swl`"
                .to_owned();
        }
        let roots: BTreeSet<_> = self.names.iter().filter_map(|name| name.first()).collect();
        let roots = roots.into_iter().map(String::as_str).filter(|root| *root != "locals");
        format!("; it reads no object, only: {}", list(roots))
    }
}

/// `a waits for`, `a and b wait for`; of many leaves the first.
fn waiting(leaves: &BTreeSet<String>) -> String {
    let shown: Vec<_> = leaves.iter().map(String::as_str).collect();
    match shown.as_slice() {
        [] | [_] => format!("{} waits for", shown.concat()),
        [first, second] => format!("{first} and {second} wait for"),
        [first, rest @ ..] => format!("{first} and {} more wait for", rest.len()),
    }
}

/// How to look at the objects that have these keys.
fn look<'a>(keys: impl Iterator<Item = &'a str>, ids: &Ids) -> String {
    let (mut there, mut missing) = (Vec::new(), Vec::new());
    for key in keys {
        match ids.get(key) {
            Some(id) => there.push(format!("`{}`", id.describe())),
            None => missing.push(format!("; there is no object `{key}` here: is its `$when` true?")),
        }
    }
    let see = if there.is_empty() { String::new() } else { format!("; see {}", there.join(", ")) };
    see + &missing.concat()
}

/// What a condition names, itself and through locals.
fn reached(rule: &Rule, condition: &Expression) -> BTreeSet<Vec<String>> {
    let mut names: BTreeSet<_> = condition.names().into_iter().collect();
    // From the last on: each local comes after those that it uses.
    for (local, node) in rule.locals.iter().rev() {
        let is_it = |name: &Vec<String>| match name.as_slice() {
            [root] => root == "locals",
            [root, key, ..] => root == "locals" && key == local,
            [] => false,
        };
        if names.iter().any(is_it) {
            names.extend(node.leaves().flat_map(|leaf| leaf.names.clone()));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::rule::compile;
    use super::*;

    const ONE: &str = "readyWhen[0] of rule `it` is not true yet: ";

    /// What is said while no condition of the rule is true, and each leaf asks for its name.
    fn said(locals: Value, conditions: &[&str], absent: &[(&str, &str)]) -> Vec<String> {
        let object = |kind: &str| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}});
        let manifests =
            json!({"db": object("ConfigMap"), "other": object("Service"), "gone": object("Secret")});
        let spec = json!({"match": {"type": "it"}, "manifests": manifests, "locals": locals,
            "readyWhen": conditions});
        let spec = serde_json::from_value(spec).expect("a rule");
        let rule = compile("it", &spec).unwrap_or_else(|problems| panic!("{problems:?}"));
        let mut waits = Waits::default();
        for (index, (text, condition)) in rule.ready_when.iter().enumerate() {
            waits.untrue(&rule, index, text, condition);
        }
        absent.iter().for_each(|(leaf, name)| waits.absent((*leaf).to_owned(), (*name).to_owned()));
        let id = |version: &str, kind: &str, name: &str| ObjectId {
            api_version: version.to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
        };
        let ids = [
            ("db", id("postgresql.cnpg.io/v1", "Cluster", "orders")),
            ("other", id("apps/v1", "Deployment", "cache")),
        ];
        let ids = ids.into_iter().map(|(key, id)| (key.to_owned(), id)).collect();
        waits.said(&ids).into_iter().map(|awaited| awaited.message).collect()
    }

    #[test]
    fn p07_a_wait_says_which_object_to_look_at() {
        let says = said(json!({}), &[], &[("outputs.host", "objects.db.status.host")]);
        let expected = "outputs.host waits for `objects.db.status.host`, which is not there yet; see `kubectl describe cluster.postgresql.cnpg.io orders`";
        assert_eq!(says, [expected]);
        let condition = "{{ objects.db.status.up == objects.other.status.replicas }}";
        let expected = format!(
            "{ONE}{condition}; see `kubectl describe cluster.postgresql.cnpg.io orders`, `kubectl describe deployment cache`"
        );
        assert_eq!(said(json!({}), &[condition], &[]), [expected]);
    }

    #[test]
    fn p07_an_object_that_the_rule_did_not_make_is_told() {
        let says = said(json!({}), &[], &[("outputs.host", "objects.gone.metadata.uid")]);
        assert!(says[0].ends_with("; there is no object `gone` here: is its `$when` true?"), "{says:?}");
    }

    #[test]
    fn a_condition_without_objects_says_what_it_reads() {
        let locals = json!({"all": "{{ workloads }}", "found": "{{ locals.all.cart | default({}) }}"});
        let says = said(locals, &["{{ locals.found != {} }}"], &[]);
        let expected = "; it reads `workloads`, the other workloads of this namespace: see `kubectl get swl`";
        assert!(says[0].ends_with(expected), "{says:?}");
        let says = said(json!({}), &["{{ namespaceLabels.env == class }}"], &[]);
        assert!(says[0].ends_with("; it reads no object, only: `class`, `namespaceLabels`"), "{says:?}");
    }

    /// What a condition looks at is one wait, whoever else asks for it.
    #[test]
    fn each_wait_is_said_once() {
        let condition = "{{ objects.db.status.address is defined }}";
        let same = [
            ("outputs.host", "objects.db.status.address"),
            ("outputs.port", "objects.db.status.address.port"),
        ];
        assert_eq!(said(json!({}), &[condition], &same).len(), 1);
        let other =
            [("outputs.host", "objects.db.status.addresses"), ("outputs.port", "objects.db.status.port")];
        assert_eq!(said(json!({}), &[condition], &other).len(), 3);
        let asked = ["outputs.a", "outputs.b", "readyWhen[0]"].map(|leaf| (leaf, "objects.db.status.x"));
        let start = |absent| said(json!({}), &[], absent)[0].split('`').next().map(str::to_owned);
        assert_eq!(start(&asked[..2]).as_deref(), Some("outputs.a and outputs.b wait for "));
        assert_eq!(start(&asked[..]).as_deref(), Some("outputs.a and 2 more wait for "));
    }
}
