//! Lists of JSON from elsewhere, read only as far as there is room for their elements.
//!
//! Three bytes, `{},`, are hundreds once they are read: the length of a text bounds nothing of what its lists take. So each read is
//! granted room, from which every list within it takes what its elements need, however deep it stands. Without [`within`] there
//! is no room, and every list is refused that has an element.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::bounds::JSON_TREE_BYTES_MAX;

/// What an element needs besides itself: most hold a text.
const TEXT_BYTES: usize = 32;
/// What a map needs for its first few entries.
const MAP_BYTES: usize = 11 * (size_of::<Value>() + size_of::<String>()) + 32;

thread_local! {
    /// What is granted to the read that is going on, and what is left of it, in bytes.
    static ROOM: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Reads something whose lists take at most so many bytes, and says how many they took.
pub(super) fn within<T, E>(bytes_max: usize, read: impl FnOnce() -> Result<T, E>) -> Result<(T, usize), E> {
    ROOM.set((bytes_max, bytes_max));
    let done = read();
    let (granted, left) = ROOM.replace((0, 0));
    Ok((done?, granted - left))
}

/// Reads a list.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    from.deserialize_seq(ListVisitor(PhantomData))
}

/// Reads a list, or nothing.
pub(super) fn maybe_list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Vec<T>>, D::Error> {
    Ok(Option::<Counted<T>>::deserialize(from)?.map(|list| list.0))
}

/// A list by itself.
pub(super) struct Counted<T>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Counted<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        list(from).map(Self)
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = from.next_element()? {
            take(size_of::<T>() + TEXT_BYTES)?;
            list.push(element);
        }
        Ok(list)
    }
}

/// Takes so many bytes of the room.
fn take<E: serde::de::Error>(bytes: usize) -> Result<(), E> {
    let (granted, left) = ROOM.get();
    let Some(left) = left.checked_sub(bytes) else {
        let mib = granted >> 20;
        return Err(E::custom(format_args!(
            "its lists have more elements than fit into {mib} MiB; no real export has that many in one place"
        )));
    };
    ROOM.set((granted, left));
    Ok(())
}

/// JSON of any form, held as its text: many times smaller than what is made of it, for as long as that is looked at.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Json(Box<str>);

impl Json {
    /// Gives the value; null where there was none.
    pub(super) fn value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let before = ROOM.get();
        ROOM.set((before.0.min(JSON_TREE_BYTES_MAX), before.1.min(JSON_TREE_BYTES_MAX)));
        let value = from.deserialize_any(TreeVisitor)?;
        // The tree goes, and its text is no longer than the one that is read.
        ROOM.set(before);
        Ok(Self(if value.is_null() { Box::default() } else { value.to_string().into_boxed_str() }))
    }
}

/// Any value, within the room.
struct Tree(Value);

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TreeVisitor).map(Self)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, from: A) -> Result<Value, A::Error> {
        let list = ListVisitor::<Tree>(PhantomData).visit_seq(from)?;
        Ok(list.into_iter().map(|tree| tree.0).collect())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, Tree(value))) = from.next_entry::<String, Tree>()? {
            // Entries are held in nodes of eleven, at least half of which are used.
            take(if map.is_empty() { MAP_BYTES } else { 2 * MAP_BYTES / 11 } + TEXT_BYTES)?;
            map.insert(key, value);
        }
        Ok(map.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Slack and Mattermost have them: lists in elements of lists.
    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(default)]
    struct Post {
        #[serde(deserialize_with = "list")]
        words: Vec<String>,
        #[serde(deserialize_with = "maybe_list")]
        replies: Option<Vec<Post>>,
    }

    fn read(json: &str, bytes_max: usize) -> serde_json::Result<(Vec<Post>, usize)> {
        within(bytes_max, || serde_json::from_str::<Counted<Post>>(json)).map(|(posts, taken)| (posts.0, taken))
    }

    #[test]
    fn every_list_takes_its_room() {
        let (post, word) = (size_of::<Post>() + TEXT_BYTES, size_of::<String>() + TEXT_BYTES);
        for (json, taken) in [
            ("[]", 0),
            ("[{},{}]", 2 * post),
            (r#"[{"replies":null,"other":[1,2,3]}]"#, post),
            (r#"[{"words":["a","b"],"replies":[{"words":["c"]}]}]"#, 2 * post + 3 * word),
        ] {
            assert_eq!(read(json, taken).expect(json).1, taken, "{json}");
            if taken > 0 {
                let refused = read(json, taken - 1).expect_err(json).to_string();
                assert!(refused.contains("more elements than fit into 0 MiB"), "{refused}");
            }
        }
        assert!(serde_json::from_str::<Counted<Post>>("[{}]").is_err(), "nothing was granted");
        assert!(read("{}", 1 << 20).is_err() && read("[{},", 1 << 20).is_err());
    }

    #[test]
    fn json_of_any_form_takes_room_while_it_is_read() {
        let text = r#"[{"a":[1,-2,0.5,null,true,"x"]},{}]"#;
        let (json, taken) = within(4_096, || serde_json::from_str::<Json>(text)).expect("fits");
        assert_eq!((json.value().to_string().as_str(), taken), (text, 0), "what is held is a text");
        assert_eq!(within(0, || serde_json::from_str::<Json>("null")).expect("is nothing").0.value(), Value::Null);
        for (element, bytes_max) in [("{\"a\":1}", 1_000 * MAP_BYTES), ("[]", 1_000 * size_of::<Value>())] {
            let text = format!("[{}{element}]", format!("{element},").repeat(1_000));
            let refused = within(bytes_max, || serde_json::from_str::<Json>(&text)).map(|_| ());
            assert!(refused.expect_err(element).to_string().contains("more elements than fit"), "{element}");
        }
    }

    #[test]
    fn what_is_refused_was_not_read_to_its_end() {
        // A comma and an object, for ever: whoever gathers before counting never comes back.
        struct Objects(usize);
        impl std::io::Read for Objects {
            fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
                for byte in &mut *to {
                    *byte = b"{},"[self.0 % 3];
                    self.0 += 1;
                }
                Ok(to.len())
            }
        }
        let endless = std::io::BufReader::new(std::io::Read::chain(&b"["[..], Objects(0)));
        let refused = within(1 << 20, || serde_json::from_reader::<_, Counted<Post>>(endless));
        let refused = refused.map(|_| ()).expect_err("refused").to_string();
        assert!(refused.contains("more elements than fit into 1 MiB"), "{refused}");
    }
}
