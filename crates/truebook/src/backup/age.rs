//! Encryption of backups with age: whom it is for, and what opens it again. The standard `age` opens every
//! file that this makes.
//!
//! A passphrase protects one identity, not every file: stretching it is slow on purpose. That identity is kept
//! in the target (`key/identity.age`); `age -d identity.age > key.txt` and `age -d -i key.txt FILE` are all it
//! takes without truebook.

use super::form::{Lock, Unlock};
use crate::crypt::Passphrase;
use age::secrecy::{ExposeSecret, SecretString};
use age::{DecryptError, Decryptor, Encryptor, scrypt, x25519};
use std::io::{self, Read, Write};
use std::str::FromStr;
use zeroize::Zeroizing;

/// Memory and time of stretching a passphrase, as a power of two: 256 MiB and about a second, as `age` does.
const WORK_FACTOR: u8 = 18;
/// The most that a file may ask for (1 GiB): a forged one must not exhaust the machine.
const WORK_FACTOR_MAX: u8 = 20;
/// The most recipients, and the most identities.
const KEYS_MAX: usize = 64;
/// The largest identity file in bytes, encrypted or not.
pub const IDENTITY_BYTES_MAX: u64 = 64 << 10;

/// Why something cannot be encrypted for a backup, or not opened again.
#[derive(Debug, thiserror::Error)]
pub enum AgeError {
    /// This is not a recipient.
    #[error("`{0}` is no age recipient: one begins with age1, and `age-keygen -y key.txt` prints it")]
    Recipient(String),
    /// A secret key where a public one belongs; it is not repeated here.
    #[error("that is a secret key, not a recipient: `age-keygen -y key.txt` prints what belongs here")]
    SecretAsRecipient,
    /// Nobody could open it.
    #[error("no recipient is given: nobody could open the backup")]
    NoRecipients,
    /// This line of an identity file is none. The line itself may be a secret.
    #[error("line {0} of the identity file is no age identity (AGE-SECRET-KEY-1…)")]
    Identity(usize),
    /// The identity file is encrypted itself, or is not text.
    #[error("the identity file is not text: if it is encrypted, `age -d` opens it, or give its passphrase")]
    IdentityText,
    /// There is no identity in the file.
    #[error("there is no identity in the identity file: `age-keygen` makes one")]
    NoIdentity,
    /// More keys than anybody has.
    #[error("more than {KEYS_MAX} of them are given")]
    TooMany,
    /// A passphrase without a character.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The passphrase does not open the identity.
    #[error("the passphrase is wrong")]
    Passphrase,
    /// The file with the identity is not protected by a passphrase.
    #[error("the identity is not protected by a passphrase")]
    NotByPassphrase,
    /// The file with the identity asks for too much memory.
    #[error("opening it would take 2^{0} units of work, more than the 2^{WORK_FACTOR_MAX} that are allowed")]
    Work(u8),
    /// No identity fits, and whom it is for is not known.
    #[error("no identity fits: what is given is for {}", .given.join(", "))]
    NoMatch {
        /// The recipients of the identities that were tried.
        given: Vec<String>,
    },
    /// No identity fits.
    #[error("it is encrypted for {}; the identity given is for {}", .wanted.join(", "), .given.join(", "))]
    OtherRecipients {
        /// Whom it is for.
        wanted: Vec<String>,
        /// The recipients of the identities that are given.
        given: Vec<String>,
    },
    /// It does not begin like an age file.
    #[error("it is no age file, or its beginning is damaged")]
    NotAge,
    /// It was changed, or its end is missing.
    #[error("it was changed or cut short after it was encrypted")]
    Damaged,
    /// It could not be encrypted.
    #[error("encrypt: {0}")]
    Encrypt(io::Error),
}

