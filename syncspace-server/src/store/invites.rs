//! Rows of invites. The code itself is never stored, only its hash.

use syncspace_protocol::teams::{Invite, MailState};
use syncspace_protocol::{InviteId, TeamId, Time, UserId};

use super::list::Slice;
use super::{Queries, Row, RowReader, Sql, StoreError, Value, params};

const INVITE: &str = "i.id, i.team_id, i.role, i.uses_max, i.uses, i.email, i.mail, i.mail_error, i.created_by, \
                      i.created_at, i.expires_at";

fn read(row: &Row) -> Result<Invite, StoreError> {
    read_from(&mut row.reader())
}

fn read_from(row: &mut RowReader<'_>) -> Result<Invite, StoreError> {
    Ok(Invite {
        id: row.take()?,
        team_id: row.take()?,
        code: None,
        role: row.take()?,
        uses_max: row.take()?,
        uses: row.take()?,
        email: row.take()?,
        mail: row.take()?,
        mail_error: row.take()?,
        created_by: row.take()?,
        created_at: row.take()?,
        expires_at: row.take()?,
    })
}

/// Makes an invite.
pub async fn insert(db: &mut impl Queries, invite: &Invite, code_hash: &str) -> Result<(), StoreError> {
    let sql = Sql::both(
        "INSERT INTO team_invites (id, team_id, code_hash, role, uses_max, uses, email, mail, created_by, \
         created_at, expires_at, revoked_at) VALUES (?,?,?,?,?,0,?,?,?,?,?,NULL)",
    );
    let values = params![
        invite.id,
        invite.team_id,
        code_hash,
        invite.role,
        invite.uses_max,
        invite.email.as_ref(),
        invite.mail,
        invite.created_by,
        invite.created_at,
        invite.expires_at
    ];
    db.execute(&sql, values).await.map(drop)
}

/// Finds an invite that still admits somebody, by the hash of its code.
pub async fn find_open(db: &mut impl Queries, code_hash: &str, now: Time) -> Result<Option<Invite>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT {INVITE} FROM team_invites i JOIN teams t ON t.id = i.team_id WHERE i.code_hash = ? \
         AND i.revoked_at IS NULL AND i.expires_at > ? AND i.uses < i.uses_max AND t.deleted_at IS NULL"
    ));
    db.query(&sql, params![code_hash, now]).await?.first().map(read).transpose()
}

/// Finds an invite of a team that is not revoked, with the hash of its code.
pub async fn find(
    db: &mut impl Queries,
    team: TeamId,
    invite: InviteId,
) -> Result<Option<(Invite, String)>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT i.code_hash, {INVITE} FROM team_invites i WHERE i.id = ? AND i.team_id = ? AND i.revoked_at IS NULL"
    ));
    let rows = db.query(&sql, params![invite, team]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = row.reader();
    let code_hash = row.take()?;
    Ok(Some((read_from(&mut row)?, code_hash)))
}

/// Finds an invite that still admits somebody, by its id, with the hash of its code.
pub async fn find_open_by_id(
    db: &mut impl Queries,
    invite: InviteId,
    now: Time,
) -> Result<Option<(Invite, String)>, StoreError> {
    let sql = Sql::built(format!(
        "SELECT i.code_hash, {INVITE} FROM team_invites i JOIN teams t ON t.id = i.team_id WHERE i.id = ? \
         AND i.revoked_at IS NULL AND i.expires_at > ? AND i.uses < i.uses_max AND t.deleted_at IS NULL"
    ));
    let Some(row) = db.query_first(&sql, params![invite, now]).await? else { return Ok(None) };
    let mut row = row.reader();
    let code_hash = row.take()?;
    Ok(Some((read_from(&mut row)?, code_hash)))
}

/// Writes how far the mail of an invite has come.
pub async fn note_mail(
    db: &mut impl Queries,
    invite: InviteId,
    state: MailState,
    error: Option<&str>,
) -> Result<(), StoreError> {
    let sql = Sql::both("UPDATE team_invites SET mail = ?, mail_error = ? WHERE id = ?");
    db.execute(&sql, params![state, error, invite]).await.map(drop)
}

/// Counts the invites that somebody had mailed since a time.
pub async fn count_mailed(db: &mut impl Queries, maker: UserId, since: Time) -> Result<u32, StoreError> {
    let sql =
        Sql::both("SELECT COUNT(*) FROM team_invites WHERE created_by = ? AND created_at > ? AND mail IS NOT NULL");
    let row = db.query_first(&sql, params![maker, since]).await?;
    row.map_or(Ok(0), |row| row.reader().take())
}

/// Finds in which team an invite is.
pub async fn find_team(db: &mut impl Queries, invite: InviteId) -> Result<Option<TeamId>, StoreError> {
    let row = db.query_first(&Sql::both("SELECT team_id FROM team_invites WHERE id = ?"), params![invite]).await?;
    row.map(|row| row.reader().take()).transpose()
}

/// Takes one use of an invite; false where none is left.
pub async fn take_use(db: &mut impl Queries, invite: InviteId, now: Time) -> Result<bool, StoreError> {
    let sql = Sql::both(
        "UPDATE team_invites SET uses = uses + 1 \
         WHERE id = ? AND uses < uses_max AND revoked_at IS NULL AND expires_at > ?",
    );
    Ok(db.execute(&sql, params![invite, now]).await? == 1)
}

/// Lists a team's invites that still admit somebody, by id; only those that somebody made, where a maker is named.
pub async fn list_open(
    db: &mut impl Queries,
    (team, maker): (TeamId, Option<UserId>),
    now: Time,
    slice: &Slice,
) -> Result<Vec<Invite>, StoreError> {
    let (filter, values) = slice.filter("i.id", "i.role");
    let (of_maker, maker) = made_by("i.created_by", maker);
    let sql = Sql::built(format!(
        "SELECT {INVITE} FROM team_invites i WHERE i.team_id = ? AND i.revoked_at IS NULL AND i.expires_at > ? \
         AND i.uses < i.uses_max{of_maker}{filter}"
    ));
    let mut all = params![team, now];
    all.extend(maker);
    all.extend(values);
    db.query(&sql, all).await?.iter().map(read).collect()
}

/// Revokes an invite; false where the team has none of this id that is not revoked yet, or where another one made it than the
/// maker who is named.
pub async fn revoke(
    db: &mut impl Queries,
    (team, maker): (TeamId, Option<UserId>),
    invite: InviteId,
    now: Time,
) -> Result<bool, StoreError> {
    let (of_maker, maker) = made_by("created_by", maker);
    let sql = Sql::built(format!(
        "UPDATE team_invites SET revoked_at = ? WHERE id = ? AND team_id = ? AND revoked_at IS NULL{of_maker}"
    ));
    let mut all = params![now, invite, team];
    all.extend(maker);
    Ok(db.execute(&sql, all).await? == 1)
}

/// Gives `AND …` over the column of the maker, with its value; nothing for everybody's.
fn made_by(column: &str, maker: Option<UserId>) -> (String, Vec<Value>) {
    maker.map_or_else(Default::default, |maker| (format!(" AND {column} = ?"), params![maker]))
}
