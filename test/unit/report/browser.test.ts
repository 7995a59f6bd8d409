/** The pages of a real annex in a real browser: nothing on the console, nothing asked of any network. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lagdiffHere } from '../../helpers/in-process.ts';
import { ROOT } from '../../helpers/repository.ts';

const run = promisify(execFile);
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const QUIET = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-default-apps'],
];

interface Visit {
  readonly console: readonly string[];
  /** URLs that the page asked for. */
  readonly asked: readonly string[];
  readonly dom: string;
}

interface NetEvent {
  readonly url?: string;
  readonly initiator?: string;
}

interface NetLog {
  readonly constants: { readonly logEventTypes: Readonly<Record<string, number>> };
  readonly events: readonly { readonly type: number; readonly params?: NetEvent }[];
}

describe.skipIf(!CHROMIUM)('the pages in Chromium', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lagdiff-browser-'));
    const { code, stderr } = await lagdiffHere([
      ...['run', join(ROOT, 'samples/null/case.yaml'), '--out', join(folder, 'annex')],
      ...['--key', join(folder, 'key.pem'), '--redaction-key', join(folder, 'redaction.key'), '--quiet'],
    ]);
    expect(code, stderr).toBe(0);
  }, 120_000);
  afterAll(async () => rm(folder, { recursive: true, force: true }));

  async function visit(page: string, width: number): Promise<Visit> {
    const log = join(folder, 'net.json');
    const { stdout, stderr } = await run(
      CHROMIUM!,
      [
        ...QUIET,
        ...['--enable-logging=stderr', `--log-net-log=${log}`, `--window-size=${width},900`],
        ...[`--user-data-dir=${join(folder, 'profile')}`, '--virtual-time-budget=3000', '--dump-dom'],
        `file://${page}`,
      ],
      { maxBuffer: 1 << 28 },
    );
    const { constants, events } = JSON.parse(await readFile(log, 'utf8')) as NetLog;
    const request = constants.logEventTypes['URL_REQUEST_START_JOB'];
    expect(request).toBeTypeOf('number');
    return {
      console: stderr.split('\n').filter((line) => /:CONSOLE[:(]/.test(line)),
      asked: events
        .flatMap(({ type, params = {} }) =>
          // What the browser asks for itself comes from no origin.
          type === request && params.url !== undefined && params.initiator !== 'not an origin'
            ? [params.url]
            : [],
        )
        .filter((url) => !/^(file|data|chrome):/.test(url)),
      dom: stdout,
    };
  }

  it.each([
    ['report.html', 1440],
    ['report.html', 390],
    ['summary.html', 1440],
    ['summary.html', 390],
  ])(
    '%s at %i pixels says nothing on the console and asks nobody',
    async (page, width) => {
      const { console: said, asked, dom } = await visit(join(folder, 'annex', page), width);
      expect(dom).toContain('</html>');
      expect(said).toEqual([]);
      expect(asked).toEqual([]);
    },
    60_000,
  );

  it('would be told by a page that does both', async () => {
    const page = join(folder, 'loud.html');
    await writeFile(
      page,
      '<!doctype html><img src="http://192.0.2.1/x.png"><script>console.error("loud")</script>',
    );
    const { console: said, asked } = await visit(page, 800);
    expect(said.join('\n')).toContain('loud');
    expect(asked).toContain('http://192.0.2.1/x.png');
  }, 60_000);
});