impl From<AgeError> for io::Error {
    fn from(error: AgeError) -> Self {
        let kind = match error {
            AgeError::NoMatch { .. } | AgeError::OtherRecipients { .. } | AgeError::Passphrase => {
                io::ErrorKind::PermissionDenied
            }
            AgeError::NotAge | AgeError::Damaged => io::ErrorKind::InvalidData,
            AgeError::Encrypt(_) => io::ErrorKind::Other,
            _ => io::ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}

/// Whom a backup is encrypted for: each of them can open it.
pub struct Recipients(Vec<x25519::Recipient>);

impl Recipients {
    /// Reads recipients (`age1…`).
    ///
    /// # Errors
    /// If one is none, or there is none at all.
    pub fn parse(texts: &[String]) -> Result<Self, AgeError> {
        if texts.is_empty() {
            return Err(AgeError::NoRecipients);
        }
        if texts.len() > KEYS_MAX {
            return Err(AgeError::TooMany);
        }
        texts.iter().map(|text| recipient(text.trim())).collect::<Result<_, _>>().map(Self)
    }
}

fn recipient(text: &str) -> Result<x25519::Recipient, AgeError> {
    if is_secret(text) {
        return Err(AgeError::SecretAsRecipient);
    }
    x25519::Recipient::from_str(text).map_err(|_| AgeError::Recipient(text.chars().take(80).collect()))
}

fn is_secret(text: &str) -> bool {
    text.to_ascii_uppercase().contains("AGE-SECRET-KEY")
}

impl Lock for Recipients {
    fn recipients(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }

    fn lock(&self, plain: &[u8]) -> io::Result<Vec<u8>> {
        Ok(encrypt(self.0.iter().map(|recipient| recipient as &dyn age::Recipient), plain)?)
    }
}

/// What opens a backup; wiped from memory when it is dropped.
pub struct Identities(Vec<x25519::Identity>);

impl Identities {
    /// Reads an identity file as `age-keygen` writes it: identities, comments (`#`) and empty lines.
    ///
    /// # Errors
    /// If a line is none of these, or there is no identity.
    pub fn from_file_text(text: &str) -> Result<Self, AgeError> {
        let lines = text.lines().map(str::trim).enumerate();
        let mut identities = Vec::new();
        for (at, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            if identities.len() == KEYS_MAX {
                return Err(AgeError::TooMany);
            }
            identities.push(x25519::Identity::from_str(line).map_err(|_| AgeError::Identity(at + 1))?);
        }
        if identities.is_empty() { Err(AgeError::NoIdentity) } else { Ok(Self(identities)) }
    }

    /// Opens an identity file that is protected by a passphrase, as [`new_passphrase_identity`] makes it.
    ///
    /// # Errors
    /// If the passphrase is wrong, or the file is no such file.
    pub fn from_passphrase(encrypted_file: &[u8], passphrase: &Passphrase) -> Result<Self, AgeError> {
        if encrypted_file.len() as u64 > IDENTITY_BYTES_MAX {
            return Err(AgeError::NotAge);
        }
        let mut identity = scrypt::Identity::new(secret(passphrase)?);
        identity.set_max_work_factor(WORK_FACTOR_MAX);
        let decryptor = Decryptor::new_buffered(encrypted_file).map_err(|_| AgeError::NotAge)?;
        if !decryptor.is_scrypt() {
            return Err(AgeError::NotByPassphrase);
        }
        let plain = decrypt(decryptor, &[&identity]).map_err(|error| match error {
            AgeError::NoMatch { .. } => AgeError::Passphrase,
            other => other,
        })?;
        let plain = Zeroizing::new(plain);
        Self::from_file_text(std::str::from_utf8(&plain).map_err(|_| AgeError::IdentityText)?)
    }

    /// What these identities are for.
    pub fn recipients(&self) -> Vec<String> {
        self.0.iter().map(|identity| identity.to_public().to_string()).collect()
    }

    /// Whether one of them opens what is encrypted for `wanted`. A file does not say whom it is for, a
    /// generation does: asking first gives the clearer answer.
    ///
    /// # Errors
    /// [`AgeError::OtherRecipients`] if none does.
    pub fn fit(&self, wanted: &[String]) -> Result<(), AgeError> {
        let given = self.recipients();
        if given.iter().any(|recipient| wanted.contains(recipient)) {
            return Ok(());
        }
        Err(AgeError::OtherRecipients { wanted: wanted.to_vec(), given })
    }
}

impl Unlock for Identities {
    fn unlock(&self, locked: &[u8]) -> io::Result<Vec<u8>> {
        let decryptor = Decryptor::new_buffered(locked).map_err(|_| AgeError::NotAge)?;
        let identities: Vec<&dyn age::Identity> = self.0.iter().map(|identity| identity as _).collect();
        let plain = decrypt(decryptor, &identities).map_err(|error| match error {
            AgeError::NoMatch { .. } => AgeError::NoMatch { given: self.recipients() },
            other => other,
        })?;
        Ok(plain)
    }
}

/// A fresh identity under a passphrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassphraseIdentity {
    /// Whom to encrypt for; no secret.
    pub recipient: String,
    /// The identity file, encrypted with the passphrase; it is kept in the target.
    pub encrypted_file: Vec<u8>,
}

/// Makes an identity and protects it with a passphrase.
///
/// # Errors
/// If the passphrase is empty, or there is no randomness.
pub fn new_passphrase_identity(passphrase: &Passphrase) -> Result<PassphraseIdentity, AgeError> {
    let mut protection = scrypt::Recipient::new(secret(passphrase)?);
    protection.set_work_factor(WORK_FACTOR);
    let identity = x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    let key = identity.to_string();
    let text = Zeroizing::new(format!("# public key: {recipient}\n{}\n", key.expose_secret()));
    let encrypted_file = encrypt(std::iter::once(&protection as _), text.as_bytes())?;
    Ok(PassphraseIdentity { recipient, encrypted_file })
}

fn secret(passphrase: &Passphrase) -> Result<SecretString, AgeError> {
    let text = passphrase.expose();
    if text.is_empty() { Err(AgeError::EmptyPassphrase) } else { Ok(SecretString::from(text.to_owned())) }
}

fn encrypt<'a>(
    recipients: impl Iterator<Item = &'a dyn age::Recipient>,
    plain: &[u8],
) -> Result<Vec<u8>, AgeError> {
    let failed = |error: age::EncryptError| AgeError::Encrypt(io::Error::other(error.to_string()));
    let encryptor = Encryptor::with_recipients(recipients).map_err(failed)?;
    let mut locked = Vec::with_capacity(plain.len() + 1024);
    let mut writer = encryptor.wrap_output(&mut locked).map_err(AgeError::Encrypt)?;
    writer.write_all(plain).map_err(AgeError::Encrypt)?;
    writer.finish().map_err(AgeError::Encrypt)?;
    Ok(locked)
}

