//! Pictures as images of the terminal: what it is handed, what stands in their place, and when it is handed them again.

use crossterm::event::KeyCode;
use ratatui::style::Color;

use super::bytes::draw;
use super::files::{PNG, colourful, fetched, file, with_files};
use crate::app::pictures::{Cells, Fetched, ImageId, ImageJob, PLACEHOLDER, Way};
use crate::app::{Effect, Event, Net};
use crate::cache::Disk;
use crate::play::{ALICE, Play, id, message};

/// A chat at a terminal that draws images, with a picture of 64 to 32 columns and half rows on the screen.
fn with_picture() -> (Play, ImageId) {
    let mut play = colourful(100);
    play.state.host.takes_images = true;
    play.arrive(with_files(7, "look", vec![file(1, "a.png", 5_000, Some((640, 320)))]));
    play.effects.clear();
    let fetched = fetched(64, 32);
    let image = fetched.image;
    play.net(Net::Picture { file: id(1), answer: Ok(Some(fetched)) });
    (play, image)
}

fn jobs(play: &mut Play) -> Vec<ImageJob> {
    let job = |effect| match effect {
        Effect::Image(job) => Some(job),
        _ => None,
    };
    play.effects.drain(..).filter_map(job).collect()
}

fn has_image(play: &Play) -> bool {
    play.screen().contains(PLACEHOLDER)
}

#[test]
fn an_image_is_handed_over_once_and_before_it_is_drawn() {
    let (mut play, image) = with_picture();
    let whole = Cells { columns: 64, rows: 16 };
    assert_eq!(jobs(&mut play), [ImageJob::Hold(image, PNG.into()), ImageJob::Size(image, whole)]);
    assert!(has_image(&play) && !play.screen().contains('▀'), "{}", play.screen());
    play.arrive(message(8, ALICE, 61, "nice"));
    assert_eq!(jobs(&mut play), []);
    // In another size it is the same image.
    play.event(Event::Resize { columns: 40, rows: 30 });
    assert_eq!(jobs(&mut play), [ImageJob::Size(image, Cells { columns: 38, rows: 10 })]);
    play.event(Event::Resize { columns: 100, rows: 30 });
    assert_eq!(jobs(&mut play), []);
}

/// What names the image is a colour to everything that draws, and no theme may change it.
#[test]
fn themes_leave_the_name_of_an_image_as_it_is() {
    use crate::app::look::{Depth, Theme};
    let (mut play, image) = with_picture();
    let [_, red, green, blue] = image.number().to_be_bytes();
    let name = format!("38;2;{red};{green};{blue};");
    for (theme, depth) in
        [(Theme::Terminal, Depth::True), (Theme::Dark, Depth::Indexed), (Theme::Light, Depth::Indexed)]
    {
        (play.state.look.theme, play.state.look.depth) = (theme, depth);
        let written = String::from_utf8(draw(&play)).expect("UTF-8");
        assert!(written.contains(&name), "{theme:?} at {depth:?}");
        // 64 columns and 16 rows are the number of the size.
        assert!(written.contains("58;2;0;64;16m"), "{theme:?} at {depth:?}");
    }
    let terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(100, 30));
    let mut terminal = terminal.expect("a terminal in memory");
    terminal.draw(|frame| crate::view::draw(frame, &play.state)).expect("drawing in memory");
    let cells = &terminal.backend().buffer().content;
    let of_image: Vec<_> = cells.iter().filter(|cell| cell.symbol().starts_with(PLACEHOLDER)).collect();
    assert_eq!(of_image.len(), 64 * 16);
    assert!(of_image.iter().all(|cell| cell.fg == Color::Rgb(red, green, blue)));
}

