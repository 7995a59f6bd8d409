//! Packets of one shard in capture order → rows. The shard holds every flow whose host pair hashes to it; nothing
//! here depends on which others those are.

use crate::bins::Bin;
use crate::codes::{Direction, EventKind, RttMethod};
use crate::emit::{Output, AT_END};
use crate::flow::Flow;
use crate::fragments::Fragments;
use crate::key::{echo_identifier, protocol, FlowKey};
use crate::state::{Input, State, StateError};
use crate::table::{FlowTable, Flows};
use crate::tcp::{is_told_here, Connection, Notes, Wireshark};
use crate::udp;
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use columns::{Diagnostic, Table, TableId, TallyEntry};
use packet::Packet;

const MARK: u32 = 0x4644_474c;
const VERSION: u16 = 2;
/// The sweep for idle flows runs when the shard's clock enters a new minute.
const SWEEP_NS: i64 = 60_000_000_000;
/// A sample later than the running minimum by more than this has missed its deadline (see `deadline_miss_ratio`).
const DEADLINE_NS: i64 = 15_000_000;
/// Keys remembered of flows that the sweep took out, to count their return as an idle split.
const MOST_SWEPT: usize = 1 << 20;

/// What to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Bit per `TableId`: which tables to fill. Flows are always filled.
    pub tables: u32,
    /// Width of a bin.
    pub bin_ns: i64,
    /// A flow silent for longer is closed; its next packet opens a new one.
    pub idle_timeout_ns: i64,
    /// Tell TCP events and ACK round trips as Wireshark 4.0 does, and count by that.
    pub as_wireshark: bool,
    /// Leave out packets that the capture shows twice: they are counted as copies and nothing else.
    pub without_copies: bool,
}

impl Config {
    /// What a state must have been made with, to be taken up.
    fn fields(&self) -> ((u32, (bool, bool)), (i64, i64)) {
        ((self.tables, (self.as_wireshark, self.without_copies)), (self.bin_ns, self.idle_timeout_ns))
    }
}

impl Default for Config {
    fn default() -> Self {
        Config {
            tables: u32::MAX,
            bin_ns: 1_000_000_000,
            idle_timeout_ns: 3_600_000_000_000,
            as_wireshark: false,
            without_copies: false,
        }
    }
}

/// One shard.
#[derive(Debug)]
pub struct Analyzer {
    config: Config,
    flows: FlowTable,
    fragments: Fragments,
    /// Time of the last packet that had one.
    last_ns: Option<i64>,
    next_sweep_ns: Option<i64>,
    swept: BTreeSet<u64>,
    idle_splits: u64,
    first_idle_split: u32,
    out: Output,
    notes: Notes,
    udp_notes: udp::Notes,
}

impl Analyzer {
    /// Without flows.
    pub fn new(config: Config) -> Self {
        Analyzer {
            config,
            flows: FlowTable::new(),
            fragments: Fragments::default(),
            last_ns: None,
            next_sweep_ns: None,
            swept: BTreeSet::new(),
            idle_splits: 0,
            first_idle_split: 0,
            out: Output::new(config.tables),
            notes: Notes::default(),
            udp_notes: udp::Notes::default(),
        }
    }

    /// Takes up the state that `export` of another analyzer with the same settings gave. Rows not yet taken from
    /// the tables are not part of it. On an error this analyzer is unchanged.
    pub fn import(&mut self, blob: &[u8]) -> Result<(), StateError> {
        let mut input = Input::new(blob);
        if u32::load(&mut input) != Some(MARK) || u16::load(&mut input) != Some(VERSION) {
            return Err(StateError::Version);
        }
        let config = <((u32, (bool, bool)), (i64, i64))>::load(&mut input).ok_or(StateError::Length)?;
        if config != self.config.fields() {
            return Err(StateError::Config);
        }
        let state = ShardState::load(&mut input).filter(|_| input.is_empty()).ok_or(StateError::Length)?;
        let flows = FlowTable::from_flows(state.flows).ok_or(StateError::Length)?;
        self.flows = flows;
        self.fragments = state.fragments;
        self.last_ns = state.last_ns;
        self.next_sweep_ns = state.next_sweep_ns;
        self.swept = state.swept.into_iter().collect();
        self.idle_splits = state.idle_splits;
        self.first_idle_split = state.first_idle_split;
        Ok(())
    }

