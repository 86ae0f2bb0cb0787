import { Problem } from '#lib/api/http.ts';

/** Something loaded from the API: not yet, there, or a problem with a way to try again. */
export class Resource<T> {
  data = $state.raw<T>();
  problem = $state.raw<Problem>();

  constructor(private readonly load: () => Promise<T>) {
    void this.reload();
  }

  async reload(): Promise<void> {
    this.problem = undefined;
    try {
      this.data = await this.load();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
    }
  }
}
