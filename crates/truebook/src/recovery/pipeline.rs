//! Loading segments on all cores while their events are folded in order.

use crate::journal::Context;
use crate::journal::load::{Fault, Loaded, load};
use crate::journal::segment::{SegmentIndex, Storage};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// With fewer segments than this, threads cost more than they bring.
const PARALLEL_MIN: usize = 3;
const THREADS_MAX: usize = 8;

pub(crate) type Outcome = Result<Loaded, Fault>;

/// Loads the segments and gives them to `body` in order. With many of them loading has begun by then, so what
/// `body` does before it asks for the first costs no time of its own. At most one segment a thread is decoded
/// ahead of time, and one kept until then, so memory stays bounded whatever the journal's length.
pub(crate) fn loading<T>(
    context: &Context,
    segments: &[(SegmentIndex, Storage)],
    body: impl FnOnce(&mut dyn Iterator<Item = (SegmentIndex, Outcome)>) -> T,
) -> T {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cores.min(THREADS_MAX);
    if segments.len() < PARALLEL_MIN || threads < 2 {
        return body(&mut segments.iter().map(|(index, storage)| (*index, load(context, *index, *storage))));
    }
    in_parallel(context, segments, threads, body)
}

fn in_parallel<T>(
    context: &Context,
    segments: &[(SegmentIndex, Storage)],
    threads: usize,
    body: impl FnOnce(&mut dyn Iterator<Item = (SegmentIndex, Outcome)>) -> T,
) -> T {
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
        let in_order = segments.iter().zip(lanes.iter().cycle());
        // A lane that ended early has panicked; the scope passes that on.
        let answer = body(&mut in_order.map_while(|((index, _), lane)| Some((*index, lane.recv().ok()?))));
        stopped.store(true, Ordering::Relaxed);
        answer
    })
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
