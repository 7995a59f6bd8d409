/** The words of a report as data, in English and Japanese: one row per metric and per verdict. */
import type { Metric, Verdict } from '../comparison/types.ts';
import { cutText, plainText } from './text.ts';

/** The same thing said twice. */
export interface Bilingual {
  readonly en: string;
  readonly ja: string;
}

export interface MetricWords extends Bilingual {
  readonly kind: 'duration' | 'ratio';
  readonly short: string;
}

/** In the order in which a report lists them. */
export const METRICS: Readonly<Record<Metric, MetricWords>> = {
  rtt_p50_ns: { kind: 'duration', short: 'RTT p50', en: 'median RTT', ja: 'RTT 中央値' },
  rtt_p95_ns: {
    kind: 'duration',
    short: 'RTT p95',
    en: '95th percentile of RTT',
    ja: 'RTT 95パーセンタイル',
  },
  excess_delay_p50_ns: {
    kind: 'duration',
    short: 'excess delay p50',
    en: 'median delay above each client’s own minimum',
    ja: '各クライアントの最小 RTT を上回る遅延の中央値',
  },
  pdv_p95_ns: {
    kind: 'duration',
    short: 'PDV p95',
    en: '95th percentile of packet delay variation (RFC 5481)',
    ja: 'パケット遅延変動（PDV、RFC 5481）の95パーセンタイル',
  },
  loss_ratio: { kind: 'ratio', short: 'loss', en: 'packet loss', ja: 'パケット損失率' },
  loss_to_client_ratio: {
    kind: 'ratio',
    short: 'loss to client',
    en: 'packet loss from server to client',
    ja: 'サーバーからクライアント方向（下り）のパケット損失率',
  },
  loss_to_server_ratio: {
    kind: 'ratio',
    short: 'loss to server',
    en: 'packet loss from client to server',
    ja: 'クライアントからサーバー方向（上り）のパケット損失率',
  },
  deadline_miss_ratio: {
    kind: 'ratio',
    short: 'deadline miss',
    en: 'packets lost or later than the play-out deadline',
    ja: '許容時間内に届かなかったパケットの割合（損失を含む）',
  },
  slo_breach_ratio: {
    kind: 'ratio',
    short: 'SLO breach',
    en: 'player-minutes over the RTT threshold',
    ja: 'RTT がしきい値を超えたプレイヤー・分の割合',
  },
  connect_failure_ratio: {
    kind: 'ratio',
    short: 'connect failure',
    en: 'connection attempts that failed',
    ja: '接続失敗率',
  },
};

export const METRIC_ORDER = Object.keys(METRICS) as readonly Metric[];

export interface VerdictWords extends Bilingual {
  /** What the word claims, in one sentence. */
  readonly meaning: Bilingual;
  /** Okabe–Ito, checked for 3:1 on white and on the dark page; never the only carrier of the verdict. */
  readonly color: string;
  readonly ansi: string;
  /** Worst first. */
  readonly rank: number;
}

export const VERDICTS: Readonly<Record<Verdict, VerdictWords>> = {
  DEGRADED: {
    en: 'DEGRADED',
    ja: '悪化',
    meaning: {
      en: 'worse by more than the margin δ: the whole 95% interval lies above it',
      ja: '95%信頼区間全体が許容差 δ を上回る悪化',
    },
    color: '#d55e00',
    ansi: '1;31',
    rank: 0,
  },
  MINOR: {
    en: 'MINOR',
    ja: '軽微な変化',
    meaning: {
      en: 'changed (zero is outside the 95% interval), but not shown to exceed the margin δ',
      ja: '変化はあるが、許容差 δ を超えるとは示せない',
    },
    color: '#cc79a7',
    ansi: '33',
    rank: 1,
  },
  INCONCLUSIVE: {
    en: 'INCONCLUSIVE',
    ja: '判定保留',
    meaning: {
      en: 'the interval is too wide to say either “worse” or “the same”',
      ja: '信頼区間が広く、悪化とも同等とも言えない',
    },
    color: '#767676',
    ansi: '36',
    rank: 2,
  },
  INSUFFICIENT: {
    en: 'INSUFFICIENT',
    ja: 'データ不足',
    meaning: {
      en: 'too few clients or time blocks to compute an honest interval',
      ja: 'クライアント数または時間ブロック数が不足',
    },
    color: '#767676',
    ansi: '2',
    rank: 3,
  },
  EQUIVALENT: {
    en: 'EQUIVALENT',
    ja: '同等',
    meaning: {
      en: 'shown to be the same within the margin: the 90% interval lies inside ±δ',
      ja: '90%信頼区間が ±δ の内側にあり、同等と示された',
    },
    color: '#009e73',
    ansi: '32',
    rank: 4,
  },
  IMPROVED: {
    en: 'IMPROVED',
    ja: '改善',
    meaning: {
      en: 'better by more than the margin δ: the whole 95% interval lies below −δ',
      ja: '95%信頼区間全体が −δ を下回る改善',
    },
    color: '#0072b2',
    ansi: '1;34',
    rank: 5,
  },
};

/** Longest cohort name inside a sentence, in terminal cells; tables and CSVs carry it whole. */
const NAME_IN_SENTENCE = 32;

/** A cohort's name as part of a sentence: harmless, and short enough to leave room for the sentence. */
export function cohortInSentence(cohort: string): Bilingual {
  return cohortName(cutText(plainText(cohort), NAME_IN_SENTENCE));
}

/** Cohort names are the user's; only the two that lagdiff itself makes are translated. */
export function cohortName(cohort: string): Bilingual {
  if (cohort === 'all') return { en: 'all clients', ja: '全クライアント' };
  if (cohort === 'unknown') return { en: 'clients in no cohort', ja: 'コホート未分類のクライアント' };
  return { en: cohort, ja: `「${cohort}」` };
}
