//! pcap and pcapng files around given frames.

pub struct Taken<'a> {
    pub seconds: u32,
    pub micros: u32,
    pub original_len: u32,
    pub data: &'a [u8],
}

pub fn pcap(link_type: u32, records: &[Taken]) -> Vec<u8> {
    let mut out = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0];
    out.extend(link_type.to_le_bytes());
    for record in records {
        out.extend(pcap_record(record));
    }
    out
}

pub fn pcap_record(record: &Taken) -> Vec<u8> {
    let mut out = vec![];
    for field in [record.seconds, record.micros, record.data.len() as u32, record.original_len] {
        out.extend(field.to_le_bytes());
    }
    out.extend(record.data);
    out
}

/// Blocks in one byte order.
#[derive(Clone, Copy)]
pub struct Blocks {
    pub is_big: bool,
}

impl Blocks {
    pub fn u16(self, value: u16) -> [u8; 2] {
        if self.is_big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    pub fn u32(self, value: u32) -> [u8; 4] {
        if self.is_big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    pub fn u64(self, value: u64) -> [u8; 8] {
        if self.is_big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    pub fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
        let len = self.u32((body.len() + padding.len() + 12) as u32);
        [&self.u32(kind)[..], &len, body, &padding, &len].concat()
    }

    pub fn option(self, code: u16, value: &[u8]) -> Vec<u8> {
        let padding = vec![0; value.len().next_multiple_of(4) - value.len()];
        [&self.u16(code)[..], &self.u16(value.len() as u16), value, &padding].concat()
    }

    pub fn section(self) -> Vec<u8> {
        self.block(0x0a0d_0d0a, &[&self.u32(0x1a2b_3c4d)[..], &self.u16(1), &self.u16(0), &self.u64(u64::MAX)].concat())
    }

    pub fn interface(self, link_type: u16, snaplen: u32, options: &[u8]) -> Vec<u8> {
        self.block(1, &[&self.u16(link_type)[..], &[0, 0], &self.u32(snaplen), options].concat())
    }

    pub fn enhanced(self, interface: u32, ticks: u64, data: &[u8], options: &[u8]) -> Vec<u8> {
        let len = self.u32(data.len() as u32);
        let padding = vec![0; data.len().next_multiple_of(4) - data.len()];
        let ticks = [self.u32((ticks >> 32) as u32), self.u32(ticks as u32)].concat();
        self.block(6, &[&self.u32(interface)[..], &ticks, &len, &len, data, &padding, options].concat())
    }

    pub fn simple(self, data: &[u8]) -> Vec<u8> {
        self.block(3, &[&self.u32(data.len() as u32)[..], data].concat())
    }
}
