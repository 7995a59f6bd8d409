//! Reads captures and prints one line per UDP flow that has an application or many packets, with what was measured:
//! the survey that decoders are tuned by. `cargo run --release -p flow --example udp_flows -- [--all] FILE...`
#![allow(clippy::indexing_slicing)]
use columns::{columns_of, Table, TableId, Type};
use flow::{Analyzer, Config};
use packet::{Progress, SegmentConfig, SegmentDecoder, Start};

fn cell(table: &Table, name: &str, row: usize) -> String {
    let columns = columns_of(TableId::Flows);
    let Some(at) = columns.iter().filter(|c| c.ty != Type::Host).position(|c| c.name == name) else {
        return "?".into();
    };
    let column = &table.columns[at];
    if column.validity[row / 8] >> (row % 8) & 1 == 0 {
        return "-".into();
    }
    let width = column.ty.width();
    let mut bytes = [0u8; 8];
    bytes[..width.min(8)].copy_from_slice(&column.data[row * width..][..width.min(8)]);
    match column.ty {
        Type::F64 => format!("{:.4}", f64::from_le_bytes(bytes)),
        Type::Code(list) => list[usize::from(bytes[0])].into(),
        _ => i64::from_le_bytes(bytes).to_string(),
    }
}

fn survey(path: &str, all: bool) -> Option<()> {
    let bytes = std::fs::read(path).ok()?;
    let mut decoder = SegmentDecoder::new(SegmentConfig {
        base_offset: 0,
        end_offset: u64::MAX,
        start: Start::FileHead,
        context: None,
        file_len: Some(bytes.len() as u64),
        shards: 1,
    })
    .ok()?;
    decoder.reserve(bytes.len()).copy_from_slice(&bytes);
    if decoder.push(bytes.len()).ok()? == Progress::More {
        decoder.finish().ok()?;
    }
    let mut analyzer = Analyzer::new(Config::default());
    analyzer.rows(decoder.shard_rows(0), 0).ok()?;
    analyzer.finish();
    let table = analyzer.table(TableId::Flows);
    for row in 0..table.rows() {
        let get = |name: &str| cell(table, name, row);
        let packets: u64 =
            ["forward_packets", "reverse_packets"].iter().filter_map(|n| get(n).parse::<u64>().ok()).sum();
        if get("protocol") != "17"
            || get("application") == "-" && get("rtt_to_responder_samples") == "-" && !(all && packets >= 20)
        {
            continue;
        }
        let pair = |name: &str| format!("{}/{}", get(&format!("forward_{name}")), get(&format!("reverse_{name}")));
        let rtt = |end: &str| {
            format!(
                "{}×{} {}",
                get(&format!("rtt_to_{end}_method")),
                get(&format!("rtt_to_{end}_samples")),
                get(&format!("rtt_to_{end}_p50_ns"))
            )
        };
        println!(
            "{path} #{} {}>{} n={} {} lost {} reord {} dup {} jit {} {} pdv {} tick {} miss {} rtt→R {} rtt→I {}",
            get("flow_id"),
            get("initiator_port"),
            get("responder_port"),
            pair("packets"),
            get("application"),
            pair("lost_packets"),
            pair("reordered_packets"),
            pair("duplicated_packets"),
            pair("interarrival_jitter_ns"),
            pair("jitter_method"),
            pair("pdv_p95_ns"),
            pair("tick_period_ns"),
            pair("deadline_miss_ratio"),
            rtt("responder"),
            rtt("initiator"),
        );
    }
    Some(())
}

fn main() {
    let all = std::env::args().any(|arg| arg == "--all");
    for path in std::env::args().skip(1).filter(|arg| arg != "--all") {
        if survey(&path, all).is_none() {
            eprintln!("{path}: not read");
        }
    }
}
