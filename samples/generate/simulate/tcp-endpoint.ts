/**
 * One end of a TCP connection, as far as a capture shows it: handshake, cumulative and selective acknowledgement
 * (RFC 2018, DSACK RFC 2883), timestamps (RFC 7323), delayed ACK, retransmission by timeout and by duplicate ACKs. Left out, because these flows never fill a pipe: congestion window, flow control, tail-loss probes.
 * Sequence numbers are unwrapped here; the capture cuts them to 32 bits.
 */

import type { EventQueue } from './event-queue.ts';
import type { Random } from './random.ts';
import { Reassembly } from './reassembly.ts';
import type { SequenceRange } from './reassembly.ts';
import { RetransmissionTimeout } from './retransmission-timeout.ts';
import type { EndpointConfig, RttSample, Segment } from './segment.ts';

interface Outstanding {
  readonly seq: number;
  readonly end: number;
  readonly segment: Segment;
  firstSentUs: number;
  transmissions: number;
  transitUs: number;
  isSacked: boolean;
  isLost: boolean;
}

/** A message put on the stream; `onDelivered` is the peer's application acting on it. */
interface Message {
  readonly end: number;
  readonly isAnswered: boolean;
  readonly onDelivered: (() => void) | null;
}

const DUPLICATE_ACK_THRESHOLD = 3;

export class TcpEndpoint {
  readonly samples: RttSample[] = [];
  retransmissions = 0;
  isEstablished = false;
  /** SYN to the ACK of the SYN-ACK, as seen beside this end; null where either was repeated. */
  handshakeUs: number | null = null;
  onEstablished: (() => void) | null = null;

  peer!: TcpEndpoint;
  private readonly queue: EventQueue;
  private readonly random: Random;
  private readonly config: EndpointConfig;
  /** Hands a packet to the network; answers its transit time in µs, 0 where it is lost. */
  private readonly transmit: (segment: Segment) => number;

  private readonly outstanding: Outstanding[] = [];
  private readonly sentMessages: Message[] = [];
  private sndNxt: number;
  private sndUna: number;
  private readonly received = new Reassembly();
  private lastAckSent = 0;
  private tsRecent = 0;
  private segmentsToAck = 0;
  private ackTimer = 0;
  private rtoTimer = 0;
  private readonly timeout = new RetransmissionTimeout();
  private duplicateAcks = 0;
  private recoveryPoint: number | null = null;
  private synSeenUs: number | null = null;
  private finReceived = false;
  private finSent = false;

  constructor(
    queue: EventQueue,
    random: Random,
    config: EndpointConfig,
    transmit: (segment: Segment) => number,
  ) {
    this.queue = queue;
    this.random = random;
    this.config = config;
    this.transmit = transmit;
    this.sndNxt = config.initialSequence;
    this.sndUna = config.initialSequence;
  }

  connect(): void {
    this.synSeenUs = this.queue.nowUs;
    this.sendNew({ syn: true, fin: false, payloadBytes: 0 });
  }

  /** `isAnswered`: the peer's application replies at once, so its kernel holds the ACK back to ride on the reply. */
  write(payloadBytes: number, onDelivered: (() => void) | null = null, isAnswered = false): void {
    if (this.finSent) return;
    this.sentMessages.push({ end: this.sndNxt + payloadBytes, isAnswered, onDelivered });
    this.sendNew({ syn: false, fin: false, payloadBytes });
  }

  close(): void {
    if (this.finSent || !this.isEstablished) return;
    this.finSent = true;
    this.sendNew({ syn: false, fin: true, payloadBytes: 0 });
  }

  receive(segment: Segment, transitUs: number): void {
    if (segment.syn) {
      this.receiveSyn(segment);
      return;
    }
    // RFC 7323 §4.3: the echo is the oldest segment not yet acknowledged, so only one at or before our last ACK counts.
    if (segment.tsValue !== null && segment.seq <= this.lastAckSent) this.tsRecent = segment.tsValue;
    if (segment.ack !== null) this.receiveAck(segment, transitUs);
    if (segment.payloadBytes > 0 || segment.fin) this.receiveData(segment);
  }

