//! The OpenAPI 3.1 document, made from the table of routes and the schemas of the protocol's types.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value, json};
use syncspace_protocol::{ErrorBody, ErrorCode, IDEMPOTENCY_KEY_HEADER};

use super::State;
use super::reply::{Failure, Found};
use super::route::{Generators, Route, Shape, param_names};
use crate::service::Needs;

/// Where schemas lie in the document.
const SCHEMAS: &str = "/components/schemas";

/// What lets one in.
const CREDENTIALS: &str = "The access token of a login (a JWT), or one made for a program by `POST /auth/tokens`. What an operation \
                           names here is the scope that the latter needs; where it names none, only a login will do.";

pub(super) fn routes() -> Vec<Route> {
    vec![Route::plain("/api/v1/openapi.json", "openapi", openapi).about("Gives this document.")]
}

/// The document itself; any JSON object to its own schema.
#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
struct Document(Map<String, Value>);

async fn openapi(state: Arc<State>) -> Result<Found<Document>, Failure> {
    let document = state.document.get_or_init(|| document(&super::all_routes()));
    Ok(Found(Document(document.clone())))
}

/// Describes every route.
fn document(routes: &[Route]) -> Map<String, Value> {
    let mut generators = Generators { asked: generator(Side::Asked), answered: generator(Side::Answered) };
    let error = generators.answered.subschema_for::<ErrorBody>();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for route in routes {
        let shape = (route.describe)(&mut generators);
        let operation = describe_route(route, shape, &error);
        paths.entry(&route.template).or_default().insert(route.method.as_str().to_ascii_lowercase(), operation);
    }
    let mut schemas = generators.asked.take_definitions(true);
    schemas.extend(generators.answered.take_definitions(true));
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "SyncSpace",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Team chat for the terminal. The socket at `/ws` is described in README.md; its frames are those of protocol/src/socket.rs.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer", "description": CREDENTIALS } },
        },
    });
    match document {
        Value::Object(document) => document,
        _ => Map::new(),
    }
}

enum Side {
    Asked,
    Answered,
}

fn generator(side: Side) -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = SCHEMAS.into();
        settings.meta_schema = None;
    });
    match side {
        Side::Asked => settings.for_deserialize().into_generator(),
        Side::Answered => settings.for_serialize().into_generator(),
    }
}

fn describe_route(route: &Route, shape: Shape, error: &Schema) -> Value {
    let mut operation = Map::new();
    operation.insert("operationId".to_owned(), route.operation.into());
    operation.insert("summary".to_owned(), route.summary.into());
    let codes = error_codes(route, &shape);
    let mut parameters: Vec<Value> = param_names(&route.template)
        .zip(shape.path)
        .map(|(name, schema)| json!({ "name": name, "in": "path", "required": true, "schema": schema }))
        .collect();
    parameters.extend(query_parameters(&shape.query));
    parameters.extend(shape.key.map(|schema| key_parameter(&schema)));
    if !parameters.is_empty() {
        operation.insert("parameters".to_owned(), parameters.into());
    }
    if let Some(schema) = shape.body {
        operation.insert(
            "requestBody".to_owned(),
            json!({ "required": true, "content": { shape.media_type: { "schema": schema } } }),
        );
    }
    let scopes: Vec<_> = if let Some(Needs::Scope(scope)) = route.needs { vec![scope] } else { Vec::new() };
    let security = if shape.needs_token { json!([{ "token": scopes }]) } else { json!([]) };
    operation.insert("security".to_owned(), security);
    let mut responses = Map::new();
    for (status, schema) in shape.replies {
        let mut response = json!({ "description": status.canonical_reason().unwrap_or_default() });
        if let Some(schema) = schema {
            response["content"] = json_content(&schema);
        }
        responses.insert(status.as_str().to_owned(), response);
    }
    responses.extend(describe_errors(&codes, error));
    operation.insert("responses".to_owned(), responses.into());
    operation.into()
}

fn json_content(schema: &Schema) -> Value {
    json!({ "application/json": { "schema": schema } })
}

