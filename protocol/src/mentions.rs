//! Whom a message names: `@alice`, a user group, `@channel` (or `@all`), `@here`, as they are found in a text.
//!
//! Pure: which names stand there. Who of them is a person that may see the message, the server decides.

use std::collections::BTreeSet;
use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits::{MENTIONED_GROUPS_MAX, MENTIONED_NAMES_MAX, USERNAME_CHARS_MAX};
use crate::names::fold_key;
use crate::{GroupId, UserId};

/// Whom a message names; the same for every receiver.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mentions {
    /// People by name, or by the name of a group that they were in, who were members of the channel when it was written: each
    /// once, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<UserId>,
    /// The groups that were named, at most five, by id. Whom they name stands above and is never asked for again: what becomes
    /// of a group later changes no count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupId>,
    /// Everybody in the channel: `@channel` or `@all`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub channel: bool,
    /// Whoever of the channel is online: `@here`. Delivered, not counted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub here: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Mentions {
    /// Tells whether nobody is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Tells whether a mention of this person counts: by name, or as one of the channel.
    #[must_use]
    pub fn count_for(&self, user: UserId) -> bool {
        self.channel || self.users.contains(&user)
    }
}

/// What one mention in a text stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mentioned<'a> {
    /// Perhaps a person, perhaps a group.
    Name {
        /// The name as far as it can go. A username may end in `.`, `_` or `-`.
        written: &'a str,
        /// Without those at its end: in `@alice.` the full stop rather ends a sentence. The one meant where nobody is
        /// called as it is written.
        trimmed: &'a str,
    },
    /// `@channel` or `@all`.
    Channel,
    /// `@here`.
    Here,
}

/// A mention and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention<'a> {
    /// Its bytes in the text, the `@` included, without punctuation that ends it.
    pub range: Range<usize>,
    /// What it stands for.
    pub mentioned: Mentioned<'a>,
}

/// Finds the mentions in a text, in their order.
///
/// None stands in code (fenced blocks, spans between backticks), in an e-mail address or in a path: before the `@` comes
/// no ASCII letter or digit and none of `_ + / @ \`, after the name no further `@`. Letters of other scripts may touch
/// it, as is usual where words are written without blanks.
#[must_use]
pub fn find_mentions(text: &str) -> Vec<Mention<'_>> {
    let mut found = Vec::new();
    for prose in code::outside(text) {
        let part = &text[prose.clone()];
        for (at, _) in part.match_indices('@') {
            if let Some(mut mention) = mention_at(part, at) {
                mention.range = mention.range.start + prose.start..mention.range.end + prose.start;
                found.push(mention);
            }
        }
    }
    found
}

/// Tells whether some of a text is code: fenced blocks, spans between backticks.
#[must_use]
pub fn has_code(text: &str) -> bool {
    let mut end = 0;
    let parts = code::outside(text).into_iter().chain(std::iter::once(text.len()..text.len()));
    let mut between = parts.map(|part| std::mem::replace(&mut end, part.end)..part.start);
    // What belongs to neither is the blank line after a paragraph.
    between.any(|gap| !text[gap].trim().is_empty())
}

/// Gives the parts of a text that are not code, in order.
#[must_use]
pub fn prose(text: &str) -> Vec<&str> {
    code::outside(text).into_iter().map(|part| &text[part]).collect()
}

fn mention_at(text: &str, at: usize) -> Option<Mention<'_>> {
    let before = text[..at].chars().next_back();
    if before.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '/' | '@' | '\\')) {
        return None;
    }
    let rest = &text[at + 1..];
    let end = rest.find(|c: char| !is_name_char(c)).unwrap_or(rest.len());
    let written = &rest[..end];
    let trimmed = written.trim_end_matches(['.', '_', '-']);
    let starts_well = written.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !starts_well || rest[end..].starts_with('@') || trimmed.len() > USERNAME_CHARS_MAX {
        return None;
    }
    let mentioned = match trimmed.to_ascii_lowercase().as_str() {
        "channel" | "all" => Mentioned::Channel,
        "here" => Mentioned::Here,
        _ => Mentioned::Name { written, trimmed },
    };
    Some(Mention { range: at..at + 1 + trimmed.len(), mentioned })
}

const fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// The names in a text, folded: what the server looks up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MentionedNames {
    /// Each distinct name once, in the order of the text: as written, and as trimmed. At most
    /// [`MENTIONED_NAMES_MAX`]; those after name nobody.
    pub names: Vec<MentionedName>,
    /// Whether `@channel` or `@all` stands there.
    pub channel: bool,
    /// Whether `@here` stands there.
    pub here: bool,
}

/// One name that may be a person's or a group's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MentionedName {
    /// Folded, as far as it can go.
    pub written_key: String,
    /// Folded, without punctuation at its end; the same where it has none.
    pub trimmed_key: String,
}

impl MentionedName {
    fn person(&self, person: impl Fn(&str) -> Option<UserId>) -> Option<UserId> {
        person(&self.written_key).or_else(|| person(&self.trimmed_key))
    }
}

/// A group as it is found by a name in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedGroup {
    /// Its id.
    pub id: GroupId,
    /// Who of it is in the message's channel.
    pub user_ids: Vec<UserId>,
}

impl MentionedNames {
    /// Finds the names in a text.
    #[must_use]
    pub fn find(text: &str) -> Self {
        let mut all = Self::default();
        let mut seen = BTreeSet::new();
        for mention in find_mentions(text) {
            match mention.mentioned {
                Mentioned::Channel => all.channel = true,
                Mentioned::Here => all.here = true,
                Mentioned::Name { .. } if seen.len() >= MENTIONED_NAMES_MAX => {}
                Mentioned::Name { written, trimmed } => {
                    let name = MentionedName { written_key: fold_key(written), trimmed_key: fold_key(trimmed) };
                    if seen.insert(name.clone()) {
                        all.names.push(name);
                    }
                }
            }
        }
        all
    }

    /// Makes the mentions of it, with the person of each folded name where there is one, else with the group.
    ///
    /// Groups beyond [`MENTIONED_GROUPS_MAX`] mention nobody.
    #[must_use]
    pub fn resolve<'a>(
        &self,
        person: impl Fn(&str) -> Option<UserId>,
        group: impl Fn(&str) -> Option<&'a NamedGroup>,
    ) -> Mentions {
        let mut users = Vec::new();
        let mut groups = Vec::new();
        for name in &self.names {
            if let Some(user) = name.person(&person) {
                users.push(user);
            } else if let Some(found) = group(&name.trimmed_key)
                && groups.len() < MENTIONED_GROUPS_MAX
                && !groups.contains(&found.id)
            {
                groups.push(found.id);
                users.extend(&found.user_ids);
            }
        }
        users.sort_unstable();
        users.dedup();
        groups.sort_unstable();
        Mentions { users, groups, channel: self.channel, here: self.here }
    }

    /// Gives the folded names that are no person's and may be a group's, each once.
    pub fn keys_of_groups(&self, person: impl Fn(&str) -> Option<UserId>) -> BTreeSet<&str> {
        let unknown = self.names.iter().filter(|name| name.person(&person).is_none());
        // No group's name ends with punctuation.
        unknown.map(|name| name.trimmed_key.as_str()).collect()
    }

    /// Gives every folded name that has to be looked up, each once.
    #[must_use]
    pub fn keys(&self) -> BTreeSet<&str> {
        self.names.iter().flat_map(|name| [name.written_key.as_str(), name.trimmed_key.as_str()]).collect()
    }
}

/// What of a text is code, as CommonMark has it: fenced blocks, and spans between equal runs of backticks.
mod code {
    use std::ops::Range;

