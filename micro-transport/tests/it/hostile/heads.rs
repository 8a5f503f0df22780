//! Heads of HTTP/1.1 requests.

use super::siege::Siege;
use crate::http_server::options;
use crate::http_server::raw::{Raw, post};

/// Behind each of these a whole request is sent, which must not be taken for one: whoever relays requests took it for a
/// part of the one before.
const SMUGGLED: &str = "POST /Greeter/Hello HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";

/// What is sent is refused with this status, reason and words, and the connection ends.
async fn refused((bytes, status, reason, words): (impl AsRef<[u8]>, u16, &str, &str)) {
    let siege = Siege::lay().await;
    let mut raw = Raw::to(siege.server.address).await;
    raw.send([bytes.as_ref(), SMUGGLED.as_bytes()].concat()).await;
    let said = raw.answer().await;
    let error = said.error();
    assert_eq!((said.status(), error.http(), error.reason()), (status, status, reason), "{error}");
    assert!(error.detail().contains(words) && !error.reached(), "{error}");
    assert_eq!(said.header("connection"), Some("close"), "{}", said.head);
    assert_eq!(raw.rest().await.escape_ascii().to_string(), "");
    drop(raw);
    siege.lift().await;
}

/// What is sent is answered with this status, and the connection goes on: the next request is seen as one.
async fn answered((bytes, status, words): (impl AsRef<[u8]>, u16, &str)) {
    let siege = Siege::lay().await;
    let mut raw = Raw::to(siege.server.address).await;
    raw.send(bytes).await;
    let said = raw.answer().await;
    assert_eq!(said.status(), status, "{}", said.body());
    let all = format!("{} {}", said.head, said.body());
    assert!(all.contains(words), "{all}");
    raw.send(SMUGGLED).await;
    assert_eq!((raw.answer().await.status(), said.header("connection")), (200, None));
    drop(raw);
    siege.lift().await;
}

/// The one request is answered and the connection ends, so that what comes behind it is nobody's. For a length beside
/// chunks RFC 9112 (section 6.3) demands that; hyper drops the length, so that it cannot be refused.
async fn last(bytes: &str) {
    let siege = Siege::lay().await;
    let mut raw = Raw::to(siege.server.address).await;
    raw.send([bytes, SMUGGLED].concat()).await;
    let all = raw.rest().await;
    let all = String::from_utf8_lossy(&all);
    assert!(all[8..].starts_with(" 200 OK\r\n"), "{all}");
    assert_eq!(all.matches("HTTP/1.").count(), 1, "{all}");
    drop(raw);
    siege.lift().await;
}

fn with(header: &str) -> String {
    format!("POST /Test/Echo HTTP/1.1\r\nHost: a\r\n{header}\r\n\r\n")
}

fn many(count: usize, size: usize) -> String {
    let lines = (0..count).map(|number| format!("A{number}: {}\r\n", "x".repeat(size)));
    post("/Test/Echo", &lines.collect::<String>(), "")
}

const ILL: &str = "ILL_FORMED_HEAD";

