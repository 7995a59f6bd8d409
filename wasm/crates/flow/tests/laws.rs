//! Same answer for any cut of the packet stream and any number of shards; and no bytes can hurt.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use columns::{Table, TableId};
use flow::{Analyzer, Config, StateError};
use packet::Packet;
use support::*;

type Rows = Vec<Vec<Vec<u8>>>;

fn take(analyzer: &mut Analyzer, into: &mut Rows) {
    for (rows, id) in into.iter_mut().zip(ALL_TABLES) {
        assert_eq!(analyzer.table(id).misfits(), 0);
        rows.extend(rows_of(analyzer.table(id)));
    }
    analyzer.clear_tables();
}

/// Runs the packets through a new analyzer after every cut.
fn run_cut(packets: &[Packet], cuts: &[usize], config: Config) -> (Rows, Vec<columns::TallyEntry>) {
    let mut out = vec![Vec::new(); ALL_TABLES.len()];
    let mut analyzer = Analyzer::new(config);
    for (at, packet) in packets.iter().enumerate() {
        if cuts.contains(&at) {
            take(&mut analyzer, &mut out);
            let blob = analyzer.export();
            analyzer = Analyzer::new(config);
            analyzer.import(&blob).unwrap();
            assert_eq!(analyzer.export(), blob);
        }
        analyzer.packet(packet, at as u32 + 1);
    }
    analyzer.finish();
    take(&mut analyzer, &mut out);
    (out, analyzer.tally())
}

fn settings() -> Config {
    Config { bin_ns: 100_000_000, ..Config::default() }
}

#[test]
fn a_cut_at_any_packet_changes_no_byte_of_any_table() {
    let packets = traffic(1, 250);
    let whole = run_cut(&packets, &[], settings());
    assert!(whole.0.iter().all(|rows| !rows.is_empty()) && !whole.1.is_empty());
    for cut in 0..packets.len() {
        assert!(run_cut(&packets, &[cut], settings()) == whole, "cut at {cut}");
    }
}

#[test]
fn many_cuts_at_random_places_change_no_byte_either() {
    for seed in 2..12 {
        let packets = traffic(seed, 2000);
        let mut random = Random(seed);
        let cuts: Vec<usize> = (0..20).map(|_| random.below(packets.len() as u64) as usize).collect();
        assert!(run_cut(&packets, &cuts, settings()) == run_cut(&packets, &[], settings()), "seed {seed}");
    }
}

/// (order, flow_id, direction, bin_start_ns) as the host sorts.
fn merge_key(table: &Table, id: TableId, row: usize) -> (i64, i64, i64, i64) {
    let number = |name| cell(table, id, name, row).unwrap_or(i64::MIN);
    match id {
        TableId::Bins => (number("order"), number("flow_id"), number("direction"), number("bin_start_ns")),
        TableId::Events => (number("order"), number("flow_id"), 0, 0),
        _ => (number("order"), number("flow_id"), 0, 0),
    }
}

fn run_shards(packets: &[Packet], shards: usize) -> Vec<Vec<Vec<u8>>> {
    let mut analyzers: Vec<Analyzer> = (0..shards).map(|_| Analyzer::new(settings())).collect();
    for (at, packet) in packets.iter().enumerate() {
        let pair = packet.src[15] as usize + packet.dst[15] as usize;
        analyzers[pair % shards].packet(packet, at as u32 + 1);
    }
    analyzers.iter_mut().for_each(Analyzer::finish);
    ALL_TABLES
        .iter()
        .map(|&id| {
            let mut keyed: Vec<_> = analyzers
                .iter()
                .flat_map(|analyzer| {
                    let table = analyzer.table(id);
                    let keys: Vec<_> = (0..table.rows()).map(|row| merge_key(table, id, row)).collect();
                    keys.into_iter().zip(rows_of(table))
                })
                .collect();
            keyed.sort_by_key(|(key, _)| *key);
            keyed.into_iter().map(|(_, row)| row).collect()
        })
        .collect()
}

#[test]
fn the_number_of_shards_changes_no_byte_after_the_merge() {
    for seed in 20..26 {
        let mut packets = traffic(seed, 2000);
        // Among packets with times, one without cannot know that its flow has fallen idle meanwhile.
        packets.retain(|packet| packet.timestamp_ns.is_some());
        let one = run_shards(&packets, 1);
        for shards in [2, 3, 7] {
            assert!(run_shards(&packets, shards) == one, "seed {seed}, {shards} shards");
        }
    }
}

#[test]
fn rows_give_the_same_as_packets() {
    let packets = traffic(30, 500);
    let mut rows = Vec::new();
    for (at, packet) in packets.iter().enumerate() {
        Packet { frame_index: at as u32, ..*packet }.encode(&mut rows);
    }
    let mut analyzer = Analyzer::new(settings());
    analyzer.rows(&rows, 0).unwrap();
    analyzer.finish();
    let mut out = vec![Vec::new(); ALL_TABLES.len()];
    take(&mut analyzer, &mut out);
    assert!(out == run_cut(&packets, &[], settings()).0);
}

