//! Makes of the names that everything is drawn with what the theme says they look like.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

use crate::app::look::{Look, Palette};
use crate::app::pictures::PLACEHOLDER;

/// Paints a finished picture.
pub(super) fn paint(buffer: &mut Buffer, look: &Look) {
    if look.is_monochrome() {
        return take_colours(buffer);
    }
    let palette = look.palette();
    for cell in &mut buffer.content {
        // Its colour names an image, and is no colour.
        if !cell.symbol().starts_with(PLACEHOLDER) {
            cell.fg = colour(cell.fg, palette.as_ref(), look, |palette| palette.foreground);
        }
        cell.bg = colour(cell.bg, palette.as_ref(), look, |palette| palette.background);
    }
}

fn colour(drawn: Color, palette: Option<&Palette>, look: &Look, bare: fn(&Palette) -> Color) -> Color {
    match (drawn, palette) {
        // Of others, like those of highlighted code: as near as the terminal can.
        (Color::Rgb(red, green, blue), _) => look.fit((red, green, blue)),
        (Color::Reset, Some(palette)) => bare(palette),
        (_, Some(palette)) => number(drawn).and_then(|at| palette.names.get(at)).copied().unwrap_or(drawn),
        (_, None) => drawn,
    }
}

/// Leaves what can be told without colours: what warns is bold.
fn take_colours(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if matches!(cell.fg, Color::Red | Color::Yellow | Color::LightRed | Color::LightYellow) {
            cell.modifier |= Modifier::BOLD;
        }
        (cell.fg, cell.bg) = (Color::Reset, Color::Reset);
    }
}

/// Gives the place of a name among the sixteen.
const fn number(name: Color) -> Option<usize> {
    Some(match name {
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        Color::Reset | Color::Rgb(..) | Color::Indexed(_) => return None,
    })
}
