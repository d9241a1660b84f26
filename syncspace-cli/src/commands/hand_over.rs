//! `user hand-over`: imported accounts come to their people.

use std::collections::HashSet;

use syncspace_client::Client;
use syncspace_protocol::page::PageQuery;
use syncspace_protocol::server::{AccountQuery, HandOver};
use syncspace_protocol::users::User;

use super::lists::gather;
use super::resolve;
use crate::args::ListArgs;
use crate::context::Context;
use crate::exit::{During as _, Outcome};

pub(super) async fn hand_over(context: &Context, client: &Client, names: Vec<String>, for_s: Option<u32>) -> Outcome {
    let mut people = Vec::with_capacity(names.len());
    for name in &names {
        people.push(resolve::user(client, name).await?);
    }
    if names.is_empty() {
        people = unclaimed(context, client).await?;
    }
    let wanted = for_s.map_or_else(HandOver::default, |expires_in_s| HandOver { expires_in_s });
    let count = match people.len() {
        1 => "1 account".to_owned(),
        count => format!("{count} accounts"),
    };
    if context.global.dry_run {
        context.out.say(&format!("would hand over {count}"));
        return context.out.list(&people);
    }
    if names.is_empty() && !people.is_empty() {
        context.confirm(format!("Hand over {count}, by mail where that can be sent?")).await?;
    }
    let mut handed = Vec::with_capacity(people.len());
    for user in &people {
        let during = || format!("cannot hand over {}; those before are handed over", user.username);
        match client.hand_over(user.id, wanted.clone()).await.during(during) {
            Ok(one) => handed.push(one),
            // What was made so far is not lost: no code is shown twice.
            Err(error) => {
                context.out.list(&handed)?;
                return Err(error);
            }
        }
    }
    context.out.list(&handed)?;
    let by_hand = handed.iter().filter(|one| one.code.is_some()).count();
    if by_hand > 0 {
        let server = client.server();
        context.out.say(&format!(
            "Give each code to its person alone, who sets a password by it: syncspace password reset --server {server}"
        ));
    }
    Ok(())
}

/// Gives the people of a team whose accounts were imported and have no password yet.
async fn unclaimed(context: &Context, client: &Client) -> Outcome<Vec<User>> {
    let team = resolve::default_team(context, client).await?.team.id;
    let all = || ListArgs { query: None, limit: None };
    let members = gather(all(), |query| client.team_members(team, query)).await?;
    let members: HashSet<_> = members.into_iter().map(|member| member.user.id).collect();
    let accounts = gather(all(), |PageQuery { cursor, limit, .. }| {
        client.accounts(AccountQuery { cursor, limit, is_unclaimed: Some(true), ..AccountQuery::default() })
    });
    Ok(accounts.await?.into_iter().filter(|user| members.contains(&user.id)).collect())
}
