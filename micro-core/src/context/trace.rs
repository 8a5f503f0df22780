use std::fmt::{self, Display, Formatter};
use std::num::{NonZeroU64, NonZeroU128};

/// The place of a call in a trace, as the W3C header `traceparent` carries it.
///
/// Format: <https://www.w3.org/TR/trace-context/#traceparent-header>.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TraceContext {
    trace: NonZeroU128,
    span: NonZeroU64,
    flags: u8,
}

impl TraceContext {
    /// The first span of a new trace.
    #[must_use]
    pub fn root() -> Self {
        Self {
            trace: NonZeroU128::new(fastrand::u128(..)).unwrap_or(NonZeroU128::MIN),
            span: NonZeroU64::new(fastrand::u64(..)).unwrap_or(NonZeroU64::MIN),
            flags: 1,
        }
    }

    /// Another span of the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span: NonZeroU64::new(fastrand::u64(..)).unwrap_or(NonZeroU64::MIN), ..self }
    }

    /// Reads a `traceparent`; `None` for what the specification calls invalid.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let lower_hex = |text: &str, size: usize| {
            text.len() == size && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        // A later version may have more parts, version 00 has none.
        let sound = lower_hex(version, 2)
            && version != "ff"
            && (version != "00" || parts.next().is_none())
            && lower_hex(trace, 32)
            && lower_hex(span, 16)
            && lower_hex(flags, 2);
        if !sound {
            return None;
        }
        Some(Self {
            trace: NonZeroU128::new(u128::from_str_radix(trace, 16).ok()?)?,
            span: NonZeroU64::new(u64::from_str_radix(span, 16).ok()?)?,
            flags: u8::from_str_radix(flags, 16).ok()?,
        })
    }

    /// The trace that the call is part of: 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }

    /// The call within the trace: 16 hexadecimal digits.
    #[must_use]
    pub fn span_id(&self) -> String {
        format!("{:016x}", self.span)
    }

    /// Whether the caller records the trace.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags & 1 == 1
    }
}

/// As `traceparent`.
impl Display for TraceContext {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let trace = TraceContext::parse(text).unwrap();
        assert_eq!(trace.to_string(), text);
        assert!(trace.is_sampled());
        let child = trace.child();
        assert_eq!(child.trace_id(), trace.trace_id());
        assert_ne!(child.span_id(), trace.span_id());
        assert!(TraceContext::parse(&text.replacen("00", "01", 1)).is_some());
        assert!(TraceContext::parse(&format!("01{}-more", &text[2..])).is_some());
    }

    #[test]
    fn what_the_specification_calls_invalid() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        for bad in [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            &good.to_uppercase(),
            &good.replacen("00", "ff", 1),
            &format!("{good}-more"),
            &good[..54],
        ] {
            assert_eq!(TraceContext::parse(bad), None, "{bad}");
        }
    }
}
