import { expect, test } from 'vitest';
import { safeReturn } from './routes';

test('after signing in one comes back to a page of ours, never to another site', () => {
  expect(safeReturn('/mes-factures?x=1')).toBe('/mes-factures?x=1');
  for (const foreign of ['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)', null]) {
    expect(safeReturn(foreign)).toBe('');
  }
});
