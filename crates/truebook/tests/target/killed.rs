//! The server is killed in the middle of an upload and comes back.

use crate::faults::retrying;
use crate::proxy::{Fault, Proxy};
use crate::server::{Server, Signatures, options, remote};
use std::sync::Arc;
use std::time::Duration;
use truebook::backup::target::{Pause, Paused};
use truebook::backup::{Put, Remote, RemoteOptions, Target, TargetErrorKind};

/// Runs the server again while the target waits.
struct Restart(Arc<Server>);

impl Pause for Restart {
    fn pause(&self, _duration: Duration) -> Paused {
        self.0.kill();
        self.0.run();
        Paused::Over
    }
}

fn killing(server: &Arc<Server>) -> Fault {
    let server = Arc::clone(server);
    Fault::CutRequest(Box::new(move || server.kill()))
}

#[test]
fn nothing_half_is_readable_after_the_server_was_killed_in_an_upload() {
    let Some(server) = Server::start(Signatures::Checked).map(Arc::new) else { return };
    let proxy = Proxy::to(server.address());
    let target = remote(proxy.address(), "s3://bucket/p");
    let content = vec![5; 8 << 20];
    target.put_new("before", b"what was there").unwrap();
    proxy.next("PUT ", killing(&server));
    assert_eq!(target.put_new("dir/object", &content).unwrap_err().kind, TargetErrorKind::Unavailable);
    server.run();
    assert_eq!(target.get("dir/object", 1 << 30).unwrap_err().kind, TargetErrorKind::NotFound);
    assert!(target.list("dir/").unwrap().is_empty());
    assert_eq!(target.get("before", 100).unwrap(), b"what was there");
}

#[test]
fn an_upload_goes_on_when_the_killed_server_is_back() {
    let Some(server) = Server::start(Signatures::Checked).map(Arc::new) else { return };
    let proxy = Proxy::to(server.address());
    let restart = || Arc::new(Restart(Arc::clone(&server)));
    let whole = retrying(remote(proxy.address(), "s3://bucket/p"), restart());
    let sizes = RemoteOptions { single_bytes_max: 1 << 20, part_bytes: 5 << 20, ..options(proxy.address()) };
    let in_parts = retrying(Remote::open("s3://bucket/p", sizes).unwrap(), restart());
    let content = vec![6; 11 << 20];
    for (target, name, of) in [
        (&whole, "whole", "PUT "),
        (&in_parts, "first-part", "partNumber=1"),
        (&in_parts, "last-part", "partNumber=3"),
    ] {
        proxy.next(of, killing(&server));
        assert_eq!(target.put_new(name, &content).unwrap(), Put::Created, "{name}");
        assert!(target.get(name, 1 << 30).unwrap() == content, "{name} came back changed");
    }
}
