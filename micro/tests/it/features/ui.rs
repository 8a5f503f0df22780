//! What the macros say to code that is wrong, and what they accept. `TRYBUILD=overwrite` writes the texts anew.

#[test]
fn texts() {
    let cases = trybuild::TestCases::new();
    for of in ["message", "handler", "contract", "error"] {
        cases.compile_fail(format!("tests/ui/{of}/*.rs"));
        cases.pass(format!("tests/ui/{of}/pass/*.rs"));
    }
}
