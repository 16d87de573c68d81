//! The client, with the defaults that a controller needs.

use std::time::Duration;

use kube::{Client, Config};

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
    Client::try_from(config)
}
