//! Votes → which flow is which, and which way its lanes travel.

use crate::flows::{Flow, Flows};
use crate::hash::Table;
use crate::votes::{Tally, Witness};

/// Votes that settle a flow, their share, and the lead over the second best.
const MIN_VOTES: u32 = 8;
const SHARE_PERCENT: u32 = 90;
const LEAD: u32 = 2;
/// A one-way flow's delay must be so many times nearer to one direction's usual one than to the other's.
const CLEARLY: i64 = 4;

/// By which rule a flow was joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// At least 8 votes, at least 90 % of all votes of either flow, twice the second best.
    Votes = 0,
    /// Fewer packets than that: every vote agrees, one of them by a content that chance does not repeat, and the votes are
    /// half of the smaller flow's packets or more.
    SmallFlow = 1,
    /// As either, but by what a gateway leaves alone: data behind moved sequence numbers, datagrams behind rewritten heads.
    Aligned = 2,
    /// All contents repeat. Its two hosts are those of flows joined by votes, or its addresses and ports are the same at both
    /// ends, and no other flow of these hosts has the same contents.
    SameHosts = 3,
}

/// How packets of one way are compared.
#[derive(Clone, Copy, Debug, Default)]
pub struct Way {
    /// By the key without what was rewritten.
    pub is_aligned: bool,
    /// Sequence number at the server minus that at the client.
    pub delta: u32,
    /// UDP checksum at the server minus that at the client, where it is one number for the whole way.
    pub checksum: Option<u16>,
}

/// One flow at both ends.
#[derive(Clone, Copy, Debug)]
pub struct Joined {
    /// Flow numbers at the client's and the server's end.
    pub flows: [u32; 2],
    /// Lane bit at each end of what travels toward the server.
    pub forward: [u32; 2],
    pub rule: Rule,
    pub votes: u32,
    pub against: u32,
    /// Is the way known from times or TTLs, not supposed from ports?
    pub is_way_known: bool,
    /// Toward the server, toward the client.
    pub ways: [Way; 2],
    /// Does TSval tell one sending from another, or is it moved on the way?
    pub keeps_tsval: bool,
    /// See `Tally::keeps_acks`.
    pub keeps_acks: bool,
    /// Receiver time minus sender time at the flow's beginning, by way: the smallest of its first unique contents.
    pub first_delay: [Option<i64>; 2],
}

/// What a lane is to the matcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Not of this path, as far as can be told: in no figure.
    Other,
    /// Lane of a joined flow: its number, and 0 toward the server or 1 toward the client.
    Joined(u32, usize),
    /// Of no joined flow, but toward a service whose other traffic nearly all goes over this path.
    OnPath(usize),
}

#[derive(Clone, Copy, Debug, Default)]
struct Best {
    votes: u32,
    second: u32,
    total: u32,
    other: u32,
}

impl Best {
    fn add(&mut self, votes: u32, other: u32) {
        self.total += votes;
        if votes > self.votes {
            self.second = self.votes;
            self.votes = votes;
            self.other = other;
        } else {
            self.second = self.second.max(votes);
        }
    }

    fn is_clear(&self) -> bool {
        self.votes >= MIN_VOTES && self.votes * 100 >= self.total * SHARE_PERCENT && self.votes >= LEAD * self.second
    }
}

