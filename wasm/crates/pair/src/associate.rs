//! Votes → which flow is which, and which way its lanes travel.

use crate::flows::{Flow, Flows};
use crate::hash::Table;
use crate::votes::{Tally, Witness};

/// Votes that settle a flow, their share, and the lead over the second best.
const MIN_VOTES: u32 = 8;
const SHARE_PERCENT: u32 = 90;
const LEAD: u32 = 2;
/// Names of one flow follow each other: of the shorter one's time they share less than one in so many.
const OVERLAP_PART: u32 = 10;
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

/// A flow that goes on under another name at one end: a translator forgot its mapping and made a new one, or its client did.
#[derive(Clone, Copy, Debug)]
pub struct Renamed {
    /// End at which it has another name, and its number there.
    pub end: usize,
    pub flow: u32,
    /// Lane bit of what travels toward the server.
    pub forward: u32,
    /// Of which joined flow, by number.
    pub joined: usize,
}

/// Who votes for a flow: a flow of the other end, whether its lanes are the other way round, and how often.
#[derive(Clone, Copy, Debug)]
struct Partner {
    flow: u32,
    turned: u32,
    votes: u32,
}

/// Partners of one flow, most votes first; those that are it one after the other, and what speaks against them.
#[derive(Debug, Default)]
struct Best {
    group: Vec<Partner>,
    votes: u32,
    second: u32,
    total: u32,
}

impl Best {
    /// `is_own`: does a partner vote for nobody else? `overlap`: are two partners there at the same time?
    fn of(
        partners: &[Partner],
        is_own: impl Fn(&Partner) -> bool,
        overlap: impl Fn(&Partner, &Partner) -> bool,
    ) -> Self {
        let mut sorted = partners.to_vec();
        sorted.sort_by_key(|partner| (core::cmp::Reverse(partner.votes), partner.flow, partner.turned));
        let mut best = Best::default();
        for partner in sorted {
            best.total += partner.votes;
            let follows = || is_own(&partner) && !best.group.iter().any(|other| overlap(other, &partner));
            if best.group.is_empty() || (partner.votes >= MIN_VOTES && follows()) {
                best.votes += partner.votes;
                best.group.push(partner);
            } else {
                best.second = best.second.max(partner.votes);
            }
        }
        best
    }

    fn is_first(&self, flow: u32, turned: u32) -> bool {
        self.group.first().is_some_and(|first| (first.flow, first.turned) == (flow, turned))
    }

    fn is_clear(&self) -> bool {
        self.votes >= MIN_VOTES && self.votes * 100 >= self.total * SHARE_PERCENT && self.votes >= LEAD * self.second
    }
}

/// Best partners of the flows of both ends.
fn bests(tallies: &[((u32, u32), Tally)], flows: [&Flows; 2]) -> [Table<u32, Best>; 2] {
    let mut partners: [Table<u32, Vec<Partner>>; 2] = Default::default();
    for ((a, b), tally) in tallies.iter().filter(|(_, tally)| tally.support() > 0) {
        let [clients, servers] = &mut partners;
        let (turned, votes) = (b & 1, tally.support());
        clients.entry(*a).or_default().push(Partner { flow: b / 2, turned, votes });
        servers.entry(b / 2).or_default().push(Partner { flow: *a, turned, votes });
    }
    // A name that moves its numbers, too, is another flow.
    let is_plain = |end: usize, own: u32, partner: &Partner| {
        let (a, b) = if end == 0 { (own, partner.flow) } else { (partner.flow, own) };
        let found = tallies.binary_search_by_key(&(a, (b * 2) | partner.turned), |(key, _)| *key);
        found.ok().and_then(|at| tallies.get(at)).is_some_and(|(_, tally)| tally.votes > 0)
    };
    [0, 1].map(|end: usize| {
        let (Some(own), Some(others)) = (partners.get(end), partners.get(1 - end)) else { return Table::default() };
        let spans = flows.get(1 - end);
        let span = |partner: &Partner| {
            let flow = spans.and_then(|flows| flows.get(partner.flow));
            flow.map_or((0, u32::MAX), |flow| (flow.first_frame, flow.last_frame))
        };
        let overlap = |a: &Partner, b: &Partner| {
            let ((from, to), (other_from, other_to)) = (span(a), span(b));
            let shared = to.min(other_to).saturating_sub(from.max(other_from));
            let shorter = to.saturating_sub(from).min(other_to.saturating_sub(other_from));
            shared > shorter / OVERLAP_PART
        };
        let best = |(flow, list): (&u32, &Vec<Partner>)| {
            let is_own = |partner: &Partner| {
                let total: u32 = others.get(&partner.flow).into_iter().flatten().map(|other| other.votes).sum();
                partner.votes * 100 >= total * SHARE_PERCENT && is_plain(end, *flow, partner)
            };
            (*flow, Best::of(list, is_own, overlap))
        };
        own.iter().map(best).collect()
    })
}

