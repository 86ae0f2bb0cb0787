import { browser } from '$app/env';

/** A value of a link's part after #, that is never sent to a server; then gone from the address bar. */
export function takeFromLink(name: string): string {
  if (!browser) return '';
  const value = new URLSearchParams(location.hash.slice(1)).get(name) ?? '';
  if (value) history.replaceState(history.state, '', location.pathname + location.search);
  const found = value || (kept[name] ?? '');
  delete kept[name];
  return found;
}

// In memory only: a key is never written to the device.
const kept: Record<string, string> = {};

/** Keep such a value while its reader signs in. */
export function keepFromLink(name: string): void {
  const value = takeFromLink(name);
  if (value) kept[name] = value;
}

/** The token of a mail's link. */
export const takeToken = (): string => takeFromLink('token');
