//! Free text from people: cleaned on the way in, and refused where it does not fit.

use syncspace_protocol::text::clean_line;
use syncspace_protocol::{Patch, limits::URL_CHARS_MAX};

use super::ServiceError;
use super::pictures::is_asset;

/// Cleans one line of text; what is empty afterwards is none. Fails where it is longer than `chars_max`.
pub(crate) fn clean_field(
    field: &'static str,
    text: Option<&str>,
    chars_max: usize,
) -> Result<Option<String>, ServiceError> {
    let Some(text) = text else { return Ok(None) };
    let clean = clean_line(text);
    let clean = clean.trim();
    if clean.chars().count() > chars_max {
        return Err(ServiceError::invalid_field(field, format!("{field} has at most {chars_max} characters")));
    }
    Ok((!clean.is_empty()).then(|| clean.to_owned()))
}

/// Cleans an edit of one line of text like [`clean_field`]; emptying it is clearing it.
pub(crate) fn clean_patch(
    field: &'static str,
    patch: &Patch<String>,
    chars_max: usize,
) -> Result<Patch<String>, ServiceError> {
    match patch {
        Patch::Keep => Ok(Patch::Keep),
        Patch::Clear => Ok(Patch::Clear),
        Patch::Set(text) => Ok(clean_field(field, Some(text), chars_max)?.map_or(Patch::Clear, Patch::Set)),
    }
}

/// Checks an edit of a picture's address: `http`, `https` or one of this server's own, nothing a client would run.
pub(crate) fn check_url_patch(field: &'static str, patch: &Patch<String>) -> Result<Patch<String>, ServiceError> {
    let patch = clean_patch(field, patch, URL_CHARS_MAX)?;
    if let Patch::Set(text) = &patch {
        let is_web = || url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !is_asset(text) && !is_web() {
            return Err(ServiceError::invalid_field(field, format!("{field} is an address with http:// or https://")));
        }
    }
    Ok(patch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cleaned_before_it_is_measured() {
        let clean = |text| clean_field("full_name", Some(text), 5).expect("it fits");
        assert_eq!(clean(" \u{1b}[31mAlice\n").as_deref(), Some("Alice"));
        assert_eq!(clean("\u{202e}\u{0}"), None);
        let refused = clean_field("full_name", Some("Alice B."), 5).expect_err("too long").detail();
        assert_eq!(refused.field.as_deref(), Some("full_name"));
    }

    #[test]
    fn pictures_have_web_addresses() {
        let check = |text: &str| check_url_patch("avatar_url", &Patch::Set(text.to_owned()));
        assert!(check("https://example.org/a.png").is_ok());
        assert!(check(&format!("/api/v1/assets/{}", "0a".repeat(32))).is_ok());
        assert_eq!(check(" ").expect("empty"), Patch::Clear);
        for text in ["javascript:alert(1)", "a.png", "file:///etc/passwd", "/api/v1/assets/x", "/api/v1/users"] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
