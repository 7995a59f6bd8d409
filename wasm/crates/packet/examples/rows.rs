//! Reads a capture and prints its counts, or with `--rows` one line per packet, for comparison with other readers.
//! With `--time` it prints nanoseconds per record instead: walk, decode and row encoding, input already in memory.
use capture::Context;
use columns::CaptureError;
use packet::{Packet, Progress, SegmentConfig, SegmentDecoder, Start};
use std::error::Error;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

fn config(start: Start, base_offset: u64, context: Option<Context>) -> SegmentConfig {
    SegmentConfig { base_offset, end_offset: u64::MAX, start, context, file_len: None, shards: 1 }
}

fn address(bytes: [u8; 16]) -> IpAddr {
    Ipv6Addr::from(bytes).to_canonical()
}

fn optional<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn print_rows(decoder: &SegmentDecoder) {
    let mut rows = decoder.shard_rows(0);
    while let Some((row, rest)) = Packet::decode(rows) {
        rows = rest;
        let tcp = row.tcp.unwrap_or_default();
        let has_tcp = row.tcp.is_some();
        let fields = [
            (row.frame_index + 1).to_string(),
            optional(row.timestamp_ns),
            row.captured_len_bytes.to_string(),
            row.original_len_bytes.to_string(),
            optional(row.vlan_id),
            row.ip_version.to_string(),
            address(row.src).to_string(),
            address(row.dst).to_string(),
            row.protocol.to_string(),
            optional(row.ports.map(|ports| ports.0)),
            optional(row.ports.map(|ports| ports.1)),
            row.ip_len_bytes.to_string(),
            row.payload_len_bytes.to_string(),
            row.dscp.to_string(),
            row.ecn.to_string(),
            row.ttl.to_string(),
            optional(row.ip_id),
            optional(row.dont_fragment.map(u8::from)),
            u8::from(row.more_fragments).to_string(),
            row.fragment_offset_bytes.to_string(),
            optional(has_tcp.then_some(tcp.seq)),
            optional(has_tcp.then_some(tcp.ack)),
            optional(has_tcp.then_some(tcp.flags)),
            optional(has_tcp.then_some(tcp.window)),
            optional(tcp.timestamps.map(|pair| pair.0)),
            optional(tcp.timestamps.map(|pair| pair.1)),
            optional(tcp.mss),
            row.layer_path.to_string(),
        ];
        println!("{}", fields.join("\t"));
    }
}

fn read(bytes: &[u8]) -> Result<SegmentDecoder, CaptureError> {
    let mut decoder = SegmentDecoder::new(config(Start::FileHead, 0, None))?;
    for piece in bytes.chunks(64 << 10) {
        decoder.reserve(piece.len()).copy_from_slice(piece);
        if decoder.push(piece.len())? == Progress::Done {
            return Ok(decoder);
        }
    }
    decoder.finish()?;
    Ok(decoder)
}

/// In blocks, as from a pipe, so that the rows stay in one buffer. Only the work of `push` is timed.
fn read_as_stream(bytes: &[u8]) -> Result<(u64, Duration), CaptureError> {
    let mut decoder = SegmentDecoder::new(config(Start::FileHead, 0, None))?;
    let mut records = 0;
    let mut spent = Duration::ZERO;
    for (number, piece) in bytes.chunks(512 << 10).enumerate() {
        if number > 0 {
            let leftover = decoder.leftover().to_vec();
            let context = Context::decode(&decoder.exit_context())?;
            decoder.restart(config(Start::Exact, decoder.summary().exit_offset, Some(context)))?;
            decoder.reserve(leftover.len()).copy_from_slice(&leftover);
            decoder.push(leftover.len())?;
        }
        decoder.reserve(piece.len()).copy_from_slice(piece);
        let start = Instant::now();
        decoder.push(piece.len())?;
        spent += start.elapsed();
        records += u64::from(decoder.summary().records);
    }
    Ok((records, spent))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let bytes = std::fs::read(args.pop().ok_or("usage: rows [--rows | --time] CAPTURE")?)?;
    run(&bytes, &args)
        .map_err(|error| format!("{} at byte {}: {} {}", error.code.id(), error.offset, error.a, error.b).into())
}

fn run(bytes: &[u8], args: &[String]) -> Result<(), CaptureError> {
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    if has("--time") {
        for _ in 0..9 {
            let (records, spent) = read_as_stream(bytes)?;
            println!("{:.1} ns/record, {records} records", spent.as_nanos() as f64 / records.max(1) as f64);
        }
        return Ok(());
    }
    let decoder = read(bytes)?;
    if has("--rows") {
        print_rows(&decoder);
        return Ok(());
    }
    let summary = decoder.summary();
    println!("records={} decoded={} diagnosed={}", summary.records, summary.decoded, summary.diagnosed);
    println!(
        "exit={} stopped={} link_types={:?}",
        summary.exit_offset,
        summary.is_stopped,
        summary.link_types.as_slice()
    );
    for entry in decoder.tally().entries() {
        println!(
            "{} count={} offset={} record={} detail={}",
            entry.diagnostic.id(),
            entry.count,
            entry.byte_offset,
            entry.record,
            entry.detail
        );
    }
    Ok(())
}
