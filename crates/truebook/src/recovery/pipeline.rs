//! Loading segments on all cores while their events are folded in order.

use crate::journal::Context;
use crate::journal::load::{Fault, Loaded, load};
use crate::journal::segment::{SegmentIndex, Storage};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// With fewer segments than this, threads cost more than they bring.
const PARALLEL_MIN: usize = 3;
const THREADS_MAX: usize = 8;

type Outcome = Result<Loaded, Fault>;

/// Loads the segments and hands them to `take` in order, until it breaks. At most one segment a thread is
/// decoded ahead of time, and one kept until then, so memory stays bounded whatever the journal's length.
pub(super) fn for_each(
    context: &Context,
    segments: &[(SegmentIndex, Storage)],
    mut take: impl FnMut(SegmentIndex, Outcome) -> ControlFlow<()>,
) {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cores.min(THREADS_MAX);
    if segments.len() < PARALLEL_MIN || threads < 2 {
        for (index, storage) in segments {
            if take(*index, load(context, *index, *storage)).is_break() {
                return;
            }
        }
        return;
    }
    in_parallel(context, segments, threads, &mut take);
}

fn in_parallel(
    context: &Context,
    segments: &[(SegmentIndex, Storage)],
    threads: usize,
    take: &mut impl FnMut(SegmentIndex, Outcome) -> ControlFlow<()>,
) {
    let stopped = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let lanes: Vec<Receiver<Outcome>> = (0..threads)
            .map(|lane| {
                let (sender, receiver) = sync_channel(0);
                let mine = segments.iter().skip(lane).step_by(threads);
                let stopped = &stopped;
                scope.spawn(move || load_lane(context, mine, &sender, stopped));
                receiver
            })
            .collect();
        for (position, (index, _)) in segments.iter().enumerate() {
            // A lane that ended early has panicked; the scope passes that on.
            let Ok(outcome) = lanes[position % threads].recv() else { break };
            if take(*index, outcome).is_break() {
                break;
            }
        }
        stopped.store(true, Ordering::Relaxed);
    });
}

fn load_lane<'a>(
    context: &Context,
    mine: impl Iterator<Item = &'a (SegmentIndex, Storage)>,
    sender: &SyncSender<Outcome>,
    stopped: &AtomicBool,
) {
    // Held on to until the next one is decoded: by then it has been folded, and is freed by the thread that
    // made it, which costs an allocator much less.
    let mut spent = None;
    for (index, storage) in mine {
        if stopped.load(Ordering::Relaxed) {
            return;
        }
        let outcome = load(context, *index, *storage);
        drop(spent.take());
        if let Ok(Loaded::Events(segment)) = &outcome {
            spent = Some(Arc::clone(&segment.records));
        }
        if sender.send(outcome).is_err() {
            return;
        }
    }
}
