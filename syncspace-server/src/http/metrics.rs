//! Figures for programs that watch the server, outside `/api/v1`, in Prometheus' text format.

use std::fmt::Write as _;
use std::sync::Arc;

use syncspace_protocol::ErrorCode;

use super::State;
use super::reply::{Failure, Lines};
use super::route::Route;
use crate::service::Figure;

/// What the name of every figure begins with.
const PREFIX: &str = "syncspace";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::plain("/metrics", "metrics", metrics)
            .about("Gives the figures of this instance in Prometheus' text format; none is about a person.")
            .refuses(&[ErrorCode::Unavailable]),
    ]
}

async fn metrics(state: Arc<State>) -> Result<Lines, Failure> {
    Ok(Lines(text(&state.service()?.figures().await)))
}

fn text(figures: &[Figure]) -> String {
    let (mut text, mut last) = (String::new(), "");
    for Figure { name, about, is_sum, value } in figures {
        let kind = if *is_sum { "counter" } else { "gauge" };
        let family = name.split('{').next().unwrap_or_default();
        // Writing into a string cannot fail. Figures of one name that labels tell apart stand under one head.
        if std::mem::replace(&mut last, family) != family {
            let _ = write!(text, "# HELP {PREFIX}_{family} {about}\n# TYPE {PREFIX}_{family} {kind}\n");
        }
        let _ = writeln!(text, "{PREFIX}_{name} {value}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_a_name_a_kind_and_a_sentence() {
        let figure = Figure { name: "store_reads_total", about: "Statements that read.", is_sum: true, value: 7 };
        let expected = "# HELP syncspace_store_reads_total Statements that read.\n\
                        # TYPE syncspace_store_reads_total counter\nsyncspace_store_reads_total 7\n";
        assert_eq!(text(&[figure]), expected);
        let labelled = |name| Figure { name, about: "Refused.", is_sum: true, value: 1 };
        let expected = "# HELP syncspace_refused_total Refused.\n# TYPE syncspace_refused_total counter\n\
                        syncspace_refused_total{reason=\"a\"} 1\nsyncspace_refused_total{reason=\"b\"} 1\n";
        let figures = [labelled("refused_total{reason=\"a\"}"), labelled("refused_total{reason=\"b\"}")];
        assert_eq!(text(&figures), expected);
    }
}
