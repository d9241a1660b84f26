//! Lists: how many, and where to go on. A cursor is the id of the last item of the page before, or its time and id.

use syncspace_protocol::limits::{PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX};
use syncspace_protocol::page::{CursorQuery, Page, PageQuery};
use syncspace_protocol::{Rev, Time};

use super::ServiceError;
use crate::store::list::TimeSlice;

/// The part of a list that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// Only ids above this one; 0 for the first page.
    pub(crate) after_id: u64,
    /// Most items of the page.
    pub(crate) limit: u32,
}

impl Window {
    /// Reads the window of a query; fails where the cursor or limit is not one.
    pub(crate) fn parse(query: &PageQuery) -> Result<Self, ServiceError> {
        let after_id = match &query.cursor {
            None => 0,
            Some(cursor) => cursor.parse().map_err(|_| odd_cursor())?,
        };
        Ok(Self { after_id, limit: Self::limit(query.limit)? })
    }

    /// Reads how many items a page is to have; fails where it cannot have so many.
    pub(crate) fn limit(asked: Option<u32>) -> Result<u32, ServiceError> {
        match asked.unwrap_or(PAGE_ITEMS_DEFAULT) {
            limit @ 1..=PAGE_ITEMS_MAX => Ok(limit),
            _ => Err(ServiceError::invalid_field("limit", format!("a page has 1 to {PAGE_ITEMS_MAX} items"))),
        }
    }

    /// Gives how many rows to read: one more than the page has, to know whether another follows.
    pub(crate) fn rows_wanted(self) -> u32 {
        self.limit + 1
    }

    /// Makes the page of the rows that were read, at most [`Self::rows_wanted`].
    pub(crate) fn page<T>(self, mut rows: Vec<T>, id: impl Fn(&T) -> u64) -> Page<T> {
        let has_more = truncate(&mut rows, self.limit);
        let next = rows.last().filter(|_| has_more).map(|last| id(last).to_string());
        Page { items: rows, next }
    }
}

/// Cuts off the row that was read beyond the page, and tells whether there was one.
pub(crate) fn truncate<T>(rows: &mut Vec<T>, limit: u32) -> bool {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    has_more
}

/// Reads the part of a list that goes from the newest rev down: how many, and before which rev.
pub(crate) fn newest_first(query: &CursorQuery) -> Result<(u32, Rev), ServiceError> {
    let limit = Window::limit(query.limit)?;
    let before = match &query.cursor {
        None => Rev::END,
        Some(cursor) => cursor.parse().map_err(|_| odd_cursor())?,
    };
    Ok((limit, before))
}

/// Makes the page of rows that were read from the newest rev down, one more than it may have.
pub(crate) fn cut<T>(mut items: Vec<T>, limit: u32, rev: impl Fn(&T) -> Rev) -> Page<T> {
    let has_more = truncate(&mut items, limit);
    let next = items.last().filter(|_| has_more).map(|last| rev(last).to_string());
    Page { items, next }
}

/// The part of a list by time that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeWindow {
    /// Only what comes behind this time and id.
    after: Option<(Time, u64)>,
    /// Most items of the page.
    limit: u32,
}

impl TimeWindow {
    /// Reads the window of a query; fails where the cursor or limit is not one.
    pub(crate) fn parse(query: &PageQuery) -> Result<Self, ServiceError> {
        let after = query.cursor.as_deref().map(|cursor| read_cursor(cursor).ok_or_else(odd_cursor)).transpose()?;
        Ok(Self { after, limit: Window::limit(query.limit)? })
    }

    /// Gives the slice of rows to read: one more than the page has, to know whether another follows.
    pub(crate) const fn slice(self) -> TimeSlice {
        TimeSlice { after: self.after, limit: self.limit + 1 }
    }

    /// Makes the page of the rows that were read.
    pub(crate) fn page<T>(self, mut rows: Vec<T>, place: impl Fn(&T) -> (Time, u64)) -> Page<T> {
        let has_more = truncate(&mut rows, self.limit);
        let next = rows.last().filter(|_| has_more).map(|last| {
            let (time, id) = place(last);
            format!("{}.{id}", time.unix_ms())
        });
        Page { items: rows, next }
    }
}

/// Reads the `next` of a page by time: time and id of its last item.
pub(super) fn read_cursor(cursor: &str) -> Option<(Time, u64)> {
    let (ms, id) = cursor.split_once('.')?;
    let time = Time::from_unix_ms(ms.parse().ok()?).ok()?;
    Some((time, id.parse().ok()?))
}

/// Refuses what is no cursor of a list.
pub(crate) fn odd_cursor() -> ServiceError {
    ServiceError::invalid_field("cursor", "a cursor is the `next` of the page before")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_by_time_go_on_behind_time_and_id() {
        let query = |cursor: Option<String>| PageQuery { cursor, limit: Some(1), ..PageQuery::default() };
        let window = TimeWindow::parse(&query(None)).expect("a window");
        assert_eq!((window.slice().after, window.slice().limit), (None, 2));
        let time = |ms| Time::from_unix_ms(ms).expect("a time");
        let page = window.page(vec![(time(1_500), 7), (time(1_500), 8)], |&place| place);
        assert_eq!((page.items.len(), page.next.as_deref()), (1, Some("1500.7")));
        let next = TimeWindow::parse(&query(page.next)).expect("a window");
        assert_eq!(next.slice().after, Some((time(1_500), 7)));
        for cursor in ["", "7", "x.7", "1500.", "1500.x", "99999999999999999.1"] {
            assert!(TimeWindow::parse(&query(Some(cursor.to_owned()))).is_err(), "{cursor}");
        }
    }

    #[test]
    fn pages_end_where_nothing_follows() {
        let query = PageQuery { cursor: Some("4".to_owned()), limit: Some(2), ..PageQuery::default() };
        let window = Window::parse(&query).expect("a window");
        assert_eq!((window.after_id, window.rows_wanted()), (4, 3));
        let page = window.page(vec![5_u64, 6, 7], |id| *id);
        assert_eq!((page.items, page.next.as_deref()), (vec![5, 6], Some("6")));
        assert_eq!(window.page(vec![7_u64, 8], |id| *id).next, None);
    }

    #[test]
    fn odd_cursors_and_limits_are_refused() {
        for (cursor, limit, field) in
            [(Some("x"), None, "cursor"), (None, Some(0), "limit"), (None, Some(201), "limit")]
        {
            let query = PageQuery { cursor: cursor.map(str::to_owned), limit, ..PageQuery::default() };
            let refused = Window::parse(&query).expect_err("refused").detail();
            assert_eq!(refused.field.as_deref(), Some(field));
        }
    }
}
