//! What texts look like, and that no text can break a row.

use proptest::prelude::*;
use syncspace_protocol::mentions::find_mentions;
use unicode_width::UnicodeWidthStr;

use super::*;

fn plain_dress(columns: usize) -> Dress<'static> {
    Dress { columns, called: &[], has_emoji: true, colours: &|_| None }
}

fn shown(text: &str, columns: usize) -> Vec<String> {
    let source = source_of(text);
    lay_out(&source, &plain_dress(columns)).rows.iter().map(|row| words(row).trim_end().to_owned()).collect()
}

fn words(row: &BodyRow) -> String {
    row.spans.iter().map(|(_, text)| text.as_str()).collect()
}

#[track_caller]
fn check(text: &str, rows: &[&str]) {
    assert_eq!(shown(text, 40), rows, "{text:?}");
}

/// Gives what is shown with a tone.
fn toned(text: &str, is_wanted: impl Fn(Tone) -> bool) -> Vec<String> {
    let body = lay_out(&source_of(text), &plain_dress(60));
    let spans = body.rows.into_iter().flat_map(|row| row.spans);
    spans.filter(|(tone, _)| is_wanted(*tone)).map(|(_, text)| text).collect()
}

fn marked(text: &str, marks: Marks) -> Vec<String> {
    toned(text, |tone| matches!(tone, Tone::Marked(has) if has.has(marks)))
}

#[test]
fn marks_are_taken_off_and_meant() {
    let text = "a **bold** and *slanted* ~~gone~~ `let x` **both *at once***";
    check(text, &["a bold and slanted gone let x both at", "once"]);
    assert_eq!(marked(text, Marks::STRONG), ["bold", "both ", "at once"]);
    assert_eq!(marked(text, Marks::EMPHASIS), ["slanted", "at once"]);
    assert_eq!(marked(text, Marks::STRUCK), ["gone"]);
    assert_eq!(marked(text, Marks::CODE), ["let x"]);
    assert_eq!(marked("# Title\nbelow", Marks::HEADING), ["Title"]);
}

#[test]
fn what_only_looks_like_a_mark_stays() {
    check("2*3*4 and snake_case_name and a*b", &["2*3*4 and snake_case_name and a*b"]);
    check("#general is a channel", &["#general is a channel"]);
    check("<b>raw</b> &amp; <!-- kept -->", &["<b>raw</b> & <!-- kept -->"]);
    check("[1]: http://a.example", &["[1]: http://a.example"]);
    check("10. ten\n3. three", &["10. ten", "3. three"]);
}

#[test]
fn a_line_break_is_one_and_indentation_stays() {
    check("fn main() {\n\tprintln!(\"hi\");\n}", &["fn main() {", "    println!(\"hi\");", "}"]);
    check("one\n\n\ntwo\nthree", &["one", "", "two", "three"]);
    check("  in\nout", &["  in", "out"]);
    check("a\tb", &["a   b"]);
}

#[test]
fn lists_and_quotes_hang() {
    check(
        "- one\n- two is so long that it needs another row\n  - inner\n1) first",
        &["• one", "• two is so long that it needs another", "  row", "  • inner", "1) first"],
    );
    check("> quoted\n> more\n\nanswer", &["▎ quoted", "▎ more", "", "answer"]);
    check("> - in\n> > deep", &["▎ • in", "▎ ▎ deep"]);
    check("- [x] done\n- [ ] open\n-", &["• [x] done", "• [ ] open", "•"]);
}

#[test]
fn code_stands_behind_a_bar_below_its_language() {
    check("```rust\nfn x() {\n\t1\n}\n```\nafter", &["┌ rust", "│ fn x() {", "│     1", "│ }", "after"]);
    check("```\nplain\n\n```", &["│ plain", "│"]);
    check("> ```\n> in\n> quote\n> ```", &["▎ │ in", "▎ │ quote"]);
    check("- x\n  ```sh\n  ls\n  ```", &["• x", "  ┌ sh", "  │ ls"]);
    let body = lay_out("```rust\nfn x() {\n\t1\n}\n```", &plain_dress(40));
    assert_eq!(body.codes[0], CodeText { language: "rust".to_owned(), text: "fn x() {\n\t1\n}\n".to_owned() });
}

