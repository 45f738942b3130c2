//! Every byte and every file of a small book with backups beside it, damaged in turn.

use super::{Ending, Sample, Seen, key};
use std::collections::BTreeMap;

type Tally = BTreeMap<Seen, u32>;

/// Flips every byte of the files that are wanted.
fn flip_every_byte(sample: &Sample, mask: u8, is_wanted: impl Fn(&str) -> bool) -> Tally {
    let mut tally = Tally::new();
    for (file, bytes) in sample.files().into_iter().filter(|(file, _)| is_wanted(file)) {
        for (offset, byte) in bytes.iter().enumerate() {
            // The long runs of zeros are all alike to opening.
            if *byte == 0 && offset % 64 != 0 {
                continue;
            }
            let disk = sample.copy();
            disk.flip(&file, offset as u64, mask).unwrap();
            *tally.entry(sample.check(&disk, &format!("{file} at offset {offset}"))).or_default() += 1;
        }
    }
    tally
}

#[cfg_attr(not(feature = "planted"), test)]
pub(super) fn p7_every_flipped_byte_of_a_closed_book_with_a_backup_costs_nothing() {
    let sample = Sample::new(None, Ending::Closed);
    let tally = flip_every_byte(&sample, 0x01, |_| true);
    println!("closed: {tally:?}");
    assert!(!tally.contains_key(&Seen::Lost) && !tally.contains_key(&Seen::Torn), "{tally:?}");
    assert!(tally[&Seen::Mended] > 1000, "{tally:?}");
}

#[cfg_attr(not(feature = "planted"), test)]
pub(super) fn p7_every_flipped_byte_of_a_journal_without_checkpoints_is_mended_up_to_the_newest_backup() {
    let sample = Sample::new(None, Ending::Killed).without_checkpoints();
    let tally =
        flip_every_byte(&sample, 0x01, |file| file.starts_with("journal/") && !file.ends_with("RESERVE"));
    println!("killed, no checkpoint: {tally:?}");
    assert!(tally[&Seen::Mended] > 3000 && tally[&Seen::Lost] > 100, "{tally:?}");
}

#[cfg_attr(not(feature = "planted"), test)]
pub(super) fn p7_every_flipped_byte_of_an_encrypted_journal_is_mended_up_to_the_newest_backup() {
    let sample = Sample::new(Some(key()), Ending::Killed).without_checkpoints();
    let tally =
        flip_every_byte(&sample, 0x80, |file| file.starts_with("journal/") && !file.ends_with("RESERVE"));
    println!("encrypted, killed, no checkpoint: {tally:?}");
    assert!(tally[&Seen::Mended] > 3000 && tally[&Seen::Lost] > 100, "{tally:?}");
}

/// The ways in which a whole file goes wrong; `None` is that it is gone.
fn wrecks(bytes: &[u8]) -> Vec<Option<Vec<u8>>> {
    vec![Some(bytes[..bytes.len() / 2].to_vec()), Some(Vec::new()), Some(vec![0; bytes.len()]), None]
}

#[cfg_attr(not(feature = "planted"), test)]
pub(super) fn p7_every_file_cut_emptied_nulled_or_removed_costs_a_closed_book_with_a_backup_nothing() {
    for key in [None, Some(key())] {
        let sample = Sample::new(key, Ending::Closed);
        let mut tally = Tally::new();
        for (file, bytes) in sample.files().into_iter().filter(|(file, _)| file != "LOCK") {
            // What was cut off an empty segment nobody can tell, not even a backup.
            let is_spare = file.ends_with(".seg") && !super::is_written(&file, &bytes);
            for (nth, wreck) in wrecks(&bytes).into_iter().enumerate().skip(if is_spare { 2 } else { 0 }) {
                let disk = sample.copy();
                match wreck {
                    Some(bytes) => disk.write_view(&file, bytes),
                    None => disk.remove_view(&file),
                }
                *tally.entry(sample.check(&disk, &format!("{file}, wreck {nth}"))).or_default() += 1;
            }
        }
        println!("whole files: {tally:?}");
        assert!(!tally.contains_key(&Seen::Lost) && !tally.contains_key(&Seen::Torn), "{tally:?}");
    }
}

#[cfg_attr(not(feature = "planted"), test)]
pub(super) fn p7_any_two_segments_damaged_at_once_are_mended() {
    for sample in [Sample::new(None, Ending::Closed), Sample::new(None, Ending::Killed).without_checkpoints()]
    {
        let segments = sample.segments();
        assert!(segments.len() >= 4, "{segments:?}");
        // The last one has events that no backup has.
        let backed_up = &segments[..segments.len() - 1];
        for (nth, one) in backed_up.iter().enumerate() {
            for other in &backed_up[nth + 1..] {
                let disk = sample.copy();
                disk.write_view(one, vec![0; 300]);
                disk.remove_view(other);
                let seen = sample.check(&disk, &format!("{one} and {other}"));
                assert!(seen <= Seen::Mended);
            }
        }
    }
}
