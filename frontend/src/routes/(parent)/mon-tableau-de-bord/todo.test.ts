import { expect, test } from 'vitest';
import type { EnrollmentRead, InvoiceSummary, ProfileRead, RequestSummary } from '#lib/api/client.ts';
import { balance, todo } from './todo';

const invoice = (state: string, cents = 100) =>
  ({ id: state, number: '7', state, balance_cents: cents, due_on: '2026-11-30' }) as InvoiceSummary;

test('nothing to do is an empty list', () => {
  expect(todo({ invoices: [invoice('paid')], requests: [], enrollments: [] })).toEqual([]);
});

test('what cannot wait comes first: an offered place, a correction, a late invoice', () => {
  const list = todo({
    me: { pending_email: 'new@exemple.fr' } as ProfileRead,
    requests: [
      { id: 'r', reference: 'D-1', state: 'in_review', unread: 2 },
      { id: 'c', reference: 'D-2', state: 'correction_requested', unread: 0 },
    ] as RequestSummary[],
    invoices: [invoice('to_pay'), invoice('overdue')],
    enrollments: [{ id: 'e', activity_name: 'Cantine', state: 'offered', offered_until: '2026-11-25T10:00:00Z' }] as EnrollmentRead[],
  });
  expect(list.map((item) => [item.icon, item.urgent])).toEqual([
    ['clock', true],
    ['document', true],
    ['invoices', true],
    ['mail', false],
    ['invoices', false],
    ['mail', false],
  ]);
});

test('what is left to pay leaves out what is paid, planned or with the Treasury', () => {
  expect(balance([invoice('to_pay', 100), invoice('partly_paid', 40), invoice('paid', 0), invoice('sent_to_treasury', 900)])).toBe(140);
});
