import { expect, test } from 'vitest';
import { dataOf, fieldsOf, valuesOf } from './schema';

const schema = {
  required: ['subject'],
  properties: {
    text: { type: 'string', maxLength: 2000, 'x-order': 1 },
    subject: { type: 'string', title: 'Sujet', 'x-title-en': 'Subject', maxLength: 150, 'x-order': 0 },
  },
};

test('a kind of request that the portal never saw has its fields from its schema', () => {
  expect(fieldsOf(schema).map(({ name, label, optional, long }) => [name, label, optional, long])).toEqual([
    ['subject', 'Sujet', false, false],
    ['text', 'text', true, true],
  ]);
});

test('what was sent comes back into the form, and an empty field is not sent', () => {
  const values = valuesOf(schema, { subject: 'Cantine', other: 1 });
  expect(values).toEqual({ subject: 'Cantine', text: '' });
  expect(dataOf({ ...values, text: '  ' })).toEqual({ subject: 'Cantine' });
});
