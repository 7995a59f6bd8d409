//! One decoder over one flow: numbers become loss and order, clocks delay variation, questions and answers round
//! trips, and all of them evidence for or against the decoder.

use super::delay::Delay;
use super::facts::{Claim, Datagram, Decoder, Facts, Fit, Memo, Number, Sent};
use super::marks::Marks;
use super::quic::Spin;
use super::reports::Reports;
use super::sequence::{add, signed_difference, Place};
use super::stream::{Counts, Stream};
use super::Notes;
use crate::codes::{Application, Direction, RttMethod};
use crate::state::state;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Numbered streams of one direction (RTP sources, WireGuard receivers, DTLS epochs).
const MOST_STREAMS: usize = 6;
/// So many numbers may be behind the captured bytes of one datagram.
const MOST_BEHIND: u32 = 32;
/// Spacings are cut down to a unit: so many are added up before the error of the sum would show.
const LONGEST_CHAIN: u32 = 128;
/// A claim may trail the other side's highest number by so much.
const OLDEST_CLAIM: i64 = 4096;

/// One direction.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// Its numbered streams.
    pub streams: Vec<Stream>,
    marks: Marks,
    last_answer: Option<u64>,
    /// A sender's clock in packets without a number.
    clock: Option<Box<Delay>>,
    reports: Option<Box<Reports>>,
}

state!(Side { streams, marks, last_answer, clock, reports });

/// The flow as one decoder sees it.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    memo: Memo,
    sides: (Side, Side),
    spin: Option<Box<Spin>>,
    /// Datagrams that fit and that do not.
    pub fitting: u32,
    /// Those that do not.
    pub misfits: u32,
    points: u32,
    answered: u32,
    good_claims: u32,
    bad_claims: u32,
    is_certain: bool,
    /// Datagrams by application, where datagrams say.
    by_application: [u32; 4],
}

state!(Reading {
    memo,
    sides,
    spin,
    fitting,
    misfits,
    points,
    answered,
    good_claims,
    bad_claims,
    is_certain,
    by_application,
});

impl Reading {
    /// One datagram. Gives whether it leaves by its sender's clock.
    pub fn observe(
        &mut self,
        decoder: &Decoder,
        datagram: &Datagram,
        direction: Direction,
        at_ns: Option<i64>,
        deadline_ns: i64,
        notes: &mut Notes,
    ) -> bool {
        let mut facts = Facts::default();
        match (decoder.read)(datagram, &mut self.memo, &mut facts) {
            Fit::No => {
                add(&mut self.misfits);
                direction.of_mut(&mut self.sides).streams.iter_mut().for_each(|stream| add(&mut stream.unread));
                return true;
            }
            Fit::Maybe(points) => self.points = self.points.saturating_add(points),
            Fit::Certain => self.is_certain = true,
        }
        add(&mut self.fitting);
        if let Some(slot) = facts.application.and_then(|app| self.by_application.get_mut(app as usize)) {
            add(slot);
        }
        let mut numbered = None;
        for number in facts.numbers.iter() {
            let place = self.number(&number, &facts, direction, at_ns, notes);
            // A number that may be sent again says nothing of the order of the packets that carry it.
            if number.copy.is_none() {
                numbered = numbered.or(Some((number, place)));
            }
        }
        if facts.is_cut {
            let streams = direction.of_mut(&mut self.sides).streams.iter_mut();
            streams.for_each(|stream| stream.unread = stream.unread.saturating_add(MOST_BEHIND));
        }
        let place = numbered.map(|(_, place)| place);
        match (numbered, facts.sent, at_ns) {
            (Some((Number { stream, .. }, place)), Some(sent), Some(at_ns)) => {
                self.clock(stream, place, sent, at_ns, direction, deadline_ns, notes);
            }
            (Some((number, place)), None, Some(at_ns)) if decoder.application == Application::GameNetworkingSockets => {
                self.spaced(number.stream, place, facts.spacing_us, at_ns, direction, deadline_ns, notes);
            }
            (None, Some(sent), Some(at_ns)) => self.plain_clock(sent, at_ns, direction, deadline_ns, notes),
            _ => {}
        }
        if let Some(claim) = facts.claims {
            self.claim(claim, direction);
        }
        if let Some(report) = &facts.report {
            direction.of_mut(&mut self.sides).reports.get_or_insert_default().add(report);
        }
        if place == Some(Place::Duplicate) {
            return false;
        }
        self.delivered(&facts, direction, notes);
        // Every packet of a game says what it has; behind a gap, and before the first that was captured, another may have said
        // it before.
        let is_first = numbered.is_none_or(|(number, place)| {
            matches!(place, Place::Next(1)) || place == Place::First && number.value <= 1
        });
        self.round_trips(&facts, is_first, direction, at_ns, notes);
        if let Some(value) = facts.spin {
            let mut samples = Vec::new();
            let spin = self.spin.get_or_insert_with(Box::default);
            spin.observe(value, at_ns, direction, &mut samples);
            for (at_ns, data, rtt_ns) in samples {
                notes.samples.push((Some(at_ns), data, RttMethod::QuicSpin, rtt_ns));
            }
        }
        !facts.is_prompt
    }

