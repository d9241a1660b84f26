//! `keyword …`

use syncspace_client::Client;
use syncspace_protocol::Keyword;
use syncspace_protocol::keywords::Keywords;

use crate::args::keyword as args;
use crate::context::Context;
use crate::exit::{CliError, During, Outcome};
use crate::records::people::KeywordRecord;

pub(super) async fn run(context: &Context, args: args::Keyword) -> Outcome {
    let client = context.client()?;
    match args {
        args::Keyword::List => {
            let keywords = client.keywords().await.during(|| "cannot list your keywords".to_owned())?.keywords;
            context.out.list(&keywords.into_iter().map(KeywordRecord::from).collect::<Vec<_>>())
        }
        args::Keyword::Add { keywords } => {
            let mut all = client.keywords().await?.keywords;
            all.extend(keywords.iter().cloned());
            put(context, &client, all, ("add", "added", &keywords)).await
        }
        args::Keyword::Remove { keywords } => {
            let mut all = client.keywords().await?.keywords;
            for keyword in &keywords {
                let before = all.len();
                all.retain(|held| held.key() != keyword.key());
                if all.len() == before {
                    let message = format!("{keyword} is none of your keywords: `syncspace keyword list` shows them");
                    return Err(CliError::NotFound(message));
                }
            }
            put(context, &client, all, ("remove", "removed", &keywords)).await
        }
    }
}

async fn put(
    context: &Context,
    client: &Client,
    all: Vec<Keyword>,
    (does, done, which): (&str, &str, &[Keyword]),
) -> Outcome {
    let which = which.iter().map(Keyword::as_str).collect::<Vec<_>>().join(", ");
    if context.only_plans(|| format!("{does} {which}"))? {
        return Ok(());
    }
    client.put_keywords(Keywords { keywords: all }).await.during(|| format!("cannot {does} {which}"))?;
    context.out.say(&format!("{which} {done}"));
    Ok(())
}
