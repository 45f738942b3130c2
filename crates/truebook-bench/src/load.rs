//! Whether this program had the machine to itself: a neighbour's work shows up in the tails of whoever is
//! measured.

use crate::figures::Hundredths;

/// Above this share of all processors the notes say so; the kernel's own threads for the disk take some of it.
const OTHERS_PERCENT_MAX: u64 = 10;

/// Processor time since start, in the kernel's ticks; only quotients are formed, so their length does not
/// matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Load {
    total: u64,
    busy: u64,
    /// This process and its finished children.
    own: u64,
}

impl Load {
    /// `None` where `/proc` does not say.
    pub(crate) fn now() -> Option<Self> {
        let machine = std::fs::read_to_string("/proc/stat").ok()?;
        let process = std::fs::read_to_string("/proc/self/stat").ok()?;
        Self::parse(&machine, &process)
    }

    fn parse(machine: &str, process: &str) -> Option<Self> {
        let first = machine.lines().next()?.strip_prefix("cpu ")?;
        let ticks = numbers(first);
        let idle: u64 = ticks.get(3..5)?.iter().sum();
        // Guest time, from the ninth on, is within user time already.
        let total: u64 = ticks.iter().take(8).sum();
        // The program's name stands in parentheses and may contain anything.
        let (_, after_name) = process.rsplit_once(')')?;
        let own: Vec<&str> = after_name.split_whitespace().skip(11).take(4).collect();
        Some(Self { total, busy: total - idle, own: numbers(&own.join(" ")).iter().sum() })
    }

    /// A line for the notes when others were busy between `before` and now.
    pub(crate) fn note_since(self, before: Self) -> Option<String> {
        let total = self.total.saturating_sub(before.total);
        let own = self.own.saturating_sub(before.own);
        let busy = self.busy.saturating_sub(before.busy);
        let others = busy.saturating_sub(own);
        let share = Hundredths::of(others, total)?;
        (others * 100 > total * OTHERS_PERCENT_MAX).then(|| {
            format!(
                "others used {share} of the processors meanwhile: p99 and p99.9 are partly theirs, run it again alone"
            )
        })
    }
}

fn numbers(text: &str) -> Vec<u64> {
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROCESS: &str = "7 (a) b) R 1 7 7 0 -1 0 10 0 0 0 30 20 5 5 20 0 1 0 0";

    fn load(machine: &str) -> Load {
        Load::parse(machine, PROCESS).unwrap()
    }

    #[test]
    fn own_time_is_that_of_this_process_and_its_children() {
        assert_eq!(load("cpu  100 0 100 700 100 0 0 0 9 9").own, 60);
    }

    #[test]
    fn a_busy_neighbour_is_noted() {
        let before = load("cpu  0 0 0 0 0 0 0 0 0 0");
        let busy = load("cpu  20 0 0 80 0 0 0 0 0 0").note_since(before);
        assert!(busy.unwrap().starts_with("others used 0.20"));
        assert_eq!(load("cpu  2 0 0 98 0 0 0 0 0 0").note_since(before), None);
    }
}
