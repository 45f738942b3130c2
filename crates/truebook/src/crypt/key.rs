//! Where keys come from.

use super::Derivation;
use argon2::{Algorithm, Argon2, Params, Version};
use std::io;
use std::path::{Path, PathBuf};
use truebook_core::hash::{parse_hex, to_hex};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Argon2id costs of a new book: 64 MiB, three passes, one lane (about 0.1 s).
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
/// The most memory that a manifest may ask for: a forged one must not exhaust the machine.
const MEMORY_KIB_MAX: u32 = 4 * 1024 * 1024;
const PASSES_MAX: u32 = 64;
const KEY_FILE_BYTES_MAX: u64 = 4096;

/// A 256-bit key; wiped from memory when it is dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key([u8; 32]);

/// A passphrase; wiped from memory when it is dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Passphrase(String);

/// Where the key of a book is to be had.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// A file with 64 hexadecimal digits, readable by its owner only.
    File(PathBuf),
    /// An environment variable with 64 hexadecimal digits.
    Environment(String),
    /// A passphrase.
    Passphrase(Passphrase),
    /// The key itself.
    Given(Key),
}

/// Why there is no key, or not the right one.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key file cannot be read.
    #[error("read the key file {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// Others can read the key file.
    #[error("the key file {path} can be read by others (mode {mode:o}): run `chmod 600 {path}`")]
    Permissions {
        /// The file.
        path: String,
        /// Its permission bits.
        mode: u32,
    },
    /// There is no such variable.
    #[error("the environment variable {name} is not set")]
    Environment {
        /// The variable.
        name: String,
    },
    /// It is not 64 hexadecimal digits.
    #[error("the key in {place} is not 64 lower-case hexadecimal digits")]
    Digits {
        /// The file or variable.
        place: String,
    },
    /// The book is encrypted with a passphrase, a key was given; or the other way round.
    #[error("this book is encrypted with a {wanted}, a {given} was given")]
    Kind {
        /// What the manifest says.
        wanted: &'static str,
        /// What was given.
        given: &'static str,
    },
    /// The Argon2id costs in the manifest are out of bounds.
    #[error("the passphrase costs in the manifest are out of bounds")]
    Costs,
    /// The key is not this book's.
    #[error("the {given} is not the one this book is encrypted with")]
    Wrong {
        /// `key` or `passphrase`.
        given: &'static str,
    },
    /// The book is encrypted and no key was given.
    #[error("this book is encrypted and no key or passphrase was given")]
    Missing,
    /// The book is not encrypted but a key was given.
    #[error("a key was given but this book is not encrypted")]
    NotEncrypted,
}

impl Key {
    /// From 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key for one use, bound to `material`.
    pub fn subkey(&self, context: &'static str, material: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key(context);
        hasher.update(&self.0);
        hasher.update(material);
        *hasher.finalize().as_bytes()
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Passphrase {
    /// From text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for what stretches it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

impl KeySource {
    /// How a new book's key is to come about; `salt` must be fresh randomness.
    pub fn new_derivation(&self, salt: [u8; 16]) -> Derivation {
        match self {
            Self::Passphrase(_) => Derivation::Passphrase {
                salt: to_hex(&salt),
                memory_kib: MEMORY_KIB,
                passes: PASSES,
                lanes: 1,
            },
            _ => Derivation::Key,
        }
    }

    /// `key` or `passphrase`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Passphrase(_) => "passphrase",
            _ => "key",
        }
    }

    /// The key itself.
    pub fn key(&self, derivation: &Derivation) -> Result<Key, KeyError> {
        match (self, derivation) {
            (Self::Passphrase(passphrase), Derivation::Passphrase { salt, memory_kib, passes, lanes }) => {
                stretch(passphrase, salt, [*memory_kib, *passes, *lanes])
            }
            (Self::Passphrase(_), Derivation::Key) => {
                Err(KeyError::Kind { wanted: "key", given: "passphrase" })
            }
            (_, Derivation::Passphrase { .. }) => Err(KeyError::Kind { wanted: "passphrase", given: "key" }),
            (Self::File(path), Derivation::Key) => read_key_file(path),
            (Self::Environment(name), Derivation::Key) => read_environment(name),
            (Self::Given(key), Derivation::Key) => Ok(key.clone()),
        }
    }
}

fn stretch(
    passphrase: &Passphrase,
    salt: &str,
    [memory_kib, passes, lanes]: [u32; 3],
) -> Result<Key, KeyError> {
    if memory_kib > MEMORY_KIB_MAX || passes > PASSES_MAX || lanes > 16 {
        return Err(KeyError::Costs);
    }
    let salt = parse_hex::<16>(salt).ok_or(KeyError::Costs)?;
    let params = Params::new(memory_kib, passes, lanes, Some(32)).map_err(|_| KeyError::Costs)?;
    let mut key = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose().as_bytes(), &salt, &mut key)
        .map_err(|_| KeyError::Costs)?;
    Ok(Key(key))
}

fn read_key_file(path: &Path) -> Result<Key, KeyError> {
    let place = path.display().to_string();
    let failed = |source| KeyError::File { path: place.clone(), source };
    let metadata = std::fs::metadata(path).map_err(failed)?;
    check_permissions(&metadata, &place)?;
    if metadata.len() > KEY_FILE_BYTES_MAX {
        return Err(KeyError::Digits { place });
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    parse_key(&text, place)
}

#[cfg(unix)]
fn check_permissions(metadata: &std::fs::Metadata, path: &str) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Permissions { path: path.to_owned(), mode });
    }
    Ok(())
}

/// Other systems have no such bits; access lists are the user's business there (untested).
#[cfg(not(unix))]
fn check_permissions(_metadata: &std::fs::Metadata, _path: &str) -> Result<(), KeyError> {
    Ok(())
}

fn read_environment(name: &str) -> Result<Key, KeyError> {
    let text = std::env::var(name).map_err(|_| KeyError::Environment { name: name.to_owned() })?;
    parse_key(&text, format!("the environment variable {name}"))
}

fn parse_key(text: &str, place: String) -> Result<Key, KeyError> {
    parse_hex::<32>(text.trim()).map(Key).ok_or(KeyError::Digits { place })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_key_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        std::fs::write(&path, format!("{}\n", "ab".repeat(32))).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let source = KeySource::File(path.clone());
        assert!(matches!(source.key(&Derivation::Key), Err(KeyError::Permissions { mode: 0o640, .. })));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(source.key(&Derivation::Key).unwrap().0, [0xab; 32]);
    }

    #[test]
    fn a_passphrase_gives_the_same_key_with_the_same_salt_only() {
        let source = KeySource::Passphrase(Passphrase::new("correct horse"));
        let cheap =
            |salt: &str| Derivation::Passphrase { salt: salt.into(), memory_kib: 64, passes: 1, lanes: 1 };
        let one = source.key(&cheap(&"00".repeat(16))).unwrap();
        assert_eq!(one.0, source.key(&cheap(&"00".repeat(16))).unwrap().0);
        assert_ne!(one.0, source.key(&cheap(&"01".repeat(16))).unwrap().0);
        let greedy =
            Derivation::Passphrase { salt: "00".repeat(16), memory_kib: u32::MAX, passes: 1, lanes: 1 };
        assert!(matches!(source.key(&greedy), Err(KeyError::Costs)));
    }
}