    fn number(
        &mut self,
        number: &Number,
        facts: &Facts,
        direction: Direction,
        at_ns: Option<i64>,
        notes: &mut Notes,
    ) -> Place {
        let side = direction.of_mut(&mut self.sides);
        let Some(stream) = side.stream(number.stream) else { return Place::Jump };
        if facts.renumber {
            stream.start_anew();
        }
        let was_proven = stream.is_proven();
        let (place, settled) = stream.sequence.observe(number.value, number.bits);
        // A stream that is believed only now owes what it lost before.
        let settled = match (was_proven, stream.is_proven()) {
            (true, _) => settled,
            (false, true) => {
                i64::from(stream.sequence.lost().saturating_add(stream.lost_again())) - stream.sequence.unsettled()
            }
            (false, false) => 0,
        };
        let held_back = match (facts.choked, place) {
            (Some(counts), Place::Next(step)) => stream.choke(counts, step),
            _ => 0,
        };
        // A datagram that came and could not be read may be one that is missed; not so where others share the ports by
        // design and are known to be others (RTP, RFC 7983).
        let unread = match (core::mem::take(&mut stream.unread), place) {
            (unread @ 1.., Place::Next(step @ 2..)) if number.copy.is_some() => {
                stream.sequence.held_back(unread.min(u32::try_from(step - 1).unwrap_or(u32::MAX)))
            }
            _ => 0,
        };
        let again = number.copy.map_or(0, |copy| stream.send(number, copy, place, at_ns, notes));
        let settled = settled.saturating_add(if was_proven { held_back + unread + again } else { 0 });
        let lost = direction.of_mut(&mut notes.lost);
        *lost = lost.saturating_add(settled).saturating_add(core::mem::take(&mut stream.owed));
        if number.copy.is_none() && place == Place::Late {
            notes.reordered = notes.reordered.saturating_add(1);
        }
        place
    }

    #[allow(clippy::too_many_arguments)] // one fact each
    fn clock(
        &mut self,
        stream: u32,
        place: Place,
        sent: Sent,
        at_ns: i64,
        direction: Direction,
        deadline_ns: i64,
        notes: &mut Notes,
    ) {
        let side = direction.of_mut(&mut self.sides);
        let Some(stream) = side.streams.iter_mut().find(|known| known.id == stream) else { return };
        if matches!(place, Place::Duplicate | Place::Jump) {
            return;
        }
        if place == Place::First {
            stream.kind = sent.kind;
            stream.delay = Some(Box::default());
        } else if sent.kind != stream.kind {
            stream.other_kinds = stream.other_kinds.saturating_add(1);
            if stream.other_kinds < 8 {
                return;
            }
            // Comfort noise or a tone came first, or the codec changed: its clock is another.
            stream.kind = sent.kind;
            stream.delay = Some(Box::default());
        }
        stream.other_kinds = 0;
        let delay = stream.delay.get_or_insert_with(Box::default);
        let late = delay.late;
        if let Some(pdv_ns) = delay.observe(at_ns, sent.ticks, sent.rate_hz, place == Place::Next(1), deadline_ns) {
            notes.pdv_ns = Some(pdv_ns);
            notes.is_late = delay.late > late;
        }
    }

