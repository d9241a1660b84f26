//! Cross-origin requests of web pages: allowed for configured origins, and silent about all others (Fetch standard).

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use warp::reply::Response;

/// The origins that may call.
pub(crate) struct Cors {
    origins: Vec<String>,
}

/// What a reply says about its origin.
pub(crate) struct Grant {
    origin: Option<HeaderValue>,
    varies: bool,
}

impl Cors {
    pub(crate) fn new(origins: Vec<String>) -> Self {
        Self { origins }
    }

    /// Finds out what the replies to a request's origin say.
    pub(crate) fn grant(&self, headers: &HeaderMap) -> Grant {
        let is_known = |origin: &&HeaderValue| self.origins.iter().any(|known| known.as_bytes() == origin.as_bytes());
        Grant { origin: headers.get(ORIGIN).filter(is_known).cloned(), varies: !self.origins.is_empty() }
    }

    /// Answers the question that a browser asks before the request itself, for an allowed origin.
    pub(crate) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        let asks = method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !asks || self.grant(headers).origin.is_none() {
            return None;
        }
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        let reply = response.headers_mut();
        reply.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE"));
        let allowed = HeaderValue::from_static("authorization, content-type, idempotency-key, x-request-id");
        reply.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        reply.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
        Some(response)
    }
}

impl Grant {
    /// Writes the grant into a reply.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        if self.varies {
            headers.append(VARY, HeaderValue::from_static("origin"));
        }
        if let Some(origin) = self.origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            let exposed = HeaderValue::from_static("x-request-id, retry-after");
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(origin: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, HeaderValue::from_static(origin));
        headers.insert(ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("PUT"));
        headers
    }

    #[test]
    fn only_configured_origins_are_allowed() {
        let cors = Cors::new(vec!["https://chat.example".to_owned()]);
        let allowed = cors.preflight(&Method::OPTIONS, &asking("https://chat.example")).expect("answered");
        assert_eq!(allowed.status(), StatusCode::NO_CONTENT);
        assert!(cors.preflight(&Method::OPTIONS, &asking("https://chat.example.evil")).is_none());
        let mut headers = HeaderMap::new();
        cors.grant(&asking("https://chat.example")).write(&mut headers);
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "https://chat.example");
        let mut headers = HeaderMap::new();
        cors.grant(&asking("null")).write(&mut headers);
        assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) && headers.contains_key(VARY));
    }
}
