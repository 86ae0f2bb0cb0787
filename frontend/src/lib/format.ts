import { t } from '#lib/i18n/index.svelte.ts';
import { town } from '#lib/town.ts';

/** Integer cents as euros. */
export function euros(cents: number): string {
  return new Intl.NumberFormat(t().tag, { style: 'currency', currency: 'EUR' }).format(cents / 100);
}

function written(date: Date, options: Intl.DateTimeFormatOptions): string {
  const words = new Intl.DateTimeFormat(t().tag, options).format(date);
  // Intl does not know that a French month begins with its « 1er ».
  return t().tag.startsWith('fr') ? words.replace(/(?<before>^|\p{L} )1(?= \p{L})/u, '$<before>1er') : words;
}

/** `2026-11-28` as 28 novembre 2026: a calendar day has no zone. */
export function day(iso: string): string {
  return written(new Date(`${iso}T00:00:00Z`), { dateStyle: 'long', timeZone: 'UTC' });
}

/** A day with its name: lundi 23 novembre. */
export function weekday(iso: string): string {
  return written(new Date(`${iso}T00:00:00Z`), { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' });
}

/** An instant in the town's zone. */
export function instant(iso: string): string {
  return written(new Date(iso), { dateStyle: 'long', timeStyle: 'short', timeZone: town.zone });
}

/** The day of an instant, in the town's zone. */
export function dayOf(iso: string): string {
  return written(new Date(iso), { dateStyle: 'long', timeZone: town.zone });
}

/** The time of an instant, in the town's zone. */
export function time(at: Date): string {
  return written(at, { timeStyle: 'short', timeZone: town.zone });
}

/** The present day in the town, as 2026-11-23. */
export function today(): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: town.zone }).format(new Date());
}

/** An instant as the town's clock shows it, for a field of a form: 2026-11-23T14:05. */
export function wallTime(iso: string): string {
  const shown = new Intl.DateTimeFormat('sv-SE', { timeZone: town.zone, dateStyle: 'short', timeStyle: 'short' });
  return shown.format(new Date(iso)).replace(' ', 'T');
}

/** What the town's clock shows as an instant; as it was typed when it is no time. */
export function instantOf(wall: string): string {
  const guess = Date.parse(`${wall}Z`);
  if (Number.isNaN(guess)) return wall;
  const ahead = Date.parse(`${wallTime(new Date(guess).toISOString())}Z`) - guess;
  return new Date(guess - ahead).toISOString();
}

/** The month a period starts in. */
export function month(iso: string): string {
  return written(new Date(`${iso}T00:00:00Z`), { month: 'long', year: 'numeric', timeZone: 'UTC' });
}

const NO_MAILBOX = '@sans-mail.invalid';

/** A mail address, or the sign-in name of who has none. */
export function mailbox(email: string): string {
  return email.replace(NO_MAILBOX, '');
}

/** Whether a mail can reach this person. */
export function hasMailbox(email: string): boolean {
  return !email.endsWith(NO_MAILBOX);
}

/** A size in bytes as a person reads it. */
export function size(bytes: number): string {
  const [value, unit] = bytes < 1_000_000 ? [bytes / 1000, 'kilobyte'] : [bytes / 1_000_000, 'megabyte'];
  return new Intl.NumberFormat(t().tag, { style: 'unit', unit, maximumFractionDigits: bytes < 1_000_000 ? 0 : 1 }).format(value);
}

/** A phone as it is written in France and its overseas departments: +594 694 12 34 56 as 0694 12 34 56. */
export function phone(e164: string): string {
  const national = /^\+(?:33|262|590|594|596)(\d{9})$/.exec(e164)?.[1];
  return national ? `0${national.slice(0, 3)} ${national.slice(3).replace(/(\d{2})(?=\d)/g, '$1 ')}` : e164;
}
