/**
 * What is asked when a case is opened, as data, and how answers become case.yaml. Questions ask, they never judge: what law
 * applies is for the people who answer.
 */
import { stringify } from 'yaml';
import { caseSchema, ENDS, PERIODS, PRESETS, PROFILES, SERVER_KINDS } from '../case/schema.ts';
import { InputError } from '../errors.ts';

export type Answers = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Question {
  /** Name of the flag, and of the answer. */
  readonly name: string;
  readonly ask: string;
  /** One a line until an empty one. */
  readonly many?: true;
  readonly required?: true;
  readonly fallback?: string;
}

export const QUESTIONS: readonly Question[] = [
  { name: 'title', ask: 'What happens, in one line', required: true },
  { name: 'question', ask: 'What should the comparison answer' },
  { name: 'symptom', ask: 'What players report, in their words', many: true },
  { name: 'game', ask: 'Titles that are affected', many: true },
  { name: 'timezone', ask: 'Time zone of the people who read this', fallback: 'Asia/Tokyo' },
  {
    name: 'profile',
    ask: `Genre, which sets the thresholds (${PROFILES.join(', ')})`,
    fallback: 'fps_competitive',
  },
  {
    name: 'server',
    ask: `Servers: ADDRESS [key=value …], keys name provider asn datacenter rack kind (${SERVER_KINDS.join(', ')})`,
    many: true,
    required: true,
  },
  { name: 'preset', ask: `Whose ticket form (${PRESETS.join(', ')})`, fallback: 'generic' },
  { name: 'cohorts', ask: 'File with prefix,cohort (empty: none)' },
  { name: 'slo', ask: 'Objective: RTT in ms and share, e.g. 50 0.95 (empty: none)' },
  {
    name: 'capture',
    ask: `Captures: PATH ${PERIODS.join('|')} ${ENDS.join('|')} [clock=SOURCE] [bound_ms=N]`,
    many: true,
  },
  {
    name: 'change',
    ask: 'Changes on our side: 2026-11-20T21:00:00+09:00 WHAT (none: leave empty)',
    many: true,
  },
  { name: 'purpose', ask: 'Why the captures were taken' },
  {
    name: 'legal-basis',
    ask: 'On what basis (consent of volunteers, own end point, …); secrecy of communications and data protection are for you to judge',
  },
  { name: 'contact', ask: 'Who answers questions' },
  { name: 'email', ask: 'Under which e-mail address' },
  { name: 'availability', ask: 'When' },
  { name: 'keep-captures-until', ask: 'Raw captures are deleted after (YYYY-MM-DD, empty: no date)' },
  { name: 'keep-annex-until', ask: 'Annexes are deleted after (YYYY-MM-DD, empty: no date)' },
];

/** @throws InputError that names the answer that does not fit. */
export function caseText(answers: Answers): string {
  const document = documentOf(answers);
  // Captures often come later than the case; everything else must hold from the start.
  const shape = caseSchema.partial({ captures: true });
  const hasCaptures = document['captures'] !== undefined;
  const result = (
    hasCaptures ? caseSchema.extend({ captures: caseSchema.shape.captures.min(1) }) : shape
  ).safeParse(document);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new InputError({
      code: 'case/answer',
      message: `the answer for ${issue?.path.join('.') ?? 'the case'} does not fit: ${issue?.message ?? 'unknown'}`,
      help: 'lagdiff schema case prints what a case may say',
    });
  }
  const later = hasCaptures
    ? ''
    : '# captures: list each as path, period (baseline or evening) and end (client or server); two are the least.\n';
  return `${stringify(document, { lineWidth: 110 })}${later}`;
}

function documentOf(answers: Answers): Record<string, unknown> {
  const one = (name: string): string | undefined => {
    const value = answers[name];
    const text = typeof value === 'string' ? value.trim() : value?.join(' ').trim();
    return text === '' ? undefined : text;
  };
  const many = (name: string): string[] | undefined => {
    const value = answers[name];
    const list = (typeof value === 'string' ? [value] : (value ?? []))
      .map((text) => text.trim())
      .filter((text) => text !== '');
    return list.length === 0 ? undefined : list;
  };
  const slo = one('slo')
    ?.split(/[\s,]+/)
    .map(Number);
  return present({
    title: one('title'),
    question: one('question'),
    symptoms: many('symptom'),
    games: many('game'),
    timezone: one('timezone'),
    profile: one('profile'),
    servers: many('server')?.map(serverOf),
    ticket: one('preset') === undefined ? undefined : { preset: one('preset') },
    cohorts: one('cohorts'),
    slo: slo === undefined ? undefined : { rtt_ms: slo[0], share: slo[1] },
    captures: many('capture')?.map(captureOf),
    changes:
      many('change')?.map((text) => ({ at: text.split(/\s+/)[0], what: text.replace(/^\S+\s*/, '') })) ?? [],
    purpose: one('purpose'),
    legal_basis: one('legal-basis'),
    contact: orNothing({ name: one('contact'), email: one('email'), availability: one('availability') }),
    retention: orNothing({ captures: one('keep-captures-until'), annex: one('keep-annex-until') }),
  });
}

function serverOf(text: string): Record<string, unknown> {
  const { words, pairs } = parts(text);
  const { asn, ...rest } = pairs;
  return present({ address: words.join(' '), ...rest, asn: asn === undefined ? undefined : Number(asn) });
}

function captureOf(text: string): Record<string, unknown> {
  const { words, pairs } = parts(text);
  const [end, period, ...path] = words.reverse();
  const bound = pairs['bound_ms'];
  return present({
    path: path.reverse().join(' '),
    period,
    end,
    clock: orNothing({ source: pairs['clock'], bound_ms: bound === undefined ? undefined : Number(bound) }),
  });
}

/** `a b key=value with blanks key2=value` */
function parts(text: string): { words: string[]; pairs: Record<string, string> } {
  const [head = '', ...rest] = text.split(/\s+(?=[a-z_]+=)/);
  return {
    words: head.split(/\s+/),
    pairs: Object.fromEntries(
      rest.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    ),
  };
}

function present(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function orNothing(fields: Record<string, unknown>): Record<string, unknown> | undefined {
  const given = present(fields);
  return Object.keys(given).length === 0 ? undefined : given;
}
