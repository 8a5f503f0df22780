//! The sessions to one address.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use micro_core::{Code, Deadline, Error, Result};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};

use super::connect::Target;
use super::error;
use super::queue::Queue;
use crate::ConnectionState;
use crate::news::News;
use crate::standing::{Phase, Standing};

/// How long calls wait for a session that was asked whether it lives before another one is tried beside it.
const GRACE: Duration = Duration::from_millis(250);
/// How long no further session is tried when making one failed.
const PAUSE: Duration = Duration::from_secs(1);

/// A connection that carries many calls.
pub(super) trait Member: Send + Sync + Sized + 'static {
    /// A call's place on it.
    type Slot: Send;

    /// Makes one.
    ///
    /// # Errors
    /// Those of [`Target::connect`], and of a peer that does not want it.
    fn connect(
        target: Arc<Target>,
        news: Arc<News>,
        deadline: Option<Deadline>,
    ) -> impl Future<Output = Result<Arc<Self>>> + Send;

    fn standing(&self) -> &Standing;

    /// Whether it can be trusted with a call. One that was not heard for long because nobody used it cannot: it is asked,
    /// and told of when it answers.
    fn is_well(&self) -> bool;

    /// A place for a call.
    fn take(self: &Arc<Self>) -> Self::Slot;

    /// Whether the connection of a place takes the call.
    fn is_open(slot: &mut Self::Slot) -> bool;
}

/// The sessions to an address, up to `connections` of them. A call takes the one with the fewest calls of those that
/// are well; when that has many, another is made beside it, and the call does not wait for it. It waits where each has
/// as many as the peer takes, for the first place there is: on a session it would wait for that one, which streams may
/// keep for ever.
pub(super) struct Group<M: Member> {
    target: Arc<Target>,
    /// Changed under the lock of `making`, and read without one by each call.
    sessions: ArcSwap<Vec<Arc<M>>>,
    making: Mutex<Making>,
    /// Held while a session is made that calls wait for, so that of all who need one only the first makes it.
    dialling: tokio::sync::Mutex<Option<Failed>>,
    /// Told whenever a session has changed.
    news: Arc<News>,
    /// The calls that wait for a place. Who comes later does not overtake them.
    queue: Queue<M::Slot>,
    /// Whether a call makes the session that it needs. Otherwise this is over when the last one is.
    redials: bool,
}

/// When making a session failed, and how.
struct Failed(Instant, Code, String);

/// What is known of making sessions.
#[derive(Default)]
struct Making {
    /// The task that makes another one.
    opening: Option<AbortHandle>,
    /// Until when there is none.
    pause: Option<Instant>,
    /// Why the last one that ended did.
    cause: Option<String>,
}

/// What there is for a call.
enum Found<S> {
    Slot(S),
    /// Sessions that have not said yet whether they live.
    Doubt,
    /// Sessions that have as many calls as the peer takes.
    Full,
    Nothing,
}

impl<M: Member> Group<M> {
    /// A group without a session, which calls make when they need one.
    pub(super) fn new(target: Arc<Target>) -> Arc<Self> {
        Arc::new(Self::empty(target, true))
    }

    /// A group without a session, which gets its first one, and the first one after the last, from elsewhere.
    pub(super) fn of_others(target: Arc<Target>) -> Arc<Self> {
        Arc::new(Self::empty(target, false))
    }

    /// A group with its first session. When the last one is gone, so is this.
    ///
    /// # Errors
    /// Those of [`Target::connect`].
    pub(super) async fn dial(target: Arc<Target>) -> Result<Arc<Self>> {
        let group = Arc::new(Self::empty(target.clone(), false));
        let first = M::connect(target, group.news.clone(), None).await?;
        group.add(&group.making(), first);
        Ok(group)
    }

    fn empty(target: Arc<Target>, redials: bool) -> Self {
        let news = Arc::<News>::default();
        Self {
            target,
            sessions: ArcSwap::from_pointee(Vec::new()),
            making: Mutex::default(),
            dialling: tokio::sync::Mutex::default(),
            queue: Queue::new(news.clone()),
            news,
            redials,
        }
    }

    pub(super) fn target(&self) -> &Arc<Target> {
        &self.target
    }

    /// The best that can be said of its sessions.
    pub(super) fn state(&self) -> ConnectionState {
        match self.sessions.load().iter().map(|session| session.standing().phase()).min() {
            Some(Phase::Ready | Phase::Asked) => ConnectionState::Ready,
            Some(Phase::Draining) => ConnectionState::Draining,
            Some(Phase::Closed) | None => ConnectionState::Closed,
        }
    }

    /// Whether a call would wait for a place, or for a word of a peer that is silent.
    pub(super) fn is_busy(&self) -> bool {
        self.news.is_awaited() || !self.sessions.load().iter().any(|session| session.standing().has_room())
    }

