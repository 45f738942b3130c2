//! What is stored is opened by the standard tools: `zstd`, `age`, and nothing of ours.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use truebook::backup::form::{Form, Layer, Lock, Unlock, open};
use truebook::backup::{Identities, Recipients, new_passphrase_identity};
use truebook::crypt::Passphrase;

/// Runs a command line in a directory, with something to read; `None` if there is no such tool.
fn run(dir: &Path, line: &[&str], input: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut command = Command::new(line[0]);
    command.args(&line[1..]).current_dir(dir).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            crate::skip("the standard tools", &format!("{}: {error}", line[0]));
            return None;
        }
    };
    // A tool that reads nothing may have closed it.
    let _written = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Some((output.stdout, output.status.success()))
}

#[test]
fn a_stored_file_is_opened_by_age_and_zstd() {
    let dir = tempfile::tempdir().unwrap();
    let Some((key, true)) = run(dir.path(), &["age-keygen"], b"") else { return };
    std::fs::write(dir.path().join("key.txt"), &key).unwrap();
    let identities = Identities::from_file_text(std::str::from_utf8(&key).unwrap()).unwrap();
    let lock = Recipients::parse(&identities.recipients()).unwrap();
    let form = Form { lock: Some(Arc::new(lock)), ..Form::default() };
    let content = b"a line of a book\n".repeat(20_000);
    let (layers, stored) = form.store(&content).unwrap();
    assert_eq!(layers, [Layer::Zstd, Layer::Age]);
    std::fs::write(dir.path().join("object.zst.age"), &stored).unwrap();
    let unlock = ["age", "-d", "-i", "key.txt", "-o", "object.zst", "object.zst.age"];
    assert!(run(dir.path(), &unlock, b"").unwrap().1);
    let Some((opened, true)) = run(dir.path(), &["zstd", "-d", "-c", "object.zst"], b"") else { return };
    assert!(opened == content, "it came back changed");
    assert!(open(stored, &layers, content.len() as u64, Some(&identities)).unwrap() == content);
}

#[test]
fn what_age_locked_is_opened_here() {
    let dir = tempfile::tempdir().unwrap();
    let Some((key, true)) = run(dir.path(), &["age-keygen"], b"") else { return };
    let identities = Identities::from_file_text(std::str::from_utf8(&key).unwrap()).unwrap();
    let recipient = &identities.recipients()[0];
    let (locked, done) = run(dir.path(), &["age", "-r", recipient], b"by the tool").unwrap();
    assert!(done);
    assert_eq!(identities.unlock(&locked).unwrap(), b"by the tool");
}

#[test]
fn with_the_passphrase_alone_age_opens_the_identity_and_then_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let made = new_passphrase_identity(&Passphrase::new("correct horse")).unwrap();
    std::fs::write(dir.path().join("identity.age"), &made.encrypted_file).unwrap();
    let locked = Recipients::parse(&[made.recipient]).unwrap().lock(b"a small book").unwrap();
    std::fs::write(dir.path().join("object.age"), locked).unwrap();
    if run(dir.path(), &["age", "--version"], b"").is_none() {
        return;
    }
    // It asks a terminal for the passphrase; `script` is one.
    let ask = ["script", "-qec", "age -d -o key.txt identity.age", "/dev/null"];
    let Some((said, true)) = run(dir.path(), &ask, b"correct horse\n") else { return };
    assert!(dir.path().join("key.txt").exists(), "{}", String::from_utf8_lossy(&said));
    let (opened, done) = run(dir.path(), &["age", "-d", "-i", "key.txt", "object.age"], b"").unwrap();
    assert!(done);
    assert_eq!(opened, b"a small book");
}
