/**
 * What the numbers do not say. Those that follow from the facts are written here in both languages; the comparison's
 * own sentences are carried as they are. The list is never empty: the scope of the claim always opens it.
 */
import type { ComparisonRow } from '../comparison/types.ts';
import { countOf, formatCount } from './format-value.ts';
import type { ReportInput } from './input.ts';
import { qualityLines } from './quality.ts';
import type { Bilingual } from './words.ts';

export interface Limitations {
  readonly standing: readonly Bilingual[];
  /** Sentences of the comparison itself, in English only. */
  readonly stated: readonly string[];
  /** Both, in English, without saying scope and vantage twice. */
  readonly all: readonly string[];
}

export function collectLimitations(input: ReportInput, rows: readonly ComparisonRow[]): Limitations {
  const { comparison } = input;
  const standing: Bilingual[] = [];
  if (rows.every((row) => row.claim === 'window'))
    standing.push({
      en: 'It compares two capture windows; it says nothing about other evenings (that takes at least 6 paired days).',
      ja: '2つの測定時間帯を比較したものであり、他の夜については何も述べない（それには6日以上の対の測定が必要）。',
    });
  else
    standing.push({
      en: 'Pattern claims cover the measured evenings only, not the ones to come.',
      ja: '傾向についての判定は測定した夜のみを対象とし、今後の夜を予測するものではない。',
    });
  const ends = new Set(input.captures.map((capture) => capture.end));
  if (!(ends.has('client') && ends.has('server')))
    standing.push({
      en: `RTT was seen from one end (${comparison.vantage}): both directions and the far host are inside it; no direction is attributed.`,
      ja: `RTT は片端（${vantageJa(comparison.vantage)}）での観測であり、往復の両方向と相手ホストの処理時間を含む。どちらの方向の問題かは特定していない。`,
    });
  const ownWords = standing.length;
  const withheld = qualityLines(input.quality ?? []).filter(({ effect }) => effect === 'withheld');
  if (withheld.length > 0)
    standing.push({
      en: `These captures cannot carry: ${withheld.map(({ metrics, because }) => `${metrics.join(', ')} [${because}]`).join('; ')}.`,
      ja: `このキャプチャからは判断できない指標：${withheld.map(({ metrics, because }) => `${metrics.join('、')} [${because}]`).join('；')}。`,
    });
  standing.push({
    en: 'A difference between windows is not a cause: it does not by itself say whose network it is.',
    ja: '時間帯の間の差は原因を示すものではなく、それだけではどの事業者の網の問題かは特定できない。',
  });
  const silent = rows.filter(
    (row) => row.verdict === 'INSUFFICIENT' || row.verdict === 'INCONCLUSIVE',
  ).length;
  if (silent > 0)
    standing.push({
      en: `${silent} of ${countOf(rows.length, 'row')} (cohort × metric) got no answer from these data; no answer is not "no change".`,
      ja: `${rows.length}項目（コホート×指標）のうち${silent}項目は判定できなかった。判定不能は「変化なし」を意味しない。`,
    });
  const unplaced = rows.find((row) => row.cohort === 'unknown');
  if (unplaced)
    standing.push({
      en: `${countOf(unplaced.clients_evening, 'evening client')} matched no cohort and are only part of "all clients".`,
      ja: `夜間の ${unplaced.clients_evening} クライアントはどのコホートにも該当せず、「全クライアント」にのみ含まれる。`,
    });
  const lossy = comparison.diagnostics.filter(
    ({ severity }) => severity === 'data-loss' || severity === 'error',
  );
  if (lossy.length > 0) {
    const count = lossy.reduce((sum, { count: n }) => sum + n, 0);
    standing.push({
      en: `The captures lost data: ${formatCount(count)} × ${lossy.map(({ id }) => id).join(', ')}.`,
      ja: `キャプチャに欠落がある（${lossy.map(({ id }) => id).join('、')}、計 ${formatCount(count)} 件）。`,
    });
  }
  standing.push({
    en: 'Thresholds and margins are engineering defaults or the case’s own, not a standard.',
    ja: 'しきい値と許容差は技術的な既定値またはケースの指定値であり、規格ではない。',
  });
  const stated = comparison.limitations;
  // A comparison that states its limitations opens with its scope and vantage; ours would only repeat them.
  const rest = stated.length > 0 ? standing.slice(ownWords) : standing;
  return { standing, stated, all: [...stated, ...rest.map(({ en }) => en)] };
}

function vantageJa(vantage: 'server' | 'client' | 'middle'): string {
  return { server: 'サーバー側', client: 'クライアント側', middle: '経路の途中' }[vantage];
}
