//! Short names for long things.

/// FNV-1a, 64 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>): it is sent, so all versions of this crate must agree
/// on it, and the standard library's hashes may change. Strength buys nothing where anybody may announce anything.
pub(super) fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The DNS label of a node: the beginning of its id, for people who look at the network, and a fingerprint. DNS allows
/// 63 bytes, which ids exceed, and does not tell cases apart.
///
/// Each time that a node is registered anew it gets another label (`session`): the goodbyes of its earlier life are
/// repeated, and end the records of the new one where both have the same names.
pub(super) fn label(service: &str, node: &str, session: u64) -> String {
    let readable: String = node
        .chars()
        .take(40)
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let all = format!("{service}\0{node}\0{session:x}");
    format!("{readable}-{:016x}", fingerprint(all.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert_eq!(fingerprint(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fingerprint(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn labels_fit_into_dns_and_differ() {
        let of = |node: &str| label("s", node, 1);
        let (long, dots, unicode) = (of(&"x".repeat(500)), of("go.micro.srv.Größe-1"), of("日本"));
        assert!(dots.starts_with("go-micro-srv-gr--e-1-"), "{dots}");
        for label in [&long, &dots, &unicode] {
            assert!(label.len() <= 63, "{label}");
            assert!(
                label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{label}"
            );
        }
        assert_ne!(long, of(&"x".repeat(501)));
        assert_ne!(of("A"), of("a"));
        assert_ne!(label("a", "n", 1), label("b", "n", 1));
        assert_ne!(label("a", "n", 1), label("a", "n", 2));
    }
}