/// Joins flows; in the order of their first packets at the client.
pub fn join(all: &[((u32, u32), Tally)], flows: [&Flows; 2], repeating: &Table<u64, ()>) -> Vec<Joined> {
    let tallies = &outer_views(all, flows);
    let mut best: [Table<u32, Best>; 2] = Default::default();
    for ((a, b), tally) in tallies.iter().filter(|(_, tally)| tally.support() > 0) {
        let [clients, servers] = &mut best;
        clients.entry(*a).or_default().add(tally.support(), *b);
        servers.entry(b / 2).or_default().add(tally.support(), *a);
    }
    let [clients, servers] = &best;
    let mut joined = Vec::new();
    let mut undecided = Vec::new();
    let mut way_sums = [(0i64, 0i64); 2];
    for ((a, b), tally) in tallies.iter().filter(|(_, tally)| tally.support() > 0) {
        let support = tally.support();
        let (Some(client), Some(server)) = (clients.get(a), servers.get(&(b / 2))) else { continue };
        if client.other != *b || server.other != *a {
            continue;
        }
        let packets = |flows: &Flows, flow: u32| flows.get(flow).map_or(0, |flow| flow.packets.iter().sum::<u32>());
        let [at_client, at_server] = flows;
        let smaller = packets(at_client, *a).min(packets(at_server, b / 2));
        let rule = if client.is_clear() && server.is_clear() {
            Rule::Votes
        } else if client.total == support && server.total == support && tally.distinctive > 0 && support * 2 >= smaller
        {
            Rule::SmallFlow
        } else {
            continue;
        };
        let rule = if tally.votes == 0 { Rule::Aligned } else { rule };
        let order = if tally.time_order != 0 { tally.time_order } else { tally.ttl_order };
        let turned = b & 1;
        let forward = if order < 0 { 1 } else { 0 };
        let entry = Joined {
            flows: [*a, b / 2],
            forward: [forward, forward ^ turned],
            rule,
            votes: support,
            against: client.total.max(server.total) - support,
            is_way_known: order != 0,
            ways: [way_of(tally, forward), way_of(tally, 1 - forward)],
            keeps_tsval: tally.same_tsval > 0,
            keeps_acks: tally.keeps_acks(),
            first_delay: [0, 1].map(|way| first_delay(tally, forward, way, repeating)),
        };
        if order == 0 {
            undecided.push((joined.len(), *tally));
        } else {
            for (lane, (sum, count)) in tally.sums.iter().enumerate() {
                let way = lane ^ forward as usize;
                if let Some((total, votes)) = way_sums.get_mut(way) {
                    *total = total.saturating_add(*sum);
                    *votes += i64::from(*count);
                }
            }
        }
        joined.push(entry);
    }
    for (index, tally) in undecided {
        let Some(entry) = joined.get_mut(index) else { continue };
        let Some(flow) = flows.first().and_then(|flows| flows.get(entry.flows[0])) else { continue };
        let turned = entry.forward[0] ^ entry.forward[1];
        let (lane, (sum, count)) = if tally.sums[0].1 > 0 { (0, tally.sums[0]) } else { (1, tally.sums[1]) };
        // Next to the packets whose way is known it is the nearer of the two; without any the higher port is the client.
        let toward_server = match way_sums {
            [(forward, f), (back, b)] if f > 0 && b > 0 && forward / f != back / b && count > 0 => {
                let mean = sum / i64::from(count);
                let (near, far) = ((mean - forward / f).abs(), (mean - back / b).abs());
                entry.is_way_known = near.min(far) * CLEARLY < near.max(far);
                if near <= far {
                    lane
                } else {
                    1 - lane
                }
            }
            _ if flow.has_ports => u32::from(flow.low_port < flow.high_port),
            _ => lane,
        };
        if toward_server != entry.forward[0] {
            entry.ways.swap(0, 1);
        }
        entry.forward = [toward_server, toward_server ^ turned];
        entry.first_delay = [0, 1].map(|way| first_delay(&tally, toward_server, way, repeating));
    }
    let repeating = same_hosts(tallies, &joined, flows);
    joined.extend(repeating);
    let first = |entry: &Joined| {
        let frame = |end: usize| flows.get(end).zip(entry.flows.get(end)).and_then(|(flows, flow)| flows.get(*flow));
        [0, 1].map(|end| frame(end).map_or(u32::MAX, |flow| flow.first_frame))
    };
    joined.sort_by_key(first);
    joined
}

/// Has the flow the same addresses and ports at both ends?
fn is_untranslated(a: u32, b: u32, [client, server]: [&Flows; 2]) -> bool {
    let (Some(client), Some(server)) = (client.get(a), server.get(b / 2)) else { return false };
    client.has_ports && client.ends(0) == server.ends(b as usize & 1)
}

