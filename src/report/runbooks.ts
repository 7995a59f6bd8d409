/** What to do next, per finding and verdict, as data: one page each. Commands can be pasted; words in capitals are to be filled in. */

export interface Runbook {
  readonly id: string;
  readonly means: string;
  readonly next: readonly { readonly why: string; readonly command: string }[];
  /** How to take back what the steps change. */
  readonly rollback: string;
  readonly call: string;
}

const CAPTURE = "tcpdump -i IFACE -s 128 -w OUT -G 900 'host SERVER and port PORT'";
const SOCKETS = 'ss -tin state established dst CLIENT';
const NOTHING = 'Nothing was changed: these steps only look.';

export const RUNBOOKS: readonly Runbook[] = [
  {
    id: 'verdict/DEGRADED',
    means: 'A cohort got worse by more than what matters, in these windows.',
    next: [
      {
        why: 'see whose segment it is',
        command: 'lagdiff diff --baseline BASELINE --evening EVENING --cohorts COHORTS',
      },
      { why: 'tell directions apart: capture both ends of affected and healthy clients', command: CAPTURE },
      {
        why: 'paths, both ways, in a bad and in a good hour',
        command: 'mtr -rwzbc 1000 --udp --port PORT ADDRESS',
      },
    ],
    rollback:
      'If a deploy of ours lies between the windows (lagdiff timeline --changes), take it back first and measure again.',
    call: 'the hosting provider, with asks.md; the access provider only with evidence of both ends',
  },
  {
    id: 'verdict/IMPROVED',
    means: 'A cohort got better by more than what matters.',
    next: [
      { why: 'close only on six evenings or more', command: 'lagdiff close --found DIFF --after AFTER' },
    ],
    rollback: NOTHING,
    call: 'nobody; tell those who wait',
  },
  {
    id: 'verdict/EQUIVALENT',
    means: 'Baseline and evening are shown to be the same within the margin.',
    next: [
      {
        why: 'look where a packet comparison does not: server ticks, frame times, matchmaking',
        command: 'lagdiff timeline EVENING',
      },
    ],
    rollback: NOTHING,
    call: 'the game team, not the provider',
  },
  {
    id: 'verdict/MINOR',
    means: 'Something changed, but less than what matters.',
    next: [{ why: 'watch whether it grows', command: 'lagdiff timeline EVENING' }],
    rollback: NOTHING,
    call: 'nobody yet',
  },
  {
    id: 'verdict/INCONCLUSIVE',
    means: 'The interval is too wide to say either "worse" or "the same".',
    next: [
      {
        why: 'how many clients, minutes and evenings an answer takes',
        command: 'lagdiff plan --pilot DIFF',
      },
    ],
    rollback: NOTHING,
    call: 'nobody yet: an open answer is no complaint',
  },
  {
    id: 'verdict/INSUFFICIENT',
    means: 'There are too few clients or blocks of time for an honest interval.',
    next: [
      { why: 'how much to capture', command: 'lagdiff plan' },
      { why: 'capture again, long enough', command: CAPTURE },
    ],
    rollback: NOTHING,
    call: 'nobody yet',
  },
  {
    id: 'connection/refused',
    means: 'Connection attempts were answered by RST: nothing listened, or something refused on purpose.',
    next: [
      { why: 'is the port open on the server', command: "ss -ltn 'sport = :PORT'" },
      { why: 'does a firewall reject', command: 'nft list ruleset' },
    ],
    rollback: 'Take back the last firewall or deploy change on that port.',
    call: 'whoever runs the game server',
  },
  {
    id: 'connection/unanswered',
    means: 'SYNs got no answer: they were lost, dropped by a filter, or the backlog was full.',
    next: [
      { why: 'did the backlog overflow', command: 'nstat -az TcpExtListenDrops TcpExtListenOverflows' },
      {
        why: 'do the SYNs reach the server',
        command: "tcpdump -i IFACE -n -c 100 'tcp[tcpflags] & tcp-syn != 0 and port PORT'",
      },
    ],
    rollback: 'If the backlog was raised (net.core.somaxconn), set it back to the value noted before.',
    call: 'the server team where SYNs arrive; the provider where they do not',
  },
  {
    id: 'connection/unfinished',
    means:
      'A SYN-ACK was sent and the handshake never ended: its answer was lost on the way, or the client gave up.',
    next: [
      {
        why: 'do SYN-ACKs leave, and leave again',
        command: 'nstat -az TcpExtTCPSynRetrans TcpExtTCPTimeouts',
      },
    ],
    rollback: NOTHING,
    call: 'the provider, with the extract of both ends',
  },
  {
    id: 'connection/syn-retransmitted',
    means: 'SYNs had to be sent again: each costs a player a second or more.',
    next: [{ why: 'which end lacks the first SYN', command: CAPTURE }],
    rollback: NOTHING,
    call: 'the provider where the first SYN never arrives',
  },
  {
    id: 'connection/half-closed',
    means: 'One side ended a connection and the other never did: sockets pile up.',
    next: [{ why: 'count sockets by state', command: 'ss -tan state close-wait' }],
    rollback: 'Take back the release that brought it, if the count began with one.',
    call: 'the game team: a missing close() is code',
  },
  {
    id: 'connection/concurrent',
    means: 'One client holds many connections at once.',
    next: [{ why: 'who holds how many', command: "ss -tn state established 'sport = :PORT'" }],
    rollback: NOTHING,
    call: 'the game team; shared addresses (CGNAT) look the same',
  },
  {
    id: 'connection/churn',
    means: 'Connections are short and many: clients connect again and again.',
    next: [{ why: 'how they end', command: 'lagdiff export EVENING --table flows --format csv --out FLOWS' }],
    rollback: 'Take back the client or server release at which it began.',
    call: 'the game team',
  },
  {
    id: 'connection/reset-by-responder',
    means: 'The server side ended connections by RST.',
    next: [
      { why: 'what the server was doing then', command: 'journalctl --since "START" --until "END" -u UNIT' },
    ],
    rollback: 'Take back the release at which it began.',
    call: 'the server team; a load balancer in between resets, too',
  },
  {
    id: 'connection/reset-by-initiator',
    means: 'Clients ended connections by RST: a crash, a kill, or a home router that forgot them.',
    next: [{ why: 'are idle ones hit first (NAT timeouts)', command: SOCKETS }],
    rollback: NOTHING,
    call: 'the client team',
  },
  {
    id: 'loss/above-limit',
    means: 'Segments were sent again or missing more than the limit.',
    next: [
      { why: 'did the capturing host drop them', command: 'ethtool -S IFACE' },
      { why: 'did the network card or its queue', command: 'tc -s qdisc show dev IFACE' },
      { why: 'which direction: both ends', command: CAPTURE },
    ],
    rollback: NOTHING,
    call: 'the provider, once drops of our own host are excluded',
  },
  {
    id: 'loss/by-size',
    means:
      'Small packets and large ones are lost in clearly different shares, in one direction and at the same time.',
    next: [
      {
        why: 'is it the queue that bulk fills: round trips and loss by time',
        command: 'lagdiff timeline EVENING',
      },
      { why: 'where they are lost: both ends', command: CAPTURE },
      {
        why: 'without congestion control: small and large UDP at one rate',
        command: 'iperf3 -c ADDRESS -u -b 1M -l 160 -t 60',
      },
    ],
    rollback: NOTHING,
    call: 'the provider: policers and classes by size or port; nobody where bulk TCP alone loses more',
  },
  {
    id: 'path/mtu-black-hole',
    means: 'Packets above a size vanish without an ICMP error while smaller ones arrive.',
    next: [
      {
        why: 'the largest packet that passes, from each end',
        command: 'ping -M do -c 3 -s 1372 ADDRESS',
      },
      { why: 'where it stops', command: 'tracepath -n ADDRESS' },
      {
        why: 'whether errors come back',
        command: "tcpdump -i IFACE -n 'icmp[0] == 3 and icmp[1] == 4 or icmp6[0] == 2'",
      },
    ],
    rollback: 'If the MSS of our hosts was lowered to get by, raise it again once the path is repaired.',
    call: 'the provider: the MTU of the link, and who filters ICMP type 3 code 4 or ICMPv6 type 2',
  },
  {
    id: 'path/packet-too-big',
    means: 'A router told senders that its next link carries less: path MTU discovery at work.',
    next: [{ why: 'where the small link is', command: 'tracepath -n ADDRESS' }],
    rollback: NOTHING,
    call: 'nobody, unless connections stall as well',
  },
  {
    id: 'path/mss-clamp',
    means: 'A device between two points of this capture lowers the MSS of new connections.',
    next: [
      {
        why: 'which value is announced',
        command: "tcpdump -i IFACE -n -v -c 20 'tcp[tcpflags] & tcp-syn != 0'",
      },
    ],
    rollback: NOTHING,
    call: 'whoever runs the router that clamps, if it was not meant to',
  },
  {
    id: 'path/route-change',
    means: 'The number of routers on a way changed at one instant, for several flows: the route did.',
    next: [
      { why: 'did round trips step, too', command: 'lagdiff timeline EVENING' },
      { why: 'the way now, to lay beside an older trace', command: 'mtr -rwzbc 1000 ADDRESS' },
      { why: 'did the way back change as well: both ends', command: CAPTURE },
    ],
    rollback:
      'If a tunnel, a filter or a fail-over of ours was switched at that instant, take it back first.',
    call: 'the provider: BGP changes at that instant, and the way before it',
  },
  {
    id: 'path/parallel-paths',
    means:
      'Flows of the same two hosts come over different numbers of routers at once: paths chosen per flow, or several devices behind one address.',
    next: [
      {
        why: 'do flows of one of the values fare worse',
        command: 'lagdiff export EVENING --table flows --format csv --out FLOWS',
      },
      { why: 'which paths there are', command: 'mtr -rwzbc 1000 --udp --port PORT ADDRESS' },
    ],
    rollback: NOTHING,
    call: 'nobody, unless flows of one value lose or lag more: then the provider, with their five-tuples',
  },
  {
    id: 'path/ttl-changes',
    means: 'TTL changed inside a flow: the path, or another device that sends for the host.',
    next: [{ why: 'which paths there are', command: 'mtr -rwzbc 1000 ADDRESS' }],
    rollback: NOTHING,
    call: 'nobody yet: one flow alone does not tell a route from a device',
  },
  {
    id: 'path/congestion-marked',
    means: 'Routers on the way marked packets as having met a full queue (ECN, CE) instead of dropping them.',
    next: [
      { why: 'do round trips rise with the marks', command: 'lagdiff timeline EVENING' },
      { why: 'does a queue of our own host mark', command: 'tc -s qdisc show dev IFACE' },
    ],
    rollback: NOTHING,
    call: 'whoever runs the congested link: our own uplink first, then the provider',
  },
  {
    id: 'marking/wireguard-handshake',
    means:
      'The mark that the Linux kernel puts on WireGuard handshakes did not arrive as sent: the way rewrites DSCP.',
    next: [
      {
        why: 'what arrives, and what is done to all marks: both ends',
        command: "tcpdump -i IFACE -n -v -c 50 'udp port PORT'",
      },
      { why: 'does a rule of ours rewrite it', command: 'nft list ruleset' },
    ],
    rollback: 'If we set or clear DSCP ourselves, take that setting back and compare.',
    call: 'the provider: whether it keeps or clears DSCP at its border',
  },
  {
    id: 'marking/dscp-changes',
    means: 'DSCP values changed inside a flow: its sender, or somebody on the way, marks anew.',
    next: [
      { why: 'what leaves our host', command: "tcpdump -i IFACE -n -v -c 50 'host CLIENT and port PORT'" },
    ],
    rollback: 'If we set DSCP ourselves, take that setting back and compare.',
    call: 'the provider: whether it keeps or clears DSCP at its border',
  },
];
