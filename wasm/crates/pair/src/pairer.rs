//! The three readings, one after the other; the host hands in rows of whichever end is wanted.

use crate::associate::{join, roles, Joined, Renamed};
use crate::flows::Flows;
use crate::hash::{Key, Table};
use crate::matching::Matcher;
use crate::merge::Merge;
use crate::print::{holds_hash, kept_of, Kind, Print, Rules, MIN_TRIM, WHOLE};
use crate::probe::{Found, Probe};
use crate::steps::Steps;
use crate::votes::Votes;
use packet::Packet;

/// Packets of each end that are looked at for how they were cut.
const SCANNED: u32 = 10_000;
/// Contents vote within this: more than delays, queues and steps.
const VOTE_WINDOW_NS: i64 = 3_000_000_000;
/// The probe asks so often whether it is settled.
const PROBE_STEP: u32 = 4096;

/// What the host chooses.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Key of the content hash.
    pub key: Key,
}

/// Which reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// How packets were cut.
    Scan = 0,
    /// How far the clocks are apart.
    Probe = 1,
    /// Which flow is which.
    Votes = 2,
    /// Which packet is which.
    Match = 3,
}

/// What was cut shorter than expected, by lane.
#[derive(Debug, Default)]
struct Short {
    /// Fewest payload bytes of a datagram.
    kept: Table<u32, u32>,
    /// Without 64 bytes of payload.
    unhashed: Table<u32, ()>,
}

impl Short {
    fn see(&mut self, lane: u32, packet: &Packet, rules: &Rules) {
        let kept = kept_of(packet);
        if kept < rules.trim && kept >= MIN_TRIM {
            let least = self.kept.entry(lane).or_insert(kept);
            *least = kept.min(*least);
        }
        if rules.compares_hash && !holds_hash(packet) {
            self.unhashed.insert(lane, ());
        }
    }
}

/// Reads both captures.
#[derive(Debug)]
pub struct Pairer {
    phase: Phase,
    rules: Rules,
    flows: [Flows; 2],
    merge: Merge,
    scanned: [u32; 2],
    /// Fewest payload bytes that were captured of a datagram.
    kept: u32,
    /// Lanes of either end that were cut shorter than the first packets let expect.
    short: [Short; 2],
    probe: Probe,
    probed: u32,
    found: Option<Found>,
    votes: Votes,
    joined: Vec<Joined>,
    renamed: Vec<Renamed>,
    matcher: Option<Matcher>,
    is_enough: bool,
    /// First and last time of each end, from the voting on.
    extents: [Option<(i64, i64)>; 2],
    unkeyable: [u32; 2],
    /// Known when all is matched anew.
    steps: Steps,
}

impl Pairer {
    /// Begins with `Phase::Scan`.
    pub fn new(config: Config) -> Self {
        Pairer {
            phase: Phase::Scan,
            rules: Rules { key: config.key, trim: WHOLE, compares_hash: true },
            flows: Default::default(),
            merge: Merge::default(),
            scanned: [0; 2],
            kept: WHOLE,
            short: Default::default(),
            probe: Probe::default(),
            probed: 0,
            found: None,
            votes: Votes::default(),
            joined: Vec::new(),
            renamed: Vec::new(),
            matcher: None,
            is_enough: false,
            extents: [None; 2],
            unkeyable: [0; 2],
            steps: Steps::default(),
        }
    }

    /// Rows of one segment of an end, all shards back to back; `frame_base` records of the set came before it. None: no rows.
    pub fn rows(&mut self, end: usize, frame_base: u32, mut rows: &[u8]) -> Option<()> {
        if self.is_enough || end > 1 {
            return Some(());
        }
        let mut prints = Vec::new();
        let mut packets = Vec::new();
        while !rows.is_empty() {
            let (packet, rest) = Packet::decode(rows)?;
            rows = rest;
            if packet.is_notice {
                // What an error quotes is no packet of this capture.
                continue;
            }
            if self.phase == Phase::Scan {
                packets.push(packet);
                continue;
            }
            let Some(time) = packet.timestamp_ns else { continue };
            let frame = frame_base.saturating_add(packet.frame_index).saturating_add(1);
            let flows = self.flows.get_mut(end)?;
            let print = Print::of(&packet, time, frame, &self.rules, flows);
            if self.phase == Phase::Votes && packet.is_payload_cut {
                self.short.get_mut(end)?.see(print.lane, &packet, &self.rules);
            }
            prints.push(print);
        }
        if self.phase == Phase::Scan {
            packets.sort_by_key(|packet| packet.frame_index);
            self.scan(end, &packets);
            return Some(());
        }
        // Each shard is in order already: the sort finds its runs.
        prints.sort_by_key(|print| print.frame);
        self.take_off_steps(end, &mut prints);
        self.merge.add(end, prints);
        self.work();
        Some(())
    }

