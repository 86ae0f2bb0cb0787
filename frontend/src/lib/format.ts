import { language } from '#lib/i18n/index.svelte.ts';

const ZONE = 'America/Cayenne';

function tag(): string {
  return language() === 'en' ? 'en-GB' : 'fr-FR';
}

/** Integer cents as euros. */
export function euros(cents: number): string {
  return new Intl.NumberFormat(tag(), { style: 'currency', currency: 'EUR' }).format(cents / 100);
}

/** `2026-11-28` as 28 novembre 2026: a calendar day has no zone. */
export function day(iso: string): string {
  return new Intl.DateTimeFormat(tag(), { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(`${iso}T00:00:00Z`));
}

/** An instant in the town's zone. */
export function instant(iso: string): string {
  return new Intl.DateTimeFormat(tag(), { dateStyle: 'long', timeStyle: 'short', timeZone: ZONE }).format(new Date(iso));
}

/** The present day in the town, as 2026-11-23. */
export function today(): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE }).format(new Date());
}

/** The month a period starts in. */
export function month(iso: string): string {
  return new Intl.DateTimeFormat(tag(), { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(new Date(`${iso}T00:00:00Z`));
}
