//! Which book this is: installation, venue, account and mode.

use crate::id::{AccountName, BookId, BookName, InstallationTag, VenueName};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Whether the money is real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Practice.
    Paper,
    /// Real money.
    Live,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Paper => "paper",
            Self::Live => "live",
        })
    }
}

/// What never changes in the life of a book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The book.
    pub book: BookId,
    /// What people call it.
    pub name: BookName,
    /// The tag that begins every client order id.
    pub installation: InstallationTag,
    /// Where it trades.
    pub venue: VenueName,
    /// The account there.
    pub account: AccountName,
    /// Paper or live.
    pub mode: Mode,
}

/// What a caller expects of the book it opens; `None` expects nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The venue, if it matters.
    pub venue: Option<VenueName>,
    /// The account, if it matters.
    pub account: Option<AccountName>,
    /// The mode, if it matters.
    pub mode: Option<Mode>,
}

/// One thing in which the book is not what was expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// `venue`, `account` or `mode`.
    pub what: &'static str,
    /// What the book records.
    pub book: String,
    /// What was expected.
    pub expected: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: the book has {:?}, you gave {:?}", self.what, self.book, self.expected)
    }
}

impl Identity {
    /// Everything in which this book is not what was expected; trading with any of them is refused.
    pub fn mismatches(&self, expected: &Expected) -> Vec<Mismatch> {
        let venue = differs("venue", &self.venue, expected.venue.as_ref());
        let account = differs("account", &self.account, expected.account.as_ref());
        let mode = differs("mode", &self.mode, expected.mode.as_ref());
        [venue, account, mode].into_iter().flatten().collect()
    }
}

fn differs<T: PartialEq + fmt::Display>(
    what: &'static str,
    book: &T,
    expected: Option<&T>,
) -> Option<Mismatch> {
    let expected = expected?;
    (book != expected).then(|| Mismatch { what, book: book.to_string(), expected: expected.to_string() })
}