    /// The state as a flat blob that any analyzer with the same settings can take up.
    pub fn export(&self) -> Vec<u8> {
        let mut out = Vec::new();
        MARK.save(&mut out);
        VERSION.save(&mut out);
        self.config.fields().save(&mut out);
        let flows = self.flows.flows();
        (flows.len() as u32).save(&mut out);
        for flow in flows {
            flow.save(&mut out);
        }
        self.fragments.save(&mut out);
        self.last_ns.save(&mut out);
        self.next_sweep_ns.save(&mut out);
        (self.swept.len() as u32).save(&mut out);
        for key in &self.swept {
            key.save(&mut out);
        }
        self.idle_splits.save(&mut out);
        self.first_idle_split.save(&mut out);
        out
    }

    /// Every packet of a buffer of rows. Rows before a fault have been counted when the fault is reported.
    pub fn rows(&mut self, rows: &[u8], frame_base: u32) -> Result<(), StateError> {
        let mut rest = rows;
        while !rest.is_empty() {
            let Some((packet, after)) = Packet::decode(rest) else {
                return Err(StateError::Row { offset: rows.len() - rest.len() });
            };
            rest = after;
            let frame_number = frame_base.wrapping_add(packet.frame_index).wrapping_add(1);
            if packet.is_notice {
                self.notice(&packet, frame_number);
            } else {
                self.packet(&packet, frame_number);
            }
        }
        Ok(())
    }

    /// One packet.
    pub fn packet(&mut self, packet: &Packet, frame_number: u32) {
        let ports = if packet.is_fragment { self.fragments.ports(packet) } else { packet.ports };
        let (key, src_is_low) = FlowKey::of(packet, ports);
        let hash = key.hash();
        let open = || Flow::open(key, src_is_low, packet, ports, frame_number);
        let index = match self.flows.find(hash, &key) {
            Some(index) => {
                self.close_if_over(index, src_is_low, packet, frame_number, open);
                index
            }
            None => {
                if !self.swept.is_empty() && self.swept.remove(&key.long_hash()) {
                    self.count_idle_split(frame_number);
                }
                self.flows.insert(hash, open())
            }
        };
        let Some(flow) = self.flows.get_mut(index) else { return };
        let direction = flow.direction(src_is_low);
        let is_copy = direction.of_mut(&mut flow.directions).duplicates.is_copy(packet);
        if is_copy && self.config.without_copies {
            return;
        }
        self.notes.clear();
        self.udp_notes.clear();
        observe(flow, packet, direction, is_copy, frame_number, &mut self.notes, &mut self.udp_notes);
        if self.config.as_wireshark {
            observe_as_wireshark(flow, packet, direction, &mut self.notes);
        }
        keep_samples(flow, packet.timestamp_ns, &mut self.notes, &mut self.out, frame_number);
        keep_udp_samples(flow, &mut self.udp_notes, &mut self.out, frame_number);
        if self.out.wants(TableId::Bins) {
            observe_bin(flow, packet, direction, &self.notes, &self.udp_notes, self.config.bin_ns);
        }
        for &(kind, detail) in &self.notes.events {
            let at = packet.timestamp_ns;
            self.out.event(frame_number, flow.flow_id, direction, at, frame_number, kind, detail);
        }
        if self.out.wants(TableId::Packets) {
            self.out.packet(packet, frame_number, flow.flow_id, direction);
        }
        if let Some(now_ns) = packet.timestamp_ns {
            self.sweep_at(now_ns);
        }
    }

