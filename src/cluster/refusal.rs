//! What the API server's answer to a write means: a refusal that a person can act on, or an error that
//! a later try may not meet.

use kube::core::Status;

use super::Error;
use crate::api::conditions::Reason;
use crate::api::resource::ObjectId;
use crate::status::Refusal;

/// The refusal in an error, if it is one.
///
/// Text of the API server may quote the fields of the object: of a Secret only the field paths are
/// passed on (SEC: errors never carry a secret).
#[must_use]
pub fn of(error: &Error, object: &ObjectId) -> Option<Refusal> {
    let status = error.status()?;
    let (reason, advice) = meaning(status)?;
    let said = match (object.kind.as_str(), policy(status)) {
        ("Secret", Some(policy)) => format!("denied by {policy}"),
        ("Secret", None) => fields(status),
        _ => status.message.clone(),
    };
    Some(Refusal { object: object.clone(), reason, message: format!("{said}; {advice}") })
}

/// The kind of refusal, and what to do.
fn meaning(status: &Status) -> Option<(Reason, &'static str)> {
    let has_cause = |reason: &str| causes(status).any(|(found, ..)| found == reason);
    match status.code {
        403 if has_cause("NamespaceTerminating") => {
            Some((Reason::NamespaceTerminating, "the namespace is being deleted"))
        }
        // The API server has no machine-readable mark for this one.
        403 if status.message.contains("exceeded quota") => {
            Some((Reason::QuotaExceeded, "raise the namespace's ResourceQuota, or ask for less"))
        }
        403 | 422 | 400 if policy(status).is_some() => {
            Some((Reason::Forbidden, "ask who wrote the policy; the operator tries again by itself"))
        }
        403 => Some((Reason::Forbidden, "the operator's role or an admission policy does not allow it")),
        404 => Some((Reason::KindNotFound, "install the CRD of this kind; the operator will see it")),
        422 if is_immutable(status) => Some((
            Reason::ImmutableField,
            "this field can never change: undo the change, or delete the object to have it made anew",
        )),
        422 | 400 | 413 => Some((Reason::Refused, "correct the Score file or the rule")),
        500 if status.message.contains("typed patch object") => Some((
            Reason::Refused,
            "the object does not fit the schema of its kind: correct the Score file or the rule",
        )),
        _ => None,
    }
}

/// The admission policy or webhook that denied a write, by name. The API server has no machine-readable
/// mark for it.
fn policy(status: &Status) -> Option<&str> {
    let mut marks = ["ValidatingAdmissionPolicy '", "admission webhook \""].iter();
    let (mark, start) = marks.find_map(|mark| Some((mark, status.message.find(mark)?)))?;
    let name = start + mark.len();
    let length = status.message[name..].find(['\'', '"'])?;
    Some(&status.message[start..=name + length])
}

fn is_immutable(status: &Status) -> bool {
    let says_so = |message: &str| message.contains("immutable") || message.contains("are forbidden");
    causes(status).any(|(_, message, _)| says_so(message))
}

fn causes(status: &Status) -> impl Iterator<Item = (&str, &str, &str)> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes.map(|cause| (cause.reason.as_str(), cause.message.as_str(), cause.field.as_str()))
}

fn fields(status: &Status) -> String {
    let fields: Vec<_> = causes(status).map(|(.., field)| field).filter(|field| !field.is_empty()).collect();
    if fields.is_empty() {
        format!("refused with {} {}", status.code, status.reason)
    } else {
        format!("refused with {} {} at {}", status.code, status.reason, fields.join(", "))
    }
}
