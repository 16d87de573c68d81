//! What the API server's answer to a write means: a refusal that a person can act on, or an error that
//! a later try may not meet.

use kube::core::Status;

use super::Error;
use crate::api::conditions::{Reason, cut};
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
        _ => said(status),
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
        // Nor for this one.
        403 if status.message.contains("pvc can be resized") => Some((
            Reason::Forbidden,
            "undo the change, or let the storage class grow its claims (`allowVolumeExpansion: true`)",
        )),
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

/// The longest text of the API server that is passed on whole.
const LONGEST: usize = 400;

/// What the API server said, to be read by a person: where it quotes a value it may quote a whole pod, so
/// of a long text only what is wrong with each field is left.
fn said(status: &Status) -> String {
    let brief: Vec<_> =
        causes(status).map(|(_, message, field)| format!("{field}: {}", brief(message))).collect();
    if status.message.len() <= LONGEST || brief.is_empty() {
        return cut(status.message.clone(), 4 * LONGEST);
    }
    cut(brief.join("; "), 4 * LONGEST)
}

/// `Invalid value: <any length>: field is immutable` without the value; of several lines the first.
fn brief(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let told = line.strip_prefix("Invalid value: ").and_then(|rest| rest.rsplit_once(": "));
    match told {
        Some((_, told)) if line.len() > LONGEST => cut(told.to_owned(), LONGEST),
        _ => cut(line.to_owned(), LONGEST),
    }
}

fn fields(status: &Status) -> String {
    let fields: Vec<_> = causes(status).map(|(.., field)| field).filter(|field| !field.is_empty()).collect();
    if fields.is_empty() {
        format!("refused with {} {}", status.code, status.reason)
    } else {
        format!("refused with {} {} at {}", status.code, status.reason, fields.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use kube::core::response::{StatusCause, StatusDetails};

    use super::*;

    fn invalid(field: &str, message: &str) -> Status {
        let cause =
            StatusCause { reason: "FieldValueInvalid".into(), message: message.into(), field: field.into() };
        let details = StatusDetails {
            name: String::new(),
            group: String::new(),
            kind: String::new(),
            uid: String::new(),
            causes: vec![cause],
            retry_after_seconds: 0,
        };
        let message = format!("Job.batch \"migrate\" is invalid: {field}: {message}");
        Status { message, details: Some(details), code: 422, ..Status::default() }
    }

    #[test]
    fn a_pod_that_is_quoted_whole_is_left_out() {
        let pod = format!(
            "Invalid value: {{\"labels\":{{}},\"args\":\"a: {}\"}}: field is immutable",
            "x".repeat(5000)
        );
        assert_eq!(said(&invalid("spec.template", &pod)), "spec.template: field is immutable");
        let diff = format!("Forbidden: spec is immutable after creation\n{}", "-  x\n".repeat(100));
        assert_eq!(said(&invalid("spec", &diff)), "spec: Forbidden: spec is immutable after creation");
    }

    #[test]
    fn a_short_value_is_passed_on() {
        let status = invalid("spec.schedule", "Invalid value: \"a b\": expected exactly 5 fields");
        assert_eq!(said(&status), status.message);
    }

    #[test]
    fn a_long_text_without_causes_is_cut() {
        let status = Status { message: "x".repeat(100_000), ..Status::default() };
        assert!(said(&status).len() <= 4 * LONGEST);
    }
}
