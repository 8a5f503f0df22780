use http::Request;

use super::*;

fn asked(method: &str, path: &str, headers: &[(&str, &str)]) -> Asked {
    let mut request = Request::builder().method(method).uri(path).header("Host", "a");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Asked::of(&request.body(()).unwrap().into_parts().0, "here")
}

fn called(method: &str, path: &str, headers: &[(&str, &str)]) -> (Dialect, String) {
    match asked(method, path, headers) {
        Asked::Call(dialect, route) => (dialect, route.to_string()),
        other => panic!("{method} {path} {headers:?}: {other:?}"),
    }
}

fn refused(method: &str, path: &str, headers: &[(&str, &str)]) -> (Dialect, u16, String) {
    match asked(method, path, headers) {
        Asked::Nothing(dialect, error, _) => {
            assert!(!error.reached());
            (dialect, error.http(), error.detail().to_owned())
        }
        other => panic!("{method} {path} {headers:?}: {other:?}"),
    }
}

#[test]
fn calls_in_the_way_of_go_micro() {
    for (path, headers, route) in [
        ("/", &[("Micro-Service", "a"), ("Micro-Endpoint", "B.C")][..], "a/B.C"),
        ("/", &[("Micro-Endpoint", "B.C")], "here/B.C"),
        ("/", &[("Micro-Method", "B.C")], "here/B.C"),
        ("/", &[("X-Micro-Service", "a"), ("X-Micro-Endpoint", "B.C")], "a/B.C"),
        ("/", &[("X-Micro-Method", "B.C")], "here/B.C"),
        ("/any/where/at/all", &[("Micro-Endpoint", "B.C"), ("Micro-Method", "D.E")], "here/B.C"),
        ("/", &[("Micro-Endpoint", "Hello")], "here/Hello"),
    ] {
        assert_eq!(called("POST", path, headers), (Dialect::GoMicro, route.to_owned()), "{headers:?}");
    }
}

#[test]
fn calls_by_path() {
    for (path, headers, route) in [
        ("/B/C", &[][..], "here/B.C"),
        ("/B.C", &[], "here/B.C"),
        ("/B/C?x=1", &[], "here/B.C"),
        ("/a/B/C", &[], "a/B.C"),
        ("/a/B.C", &[], "a/B.C"),
        ("/B/C", &[("Micro-Service", "a")], "a/B.C"),
    ] {
        assert_eq!(called("POST", path, headers), (Dialect::Plain, route.to_owned()), "{path}");
    }
}

#[test]
fn what_is_nowhere_is_told_where_calls_are() {
    for path in ["/", "/B", "/B/", "//C", "/a/B/C/d", "/B.", "//"] {
        let (dialect, status, detail) = refused("POST", path, &[]);
        assert_eq!((dialect, status), (Dialect::Plain, 404), "{path}");
        assert!(detail.contains("POST /Handler/Method"), "{detail}");
    }
    assert_eq!(refused("POST", "/", &[("Micro-Service", "a")]).0, Dialect::GoMicro);
    assert_eq!(refused("GET", "/", &[]).1, 404);
}

#[test]
fn other_methods() {
    let (dialect, status, detail) = refused("GET", "/B/C", &[]);
    assert_eq!((dialect, status), (Dialect::Plain, 405));
    assert!(detail.contains("use POST"), "{detail}");
    assert_eq!(refused("GET", "/B/C", &[("Micro-Endpoint", "B.C")]).1, 405);
    assert!(refused("POST", "/healthz", &[]).2.contains("GET, HEAD"));
    assert!(matches!(asked("GET", "/readyz", &[]), Asked::Health(Probe::Ready)));
    assert!(matches!(asked("HEAD", "/healthz", &[]), Asked::Health(Probe::Live)));
}

#[test]
fn a_request_of_http11_names_one_host() {
    let asked = |version, hosts: &[&str]| {
        let mut request = Request::builder().method("POST").uri("/B/C").version(version);
        for host in hosts {
            request = request.header("Host", *host);
        }
        Asked::of(&request.body(()).unwrap().into_parts().0, "here")
    };
    for hosts in [&[][..], &["a", "b"]] {
        match asked(Version::HTTP_11, hosts) {
            Asked::Nothing(Dialect::Plain, error, None) => {
                assert_eq!((error.http(), error.reached()), (400, false));
                assert!(error.detail().contains("`Host`"), "{error}");
            }
            other => panic!("{other:?}"),
        }
        for version in [Version::HTTP_10, Version::HTTP_2] {
            assert!(matches!(asked(version, hosts), Asked::Call(..)), "{version:?}");
        }
    }
    assert!(matches!(asked(Version::HTTP_11, &[""]), Asked::Call(..)));
}

#[test]
fn what_go_micro_has_and_we_have_not() {
    let (dialect, status, detail) = refused("POST", "/", &[("Micro-Endpoint", "B.C"), ("Micro-Stream", "1")]);
    assert_eq!((dialect, status), (Dialect::GoMicro, 501));
    assert!(detail.contains("gRPC"), "{detail}");
    let (dialect, status, detail) = refused("POST", "/", &[("Micro-Topic", "events")]);
    assert_eq!((dialect, status), (Dialect::GoMicro, 501));
    assert!(detail.contains("Micro-Topic"), "{detail}");
}
