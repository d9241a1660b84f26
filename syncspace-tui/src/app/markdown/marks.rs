//! What a piece of a message's text means, beside being text: how it is marked, or what it is in a programming language.

/// Marks on text, any of them together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Marks(u8);

impl Marks {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const STRONG: Self = Self(1);
    pub(crate) const EMPHASIS: Self = Self(2);
    pub(crate) const STRUCK: Self = Self(4);
    pub(crate) const CODE: Self = Self(8);
    pub(crate) const LINK: Self = Self(16);
    pub(crate) const HEADING: Self = Self(32);

    /// Gives these marks and others.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What a word of code is, in any language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Syntax {
    Comment,
    String,
    Number,
    Keyword,
    Type,
    Function,
    Attribute,
    /// Lines that a patch adds.
    Added,
    /// Lines that a patch removes.
    Removed,
}
