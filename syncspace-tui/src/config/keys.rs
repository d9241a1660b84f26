//! The table `[keys]`: a preset, and actions with their keys.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Problems, in_order, nearest};
use crate::app::action::ACTIONS;
use crate::app::keymap::{Builder, Keymap, Preset, Sequence, doubt, place_of};

/// Reads the keys above a preset: the one given, else the one of the table.
pub(super) fn read(table: Option<&DeTable<'_>>, preset: Option<Preset>, problems: &mut Problems<'_>) -> Keymap {
    let Some(table) = table else { return Keymap::of(preset.unwrap_or_default()) };
    let named = table.get("preset").map(|value| read_preset(value, problems)).unwrap_or_default();
    let mut builder = Builder::new(preset.unwrap_or(named));
    for (key, value) in in_order(table).into_iter().filter(|(key, _)| key.get_ref() != "preset") {
        if problems.has_line_of(key.span().start) {
            continue;
        }
        let name = key.get_ref().as_ref();
        let Some(at) = place_of(name) else {
            let names = ACTIONS.iter().map(|info| info.name);
            let near = nearest(name, names).map_or_else(String::new, |near| format!("; is it {near}?"));
            problems.add(key.span().start, format!("there is no action {name}{near}"));
            continue;
        };
        bind(&mut builder, at, value, problems);
    }
    builder.finish()
}

fn read_preset(value: &Spanned<DeValue<'_>>, problems: &mut Problems<'_>) -> Preset {
    let named = value.get_ref().as_str().and_then(Preset::named);
    if named.is_none() {
        let words = format!("the preset is one of {}; it stays standard", Preset::NAMES.join(", "));
        problems.add(value.span().start, words);
    }
    named.unwrap_or_default()
}

/// Gives an action the keys of one line. Wrong ones are left out; where all are wrong, it keeps what it had.
fn bind(builder: &mut Builder, at: usize, value: &Spanned<DeValue<'_>>, problems: &mut Problems<'_>) {
    let written = match value.get_ref() {
        DeValue::Array(items) => items.iter().collect(),
        DeValue::Boolean(false) => Vec::new(),
        _ => vec![value],
    };
    let mut sequences = Vec::new();
    for item in &written {
        let place = item.span().start;
        match item.get_ref().as_str().map(Sequence::parse) {
            Some(Ok(keys)) => sequences.push((place, keys)),
            Some(Err(why)) => problems.add(place, why),
            None => problems.add(place, "keys are text, like \"ctrl+k\" or \"g g\"; [] is none"),
        }
    }
    if sequences.is_empty() && !written.is_empty() {
        return;
    }
    builder.clear(at);
    for (place, keys) in sequences {
        for key in keys.keys() {
            if let Some(other) = doubt(*key) {
                let words =
                    format!("{}: a terminal without the enhanced keyboard protocol takes it for {other}", key.label());
                problems.doubt(place, words);
            }
        }
        if let Err(why) = builder.claim(at, keys) {
            problems.add(place, why);
        }
    }
}
