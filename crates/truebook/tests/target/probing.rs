//! The probe, on targets that do what they must and on one that does not.

use crate::proxy::{Fault, Proxy};
use crate::server::{Server, Signatures, options, remote};
use std::sync::Arc;
use truebook::backup::target::{OVERWRITES, ProbeReport, from_url, probe};
use truebook::backup::{Directory, Put, Remote, RemoteOptions, Target, TargetErrorKind};
use truebook::disk::RealDisk;
use truebook::world::SystemClock;

const STEPS: [&str; 6] = ["create", "read", "create again", "list", "remove", "list again"];

fn steps(report: &ProbeReport) -> Vec<(&str, bool)> {
    report.steps.iter().map(|step| (step.step.as_str(), step.ok)).collect()
}

#[test]
fn a_probe_tries_each_operation_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let directory = from_url(dir.path().to_str().unwrap()).unwrap();
    let server = Server::start(Signatures::Checked);
    let s3 = server.as_ref().map(|server| remote(server.address(), "s3://bucket/p"));
    let s3 = s3.as_ref().map(|remote| remote as &dyn Target);
    for target in [Some(&directory as &dyn Target), s3].into_iter().flatten() {
        let report = probe(target, &SystemClock, 7);
        assert!(report.ok(), "{report:?}");
        assert_eq!(steps(&report), STEPS.map(|step| (step, true)));
        assert!(report.weaknesses.is_empty(), "{report:?}");
        assert!(target.list("probe/").unwrap().is_empty());
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<ProbeReport>(&text).unwrap(), report);
    }
}

#[test]
fn a_store_that_overwrites_is_found_out_and_looked_at_before_it_is_written_to() {
    let Some(server) = Server::start(Signatures::Absent) else { return };
    // What the client asks for is left out on the way: to the client, the store ignores it.
    let proxy = Proxy::dropping(server.address(), "if-none-match");
    for single_bytes_max in [1 << 20, 2] {
        let url = format!("s3://bucket/{single_bytes_max}");
        let mut unsigned = RemoteOptions { single_bytes_max, ..options(proxy.address()) };
        unsigned.variables.push(("AWS_SKIP_SIGNATURE".to_owned(), "true".to_owned()));
        let target = Remote::open(&url, unsigned).unwrap();
        assert_eq!(target.put_new("a", b"1").unwrap(), Put::Created);
        assert_eq!(target.weaknesses(), [OVERWRITES]);
        assert_eq!(target.put_new("b", b"the first").unwrap(), Put::Created);
        assert_eq!(target.put_new("b", b"the second").unwrap(), Put::Exists);
        assert_eq!(target.get("b", 100).unwrap(), b"the first");
        let report = probe(&target, &SystemClock, 8);
        assert!(report.ok(), "{report:?}");
        assert_eq!(report.weaknesses, [OVERWRITES]);
    }
}

#[test]
fn a_store_that_cannot_create_conditionally_is_looked_at_before_it_is_written_to() {
    let Some(server) = Server::start(Signatures::Checked) else { return };
    let proxy = Proxy::to(server.address());
    let target = remote(proxy.address(), "s3://bucket/p");
    proxy.next("PUT ", Fault::Answer(501, "NotImplemented"));
    assert_eq!(target.put_new("a", b"the first").unwrap(), Put::Created);
    assert_eq!(target.weaknesses(), [OVERWRITES]);
    assert_eq!(target.put_new("a", b"the second").unwrap(), Put::Exists);
    assert_eq!(target.get("a", 100).unwrap(), b"the first");
}

#[test]
fn a_probe_says_what_failed_and_what_can_be_done() {
    let Some(server) = Server::start(Signatures::Checked) else { return };
    let proxy = Proxy::to(server.address());
    let target = remote(proxy.address(), "s3://bucket/p");
    proxy.next("PUT ", Fault::Answer(507, "InsufficientStorage"));
    let report = probe(&target, &SystemClock, 9);
    assert!(!report.ok());
    assert_eq!(steps(&report), [("create", false), ("remove", true), ("list again", true)]);
    assert!(report.steps[0].what.contains(TargetErrorKind::Full.way_out()), "{report:?}");
}

#[test]
fn an_address_is_a_directory_that_exists_or_an_object_store() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    for text in [path.to_owned(), format!("file://{path}")] {
        let target = from_url(&text).unwrap();
        assert_eq!(target.describe(""), Directory::new(Arc::new(RealDisk::new(path))).describe(""));
    }
    assert_eq!(from_url("s3://bucket/prefix").unwrap().describe("a"), "s3://bucket/prefix/a");
    let kind = |text: &str| from_url(text).err().unwrap().kind;
    assert_eq!(kind(&format!("{path}/missing")), TargetErrorKind::NoTarget);
    for text in ["ftp://host/dir", "file://host/dir", "s3://"] {
        assert_eq!(kind(text), TargetErrorKind::Other, "{text}");
    }
}
