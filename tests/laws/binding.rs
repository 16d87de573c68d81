//! What a resource is bound to stays.

use proptest::prelude::*;
use score_operator::api::resource::ScoreResourceSpec;
use score_operator::plan::binding::{Binding, BindingInputs, bind};
use score_operator::plan::index::{Index, Known, ResourceKey};
use score_operator::plan::rule::select::Labels;
use serde_json::{Map, Value};

use super::config;
use super::given::{self, NAMESPACE};

pub fn index(files: &[(usize, Map<String, Value>)]) -> Index {
    let mut index = Index::default();
    for (number, file) in files {
        put(&mut index, &format!("app-{number}"), file);
    }
    index
}

pub fn put(index: &mut Index, name: &str, file: &Map<String, Value>) {
    index.put(NAMESPACE, Known::new(name, &format!("uid-of-{name}"), 1, Labels::new(), file));
}

pub fn binding(index: &Index, existing: Option<ScoreResourceSpec>, guid: &str) -> BindingInputs {
    let demands = index.demands(&ResourceKey { namespace: NAMESPACE.into(), uid: given::uid() });
    BindingInputs {
        uid: given::uid(),
        existing,
        demands,
        holders: vec![],
        best_rule: Some(format!("rule-of-{guid}")),
        move_to: None,
        new_guid: guid.into(),
    }
}

proptest! {
    #![proptest_config(config())]

    /// covers: P04 E07
    #[test]
    fn binding_again_changes_nothing_and_identity_never_changes(
        before in prop::collection::vec(given::consumer(), 1..4),
        after in prop::collection::vec(given::consumer(), 0..4),
        holds in any::<bool>(),
    ) {
        let numbered = |files: Vec<_>, first: usize| files.into_iter().enumerate().map(|(at, file)| (at + first, file)).collect::<Vec<_>>();
        let (before, after) = (index(&numbered(before, 0)), index(&numbered(after, 1)));
        let Binding::Keep { spec: first, .. } = bind(&binding(&before, None, "first")) else { panic!("it is demanded") };
        let mut next = binding(&after, Some((*first).clone()), "second");
        next.holders = if holds { vec!["app-0".into()] } else { vec![] };
        match bind(&next) {
            Binding::Release => prop_assert!(next.demands.is_empty() && !holds),
            Binding::Keep { spec, conflicts } => {
                prop_assert_eq!((&spec.guid, &spec.rule), (&first.guid, &first.rule));
                prop_assert_eq!(spec.uid(), given::uid());
                let again = BindingInputs { existing: Some((*spec).clone()), new_guid: "third".into(), best_rule: Some("better".into()), ..next };
                prop_assert_eq!(bind(&again), Binding::Keep { spec, conflicts });
            }
        }
    }
}
