/**
 * What to ask of whom, derived from the verdict rows: three asks, each with an owner and a date or the plain statement
 * that the case gives none. A provider is asked for something only when a named cohort got worse.
 */
import type { ComparisonRow } from '../comparison/types.ts';
import { eveningEnds } from './ends.ts';
import { formatInterval, formatDifference } from './format-value.ts';
import type { ReportInput } from './input.ts';
import { cutText, plainText } from './text.ts';
import type { Extent } from './extent.ts';
import { cohortInSentence, METRICS } from './words.ts';
import type { Bilingual } from './words.ts';

export interface Ask {
  readonly owner: Bilingual;
  readonly due: Bilingual;
  readonly text: Bilingual;
  /** Why this ask follows from the data. */
  readonly because: Bilingual;
}

const NOT_STATED: Bilingual = { en: 'not stated in the case', ja: 'ケースに記載なし' };

interface AskInput {
  readonly input: ReportInput;
  readonly headlineRow: ComparisonRow | null;
  readonly extent: Extent;
  readonly windows: { readonly baseline: string; readonly evening: string };
}

export function planAsks(asked: AskInput): Ask[] {
  const { extent, headlineRow } = asked;
  const worst = extent.worse[0];
  if (worst) return asksWhenWorse(asked, worst);
  if (headlineRow && (headlineRow.verdict === 'INSUFFICIENT' || headlineRow.verdict === 'INCONCLUSIVE'))
    return asksWhenOpen(asked, headlineRow);
  return asksWhenNotWorse(asked);
}

function asksWhenWorse({ input, extent }: AskInput, row: ComparisonRow): Ask[] {
  const provider = providerOf(input);
  const due = dueOf(input);
  const servers = serversOf(input);
  const cohort = cohortInSentence(row.cohort);
  const finding: Bilingual = {
    en: `${METRICS[row.metric].short} of ${cohort.en}: ${formatDifference(row.metric, row.difference)}, 95% CI ${formatInterval(row.metric, row.ci95)}`,
    ja: `${cohort.ja}の${METRICS[row.metric].ja}:${formatDifference(row.metric, row.difference)}、95%信頼区間 ${formatInterval(row.metric, row.ci95)}`,
  };
  const control = extent.notWorse.find(
    (other) => other.metric === row.metric && other.cohort !== row.cohort && other.cohort !== 'all',
  );
  const contrast: Bilingual = control
    ? {
        en: `${cohortInSentence(control.cohort).en} reached the same servers in the same window and is ${control.verdict}: the servers alone do not explain the difference`,
        ja: `${cohortInSentence(control.cohort).ja}は同じ時間帯に同じサーバーへ接続して悪化していない。サーバーだけでは差を説明できない`,
      }
    : {
        en: 'no other cohort is shown to be unaffected, so the server side is not excluded',
        ja: '影響を受けていないと示せるコホートが他になく、サーバー側の要因も排除できない',
      };
  return [
    {
      owner: provider,
      due,
      text: {
        en: `Utilisation and output drops, at 5-minute resolution or finer, of every interface and LAG member between ${servers.en} and the networks of ${cohort.en}, in both windows.`,
        ja: `${servers.ja} と${cohort.ja}の接続網との間の全インターフェース（LAG メンバー単位）について、使用率と出力ドロップ数を、両時間帯について5分以下の粒度で提示してほしい。`,
      },
      because: finding,
    },
    {
      owner: provider,
      due,
      text: {
        en: `BGP path, next hop and ECMP/LAG member used towards ${cohort.en} in both windows, and every routing or filtering change between them.`,
        ja: `両時間帯における${cohort.ja}向けの BGP 経路・ネクストホップ・ECMP/LAG メンバーと、その間に行われた経路変更・フィルタ変更の有無。`,
      },
      because: contrast,
    },
    {
      owner: { en: `us, with ${provider.en}`, ja: `当方と${provider.ja}` },
      due,
      text: {
        en: `In the next such window: MTR in both directions (UDP, game port, at least 1000 packets) for 3 affected clients and 3 healthy controls, and a capture at both ends.`,
        ja: `次の同じ時間帯に、影響のあるクライアント3台と正常な対照3台について双方向の MTR（UDP、ゲームポート、1000 パケット以上）と両端のパケットキャプチャを取得する。`,
      },
      because: eveningEnds(input) ?? {
        en: 'this comparison alone does not say which direction, or whose network',
        ja: '今回の比較だけでは、方向も責任範囲も特定できない',
      },
    },
  ];
}

