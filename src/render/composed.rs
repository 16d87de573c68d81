//! The Secret of the texts with secret parts that a resource offers: a whole connection string, say, so that no program
//! has to put one together (P10).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::resource::{Belonging, composed_id, dress};
use super::{Manifest, SecretValues};
use crate::template::{Composed, SecretPart};

/// Renders it.
///
/// In: the texts by key, and the values of all that they refer to; a value that nobody has read stands as a text that
/// says which it is.
#[must_use]
pub fn render(
    belonging: &Belonging<'_>,
    texts: &BTreeMap<String, Composed>,
    values: &SecretValues,
) -> Manifest {
    let data: BTreeMap<_, _> =
        texts.iter().map(|(key, text)| (key, STANDARD.encode(bytes(text, values)))).collect();
    let id = composed_id(belonging.spec);
    let body = json!({
        "apiVersion": id.api_version, "kind": id.kind, "metadata": {"name": id.name}, "type": "Opaque", "data": data,
    });
    dress(belonging, id, body)
}

fn bytes(text: &Composed, values: &SecretValues) -> Vec<u8> {
    let part = |part: &SecretPart| match part {
        SecretPart::Text(text) => text.clone().into_bytes(),
        SecretPart::Secret(reference) => values.get(reference),
    };
    text.parts().iter().flat_map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::resource::ScoreResourceSpec;
    use crate::api::rule::DeletionPolicy;
    use crate::render::Owner;
    use crate::template::{Budget, Node, Scope, SecretRef};

    fn composed(leaf: &str) -> BTreeMap<String, Composed> {
        let mut budget = Budget::new().composing("it");
        budget.begin_output("url");
        let node = Node::compile(&json!(leaf), "outputs.url").expect("a good leaf");
        node.evaluate(&Scope::new(), &mut budget).expect("a value");
        budget.composed()
    }

    #[test]
    fn p10_the_parts_are_put_together_in_the_data_and_nowhere_else() {
        let texts = composed("{{ secret_template('pg://', secret_ref('conn', 'pw'), '@', 5432) }}");
        let reference = SecretRef { name: "conn".into(), key: "pw".into() };
        // Bytes, which need not be text.
        let values = SecretValues::new([(reference, b"hunter2\xff".to_vec())].into(), b"key".to_vec());
        let spec =
            ScoreResourceSpec { type_: "pg".into(), id: "web.db".into(), ..ScoreResourceSpec::default() };
        let owner = Owner { kind: "ScoreResource", name: "r".into(), uid: "u".into() };
        let belonging = Belonging {
            namespace: "team-a",
            owner,
            spec: &spec,
            policy: DeletionPolicy::Delete,
            outlived: vec![],
        };
        let secret = render(&belonging, &texts, &values);
        assert_eq!(secret.id, composed_id(&spec));
        assert_eq!(secret.body["data"], json!({"url": STANDARD.encode(b"pg://hunter2\xff@5432")}));
        assert_eq!(secret.body["metadata"]["ownerReferences"][0]["uid"], "u");
        assert!(!format!("{secret:?} {}", secret.redacted()).contains("hunter2"));
    }

    #[test]
    fn what_nobody_has_read_says_which_it_is() {
        let texts = composed("{{ secret_template('a', secret_ref('conn', 'pw')) }}");
        assert_eq!(bytes(&texts["url"], &SecretValues::default()), b"a<conn/pw of the cluster>");
    }
}
