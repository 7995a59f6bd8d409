/**
 * What of a case file a public annex may say. Free text names people and places, so every such field is withheld unless the
 * case lists it under `publish`; figures, dates and settings are shown. Withheld text is what the leak scan looks for.
 */
import type { CaseDocument, Publishable } from '../case/schema.ts';

export interface CaseView {
  readonly document: CaseDocument;
  /** Text that no file of the annex may hold. */
  readonly withheld: readonly string[];
}

/** Shown in place of a title that is withheld. */
const UNTITLED = 'Did the evening get worse?';

const KNOWN_CLOCKS =
  /^(chronyd?|ntpd?|ntpsec|openntpd|systemd-timesyncd|w32time|ptp4l|ptp|phc2sys|gps|pps|none|unknown)$/i;

export function publicCase(document: CaseDocument): CaseView {
  const withheld: string[] = [...(document.secrets ?? [])];
  const allowed = new Set<Publishable>(document.publish ?? []);
  /** The value when its field is published; else it is remembered and absent. */
  const show = <T extends string | undefined>(field: Publishable, value: T): T | undefined => {
    if (value === undefined || allowed.has(field)) return value;
    withheld.push(value);
    return undefined;
  };
  const given = <T extends object>(fields: T): T =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

  const { title, question, purpose, legal_basis, servers, contact, asks, changes, slo, ...others } = omit(
    document,
    'secrets',
  );
  const { symptoms, games, ticket, traces, ...rest } = others;
  const shownOnly = (list: readonly string[] | undefined): string[] | undefined => {
    const shown = list?.flatMap((text) => show('symptoms', text) ?? []);
    return shown?.length === 0 ? undefined : shown;
  };
  const view = given({
    ...rest,
    title: show('title', title) ?? UNTITLED,
    question: show('question', question),
    purpose: show('purpose', purpose),
    legal_basis: show('legal_basis', legal_basis),
    symptoms: shownOnly(symptoms),
    games: shownOnly(games),
    ticket: ticket && given({ ...ticket, fields: ticket.fields && shownFields(ticket.fields, show) }),
    // Their text is redacted like a packet's names; what their files are called says who took them.
    traces: traces?.map((trace, index) => ({ ...trace, path: `trace-${index + 1}` })),
    servers: servers.map(({ name, provider, datacenter, rack, ...server }) =>
      given({
        ...server,
        name: show('server_names', name),
        provider: show('provider', provider),
        datacenter: show('datacenter', datacenter),
        rack: show('server_names', rack),
      }),
    ),
    contact: contact && given(mapValues(contact, (value) => show('contact', value))),
    asks: asks && given({ ...asks, owner: show('owner', asks.owner) }),
    changes: changes?.map(({ at, what }) => ({
      at,
      what: show('changes', what) ?? 'a change (text withheld)',
    })),
    slo: slo && given({ ...slo, statement: show('slo_statement', slo.statement) }),
    captures: rest.captures.map(({ clock, ...capture }) =>
      given({
        ...capture,
        clock: clock && given({ ...clock, source: clockSource(clock.source, withheld) }),
      }),
    ),
  });
  return { document: view, withheld };
}

/** Names of clock software say nothing about anybody; anything else a person typed does. */
function clockSource(source: string, withheld: string[]): string {
  if (KNOWN_CLOCKS.test(source)) return source;
  withheld.push(source);
  return 'stated, text withheld';
}

function shownFields(
  fields: Readonly<Record<string, string>>,
  show: (field: Publishable, value: string) => string | undefined,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) => {
      const shown = show('ticket', value);
      return shown === undefined ? [] : [[key, shown]];
    }),
  );
}

function mapValues<T extends object>(fields: T, map: (value: string | undefined) => string | undefined): T {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, map(value as string | undefined)]),
  ) as T;
}

/** The same fields without some. */
export function omit<T extends object, K extends keyof T>(fields: T, ...keys: readonly K[]): Omit<T, K> {
  const gone = new Set<PropertyKey>(keys);
  return Object.fromEntries(Object.entries(fields).filter(([key]) => !gone.has(key))) as Omit<T, K>;
}
