//! The laws, each of which is a test. All of them panic when they do not hold.

mod concurrency;
mod deadlines;
mod drops;
mod errors;
mod life;
mod limits;
mod metadata;
mod pressure;
mod streams;
mod unary;

pub use self::concurrency::*;
pub use self::deadlines::*;
pub use self::drops::*;
pub use self::errors::*;
pub use self::life::*;
pub use self::limits::*;
pub use self::metadata::*;
pub use self::pressure::*;
pub use self::streams::*;
pub use self::unary::*;
