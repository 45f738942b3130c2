//! Settings: canonical JSON, its SHA-256, secrets kept out, and which keys changed.

use crate::doc::{self, Doc};
use crate::hash::{SettingsHash, to_hex};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Settings as the book stores them: secrets replaced by a keyed hash, keys sorted, no white space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The settings, without secrets.
    pub doc: Doc,
    /// SHA-256 of the compact text of `doc`; anyone can compute it again.
    pub hash: SettingsHash,
}

/// One key that differs between two settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// JSON pointer of the key.
    pub path: String,
    /// The recorded value as JSON, `None` if there was none.
    pub recorded: Option<String>,
    /// The given value as JSON, `None` if there is none.
    pub given: Option<String>,
}

/// What marks a secret when it is part of a key, whatever its case.
const SECRET_WORDS: [&str; 12] = [
    "secret",
    "password",
    "passwd",
    "passphrase",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "private_key",
    "privatekey",
    "credential",
    "access_key",
];

/// Whether a key of this name is taken to hold a secret.
pub fn looks_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    key == "key" || key == "pin" || key == "auth" || SECRET_WORDS.iter().any(|word| key.contains(word))
}

impl Settings {
    /// Takes settings in: what looks like a secret becomes a hash under `salt`, which differs from book to
    /// book, so that a changed secret is noticed and nobody can read or compare it.
    pub fn new(given: &Doc, salt: &[u8; 32]) -> Self {
        let doc = without_secrets(given, salt);
        let hash = hash_of(&doc);
        Self { doc, hash }
    }

    /// Whether the stored hash is that of the stored settings.
    pub fn is_consistent(&self) -> bool {
        self.hash == hash_of(&self.doc)
    }

    /// Every key in which `given` differs from what is recorded here, in the order of their paths.
    pub fn changes(&self, given: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        collect_changes("", Some(&self.doc), Some(&given.doc), &mut changes);
        changes
    }
}

fn hash_of(doc: &Doc) -> SettingsHash {
    use sha2::Digest;
    SettingsHash::from_bytes(sha2::Sha256::digest(doc.to_compact().as_bytes()).into())
}

fn without_secrets(doc: &Doc, salt: &[u8; 32]) -> Doc {
    match doc {
        Doc::Object(members) => {
            let kept = members.iter().map(|(key, value)| {
                let value =
                    if looks_secret(key) { hashed(value, salt) } else { without_secrets(value, salt) };
                (key.clone(), value)
            });
            Doc::Object(kept.collect::<alloc::collections::BTreeMap<_, _>>().into())
        }
        Doc::Array(items) => {
            Doc::Array(items.iter().map(|item| without_secrets(item, salt)).collect::<Vec<_>>().into())
        }
        other => other.clone(),
    }
}

fn hashed(value: &Doc, salt: &[u8; 32]) -> Doc {
    let hash = blake3::keyed_hash(salt, value.to_compact().as_bytes());
    Doc::from(format!("hashed:{}", to_hex(&hash.as_bytes()[..16])).as_str())
}

fn collect_changes(path: &str, recorded: Option<&Doc>, given: Option<&Doc>, changes: &mut Vec<Change>) {
    if recorded == given {
        return;
    }
    let (Some(Doc::Object(old)), Some(Doc::Object(new))) = (recorded, given) else {
        changes.push(Change { path: path.to_string(), recorded: text(recorded), given: text(given) });
        return;
    };
    let keys: alloc::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for key in keys {
        let below = format!("{path}/{}", doc::escape_segment(key));
        collect_changes(&below, old.get(key), new.get(key), changes);
    }
}

fn text(value: Option<&Doc>) -> Option<String> {
    value.map(Doc::to_compact)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doc::{Limits, Path};

    fn settings(text: &str) -> Settings {
        Settings::new(&Doc::parse(text, Limits::default()).unwrap(), &[3; 32])
    }

    #[test]
    fn the_hash_does_not_depend_on_key_order_or_white_space() {
        let one = settings(r#"{"risk":{"max":1,"min":0},"b":true}"#);
        let other = settings("{ \"b\": true, \"risk\": {\"min\": 0, \"max\": 1} }");
        assert_eq!(one.hash, other.hash);
        assert!(one.is_consistent());
        assert_eq!(one.changes(&other), []);
    }

    #[test]
    fn changed_added_and_removed_keys_are_listed_by_path() {
        let changes =
            settings(r#"{"a":1,"b":{"c":2,"d":3}}"#).changes(&settings(r#"{"b":{"c":9,"d":3},"e":"x"}"#));
        let listed: Vec<_> =
            changes.iter().map(|c| (c.path.as_str(), c.recorded.as_deref(), c.given.as_deref())).collect();
        assert_eq!(
            listed,
            [("/a", Some("1"), None), ("/b/c", Some("2"), Some("9")), ("/e", None, Some("\"x\""))]
        );
    }

    #[test]
    fn a_secret_is_stored_only_as_a_keyed_hash_and_its_change_is_still_noticed() {
        let one = settings(r#"{"venue":{"API_KEY":"hunter2","apiSecret":"s3cr3t"},"tokens":["t0k3n"]}"#);
        let text = one.doc.to_compact();
        for secret in ["hunter2", "s3cr3t", "t0k3n"] {
            assert!(!text.contains(secret), "{text}");
        }
        let other = settings(r#"{"venue":{"API_KEY":"hunter3","apiSecret":"s3cr3t"},"tokens":["t0k3n"]}"#);
        assert_eq!(one.changes(&other).len(), 1);
        let elsewhere =
            Settings::new(&Doc::parse(r#"{"API_KEY":"hunter2"}"#, Limits::default()).unwrap(), &[4; 32]);
        assert!(
            !text.contains(elsewhere.doc.get(&Path::parse("API_KEY").unwrap()).unwrap().as_str().unwrap())
        );
    }
}
