//! The page behind a link to a message: what a browser shows, for whom it has no client. It names nothing and asks nobody.

use syncspace_protocol::links::Permalink;
use warp::filters::BoxedFilter;
use warp::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use warp::reply::Response;
use warp::{Filter, Rejection, Reply as _};

use super::reply::{self, Logged};

/// The path as the log names it.
const PATH: &str = "/teams/{team_id}/channels/{channel_id}/messages/{seq}";

/// Answers the form of a link that browsers open; whether there is such a message is not said.
pub(super) fn route() -> BoxedFilter<(Response,)> {
    // The path comes first: what is no link is not found, whatever the method.
    warp::path::full()
        .and_then(|path: warp::path::FullPath| std::future::ready(find(path.as_str())))
        .and(warp::get().or(warp::head()).unify())
        .map(|link: Permalink| reply::logged(page(&link), Logged { route: Some(PATH.into()), user_id: None }))
        .boxed()
}

fn find(path: &str) -> Result<Permalink, Rejection> {
    // A link has a server's address in front, whichever it is.
    format!("https://here{path}").parse().map_err(|_| warp::reject::not_found())
}

fn page(link: &Permalink) -> Response {
    // Numbers only: nothing in it has to be escaped.
    let text = format!(
        "<!doctype html><meta charset=\"utf-8\"><title>SyncSpace</title>\n\
         <p>This is a link to a message. Open it in your terminal:</p>\n\
         <pre>syncspace message list {link}</pre>\n"
    );
    let page = warp::reply::html(text);
    let page = warp::reply::with_header(page, CONTENT_SECURITY_POLICY, "default-src 'none'");
    warp::reply::with_header(page, CACHE_CONTROL, "no-store").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_have_a_page() {
        let link = find("/teams/1/channels/3/messages/42").expect("a link");
        assert_eq!(link.to_string(), "syncspace://1/3/42");
        for path in ["/", "/teams/1", "/teams/1/channels/3/messages/x", "/teams/1/channels/3/messages/42/7", "/x"] {
            assert!(find(path).is_err(), "{path}");
        }
    }
}
