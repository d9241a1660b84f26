//! `token …`, and what is said of a token that was made.

use syncspace_protocol::tokens::{CreateToken, MadeToken};

use super::lists::gather;
use super::schedule::time;
use crate::args::{ListArgs, token as args};
use crate::context::Context;
use crate::exit::{During, Outcome};
use crate::output::local_time;

pub(super) async fn run(context: &Context, args: args::Token) -> Outcome {
    let client = context.client()?;
    match args {
        args::Token::Create(args::Create { name, power }) => {
            let token = wanted(name, &power);
            if context.only_plans(|| format!("make the token {}, for {}", token.name, token.scopes))? {
                return Ok(());
            }
            let during = format!("cannot make the token {}", token.name);
            show(context, &client.create_token(token).await.during(|| during)?)
        }
        args::Token::List(part) => {
            let part = ListArgs { query: None, limit: part.limit };
            context.out.list(&gather(part, |query| client.access_tokens(query)).await?)
        }
        args::Token::Revoke { id } => {
            if context.only_plans(|| format!("revoke token {id}"))? {
                return Ok(());
            }
            client.revoke_token(id).await.during(|| format!("cannot revoke token {id}"))?;
            context.out.say(&format!("token {id} revoked"));
            Ok(())
        }
    }
}

/// Gives the token that was asked for.
pub(super) fn wanted(name: String, power: &args::Power) -> CreateToken {
    let scopes = power.scopes.iter().copied().collect();
    // Neither time was typed with --never only.
    CreateToken { name, scopes, expires_at: time(&power.end) }
}

/// Prints a new token, so that a shell can take it, and says beside it what it is.
pub(super) fn show(context: &Context, made: &MadeToken) -> Outcome {
    let end = made.info.expires_at.map_or_else(|| "never".to_owned(), local_time);
    let info = &made.info;
    let sentence =
        format!("token {} made, for {}; it ends: {end}. It is shown this once: keep it secret", info.id, info.scopes);
    context.out.say(&sentence);
    context.out.entry(made)
}