cases! { refused:
    nuls => ("\0\0\0\0\0\0\0\0\r\n\r\n", 400, ILL, "method");
    noise_of_all_bytes => ((0..=255).collect::<Vec<u8>>(), 400, ILL, "ill-formed");
    a_word => ("POST\r\n\r\n", 400, ILL, "ill-formed");
    http_0_9 => ("GET /healthz\r\n\r\n", 400, ILL, "ill-formed");
    http_9_9 => ("POST / HTTP/9.9\r\nHost: a\r\n\r\n", 400, ILL, "version");
    http_2_0_by_name => ("POST / HTTP/2.0\r\nHost: a\r\n\r\n", 400, ILL, "version");
    a_method_of_two_words => ("POST IT / HTTP/1.1\r\nHost: a\r\n\r\n", 400, ILL, "ill-formed");
    a_control_in_the_path => ("POST /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400, ILL, "URI");
    a_nul_in_the_path => ("POST /Test\0/Echo HTTP/1.1\r\nHost: a\r\n\r\n", 400, ILL, "URI");
    a_path_above_64k => (format!("POST /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(66_000)), 431, "HEAD_TOO_LARGE", "max_header");
    a_header_name_with_a_space => (with("A b: c"), 400, ILL, "header");
    a_header_without_a_name => (with(": c"), 400, ILL, "header");
    a_header_without_a_colon => (with("Abc"), 400, ILL, "header");
    a_nul_in_a_header => (with("A: b\0c"), 400, ILL, "header");
    a_nul_in_a_header_name => (with("A\0: b"), 400, ILL, "header");
    a_bare_cr_in_a_header => (with("A: b\rContent-Length: 5"), 400, ILL, "header");
    a_bare_lf_and_another_length => (with("Content-Length: 0\nContent-Length: 40"), 400, ILL, "content-length");
    a_bare_lf_and_another_encoding => (with("Transfer-Encoding: chunked\nTransfer-Encoding: gzip"), 400, ILL, "transfer-encoding");
    a_folded_header => (with("A: b\r\n c: d"), 400, ILL, "header");
    a_folded_transfer_encoding => (with("Transfer-Encoding:\r\n chunked"), 400, ILL, "header");
    a_space_before_the_colon => (with("Transfer-Encoding : chunked"), 400, ILL, "header");
    a_space_before_the_first_header => ("POST / HTTP/1.1\r\n Host: a\r\n\r\n", 400, ILL, "header");
    a_vertical_tab_before_chunked => (with("Transfer-Encoding: \x0bchunked"), 400, ILL, "ill-formed");
    a_length_that_is_no_number => (with("Content-Length: x"), 400, ILL, "content-length");
    a_length_with_a_plus => (with("Content-Length: +5"), 400, ILL, "content-length");
    a_length_with_a_minus => (with("Content-Length: -5"), 400, ILL, "content-length");
    a_length_in_hex => (with("Content-Length: 0x5"), 400, ILL, "content-length");
    a_length_with_a_space_inside => (with("Content-Length: 1 5"), 400, ILL, "content-length");
    a_length_of_nothing => (with("Content-Length: "), 400, ILL, "content-length");
    a_length_that_is_a_list => (with("Content-Length: 5, 5"), 400, ILL, "content-length");
    a_length_above_64_bits => (with("Content-Length: 18446744073709551616"), 400, ILL, "content-length");
    a_length_of_64_bits => (with("Content-Length: 18446744073709551615"), 431, "HEAD_TOO_LARGE", "");
    two_lengths_that_differ => (with("Content-Length: 1\r\nContent-Length: 2"), 400, ILL, "content-length");
    a_transfer_encoding_that_is_unknown => (with("Transfer-Encoding: what"), 400, ILL, "transfer-encoding");
    chunked_and_then_identity => (with("Transfer-Encoding: chunked, identity"), 400, ILL, "transfer-encoding");
    chunked_and_then_gzip_in_lines => (with("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip"), 400, ILL, "transfer-encoding");
    a_transfer_encoding_in_quotes => (with("Transfer-Encoding: \"chunked\""), 400, ILL, "transfer-encoding");
    chunked_in_http_1_0 => ("POST /Test/Echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, ILL, "transfer-encoding");
    gzip_and_then_chunked => (with("Transfer-Encoding: gzip, chunked"), 501, "UNSUPPORTED_TRANSFER_ENCODING", "gzip");
    chunked_twice => (with("Transfer-Encoding: chunked, chunked"), 501, "UNSUPPORTED_TRANSFER_ENCODING", "chunked");
    chunked_in_two_lines => (with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 501, "UNSUPPORTED_TRANSFER_ENCODING", "chunked");
    a_hundred_and_one_headers => (many(99, 1), 431, "HEAD_TOO_LARGE", "100 lines");
    ten_thousand_small_headers => (many(10_000, 1), 431, "HEAD_TOO_LARGE", "100 lines");
    ninety_large_headers => (many(90, 8_000), 431, "HEAD_TOO_LARGE", "max_header");
    one_huge_header => (many(1, 70_000), 431, "HEAD_TOO_LARGE", "max_header");
    one_header_of_8_megabytes => (many(1, 8 << 20), 431, "HEAD_TOO_LARGE", "max_header");
    a_header_name_of_8_megabytes => (with(&format!("{}: a", "x".repeat(8 << 20))), 431, "HEAD_TOO_LARGE", "max_header");
    lines_before_the_head_without_end => ("\r\n".repeat(1 << 20), 431, "HEAD_TOO_LARGE", "max_header");
}

cases! { answered:
    no_host => ("POST /Greeter/Hello HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 400, "`Host` is missing");
    two_hosts => (post("/Greeter/Hello", "Host: b\r\n", "{}"), 400, "more than one header `Host`");
    another_host_in_the_path => (post("http://other/Greeter/Hello", "", "{}"), 200, "Hello");
    an_asterisk => (post("*", "", "{}"), 404, "nothing is at");
    // A bare LF ends a line wherever it is (RFC 9112, section 2.2, allows that): what follows is seen as what it is, and
    // has to agree with the rest.
    lines_that_end_in_bare_lf => ("POST /Greeter/Hello HTTP/1.1\nHost: a\nContent-Length: 2\n\n{}", 200, "Hello");
    a_length_behind_a_bare_lf => (with("A: b\nContent-Length: 2").replace("/Test/Echo", "/Greeter/Hello") + "{}", 200, "Hello");
    a_host_behind_a_bare_lf => (post("/Greeter/Hello", "A: b\nHost: b\r\n", "{}"), 400, "more than one header `Host`");
    missing_endpoint => (post("/Nope/Nope", "", "{}"), 404, "no endpoint `Nope.Nope`");
    missing_endpoint_as_go_micro_asks => (post("/", "Micro-Endpoint: Nope.Nope\r\n", "{}"), 200, "no endpoint `Nope.Nope`");
    no_endpoint => (post("/", "Micro-Service: greeter\r\n", "{}"), 200, "nothing is at");
    an_endpoint_of_dots => (post("/", "Micro-Endpoint: ...\r\n", "{}"), 200, "no endpoint `...`");
    an_endpoint_of_30_000_bytes => (post("/", &format!("Micro-Endpoint: {}\r\n", "x".repeat(30_000)), "{}"), 200, "no endpoint");
    a_path_of_60_000_bytes => (post(&format!("/{}", "x".repeat(60_000)), "", "{}"), 404, "nothing is at");
    a_path_of_30_000_slashes => (post(&"/".repeat(30_000), "", "{}"), 404, "nothing is at");
    a_path_up_the_tree => (post("/../../etc/passwd", "", "{}"), 404, "");
    a_path_of_escapes => (post("/%00/%ff", "", "{}"), 404, "");
    a_query_of_escapes => (post("/Greeter/Hello?a=%00%ff&b", "", "{}"), 200, "Hello");
    an_unknown_method => ("FLY /Greeter/Hello HTTP/1.1\r\nHost: a\r\n\r\n", 405, "use POST");
    connect => ("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 404, "");
    an_upgrade_to_http_2 => (post("/Greeter/Hello", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n", "{}"), 200, "Hello");
    an_upgrade_to_websocket => (post("/Greeter/Hello", "Connection: Upgrade\r\nUpgrade: websocket\r\n", "{}"), 200, "Hello");
    two_lengths_that_agree => (post("/Greeter/Hello", "Content-Length: 2\r\n", "{}"), 200, "Hello");
    an_unknown_content_type => (post("/Greeter/Hello", "Content-Type: text/html\r\n", "{}"), 415, "text/html");
    a_content_type_of_10_000_bytes => (post("/Greeter/Hello", &format!("Content-Type: {}\r\n", "x".repeat(10_000)), "{}"), 415, "");
    a_content_type_of_semicolons => (post("/Greeter/Hello", "Content-Type: ;;;\r\n", "{}"), 415, "");
    a_content_type_of_streams_without_a_format => (post("/Greeter/Hello", "Content-Type: application/connect+\r\n", "{}"), 415, "");
    a_stream_over_http_1 => (post("/Greeter/Hello", "Content-Type: application/connect+json\r\n", "{}"), 501, "need HTTP/2");
    a_content_encoding => (post("/Greeter/Hello", "Content-Encoding: gzip\r\n", "{}"), 415, "gzip");
    bytes_above_ascii_in_a_header => (post("/Greeter/Hello", "Micro-Service: \u{e9}\t\u{fffd}\r\n", "{}"), 200, "");
    bytes_above_ascii_in_an_endpoint => (post("/", "Micro-Endpoint: \u{fffd}\r\n", "{}"), 200, "no endpoint");
    bytes_above_ascii_in_an_id => (post("/Greeter/Hello", "Micro-Id: \u{fffd}\r\n", "{}"), 200, "Hello");
    a_deadline_below_zero => (post("/Greeter/Hello", "Timeout: -1\r\n", "{}"), 400, "nanoseconds");
    a_deadline_of_text => (post("/Greeter/Hello", "Timeout: soon\r\n", "{}"), 400, "nanoseconds");
    a_deadline_with_a_unit => (post("/Greeter/Hello", "Timeout: 5s\r\n", "{}"), 400, "nanoseconds");
    a_deadline_with_a_point => (post("/Greeter/Hello", "Timeout: 1.5\r\n", "{}"), 400, "nanoseconds");
    a_deadline_of_nothing => (post("/Greeter/Hello", "Timeout: \r\n", "{}"), 400, "nanoseconds");
    a_deadline_that_is_past => (post("/Greeter/Hello", "Timeout: 0\r\n", "{}"), 504, "");
    a_deadline_of_584_years => (post("/Greeter/Hello", "Timeout: 18446744073709551615\r\n", "{}"), 200, "Hello");
    a_deadline_above_64_bits => (post("/Greeter/Hello", "Timeout: 18446744073709551616\r\n", "{}"), 400, "nanoseconds");
    a_deadline_of_30_000_digits => (post("/Greeter/Hello", &format!("Timeout: {}\r\n", "9".repeat(30_000)), "{}"), 400, "nanoseconds");
    two_deadlines => (post("/Greeter/Hello", "Timeout: 1\r\nTimeout: 5000000000\r\n", "{}"), 400, "more than one");
    a_deadline_that_is_no_text => (post("/Greeter/Hello", "Timeout: \u{0664}\r\n", "{}"), 400, "nanoseconds");
}

cases! { last:
    a_length_and_chunks => "POST /Test/Echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    chunks_and_a_length => "POST /Test/Echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n";
    a_length_and_a_bare_lf_and_chunks => "POST /Test/Echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    http_1_0 => "POST /Greeter/Hello HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}";
}

/// Half a head, and the end of what is sent.
async fn cut(bytes: &str) {
    let siege = Siege::lay().await;
    let mut raw = Raw::to(siege.server.address).await;
    raw.send(bytes).await;
    tokio::io::AsyncWriteExt::shutdown(&mut raw.socket).await.unwrap();
    let said = raw.answer().await;
    assert_eq!((said.status(), said.error().reason()), (400, ILL));
    assert!(raw.rest().await.is_empty());
    drop(raw);
    siege.lift().await;
}

cases! { cut:
    half_a_word => "P";
    half_a_line => "POST /Greeter/Hello HT";
    half_a_head => "POST /Greeter/Hello HTTP/1.1\r\nHost: a\r\n";
    half_an_end_of_line => "POST /Greeter/Hello HTTP/1.1\r";
    half_a_preface => "PRI * HTTP/2";
}

/// The same holds behind a request that was answered.
#[tokio::test]
async fn garbage_behind_an_answer() {
    let siege = Siege::lay().await;
    for pipelined in [false, true] {
        let mut raw = Raw::to(siege.server.address).await;
        if pipelined {
            raw.send([SMUGGLED, "\0\0\r\n\r\n"].concat()).await;
            assert_eq!(raw.answer().await.status(), 200);
        } else {
            raw.send(SMUGGLED).await;
            assert_eq!(raw.answer().await.status(), 200);
            raw.send("\0\0\r\n\r\n").await;
        }
        let said = raw.answer().await;
        assert_eq!((said.status(), said.error().reason()), (400, ILL), "{pipelined}");
        assert!(raw.rest().await.is_empty());
    }
    siege.lift().await;
}

/// Thousands of requests in one breath are answered one after the other, in order.
#[tokio::test]
async fn three_thousand_requests_in_one_breath() {
    let siege = Siege::lay().await;
    let mut raw = Raw::to(siege.server.address).await;
    for number in 0..3_000 {
        raw.send(post("/Greeter/Hello", "", &format!(r#"{{"name":"{number}"}}"#))).await;
    }
    for number in 0..3_000 {
        assert_eq!(raw.answer().await.body(), format!(r#"{{"msg":"Hello {number}"}}"#));
    }
    drop(raw);
    siege.lift().await;
}

/// Every limit is the setting's.
#[tokio::test]
async fn a_smaller_limit_of_heads() {
    let mut options = options();
    options.max_header = 9_000;
    let siege = Siege::with(options).await;
    for (size, status) in [(8_000, 200), (9_000, 431)] {
        let mut raw = Raw::to(siege.server.address).await;
        raw.send(many(1, size)).await;
        let said = raw.answer().await;
        assert_eq!(said.status(), status, "{size}");
        assert!(status == 200 || said.error().detail().contains("9000"), "{}", said.body());
    }
    siege.lift().await;
}

/// hyper has a limit of its own for paths, which a larger limit of heads leaves as it is.
#[tokio::test]
async fn a_path_above_the_largest() {
    let mut options = options();
    options.max_header = 1 << 20;
    let siege = Siege::with(options).await;
    let mut raw = Raw::to(siege.server.address).await;
    raw.send(post(&format!("/{}", "x".repeat(66_000)), "", "")).await;
    let said = raw.answer().await;
    assert_eq!((said.status(), said.error().reason()), (414, "URI_TOO_LONG"));
    drop(raw);
    siege.lift().await;
}
