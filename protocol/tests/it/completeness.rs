//! Nothing of the wire is left out: every type has golden JSON, every word of the glossary is in use.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Gives the text of every Rust file in a folder of this crate.
fn sources(folder: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut texts = String::new();
    for entry in fs::read_dir(folder).expect("a folder of this crate") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            texts.push_str(&fs::read_to_string(path).expect("a source file"));
        }
    }
    texts
}

/// Gives the names of the types that can be written as JSON.
fn wire_types(source: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let mut is_wire = false;
    for line in source.lines().map(str::trim) {
        let item = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "));
        if line.starts_with("#[derive(") {
            is_wire = line.contains("Serialize");
        } else if let Some(item) = item {
            let name = item.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            if is_wire && !name.is_empty() {
                names.insert(name);
            }
            is_wire = false;
        }
    }
    names
}

#[test]
fn every_type_has_golden_json() {
    let (source, tests) = (sources("src"), sources("tests/it"));
    let types = wire_types(&source);
    assert!(types.len() > 50, "only {types:?} were found");
    let missing: Vec<_> = types
        .into_iter()
        .filter(|name| {
            !["::<", "<"].iter().any(|open| tests.contains(&format!("{open}{name}>")))
                && !tests.contains(&format!("<{name}<"))
        })
        .collect();
    assert!(missing.is_empty(), "no golden JSON for {missing:?}");
}

#[test]
fn every_number_and_name_type_has_golden_json() {
    let (source, tests) = (sources("src"), sources("tests/it"));
    let mut names = Vec::new();
    let mut lines = source.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if line == "number!(" || line == "text_type!(" {
            let item = lines.find(|line| !line.starts_with("///")).expect("a name follows its documentation");
            names.push(item.split(',').next().unwrap_or_default().to_owned());
        }
    }
    assert_eq!(names.len(), 25, "{names:?}");
    names.retain(|name| !tests.contains(&format!("full::<{name}>")));
    assert!(names.is_empty(), "no golden JSON for {names:?}");
}

#[test]
fn every_word_of_the_glossary_is_in_use() {
    let library = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("lib.rs");
    let rest = sources("src").replace(&library, "").to_lowercase();
    let rows = library.lines().filter_map(|line| line.strip_prefix("//! | ")).filter(|row| !row.starts_with("word"));
    let words: Vec<&str> = rows.filter_map(|row| row.split(" | ").next()).filter(|word| *word != "---").collect();
    assert!(words.len() > 10, "only {words:?} were found");
    for word in words.iter().flat_map(|word| word.split(" / ")) {
        let word = word.trim_matches('`');
        assert!(rest.contains(word), "the glossary explains {word:?}, and nothing is called so");
    }
}
