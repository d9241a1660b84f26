//! Tells the words of code apart, on a thread of its own that lives while there is code to look at.
//!
//! The grammars are loaded by the first code and freed [`IDLE_S`] seconds after the last: a chat without code never pays
//! for them, neither at its start nor in memory.

use std::ops::Range;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use crate::app::Net;
use crate::app::bodies::CodeJob;
use crate::app::markdown::{CodeText, Colours, Syntax};
use crate::app::message::Here;
use crate::news::News;
use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxSet};
use syntect::util::LinesWithEndings;

/// Seconds without code after which the grammars are freed.
const IDLE_S: u64 = 60;
/// Code blocks that wait.
const JOBS_MAX: usize = 64;
/// Longest line that is looked at, in bytes: nobody reads a longer one for its colours.
const LINE_BYTES_MAX: usize = 2_000;

/// Scopes of grammars and what is made of them, the first that fits. What is `None` is drawn plain.
const RULES: &[(&str, Option<Syntax>)] = &[
    ("comment", Some(Syntax::Comment)),
    ("string", Some(Syntax::String)),
    ("constant.character", Some(Syntax::String)),
    ("constant", Some(Syntax::Number)),
    ("keyword.operator", None),
    ("keyword", Some(Syntax::Keyword)),
    ("storage.type.function", Some(Syntax::Keyword)),
    ("storage", Some(Syntax::Keyword)),
    ("variable.language", Some(Syntax::Keyword)),
    ("entity.name.tag", Some(Syntax::Keyword)),
    ("entity.name.function", Some(Syntax::Function)),
    ("entity.name.macro", Some(Syntax::Function)),
    ("support.function", Some(Syntax::Function)),
    ("support.macro", Some(Syntax::Function)),
    ("variable.function", Some(Syntax::Function)),
    ("entity.other.attribute-name", Some(Syntax::Attribute)),
    ("variable.annotation", Some(Syntax::Attribute)),
    ("meta.annotation", Some(Syntax::Attribute)),
    ("entity.name", Some(Syntax::Type)),
    ("entity.other.inherited-class", Some(Syntax::Type)),
    ("support.type", Some(Syntax::Type)),
    ("support.class", Some(Syntax::Type)),
    ("markup.inserted", Some(Syntax::Added)),
    ("markup.deleted", Some(Syntax::Removed)),
];

/// Passes code on to the thread, which it starts where there is none.
#[derive(Default)]
pub(crate) struct Highlighter {
    jobs: Option<SyncSender<Job>>,
}

/// Some code, and who wants it.
type Job = (CodeJob, News);

impl Highlighter {
    /// Has some code looked at; its colours come as news of this machine.
    pub(crate) fn ask(&mut self, job: CodeJob, answers: News) {
        let job = (job, answers);
        let job = match self.jobs.as_ref().map(|jobs| jobs.try_send(job.clone())) {
            Some(Ok(())) => return,
            // It stays plain: the person has scrolled on long since.
            Some(Err(TrySendError::Full(_))) => return,
            Some(Err(TrySendError::Disconnected(job))) => job,
            None => job,
        };
        let (jobs, waiting) = sync_channel(JOBS_MAX);
        let started = std::thread::Builder::new().name("highlight".to_owned()).spawn(move || work(&waiting));
        match started {
            Ok(_) => {
                let _taken = jobs.try_send(job);
                self.jobs = Some(jobs);
            }
            Err(error) => tracing::warn!(%error, "code stays without colours"),
        }
    }
}