    /// What an ICMP error says of a flow; of one that is not open it says nothing.
    #[cold]
    fn notice(&mut self, notice: &Packet, frame_number: u32) {
        let (key, src_is_low) = FlowKey::of(notice, notice.ports);
        let Some(flow) = self.flows.find(key.hash(), &key).and_then(|index| self.flows.get_mut(index)) else { return };
        let mtu = told_mtu(notice);
        let direction = flow.direction(src_is_low);
        flow.hear_too_big(mtu);
        let (at, detail) = (notice.timestamp_ns, mtu.map(i64::from));
        self.out.event(frame_number, flow.flow_id, direction, at, frame_number, EventKind::PacketTooBig, detail);
    }

    /// Closes the flow at `index` and opens another in its place where the packet does not belong to it any more;
    /// closes its bin where the packet falls into a later one.
    #[inline]
    fn close_if_over(
        &mut self,
        index: usize,
        src_is_low: bool,
        packet: &Packet,
        frame_number: u32,
        open: impl Fn() -> Box<Flow>,
    ) {
        let Some(flow) = self.flows.get_mut(index) else { return };
        let is_idle = packet.timestamp_ns.is_some_and(|now| flow.is_idle(now, self.config.idle_timeout_ns));
        let direction = flow.direction(src_is_low);
        let is_reused = || match (&flow.tcp, &packet.tcp) {
            (Some(connection), Some(tcp)) => connection.is_reused_by(tcp, direction),
            _ => false,
        };
        if is_idle || is_reused() {
            // No packet of a flow completes it when it falls idle: whether the sweep or its own return finds
            // that out is chance.
            self.out.close(if is_idle { AT_END } else { frame_number }, flow);
            // Wireshark has rules of its own for when a conversation ends.
            let (wireshark, was_low) = (flow.wireshark.take(), flow.initiator_is_low);
            *flow = *open();
            let is_turned = flow.initiator_is_low != was_low;
            flow.wireshark = wireshark.map(|wireshark| wireshark.continued(is_turned));
            if is_idle {
                self.count_idle_split(frame_number);
            }
        } else if let (Some(bin), Some(now)) = (&mut flow.bin, packet.timestamp_ns) {
            if bin.ends_before(now) {
                let has_loss = Flow::has_loss(flow.key.protocol, flow.talk.as_deref());
                self.out.bin(frame_number, flow.flow_id, has_loss, bin);
                bin.clear();
            }
        }
    }

    fn count_idle_split(&mut self, frame_number: u32) {
        if self.idle_splits == 0 {
            self.first_idle_split = frame_number;
        }
        self.idle_splits = self.idle_splits.saturating_add(1);
    }

    /// Frees flows that have been silent for twice the idle limit by the shard's clock. Twice, because that clock
    /// runs on other flows' packets too: as long as capture time never steps back by more than one idle limit,
    /// no packet could still have joined such a flow, and when the sweep runs changes nothing. One packet from a
    /// far future does not move the clock: it is the earlier of the last two times. (The one exception: a packet
    /// without a time, of a flow whose other packets have times, after twice the idle limit.)
    #[inline(always)]
    fn sweep_at(&mut self, now_ns: i64) {
        let clock_ns = self.last_ns.map_or(now_ns, |last| last.min(now_ns));
        self.last_ns = Some(now_ns);
        match self.next_sweep_ns {
            Some(next) if clock_ns < next => {}
            _ => self.sweep(clock_ns),
        }
    }

