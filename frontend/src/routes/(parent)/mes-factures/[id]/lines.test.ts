import { expect, test } from 'vitest';
import { byChild } from './lines';

const line = (child: string | null, amount: number, activity: string | null = null) => ({
  label: 'x',
  child_id: null,
  child_first_name: child,
  activity_code: null,
  activity_name: activity,
  quantity: 1,
  unit_price_cents: amount,
  amount_cents: amount,
});

test('lines of a child stand together with their sum; lines without a child come last', () => {
  const groups = byChild([line(null, 5), line('Léa', 100), line('Noé', 30), line('Léa', 20)]);
  expect(groups.map((g) => [g.child, g.total])).toEqual([
    ['Léa', 120],
    ['Noé', 30],
    ['', 5],
  ]);
});

test('in them, lines of an activity stand together with their sum', () => {
  const [lea] = byChild([line('Léa', 100, 'Cantine'), line('Léa', 40, 'Centre'), line('Léa', -20, 'Cantine')]);
  expect(lea?.activities.map((a) => [a.activity, a.total, a.lines.length])).toEqual([
    ['Cantine', 80, 2],
    ['Centre', 40, 1],
  ]);
});
