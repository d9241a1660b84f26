//! What rows are made from, and how what they show is drawn here.

use std::rc::Rc;

use syncspace_protocol::messages::Message;

use super::layout;
use super::look::Depth;
use super::markdown::Body;
use super::pictures::Way;
use super::rows::{Row, RowContext};
use super::state::{Link, State};
use super::timeline::Missing;

impl State {
    /// Runs a function with what rows of a list are made from; `in_thread` chooses the list.
    pub(crate) fn with_rows<T>(&self, columns: u16, in_thread: bool, run: impl FnOnce(&RowContext<'_>) -> T) -> T {
        let name = |id| self.world.name(id);
        let key = |action| self.keys.name(action);
        run(&RowContext {
            name: &name,
            key: &key,
            zone: &self.zone,
            columns: usize::from(columns),
            is_thread: in_thread,
            is_online: self.link == Link::Online,
            me: self.world.my_id(),
            has_emoji: self.settings.has_emoji,
            bodies: &self.bodies,
            pictures: self.shows_pictures().then_some(&self.pictures),
            takes_images: self.takes_images(),
            own: &self.own,
        })
    }

    /// Gives the text of a message as the focused list shows it.
    pub(crate) fn body_of(&self, message: &Message) -> Option<Rc<Body>> {
        let (pane, in_thread) = layout::areas(self).focused(self.chat.focus)?;
        Some(self.with_rows(pane.messages.width, in_thread, |context| context.body(message)))
    }

    /// Gives the rows of what is on its way to the open channel, or to the open thread.
    pub(crate) fn unsent_rows(&self, columns: u16, in_thread: bool) -> Vec<Row> {
        let Some(channel_id) = self.chat.open else { return Vec::new() };
        let root = match &self.chat.thread {
            Some(thread) if in_thread => Some(thread.root),
            _ => None,
        };
        let mut rows: Vec<Row> = self.newer_gap().filter(|_| !in_thread).into_iter().collect();
        self.with_rows(columns, in_thread, |context| {
            rows.extend(self.chat.outbox.of(channel_id, root).flat_map(|parcel| context.rows_of_parcel(parcel)));
        });
        rows
    }

    /// Gives the row for what is newer than all that is loaded.
    fn newer_gap(&self) -> Option<Row> {
        let open = self.open_channel()?;
        let timeline = open.timeline()?;
        let missing = open.head.last_seq.get().saturating_sub(timeline.last()?.get());
        (missing > 0).then(|| Row::gap(None, Missing::Messages(missing), timeline.gap))
    }

    /// Tells whether addresses are written as links of the terminal.
    pub(crate) fn has_links(&self) -> bool {
        self.settings.has_links.unwrap_or(self.host.takes_links)
    }

    /// Tells whether pictures are drawn: where colours are told apart well enough, and nobody listens instead of looking.
    pub(crate) fn shows_pictures(&self) -> bool {
        let is_looked_at = self.settings.pictures != Way::None && !self.settings.is_for_reader;
        is_looked_at && self.look.depth > Depth::Sixteen && !self.look.is_monochrome()
    }

    /// Tells whether pictures are images of the terminal, rather than half blocks.
    pub(crate) fn takes_images(&self) -> bool {
        let takes = match self.settings.pictures {
            Way::Auto => self.host.takes_images,
            way => way == Way::Kitty,
        };
        takes && self.shows_pictures()
    }
}
