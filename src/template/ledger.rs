//! The book of one evaluation: what was asked for and not there, and which opaque values are on their way.
//!
//! minijinja's hooks for objects cannot fail: a comparison, a concatenation or a test for truth of an opaque value goes through in
//! silence. But in an expression every value is used exactly once. So each opaque value gets a ticket when it is made, and the ticket is
//! taken back where the value ends up in a place that is right for it: the result, `is defined`, `default`. A ticket that is left over
//! was used wrongly, wherever that was.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::check::Facts;
use super::error::Fault;
use super::limits::MADE_BYTES;
use super::path;

/// What a ticket stands for.
#[derive(Clone, Debug)]
pub(super) enum Ticket {
    /// Something below `objects` that is not there yet, by its name.
    Missing(String),
    Secret,
    Omit,
}

impl Ticket {
    /// What the value is for.
    fn use_of(&self) -> &'static str {
        match self {
            Self::Missing(_) => "what is not there has no use",
            Self::Secret => SECRET,
            Self::Omit => OMIT,
        }
    }
}

/// The number of a ticket.
pub(super) type Number = u32;

pub(super) struct Ledger {
    entries: Mutex<Entries>,
    /// Of the expression: a key may stand in a message only if it is written there, as a computed key is a value.
    facts: Arc<Facts>,
}

#[derive(Default)]
struct Entries {
    open: BTreeMap<Number, Ticket>,
    next: Number,
    misuse: Option<String>,
    /// What filters have made, in bytes.
    made: usize,
    /// The last look-up that found nothing, for the message of minijinja's error.
    undefined: Option<String>,
}

/// What a value costs besides its content.
const OVERHEAD: usize = 64;
const SECRET: &str = "a secret reference is a value of its own and cannot be used in text, comparisons, filters or look-ups: \
let it be the whole value, or a part of `secret_template`";
const OMIT: &str = "`omit` leaves out a key or an item and has no other use: let it be the whole value";

impl Ledger {
    pub(super) fn new(facts: Arc<Facts>) -> Self {
        Self { entries: Mutex::default(), facts }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Issues a ticket.
    pub(super) fn issue(&self, ticket: Ticket) -> Number {
        let mut entries = self.entries();
        entries.next += 1;
        let number = entries.next;
        entries.open.insert(number, ticket);
        number
    }

    /// Takes a ticket back: its value was used as it may be.
    pub(super) fn redeem(&self, number: Number) {
        self.entries().open.remove(&number);
    }

    /// Notes a wrong use that no ticket would show. The first one is kept.
    pub(super) fn misuse(&self, message: &str) {
        self.entries().misuse.get_or_insert_with(|| message.to_owned());
    }

    /// Counts what a filter makes; an error is the message for the author.
    pub(super) fn spend(&self, bytes: usize) -> Result<(), String> {
        let mut entries = self.entries();
        entries.made += bytes + OVERHEAD;
        if entries.made <= MADE_BYTES {
            return Ok(());
        }
        Err(format!(
            "the filters of the expression make more than {} MiB in all: split it up, through `locals`",
            MADE_BYTES / 1024 / 1024
        ))
    }

    /// What filters have made, in bytes.
    pub(super) fn made(&self) -> usize {
        self.entries().made
    }

    /// Notes a look-up in an opaque value.
    pub(super) fn looked_into(&self, ticket: &Ticket) {
        self.misuse(ticket.use_of());
    }

    /// Notes a look-up that found nothing.
    pub(super) fn undefined(&self, message: String) {
        self.entries().undefined = Some(message);
    }

    /// The last look-up that found nothing.
    pub(super) fn last_undefined(&self) -> Option<String> {
        self.entries().undefined.clone()
    }

    /// The name of the entry `key` of `parent`, without showing a computed key.
    pub(super) fn name(&self, parent: &str, key: &str) -> String {
        match self.facts.words.iter().any(|word| word == key).then(|| key.parse()) {
            Some(Ok(index)) => path::of_index(parent, index),
            Some(Err(_)) => path::of_key(parent, key),
            None => format!("{parent}[…]"),
        }
    }

    /// What the book says against an evaluation that minijinja completed.
    pub(super) fn settle(&self) -> Result<(), Fault> {
        let entries = self.entries();
        if let Some(message) = &entries.misuse {
            return Err(Fault::problem(message));
        }
        let mut waits = Ok(());
        for ticket in entries.open.values() {
            match ticket {
                Ticket::Missing(name) => waits = waits.and(Err(Fault::Pending(name.clone()))),
                opaque => return Err(Fault::problem(opaque.use_of())),
            }
        }
        waits
    }

    /// What the book says about an evaluation that minijinja gave up, where values on their way prove nothing.
    pub(super) fn settle_failed(&self) -> Result<(), Fault> {
        let entries = self.entries();
        if let Some(message) = &entries.misuse {
            return Err(Fault::problem(message));
        }
        let mut missing = entries.open.values().filter_map(|ticket| match ticket {
            Ticket::Missing(name) => Some(name),
            _ => None,
        });
        missing.next().map_or(Ok(()), |name| Err(Fault::Pending(name.clone())))
    }
}
