//! The real disk behind a switch: it can be full, fail, and stop with the process that uses it.

use crate::disk::{Access, Disk, DiskFile, DiskLock, LockFailure, Medium, RealDisk};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Whether a process lives, and what its disk does. Each process of a drill has its own.
pub(super) struct Power(Mutex<State>);

struct State {
    life: Life,
    /// Writes since the trouble was planned.
    writes: u64,
    planned: Option<(u64, Trouble)>,
    /// A full disk still takes what goes into space that is there.
    growth: Growth,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Alive,
    Killed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Growth {
    Free,
    Full,
}

/// What befalls a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is no room for it, nor for anything else that grows.
    Full,
    /// The device says no, once.
    Failure,
    /// The process is killed in its place.
    Kill,
}

/// What a write needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Room,
    NoRoom,
}

impl Power {
    pub(super) const fn new() -> Self {
        let state = State { life: Life::Alive, writes: 0, planned: None, growth: Growth::Free };
        Self(Mutex::new(state))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process does nothing more, not even an orderly end.
    pub(super) fn kill(&self) {
        self.state().life = Life::Killed;
    }

    pub(super) fn is_killed(&self) -> bool {
        self.state().life == Life::Killed
    }

    /// The write of this number from here meets with trouble.
    pub(super) fn plan(&self, write: u64, trouble: Trouble) {
        let mut state = self.state();
        (state.writes, state.planned) = (0, Some((write, trouble)));
    }

    pub(super) fn recover(&self) {
        let mut state = self.state();
        (state.planned, state.growth) = (None, Growth::Free);
    }

    fn alive(&self) -> io::Result<()> {
        if self.is_killed() { Err(killed()) } else { Ok(()) }
    }

    /// Before anything that changes the disk.
    fn write(&self, needs: Needs) -> io::Result<()> {
        self.alive()?;
        let mut state = self.state();
        state.writes += 1;
        match state.planned {
            Some((at, trouble)) if at == state.writes => {
                state.planned = None;
                match trouble {
                    Trouble::Full => state.growth = Growth::Full,
                    Trouble::Failure => return Err(io::Error::other("the drill's input/output error")),
                    Trouble::Kill => state.life = Life::Killed,
                }
                Err(if trouble == Trouble::Kill { killed() } else { full() })
            }
            _ if state.growth == Growth::Full && needs == Needs::Room => Err(full()),
            _ => Ok(()),
        }
    }
}

fn killed() -> io::Error {
    io::Error::other("the process was killed")
}

fn full() -> io::Error {
    io::Error::new(io::ErrorKind::StorageFull, "the drill's disk is full")
}

/// The disk of one process.
pub(super) struct DrillDisk {
    real: RealDisk,
    power: Arc<Power>,
}

impl DrillDisk {
    pub(super) const fn new(real: RealDisk, power: Arc<Power>) -> Self {
        Self { real, power }
    }

    fn file(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(DrillFile { file, power: Arc::clone(&self.power) })
    }
}

impl Disk for DrillDisk {
    fn create_new(&self, name: &str, like: Option<&str>) -> io::Result<Arc<dyn DiskFile>> {
        self.power.write(Needs::Room)?;
        Ok(self.file(self.real.create_new(name, like)?))
    }

    fn open(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        self.power.alive()?;
        Ok(self.file(self.real.open(name, access)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.power.write(Needs::NoRoom)?;
        self.real.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.power.write(Needs::NoRoom)?;
        self.real.remove(name)
    }

    fn create_dir(&self, name: &str) -> io::Result<()> {
        self.power.write(Needs::Room)?;
        self.real.create_dir(name)
    }

    fn sync_dir(&self, name: &str) -> io::Result<()> {
        self.power.alive()?;
        self.real.sync_dir(name)
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.power.alive()?;
        self.real.list(dir)
    }

    fn exists(&self, name: &str) -> io::Result<bool> {
        self.power.alive()?;
        self.real.exists(name)
    }

    fn lock(&self, name: &str, holder: &[u8]) -> Result<Box<dyn DiskLock>, LockFailure> {
        self.power.alive().map_err(LockFailure::Io)?;
        self.real.lock(name, holder)
    }

    fn resolve(&self, name: &str) -> io::Result<String> {
        self.real.resolve(name)
    }

    fn describe(&self, name: &str) -> String {
        self.real.describe(name)
    }

    fn medium(&self) -> io::Result<Medium> {
        self.real.medium()
    }
}

struct DrillFile {
    file: Arc<dyn DiskFile>,
    power: Arc<Power>,
}

impl DiskFile for DrillFile {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.power.alive()?;
        self.file.read_at(offset, buf)
    }

    fn write_all_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let grows = offset.saturating_add(data.len() as u64) > self.file.len()?;
        self.power.write(if grows { Needs::Room } else { Needs::NoRoom })?;
        self.file.write_all_at(offset, data)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.power.alive()?;
        self.file.sync_data()
    }

    fn len(&self) -> io::Result<u64> {
        self.power.alive()?;
        self.file.len()
    }
}
