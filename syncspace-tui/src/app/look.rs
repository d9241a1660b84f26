//! How the program looks: the theme, how many colours the terminal has, and what is behind them.
//!
//! The view draws with the sixteen colours of a terminal as names of meanings; a theme says what each name looks like.
//! So nothing that draws knows of themes.

use ratatui::style::Color;

/// Colours for every meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Theme {
    /// Dark or light, as the terminal's background is; its own palette where that is not known.
    #[default]
    Auto,
    Terminal,
    Dark,
    Light,
    HighContrast,
    Monochrome,
}

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Depth {
    None,
    #[default]
    Sixteen,
    Indexed,
    True,
}

/// A colour of three channels.
pub(crate) type Rgb = (u8, u8, u8);

/// What decides how the program looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Look {
    pub(crate) theme: Theme,
    pub(crate) depth: Depth,
    /// The background of the terminal, where it told.
    pub(crate) behind: Option<Rgb>,
}

/// What the sixteen names look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Palette {
    /// In the order of the terminal's own numbers.
    pub(crate) names: [Color; 16],
    pub(crate) foreground: Color,
    pub(crate) background: Color,
}

/// The list of themes while one is chosen.
#[derive(Debug)]
pub(crate) struct ThemePicker {
    pub(crate) chosen: usize,
    /// What it was, for who changes their mind.
    pub(crate) before: Theme,
}

/// The darkest and the lightest backgrounds on which the colours of a theme are readable.
const DARK_LUMINANCE_MAX: f64 = 0.045;
const LIGHT_LUMINANCE_MIN: f64 = 0.75;

impl Theme {
    /// Every theme with its name and what it is.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 6] = [
        (Self::Auto, "auto", "dark or light, as your terminal is"),
        (Self::Terminal, "terminal", "the colours of your terminal"),
        (Self::Dark, "dark", "light text on a dark background"),
        (Self::Light, "light", "dark text on a light background"),
        (Self::HighContrast, "high-contrast", "white on black, strong colours"),
        (Self::Monochrome, "monochrome", "no colours: bold and reversed text"),
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, held, _)| *held == name).map(|(theme, ..)| *theme)
    }

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(theme, ..)| *theme == self).map_or("", |(_, name, _)| name)
    }
}

impl Depth {
    pub(crate) const NAMES: [&'static str; 5] = ["auto", "true", "256", "16", "none"];

    /// Gives the depth of a name; none for one that the terminal decides.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "true" => Some(Self::True),
            "256" => Some(Self::Indexed),
            "16" => Some(Self::Sixteen),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    /// Guesses from the environment, as programs do: `NO_COLOR`, `COLORTERM`, `TERM`.
    pub(crate) fn guess(variable: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name| variable(name).unwrap_or_default();
        let (term, colours) = (value("TERM"), value("COLORTERM"));
        if !value("NO_COLOR").is_empty() || term == "dumb" {
            Self::None
        } else if matches!(colours.as_str(), "truecolor" | "24bit") || term.contains("direct") {
            Self::True
        } else if term.contains("256") || term.contains("kitty") || term.contains("ghostty") {
            Self::Indexed
        } else {
            Self::Sixteen
        }
    }
}

impl Look {
    /// Gives the theme that holds: what `Auto` comes to here.
    pub(crate) fn theme(&self) -> Theme {
        match (self.theme, self.depth, self.behind.map(luminance)) {
            (_, Depth::None, _) => Theme::Monochrome,
            (Theme::Auto, Depth::Indexed | Depth::True, Some(behind)) if behind <= DARK_LUMINANCE_MAX => Theme::Dark,
            (Theme::Auto, Depth::Indexed | Depth::True, Some(behind)) if behind >= LIGHT_LUMINANCE_MIN => Theme::Light,
            (Theme::Auto, ..) => Theme::Terminal,
            (theme, ..) => theme,
        }
    }

    /// Gives what the names look like; none where they are the terminal's own, or there are no colours.
    pub(crate) fn palette(&self) -> Option<Palette> {
        let theme = self.theme();
        let mut palette = match (theme, self.depth) {
            (Theme::Auto | Theme::Terminal | Theme::Monochrome, _) | (_, Depth::None) => return None,
            (theme, Depth::Sixteen) => sixteen(theme),
            (theme, depth) => rgb(theme).at(depth),
        };
        if self.theme == Theme::Auto {
            // The background is known to be right, and stays the terminal's: it may be an image, or let something through.
            (palette.foreground, palette.background) = (Color::Reset, Color::Reset);
        }
        Some(palette)
    }

    /// Tells whether there are no colours to be shown.
    pub(crate) fn is_monochrome(&self) -> bool {
        self.theme() == Theme::Monochrome
    }

