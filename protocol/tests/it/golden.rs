//! Checks of one type against its JSON.

use std::any::type_name;
use std::collections::BTreeSet;
use std::fmt::Debug;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What every type of the wire is.
pub(crate) trait Wire: Serialize + DeserializeOwned + JsonSchema + PartialEq + Debug {}

impl<T: Serialize + DeserializeOwned + JsonSchema + PartialEq + Debug> Wire for T {}

/// Checks JSON that names every field of `T`: it is read and written back unchanged, a field of the future is ignored.
#[track_caller]
pub(crate) fn full<T: Wire>(json: &Value) {
    let value: T = parse(json);
    assert_eq!(written(&value), *json, "{} is not written as it was read", type_name::<T>());
    assert_eq!(parse::<T>(&with_future_field(json)), value, "a field of the future changes {}", type_name::<T>());
    let schema = schema_of::<T>();
    if schema.get("oneOf").or(schema.get("anyOf")).is_none() {
        assert_eq!(keys(json), properties(&schema, &schema), "fields of {}", type_name::<T>());
    }
}

/// Checks JSON that has only what `T` requires: it stands for `meant`, and without any one field it is refused by name.
#[track_caller]
pub(crate) fn least<T: Wire>(json: &Value, meant: &Value) {
    let value: T = parse(json);
    assert_eq!(value, parse::<T>(meant), "the least {} means something else", type_name::<T>());
    for key in keys(json) {
        let mut cut = json.clone();
        cut.as_object_mut().expect("an object").remove(&key);
        let refused = serde_json::from_value::<T>(cut).expect_err("a required field is missing").to_string();
        assert!(refused.contains(&format!("`{key}`")), "{} without {key}: {refused}", type_name::<T>());
    }
}

/// Checks every variant of an internally tagged enum: each is there with all its fields, and is read and written back.
#[track_caller]
pub(crate) fn variants<T: Wire>(tag: &str, all: &[Value]) {
    let schema = schema_of::<T>();
    let mut missing: BTreeSet<String> = tags(&schema, tag);
    for json in all {
        full::<T>(json);
        let name = json[tag].as_str().expect("a tag");
        let variant = variant(&schema, tag, name);
        let mut fields = properties(variant, &schema);
        fields.extend(properties_here(&schema));
        assert_eq!(keys(json), fields, "fields of {} {name}", type_name::<T>());
        missing.remove(name);
    }
    // What stands for the unknown has no name of its own on the wire.
    missing.retain(|name| !name.eq_ignore_ascii_case("unknown"));
    assert!(missing.is_empty(), "{} has no golden JSON for {missing:?}", type_name::<T>());
}

/// Checks an enum that is one word: these are all its words, and no other is written.
#[track_caller]
pub(crate) fn words<T: Wire>(all: &[&str]) {
    for word in all {
        assert_eq!(written(&parse::<T>(&json!(word))), json!(word));
    }
    let schema = schema_of::<T>();
    let listed = schema.get("enum").into_iter().flat_map(|list| list.as_array().expect("a list")).cloned();
    let described = schema.get("oneOf").into_iter().flat_map(|list| list.as_array().expect("a list"));
    let described = described.flat_map(|one| match (one.get("const"), one.get("enum")) {
        (Some(word), _) => vec![word.clone()],
        (None, Some(words)) => words.as_array().expect("a list").clone(),
        (None, None) => panic!("{one} is no word"),
    });
    let known: BTreeSet<String> =
        listed.chain(described).map(|word| word.as_str().expect("a word").to_owned()).collect();
    assert_eq!(known, all.iter().map(|word| (*word).to_owned()).collect(), "words of {}", type_name::<T>());
}

/// Checks that a word of the future is read as this one.
#[track_caller]
pub(crate) fn future_word_is_read_as<T: Wire>(word: &str) {
    assert_eq!(parse::<T>(&json!("from_the_future")), parse::<T>(&json!(word)));
}

/// Checks that a value is refused with an error that has these words in it.
#[track_caller]
pub(crate) fn refused<T: Wire>(json: &Value, words: &str) {
    let error = serde_json::from_value::<T>(json.clone()).expect_err("a refusal").to_string();
    assert!(error.contains(words), "{}: {error}", type_name::<T>());
}

/// Gives an object with more fields.
pub(crate) fn with(object: &Value, more: Value) -> Value {
    let mut all = object.clone();
    let Value::Object(more) = more else { panic!("{more} is no object") };
    all.as_object_mut().expect("an object").extend(more);
    all
}

/// Gives an object with the named fields left out.
pub(crate) fn without(object: &Value, names: &[&str]) -> Value {
    let mut rest = object.clone();
    rest.as_object_mut().expect("an object").retain(|name, _| !names.contains(&name.as_str()));
    rest
}

/// Reads a value the way both sides do: from text.
#[track_caller]
pub(crate) fn parse<T: Wire>(json: &Value) -> T {
    match serde_json::from_str(&json.to_string()) {
        Ok(value) => value,
        Err(error) => panic!("{} is not read from {json}: {error}", type_name::<T>()),
    }
}

#[track_caller]
fn written<T: Wire>(value: &T) -> Value {
    let text = serde_json::to_string(value).expect("every type of the wire can be written");
    serde_json::from_str(&text).expect("what serde_json writes is JSON")
}

fn with_future_field(json: &Value) -> Value {
    if json.is_object() { with(json, json!({"from_the_future": {"id": 1, "ok": [null]}})) } else { json.clone() }
}

fn schema_of<T: JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}

fn keys(json: &Value) -> BTreeSet<String> {
    json.as_object().map(|object| object.keys().cloned().collect()).unwrap_or_default()
}

/// Gives the names of a schema's properties, those of what it includes too.
fn properties(schema: &Value, root: &Value) -> BTreeSet<String> {
    let mut all = properties_here(schema);
    if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(path.trim_start_matches('#')).expect("the schema has what it refers to");
        all.extend(properties(target, root));
    }
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        all.extend(properties(part, root));
    }
    all
}

fn properties_here(schema: &Value) -> BTreeSet<String> {
    schema.get("properties").map(keys).unwrap_or_default()
}

fn tags(schema: &Value, tag: &str) -> BTreeSet<String> {
    one_of(schema)
        .iter()
        .filter_map(|variant| variant["properties"][tag]["const"].as_str())
        .map(str::to_owned)
        .collect()
}

#[track_caller]
fn variant<'a>(schema: &'a Value, tag: &str, name: &str) -> &'a Value {
    let found = one_of(schema).iter().find(|variant| variant["properties"][tag]["const"] == *name);
    found.unwrap_or_else(|| panic!("the schema has no {tag} {name}"))
}

fn one_of(schema: &Value) -> &[Value] {
    schema.get("oneOf").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
