//! One route: what is asked, what answers, and how the OpenAPI document describes it, from the same types.

use std::fmt::Display;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

use http::{Method, StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use syncspace_protocol::reactions::Emoji;
use syncspace_protocol::tokens::Scope;
use syncspace_protocol::{
    ChannelId, CommandId, ErrorCode, FileId, GroupId, HookId, IdempotencyKey, ImportId, InviteId, MessageId,
    ReminderId, ScheduledId, Seq, SessionId, StreamId, TeamId, UserId,
};
use warp::reply::Response;

use super::body::RequestBody;
use super::query::parse_query;
use super::reply::{Failure, Logged, Outcome, failure, logged};
use super::request::{Asked, Call, Who};
use crate::service::{Needs, ServiceError};

/// What the path of every route but the health checks begins with.
const PREFIX: &str = "/api/v1";

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Handler = Box<dyn Fn(Vec<String>, Asked) -> BoxFuture<Response> + Send + Sync>;

/// One method of one path.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// The whole path with its parameters in braces.
    pub(crate) template: Arc<str>,
    /// Name of the operation, unique, in snake case like our client's functions.
    pub(crate) operation: &'static str,
    /// What it does, in one sentence.
    pub(crate) summary: &'static str,
    /// What it refuses beside what every route of its kind does.
    pub(crate) refusals: &'static [ErrorCode],
    pub(crate) describe: fn(&mut Generators) -> Shape,
    /// What it asks of a credential; none until the list of all routes says so.
    pub(crate) needs: Option<Needs>,
    /// Whether the address's bucket of logins pays for it.
    is_login: bool,
    handler: Handler,
}

/// Makes the schemas: what is asked reads differently from what is answered.
pub(crate) struct Generators {
    pub(crate) asked: SchemaGenerator,
    pub(crate) answered: SchemaGenerator,
}

/// The types of a route, as schemas.
pub(crate) struct Shape {
    pub(crate) needs_token: bool,
    pub(crate) path: Vec<Schema>,
    pub(crate) query: Schema,
    pub(crate) body: Option<Schema>,
    /// What the body is written in.
    pub(crate) media_type: &'static str,
    /// Of the idempotency key, where the route takes one.
    pub(crate) key: Option<Schema>,
    pub(crate) replies: Vec<(StatusCode, Option<Schema>)>,
}

