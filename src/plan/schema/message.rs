//! One error of the validator as one message for people, or one per key.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use super::super::problem::{did_you_mean, list};
use super::{Finding, Values, View, below, escape, form, path, words};
use crate::template::short;

/// Keys below which nothing is shown: they hold what may be secret, or long.
const HIDDEN_BELOW: &[&str] = &["params", "content", "binaryContent"];

/// What an error of `schema` says.
pub(super) fn findings(schema: &Value, error: &ValidationError<'static>, view: &View) -> Vec<Finding> {
    use ValidationErrorKind as Kind;
    let place = Place::new(schema, error, view);
    match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            unexpected.iter().map(|key| place.at_key(key, place.unknown_key(key))).collect()
        }
        Kind::PropertyNames { error } => {
            let name = error.instance().as_str().unwrap_or_default();
            vec![place.at_key(name, bad_name(schema, name, error))]
        }
        _ => vec![place.here(place.message())],
    }
}

/// An error with what its message is made from.
struct Place<'a> {
    error: &'a ValidationError<'static>,
    /// The schema that the failing keyword is part of, where it can be found.
    schema: Option<&'a Value>,
    path: String,
    values: Values,
    is_reference: bool,
}

impl<'a> Place<'a> {
    fn new(schema: &'a Value, error: &'a ValidationError<'static>, view: &View) -> Self {
        let pointer = error.instance_path().as_str();
        let hidden = pointer.split('/').any(|segment| HIDDEN_BELOW.contains(&segment));
        Self {
            error,
            schema: parent(schema, error),
            path: path(view.root, view.instance, pointer),
            values: if hidden { Values::Hidden } else { view.values },
            is_reference: view.references.contains(pointer),
        }
    }

    fn here(&self, message: String) -> Finding {
        let pointer = self.error.instance_path().as_str().to_owned();
        Finding { path: self.path.clone(), message, pointer }
    }

    fn at_key(&self, key: &str, message: String) -> Finding {
        let pointer = format!("{}/{}", self.error.instance_path().as_str(), escape(key));
        Finding { path: below(&self.path, key), message, pointer }
    }

    fn unknown_key(&self, key: &str) -> String {
        let known = self.schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
        let known: Vec<_> = known.into_iter().flat_map(|map| map.keys().map(String::as_str)).collect();
        let shown = short(key);
        match did_you_mean(key, known.iter().copied()) {
            hint if hint.is_empty() => format!("unknown key `{shown}`; known keys: {}", list(known)),
            hint => format!("unknown key `{shown}`{hint} known keys: {}", list(known)),
        }
    }

    /// What is wrong, for every kind but those that speak of a key.
    fn message(&self) -> String {
        use ValidationErrorKind as Kind;
        match self.error.kind() {
            Kind::Type { kind } => self.wrong_type(kind),
            Kind::Required { property } => {
                format!("missing required key `{}`", property.as_str().unwrap_or_default())
            }
            Kind::Enum { options } => self.not_listed(options),
            Kind::Constant { expected_value } => self.expected(&format!("`{}`", scalar(expected_value))),
            Kind::AnyOf { .. } => form::no_branch(self.keyword("anyOf"), self.error, false),
            Kind::OneOfNotValid { .. } => form::no_branch(self.keyword("oneOf"), self.error, true),
            Kind::OneOfMultipleValid { .. } => form::several_branches(self.keyword("oneOf"), self.error),
            Kind::Not { .. } => "is what the schema rules out (`not`)".to_owned(),
            Kind::FalseSchema => "is not allowed here: leave it out".to_owned(),
            Kind::Contains => "holds no item that fits what the schema says under `contains`".to_owned(),
            Kind::UniqueItems => "has equal items, expected each of them once".to_owned(),
            Kind::Referencing(error) => error.to_string(),
            Kind::Custom { message, .. } => message.clone(),
            _ => self.bounds(),
        }
    }

    /// What is wrong with a size, an amount or a text.
    fn bounds(&self) -> String {
        use ValidationErrorKind as Kind;
        match self.error.kind() {
            Kind::Pattern { pattern } => self.expected(&self.pattern(pattern)),
            Kind::MinLength { .. } | Kind::MaxLength { .. } => self.expected(&self.length()),
            Kind::Minimum { .. } | Kind::Maximum { .. } => self.expected(&self.range()),
            Kind::ExclusiveMinimum { limit } => self.expected(&format!("more than {limit}")),
            Kind::ExclusiveMaximum { limit } => self.expected(&format!("less than {limit}")),
            Kind::MultipleOf { multiple_of } => self.expected(&format!("a multiple of {multiple_of}")),
            Kind::MinProperties { limit } | Kind::MinItems { limit } => self.size("at least", *limit),
            Kind::MaxProperties { limit } | Kind::MaxItems { limit } => self.size("at most", *limit),
            Kind::AdditionalItems { limit } => self.size("at most", *limit as u64),
            kind => self.expected(&format!("what the schema says under `{}`", kind.keyword())),
        }
    }

    fn expected(&self, what: &str) -> String {
        format!("{}, expected {what}", words::found(self.error.instance(), self.values))
    }

    /// What the keyword beside the failing one says.
    fn keyword(&self, name: &str) -> Option<&Value> {
        self.schema?.get(name)
    }

