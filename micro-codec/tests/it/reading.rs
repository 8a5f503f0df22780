//! JSON as others write it: names in every spelling that a field has.

use micro_codec::JSON;
use micro_core::{Code, Message};
use micro_macros::message;

fn read<T: Message>(json: &str) -> Result<T, String> {
    T::decode(JSON, json.to_owned().into()).map_err(|error| {
        assert_eq!(error.code(), Code::InvalidArgument, "{error}");
        error.detail().to_owned()
    })
}

fn written<T: Message>(message: &T) -> String {
    String::from_utf8(message.to_bytes(JSON).unwrap().to_vec()).unwrap()
}

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq)]
struct Renamed {
    #[serde(rename = "userID")]
    #[field(3)]
    user_id: String,
    #[serde(rename(serialize = "out", deserialize = "in"))]
    #[field(4)]
    both_ways: u64,
}

#[test]
fn what_is_renamed_is_read_by_its_name_in_rust_too() {
    for json in
        [r#"{"userID":"5","in":"1"}"#, r#"{"user_id":"5","both_ways":1}"#, r#"{"userId":"5","bothWays":1}"#]
    {
        assert_eq!(read(json), Ok(Renamed { user_id: "5".into(), both_ways: 1 }), "{json}");
    }
    assert_eq!(written(&Renamed { user_id: "5".into(), both_ways: 1 }), r#"{"userID":"5","out":1}"#);
    // One field, not two that can be told apart.
    assert!(read::<Renamed>(r#"{"userID":"5","user_id":"6"}"#).unwrap_err().contains("duplicate field"));
}

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Camel {
    first_name: String,
    big_num: u64,
}

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
struct Kebab {
    #[field(1)]
    first_name: String,
}

#[test]
fn a_rule_for_all_names_is_one_of_writing() {
    for json in [r#"{"first_name":"x","big_num":"5"}"#, r#"{"firstName":"x","bigNum":5}"#] {
        assert_eq!(read(json), Ok(Camel { first_name: "x".into(), big_num: 5 }), "{json}");
    }
    assert_eq!(written(&Camel { first_name: "x".into(), big_num: 5 }), r#"{"firstName":"x","bigNum":5}"#);
    for json in [r#"{"first_name":"x"}"#, r#"{"firstName":"x"}"#, r#"{"FIRST-NAME":"x"}"#] {
        assert_eq!(read(json), Ok(Kebab { first_name: "x".into() }), "{json}");
    }
}

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq)]
#[serde(rename_all = "kebab-case", rename_all_fields = "PascalCase")]
enum Event {
    UserMissing {
        user_id: u64,
    },
    #[serde(rename = "gone")]
    AllGone,
}

#[test]
fn variants_are_read_by_their_names_in_rust_too() {
    for json in [
        r#"{"user-missing":{"UserId":1}}"#,
        r#"{"UserMissing":{"user_id":"1"}}"#,
        r#"{"userMissing":{"userId":1}}"#,
        r#"{"user_missing":{"userId":1}}"#,
    ] {
        assert_eq!(read(json), Ok(Event::UserMissing { user_id: 1 }), "{json}");
    }
    for json in [r#""gone""#, r#""AllGone""#, r#""allGone""#] {
        assert_eq!(read(json), Ok(Event::AllGone), "{json}");
    }
    assert_eq!(written(&Event::UserMissing { user_id: 1 }), r#"{"user-missing":{"UserId":1}}"#);
}

/// Names that were exchanged, and one that is what tells the variants.
#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq)]
#[serde(tag = "kind")]
enum Tagged {
    Swapped {
        #[serde(rename = "b")]
        a: String,
        #[serde(rename = "a")]
        b: String,
        #[serde(rename = "sort")]
        kind: String,
    },
}

/// A field that made room for that of a flattened type.
#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq)]
struct Roomy {
    #[serde(rename = "outer_id")]
    id: String,
    #[serde(flatten)]
    inner: Inner,
}

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq)]
struct Inner {
    id: String,
}

#[test]
fn no_name_is_taken_from_another() {
    let swapped = Tagged::Swapped { a: "1".into(), b: "2".into(), kind: "3".into() };
    assert_eq!(written(&swapped), r#"{"kind":"Swapped","b":"1","a":"2","sort":"3"}"#);
    assert_eq!(read(&written(&swapped)), Ok(swapped));
    let roomy = Roomy { id: "1".into(), inner: Inner { id: "2".into() } };
    assert_eq!(written(&roomy), r#"{"outer_id":"1","id":"2"}"#);
    assert_eq!(read(&written(&roomy)), Ok(roomy));
}

/// What a rule makes of one name may be what another field is called in Rust.
#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
#[allow(non_snake_case, reason = "a name that the rule makes of another one")]
struct Clashing {
    #[serde(rename = "z")]
    A: String,
    a: String,
}

#[test]
fn what_a_rule_makes_of_a_name_is_taken() {
    let clashing = Clashing { A: "1".into(), a: "2".into() };
    assert_eq!(written(&clashing), r#"{"z":"1","A":"2"}"#);
    assert_eq!(read(&written(&clashing)), Ok(clashing));
}
