//! From a file to words: lines, quotes, comments, scenarios, and the variants of a scenario.

use std::fmt;
use std::sync::Arc;

/// A line of a drill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<str>,
    /// The line, the first is 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A line that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct ParseError {
    /// Which.
    pub place: Place,
    /// What is wrong with it, and what could stand there.
    pub what: String,
}

/// The words of a line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) number: usize,
    pub(super) words: Vec<String>,
}

/// The lines of one scenario, with what varies not filled in yet.
pub(super) struct Lines(Vec<Line>);

/// The most variants of one scenario.
const VARIANTS_MAX: usize = 5000;

/// The most events of which every order is tried.
const ANY_ORDER_MAX: usize = 4;

/// Splits a file into scenarios.
pub(super) fn scenarios(file: &Arc<str>, text: &str) -> Result<Vec<Lines>, ParseError> {
    let mut scenarios = vec![Lines(Vec::new())];
    for (number, line) in (1..).zip(text.lines()) {
        let wrong = |what| ParseError { place: Place { file: Arc::clone(file), line: number }, what };
        let words = split(line).map_err(wrong)?;
        match words.first().map(String::as_str) {
            None => {}
            Some("scenario") => scenarios.push(Lines(Vec::new())),
            Some(_) => {
                let line = Line { number, words };
                check_variants(&line).map_err(wrong)?;
                if let Some(lines) = scenarios.last_mut() {
                    lines.0.push(line);
                }
            }
        }
    }
    scenarios.retain(|lines| !lines.0.is_empty());
    for lines in scenarios.iter().filter(|lines| lines.variants() > VARIANTS_MAX) {
        let place = Place { file: Arc::clone(file), line: lines.0[0].number };
        let what = format!("{} variants of one scenario, {VARIANTS_MAX} are the most", lines.variants());
        return Err(ParseError { place, what });
    }
    Ok(scenarios)
}

/// Words are separated by blanks; `"…"` and `'…'` keep blanks together; `#` begins a comment.
fn split(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut chars = line.chars().peekable();
    while let Some(&first) = chars.peek() {
        if first.is_whitespace() {
            chars.next();
        } else if first == '#' {
            break;
        } else if matches!(first, '"' | '\'') {
            chars.next();
            words.push(quoted(&mut chars, first)?);
        } else {
            let mut word = String::new();
            while let Some(c) = chars.next_if(|c| !c.is_whitespace()) {
                word.push(c);
            }
            words.push(word);
        }
    }
    Ok(words)
}

fn quoted(chars: &mut impl Iterator<Item = char>, quote: char) -> Result<String, String> {
    let mut word = String::new();
    while let Some(c) = chars.next() {
        match c {
            c if c == quote => return Ok(word),
            '\\' if quote == '"' => match chars.next() {
                Some('n') => word.push('\n'),
                Some(c @ ('"' | '\\')) => word.push(c),
                _ => return Err(r#"after \ may stand: n, ", \"#.to_owned()),
            },
            c => word.push(c),
        }
    }
    Err(format!("the text has no closing {quote}"))
}

/// What a line multiplies the runs of its scenario by.
enum Varies<'a> {
    Not,
    /// `vary NAME FROM..TO`
    Number(&'a str, usize, usize),
    /// `stream any-order NAME…`
    Order(&'a [String]),
}

fn varies(line: &Line) -> Varies<'_> {
    let words: Vec<&str> = line.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["vary", name, range] => match range.split_once("..").map(|(a, b)| (a.parse(), b.parse())) {
            Some((Ok(from), Ok(to))) if from <= to => Varies::Number(name, from, to),
            _ => Varies::Not,
        },
        ["stream", "any-order", ..] => Varies::Order(&line.words[2..]),
        _ => Varies::Not,
    }
}

