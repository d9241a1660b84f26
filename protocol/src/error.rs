//! What can go wrong, as the wire says it: a closed list of codes, each with its HTTP status.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $text:literal, $status:literal;)*) => {
        /// Kind of an error. Programs act on it; people read the message beside it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $text)] $code,)*
            /// A code of a newer server, which this client does not know.
            #[serde(other, rename = "unknown")]
            Unknown,
        }

        impl ErrorCode {
            /// Every code that a server sends.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// Gives the code as it is written on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $text,)*
                    Self::Unknown => "unknown",
                }
            }

            /// Gives the HTTP status that carries this code.
            #[must_use]
            pub const fn http_status(self) -> u16 {
                match self {
                    $(Self::$code => $status,)*
                    Self::Unknown => 500,
                }
            }
        }
    };
}

codes! {
    /// The body or frame is not the JSON that was expected.
    InvalidBody = "invalid_body", 400;
    /// A field or parameter has a value outside its rules; `field` names it.
    InvalidField = "invalid_field", 400;
    /// The frame names an operation that does not exist.
    UnknownOp = "unknown_op", 400;
    /// No valid token came with the request.
    Unauthenticated = "unauthenticated", 401;
    /// The access token was valid and is over; refresh it.
    TokenExpired = "token_expired", 401;
    /// User name or password is wrong.
    InvalidCredentials = "invalid_credentials", 401;
    /// The session was ended; log in again.
    SessionEnded = "session_ended", 401;
    /// You can see it, but your role does not allow this.
    Forbidden = "forbidden", 403;
    /// This server takes no registration without an invite or bootstrap token.
    RegistrationClosed = "registration_closed", 403;
    /// There is no such thing, or you may not see it.
    NotFound = "not_found", 404;
    /// The path exists, but not with this method.
    MethodNotAllowed = "method_not_allowed", 405;
    /// Something of this name exists already.
    NameTaken = "name_taken", 409;
    /// The `client_id` was used for a different message.
    ClientIdReused = "client_id_reused", 409;
    /// The `Idempotency-Key` was used for another request within a day; every new request needs a new one.
    KeyReused = "key_reused", 409;
    /// A team keeps at least one owner.
    LastOwner = "last_owner", 409;
    /// The channel is archived; restore it first.
    Archived = "archived", 409;
    /// What you ask for contradicts the present state.
    Conflict = "conflict", 409;
    /// The revision is older than what is kept; read the state again.
    ReloadRequired = "reload_required", 410;
    /// The body or frame is longer than its limit.
    TooLarge = "too_large", 413;
    /// The body is not of the type that is taken here, as a rule `application/json`.
    UnsupportedMediaType = "unsupported_media_type", 415;
    /// The file is shorter than the part that is asked for begins.
    RangeNotSatisfiable = "range_not_satisfiable", 416;
    /// Too many requests; wait as `retry_after_ms` says.
    RateLimited = "rate_limited", 429;
    /// A fault of the server; its log has the `request_id`.
    Internal = "internal", 500;
    /// The program that was to answer did not, or said no; the server itself is well.
    TargetFailed = "target_failed", 502;
    /// Too much to do right now; nothing was done, try again after `retry_after_ms`.
    Busy = "busy", 503;
    /// The database cannot be reached; nothing is lost, try again after `retry_after_ms`.
    Unavailable = "unavailable", 503;
}

/// An error as REST answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong, to what, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorDetail {
    /// Kind of the error.
    pub code: ErrorCode,
    /// A sentence for a person.
    pub message: String,
    /// The field or parameter that was wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Milliseconds to wait before trying again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Name of the request in the server's log; on the socket the connection's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_written_as_it_is_named() {
        for &code in ErrorCode::ALL {
            let json = serde_json::to_value(code).expect("a code");
            assert_eq!(json, code.as_str());
            assert_eq!(serde_json::from_value::<ErrorCode>(json).expect("a code"), code);
            assert!((400..600).contains(&code.http_status()), "{code:?}");
        }
        assert_eq!(serde_json::from_str::<ErrorCode>("\"from_the_future\"").expect("a code"), ErrorCode::Unknown);
    }
}
