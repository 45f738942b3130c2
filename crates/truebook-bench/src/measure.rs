//! Clocks and counters of this process.

use crate::engine::{Engine, Latencies, Turns};
use crate::error::{BenchError, DuringIo};
use crate::records::Record;
use rustix::time::{ClockId, clock_gettime};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Anything slower counts as this much.
const LATENCY_MAX_NS: u64 = 60_000_000_000;

pub(crate) fn empty_latencies() -> Latencies {
    // The bounds are constants that the library accepts; its default would be fixed at two values.
    Latencies::new_with_bounds(1, LATENCY_MAX_NS, 3).unwrap_or_else(|_| unreachable!("constant bounds"))
}

pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// User and system time of every thread of this process.
pub(crate) fn cpu_ns() -> u64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(spent.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(spent.tv_nsec).unwrap_or(0)
}

/// The most memory this process ever held, in KiB.
pub(crate) fn peak_rss_kib() -> Result<u64, BenchError> {
    let status = std::fs::read_to_string("/proc/self/status").during(|| "read /proc/self/status".into())?;
    Ok(status.lines().find_map(parse_peak).unwrap_or(0))
}

fn parse_peak(line: &str) -> Option<u64> {
    let value = line.strip_prefix("VmHWM:")?;
    value.split_whitespace().next()?.parse().ok()
}

/// Times one commit a record.
pub(crate) struct Timed(pub(crate) Box<dyn Engine>);

impl Turns for Timed {
    fn turn(&mut self, records: &[Arc<Record>], latencies: &mut Latencies) -> Result<(), BenchError> {
        for record in records {
            let start = Instant::now();
            self.0.commit(std::slice::from_ref(record))?;
            latencies.saturating_record(nanos(start.elapsed()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_from_its_own_line() {
        assert_eq!(parse_peak("VmHWM:\t    5120 kB"), Some(5120));
        assert_eq!(parse_peak("VmRSS:\t    5120 kB"), None);
    }

    #[test]
    fn processor_time_only_grows() {
        let before = cpu_ns();
        assert!(cpu_ns() >= before);
    }
}
