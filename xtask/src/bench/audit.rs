//! What the operator asked of the API server, from the server's audit log.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use k8s_openapi::jiff::Timestamp;
use serde::Deserialize;

/// What a request does to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It writes an object.
    Mutating,
    /// It reads, or asks a question that leaves nothing behind.
    Read,
    /// It is told changes, for minutes.
    Watch,
}

/// One request, when it was answered; a watch also when it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// When.
    pub at: Timestamp,
    /// The verb of the authorisation, as in `patch`.
    pub verb: String,
    /// The kind of objects, as in `deployments` or `scoreworkloads/status`.
    pub resource: String,
}

impl Request {
    /// What it does to the server.
    pub fn effect(&self) -> Effect {
        match self.verb.as_str() {
            "watch" => Effect::Watch,
            "get" | "list" => Effect::Read,
            // "May I …?"
            _ if self.resource.starts_with("selfsubject") => Effect::Read,
            _ => Effect::Mutating,
        }
    }
}

/// The requests of one user, leases apart.
pub struct Audit {
    log: PathBuf,
    user: String,
    read: u64,
    requests: Vec<Request>,
}

impl Audit {
    /// Reads the log of a control plane for the requests of a user.
    pub fn of(log: &Path, user: &str) -> Self {
        Self { log: log.to_owned(), user: user.to_owned(), read: 0, requests: Vec::new() }
    }

    /// All requests so far.
    pub fn requests(&mut self) -> Result<&[Request]> {
        let failed = || format!("cannot read {}", self.log.display());
        let mut file = BufReader::new(File::open(&self.log).with_context(failed)?);
        file.seek(SeekFrom::Start(self.read)).with_context(failed)?;
        let mut line = String::new();
        // A line without its end is still being written.
        while file.read_line(&mut line).with_context(failed)? > 0 && line.ends_with('\n') {
            self.read += line.len() as u64;
            self.requests.extend(parse(&line, &self.user));
            line.clear();
        }
        Ok(&self.requests)
    }

    /// The requests from one moment up to, and not including, another.
    pub fn between(&mut self, from: Timestamp, to: Timestamp) -> Result<Vec<Request>> {
        Ok(self.requests()?.iter().filter(|request| (from..to).contains(&request.at)).cloned().collect())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    stage: String,
    stage_timestamp: Timestamp,
    verb: String,
    user: User,
    object_ref: Option<ObjectRef>,
}

#[derive(Deserialize)]
struct User {
    username: String,
}

#[derive(Default, Deserialize)]
struct ObjectRef {
    #[serde(default)]
    resource: String,
    subresource: Option<String>,
}

fn parse(line: &str, user: &str) -> Option<Request> {
    // Most lines are somebody else's: not worth parsing.
    let line: Line = line.contains(user).then(|| serde_json::from_str(line).ok())??;
    let object = line.object_ref.unwrap_or_default();
    let counts = line.stage == "ResponseComplete" || line.verb == "watch";
    if line.user.username != user || object.resource == "leases" || !counts {
        return None;
    }
    let subresource = object.subresource.map(|name| format!("/{name}")).unwrap_or_default();
    Some(Request { at: line.stage_timestamp, verb: line.verb, resource: object.resource + &subresource })
}

/// How many requests have this effect.
pub fn count(requests: &[Request], effect: Effect) -> usize {
    requests.iter().filter(|request| request.effect() == effect).count()
}

/// How many requests there are of each verb and resource; of watches, those that began or ended.
pub fn by(requests: &[Request], key: impl Fn(&Request) -> String) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    requests.iter().for_each(|request| *counts.entry(key(request)).or_default() += 1);
    counts
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const USER: &str = "system:serviceaccount:score-system:score-operator";

    fn line(user: &str, stage: &str, verb: &str, resource: &str, second: u32) -> String {
        format!(
            r#"{{"kind":"Event","stage":"{stage}","verb":"{verb}","user":{{"username":"{user}"}},"objectRef":{{"resource":"{resource}","subresource":"status"}},"stageTimestamp":"2026-11-21T12:00:{second:02}.000001Z"}}"#
        )
    }

    #[test]
    fn only_finished_requests_of_the_user_count_and_no_leases() {
        let done = "ResponseComplete";
        let request = parse(&line(USER, done, "patch", "scoreworkloads", 1), USER).unwrap();
        assert_eq!((request.verb.as_str(), request.resource.as_str()), ("patch", "scoreworkloads/status"));
        assert_eq!(parse(&line("admin", done, "patch", "scoreworkloads", 1), USER), None);
        assert_eq!(parse(&line(USER, done, "update", "leases", 1), USER), None);
        assert_eq!(parse(&line(USER, "ResponseStarted", "get", "secrets", 1), USER), None);
        assert!(parse(&line(USER, "ResponseStarted", "watch", "pods", 1), USER).is_some());
    }

    #[test]
    fn a_question_about_permissions_is_no_change() {
        let effect = |verb: &str, resource: &str| {
            let request = Request { at: Timestamp::UNIX_EPOCH, verb: verb.into(), resource: resource.into() };
            request.effect()
        };
        assert_eq!(effect("create", "selfsubjectaccessreviews"), Effect::Read);
        assert_eq!(effect("create", "events"), Effect::Mutating);
        assert_eq!(effect("get", "secrets"), Effect::Read);
        assert_eq!(effect("watch", "pods"), Effect::Watch);
    }

    #[test]
    fn the_log_is_read_on_from_where_it_ended() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut audit = Audit::of(file.path(), USER);
        let second = line(USER, "ResponseComplete", "get", "secrets", 2);
        write!(file, "{}\n{}", line(USER, "ResponseComplete", "patch", "services", 1), &second[..20])
            .unwrap();
        assert_eq!(audit.requests().unwrap().len(), 1);
        writeln!(file, "{}", &second[20..]).unwrap();
        assert_eq!(audit.requests().unwrap().len(), 2);
        let (from, to) = ("2026-11-21T12:00:02Z", "2026-11-21T12:00:03Z");
        let later = audit.between(from.parse().unwrap(), to.parse().unwrap()).unwrap();
        assert_eq!((later.len(), later[0].verb.as_str()), (1, "get"));
        assert_eq!(count(&later, Effect::Read), 1);
    }
}
