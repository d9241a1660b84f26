//! `search`

use jiff::Timestamp;
use jiff::tz::TimeZone;
use syncspace_client::Client;
use syncspace_protocol::TeamId;
use syncspace_protocol::limits::SEARCH_HITS_MAX;
use syncspace_protocol::search::{SearchHit, SearchParams, SearchSort};

use super::resolve;
use crate::args::search as args;
use crate::context::Context;
use crate::exit::{During, Outcome};
use crate::records::search::Places;

pub(super) async fn run(context: &Context, args: args::Search) -> Outcome {
    let client = &context.client()?;
    let team = resolve::default_team(context, client).await?.team.id;
    let found = find(client, team, &args).await?;
    if found.is_partial {
        context.out.say(match args.sort {
            args::Sort::Time => {
                "the search ended before it had looked at everything: narrow it, by in:, from:, after: or before:"
            }
            args::Sort::Relevance => "only the newest hits were compared: narrow the search, or use --sort time",
        });
    }
    if found.behind_changes > 0 {
        context.out.say(&format!(
            "the index is {} changes behind: what was sent just now may be missing",
            found.behind_changes
        ));
    }
    let rows = Places::new(client).rows(found.hits, args.context, context.out.emphasis()).await;
    context.out.list(&rows)
}

struct Found {
    hits: Vec<SearchHit>,
    is_partial: bool,
    behind_changes: u64,
}

/// Most pages without a hit, each of some ten thousand messages, before the person is asked to narrow the search.
const PAGES_IN_VAIN_MAX: u32 = 30;

/// Reads page after page, up to the wanted number of hits.
async fn find(client: &Client, team: TeamId, args: &args::Search) -> Outcome<Found> {
    let wanted = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let sort = match args.sort {
        args::Sort::Time => SearchSort::Time,
        args::Sort::Relevance => SearchSort::Relevance,
    };
    let time_zone = args.time_zone.clone().unwrap_or_else(zone_here);
    let mut found = Found { hits: Vec::new(), is_partial: false, behind_changes: 0 };
    let mut cursor = None;
    let mut in_vain = 0;
    loop {
        let left = u32::try_from(wanted - found.hits.len()).unwrap_or(u32::MAX);
        let params = SearchParams {
            q: args.query.clone(),
            team_id: team,
            sort: Some(sort),
            time_zone: Some(time_zone.clone()),
            cursor,
            limit: Some(left.min(SEARCH_HITS_MAX)),
        };
        let page = client.search(params).await.during(|| "search".to_owned())?;
        in_vain = if page.items.is_empty() { in_vain + 1 } else { 0 };
        found.hits.extend(page.items);
        found.is_partial = page.is_partial;
        found.behind_changes = found.behind_changes.max(page.behind_changes);
        cursor = page.next;
        if cursor.is_none() || in_vain >= PAGES_IN_VAIN_MAX || found.hits.len() >= wanted {
            found.hits.truncate(wanted);
            return Ok(found);
        }
    }
}

/// Gives this machine's time zone by its name, else by how far it is from UTC now.
fn zone_here() -> String {
    let zone = TimeZone::system();
    if let Some(name) = zone.iana_name() {
        return name.to_owned();
    }
    let minutes = zone.to_offset(Timestamp::now()).seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}
