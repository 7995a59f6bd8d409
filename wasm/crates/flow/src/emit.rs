//! Rows of the five tables, column by column in the order of `columns::schema`.
//!
//! The hidden first column `order` is the number of the frame that completed the row: the packet itself for
//! packets, rtt and events; for bins and flows the packet of the same flow that closed them. What no packet closed
//! (idle limit, end of capture) has `AT_END`. So an order never depends on which other flows share the shard: the
//! host merges shards by a stable sort on (order, flow_id, direction, bin_start_ns), the latter three only needed
//! among rows `AT_END`, since all other rows of one order come from one packet and so from one shard.

use crate::bins::{Bin, DirectionBin};
use crate::codes::{Direction, EventKind, JitterMethod, LossMethod, MtuFinding, RttMethod};
use crate::flow::Flow;
use crate::tcp::{Answers, Connection, Side};
use crate::udp::{Delay, Reports, Talk, Tick};
use columns::{Table, TableId};
use packet::Packet;

/// Order of rows that no packet completed.
pub const AT_END: u32 = u32::MAX;

/// The tables under construction.
#[derive(Debug)]
pub struct Output {
    tables: [Table; 5],
    wanted: u32,
}

impl Output {
    /// Empty tables; `wanted` has a bit per `TableId`. Flows are always filled.
    pub fn new(wanted: u32) -> Self {
        Output {
            tables: [TableId::Packets, TableId::Flows, TableId::Rtt, TableId::Bins, TableId::Events].map(Table::new),
            wanted: wanted | 1 << TableId::Flows as u32,
        }
    }

    /// Is this table to be filled?
    #[inline(always)]
    pub fn wants(&self, id: TableId) -> bool {
        self.wanted >> id as u32 & 1 != 0
    }

    /// One table.
    pub fn table(&self, id: TableId) -> &Table {
        let [packets, flows, rtt, bins, events] = &self.tables;
        match id {
            TableId::Packets => packets,
            TableId::Flows => flows,
            TableId::Rtt => rtt,
            TableId::Bins => bins,
            TableId::Events => events,
        }
    }

    /// Empties all tables and keeps their memory.
    pub fn clear(&mut self) {
        self.tables.iter_mut().for_each(Table::clear);
    }

    #[inline]
    fn begin(&mut self, id: TableId, order: u32) -> Option<&mut Table> {
        if !self.wants(id) {
            return None;
        }
        let [packets, flows, rtt, bins, events] = &mut self.tables;
        let table = match id {
            TableId::Packets => packets,
            TableId::Flows => flows,
            TableId::Rtt => rtt,
            TableId::Bins => bins,
            TableId::Events => events,
        };
        table.u32(Some(order));
        Some(table)
    }

    /// A row of `packets`.
    pub fn packet(&mut self, packet: &Packet, frame_number: u32, flow_id: u32, direction: Direction) {
        let Some(table) = self.begin(TableId::Packets, frame_number) else { return };
        table.u32(Some(frame_number));
        table.i64(packet.timestamp_ns);
        table.u32(Some(packet.captured_len_bytes));
        table.u32(Some(packet.original_len_bytes));
        table.u16(packet.vlan_id);
        table.u8(Some(packet.ip_version));
        table.address(&packet.src);
        table.address(&packet.dst);
        table.u8(Some(packet.protocol));
        table.u16(packet.ports.map(|(src, _)| src));
        table.u16(packet.ports.map(|(_, dst)| dst));
        table.u32(Some(packet.ip_len_bytes));
        table.u32(Some(packet.payload_len_bytes));
        table.u8(Some(packet.dscp));
        table.u8(Some(packet.ecn));
        table.u8(Some(packet.ttl));
        table.u32(packet.ip_id);
        table.u8(packet.dont_fragment.map(u8::from));
        table.u8(Some(u8::from(packet.more_fragments)));
        table.u16(Some(packet.fragment_offset_bytes));
        match &packet.tcp {
            Some(tcp) => {
                table.u32(Some(tcp.seq));
                table.u32(Some(tcp.ack));
                table.u16(Some(tcp.flags));
                table.u16(Some(tcp.window));
                table.u32(tcp.timestamps.map(|(tsval, _)| tsval));
                table.u32(tcp.timestamps.map(|(_, tsecr)| tsecr));
            }
            None => table.nulls(6),
        }
        table.u32(Some(flow_id));
        table.u8(Some(direction as u8));
        table.i64(Some(packet.layers as i64));
        table.end_row();
    }

