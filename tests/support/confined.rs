//! The operator inside our own process: it sees one namespace only, so that several can share a
//! control plane, and can be made to die right after a write of its choice.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Method, Request, Response, Uri};
use k8s_openapi::jiff::{Timestamp, Unit};
use kube::Client;
use kube::client::{Body, ClientBuilder};
use rand::Rng;
use rand::distr::Alphanumeric;
use score_operator::cluster::world::Environment;
use score_operator::controller::{Options, run};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tower::{Service, layer::layer_fn};

use super::cluster::config;

/// A running operator. It ends with this value.
pub struct Confined {
    runtime: Option<Runtime>,
    gate: Arc<Gate>,
}

impl Confined {
    /// Starts one for a namespace. After so many writes it dies: the last is committed, its answer
    /// withheld, and nothing is sent any more.
    pub(super) fn start(
        kubeconfig: &Path,
        namespace: &str,
        dies_after: Option<usize>,
        resync: Duration,
    ) -> Self {
        let gate = Arc::new(Gate {
            namespace: namespace.to_owned(),
            dies_after,
            writes: AtomicUsize::new(0),
            dead: watch::Sender::new(false),
        });
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (kubeconfig, gated) = (kubeconfig.to_owned(), Arc::clone(&gate));
        runtime.spawn(async move { run(client(&kubeconfig, gated).await, options(resync)).await });
        Self { runtime: Some(runtime), gate }
    }

    /// Waits until it dies as it was told.
    pub async fn dies(&self) {
        self.gate.dead.subscribe().wait_for(|dead| *dead).await.unwrap();
    }

    /// How many writes it has sent.
    pub fn writes(&self) -> usize {
        self.gate.writes.load(Ordering::SeqCst)
    }
}

impl Drop for Confined {
    fn drop(&mut self) {
        self.gate.dead.send_replace(true);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn options(resync: Duration) -> Options {
    let now = || Timestamp::now().round(Unit::Second).unwrap().to_string();
    let random = |length| rand::rng().sample_iter(Alphanumeric).take(length).map(char::from).collect();
    let environment = Environment { now: Arc::new(now), random: Arc::new(random) };
    Options { concurrency: 8, resync, environment }
}

/// As `cluster::client::new` makes it, with the gate before it.
async fn client(kubeconfig: &Path, gate: Arc<Gate>) -> Client {
    let mut config = config(kubeconfig).await;
    config.default_retry = false;
    config.connect_timeout = Some(Duration::from_secs(5));
    config.read_timeout = Some(Duration::from_secs(75));
    let layer = layer_fn(|inner| Gated { inner, gate: Arc::clone(&gate) });
    ClientBuilder::try_from(config).unwrap().with_layer(&layer).build()
}

/// What every request goes through.
struct Gate {
    namespace: String,
    dies_after: Option<usize>,
    writes: AtomicUsize,
    dead: watch::Sender<bool>,
}

/// What a request is to the gate.
#[derive(Clone, Copy, PartialEq)]
enum Passage {
    Free,
    Last,
    Closed,
}

impl Gate {
    fn admit(&self, request: &Request<Body>) -> Passage {
        let writes = |limit| self.writes.load(Ordering::SeqCst) >= limit;
        if *self.dead.borrow() || self.dies_after.is_some_and(writes) {
            return Passage::Closed;
        }
        if !self.counts(request) {
            return Passage::Free;
        }
        let count = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        if self.dies_after == Some(count) { Passage::Last } else { Passage::Free }
    }

    /// Events do not count, nor do questions for permissions, nor what is said of rules.
    fn counts(&self, request: &Request<Body>) -> bool {
        let path = request.uri().path();
        let inside = path.contains(&format!("/namespaces/{}/", self.namespace));
        request.method() != Method::GET && inside && !path.contains("/events")
    }

    /// Lists and watches of all namespaces become those of one.
    fn confine(&self, request: &mut Request<Body>) {
        let path = request.uri().path();
        let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
        let (head, plural) = match parts.as_slice() {
            [api @ "api", version, plural] => (format!("/{api}/{version}"), *plural),
            [apis @ "apis", group, version, plural] => (format!("/{apis}/{group}/{version}"), *plural),
            _ => return,
        };
        // Kinds that live in no namespace; the last one is a stand-in, of one test here.
        let wide = ["namespaces", "customresourcedefinitions", "provisionerrules", "instances"];
        if request.method() == Method::GET && !wide.contains(&plural) {
            let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
            let uri = format!("{head}/namespaces/{}/{plural}{query}", self.namespace);
            *request.uri_mut() = uri.parse::<Uri>().unwrap();
        }
    }
}

struct Gated<S> {
    inner: S,
    gate: Arc<Gate>,
}

impl<S, B> Service<Request<Body>> for Gated<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Send + 'static,
    S::Future: Send + 'static,
    B: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let passage = self.gate.admit(&request);
        if passage == Passage::Closed {
            return Box::pin(std::future::pending());
        }
        self.gate.confine(&mut request);
        let (gate, answer) = (Arc::clone(&self.gate), self.inner.call(request));
        Box::pin(async move {
            let answer = answer.await;
            if passage == Passage::Last {
                gate.dead.send_replace(true);
            }
            if *gate.dead.borrow() {
                std::future::pending::<()>().await;
            }
            answer
        })
    }
}
