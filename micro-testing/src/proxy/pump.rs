use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::faults::{Fate, Flow};
use super::{Cut, Faults, Order};
use crate::Random;

/// How many bytes wait in a direction before what comes is not read: enough for 10 MiB/s at 100 ms.
const WAITING: usize = 1 << 20;

/// How much a throttled direction holds back, as a part of a second.
const PIECES: u64 = 20;

/// One direction of a connection.
pub(super) struct Pump<'a> {
    pub(super) flow: fn(&Faults) -> &Flow,
    pub(super) order: watch::Receiver<Order>,
    pub(super) random: Random,
    /// The bytes that went through the connection since its faults were set, both ways.
    pub(super) passed: &'a AtomicU64,
    /// The bytes that went this way through the proxy.
    pub(super) count: &'a AtomicU64,
}

/// Why a connection ends that has not come to its end.
pub(super) enum Stopped {
    Cut(Cut),
    Failed,
}

/// What was read, and when it is due.
struct Piece {
    due: Instant,
    bytes: Vec<u8>,
}

impl Pump<'_> {
    /// Forwards until the end of the stream, which it forwards too.
    pub(super) async fn run(self, from: ReadHalf<'_>, to: WriteHalf<'_>) -> Result<(), Stopped> {
        let Self { flow, order, random, passed, count } = self;
        let (pieces, due) = mpsc::unbounded_channel();
        let room = Semaphore::new(WAITING);
        let reader = read(from, Reader { flow, order: order.clone(), random, pieces, room: &room });
        let writer = write(to, due, Writer { flow, order, passed, count, room: &room });
        tokio::try_join!(reader, writer).map(|_| ())
    }
}

struct Reader<'a> {
    flow: fn(&Faults) -> &Flow,
    order: watch::Receiver<Order>,
    random: Random,
    pieces: mpsc::UnboundedSender<Piece>,
    room: &'a Semaphore,
}

async fn read(mut from: ReadHalf<'_>, mut reader: Reader<'_>) -> Result<(), Stopped> {
    let mut buffer = vec![0; 16 << 10];
    let mut last = Instant::now();
    loop {
        let flow = reader.now();
        if flow.fate == Fate::Hold {
            changed(&mut reader.order).await;
            continue;
        }
        let read = tokio::select! {
            biased;
            () = changed(&mut reader.order) => continue,
            read = from.read(&mut buffer) => read,
        };
        let length = match read {
            Ok(length) if length > 0 => length,
            // An end is dropped and held like everything else: the other side must not know.
            end => {
                while reader.now().fate != Fate::Forward {
                    changed(&mut reader.order).await;
                }
                return end.map(|_| ()).map_err(Stopped::from);
            }
        };
        if flow.fate == Fate::Drop {
            continue;
        }
        let mut bytes = buffer[..length].to_vec();
        reader.corrupt(&mut bytes, flow.corrupt);
        let late = flow.latency + reader.random.time(&(Duration::ZERO..flow.jitter));
        last = last.max(Instant::now() + late);
        let size = u32::try_from(length).unwrap_or(u32::MAX);
        if let Ok(room) = reader.room.acquire_many(size).await {
            room.forget();
        }
        // The other end is there as long as this is polled.
        let _ = reader.pieces.send(Piece { due: last, bytes });
    }
}

impl Reader<'_> {
    fn now(&mut self) -> Flow {
        (self.flow)(&self.order.borrow_and_update().faults).clone()
    }

    fn corrupt(&mut self, bytes: &mut [u8], probability: f64) {
        if probability <= 0.0 {
            return;
        }
        for byte in bytes {
            if self.random.happens(probability) {
                // Never by 0, which would change nothing.
                *byte ^= self.random.below(255) as u8 + 1;
            }
        }
    }
}

struct Writer<'a> {
    flow: fn(&Faults) -> &Flow,
    order: watch::Receiver<Order>,
    passed: &'a AtomicU64,
    count: &'a AtomicU64,
    room: &'a Semaphore,
}

async fn write(
    mut to: WriteHalf<'_>,
    mut pieces: mpsc::UnboundedReceiver<Piece>,
    writer: Writer<'_>,
) -> Result<(), Stopped> {
    while let Some(piece) = pieces.recv().await {
        sleep_until(piece.due).await;
        let mut rest = &piece.bytes[..];
        while !rest.is_empty() {
            let faults = Arc::clone(&writer.order.borrow().faults);
            let left = writer.left(&faults)?;
            let speed = (writer.flow)(&faults).bytes_per_second.unwrap_or(u64::MAX);
            let most = usize::try_from(left.min(speed.div_ceil(PIECES))).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at(rest.len().min(most));
            to.write_all(now).await?;
            let length = now.len() as u64;
            writer.passed.fetch_add(length, Ordering::Relaxed);
            writer.count.fetch_add(length, Ordering::Relaxed);
            writer.left(&faults)?;
            if speed != u64::MAX {
                sleep(Duration::from_secs_f64(length as f64 / speed as f64)).await;
            }
            rest = later;
        }
        writer.room.add_permits(piece.bytes.len());
    }
    Ok(to.shutdown().await?)
}

impl Writer<'_> {
    /// How many bytes the connection may still forward before it is cut, which it is when there are none.
    fn left(&self, faults: &Faults) -> Result<u64, Stopped> {
        let Some((limit, cut)) = faults.cut_after else { return Ok(u64::MAX) };
        match limit.saturating_sub(self.passed.load(Ordering::Relaxed)) {
            0 => Err(Stopped::Cut(cut)),
            left => Ok(left),
        }
    }
}

impl From<io::Error> for Stopped {
    fn from(_: io::Error) -> Self {
        Self::Failed
    }
}

/// Waits until the connection is told something new.
pub(super) async fn changed(order: &mut watch::Receiver<Order>) {
    if order.changed().await.is_err() {
        pending::<()>().await;
    }
}
