//! The path itself: packets in, each one's fate decided at once, packets out when their time has come.

use crate::config::{Config, Way};
use crate::fate::{Fate, Log, Record};
use crate::link::{remarked, Losses, Queue};
use crate::napt::Napt;
use crate::packet::{self, layout, Layout};
use crate::random::Random;
use crate::system::{monotonic_ns, realtime_ns, Tun, Waiter, TIMER_TOKEN};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Read, Write};

const STDIN_TOKEN: u64 = u64::MAX - 1;
const SERVER_TOKEN: u64 = u64::MAX - 2;
/// The timer wakes us late by up to so much; the rest is waited out awake.
const SPIN_NS: i64 = 120_000;
/// A clock that is set in between must not send a packet off to another time.
const MOST_WAKING_NS: i64 = 50_000_000;
/// A copy comes this much behind its original.
const COPY_BEHIND_NS: i64 = 250_000;

/// The same instant on the clock that delays are kept by: a packet is delayed from when it was sent, not from when we woke.
fn monotonic_at(utc_ns: i64) -> i64 {
    let woken = (realtime_ns() - utc_ns).clamp(0, MOST_WAKING_NS);
    monotonic_ns() - woken
}

struct Waiting {
    due_ns: i64,
    number: u64,
    to_server: bool,
    bytes: Vec<u8>,
    record: Record,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Waiting) -> bool {
        self.number == other.number
    }
}
impl Eq for Waiting {}
impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Waiting) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Waiting {
    fn cmp(&self, other: &Waiting) -> std::cmp::Ordering {
        (self.due_ns, self.number).cmp(&(other.due_ns, other.number))
    }
}

pub struct Router {
    config: Config,
    log: Log,
    server: Tun,
    homes: Vec<Tun>,
    napt: Napt,
    /// By cohort, then direction.
    queues: Vec<[Queue; 2]>,
    /// By home, then direction.
    losses: Vec<[Losses; 2]>,
    chances: Random,
    /// What changes of route have added, by cohort and direction: delay, hops.
    routes: Vec<[(i64, i32); 2]>,
    changes_made: usize,
    started_ns: i64,
    waiting: BinaryHeap<Reverse<Waiting>>,
    number: u64,
}

impl Router {
    pub fn new(config: Config) -> io::Result<Router> {
        let seed = config.seed;
        let server = Tun::create(&config.server.namespace, &config.server.device)?;
        let homes = config
            .homes
            .iter()
            .map(|home| Tun::create(&home.device.namespace, &home.device.device))
            .collect::<io::Result<Vec<Tun>>>()?;
        let mut napt = Napt::default();
        for home in &config.homes {
            napt.add_home(home.public, &home.ports, seed);
        }
        let queues = config
            .cohorts
            .iter()
            .map(|cohort| {
                let queue = |way: &str| Queue::new(seed, &format!("queue {} {}", cohort.name, way));
                [queue("up"), queue("down")]
            })
            .collect();
        let losses = config
            .homes
            .iter()
            .map(|home| {
                let losses = |way: &str| Losses::new(seed, &format!("losses {} {}", home.name, way));
                [losses("up"), losses("down")]
            })
            .collect();
        let routes = config.cohorts.iter().map(|_| [(0, 0), (0, 0)]).collect();
        Ok(Router {
            log: Log::create(&config.fates)?,
            chances: Random::new(seed, "chances"),
            config,
            server,
            homes,
            napt,
            queues,
            losses,
            routes,
            changes_made: 0,
            started_ns: monotonic_ns(),
            waiting: BinaryHeap::new(),
            number: 0,
        })
    }

    /// Until standard input ends: so the path ends with whoever set it up, however that ended.
    pub fn run(mut self) -> io::Result<()> {
        let waiter = Waiter::new()?;
        waiter.watch(0, STDIN_TOKEN)?;
        waiter.watch(self.server.fd(), SERVER_TOKEN)?;
        for (index, home) in self.homes.iter().enumerate() {
            waiter.watch(home.fd(), index as u64)?;
        }
        let mut ready = Vec::with_capacity(64);
        let mut buffer = vec![0u8; 65536];
        loop {
            self.release()?;
            let next = self.waiting.peek().map(|Reverse(first)| first.due_ns);
            let may_sleep = next.map_or(true, |due| due - monotonic_ns() > SPIN_NS);
            if may_sleep {
                waiter.set_deadline(next.map(|due| due - SPIN_NS))?;
            }
            waiter.wait(may_sleep, &mut ready);
            for &token in &ready {
                match token {
                    STDIN_TOKEN => {
                        let read = io::stdin().read(&mut buffer)?;
                        if read == 0 {
                            return self.end();
                        }
                        for _ in buffer[..read].iter().filter(|&&byte| byte == b'\n') {
                            self.make_changes()?;
                        }
                    }
                    // It stays readable until it is set anew, which the next sleep does.
                    TIMER_TOKEN => waiter.set_deadline(None)?,
                    SERVER_TOKEN => {
                        while let Some((len, at_ns)) = self.server.receive(&mut buffer) {
                            self.take_from_server(&buffer[..len], at_ns)?;
                        }
                    }
                    home => {
                        let home = home as usize;
                        while let Some((len, at_ns)) = self.homes[home].receive(&mut buffer) {
                            self.take_from_home(home, &buffer[..len], at_ns)?;
                        }
                    }
                }
            }
        }
    }