    fn take_off_steps(&mut self, end: usize, prints: &mut [Print]) {
        let mut is_news = false;
        for print in prints {
            is_news |= self.steps.see(end, print.frame, print.time);
            print.time = print.time.saturating_sub(self.steps.gained(end, print.frame));
        }
        if let (true, Some(matcher)) = (is_news, &mut self.matcher) {
            matcher.know_steps(self.steps.clone());
        }
    }

    fn scan(&mut self, end: usize, packets: &[Packet]) {
        let Some(scanned) = self.scanned.get_mut(end) else { return };
        for packet in packets {
            if *scanned >= SCANNED {
                self.merge.end(end);
                return;
            }
            *scanned += 1;
            self.kept =
                Some(kept_of(packet)).filter(|kept| *kept >= MIN_TRIM).map_or(self.kept, |kept| self.kept.min(kept));
            self.rules.compares_hash &= holds_hash(packet);
        }
    }

    /// An end has no more rows in this reading.
    pub fn end(&mut self, end: usize) {
        self.merge.end(end);
        if self.phase != Phase::Scan {
            self.work();
        }
    }

    /// So many payload bytes of a datagram are compared; `u32::MAX` is all of them.
    pub fn compared_bytes(&self) -> u32 {
        self.rules.trim
    }

    /// Which end is to be read on; None: the reading is done, `advance` begins the next one.
    pub fn wanted(&self) -> Option<usize> {
        if self.is_enough {
            return None;
        }
        self.merge.wanted()
    }

