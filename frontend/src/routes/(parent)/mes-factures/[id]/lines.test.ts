import { expect, test } from 'vitest';
import { byChild } from './lines';

const line = (child: string | null, amount: number) => ({
  label: 'x',
  child_id: null,
  child_first_name: child,
  activity_code: null,
  activity_name: null,
  quantity: 1,
  unit_price_cents: amount,
  amount_cents: amount,
});

test('lines of a child stand together with their sum; lines without a child come last', () => {
  const groups = byChild([line(null, 5), line('Léa', 100), line('Noé', 30), line('Léa', 20)]);
  expect(groups.map((g) => [g.child, g.total, g.lines.length])).toEqual([
    ['Léa', 120, 2],
    ['Noé', 30, 1],
    ['', 5, 1],
  ]);
});
