const KEPT = 'foyer.draft.enrollment';

/** The step that was reached: its address says all that was chosen. */
export const draft = {
  keep: (url: URL | { pathname: string; search: string }): void => sessionStorage.setItem(KEPT, url.pathname + url.search),
  kept: (): string => sessionStorage.getItem(KEPT) ?? '',
  drop: (): void => sessionStorage.removeItem(KEPT),
};
