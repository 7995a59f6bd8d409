/** What a provider's ticket form wants, as data. */

/** Where the value of a field comes from: the case as written, or `ticket.fields` of it by the same key. */
export type Source = 'window' | 'servers' | 'symptoms' | 'traces' | 'changes' | 'given';

export interface PresetField {
  readonly key: string;
  readonly label: string;
  readonly from: Source;
}

export interface Preset {
  readonly name: string;
  /** Where such a complaint is filed. */
  readonly where: string;
  readonly fields: readonly PresetField[];
  /** Command for one direction; run it in both. */
  readonly trace: string;
  readonly notes: readonly string[];
}
