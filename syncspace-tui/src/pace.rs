//! When the next picture is drawn: at once for what the person does, and for what comes of it; no oftener than anybody looks
//! for news.

use std::time::Duration;

use tokio::time::Instant;

/// At most one picture of news in this time: about 60 a second.
const FRAME: Duration = Duration::from_millis(16);
/// The same while more news come than anybody reads.
const BUSY_FRAME: Duration = Duration::from_millis(80);
/// News since the last picture that are so many.
const BUSY_NEWS: usize = 4;
/// Where many answers come, they are gathered that long: what follows from them is looked at once.
const GATHER: Duration = Duration::from_millis(8);

/// The pace of the pictures.
#[derive(Debug)]
pub(crate) struct Pace {
    /// When news were drawn last. A picture of what the person did makes no news wait: an answer may be among them.
    drew_news: Option<Instant>,
    /// News since the last picture; none once the person did something.
    news: Option<usize>,
    hear_at: Instant,
}

impl Pace {
    pub(crate) const fn begin(now: Instant) -> Self {
        Self { drew_news: None, news: Some(0), hear_at: now }
    }

    /// Gives when the next picture may be drawn.
    pub(crate) fn draw_at(&self, now: Instant) -> Instant {
        match (self.drew_news, self.news) {
            (Some(last), Some(count)) => last + if count < BUSY_NEWS { FRAME } else { BUSY_FRAME },
            _ => now,
        }
    }

    /// Gives when the next news may be heard.
    pub(crate) const fn hear_at(&self) -> Instant {
        self.hear_at
    }

    /// Notes that the person did something.
    pub(crate) const fn note_person(&mut self) {
        self.news = None;
    }

    /// Notes so many news.
    pub(crate) fn note_news(&mut self, count: usize, now: Instant) {
        if self.news.is_some_and(|held| held >= BUSY_NEWS) {
            self.hear_at = now + GATHER;
        }
        self.news = self.news.map(|held| held + count);
    }

    /// Notes that a picture was drawn.
    pub(crate) const fn note_drawn(&mut self, now: Instant) {
        if self.news.is_some() {
            self.drew_news = Some(now);
        }
        self.news = Some(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn what_comes_of_a_key_is_drawn_at_once() {
        let start = Instant::now();
        let mut pace = Pace::begin(start);
        pace.note_drawn(start);
        let key = start + ms(500);
        pace.note_person();
        assert_eq!(pace.draw_at(key), key);
        pace.note_drawn(key);
        let answer = key + ms(2);
        pace.note_news(1, answer);
        assert!(pace.draw_at(answer) <= answer, "the answer waits for nothing");
        pace.note_drawn(answer);
        // What comes behind it waits, the key after that does not.
        pace.note_news(1, answer + ms(1));
        assert_eq!(pace.draw_at(answer + ms(1)), answer + FRAME);
        pace.note_person();
        assert_eq!(pace.draw_at(answer + ms(2)), answer + ms(2));
    }

    #[test]
    fn news_are_gathered_the_more_there_are() {
        let start = Instant::now();
        let mut pace = Pace::begin(start);
        pace.note_drawn(start);
        pace.note_news(1, start);
        assert_eq!((pace.draw_at(start), pace.hear_at()), (start + FRAME, start));
        pace.note_news(BUSY_NEWS, start);
        assert_eq!(pace.draw_at(start), start + BUSY_FRAME);
        pace.note_news(1, start + ms(1));
        assert_eq!(pace.hear_at(), start + ms(1) + GATHER);
    }
}
