import { expect, test } from 'vitest';
import { fit } from './photo';

test('a picture keeps its proportions and its longer side fits', () => {
  expect(fit(6000, 3000)).toEqual([2400, 1200]);
  expect(fit(3000, 6000)).toEqual([1200, 2400]);
});

test('a small picture stays as it is', () => {
  expect(fit(800, 600)).toEqual([800, 600]);
});
