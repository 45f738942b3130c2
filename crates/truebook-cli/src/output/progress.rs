//! Progress of long work: on standard error, and only if that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use truebook::backup::{self, restore};
use truebook::journal::segment::{SegmentIndex, Storage};
use truebook::verify;

/// A bar of steps, or nothing at all.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new(what: &'static str) -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target).with_message(what);
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {eta}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub(crate) fn begin(&self, total: u64) {
        self.0.reset();
        self.0.set_length(total);
    }

    pub(crate) fn advance(&self, steps: u64) {
        self.0.inc(steps);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl verify::Progress for Progress {
    fn total(&mut self, segments: usize) {
        self.begin(segments as u64);
    }

    fn step(&mut self, _index: SegmentIndex, _storage: Storage) {
        self.advance(1);
    }
}

impl restore::Progress for Progress {
    fn begin(&mut self, phase: restore::Phase, steps: u64) {
        self.0.set_message(match phase {
            restore::Phase::Fetching => "fetching objects",
            restore::Phase::Proving => "replaying segments",
        });
        Self::begin(self, steps);
    }

    fn step(&mut self) {
        self.advance(1);
    }
}

impl backup::Progress for Progress {
    fn total(&mut self, objects: usize) {
        self.begin(objects as u64);
    }

    fn step(&mut self, _object: &str, _bytes: u64) {
        self.advance(1);
    }
}
