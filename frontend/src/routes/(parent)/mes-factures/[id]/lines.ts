import type { InvoiceLineRead } from '#lib/api/client.gen.ts';

export interface ChildLines {
  child: string;
  lines: InvoiceLineRead[];
  total: number;
}

/** The lines of each child together, with their sum in cents; lines without a child come last. */
export function byChild(lines: InvoiceLineRead[]): ChildLines[] {
  const groups = new Map<string, ChildLines>();
  for (const line of lines) {
    const child = line.child_first_name ?? '';
    const group = groups.get(child) ?? { child, lines: [], total: 0 };
    group.lines.push(line);
    group.total += line.amount_cents;
    groups.set(child, group);
  }
  return [...groups.values()].sort((a, b) => Number(a.child === '') - Number(b.child === ''));
}
