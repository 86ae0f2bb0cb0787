import type { ListRequestQueueParams, RequestState } from '#lib/api/client.ts';

export const STATES: RequestState[] = ['submitted', 'in_review', 'correction_requested', 'accepted', 'refused', 'withdrawn'];
const PEOPLE = ['me', 'nobody', 'others'] as const;

/** The filters of the queue, as the page's address has them: a view can be sent to a colleague. */
export function filtersOf(query: Pick<URLSearchParams, 'get' | 'has'>): ListRequestQueueParams {
  const state = query.get('etat') ?? 'submitted';
  const assigned = PEOPLE.find((who) => who === query.get('pour'));
  const [type, search] = [query.get('type'), query.get('q')];
  return {
    ...(STATES.some((known) => known === state) ? { state: state as RequestState } : {}),
    ...(type ? { type } : {}),
    ...(assigned ? { assigned } : {}),
    ...(query.has('nonlu') ? { unread: true } : {}),
    ...(search && search.trim().length > 1 ? { search: search.trim() } : {}),
  };
}

/** The same filters as an address. */
export function queryOf(filters: ListRequestQueueParams): string {
  const query = new URLSearchParams({ etat: filters.state ?? 'toutes' });
  if (filters.type) query.set('type', filters.type);
  if (filters.assigned) query.set('pour', filters.assigned);
  if (filters.unread) query.set('nonlu', '');
  if (filters.search) query.set('q', filters.search);
  return `?${query.toString()}`;
}

/** How long something waits, in whole days. */
export function daysSince(iso: string, now = new Date()): number {
  return Math.floor((now.getTime() - new Date(iso).getTime()) / 86_400_000);
}
