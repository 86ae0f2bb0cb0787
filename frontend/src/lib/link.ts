import { browser } from '$app/env';

/** The token of a mail's link, from the part after # that is never sent to a server; then gone from the address bar. */
export function takeToken(): string {
  if (!browser) return '';
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
  if (token) history.replaceState(history.state, '', location.pathname);
  return token;
}