    fn end(mut self) -> io::Result<()> {
        while let Some(Reverse(left)) = self.waiting.pop() {
            self.log.add(&Record { fate: Fate::UnderWay, ..left.record })?;
        }
        let untimed: u64 = self.homes.iter().map(|home| home.untimed).sum::<u64>() + self.server.untimed;
        println!("untimed {}", untimed);
        self.log.finish()
    }

    fn release(&mut self) -> io::Result<()> {
        while self.waiting.peek().map_or(false, |Reverse(first)| first.due_ns <= monotonic_ns()) {
            let Reverse(mut packet) = match self.waiting.pop() {
                None => return Ok(()),
                Some(first) => first,
            };
            let device = if packet.to_server { &self.server } else { &self.homes[usize::from(packet.record.home)] };
            packet.record.out_ns = realtime_ns();
            if device.send(&packet.bytes).is_err() {
                packet.record.out_ns = 0;
                packet.record.fate = Fate::Unwritten;
            }
            self.log.add(&packet.record)?;
        }
        Ok(())
    }

    fn record(&self, way: Way, home: usize, bytes: &[u8], at: Option<&Layout>) -> Record {
        Record {
            in_ns: realtime_ns(),
            out_ns: 0,
            identity: at.map_or(0, |at| packet::identity(bytes, at)),
            queue_ns: 0,
            planned_ns: 0,
            len: bytes.len() as u16,
            home: home as u16,
            way: way as u8,
            fate: Fate::Delivered,
            protocol: at.map_or(0, |at| at.protocol),
            dscp: if at.is_some() { packet::dscp(bytes) } else { 0 },
        }
    }

    fn take_from_home(&mut self, home: usize, given: &[u8], at_ns: i64) -> io::Result<()> {
        let now = monotonic_at(at_ns);
        let found = layout(given);
        let mut record = self.record(Way::Up, home, given, found.as_ref());
        record.in_ns = at_ns;
        let at = match found {
            None => return self.log.add(&Record { fate: Fate::Refused, ..record }),
            Some(at) => at,
        };
        let gateway = [
            self.config.homes[home].device.address[0],
            self.config.homes[home].device.address[1],
            self.config.homes[home].device.address[2],
            1,
        ];
        let cohort = self.config.homes[home].cohort;
        for mut bytes in self.fitting(cohort, given, &at, gateway, now, &mut record)? {
            let at = match layout(&bytes) {
                None => continue,
                Some(at) => at,
            };
            if !self.napt.outward(home, &mut bytes, &at) {
                self.log.add(&Record { fate: Fate::Refused, ..record })?;
                continue;
            }
            self.carry(Way::Up, home, bytes, &at, now, record)?;
        }
        Ok(())
    }

    fn take_from_server(&mut self, given: &[u8], at_ns: i64) -> io::Result<()> {
        let now = monotonic_at(at_ns);
        let found = layout(given);
        let mut record = self.record(Way::Down, usize::from(u16::MAX), given, found.as_ref());
        record.in_ns = at_ns;
        let mut bytes = given.to_vec();
        let config = &self.config;
        let home = found.and_then(|at| self.napt.inward(&mut bytes, &at, |home| config.homes[home].device.address));
        let (at, home) = match (found, home) {
            (Some(at), Some(home)) => (at, home),
            _ => return self.log.add(&Record { fate: Fate::Refused, ..record }),
        };
        record.home = home as u16;
        let cohort = self.config.homes[home].cohort;
        let hop = self.config.cohorts[cohort].hop;
        // A refusal quotes the packet as its sender knows it; what fits goes on translated.
        if bytes.len() > usize::from(self.config.cohorts[cohort].mtu) && at.dont_fragment {
            self.fitting(cohort, given, &at, hop, now, &mut record)?;
            return Ok(());
        }
        for bytes in self.fitting(cohort, &bytes, &at, hop, now, &mut record)? {
            if let Some(at) = layout(&bytes) {
                self.carry(Way::Down, home, bytes, &at, now, record)?;
            }
        }
        Ok(())
    }

