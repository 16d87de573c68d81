//! Findings for people, programs and pull requests.

use serde_json::{Value, json};

use super::exit::{BAD, DOUBT, Failure, PLACE};
use crate::api::conditions::cut;
use crate::offline::finding::Finding;
use crate::offline::yaml::is_obeyed;
use crate::plan::problem::Problem;

/// How problems are printed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum Format {
    /// One per line: `file: path: Reason: message`.
    #[default]
    Text,
    /// A list of objects with file, line, column, path, reason and message.
    Json,
    /// Workflow commands of GitHub, which show them beside the lines of a pull request.
    Github,
}

/// Findings in a format; nothing but `[]` in JSON where there are none.
///
/// # Errors
/// None in fact: JSON that cannot be written.
pub(super) fn findings(findings: &[Finding], format: Format) -> Result<String, Failure> {
    match format {
        Format::Text => Ok(text(findings)),
        Format::Json => json(findings),
        Format::Github => Ok(findings.iter().map(github).collect()),
    }
}

/// Problems, and warnings after them. In JSON each says its `level`.
///
/// # Errors
/// None in fact: JSON that cannot be written.
pub(super) fn with_warnings(
    problems: &[Finding],
    warnings: &[Finding],
    format: Format,
) -> Result<String, Failure> {
    match format {
        Format::Text => Ok(text(problems) + &warnings.iter().map(warning).collect::<String>()),
        Format::Json => {
            let level = |level: &'static str| {
                move |finding| {
                    let mut entry = entry(finding);
                    entry["level"] = json!(level);
                    entry
                }
            };
            let all = problems.iter().map(level("error")).chain(warnings.iter().map(level("warning")));
            array(&all.collect::<Vec<_>>())
        }
        Format::Github => {
            let warnings = warnings.iter().map(|finding| command("warning", "Warning", finding));
            Ok(problems.iter().map(github).chain(warnings).collect())
        }
    }
}

/// A warning on one line, styled: `file: path: warning: message`.
fn warning(finding: &Finding) -> String {
    let Problem { path, message, .. } = &finding.problem;
    let file = file(finding);
    format!("{PLACE}{file}{PLACE:#}: {}{DOUBT}warning{DOUBT:#}: {}\n", place(path), printable(message))
}

/// Findings for people, styled; a file that is no YAML shows its line.
pub(super) fn text(findings: &[Finding]) -> String {
    findings.iter().flat_map(lines).map(|line| line + "\n").collect()
}

/// The same where there is one file only, which everybody knows.
pub(super) fn text_without_file(findings: &[Finding]) -> String {
    let lines = |finding: &Finding| {
        let excerpt: Vec<_> = finding.excerpt.lines().map(|line| format!("  {line}")).collect();
        std::iter::once(line(&finding.problem)).chain(excerpt).collect::<Vec<_>>()
    };
    findings.iter().flat_map(lines).map(|line| line + "\n").collect()
}

fn lines(finding: &Finding) -> Vec<String> {
    let Finding { problem, excerpt, .. } = finding;
    let first = format!("{PLACE}{}{PLACE:#}: {}", file(finding), line(problem));
    std::iter::once(first).chain(excerpt.lines().map(|line| format!("  {line}"))).collect()
}

/// The file, and the line where the file alone does not say which of its documents is meant.
fn file(Finding { file, place, is_among, .. }: &Finding) -> String {
    let line = place.filter(|_| *is_among).map(|place| format!(":{}", place.line));
    printable(file) + &line.unwrap_or_default()
}

/// A problem on one line, styled: `path: Reason: message`.
pub(super) fn line(problem: &Problem) -> String {
    let Problem { path, reason, message } = problem;
    format!("{}{BAD}{}{BAD:#}: {}", place(path), reason.as_str(), printable(message))
}

/// The path of a problem and what parts it from the rest of the line; nothing for the whole file.
fn place(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{}: ", printable(&cut(path.to_owned(), PATH_MAX))) }
}

fn json(findings: &[Finding]) -> Result<String, Failure> {
    array(&findings.iter().map(entry).collect::<Vec<_>>())
}

fn entry(Finding { file, place, problem, .. }: &Finding) -> Value {
    json!({
        "file": file,
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
        "path": problem.path,
        "reason": problem.reason,
        "message": problem.message,
    })
}

fn array(entries: &[Value]) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(entries).map_err(Failure::error)? + "\n")
}

/// `::error file=…,line=…,col=…,title=…::…`
fn github(finding: &Finding) -> String {
    command("error", &finding.problem.reason.as_str(), finding)
}

fn command(level: &str, title: &str, finding: &Finding) -> String {
    let Finding { file, place: line, problem, .. } = finding;
    let line = line.map_or_else(String::new, |place| format!(",line={},col={}", place.line, place.column));
    let text = format!("{}{}", place(&problem.path), printable(&problem.message));
    format!("::{level} file={}{line},title={title}::{}\n", property(file), data(&text))
}

/// The text of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// How much of a path a line shows, in bytes.
const PATH_MAX: usize = 300;

/// Text from a file, without what a terminal obeys; on one line.
pub(super) fn printable(text: &str) -> String {
    let shown = |c: char| if is_obeyed(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::conditions::Reason;
    use crate::offline::yaml::Place;

    fn finding(message: &str) -> Finding {
        Finding {
            file: "a,b:c.yaml".to_owned(),
            place: Some(Place { line: 3, column: 5 }),
            problem: Problem::new("a.b", Reason::InvalidScore, message),
            excerpt: String::new(),
            is_among: false,
        }
    }

    #[test]
    fn an_annotation_cannot_be_broken_out_of() {
        let found = github(&finding("100%\n::error::x\r"));
        assert_eq!(
            found,
            "::error file=a%2Cb%3Ac.yaml,line=3,col=5,title=InvalidScore::a.b: 100%25\\n::error::x\\r\n"
        );
    }

    #[test]
    fn a_line_stays_one_line_and_obeys_nothing() {
        for format in [Format::Text, Format::Github] {
            let found = findings(&[finding("x\u{1b}[2J\ny\u{202e}z\u{200b}\u{9b}")], format).expect("text");
            assert_eq!(found.lines().count(), 1);
            assert!(found.contains("x\\u{1b}[2J\\ny\\u{202e}z\\u{200b}\\u{9b}"), "{found}");
        }
    }

    #[test]
    fn a_path_is_cut_and_json_has_it_all() {
        let path = format!("containers.web.files[\"/{}\"]", "f".repeat(5000));
        let finding = [Finding { problem: Problem::new(path, Reason::InvalidScore, "no"), ..finding("") }];
        for (format, expected) in
            [(Format::Text, 0..500), (Format::Github, 0..500), (Format::Json, 5000..6000)]
        {
            let found = findings(&finding, format).expect("text");
            assert!(expected.contains(&found.len()), "{format:?}: {}", found.len());
        }
    }
}
