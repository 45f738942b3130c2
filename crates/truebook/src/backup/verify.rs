//! Proof: a generation is restored into a trial place, replayed there by the code that opens books, and the
//! state compared with what was stored. Only then it is verified (promise P9).

use super::create::Progress;
use super::error::BackupError;
use super::generation::{Generation, StoredFile, StoredSegment};
use super::names::GenerationId;
use super::scratch::Scratch;
use super::shelf::Shelf;
use super::verdict::{FINDINGS_MAX, Outcome, Verdict};
use crate::book::{OpenError, OpenOptions, find_manifest, make_context};
use crate::checkpoint::{CHECKPOINT_DIR, CheckpointName, RUN_DIR};
use crate::crypt::KeySource;
use crate::disk::{Disk, parent};
use crate::error::FileError;
use crate::journal::segment::JOURNAL_DIR;
use crate::recovery::{Assessment, Weight, assess};
use crate::world::World;
use truebook_core::hash::StateHash;
use truebook_core::id::Seq;

/// How much of a generation is read and replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// What is new since the newest generation that is verified already; everything if there is none.
    New,
    /// Everything, from the first event on.
    All,
}

/// What verifying needs besides the generation.
pub struct Trial<'a> {
    /// Clock and randomness.
    pub world: &'a World,
    /// Opens an encrypted book.
    pub key: Option<KeySource>,
    /// Where it is restored to: empty, and of nobody else.
    pub scratch: &'a Scratch,
    /// How much.
    pub depth: Depth,
}

/// Verifies a generation, and keeps on the shelf what came out.
///
/// # Errors
/// If nothing can be said: the target is out of reach, or a key is missing. Damage is an outcome.
pub fn verify(
    shelf: &Shelf,
    id: &GenerationId,
    trial: &Trial<'_>,
    progress: &mut dyn Progress,
) -> Result<Verdict, BackupError> {
    let verdict = match shelf.read(id) {
        Ok(generation) => prove(shelf, id, &generation, trial, progress)?,
        Err(failed) if failed.is_damage() => {
            damaged(id, trial, &Read::default(), None, vec![failed.to_string()])
        }
        Err(failed) => return Err(failed),
    };
    shelf.keep(&verdict)?;
    Ok(verdict)
}

/// What replaying begins with.
struct Base {
    id: GenerationId,
    checkpoint: Seq,
    files: Vec<StoredFile>,
}

/// How much was read.
#[derive(Clone, Copy, Default)]
struct Read {
    objects: u64,
    bytes: u64,
}

fn prove(
    shelf: &Shelf,
    id: &GenerationId,
    generation: &Generation,
    trial: &Trial<'_>,
    progress: &mut dyn Progress,
) -> Result<Verdict, BackupError> {
    let broken_links = links(generation);
    let base = match trial.depth {
        Depth::New if broken_links.is_empty() => find_base(shelf, id, generation)?,
        _ => None,
    };
    let after = base.as_ref().map_or(Seq::ZERO, |base| base.checkpoint);
    let mut laying =
        Laying { shelf, disk: trial.scratch.disk(), read: Read::default(), findings: broken_links };
    let base_files = base.as_ref().map_or(&[][..], |base| &base.files);
    laying.prepare(progress, generation.files().count())?;
    for file in base_files {
        laying.lay(file, progress)?;
    }
    for segment in generation.segments.iter().filter(|segment| segment.next > after) {
        laying.lay(&segment.file, progress)?;
    }
    let (own, manifest): (Vec<_>, Vec<_>) = generation.state.iter().partition(|file| file.path.contains('/'));
    for file in manifest {
        laying.lay(file, progress)?;
    }
    let mut state_hash = None;
    if laying.findings.is_empty() {
        state_hash = laying.replay(trial, generation)?;
    }
    // As somebody would restore it: with its own checkpoint.
    for file in own {
        laying.lay(file, progress)?;
    }
    if laying.findings.is_empty() {
        laying.replay(trial, generation)?;
    }
    let Laying { read, findings, .. } = laying;
    if !findings.is_empty() {
        return Ok(damaged(id, trial, &read, state_hash, findings));
    }
    assert_eq!(state_hash, Some(generation.state_hash), "verified means that the state is the one stored");
    Ok(Verdict {
        generation: id.clone(),
        at: trial.world.clock.now(),
        outcome: Outcome::Verified,
        state_hash,
        replayed_after: after,
        base: base.map(|base| base.id),
        objects: read.objects,
        bytes: read.bytes,
        findings,
    })
}

fn damaged(
    id: &GenerationId,
    trial: &Trial<'_>,
    read: &Read,
    state_hash: Option<StateHash>,
    mut findings: Vec<String>,
) -> Verdict {
    findings.truncate(FINDINGS_MAX);
    Verdict {
        generation: id.clone(),
        at: trial.world.clock.now(),
        outcome: Outcome::Damaged,
        state_hash,
        replayed_after: Seq::ZERO,
        base: None,
        objects: read.objects,
        bytes: read.bytes,
        findings,
    }
}

/// What is wrong with how the segments follow on each other, by what the generation says of them.
fn links(generation: &Generation) -> Vec<String> {
    let pairs = generation.segments.windows(2);
    let broken = pairs.filter(|pair| pair[0].chain != pair[1].prev || pair[0].next > pair[1].first);
    let mut found: Vec<_> = broken
        .map(|pair| format!("segment {} does not follow on segment {}", pair[1].index, pair[0].index))
        .collect();
    let reaches = generation.segments.last().is_some_and(|last| last.next == generation.last.next());
    if !reaches {
        found.push(format!("its segments do not end with event {}", generation.last));
    }
    found
}

