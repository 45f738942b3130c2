//! Rotation: generations that nothing keeps go, then objects that only they named.

use super::error::BackupError;
use super::generation::Generation;
use super::names::{self, GenerationId};
use super::shelf::Shelf;
use super::tail;
use serde::Serialize;
use std::collections::BTreeSet;
use truebook_core::id::Seq;
use truebook_core::retention::{Candidate, Fate, Keep, Standing, decide};

/// A generation and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its id.
    pub id: GenerationId,
    /// What is known of it.
    pub standing: Standing,
    /// What it says; `None` if its own file is damaged.
    pub generation: Option<Generation>,
    /// What is wrong or odd, if anything is.
    pub notes: Vec<String>,
}

/// What rotating would remove, or removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// Generations that go.
    pub generations: Vec<GenerationId>,
    /// Objects that only they named.
    pub objects: Vec<String>,
    /// Generations that stay, and why.
    pub kept: Vec<(GenerationId, Fate)>,
}

/// All generations on a shelf with what is known of them, oldest first.
///
/// # Errors
/// The target's; a damaged generation is listed as such.
pub fn list(shelf: &Shelf) -> Result<Vec<Listed>, BackupError> {
    let verdicts = shelf.verdicts()?;
    let mut listed = Vec::new();
    for id in shelf.generations()? {
        let generation = match shelf.read(&id) {
            Ok(generation) => generation,
            Err(failed) if failed.is_damage() => {
                let notes = vec![failed.to_string()];
                listed.push(Listed { id, standing: Standing::Damaged, generation: None, notes });
                continue;
            }
            // Removed between the two looks.
            Err(BackupError::NoGeneration { .. }) => continue,
            Err(failed) => return Err(failed),
        };
        let verdict = verdicts.get(&id);
        let mut notes = generation.suspicions.clone();
        notes.extend(verdict.iter().flat_map(|verdict| verdict.findings.iter().cloned()));
        let standing = match verdict {
            Some(verdict) if !verdict.is_verified() => Standing::Damaged,
            _ if !generation.suspicions.is_empty() => Standing::Suspicious,
            Some(_) => Standing::Verified,
            None => Standing::Unverified,
        };
        listed.push(Listed { id, standing, generation: Some(generation), notes });
    }
    Ok(listed)
}

/// What rotating would remove.
///
/// # Errors
/// The target's.
pub fn plan(shelf: &Shelf, keep: &Keep) -> Result<Pruned, BackupError> {
    let listed = list(shelf)?;
    let candidates: Vec<_> = listed.iter().map(candidate).collect();
    let fates = decide(&candidates, keep);
    assert_eq!(fates.len(), listed.len(), "every generation has its fate");
    let mut pruned = Pruned::default();
    let (mut needed, mut loose) = (BTreeSet::new(), BTreeSet::new());
    let mut verified_to = Seq::ZERO;
    for (one, fate) in listed.iter().zip(fates) {
        let objects = one.generation.iter().flat_map(Generation::files).map(|file| file.object.clone());
        if fate.is_kept() {
            needed.extend(objects);
            pruned.kept.push((one.id.clone(), fate));
        } else {
            loose.extend(objects);
            pruned.generations.push(one.id.clone());
        }
        if let Some(generation) = one.generation.as_ref().filter(|_| one.standing == Standing::Verified) {
            verified_to = verified_to.max(generation.last);
        }
    }
    // Without its own file nobody knows what a damaged generation needs: then nothing goes.
    let is_known = listed.iter().all(|one| one.generation.is_some());
    if is_known {
        pruned.objects = loose.difference(&needed).cloned().collect();
    }
    pruned.objects.extend(tail::covered(shelf, verified_to)?);
    Ok(pruned)
}

fn candidate(listed: &Listed) -> Candidate {
    let created_at = listed
        .generation
        .as_ref()
        .map_or(truebook_core::time::Utc::from_nanos(0), |generation| generation.created_at);
    Candidate { number: listed.id.number, created_at, standing: listed.standing }
}

/// Removes what nothing keeps: first the generations' own files, so that none is left that names what is
/// gone, then their outcomes, then objects. A crash in between leaves objects that nobody names; the next
/// generation with the same content uses them.
///
/// # Errors
/// The target's; what was removed until then is removed.
pub fn prune(shelf: &Shelf, keep: &Keep) -> Result<Pruned, BackupError> {
    let pruned = plan(shelf, keep)?;
    for id in &pruned.generations {
        shelf.target().remove(&names::generation_object(shelf.book(), id))?;
    }
    if !pruned.generations.is_empty() {
        for entry in shelf.target().list(&names::verified_prefix(shelf.book()))? {
            let gone = names::parse_verified(shelf.book(), &entry.name)
                .is_some_and(|id| pruned.generations.contains(&id));
            if gone {
                shelf.target().remove(&entry.name)?;
            }
        }
    }
    for object in &pruned.objects {
        shelf.target().remove(object)?;
    }
    Ok(pruned)
}
