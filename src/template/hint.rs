//! Near misses: "did you mean `postgres`?"

/// Longer names are typed by nobody, and comparing them costs the square of their length.
const LONGEST: usize = 64;
/// As many candidates are looked at.
const MOST: usize = 256;

/// How much of a name a message quotes, in characters.
const SHOWN: usize = 100;

/// A name for a message: of a long one only the beginning.
#[must_use]
pub fn short(name: &str) -> String {
    match name.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

/// Finds the candidate that `name` was probably meant to be.
///
/// Case is ignored first; then at most a third of the letters (and at least one) may differ. The first in order wins a
/// tie, so that messages are stable. Looks at 256 candidates and at names up to 64 bytes; `None` where nothing is near.
pub fn near_miss<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let near = candidates.into_iter().take(MOST).filter(|candidate| candidate.len() <= LONGEST);
    near.filter_map(|candidate| distance(name, candidate).map(|far| (far, candidate)))
        .min()
        .map(|(_, candidate)| candidate)
}

/// The distance of two names, where it is small enough for a typing error.
fn distance(name: &str, candidate: &str) -> Option<usize> {
    if name.eq_ignore_ascii_case(candidate) {
        return Some(0);
    }
    let far = strsim::osa_distance(&name.to_lowercase(), &candidate.to_lowercase());
    (far <= (name.chars().count() / 3).max(1)).then_some(far)
}

/// The end of a message: a near miss where there is one, else the names that there are (at most eight).
pub(super) fn suggest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(near) = near_miss(name, candidates.clone()) {
        return format!("; did you mean `{near}`?");
    }
    let mut names: Vec<&str> = candidates.into_iter().take(9).collect();
    if names.is_empty() {
        return String::new();
    }
    if names.len() > 8 {
        names[8] = "…";
    }
    format!("; there are: {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        for (name, expected) in [
            ("b64encod", Some("b64encode")),
            ("B64Encode", Some("b64encode")),
            ("defualt", Some("default")),
            ("xyz", None),
        ] {
            assert_eq!(near_miss(name, ["b64encode", "default", "dns_label"]), expected, "{name}");
        }
        assert_eq!(near_miss(&"a".repeat(65), ["a"]), None);
    }

    #[test]
    fn of_a_long_name_the_beginning_is_shown() {
        assert_eq!(short(&"ä".repeat(100)), "ä".repeat(100));
        assert_eq!(short(&"ä".repeat(101)), "ä".repeat(100) + "…");
    }

    #[test]
    fn without_a_near_name_the_names_are_listed() {
        assert_eq!(suggest("zzz", ["a", "b"]), "; there are: a, b");
        assert_eq!(suggest("zzz", []), "");
        let many: Vec<String> = (10..30).map(|number| format!("name{number}")).collect();
        assert!(suggest("zzz", many.iter().map(String::as_str)).ends_with("name17, …"));
    }
}
