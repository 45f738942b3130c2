//! The adapter, over HTTP, keeps the contract of venues.

use super::support::start_whole_units;
use core::time::Duration;
use std::sync::Arc;
use truebook::venue::contract::{Setup, check};

/// The clock is a real one here: what is late shows after a moment, however long that may take elsewhere.
const MOMENT: Duration = Duration::from_millis(5);

#[test]
fn the_alpaca_adapter_and_the_paper_venue_keep_the_contract_over_http() {
    check(|| {
        let (paper, instrument) = start_whole_units();
        let (ticked, of) = (paper.venue.clone(), instrument.clone());
        let venue = Arc::new(paper.alpaca());
        Setup {
            venue,
            instrument,
            set_price: Box::new(move |price| ticked.tick(&of, price).unwrap()),
            pass: Box::new(move |time| {
                // The server lives as long as the check.
                assert!(paper.server.address().port() > 0);
                std::thread::sleep(time.min(MOMENT));
            }),
        }
    });
}
