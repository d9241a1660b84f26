//! What a credential lets its holder do, before anybody asks who the person is: all of it, or what a token's scopes name.
//!
//! Pure, like the permission table. Every route and every operation of the socket says what it [`Needs`].

use syncspace_protocol::tokens::{Scope, Scopes};

/// What may be done with a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// Everything that the person may do: a login with a password.
    Login,
    /// What these scopes name: an access token.
    Token(Scopes),
}

/// What something asks of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// A login: what decides who may come in at all is no matter of a token.
    Login,
    /// A login, or a token with this scope.
    Scope(Scope),
}

impl Grant {
    /// Tells whether the scope is covered.
    #[must_use]
    pub const fn allows(self, scope: Scope) -> bool {
        match self {
            Self::Login => true,
            Self::Token(scopes) => scopes.has(scope),
        }
    }

    /// Fails with what is missing.
    pub const fn check(self, needs: Needs) -> Result<(), Needs> {
        let is_covered = match needs {
            Needs::Login => matches!(self, Self::Login),
            Needs::Scope(scope) => self.allows(scope),
        };
        if is_covered { Ok(()) } else { Err(needs) }
    }

    /// Reads what is stored: nothing for a login, else scopes with commas between. Words of a newer server grant nothing here.
    #[must_use]
    pub fn stored(scopes: Option<&str>) -> Self {
        let Some(scopes) = scopes else { return Self::Login };
        Self::Token(scopes.split(',').filter_map(|scope| scope.parse().ok()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_covers_its_scopes_and_a_login_everything() {
        let token = Grant::stored(Some("read,from_the_future"));
        for &scope in Scope::ALL {
            assert_eq!(Grant::Login.check(Needs::Scope(scope)), Ok(()));
            assert_eq!(token.check(Needs::Scope(scope)).is_ok(), scope == Scope::Read, "{scope}");
        }
        assert_eq!(Grant::stored(None).check(Needs::Login), Ok(()));
        assert_eq!(token.check(Needs::Login), Err(Needs::Login));
        assert_eq!(Grant::stored(Some("")), Grant::Token(Scopes::default()));
    }
}
