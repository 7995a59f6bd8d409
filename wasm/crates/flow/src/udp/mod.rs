//! UDP: which protocol a flow speaks, told by its structure and never by a port, and what that protocol says of loss,
//! order, delay variation and round trips.
//!
//! The first datagrams of a flow are shown to every decoder until one's evidence suffices or all have failed; the one
//! that is believed has then read the flow from its first datagram. A decoder that later datagrams contradict is
//! dropped, and the flow is opaque. Everything here is bounded: drafts, streams, questions, samples.

mod cadence;
mod delay;
mod deliveries;
mod enet;
mod facts;
mod luanti;
mod marks;
mod quake;
mod quake_code;
mod quic;
mod raknet;
mod reading;
mod reports;
mod rtc;
mod sequence;
mod spectrum;
mod steam;
mod stream;
mod teeworlds;
mod teeworlds_code;
mod teeworlds_six;
mod tick;
mod unreal;
mod wireguard;

/// Chance for tests, the same on every machine.
#[cfg(test)]
mod chance {
    pub struct Random(pub u64);
    impl Random {
        pub fn below(&mut self, limit: i64) -> i64 {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((self.0 >> 33) as i64) % limit.max(1)
        }
    }
}

use crate::bins::BestSamples;
use crate::codes::{Application, Direction, JitterMethod, RttMethod};
use crate::state::state;
use alloc::boxed::Box;
use alloc::vec::Vec;
use cadence::{Answering, Cadence};
pub use delay::Delay;
use facts::{Datagram, Decoder};
use marks::{Answer, Ask, Marks};
use packet::Packet;
use reading::Reading;
pub use reports::Reports;
use stream::Counts;
pub use tick::{Found, Tick};

/// Later than the smallest delay by more than this is too late for an interpolation buffer, unless a tick is longer.
pub const DEADLINE_NS: i64 = 15_000_000;
/// Datagrams after which what is not decided is opaque.
const MOST_EARLY: u8 = 24;
/// The same for what is asked late. It has to show half as much again then, and to read most datagrams as following the one before:
/// a word that is read a bit off never does, and more datagrams must not be enough by themselves.
const MOST_LATE: u8 = 40;

/// More than 16 datagrams give without acknowledgements that follow the numbers, or by a word that is read a bit off.
const UNREAL: u32 = 70;
/// Datagrams before an Unreal decoder is asked: behind its handshake, and only of flows that nobody else can read so far.
const AFTER_SET_UP: u8 = 8;

/// The decoders, in the order in which they are asked. Where several fit, the first in the list is believed.
const DECODERS: &[Decoder] = &[
    Decoder { application: Application::Rtp, read: rtc::read, needed: 10, from: 0 },
    Decoder { application: Application::Quic, read: quic::read, needed: 4, from: 0 },
    Decoder { application: Application::Wireguard, read: wireguard::read, needed: 7, from: 0 },
    Decoder { application: Application::Raknet, read: raknet::read, needed: 14, from: 0 },
    Decoder { application: Application::Photon, read: enet::photon, needed: 12, from: 0 },
    Decoder { application: Application::Enet, read: enet::enet, needed: 12, from: 0 },
    Decoder { application: Application::GameNetworkingSockets, read: steam::read, needed: 16, from: 0 },
    Decoder { application: Application::Luanti, read: luanti::read, needed: 12, from: 0 },
    Decoder { application: Application::Teeworlds, read: teeworlds::read, needed: 16, from: 0 },
    Decoder { application: Application::Teeworlds, read: teeworlds_six::read, needed: 24, from: 0 },
    Decoder { application: Application::Source, read: quake::source, needed: 24, from: 0 },
    Decoder { application: Application::Quakeworld, read: quake::quakeworld, needed: 30, from: 0 },
    Decoder { application: Application::Quake3, read: quake::quake3, needed: 50, from: 0 },
    Decoder { application: Application::Unreal, read: unreal::read::<1>, needed: UNREAL, from: AFTER_SET_UP },
    Decoder { application: Application::Unreal, read: unreal::read::<2>, needed: UNREAL, from: AFTER_SET_UP },
    Decoder { application: Application::Unreal, read: unreal::read::<3>, needed: UNREAL, from: AFTER_SET_UP },
    Decoder { application: Application::Unreal, read: unreal::read::<4>, needed: UNREAL, from: AFTER_SET_UP },
    Decoder { application: Application::Unreal, read: unreal::read::<5>, needed: UNREAL, from: AFTER_SET_UP },
    Decoder { application: Application::Unreal, read: unreal::read::<6>, needed: UNREAL, from: AFTER_SET_UP },
    Decoder { application: Application::Unreal, read: unreal::read::<7>, needed: UNREAL, from: AFTER_SET_UP },
    Decoder { application: Application::Unreal, read: unreal::read::<8>, needed: UNREAL, from: AFTER_SET_UP },
];