/// Where an end shows packets twice, the pairs of flows that are next to the path: those with the smaller round trip.
fn outer_views(all: &[((u32, u32), Tally)], flows: [&Flows; 2]) -> Vec<((u32, u32), Tally)> {
    let mut rivals: [Table<u32, Vec<usize>>; 2] = Default::default();
    for (index, ((a, b), tally)) in all.iter().enumerate() {
        if tally.support() > 0 {
            for (table, flow) in rivals.iter_mut().zip([*a, b / 2]) {
                table.entry(flow).or_default().push(index);
            }
        }
    }
    let same: Vec<bool> = all.iter().map(|((a, b), _)| is_untranslated(*a, *b, flows)).collect();
    let is_same = |index: &usize| same.get(*index).copied().unwrap_or_default();
    let is_inner = |index: usize, tally: &Tally, flow: [u32; 2]| {
        rivals.iter().zip(flow).any(|(table, flow)| {
            table.get(&flow).into_iter().flatten().any(|other| {
                let Some((_, rival)) = all.get(*other) else { return false };
                if *other == index {
                    return false;
                }
                // The same addresses and ports at both ends are nobody's chance.
                match (is_same(other), is_same(&index)) {
                    (true, false) if rival.support() * 2 >= tally.support() => return true,
                    (false, true) => return false,
                    _ if rival.views + tally.views == 0 => return false,
                    _ => {}
                }
                let (more, less) = (rival.support(), tally.support());
                if more * 10 < less * 8 {
                    return false;
                }
                // About as many votes: then the round trip decides.
                more * 8 > less * 10
                    || match (rival.round_trip(), tally.round_trip()) {
                        (Some(near), Some(far)) => near < far,
                        (Some(_), None) => true,
                        _ => false,
                    }
            })
        })
    };
    all.iter()
        .enumerate()
        .filter(|(index, ((a, b), tally))| !is_inner(*index, tally, [*a, b / 2]))
        .map(|(_, entry)| *entry)
        .collect()
}

/// How a lane of the client's flow is compared.
fn way_of(tally: &Tally, lane: u32) -> Way {
    let unique = tally.sums.get(lane as usize).map_or(0, |(_, count)| *count);
    let aligned = tally.aligned.get(lane as usize).copied().unwrap_or_default();
    let is_aligned = aligned.votes > 0 && unique * 8 < aligned.votes;
    let checksum = tally.witness.get(lane as usize).and_then(Witness::delta).filter(|_| !is_aligned);
    Way { is_aligned, delta: if is_aligned { aligned.delta } else { 0 }, checksum }
}

/// What the first votes of a way say about its delay; `forward` is the client's lane toward the server.
fn first_delay(tally: &Tally, forward: u32, way: u32, repeating: &Table<u64, ()>) -> Option<i64> {
    tally.early.get((forward ^ way) as usize)?.smallest_delay(way == 0, repeating)
}

type Hosts = ([u8; 16], [u8; 16]);

fn hosts(flow: &Flow, lane: u32) -> Hosts {
    let ((source, _), (destination, _)) = flow.ends(lane as usize);
    (source, destination)
}