  private receiveSyn(segment: Segment): void {
    const isRepeat = this.received.next !== 0;
    this.received.next = segment.seq + 1;
    if (segment.tsValue !== null) this.tsRecent = segment.tsValue;
    if (segment.ack === null) {
      this.synSeenUs = isRepeat ? null : this.queue.nowUs;
      if (isRepeat) return;
      this.queue.after(this.random.uniform(30, 90), () =>
        this.sendNew({ syn: true, fin: false, payloadBytes: 0 }),
      );
      return;
    }
    this.acceptAck(segment.ack, 0);
    if (this.isEstablished) {
      this.sendAck();
      return;
    }
    this.queue.after(this.config.promptAckUs(this.random), () => {
      if (this.synSeenUs !== null && this.retransmissions === 0) {
        this.handshakeUs = this.queue.nowUs - this.synSeenUs;
      }
      this.isEstablished = true;
      this.sendAck();
      this.onEstablished?.();
    });
  }

  private receiveAck(segment: Segment, transitUs: number): void {
    const ack = segment.ack!;
    for (const [left, right] of segment.sack) {
      for (const sent of this.outstanding) if (sent.seq >= left && sent.end <= right) sent.isSacked = true;
    }
    if (ack > this.sndUna) {
      if (!this.isEstablished) this.completePassiveOpen();
      this.acceptAck(ack, transitUs);
      this.duplicateAcks = 0;
      if (this.recoveryPoint !== null) {
        if (ack >= this.recoveryPoint) this.recoveryPoint = null;
        else this.repairNext();
      }
    } else if (
      ack === this.sndUna &&
      segment.payloadBytes === 0 &&
      !segment.fin &&
      this.outstanding.length > 0
    ) {
      this.duplicateAcks++;
      const sacked = this.outstanding.filter((sent) => sent.isSacked).length;
      const evidence = Math.max(this.duplicateAcks, sacked);
      if (this.recoveryPoint === null && evidence >= DUPLICATE_ACK_THRESHOLD) {
        this.recoveryPoint = this.sndNxt;
        this.markLost();
        for (const sent of this.outstanding) if (sent.isLost && sent.transmissions === 1) this.resend(sent);
      }
    }
  }

  private completePassiveOpen(): void {
    this.isEstablished = true;
    if (this.synSeenUs !== null && this.retransmissions === 0) {
      this.handshakeUs = this.queue.nowUs - this.synSeenUs;
    }
    this.onEstablished?.();
  }

  private acceptAck(ack: number, ackTransitUs: number): void {
    this.sndUna = Math.max(this.sndUna, ack);
    let newest: Outstanding | null = null;
    let isClean = true;
    while (this.outstanding.length > 0 && this.outstanding[0]!.end <= ack) {
      newest = this.outstanding.shift()!;
      if (newest.transmissions > 1) isClean = false;
    }
    if (newest !== null && isClean) {
      const rttUs = this.queue.nowUs - newest.firstSentUs;
      this.timeout.measure(rttUs);
      if (newest.segment.payloadBytes > 0) {
        const networkUs = newest.transitUs + ackTransitUs;
        this.samples.push({ completedUs: this.queue.nowUs, rttUs, networkUs });
      }
    }
    this.rtoTimer++;
    if (this.outstanding.length > 0) this.armRto();
  }

  /** A segment is lost when three that were sent after it have arrived; the first hole is lost by definition here. */
  private markLost(): void {
    let arrivedAfter = 0;
    for (let i = this.outstanding.length - 1; i >= 0; i--) {
      const sent = this.outstanding[i]!;
      if (sent.isSacked) arrivedAfter++;
      else if (arrivedAfter >= DUPLICATE_ACK_THRESHOLD || i === 0) sent.isLost = true;
    }
  }

  private repairNext(): void {
    const next = this.outstanding.find((sent) => !sent.isSacked);
    if (next !== undefined && next.transmissions === 1) this.resend(next);
  }

  private resend(sent: Outstanding): void {
    sent.transmissions++;
    this.retransmissions++;
    this.send({ ...sent.segment, transmission: sent.transmissions - 1 });
    this.rtoTimer++;
    this.armRto();
  }

  private armRto(): void {
    const mine = this.rtoTimer;
    this.queue.after(this.timeout.us, () => {
      if (mine !== this.rtoTimer || this.outstanding.length === 0) return;
      this.timeout.backOff();
      this.recoveryPoint = this.sndNxt;
      this.resend(this.outstanding.find((sent) => !sent.isSacked) ?? this.outstanding[0]!);
    });
  }

