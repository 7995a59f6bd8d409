//! Captures of one end → one small capture: merged, cut to the window, each packet to what decoders and the matcher need,
//! and moved to the clock that this end is to have. Nothing else of a packet is touched, but for the checksum of UDP: it
//! covers a payload that is not there any more, and is set to "none".
//!
//! The plan, one thing a line: `out path=… snaplen=…`, `window from_ns=… to_ns=…`, `keep udp=… tcp=… icmp=… port:N=…` (payload
//! bytes),
//! `clock shift_ns=… offset_ns=… skew_ppm=… step_at_ns=… step_ns=…`, and `in path=…` for each capture.

use crate::packet::{self, ICMP, TCP, UDP};
use crate::pcap::{self, Packet};
use std::collections::HashMap;

#[derive(Default, Debug)]
struct Plan {
    out: String,
    from_ns: i64,
    to_ns: i64,
    keep: HashMap<u8, usize>,
    /// UDP of these ports keeps so much instead: some decoders look farther than the matcher.
    keep_of_port: HashMap<u16, usize>,
    clock: Clock,
    inputs: Vec<String>,
}

/// Times are since the window's begin; what is added is `shift + offset + skew · t`, and `step` from `step_at` on.
#[derive(Default, Debug)]
struct Clock {
    shift_ns: i64,
    offset_ns: i64,
    skew_ppm: f64,
    step_at_ns: i64,
    step_ns: i64,
}

impl Clock {
    fn told(&self, at_ns: i64, from_ns: i64) -> i64 {
        let since = at_ns - from_ns;
        let step = if self.step_ns != 0 && since >= self.step_at_ns { self.step_ns } else { 0 };
        at_ns + self.shift_ns + self.offset_ns + (self.skew_ppm * 1e-6 * since as f64).round() as i64 + step
    }
}

pub fn trim(path: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {}", path, error))?;
    let plan = parse(&text)?;
    let mut packets = Vec::new();
    for input in &plan.inputs {
        let file = std::fs::read(input).map_err(|error| format!("{}: {}", input, error))?;
        packets.extend(pcap::parse(&file).map_err(|error| format!("{}: {}", input, error))?);
    }
    let kept = trimmed(packets, &plan);
    let snaplen = kept.iter().map(|packet| packet.bytes.len() as u32).max().unwrap_or(0);
    std::fs::write(&plan.out, pcap::written(&kept, snaplen)).map_err(|error| format!("{}: {}", plan.out, error))?;
    let time = |packet: Option<&Packet>| packet.map_or(0, |packet| packet.at_ns);
    println!("{} {} {}", kept.len(), time(kept.first()), time(kept.last()));
    Ok(())
}

fn trimmed(mut packets: Vec<Packet>, plan: &Plan) -> Vec<Packet> {
    packets.retain(|packet| packet.at_ns >= plan.from_ns && packet.at_ns < plan.to_ns);
    // Stable: packets of the same instant keep the order of their file.
    packets.sort_by_key(|packet| packet.at_ns);
    for packet in &mut packets {
        cut(&mut packet.bytes, plan);
        packet.at_ns = plan.clock.told(packet.at_ns, plan.from_ns);
    }
    packets
}

fn cut(bytes: &mut Vec<u8>, plan: &Plan) {
    let header_bytes = match bytes.first() {
        Some(first) if first >> 4 == 4 => usize::from(first & 15) * 4,
        _ => return,
    };
    if bytes.len() < header_bytes + 8 {
        return;
    }
    let protocol = bytes[9];
    let is_first = packet::u16_at(bytes, 6) & 0x1fff == 0;
    let transport = match protocol {
        TCP if is_first && bytes.len() > header_bytes + 12 => usize::from(bytes[header_bytes + 12] >> 4) * 4,
        UDP | ICMP if is_first => 8,
        _ => 0,
    };
    if protocol == UDP && is_first {
        packet::put_u16(bytes, header_bytes + 6, 0);
    }
    // An ICMP error is worth what it quotes.
    let is_error = protocol == ICMP && is_first && !matches!(bytes[header_bytes], 0 | 8);
    let of_port = [0, 2].iter().filter(|_| protocol == UDP && is_first).find_map(|side| {
        let port = packet::u16_at(bytes, header_bytes + side);
        plan.keep_of_port.get(&port)
    });
    let kept = of_port.or_else(|| plan.keep.get(&protocol)).copied().unwrap_or(0);
    let body = if is_error { 28 } else { kept };
    bytes.truncate(header_bytes + transport + body);
}

