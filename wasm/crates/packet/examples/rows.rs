//! Reads a capture and prints its counts, or with `--rows` one line per packet, for comparison with other readers.
//! With `--time` it prints nanoseconds per record instead: walk, decode and row encoding, input already in memory.
use columns::CaptureError;
use packet::{Packet, Progress, SegmentConfig, SegmentDecoder, Start};
use std::error::Error;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

fn decoder(len: u64) -> Result<SegmentDecoder, CaptureError> {
    SegmentDecoder::new(SegmentConfig {
        base_offset: 0,
        end_offset: u64::MAX,
        start: Start::FileHead,
        context: None,
        file_len: Some(len),
        shards: 1,
    })
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

fn read(bytes: &[u8], chunk: usize) -> Result<(SegmentDecoder, Duration), CaptureError> {
    let mut decoder = decoder(bytes.len() as u64)?;
    let mut spent = Duration::ZERO;
    for piece in bytes.chunks(chunk) {
        decoder.reserve(piece.len()).copy_from_slice(piece);
        let start = Instant::now();
        let progress = decoder.push(piece.len())?;
        spent += start.elapsed();
        if progress == Progress::Done {
            return Ok((decoder, spent));
        }
    }
    decoder.finish()?;
    Ok((decoder, spent))
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
        for _ in 0..7 {
            let (decoder, spent) = read(bytes, 512 << 10)?;
            let records = u64::from(decoder.summary().records.max(1));
            println!("{:.1} ns/record, {records} records", spent.as_nanos() as f64 / records as f64);
        }
        return Ok(());
    }
    let (decoder, _) = read(bytes, 64 << 10)?;
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
