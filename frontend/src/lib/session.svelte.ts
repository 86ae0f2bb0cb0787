import { browser } from '$app/env';
import { forget, keep, listen, Problem, refresh } from '#lib/api/http.ts';
import { endCurrentSession, getProfile, updateProfile, type TokenRead } from '#lib/api/client.ts';
import { choose, forgetProfileLanguage, hasChosen, language } from '#lib/i18n/index.svelte.ts';
import { routes } from '#lib/routes.ts';
import { forgetSeen } from '#lib/resource.svelte.ts';

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

  /** Where an agent begins: the queue, or the families for who only reads. */
  get agentHome(): string {
    return this.may('agent:requests') ? routes.agents : routes.agentFamilies;
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
    addEventListener('storage', (event) => this.followOtherTab(event));
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
    if (!hasChosen()) void this.speakAsProfile();
  }

  async signOut(): Promise<void> {
    await endCurrentSession().catch(() => undefined);
    this.clear();
    this.dropDrafts();
  }

  /** The language of the page, and of the mails from now on. */
  async speak(wanted: string): Promise<void> {
    await choose(wanted);
    if (!this.signedIn) return;
    try {
      const { version } = await getProfile();
      await updateProfile({ locale: wanted }, { headers: { 'If-Match': `"${version}"` } });
    } catch (error) {
      if (!(error instanceof Problem)) throw error; // the page speaks it already; the profile follows another time
    }
  }

  private async speakAsProfile(): Promise<void> {
    const { locale } = await getProfile().catch(() => ({ locale: language() }));
    await choose(locale, 'profile').catch(() => undefined);
  }

  /** Another tab signed out: nothing of the person stays in this one. */
  private followOtherTab(event: StorageEvent): void {
    if (event.key !== MARK || event.newValue || !this.signedIn) return;
    this.clear();
    this.dropDrafts();
  }

  private end(): void {
    this.ended = this.signedIn;
    this.clear();
  }

  private clear(): void {
    forget();
    forgetSeen();
    forgetProfileLanguage();
    localStorage.removeItem(MARK);
    this.scopes = [];
  }

  private dropDrafts(): void {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith('foyer.')) sessionStorage.removeItem(key);
  }
}

export const session = new Session();
if (browser) session.start();