    /// Gives a colour of three channels as this terminal can show it.
    pub(crate) fn fit(&self, rgb: Rgb) -> Color {
        match self.depth {
            Depth::True => Color::Rgb(rgb.0, rgb.1, rgb.2),
            Depth::Indexed => Color::Indexed(nearest(rgb)),
            // Of sixteen nobody knows how they look.
            Depth::Sixteen | Depth::None => Color::Reset,
        }
    }
}

/// A palette of three channels.
struct Wide {
    names: [u32; 16],
    foreground: u32,
    background: u32,
}

impl Wide {
    fn at(&self, depth: Depth) -> Palette {
        let look = Look { depth, ..Look::default() };
        let colour = |hex: u32| {
            let [_, red, green, blue] = hex.to_be_bytes();
            look.fit((red, green, blue))
        };
        let (foreground, background) = (colour(self.foreground), colour(self.background));
        Palette { names: self.names.map(colour), foreground, background }
    }
}

/// Black to white as the terminal numbers them; black and white are what is behind the text, and the strongest text.
const fn rgb(theme: Theme) -> Wide {
    match theme {
        Theme::Light => Wide {
            names: [
                0xfa_fafa, 0xb3_261e, 0x1a_6b2c, 0x7a_5200, 0x0b_57b0, 0x8a_2a9b, 0x00_636f, 0x4b_535d, 0x5b_636e,
                0xaf_0000, 0x2f_6d1f, 0x6f_5a00, 0x2f_5fb8, 0x9b_2f7f, 0x1f_6570, 0x00_0000,
            ],
            foreground: 0x24_292f,
            background: 0xfa_fafa,
        },
        Theme::HighContrast => Wide {
            names: [
                0x00_0000, 0xff_9090, 0x66_ff66, 0xff_ff00, 0x8c_c8ff, 0xff_9cff, 0x00_ffff, 0xe4_e4e4, 0xd0_d0d0,
                0xff_b0a0, 0xa0_ffa0, 0xff_ffa0, 0xb0_d8ff, 0xff_c0ff, 0xa0_ffff, 0xff_ffff,
            ],
            foreground: 0xff_ffff,
            background: 0x00_0000,
        },
        _ => Wide {
            names: [
                0x16_181d, 0xf4_8585, 0x8f_ce7a, 0xe6_c065, 0x86_b8f5, 0xd5_9af0, 0x6f_d0d9, 0xc0_c4cc, 0xa2_a9b5,
                0xff_9e8f, 0xa9_e39b, 0xf3_d58a, 0xa3_c9fa, 0xe6_b8f7, 0x9b_e4ea, 0xff_ffff,
            ],
            foreground: 0xd7_dae0,
            background: 0x16_181d,
        },
    }
}

/// The same from the terminal's own sixteen: those that are readable on black, or on white, nearly everywhere.
const fn sixteen(theme: Theme) -> Palette {
    use Color::{Black, Blue, Gray, LightCyan, LightGreen, LightMagenta, LightRed, LightYellow, Red, White};
    match theme {
        Theme::Light => Palette {
            names: [White, Red, Blue, Red, Blue, Blue, Blue, Black, Black, Red, Blue, Red, Blue, Blue, Blue, Black],
            foreground: Black,
            background: White,
        },
        Theme::HighContrast => Palette {
            names: [
                Black,
                LightRed,
                LightGreen,
                LightYellow,
                LightCyan,
                LightMagenta,
                LightCyan,
                White,
                White,
                LightRed,
                LightGreen,
                LightYellow,
                LightCyan,
                LightMagenta,
                LightCyan,
                White,
            ],
            foreground: White,
            background: Black,
        },
        _ => Palette {
            names: [
                Black,
                LightRed,
                LightGreen,
                LightYellow,
                LightCyan,
                LightMagenta,
                LightCyan,
                Gray,
                Gray,
                LightRed,
                LightGreen,
                LightYellow,
                LightCyan,
                LightMagenta,
                LightCyan,
                White,
            ],
            foreground: White,
            background: Black,
        },
    }
}

/// Gives the relative luminance of a colour, 0 to 1, as WCAG 2 defines it.
pub(crate) fn luminance((red, green, blue): Rgb) -> f64 {
    let linear = |channel: u8| {
        let share = f64::from(channel) / 255.0;
        if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

/// Steps of one channel in the cube of 6 x 6 x 6 colours.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// Gives the nearest of the 240 fixed colours: the cube, and the greys. The first sixteen are the person's own.
fn nearest(rgb: Rgb) -> u8 {
    (16..=255).min_by_key(|&index| distance(indexed(index), rgb)).unwrap_or(16)
}

/// Gives the channels of one of the fixed colours.
pub(crate) fn indexed(index: u8) -> Rgb {
    let step = |at: u8| CUBE[usize::from(at % 6)];
    match index.checked_sub(16) {
        Some(cube @ 0..216) => (step(cube / 36), step(cube / 6), step(cube)),
        Some(grey) => {
            let level = 8 + 10 * (grey - 216);
            (level, level, level)
        }
        None => (0, 0, 0),
    }
}

fn distance(one: Rgb, other: Rgb) -> u32 {
    let of = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
    of(one.0, other.0) * 3 + of(one.1, other.1) * 4 + of(one.2, other.2) * 2
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What xterm makes of its sixteen.
    const XTERM: [Rgb; 16] = [
        (0, 0, 0),
        (205, 0, 0),
        (0, 205, 0),
        (205, 205, 0),
        (0, 0, 238),
        (205, 0, 205),
        (0, 205, 205),
        (229, 229, 229),
        (127, 127, 127),
        (255, 0, 0),
        (0, 255, 0),
        (255, 255, 0),
        (92, 92, 255),
        (255, 0, 255),
        (0, 255, 255),
        (255, 255, 255),
    ];

    fn channels(colour: Color) -> Rgb {
        use Color::*;
        let named = [
            Black,
            Red,
            Green,
            Yellow,
            Blue,
            Magenta,
            Cyan,
            Gray,
            DarkGray,
            LightRed,
            LightGreen,
            LightYellow,
            LightBlue,
            LightMagenta,
            LightCyan,
            White,
        ];
        match colour {
            Rgb(red, green, blue) => (red, green, blue),
            Indexed(index) => indexed(index),
            other => XTERM[named.iter().position(|name| *name == other).expect("a colour of a theme")],
        }
    }

    fn contrast(one: Rgb, other: Rgb) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        one.max(other) / one.min(other)
    }

    #[test]
    fn pain_22_every_theme_has_the_contrast_of_wcag_aa() {
        for (theme, least) in [(Theme::Dark, 4.5), (Theme::Light, 4.5), (Theme::HighContrast, 7.0)] {
            for depth in [Depth::True, Depth::Indexed, Depth::Sixteen] {
                // Red of sixteen is as strong as it is; what is more than enough for text is enough there.
                let least = if depth == Depth::Sixteen { 4.5 } else { least };
                let palette = Look { theme, depth, behind: None }.palette().expect("colours");
                // Black is what is behind.
                for (at, colour) in palette.names.iter().skip(1).chain([&palette.foreground]).enumerate() {
                    let contrast = contrast(channels(*colour), channels(palette.background));
                    assert!(contrast >= least, "{theme:?} {depth:?}, {}: {contrast:.2}", at + 1);
                }
            }
        }
    }

    #[test]
    fn what_follows_the_terminal_has_that_contrast_on_known_backgrounds() {
        let check = |behind: Rgb, expected: Theme| {
            for depth in [Depth::True, Depth::Indexed] {
                let look = Look { theme: Theme::Auto, depth, behind: Some(behind) };
                assert_eq!(look.theme(), expected, "{behind:?}");
                let Some(palette) = look.palette() else { continue };
                assert_eq!((palette.foreground, palette.background), (Color::Reset, Color::Reset), "it stays its own");
                for colour in palette.names.iter().skip(1) {
                    let contrast = contrast(channels(*colour), behind);
                    assert!(contrast >= 4.5, "{behind:?} {depth:?} {colour:?}: {contrast:.2}");
                }
            }
        };
        // Black, Solarized, One, Nord, Gruvbox; white, Solarized, Gruvbox; and a grey for which nothing is made.
        for dark in [(0, 0, 0), (0, 43, 54), (40, 44, 52), (46, 52, 64), (40, 40, 40)] {
            check(dark, Theme::Dark);
        }
        for light in [(255, 255, 255), (253, 246, 227), (251, 241, 199)] {
            check(light, Theme::Light);
        }
        check((128, 128, 128), Theme::Terminal);
    }

    #[test]
    fn the_environment_says_how_many_colours_there_are() {
        let check = |environment: &[(&str, &str)], depth| {
            let variable =
                |name: &str| environment.iter().find(|(held, _)| *held == name).map(|(_, v)| (*v).to_owned());
            assert_eq!(Depth::guess(variable), depth, "{environment:?}");
        };
        check(&[("TERM", "xterm")], Depth::Sixteen);
        check(&[], Depth::Sixteen);
        check(&[("TERM", "xterm-256color")], Depth::Indexed);
        check(&[("TERM", "screen-256color"), ("COLORTERM", "truecolor")], Depth::True);
        check(&[("TERM", "xterm-direct")], Depth::True);
        check(&[("TERM", "dumb"), ("COLORTERM", "truecolor")], Depth::None);
        check(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")], Depth::None);
        check(&[("TERM", "xterm-256color"), ("NO_COLOR", "")], Depth::Indexed);
    }

    #[test]
    fn without_colours_every_theme_is_monochrome() {
        for (theme, ..) in Theme::ALL {
            let look = Look { theme, depth: Depth::None, behind: Some((0, 0, 0)) };
            assert!(look.is_monochrome() && look.palette().is_none());
        }
    }

    #[test]
    fn fixed_colours_are_their_own_nearest() {
        for index in 16..=255 {
            assert_eq!(indexed(nearest(indexed(index))), indexed(index));
        }
    }
}
