import { expect, test } from 'vitest';
import { daysSince, filtersOf, queryOf } from './queue';

test('a view of the queue is its address, both ways', () => {
  const filters = { state: 'in_review', type: 'question', assigned: 'me', unread: true, search: 'noël' } as const;
  expect(filtersOf(new URLSearchParams(queryOf(filters)))).toEqual(filters);
});

test('the queue opens on what waits; all states and nonsense in the address leave the state out', () => {
  expect(filtersOf(new URLSearchParams())).toEqual({ state: 'submitted' });
  expect(filtersOf(new URLSearchParams('etat=toutes&pour=x&q=a'))).toEqual({});
});

test('a request that came yesterday at the same time waits one day', () => {
  expect(daysSince('2026-11-22T12:00:00Z', new Date('2026-11-23T12:00:00Z'))).toBe(1);
});