/// Joins flows; in the order of their first packets at the client.
pub fn join(
    all: &[((u32, u32), Tally)],
    flows: [&Flows; 2],
    repeating: &Table<u64, ()>,
) -> (Vec<Joined>, Vec<Renamed>) {
    let tallies = &outer_views(all, flows);
    let [clients, servers] = &bests(tallies, flows);
    let mut joined = Vec::new();
    let mut undecided = Vec::new();
    let mut way_sums = [(0i64, 0i64); 2];
    for ((a, b), tally) in tallies.iter().filter(|(_, tally)| tally.support() > 0) {
        let support = tally.support();
        let (Some(client), Some(server)) = (clients.get(a), servers.get(&(b / 2))) else { continue };
        if !client.is_first(b / 2, b & 1) || !server.is_first(*a, b & 1) {
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
            against: (client.total - client.votes).max(server.total - server.votes),
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
    for entry in &mut joined {
        let [a, b] = entry.flows;
        let names = |best: &Table<u32, Best>, flow: u32| best.get(&flow).map_or(0, |best| best.group.len());
        if names(clients, a) + names(servers, b) > 2 {
            // Another name, another constant.
            entry.ways.iter_mut().for_each(|way| way.checksum = None);
        }
    }
    let renamed = |joined: &[Joined]| {
        let mut list = Vec::new();
        for (number, entry) in joined.iter().enumerate().filter(|(_, entry)| entry.rule != Rule::SameHosts) {
            let [a, b] = entry.flows;
            for (end, best) in [(1, clients.get(&a)), (0, servers.get(&b))] {
                let others = best.into_iter().flat_map(|best| best.group.iter().skip(1));
                let forward = entry.forward.get(1 - end).copied().unwrap_or_default();
                list.extend(others.map(|other| Renamed {
                    end,
                    flow: other.flow,
                    forward: forward ^ other.turned,
                    joined: number,
                }));
            }
        }
        list
    };
    let repeating = same_hosts(tallies, &joined, &renamed(&joined), flows);
    joined.extend(repeating);
    let first = |entry: &Joined| {
        let frame = |end: usize| flows.get(end).zip(entry.flows.get(end)).and_then(|(flows, flow)| flows.get(*flow));
        [0, 1].map(|end| frame(end).map_or(u32::MAX, |flow| flow.first_frame))
    };
    joined.sort_by_key(first);
    let renamed = renamed(&joined);
    (joined, renamed)
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
fn same_hosts(
    tallies: &[((u32, u32), Tally)],
    joined: &[Joined],
    renamed: &[Renamed],
    flows: [&Flows; 2],
) -> Vec<Joined> {
    let [at_client, at_server] = flows;
    let taken: [Table<u32, ()>; 2] = [0, 1].map(|end: usize| {
        let own = joined.iter().filter_map(|entry| entry.flows.get(end).copied());
        own.chain(renamed.iter().filter(|name| name.end == end).map(|name| name.flow)).map(|flow| (flow, ())).collect()
    });
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
pub fn roles(joined: &[Joined], renamed: &[Renamed], flows: [&Flows; 2]) -> [Vec<Role>; 2] {
    let mut roles = flows.map(|flows| vec![Role::Other; flows.list().len() * 2]);
    let own = joined.iter().enumerate().flat_map(|(number, entry)| {
        let ends = entry.flows.into_iter().zip(entry.forward).enumerate();
        ends.map(move |(end, (flow, forward))| Renamed { end, flow, forward, joined: number })
    });
    for name in own.chain(renamed.iter().copied()) {
        for way in 0..2 {
            let lane = name.flow as usize * 2 + (name.forward as usize ^ way);
            if let Some(role) = roles.get_mut(name.end).and_then(|roles| roles.get_mut(lane)) {
                *role = Role::Joined(name.joined as u32, way);
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
