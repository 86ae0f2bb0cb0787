import { browser } from '$app/env';
import { speak } from '#lib/api/http.ts';
import { fr } from './fr';

export type Language = 'fr' | 'en';
type Texts<T> = { [K in keyof T]: T[K] extends string ? string : T[K] extends (...args: infer A) => string ? (...args: A) => string : Texts<T[K]> };
export type Dictionary = Texts<typeof fr>;

const STORED = 'foyer.language';
let dictionary = $state.raw<Dictionary>(fr);
let current = $state<Language>('fr');

/** The texts in the reader's language. */
export function t(): Dictionary {
  return dictionary;
}

export function language(): Language {
  return current;
}

/** French is inside; another language is fetched when it is chosen. */
export async function choose(wanted: Language): Promise<void> {
  dictionary = wanted === 'en' ? (await import('./en')).en : fr;
  current = wanted;
  speak(wanted);
  document.documentElement.lang = wanted;
  localStorage.setItem(STORED, wanted);
}

if (browser) {
  const wanted = localStorage.getItem(STORED) ?? navigator.language.slice(0, 2);
  if (wanted === 'en') void choose('en');
}
