//! From words to actions. One table says which words may begin a line.

mod bot;
mod expect;
mod files;
mod order;
mod process;
mod setup;
mod venue;
mod words;

use super::script::{Action, OnRefusal, Script, Step};
use super::text::{Line, ParseError, Place};
use std::sync::Arc;
use words::Words;

type Parse = fn(&mut Words<'_>) -> Result<Action, String>;

/// What a line begins with.
#[derive(Clone)]
enum Begins {
    Setup(setup::Parse),
    Action(Parse),
}

/// Understands the lines of one run.
pub(super) fn script(file: &Arc<str>, lines: &[Line]) -> Result<Script, ParseError> {
    let mut script = Script { setup: setup::usual(), steps: Vec::new() };
    for line in lines {
        understand(line, &mut script).map_err(|what| {
            let place = Place { file: Arc::clone(file), line: line.number };
            ParseError { place, what }
        })?;
    }
    Ok(script)
}

fn understand(line: &Line, script: &mut Script) -> Result<(), String> {
    let mut words = Words::new(&line.words);
    let refusal = words.takes("try").map_or(OnRefusal::MustBeExpected, |()| OnRefusal::MayBe);
    match words.pick(&table())? {
        Begins::Setup(_) if !script.steps.is_empty() => {
            return Err("what is there at the beginning must be said before anything happens".to_owned());
        }
        Begins::Setup(parse) => parse(&mut words, &mut script.setup)?,
        Begins::Action(parse) => {
            let action = parse(&mut words)?;
            script.steps.push(Step { line: line.number, refusal, action });
        }
    }
    words.end()
}

fn table() -> Vec<(&'static str, Begins)> {
    let setup = [("venue", setup::venue as setup::Parse), ("policy", setup::policy), ("book", setup::book)];
    let actions = [
        bot::TABLE.as_slice(),
        venue::TABLE.as_slice(),
        process::TABLE.as_slice(),
        files::TABLE.as_slice(),
        expect::TABLE.as_slice(),
    ];
    let setup = setup.map(|(word, parse)| (word, Begins::Setup(parse)));
    let actions = actions.concat().into_iter().map(|(word, parse)| (word, Begins::Action(parse)));
    setup.into_iter().chain(actions).collect()
}
