import { browser } from '$app/env';

// The server writes the town into each page (api/core/static.py); prerendered pages hold the marks that it replaces.
const said: Partial<Record<'town' | 'contact' | 'hall' | 'hosting' | 'zone' | 'demo', string>> = browser ? document.documentElement.dataset : {};

/** The town whose portal this is. */
export const town = {
  name: said.town ?? 'TOWN__NAME',
  contact: said.contact ?? 'TOWN__CONTACT',
  hall: said.hall ?? 'TOWN__HALL',
  hosting: said.hosting ?? 'TOWN__HOSTING',
  zone: said.zone ?? 'UTC',
  isDemo: Boolean(said.demo),
};
