//! Classic pcap with raw IP packets (LINKTYPE_RAW): what tcpdump writes of a TUN device, and what we write.

const LINKTYPE_RAW: u32 = 101;

#[derive(Clone, Debug, PartialEq)]
pub struct Packet {
    /// UTC ns.
    pub at_ns: i64,
    pub original_len: u32,
    pub bytes: Vec<u8>,
}

/// @return the packets in file order; a last one that is cut off is left out.
pub fn parse(file: &[u8]) -> Result<Vec<Packet>, String> {
    let word = |at: usize| -> Option<u32> {
        let bytes = file.get(at..at + 4)?;
        Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    };
    let unit_ns = match word(0) {
        Some(0xa1b2_c3d4) => 1000,
        Some(0xa1b2_3c4d) => 1,
        _ => return Err("no little-endian pcap".to_string()),
    };
    if word(20) != Some(LINKTYPE_RAW) {
        return Err(format!("link type {:?}, not raw IP", word(20)));
    }
    let mut packets = Vec::new();
    let mut at = 24;
    while let (Some(seconds), Some(part), Some(captured), Some(original_len)) =
        (word(at), word(at + 4), word(at + 8), word(at + 12))
    {
        let bytes = match file.get(at + 16..at + 16 + captured as usize) {
            None => break,
            Some(bytes) => bytes.to_vec(),
        };
        let at_ns = i64::from(seconds) * 1_000_000_000 + i64::from(part) * unit_ns;
        packets.push(Packet { at_ns, original_len, bytes });
        at += 16 + captured as usize;
    }
    Ok(packets)
}

/// Times are rounded down to the microsecond.
pub fn written(packets: &[Packet], snaplen: u32) -> Vec<u8> {
    let mut out = Vec::new();
    for word in [0xa1b2_c3d4u32, 2 | 4 << 16, 0, 0, snaplen, LINKTYPE_RAW].iter() {
        out.extend_from_slice(&word.to_le_bytes());
    }
    for packet in packets {
        let micros = packet.at_ns.div_euclid(1000);
        let head = [
            micros.div_euclid(1_000_000) as u32,
            micros.rem_euclid(1_000_000) as u32,
            packet.bytes.len() as u32,
            packet.original_len,
        ];
        for word in head.iter() {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&packet.bytes);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_to_the_microsecond() {
        let packet = Packet { at_ns: 1_700_000_000_123_456_789, original_len: 90, bytes: vec![0x45; 40] };
        let read = parse(&written(&[packet.clone(), packet.clone()], 64)).expect("a capture");
        assert_eq!(read, vec![Packet { at_ns: 1_700_000_000_123_456_000, ..packet }; 2]);
        assert!(parse(b"\x0a\x0d\x0d\x0a").is_err());
    }
}