    fn wrong_type(&self, kind: &TypeKind) -> String {
        let expected = words::expected(kind);
        if self.is_reference {
            return format!(
                "is a reference to a Secret, expected {expected}: a secret can stand only for a string"
            );
        }
        let instance = self.error.instance();
        let value = words::shown(instance, self.values);
        let shown = value.as_ref().map_or_else(String::new, |value| format!(" ({value})"));
        let fix = fix(instance.as_ref(), kind, value);
        format!("is {}{shown}, expected {expected}{fix}", words::kind(instance))
    }

    fn not_listed(&self, options: &Value) -> String {
        // schemars lists null for an optional enum although its type rules null out.
        let type_ = self.keyword("type");
        let ruled_out = |option: &&Value| option.is_null() && type_.is_some_and(|type_| type_ == "string");
        let options = options.as_array().into_iter().flatten().filter(|option| !ruled_out(option));
        let options: Vec<_> = options.map(scalar).collect();
        let options = || options.iter().map(String::as_str);
        let text = self.error.instance().as_str().map(str::to_owned);
        let hint = text.map_or_else(String::new, |text| did_you_mean(&text, options()));
        self.expected(&format!("one of {}{hint}", list(options())))
    }

    /// What a pattern allows. Few people read one that has no words: what the property is for helps them more.
    fn pattern(&self, pattern: &str) -> String {
        let description = self.keyword("description").and_then(Value::as_str).map(words::first_sentence);
        let description = description.filter(|text| words::known(pattern).is_none() && !text.is_empty());
        let described = description.map_or_else(String::new, |text| format!("; it is described as: {text}"));
        words::pattern(pattern) + &described
    }

    /// The lengths that are allowed; a known pattern beside them says it all.
    fn length(&self) -> String {
        let pattern = self.keyword("pattern").and_then(Value::as_str).and_then(words::known);
        let bound = |name: &str| self.keyword(name).and_then(Value::as_u64);
        match (pattern, bound("minLength"), bound("maxLength")) {
            (Some(words), ..) => words.to_owned(),
            (None, Some(min), Some(max)) => format!("{min} to {max} characters"),
            (None, Some(min), None) => {
                format!("at least {}", words::count(min, "character", "characters"))
            }
            (None, None, max) => {
                format!("at most {}", words::count(max.unwrap_or_default(), "character", "characters"))
            }
        }
    }

    /// The amounts that are allowed.
    fn range(&self) -> String {
        match (self.keyword("minimum"), self.keyword("maximum"), self.error.kind()) {
            (Some(min), Some(max), _) => format!("{min} to {max}"),
            (_, _, ValidationErrorKind::Minimum { limit }) => format!("at least {limit}"),
            (_, _, ValidationErrorKind::Maximum { limit }) => format!("at most {limit}"),
            _ => "another amount".to_owned(),
        }
    }

    /// How many entries there are, and how many there may be.
    fn size(&self, bound: &str, limit: u64) -> String {
        let (found, one, many) = match self.error.instance().as_ref() {
            Value::Array(items) => (items.len(), "item", "items"),
            Value::Object(_) if self.path == "containers" => (self.entries(), "container", "containers"),
            _ => (self.entries(), "entry", "entries"),
        };
        let found = match found {
            0 => "is empty".to_owned(),
            found => format!("has {}", words::count(found as u64, one, many)),
        };
        format!("{found}, expected {bound} {}", words::count(limit, one, many))
    }

    fn entries(&self) -> usize {
        self.error.instance().as_object().map_or(0, serde_json::Map::len)
    }
}

/// A key that `propertyNames` refuses.
fn bad_name(schema: &Value, name: &str, error: &ValidationError<'static>) -> String {
    let inner = Place {
        error,
        schema: parent(schema, error),
        path: String::new(),
        values: Values::Shown,
        is_reference: false,
    };
    let expected = match error.kind() {
        ValidationErrorKind::Pattern { pattern } => words::pattern(pattern),
        ValidationErrorKind::MinLength { .. } | ValidationErrorKind::MaxLength { .. } => inner.length(),
        _ => return format!("the name `{name}` {}", inner.message()),
    };
    format!("the name `{name}` is not allowed, expected {expected}")
}

/// The schema that the failing keyword is part of.
fn parent<'a>(schema: &'a Value, error: &ValidationError) -> Option<&'a Value> {
    let (parent, _) = error.schema_path().as_str().rsplit_once('/')?;
    schema.pointer(parent)
}

/// How to give a value the type that is expected; nothing where that cannot be told.
fn fix(found: &Value, kind: &TypeKind, shown: Option<String>) -> String {
    let wanted = form::types(kind);
    let wants = |name: &str| wanted.contains(&name);
    match found {
        Value::Null => ": leave it out or give it a value".to_owned(),
        Value::Number(number) if wants("string") => match shown {
            Some(_) => format!(": write \"{number}\""),
            None => ": put it in quotes".to_owned(),
        },
        Value::Bool(_) if wants("string") => {
            ": put it in quotes (YAML reads yes, no, on and off as booleans too)".to_owned()
        }
        Value::String(text) if text.parse::<f64>().is_ok() && (wants("integer") || wants("number")) => {
            ": leave out the quotes".to_owned()
        }
        Value::String(text) if matches!(text.as_str(), "true" | "false") && wants("boolean") => {
            ": leave out the quotes".to_owned()
        }
        Value::String(_) if wants("array") => {
            format!(": write [{}]", shown.unwrap_or_else(|| "…".to_owned()))
        }
        _ => String::new(),
    }
}

/// A value of the schema, for a list of what is allowed.
fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
