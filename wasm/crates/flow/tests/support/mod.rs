//! Scripted packets, a seeded generator of traffic, and a reader of finished tables.
#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use columns::{columns_of, Table, TableId, Type};
use flow::{Analyzer, Config};
use packet::{tcp_flag, Address, Icmp, Packet, Tcp};

pub const SYN: u16 = tcp_flag::SYN;
pub const ACK: u16 = tcp_flag::ACK;
pub const FIN: u16 = tcp_flag::FIN;
pub const RST: u16 = tcp_flag::RST;
pub const ALL_TABLES: [TableId; 5] = [TableId::Packets, TableId::Flows, TableId::Rtt, TableId::Bins, TableId::Events];

pub fn v4(last: u8) -> Address {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, last]
}

/// One TCP connection as a script: sequence numbers relative to each side's start, times in µs.
pub struct Script {
    pub packets: Vec<Packet>,
    pub client_start: u32,
    pub server_start: u32,
    pub client_port: u16,
    pub tsval_start: Option<u32>,
    pub has_ip_ids: bool,
    next_id: u32,
}

impl Script {
    pub fn new() -> Self {
        Script {
            packets: Vec::new(),
            client_start: 1000,
            server_start: 9000,
            client_port: 50000,
            tsval_start: None,
            has_ip_ids: true,
            next_id: 1,
        }
    }

    /// With RFC 7323 timestamps, 1 ms ticks.
    pub fn with_timestamps(tsval_start: u32) -> Self {
        Script { tsval_start: Some(tsval_start), ..Script::new() }
    }

    pub fn last(&mut self) -> &mut Packet {
        self.packets.last_mut().unwrap()
    }

    pub fn last_tcp(&mut self) -> &mut Tcp {
        self.last().tcp.as_mut().unwrap()
    }

    /// A packet of the client; `echo_us` is when the server stamped what this echoes.
    pub fn client(&mut self, at_us: i64, seq: u32, ack: u32, flags: u16, len: u32, echo_us: i64) -> &mut Self {
        let (seq, ack) = (self.client_start.wrapping_add(seq), self.server_start.wrapping_add(ack));
        self.push(at_us, true, seq, ack, flags, len, echo_us)
    }

    pub fn server(&mut self, at_us: i64, seq: u32, ack: u32, flags: u16, len: u32, echo_us: i64) -> &mut Self {
        let (seq, ack) = (self.server_start.wrapping_add(seq), self.client_start.wrapping_add(ack));
        self.push(at_us, false, seq, ack, flags, len, echo_us)
    }

    pub fn tsval(&self, at_us: i64) -> u32 {
        self.tsval_start.unwrap_or(0).wrapping_add((at_us / 1000) as u32)
    }

    #[allow(clippy::too_many_arguments)]
    fn push(&mut self, at_us: i64, up: bool, seq: u32, ack: u32, flags: u16, len: u32, echo_us: i64) -> &mut Self {
        let ends = ((v4(1), self.client_port), (v4(2), 443));
        let (src, dst) = if up { ends } else { (ends.1, ends.0) };
        self.next_id += 1;
        self.packets.push(Packet {
            timestamp_ns: Some(at_us * 1000),
            src: src.0,
            dst: dst.0,
            protocol: 6,
            ports: Some((src.1, dst.1)),
            ip_len_bytes: 52 + len,
            captured_len_bytes: 66 + len,
            original_len_bytes: 66 + len,
            payload_len_bytes: len,
            payload_hash: if len > 0 { seq ^ 0x5555 } else { 0 },
            ttl: 64,
            ip_id: Some(if self.has_ip_ids { self.next_id } else { 0 }),
            dont_fragment: Some(true),
            tcp: Some(Tcp {
                seq,
                ack,
                flags,
                window: 60_000,
                timestamps: self.tsval_start.map(|_| (self.tsval(at_us), self.tsval(echo_us))),
                ..Tcp::default()
            }),
            ..Packet::default()
        });
        self
    }

    /// SYN at 0, SYN-ACK 10 ms later, ACK 5 ms after that: server half 10 ms, client half 5 ms. Relative sequence
    /// numbers are 1 on both sides afterwards.
    pub fn handshake(&mut self) -> &mut Self {
        self.client(0, 0, 0, SYN, 0, 0);
        self.last_tcp().ack = 0;
        self.server(10_000, 0, 1, SYN | ACK, 0, 0);
        self.client(15_000, 1, 1, ACK, 0, 10_000)
    }

    /// A router tells the server that its packets are too big.
    pub fn too_big(&mut self, at_us: i64, mtu: u32) -> &mut Self {
        self.packets.push(Packet {
            timestamp_ns: Some(at_us * 1000),
            src: v4(2),
            dst: v4(1),
            protocol: 6,
            ports: Some((443, self.client_port)),
            ip_len_bytes: 1500,
            icmp: Some(Icmp { kind: 3, code: 4, rest: mtu }),
            is_notice: true,
            ..Packet::default()
        });
        self
    }