#[test]
fn a_table_is_aligned_where_it_fits_and_readable_where_not() {
    let table = "| name | n |\n|---|--:|\n| one | 1 |\n| sixteen | 16 |";
    check(table, &["name    │  n", "────────┼───", "one     │  1", "sixteen │ 16"]);
    assert_eq!(shown(table, 8), ["name │ n", "one │ 1", "sixteen", "│ 16"]);
    let wrapped = ["name   │  n", "───────┼───", "one    │  1", "sixtee │ 16", "n      │"];
    assert_eq!(shown(table, 11), wrapped);
    // A cell that is too wide is wrapped in its column; what has no column in the head is shown all the same.
    check(
        "| key | meaning |\n|---|---|\n| retry | how often it is sent again until it counts as lost | 3 | 4 |\n| x | y |",
        &[
            "key   │ meaning                  │",
            "──────┼──────────────────────────┼──────",
            "retry │ how often it is sent     │ 3 | 4",
            "      │ again until it counts as │",
            "      │ lost                     │",
            "x     │ y                        │",
        ],
    );
}

#[test]
fn links_are_found_whole_and_say_where_they_lead() {
    let text = "see https://a.example/x_(y)_z?q=*1*, [the docs](https://b.example/d) and <https://c.example>.";
    let body = lay_out(text, &plain_dress(150));
    let urls: Vec<&str> = body.links.iter().map(|link| link.url.as_str()).collect();
    assert_eq!(urls, ["https://a.example/x_(y)_z?q=*1", "https://b.example/d", "https://c.example"]);
    let row = words(&body.rows[0]);
    assert!(row.contains("x_(y)_z?q=*1*, the docs (https://b.example/d) and https://c.example."), "{row}");
    check("[https://good.example](https://evil.example)", &["https://good.example", "(https://evil.example)"]);
}

#[test]
fn a_link_over_several_rows_is_one_link() {
    let text = format!("https://a.example/{}", "x".repeat(60));
    let body = lay_out(&text, &plain_dress(30));
    assert_eq!(body.rows.len(), 3);
    let links: Vec<_> = body.rows.iter().map(|row| row.shown[0].link).collect();
    assert_eq!(links, [Some(0); 3]);
}

#[test]
fn entities_cannot_make_what_steers_a_terminal() {
    for text in ["a&#x1b;[31mb", "`&#x1b;`", "x&#x202e;y", "[t](https://a&#x1b;]0;x)", "![&#x9b;2J](u)"] {
        let rows = shown(text, 40).concat();
        assert!(!rows.contains(must_not_be), "{rows:?}");
    }
}

#[test]
fn a_call_in_a_text_keeps_its_tone() {
    let called = find_mentions("hi @alice, **see**").into_iter().map(|mention| mention.range).collect::<Vec<_>>();
    let dress = Dress { called: &called, ..plain_dress(40) };
    let body = lay_out("hi @alice, **see**", &dress);
    assert_eq!(body.rows[0].spans[1], (Tone::Mention, "@alice".to_owned()));
}

#[test]
fn words_of_code_get_their_colours_where_they_are_known() {
    let colours = std::rc::Rc::new(vec![(0..2, Syntax::Keyword), (3..4, Syntax::Function)]);
    let dress = Dress { colours: &|_| Some(std::rc::Rc::clone(&colours)), ..plain_dress(40) };
    let body = lay_out("```rust\nfn x() {}\n```", &dress);
    let spans: Vec<_> = body.rows[1].spans.iter().map(|(tone, text)| (*tone, text.as_str())).collect();
    assert_eq!(
        spans,
        [
            (Tone::Dim, "│ "),
            (Tone::Syntax(Syntax::Keyword), "fn"),
            (Tone::Code, " "),
            (Tone::Syntax(Syntax::Function), "x"),
            (Tone::Code, "() {}"),
        ]
    );
}

#[test]
fn more_rows_than_anybody_reads_are_counted_only() {
    let body = lay_out(&"x\n".repeat(BODY_ROWS_MAX + 7), &plain_dress(40));
    assert_eq!((body.rows.len(), body.left_out), (BODY_ROWS_MAX, 7));
}

