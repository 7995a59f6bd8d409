/** Writes a small MaxMind DB (format 2.0, IPv4 tree, 24-bit records) from prefixes and records: what the reader's maker specifies. */

export type MmdbValue = string | number | readonly MmdbValue[] | { readonly [key: string]: MmdbValue };

function control(type: number, size: number): number[] {
  if (size > 284) throw new RangeError('the writer is for small values');
  const length = size < 29 ? size : 29;
  const extra = size < 29 ? [] : [size - 29];
  return type < 8 ? [(type << 5) | length, ...extra] : [length, type - 7, ...extra];
}

function encode(value: MmdbValue): number[] {
  if (typeof value === 'string') {
    const bytes = [...Buffer.from(value, 'utf8')];
    return [...control(2, bytes.length), ...bytes];
  }
  if (typeof value === 'number') {
    const bytes: number[] = [];
    for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
    return [...control(6, bytes.length), ...bytes];
  }
  if (Array.isArray(value)) {
    const items = value as readonly MmdbValue[];
    return [...control(11, items.length), ...items.flatMap(encode)];
  }
  const entries = Object.entries(value);
  return [
    ...control(7, entries.length),
    ...entries.flatMap(([key, item]) => [...encode(key), ...encode(item)]),
  ];
}

interface Node {
  children: [Node | number | null, Node | number | null];
}

export function writeMmdb(rows: readonly { readonly prefix: string; readonly record: MmdbValue }[]): Buffer {
  const root: Node = { children: [null, null] };
  const data: number[] = [];
  for (const { prefix, record } of rows) {
    const [address, length] = prefix.split('/') as [string, string];
    const bits = address
      .split('.')
      .flatMap((byte) => Array.from({ length: 8 }, (_, i) => (Number(byte) >> (7 - i)) & 1))
      .slice(0, Number(length));
    let node = root;
    bits.forEach((bit, depth) => {
      if (depth === bits.length - 1) {
        node.children[bit] = data.length;
        return;
      }
      const next = node.children[bit];
      if (typeof next === 'number') throw new RangeError('the writer is for prefixes that do not nest');
      node = next ?? (node.children[bit] = { children: [null, null] });
    });
    data.push(...encode(record));
  }
  const nodes: Node[] = [];
  const visit = (node: Node): void => {
    nodes.push(node);
    for (const child of node.children) if (typeof child === 'object' && child !== null) visit(child);
  };
  visit(root);
  const tree = nodes.flatMap(({ children }) =>
    children.flatMap((child) => {
      const value =
        child === null
          ? nodes.length
          : typeof child === 'number'
            ? nodes.length + 16 + child
            : nodes.indexOf(child);
      return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
    }),
  );
  const metadata = encode({
    node_count: nodes.length,
    record_size: 24,
    ip_version: 4,
    database_type: 'Test',
    languages: ['en'],
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_700_000_000,
    description: { en: 'written by a test' },
  });
  return Buffer.from([
    ...tree,
    ...new Array<number>(16).fill(0),
    ...data,
    ...Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'),
    ...metadata,
  ]);
}
