//! `rules list`: the order in which rules are tried.

use std::path::PathBuf;
use std::sync::Arc;

use kube::core::Selector;
use serde_json::{Value, json};

use super::super::exit::{Failure, PLACE, print_styled};
use super::super::report::printable;
use super::super::{files, live, report, sources};
use super::check::nothing;
use crate::offline::finding::Finding;
use crate::offline::live::rule_files;
use crate::offline::rules::{Admission, RuleFile, Rules};
use crate::plan::problem::{did_you_mean, list};
use crate::plan::rule::order::{Place, order};
use crate::plan::rule::{Denial, Rule};

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// Files of rules, or directories of them [default: the rules of the cluster].
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The default rules are not installed.
    #[arg(long, requires = "paths")]
    no_default_rules: bool,
    /// Rules of this type only.
    #[arg(long = "type", short, value_name = "TYPE")]
    type_: Option<String>,
    /// How the rules are printed.
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
}

/// How rules are printed.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// A list of types, each with its rules.
    Json,
}

/// Runs it.
///
/// # Errors
/// Files that cannot be read or a cluster that cannot be asked; after the list was printed, problems.
pub(super) fn execute(args: &ListArgs) -> Result<(), Failure> {
    let (files, mut findings) = if args.paths.is_empty() { of_cluster()? } else { of_files(args)? };
    let (rules, more) = Rules::admit(files);
    findings.extend(more);
    let types = chosen(&rules, args.type_.as_deref())?;
    let text = match args.output {
        Format::Text => types.iter().map(|type_| text(type_, &rules)).collect(),
        Format::Json => json(&types, &rules)?,
    };
    print_styled(&text)?;
    if findings.is_empty() { Ok(()) } else { Err(Failure::Refused(report::text(&findings))) }
}

type Found = (Vec<RuleFile>, Vec<Finding>);

fn of_files(args: &ListArgs) -> Result<Found, Failure> {
    let sources::Found { items, findings, .. } = sources::rules_among(&files::read(&args.paths)?);
    if items.is_empty() && findings.is_empty() {
        return Err(nothing(&args.paths));
    }
    let mut all = if args.no_default_rules { Vec::new() } else { sources::default_rules()? };
    all.extend(items);
    Ok((all, findings))
}

fn of_cluster() -> Result<Found, Failure> {
    let rules = live::block_on(async {
        let review = live::connect(None).await?;
        review.rules().await.map_err(Failure::error)
    });
    Ok((rule_files(&rules?), Vec::new()))
}

fn chosen<'a>(rules: &'a Rules, wanted: Option<&str>) -> Result<Vec<&'a str>, Failure> {
    let all: Vec<_> = rules.types().collect();
    let Some(wanted) = wanted else { return Ok(all) };
    let found: Vec<_> = all.iter().filter(|type_| **type_ == wanted).copied().collect();
    if found.is_empty() {
        let hint = did_you_mean(wanted, all.iter().copied());
        let there = list(all.iter().copied());
        return Err(Failure::error(format_args!("no rule provides type `{wanted}`{hint} (types: {there})")));
    }
    Ok(found)
}

/// What is said of a rule.
struct Line<'a> {
    rule: &'a Rule,
    /// Why it is tried before the next one.
    before_next: Option<&'static str>,
    beaten_by: Option<&'a Rule>,
    is_refused: bool,
}

fn lines<'a>(type_: &str, rules: &'a Rules) -> Vec<Line<'a>> {
    let line = |Place { rule, lead, beaten_by, .. }: Place<'a>| Line {
        rule,
        before_next: lead.map(crate::plan::rule::choice::Lead::over_next),
        beaten_by,
        is_refused: matches!(rules.get(&rule.name), Some(Admission::Refused(_))),
    };
    order(rules.of_type(type_)).into_iter().map(line).collect()
}

/// A rule that forbids.
struct Guardrail<'a> {
    rule: &'a Rule,
    deny: &'a Denial,
    is_refused: bool,
}

/// The rules that forbid, by name.
fn guardrails<'a>(type_: &str, rules: &'a Rules) -> Vec<Guardrail<'a>> {
    let guardrail = |rule: &'a Arc<Rule>| {
        let is_refused = matches!(rules.get(&rule.name), Some(Admission::Refused(_)));
        Some(Guardrail { rule, deny: rule.deny.as_ref()?, is_refused })
    };
    let mut found: Vec<_> = rules.of_type(type_).iter().filter_map(guardrail).collect();
    found.sort_by_key(|found| found.rule.name.as_str());
    found
}

