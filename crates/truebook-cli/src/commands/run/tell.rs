//! What a running bot tells: on standard output what happened, on standard error what could not be done.
//!
//! With `--json` one object a line: `{"event":"reconciled","steps":N,"agreed":true,"why":null}`,
//! `{"event":"failed","what":"…","why":"…"}`, `{"event":"streaming"}`, `{"event":"stopping"}`,
//! `{"event":"stopped","seq":N}`.

use crate::output::{Format, Out, notes};
use serde_json::{Value, json};
use std::io::Write;
use truebook::core::id::Seq;
use truebook::engine::{ReconcileOutcome, Reconciliation};
use truebook::run::RunEvent;

pub(super) struct Teller {
    out: Out,
    format: Format,
    /// What was told last: the same again is no news.
    last: Option<String>,
}

impl Teller {
    pub(super) const fn new(out: Out, format: Format) -> Self {
        Self { out, format, last: None }
    }

    pub(super) fn tell(&mut self, event: &RunEvent<'_>) {
        match event {
            RunEvent::Reconciled(done) => self.reconciled(done),
            RunEvent::Failed(what, why) => self.failed(what, &why.to_string()),
            RunEvent::Streaming => self.say("streaming", "the stream works", &json!({"event": "streaming"})),
            RunEvent::Stopping => self.say("stopping", "stopping", &json!({"event": "stopping"})),
        }
    }

    pub(super) fn stopped(&mut self, last: Seq) {
        let text = format!("stopped; the book is closed at event {last}");
        self.say("stopped", &text, &json!({"event": "stopped", "seq": last}));
    }

    fn reconciled(&mut self, done: &Reconciliation) {
        let (agreed, why) = match &done.reconciled {
            ReconcileOutcome::Agreed => (true, None),
            ReconcileOutcome::Open(why) => (false, Some(why)),
        };
        for alarm in done.passes.iter().flat_map(|pass| &pass.alarms) {
            notes::warn(&alarm.what);
        }
        let steps = done.steps();
        let end = why.map_or_else(|| "book and venue agree".to_owned(), |why| format!("not agreed: {why}"));
        let text = format!("reconciled in {steps} steps: {end}");
        let json = json!({"event": "reconciled", "steps": steps, "agreed": agreed, "why": why});
        self.say(&text, &text, &json);
    }

    fn failed(&mut self, what: &str, why: &str) {
        let news = self.is_news(&format!("{what}: {why}"));
        if self.format == Format::Json {
            self.line(&json!({"event": "failed", "what": what, "why": why}).to_string());
        }
        if news {
            notes::warn(&format!("could not {what}: {why}"));
        }
    }

    fn say(&mut self, what: &str, text: &str, json: &Value) {
        let news = self.is_news(what);
        match self.format {
            Format::Json => self.line(&json.to_string()),
            Format::Text if news => self.line(text),
            Format::Text => {}
        }
    }

    fn is_news(&mut self, what: &str) -> bool {
        let news = self.last.as_deref() != Some(what);
        self.last = Some(what.to_owned());
        news
    }

    fn line(&mut self, line: &str) {
        // A bot does not stop trading because nobody reads what it tells.
        let written = self.out.write(|to| writeln!(to, "{line}"));
        drop(written.and_then(|()| self.out.flush()));
    }
}