    /// A sender's clock that is told as the distance from one packet to the next.
    #[allow(clippy::too_many_arguments)] // one fact each
    fn spaced(
        &mut self,
        stream: u32,
        place: Place,
        spacing_us: Option<u32>,
        at_ns: i64,
        direction: Direction,
        deadline_ns: i64,
        notes: &mut Notes,
    ) {
        let side = direction.of_mut(&mut self.sides);
        let Some(stream) = side.streams.iter_mut().find(|known| known.id == stream) else { return };
        if !matches!(place, Place::First | Place::Next(_)) || spacing_us.is_none() && stream.delay.is_none() {
            return;
        }
        let delay = stream.delay.get_or_insert_with(Box::default);
        let (sum_us, in_a_row) = &mut stream.spaced;
        match spacing_us.filter(|_| place == Place::Next(1) && *in_a_row < LONGEST_CHAIN) {
            Some(spacing_us) => *sum_us = sum_us.wrapping_add(spacing_us),
            // The distance from the packet before is not known; a step of the clock all the same, or it would be a copy.
            None => {
                delay.begin_anew();
                *sum_us = sum_us.wrapping_add(1);
                *in_a_row = 0;
            }
        }
        *in_a_row += 1;
        let late = delay.late;
        let is_consecutive = *in_a_row > 1;
        if let Some(pdv_ns) = delay.observe(at_ns, *sum_us, 1_000_000, is_consecutive, deadline_ns) {
            notes.pdv_ns = Some(pdv_ns);
            notes.is_late = delay.late > late;
        }
    }

    fn plain_clock(&mut self, sent: Sent, at_ns: i64, direction: Direction, deadline_ns: i64, notes: &mut Notes) {
        let delay = direction.of_mut(&mut self.sides).clock.get_or_insert_with(Box::default);
        let late = delay.late;
        if let Some(pdv_ns) = delay.observe(at_ns, sent.ticks, sent.rate_hz, false, deadline_ns) {
            notes.pdv_ns = Some(pdv_ns);
            notes.is_late = delay.late > late;
        }
    }

    /// A side never has what was not sent. Its lag behind is what the round trip makes of it.
    fn claim(&mut self, claim: Claim, direction: Direction) {
        let other = direction.opposite().of(&self.sides);
        let Some(stream) = other.streams.iter().find(|stream| stream.id == claim.stream) else { return };
        let ahead = signed_difference(claim.value, stream.sequence.highest() as u64, claim.bits);
        add(if ahead <= 0 && ahead > -OLDEST_CLAIM { &mut self.good_claims } else { &mut self.bad_claims });
    }

    /// What is acknowledged one by one had come: losses that were counted may have been none.
    fn delivered(&mut self, facts: &Facts, direction: Direction, notes: &mut Notes) {
        let sender = direction.opposite();
        let side = sender.of_mut(&mut self.sides);
        for answer in facts.answers.iter() {
            let Some((id, value)) = answer.of else { continue };
            let Some(stream) = side.streams.iter_mut().find(|stream| stream.id == id) else { continue };
            let is_proven = stream.is_proven();
            let Some(deliveries) = &mut stream.deliveries else { continue };
            let change = deliveries.answered(value, answer.key);
            if is_proven {
                let lost = sender.of_mut(&mut notes.lost);
                *lost = lost.saturating_add(change);
            }
        }
    }

    fn round_trips(
        &mut self,
        facts: &Facts,
        is_first: bool,
        direction: Direction,
        at_ns: Option<i64>,
        notes: &mut Notes,
    ) {
        let opposite = direction.opposite();
        for answer in facts.answers.iter() {
            let own = direction.of_mut(&mut self.sides);
            if own.last_answer == Some(answer.key) && answer.method == RttMethod::AppAck {
                continue;
            }
            own.last_answer = Some(answer.key);
            let (is_known, rtt_ns) = opposite.of_mut(&mut self.sides).marks.answer(&answer, at_ns);
            if is_known {
                add(&mut self.answered);
            }
            if let Some(rtt_ns) = rtt_ns.filter(|_| is_first || answer.of.is_some()) {
                notes.samples.push((at_ns, opposite, answer.method, rtt_ns));
            }
        }
        if let Some(at_ns) = at_ns {
            for ask in facts.asks.iter() {
                direction.of_mut(&mut self.sides).marks.ask(ask, at_ns);
            }
        }
    }

    /// Is the decoder to be believed? None: not yet.
    ///
    /// At least 7 of 8 datagrams must fit. Numbers that go on in small steps count two each, answers to questions
    /// and claims that hold one; numbers that jump and claims of what was never sent take eight away.
    pub fn verdict(&self, needed: u32) -> Option<bool> {
        let all = self.fitting.saturating_add(self.misfits);
        if self.is_certain && self.fitting >= self.misfits {
            return Some(true);
        }
        if self.misfits.saturating_mul(8) > all && all >= 2 || self.misfits > 0 && all == 1 {
            return Some(false);
        }
        let streams = || self.sides.0.streams.iter().chain(&self.sides.1.streams).map(|stream| &stream.sequence);
        let good: u32 = streams().map(|sequence| sequence.good).sum();
        let bad: u32 = streams().map(|sequence| sequence.bad).sum();
        let good_claims = self.good_claims.min(good);
        let for_it = self.points + good * 2 + self.answered + good_claims;
        let against = (bad + self.bad_claims) * 8;
        (for_it >= needed.saturating_add(against)).then_some(true)
    }

