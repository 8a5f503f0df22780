//! `#[derive(micro::Error)]`.

use std::error::Error as _;
use std::net::IpAddr;

use micro::{Code, Error, Result, handler};

use super::direct::client;

#[derive(Debug, Error, PartialEq)]
enum UserError {
    #[error(code = not_found, reason = "USER_MISSING", message = "no user {id}")]
    Missing { id: u64 },
    #[error(code = resource_exhausted, message = "{0:?} may try again in {1:>3} s, {0}")]
    TooMany(String, u32),
    #[error(code = permission_denied)]
    NotFromHere {
        peer_address: IpAddr,
        note: Option<String>,
        allowed_nets: Vec<String>,
        #[error(local)]
        tries: u8,
    },
    #[error(code = aborted, message = "{{}} {}, then {}, then {0}")]
    Twice(bool, char),
    #[error(code = internal)]
    HTTPBroken,
}

#[derive(Debug, Error)]
#[error(code = unavailable, domain = "storage", message = "cannot read {path}: {why}")]
struct Unreadable {
    path: String,
    why: String,
    #[source]
    cause: Option<std::io::Error>,
}

#[derive(Debug, Error)]
#[error(code = data_loss, domain = "storage")]
enum Damaged {
    Index,
    #[error(code = out_of_range, reason = "PAGE")]
    Page(#[source] std::num::ParseIntError),
    Boxed {
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

fn all() -> Vec<UserError> {
    vec![
        UserError::Missing { id: 7 },
        UserError::TooMany("a\n100 %\u{0}".to_owned(), 60),
        UserError::NotFromHere {
            peer_address: "::1".parse().unwrap(),
            note: None,
            allowed_nets: vec!["10.0.0.0/8".to_owned(), String::new()],
            tries: 0,
        },
        UserError::NotFromHere {
            peer_address: "127.0.0.1".parse().unwrap(),
            note: Some("Grüße".to_owned()),
            allowed_nets: vec![],
            tries: 0,
        },
        UserError::Twice(true, '%'),
        UserError::HTTPBroken,
    ]
}

#[test]
fn what_people_read() {
    let texts: Vec<_> = all().iter().map(ToString::to_string).collect();
    assert_eq!(texts[0], "no user 7");
    assert_eq!(texts[1], "\"a\\n100 %\\0\" may try again in  60 s, a\n100 %\u{0}");
    assert_eq!(texts[2], "not from here");
    assert_eq!(texts[4], "{} true, then %, then true");
    assert_eq!(texts[5], "http broken");
}

#[test]
fn what_programs_read() {
    let error = Error::from(UserError::Missing { id: 7 });
    assert_eq!((error.code(), error.reason(), error.domain()), (Code::NotFound, "USER_MISSING", "UserError"));
    assert_eq!((error.detail(), error.metadata().get("id")), ("no user 7", Some("7")));

    let error = Error::from(all().remove(2));
    assert_eq!((error.code(), error.reason()), (Code::PermissionDenied, "NOT_FROM_HERE"));
    assert_eq!(error.metadata().get("peer-address"), Some("::1"));
    assert!(!error.metadata().contains("tries") && !error.metadata().contains("note"));
    assert_eq!(error.metadata().get_all("allowed-nets").collect::<Vec<_>>(), ["10.0.0.0/8", ""]);

    assert_eq!(Error::from(UserError::HTTPBroken).reason(), "HTTP_BROKEN");
}

#[test]
fn they_are_the_same_after_the_wire() {
    for original in all() {
        let text = format!("{original:?}");
        let wire = Error::from(original).to_json();
        let back = UserError::from_error(&Error::from_json(&wire)).unwrap_or_else(|| panic!("{wire}"));
        assert_eq!(format!("{back:?}"), text);
    }
}

#[test]
fn what_is_local_stays_here() {
    let original = UserError::NotFromHere {
        peer_address: "::1".parse().unwrap(),
        note: None,
        allowed_nets: vec![],
        tries: 3,
    };
    let back = UserError::from_error(&original.into()).unwrap();
    assert!(matches!(back, UserError::NotFromHere { tries: 0, .. }), "{back:?}");
}

#[test]
fn what_is_not_theirs_comes_back() {
    let other = Error::not_found("no user 7").with_reason("USER_MISSING").with_domain("Others");
    assert_eq!(UserError::from_error(&other), None);
    assert!(std::ptr::eq(UserError::try_from(&other).unwrap_err(), &raw const other));
    for (reason, key, value) in
        [("NEW_REASON", "id", "7"), ("USER_MISSING", "id", "x"), ("USER_MISSING", "no", "7")]
    {
        let mut error = Error::not_found("").with_reason(reason).with_domain("UserError");
        error.metadata_mut().insert(key, value).unwrap();
        assert_eq!(UserError::from_error(&error), None, "{reason} {key} {value}");
    }
}

#[test]
fn causes_stay_here() {
    let cause = std::io::Error::other("disk 3");
    let original = Unreadable { path: "/a".to_owned(), why: "gone".to_owned(), cause: Some(cause) };
    assert_eq!(original.source().map(ToString::to_string).as_deref(), Some("disk 3"));
    let error = Error::from(original);
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("disk 3"));
    assert_eq!((error.code(), error.reason(), error.domain()), (Code::Unavailable, "UNREADABLE", "storage"));
    let wire = error.to_json();
    assert!(!wire.contains("disk 3"), "{wire}");
    let back = Unreadable::from_error(&Error::from_json(&wire)).unwrap();
    assert_eq!((back.to_string().as_str(), back.cause.is_none()), ("cannot read /a: gone", true));
}

#[test]
fn causes_that_must_be_there() {
    let cause = || "x".parse::<u8>().unwrap_err();
    let page = Damaged::Page(cause());
    assert_eq!(page.source().map(ToString::to_string), Some(cause().to_string()));
    let error = Error::from(page);
    assert_eq!((error.code(), error.reason(), error.domain()), (Code::OutOfRange, "PAGE", "storage"));
    // Nobody could make one up.
    assert!(Damaged::from_error(&error).is_none());

    let boxed = Damaged::Boxed { cause: cause().into() };
    assert_eq!(boxed.source().map(ToString::to_string), Some(cause().to_string()));
    assert!(Error::from(boxed).source().is_some());

    assert!(Damaged::Index.source().is_none());
    let error = Error::from(Damaged::Index);
    assert_eq!(error.code(), Code::DataLoss);
    assert!(matches!(Damaged::from_error(&error), Some(Damaged::Index)));
}

struct Users;

#[handler]
impl Users {
    async fn get(&self, id: String) -> Result<String, UserError> {
        Err(UserError::Missing { id: id.parse().unwrap_or(0) })
    }

    async fn find(&self, id: String) -> Result<String> {
        Ok(self.get(id).await?)
    }
}

#[tokio::test]
async fn callers_match_on_them() {
    for endpoint in ["Users.Get", "Users.Find"] {
        let error = client(Users).call::<_, String>(("test", endpoint), "7".to_owned()).await.unwrap_err();
        assert_eq!(UserError::try_from(&error).unwrap(), UserError::Missing { id: 7 });
        assert_eq!(error.id(), "test");
    }
}

/// The names in the macro are those of `Code`.
#[test]
fn every_code_has_its_name() {
    macro_rules! all {
        ($($code:ident)*) => {{
            let mut names = Vec::new();
            $({
                #[derive(Debug, Error)]
                #[error(code = $code)]
                struct Failed;
                assert_eq!(Error::from(Failed).code().name(), stringify!($code));
                names.push(stringify!($code));
            })*
            names
        }};
    }
    let names = all! {
        cancelled unknown invalid_argument deadline_exceeded not_found already_exists permission_denied
        resource_exhausted failed_precondition aborted out_of_range unimplemented internal unavailable data_loss
        unauthenticated
    };
    assert_eq!(names, Code::all().iter().map(|code| code.name()).collect::<Vec<_>>());
}
