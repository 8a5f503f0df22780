//! Bodies of HTTP/1.1 requests.

use micro_core::Code;

use super::siege::Siege;
use crate::http_server::options;
use crate::http_server::raw::{Raw, post};

const CHUNKED: &str = "POST /Test/Echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n";

/// A body that is none, in both dialects.
async fn ill_formed(body: impl AsRef<[u8]>) {
    let siege = Siege::lay().await;
    for (headers, status) in [("\r\n", 400), ("Micro-Endpoint: Test.Echo\r\n\r\n", 200)] {
        let mut raw = Raw::to(siege.server.address).await;
        raw.send([CHUNKED.as_bytes(), headers.as_bytes(), body.as_ref()].concat()).await;
        let said = raw.answer().await;
        let error = said.error();
        assert_eq!((said.status(), error.go_micro(), error.code()), (status, 400, Code::InvalidArgument));
        assert_eq!((error.reason(), error.reached()), ("ILL_FORMED_BODY", false));
        assert_eq!(said.header("connection"), Some("close"));
        assert!(raw.rest().await.is_empty());
    }
    siege.lift().await;
}

/// What is behind the end of a chunk, which nobody may take for a request.
const BEHIND: &str = "POST /Greeter/Hello HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";

cases! { ill_formed:
    a_size_of_letters => "zz\r\n";
    a_size_of_nothing => "\r\n{}\r\n0\r\n\r\n";
    a_size_below_zero => "-1\r\n";
    a_size_with_a_plus => "+2\r\n{}\r\n0\r\n\r\n";
    a_size_with_0x => "0x2\r\n{}\r\n0\r\n\r\n";
    a_size_with_an_underscore => "1_0\r\n{}\r\n0\r\n\r\n";
    a_size_above_64_bits => "1ffffffffffffffff\r\n";
    a_size_of_a_space => format!(" 2\r\n{{}}\r\n0\r\n\r\n{BEHIND}");
    a_size_and_two_words => "2 2\r\n{}\r\n0\r\n\r\n";
    a_size_and_a_bare_lf => format!("2\n{{}}\r\n0\r\n\r\n{BEHIND}");
    a_size_and_a_bare_cr => "2\r{}\r\n0\r\n\r\n";
    an_extension_with_a_bare_lf => format!("2;a\n{{}}\r\n0\r\n\r\n{BEHIND}");
    a_chunk_longer_than_its_size => "2\r\n{}x";
    a_chunk_with_a_bare_lf_behind_it => format!("2\r\n{{}}\n0\r\n\r\n{BEHIND}");
    an_extension_of_20_000_bytes => format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "x".repeat(20_000));
    extensions_of_two_thousand_chunks => format!("{}0\r\n\r\n", "1;aaaaaaaaaaaaaaaa\r\nx\r\n".repeat(2_000));
    a_trailer_without_a_name => "2\r\n{}\r\n0\r\n: x\r\n\r\n";
    a_trailer_with_a_nul => "2\r\n{}\r\n0\r\na: \0\r\n\r\n";
    a_hundred_and_one_trailers => format!("2\r\n{{}}\r\n0\r\n{}\r\n", "a: b\r\n".repeat(101));
    a_trailer_of_70_000_bytes => format!("2\r\n{{}}\r\n0\r\na: {}\r\n\r\n", "x".repeat(70_000));
    trailers_without_end => format!("2\r\n{{}}\r\n0\r\n{}", "a: b\r\n".repeat(100_000));
}

/// A body that is cut off: the caller went away.
async fn cut((head, body): (&str, &str)) {
    let siege = Siege::lay().await;
    let mut raw = Raw::to(siege.server.address).await;
    raw.send([head, body].concat()).await;
    tokio::io::AsyncWriteExt::shutdown(&mut raw.socket).await.unwrap();
    let said = raw.answer().await;
    assert_eq!((said.status(), said.error().code()), (499, Code::Cancelled));
    assert!(raw.rest().await.is_empty());
    drop(raw);
    siege.lift().await;
}

const SIZED: &str = "POST /Test/Echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
const PIECES: &str = "POST /Test/Echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

cases! { cut:
    no_body => (SIZED, "");
    half_a_body => (SIZED, "ab");
    no_chunk => (PIECES, "");
    half_a_size => (PIECES, "5");
    half_a_chunk => (PIECES, "5\r\nabc");
    a_chunk_without_its_end => (PIECES, "5\r\nabcde");
    chunks_without_an_end => (PIECES, "5\r\nabcde\r\n");
    half_a_trailer => (PIECES, "0\r\na: ");
}

/// A body above the limit of messages, of 4 MiB here: the limit and the setting are named.
async fn too_large(request: String) {
    let siege = Siege::lay().await;
    let mut raw = Raw::to(siege.server.address).await;
    raw.send(request).await;
    let said = raw.answer().await;
    let error = said.error();
    assert_eq!((said.status(), error.reason(), error.reached()), (413, "MESSAGE_TOO_LARGE", false));
    assert!(error.detail().contains("4194304") && error.detail().contains("max_message"), "{error}");
    assert_eq!(said.header("connection"), Some("close"));
    drop(raw);
    siege.lift().await;
}

const LARGE: usize = (4 << 20) + 1;

cases! { too_large:
    a_byte_too_many => post("/Test/Echo", "", &"x".repeat(LARGE));
    a_terabyte_is_told => "POST /Test/Echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1099511627776\r\n\r\nx".to_owned();
    a_terabyte_is_told_and_asked_for => "POST /Test/Echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1099511627776\r\n\r\n".to_owned();
    one_chunk_that_is_too_large => format!("{PIECES}{LARGE:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(LARGE));
    a_chunk_of_63_bits => format!("{PIECES}7fffffffffffffff\r\n{}", "x".repeat(LARGE));
    chunks_that_are_too_large_together => format!("{PIECES}{}0\r\n\r\n", format!("10000\r\n{}\r\n", "x".repeat(65_536)).repeat(65));
}

/// However small the pieces are, they are counted.
#[tokio::test]
async fn chunks_of_a_byte_without_end() {
    let mut options = options();
    options.max_message = 10_000;
    let siege = Siege::with(options).await;
    let mut raw = Raw::to(siege.server.address).await;
    raw.send(format!("{PIECES}{}", "1\r\nx\r\n".repeat(20_000))).await;
    let said = raw.answer().await;
    assert_eq!((said.status(), said.error().reason()), (413, "MESSAGE_TOO_LARGE"));
    drop(raw);
    siege.lift().await;
}