#[test]
fn bytes_that_are_no_rows_are_refused_with_their_place() {
    let mut rows = Vec::new();
    Packet::default().encode(&mut rows);
    let offset = rows.len();
    rows.extend_from_slice(&[0xff; 300]);
    let mut analyzer = Analyzer::new(settings());
    assert_eq!(analyzer.rows(&rows, 0), Err(StateError::Row { offset }));
    assert_eq!(analyzer.open_flows(), 1);
}

#[test]
fn any_bytes_as_rows_yield_an_answer_or_an_error() {
    let mut random = Random(40);
    for _ in 0..200 {
        let mut rows = Vec::new();
        for packet in traffic(random.next(), 20) {
            packet.encode(&mut rows);
        }
        for _ in 0..random.below(60) {
            let at = random.below(rows.len() as u64) as usize;
            rows[at] = random.next() as u8;
        }
        let mut analyzer = Analyzer::new(settings());
        let _ = analyzer.rows(&rows, random.next() as u32);
        analyzer.finish();
        take(&mut analyzer, &mut vec![Vec::new(); 5]);
    }
}

#[test]
fn any_bytes_as_state_yield_an_analyzer_or_an_error() {
    let packets = traffic(50, 400);
    let mut analyzer = Analyzer::new(settings());
    packets.iter().enumerate().for_each(|(at, packet)| analyzer.packet(packet, at as u32));
    let blob = analyzer.export();
    let mut random = Random(51);
    let mut taken_up = 0;
    for _ in 0..1500 {
        let mut bytes = blob.clone();
        for _ in 0..1 + random.below(4) {
            let at = random.below(bytes.len() as u64) as usize;
            bytes[at] = if random.chance(3) { 0xff } else { random.next() as u8 };
        }
        if random.chance(5) {
            bytes.truncate(random.below(bytes.len() as u64) as usize);
        }
        let mut other = Analyzer::new(settings());
        if other.import(&bytes).is_ok() {
            taken_up += 1;
            packets.iter().enumerate().for_each(|(at, packet)| other.packet(packet, at as u32));
        }
        other.finish();
    }
    assert!(taken_up > 100, "too few mutations reached the fields: {taken_up}");
    for len in 0..blob.len().min(3000) {
        assert!(Analyzer::new(settings()).import(&blob[..len]).is_err());
    }
    assert_eq!(Analyzer::new(Config::default()).import(&blob), Err(StateError::Config));
    let mut longer = blob.clone();
    longer.push(0);
    assert_eq!(Analyzer::new(settings()).import(&longer), Err(StateError::Length));
}

#[test]
fn a_cut_anywhere_in_udp_of_every_protocol_changes_no_byte() {
    let packets = datagrams(1, 700);
    let whole = run_cut(&packets, &[], settings());
    let known = whole.0[1].iter().filter(|row| !row.is_empty()).count();
    assert!(known >= 12, "{known} flows");
    for cut in (0..packets.len()).step_by(3) {
        assert!(run_cut(&packets, &[cut], settings()) == whole, "cut at {cut}");
    }
    for seed in 2..8 {
        let packets = datagrams(seed, 6000);
        let mut random = Random(seed);
        let cuts: Vec<usize> = (0..25).map(|_| random.below(packets.len() as u64) as usize).collect();
        assert!(run_cut(&packets, &cuts, settings()) == run_cut(&packets, &[], settings()), "seed {seed}");
    }
}

#[test]
fn losses_of_bins_add_up_to_those_of_flows() {
    for seed in 20..30 {
        let packets = datagrams(seed, 6000);
        let analyzer = run(&packets, Config::default());
        let (flows, bins) = (analyzer.table(TableId::Flows), analyzer.table(TableId::Bins));
        let mut applications = 0;
        for row in 0..flows.rows() {
            let id = cell(flows, TableId::Flows, "flow_id", row);
            applications += u32::from(cell(flows, TableId::Flows, "application", row).is_some());
            for (direction, name) in ["forward_lost_packets", "reverse_lost_packets"].iter().enumerate() {
                let Some(lost) = cell(flows, TableId::Flows, name, row) else { continue };
                let of_flow = |bin: &usize| {
                    cell(bins, TableId::Bins, "flow_id", *bin) == id
                        && cell(bins, TableId::Bins, "direction", *bin) == Some(direction as i64)
                };
                let sum: i64 = (0..bins.rows())
                    .filter(of_flow)
                    .filter_map(|bin| cell(bins, TableId::Bins, "lost_packets", bin))
                    .sum();
                // A loss that a late packet takes back after its bin has closed can no longer leave that bin.
                assert!(sum >= lost && sum <= lost + lost / 8 + 4, "seed {seed} flow {id:?} {name}: {sum} of {lost}");
            }
        }
        assert!(applications >= 6, "{applications}");
    }
}
