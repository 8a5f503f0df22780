//! What the numbers in a client's calls stand for.

use std::sync::Arc;

use bytes::Bytes;
use micro_core::metadata::{Names, Shared};
use micro_core::{Error, Format, Formats, Metadata, Route};

use super::place::Place;
use crate::lane::format;
use crate::lane::frame::{self, Named, Violation};
use crate::lane::limits::Limits;

/// The tables of one connection.
#[derive(Debug)]
pub(super) struct Tables {
    routes: Vec<Option<(Route, Arc<Place>)>>,
    blocks: Vec<Option<Arc<Shared>>>,
    /// The formats that have a number of their own, and those that were given one.
    known: format::Known,
    formats: Vec<(u8, Option<Format>, Box<str>)>,
    /// The names of the keys of metadata.
    names: Names,
    /// For the routes that have no number.
    unnumbered: Arc<Place>,
    max_routes: u16,
    max_blocks: u16,
}

impl Tables {
    /// The tables of a service that takes this, and speaks these formats.
    pub(super) fn new(own: &Limits, formats: &Formats) -> Self {
        Self {
            routes: Vec::new(),
            blocks: Vec::new(),
            known: format::Known::new(formats),
            formats: Vec::new(),
            names: Names::default(),
            unnumbered: Arc::new(Place::new()),
            max_routes: own.max_routes,
            max_blocks: own.max_blocks,
        }
    }

    /// A number of a route.
    pub(super) fn route(&mut self, number: u16, service: &str, endpoint: &str) -> Result<(), Violation> {
        let route = (Route::new(service, endpoint), Arc::new(Place::new()));
        *slot(&mut self.routes, number, self.max_routes)? = Some(route);
        Ok(())
    }

    /// A number of a block of metadata.
    pub(super) fn block(&mut self, number: u16, entries: &[u8]) -> Result<(), Violation> {
        let block = frame::block(Bytes::copy_from_slice(entries), &mut self.names)?;
        *slot(&mut self.blocks, number, self.max_blocks)? = Some(Arc::new(Shared::new(block)));
        Ok(())
    }

    /// A number of a format, of those that the service speaks or not.
    pub(super) fn format(&mut self, number: u8, content_type: &str, formats: &Formats) {
        self.formats.retain(|(known, ..)| *known != number);
        self.formats.push((number, formats.find(content_type), content_type.into()));
    }

    /// The place of a call whose route has no number.
    pub(super) fn unnumbered(&self) -> Arc<Place> {
        self.unnumbered.clone()
    }

    pub(super) fn find_route(&self, named: &Named<'_>) -> Result<(Route, Arc<Place>), Violation> {
        match *named {
            Named::Names { service, endpoint } => Ok((Route::new(service, endpoint), self.unnumbered())),
            Named::Number(number) => {
                let found = self.routes.get(usize::from(number).wrapping_sub(1)).and_then(Option::as_ref);
                found
                    .cloned()
                    .ok_or_else(|| Violation::from(format!("a CALL of route {number}, which is none")))
            }
        }
    }

    /// The metadata of a call: its block, and its own.
    pub(super) fn metadata(&mut self, block: u16, own: Option<Bytes>) -> Result<Metadata, Violation> {
        let shared = match usize::from(block).checked_sub(1) {
            None => None,
            Some(index) => {
                let found = self.blocks.get(index).and_then(Option::as_ref);
                let found = found
                    .ok_or_else(|| Violation::from(format!("a CALL with block {block}, which is none")))?;
                Some(found.clone())
            }
        };
        let own = own.map(|own| frame::block(own, &mut self.names)).transpose()?;
        Ok(Metadata::of(shared, own))
    }

    /// The format of a call, if the service speaks it.
    ///
    /// # Errors
    /// That of a format which it does not speak.
    pub(super) fn find_format(&self, number: u8, formats: &Formats) -> Result<Format, Error> {
        let told = || self.formats.iter().find(|(told, ..)| *told == number);
        let found = self.known.find(number).or_else(|| told()?.1);
        found.ok_or_else(|| {
            let name = match told() {
                Some((_, _, content_type)) => content_type.to_string(),
                None => {
                    format::content_type(number).map_or_else(|| format!("number {number}"), str::to_owned)
                }
            };
            let shown: String = name.chars().take(100).collect();
            Error::unsupported_format(&shown, formats.content_types())
        })
    }
}

fn slot<T>(table: &mut Vec<Option<T>>, number: u16, most: u16) -> Result<&mut Option<T>, Violation> {
    if number == 0 || number > most {
        return Err(Violation::from(format!("a definition of number {number}, of numbers up to {most}")));
    }
    let index = usize::from(number) - 1;
    if table.len() <= index {
        table.resize_with(index + 1, || None);
    }
    Ok(&mut table[index])
}
