import { Problem } from '#lib/api/http.ts';
import { t } from '#lib/i18n/index.svelte.ts';

/** What to tell a person about a refusal. */
export function sentence(problem: Problem): string {
  return problem.code === 'offline' ? t().problem.offline : problem.errors[0]?.detail || problem.detail || t().problem.unknown;
}

/** Something that a button does: once at a time, and its refusal is a sentence. */
export class Action {
  busy = $state(false);
  problem = $state('');

  /** Whether it was done. */
  async run(work: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.problem = '';
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = sentence(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