macro_rules! methods {
    ($($name:ident $method:ident;)*) => {
        impl Route {
            $(pub(crate) fn $name<P, Q, B, W, O, F, Fut>(path: &str, operation: &'static str, handler: F) -> Self
            where
                P: PathArgs,
                Q: DeserializeOwned + JsonSchema + Send + 'static,
                B: RequestBody,
                W: Who + 'static,
                O: Outcome,
                F: Fn(Call<P, Q, B, W>) -> Fut + Copy + Send + Sync + 'static,
                Fut: Future<Output = Result<O, ServiceError>> + Send + 'static,
            {
                Self::new(Method::$method, &format!("{PREFIX}{path}"), operation, handler)
            })*
        }
    };
}

methods! { get GET; post POST; put PUT; patch PATCH; delete DELETE; }

impl Route {
    fn new<P, Q, B, W, O, F, Fut>(method: Method, template: &str, operation: &'static str, handler: F) -> Self
    where
        P: PathArgs,
        Q: DeserializeOwned + JsonSchema + Send + 'static,
        B: RequestBody,
        W: Who + 'static,
        O: Outcome,
        F: Fn(Call<P, Q, B, W>) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = Result<O, ServiceError>> + Send + 'static,
    {
        let template: Arc<str> = template.into();
        let for_names = template.clone();
        let run: Handler = Box::new(move |params, asked| {
            let template = for_names.clone();
            Box::pin(async move {
                let mut user_id = None;
                let outcome = call::<P, Q, B, W, O, F, Fut>(&template, &params, asked, handler, &mut user_id).await;
                let response = outcome.map_or_else(failure, Outcome::into_response);
                logged(response, Logged { route: Some(template), user_id })
            })
        });
        let describe = describe::<P, Q, B, W, O>;
        Self {
            method,
            template,
            operation,
            summary: "",
            refusals: &[],
            describe,
            needs: None,
            is_login: false,
            handler: run,
        }
    }

    /// Makes a route outside the API that needs nothing of a request but the server's state.
    pub(crate) fn plain<O, F, Fut>(template: &str, operation: &'static str, handler: F) -> Self
    where
        O: Outcome,
        F: Fn(Arc<super::State>) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future<Output = Result<O, Failure>> + Send + 'static,
    {
        let template: Arc<str> = template.into();
        let for_log = template.clone();
        let run: Handler = Box::new(move |_params, asked| {
            let template = for_log.clone();
            Box::pin(async move {
                let response = handler(asked.state).await.map_or_else(failure, Outcome::into_response);
                logged(response, Logged { route: Some(template), user_id: None })
            })
        });
        let describe = describe::<(), (), (), super::request::Anyone, O>;
        let method = Method::GET;
        Self {
            method,
            template,
            operation,
            summary: "",
            refusals: &[],
            describe,
            needs: None,
            is_login: false,
            handler: run,
        }
    }

    /// Says what the route does.
    pub(crate) fn about(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    /// Lists what the route refuses, beside what every route of its kind does.
    pub(crate) fn refuses(mut self, codes: &'static [ErrorCode]) -> Self {
        self.refusals = codes;
        self
    }

    /// Says what the route asks of a credential, where that is not what its group does.
    pub(crate) fn needs(mut self, needs: Needs) -> Self {
        self.needs = Some(needs);
        self
    }

    /// Has the route ask for what its group does: what only looks, for the scope to read.
    pub(crate) fn of_group(self, needs: Needs) -> Self {
        let only_looks = self.method == Method::GET && needs != Needs::Login;
        let needs = self.needs.unwrap_or(if only_looks { Needs::Scope(Scope::Read) } else { needs });
        self.needs(needs)
    }

    /// Lets the address's bucket of logins pay for the route.
    pub(crate) fn limited_by_address(mut self) -> Self {
        self.is_login = true;
        self
    }

    /// Answers a request with these parameters.
    pub(crate) async fn run(&self, params: Vec<String>, mut asked: Asked) -> Response {
        // A route without a word about it takes a login only.
        asked.needs = self.needs.unwrap_or(Needs::Login);
        if self.is_login
            && let Err(error) = asked.state.limits.take_login(asked.origin().address)
        {
            return logged(failure(error), Logged { route: Some(self.template.clone()), user_id: None });
        }
        (self.handler)(params, asked).await
    }
}

/// Checks a request from the outside in, who asks before what is asked, and calls the handler.
async fn call<P, Q, B, W, O, F, Fut>(
    template: &str,
    params: &[String],
    asked: Asked,
    handler: F,
    user_id: &mut Option<UserId>,
) -> Result<O, Failure>
where
    P: PathArgs,
    Q: DeserializeOwned,
    B: RequestBody,
    W: Who,
    F: Fn(Call<P, Q, B, W>) -> Fut,
    Fut: Future<Output = Result<O, ServiceError>>,
{
    let service = asked.state.service()?.clone();
    let who = W::identify(&asked).await?;
    *user_id = who.actor().map(|actor| actor.user_id);
    let path = P::parse(template, params)?;
    let query = parse_query(&asked.query)?;
    let (origin, limits) = (asked.origin(), asked.state.limits.clone());
    let body = B::read(&asked.headers, asked.body).await?;
    Ok(handler(Call { service, limits, who, origin, path, query, body }).await?)
}

fn describe<P, Q, B, W, O>(generators: &mut Generators) -> Shape
where
    P: PathArgs,
    Q: JsonSchema,
    B: RequestBody,
    W: Who,
    O: Outcome,
{
    Shape {
        needs_token: W::NEEDS_TOKEN,
        path: P::describe(&mut generators.asked),
        query: Q::json_schema(&mut generators.asked),
        body: B::describe(&mut generators.asked),
        media_type: B::MEDIA_TYPE,
        key: B::TAKES_KEY.then(|| generators.asked.subschema_for::<IdempotencyKey>()),
        replies: O::describe(&mut generators.answered),
    }
}

/// Gives the names of a template's parameters.
pub(crate) fn param_names(template: &str) -> impl Iterator<Item = &str> {
    template.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// One parameter of a path.
pub(crate) trait PathArg: FromStr<Err: Display> + JsonSchema + Send + 'static {}

impl PathArg for UserId {}
impl PathArg for TeamId {}
impl PathArg for ChannelId {}
impl PathArg for MessageId {}
impl PathArg for SessionId {}
impl PathArg for InviteId {}
impl PathArg for GroupId {}
impl PathArg for ScheduledId {}
impl PathArg for ReminderId {}
impl PathArg for FileId {}
impl PathArg for ImportId {}
impl PathArg for HookId {}
impl PathArg for CommandId {}
impl PathArg for Seq {}
impl PathArg for StreamId {}
impl PathArg for Emoji {}
impl PathArg for String {}

/// All parameters of a path, in order.
pub(crate) trait PathArgs: Sized + Send + 'static {
    /// Reads the parameters of a path that matched `template`.
    fn parse(template: &str, params: &[String]) -> Result<Self, Failure>;
    /// Gives the schema of each.
    fn describe(generator: &mut SchemaGenerator) -> Vec<Schema>;
}

impl PathArgs for () {
    fn parse(_template: &str, _params: &[String]) -> Result<Self, Failure> {
        Ok(())
    }

    fn describe(_generator: &mut SchemaGenerator) -> Vec<Schema> {
        Vec::new()
    }
}

impl<A: PathArg> PathArgs for A {
    fn parse(template: &str, params: &[String]) -> Result<Self, Failure> {
        parse_arg(template, params, 0)
    }

    fn describe(generator: &mut SchemaGenerator) -> Vec<Schema> {
        vec![generator.subschema_for::<A>()]
    }
}

impl<A: PathArg, B: PathArg> PathArgs for (A, B) {
    fn parse(template: &str, params: &[String]) -> Result<Self, Failure> {
        Ok((parse_arg(template, params, 0)?, parse_arg(template, params, 1)?))
    }

    fn describe(generator: &mut SchemaGenerator) -> Vec<Schema> {
        vec![generator.subschema_for::<A>(), generator.subschema_for::<B>()]
    }
}

impl<A: PathArg, B: PathArg, C: PathArg> PathArgs for (A, B, C) {
    fn parse(template: &str, params: &[String]) -> Result<Self, Failure> {
        Ok((parse_arg(template, params, 0)?, parse_arg(template, params, 1)?, parse_arg(template, params, 2)?))
    }

    fn describe(generator: &mut SchemaGenerator) -> Vec<Schema> {
        vec![generator.subschema_for::<A>(), generator.subschema_for::<B>(), generator.subschema_for::<C>()]
    }
}

fn parse_arg<A: PathArg>(template: &str, params: &[String], place: usize) -> Result<A, Failure> {
    let text = params.get(place).map_or("", String::as_str);
    text.parse().map_err(|error: A::Err| {
        Failure::field(param_names(template).nth(place).unwrap_or_default(), error.to_string())
    })
}
