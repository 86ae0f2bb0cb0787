import { Resource } from '#lib/resource.svelte.ts';

interface List<T> {
  items: T[];
  next_cursor: string | null;
}

/** A list that is loaded page by page. */
export class Pages<T> extends Resource<List<T>> {
  private grown = $state.raw<T[]>([]);
  private cursor = $state<string | null>();

  constructor(
    private readonly ask: (cursor?: string) => Promise<List<T>>,
    name = '',
  ) {
    super(() => ask(), name);
  }

  get items(): T[] {
    return [...(this.data?.items ?? []), ...this.grown];
  }

  get next(): string | null {
    return this.cursor === undefined ? (this.data?.next_cursor ?? null) : this.cursor;
  }

  /** From the first page again. */
  override async reload(): Promise<void> {
    await super.reload();
    this.grown = [];
    this.cursor = undefined;
  }

  async more(): Promise<void> {
    if (!this.next) return;
    const page = await this.ask(this.next);
    this.grown = [...this.grown, ...page.items];
    this.cursor = page.next_cursor;
  }
}
