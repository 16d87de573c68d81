//! The client, with the defaults that a controller needs.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body::Body;
use http_body_util::BodyExt;
use kube::client::ClientBuilder;
use kube::{Client, Config};
use tower::util::MapResponseLayer;

use super::depth::Shallow;

/// A client without retries of its own (they would sit inside a call for minutes; the queue retries,
/// per object) and with an end to every silence.
///
/// # Errors
/// Where TLS or credentials cannot be set up.
pub fn new(mut config: Config) -> Result<Client, kube::Error> {
    config.default_retry = false;
    config.connect_timeout = Some(Duration::from_secs(5));
    // Longer than a watch is idle: see `watch::IDLE`.
    config.read_timeout = Some(Duration::from_secs(75));
    config.reset_reader_on_write = true;
    let shallow = MapResponseLayer::new(|response: Response<_>| response.map(bounded));
    Ok(ClientBuilder::try_from(config)?.with_layer(&shallow).build())
}

/// The body, with what nests too deep cut out: see `depth`.
fn bounded<B>(body: B) -> impl Body<Data = Bytes, Error = B::Error> + Send + 'static
where
    B: Body<Data = Bytes> + Send + 'static,
{
    let mut filter = Shallow::default();
    body.map_frame(move |frame| frame.map_data(|data| Bytes::from(filter.pass(&data))))
}
