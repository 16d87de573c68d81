//! Whatever stands in a file: an answer, the same each time, and no panic.

use proptest::prelude::*;
use serde_json::Value;

use super::super::{parse, shape, typed};
use super::{map, with};

/// Any JSON, small.
fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        "[a-zA-Z0-9~/=.\" ]{0,4}",
        Just("containers".to_owned()),
        Just("files".to_owned()),
        Just("image".to_owned())
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,50}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_makes_parse_panic(value in any_json(), at in 0..8_usize, name in ".{0,70}") {
        let places = ["containers", "containers>web", "containers>web>files", "containers>web>livenessProbe", "service", "metadata", "resources>db", "extra"];
        let file = map(&with(places[at], value));
        let first = parse(&file, &name).map_err(|found| found.iter().map(ToString::to_string).collect::<Vec<_>>());
        let second = parse(&file, &name).map_err(|found| found.iter().map(ToString::to_string).collect::<Vec<_>>());
        prop_assert_eq!(&first, &second);
        prop_assert!(!shape(&file).is_empty() || typed(&file).is_ok(), "the types take what the schema takes");
    }
}