#[test]
fn after_others_had_the_terminal_it_is_handed_the_image_again() {
    for ask in
        [|play: &mut Play| play.event(Event::Retaken { columns: 100, rows: 30 }), |play: &mut Play| play.ctrl('l')]
    {
        let (mut play, image) = with_picture();
        play.effects.clear();
        ask(&mut play);
        assert!(!has_image(&play) && play.screen().contains('▀'), "half blocks until then: {}", play.screen());
        let is_asked = |effect: &Effect| matches!(effect, Effect::LoadPicture { file, .. } if file.id == id(1));
        assert!(play.effects.iter().any(is_asked));
        assert_eq!(jobs(&mut play), [ImageJob::Forget(image)]);
        let again = Fetched { image: ImageId::numbered(9), is_kept: true, ..fetched(64, 32) };
        play.net(Net::Picture { file: id(1), answer: Ok(Some(again)) });
        assert!(has_image(&play), "{}", play.screen());
        assert!(matches!(jobs(&mut play)[..], [ImageJob::Hold(..), ImageJob::Size(..)]));
    }
}

/// Offline and not on the disk: what is known of it stays.
#[test]
fn an_image_that_cannot_be_had_stays_half_blocks() {
    let (mut play, _) = with_picture();
    play.net(Net::Disconnected { reason: "gone".to_owned(), retry_in_ms: 1_000 });
    play.event(Event::Retaken { columns: 100, rows: 30 });
    play.effects.clear();
    play.net(Net::Picture { file: id(1), answer: Ok(None) });
    assert!(play.screen().contains('▀'), "{}", play.screen());
    assert!(!play.effects.iter().any(|effect| matches!(effect, Effect::LoadPicture { .. })));
}

#[test]
fn images_are_forgotten_with_the_login() {
    let (mut play, image) = with_picture();
    play.effects.clear();
    play.net(Net::SessionOver { reason: String::new() });
    play.arrive(message(9, ALICE, 62, "anything"));
    play.event(Event::Tick);
    assert_eq!(jobs(&mut play), [ImageJob::Forget(image)]);
}

#[test]
fn only_where_it_is_wanted_the_terminal_is_handed_images() {
    for (way, takes_images, is_image) in
        [(Way::Auto, true, true), (Way::Auto, false, false), (Way::Kitty, false, true), (Way::Blocks, true, false)]
    {
        let mut play = colourful(80);
        (play.state.settings.pictures, play.state.host.takes_images) = (way, takes_images);
        play.arrive(with_files(7, "look", vec![file(1, "a.png", 5_000, Some((640, 320)))]));
        play.net(Net::Picture { file: id(1), answer: Ok(Some(fetched(64, 32))) });
        assert_eq!(has_image(&play), is_image, "{way:?}");
        assert_eq!(jobs(&mut play).is_empty(), !is_image, "{way:?}");
    }
}

/// Nothing moves, and the first picture of a start has the small form already.
#[test]
fn a_start_shows_half_blocks_until_the_image_is_there() {
    let disk = Disk::new();
    let mut play = Play::chat_with_disk(80, 30);
    play.state.host.takes_images = true;
    play.wait(10_000);
    play.arrive(with_files(7, "look", vec![file(1, "a.png", 5_000, Some((640, 320)))]));
    play.net(Net::Picture { file: id(1), answer: Ok(Some(fetched(64, 32))) });
    play.save(&disk);
    let mut again = Play::restart(&disk, 80, 30);
    again.state.host.takes_images = true;
    let place = |play: &Play| play.screen().lines().position(|line| line.contains("a.png")).expect("there");
    let before = (place(&again), again.screen().contains('▀'));
    assert!(before.1);
    again.event(Event::Tick);
    let kept = disk.picture(id(1)).expect("kept");
    assert_eq!(&*kept.png, PNG);
    let kept = Fetched { small: kept.small, png: kept.png, image: ImageId::numbered(3), is_kept: true };
    again.effects.clear();
    again.net(Net::Picture { file: id(1), answer: Ok(Some(kept)) });
    assert_eq!((place(&again), has_image(&again)), (before.0, true));
    assert!(!again.effects.iter().any(|effect| matches!(effect, Effect::Keep(_))), "it is there already");
}

/// The keys of a message copy what was written, whatever its pictures are drawn with.
#[test]
fn a_message_with_an_image_is_copied_as_text() {
    let (mut play, _) = with_picture();
    play.press(KeyCode::Esc);
    play.press(KeyCode::Char('y'));
    let copied = play.effects.iter().find_map(|effect| match effect {
        Effect::Copy { text } => Some(text.clone()),
        _ => None,
    });
    assert_eq!(copied.as_deref(), Some("look"));
}
