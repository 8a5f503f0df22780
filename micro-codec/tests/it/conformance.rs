//! Every codec, ours and one of somebody else, keeps the laws that it promises.

use micro_codec::conformance::Promises;
use micro_codec::{JSON, MSGPACK, PROTOBUF, RAW, conformance_tests};

use crate::bencode::bencode;

conformance_tests!(json, JSON, Promises::values());
conformance_tests!(protobuf, PROTOBUF, Promises::numbered());
conformance_tests!(msgpack, MSGPACK, Promises::values());
conformance_tests!(raw, RAW, Promises::bytes());
conformance_tests!(foreign, bencode(), Promises::values());
