//! How each deed is asked of the server.

use std::path::Path;

use syncspace_client::{Client, ClientError};
use syncspace_protocol::Patch;
use syncspace_protocol::auth::VerifyEmail;
use syncspace_protocol::channels::{ChannelRole, PutChannelMember};
use syncspace_protocol::messages::MessagePlace;
use syncspace_protocol::page::{CursorQuery, PageQuery};
use syncspace_protocol::personal::{SavedMark, SavedMessage};
use syncspace_protocol::reactions::ReactionQuery;
use syncspace_protocol::users::{EditProfile, User};

use crate::app::deed::{Deed, ListOf, Outcome};

/// Items of one list that is shown whole: the longest page there is.
const LIST_ITEMS: u32 = 200;
/// Items of one page of a list that is read as it is scrolled.
const PAGE_ITEMS: u32 = 50;

/// Asks the server for a deed.
pub(crate) async fn perform(client: Client, deed: Deed) -> Result<Outcome, ClientError> {
    let message = |message| Outcome::Message(Box::new(message));
    match deed {
        Deed::React { place: MessagePlace { channel_id, seq }, emoji, is_on: true } => {
            client.react(channel_id, seq, &emoji).await.map(message)
        }
        Deed::React { place: MessagePlace { channel_id, seq }, emoji, is_on: false } => {
            client.unreact(channel_id, seq, &emoji).await.map(message)
        }
        Deed::Pin { place, is_on: true } => client.pin(place.channel_id, place.seq).await.map(message),
        Deed::Pin { place, is_on: false } => client.unpin(place.channel_id, place.seq).await.map(message),
        Deed::Save { place, is_on: true } => client.save_message(place.channel_id, place.seq).await.map(Outcome::Saved),
        Deed::Save { place, is_on: false } => {
            client.unsave_message(place.channel_id, place.seq).await.map(Outcome::Saved)
        }
        Deed::Forward { place, to, client_id } => {
            client.forward_message(place, to, None, Some(client_id)).await.map(message)
        }
        Deed::WhoReacted(place) => {
            let query = ReactionQuery { limit: Some(LIST_ITEMS), ..ReactionQuery::default() };
            client.reactions(place.channel_id, place.seq, query).await.map(|page| Outcome::Reacted(page.items))
        }
        Deed::History(place) => {
            let query = PageQuery { limit: Some(LIST_ITEMS), ..PageQuery::default() };
            client.history(place.channel_id, place.seq, query).await.map(|page| Outcome::Versions(page.items))
        }
        Deed::Remind { team_id, reminder } => {
            client.remind(team_id, reminder).await.map(|reminder| Outcome::Due(reminder.remind_at))
        }
        Deed::Schedule { team_id, mut message, paths, .. } => {
            for path in &paths {
                let file = client.upload_path(message.channel_id, Path::new(path), None, |_| {}).await?;
                message.files.push(file.id);
            }
            client.schedule_message(team_id, message).await.map(|scheduled| Outcome::Due(scheduled.send_at))
        }
        Deed::ListSaved(team_id) => {
            let saved = client.all_saved_messages(team_id).await?;
            Ok(Outcome::SavedList(saved.iter().map(mark_of).collect()))
        }
        deed @ (Deed::Search { .. } | Deed::ReadList { .. }) => read_page(client, deed).await,
        deed => perform_for_channel_or_person(client, deed).await,
    }
}

/// Reads a page for one of the pages over the chat.
async fn read_page(client: Client, deed: Deed) -> Result<Outcome, ClientError> {
    let limit = Some(PAGE_ITEMS);
    match deed {
        Deed::Search { params, .. } => client.search(params).await.map(|page| Outcome::Hits(Box::new(page))),
        Deed::ReadList { team_id, list, cursor, .. } => match list {
            ListOf::Threads => client.my_threads(team_id, CursorQuery { cursor, limit }).await.map(Outcome::Threads),
            ListOf::Saved => {
                client.saved_messages(team_id, CursorQuery { cursor, limit }).await.map(Outcome::SavedPage)
            }
            ListOf::Files => client.team_files(team_id, CursorQuery { cursor, limit }).await.map(Outcome::Files),
            ListOf::Scheduled => {
                let query = PageQuery { cursor, limit, ..PageQuery::default() };
                client.scheduled(team_id, query).await.map(Outcome::ScheduledPage)
            }
        },
        // Only those come here.
        _ => Ok(Outcome::Done),
    }
}

async fn perform_for_channel_or_person(client: Client, deed: Deed) -> Result<Outcome, ClientError> {
    match deed {
        Deed::ListGroups(team_id) => return client.all_groups(team_id).await.map(Outcome::Groups),
        Deed::ListCommands(team_id) => return client.all_commands(team_id).await.map(Outcome::Commands),
        Deed::RunCommand { channel_id, run } => {
            return client.run_command(channel_id, run).await.map(Outcome::Answered);
        }
        Deed::EditScheduled { team_id, id, edit } => {
            let scheduled = client.edit_scheduled(team_id, id, edit).await?;
            return Ok(Outcome::Scheduled(Box::new(scheduled)));
        }
        Deed::SendScheduled { team_id, id } => {
            let scheduled = client.send_scheduled_now(team_id, id).await?;
            return Ok(Outcome::Scheduled(Box::new(scheduled)));
        }
        Deed::CancelScheduled { team_id, id } => client.cancel_scheduled(team_id, id).await?,
        Deed::ReadThread { place, mark } => {
            return client.read_thread(place.channel_id, place.seq, mark).await.map(Outcome::Thread);
        }
        Deed::UnfollowThread(place) => {
            return client.unfollow_thread(place.channel_id, place.seq).await.map(Outcome::Thread);
        }
        Deed::EditChannel { channel_id, edit } => drop(client.edit_channel(channel_id, edit).await?),
        Deed::AddPerson { channel_id, user_id } => {
            let role = PutChannelMember { role: ChannelRole::Member };
            drop(client.put_channel_member(channel_id, user_id, role).await?);
        }
        Deed::PreferChannel { channel_id, edit } => {
            client.edit_channel_preferences(channel_id, edit).await?;
        }
        Deed::SetStatus(edit) => drop(client.set_status(edit).await?),
        Deed::EditEmail(email) => {
            let email = email.map_or(Patch::Clear, Patch::Set);
            return client.edit_me(EditProfile { email, ..EditProfile::default() }).await.map(own);
        }
        Deed::SendEmailCode => client.send_email_code().await?,
        Deed::VerifyEmail(code) => return client.verify_email(VerifyEmail { code }).await.map(own),
        Deed::Prefer(edit) => drop(client.edit_preferences(edit).await?),
        // The others were asked above.
        _ => {}
    }
    Ok(Outcome::Done)
}

fn own(user: User) -> Outcome {
    Outcome::Own(Box::new(user))
}

const fn mark_of(saved: &SavedMessage) -> SavedMark {
    let SavedMessage { message, rev, .. } = saved;
    SavedMark { channel_id: message.channel_id, seq: message.seq, is_saved: true, rev: *rev }
}
