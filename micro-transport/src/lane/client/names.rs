//! What a client sends often, and has numbers for.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use micro_core::metadata::{Block, Shared};
use micro_core::{Metadata, Route};

use crate::lane::frame::{self, Named};

/// How many routes are found by their pointer, one look at each.
const RECENT: usize = 8;

/// The routes that have a number on a lane.
#[derive(Debug)]
pub(super) struct Routes {
    numbers: HashMap<Route, u16>,
    recent: Vec<(Route, u16)>,
    /// Which of those the next one takes the place of.
    oldest: usize,
    most: u16,
}

impl Routes {
    pub(super) fn new(most: u16) -> Self {
        Self { numbers: HashMap::new(), recent: Vec::new(), oldest: 0, most }
    }

    /// The number of a route, which is told to the peer before its first use; 0 when there are too many, or it is longer
    /// than the peer takes.
    pub(super) fn number(&mut self, route: &Route, max_header: u32, out: &mut Vec<u8>) -> u16 {
        if let Some((_, number)) = self.recent.iter().find(|(recent, _)| recent.same(route)) {
            return *number;
        }
        let count = u16::try_from(self.numbers.len()).unwrap_or(u16::MAX);
        let number = match self.numbers.get(route) {
            Some(number) => *number,
            None if count >= self.most => return 0,
            None if !Named::of(route).fits(max_header) => return 0,
            None => {
                frame::put_route(out, count + 1, route.service(), route.endpoint());
                self.numbers.insert(route.clone(), count + 1);
                count + 1
            }
        };
        // What was used last is most likely used next; a route that is made anew for each call only passes through.
        let used = (route.clone(), number);
        match self.recent.get_mut(self.oldest) {
            Some(oldest) => *oldest = used,
            None => self.recent.push(used),
        }
        self.oldest = (self.oldest + 1) % RECENT;
        number
    }
}

/// The blocks of metadata that have a number on a lane.
#[derive(Debug)]
pub(super) struct Blocks {
    numbers: Vec<Arc<Shared>>,
    /// Those that were seen once. What is not sent again needs no number.
    seen: VecDeque<Arc<Shared>>,
    most: u16,
}

impl Blocks {
    pub(super) fn new(most: u16) -> Self {
        Self { numbers: Vec::new(), seen: VecDeque::new(), most }
    }

    /// The number of the block that all calls of a client share, which is told to the peer before its first use; 0 when
    /// there is none, or more than the peer takes.
    pub(super) fn number(&mut self, metadata: &Metadata, max_header: u32, out: &mut Vec<u8>) -> u16 {
        let Some(block) = metadata.shared() else { return 0 };
        if let Some(index) = self.numbers.iter().position(|known| Arc::ptr_eq(known, block)) {
            return index as u16 + 1;
        }
        if self.numbers.len() >= usize::from(self.most) {
            return 0;
        }
        let Some(index) = self.seen.iter().position(|seen| Arc::ptr_eq(seen, block)) else {
            if self.seen.len() >= RECENT {
                self.seen.pop_front();
            }
            self.seen.push_back(block.clone());
            return 0;
        };
        if block.as_bytes().len() > max_header as usize || block.count() > Block::MAX {
            return 0;
        }
        self.seen.remove(index);
        self.numbers.push(block.clone());
        let number = self.numbers.len() as u16;
        frame::put_block(out, number, block.as_bytes());
        number
    }
}
