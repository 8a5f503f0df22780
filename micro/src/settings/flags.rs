use std::ffi::OsString;

use super::{Mistakes, Setting, Settings};

/// Takes the flags of [`SETTINGS`](super::SETTINGS) out of a command line: what they say, the rest, and what is wrong
/// with them.
pub(super) fn read(args: impl IntoIterator<Item = OsString>) -> (Settings, Vec<OsString>, Mistakes) {
    let mut settings = Settings::empty();
    let mut mistakes = Mistakes::default();
    let mut rest = Vec::new();
    let mut args = args.into_iter().peekable();
    rest.extend(args.next());
    while let Some(arg) = args.next() {
        if arg == "--" {
            rest.push(arg);
            rest.extend(args);
            break;
        }
        let known = arg.to_str().and_then(|text| text.strip_prefix("--")).and_then(|text| {
            let (name, value) =
                text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
            Setting::by_flag(name).map(|setting| (setting, value.map(str::to_owned)))
        });
        let Some((setting, value)) = known else {
            rest.push(arg);
            continue;
        };
        let flag = format!("--{}", setting.flag);
        let is_value = |next: &OsString| next.to_str().is_some_and(|text| !text.starts_with("--"));
        let value = value.or_else(|| args.next_if(is_value).and_then(|value| value.into_string().ok()));
        let set = match value.as_deref() {
            None | Some("") => Err("has no value".to_owned()),
            Some(value) => setting.set(&mut settings, value),
        };
        mistakes.note(&flag, set);
    }
    (settings, rest, mistakes)
}
