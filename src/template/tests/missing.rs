//! What is not there: a problem, or below `objects` something to wait for (decision 11).

use super::*;

fn outcome(template: &str) -> EvalError {
    let node = Node::compile(&json!({ "leaf": template }), "spec")
        .unwrap_or_else(|errors| panic!("{template}: {errors:?}"));
    node.evaluate(&scope(), &mut Budget::new()).map(|value| panic!("{template}: {value:?}")).unwrap_err()
}

#[test]
fn p09_what_is_not_there_is_a_problem_that_names_it() {
    for (template, message) in [
        ("{{ params.storageGI }}", "`params.storageGI` is not there; did you mean `storageGi`?"),
        ("{{ parms.version }}", "`parms` is not there; did you mean `params`?"),
        ("x{{ params.nope }}", "`params.nope` is not there; there are:"),
        ("{{ params.nope ~ 'x' }}", "`params.nope` is not there"),
        ("{{ params.nope == 'x' }}", "`params.nope` is not there"),
        ("{{ params.nope + 1 }}", "`params.nope` is not there"),
        ("{{ params.nope.deeper }}", "`params.nope` is not there"),
        ("{{ params.nope.deeper is defined }}", "`params.nope` is not there"),
        ("{{ params.nope | b64encode }}", "`params.nope` is not there"),
        ("{{ params.nope is string }}", "`params.nope` is not there"),
        ("{{ id | truncate_hash(params.nope) }}", "`params.nope` is not there"),
        ("{{ 1 if params.nope else 2 }}", "`params.nope` is not there"),
        ("{{ not params.nope }}", "`params.nope` is not there"),
        ("{{ 'x' in params.nope }}", "`params.nope` is not there"),
        ("{{ [params.nope] }}", "`params.nope` is not there"),
        ("{{ {'a': params.nope} }}", "not there"),
        ("{{ params.queues[7] }}", "`params.queues[7]` is not there"),
        ("{{ params.queues.7 }}", "`params.queues[7]` is not there"),
        ("{{ params.labels[params.secretText] }}", "`params.labels[…]` is not there"),
        ("{{ params.version.x }}", "looks up what is not there, in `params.version.x`"),
        ("{{ params.nothing.x }}", "looks up what is not there, in `params.nothing.x`"),
        ("{{ {'a': 1}.b }}", "looks up what is not there"),
        ("{{ secret_ref(params.nope, 'k') }}", "`params.nope` is not there"),
    ] {
        match outcome(template) {
            EvalError::Problem { path, message: found } => {
                assert_eq!(path, "spec.leaf", "{template}");
                assert!(found.contains(message) && !found.contains("hunter2"), "{template}: {found}");
            }
            pending @ EvalError::Pending { .. } => panic!("{template}: {pending}"),
        }
    }
}

