//! The two keys that open an account. They are never shown, and wiped when they are no longer needed.

use core::fmt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The environment variable, and the line of a key file, with the key's id.
pub const KEY_ID: &str = "APCA_API_KEY_ID";
/// The environment variable, and the line of a key file, with the secret.
pub const SECRET_KEY: &str = "APCA_API_SECRET_KEY";

/// Key id and secret.
#[derive(Clone)]
pub struct Keys {
    id: Zeroizing<String>,
    secret: Zeroizing<String>,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// One is not there, or empty.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// The file cannot be read.
    #[error("{}: {error}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Others may read the file.
    #[error("{} holds keys and has mode {mode:o}: make it yours alone with chmod 600", file.display())]
    Open {
        /// Which.
        file: PathBuf,
        /// Its mode.
        mode: u32,
    },
}

impl Keys {
    /// These.
    pub fn new(id: &str, secret: &str) -> Result<Self, KeysError> {
        let set = |text: &str, name| {
            let text = text.trim();
            if text.is_empty() { Err(KeysError::Missing(name)) } else { Ok(Zeroizing::new(text.to_owned())) }
        };
        Ok(Self { id: set(id, KEY_ID)?, secret: set(secret, SECRET_KEY)? })
    }

    /// From the environment: [`KEY_ID`] and [`SECRET_KEY`].
    pub fn from_env() -> Result<Self, KeysError> {
        let read = |name| std::env::var(name).map(Zeroizing::new).map_err(|_| KeysError::Missing(name));
        Self::new(&read(KEY_ID)?, &read(SECRET_KEY)?)
    }

    /// From a file with the lines `APCA_API_KEY_ID=…` and `APCA_API_SECRET_KEY=…`, which its owner alone may
    /// read (mode 600).
    pub fn from_file(file: &Path) -> Result<Self, KeysError> {
        let failed = |error| KeysError::File { file: file.to_owned(), error };
        check_mode(file)?;
        let text = Zeroizing::new(std::fs::read_to_string(file).map_err(failed)?);
        let line = |name: &'static str| {
            let found =
                text.lines().find_map(|line| line.trim().strip_prefix(name)?.trim().strip_prefix('='));
            found.ok_or(KeysError::Missing(name))
        };
        Self::new(line(KEY_ID)?, line(SECRET_KEY)?)
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }
}

#[cfg(unix)]
fn check_mode(file: &Path) -> Result<(), KeysError> {
    use std::os::unix::fs::PermissionsExt;
    let failed = |error| KeysError::File { file: file.to_owned(), error };
    let mode = std::fs::metadata(file).map_err(failed)?.permissions().mode() & 0o777;
    if mode == 0o600 { Ok(()) } else { Err(KeysError::Open { file: file.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn check_mode(_: &Path) -> Result<(), KeysError> {
    Ok(())
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(not shown)")
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn file(mode: u32) -> (tempfile::TempDir, PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("keys");
        std::fs::write(&file, "APCA_API_KEY_ID=one\n APCA_API_SECRET_KEY = two\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        (place, file)
    }

    #[test]
    fn keys_in_a_file_of_ones_own_are_read() {
        let (_place, file) = file(0o600);
        let keys = Keys::from_file(&file).unwrap();
        assert_eq!((keys.id(), keys.secret()), ("one", "two"));
    }

    #[test]
    fn a_key_file_that_others_may_read_is_refused_with_what_to_do() {
        for mode in [0o644, 0o640, 0o604, 0o700] {
            let (_place, file) = file(mode);
            let error = Keys::from_file(&file).unwrap_err().to_string();
            assert!(error.contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn keys_are_never_shown() {
        let keys = Keys::new("one", "two").unwrap();
        assert!(!format!("{keys:?}").contains("two"));
        assert!(Keys::new("one", " ").unwrap_err().to_string().contains(SECRET_KEY));
    }
}