/// What comes out is never longer than what goes in.
fn decrypt(decryptor: Decryptor<&[u8]>, identities: &[&dyn age::Identity]) -> Result<Vec<u8>, AgeError> {
    let mut reader = decryptor.decrypt(identities.iter().copied()).map_err(|error| match error {
        DecryptError::NoMatchingKeys | DecryptError::KeyDecryptionFailed | DecryptError::DecryptionFailed => {
            AgeError::NoMatch { given: Vec::new() }
        }
        DecryptError::ExcessiveWork { required, .. } => AgeError::Work(required),
        DecryptError::InvalidMac | DecryptError::Io(_) => AgeError::Damaged,
        _ => AgeError::NotAge,
    })?;
    let mut plain = Vec::new();
    reader.read_to_end(&mut plain).map_err(|_| AgeError::Damaged)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_pair() -> (String, String) {
        let identity = x25519::Identity::generate();
        (identity.to_public().to_string(), identity.to_string().expose_secret().to_owned())
    }

    #[test]
    fn every_recipient_opens_what_is_locked_and_nobody_else_does() {
        let ((one, one_key), (two, two_key), (other, other_key)) = (key_pair(), key_pair(), key_pair());
        let lock = Recipients::parse(&[one.clone(), two.clone()]).unwrap();
        assert_eq!(lock.recipients(), [one.clone(), two]);
        let locked = lock.lock(b"a book").unwrap();
        for key in [&one_key, &two_key] {
            let text = format!("# created by hand\n\n{other_key}\n  {key}  \n");
            assert_eq!(Identities::from_file_text(&text).unwrap().unlock(&locked).unwrap(), b"a book");
        }
        let stranger = Identities::from_file_text(&other_key).unwrap();
        let error = stranger.unlock(&locked).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(error.to_string(), format!("no identity fits: what is given is for {other}"));
        let error = stranger.fit(&lock.recipients()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("it is encrypted for {one}, ")), "{error}");
        assert!(error.ends_with(&format!("; the identity given is for {other}")), "{error}");
    }

    #[test]
    fn what_was_changed_cut_or_never_locked_is_told_apart() {
        let (recipient, key) = key_pair();
        let locked = Recipients::parse(&[recipient]).unwrap().lock(&[7; 100]).unwrap();
        let open = Identities::from_file_text(&key).unwrap();
        let says = |bytes: &[u8]| open.unlock(bytes).unwrap_err().to_string();
        let mut changed = locked.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(says(&changed), AgeError::Damaged.to_string());
        assert_eq!(says(&locked[..locked.len() - 1]), AgeError::Damaged.to_string());
        assert_eq!(says(b"no age file"), AgeError::NotAge.to_string());
    }

    #[test]
    fn a_passphrase_opens_one_identity_and_a_wrong_one_is_told_so() {
        let passphrase = Passphrase::new("correct horse".to_owned());
        let made = new_passphrase_identity(&passphrase).unwrap();
        let identities = Identities::from_passphrase(&made.encrypted_file, &passphrase).unwrap();
        assert_eq!(identities.recipients(), [made.recipient.as_str()]);
        let wrong = Passphrase::new("battery staple".to_owned());
        let error = Identities::from_passphrase(&made.encrypted_file, &wrong).err().unwrap();
        assert_eq!(error.to_string(), "the passphrase is wrong");
        let locked = Recipients::parse(&[made.recipient]).unwrap().lock(b"text").unwrap();
        let error = Identities::from_passphrase(&locked, &passphrase).err().unwrap();
        assert!(matches!(error, AgeError::NotByPassphrase), "{error}");
        let empty = new_passphrase_identity(&Passphrase::new(String::new())).unwrap_err();
        assert!(matches!(empty, AgeError::EmptyPassphrase));
    }

    #[test]
    fn a_forged_identity_file_cannot_ask_for_all_memory() {
        let passphrase = Passphrase::new("correct horse".to_owned());
        let made = new_passphrase_identity(&passphrase).unwrap().encrypted_file;
        let (header, body) = made.split_at(made.windows(3).position(|bytes| bytes == b"---").unwrap());
        let forged = String::from_utf8(header.to_vec()).unwrap().replacen(" 18\n", " 40\n", 1);
        let forged = [forged.as_bytes(), body].concat();
        let error = Identities::from_passphrase(&forged, &passphrase).err().unwrap();
        assert!(matches!(error, AgeError::Work(40)), "{error}");
    }

    #[test]
    fn malformed_keys_are_refused_and_a_secret_is_never_repeated() {
        let (_, key) = key_pair();
        for text in ["", "age1", "age1qqqq", "ssh-ed25519 AAAA"] {
            let error = Recipients::parse(&[text.to_owned()]).err().unwrap().to_string();
            assert!(error.contains("is no age recipient"), "{error}");
        }
        let error = Recipients::parse(std::slice::from_ref(&key)).err().unwrap().to_string();
        assert!(error.contains("secret key") && !error.contains(&key), "{error}");
        assert!(matches!(Recipients::parse(&[]), Err(AgeError::NoRecipients)));
        let broken = format!("# comment\n{}\n", &key[..key.len() - 1]);
        let error = Identities::from_file_text(&broken).err().unwrap().to_string();
        assert!(error.starts_with("line 2 ") && !error.contains(&key[20..40]), "{error}");
        assert!(matches!(Identities::from_file_text("# nothing\n"), Err(AgeError::NoIdentity)));
    }
}
