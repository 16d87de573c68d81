//! The API server's own account of what it was asked: the ground truth of what the operator did.

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The user that the operator's token stands for.
pub const OPERATOR: &str = "system:serviceaccount:score-system:score-operator";

/// The audit log of one API server.
pub struct AuditLog(PathBuf);

/// A moment in it.
#[derive(Clone, Copy)]
pub struct Mark(u64);

impl AuditLog {
    /// The log in a file.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Now. A request is in the log before its answer is sent, so what was answered lies before this.
    pub fn mark(&self) -> Mark {
        Mark(std::fs::metadata(&self.0).unwrap().len())
    }

    /// All requests from a mark on.
    pub fn since(&self, mark: Mark) -> Requests {
        let mut file = File::open(&self.0).unwrap();
        file.seek(SeekFrom::Start(mark.0)).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        // The last line may still be being written.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        Requests(whole.lines().map(parse).filter(Request::counts).collect())
    }

    /// All requests.
    pub fn all(&self) -> Requests {
        self.since(Mark(0))
    }
}

fn parse(line: &str) -> Request {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("not an audit event: {error}: {line}"))
}

/// One request.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    stage: String,
    /// `get`, `list`, `watch`, `create`, `patch` (an apply, too), `update`, `delete`, …
    pub verb: String,
    #[serde(rename = "requestURI")]
    uri: String,
    user: User,
    #[serde(default)]
    object_ref: Object,
    #[serde(default)]
    response_status: Answer,
    /// When it was answered, in the API server's time, to the microsecond.
    #[serde(rename = "stageTimestamp")]
    pub when: String,
}

#[derive(Clone, Debug, Deserialize)]
struct User {
    username: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Object {
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    code: u16,
}

impl Request {
    /// A watch is told twice, at its beginning and end; the beginning counts.
    fn counts(&self) -> bool {
        self.stage == if self.verb == "watch" { "ResponseStarted" } else { "ResponseComplete" }
    }

    fn changes(&self) -> bool {
        !matches!(self.verb.as_str(), "get" | "list" | "watch")
    }

    /// Whether it made an object.
    pub fn creates(&self) -> bool {
        self.changes() && self.response_status.code == 201
    }

    /// `deployments/web`, and the subresource if there is one.
    pub fn object(&self) -> String {
        let Object { resource, subresource, name, .. } = &self.object_ref;
        let all = [resource, name, subresource].map(String::as_str);
        all.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} -> {}", self.when, self.verb, self.uri, self.response_status.code)
    }
}

/// Some requests, in the order in which they were answered.
#[derive(Clone, Default)]
pub struct Requests(Vec<Request>);

impl Requests {
    fn only(&self, wanted: impl Fn(&Request) -> bool) -> Self {
        Self(self.0.iter().filter(|request| wanted(request)).cloned().collect())
    }

    /// Those of the operator.
    pub fn by_operator(&self) -> Self {
        self.only(|request| request.user.username == OPERATOR)
    }

    /// Those of everybody else.
    pub fn by_others(&self) -> Self {
        self.only(|request| request.user.username != OPERATOR)
    }

    /// Those about objects of a namespace.
    pub fn in_namespace(&self, namespace: &str) -> Self {
        self.only(|request| request.object_ref.namespace == namespace)
    }

    /// Those about a plural, such as `deployments`, or `scoreworkloads/status`.
    pub fn of(&self, plural: &str) -> Self {
        let (resource, subresource) = plural.split_once('/').unwrap_or((plural, ""));
        self.only(|request| {
            request.object_ref.resource == resource && request.object_ref.subresource == subresource
        })
    }

    /// Those about objects of a name.
    pub fn named(&self, name: &str) -> Self {
        self.only(|request| request.object_ref.name == name)
    }

    /// All but those about objects whose name begins so: events are named after what they are about.
    pub fn but_named(&self, name: &str) -> Self {
        self.only(|request| !request.object_ref.name.starts_with(name))
    }

    /// All but those about a plural.
    pub fn but(&self, plural: &str) -> Self {
        self.only(|request| request.object_ref.resource != plural)
    }

    /// All but those about objects of a namespace.
    pub fn but_in_namespace(&self, namespace: &str) -> Self {
        self.only(|request| request.object_ref.namespace != namespace)
    }

    /// Those about objects, and not about what the API server serves.
    pub fn about_objects(&self) -> Self {
        self.only(|request| !request.object_ref.resource.is_empty())
    }

    /// Those with a verb.
    pub fn with_verb(&self, verb: &str) -> Self {
        self.only(|request| request.verb == verb)
    }

    /// Those that change something, or would.
    pub fn mutating(&self) -> Self {
        self.only(Request::changes)
    }

    /// Those that made an object.
    pub fn creating(&self) -> Self {
        self.only(Request::creates)
    }

    /// Those that delete.
    pub fn deleting(&self) -> Self {
        self.only(|request| request.verb.starts_with("delete"))
    }

    /// Gets and lists.
    pub fn reading(&self) -> Self {
        self.only(|request| matches!(request.verb.as_str(), "get" | "list"))
    }

    /// Beginnings of watches.
    pub fn watching(&self) -> Self {
        self.only(|request| request.verb == "watch")
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Request> {
        self.0.iter()
    }

    /// Fails if there is any.
    pub fn are_none(&self, what: &str) {
        assert!(self.0.is_empty(), "{what}: {} requests\n{self}", self.len());
    }
}

impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|request| writeln!(f, "  {request}"))
    }
}
