//! The key of an encrypted book: options first, then the environment.

use super::input;
use crate::errors::Failure;
use crate::flags::{Globals, Source};
use std::path::Path;
use truebook::crypt::{KeySource, Passphrase};

const KEY_VARIABLE: &str = "TRUEBOOK_KEY";
const PASSPHRASE_VARIABLE: &str = "TRUEBOOK_PASSPHRASE";
const PASSPHRASE_BYTES_MAX: u64 = 4096;

pub(super) fn find(globals: &Globals) -> Result<Option<KeySource>, Failure> {
    match (&globals.key_file, &globals.passphrase_file) {
        (Some(path), _) => Ok(Some(KeySource::File(path.clone()))),
        (None, Some(path)) => read_passphrase(path).map(Some),
        (None, None) => from_environment(),
    }
}

fn from_environment() -> Result<Option<KeySource>, Failure> {
    match (variable(KEY_VARIABLE)?, variable(PASSPHRASE_VARIABLE)?) {
        (Some(_), Some(_)) => {
            let message = format!("both {KEY_VARIABLE} and {PASSPHRASE_VARIABLE} are set");
            Err(Failure::new(message).with_hint(format!("unset {KEY_VARIABLE}, or the other one")))
        }
        (Some(_), None) => Ok(Some(KeySource::Environment(KEY_VARIABLE.to_owned()))),
        (None, Some(text)) => Ok(Some(KeySource::Passphrase(Passphrase::new(text)))),
        (None, None) => Ok(None),
    }
}

/// A variable; an empty one counts as not set.
fn variable(name: &str) -> Result<Option<String>, Failure> {
    match std::env::var_os(name) {
        None => Ok(None),
        Some(text) => match text.into_string() {
            Ok(text) => Ok((!text.is_empty()).then_some(text)),
            Err(_) => Err(Failure::new(format!("the environment variable {name} is not UTF-8"))),
        },
    }
}

fn read_passphrase(path: &Path) -> Result<KeySource, Failure> {
    passphrase(path).map(KeySource::Passphrase)
}

/// The passphrase in a file that only its owner can read.
pub(super) fn passphrase(path: &Path) -> Result<Passphrase, Failure> {
    check_permissions(path)?;
    let source = Source::File(path.to_owned());
    let text = input::read(&source, PASSPHRASE_BYTES_MAX)?.into_text()?;
    let passphrase = text.trim_end_matches(['\r', '\n']);
    if passphrase.is_empty() {
        return Err(Failure::new(format!("the passphrase file {} is empty", path.display())));
    }
    Ok(Passphrase::new(passphrase))
}

#[cfg(unix)]
fn check_permissions(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    let shown = path.display();
    let metadata = std::fs::metadata(path)
        .map_err(|failed| Failure::new(format!("read the passphrase file {shown}: {failed}")))?;
    let mode = metadata.permissions().mode() & 0o777;
    let others = mode & 0o077;
    if others == 0 {
        return Ok(());
    }
    let message = format!("the passphrase file {shown} can be read by others (mode {mode:o})");
    Err(Failure::new(message).with_hint(format!("chmod 600 {shown}")))
}

/// Other systems have no such bits; access lists are the user's business there (untested).
#[cfg(not(unix))]
fn check_permissions(_path: &Path) -> Result<(), Failure> {
    Ok(())
}
