//! Votes → which flow is which, and which way its lanes travel.

use crate::flows::Flows;
use crate::hash::Table;
use crate::votes::Tally;

/// Votes that settle a flow, their share, and the lead over the second best.
const MIN_VOTES: u32 = 8;
const SHARE_PERCENT: u32 = 90;
const LEAD: u32 = 2;

/// By which rule a flow was joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// At least 8 votes, at least 90 % of all votes of either flow, twice the second best.
    Votes = 0,
    /// Fewer packets than that: every vote agrees, one of them by a content that chance does not repeat, and the votes are
    /// half of the smaller flow's packets or more.
    SmallFlow = 1,
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

/// Joins flows; in the order of the client's flow numbers.
pub fn join(tallies: &[((u32, u32), Tally)], flows: [&Flows; 2]) -> Vec<Joined> {
    let mut best: [Table<u32, Best>; 2] = Default::default();
    for ((a, b), tally) in tallies {
        let [clients, servers] = &mut best;
        clients.entry(*a).or_default().add(tally.votes, *b);
        servers.entry(b / 2).or_default().add(tally.votes, *a);
    }
    let [clients, servers] = &best;
    let mut joined = Vec::new();
    let mut undecided = Vec::new();
    let mut way_sums = [(0i64, 0i64); 2];
    for ((a, b), tally) in tallies {
        let (Some(client), Some(server)) = (clients.get(a), servers.get(&(b / 2))) else { continue };
        if client.other != *b || server.other != *a {
            continue;
        }
        let packets = |flows: &Flows, flow: u32| flows.get(flow).map_or(0, |flow| flow.packets.iter().sum::<u32>());
        let [at_client, at_server] = flows;
        let smaller = packets(at_client, *a).min(packets(at_server, b / 2));
        let rule = if client.is_clear() && server.is_clear() {
            Rule::Votes
        } else if client.total == tally.votes
            && server.total == tally.votes
            && tally.distinctive > 0
            && tally.votes * 2 >= smaller
        {
            Rule::SmallFlow
        } else {
            continue;
        };
        let order = if tally.time_order != 0 { tally.time_order } else { tally.ttl_order };
        let turned = b & 1;
        let forward = if order < 0 { 1 } else { 0 };
        let entry = Joined {
            flows: [*a, b / 2],
            forward: [forward, forward ^ turned],
            rule,
            votes: tally.votes,
            against: client.total.max(server.total) - tally.votes,
            is_way_known: order != 0,
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
                entry.is_way_known = true;
                if (mean - forward / f).abs() <= (mean - back / b).abs() {
                    lane
                } else {
                    1 - lane
                }
            }
            _ if flow.has_ports => u32::from(flow.low_port < flow.high_port),
            _ => lane,
        };
        entry.forward = [toward_server, toward_server ^ turned];
    }
    joined
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