    /// A row of `rtt`; `data` is the direction of what was timed.
    pub fn rtt(
        &mut self,
        frame_number: u32,
        flow_id: u32,
        timestamp_ns: Option<i64>,
        data: Direction,
        method: RttMethod,
        rtt_ns: i64,
    ) {
        let Some(table) = self.begin(TableId::Rtt, frame_number) else { return };
        table.u32(Some(flow_id));
        table.i64(timestamp_ns);
        table.u8(Some(data.toward() as u8));
        table.u8(Some(method as u8));
        table.i64(Some(rtt_ns));
        table.end_row();
    }

    /// A row of `events`.
    #[allow(clippy::too_many_arguments)] // one per column
    pub fn event(
        &mut self,
        order: u32,
        flow_id: u32,
        direction: Direction,
        timestamp_ns: Option<i64>,
        frame_number: u32,
        kind: EventKind,
        detail: Option<i64>,
    ) {
        let Some(table) = self.begin(TableId::Events, order) else { return };
        table.u32(Some(flow_id));
        table.u8(Some(direction as u8));
        table.i64(timestamp_ns);
        table.u32(Some(frame_number));
        table.u8(Some(kind as u8));
        table.i64(detail);
        table.end_row();
    }

    /// The rows of a closed bin; a direction without packets, samples and loss has none.
    pub fn bin(&mut self, order: u32, flow_id: u32, has_loss: (bool, bool), bin: &Bin) {
        let Some(start_ns) = bin.start_ns else { return };
        for direction in [Direction::Forward, Direction::Reverse] {
            let half = direction.of(&bin.directions);
            if !half.is_empty() {
                self.direction_bin(order, flow_id, *direction.of(&has_loss), direction, start_ns, half);
            }
        }
    }

    fn direction_bin(
        &mut self,
        order: u32,
        flow_id: u32,
        has_loss: bool,
        direction: Direction,
        start_ns: i64,
        half: &DirectionBin,
    ) {
        let Some(table) = self.begin(TableId::Bins, order) else { return };
        let samples = &half.rtt.samples;
        table.u32(Some(flow_id));
        table.u8(Some(direction as u8));
        table.i64(Some(start_ns));
        table.u32(Some(half.packets));
        table.i64(Some(half.bytes));
        table.u32(has_loss.then_some(half.lost_packets));
        table.u32(has_loss.then_some(half.reordered_packets));
        table.u32(Some(samples.len()));
        table.i64(samples.min_ns());
        table.i64(samples.quantile(500));
        table.i64(samples.quantile(950));
        table.i64(half.pdv.quantile(950));
        // Without a sample and without loss nothing can be said about lateness.
        let is_known = half.late.is_some() || has_loss && (!samples.is_empty() || half.lost_packets > 0);
        let late = half.rtt.late.saturating_add(half.late.unwrap_or(0));
        table.u32(is_known.then(|| late.saturating_add(half.lost_packets)));
        table.end_row();
    }

