//! An opening that mends, stopped at every operation on the disk and found again in many states: doing it again
//! comes to the same.

use super::{Ending, Sample, hash, key, mendings};
use truebook::Book;
use truebook::core::id::Seq;
use truebook::verify::{Silent, verify};
use truebook_sim::disk::{CrashChoice, FaultPlan, OpNumber, SimDisk};

const SAMPLES: u64 = 6;

/// Two segments damaged, one of them the one that was being written.
fn damaged(sample: &Sample) -> SimDisk {
    let segments = sample.segments();
    let disk = sample.copy();
    disk.write_view(&segments[0], vec![0; 300]);
    let last = segments.last().unwrap();
    let bytes = disk.read_view(last).unwrap();
    let frames: Vec<_> = truebook::journal::scan::valid_frames(&bytes, 4096).map(|(at, _)| at).collect();
    disk.flip(last, frames[2] as u64 + 30, 1).unwrap();
    disk
}

fn check(sample: &Sample, disk: &SimDisk, last: Seq, what: &str) {
    let book = sample.open_on(disk).unwrap_or_else(|failed| panic!("{what}: {failed}"));
    assert_eq!(hash(&book), sample.hashes[&last], "{what}");
    book.close().unwrap();
    let world = sample.world_on(disk);
    // Once, unless the crash came between the entry and forgetting that it was to be made.
    let count = mendings(&world, sample.key.clone());
    assert!((1..=2).contains(&count), "{what}: recorded {count} times");
    let verified = verify(&world, sample.key.clone(), &mut Silent).unwrap();
    assert!(verified.ok, "{what}: {:?}", verified.findings);
    assert!(!disk.view_files().contains_key("MENDING"), "{what}");
    assert!(disk.view_files().keys().any(|file| file.starts_with("aside/00000001")), "{what}");
}

fn explore(sample: &Sample) -> u64 {
    let whole = damaged(sample);
    let before = whole.ops_done().0;
    let book = sample.open_on(&whole).unwrap();
    assert_eq!(book.report().mended.len(), 2, "{:?}", book.report());
    let last = book.report().last.unwrap();
    let total = whole.ops_done().0 - before;
    drop(book);
    let mut crashes = 0;
    for point in 1..=total {
        let disk = damaged(sample);
        disk.set_faults(FaultPlan::default().stop_at(OpNumber(disk.ops_done().0 + point)));
        drop::<Result<Book, _>>(sample.open_on(&disk));
        check(sample, &disk.after_kill(), last, &format!("killed at operation {point}"));
        for nth in 0..SAMPLES {
            let choice =
                if nth < 3 { CrashChoice::sample(nth) } else { CrashChoice::Random(point * 31 + nth) };
            check(sample, &disk.crash(choice), last, &format!("{choice:?} at operation {point}"));
        }
        crashes += 1 + SAMPLES;
    }
    crashes
}

#[cfg_attr(not(feature = "planted"), test)]
pub(super) fn p1_p7_p10_an_opening_that_mends_can_be_stopped_anywhere_and_done_again() {
    for key in [None, Some(key())] {
        let crashes = explore(&Sample::new(key, Ending::Killed).without_checkpoints());
        println!("{crashes} crashes of an opening that mends");
        assert!(crashes > 100);
    }
}
