import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../samples/generate/main.ts';
import { unpacked } from '../../../samples/generate/unpack.ts';
import { readPcap } from './naive-reader.ts';

const folder = new URL('../../../samples/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('manifest.json', folder), 'utf8')) as Manifest;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('committed samples', () => {
  it.each([...manifest.files, ...manifest.recorded])('$path is what the manifest says', (entry) => {
    const file = readFileSync(new URL(entry.path, folder));
    expect(file.length).toBe(entry.bytes);
    expect(sha256(file)).toBe(entry.sha256);
    const content = unpacked(file);
    expect(content.length).toBe(entry.content_bytes);
    expect(sha256(content)).toBe(entry.content_sha256);
    if (entry.packets !== null) expect(readPcap(content).length).toBe(entry.packets);
  });

  it('are all listed and stay below 6 MB together, truth below 300 kB', () => {
    const cases = new Set(manifest.files.map((entry) => entry.path.split('/')[0]!));
    const onDisk = [...cases].flatMap((name) =>
      readdirSync(new URL(`${name}/`, folder))
        // Made by running a case in place; git ignores it, too.
        .filter((file) => file !== 'redaction.key')
        .map((file) => `${name}/${file}`),
    );
    expect(cases).not.toContain('recorded');
    expect(onDisk.sort()).toEqual(manifest.files.map((entry) => entry.path).sort());
    const bytes = (paths: readonly string[]) =>
      paths.reduce((sum, path) => sum + statSync(new URL(path, folder)).size, 0);
    expect(bytes(onDisk)).toBeLessThan(6_000_000);
    expect(bytes(onDisk.filter((path) => path.endsWith('truth.json')))).toBeLessThan(300_000);
  });

  it('of recordings are all listed, too, and stay below 25 MB together', () => {
    const recorded = new URL('recorded/', folder);
    const onDisk = readdirSync(recorded, { recursive: true, encoding: 'utf8' })
      .filter((path) => statSync(new URL(path, recorded)).isFile() && !path.endsWith('redaction.key'))
      .map((path) => `recorded/${path}`);
    expect(onDisk.sort()).toEqual(manifest.recorded.map((entry) => entry.path).sort());
    expect(manifest.recorded.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(25_000_000);
  });
});
