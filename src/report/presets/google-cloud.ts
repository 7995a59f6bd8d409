import type { Preset } from './preset.ts';

export const googleCloud: Preset = {
  name: 'Google Cloud',
  where: 'Google Cloud support, one case per issue',
  fields: [
    { key: 'project_id', label: 'project id', from: 'given' },
    { key: 'zone', label: 'zone', from: 'given' },
    { key: 'resource_ids', label: 'resource ids', from: 'given' },
    { key: 'product', label: 'product', from: 'given' },
    { key: 'window', label: 'start and end, ISO 8601 with offset', from: 'window' },
    { key: 'frequency', label: 'intermittent, transient or consistent', from: 'given' },
    {
      key: 'dashboard',
      label: 'Performance Dashboard: loss and latency of the last six weeks, checked and attached',
      from: 'given',
    },
    { key: 'traces', label: 'traces in both directions', from: 'traces' },
  ],
  trace: 'mtr -rwzbc 1000 ADDRESS',
  notes: ['Times with their offset (ISO 8601); one case per issue.'],
};
