//! `router run CONFIG`: a network path between namespaces, whose every packet's fate is known.
//! `router trim …`: captures made on it, cut and moved in time (trim.rs).

// Newer ways to say things than Debian's rustc 1.63 knows.
#![allow(clippy::manual_div_ceil, clippy::unnecessary_map_or)]

mod config;
mod fate;
mod link;
mod napt;
mod packet;
mod pcap;
mod random;
mod router;
mod system;
mod trim;

use std::io::Write;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<&str>>().as_slice() {
        ["run", path] => run(path),
        ["trim", path] => trim::trim(path),
        _ => Err("usage: router run CONFIG | router trim PLAN".to_string()),
    };
    if let Err(message) = result {
        eprintln!("router: {}", message);
        std::process::exit(1);
    }
}

/// Says `ready NS` once the devices are there, NS being when the path's clock started (UTC).
fn run(path: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {}", path, error))?;
    let config = config::parse(&text)?;
    let fault = |error: std::io::Error| error.to_string();
    let router = router::Router::new(config).map_err(fault)?;
    let priority = system::become_real_time().map_or_else(|error| format!("no ({})", error), |_| "yes".to_string());
    println!("ready {} real-time {}", system::realtime_ns(), priority);
    std::io::stdout().flush().map_err(fault)?;
    router.run().map_err(fault)
}
