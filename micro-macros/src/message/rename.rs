//! The rules of `#[serde(rename_all = "..")]`: what serde calls a field or a variant under them. Letter for letter as
//! serde has them, which differ from [our spellings](crate::names) where a name holds several capitals or underscores.

/// The name of a field, which serde takes to be in `snake_case`.
pub(super) fn field(rule: Option<&str>, name: &str) -> String {
    let pascal = || {
        let words = name.split('_').map(|word| {
            let mut chars = word.chars();
            chars
                .next()
                .map_or_else(String::new, |first| format!("{}{}", first.to_ascii_uppercase(), chars.as_str()))
        });
        words.collect::<String>()
    };
    match rule {
        Some("UPPERCASE" | "SCREAMING_SNAKE_CASE") => name.to_ascii_uppercase(),
        Some("PascalCase") => pascal(),
        Some("camelCase") => first_in_lower_case(&pascal()),
        Some("kebab-case") => name.replace('_', "-"),
        Some("SCREAMING-KEBAB-CASE") => name.to_ascii_uppercase().replace('_', "-"),
        // What is no rule serde tells of.
        _ => name.to_owned(),
    }
}

/// The name of a variant, which serde takes to be in `PascalCase`.
pub(super) fn variant(rule: Option<&str>, name: &str) -> String {
    let snake = || {
        let mut snake = String::new();
        for (index, c) in name.char_indices() {
            if index > 0 && c.is_uppercase() {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
        }
        snake
    };
    match rule {
        Some("lowercase") => name.to_ascii_lowercase(),
        Some("UPPERCASE") => name.to_ascii_uppercase(),
        Some("camelCase") => first_in_lower_case(name),
        Some("snake_case") => snake(),
        Some("SCREAMING_SNAKE_CASE") => snake().to_ascii_uppercase(),
        Some("kebab-case") => snake().replace('_', "-"),
        Some("SCREAMING-KEBAB-CASE") => snake().to_ascii_uppercase().replace('_', "-"),
        _ => name.to_owned(),
    }
}

fn first_in_lower_case(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}", first.to_ascii_lowercase(), chars.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_serde_has_them() {
        for (rule, of_field, of_variant) in [
            ("lowercase", "very_tasty", "verytasty"),
            ("UPPERCASE", "VERY_TASTY", "VERYTASTY"),
            ("PascalCase", "VeryTasty", "VeryTasty"),
            ("camelCase", "veryTasty", "veryTasty"),
            ("snake_case", "very_tasty", "very_tasty"),
            ("SCREAMING_SNAKE_CASE", "VERY_TASTY", "VERY_TASTY"),
            ("kebab-case", "very-tasty", "very-tasty"),
            ("SCREAMING-KEBAB-CASE", "VERY-TASTY", "VERY-TASTY"),
            ("no rule", "very_tasty", "VeryTasty"),
        ] {
            assert_eq!(field(Some(rule), "very_tasty"), of_field, "{rule}");
            assert_eq!(variant(Some(rule), "VeryTasty"), of_variant, "{rule}");
        }
        assert_eq!((field(None, "a_b"), variant(None, "AB")), ("a_b".to_owned(), "AB".to_owned()));
        assert_eq!(variant(Some("snake_case"), "HTTPCall"), "h_t_t_p_call");
    }
}
