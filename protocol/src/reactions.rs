//! Reactions to messages: short names of emoji, and who reacted with them.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits::EMOJI_CHARS_MAX;
use crate::{Seq, Time, UserId};

/// Short name of an emoji, without colons: `thumbsup`.
///
/// Any lower-case letters, digits, `_`, `+` and `-` are read, so that a name of a newer server does no harm; what people may
/// react with, [`Emoji::canonical`] says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[a-z0-9_+-]{1,64}$"))]
pub struct Emoji(String);

/// Text that cannot be the short name of an emoji.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an emoji is named by its short name, like thumbsup or tada: lower-case letters, digits, '_', '+' and '-'")]
pub struct EmojiError;

impl Emoji {
    /// Gives the short name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Gives the one name of a standard emoji that has several: `thumbsup` for `+1`; none where there is no such emoji.
    #[must_use]
    pub fn canonical(&self) -> Option<Self> {
        let names = emojis::get_by_shortcode(&self.0)?.shortcodes();
        let is_word = |name: &&str| name.starts_with(|first: char| first.is_ascii_alphabetic());
        names.clone().find(is_word).or_else(|| names.clone().next()).map(|name| Self(name.to_owned()))
    }

    /// Gives the characters of a standard emoji: `👍` for `thumbsup`.
    #[must_use]
    pub fn glyph(&self) -> Option<&'static str> {
        emojis::get_by_shortcode(&self.0).map(emojis::Emoji::as_str)
    }
}

impl FromStr for Emoji {
    type Err = EmojiError;

    fn from_str(text: &str) -> Result<Self, EmojiError> {
        let fits = (1..=EMOJI_CHARS_MAX).contains(&text.len());
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_+-".contains(&byte);
        if fits && text.bytes().all(is_name) { Ok(Self(text.to_owned())) } else { Err(EmojiError) }
    }
}

impl TryFrom<String> for Emoji {
    type Error = EmojiError;

    fn try_from(text: String) -> Result<Self, EmojiError> {
        text.parse()
    }
}

impl From<Emoji> for String {
    fn from(emoji: Emoji) -> Self {
        emoji.0
    }
}

impl fmt::Display for Emoji {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many people reacted to a message with one emoji, and who came first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reaction {
    /// With what.
    pub emoji: Emoji,
    /// How many people.
    pub count: u32,
    /// The first of them, at most 5, in the order in which they reacted.
    pub users: Vec<UserId>,
}

/// The reactions to a message, in the order in which their emoji first came; the same for every receiver.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Reactions(Vec<Reaction>);

impl Reactions {
    /// Tells whether nobody reacted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives how many different emoji there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Gives the reactions in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Reaction> {
        self.0.iter()
    }

    /// Finds the reactions with one emoji.
    #[must_use]
    pub fn find(&self, emoji: &Emoji) -> Option<&Reaction> {
        self.0.iter().find(|reaction| reaction.emoji == *emoji)
    }

    /// Takes what became of one emoji: a new one comes last, one that nobody reacts with any longer goes.
    pub fn put(&mut self, reaction: Reaction) {
        let place = self.0.iter().position(|held| held.emoji == reaction.emoji);
        match place {
            Some(place) if reaction.count == 0 => drop(self.0.remove(place)),
            Some(place) => self.0[place] = reaction,
            None if reaction.count == 0 => {}
            None => self.0.push(reaction),
        }
    }

    /// Gives the emoji with which a person is known to have reacted, and whether the lists name everybody, so that
    /// there are no others.
    #[must_use]
    pub fn known_of(&self, user: UserId) -> (Vec<Emoji>, bool) {
        let of_user = self.0.iter().filter(|reaction| reaction.users.contains(&user));
        let is_whole = |reaction: &Reaction| usize::try_from(reaction.count).is_ok_and(|n| n <= reaction.users.len());
        (of_user.map(|reaction| reaction.emoji.clone()).collect(), self.0.iter().all(is_whole))
    }
}

/// With what the asking person reacted to a message: a part of answers that is for one receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MyReactions {
    /// Place of the message.
    pub seq: Seq,
    /// With what, in no particular order.
    pub emoji: Vec<Emoji>,
}

/// One person's reaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reacted {
    /// Who.
    pub user_id: UserId,
    /// With what.
    pub emoji: Emoji,
    /// When.
    pub reacted_at: Time,
}

/// Query of `GET /channels/{id}/messages/{seq}/reactions`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReactionQuery {
    /// Only reactions with this emoji.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<Emoji>,
    /// `next` of the page before; absent for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Most items wanted, 1 to 200; 50 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn emoji(name: &str) -> Emoji {
        name.parse().expect("a name")
    }

    fn users(ids: &[u64]) -> Vec<UserId> {
        ids.iter().map(|&id| UserId::try_from(id).expect("an id")).collect()
    }

    #[test]
    fn an_emoji_has_one_name_of_several() {
        for (name, canonical, glyph) in
            [("+1", "thumbsup", "👍"), ("thumbsup", "thumbsup", "👍"), ("100", "100", "💯"), ("tada", "tada", "🎉")]
        {
            assert_eq!(emoji(name).canonical(), Some(emoji(canonical)), "{name}");
            assert_eq!(emoji(name).glyph(), Some(glyph), "{name}");
        }
        assert_eq!((emoji("no_such_emoji").canonical(), emoji("no_such_emoji").glyph()), (None, None));
    }

    #[test]
    fn what_is_no_short_name_is_refused() {
        for text in ["", ":tada:", "👍", "Tada", "a b", "a/b", &"x".repeat(65)] {
            assert_eq!(text.parse::<Emoji>(), Err(EmojiError), "{text:?}");
        }
    }

    #[test]
    fn emoji_keep_the_order_in_which_they_came() {
        let mut reactions = Reactions::default();
        let reaction = |name, count, ids: &[u64]| Reaction { emoji: emoji(name), count, users: users(ids) };
        reactions.put(reaction("tada", 1, &[3]));
        reactions.put(reaction("heart", 9, &[1, 2, 3, 4, 5]));
        reactions.put(reaction("tada", 2, &[3, 7]));
        let names = |reactions: &Reactions| reactions.iter().map(|one| one.emoji.to_string()).collect::<Vec<_>>();
        assert_eq!(names(&reactions), ["tada", "heart"]);
        assert_eq!(reactions.known_of(users(&[7])[0]), (vec![emoji("tada")], false), "heart has more than it names");
        reactions.put(reaction("heart", 0, &[]));
        reactions.put(reaction("eyes", 0, &[]));
        assert_eq!(names(&reactions), ["tada"]);
        assert_eq!(reactions.known_of(users(&[8])[0]), (Vec::new(), true));
    }
}
