import type { Preset } from './preset.ts';

export const aws: Preset = {
  name: 'AWS',
  where: 'AWS Support, technical case',
  fields: [
    { key: 'account_id', label: 'account id', from: 'given' },
    { key: 'region', label: 'region and availability zone', from: 'given' },
    { key: 'instance_ids', label: 'instance ids', from: 'given' },
    { key: 'eni_ids', label: 'network interface ids', from: 'given' },
    { key: 'window', label: 'start and end', from: 'window' },
    { key: 'traces', label: 'MTR or traceroute in both directions, TCP mode too', from: 'traces' },
    { key: 'host_metrics', label: 'instance CPU, NetworkIn and NetworkOut in the window', from: 'given' },
  ],
  trace: 'mtr -rwzbc 1000 --tcp --port PORT ADDRESS',
  notes: [
    'Paths are asymmetric: a trace of one direction says nothing about the other.',
    'Read a trace from the bottom: loss counts only where it goes on to the last hop.',
    'They ask for the host first: CPU, NetworkIn and NetworkOut of the instance.',
  ],
};
