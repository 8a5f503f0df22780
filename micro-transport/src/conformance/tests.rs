use super::*;

#[test]
fn every_law_is_in_the_list() {
    let sources = [
        include_str!("laws/concurrency.rs"),
        include_str!("laws/deadlines.rs"),
        include_str!("laws/drops.rs"),
        include_str!("laws/errors.rs"),
        include_str!("laws/life.rs"),
        include_str!("laws/limits.rs"),
        include_str!("laws/metadata.rs"),
        include_str!("laws/pressure.rs"),
        include_str!("laws/streams.rs"),
        include_str!("laws/unary.rs"),
    ];
    let written: Vec<_> = sources
        .iter()
        .flat_map(|source| source.lines())
        .filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next())
        .collect();
    assert_eq!(written.len(), LAWS.len());
    for law in written {
        assert!(LAWS.contains(&law), "{law} is no test: add it to the list in macros.rs");
    }
}

#[test]
#[should_panic(expected = "took longer than")]
fn what_hangs_does_not_hold() {
    let limit = Duration::from_millis(5);
    run(running::within(limit, "what never ends", std::future::pending()));
}
