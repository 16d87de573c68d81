//! From minijinja's values back to ours, counted and measured on the way.

use std::collections::BTreeMap;

use minijinja::Value as Jinja;
use minijinja::value::ValueKind;
use serde_json::{Number, Value as Json};

use super::error::Fault;
use super::limits::{EACH_ITEMS, JSON_DEPTH, STRING_BYTES};
use super::object::{Container, Missing, Omit, Secret, Template};
use super::scope::{Budget, Entry, Tree};
use super::value::Value;

/// The value of a result; none where it is `omit`. What is missing stands as null: its ticket speaks for it.
pub(super) fn value(result: &Jinja, budget: &mut Budget, depth: usize) -> Result<Option<Value>, Fault> {
    let shared =
        result.downcast_object_ref::<Container>().map_or(0, |container| container.entry.tree.depth());
    if depth + shared > JSON_DEPTH {
        return Err(Fault::problem(format!("the value nests deeper than {JSON_DEPTH}")));
    }
    if let Some(omit) = result.downcast_object_ref::<Omit>() {
        omit.deliver();
        return Ok(None);
    }
    match result.kind() {
        ValueKind::Map => map(result, budget, depth).map(Some),
        ValueKind::Seq | ValueKind::Iterable => list(result, budget, depth).map(Some),
        ValueKind::Plain => object(result, budget).map(Some),
        _ => scalar(result, budget).map(|json| Some(json.into())),
    }
}

fn scalar(result: &Jinja, budget: &mut Budget) -> Result<Json, Fault> {
    budget.make(result.as_str().map_or(4, str::len))?;
    match result.kind() {
        ValueKind::None => Ok(Json::Null),
        ValueKind::Bool => Ok(result.is_true().into()),
        ValueKind::Number => number(result),
        ValueKind::String => string(result.as_str().unwrap_or_default()),
        _ => Err(Fault::NotThere),
    }
}

/// A string within its bound.
pub(super) fn string(text: &str) -> Result<Json, Fault> {
    if text.len() > STRING_BYTES {
        return Err(Fault::problem(format!("the text is longer than {} KiB", STRING_BYTES / 1024)));
    }
    Ok(text.into())
}

/// Whole numbers are integers, whatever made them: `4 / 2` is 2.
fn number(result: &Jinja) -> Result<Json, Fault> {
    if let Ok(integer) = i64::try_from(result.clone()) {
        return Ok(integer.into());
    }
    if let Ok(integer) = u64::try_from(result.clone()) {
        return Ok(integer.into());
    }
    let float =
        f64::try_from(result.clone()).ok().filter(|_| !result.is_integer()).and_then(Number::from_f64);
    float.map(Json::Number).ok_or_else(|| Fault::problem("the number is too large"))
}

fn object(result: &Jinja, budget: &mut Budget) -> Result<Value, Fault> {
    if let Some(secret) = result.downcast_object_ref::<Secret>() {
        secret.deliver();
        budget.make(secret.content.name.len() + secret.content.key.len())?;
        return Ok(Value::SecretRef((*secret.content).clone()));
    }
    if let Some(template) = result.downcast_object_ref::<Template>() {
        template.deliver();
        return budget.compose(&template.content).map(Value::SecretRef);
    }
    match result.downcast_object_ref::<Missing>() {
        Some(_) => Ok(Json::Null.into()),
        None => Err(Fault::problem("a function is no value: call it")),
    }
}

fn list(result: &Jinja, budget: &mut Budget, depth: usize) -> Result<Value, Fault> {
    if let Some(container) = result.downcast_object_ref::<Container>() {
        return tree(&container.entry.tree, budget);
    }
    budget.make(2)?;
    let mut items = Vec::new();
    for item in iterate(result)? {
        items.extend(value(&item, budget, depth + 1)?);
    }
    Ok(Value::list(items))
}

fn map(result: &Jinja, budget: &mut Budget, depth: usize) -> Result<Value, Fault> {
    if let Some(container) = result.downcast_object_ref::<Container>() {
        return tree(&container.entry.tree, budget);
    }
    budget.make(2)?;
    let mut entries = BTreeMap::new();
    for key in iterate(result)? {
        let name = key.as_str().filter(|_| key.kind() == ValueKind::String);
        let name = name.ok_or_else(|| Fault::problem("the keys of a map must be strings"))?.to_owned();
        let entry = result.get_item(&key).unwrap_or_default();
        if let Some(entry) = value(&entry, budget, depth + 1)? {
            budget.make(name.len() + 2)?;
            entries.insert(name, entry);
        }
    }
    Ok(Value::map(entries))
}

fn iterate(result: &Jinja) -> Result<impl Iterator<Item = Jinja>, Fault> {
    result.try_iter().map_err(|_| Fault::problem("the value cannot be listed"))
}

/// A part of the scope as it is.
fn tree(tree: &Tree, budget: &mut Budget) -> Result<Value, Fault> {
    match tree {
        Tree::Scalar(json) => scalar(json, budget).map(Value::from),
        Tree::Secret(reference) => {
            budget.make(reference.name.len() + reference.key.len())?;
            Ok(Value::SecretRef((**reference).clone()))
        }
        Tree::List(inner) => {
            budget.make(2)?;
            let items: Result<Vec<_>, _> =
                inner.children.iter().map(|child| self::tree(child, budget)).collect();
            Ok(Value::list(items?))
        }
        Tree::Map(inner) => {
            budget.make(2)?;
            let entry = |(key, child): (&String, &Tree)| {
                budget.make(key.len() + 2)?;
                Ok((key.clone(), self::tree(child, budget)?))
            };
            let entries: Result<Vec<_>, Fault> = inner.children.iter().map(entry).collect();
            Ok(Value::map(entries?))
        }
    }
}

/// What an `$each` runs over: the items of a list, or `{key, value}` for each entry of a map.
pub(super) fn items(result: &Jinja, budget: &mut Budget) -> Result<Vec<Entry>, Fault> {
    let (tree, pending) = match result.downcast_object_ref::<Container>() {
        Some(container) => (container.entry.tree.clone(), container.entry.pending),
        None => (value(result, budget, 0)?.map_or(Tree::Scalar(Jinja::UNDEFINED), Tree::from), false),
    };
    let trees: Vec<Tree> = match &tree {
        Tree::List(inner) => inner.children.clone(),
        Tree::Map(inner) => inner.children.iter().map(|(key, value)| pair(key, value)).collect(),
        // Something to wait for: the tickets say what.
        Tree::Scalar(_) if result.downcast_object_ref::<Missing>().is_some() => Vec::new(),
        Tree::Scalar(_) | Tree::Secret(_) => {
            return Err(Fault::problem(format!(
                "`$each` needs a list or a map, and got {}",
                super::filters::kind(result)
            )));
        }
    };
    if trees.len() > EACH_ITEMS {
        return Err(Fault::problem(format!(
            "`$each` runs over {} items, and may over {EACH_ITEMS}",
            trees.len()
        )));
    }
    Ok(trees.into_iter().map(|tree| Entry { tree, pending }).collect())
}

fn pair(key: &str, value: &Tree) -> Tree {
    let key = Tree::Scalar(Jinja::from(key));
    Tree::map(BTreeMap::from([("key".to_owned(), key), ("value".to_owned(), value.clone())]))
}
