//! Tasks of tokio: one for each endpoint, and a semaphore that limits the connects in flight. The request and the result
//! are described in ../python/guest.py.
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::{net::TcpStream, runtime::Runtime, sync::Semaphore, time};

struct Outcome {
    state: &'static str,
    began: Duration,
    took: Duration,
}

fn state_of(result: &Result<io::Result<TcpStream>, time::error::Elapsed>) -> &'static str {
    let error = match result {
        Err(_) => return "silent",
        Ok(Ok(_)) => return "open",
        Ok(Err(error)) => error,
    };
    match error.raw_os_error() {
        Some(libc::ECONNREFUSED) => "closed",
        Some(libc::ETIMEDOUT) => "silent",
        Some(libc::EHOSTUNREACH | libc::ENETUNREACH | libc::EACCES) => "filtered",
        _ => "unknown",
    }
}

async fn scan(endpoints: &[SocketAddr], timeout: Duration, in_flight: usize, started: Instant) -> Vec<Outcome> {
    let semaphore = Arc::new(Semaphore::new(in_flight));
    let mut tasks = Vec::with_capacity(endpoints.len());
    for &endpoint in endpoints {
        let permit = semaphore.clone().acquire_owned().await.unwrap();
        tasks.push(tokio::spawn(async move {
            let began = Instant::now();
            let state = state_of(&time::timeout(timeout, TcpStream::connect(endpoint)).await);
            let took = began.elapsed();
            drop(permit);
            Outcome {
                state,
                began: began - started,
                took,
            }
        }));
    }
    let mut outcomes = Vec::with_capacity(endpoints.len());
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

async fn scan_with_retries(request: &Request, started: Instant) -> (Vec<Outcome>, usize) {
    let Request {
        timeout,
        in_flight,
        endpoints,
        ..
    } = request;
    let mut outcomes = scan(endpoints, *timeout, *in_flight, started).await;
    let mut connects = endpoints.len();
    for _ in 0..request.retries {
        let silent: Vec<usize> = (0..outcomes.len()).filter(|&i| outcomes[i].state == "silent").collect();
        let again: Vec<SocketAddr> = silent.iter().map(|&i| endpoints[i]).collect();
        connects += silent.len();
        for (index, outcome) in silent
            .into_iter()
            .zip(scan(&again, *timeout, *in_flight, started).await)
        {
            outcomes[index] = outcome;
        }
    }
    (outcomes, connects)
}

struct Request {
    timeout: Duration,
    retries: u32,
    in_flight: usize,
    endpoints: Vec<SocketAddr>,
}

fn read_request() -> Option<Request> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).ok()?;
    let mut words = text.split_ascii_whitespace();
    let timeout = Duration::from_millis(words.next()?.parse().ok()?);
    let retries = words.next()?.parse().ok()?;
    let in_flight = words.next()?.parse().ok()?;
    let count: usize = words.next()?.parse().ok()?;
    let mut endpoints = Vec::with_capacity(count);
    for _ in 0..count {
        let address: IpAddr = words.next()?.parse().ok()?;
        endpoints.push(SocketAddr::new(address, words.next()?.parse().ok()?));
    }
    Some(Request {
        timeout,
        retries,
        in_flight,
        endpoints,
    })
}

fn usage() -> libc::rusage {
    // SAFETY: a rusage of zeroes is valid, and the call writes nothing else.
    unsafe {
        let mut usage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    }
}

fn microseconds(before: libc::timeval, after: libc::timeval) -> i64 {
    (after.tv_sec - before.tv_sec) * 1_000_000 + (after.tv_usec - before.tv_usec)
}

/// A number of /proc/self/status.
fn status(name: &str) -> String {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|rest| rest.split_ascii_whitespace().next())
        .unwrap_or("0")
        .to_string()
}

fn main() -> io::Result<()> {
    let request =
        read_request().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the request can't be read"))?;
    let (before, started) = (usage(), Instant::now());
    let runtime = Runtime::new()?; // a thread for each processor, whose making is part of the time
    let (outcomes, connects) = runtime.block_on(scan_with_retries(&request, started));
    let threads = status("Threads");
    drop(runtime);
    let (wall, after) = (started.elapsed(), usage());

    let mut output = io::BufWriter::new(io::stdout().lock());
    writeln!(output, "wall_us {}", wall.as_micros())?;
    writeln!(output, "user_us {}", microseconds(before.ru_utime, after.ru_utime))?;
    writeln!(output, "system_us {}", microseconds(before.ru_stime, after.ru_stime))?;
    writeln!(output, "switches_voluntary {}", after.ru_nvcsw - before.ru_nvcsw)?;
    writeln!(output, "switches_involuntary {}", after.ru_nivcsw - before.ru_nivcsw)?;
    writeln!(output, "memory_kib {}", status("VmHWM"))?;
    writeln!(output, "connects {connects}")?;
    writeln!(output, "threads {threads}")?;
    for Outcome { state, began, took } in outcomes {
        writeln!(output, "{state} {} {}", began.as_micros(), took.as_micros())?;
    }
    output.flush()
}
