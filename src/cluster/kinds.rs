//! Which kinds the API server serves. What it serves is remembered; what it does not is asked again
//! when a CRD changes (decision 9: CRDs are watched, discovery is not polled).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject};
use kube::core::GroupVersionKind;
use kube::discovery::{Scope, pinned_kind};

use super::{Error, call, found};
use crate::api::resource::ObjectScope;

/// A kind that is served.
#[derive(Clone, Debug)]
pub struct Kind {
    /// Group, version, kind and plural.
    pub api: ApiResource,
    /// Where its objects live.
    pub scope: ObjectScope,
}

impl Kind {
    /// The namespace of an object of this kind that is made for something in `namespace`; empty where it lives in none.
    #[must_use]
    pub fn place<'n>(&self, namespace: &'n str) -> &'n str {
        match self.scope {
            ObjectScope::Namespaced => namespace,
            ObjectScope::Cluster => "",
        }
    }

    /// The objects of this kind in `namespace`; all of them where they live in none.
    #[must_use]
    pub fn objects(&self, client: &Client, namespace: &str) -> Api<DynamicObject> {
        match self.scope {
            ObjectScope::Namespaced => Api::namespaced_with(client.clone(), namespace, &self.api),
            ObjectScope::Cluster => Api::all_with(client.clone(), &self.api),
        }
    }
}

/// The kinds that were asked for.
pub struct Kinds {
    client: Client,
    known: Mutex<HashMap<(String, String), Kind>>,
}

impl Kinds {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, known: Mutex::default() }
    }

    /// The kind, or `None` where the API server does not serve it.
    ///
    /// # Errors
    /// Where the API server cannot be asked.
    pub async fn resolve(&self, api_version: &str, kind: &str) -> Result<Option<Kind>, Error> {
        let key = (api_version.to_owned(), kind.to_owned());
        if let Some(known) = self.lock().get(&key) {
            return Ok(Some(known.clone()));
        }
        let Some(found) = self.ask(api_version, kind).await? else { return Ok(None) };
        self.lock().insert(key, found.clone());
        Ok(Some(found))
    }

    async fn ask(&self, api_version: &str, kind: &str) -> Result<Option<Kind>, Error> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let gvk = GroupVersionKind::gvk(group, version, kind);
        let action = format!("asking which plural {api_version} {kind} has");
        match call(action, pinned_kind(&self.client, &gvk)).await {
            Err(error) if is_unknown(&error) => Ok(None),
            answer => Ok(found(answer)?.map(|(api, capabilities)| Kind {
                api,
                scope: match capabilities.scope {
                    Scope::Namespaced => ObjectScope::Namespaced,
                    Scope::Cluster => ObjectScope::Cluster,
                },
            })),
        }
    }

    /// Forgets the kinds of a group: a CRD of it changed.
    pub fn forget(&self, group: &str) {
        self.lock().retain(|_, kind| kind.api.group != group);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), Kind>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The group and version are served, and this kind is not among them.
fn is_unknown(error: &Error) -> bool {
    matches!(&error.source, super::Cause::Kube(kube::Error::Discovery(_)))
}
