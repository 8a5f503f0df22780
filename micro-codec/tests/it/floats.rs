//! Floats in JSON: every one of them comes back as it was, also those that JSON has no number for.

use std::collections::BTreeMap;

use bytes::BytesMut;
use micro_codec::{JSON, Json, MSGPACK, PROTOBUF};
use micro_core::{Message, Value};
use micro_macros::message;

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, Default)]
struct Floats {
    #[field(1)]
    double: f64,
    #[field(2)]
    single: f32,
    #[field(3)]
    maybe: Option<f64>,
    #[field(4)]
    many: Vec<f32>,
    #[field(5)]
    by_name: BTreeMap<String, f64>,
    #[field(6)]
    one_of: Option<OneOf>,
}

#[message(crate = "micro_codec")]
#[derive(Clone, Debug)]
enum OneOf {
    #[field(1)]
    Double(f64),
}

/// Without numbers.
#[message(crate = "micro_codec")]
#[derive(Clone, Debug)]
struct Plain {
    pair: (f64, f32),
    shape: Shape,
}

#[message(crate = "micro_codec")]
#[derive(Clone, Debug)]
enum Shape {
    Circle { radius: f64 },
    Line(f32, f32),
}

const ALL: &str = concat!(
    r#"{"double":"NaN","single":"-Infinity","maybe":"Infinity","many":[1.5,"NaN","Infinity"],"#,
    r#""by_name":{"a":"-Infinity"},"one_of":{"Double":"NaN"}}"#
);

fn all() -> Floats {
    Floats {
        double: f64::NAN,
        single: f32::NEG_INFINITY,
        maybe: Some(f64::INFINITY),
        many: vec![1.5, f32::NAN, f32::INFINITY],
        by_name: BTreeMap::from([("a".to_owned(), f64::NEG_INFINITY)]),
        one_of: Some(OneOf::Double(f64::NAN)),
    }
}

fn read<T: Message>(json: &str) -> Result<T, String> {
    T::decode(JSON, json.to_owned().into()).map_err(|error| error.detail().to_owned())
}

#[test]
fn what_is_no_number_has_a_name() {
    assert_eq!(all().to_bytes(JSON).unwrap(), ALL);
    assert_eq!(Json(all()).to_bytes(JSON).unwrap(), ALL);
    let mut out = BytesMut::new();
    JSON.codec().encode(Value::new(&all()), &mut out).unwrap();
    assert_eq!(out, ALL);
    let plain = Plain { pair: (f64::NAN, f32::INFINITY), shape: Shape::Circle { radius: f64::INFINITY } };
    assert_eq!(
        plain.to_bytes(JSON).unwrap(),
        r#"{"pair":["NaN","Infinity"],"shape":{"Circle":{"radius":"Infinity"}}}"#
    );
    let line = Shape::Line(f32::NEG_INFINITY, 0.0);
    assert_eq!(line.to_bytes(JSON).unwrap(), r#"{"Line":["-Infinity",0.0]}"#);
}

/// `NaN` is not equal to itself, what is shown of it is.
fn shown(of: &impl std::fmt::Debug) -> String {
    format!("{of:?}")
}

#[test]
fn every_float_comes_back() {
    for format in [JSON, MSGPACK, PROTOBUF] {
        let read = Floats::decode(format, all().to_bytes(format).unwrap()).unwrap();
        assert_eq!(shown(&read), shown(&all()), "{format}");
    }
    for format in [JSON, MSGPACK] {
        for shape in [Shape::Circle { radius: f64::NAN }, Shape::Line(f32::INFINITY, f32::NAN)] {
            let plain = Plain { pair: (f64::NEG_INFINITY, f32::NAN), shape };
            let read = Plain::decode(format, plain.to_bytes(format).unwrap()).unwrap();
            assert_eq!(shown(&read), shown(&plain), "{format}");
        }
    }
}

#[test]
fn no_digit_is_lost() {
    // Always the same ones: a failure can be repeated.
    let mut random = fastrand::Rng::with_seed(0x6d69_6372_6f21);
    for _ in 0..20_000 {
        let floats = Floats {
            double: f64::from_bits(random.u64(..)),
            single: f32::from_bits(random.u32(..)),
            ..Floats::default()
        };
        let bytes = floats.to_bytes(JSON).unwrap();
        let read = Floats::decode(JSON, bytes.clone()).unwrap();
        assert_eq!(shown(&read), shown(&floats), "{bytes:?}");
    }
}

#[test]
fn numbers_are_read_as_ever() {
    for (json, double) in
        [("1", 1.0), ("-1", -1.0), ("-0.0", -0.0), ("1e3", 1e3), ("18446744073709551615", 2_f64.powi(64))]
    {
        let read = read::<Floats>(&format!(r#"{{"double":{json},"single":{json}}}"#)).unwrap();
        assert_eq!(
            (read.double.to_bits(), read.single.to_bits()),
            (double.to_bits(), (double as f32).to_bits()),
            "{json}"
        );
    }
    // As an absent one.
    assert_eq!(read::<Floats>(r#"{"double":null,"maybe":null}"#).unwrap().double, 0.0);
}

#[test]
fn what_is_no_float_is_refused() {
    for json in [r#""nan""#, r#""inf""#, r#""+Infinity""#, r#""1.5""#, r#""""#] {
        let error = read::<Floats>(&format!(r#"{{"double":{json}}}"#)).unwrap_err();
        assert!(error.starts_with("json: invalid value: string, expected f64"), "{json}: {error}");
    }
    for (json, told) in [
        (r#"{"double":true}"#, "json: invalid type: boolean, expected f64 at line 1 column 14"),
        (r#"{"double":[1]}"#, "json: invalid type: sequence, expected f64 at line 1 column 11"),
        (r#"{"double":1e999}"#, "json: number out of range at line 1 column 15"),
        // Not infinity: that has a name.
        (r#"{"single":1e39}"#, "json: invalid value: floating point, expected f32 at line 1 column 14"),
    ] {
        assert_eq!(read::<Floats>(json).unwrap_err(), told, "{json}");
    }
    assert!(read::<Floats>(r#"{"double":{"a":1}}"#).is_err());
}

#[test]
fn no_float_becomes_another_where_serde_keeps_it_for_later() {
    #[message(crate = "micro_codec")]
    #[derive(Debug)]
    #[serde(tag = "kind")]
    enum Tagged {
        Circle { radius: f64 },
    }

    let circle = |radius| Tagged::Circle { radius }.to_bytes(JSON).unwrap();
    assert_eq!(circle(f64::NAN), r#"{"kind":"Circle","radius":"NaN"}"#);
    let error = Tagged::decode(JSON, circle(f64::NAN)).unwrap_err();
    assert_eq!(error.detail(), "json: invalid type: string, expected f64");
    assert_eq!(shown(&Tagged::decode(JSON, circle(0.1)).unwrap()), "Circle { radius: 0.1 }");
}