/// Flows without any content of their own.
fn same_hosts(tallies: &[((u32, u32), Tally)], joined: &[Joined], flows: [&Flows; 2]) -> Vec<Joined> {
    let [at_client, at_server] = flows;
    let taken: [Table<u32, ()>; 2] =
        [0, 1].map(|end: usize| joined.iter().filter_map(|entry| Some((*entry.flows.get(end)?, ()))).collect());
    // Hosts of what travels toward the server, at both ends, and the smallest delays that unique contents between them show.
    let mut known: Table<(Hosts, Hosts), [Option<i64>; 2]> = Table::default();
    for entry in joined {
        let (Some(client), Some(server)) = (at_client.get(entry.flows[0]), at_server.get(entry.flows[1])) else {
            continue;
        };
        let ends = (hosts(client, entry.forward[0]), hosts(server, entry.forward[1]));
        let least = known.entry(ends).or_default();
        for (least, first) in least.iter_mut().zip(entry.first_delay) {
            *least = (*least).into_iter().chain(first).min();
        }
    }
    let mut found: Vec<(Joined, bool)> = Vec::new();
    for ((a, b), tally) in tallies {
        if tally.repeated == 0 || taken[0].contains_key(a) || taken[1].contains_key(&(b / 2)) {
            continue;
        }
        let (Some(client), Some(server)) = (at_client.get(*a), at_server.get(b / 2)) else { continue };
        let turned = b & 1;
        let is_same = client.has_ports && client.ends(0) == server.ends(turned as usize);
        if !is_same && tally.repeated < 2 {
            continue;
        }
        let has_same_ports = client.ends(0).0 .1 == server.ends(turned as usize).0 .1
            && client.ends(0).1 .1 == server.ends(turned as usize).1 .1;
        let by_hosts = (0..2u32).find_map(|lane| {
            let first_delay = known.get(&(hosts(client, lane), hosts(server, lane ^ turned)))?;
            Some((lane, *first_delay))
        });
        let order = if tally.time_order != 0 { tally.time_order } else { tally.ttl_order };
        let forward = match by_hosts {
            Some((lane, _)) => lane,
            None if !is_same => continue,
            None if order != 0 => u32::from(order < 0),
            None => u32::from(client.low_port < client.high_port),
        };
        let entry = Joined {
            flows: [*a, b / 2],
            forward: [forward, forward ^ turned],
            rule: Rule::SameHosts,
            votes: 0,
            against: 0,
            is_way_known: by_hosts.is_some() || order != 0,
            ways: Default::default(),
            keeps_tsval: false,
            keeps_acks: false,
            first_delay: by_hosts.map(|(_, first_delay)| first_delay).unwrap_or_default(),
        };
        found.push((entry, is_same || has_same_ports));
    }
    // Several candidates: the one with the same ports, else none.
    let is_only = |entry: &Joined, same: bool| {
        (0..2usize).all(|end| {
            let rivals = found
                .iter()
                .filter(|(other, _)| other.flows.get(end) == entry.flows.get(end) && other.flows != entry.flows);
            let mut rivals = rivals.peekable();
            rivals.peek().is_none() || same && rivals.all(|(_, rival)| !rival)
        })
    };
    found.iter().filter(|(entry, same)| is_only(entry, *same)).map(|(entry, _)| *entry).collect()
}

/// So many of 100 packets toward a host must be of joined flows for the others to count as sent over the path.
const ON_PATH_PERCENT: u64 = 90;

/// What each lane of both ends is.
pub fn roles(joined: &[Joined], flows: [&Flows; 2]) -> [Vec<Role>; 2] {
    let mut roles = flows.map(|flows| vec![Role::Other; flows.list().len() * 2]);
    for (number, entry) in joined.iter().enumerate() {
        for end in 0..2 {
            let (Some(flow), Some(forward)) = (entry.flows.get(end), entry.forward.get(end)) else { continue };
            for way in 0..2 {
                let lane = *flow as usize * 2 + (*forward as usize ^ way);
                if let Some(role) = roles.get_mut(end).and_then(|roles| roles.get_mut(lane)) {
                    *role = Role::Joined(number as u32, way);
                }
            }
        }
    }
    for end in 0..2 {
        // Packets this end sends over the path: way 0 from the client's end, way 1 from the server's.
        let (Some(flows), Some(roles)) = (flows.get(end), roles.get_mut(end)) else { continue };
        let mut toward: Table<([u8; 16], u16, u8), (u64, u64)> = Table::default();
        let mut lanes = Vec::new();
        for (number, flow) in flows.list().iter().enumerate() {
            for lane in 0..2 {
                let Some(role) = roles.get(number * 2 + lane) else { continue };
                let (_, (host, port)) = flow.ends(lane);
                // A capture may have been filtered by service: another port says nothing.
                let service = (host, port, flow.protocol);
                let packets = flow.packets.get(lane).copied().map_or(0, u64::from);
                let (on, all) = toward.entry(service).or_default();
                match role {
                    Role::Joined(_, way) if *way == end => *on += packets,
                    Role::Joined(..) => continue,
                    _ => lanes.push((number * 2 + lane, service)),
                }
                *all += packets;
            }
        }
        for (lane, service) in lanes {
            let Some((on, all)) = toward.get(&service) else { continue };
            if *on > 0 && on * 100 >= all * ON_PATH_PERCENT {
                if let Some(role) = roles.get_mut(lane) {
                    *role = Role::OnPath(end);
                }
            }
        }
    }
    roles
}