function asksWhenOpen({ input, windows }: AskInput, row: ComparisonRow): Ask[] {
  const { needed } = row;
  const owner: Bilingual = { en: 'us', ja: '当方' };
  const due = dueOf(input);
  const size: Bilingual = needed
    ? {
        en: `at least ${needed.clients} clients and ${needed.minutes} minutes in each window`,
        ja: `各時間帯とも ${needed.clients} クライアント以上・${needed.minutes} 分以上`,
      }
    : {
        en: 'at least 30 common clients and 180 minutes in each window',
        ja: '各時間帯とも共通クライアント30以上・180分以上',
      };
  return [
    {
      owner,
      due,
      text: { en: `Capture again: ${size.en}.`, ja: `再測定する：${size.ja}。` },
      because: {
        en: needed?.reason ?? 'the interval is too wide for an answer',
        ja: '現在のデータ量では判定に足りる信頼区間が得られない',
      },
    },
    {
      owner,
      due,
      text: {
        en: `Capture at both ends, and note the drop counters at the end of each capture.`,
        ja: `両端でキャプチャし、終了時のドロップカウンターを記録する。`,
      },
      because: {
        en: 'with both ends, loss and delay can be told apart by direction',
        ja: '両端のデータがあれば、損失と遅延を方向別に切り分けられる',
      },
    },
    {
      owner,
      due,
      text: {
        en: `Repeat on at least 6 evenings, same hours as ${windows.evening}.`,
        ja: `${windows.evening} と同じ時間帯で6晩以上繰り返す。`,
      },
      because: { en: 'one evening cannot show a pattern', ja: '1晩では傾向を示せない' },
    },
  ];
}

function asksWhenNotWorse({ input, windows }: AskInput): Ask[] {
  const owner: Bilingual = { en: 'us', ja: '当方' };
  const due = dueOf(input);
  return [
    {
      owner,
      due,
      text: {
        en: 'Ask nothing of the provider on this evidence.',
        ja: 'この結果に基づく事業者への依頼はない。',
      },
      because: {
        en: 'no cohort is shown to be worse by more than the margin',
        ja: '許容差を超えて悪化したと示されたコホートがない',
      },
    },
    {
      owner,
      due,
      text: {
        en: `Look inside the window ${windows.evening}: server tick time, client frame time, and players who could not connect.`,
        ja: `${windows.evening} について、サーバーの tick 処理時間、クライアントのフレーム時間、接続できなかったプレイヤーを確認する。`,
      },
      because: {
        en: 'complaints without a network difference have causes that a packet comparison does not see',
        ja: 'ネットワークの差がない苦情は、パケット比較では見えない原因による',
      },
    },
    {
      owner,
      due,
      text: {
        en: 'Keep these captures as a baseline and repeat on at least 6 evenings.',
        ja: '今回のキャプチャを基準として保存し、6晩以上繰り返す。',
      },
      because: { en: 'one evening cannot show a pattern', ja: '1晩では傾向を示せない' },
    },
  ];
}

function providerOf(input: ReportInput): Bilingual {
  if (input.case?.asks?.owner) return { en: input.case.asks.owner, ja: input.case.asks.owner };
  const names = [
    ...new Set((input.case?.servers ?? []).flatMap(({ provider }) => (provider ? [provider] : []))),
  ];
  if (names.length > 0) return { en: names.join(', '), ja: names.join('、') };
  return { en: `hosting provider (${NOT_STATED.en})`, ja: `ホスティング事業者（${NOT_STATED.ja}）` };
}

function dueOf(input: ReportInput): Bilingual {
  const due = input.case?.asks?.due;
  return due ? { en: due, ja: due } : NOT_STATED;
}

function serversOf(input: ReportInput): Bilingual {
  const servers = (input.case?.servers ?? []).map(({ name, address }) =>
    name ? `${cutText(plainText(name), 40)} (${address})` : address,
  );
  if (servers.length === 0) return { en: 'the servers', ja: '対象サーバー' };
  const [first] = servers;
  const others = servers.length - 1;
  if (others === 0) return { en: first!, ja: first! };
  return { en: `${first} and ${others} more of our servers`, ja: `${first} ほか${others}台` };
}
