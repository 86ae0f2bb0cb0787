import { expect, test } from 'vitest';
import { body, cents, values } from './activity.ts';

test('a price is read as people write it, and what is no price is no number', () => {
  expect(['4,80', '4.8', ' 12 ', '0', '1 234,50 €'].map(cents)).toEqual([480, 480, 1200, 0, 123450]);
  expect(['', 'gratuit', '-1', '4,805'].map(cents)).toEqual([undefined, undefined, undefined, undefined]);
});

test('an activity goes through its form unchanged', () => {
  const activity = {
    code: 'C1', name: 'Cantine', venue: 'École', unit: 'midi', starts_on: '2026-09-01', ends_on: '2027-07-03', age_min: 3, age_max: 11,
    opens_at: '2026-06-01T11:00:00.000Z', closes_at: '2027-07-04T02:59:00.000Z', prices_cents: [100, 250, 300, 480],
    days: [{ day: 'mon' as const, places: 20 }], documents: ['Assurance', 'Photo'], decided_by: 'agent' as const,
    time_from: '08:00', time_to: null, schools: ['École Héder'], residents_only: true, notice_days: 0, absence_days: 2, absence_time: '09:30',
    draws_at: '2027-07-05T11:00:00.000Z', criteria: [{ code: 'qf', kind: 'quotient-below' as const, label: 'Quotient', points: 2, below: 500 }],
  };
  expect(body(values({ ...activity, days: [{ day: 'mon', places: 20 }] }))).toEqual(activity);
});
