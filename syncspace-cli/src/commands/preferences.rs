//! `preferences …`

use syncspace_protocol::preferences::EditPreferences;

use crate::args::preferences as args;
use crate::context::Context;
use crate::exit::{During, Outcome};

pub(super) async fn run(context: &Context, args: args::Preferences) -> Outcome {
    let client = context.client()?;
    match args {
        args::Preferences::Show => context.out.record(&client.preferences().await?),
        args::Preferences::Set(args) => {
            if context.only_plans(|| "change of what you are notified".to_owned())? {
                return Ok(());
            }
            let edit = EditPreferences { notify: args.notify.patch(), ..EditPreferences::default() };
            let during = || "cannot change of what you are notified".to_owned();
            let preferences = client.edit_preferences(edit).await.during(during)?;
            context.out.done("changed of what you are notified", &preferences)
        }
    }
}