impl Guardrail<'_> {
    /// What it forbids, what it says, and below that when.
    fn shown(&self) -> Vec<String> {
        let Self { rule, deny, is_refused } = self;
        let (name, selects) = (printable(&rule.name), printable(&selects(rule)));
        let head = format!("  guardrail {name}: for {selects}: {}", printable(&deny.message));
        let when =
            (!deny.when.is_empty()).then(|| format!("only where {}", printable(&self.when().join(" and "))));
        let refused = is_refused.then(|| "cannot be used: all that it may forbid waits".to_owned());
        let remarks = [when, refused].into_iter().flatten();
        std::iter::once(head).chain(remarks.map(|remark| format!("     {remark}"))).collect()
    }

    /// Its conditions, as they are written.
    fn when(&self) -> Vec<&str> {
        self.deny.when.iter().map(|(text, _)| text.as_str()).collect()
    }

    fn json(&self) -> Value {
        let Self { rule, deny, is_refused } = self;
        json!({
            "rule": rule.name,
            "class": rule.class,
            "id": rule.id,
            "workloadSelector": written(rule.workloads.as_ref()),
            "namespaceSelector": written(rule.namespaces.as_ref()),
            "deny": deny.message,
            "denyWhen": self.when(),
            "refused": is_refused,
        })
    }
}

fn written(selector: Option<&Selector>) -> Option<String> {
    selector.map(ToString::to_string)
}

fn text(type_: &str, rules: &Rules) -> String {
    let head = format!("{PLACE}{}{PLACE:#}", printable(type_));
    let all = lines(type_, rules);
    let of_rules = all.iter().enumerate().flat_map(|(index, line)| line.shown(index + 1));
    let guards = guardrails(type_, rules);
    let of_guards = guards.iter().flat_map(Guardrail::shown);
    let mut text = std::iter::once(head).chain(of_rules).chain(of_guards).collect::<Vec<_>>().join("\n");
    text.push('\n');
    text
}

impl Line<'_> {
    /// The rule at its place, and below it what is to be said of it.
    fn shown(&self, place: usize) -> Vec<String> {
        let Self { rule, before_next, beaten_by, is_refused } = self;
        let (name, selects) = (printable(&rule.name), printable(&selects(rule)));
        let head = format!("  {place}. {name}: priority {}, for {selects}", rule.priority);
        let refused = is_refused.then(|| "cannot be used: what it would provide waits".to_owned());
        let beaten = beaten_by.map(|winner| {
            let winner = printable(&winner.name);
            format!("never chosen: `{winner}` is tried before it and matches whatever it does")
        });
        let before = before_next.map(|why| format!("before the next: {why}"));
        let remarks = [refused, beaten, before].into_iter().flatten();
        std::iter::once(head).chain(remarks.map(|remark| format!("     {remark}"))).collect()
    }
}

/// What a rule asks of a resource.
fn selects(rule: &Rule) -> String {
    let labels = |what: &str, selector: &Option<Selector>| {
        let selector = selector.as_ref().filter(|selector| !selector.selects_all());
        selector.map(|selector| format!("{what} with {selector}"))
    };
    let value = |what: &str, value: &Option<String>| value.as_ref().map(|value| format!("{what} `{value}`"));
    let all = [
        value("class", &rule.class),
        value("id", &rule.id),
        labels("workloads", &rule.workloads),
        labels("namespaces", &rule.namespaces),
    ];
    let all: Vec<_> = all.into_iter().flatten().collect();
    if all.is_empty() { "every resource of the type".to_owned() } else { all.join(", ") }
}

fn json(types: &[&str], rules: &Rules) -> Result<String, Failure> {
    let entry = |line: Line<'_>| {
        let Line { rule, before_next, beaten_by, is_refused } = line;
        json!({
            "rule": rule.name,
            "priority": rule.priority,
            "class": rule.class,
            "id": rule.id,
            "workloadSelector": written(rule.workloads.as_ref()),
            "namespaceSelector": written(rule.namespaces.as_ref()),
            "beforeNext": before_next,
            "beatenBy": beaten_by.map(|winner| &winner.name),
            "refused": is_refused,
        })
    };
    let of_type = |type_: &&str| {
        let all: Vec<Value> = lines(type_, rules).into_iter().map(entry).collect();
        let guards: Vec<Value> = guardrails(type_, rules).iter().map(Guardrail::json).collect();
        json!({"type": type_, "rules": all, "guardrails": guards})
    };
    let all: Vec<_> = types.iter().map(of_type).collect();
    Ok(serde_json::to_string_pretty(&all).map_err(Failure::error)? + "\n")
}
