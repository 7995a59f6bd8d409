import type { Preset } from './preset.ts';

export const ovh: Preset = {
  name: 'OVH',
  where: 'incident ticket in the manager, after its self-help checks',
  fields: [
    { key: 'service_name', label: 'service name in the manager', from: 'given' },
    { key: 'servers', label: 'addresses', from: 'servers' },
    { key: 'self_help', label: 'self-help checks that were done', from: 'given' },
    { key: 'rescue_mode', label: 'result in rescue mode, which excludes your own system', from: 'given' },
    { key: 'window', label: 'start and end', from: 'window' },
    { key: 'traces', label: 'MTR in both directions, without VPN', from: 'traces' },
  ],
  trace: 'mtr -rwzbc 500 ADDRESS',
  notes: [
    'Support decides where responsibility ends: show that the host itself was healthy (rescue mode) first.',
  ],
};
