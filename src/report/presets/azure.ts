import type { Preset } from './preset.ts';

export const azure: Preset = {
  name: 'Azure',
  where: 'Azure support request, technical',
  fields: [
    { key: 'subscription_id', label: 'subscription id', from: 'given' },
    { key: 'region', label: 'region', from: 'given' },
    { key: 'vm_size', label: 'VM size and its network limit', from: 'given' },
    { key: 'nic_id', label: 'network interface id', from: 'given' },
    { key: 'window', label: 'start and end', from: 'window' },
    { key: 'segments', label: 'LAN, provider and Azure edge tested apart', from: 'given' },
    {
      key: 'baseline_test',
      label: 'repeatable latency and bandwidth test of both ends (iPerf, PsPing)',
      from: 'given',
    },
    { key: 'traces', label: 'traces in both directions', from: 'traces' },
  ],
  trace: 'mtr -rwzbc 1000 ADDRESS',
  notes: [
    'They ask to split the path into LAN, provider and Azure edge, and for a test that can be repeated.',
  ],
};
