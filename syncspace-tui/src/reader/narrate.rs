//! What changed in the state, as lines that read alone: "who: what".

use syncspace_protocol::files::size_words;
use syncspace_protocol::messages::{Message, MessageType};
use syncspace_protocol::{ChannelId, Seq};

use crate::app::State;
use crate::app::accounts::AccountNo;
use crate::app::entry::EntryForm;
use crate::app::form::Input;
use crate::app::help;
use crate::app::look::Theme;
use crate::app::others::Mark;
use crate::app::pages::rows;
use crate::app::picker;
use crate::app::posting;
use crate::app::sidebar;
use crate::app::state::{Focus, Link, Modal, Screen};
use crate::app::switcher;
use crate::app::text;
use crate::app::timeline::Timeline;

/// Of a channel that is opened, that many messages are said: more would keep one from typing.
const OPENED_MESSAGES: usize = 10;
/// Lines of the help said at once.
const HELP_LINES: usize = 10;
/// Things of which only the newest word counts.
const TOPICS: usize = 13;

/// What was said last, of each thing.
#[derive(Debug, Default)]
pub(super) struct Narrator {
    topics: [Option<String>; TOPICS],
    /// The account that was in front, where there are several.
    account: Option<AccountNo>,
    /// The list whose messages were said, and the last of them.
    channel: Option<(ChannelId, Seq)>,
    thread: Option<(ChannelId, Seq, Seq)>,
}

impl Narrator {
    /// Gives what is to be said now.
    pub(super) fn narrate(&mut self, state: &State) -> Vec<String> {
        let account = state.others.mine().map(|mark| mark.no);
        if account != self.account {
            // Another account has its own channels and messages, with numbers of its own.
            *self = Self { account, ..Self::default() };
        }
        let mut said = Vec::new();
        for (held, now) in self.topics.iter_mut().zip(topics(state)) {
            if *held != now {
                said.extend(now.iter().flat_map(|words| words.lines()).map(text::line));
                *held = now;
            }
        }
        if matches!(state.screen, Screen::Chat) {
            self.say_channel(state, &mut said);
            self.say_thread(state, &mut said);
        }
        said.retain(|line| !line.is_empty());
        said
    }

    fn say_channel(&mut self, state: &State, said: &mut Vec<String>) {
        let Some((id, list)) = state.open_channel().and_then(|open| Some((open.channel.id, open.timeline()?))) else {
            return;
        };
        let after = self.channel.filter(|(held, _)| *held == id).map(|(_, seq)| seq);
        let mut before = after;
        for message in newer(list, after) {
            said.extend(before.and_then(|before| missing(before, message.seq)));
            said.extend(lines(state, message, false));
            before = Some(message.seq);
        }
        self.channel = list.last().map(|last| (id, after.map_or(last, |after| after.max(last))));
    }

    fn say_thread(&mut self, state: &State, said: &mut Vec<String>) {
        let Some(thread) = &state.chat.thread else {
            self.thread = None;
            return;
        };
        let Some(list) = &thread.timeline else { return };
        let held = self.thread.filter(|(id, root, _)| (*id, *root) == (thread.channel_id, thread.root));
        // What comes while it is open stands in the channel, too, and is said there.
        if held.is_none() {
            said.extend(newer(list, None).iter().flat_map(|message| lines(state, message, true)));
        }
        self.thread = list.last().map(|last| (thread.channel_id, thread.root, last));
    }
}

/// Gives what is said of messages between two places that are not loaded.
fn missing(before: Seq, next: Seq) -> Option<String> {
    match next.get().saturating_sub(before.get()) {
        0 | 1 => None,
        2 => Some("1 message not loaded.".to_owned()),
        steps => Some(format!("{} messages not loaded.", steps - 1)),
    }
}

fn newer(list: &Timeline, after: Option<Seq>) -> Vec<&Message> {
    match after {
        Some(after) => list.iter().filter(|message| message.seq > after).collect(),
        None => {
            let mut last: Vec<&Message> = list.iter().rev().take(OPENED_MESSAGES).collect();
            last.reverse();
            last
        }
    }
}

