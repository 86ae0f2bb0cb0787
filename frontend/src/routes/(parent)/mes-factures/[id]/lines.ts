import type { InvoiceLineRead } from '#lib/api/client.ts';

export interface ActivityLines {
  activity: string;
  lines: InvoiceLineRead[];
  total: number;
}

export interface ChildLines {
  child: string;
  activities: ActivityLines[];
  total: number;
}

/** Lines of each child together and, in them, of each activity, with their sums in cents; lines without a child come last. */
export function byChild(lines: InvoiceLineRead[]): ChildLines[] {
  const groups = new Map<string, ChildLines>();
  for (const line of lines) {
    const child = line.child_first_name ?? '';
    const group = groups.get(child) ?? { child, activities: [], total: 0 };
    groups.set(child, group);
    group.total += line.amount_cents;
    addTo(group.activities, line);
  }
  return [...groups.values()].sort((a, b) => Number(a.child === '') - Number(b.child === ''));
}

function addTo(activities: ActivityLines[], line: InvoiceLineRead): void {
  const name = line.activity_name ?? '';
  let activity = activities.find((a) => a.activity === name);
  if (!activity) activities.push((activity = { activity: name, lines: [], total: 0 }));
  activity.lines.push(line);
  activity.total += line.amount_cents;
}
