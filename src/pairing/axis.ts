/**
 * The client's clock as an axis of time. Where that clock was set back, the same times come twice, and what came after a
 * step would stand among what came before: there the axis goes on from where it was.
 */

import type { Points } from './points.ts';

/** Captures of several queues write packets a little out of order; a clock that was set back stays back. */
const LEAST_BACK_NS = 1e6;
const STAYS_POINTS = 8;

interface SetBack {
  /** First packet after it, in the client's capture. */
  readonly frame: number;
  /** On the axis. */
  readonly atNs: number;
  /** How far the axis is ahead of the clock from there on. */
  readonly aheadNs: number;
}

export interface Axis {
  readonly forward: Points;
  readonly reverse: Points;
  /** What the client's clock shows at an instant of the axis. */
  readonly clockNs: (atNs: number) => number;
}

export function axisOf(forward: Points, reverse: Points): Axis {
  const backs = mayGoBack(forward) || mayGoBack(reverse) ? setBacks(forward, reverse) : [];
  if (backs.length === 0) return { forward, reverse, clockNs: (atNs) => atNs };
  return {
    forward: moved(forward, backs),
    reverse: moved(reverse, backs),
    clockNs: (atNs) => atNs - (backs.findLast((back) => back.atNs <= atNs)?.aheadNs ?? 0),
  };
}

/** In the order of time, does an earlier packet of the capture follow a later one by more than its order can be off? */
function mayGoBack({ timeNs, clientFrame }: Points): boolean {
  let [latest, latestNs] = [0, 0];
  for (let at = 0; at < timeNs.length; at++) {
    if (clientFrame[at]! >= latest) [latest, latestNs] = [clientFrame[at]!, timeNs[at]!];
    else if (timeNs[at]! - latestNs >= LEAST_BACK_NS) return true;
  }
  return false;
}

function setBacks(forward: Points, reverse: Points): SetBack[] {
  const count = forward.timeNs.length + reverse.timeNs.length;
  const time = (place: number): number =>
    place < forward.timeNs.length ? forward.timeNs[place]! : reverse.timeNs[place - forward.timeNs.length]!;
  const frame = (place: number): number =>
    place < forward.timeNs.length
      ? forward.clientFrame[place]!
      : reverse.clientFrame[place - forward.timeNs.length]!;
  const order = Uint32Array.from({ length: count }, (_, place) => place).sort((a, b) => frame(a) - frame(b));
  const backs: SetBack[] = [];
  let aheadNs = 0;
  let latestNs = -Infinity;
  for (let at = 0; at < count; at++) {
    const atNs = time(order[at]!) + aheadNs;
    if (latestNs - atNs >= LEAST_BACK_NS) {
      let highestNs = atNs;
      for (let next = at + 1; next < Math.min(count, at + STAYS_POINTS); next++)
        highestNs = Math.max(highestNs, time(order[next]!) + aheadNs);
      if (highestNs < latestNs) {
        aheadNs += latestNs - atNs;
        backs.push({ frame: frame(order[at]!), atNs: latestNs, aheadNs });
        continue;
      }
    }
    latestNs = Math.max(latestNs, atNs);
  }
  return backs;
}

function moved(points: Points, backs: readonly SetBack[]): Points {
  const { length } = points.timeNs;
  const timeNs = points.timeNs.map((time, at) => {
    const back = backs.findLast(({ frame }) => frame <= points.clientFrame[at]!);
    return time + (back?.aheadNs ?? 0);
  });
  const order = Uint32Array.from({ length }, (_, at) => at).sort(
    (a, b) => timeNs[a]! - timeNs[b]! || points.clientFrame[a]! - points.clientFrame[b]!,
  );
  const taken = <T extends Float64Array | Uint32Array>(from: T, to: T): T => {
    for (let at = 0; at < length; at++) to[at] = from[order[at]!]!;
    return to;
  };
  return {
    timeNs: taken(timeNs, new Float64Array(length)),
    delayNs: taken(points.delayNs, new Float64Array(length)),
    clientFrame: taken(points.clientFrame, new Uint32Array(length)),
    serverFrame: taken(points.serverFrame, new Uint32Array(length)),
    path: taken(points.path, new Uint32Array(length)),
    source: taken(points.source, new Uint32Array(length)),
  };
}