/// Gives a message as lines; the first one says who.
fn lines(state: &State, message: &Message, in_thread: bool) -> Vec<String> {
    let name = if Some(message.sender_id) == state.world.my_id() {
        "you".to_owned()
    } else {
        state.world.name(message.sender_id)
    };
    let how = if message.parent_seq.is_some() && !in_thread { " in a thread" } else { "" };
    let who = match message.message_type {
        MessageType::System => String::new(),
        _ => format!("{name}{how}: "),
    };
    if message.deleted_at.is_some() {
        return vec![format!("{who}message deleted")];
    }
    let content = message.content.lines().map(text::line);
    let files =
        message.files.iter().map(|file| format!("file {}, {}", text::line(&file.name), size_words(file.size_bytes)));
    let mut lines: Vec<String> = content.chain(files).collect();
    match lines.first_mut() {
        Some(first) => first.insert_str(0, &who),
        None => lines.push(who),
    }
    lines
}

/// Gives the newest word on each thing, in the order in which they are said.
fn topics(state: &State) -> [Option<String>; TOPICS] {
    let is_chat = matches!(state.screen, Screen::Chat);
    let in_chat = |words: Option<String>| words.filter(|_| is_chat);
    let form = match (&state.modal, &state.screen) {
        (Some(Modal::Form(entry)), _) | (None, Screen::Entry { form: entry, .. }) => Some(entry),
        _ => None,
    };
    let waiting = match &state.screen {
        Screen::Waiting(words) => Some(words.clone()),
        Screen::Entry { .. } | Screen::Chat => None,
    };
    [
        account(state),
        other_accounts(state),
        waiting,
        in_chat(Some(link(state))),
        form.map(form_title),
        form.and_then(form_error),
        form.and_then(form_field),
        modal(state),
        in_chat(channel(state)),
        in_chat(Some(place(state.chat.focus).to_owned())),
        in_chat(selection(state)),
        state.notice.as_ref().map(|notice| notice.text.clone()),
        in_chat(waiting_to_be_sent(state)),
    ]
}

/// Names the account in front, where there are several.
fn account(state: &State) -> Option<String> {
    state.others.mine().map(|mark| format!("Account {}, {}.", state.others.me + 1, mark.label()))
}

/// Gives what another account wants of the person. How much is merely unread there, the list of accounts says.
fn other_accounts(state: &State) -> Option<String> {
    let words = state.others.beside().filter_map(|(number, mark)| {
        let mark = Mark { unread: 0, ..mark.clone() };
        Some(mark.words()).filter(|words| !words.is_empty()).map(|words| format!("Account {number}: {words}."))
    });
    Some(words.collect::<Vec<_>>().join("\n")).filter(|words| !words.is_empty())
}

fn link(state: &State) -> String {
    match &state.link {
        Link::Online => "Online.".to_owned(),
        Link::Connecting | Link::Offline => "Connecting.".to_owned(),
        Link::Lost(outage) => format!("Offline: {}.", outage.reason),
    }
}

fn form_title(entry: &EntryForm) -> String {
    let intro = entry.form.intro.join("\n");
    format!("{}. Tab moves, Enter goes on, Esc goes back.\n{intro}", entry.form.title)
}

fn form_error(entry: &EntryForm) -> Option<String> {
    let of_fields =
        entry.form.fields.iter().filter_map(|field| Some(format!("{}: {}", field.label, field.error.as_ref()?)));
    let all: Vec<String> = entry.form.error.iter().cloned().chain(of_fields).collect();
    let busy = entry.form.busy.map(str::to_owned);
    Some(all.join("\n")).filter(|all| !all.is_empty()).map(|all| format!("Error. {all}")).or(busy)
}