fn work(jobs: &Receiver<Job>) {
    let grammars = Grammars::load();
    loop {
        match jobs.recv_timeout(Duration::from_secs(IDLE_S)) {
            Ok((CodeJob { key, code }, answers)) => {
                let colours = grammars.colours(&code);
                if answers.blocking_send(Net::Here(Here::Coloured { key, colours })).is_err() {
                    return;
                }
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// The grammars of all languages, with the rules in their terms.
struct Grammars {
    set: SyntaxSet,
    rules: Vec<(Scope, Option<Syntax>)>,
}

impl Grammars {
    fn load() -> Self {
        let rules = RULES.iter().filter_map(|&(scope, syntax)| Some((Scope::new(scope).ok()?, syntax)));
        Self { set: two_face::syntax::extra_newlines(), rules: rules.collect() }
    }

    /// Gives what the words of some code are; nothing for a language that is not known.
    fn colours(&self, code: &CodeText) -> Colours {
        let Some(syntax) = self.set.find_syntax_by_token(&code.language) else { return Colours::new() };
        let mut state = ParseState::new(syntax);
        let mut stack = ScopeStack::new();
        let mut colours = Colours::new();
        let mut start = 0;
        for line in LinesWithEndings::from(&code.text) {
            let operations =
                if line.len() > LINE_BYTES_MAX { Ok(Vec::new()) } else { state.parse_line(line, &self.set) };
            // What a grammar stumbles over is plain from there on.
            let Ok(operations) = operations else { return colours };
            let mut at = 0;
            for (place, operation) in operations {
                self.push(&mut colours, start + at..start + place, &stack);
                if stack.apply(&operation).is_err() {
                    return colours;
                }
                at = place;
            }
            self.push(&mut colours, start + at..start + line.len(), &stack);
            start += line.len();
        }
        colours
    }

    fn push(&self, colours: &mut Colours, range: Range<usize>, stack: &ScopeStack) {
        let Some(syntax) = self.syntax(stack).filter(|_| !range.is_empty()) else { return };
        match colours.last_mut() {
            Some((last, held)) if *held == syntax && last.end == range.start => last.end = range.end,
            _ => colours.push((range, syntax)),
        }
    }

    fn syntax(&self, stack: &ScopeStack) -> Option<Syntax> {
        let rule_of = |scope: &Scope| self.rules.iter().find(|(rule, _)| rule.is_prefix_of(*scope));
        stack.scopes.iter().rev().find_map(rule_of).and_then(|(_, syntax)| *syntax)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::app::accounts::AccountNo;

    fn words(language: &str, text: &str) -> Vec<(String, Syntax)> {
        let code = CodeText { language: language.to_owned(), text: text.to_owned() };
        let colours = Grammars::load().colours(&code);
        colours.into_iter().map(|(range, syntax)| (text[range].to_owned(), syntax)).collect()
    }

    #[test]
    fn words_of_rust_are_told_apart() {
        let words = words("rust", "// why\nfn main() -> u8 {\n    let x = \"hi\";\n    7\n}\n");
        for (word, syntax) in [
            ("// why\n", Syntax::Comment),
            ("main", Syntax::Function),
            ("let", Syntax::Keyword),
            ("\"hi\"", Syntax::String),
            ("7", Syntax::Number),
        ] {
            assert!(words.contains(&(word.to_owned(), syntax)), "{word:?} in {words:?}");
        }
    }

    #[test]
    fn languages_are_found_by_the_names_people_use() {
        for (language, text) in [
            ("py", "def x(): pass\n"),
            ("ts", "const x: string = 'a';\n"),
            ("toml", "a = \"b\"\n"),
            ("sh", "if true; then echo \"x\"; fi\n"),
            ("json", "{\"a\": 1}\n"),
            ("diff", "+new\n-old\n"),
            ("c++", "int main() { return 0; }\n"),
        ] {
            assert!(!words(language, text).is_empty(), "{language}");
        }
        assert!(words("nothing-of-that-name", "x").is_empty());
    }

    #[tokio::test]
    async fn code_is_answered_by_an_event() {
        let (queue, mut news) = mpsc::channel(4);
        let mut highlighter = Highlighter::default();
        let code = CodeText { language: "rust".to_owned(), text: "fn x() {}".to_owned() };
        highlighter.ask(CodeJob { key: 7, code }, News::of(AccountNo::FIRST, queue));
        let Some((_, Net::Here(Here::Coloured { key, colours }))) = news.recv().await else {
            unreachable!("only colours")
        };
        assert_eq!((key, colours.is_empty()), (7, false));
    }
}