    fn sweep(&mut self, clock_ns: i64) {
        self.next_sweep_ns = Some(clock_ns.saturating_add(SWEEP_NS.saturating_sub(clock_ns.rem_euclid(SWEEP_NS))));
        let horizon_ns = self.config.idle_timeout_ns.saturating_mul(2);
        for flow in self.flows.remove_where(|flow| flow.is_idle(clock_ns, horizon_ns)) {
            self.out.close(AT_END, &flow);
            if self.swept.len() < MOST_SWEPT {
                self.swept.insert(flow.key.long_hash());
            }
        }
        self.fragments.forget_before(clock_ns.saturating_sub(horizon_ns));
    }

    /// End of capture: closes every flow.
    pub fn finish(&mut self) {
        for flow in self.flows.remove_where(|_| true) {
            self.out.close(AT_END, &flow);
        }
    }

    /// Rows finished since the tables were last cleared.
    pub fn table(&self, id: TableId) -> &Table {
        self.out.table(id)
    }

    /// Empties the tables.
    pub fn clear_tables(&mut self) {
        self.out.clear();
    }

    /// Flows open now.
    pub fn open_flows(&self) -> usize {
        self.flows.flows().len()
    }

    /// Survivable problems so far, part of the state. `record` of an entry is a frame number here.
    pub fn tally(&self) -> Vec<TallyEntry> {
        let entry = TallyEntry {
            diagnostic: Diagnostic::IdleSplit,
            count: self.idle_splits,
            byte_offset: 0,
            record: self.first_idle_split,
            detail: 0,
        };
        if self.idle_splits > 0 {
            alloc::vec![entry]
        } else {
            Vec::new()
        }
    }
}

struct ShardState {
    flows: Flows,
    fragments: Fragments,
    last_ns: Option<i64>,
    next_sweep_ns: Option<i64>,
    swept: Vec<u64>,
    idle_splits: u64,
    first_idle_split: u32,
}
crate::state::state!(ShardState { flows, fragments, last_ns, next_sweep_ns, swept, idle_splits, first_idle_split });

/// The MTU that an ICMP error tells; routers older than RFC 1191 leave it out.
fn told_mtu(packet: &Packet) -> Option<u32> {
    let icmp = packet.icmp?;
    Some(if packet.ip_version == 4 { icmp.rest & 0xffff } else { icmp.rest }).filter(|mtu| *mtu > 0)
}

/// What the packet adds to its flow.
#[inline]
fn observe(
    flow: &mut Flow,
    packet: &Packet,
    direction: Direction,
    is_copy: bool,
    frame_number: u32,
    notes: &mut Notes,
    udp_notes: &mut udp::Notes,
) {
    flow.touch(packet.timestamp_ns);
    if packet.is_too_big() {
        // The error's own flow has the answer as well: the flow it speaks of may lie outside the capture.
        flow.hear_too_big(told_mtu(packet));
    }
    let state = direction.of_mut(&mut flow.directions);
    state.observe(packet, |kind, detail| notes.event(kind, detail));
    if let Some(tcp) = packet.tcp.as_ref().filter(|_| !is_copy) {
        let connection = flow.tcp.get_or_insert_with(|| Box::new(Connection::default()));
        connection.observe(packet, tcp, direction, frame_number, notes);
    } else if packet.protocol == protocol::UDP && !is_copy {
        flow.talk.get_or_insert_with(Box::default).observe(packet, direction, udp_notes);
    } else if packet.icmp.is_some() && echo_identifier(packet).is_some() && !is_copy {
        flow.talk.get_or_insert_with(Box::default).echo(packet, direction, udp_notes);
    }
}

/// Tells the packet as Wireshark would, instead of the strict reading of the same kinds.
#[inline(never)]
fn observe_as_wireshark(flow: &mut Flow, packet: &Packet, direction: Direction, notes: &mut Notes) {
    let Some(tcp) = &packet.tcp else { return };
    notes.events.retain(|&(kind, _)| !is_told_here(kind));
    notes.samples.retain(|&(_, method, _)| method != RttMethod::Ack);
    let wireshark = flow.wireshark.get_or_insert_with(|| Box::new(Wireshark::default()));
    wireshark.observe(packet, tcp, direction, notes);
}

