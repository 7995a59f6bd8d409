/** What a path does to DSCP, by the names of RFC 9435 section 4. From two ends the mechanism is inferred, not seen. */

export interface Transition {
  readonly from: number;
  readonly to: number;
  readonly packets: number;
}

interface Behaviour {
  readonly name: string;
  /** What becomes of a value, once the behaviour's own constant is known from one changed packet. */
  readonly becomes: (from: number, changed: Transition) => number;
}

const TOP = 0x38;
const LOW = 0x07;

const BEHAVIOURS: readonly Behaviour[] = [
  { name: 'Bleach-DSCP', becomes: () => 0 },
  { name: 'Bleach-ToS-Precedence', becomes: (from) => from & LOW },
  { name: 'Bleach-some-ToS', becomes: (from) => (from >> 4 === 3 ? from : from & LOW) },
  { name: 'Bleach-low', becomes: (from) => from & TOP },
  { name: 'Bleach-some-low', becomes: (from) => (from >> 4 === 3 ? from : from & TOP) },
  { name: 'Re-mark-ToS', becomes: (from, changed) => (from & LOW) | (changed.to & TOP) },
  { name: 'Re-mark-DSCP', becomes: (_, changed) => changed.to },
];

/** Transitions of fewer packets of a value than this share are exceptions, not the behaviour. */
const MIN_SHARE = 0.05;

/** The names that fit all these transitions, the simplest first; empty when nothing changed, or when none fits. */
function fitting(transitions: readonly Transition[]): string[] {
  const sums = new Map<number, number>();
  for (const { from, packets } of transitions) sums.set(from, (sums.get(from) ?? 0) + packets);
  const usual = transitions.filter(({ from, packets }) => packets >= MIN_SHARE * (sums.get(from) ?? 0));
  const changed =
    usual.find(({ from, to }) => from !== to) ?? transitions.find(({ from, to }) => from !== to);
  if (changed === undefined) return [];
  return BEHAVIOURS.filter((behaviour) =>
    usual.every(({ from, to }) => behaviour.becomes(from, changed) === to),
  ).map(({ name }) => name);
}

/**
 * One text for each transition. Where several names fit what was seen, all are said. One behaviour is looked for that explains
 * all; where paths differ, one that explains all changes; else each change is named by itself.
 */
export function behaviours(transitions: readonly Transition[]): string[] {
  const changes = transitions.filter(({ from, to }) => from !== to);
  const common = [transitions, changes].map(fitting).find((names) => names.length > 0);
  return transitions.map((transition) => {
    if (transition.from === transition.to) return 'unchanged';
    return (common ?? fitting([transition])).join(' or ');
  });
}