/// The newest verified generation before this one whose history is the beginning of this one's, and whose
/// checkpoint is on the shelf.
fn find_base(shelf: &Shelf, id: &GenerationId, generation: &Generation) -> Result<Option<Base>, BackupError> {
    let verdicts = shelf.verdicts()?;
    let before = verdicts
        .values()
        .rev()
        .filter(|verdict| verdict.is_verified() && verdict.generation.number < id.number);
    for verdict in before {
        let older = match shelf.read(&verdict.generation) {
            Ok(older) => older,
            Err(failed) if failed.is_damage() || matches!(failed, BackupError::NoGeneration { .. }) => {
                continue;
            }
            Err(failed) => return Err(failed),
        };
        let Some(checkpoint) = checkpoint_of(&older).filter(|_| begins_with(generation, &older)) else {
            continue;
        };
        let files = older.state.into_iter().filter(|file| file.path.contains('/')).collect();
        return Ok(Some(Base { id: verdict.generation.clone(), checkpoint, files }));
    }
    Ok(None)
}

/// Whether the history of `older` is the beginning of that of `generation`.
pub(super) fn begins_with(generation: &Generation, older: &Generation) -> bool {
    let Some((partial, whole)) = older.segments.split_last() else { return false };
    let same = |segment: &StoredSegment| {
        generation.segments.iter().any(|other| {
            (other.index, other.next, other.chain) == (segment.index, segment.next, segment.chain)
        })
    };
    // The last one may have grown since: that it grew from the same is told by replaying over it.
    let grown = generation.segments.iter().any(|other| {
        (other.index, other.first, other.prev) == (partial.index, partial.first, partial.prev)
            && other.next >= partial.next
    });
    whole.iter().all(same) && grown
}

/// Sequence number of a generation's checkpoint.
pub(in crate::backup) fn checkpoint_of(generation: &Generation) -> Option<Seq> {
    generation.state.iter().find_map(|file| {
        let name = file.path.strip_prefix(CHECKPOINT_DIR)?.strip_prefix('/')?;
        Some(CheckpointName::parse(name)?.seq)
    })
}

/// Laying files down in the trial place.
struct Laying<'a> {
    shelf: &'a Shelf,
    disk: std::sync::Arc<dyn Disk>,
    read: Read,
    findings: Vec<String>,
}

impl Laying<'_> {
    fn prepare(&self, progress: &mut dyn Progress, objects: usize) -> Result<(), FileError> {
        progress.total(objects);
        for dir in ["", JOURNAL_DIR, CHECKPOINT_DIR, RUN_DIR] {
            self.disk
                .create_dir(dir)
                .map_err(|source| FileError::new("create the directory", self.disk.describe(dir), source))?;
        }
        Ok(())
    }

    /// Fetches a file and writes it down. Damage is noted; whatever else fails is an error.
    fn lay(&mut self, file: &StoredFile, progress: &mut dyn Progress) -> Result<(), BackupError> {
        progress.step(&file.object, file.bytes);
        self.read.objects += 1;
        self.read.bytes += file.bytes;
        let content = match self.shelf.fetch(file) {
            Ok(content) => content,
            Err(failed) if failed.is_damage() => {
                self.findings.push(failed.to_string());
                return Ok(());
            }
            Err(failed) => return Err(failed),
        };
        lay_down(&*self.disk, &file.path, &content)?;
        Ok(())
    }

    /// The hash of the state that the files give; what is wrong is noted.
    fn replay(
        &mut self,
        trial: &Trial<'_>,
        generation: &Generation,
    ) -> Result<Option<StateHash>, BackupError> {
        let world = World { disk: std::sync::Arc::clone(&self.disk), ..trial.world.clone() };
        let options = OpenOptions { key: trial.key.clone(), ..OpenOptions::default() };
        let path = world.disk.describe("");
        let found = find_manifest(&world)?.ok_or(OpenError::NoBook { path })?;
        let context = make_context(&world, &found.manifest, &options)?;
        let assessment = assess(&context).map_err(OpenError::from)?;
        self.findings.extend(objections(&assessment, generation));
        Ok(assessment.state.map(|state| state.hash()))
    }
}

/// Writes a file of a trial. Nothing of a trial outlives it, so nothing is synced.
fn lay_down(disk: &dyn Disk, path: &str, content: &[u8]) -> Result<(), FileError> {
    let failed = |operation: &str, source| FileError::new(operation, disk.describe(path), source);
    if !parent(path).is_empty() {
        disk.create_dir(parent(path)).map_err(|source| failed("create the directory of", source))?;
    }
    match disk.create_new(path, None) {
        Ok(file) => file.write_all_at(0, content).map_err(|source| failed("write", source)),
        // The checkpoint that replaying began with is this generation's own too.
        Err(source) if source.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(failed("create", source)),
    }
}

/// What speaks against a replayed generation.
fn objections(assessment: &Assessment, generation: &Generation) -> Vec<String> {
    let mut found = Vec::new();
    let damage = assessment.report.findings.iter().filter(|finding| finding.weight == Weight::Damage);
    found.extend(damage.map(ToString::to_string));
    if let Some(broken) = &assessment.broken {
        found.push(broken.damage.finding.to_string());
    }
    if assessment.last != generation.last {
        found.push(format!("replaying ends with event {}, not {}", assessment.last, generation.last));
    }
    match &assessment.state {
        None => found.push("no event and no checkpoint can be read".to_owned()),
        Some(state) if state.hash() != generation.state_hash => {
            found.push(format!("replaying gives state {}, not {}", state.hash(), generation.state_hash));
        }
        Some(state) if state.live().settings.hash != generation.settings_hash => {
            found.push("replaying gives other settings than were stored".to_owned());
        }
        Some(_) => {}
    }
    found
}
