import type { Preset } from './preset.ts';

export const hetzner: Preset = {
  name: 'Hetzner',
  where: 'Hetzner support request, with the affected server selected',
  fields: [
    { key: 'server_id', label: 'affected server as selected in the form', from: 'given' },
    { key: 'servers', label: 'addresses', from: 'servers' },
    { key: 'window', label: 'start and end', from: 'window' },
    { key: 'traces', label: 'MTR in both directions, at least 1000 packets', from: 'traces' },
  ],
  trace: 'mtr -rwzbc 1000 ADDRESS',
  notes: [
    '"My ping is bad" is not enough for them: both directions, 1000 packets or more; WinMTR is accepted.',
  ],
};
