//! A container: its environment (V01–V03, H13), compute (W07), files and volumes (F06, L04).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::pod::volume_name;
use super::{file, probe};
use crate::api::score::{Compute, ComputeAmounts, Probe};
use crate::plan::score::settings::PodSecurity;
use crate::plan::workload::{Mount, Pods, ResolvedContainer};
use crate::template::{Filled, Part, SecretRef, quantity};

/// Renders it. A field that the Score file does not give is not sent.
#[must_use]
pub fn render(container: &ResolvedContainer, pods: Pods) -> Value {
    let mut body = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(key.to_owned(), value);
        }
    };
    put("name", Some(json!(container.name)));
    put("image", Some(json!(container.image)));
    put("command", container.command.as_ref().map(|command| json!(command)));
    put("args", container.args.as_ref().map(|args| json!(args)));
    put("env", environment(container));
    put("resources", container.resources.as_ref().and_then(compute));
    let probe = |given: &Probe| probe::render(given, pods.probe_host);
    put("livenessProbe", container.liveness.as_ref().map(probe));
    put("readinessProbe", container.readiness.as_ref().map(probe));
    put("volumeMounts", mounts(container));
    put("securityContext", security(pods.security));
    Value::Object(body)
}

/// Files, then volumes, each in the order of its paths (F06, L04).
fn mounts(container: &ResolvedContainer) -> Option<Value> {
    let volume = |mount: &Mount| {
        let mut body = json!({"name": volume_name(&mount.volume), "mountPath": mount.path});
        if let Some(path) = &mount.sub_path {
            body["subPath"] = json!(path);
        }
        if mount.read_only {
            body["readOnly"] = json!(true);
        }
        body
    };
    let all: Vec<_> = file::mounts(container).chain(container.mounts.iter().map(volume)).collect();
    (!all.is_empty()).then(|| json!(all))
}

/// No program that runs as root minds the first; the capabilities many do.
pub(super) fn security(level: PodSecurity) -> Option<Value> {
    match level {
        PodSecurity::Privileged => None,
        PodSecurity::Baseline => Some(json!({"allowPrivilegeEscalation": false})),
        PodSecurity::Restricted => {
            Some(json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}))
        }
    }
}

/// The variables by name, after the references that their texts need (V01): the kubelet expands
/// `$(name)` only from variables that stand before.
fn environment(container: &ResolvedContainer) -> Option<Value> {
    let mut references = Map::new();
    let variables: Vec<_> =
        container.variables.iter().map(|(name, text)| variable(name, text, &mut references)).collect();
    let all: Vec<_> = references.into_iter().map(|(_, value)| value).chain(variables).collect();
    (!all.is_empty()).then(|| json!(all))
}

fn variable(name: &str, text: &Filled, references: &mut Map<String, Value>) -> Value {
    if let Some(secret) = text.as_secret() {
        return from_secret(name, secret);
    }
    match mixed(text, references) {
        value if value.is_empty() => json!({ "name": name }),
        value => json!({"name": name, "value": value}),
    }
}

fn from_secret(name: &str, secret: &SecretRef) -> Value {
    json!({"name": name, "valueFrom": {"secretKeyRef": {"name": secret.name, "key": secret.key}}})
}

/// Text with references in it. The kubelet takes `$(NAME)` for a variable and `$$` for `$`. Neither may come
/// of what an output holds, such as a password (H13), nor of a `$` of the author's and what follows it; what
/// the author wrote alone stays as it is.
fn mixed(text: &Filled, references: &mut Map<String, Value>) -> String {
    let mut all = String::new();
    for (at, part) in text.parts().iter().enumerate() {
        let next = text.parts().get(at + 1).and_then(first);
        match part {
            Part::Literal(text) => all += &closed(text, next),
            Part::Output(text) => all += &escaped(text, next),
            Part::Secret(secret) => {
                let name = reference_name(secret);
                references.insert(name.clone(), from_secret(&name, secret));
                all.extend(["$(", &name, ")"]);
            }
        }
    }
    all
}

/// The character that a part begins with, once it is rendered.
fn first(part: &Part) -> Option<char> {
    match part {
        Part::Literal(text) | Part::Output(text) => text.chars().next(),
        Part::Secret(_) => Some('$'),
    }
}