    /// Do three in eight datagrams follow the one before, at two points each?
    pub fn follows(&self) -> bool {
        self.points.saturating_mul(4) >= self.fitting.saturating_mul(3)
    }

    /// Does what has come since still bear the decoder out?
    pub fn is_sound(&self) -> bool {
        let streams = || self.sides.0.streams.iter().chain(&self.sides.1.streams).map(|stream| &stream.sequence);
        let bad: u32 = streams().map(|sequence| sequence.bad).sum();
        let good: u32 = streams().map(|sequence| sequence.good).sum();
        self.fitting >= self.misfits && bad <= 2 + good / 4 && self.bad_claims <= 2 + self.good_claims / 8
    }

    /// The application as datagrams tell it: media before what sets it up.
    pub fn application(&self, decoder: &Decoder) -> Application {
        let [stun, dtls, _, rtcp] = self.by_application;
        if decoder.application != Application::Rtp {
            return decoder.application;
        }
        let is_media = self.sides.0.streams.iter().chain(&self.sides.1.streams).any(Stream::is_proven);
        if is_media && self.by_application.get(Application::Rtp as usize).is_some_and(|rtp| *rtp > 0 && dtls <= *rtp) {
            Application::Rtp
        } else if dtls > 0 {
            Application::Dtls
        } else if rtcp > stun {
            Application::Rtcp
        } else {
            Application::Stun
        }
    }

    /// Does a direction have a number to count losses by?
    pub fn has_loss(&self, direction: Direction) -> bool {
        direction.of(&self.sides).streams.iter().any(Stream::is_proven)
    }

    /// Lost, received, reordered and duplicated packets of a direction; None without a proven stream.
    pub fn counts(&self, direction: Direction) -> Option<Counts> {
        let mut counts = Counts::default();
        let mut any = false;
        for stream in &direction.of(&self.sides).streams {
            counts.add(&stream.past);
            if stream.is_proven() {
                any = true;
                counts.add(&stream.counts());
            }
        }
        any.then_some(counts)
    }

    /// Packets that a direction's sender held back; None where it never said so.
    pub fn choked(&self, direction: Direction) -> Option<u32> {
        let streams = || direction.of(&self.sides).streams.iter().filter(|stream| stream.is_proven());
        streams().any(Stream::tells_choke).then(|| streams().map(|stream| stream.choked).sum())
    }

    /// What a direction's sender says of the path.
    pub fn reports(&self, direction: Direction) -> Option<&Reports> {
        direction.of(&self.sides).reports.as_deref()
    }

    /// Losses not yet told to a bin.
    pub fn unsettled(&self, direction: Direction) -> i64 {
        direction.of(&self.sides).streams.iter().filter(|s| s.is_proven()).map(|s| s.sequence.unsettled()).sum()
    }

    /// Does a direction's sender show its clock?
    pub fn has_clock(&self, direction: Direction) -> bool {
        let side = direction.of(&self.sides);
        let runs = |delay: &Option<Box<Delay>>| delay.as_deref().is_some_and(Delay::runs);
        runs(&side.clock) || side.streams.iter().any(|stream| runs(&stream.delay))
    }

    /// The delay variation of a direction's longest stream.
    pub fn delay(&self, direction: Direction) -> Option<Delay> {
        let streams = direction.of(&self.sides).streams.iter().filter(|stream| stream.is_proven());
        let longest = streams.filter(|s| s.delay.is_some()).max_by_key(|s| s.sequence.received);
        let clock = longest.and_then(|stream| stream.delay.as_deref()).or(direction.of(&self.sides).clock.as_deref());
        clock.map(Delay::concluded).filter(|delay| delay.updates > 0)
    }
}

impl Side {
    /// The stream with this id; a new one takes the place of the least proven when there are too many.
    fn stream(&mut self, id: u32) -> Option<&mut Stream> {
        let place = match self.streams.iter().position(|stream| stream.id == id) {
            Some(place) => place,
            None if self.streams.len() < MOST_STREAMS => {
                self.streams.push(Stream { id, ..Stream::default() });
                self.streams.len() - 1
            }
            None => {
                let least = self.streams.iter().enumerate().min_by_key(|(_, stream)| stream.sequence.good)?.0;
                let stream = self.streams.get_mut(least)?;
                stream.start_anew();
                stream.id = id;
                least
            }
        };
        self.streams.get_mut(place)
    }
}
