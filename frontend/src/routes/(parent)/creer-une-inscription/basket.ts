import type { EnrollmentCreate } from '#lib/api/client.ts';

const KEPT = 'foyer.draft.basket';

/** What waits to be sent with the next enrollment, with the names that show it. */
export interface Wish extends EnrollmentCreate {
  child: string;
  activity: string;
}

/** The enrollments chosen so far, for this tab; the one before the last step is not among them. */
export const basket = {
  items: (): Wish[] => JSON.parse(sessionStorage.getItem(KEPT) ?? '[]') as Wish[],
  keep: (items: Wish[]): void => sessionStorage.setItem(KEPT, JSON.stringify(items)),
  drop: (): void => sessionStorage.removeItem(KEPT),
};

/** The same choice made again replaces the former. */
export function withWish(items: Wish[], wish: Wish): Wish[] {
  return [...items.filter((one) => one.child_id !== wish.child_id || one.activity_id !== wish.activity_id), wish];
}

/** Whether two children want the same activity. */
export function hasSiblings(items: Wish[]): boolean {
  return items.some((one) => items.some((other) => other.activity_id === one.activity_id && other.child_id !== one.child_id));
}
