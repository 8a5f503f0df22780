use std::process::Command;

use micro_testing::Seed;

#[test]
#[ignore = "it fails: the tests below run it"]
fn fails() {
    let seed = Seed::new();
    panic!("the first number is {}", seed.random(0).below(u64::MAX));
}

#[test]
fn a_test_that_fails_says_how_to_repeat_it_and_does_the_same_then() {
    let first = run(None);
    let seed = first.split("to repeat this schedule: MICRO_TESTING_SEED=").nth(1).expect(&first);
    let seed = seed.lines().next().unwrap();
    let number = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("the first number is "));
        line.expect(text).to_owned()
    };
    assert_eq!(number(&run(Some(seed))), number(&first));
    assert_ne!(number(&run(Some("1"))), number(&first));
}

#[test]
fn a_seed_that_is_no_number_is_not_passed_over() {
    let text = run(Some("7x"));
    assert!(text.contains("MICRO_TESTING_SEED is no number: 7x"), "{text}");
}

/// Runs the test that fails, in a process of its own.
fn run(seed: Option<&str>) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "seed::fails", "--ignored", "--nocapture"]).env_remove("MICRO_TESTING_SEED");
    command.envs(seed.map(|seed| ("MICRO_TESTING_SEED", seed)));
    let output = command.output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}