    pub fn run(&self) -> Analyzer {
        run(&self.packets, Config::default())
    }
}

pub fn run(packets: &[Packet], config: Config) -> Analyzer {
    let mut analyzer = Analyzer::new(config);
    for (at, packet) in packets.iter().enumerate() {
        if packet.is_notice {
            let mut row = Vec::new();
            packet.encode(&mut row);
            analyzer.rows(&row, at as u32).unwrap();
        } else {
            analyzer.packet(packet, at as u32 + 1);
        }
    }
    analyzer.finish();
    for id in ALL_TABLES {
        assert_eq!(analyzer.table(id).misfits(), 0, "{id:?}");
    }
    analyzer
}

pub fn udp(at_us: i64, src: u8, src_port: u16, dst: u8, dst_port: u16, len: u32) -> Packet {
    Packet {
        timestamp_ns: Some(at_us * 1000),
        src: v4(src),
        dst: v4(dst),
        protocol: 17,
        ports: Some((src_port, dst_port)),
        ip_len_bytes: 28 + len,
        payload_len_bytes: len,
        ttl: 60,
        ..Packet::default()
    }
}

pub fn icmp(at_us: i64, src: u8, dst: u8, kind: u8, rest: u32) -> Packet {
    Packet {
        timestamp_ns: Some(at_us * 1000),
        src: v4(src),
        dst: v4(dst),
        protocol: 1,
        ip_len_bytes: 84,
        ttl: 60,
        icmp: Some(Icmp { kind, code: 0, rest }),
        ..Packet::default()
    }
}

/// Value of a column as a number (codes and ratios × 10⁶ as they are); None = null.
pub fn cell(table: &Table, id: TableId, name: &str, row: usize) -> Option<i64> {
    let at = columns_of(id)
        .into_iter()
        .filter(|column| column.ty != Type::Host)
        .position(|column| column.name == name)
        .unwrap_or_else(|| panic!("no column {name}"));
    let column = &table.columns[at];
    assert!(row < column.rows, "{name}: no row {row}");
    if column.validity[row / 8] >> (row % 8) & 1 == 0 {
        return None;
    }
    let width = column.ty.width();
    let mut bytes = [0u8; 8];
    bytes[..width.min(8)].copy_from_slice(&column.data[row * width..][..width.min(8)]);
    Some(match column.ty {
        Type::F64 => (f64::from_le_bytes(bytes) * 1e6).round() as i64,
        _ => i64::from_le_bytes(bytes),
    })
}

/// The only flow's value.
pub fn flow_cell(analyzer: &Analyzer, name: &str) -> Option<i64> {
    let table = analyzer.table(TableId::Flows);
    assert_eq!(table.rows(), 1);
    cell(table, TableId::Flows, name, 0)
}

/// (kind, frame number) of all events.
pub fn events(analyzer: &Analyzer) -> Vec<(&'static str, i64)> {
    let table = analyzer.table(TableId::Events);
    (0..table.rows())
        .map(|row| {
            let kind = cell(table, TableId::Events, "kind", row).unwrap();
            (columns::EVENT_KINDS[kind as usize], cell(table, TableId::Events, "frame_number", row).unwrap())
        })
        .collect()
}

/// (toward, method, rtt in µs) of all samples.
pub fn samples(analyzer: &Analyzer) -> Vec<(&'static str, &'static str, i64)> {
    let table = analyzer.table(TableId::Rtt);
    (0..table.rows())
        .map(|row| {
            let number = |name| cell(table, TableId::Rtt, name, row).unwrap();
            (
                columns::TOWARD[number("toward") as usize],
                columns::RTT_METHODS[number("method") as usize],
                number("rtt_ns") / 1000,
            )
        })
        .collect()
}

pub fn samples_by(analyzer: &Analyzer, method: &str, toward: &str) -> Vec<i64> {
    samples(analyzer).into_iter().filter(|s| s.1 == method && s.0 == toward).map(|s| s.2).collect()
}

/// Every row of a table as its bytes, validity before each value.
pub fn rows_of(table: &Table) -> Vec<Vec<u8>> {
    (0..table.rows())
        .map(|row| {
            let mut bytes = Vec::new();
            for column in &table.columns {
                let width = column.ty.width();
                bytes.push(column.validity[row / 8] >> (row % 8) & 1);
                bytes.extend_from_slice(&column.data[row * width..][..width]);
            }
            bytes
        })
        .collect()
}

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }
    pub fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }
}

