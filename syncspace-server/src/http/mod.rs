//! REST: one table of routes, one filter over it, one place where errors become replies.
//!
//! warp is named only here and in `ws/`. A filter rejects only for "not my route"; once a path has matched, every
//! outcome is a reply.

mod admin;
mod audit;
mod auth;
mod body;
mod bots;
mod channels;
mod commands;
mod cors;
mod files;
mod groups;
mod health;
mod hooks;
mod imports;
mod invites;
mod join_requests;
mod links;
mod messages;
mod metrics;
mod openapi;
mod part;
mod personal;
mod query;
mod reminders;
mod reply;
mod request;
mod retention;
mod route;
mod scheduled;
mod search;
mod streams;
mod table;
mod teams;
mod tokens;
mod uploads;
mod users;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use futures_util::{FutureExt, Stream, TryStreamExt};
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use syncspace_protocol::ErrorCode;
use syncspace_protocol::tokens::Scope;
use tracing::Instrument;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Buf, Filter, Rejection};

use crate::net::{Lifetime, Peer};
use crate::rate_limit::RateLimits;
use crate::service::{Needs, Service, ServiceError};

use cors::Cors;
use reply::Logged;
pub(crate) use reply::{Failure, failure};
use request::{Asked, BodyStream, RequestId};
use table::{Match, Table};

/// Wait named to clients while the server starts, in milliseconds.
const START_RETRY_MS: u64 = 500;

/// What every route may use. There is no service while the server still starts.
pub(crate) struct State {
    service: Option<Arc<Service>>,
    limits: Arc<RateLimits>,
    life: Lifetime,
    document: OnceLock<serde_json::Map<String, serde_json::Value>>,
}

impl State {
    /// Gives the service, or the refusal that the server still starts.
    fn service(&self) -> Result<&Arc<Service>, Failure> {
        self.service.as_ref().ok_or_else(starting)
    }
}

fn starting() -> Failure {
    Failure::new(ErrorCode::Unavailable, "the server is starting; try again in a moment").retry_after_ms(START_RETRY_MS)
}

/// Answers every request of the server. Clones share everything.
#[derive(Clone)]
pub(crate) struct Http {
    starting: BoxedFilter<(Response,)>,
    ready: Arc<OnceLock<BoxedFilter<(Response,)>>>,
    limits: Arc<RateLimits>,
    life: Lifetime,
    cors: Arc<Cors>,
}

impl Http {
    /// Answers that the server is starting, until [`Http::open`] gives it a service.
    pub(crate) fn new(limits: Arc<RateLimits>, life: Lifetime, cors_origins: Vec<String>) -> Self {
        let state = State { service: None, limits: limits.clone(), life: life.clone(), document: OnceLock::new() };
        let unknown = warp::any().map(|| reply::failure(starting()));
        let starting = api(state).or(unknown).unify().boxed();
        Self { starting, ready: Arc::default(), limits, life, cors: Arc::new(Cors::new(cors_origins)) }
    }

    /// Serves every route from now on.
    pub(crate) fn open(&self, service: Arc<Service>) {
        let state = State {
            service: Some(service.clone()),
            limits: self.limits.clone(),
            life: self.life.clone(),
            document: OnceLock::new(),
        };
        let socket = crate::ws::route(service, self.limits.clone(), self.life.clone())
            .map(|response| reply::logged(response, Logged { route: Some("/ws".into()), user_id: None }))
            .boxed();
        let routes = socket.or(api(state)).unify().or(links::route()).unify().recover(recover).unify().boxed();
        // A second opening would mean a second service: the first one stays.
        let _first = self.ready.set(routes);
    }

    /// Answers one request: never fails, and writes its line to the log.
    pub(crate) async fn answer(self, mut request: Request<Incoming>) -> Response {
        let started = Instant::now();
        let id = RequestId::of(request.headers());
        let method = request.method().clone();
        let span = tracing::info_span!("request", request_id = %id);
        let grant = self.cors.grant(request.headers());
        request.extensions_mut().insert(id.clone());
        let response = match self.cors.preflight(&method, request.headers()) {
            Some(reply) => reply,
            None => self.route(request).instrument(span.clone()).await,
        };
        let logged = response.extensions().get::<Logged>().cloned().unwrap_or_default();
        let mut response = reply::finish(response, &id);
        grant.write(response.headers_mut());
        let _entered = span.enter();
        tracing::info!(
            method = %method,
            route = logged.route.as_deref().unwrap_or("none"),
            status = response.status().as_u16(),
            duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
            user_id = logged.user_id.map(syncspace_protocol::UserId::get),
            "request"
        );
        response
    }

    async fn route(&self, request: Request<Incoming>) -> Response {
        let routes = self.ready.get().unwrap_or(&self.starting).clone();
        let answer = TowerToHyperService::new(warp::service(routes)).call(request);
        match AssertUnwindSafe(answer).catch_unwind().await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            // The panic hook has written where; the connection and the server live on.
            Err(_) => reply::failure(ServiceError::fault("the handler panicked")),
        }
    }
}

