//! The result as one page that needs nothing else. Whatever comes from the book or the machine is escaped.

use super::facts::Fact;
use super::lines::{self, Line};
use std::fmt::Write;

const STYLE: &str = include_str!("../../../data/audit.css");

pub(super) fn page(lines: &[Line], facts: &[Fact]) -> String {
    let mut body = String::new();
    for line in lines {
        let _ = writeln!(
            body,
            "<tr class=\"{0}\"><td class=\"result\">{1}</td><th scope=\"row\">{2}</th><td class=\"runs\">{3}</td>\
             <td>{4}</td></tr>",
            line.result.name(),
            line.result.words(),
            escape(&line.line),
            line.runs,
            escape(&line.evidence)
        );
    }
    let facts = facts.iter().fold(String::new(), |mut all, (name, value)| {
        // Writing to a string cannot fail.
        let _ = writeln!(all, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(value));
        all
    });
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>truebook audit</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>truebook audit</h1>\n\
         <p class=\"verdict {}\">{}</p>\n<p>Measured on this machine, on copies; the book itself was only read.</p>\n\
         </header>\n<dl>\n{facts}</dl>\n<table>\n<thead><tr><th>Result</th><th>Line</th><th>Runs</th>\
         <th>Evidence</th></tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</body>\n</html>\n",
        lines::worst(lines).name(),
        escape(&lines::count(lines)),
    )
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::found::Verdict;
    use super::*;

    #[test]
    fn nothing_that_comes_from_outside_becomes_markup_and_nothing_is_fetched() {
        let line = Line {
            line: "<b>line</b>".to_owned(),
            result: Verdict::Fail,
            runs: 1,
            evidence: "\"><script>alert('x')</script>".to_owned(),
        };
        let page = page(&[line], &[("book", "<img src=x>".to_owned())]);
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<b>"));
        assert!(page.contains("&lt;b&gt;line&lt;/b&gt;") && page.contains("&#39;x&#39;"));
        for outside in ["http:", "https:", "src=", "url(", "@import"] {
            assert!(!page.replace("&lt;img src=x&gt;", "").contains(outside), "{outside}");
        }
    }
}
