/** The package ships no types; this is the one call of it that is used. */
declare module 'svg-to-pdfkit' {
  export default function SVGtoPDF(
    doc: unknown,
    svg: string,
    x: number,
    y: number,
    options: { width: number; height: number; preserveAspectRatio: string; fontCallback: () => string },
  ): void;
}
