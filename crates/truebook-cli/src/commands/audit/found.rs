//! What a drill found, and how a line of the audit ended.

use serde::Serialize;

/// How a line ended, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// It was tried and holds.
    Pass,
    /// It holds, but somebody should look.
    Warn,
    /// It could not be tried here; the evidence says why.
    NotTested,
    /// It does not hold.
    Fail,
}

impl Verdict {
    pub(super) const ALL: [Self; 4] = [Self::Pass, Self::Warn, Self::NotTested, Self::Fail];

    /// As it stands in JSON.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::NotTested => "not_tested",
            Self::Fail => "fail",
        }
    }

    /// For people.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::NotTested => "not tested",
            Self::Fail => "FAIL",
        }
    }
}

/// What a drill found: the worst of what it says of itself, how often something was done, and the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) verdict: Verdict,
    pub(super) runs: u64,
    evidence: Vec<(Verdict, String)>,
}

impl Found {
    pub(super) const fn new() -> Self {
        Self { verdict: Verdict::Pass, runs: 0, evidence: Vec::new() }
    }

    /// So much was done once more, or so often.
    pub(super) fn ran(&mut self, times: u64) {
        self.runs += times;
    }

    /// This holds.
    pub(super) fn pass(&mut self, what: impl Into<String>) {
        self.say(Verdict::Pass, what.into());
    }

    /// Somebody should look at this.
    pub(super) fn warn(&mut self, what: impl Into<String>) {
        self.say(Verdict::Warn, what.into());
    }

    /// This could not be tried.
    pub(super) fn not_tested(&mut self, why: impl Into<String>) {
        self.say(Verdict::NotTested, why.into());
    }

    /// This does not hold.
    pub(super) fn fail(&mut self, what: impl Into<String>) {
        self.say(Verdict::Fail, what.into());
    }

    /// Holds or not, with a word for each.
    pub(super) fn check(&mut self, holds: Holds, good: impl Into<String>, bad: impl Into<String>) {
        match holds {
            Holds::Yes => self.pass(good),
            Holds::No => self.fail(bad),
        }
    }

    fn say(&mut self, verdict: Verdict, what: String) {
        self.verdict = self.verdict.max(verdict);
        self.evidence.push((verdict, what));
    }

    /// All of it on one line, the worst first.
    pub(super) fn evidence(&self) -> String {
        let mut said: Vec<_> = self.evidence.iter().collect();
        said.sort_by_key(|(verdict, _)| std::cmp::Reverse(*verdict));
        let said: Vec<&str> = said.iter().map(|(_, what)| what.as_str()).collect();
        said.join("; ")
    }

    /// The one thing that says most: the first of the worst.
    pub(super) fn headline(&self) -> &str {
        let mut worst = self.evidence.iter().filter(|(verdict, _)| *verdict == self.verdict);
        worst.next().map_or("nothing was done", |(_, what)| what.as_str())
    }
}

/// Whether something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Yes,
    No,
}

impl From<bool> for Holds {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// `once`, `25 times`.
pub(super) fn times(number: u64) -> String {
    if number == 1 { "once".to_owned() } else { format!("{number} times") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_counts_and_comes_first() {
        let mut found = Found::new();
        found.pass("one");
        assert_eq!((found.verdict, found.headline()), (Verdict::Pass, "one"));
        found.fail("two");
        found.warn("three");
        assert_eq!(found.verdict, Verdict::Fail);
        assert_eq!(found.headline(), "two");
        assert_eq!(found.evidence(), "two; three; one");
    }
}
