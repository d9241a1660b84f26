//! What is said of many measurements.

use std::fmt;
use std::time::Duration;

/// Median, least and most of several measurements.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    /// Half of them are less.
    pub median: f64,
    /// The smallest.
    pub least: f64,
    /// The largest.
    pub most: f64,
}

impl Spread {
    /// Sums measurements up.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
        Self { median: at(values.len() / 2), least: at(0), most: at(values.len().saturating_sub(1)) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = f.precision().unwrap_or(2);
        let text = format!("{:.places$} ({:.places$} to {:.places$})", self.median, self.least, self.most);
        // Not `pad`, which would cut the text to the precision.
        write!(f, "{text:>width$}", width = f.width().unwrap_or(0))
    }
}

/// Gives the value that this share of sorted times does not exceed, in milliseconds.
#[must_use]
pub fn percentile_ms(sorted: &[Duration], percent: usize) -> f64 {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).map_or(f64::NAN, |time| time.as_secs_f64() * 1_000.0)
}