    /// Gives the parts of a text that are not code, in order.
    pub(super) fn outside(text: &str) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        let mut fence: Option<(char, usize)> = None;
        let mut prose = 0..0;
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let end = at + line.len();
            match (fence, fence_of(line)) {
                (None, Some((mark, length, _))) => {
                    spans(text, prose.clone(), &mut parts);
                    fence = Some((mark, length));
                    prose = end..end;
                }
                // A span does not go beyond its paragraph.
                (None, None) if line.trim().is_empty() => {
                    spans(text, prose.clone(), &mut parts);
                    prose = end..end;
                }
                (None, None) => prose.end = end,
                (Some((mark, least)), closing) => {
                    if closing.is_some_and(|(other, length, is_bare)| other == mark && length >= least && is_bare) {
                        fence = None;
                    }
                    prose = end..end;
                }
            }
            at = end;
        }
        spans(text, prose, &mut parts);
        parts
    }

    /// Reads a line that opens or closes a block: its mark, how many, and whether nothing else stands there.
    fn fence_of(line: &str) -> Option<(char, usize, bool)> {
        let body = line.trim_start_matches(' ');
        let mark = body.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        let rest = body.trim_start_matches(mark);
        let length = body.len() - rest.len();
        // With backticks behind it, it is a span on one line.
        let is_fence = line.len() - body.len() <= 3 && length >= 3 && !(mark == '`' && rest.contains('`'));
        is_fence.then(|| (mark, length, rest.trim().is_empty()))
    }

    /// Adds the parts of a paragraph that are outside its spans.
    fn spans(text: &str, paragraph: Range<usize>, parts: &mut Vec<Range<usize>>) {
        let mut start = paragraph.start;
        let mut runs = runs(&text[paragraph.clone()], paragraph.start).into_iter();
        while let Some(open) = runs.next() {
            let mut later = runs.clone();
            if let Some(close) = later.find(|run| run.len() == open.len()) {
                parts.push(start..open.start);
                start = close.end;
                runs = later;
            }
        }
        parts.push(start..paragraph.end);
        parts.retain(|part| !part.is_empty());
    }

    /// Finds the runs of backticks.
    fn runs(text: &str, offset: usize) -> Vec<Range<usize>> {
        let mut runs: Vec<Range<usize>> = Vec::new();
        for (at, _) in text.match_indices('`') {
            let at = at + offset;
            match runs.last_mut() {
                Some(last) if last.end == at => last.end += 1,
                _ => runs.push(at..at + 1),
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes what a text names: names as trimmed, `*` for the channel, `!` for whoever is here.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> = find_mentions(text)
            .into_iter()
            .map(|mention| {
                assert!(text[mention.range.clone()].starts_with('@'), "{text:?} {mention:?}");
                match mention.mentioned {
                    Mentioned::Channel => "*".to_owned(),
                    Mentioned::Here => "!".to_owned(),
                    Mentioned::Name { trimmed, .. } => {
                        assert_eq!(text[mention.range][1..], *trimmed);
                        trimmed.to_owned()
                    }
                }
            })
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn names_are_found_where_a_person_would_see_them() {
        check("@alice", &["alice"]);
        check("hi @alice, @Bob: (@carol-2) \"@d.e\"!", &["alice", "Bob", "carol-2", "d.e"]);
        check("thanks @alice. And @bob... @c_", &["alice", "bob", "c"]);
        check("你好@alice你好，@bob。", &["alice", "bob"]);
        check("@alice's and @alice/x", &["alice", "alice"]);
        check("@1234 @-x @.y @ @@z @", &["1234"]);
    }

    #[test]
    fn the_channel_and_whoever_is_here_have_words_of_their_own() {
        check("@channel @ALL. @here, @Here", &["*", "*", "!", "!"]);
        check("@allison @channels @hereby", &["allison", "channels", "hereby"]);
    }

    #[test]
    fn addresses_and_paths_name_nobody() {
        check("mail alice@example.org, x+@example.org, a_@b", &[]);
        check("@alice@example.org and https://example.org/@alice and \\@alice", &[]);
    }

    #[test]
    fn code_names_nobody() {
        check("`@alice` @bob ``@c ` @d`` @e", &["bob", "e"]);
        check("a ` lone tick @alice", &["alice"]);
        check("a `` lone @alice ` pair @bob ` @carol", &["alice", "carol"]);
        check("```\n@alice\n```\n@bob", &["bob"]);
        check("see:\n   ~~~rust\n@alice\n```\n@bob\n~~~~\n@carol", &["carol"]);
        check("```\n@never closed", &[]);
        check("    ``` @alice", &["alice"]);
        check("``` @alice ``` @bob", &["bob"]);
        check("a ` tick\n\n@alice in another paragraph `", &["alice"]);
        check("`two\nlines @alice` @bob", &["bob"]);
    }

    #[test]
    fn code_is_noticed() {
        for text in ["`a`", "x `a` y", "```\na\n```", "a\n\n~~~\nb", "a\n\nb `c`\n\nd"] {
            assert!(has_code(text), "{text:?}");
        }
        for text in ["", "a", "a\n\n\nb\n", "a ` b", "  \n \n"] {
            assert!(!has_code(text), "{text:?}");
        }
    }

    #[test]
    fn a_name_longer_than_any_is_none() {
        check(&format!("@{} @{}", "a".repeat(51), "b".repeat(50)), &["b".repeat(50).as_str()]);
        check(&format!("@{}...", "b".repeat(50)), &["b".repeat(50).as_str()]);
    }

    fn user(number: u64) -> UserId {
        UserId::try_from(number).unwrap()
    }

    #[test]
    fn a_name_is_meant_as_written_where_somebody_is_called_so() {
        let names = MentionedNames::find("@Bob_ @ALICE. @nobody @alice");
        let people = |key: &str| match key {
            "alice" => Some(user(3)),
            "bob_" => Some(user(2)),
            "bob" => Some(user(1)),
            _ => None,
        };
        let mentions = names.resolve(people, |_| None);
        assert_eq!(mentions, Mentions { users: vec![user(2), user(3)], ..Mentions::default() });
        assert_eq!(names.keys().into_iter().collect::<Vec<_>>(), ["alice", "alice.", "bob", "bob_", "nobody"]);
    }

    #[test]
    fn a_group_names_its_people_where_nobody_is_called_so() {
        let group = |id: u64, users: &[u64]| NamedGroup {
            id: GroupId::try_from(id).unwrap(),
            user_ids: users.iter().copied().map(user).collect(),
        };
        let (ops, alice) = (group(1, &[4, 3]), group(2, &[9]));
        let names = MentionedNames::find("@OPS. @alice @ops @nobody");
        let person = |key: &str| (key == "alice").then(|| user(3));
        assert_eq!(names.keys_of_groups(person).into_iter().collect::<Vec<_>>(), ["nobody", "ops"]);
        let mentions = names.resolve(person, |key| match key {
            "ops" => Some(&ops),
            "alice" => Some(&alice),
            _ => None,
        });
        assert_eq!(mentions, Mentions { users: vec![user(3), user(4)], groups: vec![ops.id], ..Mentions::default() });
    }

    #[test]
    fn groups_beyond_the_bound_name_nobody() {
        let groups: Vec<NamedGroup> =
            (1..=7).map(|id| NamedGroup { id: GroupId::try_from(id).unwrap(), user_ids: vec![user(id)] }).collect();
        let names = MentionedNames::find("@g0 @g1 @G0 @g2 @g3 @g4 @g5 @g6");
        let mentions = names.resolve(|_| None, |key| groups.get(key[1..].parse::<usize>().unwrap()));
        assert_eq!(mentions.users, (1..=5).map(user).collect::<Vec<_>>());
        assert_eq!(mentions.groups.len(), MENTIONED_GROUPS_MAX);
    }

    #[test]
    fn names_beyond_the_bound_are_not_looked_up() {
        let text: String = (0..MENTIONED_NAMES_MAX + 5).map(|number| format!("@u{number} ")).collect();
        let names = MentionedNames::find(&format!("{text} @channel @u0"));
        assert_eq!(names.names.len(), MENTIONED_NAMES_MAX);
        assert!(names.channel && !names.here);
    }

    #[test]
    fn a_mention_counts_by_name_or_for_the_channel_and_not_for_whoever_is_here() {
        let named = Mentions { users: vec![user(1)], ..Mentions::default() };
        assert!(named.count_for(user(1)) && !named.count_for(user(2)));
        assert!(Mentions { channel: true, ..Mentions::default() }.count_for(user(2)));
        assert!(!Mentions { here: true, ..Mentions::default() }.count_for(user(2)));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_searched(text in "[@`~a. \n\\\\é*]{0,60}") {
            for mention in find_mentions(&text) {
                assert!(text[mention.range].starts_with('@'));
            }
        }
    }
}