/// Whether a `$` before this character is not just itself to the kubelet.
fn is_read_on(next: Option<char>) -> bool {
    matches!(next, Some('$' | '('))
}

/// A text of the author's, whose last `$` is not read together with what follows.
fn closed(text: &str, next: Option<char>) -> String {
    let last = text.len() - text.trim_end_matches('$').len();
    let end = if last % 2 == 1 && is_read_on(next) { "$" } else { "" };
    format!("{text}{end}")
}

/// A text that the kubelet leaves as it is.
fn escaped(text: &str, next: Option<char>) -> String {
    let following = text.chars().skip(1).map(Some).chain([next]);
    let doubled = |(c, next): (char, Option<char>)| {
        if c == '$' && is_read_on(next) { "$$".to_owned() } else { c.to_string() }
    };
    text.chars().zip(following).map(doubled).collect()
}

/// `__ref_` and a hash of the Secret and its key, with a NUL between them: without it, (`db`,
/// `1password`) and (`db1`, `password`) would share one variable (V03).
fn reference_name(secret: &SecretRef) -> String {
    let hash = fnv1_128(format!("{}\0{}", secret.name, secret.key).as_bytes());
    let text = URL_SAFE_NO_PAD.encode(hash.to_be_bytes());
    format!("__ref_{}", text.replace(['_', '-'], "0"))
}

/// FNV-1 with 128 bits, as the reference implementation names these variables.
fn fnv1_128(bytes: &[u8]) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(OFFSET, |hash, byte| hash.wrapping_mul(PRIME) ^ u128::from(*byte))
}

/// Requests and limits; `None` where neither says anything, as an empty map is never sent (W13).
fn compute(compute: &Compute) -> Option<Value> {
    let sides = [("limits", &compute.limits), ("requests", &compute.requests)];
    let said =
        sides.into_iter().filter_map(|(side, given)| Some((side.to_owned(), amounts(given.as_ref()?)?)));
    let body: Map<_, _> = said.collect();
    (!body.is_empty()).then_some(Value::Object(body))
}

