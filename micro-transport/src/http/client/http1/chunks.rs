//! What an answer in chunks says of its size: each chunk tells its own before it comes, and hyper tells what has come.

use std::io::BufRead;

/// Where the first digit of the status is in the head of an answer.
const STATUS: usize = "HTTP/1.1 ".len();

/// The chunks of one answer, as far as its bytes have passed. It says something about answers in chunks only.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunks {
    at: At,
    announced: u64,
}

/// What comes next.
#[derive(Clone, Copy, Debug)]
enum At {
    /// More of the head, of which so much has passed, and so much of its last line.
    Head { passed: usize, line: usize, interim: bool },
    /// More of a chunk's size, of which this is what has passed.
    Size(u64),
    /// More of the line behind it.
    Line(u64),
    /// So much of a chunk, the end of its line included.
    Data(u64),
    /// Nothing that is a chunk.
    Over,
}

impl Default for Chunks {
    fn default() -> Self {
        Self { at: At::head(), announced: 0 }
    }
}

impl At {
    const fn head() -> Self {
        Self::Head { passed: 0, line: 0, interim: false }
    }
}

impl Chunks {
    /// How large all chunks are that were told so far.
    pub(super) const fn announced(&self) -> u64 {
        self.announced
    }

    /// Goes on by these bytes.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while let Some(&first) = bytes.first() {
            let mut used = 1;
            self.at = match self.at {
                At::Head { passed, line, interim } => {
                    let status = STATUS.checked_sub(passed).and_then(|at| bytes.get(at));
                    let interim = status.map_or(interim, |digit| *digit == b'1');
                    let mut rest = bytes;
                    // Bytes in memory can be read.
                    used = rest.skip_until(b'\n').unwrap_or(bytes.len());
                    let line = line + used;
                    let passed = passed + used;
                    match bytes[used - 1] {
                        b'\n' if line > "\r\n".len() => At::Head { passed, line: 0, interim },
                        b'\n' if interim => At::head(),
                        b'\n' => At::Size(0),
                        _ => At::Head { passed, line, interim },
                    }
                }
                At::Size(size) => match char::from(first).to_digit(16) {
                    // More than any number holds is not read to its end by anybody.
                    Some(_) if size >> 60 > 0 => {
                        self.announced = u64::MAX;
                        At::Over
                    }
                    Some(digit) => At::Size(size * 16 + u64::from(digit)),
                    None if matches!(first, b'\r' | b';' | b' ' | b'\t') => At::Line(size),
                    None => At::Over,
                },
                At::Line(0) if first == b'\n' => At::Over,
                At::Line(size) if first == b'\n' => {
                    self.announced = self.announced.saturating_add(size);
                    At::Data(size.saturating_add(2))
                }
                At::Line(size) => At::Line(size),
                At::Data(left) => {
                    used = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    match left - used as u64 {
                        0 => At::Size(0),
                        left => At::Data(left),
                    }
                }
                At::Over => return,
            };
            bytes = &bytes[used..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announced(answer: &[u8], size: usize) -> u64 {
        let mut chunks = Chunks::default();
        answer.chunks(size).for_each(|piece| chunks.pass(piece));
        chunks.announced()
    }

    #[test]
    fn chunks_are_counted_when_they_are_told() {
        const HEAD: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        const INTERIM: &str = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
        for (answer, told) in [
            (HEAD.to_owned(), 0),
            (format!("{HEAD}a"), 0),
            (format!("{HEAD}{}", "f".repeat(16)), 0),
            (format!("{HEAD}{}", "f".repeat(17)), u64::MAX),
            (format!("{HEAD}{}a\r\n", "0".repeat(40)), 10),
            (format!("{HEAD}a\r\n"), 10),
            (format!("{HEAD}a;x=ffff\r\n0123\r\n6789\r\n0A \r\n"), 20),
            (format!("{HEAD}2\r\nff\r\n0\r\nCount: ff\r\n\r\n"), 2),
            (format!("{INTERIM}{INTERIM}{HEAD}ff\r\n"), 255),
            (format!("{HEAD}ffffffffffffffff\r\nx"), u64::MAX),
            (format!("{HEAD}ffffffffffffffffff\r\n"), u64::MAX),
            (format!("{HEAD}1\r\nx\r\nffffffffffffffff\r\n"), u64::MAX),
            (format!("{HEAD}no chunk\r\nff\r\n"), 0),
            (format!("{HEAD}\r\nff\r\n"), 0),
            ("HTTP/1.1 200 OK\nConnection: close\n\nff\n".to_owned(), 0),
        ] {
            for size in 1..=answer.len() {
                assert_eq!(announced(answer.as_bytes(), size), told, "{answer:?} in pieces of {size}");
            }
        }
    }
}
