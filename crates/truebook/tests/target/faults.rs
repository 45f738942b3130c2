//! What happens between a target and its server: refusals, silence, broken connections, lost replies.

use crate::proxy::{Fault, Proxy};
use crate::server::{ACCESS_KEY, SECRET_KEY, Server, Signatures, options, remote};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use truebook::backup::target::{Backoff, Pause, Paused, Retrying};
use truebook::backup::{Put, Remote, RemoteOptions, Target, TargetErrorKind};
use truebook::world::SystemEntropy;

const BYTES_MAX: u64 = 64 << 20;

/// Does not wait, and counts.
#[derive(Default)]
struct Counted(AtomicU32);

impl Pause for Counted {
    fn pause(&self, _duration: Duration) -> Paused {
        self.0.fetch_add(1, Ordering::SeqCst);
        Paused::Over
    }
}

impl Counted {
    fn take(&self) -> u32 {
        self.0.swap(0, Ordering::SeqCst)
    }
}

pub(crate) fn retrying(remote: Remote, pause: Arc<dyn Pause>) -> Retrying<Remote> {
    let backoff = Backoff { retries: 3, ..Backoff::default() };
    Retrying::new(remote, backoff, pause, Arc::new(SystemEntropy))
}

/// What a target that does not retry says of an object.
fn state(target: &dyn Target, name: &str) -> Result<Vec<u8>, TargetErrorKind> {
    target.get(name, BYTES_MAX).map_err(|error| error.kind)
}

#[test]
fn what_passes_is_tried_again_until_it_has_passed() {
    let Some(server) = Server::start(Signatures::Checked) else { return };
    let proxy = Proxy::to(server.address());
    let pauses = Arc::new(Counted::default());
    let pause: Arc<dyn Pause> = Arc::<Counted>::clone(&pauses);
    let target = retrying(remote(proxy.address(), "s3://bucket/p"), pause);
    let faults: [fn() -> Fault; 6] = [
        || Fault::Answer(500, "InternalError"),
        || Fault::Answer(503, "SlowDown"),
        || Fault::Answer(429, "TooManyRequests"),
        || Fault::Answer(502, ""),
        || Fault::Refuse,
        || Fault::CutRequest(Box::new(|| {})),
    ];
    for (at, fault) in faults.iter().enumerate() {
        let name = format!("dir/{at}");
        let twice = |of| (0..2).for_each(|_| proxy.next(of, fault()));
        twice("PUT ");
        assert_eq!(target.put_new(&name, b"content").unwrap(), Put::Created, "{at}");
        twice("GET ");
        assert_eq!(target.get(&name, BYTES_MAX).unwrap(), b"content", "{at}");
        twice("GET ");
        assert_eq!(target.list("dir/").unwrap().len(), 1, "{at}");
        twice("DELETE ");
        target.remove(&name).unwrap();
        assert!(target.list("dir/").unwrap().is_empty(), "{at}");
        assert_eq!(pauses.take(), 8, "{at}");
    }
}

#[test]
fn what_does_not_pass_is_named_by_its_kind_and_not_tried_for_ever() {
    let Some(server) = Server::start(Signatures::Checked) else { return };
    let proxy = Proxy::to(server.address());
    let target = retrying(remote(proxy.address(), "s3://bucket/p"), Arc::new(Counted::default()));
    target.put_new("first", b"so that the store is known to keep the condition").unwrap();
    for (status, code, kind, requests) in [
        (503, "SlowDown", TargetErrorKind::Unavailable, 4),
        (500, "", TargetErrorKind::Unavailable, 4),
        (507, "InsufficientStorage", TargetErrorKind::Full, 1),
        (403, "QuotaExceeded", TargetErrorKind::Full, 1),
        (403, "AccessDenied", TargetErrorKind::Denied, 1),
        (401, "", TargetErrorKind::Denied, 1),
        (404, "NoSuchBucket", TargetErrorKind::NoTarget, 1),
        (400, "InvalidRequest", TargetErrorKind::Other, 1),
    ] {
        proxy.seen();
        (0..requests).for_each(|_| proxy.next("PUT ", Fault::Answer(status, code)));
        let error = target.put_new("object", b"content").unwrap_err();
        assert_eq!((error.kind, proxy.seen().len()), (kind, requests), "{error}");
        assert_eq!(state(&target, "object"), Err(TargetErrorKind::NotFound), "{error}");
    }
}

#[test]
fn a_request_is_sent_once_without_the_wrapper() {
    let Some(server) = Server::start(Signatures::Checked) else { return };
    let proxy = Proxy::to(server.address());
    let target = remote(proxy.address(), "s3://bucket/p");
    proxy.next("GET ", Fault::Answer(503, "SlowDown"));
    assert_eq!(state(&target, "object"), Err(TargetErrorKind::Unavailable));
    proxy.next("GET ", Fault::Refuse);
    assert_eq!(state(&target, "object"), Err(TargetErrorKind::Unavailable));
    assert_eq!(proxy.seen().len(), 2);
}