    /// The row of a closed flow.
    pub fn flow(&mut self, order: u32, flow: &Flow) {
        let Some(table) = self.begin(TableId::Flows, order) else { return };
        let key = &flow.key;
        let ports = |port: u16| key.has_ports().then_some(port);
        let (low, high) = ((&key.low, ports(key.low_port)), (&key.high, ports(key.high_port)));
        let (initiator, responder) = if flow.initiator_is_low { (low, high) } else { (high, low) };
        table.u32(Some(flow.flow_id));
        table.u8(Some(key.ip_version));
        table.u8(Some(key.protocol));
        let talk = flow.talk.as_deref();
        table.u8(talk.and_then(Talk::application).map(|application| application as u8));
        table.address(initiator.0);
        table.u16(initiator.1);
        table.address(responder.0);
        table.u16(responder.1);
        table.i64(flow.first_timestamp_ns);
        table.i64(flow.last_timestamp_ns);
        let connection = flow.tcp.as_deref();
        for direction in [Direction::Forward, Direction::Reverse] {
            direction_columns(table, flow, connection, talk, direction);
        }
        for direction in [Direction::Forward, Direction::Reverse] {
            rtt_columns(table, connection, talk, direction);
        }
        table.i64(connection.and_then(|tcp| tcp.rtt_handshake_ns));
        table.u8(connection.map(|tcp| tcp.state() as u8));
        table.u8(connection.and_then(|tcp| tcp.reset_by()).map(|end| end as u8));
        table.u32(connection.map(|tcp| tcp.sides.0.syns));
        table.u32(flow.told_mtu_bytes.or(connection.and_then(|tcp| tcp.arrived_bytes())));
        table.u8(mtu_finding(flow, connection).map(|finding| finding as u8));
        table.end_row();
    }
}

/// The gravest thing that was seen; None where no packet could have shown anything.
fn mtu_finding(flow: &Flow, tcp: Option<&Connection>) -> Option<MtuFinding> {
    let (forward, reverse) = (&flow.directions.0, &flow.directions.1);
    if flow.too_big_reports > 0 {
        Some(MtuFinding::PacketTooBig)
    } else if tcp.is_some_and(|tcp| tcp.black_hole().is_some()) {
        Some(MtuFinding::BlackHole)
    } else if forward.fragments > 0 || reverse.fragments > 0 {
        Some(MtuFinding::Fragmented)
    } else if forward.mss_clamps > 0 || reverse.mss_clamps > 0 {
        Some(MtuFinding::Clamped)
    } else {
        tcp.and_then(Connection::arrived_bytes).map(|_| MtuFinding::None)
    }
}

fn ratio(part: u32, whole: u32) -> Option<f64> {
    (whole > 0).then(|| f64::from(part) / f64::from(whole))
}

