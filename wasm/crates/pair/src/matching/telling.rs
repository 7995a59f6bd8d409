//! What the matcher says: each outcome as an event.

use super::Matcher;
use crate::answers::Answer;
use crate::entry::{Entry, Head};
use crate::event::{flag, Event, What, NO_FLOW};
use crate::lane::before;
use crate::print::Print;
use packet::Checksum;

impl Matcher {
    /// Nothing like it came.
    pub(super) fn give_up(&mut self, entry: &Entry) {
        let (flow, way, end) = (entry.way / 2, entry.way as usize % 2, usize::from(entry.end));
        let print = &entry.print;
        if end != way {
            if print.is_fragment && !entry.is_copy {
                // The rest of what a router cut: its first part was compared.
            } else if entry.is_copy {
                self.tell(What::Duplicate, 0, flow, way, end, print, 0);
            } else if entry.covered == 0 {
                self.tell(What::Extra, 0, flow, way, end, print, 0);
            }
            return;
        }
        let mut flags = 0;
        if print.protocol == 6 && print.sequence_len() > 0 {
            let last = print.seq.wrapping_add(print.sequence_len());
            let acked = self.lanes.get(entry.way as usize).and_then(|lane| lane.acked_to);
            // What was sent before may have been acknowledged for the first sending.
            if entry.is_sent_again {
                flags |= flag::SENT_AGAIN;
            } else if !entry.is_again && acked.is_some_and(|acked| !before(acked, last)) {
                flags |= flag::ACKNOWLEDGED;
            }
        }
        if entry.covered > 0 {
            flags |= flag::PARTLY;
        }
        // Of a missing packet the last word but one is free: it says which of its way it was.
        self.tell(What::Missing, flags, flow, way, end, print, entry.index);
    }

    /// The silence at the other end around the time that a packet of `end` was there.
    pub(super) fn silence(&self, lane: Option<u32>, way: usize, end: usize, time: i64) -> Option<(i64, i64)> {
        let usual = lane
            .and_then(|lane| self.lanes.get(lane as usize))
            .and_then(|lane| lane.usual)
            .or_else(|| self.floor_of_way(way))?;
        let due = if end == way { time.saturating_add(usual) } else { time.saturating_sub(usual) };
        let times = self.times.get(1 - end)?;
        let next = times.partition_point(|known| *known <= due);
        let before = *times.get(next.checked_sub(1)?)?;
        let after = *times.get(next)?;
        Some((before, after.saturating_sub(before)))
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn tell(
        &mut self,
        what: What,
        flags: u32,
        flow: u32,
        way: usize,
        end: usize,
        print: &Print,
        extra: u32,
    ) {
        let lane = (flow != NO_FLOW).then(|| flow * 2 + way as u32);
        let silence = match what {
            What::Missing | What::Extra => self.silence(lane, way, end, print.time),
            _ => None,
        };
        let shown = self.shown(end, print.time, print.frame);
        let time = if end == 0 { shown } else { shown.saturating_sub(self.offset) };
        let frames = if end == 0 { (print.frame, 0) } else { (0, print.frame) };
        let event = Event {
            what,
            flags: flags | own_flags(print),
            flow,
            way: way as u32,
            time,
            difference: None,
            silence,
            client_frame: frames.0,
            server_frame: frames.1,
            ip_len: print.ip_len,
            header: [print.ttl, print.ttl, print.traffic_class, print.traffic_class],
            mss: [print.mss; 2],
            payload_len: print.len,
            protocol: print.protocol,
            checksums: [Checksum::Unknown, print.checksum],
            extra,
            index: 0,
        };
        event.encode(self.base, &mut self.events);
    }

    /// `end` acknowledged what came on `way`.
    pub(super) fn tell_answer(&mut self, flow: u32, way: usize, end: usize, answer: Answer, ack_frame: u32) {
        let frames = if end == 0 { (answer.frame, 0) } else { (0, answer.frame) };
        let shown = self.shown(end, answer.time, answer.frame);
        let event = Event {
            what: What::Answer,
            flags: 0,
            flow,
            way: way as u32,
            time: if end == 0 { shown } else { shown.saturating_sub(self.offset) },
            difference: Some(answer.took),
            silence: None,
            client_frame: frames.0,
            server_frame: frames.1,
            ip_len: 0,
            header: [0; 4],
            mss: [0; 2],
            payload_len: 0,
            protocol: 6,
            checksums: [Checksum::Unknown; 2],
            extra: ack_frame,
            index: 0,
        };
        event.encode(self.base, &mut self.events);
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn tell_pair(
        &mut self,
        flags: u32,
        lane: u32,
        index: u32,
        sent: &Print,
        came: &Head,
        mss: u16,
        checksums: [Checksum; 2],
    ) {
        let way = lane % 2;
        let (client, server) = if way == 0 {
            ((sent.time, sent.frame), (came.time, came.frame))
        } else {
            ((came.time, came.frame), (sent.time, sent.frame))
        };
        let client = (self.shown(0, client.0, client.1), client.1);
        let server = (self.shown(1, server.0, server.1), server.1);
        let event = Event {
            what: What::Pair,
            flags: flags | own_flags(sent),
            flow: lane / 2,
            way,
            time: client.0,
            difference: Some(server.0.saturating_sub(client.0).saturating_sub(self.offset)),
            silence: None,
            client_frame: client.1,
            server_frame: server.1,
            ip_len: sent.ip_len,
            header: [sent.ttl, came.ttl, sent.traffic_class, came.traffic_class],
            mss: [sent.mss, mss],
            payload_len: sent.len,
            protocol: sent.protocol,
            checksums,
            extra: came.ip_len,
            index,
        };
        event.encode(self.base, &mut self.events);
    }
}

fn own_flags(print: &Print) -> u32 {
    use packet::tcp_flag::{ACK, SYN};
    let opens = print.protocol == 6 && print.tcp_flags & (SYN | ACK) == SYN;
    (if opens { flag::OPENS } else { 0 }) | if print.is_fragment { flag::FRAGMENT } else { 0 }
}
