import type { ActivityWrite, AgentActivityRead, Criterion } from '#lib/api/client.ts';
import { Problem } from '#lib/api/http.ts';
import { instantOf, wallTime } from '#lib/format.ts';

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export const BRACKETS = [0, 1, 2, 3] as const;

/** How many criteria a form has room for. */
export const CRITERIA = [0, 1, 2, 3, 4] as const;

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
    time_from: activity?.time_from ?? '',
    time_to: activity?.time_to ?? '',
    schools: (activity?.schools ?? []).join('\n'),
    residents_only: activity?.residents_only ? 'yes' : 'no',
    notice_days: String(activity?.notice_days ?? 2),
    absence_days: String(activity?.absence_days ?? 1),
    absence_time: activity?.absence_time ?? '10:00',
    draws_at: activity?.draws_at ? wallTime(activity.draws_at) : '',
    criteria: '',
    ...Object.fromEntries(CRITERIA.flatMap((n) => criterionValues(n, activity?.criteria?.[n]))),
  };
}

function criterionValues(n: number, criterion?: Criterion): [string, string][] {
  return Object.entries({ code: criterion?.code, kind: criterion?.kind, label: criterion?.label, points: criterion?.points, below: criterion?.below }).map(
    ([name, value]) => [`${name}_${n}`, String(value ?? '')],
  );
}

/** The form as it is sent; a number that was not typed stays what it is, and the API says what is missing. */
export function body(form: Record<string, string>): ActivityWrite {
  const text = (name: string): string => form[name] ?? '';
  const whole = (name: string): number => (text(name).trim() === '' ? (null as unknown as number) : Number(text(name)));
  const lines = (name: string): string[] => text(name).split('\n').map((line) => line.trim()).filter(Boolean);
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
    documents: lines('documents'),
    time_from: text('time_from') || null,
    time_to: text('time_to') || null,
    schools: lines('schools'),
    residents_only: text('residents_only') === 'yes',
    notice_days: whole('notice_days'),
    absence_days: whole('absence_days'),
    absence_time: text('absence_time'),
    draws_at: text('draws_at') ? instantOf(text('draws_at')) : null,
    criteria: CRITERIA.filter((n) => text(`kind_${n}`)).map((n) => ({
      code: text(`code_${n}`) || `critere-${n + 1}`,
      kind: text(`kind_${n}`) as Criterion['kind'],
      label: text(`label_${n}`),
      points: whole(`points_${n}`),
      below: text(`kind_${n}`) === 'quotient-below' ? whole(`below_${n}`) : null,
    })),
    decided_by: text('decided_by') as ActivityWrite['decided_by'],
  } as ActivityWrite;
}

/** A refusal of `/criteria/1/label` at the field of the form that it is about. */
export function atCriteria(problem: unknown, form: Record<string, string>): unknown {
  if (!(problem instanceof Problem)) return problem;
  const given = CRITERIA.filter((n) => form[`kind_${n}`]);
  for (const error of problem.errors) {
    const [, place, field] = /^\/criteria\/(\d+)\/(\w+)/.exec(error.pointer) ?? [];
    if (place && field) error.pointer = `/${field}_${given[Number(place)]}`;
  }
  return problem;
}