  private receiveData(segment: Segment): void {
    const end = segment.seq + segment.payloadBytes + (segment.fin ? 1 : 0);
    if (end <= this.received.next) {
      this.sendAck([[segment.seq, end], ...this.received.blocks()]);
      return;
    }
    if (segment.seq > this.received.next) {
      if (segment.fin) this.finReceived = true;
      this.sendAck(this.received.keepEarly(segment.seq, end));
      return;
    }
    const hadHole = this.received.hasHole;
    const before = this.received.next;
    this.received.advance(end);
    if (segment.fin) this.finReceived = true;
    this.segmentsToAck++;
    const delivered = this.peer.sentMessages.filter(
      (message) => message.end > before && message.end <= this.received.next,
    );
    if (hadHole) this.sendAck();
    else this.scheduleAck(delivered.some((message) => message.isAnswered));
    for (const message of delivered) message.onDelivered?.();
    const keep = this.peer.sentMessages.findIndex((message) => message.end > this.received.next);
    this.peer.sentMessages.splice(0, keep === -1 ? this.peer.sentMessages.length : keep);
    if (this.finReceived && !this.finSent && !this.received.hasHole) {
      this.queue.after(this.random.uniform(40, 200), () => this.close());
    }
  }

  private scheduleAck(isAnswered: boolean): void {
    const isDelayed =
      this.segmentsToAck < 2 &&
      (isAnswered || this.random.chance(this.config.delayedAckShare)) &&
      !this.finReceived;
    const waitUs = isDelayed
      ? isAnswered
        ? 40_000
        : this.config.delayedAckUs(this.random)
      : this.config.promptAckUs(this.random);
    const mine = ++this.ackTimer;
    this.queue.after(waitUs, () => {
      if (mine === this.ackTimer && this.segmentsToAck > 0) this.sendAck();
    });
  }

  private sendAck(sack: readonly SequenceRange[] = this.received.blocks()): void {
    const blocks = sack.slice(0, this.config.useTimestamps ? 3 : 4);
    this.send({
      syn: false,
      fin: false,
      push: false,
      seq: this.sndNxt,
      ack: this.received.next,
      payloadBytes: 0,
      streamOffset: 0,
      window: this.config.window,
      tsValue: 0,
      tsEcho: 0,
      sack: blocks,
      transmission: 0,
    });
  }

  private sendNew(what: {
    readonly syn: boolean;
    readonly fin: boolean;
    readonly payloadBytes: number;
  }): void {
    const segment: Segment = {
      ...what,
      push: what.payloadBytes > 0,
      seq: this.sndNxt,
      ack: null,
      streamOffset: this.sndNxt - this.config.initialSequence - 1,
      window: what.syn ? this.config.synWindow : this.config.window,
      tsValue: 0,
      tsEcho: 0,
      sack: [],
      transmission: 0,
    };
    const end = this.sndNxt + what.payloadBytes + (what.syn || what.fin ? 1 : 0);
    this.sndNxt = end;
    const isFirst = this.outstanding.length === 0;
    const sent: Outstanding = {
      seq: segment.seq,
      end,
      segment,
      firstSentUs: this.queue.nowUs,
      transmissions: 1,
      transitUs: 0,
      isSacked: false,
      isLost: false,
    };
    this.outstanding.push(sent);
    sent.transitUs = this.send(segment);
    if (isFirst) {
      this.rtoTimer++;
      this.armRto();
    }
  }

  /** Puts the present ACK and timestamps on a segment, as every (re)transmission does. */
  private send(segment: Segment): number {
    const hasAck = this.received.next !== 0;
    const { useTimestamps, timestampOffset } = this.config;
    this.lastAckSent = this.received.next;
    this.segmentsToAck = 0;
    this.ackTimer++;
    return this.transmit({
      ...segment,
      ack: hasAck ? this.received.next : null,
      tsValue: useTimestamps ? (Math.floor(this.queue.nowUs / 1000) + timestampOffset) >>> 0 : null,
      tsEcho: useTimestamps ? (hasAck ? this.tsRecent : 0) : null,
    });
  }
}
