import { browser } from '$app/env';

/** A value of a link's part after #, that is never sent to a server; then gone from the address bar. */
export function takeFromLink(name: string): string {
  if (!browser) return '';
  const value = new URLSearchParams(location.hash.slice(1)).get(name) ?? '';
  if (value) history.replaceState(history.state, '', location.pathname + location.search);
  return value;
}

/** The token of a mail's link. */
export const takeToken = (): string => takeFromLink('token');
