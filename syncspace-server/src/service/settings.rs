//! What an operator can set about accounts and sessions.

use syncspace_protocol::auth::RegistrationMode;

use crate::outbound::Allowed;

/// A day, in seconds.
pub const DAY_S: u32 = 24 * 3600;

/// Settings of the service, checked when the configuration was read.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who may make an account.
    pub registration: RegistrationMode,
    /// Work factor of new password hashes, 4 to 31; each step doubles the time. Passwords of another cost are hashed
    /// again when their person logs in.
    pub bcrypt_cost: u32,
    /// Life of an access token, in seconds.
    pub access_token_life_s: u32,
    /// Life of a session that is not used, in seconds.
    pub session_life_s: u32,
    /// Longest life of an access token of a program, in days; 0 sets no bound, and lets one last for ever.
    pub token_life_days_max: u32,
    /// Hosts and networks that hooks and commands may reach though they are private.
    pub hook_targets_allowed: Vec<Allowed>,
    /// Longest file that may be uploaded, in bytes; 0 takes none.
    pub file_bytes_max: u64,
    /// Most bytes of files that are kept of one person; 0 sets no bound.
    pub person_bytes_max: u64,
    /// How long the audit log is kept, in seconds.
    pub audit_life_s: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            registration: RegistrationMode::Invite,
            bcrypt_cost: 12,
            access_token_life_s: 30 * 60,
            session_life_s: 30 * 24 * 3600,
            token_life_days_max: 365,
            hook_targets_allowed: Vec::new(),
            file_bytes_max: 50 * 1024 * 1024,
            person_bytes_max: 10 * 1024 * 1024 * 1024,
            audit_life_s: 365 * DAY_S,
        }
    }
}
