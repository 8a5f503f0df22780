//! What `docs/failures.md` names is there.

use std::path::Path;

use micro::SETTINGS;

/// The text of a file of the workspace.
fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands in the document between backticks.
fn quoted(document: &str) -> impl Iterator<Item = &str> {
    document.split('`').skip(1).step_by(2)
}

/// Whether a file has that test: a function with an attribute that says so, or that is a law; or a case of a macro.
fn has_test(path: &str, name: &str) -> bool {
    let text = read(path);
    let lines: Vec<_> = text.lines().map(str::trim_start).collect();
    let function = format!("fn {name}(");
    lines.iter().enumerate().any(|(at, line)| {
        let is_case = path.contains("/hostile/")
            && line.strip_prefix(name).is_some_and(|rest| rest.starts_with(" =>") || rest.starts_with(": "));
        let mut above =
            lines[..at].iter().rev().take_while(|line| line.starts_with('#') || line.starts_with('/'));
        let is_law = path.contains("/conformance/laws/");
        let is_test = is_law || above.any(|line| line.starts_with("#[") && line.contains("test"));
        is_case || (line.contains(&function) && is_test)
    })
}

#[test]
fn the_tests_that_are_said_to_prove_it_are_there() {
    let document = read("docs/failures.md");
    // `::name` is in the file named before it.
    let mut file = "";
    let named: Vec<_> = quoted(&document)
        .filter_map(|quoted| match quoted.split_once(".rs::") {
            Some((path, name)) => {
                file = path;
                Some((file, name))
            }
            None => quoted.strip_prefix("::").map(|name| (file, name)),
        })
        .collect();
    assert!(named.len() > 80, "{} tests are named", named.len());
    let missing: Vec<_> =
        named.iter().filter(|(path, name)| !has_test(&format!("{path}.rs"), name)).collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
    assert!(!has_test("micro/tests/it/documents.rs", "read"), "what is no test is not taken for one");
}

#[test]
fn the_variables_that_are_named_are_settings() {
    let document = read("docs/failures.md");
    let named: Vec<_> = quoted(&document).filter(|quoted| quoted.starts_with("MICRO_")).collect();
    assert!(named.len() > 10, "{named:?}");
    for name in named {
        assert!(SETTINGS.iter().any(|setting| setting.variable == name), "there is no setting {name}");
    }
}