fn key_parameter(schema: &Schema) -> Value {
    let about = "A name of your own for this request, new for every new one. Repeat a request whose answer was lost with \
                 the same key: within 24 hours it makes nothing again, and is answered 200 with what the first one made, as \
                 that is now. A refused request leaves no key behind. Another request under the same key is refused.";
    json!({ "name": IDEMPOTENCY_KEY_HEADER, "in": "header", "required": false, "description": about, "schema": schema })
}

/// Takes a query type's fields apart: each is a parameter.
fn query_parameters(query: &Schema) -> Vec<Value> {
    let required = query.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|given| given == name));
    let fields = query.get("properties").and_then(Value::as_object);
    fields
        .into_iter()
        .flatten()
        .map(|(name, schema)| {
            let about = schema.get("description").cloned().unwrap_or_default();
            json!({ "name": name, "in": "query", "required": is_required(name), "description": about, "schema": schema })
        })
        .collect()
}

/// Gives everything a route may refuse: its own list, and what its kind brings along.
fn error_codes(route: &Route, shape: &Shape) -> Vec<ErrorCode> {
    use ErrorCode::{
        Busy, Forbidden, Internal, InvalidBody, InvalidField, KeyReused, RateLimited, SessionEnded, TokenExpired,
        TooLarge, Unauthenticated, Unavailable, UnsupportedMediaType,
    };
    let mut codes = route.refusals.to_vec();
    // What posts to hooks is answered in Slack's words.
    if !route.template.starts_with("/api/v1/") || matches!(route.operation, "openapi" | "post_to_hook") {
        return codes;
    }
    codes.extend([Internal, Busy, Unavailable, RateLimited, InvalidField]);
    if shape.needs_token {
        codes.extend([Unauthenticated, TokenExpired, SessionEnded, Forbidden]);
    }
    if shape.key.is_some() {
        codes.push(KeyReused);
    }
    if shape.body.is_some() {
        codes.extend([InvalidBody, TooLarge]);
        if shape.media_type == "application/json" {
            codes.push(UnsupportedMediaType);
        }
    }
    codes
}

/// Describes errors by status, each with its codes.
fn describe_errors(codes: &[ErrorCode], error: &Schema) -> Map<String, Value> {
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for code in codes {
        let names = by_status.entry(code.http_status()).or_default();
        if !names.contains(&code.as_str()) {
            names.push(code.as_str());
        }
    }
    by_status
        .into_iter()
        .map(|(status, names)| {
            let about = format!("`error.code` is {}", names.join(" or "));
            let response = json!({ "description": about, "content": json_content(error), "x-error-codes": names });
            (status.to_string(), response)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn operations_are_named_once_and_say_what_they_do() {
        let routes = super::super::all_routes();
        let names: BTreeSet<&str> = routes.iter().map(|route| route.operation).collect();
        assert_eq!(names.len(), routes.len());
        for route in &routes {
            assert!(route.summary.ends_with('.'), "{}", route.operation);
        }
    }

    #[test]
    fn every_parameter_of_a_path_has_a_type() {
        let mut generators = Generators { asked: generator(Side::Asked), answered: generator(Side::Answered) };
        for route in super::super::all_routes() {
            let shape = (route.describe)(&mut generators);
            assert_eq!(param_names(&route.template).count(), shape.path.len(), "{}", route.template);
        }
    }

    #[test]
    fn a_type_reads_the_same_wherever_it_is_asked_and_answered() {
        let mut generators = Generators { asked: generator(Side::Asked), answered: generator(Side::Answered) };
        for route in super::super::all_routes() {
            (route.describe)(&mut generators);
        }
        let answered = generators.answered.take_definitions(true);
        for (name, schema) in generators.asked.take_definitions(true) {
            assert!(answered.get(&name).is_none_or(|other| *other == schema), "{name}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = Value::Object(document(&super::super::all_routes()));
        let mut open = vec![&document];
        while let Some(value) = open.pop() {
            if let Some(target) = value.get("$ref").and_then(Value::as_str) {
                let pointer = target.strip_prefix('#').expect("a reference into the document");
                assert!(document.pointer(pointer).is_some(), "{target}");
            }
            match value {
                Value::Object(fields) => open.extend(fields.values()),
                Value::Array(items) => open.extend(items),
                _ => {}
            }
        }
    }
}
