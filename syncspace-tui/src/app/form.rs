//! A form: fields one below another, with the errors at the field. Start and dialogs are made of it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::key::Key;
use super::line_input::LineInput;

/// Options of a choice that one page is.
const PAGE_OPTIONS: usize = 7;

/// What a field is, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input<Tag> {
    /// One line.
    Line(LineInput),
    /// One line that is not shown.
    Secret(LineInput),
    /// One of several.
    Pick { options: Vec<(Tag, String)>, chosen: usize },
    /// Yes or no.
    Toggle(bool),
}

/// One line of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field<Id, Tag> {
    pub(crate) id: Id,
    pub(crate) label: &'static str,
    pub(crate) hint: &'static str,
    pub(crate) input: Input<Tag>,
    pub(crate) is_optional: bool,
    /// Shown only while one of these is picked in the form; always where empty.
    pub(crate) shown_for: Vec<Tag>,
    pub(crate) error: Option<String>,
}

/// Fields one below another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form<Id, Tag> {
    pub(crate) title: String,
    pub(crate) intro: Vec<String>,
    pub(crate) fields: Vec<Field<Id, Tag>>,
    /// What Enter does, in a word or two.
    pub(crate) submit: &'static str,
    /// Index of the field that takes the keys.
    pub(crate) focus: usize,
    /// What went wrong with the whole.
    pub(crate) error: Option<String>,
    /// What is being done; no second submit meanwhile.
    pub(crate) busy: Option<&'static str>,
    /// What y copies, where the form only shows something.
    pub(crate) copied: Option<String>,
}

/// What a key did to a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pressed {
    /// It was edited, or the key means nothing here.
    Stays,
    /// It is to be acted on.
    Submit,
    /// It is to be left.
    Cancel,
    /// What it shows is to be copied.
    Copy,
}

impl<Id: Copy + PartialEq, Tag: Clone + PartialEq> Form<Id, Tag> {
    pub(crate) fn new(title: impl Into<String>, submit: &'static str) -> Self {
        let title = title.into();
        Self { title, intro: Vec::new(), fields: Vec::new(), submit, focus: 0, error: None, busy: None, copied: None }
    }

    #[must_use]
    pub(crate) fn intro(mut self, line: impl Into<String>) -> Self {
        self.intro.push(line.into());
        self
    }

    #[must_use]
    pub(crate) fn field(mut self, id: Id, label: &'static str, hint: &'static str, input: Input<Tag>) -> Self {
        let field = Field { id, label, hint, input, is_optional: false, shown_for: Vec::new(), error: None };
        self.fields.push(field);
        self
    }

    /// Makes the last field optional.
    #[must_use]
    pub(crate) fn optional(mut self) -> Self {
        if let Some(field) = self.fields.last_mut() {
            field.is_optional = true;
        }
        self
    }

    /// Shows the last field only while one of these is picked.
    #[must_use]
    pub(crate) fn shown_for(mut self, tags: &[Tag]) -> Self {
        if let Some(field) = self.fields.last_mut() {
            field.shown_for = tags.to_vec();
        }
        self
    }

    /// Puts the focus on the first field that takes text, where one is shown: people begin to type at once.
    #[must_use]
    pub(crate) fn begins_with_text(mut self) -> Self {
        self.focus = self.text_from(0).unwrap_or(0);
        self
    }

    /// Gives the first shown field from an index on that takes text.
    fn text_from(&self, from: usize) -> Option<usize> {
        let takes_text = |at: &usize| matches!(self.fields[*at].input, Input::Line(_) | Input::Secret(_));
        (from..self.fields.len()).filter(|&at| self.is_shown(at)).find(takes_text)
    }

    /// Empties a field.
    pub(crate) fn clear(&mut self, id: Id) {
        let fields = self.fields.iter_mut().filter(|field| field.id == id);
        for field in fields {
            if let Input::Line(input) | Input::Secret(input) = &mut field.input {
                *input = LineInput::default();
            }
        }
    }

    /// Tells whether the keys are at a field.
    pub(crate) fn is_at(&self, id: Id) -> bool {
        self.fields.get(self.focus).is_some_and(|field| field.id == id)
    }

    /// Offers the text of a field: what is typed there next takes its place.
    pub(crate) fn offer(&mut self, id: Id) {
        let field = self.fields.iter_mut().find(|field| field.id == id);
        if let Some(Field { input: Input::Line(input), .. }) = field {
            input.offer();
        }
    }

    /// Puts other options in place of those of a choice; what is chosen stays so where it is still there.
    pub(crate) fn set_options(&mut self, id: Id, new: Vec<(Tag, String)>) {
        let field = self.fields.iter_mut().find(|field| field.id == id);
        if let Some(Field { input: Input::Pick { options, chosen }, .. }) = field {
            let before = options.get(*chosen).map(|(tag, _)| tag);
            *chosen = new.iter().position(|(tag, _)| Some(tag) == before).unwrap_or(0);
            *options = new;
        }
    }

