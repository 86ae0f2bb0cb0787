import { Problem } from '#lib/api/http.ts';

interface Seen {
  data: unknown;
  at: Date;
}

// What was seen in this tab, in memory only: nothing of the API is ever written to the device. Forgotten at sign-out.
const seen = new Map<string, Seen>();

export function forgetSeen(): void {
  seen.clear();
}

/**
 * Something loaded from the API: not yet, there, or a problem with a way to try again. With a `name`, what was seen
 * before in this tab is shown at once while it is asked for again, and stays readable when the network is away.
 */
export class Resource<T> {
  data = $state.raw<T>();
  problem = $state.raw<Problem>();
  /** When what is shown was loaded, if asking again failed. */
  staleSince = $state.raw<Date>();

  constructor(
    private readonly load: () => Promise<T>,
    private readonly name = '',
  ) {
    this.data = seen.get(name)?.data as T | undefined;
    void this.reload();
  }

  async reload(): Promise<void> {
    this.problem = undefined;
    try {
      this.data = await this.load();
      this.staleSince = undefined;
      if (this.name) seen.set(this.name, { data: this.data, at: new Date() });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.fail(error);
    }
  }

  private fail(problem: Problem): void {
    this.problem = problem;
    const before = seen.get(this.name);
    if (before && (problem.code === 'offline' || problem.status >= 500)) this.staleSince = before.at;
    else this.data = undefined;
  }
}
