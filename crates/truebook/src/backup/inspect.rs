//! Looking through what is stored, a part at a time: every object is read again now and then, so that rot is
//! found while there is still another copy.

use super::create::Progress;
use super::error::BackupError;
use super::generation::{Generation, StoredFile};
use super::names;
use super::prune::{Listed, list};
use super::shelf::Shelf;
use super::verdict::{FINDINGS_MAX, Outcome, Verdict};
use crate::envelope;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use truebook_core::id::Seq;
use truebook_core::retention::Standing;
use truebook_core::time::Utc;

/// Into how many parts everything is divided: with one a day, a week for all.
pub const PARTS: u32 = 7;

const ENVELOPE: &str = "inspection";
const INSPECTION_BYTES_MAX: u64 = 1 << 20;

/// What looking through a part found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inspection {
    /// Which part, from 0.
    pub part: u32,
    /// Of how many.
    pub parts: u32,
    /// When.
    pub at: Utc,
    /// How many objects were read.
    pub objects: u64,
    /// How many bytes they had.
    pub bytes: u64,
    /// What is wrong, object by object.
    pub findings: Vec<String>,
}

/// The part that was not looked at for the longest time, and when that was.
///
/// # Errors
/// The target's.
pub fn next_part(shelf: &Shelf, parts: u32) -> Result<(u32, Option<Utc>), BackupError> {
    let last = last_looks(shelf)?;
    let oldest = (0..parts.max(1)).min_by_key(|part| last.get(part).copied());
    let part = oldest.unwrap_or(0);
    Ok((part, last.get(&part).copied()))
}

/// When each part was last looked at.
fn last_looks(shelf: &Shelf) -> Result<BTreeMap<u32, Utc>, BackupError> {
    let mut last = BTreeMap::new();
    for entry in shelf.target().list(&names::inspected_prefix(shelf.book()))? {
        let Some((part, at)) = names::parse_inspected(shelf.book(), &entry.name) else { continue };
        let known = last.entry(part).or_insert(at);
        *known = at.max(*known);
    }
    Ok(last)
}

/// Reads every object of a part, of all generations, and compares its hashes; what can be opened is opened.
/// Generations that name a damaged one are verified no more.
///
/// # Errors
/// The target's; damage is a finding.
pub fn inspect(
    shelf: &Shelf,
    part: u32,
    parts: u32,
    now: Utc,
    progress: &mut dyn Progress,
) -> Result<Inspection, BackupError> {
    let listed = list(shelf)?;
    let mine: BTreeMap<&str, &StoredFile> = listed
        .iter()
        .filter_map(|one| one.generation.as_ref())
        .flat_map(Generation::files)
        .filter(|file| part_of(&file.object, parts) == part)
        .map(|file| (file.object.as_str(), file))
        .collect();
    progress.total(mine.len());
    let mut inspection = Inspection { part, parts, at: now, objects: 0, bytes: 0, findings: Vec::new() };
    let mut damaged = BTreeMap::new();
    for (object, file) in mine {
        progress.step(object, file.bytes);
        inspection.objects += 1;
        inspection.bytes += file.bytes;
        match shelf.fetch(file) {
            // Its hashes are those that were stored; opening it is for whoever has the key.
            Ok(_) | Err(BackupError::Locked { .. }) => {}
            Err(failed) if failed.is_damage() => {
                damaged.insert(object.to_owned(), failed.to_string());
            }
            Err(failed) => return Err(failed),
        }
    }
    revoke(shelf, &listed, &damaged, now)?;
    inspection.findings = damaged.into_values().take(FINDINGS_MAX).collect();
    let file = envelope::wrap(ENVELOPE, &serde_json::to_vec(&inspection).unwrap_or_default());
    assert!(file.len() as u64 <= INSPECTION_BYTES_MAX, "findings are bounded");
    shelf.target().put_new(&names::inspected_object(shelf.book(), part, now), &file)?;
    forget_older(shelf, part, now)?;
    Ok(inspection)
}

/// The part that an object belongs to: always the same one, whatever else is stored.
fn part_of(object: &str, parts: u32) -> u32 {
    let hash = blake3::hash(object.as_bytes());
    let bytes = hash.as_bytes();
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) % parts.max(1)
}

/// Generations that name a damaged object are not verified any more.
fn revoke(
    shelf: &Shelf,
    listed: &[Listed],
    damaged: &BTreeMap<String, String>,
    now: Utc,
) -> Result<(), BackupError> {
    for one in listed.iter().filter(|one| one.standing != Standing::Damaged) {
        let files = one.generation.iter().flat_map(Generation::files);
        let mut findings: Vec<_> = files.filter_map(|file| damaged.get(&file.object)).cloned().collect();
        if findings.is_empty() {
            continue;
        }
        findings.truncate(FINDINGS_MAX);
        shelf.keep(&Verdict {
            generation: one.id.clone(),
            at: now,
            outcome: Outcome::Damaged,
            state_hash: None,
            replayed_after: Seq::ZERO,
            base: None,
            objects: findings.len() as u64,
            bytes: 0,
            findings,
        })?;
    }
    Ok(())
}

/// Only the last look at a part is kept.
fn forget_older(shelf: &Shelf, part: u32, now: Utc) -> Result<(), BackupError> {
    for entry in shelf.target().list(&names::inspected_prefix(shelf.book()))? {
        let older = names::parse_inspected(shelf.book(), &entry.name)
            .is_some_and(|(other, at)| other == part && at < now);
        if older {
            shelf.target().remove(&entry.name)?;
        }
    }
    Ok(())
}
