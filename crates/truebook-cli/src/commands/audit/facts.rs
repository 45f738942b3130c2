//! The machine and the book that were audited.

use super::stage::Stage;
use std::path::Path;
use std::time::Duration;

/// A fact with its name.
pub(super) type Fact = (&'static str, String);

/// What is worth knowing beside the lines. `fsync` is what the probe measured, if it ran.
pub(super) fn facts(stage: &Stage<'_>, fsync: Option<&str>, took: Duration) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    if let Ok(peek) = stage.peek(&stage.base()) {
        let status = peek.status();
        facts.push(("book", format!("{} ({})", status.name, status.book)));
        facts.push(("trades at", format!("{}, account {}, {}", status.venue, status.account, status.mode)));
        facts.push(("last event", status.seq.to_string()));
        facts.push(("state hash", status.state_hash.to_string()));
        facts.push(("encrypted", if status.encrypted { "yes" } else { "no" }.to_owned()));
    }
    let whole = stage.live.canonicalize().unwrap_or_else(|_| stage.live.clone());
    facts.push(("directory", whole.display().to_string()));
    facts.push(("file system", file_system(&stage.live).unwrap_or_else(unknown)));
    facts.push(("kernel", kernel()));
    facts.push((
        "processors",
        std::thread::available_parallelism().map_or_else(|_| unknown(), |n| n.to_string()),
    ));
    facts.push(("fsync", fsync.map_or_else(|| "not measured".to_owned(), str::to_owned)));
    facts.push(("truebook", env!("CARGO_PKG_VERSION").to_owned()));
    facts.push(("seed and runs", format!("{}, {}", stage.args.seed, stage.args.runs)));
    facts.push(("time", Stage::now().to_string()));
    facts.push(("took", format!("{} s", took.as_secs())));
    facts
}

fn unknown() -> String {
    "unknown: this system does not tell".to_owned()
}

fn kernel() -> String {
    let word = |name: &str| std::fs::read_to_string(format!("/proc/sys/kernel/{name}")).ok();
    let release = word("osrelease").map(|text| text.trim().to_owned());
    let release = release.map_or_else(String::new, |release| format!(" {release}"));
    format!("{}{release}, {}", std::env::consts::OS, std::env::consts::ARCH)
}

/// Type and source of what is mounted where the directory is, as Linux lists it.
fn file_system(dir: &Path) -> Option<String> {
    let whole = dir.canonicalize().ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    mount_of(&whole, &mounts)
}

fn mount_of(dir: &Path, mounts: &str) -> Option<String> {
    let mut best: Option<(usize, String)> = None;
    for line in mounts.lines() {
        let (before, after) = line.split_once(" - ")?;
        let point = before.split(' ').nth(4)?.replace("\\040", " ");
        let mut words = after.split(' ');
        let (kind, source) = (words.next()?, words.next()?);
        // Of two mounts on one point the later one covers the earlier.
        if dir.starts_with(&point) && best.as_ref().is_none_or(|(length, _)| point.len() >= *length) {
            best = Some((point.len(), format!("{kind} on {source}, mounted at {point}")));
        }
    }
    best.map(|(_, said)| said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_is_told() {
        let mounts =
            "21 1 8:1 / / rw - ext4 /dev/vda rw\n22 21 0:5 / /mnt/my\\040disk rw shared:1 - xfs /dev/sdb rw";
        let told = |dir: &str| mount_of(Path::new(dir), mounts).unwrap();
        assert_eq!(told("/mnt/my disk/data"), "xfs on /dev/sdb, mounted at /mnt/my disk");
        assert_eq!(told("/mnt/other"), "ext4 on /dev/vda, mounted at /");
    }
}
