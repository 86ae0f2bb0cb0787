import { expect, test, vi } from 'vitest';
import { instantOf, wallTime } from './format';

vi.mock('#lib/town.ts', () => ({ town: { zone: 'America/Cayenne' } }));

test('what the town’s clock shows is the same instant again, wherever the agent is', () => {
  expect(wallTime('2026-11-23T17:05:00Z')).toBe('2026-11-23T14:05');
  expect(instantOf('2026-11-23T14:05')).toBe('2026-11-23T17:05:00.000Z');
  expect(instantOf('demain')).toBe('demain');
});