fn amounts(amounts: &ComputeAmounts) -> Option<Value> {
    let said = [("cpu", &amounts.cpu), ("memory", &amounts.memory)];
    let text = |text: &String| json!(quantity::canonical(text).unwrap_or_else(|| text.clone()));
    let body: Map<_, _> =
        said.into_iter().filter_map(|(name, given)| Some((name.to_owned(), text(given.as_ref()?)))).collect();
    (!body.is_empty()).then_some(Value::Object(body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use crate::plan::score::settings::ProbeHost;

    use crate::template::{Value as Resolved, parse};

    fn container(variables: &[(&str, &str)]) -> ResolvedContainer {
        let secret =
            |name: &str, key: &str| Resolved::SecretRef(SecretRef { name: name.into(), key: key.into() });
        let fill = |text: &str| {
            let parsed = parse(text).expect("placeholders");
            let look_up = |found: &crate::template::Reference| match found.path.join(".").as_str() {
                "pw" => Ok(secret("hello", "world")),
                "other" => Ok(secret("db1", "password")),
                _ => Ok::<_, ()>(Resolved::from(json!("a$(b)"))),
            };
            parsed.substitute(look_up).expect("filled")
        };
        ResolvedContainer {
            name: "main".into(),
            image: "x".into(),
            command: None,
            args: None,
            variables: variables
                .iter()
                .map(|(name, text)| ((*name).into(), fill(text)))
                .collect::<BTreeMap<_, _>>(),
            files: Vec::new(),
            mounts: Vec::new(),
            resources: None,
            liveness: None,
            readiness: None,
        }
    }

    fn rendered(container: &ResolvedContainer) -> Value {
        let security = PodSecurity::Privileged;
        render(container, Pods { security, service_account_token: false, probe_host: ProbeHost::Header })
    }

    #[test]
    fn v01_plain_variables_are_sorted_and_an_empty_one_has_no_value() {
        let env = &rendered(&container(&[("B", "x"), ("A", "")]))["env"];
        assert_eq!(*env, json!([{"name": "A"}, {"name": "B", "value": "x"}]));
    }

    #[test]
    fn v02_a_whole_secret_is_a_reference() {
        let env = &rendered(&container(&[("P", "${pw}")]))["env"];
        let reference = json!({"secretKeyRef": {"name": "hello", "key": "world"}});
        assert_eq!(*env, json!([{"name": "P", "valueFrom": reference}]));
    }

    #[test]
    fn v03_a_mixed_secret_is_a_reference_of_its_own() {
        let env = rendered(&container(&[("URL", "u:${pw}@h"), ("TWO", "${other}${pw}")]))["env"].clone();
        let names: Vec<_> = env.as_array().expect("env").iter().map(|entry| entry["name"].clone()).collect();
        assert_eq!(names.len(), 4);
        assert!(names[..2].iter().all(|name| name.as_str().expect("a name").starts_with("__ref_")));
        assert!(env[3]["value"].as_str().expect("a value").starts_with("u:$(__ref_"));
    }

    #[test]
    fn v03_the_hash_separates_name_and_key() {
        let name = |name: &str, key: &str| reference_name(&SecretRef { name: name.into(), key: key.into() });
        assert_ne!(name("db", "1password"), name("db1", "password"));
        // FNV-1 128 itself is that of the reference implementation (vector of V03 without a separator).
        let text = URL_SAFE_NO_PAD.encode(fnv1_128(b"helloworld").to_be_bytes()).replace(['_', '-'], "0");
        assert_eq!(text, "7nSlDImL8R05KcUzKJ00KQ");
    }

    /// What the kubelet makes of a variable's value.
    fn expanded(text: &str, known: &dyn Fn(&str) -> String) -> String {
        let Some(at) = text.find('$') else { return text.to_owned() };
        let (before, after) = (&text[..at], &text[at + 1..]);
        let (found, rest) = match after.strip_prefix('(').and_then(|open| open.split_once(')')) {
            Some((name, rest)) => (known(name), rest),
            None => ("$".to_owned(), after.strip_prefix('$').unwrap_or(after)),
        };
        format!("{before}{found}{}", expanded(rest, known))
    }

    #[test]
    fn h13_v03_what_outputs_and_secrets_hold_arrives_as_it_is() {
        let known = |name: &str| if name.starts_with("__ref_") { "S$(V)$$".into() } else { "?".to_owned() };
        let outputs = ["$", "$$", "(V)", "$(V)", "$$(V)", "$$$", "b", "$x"];
        let literals = ["a", "$$", "$$$$", "x$$", "$$(V)", "(V)", "${secret}"];
        let texts = || {
            literals
                .iter()
                .map(|text| (*text).to_owned())
                .chain((0..outputs.len()).map(|at| format!("${{{at}}}")))
        };
        let all = texts().flat_map(|one| texts().map(move |two| format!("{one}{two}")));
        let all = all.flat_map(|two| texts().map(move |three| format!("{two}{three}")));
        for text in all {
            let look_up = |found: &crate::template::Reference| match found.path[0].parse::<usize>() {
                Ok(at) => Ok::<_, ()>(Resolved::from(json!(outputs[at]))),
                Err(_) => Ok(Resolved::SecretRef(SecretRef { name: "s".into(), key: "k".into() })),
            };
            let filled = parse(&text).expect("placeholders").substitute(look_up).expect("filled");
            let arrives = |part: &Part| match part {
                Part::Literal(text) => expanded(text, &known),
                Part::Output(text) => text.clone(),
                Part::Secret(_) => "S$(V)$$".to_owned(),
            };
            let wanted: String = filled.parts().iter().map(arrives).collect();
            let sent = mixed(&filled, &mut Map::new());
            assert_eq!(expanded(&sent, &known), wanted, "{text} was sent as {sent}");
        }
    }

    #[test]
    fn h13_text_from_an_output_is_escaped_and_the_authors_is_not() {
        let env = &rendered(&container(&[("A", "$(FRIEND) ${out}")]))["env"];
        assert_eq!(*env, json!([{"name": "A", "value": "$(FRIEND) a$$(b)"}]));
    }
}
