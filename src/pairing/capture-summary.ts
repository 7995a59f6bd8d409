/** What `pair` tells of each capture; analyze's summary has the same shape. */
export interface CaptureSummaryLike {
  readonly path: string;
  readonly sha256: string | null;
  readonly format: string;
  readonly records: number;
  readonly decoded: number;
  readonly diagnosed: number;
  readonly first: string | null;
  readonly last: string | null;
}
