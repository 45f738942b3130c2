//! What `append` and `group` write: order events as JSON, 256 to 301 bytes, the same for every peer.

use crate::error::BenchError;
use crate::events::{EventStream, GenEvent, OrderCount};
use crate::orders::{Author, payload_bytes};
use crate::rng::Rng;
use serde::Serialize;
use std::sync::Arc;

pub(crate) const RECORD_BYTES_MIN: usize = 256;
pub(crate) const RECORD_BYTES_MAX: usize = 301;

/// One order event, as it would be journalled.
#[derive(Debug)]
pub(crate) struct Record {
    /// What the peers store as it is.
    pub(crate) json: Vec<u8>,
}

/// A venue's words fill the record up to its size.
#[derive(Serialize)]
struct Filled<'a> {
    #[serde(flatten)]
    event: &'a GenEvent,
    note: &'a str,
}

pub(crate) const NOTE: &str = "routed to the primary listing, displayed, no discretion; accepted for the regular session; \
                    the allocation account follows at the close, as agreed in the standing instruction of the desk";

impl Record {
    fn new(event: &GenEvent, target_len: usize) -> Self {
        let bare = encode(event, "");
        let room = target_len.saturating_sub(bare.len());
        Self { json: encode(event, &NOTE[..room.min(NOTE.len())]) }
    }
}

fn encode(event: &GenEvent, note: &str) -> Vec<u8> {
    // The map has text keys and no foreign types: it cannot fail to encode, and an empty record fails the
    // size test.
    serde_json::to_vec(&Filled { event, note }).unwrap_or_default()
}

/// Mean bytes a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) peers_mean: usize,
    pub(crate) truebook_mean: usize,
}

/// Records made before the clock starts, handed out again and again.
#[derive(Debug, Clone)]
pub(crate) struct RecordPool(Arc<[Arc<Record>]>);

impl RecordPool {
    const LEN: usize = 4_096;

    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x00C0_FFEE);
        let events = EventStream::new(seed, OrderCount(50_000)).skip(2_000).take(Self::LEN);
        let sizes = RECORD_BYTES_MAX + 1 - RECORD_BYTES_MIN;
        let record = |event| Arc::new(Record::new(&event, RECORD_BYTES_MIN + rng.index(sizes)));
        Self(events.map(record).collect())
    }

    /// `count` records from `start` on, around the end.
    pub(crate) fn slice(&self, start: usize, count: usize) -> Vec<Arc<Record>> {
        self.from(start).take(count).collect()
    }

    /// Mean lengths of what the participants store.
    pub(crate) fn sizes(&self) -> Result<Sizes, BenchError> {
        let mut author = Author::new(0)?;
        let (mut peers, mut truebook) = (0, 0);
        for record in self.0.iter() {
            peers += record.json.len();
            truebook += payload_bytes(&author.next(record.json.len()))?;
        }
        Ok(Sizes { peers_mean: peers / Self::LEN, truebook_mean: truebook / Self::LEN })
    }

    /// Without an end.
    pub(crate) fn from(&self, start: usize) -> impl Iterator<Item = Arc<Record>> {
        self.0.iter().cycle().skip(start % Self::LEN).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_has_the_size_it_promises() {
        for record in RecordPool::new(1).slice(0, RecordPool::LEN) {
            let len = record.json.len();
            assert!((RECORD_BYTES_MIN..=RECORD_BYTES_MAX).contains(&len), "{len} bytes");
        }
    }

    #[test]
    fn a_slice_goes_around_the_end() {
        let pool = RecordPool::new(1);
        let slice = pool.slice(RecordPool::LEN - 1, 2);
        assert_eq!(slice[1].json, pool.slice(0, 1)[0].json);
    }
}
