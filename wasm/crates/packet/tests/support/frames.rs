//! Frames, layer by layer; each function wraps what is inside it.

pub const TCP: u8 = 6;
pub const UDP: u8 = 17;

pub fn ethernet(kind: u16, inside: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2][..], &kind.to_be_bytes(), inside].concat()
}

pub fn vlan(id: u16, kind: u16, inside: &[u8]) -> Vec<u8> {
    [&id.to_be_bytes()[..], &kind.to_be_bytes(), inside].concat()
}

#[derive(Clone, Copy)]
pub struct Ipv4<'a> {
    pub protocol: u8,
    pub fragment: u16,
    pub options: &'a [u8],
    pub src: [u8; 4],
    pub dst: [u8; 4],
}

pub const IPV4: Ipv4 =
    Ipv4 { protocol: UDP, fragment: 0x4000, options: &[], src: [10, 0, 0, 1], dst: [203, 0, 113, 9] };

impl Ipv4<'_> {
    /// TOS 0xb9 (EF, ECT(1)), id 0x1234, TTL 57.
    pub fn wrap(&self, inside: &[u8]) -> Vec<u8> {
        let header_len = 20 + self.options.len();
        let total = (header_len + inside.len()) as u16;
        let mut out = vec![0x40 | (header_len / 4) as u8, 0xb9];
        out.extend(total.to_be_bytes());
        out.extend([0x12, 0x34]);
        out.extend(self.fragment.to_be_bytes());
        out.extend([57, self.protocol, 0, 0]);
        out.extend(self.src);
        out.extend(self.dst);
        out.extend(self.options);
        out.extend(inside);
        out
    }
}