/// Traffic of several hosts with everything that can go wrong in it: loss, repeats, late packets, SACK, closed
/// windows, port reuse, fragments, echoes, missing and backward times, long silence.
pub fn traffic(seed: u64, count: usize) -> Vec<Packet> {
    let mut random = Random(seed);
    let mut now_us = 1_000_000i64;
    let mut edges = [[0xffff_f000u32, 0x7fff_ff00u32]; 6];
    let mut packets = Vec::new();
    for id in 1..=count as u32 {
        now_us += match random.below(200) {
            0 => 4_000_000_000,
            1 => 9_000_000_000,
            2..=8 => 1_200_000,
            9 => -20_000,
            _ => random.below(3000) as i64,
        };
        let pair = random.below(6) as usize;
        let (client, server) = (1 + pair as u8, 100 + (pair as u8 & 1));
        let up = random.chance(2);
        let (src, dst) = if up { (client, server) } else { (server, client) };
        let (src_port, dst_port) = if up { (50000, 27015) } else { (27015, 50000) };
        let mut packet = match random.below(10) {
            0 => udp(now_us, src, src_port, dst, dst_port, random.below(1200) as u32),
            1 => icmp(now_us, src, dst, if up { 8 } else { 0 }, 0x77 << 16 | id & 0xff),
            2 => {
                let mut packet = udp(now_us, src, src_port, dst, dst_port, 1400);
                let is_first = random.chance(2);
                packet.is_fragment = true;
                packet.more_fragments = is_first;
                packet.fragment_offset_bytes = if is_first { 0 } else { 1400 };
                packet.ports = packet.ports.filter(|_| is_first);
                packet.ip_id = Some(random.below(4) as u32);
                packet
            }
            _ => tcp(&mut random, &mut edges[pair], up, udp(now_us, src, src_port, dst, dst_port, 0)),
        };
        packet.dscp = if random.chance(30) { 46 } else { 0 };
        packet.ecn = if random.chance(40) { 3 } else { 0 };
        packet.ttl = if random.chance(40) { 59 } else { 60 };
        if !packet.is_fragment {
            packet.ip_id = Some(id);
        }
        if random.chance(50) {
            packet.timestamp_ns = None;
        }
        packets.push(packet);
        if random.chance(30) {
            packets.push(packet);
        }
    }
    packets
}

fn tcp(random: &mut Random, edges: &mut [u32; 2], up: bool, mut packet: Packet) -> Packet {
    let (mine, peer) = if up { (0, 1) } else { (1, 0) };
    let len = if random.chance(3) { 0 } else { 1 + random.below(1400) as u32 };
    let mut seq = edges[mine];
    match random.below(12) {
        0 => seq = seq.wrapping_sub(random.below(3000) as u32),
        1 => seq = seq.wrapping_add(random.below(2000) as u32),
        2 => seq = seq.wrapping_sub(1),
        3 if random.chance(20) => seq = random.next() as u32,
        _ => {}
    }
    edges[mine] = edges[mine].max(seq.wrapping_add(len));
    let ack = match random.below(5) {
        0 => edges[peer].wrapping_sub(random.below(3000) as u32),
        1 if random.chance(5) => edges[peer].wrapping_add(100),
        _ => edges[peer],
    };
    let flags = match random.below(80) {
        0 => SYN,
        1 => SYN | ACK,
        2 => FIN | ACK,
        3 => RST,
        _ => ACK,
    };
    let tick = packet.timestamp_ns.unwrap_or(0) / 1_000_000;
    packet.protocol = 6;
    packet.payload_len_bytes = len;
    packet.payload_hash = seq;
    packet.ip_len_bytes = 52 + len;
    packet.tcp = Some(Tcp {
        seq,
        ack,
        flags,
        window: if random.chance(20) { 0 } else { 900 },
        timestamps: (!random.chance(10)).then(|| (tick as u32, (tick - random.below(5) as i64) as u32)),
        lone_tsval: None,
        mss: (flags & SYN != 0).then_some(1414),
        window_scale: (flags & SYN != 0).then_some(7),
        sack_permitted: flags & SYN != 0,
        sack: [(ack.wrapping_add(100), ack.wrapping_add(200)), (ack, ack.wrapping_add(300)), (0, 0), (0, 0)],
        sack_count: if random.chance(8) { random.below(3) as u8 } else { 0 },
    });
    packet
}

