//! What goes wrong at the paper venue.

use crate::flags::FaultArgs;
use std::time::Duration;
use truebook::paper::{Fault, Faults, PaperVenue, Rate, RequestKind};

/// How much later than its reply a late order is admitted.
const LATE: Duration = Duration::from_millis(500);
/// How long streams stay cut.
const CUT: Duration = Duration::from_millis(300);
/// How long the venue wants fewer requests.
const BUSY: Duration = Duration::from_secs(1);
/// In how many pieces an order is filled.
const PIECES: u32 = 3;

const CHANGING: [RequestKind; 3] = [RequestKind::Submit, RequestKind::Cancel, RequestKind::Replace];
const READING: [RequestKind; 5] = [
    RequestKind::Find,
    RequestKind::OpenOrders,
    RequestKind::ClosedOrders,
    RequestKind::Fills,
    RequestKind::Positions,
];

pub(super) fn arm(venue: &PaperVenue, args: &FaultArgs) {
    venue.faults(|faults| {
        *faults = Faults::new(args.seed);
        for on in CHANGING {
            add(faults, on, Fault::ReplyLost, args.lost_replies);
        }
        for on in CHANGING.into_iter().chain(READING) {
            add(faults, on, Fault::TooMany(BUSY), args.busy.div_ceil(2));
            add(faults, on, Fault::Maintenance, args.busy / 2);
        }
        add(faults, RequestKind::Submit, Fault::Late(LATE), args.late_replies);
        add(faults, RequestKind::Submit, Fault::Pieces(PIECES), args.partial_fills);
        add(faults, RequestKind::Message, Fault::Twice, args.duplicates);
        add(faults, RequestKind::Message, Fault::Swapped, args.reorder);
        add(faults, RequestKind::Message, Fault::Cut(CUT), args.disconnects);
    });
}

fn add(faults: &mut Faults, on: RequestKind, fault: Fault, per_thousand: u64) {
    if per_thousand > 0 {
        faults.rate(Rate { on, fault, per_thousand });
    }
}
