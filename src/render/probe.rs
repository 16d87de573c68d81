//! A probe (R01–R04).

use serde_json::{Value, json};

use crate::api::score::{HttpGet, Probe};
use crate::plan::score::settings::ProbeHost;

/// `exec` where both are given, as the specification prefers (R04).
#[must_use]
pub fn render(probe: &Probe, host: ProbeHost) -> Value {
    match (&probe.exec, &probe.http_get) {
        (Some(exec), _) => json!({"exec": {"command": exec.command}}),
        (None, Some(get)) => json!({"httpGet": http_get(get, host)}),
        (None, None) => json!({}),
    }
}

/// The host becomes a `Host` header: a probe's own `host` is where the kubelet connects to, which
/// would be the node for 127.0.0.1 (R02).
fn http_get(get: &HttpGet, meaning: ProbeHost) -> Value {
    let (header, connect) = match meaning {
        ProbeHost::Header => (get.host.as_ref(), None),
        ProbeHost::Connect => (None, get.host.as_ref()),
    };
    let host = header.into_iter().map(|host| json!({"name": "Host", "value": host}));
    let given = get.http_headers.iter().flatten();
    let headers: Vec<_> =
        host.chain(given.map(|header| json!({"name": header.name, "value": header.value}))).collect();
    // The API server would store "/" for an empty path, and the two would never look alike.
    let path = if get.path.is_empty() { "/" } else { &get.path };
    let mut body = json!({"path": path, "port": get.port});
    if let Some(host) = connect {
        body["host"] = json!(host);
    }
    if let Some(scheme) = get.scheme {
        body["scheme"] = json!(scheme);
    }
    if !headers.is_empty() {
        body["httpHeaders"] = json!(headers);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r02_the_host_of_a_probe_is_a_header() {
        let get: HttpGet = serde_json::from_value(json!({
            "host": "example.com", "path": "/x", "port": 80, "httpHeaders": [{"name": "A", "value": "b"}]
        }))
        .expect("a probe");
        let headers = json!([{"name": "Host", "value": "example.com"}, {"name": "A", "value": "b"}]);
        let connect = json!({"host": "example.com", "path": "/x", "port": 80, "httpHeaders": [{"name": "A", "value": "b"}]});
        assert_eq!(http_get(&get, ProbeHost::Connect), connect);
        assert_eq!(
            http_get(&get, ProbeHost::Header),
            json!({"path": "/x", "port": 80, "httpHeaders": headers})
        );
    }

    #[test]
    fn r04_exec_is_preferred() {
        let both: Probe = serde_json::from_value(json!({
            "exec": {"command": ["true"]}, "httpGet": {"path": "/", "port": 80}
        }))
        .expect("a probe");
        assert_eq!(render(&both, ProbeHost::Header), json!({"exec": {"command": ["true"]}}));
    }
}
