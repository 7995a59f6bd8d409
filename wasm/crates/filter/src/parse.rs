//! Words → tree. One primitive is `[protocol] [direction] [type] value`; a bare value repeats the qualifiers before it.

use crate::tokens::{tokens, Token};
use crate::{Direction, Family, Node, Prefix, Test, What};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr};

/// Why an expression is no filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum FilterFault {
    /// A word that means nothing here.
    UnknownWord = 1,
    /// The expression ends where something must follow.
    UnexpectedEnd = 2,
    /// Not an address or network in numbers.
    BadAddress = 3,
    /// Not a number in its limits.
    BadNumber = 4,
    /// A bracket that nothing opened or closed.
    Bracket = 5,
    /// Words that do not go together.
    Combination = 6,
    /// Bits set outside the mask.
    HostBits = 7,
    /// More nesting than any sane expression has.
    TooDeep = 8,
}

/// Where it went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// What is wrong.
    pub fault: FilterFault,
    /// Byte offset of the word.
    pub column: usize,
    /// Its length in bytes; 0 at the end of the expression.
    pub len: usize,
}

const MAX_DEPTH: u32 = 64;
const MAX_TOKENS: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Host,
    Net,
    Port,
    PortRange,
    Proto,
}

/// What stands before a value.
#[derive(Clone, Copy, Debug)]
struct Qualifiers {
    family: Family,
    transport: Option<u8>,
    direction: Direction,
    kind: Option<Kind>,
}

const NONE: Qualifiers = Qualifiers { family: Family::Any, transport: None, direction: Direction::Either, kind: None };

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    end: usize,
    vlans: u32,
    depth: u32,
    last: Option<Qualifiers>,
}

type Parsed<T> = Result<T, FilterError>;

