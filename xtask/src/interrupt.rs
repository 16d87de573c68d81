//! Ctrl-C, and what else asks us to end.

use anyhow::Result;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals that ask us to end. From the first use on they do not kill us any more.
pub struct Interrupt {
    signals: [Signal; 3],
}

impl Interrupt {
    /// Begins to listen.
    pub fn listen() -> Result<Self> {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hangup] = kinds.map(signal);
        Ok(Self { signals: [interrupt?, terminate?, hangup?] })
    }

    /// Returns when one arrives.
    pub async fn arrives(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
