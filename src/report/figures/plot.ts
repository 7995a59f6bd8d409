/**
 * The one place that knows Observable Plot and linkedom: marks in, SVG text out. Plot's own style element is taken out
 * (a page with a strict CSP would refuse it) and nothing that numbers its ids per process (clips, gradients) is used,
 * so one figure has the same bytes whatever was drawn before it.
 */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

export { Plot };

/** An inner `<svg>` placed at (x, y); the frame around it is frame.ts. */
export function drawPlot(options: Plot.PlotOptions, x: number, y: number): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>') as { document: object };
  const svg = Plot.plot({
    ...options,
    className: 'plot',
    document,
  }) as unknown as {
    querySelectorAll(selector: string): Iterable<{ remove(): void }>;
    removeAttribute(name: string): void;
    setAttribute(name: string, value: string): void;
    readonly outerHTML: string;
  };
  for (const style of svg.querySelectorAll('style')) style.remove();
  svg.removeAttribute('class');
  svg.setAttribute('x', String(x));
  svg.setAttribute('y', String(y));
  svg.setAttribute('font-size', '12');
  return svg.outerHTML;
}

export const COLORS = {
  baseline: '#0072b2',
  evening: '#d55e00',
  /** Band of ±δ, and lines that are references rather than data. */
  margin: '#767676',
} as const;

/** Cohorts, in the order given: Okabe–Ito without yellow (too light on white) and with dashes as a second cue. */
export const COHORT_STYLES: readonly { readonly color: string; readonly dash: string }[] = [
  { color: '#d55e00', dash: '' },
  { color: '#0072b2', dash: '7 3' },
  { color: '#009e73', dash: '2 3' },
  { color: '#cc79a7', dash: '10 3 2 3' },
  { color: '#767676', dash: '1 2' },
];
