/// The fields of a payload, from the front. `None`: it is too short for the next one.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    /// So many bytes as they are.
    pub(super) fn fixed<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(first)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.fixed().map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// A length in 16 bits, and so many bytes.
    pub(super) fn short(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_be_bytes(*self.fixed()?);
        self.take(usize::from(length))
    }

    /// A length in 32 bits, and so many bytes.
    pub(super) fn long(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(usize::try_from(length).ok()?)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_from_the_front_or_not_at_all() {
        let mut fields = Fields(&[0, 2, 7, 8, 0, 0, 0, 1, 9, 5]);
        assert_eq!(fields.short(), Some(&[7, 8][..]));
        assert_eq!(fields.long(), Some(&[9][..]));
        assert_eq!(fields.u32(), None);
        assert_eq!(fields.fixed(), Some(&[5]));
        assert_eq!(Fields(&[0, 2, 7]).short(), None);
        assert_eq!(Fields(&[255, 255, 255, 255, 7]).long(), None);
    }
}