fn check_variants(line: &Line) -> Result<(), String> {
    let is_vary = line.words[0] == "vary";
    match varies(line) {
        Varies::Not if is_vary => {
            Err("`vary NAME FROM..TO` is how it is written, as in `vary k 1..9`".to_owned())
        }
        Varies::Order(events) if events.is_empty() || events.len() > ANY_ORDER_MAX => {
            Err(format!("`stream any-order` takes 1 to {ANY_ORDER_MAX} events"))
        }
        _ => Ok(()),
    }
}

impl Varies<'_> {
    fn count(&self) -> usize {
        match self {
            Self::Not => 1,
            Self::Number(_, from, to) => to - from + 1,
            // Every order, and in each of them every event once or twice.
            Self::Order(events) => (1..=events.len()).product::<usize>() << events.len(),
        }
    }
}

impl Lines {
    /// How many runs the scenario has.
    pub(super) fn variants(&self) -> usize {
        self.0.iter().map(|line| varies(line).count()).fold(1, usize::saturating_mul)
    }

    /// The lines of one run: numbers filled in, orders chosen, `repeat` written out.
    pub(super) fn expand(&self, mut variant: usize) -> Vec<Line> {
        let (mut numbers, mut lines) = (Vec::new(), Vec::new());
        for line in &self.0 {
            let varies = varies(line);
            let choice = variant % varies.count();
            variant /= varies.count();
            match varies {
                Varies::Number(name, from, _) => numbers.push((format!("{{{name}}}"), from + choice)),
                Varies::Order(events) => lines.push(ordered(line.number, events, choice)),
                Varies::Not => lines.extend(repeated(line)),
            }
        }
        for (name, number) in &numbers {
            lines.iter_mut().for_each(|line| fill(line, name, *number));
        }
        lines
    }
}

fn fill(line: &mut Line, name: &str, number: usize) {
    for word in &mut line.words {
        *word = word.replace(name, &number.to_string());
    }
}

/// `repeat N STATEMENT`, with `{n}` counting from 1.
fn repeated(line: &Line) -> Vec<Line> {
    let times = line.words.get(1).and_then(|times| times.parse::<usize>().ok());
    let (Some(times), true, true) = (times, line.words[0] == "repeat", line.words.len() > 2) else {
        return vec![line.clone()];
    };
    let one = |n| {
        let mut one = Line { number: line.number, words: line.words[2..].to_vec() };
        fill(&mut one, "{n}", n);
        one
    };
    (1..=times).map(one).collect()
}

/// The events in one of their orders, some of them twice.
fn ordered(number: usize, events: &[String], choice: usize) -> Line {
    let (mut left, mut doubled) = (events.to_vec(), choice % (1 << events.len()));
    let mut order = choice >> events.len();
    let mut words = vec!["stream".to_owned()];
    while !left.is_empty() {
        let at = order % left.len();
        order /= left.len();
        let event = left.remove(at);
        if doubled % 2 == 1 {
            words.push(event.clone());
        }
        doubled /= 2;
        words.push(event);
    }
    Line { number, words }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn words_keep_quoted_blanks_and_comments_are_dropped() {
        assert_eq!(split(r#"save '{"a": 1}' "x\"y" # z"#).unwrap(), ["save", r#"{"a": 1}"#, "x\"y"]);
        assert!(split("save 'x").is_err());
    }

    #[test]
    fn any_order_gives_every_order_with_every_event_once_or_twice_and_none_the_same() {
        let lines = scenarios(&"f".into(), "stream any-order a b c\n").unwrap();
        let all: BTreeSet<Vec<String>> =
            (0..lines[0].variants()).map(|n| lines[0].expand(n)[0].words.clone()).collect();
        assert_eq!(all.len(), 48);
    }

    #[test]
    fn vary_and_repeat_fill_numbers_in() {
        let lines = scenarios(&"f".into(), "vary k 2..3\nrepeat 2 wait {k}{n}s\n").unwrap();
        assert_eq!(lines[0].variants(), 2);
        let second: Vec<String> = lines[0].expand(1).into_iter().map(|line| line.words.join(" ")).collect();
        assert_eq!(second, ["wait 31s", "wait 32s"]);
    }
}
