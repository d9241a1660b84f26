//! Colours by meaning: the sixteen names of a terminal's palette. What they look like, the theme says afterwards.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use syncspace_protocol::UserId;

use crate::app::markdown::{Marks, Syntax};
use crate::app::pictures::{Cells, ImageId};
use crate::app::rows::Tone;

pub(super) const PLAIN: Style = Style::new();
pub(super) const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
pub(super) const DIM: Style = Style::new().fg(Color::DarkGray);
pub(super) const LINE: Style = Style::new().fg(Color::DarkGray);
pub(super) const ACCENT: Style = Style::new().fg(Color::Cyan);
pub(super) const CHOSEN: Style = Style::new().add_modifier(Modifier::REVERSED);
pub(super) const GOOD: Style = Style::new().fg(Color::Green);
pub(super) const WARN: Style = Style::new().fg(Color::Yellow);
pub(super) const CODE: Style = Style::new().fg(Color::Yellow);
pub(super) const BAD: Style = Style::new().fg(Color::Red);

const AUTHORS: [Color; 6] = [Color::Cyan, Color::Green, Color::Magenta, Color::Yellow, Color::Blue, Color::LightRed];

pub(super) fn of(tone: Tone) -> Style {
    match tone {
        Tone::Body => PLAIN,
        Tone::Mention => STRONG.patch(WARN),
        Tone::Author(user_id) => STRONG.fg(author(user_id)),
        Tone::Dim | Tone::Quote | Tone::Day => DIM,
        Tone::New => BAD.add_modifier(Modifier::BOLD),
        Tone::System => DIM.add_modifier(Modifier::ITALIC),
        Tone::Gap => WARN,
        Tone::Failed => BAD,
        Tone::Marked(marks) => marked(marks),
        Tone::Reaction => PLAIN,
        Tone::MyReaction => ACCENT.add_modifier(Modifier::BOLD),
        // Its bar sets it apart; colours are for what its words are.
        Tone::Code => PLAIN,
        Tone::Syntax(syntax) => of_syntax(syntax),
        Tone::Pixels { above, below } => pixels(above, below),
        Tone::Image { image, cells } => image_of(image, cells),
        Tone::Found => WARN.add_modifier(Modifier::BOLD.union(Modifier::UNDERLINED)),
        Tone::Strong => STRONG,
    }
}

fn marked(marks: Marks) -> Style {
    let mut style = if marks.has(Marks::CODE) { CODE } else { PLAIN };
    if marks.has(Marks::LINK) {
        style = style.patch(ACCENT).add_modifier(Modifier::UNDERLINED);
    }
    let modifiers = [
        (Marks::STRONG, Modifier::BOLD),
        (Marks::HEADING, Modifier::BOLD),
        (Marks::EMPHASIS, Modifier::ITALIC),
        (Marks::STRUCK, Modifier::CROSSED_OUT),
    ];
    for (mark, modifier) in modifiers {
        if marks.has(mark) {
            style = style.add_modifier(modifier);
        }
    }
    style
}

const fn of_syntax(syntax: Syntax) -> Style {
    match syntax {
        Syntax::Comment => DIM.add_modifier(Modifier::ITALIC),
        Syntax::String | Syntax::Added => GOOD,
        Syntax::Number | Syntax::Attribute => PLAIN.fg(Color::Magenta),
        Syntax::Keyword => PLAIN.fg(Color::Blue).add_modifier(Modifier::BOLD),
        Syntax::Type => WARN,
        Syntax::Function => ACCENT,
        Syntax::Removed => BAD,
    }
}

fn pixels(above: (u8, u8, u8), below: Option<(u8, u8, u8)>) -> Style {
    let colour = |(red, green, blue): (u8, u8, u8)| Color::Rgb(red, green, blue);
    let style = PLAIN.fg(colour(above));
    below.map_or(style, |below| style.bg(colour(below)))
}

/// Names an image of the terminal, and the size in which it is shown, as the terminal reads them.
fn image_of(image: ImageId, cells: Cells) -> Style {
    let colour = |number: u32| {
        let [_, red, green, blue] = number.to_be_bytes();
        Color::Rgb(red, green, blue)
    };
    PLAIN.fg(colour(image.number())).underline_color(colour(cells.number()))
}

fn author(user_id: UserId) -> Color {
    let count = AUTHORS.len() as u64;
    let at = usize::try_from(user_id.get() % count).unwrap_or(0);
    AUTHORS[at]
}

/// Draws a line from top to bottom.
pub(super) fn vertical_line(frame: &mut Frame<'_>, area: Rect) {
    let area = area.intersection(frame.area());
    for y in (area.y..area.bottom()).filter(|_| area.width > 0) {
        frame.buffer_mut()[(area.x, y)].set_symbol("│").set_style(LINE);
    }
}
