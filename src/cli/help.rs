//! What stands below the help of each command: how it is used, and how it ends.

pub(super) const WRAP: &str = "\
Files that the Score file names become part of the ScoreWorkload. The deprecated lists of files and volumes
become maps. Comments and the order of keys stay; empty lines, quotes and line breaks may change. What is
written means the same to readers of YAML 1.1, as kubectl is one.

Examples:
  score-operator wrap score.yaml | kubectl apply -f -
  score-operator wrap score.yaml -n shop --image web=registry.example/web:1.2.3
  score-operator wrap score.yaml --overrides-file production.yaml
  score-operator wrap score.yaml --override-property 'containers.web.variables.LOG_LEVEL=\"debug\"'
  score-operator wrap score.yaml --override-property 'containers.web.args.-1=--verbose'

Exit status: 0 written, 1 wrong usage or a file that cannot be read, 2 the Score file is refused.";

pub(super) const UNWRAP: &str = "\
Examples:
  score-operator unwrap workload.yaml > score.yaml
  kubectl get scoreworkload shop -o yaml | score-operator unwrap -

Exit status: 0 written, 1 wrong usage or a file that cannot be read, 2 the ScoreWorkload is refused.";

pub(super) const VALIDATE: &str = "\
Of a directory, all .yaml files below it are read; other objects in them are skipped.

Examples:
  score-operator validate score.yaml
  score-operator validate apps/ -o github
  score-operator wrap score.yaml | score-operator validate -

Exit status: 0 no problem, 1 wrong usage or a file that cannot be read, 2 there are problems.";

pub(super) const COMPLETION: &str = "\
Examples:
  source <(score-operator completion bash)
  score-operator completion fish > ~/.config/fish/completions/score-operator.fish";

pub(super) const SCHEMAS: &str = "\
An editor that knows yaml-language-server reads the schema that the first line of a file names:
  # yaml-language-server: $schema=schemas/provisionerrule.json

Examples:
  score-operator schemas --dir schemas/";

pub(super) const RENDER: &str = "\
Nothing is asked of a cluster, so passwords are not rolled: a fixed text stands in their place. Owner references
are left out, as they need uids.

Examples:
  score-operator render score.yaml --assume-ready
  score-operator render apps/ --rules platform/rules/ -n shop --namespace-labels env=production
  score-operator render score.yaml --outputs outputs.yaml -o json

where outputs.yaml says what a cluster would:
  web.db:                               # or postgres.default#web.db
    host: db.example
    password: {secretKeyRef: {name: db, key: password}}

Exit status: 0 rendered, 1 wrong usage or a file that cannot be read, 2 something is refused, 3 something is
awaited that only a cluster can tell. In the last two cases all that is known is printed.";

pub(super) const EXPLAIN: &str = "\
Examples:
  score-operator explain score.yaml --assume-ready
  score-operator explain web -n shop
  score-operator explain apps/ --rules platform/rules/ -o mermaid

Exit status: 0 explained, 1 wrong usage, or a file or cluster that cannot be read, 2 something is refused.";

pub(super) const DIFF: &str = "\
The ScoreWorkload and its objects are tried on the API server, which writes nothing. What Secrets hold is never
shown.

Examples:
  score-operator diff score.yaml -n shop
  score-operator wrap score.yaml --image web:2 | score-operator diff - -n shop

Exit status, as kubectl diff has it: 0 nothing would change, 1 something would, more than 1 trouble.";

pub(super) const RULES_CHECK: &str = "\
Of a directory, all .yaml files below it are read; objects of other kinds are skipped. A problem keeps the operator
from using the rule. A warning does not: something is defined and not used, nothing waits for an object of another
project's kind, only its name tells a rule from another, or a rule is never chosen. Default rules count as installed
for that, unless one of the same name is given.

Examples:
  score-operator rules check platform/rules/
  score-operator rules check rule.yaml --strict -o github

Exit status: 0 no problem, 1 wrong usage or a file that cannot be read, 2 there are problems, or warnings under
--strict.";

pub(super) const RULES_LIST: &str = "\
The first rule of a type that matches provides a resource: those of higher priority are tried first, then those that
name an id, a class, select workloads, select namespaces, then by name. Without a path the rules of the cluster are
listed; else those of the files, and the default rules, unless one of the same name is given.

Examples:
  score-operator rules list
  score-operator rules list platform/rules/ --no-default-rules
  score-operator rules list platform/rules/ --type postgres -o json

Exit status: 0 listed, 1 wrong usage, or a file or cluster that cannot be read, 2 there are problems: `rules check`
says them, too.";

pub(super) const RULES_TEST: &str = "\
Of a directory, all .yaml files below it are read: rules, and documents of the kind RuleTest, wherever they stand.
Default rules are there, too, unless one of the same name is given. Nothing is asked of a cluster; rolled values
are made up.

A document of tests, such as rules/tests/postgres.yaml:
  apiVersion: k8s.score.dev/v1alpha1
  kind: RuleTest
  cases:
    - name: a database with its Secret
      resource: {type: postgres, params: {size: 5}}    # as in a Score file; or `score: [files]` and `of: web.db`
      namespace: {name: shop, labels: {env: prod}}     # optional, as all that follows
      workloadLabels: {tier: gold}
      guid: abc
      generated: {password: made-up}                   # else fake-<name>
      outputs: {web.dns: {host: a.example}}            # of other resources; else their own rules say it
      live:                                            # by key of the rule; objects that are not named work
        database: {status: {address: db.example}}      # beside what the rule wrote
        backup: null                                   # is not there
      secrets: {db-conn: [password]}                   # keys of Secrets that others write
      expect:
        rule: my-postgres
        ready: true
        objects: {database: {spec: {sizeGi: 5}}}       # by key; a Secret's data as text below `stringData`
        outputs: {password: {secretKeyRef: {name: db-conn, key: password}}}
        awaited: [not true yet]                        # a part of each message, and no other message
        problems: []
        workloads: {Deployment/web: {spec: {replicas: null}}}

Of a map only the keys that are written are compared, at any depth, and `null` says that a key is not there. A
list has as many items as are written, each compared like that. A problem that is not expected fails the case. A
case that expects nothing is refused; --update writes all that is seen.

Examples:
  score-operator rules test platform/rules/
  score-operator rules test platform/rules/ --update

Exit status: 0 all passed, 1 a case failed, or wrong usage, or a file that cannot be read, 2 a rule or a case is
refused; other cases run all the same, unless it is a rule.";
