//! Images that are given from outside the file, in the place of `.` (W08).

use super::yaml::{Node, Value};
use crate::plan::problem::{did_you_mean, list};

/// What stands in a Score file for an image that is given elsewhere.
pub const FROM_OUTSIDE: &str = ".";

/// An image for one container, or for all whose image is `.`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Image {
    container: Option<String>,
    image: String,
}

impl std::str::FromStr for Image {
    type Err = String;

    /// Reads `[CONTAINER=]IMAGE`; no image's name holds a `=`.
    ///
    /// # Errors
    /// What is wrong with it and how to write it.
    fn from_str(given: &str) -> Result<Self, String> {
        let (container, image) = match given.split_once('=') {
            Some((container, image)) => (Some(container.to_owned()), image),
            None => (None, given),
        };
        if image.trim().is_empty() || image == FROM_OUTSIDE || container.as_deref() == Some("") {
            return Err("expected IMAGE or CONTAINER=IMAGE, such as web=nginx:1.27".to_owned());
        }
        Ok(Self { container, image: image.to_owned() })
    }
}

impl Image {
    /// Puts the image in the place of each `.` that it is for.
    ///
    /// # Errors
    /// Where there is none: which containers there are.
    pub fn apply(&self, score: &mut Node) -> Result<(), String> {
        let containers = score.get_mut("containers").and_then(Node::entries_mut);
        let mut used = false;
        for (name, container) in containers.into_iter().flatten() {
            let is_meant = self.container.as_ref().is_none_or(|own| *own == name.text);
            let image = container.get_mut("image").filter(|image| image.text() == Some(FROM_OUTSIDE));
            if let Some(image) = image.filter(|_| is_meant) {
                image.replace(Value::Text(self.image.clone()).into());
                used = true;
            }
        }
        if used { Ok(()) } else { Err(self.unused(score)) }
    }

    fn unused(&self, score: &Node) -> String {
        let containers = || score.get("containers").map(Node::entries).unwrap_or_default().iter();
        let names = || containers().map(|(name, _)| name.text.as_str());
        let image =
            |of: &str| containers().find(|(name, _)| name.text == of).and_then(|(_, node)| node.get("image"));
        match &self.container {
            None => format!("--image {}: no container has the image `.`", self.image),
            Some(container) if !names().any(|name| name == container) => format!(
                "--image {container}={}: there is no container `{container}`{} (containers: {})",
                self.image,
                did_you_mean(container, names()),
                list(names())
            ),
            Some(container) => format!(
                "--image {container}={}: the image of `{container}` is {}, expected `.`: to replace it, use --override-property",
                self.image,
                image(container)
                    .and_then(Node::text)
                    .map_or_else(|| "missing".to_owned(), |image| format!("`{image}`"))
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::yaml::read;

    const SCORE: &str = "containers: {web: {image: .}, side: {image: .}, db: {image: 'postgres:17'}}";

    fn applied(given: &str) -> Result<Vec<String>, String> {
        let mut score = read(SCORE).expect("YAML").remove(0);
        given.parse::<Image>()?.apply(&mut score)?;
        let containers = score.get("containers").map(Node::entries).unwrap_or_default();
        Ok(containers.iter().filter_map(|(_, node)| node.get("image")?.text().map(str::to_owned)).collect())
    }

    #[test]
    fn w08_an_image_takes_the_place_of_a_dot() {
        assert_eq!(
            applied("nginx:1.27"),
            Ok(vec!["nginx:1.27".into(), "nginx:1.27".into(), "postgres:17".into()])
        );
        assert_eq!(
            applied("side=x/y@sha256:1"),
            Ok(vec![".".into(), "x/y@sha256:1".into(), "postgres:17".into()])
        );
    }

    #[test]
    fn w08_an_image_that_nobody_takes_is_refused() {
        for (given, message) in [
            ("wbe=x", "there is no container `wbe`; did you mean `web`? (containers: `db`, `side`, `web`)"),
            ("db=x", "the image of `db` is `postgres:17`, expected `.`"),
            ("", "expected IMAGE"),
            (".", "expected IMAGE"),
            ("web=", "expected IMAGE"),
            ("=x", "expected IMAGE"),
        ] {
            let found = applied(given).expect_err(given);
            assert!(found.contains(message), "{given}: {found}");
        }
    }
}