/// 2001:db8::1 → 2001:db8::2, class 0xb9, hop limit 60.
pub fn ipv6(next: u8, inside: &[u8]) -> Vec<u8> {
    let mut out = vec![0x6b, 0x90, 0, 0];
    out.extend((inside.len() as u16).to_be_bytes());
    out.extend([next, 60]);
    for last in [1u8, 2] {
        out.extend([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    out.extend(inside);
    out
}

pub fn udp(payload: &[u8]) -> Vec<u8> {
    let len = (8 + payload.len()) as u16;
    [&50000u16.to_be_bytes()[..], &27015u16.to_be_bytes(), &len.to_be_bytes(), &[0, 0], payload].concat()
}

/// seq 0x01020304, ack 0x05060708, window 500; `options` padded to words.
pub fn tcp(flags: u16, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut options = options.to_vec();
    options.resize(options.len().next_multiple_of(4), 0);
    let offset = ((20 + options.len()) / 4) as u16;
    let mut out = vec![];
    out.extend(443u16.to_be_bytes());
    out.extend(51000u16.to_be_bytes());
    out.extend([1, 2, 3, 4, 5, 6, 7, 8]);
    out.extend((offset << 12 | flags).to_be_bytes());
    out.extend(500u16.to_be_bytes());
    out.extend([0, 0, 0, 0]);
    out.extend(options);
    out.extend(payload);
    out
}

/// Timestamps 7 and 9 with two no-operations before, as stacks send them.
pub const TIMESTAMPS: [u8; 12] = [1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9];

/// A set that touches every layer, for cutting and mutating: (LINKTYPE, frame).
pub fn one_of_each() -> Vec<(u32, Vec<u8>)> {
    let datagram = udp(b"a game state update of some length");
    let segment = tcp(0x18, &TIMESTAMPS, b"hello");
    let syn = tcp(2, &[2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7], &[]);
    let sack = tcp(0x10, &[1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4], &[]);
    let v4 = IPV4.wrap(&datagram);
    let v4_tcp = Ipv4 { protocol: TCP, ..IPV4 }.wrap(&segment);
    let routed = ipv6(
        0,
        &[&[43, 0, 1, 4, 0, 0, 0, 0], &[44, 0, 0, 0, 0, 0, 0, 0], &[17, 0, 0, 0, 0, 0, 0, 9][..], &datagram].concat(),
    );
    let gre =
        Ipv4 { protocol: 47, ..IPV4 }.wrap(&[&[0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2][..], &v4].concat());
    let bridged = Ipv4 { protocol: 47, ..IPV4 }
        .wrap(&[&[0, 0, 0x65, 0x58][..], &ethernet(0x8100, &vlan(9, 0x86dd, &routed))].concat());
    let raw = v4.clone();
    vec![
        (1, ethernet(0x0800, &v4)),
        (1, ethernet(0x0800, &v4_tcp)),
        (1, ethernet(0x8100, &vlan(7, 0x86dd, &ipv6(6, &syn)))),
        (1, ethernet(0x86dd, &ipv6(6, &sack))),
        (1, ethernet(0x88a8, &vlan(3, 0x8100, &vlan(4, 0x0800, &v4)))),
        (1, ethernet(0x86dd, &routed)),
        (1, ethernet(0x0800, &gre)),
        (1, ethernet(0x0800, &bridged)),
        (1, ethernet(0x0800, &Ipv4 { protocol: 41, ..IPV4 }.wrap(&routed))),
        (
            1,
            ethernet(
                0x0800,
                &Ipv4 { protocol: 51, ..IPV4 }.wrap(&[&[17, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1][..], &datagram].concat()),
            ),
        ),
        (1, ethernet(0x0800, &Ipv4 { options: &[7, 7, 4, 0, 0, 0, 0, 0], ..IPV4 }.wrap(&datagram))),
        (1, ethernet(0x0800, &Ipv4 { protocol: 1, ..IPV4 }.wrap(&[&[3, 4, 0, 0, 0, 0, 5, 120][..], &v4].concat()))),
        (1, ethernet(0x8864, &[&[0x11, 0, 0, 1, 0, v4.len() as u8 + 2, 0, 0x21][..], &v4].concat())),
        (1, ethernet(0x8847, &[&[0, 1, 0, 64, 0, 2, 1, 64][..], &v4].concat())),
        (1, ethernet(v4.len() as u16 + 8, &[&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0][..], &v4].concat())),
        (1, ethernet(0x0806, &[0; 28])),
        (113, [&[0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0][..], &v4].concat()),
        (276, [&[8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0][..], &v4].concat()),
        (0, [&[30, 0, 0, 0][..], &routed].concat()),
        (108, [&[0, 0, 0, 2][..], &v4].concat()),
        (9, [&[0xff, 3, 0, 0x21][..], &v4].concat()),
        (104, [&[0x0f, 0, 8, 0][..], &v4].concat()),
        (101, v4.clone()),
        (105, [&[8, 1, 0, 0][..], &[1; 18], &[0x10, 0, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &raw].concat()),
        (
            127,
            [&[0, 0, 8, 0, 0, 0, 0, 0, 8, 1, 0, 0][..], &[1; 18], &[0, 0, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &raw].concat(),
        ),
        (
            192,
            [&[0, 0, 8, 0, 105, 0, 0, 0, 8, 1, 0, 0][..], &[1; 18], &[0, 0, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &raw]
                .concat(),
        ),
        (107, [&[0x18, 0x41, 3, 0xcc][..], &raw].concat()),
        (239, [&[2, 0, 0, 0, 8, 0, 1, 0, 8, 0, 1, 0, raw.len() as u8 + 4, 0, 9, 0][..], &raw].concat()),
        (197, [&[1, 2, 3, 4, 5, 6, 7, 8, 22, 4, 0, 0, 0, 0, 0, raw.len() as u8][..], &raw].concat()),
        (1, tunnelled(4789, &[&[8, 0, 0, 0, 0, 0, 7, 0][..], &ethernet(0x0800, &raw)].concat())),
        (1, tunnelled(6081, &[&[0, 0, 0x65, 0x58, 0, 0, 7, 0][..], &ethernet(0x0800, &raw)].concat())),
        (1, tunnelled(2152, &[&[0x30, 0xff, 0, raw.len() as u8, 0, 0, 0, 7][..], &raw].concat())),
        (1, tunnelled(1701, &[&[0, 2, 0, 7, 0, 1, 0xff, 3, 0, 0x21][..], &raw].concat())),
        (1, ethernet(0x8847, &[&[0, 1, 1, 64, 0, 0, 0, 0][..], &ethernet(0x0800, &raw)].concat())),
        (1, ethernet(0x88e7, &[&[0, 0, 0, 7][..], &ethernet(0x0800, &raw)].concat())),
    ]
}

fn tunnelled(port: u16, payload: &[u8]) -> Vec<u8> {
    let mut datagram = udp(payload);
    datagram[2..4].copy_from_slice(&port.to_be_bytes());
    ethernet(0x0800, &IPV4.wrap(&datagram))
}