    /// What of a packet passes the access's MTU: itself, its fragments, or nothing, which is then told or not.
    fn fitting(
        &mut self,
        cohort: usize,
        bytes: &[u8],
        at: &Layout,
        hop: [u8; 4],
        now: i64,
        record: &mut Record,
    ) -> io::Result<Vec<Vec<u8>>> {
        let rules = &self.config.cohorts[cohort];
        if bytes.len() <= usize::from(rules.mtu) {
            return Ok(vec![bytes.to_vec()]);
        }
        if !at.dont_fragment {
            return Ok(packet::fragments(bytes, at, rules.mtu));
        }
        if !rules.says_too_big {
            self.log.add(&Record { fate: Fate::TooBigSilent, ..*record })?;
            return Ok(Vec::new());
        }
        let error = packet::too_big(bytes, at, hop, rules.mtu);
        let home = usize::from(record.home);
        // From the near end of the access: at home at once, else as far as the access is from the server.
        let back = if record.way == Way::Up as u8 { 0 } else { self.config.homes[home].base_ns[0] / 2 };
        self.log.add(&Record { fate: Fate::TooBigTold, ..*record })?;
        let way = if record.way == Way::Up as u8 { Way::Down } else { Way::Up };
        let mut told = self.record(way, home, &error, layout(&error).as_ref());
        told.fate = Fate::Told;
        told.planned_ns = back;
        self.schedule(now + back, way == Way::Up, error, told);
        Ok(Vec::new())
    }

    fn carry(
        &mut self,
        way: Way,
        home: usize,
        mut bytes: Vec<u8>,
        at: &Layout,
        now: i64,
        mut record: Record,
    ) -> io::Result<()> {
        let since = now - self.started_ns;
        let cohort = self.config.homes[home].cohort;
        let rules = &self.config.cohorts[cohort];
        let link = &rules.ways[way as usize];
        let (extra_ns, extra_hops) = self.routes[cohort][way as usize];
        // All draws are made whatever becomes of the packet: one fate must not shift another's.
        let is_lost = self.losses[home][way as usize].loses(link);
        let is_held = self.chances.chance(link.reorder);
        let is_copied = self.chances.chance(link.duplicate);
        let departure = self.queues[cohort][way as usize].departure(since, link);
        if is_lost {
            return self.log.add(&Record { fate: Fate::Lost, ..record });
        }
        let departure = match departure {
            None => return self.log.add(&Record { fate: Fate::QueueFull, ..record }),
            Some(departure) => departure,
        };
        let hops = (i32::from(link.hops) + extra_hops).clamp(0, 255) as u8;
        if !packet::age(&mut bytes, hops) {
            return self.log.add(&Record { fate: Fate::Refused, ..record });
        }
        let mark = remarked(packet::dscp(&bytes), link);
        packet::set_dscp(&mut bytes, mark);
        if let Some(most) = rules.clamp_mss {
            packet::clamp_mss(&mut bytes, at, most);
        }
        record.queue_ns = departure - since;
        record.planned_ns = record.queue_ns + self.config.homes[home].base_ns[way as usize] + extra_ns;
        if is_held {
            record.planned_ns += link.reorder_ns;
            record.fate = Fate::Reordered;
        }
        let due = now + record.planned_ns;
        if is_copied {
            let copy = Record { fate: Fate::Duplicate, planned_ns: record.planned_ns + COPY_BEHIND_NS, ..record };
            self.schedule(due + COPY_BEHIND_NS, way == Way::Up, bytes.clone(), copy);
        }
        self.schedule(due, way == Way::Up, bytes, record);
        Ok(())
    }

    fn schedule(&mut self, due_ns: i64, to_server: bool, bytes: Vec<u8>, record: Record) {
        self.number += 1;
        self.waiting.push(Reverse(Waiting { due_ns, number: self.number, to_server, bytes, record }));
    }

    /// The next group of changes; says `changed NS` when it is made.
    fn make_changes(&mut self) -> io::Result<()> {
        let group = match self.config.changes.get(self.changes_made) {
            None => return Ok(()),
            Some(change) => change.group,
        };
        while let Some(change) = self.config.changes.get(self.changes_made) {
            if change.group != group {
                break;
            }
            let route = &mut self.routes[change.cohort][change.way as usize];
            route.0 += change.base_ns;
            route.1 += change.hops;
            self.changes_made += 1;
        }
        println!("changed {}", realtime_ns());
        io::stdout().flush()
    }
}
