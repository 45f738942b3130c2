//! What backups mean for a book that cannot be opened as it is: asking before it is mended, and the way out if
//! nothing of it is left.

use super::OpenError;
use super::error::{Mendable, Restorable};
use crate::backup::shelf::books;
use crate::backup::target::PATIENCE;
use crate::backup::{Fallback, Patient};
use crate::recovery::Report;
use std::sync::Arc;

/// The refusal of somebody who wants to be asked before a book is mended.
pub(super) fn ask(path: &str, report: Report) -> OpenError {
    let command = match report.lost {
        None => format!("truebook checkpoint --data {} --on-damage mend", quoted(path)),
        Some(_) => format!("truebook recover --data {} --on-damage mend --accept-loss", quoted(path)),
    };
    OpenError::Damaged(Box::new(Mendable { report, command }))
}

/// A failure to find a book; if one of the places holds backups of some book, with the command that puts it
/// back. A book is never begun with defaults in place of one that is lost (promise P7).
pub(super) fn restorable(failed: OpenError, path: &str, places: &[Fallback]) -> OpenError {
    let is_gone =
        matches!(failed, OpenError::NoBook { .. } | OpenError::LostState { .. } | OpenError::Manifest { .. });
    if !is_gone {
        return failed;
    }
    for place in places {
        let target = Patient::new(Arc::clone(&place.target), PATIENCE);
        // A place that cannot be read is no way out; the failure itself is what counts.
        let Ok(found) = books(&target) else { continue };
        let Some((book, name)) = found.into_iter().next() else { continue };
        let place = place.target.describe("");
        let command = format!("truebook restore --from {} --data {}", quoted(&place), quoted(path));
        return OpenError::Restorable(Box::new(Restorable { cause: failed, book, name, place, command }));
    }
    failed
}

/// As one word of a shell.
fn quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:".contains(c);
    if !path.is_empty() && path.chars().all(is_plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_the_command() {
        assert_eq!(quoted("/var/books/a"), "/var/books/a");
        assert_eq!(quoted("my book's"), r"'my book'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
