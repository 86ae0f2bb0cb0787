import { browser } from '$app/env';
import { speak } from '#lib/api/http.ts';
import { words as fr } from './languages/fr';

import type { words as activities } from './parts/activities';
import type { words as agents } from './parts/agents';
import type { words as demonstration } from './parts/demonstration';
import type { words as enrolling } from './parts/enrolling';
import type { words as security } from './parts/security';

type Texts<T> = { [K in keyof T]: T[K] extends string ? string : T[K] extends (...args: infer A) => string ? (...args: A) => string : Texts<T[K]> };
/** What a language must say: all that French says. A missing text does not compile. */
export type Dictionary = Texts<typeof fr & typeof security & typeof agents & typeof activities & typeof enrolling & typeof demonstration>;

// A language is one file in languages/. French is inside; another is fetched when it is chosen.
const others = import.meta.glob<Dictionary>(['./languages/*.ts', '!./languages/fr.ts'], { import: 'words' });
const CHOSEN = 'foyer.language';
const PROFILE = 'foyer.language.profile';
const french = { ...fr } as unknown as Dictionary;
let dictionary = $state.raw<Dictionary>(french);
let current = $state('fr');

/** The codes of the languages that there are. */
export const languages = ['fr', ...Object.keys(others).map((path) => path.slice('./languages/'.length, -3))];

/** Texts in French that come with the pages that show them; whoever imports such a part may use it. */
export function add(part: Partial<Dictionary>): void {
  Object.assign(french, part);
}

/** The texts in the reader's language. */
export function t(): Dictionary {
  return dictionary;
}

export function language(): string {
  return current;
}

/** A language by its own name: English, português. */
export function nameOf(code: string): string {
  const name = new Intl.DisplayNames([code], { type: 'language' }).of(code) ?? code;
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Whether the reader chose on this device, and not just the browser or a profile. */
export function hasChosen(): boolean {
  return localStorage.getItem(CHOSEN) !== null;
}

/** Speak a language that there is; kept on this device if the reader `chose` it, until sign-out if a `profile` says it. */
export async function choose(wanted: string, because: 'chosen' | 'profile' | 'browser' = 'chosen'): Promise<void> {
  const load = others[`./languages/${wanted}.ts`];
  dictionary = load ? await load() : french;
  current = load ? wanted : 'fr';
  speak(current);
  document.documentElement.lang = current;
  if (because === 'browser') return;
  localStorage.setItem(because === 'chosen' ? CHOSEN : PROFILE, current);
}

/** After sign-out the next reader's own language counts. */
export function forgetProfileLanguage(): void {
  localStorage.removeItem(PROFILE);
}

if (browser) {
  const wanted = localStorage.getItem(CHOSEN) ?? localStorage.getItem(PROFILE) ?? navigator.language.slice(0, 2);
  // A language that cannot be fetched now leaves French.
  if (wanted !== 'fr' && languages.includes(wanted)) choose(wanted, 'browser').catch(() => undefined);
}
