// @vitest-environment jsdom
import { beforeEach, expect, test, vi } from 'vitest';
import { Problem } from '#lib/api/http.ts';
import { Form } from '#lib/form.svelte.ts';

// The module asks whether it runs in a browser; under jsdom it does.
vi.mock('$app/env', () => ({ browser: true }));
beforeEach(() => sessionStorage.clear());

test('a form is sent once, however often its button is pressed', async () => {
  const form = new Form({ name: 'Nadia' });
  let arrive = (): void => {};
  const send = vi.fn(() => new Promise<void>((resolve) => (arrive = resolve)));
  const first = form.submit(send);
  expect(await form.submit(send)).toBe(false);
  arrive();
  expect(await first).toBe(true);
  expect(send).toHaveBeenCalledTimes(1);
  expect(form.sending).toBe(false);
});

test('a refusal stands at its field, and what was typed stays', async () => {
  const form = new Form({ phone: '12', name: 'Nadia' });
  const refusal = new Problem(422, 'validation', 'Non', [{ pointer: '/phone', code: 'phone', detail: 'Ce numéro est trop court.' }]);
  expect(await form.submit(() => Promise.reject(refusal))).toBe(false);
  expect(form.errors).toEqual({ phone: 'Ce numéro est trop court.' });
  expect(form.general).toBe('');
  expect(form.values).toEqual({ phone: '12', name: 'Nadia' });
});

test('a refusal of something that the form does not show stands above it', async () => {
  const form = new Form({ name: '' });
  await form.submit(() => Promise.reject(new Problem(409, 'conflict', 'Quelqu’un a modifié cette page.')));
  expect(form.general).toBe('Quelqu’un a modifié cette page.');
});

test('the next try clears the errors of the one before', async () => {
  const form = new Form({ name: '' });
  await form.submit(() => Promise.reject(new Problem(422, 'validation', '', [{ pointer: '/name', code: 'x', detail: 'Non' }])));
  await form.submit(() => Promise.resolve());
  expect(form.errors).toEqual({});
});

test('a draft survives a reload, without its password or key, and is gone once sent', async () => {
  const form = new Form({ name: 'Nadia', password: 'secret', key: 'ABCD' }, 'sign-up');
  form.save();
  const after = new Form({ name: '', password: '', key: '' }, 'sign-up');
  expect(after.values).toEqual({ name: 'Nadia', password: '', key: '' });
  await after.submit(() => Promise.resolve());
  expect(new Form({ name: '' }, 'sign-up').values.name).toBe('');
});

test('a mistake of ours is not hidden as a refusal', async () => {
  const form = new Form({ name: '' });
  await expect(form.submit(() => Promise.reject(new TypeError('broken')))).rejects.toThrow('broken');
  expect(form.sending).toBe(false);
});