/// The table of routes as one filter; rejects only paths that are not in it.
fn api(state: State) -> BoxedFilter<(Response,)> {
    let table = Arc::new(Table::new(all_routes()));
    let state = Arc::new(state);
    let find = move |path: warp::path::FullPath, method: warp::http::Method| {
        let found = table.find(&method, path.as_str());
        std::future::ready(found.ok_or_else(warp::reject::not_found))
    };
    warp::path::full()
        .and(warp::method())
        .and_then(find)
        .and(warp::header::headers_cloned())
        .and(warp::query::raw().or(warp::any().map(String::new)).unify())
        .and(warp::ext::get::<Peer>())
        .and(warp::body::stream().map(boxed_body))
        .then(move |found, headers, query, peer: Peer, body| {
            answer(found, Asked { state: state.clone(), headers, query, peer, body, needs: Needs::Login })
        })
        .boxed()
}

fn boxed_body<S, B>(body: S) -> BodyStream
where
    S: Stream<Item = Result<B, warp::Error>> + Send + Sync + 'static,
    B: Buf,
{
    Box::pin(body.map_ok(|mut chunk| chunk.copy_to_bytes(chunk.remaining())))
}

async fn answer(found: Match, asked: Asked) -> Response {
    match found {
        Match::Route { route, params } => route.run(params, asked).await,
        Match::WrongMethod { allow, template } => {
            let message = format!("this path takes {allow} only");
            let failure = Failure::new(ErrorCode::MethodNotAllowed, message).allow(allow);
            reply::logged(reply::failure(failure), Logged { route: Some(template), user_id: None })
        }
    }
}

/// Every route of the server: what is answered and what the OpenAPI document says.
///
/// Each group says what it asks of a credential to change something; looking asks for the scope to read, unless the group
/// takes logins only.
fn all_routes() -> Vec<route::Route> {
    [
        (Needs::Login, health::routes()),
        (Needs::Login, metrics::routes()),
        (Needs::Login, auth::routes()),
        (Needs::Login, tokens::routes()),
        (Needs::Scope(Scope::Profile), users::routes()),
        (Needs::Scope(Scope::Manage), teams::routes()),
        (Needs::Scope(Scope::Manage), groups::routes()),
        (Needs::Scope(Scope::Manage), bots::routes()),
        (Needs::Scope(Scope::Manage), hooks::routes()),
        (Needs::Scope(Scope::Manage), commands::routes()),
        (Needs::Scope(Scope::Manage), invites::routes()),
        (Needs::Scope(Scope::Manage), join_requests::routes()),
        (Needs::Scope(Scope::Manage), channels::routes()),
        (Needs::Scope(Scope::Write), messages::routes()),
        (Needs::Scope(Scope::Write), files::routes()),
        (Needs::Scope(Scope::Write), uploads::routes()),
        (Needs::Scope(Scope::Manage), imports::routes()),
        (Needs::Scope(Scope::Read), search::routes()),
        (Needs::Scope(Scope::Write), personal::routes()),
        (Needs::Scope(Scope::Write), scheduled::routes()),
        (Needs::Scope(Scope::Admin), admin::routes()),
        (Needs::Scope(Scope::Admin), audit::routes()),
        (Needs::Scope(Scope::Write), reminders::routes()),
        (Needs::Scope(Scope::Manage), retention::routes()),
        (Needs::Scope(Scope::Read), streams::routes()),
        (Needs::Login, openapi::routes()),
    ]
    .into_iter()
    .flat_map(|(needs, routes)| routes.into_iter().map(move |route| route.of_group(needs)))
    .collect()
}

/// Maps what no route answered: as a rule a path that does not exist.
async fn recover(rejection: Rejection) -> Result<Response, Rejection> {
    use warp::reject::{InvalidHeader, MethodNotAllowed, MissingHeader, PayloadTooLarge, UnsupportedMediaType};
    let failure = if rejection.is_not_found() {
        Failure::new(ErrorCode::NotFound, "there is no such path; GET /api/v1/openapi.json lists them")
    } else if rejection.find::<MethodNotAllowed>().is_some() {
        Failure::new(ErrorCode::MethodNotAllowed, "this path does not take this method")
    } else if let Some(header) = rejection.find::<MissingHeader>() {
        Failure::new(ErrorCode::InvalidField, format!("the header {} is missing", header.name()))
    } else if let Some(header) = rejection.find::<InvalidHeader>() {
        Failure::new(ErrorCode::InvalidField, format!("the header {} cannot be read", header.name()))
    } else if rejection.find::<PayloadTooLarge>().is_some() {
        Failure::new(ErrorCode::TooLarge, "the body is too long")
    } else if rejection.find::<UnsupportedMediaType>().is_some() {
        Failure::new(ErrorCode::UnsupportedMediaType, "the body must be application/json")
    } else {
        ServiceError::fault(format!("a filter rejected: {rejection:?}")).into()
    };
    Ok(reply::failure(failure))
}
