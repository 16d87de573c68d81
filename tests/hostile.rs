//! Hostile rules: each is refused when it is admitted, or stopped while it runs, within 32 MiB.
//!
//! Memory is counted by the allocator, and so is all that was ever allocated, which stands for the time: a clock would lie on
//! a busy machine. The times are printed: `cargo test --release --test hostile -- --nocapture`.

#![allow(clippy::expect_used, clippy::panic, reason = "the exception for tests does not reach their helpers")]
#![allow(clippy::needless_pass_by_value, reason = "`json!` makes values")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use allocation_counter::AllocationInfo;
use score_operator::api::rule::ProvisionerRuleSpec;
use score_operator::plan::Plan;
use score_operator::plan::resource::{Part, ResourceInputs, evaluate, offer};
use score_operator::plan::rule::{Rule, compile};
use serde_json::{Value, json};

#[path = "alone/mod.rs"]
mod alone;

#[path = "hostile/admission.rs"]
mod admission;
#[path = "hostile/evaluation.rs"]
mod evaluation;
#[path = "hostile/patches.rs"]
mod patches;
#[path = "hostile/syntax.rs"]
mod syntax;

const MIB: u64 = 1024 * 1024;
/// What one attack may hold at once.
const HELD: u64 = 32 * MIB;
/// What one attack may allocate in all: 50 ms and more go into this much in an optimised build.
const ALLOCATED: u64 = 256 * MIB;

/// A rule, what a workload gives it, and when it must end.
struct Attack {
    /// What is tried.
    name: String,
    /// The rule's spec.
    spec: Value,
    /// The params of the resource.
    params: Value,
    /// When it must end.
    end: End,
}

/// When an attack must end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    /// At admission.
    Refused,
    /// While it is evaluated for a resource.
    Stopped,
}

/// A rule that is good but for `fields`.
fn rule(end: End, name: impl Into<String>, fields: Value) -> Attack {
    let mut spec = json!({"match": {"type": "thing"}, "params": {"type": "object"}});
    let fields = fields.as_object().expect("fields").clone();
    spec.as_object_mut().expect("a map").extend(fields);
    Attack { name: name.into(), spec, params: json!({}), end }
}

/// A rule with one output.
fn leaf(end: End, leaf: impl Into<String>) -> Attack {
    let leaf = leaf.into();
    let mut name: String = leaf.chars().take(70).collect();
    if name.len() < leaf.len() {
        name = format!("{name}… {} bytes", leaf.len());
    }
    rule(end, name, json!({"outputs": {"o": leaf}}))
}

/// A rule with one output, an expression.
fn expression(end: End, text: impl AsRef<str>) -> Attack {
    leaf(end, format!("{{{{ {} }}}}", text.as_ref()))
}

impl Attack {
    /// The same, with params.
    fn given(self, params: Value) -> Self {
        Self { params, ..self }
    }

    /// The same, by another name.
    fn called(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }
}

#[test]
fn p_hostile_rules_are_refused_or_stopped_within_their_memory() {
    let attacks: Vec<_> =
        [syntax::all(), admission::all(), evaluation::all(), patches::all()].into_iter().flatten().collect();
    let mut wrong = Vec::new();
    let mut worst = Measured::default();
    for attack in &attacks {
        let measured = measure(attack);
        worst.raise(&measured);
        println!(
            "{:>9.3} ms {:>8} KiB held {:>8} KiB in all  {}",
            measured.milliseconds,
            measured.held / 1024,
            measured.allocated / 1024,
            attack.name
        );
        wrong.extend(measured.verdict(attack));
    }
    println!("{} attacks; at worst {worst:?}", attacks.len());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let names: BTreeSet<_> = attacks
        .iter()
        .map(|attack| (&attack.name, attack.params.to_string(), attack.spec.to_string()))
        .collect();
    assert_eq!(names.len(), attacks.len(), "two attacks are one");
    assert!(attacks.len() >= 200, "only {} attacks", attacks.len());
}

