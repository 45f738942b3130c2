//! An older copy of the disk is put back, as from a backup, and the book says so.

use super::auditor::Auditor;
use super::run::open;
use super::scene::Scene;
use crate::SimDisk;
use truebook::world::Clock;
use truebook_core::event::{Event, Restored};
use truebook_core::time::Utc;

/// A copy of the disk between two lives.
pub(super) struct Copy {
    disk: SimDisk,
    at: Utc,
}

/// Now and then a copy is made of what the last life left.
pub(super) fn copy(scene: &mut Scene) {
    if scene.rng.below(3) == 0 {
        let at = scene.bot_clock.now();
        scene.copy = Some(Copy { disk: scene.disk.after_kill(), at });
        scene.note("-- a copy is made");
    }
}

/// Now and then the copy is put back.
pub(super) fn put_back(scene: &mut Scene) -> Result<(), String> {
    let Some(Copy { disk, at }) = scene.copy.as_ref().filter(|_| scene.rng.below(3) == 0) else {
        return Ok(());
    };
    let (disk, since) = (disk.after_kill(), *at);
    scene.disk = disk;
    scene.note("-- the copy is put back");
    // What came later is lost with whoever was told of it.
    scene.acknowledged = truebook_core::id::Seq::ZERO;
    for wish in &mut scene.wishes {
        wish.acknowledged = false;
    }
    if scene.rng.coin() {
        // Often nobody restores within the minute.
        scene.venue_clock.pass_seconds(70);
        let _ = scene.venue.pass_time();
    }
    let book = open(scene)?;
    let live = book.live().map_err(|failed| failed.to_string())?;
    let sent = Auditor::sent(scene, &live);
    scene.lost.extend(sent);
    let restored = Restored {
        generation: "copy".to_owned(),
        seq: book.last(),
        since,
        lost_to: None,
        why: "simulated".to_owned(),
    };
    book.record(Event::Restored(restored.into())).map_err(|failed| failed.to_string())?;
    scene.acknowledged = book.durable();
    Ok(())
}
