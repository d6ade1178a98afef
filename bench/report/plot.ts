/** A small writer of SVG line charts: labelled axes, readable on light and on dark ground, without a script. */
export interface Series {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** For a model, or a limit. */
  readonly dashed?: boolean;
}

export interface Plot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
}

const width = 760;
const height = 420;
const margin = { top: 48, right: 24, bottom: 56, left: 84 };
const tickCount = 5;

/** Distinguishable for colour-blind eyes (Okabe and Ito), and on both grounds. */
const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#56b4e9"];

export function plotSvg({ title, xLabel, yLabel, series }: Plot): string {
  const points = series.flatMap((each) => each.points);
  const xTicks = ticksUpTo(Math.max(...points.map(([x]) => x)));
  const yTicks = ticksUpTo(Math.max(...points.map(([, y]) => y)));
  const [xMax, yMax] = [xTicks.at(-1)!, yTicks.at(-1)!];
  const innerWidth = width - margin.left - margin.right;
  const innerHeight = height - margin.top - margin.bottom;
  const left = (x: number): number => round(margin.left + (x / xMax) * innerWidth);
  const top = (y: number): number => round(margin.top + (1 - y / yMax) * innerHeight);
  const bottom = margin.top + innerHeight;
  const right = margin.left + innerWidth;
  const middle = margin.left + innerWidth / 2;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">`,
    `<style>
  .ground { fill: #ffffff } text { font: 13px system-ui, sans-serif; fill: #24292f } .title { font-size: 16px; font-weight: 600 }
  .grid { stroke: #d0d7de } .axis { stroke: #57606a } .line { fill: none; stroke-width: 2 } .dashed { stroke-dasharray: 6 4 }
  @media (prefers-color-scheme: dark) { .ground { fill: #0d1117 } text { fill: #e6edf3 } .grid { stroke: #30363d } .axis { stroke: #8b949e } }
</style>`,
    `<rect class="ground" width="${width}" height="${height}"/>`,
    `<text class="title" x="${margin.left}" y="24">${escape(title)}</text>`,
  ];
  for (const x of xTicks)
    parts.push(
      `<text x="${left(x)}" y="${bottom + 20}" text-anchor="middle">${tickText(x)}</text>`,
    );
  for (const y of yTicks)
    parts.push(
      `<line class="grid" x1="${margin.left}" x2="${right}" y1="${top(y)}" y2="${top(y)}"/>`,
      `<text x="${margin.left - 8}" y="${top(y) + 4}" text-anchor="end">${tickText(y)}</text>`,
    );
  parts.push(
    `<path class="axis" fill="none" d="M${margin.left} ${margin.top}V${bottom}H${right}"/>`,
    `<text x="${middle}" y="${height - 12}" text-anchor="middle">${escape(xLabel)}</text>`,
    `<text transform="translate(18 ${margin.top + innerHeight / 2}) rotate(-90)" text-anchor="middle">${escape(yLabel)}</text>`,
  );
  for (const [index, { label, points: own, dashed = false }] of series.entries()) {
    const colour = colours[index % colours.length]!;
    const path = own.map(([x, y], at) => `${at === 0 ? "M" : "L"}${left(x)} ${top(y)}`).join("");
    const line = dashed ? "line dashed" : "line";
    const y = margin.top + 8 + index * 18;
    parts.push(
      `<path class="${line}" stroke="${colour}" d="${path}"/>`,
      `<path class="${line}" stroke="${colour}" d="M${margin.left + 12} ${y}h24"/>`,
      `<text x="${margin.left + 44}" y="${y + 4}">${escape(label)}</text>`,
    );
  }
  return `${[...parts, "</svg>"].join("\n")}\n`;
}

/** From 0 in steps of 1, 2 or 5 times a power of ten, until `max` is within. */
function ticksUpTo(max: number): number[] {
  const rough = (max > 0 ? max : 1) / tickCount;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!;
  const count = Math.ceil((max > 0 ? max : 1) / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

function tickText(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString("en-US");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
