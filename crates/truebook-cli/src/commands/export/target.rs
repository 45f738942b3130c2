//! Where an export goes: written beside its final name, and renamed when it is whole.

use crate::errors::Failure;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// A file or directory in the making.
pub(super) struct Target {
    out: PathBuf,
    partial: PathBuf,
}

impl Target {
    pub(super) fn new(out: &Path) -> Result<Self, Failure> {
        // A dangling link is something that is there, too.
        if out.symlink_metadata().is_ok() {
            return Err(taken(out));
        }
        let mut partial = out.as_os_str().to_owned();
        partial.push(".partial");
        Ok(Self { out: out.to_owned(), partial: partial.into() })
    }

    pub(super) fn partial(&self) -> &Path {
        &self.partial
    }

    /// Makes the file, for its owner only.
    pub(super) fn create_file(&self) -> Result<fs::File, Failure> {
        create_private(&self.partial).map_err(|failed| self.not_made(&failed))
    }

    /// Makes the directory, for its owner only.
    pub(super) fn create_dir(&self) -> Result<(), Failure> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.partial).map_err(|failed| self.not_made(&failed))
    }

    fn not_made(&self, failed: &io::Error) -> Failure {
        let partial = self.partial.display();
        if failed.kind() == io::ErrorKind::AlreadyExists {
            let message = format!(
                "{partial} is there already: an export that was broken off, or one that is under way"
            );
            return Failure::new(message).with_hint("remove it if no export is under way, or --out PATH");
        }
        Failure::new(format!("create {partial}")).with_cause(failed)
    }

    /// Gives the whole export its name.
    pub(super) fn finish(self) -> Result<(), Failure> {
        if self.out.symlink_metadata().is_ok() {
            return Err(taken(&self.out));
        }
        fs::rename(&self.partial, &self.out)
            .map_err(|failed| Failure::new(format!("rename to {}", self.out.display())).with_cause(&failed))
    }
}

/// Makes a file that only its owner can read.
pub(super) fn create_private(path: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn taken(out: &Path) -> Failure {
    Failure::new(format!("{} is there already and is not overwritten", out.display()))
        .with_hint("--out PATH for another place")
}