#[test]
fn wrong_keys_a_missing_bucket_and_an_absent_server_are_told_apart_without_a_secret() {
    let Some(server) = Server::start(Signatures::Checked) else { return };
    let mut wrong = options(server.address());
    wrong.variables.retain(|(name, _)| name != "AWS_SECRET_ACCESS_KEY");
    wrong.variables.push(("AWS_SECRET_ACCESS_KEY".to_owned(), "another-secret-word".to_owned()));
    let wrong = Remote::open("s3://bucket/p", wrong).unwrap();
    let no_bucket = remote(server.address(), "s3://no-such-bucket/p");
    let mut errors = vec![
        (wrong.put_new("object", b"content").unwrap_err(), TargetErrorKind::Denied),
        (wrong.get("object", 10).unwrap_err(), TargetErrorKind::Denied),
        (wrong.list("dir/").unwrap_err(), TargetErrorKind::Denied),
        (wrong.remove("object").unwrap_err(), TargetErrorKind::Denied),
        (no_bucket.list("dir/").unwrap_err(), TargetErrorKind::NoTarget),
    ];
    let there = remote(server.address(), "s3://bucket/p");
    server.kill();
    errors.push((there.list("dir/").unwrap_err(), TargetErrorKind::Unavailable));
    errors.push((there.put_new("object", b"content").unwrap_err(), TargetErrorKind::Unavailable));
    for (error, kind) in errors {
        let text = error.to_string();
        assert_eq!(error.kind, kind, "{text}");
        for secret in [SECRET_KEY, "another-secret-word", ACCESS_KEY, "Signature=", "AWS4-HMAC"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[test]
fn a_silent_server_is_not_waited_for_without_end() {
    let Some(server) = Server::start(Signatures::Checked) else { return };
    let proxy = Proxy::to(server.address());
    let patience = Duration::from_millis(200);
    let impatient = RemoteOptions { patience, ..options(proxy.address()) };
    let target = Remote::open("s3://bucket/p", impatient).unwrap();
    proxy.next("GET ", Fault::Delay(Duration::from_secs(5)));
    let error = target.get("object", 10).unwrap_err();
    assert_eq!(error.kind, TargetErrorKind::Unavailable, "{error}");
}

#[test]
fn an_object_whose_creation_was_not_answered_is_ours_if_its_content_is() {
    let Some(server) = Server::start(Signatures::Checked) else { return };
    let proxy = Proxy::to(server.address());
    let target = retrying(remote(proxy.address(), "s3://bucket/p"), Arc::new(Counted::default()));
    proxy.next("PUT ", Fault::LoseReply);
    assert_eq!(target.put_new("ours", b"content").unwrap(), Put::Created);
    proxy.next("PUT ", Fault::LoseReply);
    assert_eq!(target.put_new("ours too", b"more content").unwrap(), Put::Created);
    // The first attempt fails before the server sees it, and somebody else is quicker than the second.
    let other = remote(server.address(), "s3://bucket/p");
    other.put_new("theirs", b"their content").unwrap();
    proxy.next("PUT ", Fault::Answer(503, "SlowDown"));
    assert_eq!(target.put_new("theirs", b"our content").unwrap(), Put::Exists);
    for (name, content) in [("ours", "content"), ("ours too", "more content"), ("theirs", "their content")] {
        assert_eq!(other.get(name, 100).unwrap(), content.as_bytes(), "{name}");
    }
}

#[test]
fn what_breaks_in_the_middle_leaves_nothing_half_under_its_name() {
    let Some(server) = Server::start(Signatures::Checked) else { return };
    let proxy = Proxy::to(server.address());
    let target = remote(proxy.address(), "s3://bucket/p");
    let content = vec![7; 1 << 20];
    proxy.next("PUT ", Fault::CutRequest(Box::new(|| {})));
    assert_eq!(target.put_new("object", &content).unwrap_err().kind, TargetErrorKind::Unavailable);
    assert_eq!(state(&target, "object"), Err(TargetErrorKind::NotFound));
    assert_eq!(target.put_new("object", &content).unwrap(), Put::Created);
    proxy.next("GET ", Fault::CutReply);
    assert_eq!(state(&target, "object"), Err(TargetErrorKind::Unavailable));
    assert_eq!(state(&target, "object"), Ok(content));
}

#[test]
fn an_upload_in_parts_is_all_there_or_not_at_all() {
    let Some(server) = Server::start(Signatures::Checked) else { return };
    let proxy = Proxy::to(server.address());
    let sizes = RemoteOptions { single_bytes_max: 1 << 20, part_bytes: 5 << 20, ..options(proxy.address()) };
    let plain = Remote::open("s3://bucket/p", sizes.clone()).unwrap();
    let content = vec![9; 12 << 20];
    for (of, fault) in [
        ("uploads", Fault::Answer(503, "SlowDown")),
        ("partNumber=2", Fault::CutRequest(Box::new(|| {}))),
        ("partNumber=3", Fault::Answer(500, "InternalError")),
        ("POST /bucket/p/object?uploadId", Fault::Answer(200, "InternalError")),
    ] {
        proxy.next(of, fault);
        assert_eq!(plain.put_new("object", &content).unwrap_err().kind, TargetErrorKind::Unavailable, "{of}");
        assert_eq!(state(&plain, "object"), Err(TargetErrorKind::NotFound), "{of}");
    }
    let target = retrying(Remote::open("s3://bucket/p", sizes).unwrap(), Arc::new(Counted::default()));
    proxy.next("POST /bucket/p/object?uploadId", Fault::LoseReply);
    assert_eq!(target.put_new("object", &content).unwrap(), Put::Created);
    assert!(state(&plain, "object") == Ok(content.clone()), "it came back changed");
    let other = vec![8; 6 << 20];
    assert_eq!(plain.put_new("object", &other).unwrap(), Put::Exists);
    assert!(state(&plain, "object") == Ok(content), "what was there was changed");
}
