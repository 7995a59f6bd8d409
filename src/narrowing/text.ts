/** A narrowing as lines for a terminal. */
import type { Narrowing } from './narrow.ts';

const ms = (ns: number): string => `${ns > 0 ? '+' : ''}${(ns / 1e6).toFixed(1)} ms`;

export interface ListedFlow {
  readonly flow_id: number;
  readonly protocol: number;
  readonly client: string;
  readonly client_port: number | null;
  readonly server: string;
  readonly server_port: number | null;
}

const LISTED_FLOWS = 10;

export function narrowingText(narrowing: Narrowing, flows: readonly ListedFlow[] = []): string {
  const { whole } = narrowing;
  const lines = [
    narrowing.sentence,
    '',
    `whole capture: ${whole.clients} clients in both periods, ${whole.minutes} min, shift ${whole.shift_ns === null ? 'not measured' : ms(whole.shift_ns)}`,
    ...narrowing.steps.map(
      ({ cut, inside_ns, outside_ns, tried }, i) =>
        `${i + 1}. ${cut}: ${ms(inside_ns)} inside, ${outside_ns === null ? 'nothing' : ms(outside_ns)} outside (best of ${tried} cuts)`,
    ),
  ];
  if (narrowing.clients.length > 0) {
    lines.push('', 'clients there, slowest first (* held out of the search)');
    for (const { client, shift_ns, player_minutes, held_out } of narrowing.clients)
      lines.push(`  ${held_out ? '*' : ' '} ${client}  ${ms(shift_ns)}  ${player_minutes} min`);
  }
  if (flows.length > 0) {
    lines.push('', `flows there (${Math.min(LISTED_FLOWS, flows.length)} of ${flows.length})`);
    for (const flow of flows.slice(0, LISTED_FLOWS))
      lines.push(
        `  ${flow.flow_id}  protocol ${flow.protocol}  ${flow.client} ${flow.client_port ?? '-'} > ${flow.server} ${flow.server_port ?? '-'}`,
      );
  }
  lines.push('', ...narrowing.limitations);
  return `${lines.join('\n')}\n`;
}
