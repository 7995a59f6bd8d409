//! What the recorder tells the router: one thing a line, `word key=value …`, everything in whole numbers or fractions.

use crate::link::LinkRules;
use crate::napt::Ports;
use std::collections::HashMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Up = 0,
    Down = 1,
}

#[derive(Debug)]
pub struct Config {
    pub seed: u64,
    pub fates: String,
    pub server: Device,
    pub cohorts: Vec<Cohort>,
    pub homes: Vec<Home>,
    /// Those of one group are made together, groups in their order, one with every line on standard input.
    pub changes: Vec<Change>,
}

#[derive(Debug, Default)]
pub struct Device {
    pub namespace: String,
    pub device: String,
    pub address: [u8; 4],
}

#[derive(Debug)]
pub struct Cohort {
    pub name: String,
    /// What the access carries; larger packets are refused, or fragmented where they allow it.
    pub mtu: u16,
    /// Whether a refusal is told (RFC 1191), or is a black hole.
    pub says_too_big: bool,
    pub clamp_mss: Option<u16>,
    /// The hop that refuses toward the homes.
    pub hop: [u8; 4],
    pub ways: [LinkRules; 2],
}

#[derive(Debug)]
pub struct Home {
    pub name: String,
    pub device: Device,
    pub public: [u8; 4],
    pub ports: Ports,
    pub cohort: usize,
    pub base_ns: [i64; 2],
}

/// Another route from then on.
#[derive(Debug)]
pub struct Change {
    pub group: u32,
    pub cohort: usize,
    pub way: Way,
    pub base_ns: i64,
    pub hops: i32,
}

struct Line<'a> {
    number: usize,
    word: &'a str,
    values: HashMap<&'a str, &'a str>,
}

impl<'a> Line<'a> {
    fn text(&self, key: &str) -> Result<&'a str, String> {
        self.values.get(key).copied().ok_or_else(|| format!("line {}: {} needs {}=", self.number, self.word, key))
    }

    fn parsed<T: std::str::FromStr>(&self, key: &str) -> Result<T, String> {
        let text = self.text(key)?;
        text.parse().map_err(|_| format!("line {}: {}={} is no number", self.number, key, text))
    }

    fn or<T: std::str::FromStr>(&self, key: &str, fallback: T) -> Result<T, String> {
        if self.values.contains_key(key) {
            self.parsed(key)
        } else {
            Ok(fallback)
        }
    }

    fn address(&self, key: &str) -> Result<[u8; 4], String> {
        let address: std::net::Ipv4Addr = self.parsed(key)?;
        Ok(address.octets())
    }

    fn way(&self) -> Result<Way, String> {
        match self.text("direction")? {
            "up" => Ok(Way::Up),
            "down" => Ok(Way::Down),
            other => Err(format!("line {}: direction is up or down, not {}", self.number, other)),
        }
    }

    fn device(&self) -> Result<Device, String> {
        Ok(Device {
            namespace: self.text("netns")?.to_string(),
            device: self.text("dev")?.to_string(),
            address: self.address("address")?,
        })
    }
}

pub fn parse(text: &str) -> Result<Config, String> {
    let mut config = Config {
        seed: 0,
        fates: String::new(),
        server: Device::default(),
        cohorts: Vec::new(),
        homes: Vec::new(),
        changes: Vec::new(),
    };
    for (index, line) in text.lines().enumerate() {
        let mut words = line.split_whitespace();
        let word = match words.next() {
            None => continue,
            Some(word) => word,
        };
        let mut values = HashMap::new();
        for pair in words {
            let at = pair.find('=').ok_or_else(|| format!("line {}: {} is no key=value", index + 1, pair))?;
            values.insert(&pair[..at], &pair[at + 1..]);
        }
        let line = Line { number: index + 1, word, values };
        take(&mut config, &line)?;
    }
    config.changes.sort_by_key(|change| change.group);
    if config.server.namespace.is_empty() || config.homes.is_empty() || config.fates.is_empty() {
        return Err("a world needs a server, a home and a place for fates".to_string());
    }
    Ok(config)
}