/// What one datagram has shown; its memory is used again for the next.
#[derive(Debug, Default)]
pub struct Notes {
    /// Time, direction of what was timed, method, ns.
    pub samples: Vec<Sample>,
    /// Change of the settled loss of (forward, reverse).
    pub lost: (i64, i64),
    /// Packets of this direction that came late.
    pub reordered: u32,
    /// Delay over the smallest.
    pub pdv_ns: Option<i64>,
    /// Was that too late?
    pub is_late: bool,
}

impl Notes {
    /// Empties the notes.
    #[inline(always)]
    pub fn clear(&mut self) {
        self.samples.clear();
        self.lost = (0, 0);
        self.reordered = 0;
        self.pdv_ns = None;
        self.is_late = false;
    }
}

/// One sample: time, direction of what was timed, method, ns.
type Sample = (Option<i64>, Direction, RttMethod, i64);

/// What a decoder that has not failed yet makes of the datagrams so far.
#[derive(Clone, Debug, Default)]
struct Draft {
    /// Place in `DECODERS`.
    decoder: u8,
    reading: Reading,
    samples: Vec<Sample>,
    lost: (i64, i64),
}

state!(Draft { decoder, reading, samples, lost });

/// The UDP half of a flow.
#[derive(Clone, Debug, Default)]
pub struct Talk {
    /// While nothing is decided: datagrams seen, and the decoders that may still be right.
    early: u8,
    drafts: Vec<Draft>,
    /// Place in `DECODERS` + 1.
    decoder: u8,
    reading: Option<Box<Reading>>,
    is_opaque: bool,
    opened_reverse: bool,
    has_begun: bool,
    /// The clock that arrivals of (forward, reverse) show.
    ticks: (Tick, Tick),
    /// Samples toward (responder, initiator), by direction of what was timed.
    pub rtt: (BestSamples, BestSamples),
    echoes: (Marks, Marks),
    /// Questions of (initiator, responder) in a flow that nobody can read.
    cadences: (Cadence, Cadence),
}

state!(Talk { early, drafts, decoder, reading, is_opaque, opened_reverse, has_begun, ticks, rtt, echoes, cadences });

impl Talk {
    /// One datagram that is no copy of another.
    pub fn observe(&mut self, packet: &Packet, direction: Direction, notes: &mut Notes) {
        if packet.fragment_offset_bytes != 0 {
            return;
        }
        let is_reverse = direction == Direction::Reverse;
        if !self.has_begun {
            self.has_begun = true;
            self.opened_reverse = is_reverse;
        }
        let is_timed = self.read(packet, direction, is_reverse, notes);
        let at_ns = packet.timestamp_ns.filter(|_| is_timed);
        let on_grid = at_ns.and_then(|at_ns| direction.of_mut(&mut self.ticks).observe(at_ns));
        if notes.pdv_ns.is_none() {
            if let Some((pdv_ns, is_late)) = on_grid.filter(|_| self.delay_from_grid(direction)) {
                notes.pdv_ns = Some(pdv_ns);
                notes.is_late = is_late;
            }
        }
    }

    /// An ICMP or ICMPv6 echo request or reply (RFC 792, RFC 4443 4): the flow is one identifier's, the key the
    /// sequence number.
    pub fn echo(&mut self, packet: &Packet, direction: Direction, notes: &mut Notes) {
        let Some(icmp) = packet.icmp else { return };
        let key = u64::from(icmp.rest & 0xffff);
        match (icmp.kind, packet.timestamp_ns) {
            (8 | 128, Some(at_ns)) => direction.of_mut(&mut self.echoes).ask(Ask { key, may_burst: false }, at_ns),
            (0 | 129, at_ns) => {
                let answer = Answer { key, method: RttMethod::IcmpEcho, held_ns: 0, keeps: false, of: None };
                let asked = direction.opposite();
                if let (_, Some(rtt_ns)) = asked.of_mut(&mut self.echoes).answer(&answer, at_ns) {
                    notes.samples.push((at_ns, asked, RttMethod::IcmpEcho, rtt_ns));
                }
            }
            _ => {}
        }
    }

    /// A sender's clock is better than one that is only inferred.
    fn delay_from_grid(&self, direction: Direction) -> bool {
        self.reading.as_deref().is_none_or(|reading| !reading.has_clock(direction))
    }

    /// Gives whether the datagram leaves by its sender's clock, as far as is known.
    fn read(&mut self, packet: &Packet, direction: Direction, is_reverse: bool, notes: &mut Notes) -> bool {
        let bytes = packet.prefix.as_slice();
        if let (Some(decoder), Some(reading)) =
            (DECODERS.get(usize::from(self.decoder).wrapping_sub(1)), &mut self.reading)
        {
            let datagram =
                Datagram { bytes, len: packet.payload_len_bytes, is_opener: is_reverse == self.opened_reverse };
            return reading.observe(decoder, &datagram, direction, packet.timestamp_ns, DEADLINE_NS, notes);
        }
        if let Some(at_ns) = packet.timestamp_ns {
            direction.of_mut(&mut self.cadences).question(at_ns);
            direction.opposite().of_mut(&mut self.cadences).answer(at_ns);
        }
        if !self.is_opaque {
            let datagram =
                Datagram { bytes, len: packet.payload_len_bytes, is_opener: is_reverse == self.opened_reverse };
            self.decide(&datagram, direction, packet.timestamp_ns, notes);
        }
        true
    }

