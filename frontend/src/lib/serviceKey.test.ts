import { expect, test } from 'vitest';
import { canBeKey } from './serviceKey';

// Made by the API: api.security.secrets.new_service_key.
const KEYS = ['MM9J-YR2J-CKAQ', 'S3C3-FFRX-J9VP', '4YZ3-0BVZ-YX8A'];

test('a key of the API is read in any case, with or without dashes, O for 0', () => {
  for (const key of KEYS) {
    for (const typed of [key, key.toLowerCase(), key.replaceAll('-', ''), ` ${key.replaceAll('-', ' ')} `, key.replaceAll('0', 'o')]) {
      expect(canBeKey(typed)).toBe(true);
    }
  }
});

test('every single wrong symbol is told', () => {
  for (const key of KEYS) {
    for (let place = 0; place < key.length; place++) {
      if (key[place] === '-') continue;
      const other = key[place] === 'X' ? 'Y' : 'X';
      expect(canBeKey(key.slice(0, place) + other + key.slice(place + 1))).toBe(false);
    }
  }
});

test('a swap of neighbours is told, and so is a missing symbol', () => {
  expect(canBeKey('M9MJ-YR2J-CKAQ')).toBe(false);
  expect(canBeKey('MM9J-YR2J-CKA')).toBe(false);
  expect(canBeKey('')).toBe(false);
});
