//! A line's words, taken one by one, with errors that say what could stand there.

use core::str::FromStr;
use core::time::Duration;

/// The words of a line that are still to be read.
pub(super) struct Words<'a> {
    words: &'a [String],
}

impl<'a> Words<'a> {
    pub(super) const fn new(words: &'a [String]) -> Self {
        Self { words }
    }

    /// The next word, which `what` describes.
    pub(super) fn next(&mut self, what: &str) -> Result<&'a str, String> {
        let (first, rest) = self.words.split_first().ok_or_else(|| format!("here is to stand: {what}"))?;
        self.words = rest;
        Ok(first)
    }

    /// Whether the next word is this one; it is taken then.
    pub(super) fn takes(&mut self, word: &str) -> Option<()> {
        let (first, rest) = self.words.split_first()?;
        if first != word {
            return None;
        }
        self.words = rest;
        Some(())
    }

    /// The next word, if there is one, taken.
    pub(super) fn maybe(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    /// All words that are left.
    pub(super) fn rest(&mut self) -> Vec<String> {
        let rest = self.words.to_vec();
        self.words = &[];
        rest
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.words.is_empty()
    }

    /// One of the words of a table.
    pub(super) fn pick<T: Clone>(&mut self, table: &[(&str, T)]) -> Result<T, String> {
        let allowed = || table.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        let Some(word) = self.maybe() else { return Err(format!("here is to stand one of: {}", allowed())) };
        let found = table.iter().find(|(known, _)| *known == word);
        let found = found.map(|(_, value)| value.clone());
        found.ok_or_else(|| format!("{word:?} is not known here; allowed are: {}", allowed()))
    }

    /// The next word, read as a `T`.
    pub(super) fn value<T: FromStr>(&mut self, what: &str) -> Result<T, String> {
        let word = self.next(what)?;
        word.parse().map_err(|_| format!("{word:?} is not {what}"))
    }

    /// The next word, made into a name.
    pub(super) fn named<T, E: ToString>(
        &mut self,
        what: &str,
        make: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, String> {
        make(self.next(what)?).map_err(|failed| failed.to_string())
    }

    /// A length of time: `250ms`, `5s`, `2m`, `3h`, `1d`.
    pub(super) fn duration(&mut self) -> Result<Duration, String> {
        let what = "a length of time, as 250ms, 5s, 2m, 3h or 1d";
        let word = self.next(what)?;
        duration(word).ok_or_else(|| format!("{word:?} is not {what}"))
    }

    /// A length of time, or the word that stands for none.
    pub(super) fn duration_or(&mut self, none: &str) -> Result<Option<Duration>, String> {
        match self.takes(none) {
            Some(()) => Ok(None),
            None => self.duration().map(Some).map_err(|failed| format!("{failed}, or {none}")),
        }
    }

    /// `HH:MM`, as the time since midnight.
    pub(super) fn time_of_day(&mut self) -> Result<Duration, String> {
        let word = self.next("a time of day, as 16:00")?;
        let read = || {
            let (hours, minutes) = word.split_once(':')?;
            let (hours, minutes): (u64, u64) = (hours.parse().ok()?, minutes.parse().ok()?);
            (hours < 24 && minutes < 60).then(|| Duration::from_secs(hours * 3600 + minutes * 60))
        };
        read().ok_or_else(|| format!("{word:?} is not a time of day, as 16:00"))
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Result<(), String> {
        match self.words.first() {
            None => Ok(()),
            Some(word) => Err(format!("the line could end before {word:?}, which is not known here")),
        }
    }
}

fn duration(word: &str) -> Option<Duration> {
    let digits = word.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = word[..digits].parse().ok()?;
    let seconds = |each: u64| number.checked_mul(each).map(Duration::from_secs);
    match &word[digits..] {
        "ms" => Some(Duration::from_millis(number)),
        "s" => seconds(1),
        "m" => seconds(60),
        "h" => seconds(3600),
        "d" => seconds(86_400),
        _ => None,
    }
}