    /// Shows the datagram to every decoder that has not failed.
    fn decide(&mut self, datagram: &Datagram, direction: Direction, at_ns: Option<i64>, notes: &mut Notes) {
        let early = self.early;
        let mut believed = None;
        let mut scratch = Notes::default();
        let mut may_be_right = |mut draft: Draft| {
            let decoder = DECODERS.get(usize::from(draft.decoder)).filter(|_| believed.is_none())?;
            scratch.clear();
            core::mem::swap(&mut scratch.samples, &mut draft.samples);
            draft.reading.observe(decoder, datagram, direction, at_ns, DEADLINE_NS, &mut scratch);
            core::mem::swap(&mut scratch.samples, &mut draft.samples);
            draft.lost = (draft.lost.0.saturating_add(scratch.lost.0), draft.lost.1.saturating_add(scratch.lost.1));
            let is_late = early >= MOST_EARLY;
            let needed = if is_late { decoder.needed.saturating_mul(3) / 2 } else { decoder.needed };
            if is_late && decoder.from == 0 {
                return None;
            }
            match draft.reading.verdict(needed).filter(|is_it| !is_it || !is_late || draft.reading.follows()) {
                Some(true) => believed = Some(draft),
                Some(false) => {}
                None => return Some(draft),
            }
            None
        };
        let first = |decoder| Draft { decoder, ..Draft::default() };
        let fresh = (0u8..).zip(DECODERS).filter(|(_, decoder)| decoder.from == early).map(|(at, _)| first(at));
        let drafts = core::mem::take(&mut self.drafts);
        self.drafts = drafts.into_iter().chain(fresh).filter_map(&mut may_be_right).collect();
        self.early = self.early.saturating_add(1);
        if let Some(mut draft) = believed {
            self.decoder = draft.decoder + 1;
            self.reading = Some(Box::new(draft.reading));
            notes.samples.append(&mut draft.samples);
            notes.lost = draft.lost;
        } else if self.early <= AFTER_SET_UP || !self.drafts.is_empty() && self.early < MOST_LATE {
            return;
        } else {
            self.is_opaque = true;
        }
        self.drafts = Vec::new();
    }

    fn believed(&self) -> Option<(&'static Decoder, &Reading)> {
        let decoder = DECODERS.get(usize::from(self.decoder).wrapping_sub(1))?;
        let reading = self.reading.as_deref().filter(|reading| reading.is_sound())?;
        Some((decoder, reading))
    }

    /// The protocol, if one is believed.
    pub fn application(&self) -> Option<Application> {
        self.believed().map(|(decoder, reading)| reading.application(decoder))
    }

    /// Can losses be counted?
    pub fn has_loss(&self, direction: Direction) -> bool {
        self.believed().is_some_and(|(_, reading)| reading.has_loss(direction))
    }

    /// Loss, order and duplicates of a direction.
    pub fn counts(&self, direction: Direction) -> Option<Counts> {
        self.believed()?.1.counts(direction)
    }

    /// Losses that no bin has been told of.
    pub fn unsettled(&self, direction: Direction) -> i64 {
        self.believed().map_or(0, |(_, reading)| reading.unsettled(direction))
    }

    /// Packets held back by a direction's sender.
    pub fn choked(&self, direction: Direction) -> Option<u32> {
        self.believed()?.1.choked(direction)
    }

    /// What a direction's sender says of the path.
    pub fn reports(&self, direction: Direction) -> Option<&Reports> {
        self.believed()?.1.reports(direction)
    }

    /// How fast a direction's datagrams are answered, where times alone prove that they are.
    pub fn answering(&self, direction: Direction) -> Option<Answering> {
        self.is_opaque.then(|| direction.of(&self.cadences).found())?
    }

    /// The period of a direction's sender, if its arrivals have one.
    pub fn period(&self, direction: Direction) -> Option<Found> {
        direction.of(&self.ticks).found()
    }

    /// Ticks of a direction's sender without an arrival, if it shows a period on a grid.
    pub fn missing_ticks(&self, direction: Direction) -> Option<u32> {
        let tick = direction.of(&self.ticks);
        (tick.on_grid > 0).then_some(tick.missed)
    }

    /// The grid, where it is believed and no sender's clock is better.
    pub fn grid(&self, direction: Direction) -> Option<&Tick> {
        let tick = direction.of(&self.ticks);
        (self.delay(direction).is_none() && tick.has_grid()).then_some(tick)
    }

    /// The clock that `delay` rests on.
    pub fn jitter_method(&self) -> JitterMethod {
        match self.application() {
            Some(Application::Rtp) => JitterMethod::RtpTimestamp,
            _ => JitterMethod::AppTimestamp,
        }
    }

    /// Delay variation against a sender's clock.
    pub fn delay(&self, direction: Direction) -> Option<Delay> {
        self.believed()?.1.delay(direction)
    }
}
