// Figures as a table of Markdown that also reads well as it is: names to the left, numbers to the right.
import type { Summary } from './statistics.ts';

export function textTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => align(cells[column] ?? '', width, column)).join(' | ')} |`;
  const rule = widths.map((width, column) => '-'.repeat(width - 1) + (column === 0 ? '-' : ':'));
  return [line(heads), line(rule), ...rows.map(line)].join('\n');
}

export const summaryHeads = ['median', 'min', 'max'] as const;

export function summaryCells({ median, min, max }: Summary, digits = 0): string[] {
  return [median, min, max].map((value) => value.toFixed(digits));
}

function align(text: string, width: number, column: number): string {
  return column === 0 ? text.padEnd(width) : text.padStart(width);
}
