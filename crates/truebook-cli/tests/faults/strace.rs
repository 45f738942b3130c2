//! strace: which calls a session makes, and a fault at one of them.

use crate::matrix::Fault;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// System calls that change what is on disk. `openat` changes it where it creates a file.
const CHANGING: [&str; 12] = [
    "pwrite64",
    "write",
    "fdatasync",
    "fsync",
    "rename",
    "renameat2",
    "unlink",
    "unlinkat",
    "mkdir",
    "ftruncate",
    "fallocate",
    "openat",
];

/// One call of a session: which, and the how manieth of its name in its thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) number: u64,
}

/// Whether strace can be used here. In CI it must.
pub(crate) fn is_there() -> bool {
    let there = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).stdout(Stdio::null()).status();
    let there = there.is_ok_and(|status| status.success());
    assert!(there || std::env::var_os("CI").is_none(), "strace is missing, and CI must not go without it");
    there
}

/// The changing calls of an undisturbed session.
pub(crate) fn calls(command: &[String], input: &Path, scratch: &Path) -> Vec<Call> {
    let trace = scratch.join("trace");
    let filter = format!("trace={}", CHANGING.join(","));
    let output = Command::new("strace")
        .args(["-f", "-y", "-s", "0", "-e", &filter, "-o"])
        .arg(&trace)
        .args(command)
        .stdin(File::open(input).unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    parse(&std::fs::read_to_string(&trace).unwrap())
}

fn parse(trace: &str) -> Vec<Call> {
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut calls: Vec<Call> = Vec::new();
    for line in trace.lines() {
        let (thread, call) = line.split_once(' ').unwrap_or_default();
        let call = call.trim_start();
        let Some((name, arguments)) = call.split_once('(') else { continue };
        if !CHANGING.contains(&name) {
            continue;
        }
        let number = counts.entry((thread.to_owned(), name.to_owned())).or_default();
        *number += 1;
        let call = Call { name: name.to_owned(), number: *number };
        if changes_disk(name, arguments) && !calls.contains(&call) {
            calls.push(call);
        }
    }
    calls
}

/// Leaves out answers to the caller, and files that are only read.
fn changes_disk(name: &str, arguments: &str) -> bool {
    match name {
        "openat" => arguments.contains("O_CREAT"),
        "write" => arguments.contains("</") && !arguments.contains("/dev/") && !arguments.contains("pipe:"),
        _ => true,
    }
}

/// Whether a run came to the call at which it was to be killed, and died there.
pub(crate) fn was_killed(output: &Output) -> bool {
    output.status.signal() == Some(9) || output.status.code() == Some(128 + 9)
}

/// Runs a session with a fault at one call.
pub(crate) fn inject(command: &[String], input: &Path, call: &Call, fault: Fault) -> Output {
    let Call { name, number } = call;
    let what = match fault {
        Fault::Kill => "signal=KILL",
        Fault::Io => "error=EIO",
        Fault::Full => "error=ENOSPC",
    };
    // The quick way of watching one call only does not deliver signals.
    let quick = (fault != Fault::Kill).then_some("--seccomp-bpf");
    Command::new("strace")
        .arg("-f")
        .args(quick)
        .args(["-e", &format!("trace={name}")])
        .args(["-e", &format!("inject={name}:{what}:when={number}"), "-o", "/dev/null"])
        .args(command)
        .stdin(File::open(input).unwrap())
        .output()
        .unwrap()
}