pub(crate) fn parse(text: &str) -> Parsed<Option<Node>> {
    let tokens = tokens(text);
    if tokens.is_empty() {
        return Ok(None);
    }
    if tokens.len() > MAX_TOKENS {
        return Err(FilterError { fault: FilterFault::TooDeep, column: 0, len: text.len() });
    }
    let mut parser = Parser { tokens, at: 0, end: text.len(), vlans: 0, depth: 0, last: None };
    let node = parser.expression()?;
    match parser.peek() {
        None => Ok(Some(node)),
        Some(")") => Err(parser.error(FilterFault::Bracket)),
        Some(_) => Err(parser.error(FilterFault::UnknownWord)),
    }
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).map(|token| token.text)
    }

    fn take(&mut self, word: &str) -> bool {
        let is_there = self.peek() == Some(word);
        self.at += usize::from(is_there);
        is_there
    }

    fn error(&self, fault: FilterFault) -> FilterError {
        match self.tokens.get(self.at) {
            Some(token) => FilterError { fault, column: token.column, len: token.text.len() },
            None => FilterError { fault: FilterFault::UnexpectedEnd, column: self.end, len: 0 },
        }
    }

    fn value(&self) -> Parsed<&'a str> {
        let word = self.peek().ok_or(self.error(FilterFault::UnexpectedEnd))?;
        if matches!(word, "(" | ")" | "and" | "or" | "&&" | "||" | "not" | "!") {
            return Err(self.error(FilterFault::UnknownWord));
        }
        Ok(word)
    }

    fn expression(&mut self) -> Parsed<Node> {
        let mut node = self.term()?;
        loop {
            if self.take("and") || self.take("&&") {
                node = Node::And(Box::new(node), Box::new(self.term()?));
            } else if self.take("or") || self.take("||") {
                node = Node::Or(Box::new(node), Box::new(self.term()?));
            } else {
                return Ok(node);
            }
        }
    }

    fn term(&mut self) -> Parsed<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(FilterFault::TooDeep));
        }
        let node = if self.take("not") || self.take("!") {
            Node::Not(Box::new(self.term()?))
        } else if self.take("(") {
            let inner = self.expression()?;
            if !self.take(")") {
                return Err(self.error(FilterFault::Bracket));
            }
            inner
        } else {
            self.primitive()?
        };
        self.depth -= 1;
        Ok(node)
    }

    fn test(&self, what: What) -> Node {
        Node::Test(Test { vlans: self.vlans, what })
    }

    fn primitive(&mut self) -> Parsed<Node> {
        for (word, is_greater) in [("greater", true), ("less", false)] {
            if self.take(word) {
                let len = self.number(u32::MAX)?;
                return Ok(self.test(if is_greater { What::Greater(len) } else { What::Less(len) }));
            }
        }
        if self.take("vlan") {
            let is_number = self.peek().is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
            let id = if is_number { Some(self.number(4095)? as u16) } else { None };
            let node = self.test(What::Vlan(id));
            self.vlans += 1;
            return Ok(node);
        }
        let start = self.at;
        let (mut given, protocol) = self.protocol();
        given.direction = self.direction()?;
        given.kind = self.kind();
        let has_direction = self.at > start + usize::from(protocol.is_some()) + usize::from(given.kind.is_some());
        if given.kind.is_none() && !has_direction {
            if let Some(what) = protocol {
                return Ok(self.test(what));
            }
            // A bare value: what stood before the last one stands before this one too.
            let is_value = self.value()?.starts_with(|c: char| c.is_ascii_hexdigit() || c == ':' || c == '\\');
            match self.last {
                Some(last) if is_value => return self.qualified(last, start),
                None if is_value && self.value()?.contains(['.', ':']) => {
                    return self.qualified(Qualifiers { kind: Some(Kind::Host), ..NONE }, start)
                }
                _ => return Err(self.error(FilterFault::UnknownWord)),
            }
        }
        given.kind.get_or_insert(Kind::Host);
        self.qualified(given, start)
    }

    /// A protocol word, as a qualifier and as a test of its own.
    fn protocol(&mut self) -> (Qualifiers, Option<What>) {
        let of_family = |family| (Qualifiers { family, ..NONE }, Some(What::Network(family)));
        let of_number = |family, number| {
            (Qualifiers { transport: Some(number), family, ..NONE }, Some(What::Protocol(family, number)))
        };
        let found = match self.peek() {
            Some("ip") => of_family(Family::Ip),
            Some("ip6") => of_family(Family::Ip6),
            Some("arp") => of_family(Family::Arp),
            Some("rarp") => of_family(Family::Rarp),
            Some("tcp") => of_number(Family::Any, 6),
            Some("udp") => of_number(Family::Any, 17),
            Some("sctp") => of_number(Family::Any, 132),
            Some("icmp") => of_number(Family::Ip, 1),
            Some("igmp") => of_number(Family::Ip, 2),
            Some("icmp6") => of_number(Family::Ip6, 58),
            _ => return (NONE, None),
        };
        self.at += 1;
        found
    }

    fn direction(&mut self) -> Parsed<Direction> {
        for (word, other, one) in [("src", "dst", Direction::Source), ("dst", "src", Direction::Destination)] {
            if !self.take(word) {
                continue;
            }
            let next = |offset: usize| self.tokens.get(self.at + offset).map(|token| token.text);
            if next(1) == Some(other) && matches!(next(0), Some("or" | "and" | "||" | "&&")) {
                let is_or = matches!(next(0), Some("or" | "||"));
                self.at += 2;
                return Ok(if is_or { Direction::Either } else { Direction::Both });
            }
            return Ok(one);
        }
        Ok(Direction::Either)
    }

    fn kind(&mut self) -> Option<Kind> {
        let kind = match self.peek() {
            Some("host") => Kind::Host,
            Some("net") => Kind::Net,
            Some("port") => Kind::Port,
            Some("portrange") => Kind::PortRange,
            Some("proto") => Kind::Proto,
            _ => return None,
        };
        self.at += 1;
        Some(kind)
    }

    fn number(&mut self, max: u32) -> Parsed<u32> {
        let word = self.value()?;
        let parsed = match word.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => word.parse(),
        };
        match parsed {
            Ok(number) if number <= max => {
                self.at += 1;
                Ok(number)
            }
            _ => Err(self.error(FilterFault::BadNumber)),
        }
    }

    fn qualified(&mut self, given: Qualifiers, start: usize) -> Parsed<Node> {
        let Qualifiers { family, transport, direction, kind } = given;
        let has_no_address = transport.is_some() && !matches!(kind, Some(Kind::Port | Kind::PortRange));
        let has_no_port = matches!(family, Family::Arp | Family::Rarp) && !matches!(kind, Some(Kind::Host | Kind::Net));
        let has_no_ports = transport.is_some_and(|number| !matches!(number, 6 | 17 | 132));
        if has_no_address || has_no_port || has_no_ports {
            self.at = start;
            return Err(self.error(FilterFault::Combination));
        }
        self.last = Some(given);
        let what = match kind {
            Some(Kind::Port) => {
                let port = self.number(65_535)? as u16;
                What::Port(family, transport, direction, port, port)
            }
            Some(Kind::PortRange) => {
                let word = self.value()?;
                let range = word.split_once('-').and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
                let (low, high): (u16, u16) = range.ok_or(self.error(FilterFault::BadNumber))?;
                self.at += 1;
                What::Port(family, transport, direction, low.min(high), low.max(high))
            }
            Some(Kind::Proto) => {
                let number = match self.value()?.trim_start_matches('\\') {
                    "tcp" => Some(6),
                    "udp" => Some(17),
                    "icmp" => Some(1),
                    "igmp" => Some(2),
                    "icmp6" => Some(58),
                    "sctp" => Some(132),
                    _ => None,
                };
                match number {
                    Some(number) => {
                        self.at += 1;
                        What::Protocol(family, number)
                    }
                    None => What::Protocol(family, self.number(255)? as u8),
                }
            }
            Some(Kind::Net) => {
                let prefix = self.network()?;
                self.net(family, direction, prefix)?
            }
            Some(Kind::Host) | None => {
                let prefix = self.address()?;
                self.net(family, direction, prefix)?
            }
        };
        Ok(self.test(what))
    }

    fn net(&mut self, family: Family, direction: Direction, prefix: Prefix) -> Parsed<What> {
        let is_wrong = match prefix {
            Prefix::V4 { .. } => family == Family::Ip6,
            Prefix::V6 { .. } => !matches!(family, Family::Any | Family::Ip6),
        };
        if is_wrong {
            self.at = self.at.saturating_sub(1);
            return Err(self.error(FilterFault::Combination));
        }
        Ok(What::Net(family, direction, prefix))
    }

    fn address(&mut self) -> Parsed<Prefix> {
        let word = self.value()?;
        let prefix = if let Ok(address) = word.parse::<Ipv4Addr>() {
            Prefix::V4 { address: u32::from(address), mask: u32::MAX }
        } else if let Ok(address) = word.parse::<Ipv6Addr>() {
            Prefix::V6 { address: u128::from(address), mask: u128::MAX }
        } else {
            return Err(self.error(FilterFault::BadAddress));
        };
        self.at += 1;
        Ok(prefix)
    }

    /// `10`, `192.168`, `192.0.2.0/24`, `192.0.2.0 mask 255.255.255.0`, `2001:db8::/32`.
    fn network(&mut self) -> Parsed<Prefix> {
        let word = self.value()?;
        let bad = self.error(FilterFault::BadAddress);
        let (base, len) = match word.split_once('/') {
            Some((base, len)) => (base, Some(len.parse::<u32>().map_err(|_| bad)?)),
            None => (word, None),
        };
        if let Ok(address) = base.parse::<Ipv6Addr>() {
            let len = len.unwrap_or(128);
            let mask = u128::MAX.checked_shl(128 - len.min(128)).unwrap_or(0);
            let address = u128::from(address);
            if len > 128 || address & !mask != 0 {
                return Err(self.error(if len > 128 { FilterFault::BadAddress } else { FilterFault::HostBits }));
            }
            self.at += 1;
            return Ok(Prefix::V6 { address, mask });
        }
        let mut address = 0u32;
        let mut octets = 0u32;
        for part in base.split('.') {
            address = address << 8 | u32::from(part.parse::<u8>().map_err(|_| bad)?);
            octets += 1;
        }
        if octets > 4 {
            return Err(bad);
        }
        address = address.checked_shl(32 - 8 * octets).unwrap_or(0);
        let len = len.unwrap_or(8 * octets);
        if len > 32 {
            return Err(bad);
        }
        let mut mask = u32::MAX.checked_shl(32 - len).unwrap_or(0);
        let column = self.at;
        self.at += 1;
        if !word.contains('/') && self.take("mask") {
            let word = self.value()?;
            mask = word.parse::<Ipv4Addr>().map(u32::from).map_err(|_| self.error(FilterFault::BadAddress))?;
            self.at += 1;
        }
        if address & !mask != 0 {
            self.at = column;
            return Err(self.error(FilterFault::HostBits));
        }
        Ok(Prefix::V4 { address, mask })
    }
}
