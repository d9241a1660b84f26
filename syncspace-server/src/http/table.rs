//! Finds the route of a path. A fixed word beats a parameter, so `/users/me` is never a user id.

use std::sync::Arc;

use http::Method;
use percent_encoding::percent_decode_str;

use super::route::Route;

/// Every route, by path.
pub(crate) struct Table {
    places: Vec<Place>,
}

/// One path with its methods.
struct Place {
    template: Arc<str>,
    routes: Vec<Arc<Route>>,
}

/// What a known path comes to.
pub(crate) enum Match {
    /// A route, with the texts of its parameters in order.
    Route { route: Arc<Route>, params: Vec<String> },
    /// The path takes only the methods in `allow`.
    WrongMethod { allow: String, template: Arc<str> },
}

impl Table {
    pub(crate) fn new(routes: Vec<Route>) -> Self {
        let mut places: Vec<Place> = Vec::new();
        for route in routes {
            let route = Arc::new(route);
            match places.iter_mut().find(|place| place.template == route.template) {
                Some(place) => place.routes.push(route),
                None => places.push(Place { template: route.template.clone(), routes: vec![route] }),
            }
        }
        places.sort_by_key(|place| place.template.matches('{').count());
        Self { places }
    }

    /// Finds what answers a path, which is still percent-encoded; nothing for a path that does not exist.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Option<Match> {
        let (place, params) =
            self.places.iter().find_map(|place| Some((place, match_template(&place.template, path)?)))?;
        // RFC 9110, section 9.3.2: HEAD is GET without the body, which hyper leaves out.
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        Some(match place.routes.iter().find(|route| route.method == wanted) {
            Some(route) => Match::Route { route: route.clone(), params },
            None => Match::WrongMethod { allow: place.allow(), template: place.template.clone() },
        })
    }
}

impl Place {
    fn allow(&self) -> String {
        let methods = self.routes.iter().map(|route| route.method.as_str());
        let head = self.routes.iter().any(|route| route.method == Method::GET).then_some("HEAD");
        methods.chain(head).collect::<Vec<_>>().join(", ")
    }
}

fn match_template(template: &str, path: &str) -> Option<Vec<String>> {
    let mut params = Vec::new();
    let mut given = path.split('/');
    for wanted in template.split('/') {
        let segment = given.next()?;
        if wanted.starts_with('{') && !segment.is_empty() {
            params.push(percent_decode_str(segment).decode_utf8_lossy().into_owned());
        } else if wanted != segment {
            return None;
        }
    }
    given.next().is_none().then_some(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_matches_whole_paths_only() {
        let matched = |path| match_template("/teams/{team_id}/members/{user_id}", path);
        assert_eq!(matched("/teams/1/members/a%2Fb"), Some(vec!["1".to_owned(), "a/b".to_owned()]));
        for path in [
            "/teams/1/members",
            "/teams/1/members/",
            "/teams/1/members/2/",
            "/teams/1/members/2/3",
            "/Teams/1/members/2",
            "",
        ] {
            assert_eq!(matched(path), None, "{path}");
        }
    }
}
