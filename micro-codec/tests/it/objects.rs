//! In JSON a struct is an object, wherever it stands. What serde derives reads an array too, field by field.

use std::collections::BTreeMap;

use micro_codec::{JSON, Json};
use micro_core::{Code, Message, Place, Result};
use micro_macros::message;
use serde::Serialize;
use serde::de::DeserializeOwned;

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq, Default)]
struct Street {
    #[field(1)]
    name: String,
    #[field(2)]
    number: u32,
}

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq, Default)]
struct Town {
    #[field(1)]
    main: Street,
    #[field(2)]
    maybe: Option<Street>,
    #[field(3)]
    streets: Vec<Street>,
    #[field(4)]
    by_name: BTreeMap<String, Street>,
    #[field(5)]
    near: Option<Box<Town>>,
    #[field(6)]
    sight: Option<Sight>,
}

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq)]
enum Sight {
    #[field(1)]
    On(Street),
    #[field(2)]
    Height(u32),
}

/// Without numbers, and with every shape that serde has.
#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq)]
enum Shape {
    Named { x: i32, y: i32 },
    Pair(i32, i32),
    Street(Street),
    Deep { pairs: Vec<(u8, Street)>, newtype: Newtype, fixed: [Street; 1] },
    Nothing,
}

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq)]
struct Newtype(Street);

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq)]
struct Nothing {}

fn told<T>(read: Result<T>, json: &str) -> String {
    let Err(error) = read else { panic!("{json} is read") };
    assert_eq!(error.code(), Code::InvalidArgument, "{json}");
    error.detail().to_owned()
}

/// However it is read: as a message, in a wrapper, by the codec.
fn refused<T: Message + Serialize + DeserializeOwned>(json: &str, expected: &str) {
    let bytes = || json.to_owned().into();
    assert_eq!(told(T::decode(JSON, bytes()), json), expected, "{json}");
    assert_eq!(told(Json::<T>::decode(JSON, bytes()), json), expected, "{json}");
    let mut place = None::<T>;
    assert_eq!(told(JSON.codec().decode(json.as_bytes(), Place::new(&mut place)), json), expected, "{json}");
}

#[test]
fn an_array_is_no_struct_at_any_depth() {
    let street = |at| format!("json: invalid type: sequence, expected struct Street at line 1 column {at}");
    for (json, at) in [
        (r#"{"main":["x",5]}"#, 9),
        (r#"{"main":[]}"#, 10),
        (r#"{"maybe":["x",5]}"#, 10),
        (r#"{"streets":[{},["x",5]]}"#, 16),
        (r#"{"byName":{"a":{},"b":["x",5]}}"#, 23),
        (r#"{"near":{"near":{"main":["x",5]}}}"#, 25),
        (r#"{"sight":{"On":["x",5]}}"#, 16),
    ] {
        refused::<Town>(json, &street(at));
    }
    for (json, at) in [
        (r#"{"Street":["x",5]}"#, 11),
        (r#"{"Deep":{"pairs":[[1,["x",5]]]}}"#, 22),
        (r#"{"Deep":{"newtype":["x",5]}}"#, 20),
        (r#"{"Deep":{"fixed":[["x",5]]}}"#, 19),
    ] {
        refused::<Shape>(json, &street(at));
    }
    refused::<Shape>(
        r#"{"Named":[1,2]}"#,
        "json: invalid type: sequence, expected struct variant Shape::Named at line 1 column 10",
    );
    refused::<Street>(" [\"x\",\n5]", &street(2));
    refused::<Nothing>("[]", "json: invalid type: sequence, expected struct Nothing at line 1 column 2");
}

#[test]
fn what_is_an_array_is_read() {
    let read = |json: &str| Shape::decode(JSON, json.to_owned().into()).unwrap();
    let street = || Street { name: "x".into(), number: 5 };
    assert_eq!(read(r#"{"Pair":[1,2]}"#), Shape::Pair(1, 2));
    assert_eq!(read(r#"{"Named":{"y":2,"x":1}}"#), Shape::Named { x: 1, y: 2 });
    assert_eq!(read(r#"{"Street":{"name":"x","number":5}}"#), Shape::Street(street()));
    assert_eq!(read(r#""Nothing""#), Shape::Nothing);
    let deep = Shape::Deep { pairs: vec![(7, street())], newtype: Newtype(street()), fixed: [street()] };
    let bytes = deep.to_bytes(JSON).unwrap();
    assert_eq!(
        bytes,
        r#"{"Deep":{"pairs":[[7,{"name":"x","number":5}]],"newtype":{"name":"x","number":5},"fixed":[{"name":"x","number":5}]}}"#
    );
    assert_eq!(Shape::decode(JSON, bytes).unwrap(), deep);
    let value: serde_json::Value = serde_json::from_str(r#"{"a":[1,{"b":[null,true,"c",0.5,-1]}]}"#).unwrap();
    assert_eq!(serde_json::Value::decode(JSON, value.to_string().into()).unwrap(), value);
}
