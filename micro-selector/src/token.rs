use std::time::Duration;

/// What a pick tells its node: why it was made, and when, where that is of interest.
///
/// The lowest bits are the [`Role`] and whether the call is timed; the others are one more than its start in
/// microseconds, or zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) role: Role,
    /// Whether its latency counts.
    pub(crate) timed: bool,
    pub(crate) start: Option<Duration>,
}

/// Why a node was picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It was well.
    Usual,
    /// To find out whether it is well again.
    Probe,
    /// There was no other.
    LastResort,
}

impl Token {
    pub(crate) const USUAL: Self = Self { role: Role::Usual, timed: false, start: None };
    /// The same, packed.
    pub(crate) const PLAIN: u64 = 0;

    pub(crate) fn pack(self) -> u64 {
        let role = match self.role {
            Role::Usual => 0,
            Role::Probe => 1,
            Role::LastResort => 2,
        };
        let start = self.start.map_or(0, |start| start.as_micros() as u64 + 1);
        start << 3 | u64::from(self.timed) << 2 | role
    }

    pub(crate) fn unpack(word: u64) -> Self {
        let role = match word & 0b11 {
            0 => Role::Usual,
            1 => Role::Probe,
            _ => Role::LastResort,
        };
        let start = (word >> 3).checked_sub(1).map(Duration::from_micros);
        Self { role, timed: word & 0b100 != 0, start }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_what_it_was() {
        let start = Some(Duration::from_secs(1));
        for role in [Role::Usual, Role::Probe, Role::LastResort] {
            for (timed, start) in [(false, None), (true, start), (true, Some(Duration::ZERO)), (false, start)]
            {
                let token = Token { role, timed, start };
                assert_eq!(Token::unpack(token.pack()), token);
            }
        }
        assert_eq!(Token::USUAL.pack(), Token::PLAIN);
    }
}
