import type { ActivityWrite, AgentActivityRead } from '#lib/api/client.ts';
import { instantOf, wallTime } from '#lib/format.ts';

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export const BRACKETS = [0, 1, 2, 3] as const;

/** An amount of euros as people write it, in cents; nothing when it is none. */
export function cents(typed: string): number | undefined {
  const plain = typed.replace(/[\s€]/g, '').replace(',', '.');
  return /^\d+(\.\d{1,2})?$/.test(plain) ? Math.round(Number(plain) * 100) : undefined;
}

type Known = Omit<ActivityWrite, 'days'> & { days: Pick<AgentActivityRead['days'][number], 'day' | 'places'>[] };

/** An activity as the fields of its form; without one, those of a new one. */
export function values(activity?: Known): Record<string, string> {
  const places = Object.fromEntries(DAYS.map((day) => [`places_${day}`, String(activity?.days.find((one) => one.day === day)?.places ?? '')]));
  const prices = Object.fromEntries(BRACKETS.map((n) => [`price_${n}`, activity ? ((activity.prices_cents[n] ?? 0) / 100).toFixed(2).replace('.', ',') : '']));
  return {
    ...Object.fromEntries((['code', 'name', 'venue', 'unit', 'starts_on', 'ends_on', 'age_min', 'age_max'] as const).map((k) => [k, String(activity?.[k] ?? '')])),
    opens_at: activity ? wallTime(activity.opens_at) : '',
    closes_at: activity ? wallTime(activity.closes_at) : '',
    ...places,
    ...prices,
    days: '',
    documents: (activity?.documents ?? []).join('\n'),
    decided_by: activity?.decided_by ?? 'places',
  };
}

/** The form as it is sent; a number that was not typed stays what it is, and the API says what is missing. */
export function body(form: Record<string, string>): ActivityWrite {
  const text = (name: string): string => form[name] ?? '';
  const whole = (name: string): number => (text(name).trim() === '' ? (null as unknown as number) : Number(text(name)));
  return {
    code: text('code'),
    name: text('name'),
    venue: text('venue'),
    unit: text('unit'),
    starts_on: text('starts_on'),
    ends_on: text('ends_on'),
    age_min: whole('age_min'),
    age_max: whole('age_max'),
    opens_at: instantOf(text('opens_at')),
    closes_at: instantOf(text('closes_at')),
    days: DAYS.filter((day) => text(`places_${day}`).trim()).map((day) => ({ day, places: Number(text(`places_${day}`)) })),
    prices_cents: BRACKETS.map((n) => cents(text(`price_${n}`)) as number),
    documents: text('documents').split('\n').map((line) => line.trim()).filter(Boolean),
    decided_by: text('decided_by') as ActivityWrite['decided_by'],
  } as ActivityWrite;
}
