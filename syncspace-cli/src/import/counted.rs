//! Lists of JSON from elsewhere, read only as far as there is room for their elements.
//!
//! Three bytes, `{},`, are hundreds once they are read: the length of a text bounds nothing of what its lists take. So each read is
//! granted room, from which every list within it takes what its elements need, however deep it stands. Without [`within`] there
//! is no room, and every list is refused that has an element.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};

/// What an element needs besides itself: most hold a text.
const TEXT_BYTES: usize = 32;

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
            let (granted, left) = ROOM.get();
            let Some(left) = left.checked_sub(size_of::<T>() + TEXT_BYTES) else {
                let mib = granted >> 20;
                return Err(A::Error::custom(format_args!(
                    "its lists have more elements than fit into {mib} MiB; no real export has that many in one place"
                )));
            };
            ROOM.set((granted, left));
            list.push(element);
        }
        Ok(list)
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