#[test]
fn a_good_rule_would_be_told_from_them() {
    for end in [End::Refused, End::Stopped] {
        let good = measure(&expression(end, "id | upper"));
        assert_eq!(good.ended, None, "{}", good.message);
        assert!(good.held < MIB);
    }
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}});
    let fields = json!({"manifests": {"m": object}, "outputs": {"o": "{{ objects.m.status.address }}"}});
    let waiting = measure(&rule(End::Stopped, "waits", fields));
    assert!(waiting.message.starts_with("waits: "), "{}", waiting.message);
    assert_eq!(waiting.ended, None);
}

/// What came of an attack.
#[derive(Debug, Default)]
struct Measured {
    ended: Option<End>,
    message: String,
    milliseconds: f64,
    held: u64,
    allocated: u64,
}

impl Measured {
    fn raise(&mut self, other: &Self) {
        self.milliseconds = self.milliseconds.max(other.milliseconds);
        self.held = self.held.max(other.held);
        self.allocated = self.allocated.max(other.allocated);
    }

    fn verdict(&self, attack: &Attack) -> Option<String> {
        let said: String = self.message.chars().take(200).collect();
        if self.ended != Some(attack.end) {
            return Some(format!("{}: {:?}, expected {:?}: {said}", attack.name, self.ended, attack.end));
        }
        if self.message.is_empty() {
            return Some(format!("{}: nothing says why", attack.name));
        }
        (self.held > HELD || self.allocated > ALLOCATED).then(|| {
            format!(
                "{}: holds {} KiB, allocates {} KiB",
                attack.name,
                self.held / 1024,
                self.allocated / 1024
            )
        })
    }
}

fn measure(attack: &Attack) -> Measured {
    let spec = serde_json::from_value(attack.spec.clone()).expect("the shape of a rule");
    let mut measured = Measured::default();
    let inputs = inputs(attack);
    let start = Instant::now();
    let AllocationInfo { bytes_max, bytes_total, .. } = allocation_counter::measure(|| {
        (measured.ended, measured.message) = run(&spec, inputs);
    });
    measured.milliseconds = start.elapsed().as_secs_f64() * 1000.0;
    (measured.held, measured.allocated) = (bytes_max, bytes_total);
    measured
}

/// Admission, objects and outputs.
fn run(spec: &ProvisionerRuleSpec, inputs: ResourceInputs) -> (Option<End>, String) {
    let rule = match compile("it", spec) {
        Ok(rule) => rule,
        Err(problems) => return (Some(End::Refused), problems[0].to_string()),
    };
    match provide(&rule, inputs) {
        Plan::Rejected(problems) => (Some(End::Stopped), problems[0].to_string()),
        Plan::Pending(awaited) => (None, format!("waits: {}", awaited[0].message)),
        Plan::Ready(()) => (None, "it works".to_owned()),
    }
}

fn provide(rule: &Rule, inputs: ResourceInputs) -> Plan<()> {
    let shared = evaluate(rule, Part::Shared, &inputs).and_then(|_| Plan::Ready(()));
    shared.and_then(|()| evaluate(rule, Part::Own, &inputs)).and_then(|evaluated| {
        let live =
            |object: &score_operator::plan::resource::RuleObject| (object.key.clone(), object.body.clone());
        let live: BTreeMap<_, _> = evaluated.objects.iter().map(live).collect();
        offer(rule, &evaluated, &live).and_then(|_| Plan::Ready(()))
    })
}

fn inputs(attack: &Attack) -> ResourceInputs {
    let spec = json!({"type": "thing", "class": "default", "id": "web.it", "guid": "0123456789", "sourceWorkload": "web", "params": attack.params});
    let generated = attack.spec["generate"].as_object().into_iter().flatten();
    alone::inputs("team-a", spec, generated.map(|(name, _)| (name.clone(), "hunter2".to_owned())).collect())
}
