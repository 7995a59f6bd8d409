/** What pairing both ends says about the evening, in one line of each language. */
import type { Bilingual } from './words.ts';
import type { ReportInput } from './input.ts';

const BLAMED_JA: Readonly<Record<string, string>> = {
  'client host': 'クライアント端末',
  'client access': 'クライアントのアクセス回線',
  'path forward': 'クライアントからサーバーへの経路',
  'path return': 'サーバーからクライアントへの経路',
  'server host': 'サーバーホスト',
  UNDETERMINED: '特定できず',
};

/** Null where no packets of the evening were found at both ends. */
export function eveningEnds({ ends }: ReportInput): Bilingual | null {
  const evening = ends?.find(({ period, status }) => period === 'evening' && status !== 'unrelated');
  if (evening === undefined) return null;
  const { verdict, sentence } = evening.blame;
  return {
    en: `${evening.flows} flows captured at both ends in the evening say: ${sentence}`,
    ja: `夜間に両端で取得した ${evening.flows} フローの結果：${BLAMED_JA[verdict] ?? verdict}`,
  };
}
