//! Floor 4: the only place that sees `kube::Client`. It observes, applies, prunes and writes statuses
//! and events, and decides nothing: what to write comes from `render` and `status`.

pub mod access;
pub mod apply;
pub mod cache;
pub mod client;
pub mod depth;
pub mod events;
pub mod kinds;
pub mod objects;
pub mod observe;
pub mod own;
pub mod prune;
pub mod refusal;
pub mod review;
pub mod rollouts;
pub mod secrets;
pub mod status;
pub mod watch;
pub mod world;

use std::time::Duration;

/// The longest that any one request may take.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// A request that failed for a reason that a later try may not meet: retried with backoff.
#[derive(Debug, thiserror::Error)]
#[error("{action}: {source}")]
pub struct Error {
    /// What was being done to which object.
    pub action: String,
    /// What happened.
    #[source]
    pub source: Cause,
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// No answer in time.
    #[error("no answer within {}s", DEADLINE.as_secs())]
    Deadline,
    /// The API server's or connection's answer.
    #[error("{}", brief(.0))]
    Kube(#[source] kube::Error),
    /// Something that the next pass will see differently.
    #[error("{0}")]
    Moved(String),
}

impl Error {
    /// The object changed under this pass: the next one sees it as it is now.
    pub fn moved(action: impl Into<String>, what: impl Into<String>) -> Self {
        Self { action: action.into(), source: Cause::Moved(what.into()) }
    }

    /// Whether nothing failed: the next pass merely sees something else.
    #[must_use]
    pub fn is_moved(&self) -> bool {
        matches!(self.source, Cause::Moved(_))
    }

    /// The same where a write of an object of ours was refused because the object is not as this pass saw it: then
    /// nothing failed. Of a forced apply and of a delete every 409 says so.
    #[must_use]
    pub fn or_moved(self) -> Self {
        if self.code() != Some(409) {
            return self;
        }
        let what = self.source.to_string();
        Self::moved(self.action, what)
    }

    /// The API server's answer, if it gave one.
    #[must_use]
    pub fn status(&self) -> Option<&kube::core::Status> {
        match &self.source {
            Cause::Kube(kube::Error::Api(status)) => Some(status),
            _ => None,
        }
    }

    /// The HTTP status code of the API server's answer, if it gave one.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        self.status().map(|status| status.code)
    }
}

/// An error in one line: kube's own text prints the API server's answer twice.
fn brief(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => format!("{} ({} {})", status.message, status.code, status.reason),
        kube::Error::Service(source) => format!("the API server cannot be reached: {source}"),
        other => other.to_string(),
    }
}

/// Runs one request with a deadline.
pub(crate) async fn call<T>(
    action: impl Into<String>,
    request: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, Error> {
    let source = match tokio::time::timeout(DEADLINE, request).await {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => Cause::Kube(error),
        Err(_) => Cause::Deadline,
    };
    Err(Error { action: action.into(), source })
}

/// `None` where the API server says that there is no such object.
pub(crate) fn found<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.code() == Some(404) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: u16, reason: &str) -> Error {
        let status = kube::core::Status::failure("Operation cannot be fulfilled", reason).with_code(code);
        Error { action: "applying it".to_owned(), source: Cause::Kube(kube::Error::Api(status.boxed())) }
    }

    #[test]
    fn an_object_that_has_changed_meanwhile_is_no_failure() {
        let moved = answer(409, "Conflict").or_moved();
        assert!(moved.is_moved());
        let said = "applying it: Operation cannot be fulfilled (409 Conflict)";
        assert_eq!(moved.to_string(), said, "it says what the API server did");
        assert!(!answer(403, "Forbidden").or_moved().is_moved());
    }
}