/// UDP flows that speak something, a protocol per port, with losses, late and repeated packets, pauses, noise and cut
/// payloads among them.
pub fn datagrams(seed: u64, count: usize) -> Vec<Packet> {
    let mut random = Random(seed);
    let mut now_us = 0i64;
    let mut numbers = [[1u32; 2]; 13];
    let mut packets = Vec::new();
    for _ in 0..count {
        now_us += random.below(4000) as i64 + if random.chance(400) { 2_500_000 } else { 0 };
        let kind = random.below(13) as usize;
        let up = random.chance(2);
        let side = usize::from(!up);
        numbers[kind][side] = match random.below(40) {
            0 => numbers[kind][side].wrapping_add(4),
            1 => numbers[kind][side].wrapping_sub(2),
            2 => numbers[kind][side],
            _ => numbers[kind][side].wrapping_add(1),
        };
        let (number, other) = (numbers[kind][side], numbers[kind][1 - side]);
        let mut bytes = payload(kind, number, other, now_us, &mut random);
        if random.chance(60) {
            bytes = (0..random.below(80)).map(|_| random.next() as u8).collect();
        }
        let len = bytes.len() as u32;
        if random.chance(50) {
            bytes.truncate(random.below(20) as usize);
        }
        let port = 40_000 + kind as u16;
        let mut packet = if up { udp(now_us, 1, 50_000, 2, port, len) } else { udp(now_us, 2, port, 1, 50_000, len) };
        packet.prefix = packet::Prefix::of(&bytes);
        if random.chance(80) {
            packet.timestamp_ns = None;
        }
        packets.push(packet);
    }
    packets
}

fn payload(kind: usize, number: u32, other: u32, now_us: i64, random: &mut Random) -> Vec<u8> {
    let millis = (now_us / 1000) as u32;
    let mut bytes = Vec::new();
    match kind {
        0 | 1 => {
            bytes.extend([0x80, if kind == 0 { 0 } else { 111 }]);
            bytes.extend((number as u16).to_be_bytes());
            bytes.extend(millis.wrapping_mul(if kind == 0 { 8 } else { 48 }).to_be_bytes());
            bytes.extend((5 + kind as u32).to_be_bytes());
        }
        2 => {
            bytes.extend([if random.chance(2) { 0 } else { 1 }, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]);
            bytes.extend([(number % 7) as u8; 12]);
            return bytes;
        }
        3 => {
            bytes.extend([23, 0xfe, 0xfd, 0, (number / 100) as u8, 0, 0]);
            bytes.extend(number.to_be_bytes());
            bytes.extend([0, 40]);
            bytes.resize(53, 3);
            return bytes;
        }
        4 if number < 3 => {
            bytes.extend([0xc0, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 4, 1, 2, 3, 4]);
            bytes.resize(1200, 1);
            return bytes;
        }
        4 => bytes.push(0x40 | if (millis / 30).is_multiple_of(2) { 0x20 } else { 0 }),
        5 => {
            bytes.extend([4, 0, 0, 0, 9, 9, 9, 9]);
            bytes.extend(u64::from(number).to_le_bytes());
            bytes.resize(64, 1);
            return bytes;
        }
        6 if random.chance(3) => {
            bytes.extend([0xc0, 0, 1, 1]);
            bytes.extend(&other.to_le_bytes()[..3]);
            return bytes;
        }
        6 => {
            bytes.push(0x84);
            bytes.extend(&number.to_le_bytes()[..3]);
            bytes.extend([0x60, 1, 0]);
        }
        7 => {
            [number, other].iter().for_each(|word| bytes.extend(word.to_le_bytes()));
            let choked = if random.chance(4) { 16 } else { 0 };
            bytes.extend([choked, number as u8, 0, 0, random.below(3) as u8]);
        }
        8 => {
            let top = if number % 8 < 4 { 1 << 31 } else { 0 };
            [number | top, other, 0].iter().for_each(|word| bytes.extend(word.to_le_bytes()));
        }
        9 => {
            bytes.extend([0x80, 5]);
            bytes.extend((millis as u16).to_be_bytes());
            bytes.extend([0x85, 0]);
            bytes.extend((number as u16).to_be_bytes());
            bytes.extend([1, 0, 0, 0]);
            bytes.extend((other as u16).to_be_bytes());
            bytes.extend((millis as u16).to_be_bytes());
            return bytes;
        }
        10 => {
            bytes.extend([0, 1, 0, 1]);
            bytes.extend(millis.to_be_bytes());
            bytes.extend([1, 2, 3, 4, 6, 0, 1, 4, 0, 0, 0, 30]);
            bytes.extend(number.to_be_bytes());
            bytes.resize(42, 3);
            return bytes;
        }
        11 => {
            // GameNetworkingSockets, now and then with what its sender has measured.
            let has_stats = random.chance(5);
            bytes.push(0x80 | u8::from(has_stats));
            bytes.extend(7u32.to_le_bytes());
            bytes.extend((number as u16).to_le_bytes());
            if has_stats {
                let [ping, lost] = [random.below(100) as u8, random.below(9) as u8];
                bytes.extend([10, 0x0a, 8, 0x0a, 6, 5 << 3, ping, 6 << 3, lost, 8 << 3, 90]);
            }
        }
        _ => (0..30).for_each(|_| bytes.push(random.next() as u8)),
    }
    bytes.resize(48, 7);
    bytes
}