fn take(config: &mut Config, line: &Line) -> Result<(), String> {
    let cohort_of = |config: &Config| -> Result<usize, String> {
        let name = line.text("cohort")?;
        let found = config.cohorts.iter().position(|cohort| cohort.name == name);
        found.ok_or_else(|| format!("line {}: no cohort {} before", line.number, name))
    };
    match line.word {
        "world" => {
            config.seed = line.parsed("seed")?;
            config.fates = line.text("fates")?.to_string();
        }
        "server" => config.server = line.device()?,
        "cohort" => config.cohorts.push(Cohort {
            name: line.text("name")?.to_string(),
            mtu: line.or("mtu", 1500)?,
            says_too_big: line.or("too_big", 1u8)? == 1,
            clamp_mss: if line.values.contains_key("clamp_mss") { Some(line.parsed("clamp_mss")?) } else { None },
            hop: line.address("hop")?,
            ways: [LinkRules::default(), LinkRules::default()],
        }),
        "link" => {
            let cohort = cohort_of(config)?;
            config.cohorts[cohort].ways[line.way()? as usize] = LinkRules {
                service_ns: line.or("service_ns", 0.0)?,
                load: line.or("load", 0.0)?,
                load_wander: line.or("load_wander", 0.0)?,
                most_queue_ns: line.or("most_queue_ns", 0)?,
                loss: line.or("loss", 0.0)?,
                loss_burst: line.or("loss_burst", 1.0)?,
                reorder: line.or("reorder", 0.0)?,
                reorder_ns: line.or("reorder_ns", 0)?,
                duplicate: line.or("duplicate", 0.0)?,
                hops: line.or("hops", 1)?,
                dscp: line.values.get("dscp").map_or(Ok(Vec::new()), |text| marks(text))?,
            };
        }
        "home" => {
            let set = if line.values.contains_key("psid") {
                Some((line.parsed("psid")?, line.or("psid_bits", 8)?))
            } else {
                None
            };
            config.homes.push(Home {
                name: line.text("name")?.to_string(),
                device: line.device()?,
                public: line.address("public")?,
                ports: Ports { set },
                cohort: cohort_of(config)?,
                base_ns: [line.parsed("up_ns")?, line.parsed("down_ns")?],
            });
        }
        "change" => {
            let change = Change {
                group: line.parsed("group")?,
                cohort: cohort_of(config)?,
                way: line.way()?,
                base_ns: line.or("base_ns", 0)?,
                hops: line.or("hops", 0)?,
            };
            config.changes.push(change);
        }
        other => return Err(format!("line {}: no such thing as {}", line.number, other)),
    }
    Ok(())
}

/// `46:0,*:8`.
fn marks(text: &str) -> Result<Vec<(Option<u8>, u8)>, String> {
    let number = |part: &str| part.parse::<u8>().map_err(|_| format!("{} is no DSCP", part));
    text.split(',')
        .map(|pair| {
            let at = pair.find(':').ok_or_else(|| format!("{} is no from:to", pair))?;
            let from = if &pair[..at] == "*" { None } else { Some(number(&pair[..at])?) };
            Ok((from, number(&pair[at + 1..])?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "world seed=7 fates=/tmp/x
server netns=s dev=wan address=203.0.113.10
cohort name=pppoe mtu=1454 too_big=0 clamp_mss=1414 hop=198.51.100.1
link cohort=pppoe direction=down service_ns=2e6 load=0.9 dscp=46:0,*:8 hops=5
home name=a netns=h dev=wan address=192.168.11.2 public=198.51.100.5 cohort=pppoe psid=3 up_ns=4000000 down_ns=4100000
change group=1 cohort=pppoe direction=up base_ns=-5 hops=2";

    #[test]
    fn a_world_is_read_whole() {
        let config = parse(TEXT).expect("a world");
        assert_eq!(config.cohorts[0].ways[1].dscp, [(Some(46), 0), (None, 8)]);
        assert_eq!(config.cohorts[0].ways[0], LinkRules::default());
        assert_eq!(config.homes[0].base_ns, [4_000_000, 4_100_000]);
        assert_eq!(config.homes[0].ports, Ports { set: Some((3, 8)) });
        assert_eq!((config.changes[0].base_ns, config.changes[0].hops), (-5, 2));
        assert!(!config.cohorts[0].says_too_big);
    }

    #[test]
    fn a_fault_names_its_line() {
        let error = parse(&TEXT.replace("load=0.9", "load=much")).expect_err("no number");
        assert_eq!(error, "line 4: load=much is no number");
        assert!(parse(&TEXT.replace("cohort=pppoe psid", "cohort=cable psid")).is_err());
    }
}