    pub(super) async fn changed(&self, seen: ConnectionState) {
        let mut news = self.news.subscribe();
        while self.state() == seen {
            news.changed().await;
        }
    }

    /// A place on a session that is well and has room, which is waited for: a call that is behind a dead session is lost,
    /// and one that is in front of it is not.
    ///
    /// # Errors
    /// [`Code::Unavailable`](micro_core::Code::Unavailable), not reached, when there is no session, and
    /// [`Code::DeadlineExceeded`](micro_core::Code::DeadlineExceeded), not reached, when none is found in time.
    pub(super) async fn slot(self: &Arc<Self>, deadline: Option<Deadline>) -> Result<M::Slot> {
        if let Some(slot) = self.at_once() {
            return Ok(slot);
        }
        // What happens from here on is not missed.
        let (mut news, mut turn) = (self.news.subscribe(), self.queue.join());
        let (mut patience, mut dialled) = (None, false);
        let mut given = None;
        loop {
            let found = self.serve();
            if let Some(mut slot) = given.take().or_else(|| turn.take()) {
                if M::is_open(&mut slot) {
                    return Ok(slot);
                }
                // Its session stopped taking calls since.
                turn.again();
                continue;
            }
            let now = Instant::now();
            let (doing, again) = match found {
                // It was served by another one since.
                None | Some(Found::Slot(_)) => continue,
                // Once: who takes connections and closes them would be dialled for ever.
                Some(Found::Nothing) if self.redials && !dialled => {
                    self.dial_again(deadline).await?;
                    dialled = true;
                    continue;
                }
                Some(Found::Nothing) => return Err(self.over()),
                Some(Found::Doubt) => {
                    let patience = *patience.get_or_insert(now + GRACE);
                    if now >= patience {
                        self.open();
                    }
                    ("to say that it lives", (now < patience).then_some(patience))
                }
                Some(Found::Full) => {
                    patience = None;
                    // When no other could be made, that is tried again.
                    ("to end one of as many calls as it takes at a time", Some(now + PAUSE))
                }
            };
            let end = deadline.map(|deadline| Instant::from_std(deadline.instant()));
            if end.is_some_and(|end| end <= now) {
                let doing = format!("waiting for {} {doing}", self.target.address());
                return Err(Deadline::error(&doing).not_reached());
            }
            let told = async {
                tokio::select! {
                    given = turn.given() => given,
                    () = news.next() => None,
                }
            };
            given = match [end, again].into_iter().flatten().min() {
                // Either way what there is is looked at again.
                Some(next) => timeout_at(next, told).await.ok().flatten(),
                None => told.await,
            };
        }
    }

    /// A place for a call that comes now, if there is one that nobody waits for.
    pub(super) fn at_once(self: &Arc<Self>) -> Option<M::Slot> {
        if self.news.is_awaited() {
            return None;
        }
        match self.find() {
            Found::Slot(slot) => Some(slot),
            Found::Doubt | Found::Full | Found::Nothing => None,
        }
    }

    /// Gives the places there are to those who wait, the first one first. Says what there is for the others; nothing where
    /// all have one.
    fn serve(self: &Arc<Self>) -> Option<Found<M::Slot>> {
        while self.news.is_awaited() {
            match self.find() {
                // Where they have gone meanwhile it is nobody's.
                Found::Slot(slot) => drop(self.queue.give(slot)),
                other => return Some(other),
            }
        }
        None
    }

    /// A place on the session with the fewest calls of those that have room.
    fn find(self: &Arc<Self>) -> Found<M::Slot> {
        loop {
            match self.look() {
                Found::Slot(mut slot) => {
                    if M::is_open(&mut slot) {
                        return Found::Slot(slot);
                    }
                    // It just stopped taking calls, and is none that is found again.
                }
                other => return other,
            }
        }
    }

    fn look(self: &Arc<Self>) -> Found<M::Slot> {
        let sessions = self.sessions.load();
        let (mut doubt, mut closed) = (false, false);
        let mut best: Option<((bool, usize), &Arc<M>)> = None;
        for session in &**sessions {
            let standing = session.standing();
            match standing.phase() {
                Phase::Ready => {
                    let calls = standing.calls();
                    let rank = (!standing.takes(calls), calls);
                    if best.is_some_and(|(first, _)| first <= rank) {
                        continue;
                    }
                    if session.is_well() { best = Some((rank, session)) } else { doubt = true }
                }
                Phase::Asked => doubt = true,
                Phase::Draining => {}
                Phase::Closed => closed = true,
            }
        }
        let many = best.is_some_and(|((_, calls), session)| session.standing().is_many(calls));
        let found = match best {
            Some(((false, _), session)) => Found::Slot(session.take()),
            _ if doubt => Found::Doubt,
            Some(_) => Found::Full,
            None => Found::Nothing,
        };
        if closed {
            self.forget_closed();
        }
        // Where the call waits for one that is new, that may be enough.
        if many && !matches!(found, Found::Doubt) || matches!(found, Found::Full) {
            self.open();
        }
        found
    }

