import { expect, test } from 'vitest';
import { words as en } from './languages/en';
import { words as fr } from './languages/fr';
import { words as activities } from './parts/activities';
import { words as agents } from './parts/agents';
import { words as enrolling } from './parts/enrolling';
import { words as security } from './parts/security';

/** Every text of a dictionary; one that takes values is asked for with short ones. */
function texts(node: unknown): string[] {
  if (typeof node === 'string') return [node];
  if (typeof node === 'function') return [String((node as (...values: unknown[]) => string)('x', 'x', 'x'))];
  return Object.values(node as object).flatMap(texts);
}

test.each([
  ['French', [fr, security, agents, activities, enrolling]],
  ['English', [en]],
])('no sentence in %s is over 20 words', (_, dictionaries) => {
  const sentences = dictionaries.flatMap(texts).flatMap((text) => text.split(/[.!?:;…]+\s/));
  expect(sentences.filter((sentence) => sentence.split(/\s+/).filter((word) => /\p{L}/u.test(word)).length > 20)).toEqual([]);
});