fn form_field(entry: &EntryForm) -> Option<String> {
    let form = &entry.form;
    let field = form.fields.get(form.focus)?;
    let value = match &field.input {
        Input::Line(_) | Input::Secret(_) => field.hint.to_owned(),
        Input::Pick { options, chosen } => {
            let label = options.get(*chosen).map(|(_, label)| label.as_str()).unwrap_or_default();
            format!("{label}, {} of {}", chosen + 1, options.len())
        }
        Input::Toggle(on) => if *on { "yes" } else { "no" }.to_owned(),
    };
    Some(format!("{}: {value}", field.label))
}

fn modal(state: &State) -> Option<String> {
    match state.modal.as_ref()? {
        Modal::Form(_) => None,
        Modal::Help(view) => {
            let lines = help::lines(state, view.input.text());
            // It is scrolled no further than a screen of it goes: there the rest is said.
            let is_end = view.scroll >= help::last_scroll(state, view.input.text());
            let shown = lines.iter().skip(view.scroll).take(if is_end { lines.len() } else { HELP_LINES });
            let shown: String = shown.map(|line| format!("\n{}: {}", line.keys, line.help)).collect();
            let first = view.scroll.min(lines.len()) + usize::from(!lines.is_empty());
            Some(format!("{}, from {first} of {}. Type to find, Esc closes.{shown}", help::title(state), lines.len()))
        }
        Modal::Switcher(view) => {
            let choices = switcher::choices(state, view);
            let chosen = choices.get(view.chosen);
            Some(chosen.map_or("Nothing of that name.".to_owned(), |choice| {
                format!("{}, {}, {} of {}", choice.label, choice.about, view.chosen + 1, choices.len())
            }))
        }
        Modal::Picker(view) => {
            let choices = picker::choices(state, view);
            let chosen = choices.get(view.chosen);
            Some(chosen.map_or("Nothing of that name.".to_owned(), |choice| {
                let parts = [&choice.label, &choice.about, &choice.key];
                let words: Vec<&str> = parts.into_iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
                format!("{}, {} of {}", words.join(", "), view.chosen + 1, choices.len())
            }))
        }
        Modal::Sheet { sheet, .. } => {
            let parts: String = sheet.parts.iter().map(|(head, body)| format!("\n{head}\n{body}")).collect();
            Some(format!("{}{parts}", sheet.title))
        }
        Modal::Themes(picker) => Theme::ALL.get(picker.chosen).map(|(_, name, about)| format!("{name}: {about}")),
    }
}

fn channel(state: &State) -> Option<String> {
    let open = state.open_channel()?;
    let label = state.world.channel_label(&open.channel);
    let thread = state.chat.thread.as_ref().map(|_| "Thread in ").unwrap_or_default();
    let obstacle = posting::obstacle(state, open.channel.id).map(|why| format!(" Nothing can be sent: {why}."));
    Some(format!("{thread}{label}.{}", obstacle.unwrap_or_default()))
}

const fn place(focus: Focus) -> &'static str {
    match focus {
        Focus::Sidebar => "Channels.",
        Focus::Messages | Focus::ThreadMessages => "Messages.",
        Focus::Composer | Focus::ThreadComposer => "Writing.",
        Focus::Page | Focus::PageInput => "Page.",
    }
}

/// Gives what is selected in the list that the keys go to.
fn selection(state: &State) -> Option<String> {
    if state.chat.focus == Focus::Sidebar {
        let chosen = sidebar::rows(state).into_iter().find(|id| Some(*id) == state.chat.sidebar_cursor)?;
        let entry = sidebar::entry(state, chosen)?;
        let unread = match (entry.unread.messages, entry.unread.mentions) {
            (0, 0) => String::new(),
            (messages, 0) => format!(", {messages} unread"),
            (messages, mentions) => format!(", {messages} unread, {mentions} to you"),
        };
        return Some(format!("{}{unread}", entry.label));
    }
    if state.chat.focus.is_page() {
        return rows::spoken(state);
    }
    let (_, message) = state.selected()?;
    let time = message.created_at.timestamp().to_zoned(state.zone.clone()).strftime("%H:%M").to_string();
    let replies = if message.reply_count > 0 { format!(", {} replies", message.reply_count) } else { String::new() };
    Some(format!("{time}{replies}, {}", lines(state, message, true).join("\n")))
}

