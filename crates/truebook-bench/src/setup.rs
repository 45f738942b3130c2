//! Where and on what a run measures.

use crate::engine::EngineName;
use crate::error::{BenchError, DuringIo};
use crate::records::RecordPool;
use crate::scale::Scale;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What `statfs` calls a file system in memory.
const TMPFS_MAGIC: u64 = 0x0102_1994;

pub(crate) struct Setup {
    pub(crate) dir: PathBuf,
    pub(crate) scale: Scale,
    pub(crate) seed: u64,
    pub(crate) pool: RecordPool,
}

impl Setup {
    pub(crate) fn new(dir: Option<&Path>, scale: Scale, seed: u64) -> Result<Self, BenchError> {
        Ok(Self {
            dir: dir.map_or_else(dir_of_this_program, |dir| Ok(dir.to_path_buf()))?,
            scale,
            seed,
            pool: RecordPool::new(seed),
        })
    }

    /// Removed again when dropped.
    pub(crate) fn fresh_dir(&self) -> Result<TempDir, BenchError> {
        fresh_dir_in(&self.dir)
    }

    pub(crate) fn is_in_memory(&self) -> bool {
        is_in_memory(&self.dir)
    }
}

pub(crate) fn fresh_dir_in(parent: &Path) -> Result<TempDir, BenchError> {
    tempfile::Builder::new()
        .prefix("truebook-bench-")
        .tempdir_in(parent)
        .during(|| format!("create a folder in {}", parent.display()))
}

/// An own folder for one engine.
pub(crate) fn engine_dir(parent: &Path, engine: EngineName) -> Result<PathBuf, BenchError> {
    let dir = parent.join(engine.as_str());
    std::fs::create_dir_all(&dir).during(|| format!("create {}", dir.display()))?;
    Ok(dir)
}

pub(crate) fn is_in_memory(dir: &Path) -> bool {
    let kind = rustix::fs::statfs(dir).map(|stat| u64::try_from(stat.f_type).unwrap_or(0));
    kind == Ok(TMPFS_MAGIC)
}

fn dir_of_this_program() -> Result<PathBuf, BenchError> {
    let exe = std::env::current_exe().during(|| "find this program".into())?;
    Ok(exe.parent().unwrap_or(Path::new(".")).to_path_buf())
}
