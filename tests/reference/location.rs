//! Where score-k8s says that a file is wrong, in our terms: what our message must name too.

use score_operator::plan::schema::below;

/// The path that an error of score-k8s names, if it names one.
pub fn of(error: &str) -> Option<String> {
    schema(error).or_else(|| conversion(error)).or_else(|| resource(error))
}

/// `jsonschema: '/containers/main/args/1' does not validate …`; at the root, the key that it is about.
fn schema(error: &str) -> Option<String> {
    let (_, rest) = error.split_once("jsonschema: '")?;
    let (pointer, rest) = rest.split_once('\'')?;
    if pointer.is_empty() {
        return rest.split('\'').nth(1).map(str::to_owned);
    }
    let keys = pointer[1..].split('/').map(|key| key.replace("~1", "/").replace("~0", "~"));
    Some(keys.fold(String::new(), |path, key| match key.parse::<usize>() {
        Ok(index) => format!("{path}[{index}]"),
        Err(_) => below(&path, &key),
    }))
}

/// `containers.main.files./b/x: failed to convert: …` or `containers.main.variables: … 'A': …`.
fn conversion(error: &str) -> Option<String> {
    let at = error.find("containers.")?;
    let (path, rest) = error[at..].split_once(": ")?;
    let mut keys = path.splitn(4, '.');
    let (containers, name, field) = (keys.next()?, keys.next()?, keys.next()?);
    let path = below(&below(containers, name), field);
    match (keys.next(), field) {
        (Some(key), "files" | "volumes") if key.starts_with('/') => Some(below(&path, key)),
        (None, "variables") => Some(below(&path, rest.split('\'').nth(1)?)),
        _ => Some(path),
    }
}

/// `resource 'type.class#id' …`.
fn resource(error: &str) -> Option<String> {
    let (_, rest) = error.split_once("resource '")?;
    rest.split('\'').next().map(|name| name.split('#').next().unwrap_or(name).to_owned())
}