fn parse(text: &str) -> Result<Plan, String> {
    let mut plan = Plan::default();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let word = words.next().unwrap_or("");
        for pair in words {
            let at = pair.find('=').ok_or_else(|| format!("{} is no key=value", pair))?;
            let (key, value) = (&pair[..at], &pair[at + 1..]);
            let whole = || value.parse::<i64>().map_err(|_| format!("{} is no whole number", pair));
            match (word, key) {
                ("out", "path") => plan.out = value.to_string(),
                ("in", "path") => plan.inputs.push(value.to_string()),
                ("window", "from_ns") => plan.from_ns = whole()?,
                ("window", "to_ns") => plan.to_ns = whole()?,
                ("keep", "udp") => drop(plan.keep.insert(UDP, whole()? as usize)),
                ("keep", "tcp") => drop(plan.keep.insert(TCP, whole()? as usize)),
                ("keep", "icmp") => drop(plan.keep.insert(ICMP, whole()? as usize)),
                ("keep", port) if port.starts_with("port:") => {
                    let port = port[5..].parse().map_err(|_| format!("{} names no port", pair))?;
                    plan.keep_of_port.insert(port, whole()? as usize);
                }
                ("clock", "shift_ns") => plan.clock.shift_ns = whole()?,
                ("clock", "offset_ns") => plan.clock.offset_ns = whole()?,
                ("clock", "step_at_ns") => plan.clock.step_at_ns = whole()?,
                ("clock", "step_ns") => plan.clock.step_ns = whole()?,
                ("clock", "skew_ppm") => {
                    plan.clock.skew_ppm = value.parse().map_err(|_| format!("{} is no number", pair))?
                }
                _ => return Err(format!("no such thing as {} {}", word, key)),
            }
        }
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::tests::datagram;

    #[test]
    fn a_window_is_cut_merged_moved_and_trimmed() {
        let plan = parse(
            "out path=/x\nwindow from_ns=1000000000 to_ns=3000000000\nkeep udp=4 tcp=2 port:9=6\nclock shift_ns=7000000000 offset_ns=-37000 skew_ppm=10 step_at_ns=1000000000 step_ns=5000000",
        )
        .expect("a plan");
        let udp = datagram(UDP, ([1, 1, 1, 1], 1), ([2, 2, 2, 2], 2), b"payload bytes");
        let tcp = datagram(TCP, ([1, 1, 1, 1], 1), ([2, 2, 2, 2], 2), b"payload");
        let packet = |at_ns, bytes: &Vec<u8>| Packet { at_ns, original_len: bytes.len() as u32, bytes: bytes.clone() };
        let kept = trimmed(
            vec![
                packet(2_500_000_000, &udp),
                packet(500_000_000, &udp),
                packet(1_000_000_000, &tcp),
                packet(3_000_000_000, &udp),
            ],
            &plan,
        );
        let times: Vec<i64> = kept.iter().map(|packet| packet.at_ns).collect();
        assert_eq!(times, [8_000_000_000 - 37_000, 9_500_000_000 - 37_000 + 15_000 + 5_000_000]);
        let lengths: Vec<(usize, u32)> = kept.iter().map(|packet| (packet.bytes.len(), packet.original_len)).collect();
        assert_eq!(lengths, [(42, 47), (32, 41)]);
        assert_eq!(kept[1].bytes[26..32], [0, 0, b'p', b'a', b'y', b'l']);
    }
}
