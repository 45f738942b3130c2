//! `fsync-probe`: how long this disk takes to make a small append durable, and whether it can be believed.

use super::copy::at;
use super::found::Found;
use super::stage::Stage;
use crate::errors::Failure;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};
use truebook::disk::{Disk, Medium, RealDisk};

/// How many appends, and how large each is.
const APPENDS: usize = 300;
const APPEND_BYTES: usize = 512;
/// No disk that keeps what it is given is quicker than this.
const QUICK: Duration = Duration::from_micros(20);

/// Half and nearly all of the appends took at most so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Latency {
    pub(super) p50: Duration,
    pub(super) p99: Duration,
}

pub(super) fn run(stage: &Stage<'_>) -> Result<Found, Failure> {
    let mut found = Found::new();
    let latency = measure(stage.dir())?;
    found.ran(APPENDS as u64);
    let (p50, p99) = (latency.p50.as_micros(), latency.p99.as_micros());
    let measured = format!("fdatasync of {APPEND_BYTES} bytes, {APPENDS} times: p50 {p50} us, p99 {p99} us");
    let medium = RealDisk::new(stage.live.clone()).medium();
    match medium {
        Ok(Medium::Memory(kind)) => {
            found.warn(format!("the book is in memory ({kind}): it is gone at power loss; {measured}"));
        }
        _ if latency.p50 < QUICK => found.warn(format!(
            "{measured}: too quick to be true. A drive's volatile cache, a library that skips syncs (eatmydata) \
             or a virtual disk (cache=unsafe) answers before anything is durable; P1 does not hold through a \
             power cut there. Look at the drive's write cache and at the virtual machine's disk settings"
        )),
        _ => found.pass(measured),
    }
    preloaded(&mut found);
    same_disk(stage, &mut found);
    Ok(found)
}

/// Measures on the disk that holds `dir`.
fn measure(dir: &Path) -> Result<Latency, Failure> {
    let path = dir.join("fsync-probe");
    let failed = |failed: std::io::Error| at("measure with", &path, &failed);
    let mut file = OpenOptions::new().create_new(true).append(true).open(&path).map_err(failed)?;
    let mut took = Vec::with_capacity(APPENDS);
    for _ in 0..APPENDS {
        file.write_all(&[1; APPEND_BYTES]).map_err(failed)?;
        let begun = Instant::now();
        file.sync_data().map_err(failed)?;
        took.push(begun.elapsed());
    }
    std::fs::remove_file(&path).map_err(failed)?;
    took.sort_unstable();
    Ok(Latency { p50: took[APPENDS / 2], p99: took[APPENDS * 99 / 100] })
}

/// A library that is loaded into every program can make syncs do nothing.
fn preloaded(found: &mut Found) {
    let variable = std::env::var("LD_PRELOAD").unwrap_or_default();
    let everywhere = std::fs::read_to_string("/etc/ld.so.preload").unwrap_or_default();
    let mapped = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    if [&variable, &everywhere, &mapped].iter().any(|text| text.contains("eatmydata")) {
        found.fail("eatmydata is loaded: every sync is skipped, nothing is durable");
    } else if variable.trim().is_empty() && everywhere.trim().is_empty() {
        found.pass("no library is preloaded");
    } else {
        found.warn(format!(
            "preloaded: {} {}; make sure that it does not touch syncs",
            variable,
            everywhere.trim()
        ));
    }
}

#[cfg(unix)]
fn same_disk(stage: &Stage<'_>, found: &mut Found) {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| std::fs::metadata(path).ok().map(|metadata| metadata.dev());
    if device(&stage.live) == device(stage.dir()) {
        found.pass("measured on the book's own file system");
    } else {
        found.warn("the scratch directory is on another file system than the book: measured there");
    }
}

#[cfg(not(unix))]
fn same_disk(_stage: &Stage<'_>, _found: &mut Found) {}