    /// Makes another session, if there may be one, in a task of its own.
    fn open(self: &Arc<Self>) {
        let has_all = || {
            let sessions = self.sessions.load();
            let live = sessions.iter().filter(|session| session.standing().phase() <= Phase::Asked).count();
            live >= self.target.options().connections
        };
        if has_all() {
            return;
        }
        let mut making = self.making();
        // Another call may have made one meanwhile.
        if making.opening.is_some() || has_all() || making.pause.is_some_and(|pause| Instant::now() < pause) {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (group, target, news) = (Arc::downgrade(self), self.target.clone(), self.news.clone());
        let opening = runtime.spawn(async move {
            let made = M::connect(target, news, None).await;
            let Some(group) = group.upgrade() else { return };
            let mut making = group.making();
            making.opening = None;
            match made {
                Ok(session) => group.add(&making, session),
                // There are others, and their calls tell what is wrong.
                Err(_) => making.pause = Some(Instant::now() + PAUSE),
            }
            drop(making);
            group.news.changed();
        });
        making.opening = Some(opening.abort_handle());
    }

    /// Makes the session that a call needs, unless another call just did.
    ///
    /// # Errors
    /// Those of [`Target::connect`].
    async fn dial_again(&self, deadline: Option<Deadline>) -> Result<()> {
        let asked = Instant::now();
        let mut failed = self.dialling.lock().await;
        if self.state() == ConnectionState::Ready {
            return Ok(());
        }
        // What failed for another call while this one waited would fail for this one too.
        if let Some(Failed(when, code, detail)) = &*failed
            && *when >= asked
        {
            return Err(Error::new(*code, detail.clone()).not_reached());
        }
        match M::connect(self.target.clone(), self.news.clone(), deadline).await {
            Ok(session) => self.add(&self.making(), session),
            // That one call had little time says nothing about the others.
            Err(error) if error.code() == Code::DeadlineExceeded => return Err(error),
            Err(error) => {
                *failed = Some(Failed(Instant::now(), error.code(), error.detail().to_owned()));
                return Err(error);
            }
        }
        Ok(())
    }

    /// The error of a call for which there is no session.
    fn over(&self) -> Error {
        let cause = self.making().cause.clone();
        error::not_sent(self.target.address(), cause.as_deref().unwrap_or("the peer wants no new ones"))
    }

    /// Adds a session that was made elsewhere, and tells of [`Self::news`].
    pub(super) fn adopt(&self, session: Arc<M>) {
        self.add(&self.making(), session);
        self.news.changed();
    }

    /// Where sessions tell of what happens to them.
    pub(super) fn news(&self) -> Arc<News> {
        self.news.clone()
    }

    fn add(&self, _: &MutexGuard<'_, Making>, session: Arc<M>) {
        let sessions = self.sessions.load();
        self.sessions.store(Arc::new(sessions.iter().cloned().chain([session]).collect()));
    }

    fn forget_closed(&self) {
        let mut making = self.making();
        let mut sessions = self.sessions.load_full();
        Arc::make_mut(&mut sessions).retain(|session| {
            let closed = session.standing().phase() == Phase::Closed;
            if closed {
                making.cause = session.standing().cause().map(str::to_owned);
            }
            !closed
        });
        self.sessions.store(sessions);
    }

    fn making(&self) -> MutexGuard<'_, Making> {
        // Nothing that runs under the lock leaves it half done.
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M: Member> Drop for Group<M> {
    fn drop(&mut self) {
        let making = self.making.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(opening) = making.opening.take() {
            opening.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use micro_core::Address;

    use super::*;
    use crate::DialOptions;
    use crate::http::client::http2::Session;

    #[tokio::test]
    async fn a_call_finds_its_place_while_others_hold_the_lock() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = Address::from(listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            let mut connection = h2::server::handshake(socket).await.unwrap();
            while connection.accept().await.is_some() {}
        });
        let group = Group::<Session>::dial(Arc::new(Target::new(&address, &DialOptions::default()).unwrap()))
            .await
            .unwrap();
        // It has said that it lives.
        drop(group.slot(None).await.unwrap());

        let (looking, held) = (group.clone(), group.making());
        let (found, told) = mpsc::channel();
        std::thread::spawn(move || {
            let is_found = matches!(looking.find(), Found::Slot(_));
            let _ = found.send((looking.state(), looking.is_busy(), is_found));
        });
        let found = told.recv_timeout(Duration::from_secs(10)).expect("it waits for the lock");
        assert_eq!(found, (ConnectionState::Ready, false, true));
        drop(held);
        server.abort();
    }
}