    /// Picks an option, and goes to a field that is shown with it.
    pub(crate) fn choose(&mut self, id: Id, option: &Tag, next: Id) {
        for field in self.fields.iter_mut().filter(|field| field.id == id) {
            if let Input::Pick { options, chosen } = &mut field.input {
                *chosen = options.iter().position(|(tag, _)| tag == option).unwrap_or(*chosen);
            }
        }
        self.busy = None;
        let at = (0..self.fields.len()).find(|&at| self.fields[at].id == next && self.is_shown(at));
        self.focus = at.unwrap_or(self.focus);
    }

    /// Tells whether a choice has an option.
    pub(crate) fn has(&self, id: Id, option: &Tag) -> bool {
        self.fields.iter().filter(|field| field.id == id).any(|field| match &field.input {
            Input::Pick { options, .. } => options.iter().any(|(tag, _)| tag == option),
            Input::Line(_) | Input::Secret(_) | Input::Toggle(_) => false,
        })
    }

    /// Gives the text of a field, or nothing where there is no such field.
    pub(crate) fn text(&self, id: Id) -> &str {
        self.fields.iter().find(|field| field.id == id).map_or("", |field| match &field.input {
            Input::Line(input) | Input::Secret(input) => input.text(),
            Input::Pick { .. } | Input::Toggle(_) => "",
        })
    }

    pub(crate) fn is_on(&self, id: Id) -> bool {
        self.fields.iter().any(|field| field.id == id && field.input == Input::Toggle(true))
    }

    /// Gives what is picked in a field.
    pub(crate) fn picked(&self, id: Id) -> Option<&Tag> {
        self.fields.iter().find(|field| field.id == id).and_then(|field| field.picked())
    }

    /// Tells whether a field is shown with what is picked now.
    pub(crate) fn is_shown(&self, index: usize) -> bool {
        let field = &self.fields[index];
        field.shown_for.is_empty()
            || self.fields.iter().filter_map(Field::picked).any(|tag| field.shown_for.contains(tag))
    }

    /// Puts an error at a field, or at the whole where the field is not there, and goes to it.
    pub(crate) fn fail(&mut self, id: Option<Id>, message: impl Into<String>) {
        self.busy = None;
        let at = (0..self.fields.len()).find(|&at| Some(self.fields[at].id) == id && self.is_shown(at));
        match at {
            Some(at) => {
                self.fields[at].error = Some(message.into());
                self.focus = at;
            }
            None => self.error = Some(message.into()),
        }
    }

    pub(crate) fn paste(&mut self, text: &str) {
        if self.busy.is_none()
            && let Some(field) = self.fields.get_mut(self.focus)
            && let Input::Line(input) | Input::Secret(input) = &mut field.input
        {
            input.insert(text);
            field.error = None;
        }
    }

    pub(crate) fn press(&mut self, key: KeyEvent) -> Pressed {
        if key.code == KeyCode::Esc {
            return Pressed::Cancel;
        }
        if self.busy.is_some() {
            return Pressed::Stays;
        }
        let is_plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match key.code {
            KeyCode::Tab => self.go(1),
            KeyCode::BackTab => self.go(-1),
            KeyCode::Enter => return self.enter(),
            KeyCode::Down | KeyCode::Up => self.up_or_down(key.code == KeyCode::Down),
            KeyCode::Char('y') if is_plain && self.copied.is_some() => return Pressed::Copy,
            KeyCode::Char(_) if self.copied.is_some() => {}
            KeyCode::Char('y') if is_plain && self.fields.is_empty() => return Pressed::Submit,
            KeyCode::Char('n') if is_plain && self.fields.is_empty() => return Pressed::Cancel,
            _ => self.edit(key),
        }
        Pressed::Stays
    }

    fn edit(&mut self, key: KeyEvent) {
        let is_text = Key::of(key).is_text() && key.code != KeyCode::Char(' ');
        if is_text
            && let Some(Field { input: Input::Pick { .. }, .. }) = self.fields.get(self.focus)
            && let Some(below) = self.text_from(self.focus)
        {
            self.focus = below;
        }
        let Some(field) = self.fields.get_mut(self.focus) else { return };
        let edited = match &mut field.input {
            Input::Line(input) | Input::Secret(input) => input.press(key),
            Input::Toggle(on) if matches!(key.code, KeyCode::Char(' ') | KeyCode::Left | KeyCode::Right) => {
                *on = !*on;
                true
            }
            Input::Pick { options, chosen } => match key.code {
                KeyCode::Left => step(chosen, options.len(), false),
                KeyCode::Right | KeyCode::Char(' ') => step(chosen, options.len(), true),
                KeyCode::PageUp => go_to(chosen, chosen.saturating_sub(PAGE_OPTIONS)),
                KeyCode::PageDown => go_to(chosen, (*chosen + PAGE_OPTIONS).min(options.len().saturating_sub(1))),
                KeyCode::Home => go_to(chosen, 0),
                KeyCode::End => go_to(chosen, options.len().saturating_sub(1)),
                _ => false,
            },
            Input::Toggle(_) => false,
        };
        if edited {
            field.error = None;
            self.error = None;
        }
    }

