/** Presets by the name that a case gives. */
import type { CaseDocument } from '../../case/schema.ts';
import { aws } from './aws.ts';
import { azure } from './azure.ts';
import { generic } from './generic.ts';
import { googleCloud } from './google-cloud.ts';
import { hetzner } from './hetzner.ts';
import { ovh } from './ovh.ts';
import type { Preset } from './preset.ts';

export type PresetName = NonNullable<CaseDocument['ticket']>['preset'];

export const PRESET_DATA: Readonly<Record<PresetName, Preset>> = {
  aws,
  azure,
  generic,
  hetzner,
  ovh,
  'google-cloud': googleCloud,
};
