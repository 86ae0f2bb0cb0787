import { expect, test } from 'vitest';
import { joinDate, splitDate } from './dates';

test('a date typed with single digits becomes an ISO date', () => {
  expect(joinDate('5', '4', '2018')).toBe('2018-04-05');
});

test('three empty fields are no date', () => {
  expect(joinDate('', ' ', '')).toBe('');
});

test('what was typed of an unfinished date is kept', () => {
  expect(splitDate(joinDate('5', '', ''))).toEqual({ day: '5', month: '', year: '' });
});