fn direction_columns(
    table: &mut Table,
    flow: &Flow,
    tcp: Option<&Connection>,
    talk: Option<&Talk>,
    direction: Direction,
) {
    let state = direction.of(&flow.directions);
    let wireshark = flow.wireshark.as_deref().map(|wireshark| direction.of(&wireshark.ends));
    let counts = talk.and_then(|talk| talk.counts(direction));
    let delay = talk.and_then(|talk| talk.delay(direction));
    let grid = talk.and_then(|talk| talk.grid(direction));
    let side = tcp.map(|tcp| direction.of(&tcp.sides));
    let has_packets = state.packets > 0;
    table.u32(Some(state.packets));
    table.i64(Some(state.bytes));
    table.i64(Some(state.payload_bytes));
    table.u32(wireshark.map(|end| end.retransmissions).or(side.map(|side| side.retransmissions)));
    table.u32(wireshark.map(|end| end.out_of_order).or(side.map(|side| side.out_of_order)));
    table.u32(wireshark.map(|end| end.duplicate_acks).or(side.map(|side| side.duplicate_acks_sent)));
    let lossy = side.filter(|side| side.data_packets > 0);
    let lost = lossy.map(|side| side.lost_before.saturating_add(side.lost_beyond));
    let lost = lost.or(counts.map(|counts| counts.lost));
    table.u32(lost);
    let by_number = || counts.and_then(|counts| ratio(counts.lost, counts.received.saturating_add(counts.lost)));
    table.f64(lossy.and_then(loss_ratio).or_else(by_number));
    let method = lossy.map(loss_method).or(counts.map(|_| LossMethod::SequenceGap));
    table.u8(method.map(|method| method as u8));
    table.u32(side.map(|side| side.out_of_order).or(counts.map(|counts| counts.reordered)));
    let copies = state.duplicates.can_tell.then_some(state.duplicates.count);
    table.u32(match (copies, counts) {
        (copies, Some(counts)) => Some(copies.unwrap_or(0).saturating_add(counts.duplicates)),
        (copies, None) => copies,
    });
    table.u8(state.dscp_first);
    table.u32(has_packets.then_some(state.dscp_changes));
    table.u32(has_packets.then_some(state.ecn_ce_packets));
    table.u8(has_packets.then_some(state.ttl_min));
    table.u8(has_packets.then_some(state.ttl_max));
    table.u32(has_packets.then_some(state.ttl_changes));
    table.u16(state.mss_option_bytes);
    table.u32(has_packets.then_some(state.max_ip_len_bytes));
    table.u32(Some(state.fragments));
    let clock = side.and_then(|side| side.clock.as_deref()).filter(|clock| clock.is_usable());
    let delay = delay.as_ref();
    let ipdv = clock.map(|clock| &clock.ipdv).or(delay.map(|delay| &delay.ipdv)).or(grid.map(|grid| &grid.ipdv));
    table.i64(ipdv.and_then(|ipdv| ipdv.quantile(500)));
    let pdv = clock.map(|clock| &clock.pdv).or(delay.map(|delay| &delay.pdv)).or(grid.map(|grid| &grid.pdv));
    table.i64(pdv.and_then(|pdv| pdv.quantile(950)));
    let jitter_ns = clock.map(|clock| clock.jitter_ns());
    table.i64(jitter_ns.or(delay.and_then(Delay::jitter_ns)).or(grid.and_then(Tick::jitter_ns)));
    let by_sender = clock.map(|_| JitterMethod::TcpTimestamp);
    let by_application = talk.filter(|_| delay.is_some()).map(Talk::jitter_method);
    let jitter_method = by_sender.or(by_application).or(grid.map(|_| JitterMethod::TickGrid));
    table.u8(jitter_method.map(|method| method as u8));
    let period = talk.and_then(|talk| talk.period(direction));
    table.i64(period.map(|period| period.period_ns));
    table.f64(period.map(|period| period.confidence_permille as f64 / 1000.0));
    let missed_by_delay = || {
        let delay = delay?;
        let lost = lost.unwrap_or(0);
        ratio(delay.late.saturating_add(lost), delay.pdv.len().saturating_add(lost))
    };
    let missed = tcp.and_then(|tcp| deadline_miss_ratio(tcp, direction, lost.unwrap_or(0)));
    let missed_by_grid = || grid.and_then(Tick::miss).and_then(|(missed, all)| ratio(missed, all));
    table.f64(missed.or_else(missed_by_delay).or_else(missed_by_grid));
    table.u32(talk.and_then(|talk| talk.choked(direction)));
    let reports = talk.and_then(|talk| talk.reports(direction));
    table.i64(reports.and_then(|reports| reports.rtt.quantile(500)));
    table.f64(reports.and_then(Reports::loss_ratio));
    table.i64(reports.and_then(|reports| reports.jitter_ns));
    let frame_time = reports.filter(|_| delay.is_some()).map(|reports| &reports.frame_time);
    table.i64(frame_time.and_then(|frame_time| frame_time.quantile(500)));
    let answering = talk.and_then(|talk| talk.answering(direction));
    let answers = tcp.and_then(|tcp| tcp.answers(direction));
    let by_turns = answers.and_then(Answers::confidence);
    let answer_ns = answers.and_then(|answers| answers.delays.quantile(500));
    table.i64(answer_ns.or(answering.map(|answering| answering.delay_ns)));
    table.f64(by_turns.or(answering.map(|answering| answering.confidence_permille as f64 / 1000.0)));
    let bursts = counts.and_then(|counts| counts.loss_bursts());
    table.u32(bursts);
    table.f64(bursts.zip(counts).and_then(|(bursts, counts)| ratio(bursts, counts.followed)));
    table.f64(bursts.zip(counts).and_then(|(bursts, counts)| ratio(bursts, counts.lost)));
    table.u32(side.map(|side| side.extent).or(counts.and_then(|counts| counts.reordering_extent())));
    table.u32(period.and(talk).and_then(|talk| talk.missing_ticks(direction)));
    // Toward the answering end: of what this direction sent.
    let around_ns = tcp.and_then(|tcp| direction.of(&tcp.rtt).samples.quantile(500));
    table.i64(answer_ns.zip(around_ns).map(|(answer_ns, around_ns)| answer_ns.saturating_sub(around_ns).max(0)));
    table.u32(wireshark.map(|end| end.zero_windows).or(side.map(|side| side.zero_windows)));
}

