import { browser } from '$app/env';
import { forget, keep, listen, Problem, refresh } from '#lib/api/http.ts';
import { endCurrentSession, type TokenRead } from '#lib/api/client.gen.ts';

const MARK = 'foyer.signed-in';

/** Who is signed in, as the access token says. */
class Session {
  scopes = $state<string[]>([]);
  /** The session could not be asked for: the network or the service is away. */
  unreachable = $state(false);
  /** Why the person was sent to the sign-in page. */
  ended = $state(false);
  ready: Promise<void> = Promise.resolve();

  get signedIn(): boolean {
    return this.scopes.length > 0;
  }

  get isAgent(): boolean {
    return this.scopes.some((scope) => scope.startsWith('agent:'));
  }

  may(scope: string): boolean {
    return this.scopes.includes(scope);
  }

  /** At boot, at once and not after a 401. */
  start(): void {
    listen(
      (scope) => (this.scopes = scope.split(' ')),
      () => this.end(),
    );
    if (localStorage.getItem(MARK)) this.ready = this.resume();
  }

  async resume(): Promise<void> {
    this.unreachable = false;
    try {
      if (!(await refresh())) this.end();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.unreachable = true;
    }
  }

  open(tokens: TokenRead): void {
    localStorage.setItem(MARK, '1');
    this.ended = false;
    keep(tokens);
  }

  async signOut(): Promise<void> {
    await endCurrentSession().catch(() => undefined);
    this.clear();
    for (const key of Object.keys(sessionStorage)) if (key.startsWith('foyer.')) sessionStorage.removeItem(key);
  }

  private end(): void {
    this.ended = this.signedIn;
    this.clear();
  }

  private clear(): void {
    forget();
    localStorage.removeItem(MARK);
    this.scopes = [];
  }
}

export const session = new Session();
if (browser) session.start();
