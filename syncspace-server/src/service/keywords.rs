//! The words and phrases by which a person wants to be called. They count for messages that are sent or changed from then on.

use syncspace_protocol::keywords::Keywords;
use syncspace_protocol::limits::KEYWORDS_MAX;
use syncspace_protocol::{Keyword, UserId};

use super::retry::retrying;
use super::{Actor, Service, ServiceError};
use crate::store::{keywords, user_settings, users};

impl Service {
    /// Gives the actor's keywords.
    pub async fn keywords(&self, actor: &Actor) -> Result<Keywords, ServiceError> {
        Ok(Keywords { keywords: keywords::load(&mut &self.store, actor.user_id).await? })
    }

    /// Replaces the actor's keywords, and has its other devices read them again; gives them as they are kept.
    pub async fn put_keywords(&self, actor: &Actor, body: Keywords) -> Result<Keywords, ServiceError> {
        let all = with_lookups(body.keywords)?;
        retrying(|| self.replace_keywords(actor.user_id, &all)).await?;
        self.realtime.announce_account(actor.user_id);
        Ok(Keywords { keywords: all.into_iter().map(|(keyword, _)| keyword).collect() })
    }

    async fn replace_keywords(&self, user: UserId, all: &[(Keyword, String)]) -> Result<(), ServiceError> {
        let mut tx = self.store.begin().await?;
        // Of two at once the second one waits, and wins whole.
        users::lock_user(&mut tx, user).await?;
        keywords::replace(&mut tx, user, all).await?;
        let mut settings = user_settings::find(&mut tx, user).await?;
        settings.preferences.keywords_rev += 1;
        user_settings::put(&mut tx, user, &settings, self.clock.now()).await?;
        Ok(tx.commit().await?)
    }
}

/// Keeps each keyword once, with the word by which it is looked up.
fn with_lookups(keywords: Vec<Keyword>) -> Result<Vec<(Keyword, String)>, ServiceError> {
    let mut all: Vec<(Keyword, String)> = Vec::new();
    for keyword in keywords {
        let is_new = all.iter().all(|(held, _)| held.key() != keyword.key());
        if let Some((_, lookup)) = keyword.needle().filter(|_| is_new) {
            all.push((keyword, lookup));
        }
    }
    if all.len() > KEYWORDS_MAX {
        let sentence = format!("a person has at most {KEYWORDS_MAX} keywords; remove some that you do not need");
        return Err(ServiceError::invalid_field("keywords", sentence));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyword(text: &str) -> Keyword {
        text.parse().expect("a keyword")
    }

    #[test]
    fn each_keyword_is_kept_once() {
        let kept = with_lookups(["Deploy", "release train", "deploy"].map(keyword).to_vec()).expect("few enough");
        assert_eq!(kept, [(keyword("Deploy"), "deploy".to_owned()), (keyword("release train"), "release".to_owned())]);
    }

    #[test]
    fn keywords_are_bounded() {
        let many = |count: usize| (0..count).map(|number| keyword(&format!("word{number}"))).collect();
        assert_eq!(with_lookups(many(KEYWORDS_MAX)).map(|all| all.len()).ok(), Some(KEYWORDS_MAX));
        assert!(with_lookups(many(KEYWORDS_MAX + 1)).is_err());
    }
}