/// Lost packets over those that took sequence space: every one seen, and the originals that only a hole betrays.
fn loss_ratio(side: &Side) -> Option<f64> {
    let lost = side.lost_before.saturating_add(side.lost_beyond);
    ratio(lost, side.data_packets.saturating_add(side.lost_before))
}

fn loss_method(side: &Side) -> LossMethod {
    if side.lost_before > side.lost_beyond {
        LossMethod::TcpSequenceHole
    } else {
        LossMethod::TcpRetransmission
    }
}

/// Late samples and lost packets over samples and lost packets; null without a sample.
fn deadline_miss_ratio(tcp: &Connection, direction: Direction, lost: u32) -> Option<f64> {
    let rtt = direction.of(&tcp.rtt);
    if rtt.samples.is_empty() {
        return None;
    }
    ratio(rtt.late.saturating_add(lost), rtt.samples.len().saturating_add(lost))
}

fn rtt_columns(table: &mut Table, tcp: Option<&Connection>, talk: Option<&Talk>, direction: Direction) {
    let of_talk = talk.map(|talk| direction.of(&talk.rtt)).filter(|rtt| !rtt.samples.is_empty());
    let rtt = tcp.map(|tcp| direction.of(&tcp.rtt)).or(of_talk);
    table.u8(rtt.and_then(|rtt| rtt.method()).map(|method| method as u8));
    let Some(samples) = rtt.map(|rtt| &rtt.samples) else {
        table.nulls(5);
        return;
    };
    table.u32(Some(samples.len()));
    table.i64(samples.min_ns());
    for permille in [500, 950, 990] {
        table.i64(samples.quantile(permille));
    }
}

impl Output {
    /// Everything a flow still owes when it closes: its open bin, events that only the end proves, its row.
    pub fn close(&mut self, order: u32, flow: &Flow) {
        if let Some(bin) = &flow.bin {
            let has_loss = Flow::has_loss(flow.key.protocol, flow.talk.as_deref());
            match &flow.talk {
                Some(talk) => {
                    let mut last = bin.clone();
                    last.add_settled((talk.unsettled(Direction::Forward), talk.unsettled(Direction::Reverse)));
                    self.bin(order, flow.flow_id, has_loss, &last);
                }
                None => self.bin(order, flow.flow_id, has_loss, bin),
            }
        }
        if let Some(tcp) = &flow.tcp {
            let failed =
                tcp.unanswered_syn().map(|mark| (mark, EventKind::ConnectFailure, Some(i64::from(tcp.sides.0.syns))));
            let half_closed = tcp.unmatched_fin().map(|mark| (mark, EventKind::HalfClosed, None));
            // Where an ICMP error told the sender, the hole is none.
            let black_hole = tcp.black_hole().filter(|_| flow.too_big_reports == 0);
            let black_hole = black_hole.map(|(_, bytes, mark)| (mark, EventKind::MtuBlackHole, Some(i64::from(bytes))));
            for (mark, kind, detail) in failed.into_iter().chain(half_closed).chain(black_hole) {
                let direction = if mark.is_reverse { Direction::Reverse } else { Direction::Forward };
                self.event(order, flow.flow_id, direction, mark.timestamp_ns, mark.frame_number, kind, detail);
            }
        }
        self.flow(order, flow);
    }
}