    /// Moves the choice under the keys as a wheel does: never out of it.
    pub(crate) fn wheel(&mut self, down: bool) {
        if let Some(Field { input: Input::Pick { options, chosen }, .. }) = self.fields.get_mut(self.focus) {
            step(chosen, options.len(), down);
        }
    }

    fn up_or_down(&mut self, down: bool) {
        if let Some(Field { input: Input::Pick { options, chosen }, .. }) = self.fields.get_mut(self.focus)
            && step(chosen, options.len(), down)
        {
            return;
        }
        self.go(if down { 1 } else { -1 });
    }

    /// Goes to the next field that wants text, or submits where none is left.
    fn enter(&mut self) -> Pressed {
        let next = (self.focus + 1..self.fields.len()).find(|&at| self.is_shown(at) && self.fields[at].wants_text());
        match next {
            Some(at) => {
                self.focus = at;
                Pressed::Stays
            }
            None => {
                self.error = None;
                self.fields.iter_mut().for_each(|field| field.error = None);
                Pressed::Submit
            }
        }
    }

    fn go(&mut self, step: isize) {
        let shown: Vec<usize> = (0..self.fields.len()).filter(|&at| self.is_shown(at)).collect();
        let Some(at) = shown.iter().position(|&at| at >= self.focus) else { return };
        let next = at.checked_add_signed(step).filter(|&next| next < shown.len());
        let wrapped = if step < 0 { shown.len() - 1 } else { 0 };
        self.focus = shown[next.unwrap_or(wrapped)];
    }
}

/// Moves a choice by one; tells whether there was somewhere to move to.
fn step(chosen: &mut usize, count: usize, forward: bool) -> bool {
    let next = if forward { chosen.checked_add(1).filter(|&next| next < count) } else { chosen.checked_sub(1) };
    next.inspect(|&next| *chosen = next).is_some()
}

fn go_to(chosen: &mut usize, at: usize) -> bool {
    std::mem::replace(chosen, at) != at
}

impl<Id, Tag> Field<Id, Tag> {
    fn picked(&self) -> Option<&Tag> {
        match &self.input {
            Input::Pick { options, chosen } => options.get(*chosen).map(|(tag, _)| tag),
            Input::Line(_) | Input::Secret(_) | Input::Toggle(_) => None,
        }
    }

    /// Tells whether Enter stops here on its way down: nothing is typed yet and something must be.
    fn wants_text(&self) -> bool {
        match &self.input {
            Input::Line(input) | Input::Secret(input) => input.text().is_empty() && !self.is_optional,
            Input::Pick { .. } | Input::Toggle(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form<u8, char> {
        let options = vec![('a', "log in".to_owned()), ('b', "register".to_owned())];
        Form::new("Account", "Go on")
            .field(0, "Mode", "", Input::Pick { options, chosen: 0 })
            .field(1, "Name", "", Input::Line(LineInput::default()))
            .field(2, "Again", "", Input::Secret(LineInput::default()))
            .shown_for(&['b'])
    }

    fn press(form: &mut Form<u8, char>, code: KeyCode) -> Pressed {
        form.press(KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn enter_goes_to_what_is_empty_and_then_submits() {
        let mut form = form();
        assert_eq!(press(&mut form, KeyCode::Enter), Pressed::Stays);
        assert_eq!(form.focus, 1);
        press(&mut form, KeyCode::Char('x'));
        assert_eq!(press(&mut form, KeyCode::Enter), Pressed::Submit);
        assert_eq!(form.text(1), "x");
    }

    #[test]
    fn fields_of_another_choice_are_skipped() {
        let mut form = form();
        press(&mut form, KeyCode::BackTab);
        assert_eq!(form.focus, 1);
        form.focus = 0;
        press(&mut form, KeyCode::Down);
        assert_eq!(form.picked(0), Some(&'b'));
        press(&mut form, KeyCode::BackTab);
        assert_eq!(form.focus, 2);
    }

    #[test]
    fn an_error_goes_to_its_field_and_keeps_what_was_typed() {
        let mut form = form();
        form.focus = 1;
        form.paste("alice");
        form.busy = Some("Logging in");
        assert_eq!(press(&mut form, KeyCode::Char('x')), Pressed::Stays);
        form.fail(Some(1), "no such account");
        assert_eq!((form.text(1), form.fields[1].error.as_deref()), ("alice", Some("no such account")));
        form.fail(Some(2), "not shown");
        assert_eq!(form.error.as_deref(), Some("not shown"));
    }
}
