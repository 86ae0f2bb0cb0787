// @vitest-environment jsdom
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Problem } from '#lib/api/http.ts';
import Resend from '#lib/ui/Resend.svelte';

let shown: ReturnType<typeof mount>;
beforeEach(() => vi.useFakeTimers());
afterEach(async () => {
  await unmount(shown);
  vi.useRealTimers();
});

function show(send: () => Promise<unknown>): HTMLButtonElement {
  document.body.innerHTML = '';
  shown = mount(Resend, { target: document.body, props: { send, label: 'Envoyer à nouveau', sent: 'Un mail est parti.', wait: 3 } });
  flushSync();
  return document.querySelector('button')!;
}

async function press(button: HTMLButtonElement): Promise<void> {
  button.click();
  await vi.advanceTimersByTimeAsync(0);
  flushSync();
}

test('a message is sent again after the wait that is told, and not before', async () => {
  const send = vi.fn(() => Promise.resolve());
  const button = show(send);
  expect(document.body.textContent).toContain('3');
  await press(button);
  expect(send).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(3000);
  await press(button);
  expect(send).toHaveBeenCalledTimes(1);
  expect(document.querySelector('[role=status]')?.textContent).toBe('Un mail est parti.');
  await press(button); // the wait begins anew
  expect(send).toHaveBeenCalledTimes(1);
});

test('a refusal is said, and one may try again', async () => {
  const button = show(() => Promise.reject(new Problem(429, 'rate-limited', 'Attendez une minute.')));
  await vi.advanceTimersByTimeAsync(3000);
  await press(button);
  expect(document.querySelector('[role=alert]')?.textContent).toBe('Attendez une minute.');
  expect(button.getAttribute('aria-disabled')).toBe('false');
});