    /// The reading under way.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    fn work(&mut self) {
        match self.phase {
            Phase::Scan => {}
            Phase::Probe => {
                while let Some((end, print)) = self.merge.next_in_turn() {
                    self.count_unkeyable(end, &print);
                    if print.is_distinctive && matches!(print.kind, Kind::Range | Kind::Bare | Kind::Keyed) {
                        self.probe.add(end, print.vote_key(self.rules.key), print.time);
                        if print.alternative != 0 {
                            self.probe.add(end, print.alternative, print.time);
                        }
                    }
                    self.probed += 1;
                    #[allow(clippy::manual_is_multiple_of)] // The pinned toolchain is older.
                    if self.probed % PROBE_STEP == 0 && self.probe.is_settled() {
                        self.is_enough = true;
                        return;
                    }
                }
            }
            Phase::Votes => {
                while let Some((end, print)) = self.merge.next(self.votes.offset()) {
                    self.vote(end, &print);
                }
            }
            Phase::Match => {
                let Some(matcher) = &mut self.matcher else { return };
                while let Some((end, print)) = self.merge.next(matcher.middle()) {
                    matcher.add(end, print);
                }
            }
        }
    }

    fn vote(&mut self, end: usize, print: &Print) {
        if let Some(extent) = self.extents.get_mut(end) {
            let (first, last) = extent.unwrap_or((print.time, print.time));
            *extent = Some((first.min(print.time), last.max(print.time)));
        }
        if matches!(print.kind, Kind::IcmpError | Kind::LinkLocal) {
            return;
        }
        self.count_unkeyable(end, print);
        if let Some(flows) = self.flows.get_mut(end) {
            flows.count(print.lane, print.frame);
        }
        if print.kind != Kind::Unkeyable {
            self.votes.add(end, print, print.vote_key(self.rules.key));
        }
    }

    fn count_unkeyable(&mut self, end: usize, print: &Print) {
        if let Some(count) = self.unkeyable.get_mut(end).filter(|_| print.kind == Kind::Unkeyable) {
            *count += 1;
        }
    }

    /// The first packets were small, and later ones of joined flows (or, without any, of any flow) were cut shorter than they let
    /// expect: then all is compared anew, by what is there of them.
    fn shorter_rules(&self) -> Option<Rules> {
        let mut rules = self.rules;
        for (end, short) in self.short.iter().enumerate() {
            let flows: Vec<u32> = self.joined.iter().filter_map(|entry| entry.flows.get(end).copied()).collect();
            let counts = |lane: &u32| flows.is_empty() || flows.contains(&(lane / 2));
            let kept = short.kept.iter().filter(|(lane, _)| counts(lane)).map(|(_, kept)| *kept).min();
            rules.trim = rules.trim.min(kept.unwrap_or(WHOLE));
            rules.compares_hash &= !short.unhashed.keys().any(counts);
        }
        let is_shorter = rules.trim < self.rules.trim || rules.compares_hash != self.rules.compares_hash;
        is_shorter.then_some(rules)
    }

    /// Ends a reading and begins the next one. False when there is none: nothing in common, or all is done.
    pub fn advance(&mut self) -> bool {
        self.merge = Merge::default();
        self.is_enough = false;
        match self.phase {
            Phase::Scan => {
                self.rules.trim = self.kept;
                self.phase = Phase::Probe;
                true
            }
            Phase::Probe => {
                self.found = self.probe.found();
                self.probe = Probe::default();
                let Some(found) = self.found else { return false };
                self.unkeyable = [0; 2];
                self.votes = Votes::new(VOTE_WINDOW_NS, found.offset);
                self.flows = Default::default();
                self.phase = Phase::Votes;
                true
            }
            Phase::Votes => {
                let [a, b] = &self.flows;
                let repeating = self.votes.take_repeating();
                (self.joined, self.renamed) = join(&self.votes.tallies(), [a, b], &repeating);
                if let Some(rules) = self.shorter_rules() {
                    self.rules = rules;
                    self.votes = Votes::default();
                    self.flows = Default::default();
                    self.short = Default::default();
                    self.joined = Vec::new();
                    self.renamed = Vec::new();
                    self.extents = [None; 2];
                    self.unkeyable = [0; 2];
                    self.probed = 0;
                    self.phase = Phase::Probe;
                    return true;
                }
                if self.joined.is_empty() {
                    return false;
                }
                self.votes = self.votes.emptied();
                self.begin_matching(repeating);
                true
            }
            Phase::Match => {
                if let Some(matcher) = &mut self.matcher {
                    matcher.finish();
                }
                false
            }
        }
    }

    fn begin_matching(&mut self, repeating: Table<u64, ()>) {
        let [a, b] = &self.flows;
        let roles = roles(&self.joined, &self.renamed, [a, b]);
        let offset = self.found.unwrap_or_default().offset;
        let base = self.extents[0].map_or(0, |(first, _)| first);
        let steps = self.steps.clone();
        self.matcher = Some(Matcher::new(self.rules.key, roles, &self.joined, repeating, steps, offset, base));
        self.phase = Phase::Match;
    }

    /// After the last reading: that one again, with jumps of the clocks taken off. False where nothing was matched.
    pub fn again(&mut self, steps: Steps) -> bool {
        let Some(matcher) = self.matcher.take() else { return false };
        self.merge = Merge::default();
        self.is_enough = false;
        self.steps = steps;
        self.begin_matching(matcher.into_repeating());
        true
    }

    /// Events since the last call; see `event`.
    pub fn take_events(&mut self) -> Vec<u8> {
        self.matcher.as_mut().map(Matcher::take).unwrap_or_default()
    }

    /// What the readings found, little-endian: offset i64; agreeing, common contents u32; trim, compares hash u32; first and
    /// last time of client and server i64 (0 0 when it has none); smallest and largest difference of any vote i64; flows and
    /// unkeyable packets of client, of server u32; joined flows u32, 0; then per joined flow: protocol, rule, votes, against,
    /// whether its way is known, whether it has ports, how many other names it had u32; then source and destination of what travels toward the server, at
    /// the client, then at the server, 16 bytes each; their ports u32 each.
    pub fn report(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let found = self.found.unwrap_or_default();
        out.extend_from_slice(&found.offset.to_le_bytes());
        for word in [found.agreeing as u32, found.common as u32, self.rules.trim, u32::from(self.rules.compares_hash)] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        for extent in self.extents {
            let (first, last) = extent.unwrap_or_default();
            out.extend_from_slice(&first.to_le_bytes());
            out.extend_from_slice(&last.to_le_bytes());
        }
        let (low, high) = self.votes.range.unwrap_or_default();
        out.extend_from_slice(&low.to_le_bytes());
        out.extend_from_slice(&high.to_le_bytes());
        let [client, server] = &self.flows;
        // What goes on under another name is no flow of its own.
        let names = |end: usize| self.renamed.iter().filter(|renamed| renamed.end == end).count() as u32;
        for word in [
            client.list().len() as u32 - names(0),
            self.unkeyable[0],
            server.list().len() as u32 - names(1),
            self.unkeyable[1],
            self.joined.len() as u32,
            0,
        ] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        for (number, joined) in self.joined.iter().enumerate() {
            let views = [0, 1].map(|end: usize| {
                let flows = if end == 0 { client } else { server };
                let flow = joined.flows.get(end).and_then(|flow| flows.get(*flow));
                flow.map(|flow| flow.ends(joined.forward.get(end).copied().unwrap_or_default() as usize))
                    .unwrap_or_default()
            });
            let flow = client.get(joined.flows[0]);
            for word in [
                flow.map_or(0, |flow| u32::from(flow.protocol)),
                joined.rule as u32,
                joined.votes,
                joined.against,
                u32::from(joined.is_way_known),
                u32::from(flow.is_some_and(|flow| flow.has_ports)),
                self.renamed.iter().filter(|renamed| renamed.joined == number).count() as u32,
            ] {
                out.extend_from_slice(&word.to_le_bytes());
            }
            for ((source, _), (destination, _)) in &views {
                out.extend_from_slice(source);
                out.extend_from_slice(destination);
            }
            for ((_, source), (_, destination)) in &views {
                out.extend_from_slice(&u32::from(*source).to_le_bytes());
                out.extend_from_slice(&u32::from(*destination).to_le_bytes());
            }
        }
        out
    }
}
