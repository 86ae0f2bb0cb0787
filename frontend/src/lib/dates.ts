/** The three fields of a date as one: `2018-04-05`, what was typed when it is no date yet, or nothing. */
export function joinDate(day: string, month: string, year: string): string {
  const parts = [day, month, year].map((part) => part.trim());
  if (parts.every((part) => part === '')) return '';
  const [d = '', m = '', y = ''] = parts;
  return `${y.padStart(4, '0')}-${m.padStart(2, '0')}-${d.padStart(2, '0')}`;
}

/** The three fields again, without the zeros that were added. */
export function splitDate(iso: string): { day: string; month: string; year: string } {
  const [year = '', month = '', day = ''] = iso.split('-');
  const bare = (part: string): string => part.replace(/^0+/, '');
  return { day: bare(day), month: bare(month), year: bare(year) };
}

/** Whole years from a birth to a day, both as 2018-04-05. */
export function age(birth: string, on: string): number {
  const years = Number(on.slice(0, 4)) - Number(birth.slice(0, 4));
  return on.slice(5) < birth.slice(5) ? years - 1 : years;
}

/** Some days after a day, or before it, as 2026-11-23. */
export function plusDays(iso: string, days: number): string {
  return new Date(Date.parse(`${iso}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