fn waiting_to_be_sent(state: &State) -> Option<String> {
    let unsent = state.chat.outbox.unsent();
    (unsent > 0 && state.link != Link::Online).then(|| format!("{unsent} not sent yet: waiting for the connection."))
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyCode;
    use insta::assert_snapshot;
    use syncspace_protocol::StreamId;
    use syncspace_protocol::channels::ChannelKind;
    use syncspace_protocol::socket::EventBody;

    use super::*;
    use crate::app::Net;
    use crate::play::{BOB, ENG, GENERAL, Play, at, id, message, my_channel};

    /// A play whose words are gathered.
    struct Told {
        play: Play,
        narrator: Narrator,
    }

    impl Told {
        fn new(play: Play) -> Self {
            Self { play, narrator: Narrator::default() }
        }

        fn hear(&mut self) -> String {
            self.narrator.narrate(&self.play.state).join("\n")
        }
    }

    #[test]
    fn pain_22_the_chat_is_said_in_lines_without_boxes() {
        let mut told = Told::new(Play::chat(80, 24));
        assert_snapshot!("reader_chat", told.hear());
        assert_eq!(told.hear(), "", "nothing is said twice");
        told.play.arrive(message(7, BOB, 60, "two\nlines \u{1b}[31mred"));
        assert_eq!(told.hear(), "bob: two\nlines red");
        told.play.arrive(message(10, BOB, 61, "after a gap"));
        assert_eq!(told.hear(), "2 messages not loaded.\nbob: after a gap");
        told.play.type_text("hello");
        assert_eq!(told.hear(), "", "typing is the line's business");
    }

    #[test]
    fn where_nothing_can_be_sent_is_said_before_a_word_is_typed() {
        let mut told = Told::new(Play::chat(80, 24));
        told.hear();
        let mut channel = my_channel(GENERAL, ChannelKind::Public, Some("general"), 6, 0).channel;
        (channel.rev, channel.archived_at) = (id(9), Some(at(0)));
        told.play.stream(StreamId::Team(id(ENG)), Some(9), EventBody::ChannelUpdated { channel });
        assert_eq!(told.hear(), "#general. Nothing can be sent: #general is archived.");
    }

    #[test]
    fn moving_about_is_said() {
        let mut told = Told::new(Play::chat(80, 24));
        told.hear();
        told.play.press(KeyCode::Esc);
        assert_eq!(told.hear(), "Messages.\n09:40, bob: message deleted");
        told.play.press(KeyCode::Char('k'));
        assert_eq!(told.hear(), "09:15, you: fn main() {\n println!(\"hi\");\n}");
        told.play.ctrl('k');
        assert_eq!(told.hear(), "@bob, eng · 1 unread, 1 of 5");
        told.play.press(KeyCode::Down);
        assert!(told.hear().ends_with(", 2 of 5"));
        told.play.press(KeyCode::Esc);
        told.hear();
        told.play.press(KeyCode::BackTab);
        told.play.press(KeyCode::BackTab);
        assert!(told.hear().starts_with("Channels.\n#general"));
    }

    #[test]
    fn forms_and_failures_are_said() {
        let mut told = Told::new(Play::start(80, 24, false));
        assert_snapshot!("reader_form", told.hear());
        told.play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 500 });
        let mut told = Told::new(Play::chat(80, 24));
        told.hear();
        told.play.net(Net::Disconnected { reason: "the connection broke".to_owned(), retry_in_ms: 500 });
        assert_eq!(told.hear(), "Offline: the connection broke.");
        told.play.type_text("hello");
        told.play.press(KeyCode::Enter);
        assert_eq!(told.hear(), "1 not sent yet: waiting for the connection.");
        told.play.press(KeyCode::F(1));
        assert_snapshot!("reader_help", told.hear());
    }
}
