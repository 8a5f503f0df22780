//! A fixed number of calls, without a clock: for counts of instructions, allocations and system calls, which are taken
//! as the slope between two numbers of calls.

use tokio::task::JoinSet;

use crate::Arguments;
use crate::closed::checked;
use crate::peer::{Client, Result};

/// Makes so many calls, or streams, in all.
pub(crate) async fn make<C: Client>(clients: &[C], arguments: &Arguments, calls: u64) -> Result {
    let (places, work) = (arguments.in_flight as u64, arguments.work);
    let mut tasks = JoinSet::<Result>::new();
    for index in 0..arguments.in_flight {
        let client = clients.get(index % clients.len()).ok_or("the peer made no client")?.clone();
        let share = calls / places + u64::from((index as u64) < calls % places);
        tasks.spawn(async move {
            let (ask, text) = work.of(index);
            for _ in 0..share {
                match ask {
                    Some(ask) => checked(&client, ask, &text).await?,
                    None => client.numbers(text.clone(), |_| ()).await?,
                }
            }
            Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}
