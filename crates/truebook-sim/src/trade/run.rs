//! A whole history: lives and deaths, and the settling at the end.

use super::auditor::Auditor;
use super::bot::Bot;
use super::restore;
use super::scene::{Scene, Scope, Violation, new_book, options};
use crate::disk::{FaultPlan, OpNumber};
use truebook::Book;
use truebook_core::id::Seq;

/// What a history came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// What happened, a line a step.
    pub log: String,
    /// How many orders the venue took.
    pub orders: usize,
    /// How many executions there were.
    pub fills: usize,
    /// How many lives ended in the middle of something.
    pub deaths: u64,
}

/// How many reconciliations a history may need until nothing is left to do.
const SETTLING_MAX: u32 = 12;

/// Plays one history.
///
/// # Errors
/// The first promise that was not kept.
pub fn run(seed: u64, scope: Scope) -> Result<History, Box<Violation>> {
    let mut scene = Scene::new(seed, scope);
    let played = play(&mut scene);
    let found = |what| Violation { seed, class: scope.class, what, log: scene.log.clone() };
    let deaths = played.map_err(|what| Box::new(found(what)))?;
    let (orders, fills) =
        scene.venue.audit(|exchange| (exchange.all_orders().count(), exchange.all_fills().len()));
    Ok(History { log: scene.log, orders, fills, deaths })
}

fn play(scene: &mut Scene) -> Result<u64, String> {
    let book = Book::create(scene.world(), &new_book(scene.scope), options())
        .map_err(|failed| failed.to_string())?;
    drop(book);
    let mut deaths = 0;
    for _ in 0..scene.scope.lives {
        deaths += live(scene)?;
    }
    settle(scene)?;
    Ok(deaths)
}

/// One life, from opening the book to its end. How many deaths it took, 0 or 1.
fn live(scene: &mut Scene) -> Result<u64, String> {
    scene.note("-- the bot starts");
    scene.disk.set_faults(FaultPlan::default());
    restore::put_back(scene)?;
    let book = open(scene)?;
    let (edges, plan) = fate(scene);
    let mut bot = Bot::start(scene, book, edges).map_err(|failed| failed.to_string())?;
    Auditor::after_opening(scene, &bot.trader)?;
    scene.disk.set_faults(plan);
    // Most bots reconcile first; some forget, and the gate must hold them back.
    if scene.rng.below(5) > 0 {
        let line = bot.reconcile(scene)?;
        scene.note(&line);
    }
    for _ in 0..scene.scope.steps {
        bot.step(scene)?;
        if bot.life.is_over() {
            break;
        }
        Auditor::glance(scene, &bot.trader)?;
    }
    let died = bot.life.is_over();
    drop(bot);
    if died {
        scene.note("-- the bot dies");
    }
    scene.bury();
    restore::copy(scene);
    Ok(u64::from(died))
}

/// How a life ends: at some edge of a request, at some operation of the disk, with a failing disk, or not.
fn fate(scene: &mut Scene) -> (u64, FaultPlan) {
    let done = scene.disk.ops_done().0;
    let operation = OpNumber(done + 1 + scene.rng.below(120));
    let never = u64::MAX;
    match scene.rng.below(8) {
        0 => (never, FaultPlan::default()),
        1 => (never, FaultPlan::default().fail_at(operation)),
        2 | 3 => (never, FaultPlan::default().stop_at(operation)),
        _ => (20 + scene.rng.below(200), FaultPlan::default()),
    }
}

pub(super) fn open(scene: &Scene) -> Result<Book, String> {
    let book =
        Book::open(scene.world(), options()).map_err(|failed| format!("cannot be opened: {failed}"))?;
    if book.last() < scene.acknowledged {
        let (last, told) = (book.last(), scene.acknowledged);
        return Err(format!("event {told} was acknowledged, the book ends at {last}"));
    }
    Ok(book)
}

/// Everything works and time passes: book and venue must come to agree, and stay so.
fn settle(scene: &mut Scene) -> Result<(), String> {
    scene.note("-- all faults are over");
    scene.disk.set_faults(FaultPlan::default());
    scene.venue.faults(truebook::paper::Faults::clear);
    scene.bot_clock.set_off(0);
    let book = open(scene)?;
    let mut bot = Bot::start(scene, book, u64::MAX).map_err(|failed| failed.to_string())?;
    Auditor::after_opening(scene, &bot.trader)?;
    let mut before = Seq::ZERO;
    for _ in 0..SETTLING_MAX {
        let line = bot.reconcile(scene)?;
        scene.note(&line);
        Auditor::glance(scene, &bot.trader)?;
        let last = bot.trader.book().last();
        let settled = Auditor::finally(scene, &bot.trader).is_ok() && !Auditor::has_uncertain(&bot.trader);
        if bot.agreed && last == before && settled {
            break;
        }
        before = last;
        scene.venue_clock.pass_seconds(70);
        let _ = scene.venue.pass_time();
    }
    if !bot.agreed {
        return Err("book and venue never came to agree".to_owned());
    }
    let last = bot.trader.book().last();
    let line = bot.reconcile(scene)?;
    scene.note(&line);
    if bot.trader.book().last() != last {
        return Err("a second reconciliation wrote something".to_owned());
    }
    Auditor::finally(scene, &bot.trader)
}
