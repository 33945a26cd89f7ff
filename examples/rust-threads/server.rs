// SPDX-License-Identifier: BSD-2-Clause
// A pool of threads behind a channel, with the standard library alone.
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{mpsc, Arc, Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant};

#[derive(Default)]
struct State {
    visits: RwLock<HashMap<String, u64>>,
    served: AtomicU64,
}

fn sum_in_threads(n: u64) -> u64 {
    let parts: Vec<_> = (0..n)
        .map(|i| thread::spawn(move || (0..=1000).map(|x| x * i).sum::<u64>()))
        .collect();
    parts.into_iter().map(|p| p.join().unwrap()).sum()
}

fn answer(state: &State, path: &str) -> Option<String> {
    let (verb, rest) = path.trim_start_matches('/').split_once('/')?;
    match verb {
        "visit" => {
            let mut visits = state.visits.write().unwrap();
            let n = visits.entry(rest.to_string()).or_default();
            *n += 1;
            Some(format!("{rest} {n}"))
        }
        "sum" => Some(sum_in_threads(rest.parse().ok()?).to_string()),
        "sleep" => {
            let begun = Instant::now();
            let wait = Duration::from_millis(rest.parse().ok()?);
            thread::sleep(wait);
            Some(format!("{}", begun.elapsed() >= wait))
        }
        "panic" => {
            let caught = thread::spawn(|| panic!("asked to")).join().is_err();
            Some(format!("caught {caught}"))
        }
        _ => None,
    }
}

fn serve(state: &State, stream: TcpStream) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut out = stream;
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
        let mut header = String::new();
        while reader.read_line(&mut header)? > 2 {
            header.clear();
        }
        let path = request.split(' ').nth(1).unwrap_or("/");
        let (status, body) = match answer(state, path) {
            Some(body) => ("200 OK", body),
            None => ("404 Not Found", "not found".to_string()),
        };
        state.served.fetch_add(1, Ordering::Relaxed);
        write!(out, "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}\n",
               body.len() + 1)?;
    }
}

fn main() -> Result<()> {
    let listener = TcpListener::bind("0.0.0.0:8000")?;
    let state = Arc::new(State::default());
    let (send, receive) = mpsc::channel::<TcpStream>();
    let receive = Arc::new(Mutex::new(receive));

    for i in 0..8 {
        let (state, receive) = (state.clone(), receive.clone());
        thread::Builder::new().name(format!("worker-{i}")).spawn(move || loop {
            let stream = receive.lock().unwrap().recv().unwrap();
            let _ = serve(&state, stream);
        })?;
    }
    println!("listening on 8000");
    for stream in listener.incoming() {
        send.send(stream?).unwrap();
    }
    Ok(())
}
