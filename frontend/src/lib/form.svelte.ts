import { tick } from 'svelte';
import { browser } from '$app/env';
import { sentence } from '#lib/action.svelte.ts';
import { Problem } from '#lib/api/http.ts';

type Values = Record<string, string>;

/** What a person types, what is wrong with it, and that it is sent once. With a `draft` name it survives a reload. */
export class Form<V extends Values> {
  values: V = $state() as V;
  errors = $state<Record<string, string>>({});
  /** What each field is called, for the summary. */
  readonly labels: Record<string, string> = {};
  general = $state('');
  sending = $state(false);
  private readonly key: string;

  constructor(initial: V, draft = '') {
    this.key = draft ? `foyer.draft.${draft}` : '';
    this.values = { ...initial, ...this.kept() };
  }

  /** Keep a draft for this tab; never a password or a key. */
  save(): void {
    if (!this.key) return;
    const shown = Object.entries(this.values).filter(([name]) => !name.includes('password') && name !== 'key');
    sessionStorage.setItem(this.key, JSON.stringify(Object.fromEntries(shown)));
  }

  discard(): void {
    if (this.key) sessionStorage.removeItem(this.key);
  }

  /** Send once; a refusal is shown at its fields and above, and what was typed stays. */
  async submit(send: () => Promise<unknown>): Promise<boolean> {
    if (this.sending) return false;
    this.sending = true;
    this.errors = {};
    this.general = '';
    try {
      await send();
      this.discard();
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.show(error);
      await tick();
      document.getElementById('error-summary')?.focus();
      return false;
    } finally {
      this.sending = false;
    }
  }

  private show(problem: Problem): void {
    for (const { pointer, detail } of problem.errors) {
      const name = pointer.split('/').at(-1) ?? '';
      if (name in this.values) this.errors[name] = detail;
      else this.general = detail;
    }
    if (Object.keys(this.errors).length || this.general) return;
    this.general = sentence(problem);
  }

  private kept(): Partial<V> {
    if (!browser || !this.key) return {};
    return JSON.parse(sessionStorage.getItem(this.key) ?? '{}') as Partial<V>;
  }
}
