//! What each route asks of an access token: every route, with a token of every scope. The list comes from the document.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use syncspace_protocol::tokens::Scope;

use super::rig::{Rig, access};

/// Makes a token with one scope for whoever has this access token.
async fn token(rig: &Rig, login: &str, scope: Scope) -> String {
    let body = json!({ "name": scope.as_str(), "scopes": [scope], "expires_at": "2999-01-01T00:00:00Z" });
    let reply = rig.send(rig.post("/api/v1/auth/tokens").bearer_auth(login).json(&body)).await;
    assert_eq!(reply.status.as_u16(), 201, "{}", reply.body);
    reply.body["token"].as_str().expect("a token").to_owned()
}

/// A route that lets nobody in without a token: its method, its path, and the scope that it names.
struct Guarded {
    method: Method,
    path: String,
    scope: Option<String>,
}

fn guarded(document: &Value) -> BTreeMap<String, Guarded> {
    let mut routes = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let Some(scopes) = operation["security"][0]["token"].as_array() else { continue };
            let name = operation["operationId"].as_str().expect("a name").to_owned();
            let method = method.to_uppercase().parse().expect("a method");
            let scope = scopes.first().map(|scope| scope.as_str().expect("a word").to_owned());
            routes.insert(name, Guarded { method, path: path.clone(), scope });
        }
    }
    routes
}

/// Puts ids into a path that belong to nothing, so that what is let through changes nothing.
fn filled(path: &str) -> String {
    path.split('/').map(|word| if word.starts_with('{') { "999999" } else { word }).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_route_takes_a_token_with_its_scope_and_no_other() {
    let rig = Rig::start_with(|config| config.settings.token_life_days_max = 0).await;
    let login = access(&rig.register("alice").await).to_owned();
    let mut tokens = BTreeMap::new();
    for &scope in Scope::ALL {
        tokens.insert(scope.as_str(), token(&rig, &login, scope).await);
    }
    let document = rig.send(rig.get("/api/v1/openapi.json")).await.body;
    let routes = guarded(&document);
    assert!(routes.len() > 90, "only {} routes", routes.len());
    for (name, route) in &routes {
        for (scope, token) in &tokens {
            let request = rig.request(route.method.clone(), &filled(&route.path)).bearer_auth(token);
            let reply = rig.send(request).await;
            let message = reply.body["error"]["message"].as_str().unwrap_or_default();
            let lacks = message.contains("lacks the scope") || message.contains("with a login only");
            let is_taken = route.scope.as_deref() == Some(*scope);
            assert_eq!(lacks, !is_taken, "{name} with {scope}: {}", reply.body);
            assert!(!lacks || reply.status.as_u16() == 403, "{name} with {scope}: {}", reply.body);
        }
    }
}

#[tokio::test]
async fn looking_needs_the_scope_to_read_and_changing_another() {
    let rig = Rig::start().await;
    let document = rig.send(rig.get("/api/v1/openapi.json")).await.body;
    for (name, route) in guarded(&document) {
        let scope = route.scope.as_deref();
        let is_of_logins = ["/api/v1/auth/tokens", "/api/v1/auth/sessions", "/api/v1/auth/logout"]
            .iter()
            .any(|prefix| route.path.starts_with(prefix))
            || ["/api/v1/users/me/password", "/api/v1/users/me/export"].contains(&route.path.as_str())
            || route.path.starts_with("/api/v1/users/me/email/")
            || ["/password-reset", "/hand-over"].iter().any(|end| route.path.ends_with(end))
            || route.path.contains("/bots/{user_id}/tokens");
        let expected: &[Option<&str>] = match () {
            () if is_of_logins => &[None],
            () if route.path.starts_with("/api/v1/admin/") => &[Some("admin")],
            () if ["socket_ticket", "link_file"].contains(&name.as_str()) || route.method == Method::GET => {
                &[Some("read")]
            }
            () => &[Some("write"), Some("manage"), Some("profile")],
        };
        assert!(expected.contains(&scope), "{name} asks for {scope:?}");
    }
}
