//! Query strings, read strictly: each value in its type, unknown and repeated parameters refused by name.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Error as _, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::reply::Failure;

/// Reads what stands behind the `?`.
pub(crate) fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Failure> {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    T::deserialize(Pairs(pairs.filter(|(name, _)| !name.is_empty()).collect())).map_err(|error| match error.field {
        Some(field) => Failure::field(field, error.message),
        None => Failure::new(syncspace_protocol::ErrorCode::InvalidField, error.message),
    })
}

/// What is wrong with a query, and with which parameter.
#[derive(Debug)]
struct QueryError {
    field: Option<String>,
    message: String,
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message.fmt(f)
    }
}

impl std::error::Error for QueryError {}

impl de::Error for QueryError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { field: None, message: message.to_string() }
    }

    fn missing_field(field: &'static str) -> Self {
        Self { field: Some(field.to_owned()), message: format!("the parameter `{field}` is missing") }
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self { field: Some(field.to_owned()), message: format!("the parameter `{field}` is given twice") }
    }
}

/// All parameters, as a map.
struct Pairs<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'de> de::Deserializer<'de> for Pairs<'de> {
    type Error = QueryError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        visitor.visit_map(Walk { left: self.0.into_iter(), value: None })
    }

    /// The query of a route that has none.
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        match self.0.into_iter().next() {
            Some((name, text)) => Err(Param { name, text }.unknown()),
            None => visitor.visit_unit(),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit_struct newtype_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Goes through the parameters, and names the one whose value does not fit.
struct Walk<'a> {
    left: std::vec::IntoIter<(Cow<'a, str>, Cow<'a, str>)>,
    value: Option<Param<'a>>,
}

impl<'de> MapAccess<'de> for Walk<'de> {
    type Error = QueryError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, QueryError> {
        let Some((name, text)) = self.left.next() else { return Ok(None) };
        let key = seed.deserialize(name.as_ref().into_deserializer())?;
        self.value = Some(Param { name, text });
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, QueryError> {
        let param = self.value.take().ok_or_else(|| QueryError::custom("a value without its name"))?;
        let name = param.name.clone().into_owned();
        // Also rules that hold for the finished value, like the range of an id, end up here.
        seed.deserialize(param).map_err(|error| QueryError { field: error.field.or(Some(name)), ..error })
    }
}

/// One parameter.
struct Param<'a> {
    name: Cow<'a, str>,
    text: Cow<'a, str>,
}

impl Param<'_> {
    fn unknown(self) -> QueryError {
        let message = format!("there is no parameter `{}` here", self.name);
        QueryError { field: Some(self.name.into_owned()), message }
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident $type:ty, $what:literal;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
            let value: Result<$type, _> = self.text.parse();
            visitor.$visit(value.map_err(|_| QueryError::custom(format!("`{}` must be {}", self.name, $what)))?)
        })*
    };
}

impl<'de> de::Deserializer<'de> for Param<'de> {
    type Error = QueryError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        visitor.visit_str(&self.text)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, QueryError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, QueryError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, QueryError> {
        visitor.visit_enum(self.text.into_deserializer())
    }

    /// Called for a parameter that the type has no field for.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, QueryError> {
        Err(self.unknown())
    }

    parsed! {
        deserialize_u8 visit_u8 u8, "a whole number from 0 to 255";
        deserialize_u16 visit_u16 u16, "a whole number from 0 to 65535";
        deserialize_u32 visit_u32 u32, "a whole number from 0 to 4294967295";
        deserialize_u64 visit_u64 u64, "a whole number";
        deserialize_i64 visit_i64 i64, "a whole number";
        deserialize_bool visit_bool bool, "true or false";
    }

    forward_to_deserialize_any! {
        i8 i16 i32 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncspace_protocol::messages::MessageQuery;
    use syncspace_protocol::page::PageQuery;
    use syncspace_protocol::sync::ChangesQuery;

    #[test]
    fn values_are_read_in_their_types() {
        let query: PageQuery = parse_query("limit=7&query=a+b%26&cursor=").expect("fits");
        assert_eq!(query.limit, Some(7));
        assert_eq!(query.query.as_deref(), Some("a b&"));
        assert_eq!(query.cursor.as_deref(), Some(""));
        let query: ChangesQuery = parse_query("after=9007199254740991").expect("fits");
        assert_eq!(query.after.get(), 9_007_199_254_740_991);
        parse_query::<()>("").expect("fits");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        #[track_caller]
        fn check<T: DeserializeOwned>(query: &str, field: &str, part: &str) {
            let Err(failure) = parse_query::<T>(query) else { panic!("{query} was taken") };
            assert_eq!(failure.detail().field.as_deref(), Some(field), "{query}");
            assert!(failure.detail().message.contains(part), "{query}: {}", failure.detail().message);
        }
        check::<PageQuery>("limit=many", "limit", "whole number");
        check::<PageQuery>("limit=-1", "limit", "whole number");
        check::<PageQuery>("limt=1", "limt", "no parameter");
        check::<PageQuery>("limit=1&limit=2", "limit", "twice");
        check::<ChangesQuery>("", "after", "missing");
        check::<MessageQuery>("before=9007199254740992", "before", "a seq must be");
        check::<()>("x=1", "x", "no parameter");
    }
}
