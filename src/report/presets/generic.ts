import type { Preset } from './preset.ts';

export const generic: Preset = {
  name: 'hosting provider',
  where: 'its support, and the NOC contact of its network in PeeringDB; such contacts are often out of date',
  fields: [
    { key: 'servers', label: 'addresses, data centre, rack or instance, network interface', from: 'servers' },
    { key: 'window', label: 'start and end, ISO 8601 UTC and local', from: 'window' },
    { key: 'traces', label: 'MTR in both directions, in failing and healthy hours', from: 'traces' },
    { key: 'changes', label: 'changes on our side', from: 'changes' },
  ],
  trace: 'mtr -rwzbc 1000 ADDRESS',
  notes: [
    'Lead with packet evidence of both ends; traces come last, since loss at one hop is mostly a router that answers few probes.',
  ],
};
