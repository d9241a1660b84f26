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
    Ok(Lines(text(&state.service()?.figures())))
}

fn text(figures: &[Figure]) -> String {
    let mut text = String::new();
    for Figure { name, about, is_sum, value } in figures {
        let kind = if *is_sum { "counter" } else { "gauge" };
        // Writing into a string cannot fail.
        let _ =
            write!(text, "# HELP {PREFIX}_{name} {about}\n# TYPE {PREFIX}_{name} {kind}\n{PREFIX}_{name} {value}\n");
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
    }
}
