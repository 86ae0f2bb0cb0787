import { expect, test } from 'vitest';
import { age } from './dates';
import { day, euros, phone, size } from './format';

test('a phone of Guyane is shown as it is written there', () => {
  expect(phone('+594694123456')).toBe('0694 12 34 56');
});

test('a phone from elsewhere stays international', () => {
  expect(phone('+5511987654321')).toBe('+5511987654321');
});

test('an age changes on the birthday', () => {
  expect([age('2018-04-05', '2026-04-04'), age('2018-04-05', '2026-04-05')]).toEqual([7, 8]);
});

test('cents are euros, bytes are what a person reads', () => {
  expect(euros(17190).replace(/\s/g, ' ')).toBe('171,90 €');
  expect(size(3_400_000).replace(/\s/g, ' ')).toBe('3,4 Mo');
});

test('a French month begins with its « 1er »', () => {
  expect([day('2026-09-01'), day('2026-09-11'), day('2026-09-21')]).toEqual(['1er septembre 2026', '11 septembre 2026', '21 septembre 2026']);
});