/// Samples go to the table and, if their method is the flow's best, to its summary and its open bin. Those that
/// are not the best are dropped from the notes.
#[inline]
fn keep_samples(flow: &mut Flow, now_ns: Option<i64>, notes: &mut Notes, out: &mut Output, frame_number: u32) {
    let (Some(tcp), false) = (&mut flow.tcp, notes.samples.is_empty()) else { return };
    let flow_id = flow.flow_id;
    notes.samples.retain(|&(data, method, rtt_ns)| {
        out.rtt(frame_number, flow_id, now_ns, data, method, rtt_ns);
        let best = data.of_mut(&mut tcp.rtt);
        let is_kept = best.add(method, rtt_ns);
        if is_kept && is_late(rtt_ns, best.samples.min_ns()) {
            best.count_late();
        }
        is_kept
    });
}

/// The same for UDP, whose samples carry their own time: those that were taken before the protocol was known come
/// when it is.
#[inline]
fn keep_udp_samples(flow: &mut Flow, notes: &mut udp::Notes, out: &mut Output, frame_number: u32) {
    let (Some(talk), false) = (&mut flow.talk, notes.samples.is_empty()) else { return };
    let flow_id = flow.flow_id;
    notes.samples.retain(|&(at_ns, data, method, rtt_ns)| {
        out.rtt(frame_number, flow_id, at_ns, data, method, rtt_ns);
        data.of_mut(&mut talk.rtt).add(method, rtt_ns)
    });
}

fn is_late(rtt_ns: i64, min_ns: Option<i64>) -> bool {
    min_ns.is_some_and(|min_ns| rtt_ns.saturating_sub(min_ns) > DEADLINE_NS)
}

#[inline]
fn observe_bin(
    flow: &mut Flow,
    packet: &Packet,
    direction: Direction,
    notes: &Notes,
    udp_notes: &udp::Notes,
    width_ns: i64,
) {
    let bin = flow.bin.get_or_insert_with(|| Box::new(Bin::default()));
    if let Some(now_ns) = packet.timestamp_ns {
        bin.open(now_ns, width_ns);
    } else if bin.start_ns.is_none() {
        return;
    }
    let half = bin.direction_mut(direction);
    half.packets = half.packets.saturating_add(1);
    half.bytes = half.bytes.saturating_add(i64::from(packet.ip_len_bytes));
    half.reordered_packets = half.reordered_packets.saturating_add(notes.reordered).saturating_add(udp_notes.reordered);
    if let Some(pdv_ns) = notes.pdv_ns {
        half.pdv.add(pdv_ns);
    }
    if let Some(pdv_ns) = udp_notes.pdv_ns {
        half.pdv.add(pdv_ns);
        half.late = Some(half.late.unwrap_or(0).saturating_add(u32::from(udp_notes.is_late)));
    }
    if notes.lost != (0, 0) {
        for direction in [Direction::Forward, Direction::Reverse] {
            let half = bin.direction_mut(direction);
            half.lost_packets = half.lost_packets.saturating_add(*direction.of(&notes.lost));
        }
    }
    bin.add_settled(udp_notes.lost);
    for &(_, data, method, rtt_ns) in &udp_notes.samples {
        if !matches!(method, RttMethod::Handshake | RttMethod::QuicHandshake) {
            bin.direction_mut(data).rtt.add(method, rtt_ns);
        }
    }
    for &(data, method, rtt_ns) in &notes.samples {
        let min_ns = flow.tcp.as_ref().and_then(|tcp| data.of(&tcp.rtt).samples.min_ns());
        let half = bin.direction_mut(data);
        // Handshake samples describe the connection, not the second; they stay out of bins.
        if method != RttMethod::Handshake && half.rtt.add(method, rtt_ns) && is_late(rtt_ns, min_ns) {
            half.rtt.count_late();
        }
    }
}