#[test]
fn below_objects_what_is_not_there_is_awaited() {
    for (template, awaited) in [
        ("{{ objects.db.status.address }}", "objects.db.status.address"),
        ("{{ objects.nope }}", "objects.nope"),
        ("{{ objects.nope.status.a.b }}", "objects.nope.status.a.b"),
        ("http://{{ objects.db.status.address }}", "objects.db.status.address"),
        ("{{ objects.db.status.address ~ ':1' }}", "objects.db.status.address"),
        ("{{ 'a' ~ objects.db.status.address }}", "objects.db.status.address"),
        ("{{ objects.db.status.address == 'x' }}", "objects.db.status.address"),
        ("{{ 'x' != objects.db.status.address }}", "objects.db.status.address"),
        ("{{ 1 < objects.db.status.n }}", "objects.db.status.n"),
        ("{{ objects.db.status.n + 1 }}", "objects.db.status.n"),
        ("{{ -objects.db.status.n }}", "objects.db.status.n"),
        ("{{ objects.db.status.n | b64encode }}", "objects.db.status.n"),
        ("{{ objects.db.status.n is string }}", "objects.db.status.n"),
        ("{{ id | truncate_hash(objects.db.n) }}", "objects.db.n"),
        ("{{ objects.a.x | default(objects.b.y) }}", "objects.b.y"),
        ("{{ secret_ref(objects.db.secretName, 'k') }}", "objects.db.secretName"),
        ("{{ not objects.db.status.n }}", "objects.db.status.n"),
        ("{{ 1 if objects.db.status.n else 2 }}", "objects.db.status.n"),
        ("{{ objects.db.status.n and true }}", "objects.db.status.n"),
        ("{{ objects.db.status.n or true }}", "objects.db.status.n"),
        ("{{ 'x' in objects.db.status.names }}", "objects.db.status.names"),
        ("{{ objects.db.status.n in ['x'] }}", "objects.db.status.n"),
        ("{{ 'x' in [objects.db.status.n] }}", "objects.db.status.n"),
        ("{{ 'x' in objects.db.metadata.labels }}", "objects.db.metadata.labels.x"),
        ("{{ [objects.db.status.n] }}", "objects.db.status.n"),
        ("{{ {'a': objects.db.status.n} }}", "objects.db.status.n"),
        ("{{ objects.db.status['n'] }}", "objects.db.status.n"),
        ("{{ objects.db.status.list[7].n }}", "objects.db.status.list[7].n"),
        ("{{ objects.db.status.list.7 }}", "objects.db.status.list[7]"),
        ("{{ 'x' ~ objects.db.status.nothing.address }}", "objects.db.status.nothing.address"),
        ("{{ [objects.db.status.nothing.address] }}", "objects.db.status.nothing.address"),
        ("{{ objects.db.status.phase.later }}", "objects.db.status.phase.later"),
        ("{{ objects[params.secretText].a }}", "objects[…].a"),
        ("{{ {objects.db.status.n: 1} }}", "objects.db.status.n"),
        ("{{ [1, 2][objects.db.status.n] }}", "objects.db.status.n"),
        ("{{ guid[:objects.db.status.n] }}", "objects.db.status.n"),
        ("{{ [params.flag, secret_ref('a', 'b'), objects.db.status.n] }}", "objects.db.status.n"),
    ] {
        let expected = EvalError::Pending { path: "spec.leaf".into(), name: awaited.into() };
        assert_eq!(outcome(template), expected, "{template}");
    }
}

#[test]
fn questions_below_objects_have_answers() {
    for (template, expected) in [
        ("{{ objects.db.status.a.b is defined }}", json!(false)),
        ("{{ objects.nope.status.a.b is not defined }}", json!(true)),
        ("{{ objects.db.status.phase is defined and objects.db.status.phase == 'Ready' }}", json!(true)),
        ("{{ objects.db.status.x is defined and objects.db.status.x.y == 'Ready' }}", json!(false)),
        ("{{ objects.db.status.x.y | default('none') == 'none' }}", json!(true)),
        ("{{ objects.db.status.x if objects.db.status.x is defined else 'later' }}", json!("later")),
        ("{{ objects.db.status.list[0].n }}", json!(1)),
        ("{{ objects['db']['status'].nothing }}", json!(null)),
        ("{{ objects.db.status.nothing is none }}", json!(true)),
        ("{{ 'app' in objects.db.metadata.labels }}", json!(true)),
        ("{{ objects.db.status.list[params.storageGi - 19].n }}", json!(2)),
        ("{{ objects.db.status.list == [{'n': 1}, {'n': 2}] }}", json!(true)),
        ("{{ [objects.db.status.a is defined, objects.db.status.phase] }}", json!([false, "Ready"])),
    ] {
        assert_eq!(plain(&json!(template)), expected, "{template}");
    }
}

#[test]
fn a_problem_wins_over_what_is_awaited() {
    let template =
        json!({"a": "{{ objects.db.status.x }}", "b": ["{{ objects.db.status.y }}", "{{ params.nope }}"]});
    assert!(error(&template).starts_with("spec.b[1]: `params.nope`"));
    let template = json!({"a": "{{ objects.db.status.x }}", "b": ["{{ objects.db.status.y }}", 1]});
    assert_eq!(error(&template), "spec.a: waits for `objects.db.status.x`");
}
