/** Faults of the committed core as sentences; empty when hashes of sources and bytes agree with the manifest. */
export function checkCore(folder?: string): string[];
