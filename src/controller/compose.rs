//! The Secret of the texts with secret parts that a resource offers: written before anybody is told of its keys, and
//! anew when a Secret that is a part of them has changed (P10).

use std::collections::BTreeSet;

use super::provision::keep;
use super::report::{Found, Pass};
use crate::cluster::{Error, observe};
use crate::plan::resource::Offer;
use crate::render::resource::{Belonging, composed_id};
use crate::render::{Manifests, composed};
use crate::status::Outcome;
use crate::template::Composed;

/// Writes it, or removes the one of an earlier rule. `found` says what was found so far: its outcome is `Ready`, and stays
/// so once the Secret is there.
///
/// # Errors
/// Where the API server cannot be asked.
pub async fn compose(
    pass: &Pass<'_>,
    belonging: &Belonging<'_>,
    offer: &Offer,
    found: Found,
) -> Result<Found, Error> {
    let id = composed_id(belonging.spec);
    if offer.composed.is_empty() && !found.inventory.iter().any(|entry| entry.id == id) {
        return Ok(found);
    }
    let wanted: BTreeSet<_> = offer.composed.values().flat_map(Composed::references).cloned().collect();
    let values = match observe::secret_values(pass.world, belonging.namespace, wanted).await? {
        Ok(values) => values,
        Err(awaited) => return Ok(Found { outcome: Outcome::Unavailable(awaited), ..found }),
    };
    let secret = (!offer.composed.is_empty()).then(|| composed::render(belonging, &offer.composed, &values));
    keep(pass, belonging, &Manifests::new(secret), found, |other| *other != id).await
}
