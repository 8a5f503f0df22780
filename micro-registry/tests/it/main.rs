//! The tests of this crate that use it as others do.

mod broken;
mod conformance;
#[cfg(test)]
#[cfg(feature = "mdns")]
mod mdns;
#[cfg(test)]
#[cfg(all(feature = "mdns", target_os = "linux"))]
mod netns;
#[cfg(test)]
#[cfg(feature = "mdns")]
mod process;
