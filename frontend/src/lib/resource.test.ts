import { expect, test } from 'vitest';
import { Problem } from '#lib/api/http.ts';
import { Pages } from '#lib/pages.svelte.ts';
import { forgetSeen, Resource } from '#lib/resource.svelte.ts';

const offline = new Problem(0, 'offline', '');
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

test('what was seen in this tab is shown at once at the next visit', async () => {
  new Resource(() => Promise.resolve(['Lina']), 'family');
  await settled();
  expect(new Resource(() => new Promise(() => {}), 'family').data).toEqual(['Lina']);
});

test('without network, what was seen stays readable and says of when it is', async () => {
  let answer = (): Promise<string> => Promise.resolve('seen');
  const resource = new Resource(() => answer(), 'stale');
  await settled();
  answer = () => Promise.reject(offline);
  await resource.reload();
  expect(resource.data).toBe('seen');
  expect(resource.staleSince).toBeInstanceOf(Date);
  answer = () => Promise.resolve('new');
  await resource.reload();
  expect([resource.data, resource.staleSince, resource.problem]).toEqual(['new', undefined, undefined]);
});

test('what one may no longer see is not shown from memory', async () => {
  let answer = (): Promise<string> => Promise.resolve('seen');
  const resource = new Resource(() => answer(), 'forbidden');
  await settled();
  answer = () => Promise.reject(new Problem(403, 'scope-missing', ''));
  await resource.reload();
  expect(resource.data).toBeUndefined();
});

test('after sign-out nothing is left in memory', async () => {
  new Resource(() => Promise.resolve('mine'), 'private');
  await settled();
  forgetSeen();
  expect(new Resource(() => new Promise(() => {}), 'private').data).toBeUndefined();
});

test('a list grows page by page, in order, until there is no more', async () => {
  const pages = [
    { items: [1, 2], next_cursor: 'a' },
    { items: [3], next_cursor: null },
  ];
  const list = new Pages((cursor) => Promise.resolve(pages[cursor ? 1 : 0]!));
  await settled();
  expect([list.items, list.next]).toEqual([[1, 2], 'a']);
  await list.more();
  await list.more();
  expect([list.items, list.next]).toEqual([[1, 2, 3], null]);
  await list.reload();
  expect([list.items, list.next]).toEqual([[1, 2], 'a']);
});
