//! The text of messages as rows, kept once laid out, and what the person unfolded of it.
//!
//! Only what is on the screen is ever asked for. What is kept is bounded: by [`BODIES_MAX`], [`UNFOLDED_MAX`] and
//! [`COLOURED_MAX`].

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::rc::Rc;

use syncspace_protocol::messages::{Message, MessageType};
use syncspace_protocol::{MessageId, Rev, UserId};

use super::markdown::{self, Body, CodeText, Colours, Dress};
use super::rows::RowContext;

/// Laid out texts of one half of what is kept; the older half goes when the younger one is full.
const BODIES_MAX: usize = 512;
/// Messages that stay unfolded.
const UNFOLDED_MAX: usize = 64;
/// Code blocks whose colours are kept.
const COLOURED_MAX: usize = 256;
/// Code that was asked for, with what no colours came of.
const ASKED_MAX: usize = 1_024;
/// Longest code that is coloured, in lines.
const CODE_LINES_MAX: usize = 300;
/// Code blocks that wait to be coloured.
const WANTED_MAX: usize = 32;
/// Rows of a message that are shown while it is folded.
pub(crate) const FOLD_ROWS: usize = 30;

/// What a laid out text depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    id: MessageId,
    rev: Rev,
    /// Guards against another server that has the same numbers.
    bytes: usize,
    columns: usize,
    me: Option<UserId>,
}

/// Names some code in some language.
pub(crate) type CodeKey = u64;

/// Code whose words are to be told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodeJob {
    pub(crate) key: CodeKey,
    pub(crate) code: CodeText,
}

/// Texts laid out so far.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    kept: RefCell<Generations>,
    unfolded: VecDeque<MessageId>,
    colours: HashMap<CodeKey, Rc<Colours>>,
    asked: RefCell<HashSet<CodeKey>>,
    wanted: RefCell<Vec<CodeJob>>,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Key, Rc<Body>>,
    old: HashMap<Key, Rc<Body>>,
}

impl Generations {
    fn get(&mut self, key: &Key) -> Option<Rc<Body>> {
        if let Some(body) = self.young.get(key) {
            return Some(Rc::clone(body));
        }
        let body = self.old.remove(key)?;
        self.put(*key, Rc::clone(&body));
        Some(body)
    }

    fn put(&mut self, key: Key, body: Rc<Body>) {
        if self.young.len() >= BODIES_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, body);
    }
}

impl Bodies {
    /// Gives the text of a message in so many columns; `called` finds in it what calls this person.
    ///
    /// What changes the looks of all texts is followed by [`Self::forget`].
    pub(crate) fn body(
        &self,
        message: &Message,
        columns: usize,
        context: &RowContext<'_>,
        called: impl FnOnce(&str) -> Vec<Range<usize>>,
    ) -> Rc<Body> {
        let (me, has_emoji) = (context.me, context.has_emoji);
        let key = Key { id: message.id, rev: message.rev, bytes: message.content.len(), columns, me };
        if let Some(body) = self.kept.borrow_mut().get(&key) {
            return body;
        }
        let source = markdown::source_of(&message.content);
        let body = if message.message_type == MessageType::Code {
            let code = message.code.clone().unwrap_or_default();
            let [language, title] =
                [code.language, code.file_name].map(|word| super::text::line(word.as_deref().unwrap_or_default()));
            let dress = Dress { columns, called: &[], has_emoji, colours: &|code| self.colours_of(code) };
            markdown::lay_out_code(&source, &language, &title, &dress)
        } else {
            let called = called(&source);
            let dress = Dress { columns, called: &called, has_emoji, colours: &|code| self.colours_of(code) };
            markdown::lay_out(&source, &dress)
        };
        let body = Rc::new(body);
        self.kept.borrow_mut().put(key, Rc::clone(&body));
        body
    }

    /// Gives the colours of some code. Where they are not known, they are asked for once.
    fn colours_of(&self, code: &CodeText) -> Option<Rc<Colours>> {
        if code.language.is_empty() || code.text.lines().count() > CODE_LINES_MAX {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        (&code.language, &code.text).hash(&mut hasher);
        let key = hasher.finish();
        if let Some(colours) = self.colours.get(&key) {
            return Some(Rc::clone(colours));
        }
        let (mut wanted, mut asked) = (self.wanted.borrow_mut(), self.asked.borrow_mut());
        if asked.len() >= ASKED_MAX {
            // Of an unknown language nothing ever comes: what is still looked at is asked for once more.
            asked.clear();
        }
        if wanted.len() < WANTED_MAX && asked.insert(key) {
            wanted.push(CodeJob { key, code: code.clone() });
        }
        None
    }

    /// Takes what is to be coloured since the last time.
    pub(crate) fn take_wanted(&mut self) -> Vec<CodeJob> {
        std::mem::take(self.wanted.get_mut())
    }

    /// Takes the colours of some code.
    pub(crate) fn put_colours(&mut self, key: CodeKey, colours: Colours) {
        if self.colours.len() >= COLOURED_MAX {
            self.colours.clear();
            self.asked.get_mut().clear();
        }
        self.asked.get_mut().insert(key);
        if !colours.is_empty() {
            self.colours.insert(key, Rc::new(colours));
            self.forget();
        }
    }

    /// Forgets what is laid out: it is laid out anew when it is shown.
    pub(crate) fn forget(&mut self) {
        *self.kept.get_mut() = Generations::default();
    }

    pub(crate) fn is_unfolded(&self, id: MessageId) -> bool {
        self.unfolded.contains(&id)
    }

    /// Unfolds a message, or folds it again.
    pub(crate) fn toggle_fold(&mut self, id: MessageId) {
        if self.is_unfolded(id) {
            self.unfolded.retain(|held| *held != id);
            return;
        }
        if self.unfolded.len() >= UNFOLDED_MAX {
            self.unfolded.pop_front();
        }
        self.unfolded.push_back(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_of_which_nothing_comes_is_not_remembered_for_ever() {
        let mut bodies = Bodies::default();
        for number in 0..3 * ASKED_MAX {
            let code = CodeText { language: "unheard-of".to_owned(), text: number.to_string() };
            assert_eq!(bodies.colours_of(&code), None);
            for job in bodies.take_wanted() {
                bodies.put_colours(job.key, Colours::default());
            }
        }
        assert!(bodies.asked.borrow().len() <= ASKED_MAX);
    }
}
