use std::time::{Duration, Instant};

/// A method of a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// `register`: registrations and renewals.
    Register,
    /// `deregister`.
    Deregister,
    /// `get`.
    Get,
    /// `list`.
    List,
    /// `watch`: beginning one, not what it tells.
    Watch,
}

/// When what was called.
#[derive(Debug, Default)]
pub(super) struct Log(Vec<(Instant, Method)>);

impl Log {
    pub(super) fn add(&mut self, method: Method) {
        self.0.push((Instant::now(), method));
    }

    pub(super) fn count(&self, method: Method) -> usize {
        self.times(method).count()
    }

    pub(super) fn most_within(&self, width: Duration, method: Method) -> usize {
        let times: Vec<_> = self.times(method).collect();
        // Times are in order: for each call, those from it to the end of the piece that begins with it.
        let from = |index: usize| times[index..].partition_point(|time| *time < times[index] + width);
        (0..times.len()).map(from).max().unwrap_or(0)
    }

    fn times(&self, method: Method) -> impl Iterator<Item = Instant> {
        self.0.iter().filter(move |(_, called)| *called == method).map(|(time, _)| *time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_piece_of_time_is_found_wherever_it_is() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        let at = |time, method| (start + ms(time), method);
        let mut calls: Vec<_> = [0, 100, 195, 205, 210, 400].map(|time| at(time, Method::Get)).into();
        calls.push(at(500, Method::List));
        let log = Log(calls);
        assert_eq!(log.most_within(ms(20), Method::Get), 3);
        assert_eq!(log.most_within(ms(1), Method::Get), 1);
        assert_eq!(log.most_within(ms(1000), Method::Get), 6);
        assert_eq!(log.most_within(ms(1000), Method::List), 1);
        assert_eq!(log.most_within(ms(1000), Method::Watch), 0);
        assert_eq!(log.count(Method::Get), 6);
    }
}
