//! Pictures as they are looked at, come, and go to the disk and to the terminal.

use syncspace_protocol::FileId;

use super::Effects;
use crate::app::kept::{Keep, KeptPicture};
use crate::app::message::{Answer, Effect};
use crate::app::pictures::{Fetched, ImageJob};
use crate::app::state::{Link, State};
use crate::app::text;

/// Asks for the pictures that are looked at, and has the terminal ready for those that are there.
pub(super) fn settle(state: &mut State, effects: &mut Effects) {
    hand_over(state, effects);
    let is_online = state.link == Link::Online;
    let wanted = state.pictures.take_wanted();
    effects.extend(wanted.into_iter().map(|file| Effect::LoadPicture { file, is_online }));
}

/// Has the terminal do what it is to do before it is drawn to next.
pub(super) fn hand_over(state: &mut State, effects: &mut Effects) {
    effects.extend(state.pictures.take_jobs().into_iter().map(Effect::Image));
}

/// Takes a picture that was asked for.
pub(super) fn take(state: &mut State, file: FileId, answer: Answer<Option<Fetched>>, effects: &mut Effects) {
    let fetched = match answer {
        Ok(Some(fetched)) => fetched,
        // It is fetched with the next connection, while it is looked at.
        Ok(None) => return state.pictures.put_off(file),
        Err(failure) if failure.is_transient && state.link != Link::Online => return state.pictures.put_off(file),
        Err(failure) => return state.pictures.refuse(file, text::line(&failure.message)),
    };
    let takes_images = state.takes_images();
    let (small, png, image, is_kept) = (fetched.small.clone(), fetched.png.clone(), fetched.image, fetched.is_kept);
    let Some(channel_id) = state.pictures.put(file, fetched, takes_images) else { return };
    if takes_images {
        effects.push(Effect::Image(ImageJob::Hold(image, png.clone())));
    }
    if !is_kept && state.told.is_on {
        effects.push(Effect::Keep(vec![Keep::Picture(channel_id, KeptPicture { file, small, png })]));
    }
}
