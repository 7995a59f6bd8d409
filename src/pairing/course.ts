/** The course of θ, server clock minus client clock: what is taken off a packet's delay. */

import { isAfter, isBetween, type Cut, type Points } from './points.ts';

export interface FittedStep extends Cut {
  readonly withinNs: number;
  readonly deltaNs: number;
  /** Both captures were silent for so long before it: it lies somewhere in there. */
  readonly silentNs?: number;
}

export interface Course {
  /** Of θ, per ns. */
  readonly skew: number;
  readonly steps: readonly FittedStep[];
  /** Instant at which θ is what the interval says. */
  readonly atNs: number;
}

/** θ(t) − θ(at), by a course. */
export function drift(course: Course, timeNs: number): number {
  let value = course.skew * (timeNs - course.atNs);
  for (const { atNs, deltaNs } of course.steps) if (timeNs >= atNs) value += deltaNs;
  return value;
}

/** Is this a packet between the two that show the step? It may belong to either side. */
export function isAstride({ steps }: Pick<Course, 'steps'>, points: Points, at: number): boolean {
  return steps.some((step) => isBetween(points, at, step));
}

/** The same of one packet: of those under way while a clock steps, its place in that clock's capture tells on which side it is. */
export function driftOf(course: Course, points: Points, at: number): number {
  let value = course.skew * (points.timeNs[at]! - course.atNs);
  for (const step of course.steps) if (isAfter(points, at, step)) value += step.deltaNs;
  return value;
}

/** Delays with it taken off. */
export function corrected(points: Points, sign: 1 | -1, course: Course): Points {
  return {
    ...points,
    delayNs: points.delayNs.map((delay, at) => delay - sign * driftOf(course, points, at)),
  };
}
