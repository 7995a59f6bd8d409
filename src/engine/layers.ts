/** The way from the outside of a frame to an IP header, six bits a layer, as the core packs it (wasm/crates/packet/src/way.rs). */

const BITS_PER_LAYER = 6n;

/** @returns the layers' names from the outside in, such as `eth/vlan/ip`. */
export function layerPath(packed: bigint, names: readonly string[]): string {
  const layers: string[] = [];
  for (let rest = packed; rest > 0n; rest >>= BITS_PER_LAYER)
    layers.unshift(names[Number(rest & 63n) - 1] ?? 'unknown');
  return layers.join('/');
}