fn must_not_be(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

fn any_text() -> impl Strategy<Value = String> {
    let markdown = prop::sample::select(vec![
        "*",
        "**",
        "_",
        "~~",
        "`",
        "```",
        "```rust\n",
        "\n",
        "\n\n",
        "> ",
        "- ",
        "1. ",
        "# ",
        "| a | b |\n|---|---|\n",
        "|",
        "[",
        "](",
        ")",
        "![",
        "<",
        ">",
        "https://a.example/",
        "&amp;",
        "&#x1b;",
        "\\",
        "\t",
        "    ",
        "---",
        "[x]: y",
        "@alice",
        "日本",
        "👩‍👩‍👧",
        "é",
        "word",
        " ",
        "\u{1b}[31m",
        "\u{202e}",
        "\u{301}",
        "\u{fe0f}",
        "🇯🇵",
        "- [ ] ",
        "===",
    ]);
    prop_oneof![
        prop::collection::vec(markdown, 0..60).prop_map(|parts| parts.concat()),
        ".{0,200}",
        prop::collection::vec(any::<char>(), 0..100).prop_map(|all| all.into_iter().collect()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn pain_6_no_row_is_wider_than_asked_and_none_steers(text in any_text(), columns in 1usize..200) {
        let source = source_of(&text);
        let body = lay_out(&source, &plain_dress(columns));
        prop_assert!(!body.rows.is_empty());
        for row in &body.rows {
            let width: usize = row.spans.iter().map(|(_, text)| columns_of(text)).sum();
            prop_assert!(width <= columns, "{width} in {columns}: {row:?}");
            let joined: usize = row.spans.iter().map(|(_, text)| text.width()).sum();
            prop_assert!(joined <= columns.max(width), "{joined} in {columns}: {row:?}");
            prop_assert!(!words(row).contains(must_not_be), "{row:?}");
            for shown in &row.shown {
                prop_assert!(source.get(shown.bytes.clone()).is_some(), "{shown:?}");
            }
        }
    }

    #[test]
    fn nothing_typed_is_swallowed(parts in prop::collection::vec("[a-z]{1,6}|[*_~#>|\n -]|https://a\\.example/[a-z_*]{0,6} ", 0..40)) {
        let text = parts.concat();
        let rows = shown(&text, 120).concat();
        let letters = |text: &str| text.chars().filter(char::is_ascii_alphabetic).collect::<String>();
        prop_assert_eq!(letters(&rows), letters(&text), "{:?}", text);
    }
}

#[test]
fn short_names_are_drawn_as_emoji_but_in_code_and_addresses() {
    check(
        "done :tada: **:rocket:** `:tada:` https://a.example/:tada:",
        &["done 🎉 🚀 :tada:", "https://a.example/:tada:"],
    );
    let body = lay_out(":tada: x", &plain_dress(40));
    let bytes: Vec<_> = body.rows[0].shown.iter().map(|shown| (shown.columns.clone(), shown.bytes.clone())).collect();
    assert_eq!(bytes, [(0..2, 0..6), (2..4, 6..8)]);
    let names = Dress { has_emoji: false, ..plain_dress(40) };
    assert_eq!(words(&lay_out(":tada: x", &names).rows[0]), ":tada: x");
}

/// Checks a table that somebody made to do harm: no row is too wide, there are not too many, and its words are there.
#[track_caller]
fn check_hostile(table: &str, word: &str) {
    let source = source_of(table);
    for columns in [1, 7, 40, 200] {
        let body = lay_out(&source, &plain_dress(columns));
        assert!(body.rows.len() <= BODY_ROWS_MAX, "{} rows", body.rows.len());
        for row in &body.rows {
            assert!(words(row).width() <= columns, "{columns}: {:?}", words(row));
        }
        if columns >= 7 {
            assert!(body.rows.iter().any(|row| words(row).contains(word)), "{columns}: {word}");
        }
    }
}

#[test]
fn pain_6_a_hostile_table_breaks_no_row() {
    check_hostile(&format!("| a | b |\n|---|---|\n| {} | word |", "x".repeat(16_000)), "xxxxxx");
    check_hostile(&format!("| a | b |\n|---|---|\n| {} | word |", "👩‍👩‍👧".repeat(600)), "word");
    check_hostile(&format!("|{}\n|{}\n|{}", " h |".repeat(1_000), "-|".repeat(1_000), " c |".repeat(1_000)), "h");
    // Rows that are shorter than the head are filled up: few bytes would make very many cells.
    check_hostile(&format!("|{}\n|{}\n{}", "h|".repeat(1_000), "-|".repeat(1_000), "|word\n".repeat(2_000)), "word");
    check_hostile("| a | b |\n|---|---|\n| one |\n| two | 2 | 3 | 4 |\n||\n|", "two");
    check_hostile("| `a\\|b` | c |\n|---|---|\n| `x|y` | \\|word |", "word");
    check_hostile("| a\u{1b}[31m | \u{202e}b |\n|---|---|\n| \u{7}word\t | e\u{301}\u{302} |", "word");
}

#[test]
fn cells_of_wide_letters_stand_below_each_other() {
    check(
        "| a | b |\n|:-:|--:|\n| 日本 | 👩‍👩‍👧 |\n| e\u{301} | `a\\|b` |\n| x |",
        &[" a   │   b", "─────┼────", "日本 │  👩‍👩‍👧", " e\u{301}   │ a|b", " x   │"],
    );
}
