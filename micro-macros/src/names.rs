//! Names in other spellings: of endpoints, of reasons, of what is generated.

/// `get_url` as `GetUrl`.
pub(crate) fn pascal_case(name: &str) -> String {
    words(name).iter().map(|word| capitalized(word)).collect()
}

/// `UserService` as `user_service`.
pub(crate) fn snake_case(name: &str) -> String {
    words(name).join("_")
}

/// `user_id` as `userId`.
pub(crate) fn camel_case(name: &str) -> String {
    let words = words(name);
    let rest = words.iter().skip(1).map(|word| capitalized(word));
    words.first().cloned().into_iter().chain(rest).collect()
}

/// `UserMissing` as `USER_MISSING`.
pub(crate) fn screaming_case(name: &str) -> String {
    snake_case(name).to_uppercase()
}

/// `UserMissing` as `user missing`.
pub(crate) fn in_words(name: &str) -> String {
    words(name).join(" ")
}

/// Whether a name can be one part of an endpoint's: what every transport and every tool can write.
pub(crate) fn is_plain(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The words of a name, in lower case. They end at underscores, where a capital follows a small letter (`getUrl`), and
/// before the last capital of several (`HTTPServer`).
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.strip_prefix("r#").unwrap_or(name).chars().collect();
    let mut words = vec![String::new()];
    for (index, &c) in chars.iter().enumerate() {
        let after_small = index > 0 && !chars[index - 1].is_uppercase();
        let before_small = chars.get(index + 1).is_some_and(|next| next.is_lowercase());
        if c == '_' || (c.is_uppercase() && (after_small || before_small)) {
            words.push(String::new());
        }
        if c != '_'
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        for (name, pascal, snake) in [
            ("get_url", "GetUrl", "get_url"),
            ("call", "Call", "call"),
            ("r#type", "Type", "type"),
            ("_v2_list", "V2List", "v2_list"),
            ("UserService", "UserService", "user_service"),
            ("HTTPServer", "HttpServer", "http_server"),
            ("V2", "V2", "v2"),
        ] {
            assert_eq!((pascal_case(name).as_str(), snake_case(name).as_str()), (pascal, snake), "{name}");
        }
        assert_eq!(screaming_case("UserMissing"), "USER_MISSING");
        assert_eq!(
            ["user_id", "UserId", "userID", "r#type", ""].map(camel_case),
            ["userId", "userId", "userId", "type", ""]
        );
        assert_eq!(in_words("UserMissing"), "user missing");
    }

    #[test]
    fn plain_names() {
        assert!(is_plain("GetURL_2"));
        for bad in ["", "2", "_x", "a.b", "a b", "größe"] {
            assert!(!is_plain(bad), "{bad}");
        }
    }
}
